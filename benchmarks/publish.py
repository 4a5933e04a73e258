"""How fast ``ecomdata publish`` moves bytes, beside bare ``upload_folder`` to one server on this machine.

``python benchmarks/publish.py`` (``make bench``) loads synthetic UserBehavior once, starts the Hub of the
tests in a process of its own, and then publishes the release's Parquet with every contender, each in a
process of its own and to a repository of its own, all of them once a round and every round in another order.
``call_seconds`` is the call alone, which for ecomdata includes plan, commit, tag and reading back; the goal
is judged by it. The other figures are of the whole process, imports included. The ``again`` contenders
publish what is there already. The card and the copies for the Hub are made beforehand, as they are kept:
``card.py`` measures the one, and ``first``, which makes the copies anew, the other. ``rewrite``, run once, is
what pyarrow takes to write the files with its own settings; it sends nothing. ``publish_chunks.py`` then
counts what of a release is there already when a few rows came or went.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # for `python benchmarks/publish.py`

from benchmarks.load import prepared  # noqa: E402
from benchmarks.measuring import Measured, conclude, figures, goal, machine, ratio, run, spread, versions  # noqa: E402

PEERS: Final = Path(__file__).with_name("publish_peers.py")
CHUNKS: Final = Path(__file__).with_name("publish_chunks.py")
RESULTS: Final = Path(__file__).parent / "results" / "publish.json"
PYTHON: Final = sys.executable
DATASET: Final = "taobao/user-behavior"
TOKEN: Final = "hf_LoopbackTokenForTests"  # noqa: S105 - the tests' Hub knows it, and opens nothing
LIBRARIES: Final = ("huggingface_hub", "httpx2", "polars", "pyarrow", "click")
LEAST: Final = 0.8
"""Bytes a second of upload_folder that ecomdata must reach."""

LABELS: Final = {
    "publish/ecomdata": "ecomdata publish: plan, hashes checked, commit, read back, tag",
    "publish/upload_folder": "huggingface_hub upload_folder of the same files",
    "again/ecomdata": "ecomdata publish of what is there already",
    "again/upload_folder": "upload_folder of what is there already",
    "first/ecomdata": "ecomdata publish for the first time: files written for the Hub, and all that",
    "rewrite/pyarrow": "the files written by pyarrow alone, with content-defined chunks and page index",
}


def loaded(data: Path, rows: int) -> Path:
    """A home with that many rows of UserBehavior and its card, loaded now unless it is there."""
    raw = prepared(data, DATASET, rows)
    home = data / f"{raw.path.name}-home"
    if not (home / "store").is_dir():
        load = [PYTHON, "-m", "ecomdata", "load", DATASET, "--source", str(raw.path), "--home", str(home)]
        run([*load, "-y"], data / "log")
    card = [PYTHON, "-m", "ecomdata", "card", DATASET, "-o", str(data / f"{home.name}-card")]
    run([*card, "--home", str(home)], data / "log")
    return home


def shards(home: Path) -> Path:
    """The folder of the release's Parquet."""
    (found,) = home.glob(f"store/{DATASET}/releases/*/interactions")
    return found


def copies(home: Path) -> Path:
    """The folder of the release's copies for the Hub."""
    return home / "uploads" / DATASET / "interactions"


@contextmanager
def hub(scratch: Path) -> Generator[dict[str, str]]:
    """The server, and the environment in which clients find it."""
    said = scratch / "address"
    server = subprocess.Popen([PYTHON, str(PEERS), "serve", str(said)], stdin=subprocess.PIPE)
    try:
        while not said.exists() or not said.read_text():
            if server.poll() is not None:
                sys.exit("the server did not start")
            time.sleep(0.05)
        yield {
            "HF_ENDPOINT": said.read_text(),
            "HF_TOKEN": TOKEN,
            "HF_HOME": str(scratch / "hf"),
            "HF_HUB_OFFLINE": "0",
            "HF_HUB_DISABLE_XET": "1",
            "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        }
    finally:
        server.communicate()


def delete(repo: str, env: Mapping[str, str]) -> None:
    """Take a repository and its bytes off the server, which keeps them in memory."""
    owner, name = repo.split("/")
    body = json.dumps({"organization": owner, "name": name, "type": "dataset"}).encode()
    request = urllib.request.Request(  # noqa: S310 - http, to this machine
        f"{env['HF_ENDPOINT']}/api/repos/delete",
        data=body,
        headers={"Authorization": f"Bearer {TOKEN}"},
        method="DELETE",
    )
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        answer.read()


def commands(home: Path) -> dict[str, tuple[str, ...]]:
    """What each contender runs; REPO stands for its repository, OUT for a new folder."""
    ours = (str(PEERS), "publish", "REPO", str(home), DATASET)
    theirs = (str(PEERS), "upload", "REPO", str(copies(home)))
    return {
        "publish/ecomdata": (PYTHON, *ours),
        "publish/upload_folder": (PYTHON, *theirs),
        "again/ecomdata": (PYTHON, *ours),
        "again/upload_folder": (PYTHON, *theirs),
        "first/ecomdata": (PYTHON, *ours),
        "rewrite/pyarrow": (PYTHON, str(PEERS), "rewrite", str(shards(home)), "OUT"),
    }


@dataclass(slots=True)
class Sent(Measured):
    """What the runs of a contender took, and the seconds of the calls in them."""

    calls: list[float] = field(default_factory=list[float])


def measure(
    name: str, command: Sequence[str], home: Path, scratch: Path, env: Mapping[str, str], into: Sent
) -> None:
    """Run a contender once and add what it took; ``again`` finds everything there, all others nothing."""
    repo = f"acme/{name.replace('/', '-').replace('_', '-')}"
    out = scratch / "out"
    out.mkdir()
    filled = [{"REPO": repo, "OUT": str(out)}.get(part, part) for part in command]
    if name.startswith("again/"):
        run(filled, scratch / "log", env)
    if name.startswith("first/"):
        shutil.rmtree(home / "uploads", ignore_errors=True)
    os.sync()
    usage = run(filled, scratch / "log", env)
    into.add(usage)
    into.written = sum(path.stat().st_size for path in out.rglob("*"))
    shutil.rmtree(out)
    if "REPO" in command:
        into.calls.append(float((scratch / "log").read_text().splitlines()[-1]))
        delete(repo, env)


def entry(name: str, measured: Sent, rows: int, size: int) -> dict[str, Any]:
    """A contender's figures."""
    moved = size if name.startswith(("publish/", "first/")) else measured.written
    calls = {"call_seconds": spread(measured.calls, 4)} if measured.calls else {}
    return {**calls, **figures(name, LABELS[name], measured, rows), "bytes_written": moved}


def ratios(results: Mapping[str, Sent]) -> list[dict[str, Any]]:
    """Time of upload_folder over that of ecomdata: the bytes a second of ecomdata over upload_folder's."""
    found: list[dict[str, Any]] = []
    for group in ("publish", "again"):
        theirs, ours = results[f"{group}/upload_folder"], results[f"{group}/ecomdata"]
        for what, above, below in (("call", theirs.calls, ours.calls), ("process", theirs.wall, ours.wall)):
            found.append(ratio(f"{group}/upload_folder, {what}", above, f"{group}/ecomdata, {what}", below))
    return found


def chunks(home: Path, scratch: Path) -> list[dict[str, Any]]:
    """What of a release is new when a few rows came or went."""
    shard = min(shards(home).glob("*.parquet"))
    run([PYTHON, str(CHUNKS), str(shard), str(scratch)], scratch / "log")
    found: list[dict[str, Any]] = json.loads((scratch / "log").read_text().splitlines()[-1])
    return found


def arguments() -> argparse.Namespace:
    """The command line; ``--quick`` does not write the committed results by default."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    add = parser.add_argument
    add("--data", type=Path, default=ROOT / "build" / "bench", help="where files and store are kept")
    add("--rows", type=int, help="rows of UserBehavior (60,000,000)")
    add("--repeats", type=int, help="rounds (7)")
    add("--quick", action="store_true", help="few rows, one round: whether it runs, not how fast")
    add("--out", type=Path, help="where the JSON goes (benchmarks/results/publish.json)")
    options = parser.parse_args()
    standard = not (options.quick or options.rows)
    options.rows = options.rows or (20_000 if options.quick else 60_000_000)
    options.repeats = options.repeats or (1 if options.quick else 7)
    options.out = options.out or (RESULTS if standard else options.data / "publish.json")
    return options


def main() -> None:
    """Load, measure, print, and write the JSON."""
    options = arguments()
    options.data.mkdir(parents=True, exist_ok=True)
    data = options.data.resolve()
    home = loaded(data, options.rows)
    results: dict[str, Sent] = {}
    todo = list(commands(home).items())
    with tempfile.TemporaryDirectory(dir=data, prefix="run-") as folder, hub(Path(folder)) as env:
        # The first one waits for the copies, and all that follow find them.
        measure("first/ecomdata", commands(home)["first/ecomdata"], home, Path(folder), env, Sent())
        for number in range(options.repeats):
            at = number % len(todo)
            for name, command in [*todo[at:], *todo[:at]]:
                if number and name == "rewrite/pyarrow":
                    continue
                print(f"round {number + 1} of {options.repeats}: {name}", file=sys.stderr)
                measure(name, command, home, Path(folder), env, results.setdefault(name, Sent()))
        shared = chunks(home, Path(folder))
    found = ratios(results)
    files = sorted(copies(home).glob("*.parquet"))
    size = sum(path.stat().st_size for path in files)
    stored = sum(path.stat().st_size for path in shards(home).glob("*.parquet"))
    sizes = {"rows": options.rows, "bytes": size, "stored_bytes": stored, "files": len(files)}
    report = {
        "benchmark": "publish",
        "date": datetime.now(UTC).date().isoformat(),
        "quick": options.quick,
        "repeats": options.repeats,
        "machine": machine(),
        "versions": versions(LIBRARIES),
        "sizes": {"user-behavior": sizes},
        "measurements": [entry(name, results[name], options.rows, size) for name in LABELS],
        "ratios": found,
        "new_after_a_change": shared,
        "goals": [
            goal("bytes a second of ecomdata over upload_folder's", found[0]["of_medians"], ">=", LEAST)
        ],
    }
    conclude(report, options.out)
    for one in shared:
        print("{written}, {places} places changed: {new_in_chunks:.0%} of {bytes:,} bytes new".format(**one))


if __name__ == "__main__":
    main()
