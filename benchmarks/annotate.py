"""How long a pool takes to open, and how long the next item, with many annotators at once.

``python benchmarks/annotate.py`` (``make bench``) makes a project of 300,000 reviews with a suggestion each
and 50 people, and serves it as ``ecomdata annotate serve`` does. The annotators are simulated in one process
of their own on the same machine (``annotate_clients.py``), over loopback, each with one connection. A reply
to an answer is the page with the next item, so its time is what a person waits. Three loads:

- *at work*: each thinks 2 to 6 s over an item, 4 s on average (ViMRHP's annotators took 20 to 40 s).
- *closed loop*: nobody thinks; what 50 people at most get out of it.
- *killed*: a closed loop in which the server is killed (SIGKILL) several times and started again. All that
  the clients were told must be in the project once, and nothing else.
"""

from __future__ import annotations

import argparse
import collections
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Generator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # for `python benchmarks/annotate.py`

from benchmarks.measuring import goal, machine, spread, versions  # noqa: E402

CLIENTS: Final = Path(__file__).with_name("annotate_clients.py")
RESULTS: Final = Path(__file__).parent / "results" / "annotate.json"
LIBRARIES: Final = ("starlette", "uvicorn", "jinja2", "h11")
THINK: Final = 4.0
"""Seconds over an item, on average; from half of it to one and a half."""
WORDS: Final = (
    *("good", "bad", "soft", "fast", "late", "size", "colour", "price", "shop", "again"),
    *("never", "very", "quite", "fits", "box", "seller", "child", "returned", "happy"),
)


def make_project(folder: Path, items: int, people: int) -> list[str]:
    """A project of synthetic reviews, with a suggestion each; the tokens of its people."""
    import random

    from ecomdata.annotating.pool import Pool, PoolItem
    from ecomdata.annotating.project import Project
    from ecomdata.annotating.records import Suggestion
    from ecomdata.annotating.settings import Settings
    from ecomdata.annotating.taskfile import read_task

    rng = random.Random(1)  # noqa: S311 - nothing secret
    pool = Pool(
        items=(
            PoolItem(row, {"text": " ".join(rng.choices(WORDS, k=rng.randint(5, 60))), "rating": row % 5 + 1})
            for row in range(items)
        )
    )
    with Project.create(
        folder, task=read_task("helpfulness"), pool=pool, settings=Settings(), seed=1
    ) as project:
        project.add_suggestions(
            Suggestion(
                item_id=item,
                source="embedded",
                model="simulated",
                round=1,
                answer={"score": item % 5 + 1},
                confidence=0.5,
            )
            for item in range(1, items + 1)
        )
        return [project.add_annotator(f"person {number}") for number in range(people)]


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


class Served:
    """``ecomdata annotate serve`` in a process of its own, which may be killed and started again."""

    def __init__(self, folder: Path, port: int) -> None:
        self.command = [
            sys.executable,
            "-m",
            "ecomdata",
            "annotate",
            "serve",
            str(folder),
            "--port",
            str(port),
        ]
        self.process = self._start()

    def _start(self) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            self.command,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        if not process.stdout or not process.stdout.readline():
            sys.exit(f"{' '.join(self.command)} did not start")
        return process

    def kill(self) -> None:
        """End it at once and start it again."""
        self.process.kill()
        self.process.wait()
        self.process = self._start()

    def stop(self) -> None:
        """End it as Ctrl-C does."""
        self.process.send_signal(signal.SIGINT)
        if self.process.wait(timeout=30):
            sys.exit(f"the server ended with {self.process.returncode}")


@contextmanager
def served(folder: Path) -> Generator[tuple[Served, int]]:
    """A project that is served, and its port."""
    port = free_port()
    server = Served(folder, port)
    try:
        yield server, port
    finally:
        server.stop()


def opening(folder: Path, token: str) -> float:
    """Seconds from starting the server's process to the first item in the hands of a person."""
    started = time.perf_counter()
    with served(folder) as (_, port):
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
        opener.open(f"http://127.0.0.1:{port}/in/{token}").close()
        with opener.open(f"http://127.0.0.1:{port}/") as page:
            if b'name="assignment"' not in page.read():
                sys.exit("there was no item")
        return time.perf_counter() - started


def opening_inside(folder: Path) -> float:
    """Seconds to open the project in a process that has imported everything, and to get the first item."""
    from ecomdata.annotating.project import Project

    started = time.perf_counter()
    with Project.open(folder) as project:
        if project.next_item(1) is None:
            sys.exit("there was no item")
        return time.perf_counter() - started


def start_clients(
    port: int, tokens: Sequence[str], think: float, seconds: float, out: Path
) -> subprocess.Popen[bytes]:
    """Start the simulated annotators."""
    asked = {
        "port": port,
        "tokens": list(tokens),
        "think": think,
        "seconds": seconds,
        "seed": 1,
        "out": str(out),
    }
    return subprocess.Popen([sys.executable, str(CLIENTS), json.dumps(asked)])


def load(
    folder: Path, tokens: Sequence[str], think: float, seconds: float, work: Path, kills: int = 0
) -> dict[str, Any]:
    """What the annotators were told under a load, during which the server is killed so many times."""
    out = work / "told.json"
    with served(folder) as (server, port):
        clients = start_clients(port, tokens, think, seconds, out)
        for _ in range(kills):
            time.sleep(seconds / (kills + 1))
            server.kill()
        if clients.wait():
            sys.exit("the clients failed")
    told: dict[str, Any] = json.loads(out.read_text("utf-8"))
    return told


def summary(told: dict[str, Any], seconds: float) -> dict[str, Any]:
    """Times of a load in milliseconds, and its rate."""
    times = sorted(1000 * one for one in told["seconds"])
    shares = (0.5, 0.9, 0.99, 0.999, 1.0) if times else ()
    at = {
        f"p{100 * share:g}": round(times[min(len(times) - 1, int(share * len(times)))], 2) for share in shares
    }
    return {
        "replies": len(told["acknowledged"]),
        "replies_per_second": round(len(told["acknowledged"]) / seconds, 1),
        "milliseconds": at,
        "sent_again": told["repeated"],
    }


def check(folder: Path, told: Sequence[dict[str, Any]]) -> dict[str, int]:
    """Compare the project with what the clients were told: all of it is there, once, and nothing else.

    Raises:
        SystemExit: something was lost, doubled or made up.
    """
    expected = {key: (kind, assignment) for one in told for key, kind, assignment in one["acknowledged"]}
    with closing(sqlite3.connect(folder / "project.sqlite")) as connection:
        rows = connection.execute(
            "SELECT client_key, kind, assignment_id FROM events WHERE kind IN ('answer', 'skip', 'undo')"
        ).fetchall()
        answered = connection.execute(
            "SELECT item_id, annotator_id FROM events WHERE kind IN ('answer', 'skip') AND "
            "event_id NOT IN (SELECT payload ->> '$.event_id' FROM events WHERE kind = 'undo')"
        ).fetchall()
        whole = connection.execute("PRAGMA integrity_check").fetchone()[0]
    stored = {key.partition(":")[2]: (kind, assignment) for key, kind, assignment in rows}
    lost = [key for key, (kind, _) in expected.items() if stored.get(key, ("", 0))[0] != kind]
    wrong = [
        key
        for key, (kind, number) in expected.items()
        if kind != "undo" and stored.get(key) != (kind, number)
    ]
    doubled = [pair for pair, count in collections.Counter(answered).items() if count > 1]
    made_up = set(stored) - set(expected)
    if lost or wrong or doubled or made_up or len(rows) != len(stored) or whole != "ok":
        sys.exit(f"lost {lost}, wrong {wrong}, doubled {doubled}, made up {made_up}, integrity {whole}")
    return {"told": len(expected), "stored": len(stored), "lost": 0, "doubled": 0}


def report(args: argparse.Namespace, work: Path) -> dict[str, Any]:
    """Run everything, and return the report."""
    folder = work / "project"
    tokens = make_project(folder, args.items, args.people)
    opened = [opening(folder, tokens[0]) for _ in range(args.runs)]
    inside = [opening_inside(folder) for _ in range(args.runs)]
    killing = max(args.seconds / 3, 20.0)  # a server that is started again needs a moment
    at_work = load(folder, tokens, THINK, args.seconds, work)
    closed = load(folder, tokens, 0.0, args.seconds / 3, work)
    killed = load(folder, tokens, 0.0, killing, work, kills=3)
    kept = check(folder, [at_work, closed, killed])
    p99 = summary(at_work, args.seconds)["milliseconds"]["p99"]
    return {
        "benchmark": "annotate",
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "versions": versions(LIBRARIES),
        "items": args.items,
        "annotators": args.people,
        "think_seconds": THINK,
        "open_seconds": {
            "from the command to the first item": spread(opened, 3),
            "the project alone": spread(inside, 3),
        },
        "at work": summary(at_work, args.seconds),
        "closed loop": summary(closed, args.seconds / 3),
        "killed three times": summary(killed, killing) | kept,
        "goals": [
            goal("a pool opens, from the command to the first item: seconds", max(opened), "<", 2.0),
            goal(f"the next item, {args.people} annotators at work, p99: ms", p99, "<", 50.0),
            goal(
                "answers lost or doubled when the server is killed under load",
                kept["lost"] + kept["doubled"],
                "<=",
                0,
            ),
        ],
    }


def main() -> None:
    """Measure, and write the report."""
    parser = argparse.ArgumentParser(description="Measure the page on which people label.")
    parser.add_argument("--items", type=int, default=300_000, help="items of the pool")
    parser.add_argument("--people", type=int, default=50, help="annotators at once")
    parser.add_argument(
        "--seconds", type=float, default=90.0, help="how long they work; a third of it for the others"
    )
    parser.add_argument("--runs", type=int, default=5, help="how often the pool is opened")
    parser.add_argument("--quick", action="store_true", help="a small pool and a few seconds, to try it")
    parser.add_argument("--out", type=Path, default=RESULTS, metavar="FILE.json", help="the report")
    args = parser.parse_args()
    if args.quick:
        args.items, args.people, args.seconds, args.runs = 3000, 10, 24.0, 1
    with tempfile.TemporaryDirectory(prefix="ecomdata-annotate-") as work:
        found = report(args, Path(work))
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    print(json.dumps({name: value for name, value in found.items() if name != "machine"}, indent=2))


if __name__ == "__main__":
    main()
