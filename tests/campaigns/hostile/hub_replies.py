"""A Hub whose answers are hostile: their JSON, their headers and the texts in both."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any, Final

from tests.campaigns.hostile._shop import TERMINAL, lay
from tests.campaigns.terminals import obeyed, on_terminal, words
from tests.campaigns.trials import Scale, Trial
from tests.hub.server import Hub
from tests.hub.writing import TOKEN
from tests.loopback import Answer, Change, Loopback, Request

NAME = "hub_replies"
PROMISE = (
    "Whatever a Hub answers, no text of it reaches a terminal as a control, nothing is written outside the "
    "home, no other server gets the token, and the command ends well or with an error that was foreseen."
)
_EVER: Final = 400
"""So many answers in a row are changed: all there are."""
_TEXT: Final = " ".join(TERMINAL.values())
_HEADER: Final = "".join(sign for sign in _TEXT if sign >= " " and sign != "\x7f")
"""What HTTP lets through: no controls below the space, but those above U+0080, and marks of direction."""
_REPO: Final = "acme/canary"
_DEEP: Final = b"[" * 100_000
_PATHS: Final = {
    "leaves the folder": "../../outside.parquet",
    "is absolute": "/outside.parquet",
    "is a drive": "C:\\outside.parquet",
    "leaves by backslashes": "..\\..\\outside.parquet",
    "leaves encoded": "%2e%2e/%2e%2e/outside.parquet",
    "is a NUL": "a\0.parquet",
    "is empty": "",
    "is a dot": ".",
    "is half of a character": "\ud800.parquet",
    "is no text": 7,
    "is a list": ["a.parquet"],
    "is a megabyte": "a" * (1 << 20) + ".parquet",
    "is long": "a" * 300 + ".parquet",
    "is the folder of another": "items.parquet/items.parquet",
    **{f"has a {name}": f"{text}.parquet" for name, text in TERMINAL.items()},
}
_VALUES: Final[dict[str, Any]] = {
    "text": _TEXT,
    "null": None,
    "a list": [_TEXT],
    "an object": {"a": _TEXT},
    "true": True,
    "minus one": -1,
    "a number beyond 64 bits": 1 << 70,
    "a fraction": 0.5,
}


@dataclass(frozen=True, slots=True)
class Reply:
    """What a Hub answers: to which requests, and what.

    Attributes:
        to: A part of their path.
        change: What becomes of the right answer.
        method: Their method.
    """

    to: str
    change: Callable[[Answer], Answer]
    method: str = "GET"


def trials(folder: Path, rng: random.Random, scale: Scale) -> Iterator[Trial]:
    """Every reply to every command that gets it; short: some of each."""
    loaders, raw = lay(folder)
    env = {
        "ECOMDATA_HOME": str(folder / "home"),
        "ECOMDATA_LOADERS": str(loaders),
        "TERM": "xterm-256color",
        "HF_TOKEN": TOKEN,
        "HF_HOME": str(folder / "hf"),
    }
    code, shown = on_terminal(["load", "canary", "--source", str(raw), "-y"], folder, env)
    assert code == 0, shown
    (file,) = raw.iterdir()
    with Hub() as hub, _Other() as other:
        env["HF_ENDPOINT"] = hub.url
        code, shown = on_terminal(["publish", "canary", _REPO, "--public", "-y"], folder, env)
        assert code == 0, shown
        published = hub.repos[_REPO]
        replies = _replies(hub, other)
        for target, args, which in _targets(folder):
            fit = {name: reply for name, reply in replies.items() if reply.to in which}
            names = list(fit) if scale == "full" else rng.sample(list(fit), 3)
            for number, name in enumerate(names):
                hub.calm()
                hub.repo(_REPO, {"items.parquet": file.read_bytes()})
                if target == "verify":
                    hub.repos[_REPO] = published
                hub.fail(Change(fit[name].change), method=fit[name].method, path=fit[name].to, times=_EVER)
                wrong, said = _tried(args(number), folder, env, other)
                yield Trial(NAME, target, name, held=not wrong, detail=wrong or said)


def _targets(folder: Path) -> Iterator[tuple[str, Callable[[int], list[str]], tuple[str, ...]]]:
    """Commands, each in a home of its own where it keeps what it got, and what they ask a Hub for."""
    reads = ("/api/datasets", "/tree/", "/resolve/")
    there = f"hf://datasets/{_REPO}"

    def load(number: int) -> list[str]:
        return ["load", "canary", "--source", there, "-y", "--home", str(folder / f"home-{number}")]

    def verify(_: int) -> list[str]:
        return ["verify", there]

    def publish(_: int) -> list[str]:
        return ["publish", "canary", _REPO, "--public", "-y"]

    yield "load", load, reads
    yield "verify", verify, reads
    yield (
        "publish",
        publish,
        ("/api/datasets", "/tree/", "/preupload/", "/batch", "/commit/", "/refs", "/tag/"),
    )


def _replies(hub: Hub, other: _Other) -> dict[str, Reply]:
    """All of them, by what is hostile about them."""
    found: dict[str, Reply] = {}
    for name, value in _VALUES.items():
        for key in ("sha", "id", "siblings", "lastModified", "private", "gated", "tags"):
            found[f"{key} of the repository is {name}"] = Reply("/api/datasets", _with(key, value))
        for key in ("size", "oid", "lfs", "type"):
            found[f"{key} of a file is {name}"] = Reply("/tree/", _of_files(key, value))
        found[f"SHA-256 of a file is {name}"] = Reply("/tree/", _of_files("lfs", {"oid": value, "size": 1}))
        for to, key, method in (
            ("/preupload/", "files", "POST"),
            ("/batch", "objects", "POST"),
            ("/commit/", "commitOid", "POST"),
            ("/commit/", "commitUrl", "POST"),
            ("/refs", "tags", "GET"),
        ):
            found[f"{key} is {name}"] = Reply(to, _with(key, value), method)
    for name, path in _PATHS.items():
        found[f"a path {name}"] = Reply("/tree/", _of_files("path", path))
    for to, method in (
        ("/api/datasets", "GET"),
        ("/tree/", "GET"),
        ("/resolve/", "GET"),
        ("/preupload/", "POST"),
        ("/batch", "POST"),
        ("/commit/", "POST"),
        ("/tag/", "POST"),
    ):
        for name, change in _anywhere(other).items():
            found[f"{to.strip('/')}: {name}"] = Reply(to, change, method)
    found["it lists page after page"] = Reply("/tree/", _for_ever(hub.url))
    return found


def _anywhere(other: _Other) -> dict[str, Callable[[Answer], Answer]]:
    """What may stand in any answer."""
    error = {"X-Error-Message": _HEADER, "X-Error-Code": _HEADER, "X-Request-Id": _HEADER}
    said = json.dumps({"error": _TEXT, "errors": [{"message": _TEXT}]}).encode()
    found: dict[str, Callable[[Answer], Answer]] = {
        f"an error {status}": lambda _, status=status: _headed(Answer(status, {}, said), **error)
        for status in (400, 401, 403, 404, 409, 418, 451)
    }
    found |= {
        "a warning": lambda right: _headed(right, **{"X-HF-Warning": f"topic; {_HEADER}"}),
        "names in its headers": lambda right: _headed(
            right,
            **{
                "ETag": f'"{_HEADER}"',
                "X-Repo-Commit": _HEADER,
                "Content-Disposition": f"attachment; {_HEADER}",
            },
        ),
        "nested deep": lambda right: replace(right, body=_DEEP),
        "no JSON": lambda right: replace(right, body=_TEXT.encode()),
        "not UTF-8": lambda right: replace(right, body=b"\xff\xfe\x9b" * 9),
        "a number": lambda right: replace(right, body=b"7"),
        "a number without end": lambda right: replace(right, body=b"9" * 10_000),
        "an empty list": lambda right: replace(right, body=b"[]"),
        "a list of lists": lambda right: replace(right, body=b"[[], [[]], null]"),
        "sent elsewhere": lambda _: Answer(307, {"Location": f"{other.url}/other"}),
        "sent to a file": lambda _: Answer(307, {"Location": "file:///etc/passwd"}),
        "sent to nowhere": lambda _: _headed(Answer(307), Location=f"http://{_HEADER}/"),
    }
    return found


def _with(key: str, value: object) -> Callable[[Answer], Answer]:
    """An object with another value."""

    def change(right: Answer) -> Answer:
        said = json.loads(right.body or b"{}")
        return (
            replace(right, body=json.dumps({**said, key: value}).encode())
            if isinstance(said, dict)
            else right
        )

    return change


def _of_files(key: str, value: object) -> Callable[[Answer], Answer]:
    """A listing in which one more file, first and last, has another value."""

    def change(right: Answer) -> Answer:
        listed = json.loads(right.body or b"[]")
        if not isinstance(listed, list) or not listed:
            return right
        odd = {**listed[0], "path": "more.parquet", key: value}
        return replace(right, body=json.dumps([odd, *listed, odd]).encode())

    return change


def _headed(right: Answer, **headers: str) -> Answer:
    """HTTP's headers are bytes; clients take them for UTF-8 where they are, and for Latin-1 where not."""
    more = {name: text.encode().decode("latin-1") for name, text in headers.items()}
    return replace(right, headers={**right.headers, **more})


def _for_ever(url: str) -> Callable[[Answer], Answer]:
    """Page after page of more files, each of which names itself as the next one."""
    numbers = count()

    def change(right: Answer) -> Answer:
        file = {"type": "file", "oid": "0" * 40, "size": 1}
        page = [{**file, "path": f"{next(numbers)}.txt"} for _ in range(1000)]
        link = {"Link": f'<{url}/api/datasets/{_REPO}/tree/main?cursor=0>; rel="next"'}
        return replace(right, body=json.dumps(page).encode(), headers={**right.headers, **link})

    return change


class _Other(Loopback):
    """Another server, which takes what it gets."""

    def answer(self, request: Request) -> Answer:
        """Nothing of use."""
        del request
        return Answer(200, {}, b"{}")


def _tried(args: list[str], folder: Path, env: dict[str, str], other: _Other) -> tuple[str, str]:
    """What is wrong after a command, and what it said."""
    other.requests.clear()
    before = {path.name for path in folder.iterdir()} | {"home-0"}
    code, shown = on_terminal(args, folder, env)
    said = words(shown)
    new = {path.name for path in folder.iterdir() if not path.name.startswith("home")} - before
    token = [one.path for one in other.requests if TOKEN in "".join(one.headers.values())]
    outside = [
        path for path in (folder.parent / "outside.parquet", Path("/outside.parquet")) if path.exists()
    ]
    for wrong, told in (
        (obeyed(_TEXT, shown), shown[-300:]),
        (
            "not foreseen" if "was not expected" in shown or code not in range(9) else "",
            f"exit code {code}: {said}",
        ),
        ("the token went to another server" if token else "", str(token)),
        ("written outside" if new or outside else "", f"{new} {outside}"),
    ):
        if wrong:
            return f"{wrong}: {told!r}", said
    return "", said
