"""Commands whose stdout and stderr are a terminal, and what a terminal would obey of what they print."""

from __future__ import annotations

import multiprocessing
import os
import re
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

_FORKED: Final = multiprocessing.get_context("forkserver")
_SECONDS: Final = 120.0
_LAST: Final = 200
_OWN: Final = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")
"""What rich writes itself; the hostile ones have colours and kinds that it never writes."""
_NEVER: Final = (
    "\x1b[48;5;77",
    "\x1b]",
    "\x1bP",
    "\x9b",
    "\x9d",
    "\x07",
    "\x08",
    "\x0b",
    "\x0c",
    "\x00",
    "\x7f",
    "safe\r",
)


def obeyed(text: str, shown: str) -> str:
    """What a terminal would obey of a text, where it does; nothing where it obeys none of it."""
    rest = _OWN.sub(lambda own: own[0] if "48;5;77" in own[0] else "", shown)
    unseen = [c for c in text if not c.isprintable() and c not in "\r\x1b"]
    found = [sign for sign in (*_NEVER, *unseen) if sign in rest]
    return f"reached the terminal: {found[0]!r}" if found else ""


def words(shown: str) -> str:
    """The error that was shown, or else all words at the end, without what moves and colours them."""
    plain = _OWN.sub("", shown)
    before, error, rest = plain.partition("error: ")
    return " ".join((error + rest or before[-_LAST:]).split())


def on_terminal(args: Sequence[str], folder: Path, env: Mapping[str, str]) -> tuple[int, str]:
    """Run a command whose stdout and stderr are a terminal; its exit code, and all that came out.

    It is ended after two minutes, by a signal whose number, negative, is its exit code then.
    """
    master, slave = os.openpty()
    process = _FORKED.Process(target=_be, args=(args, os.ttyname(slave), str(folder), env))
    process.start()
    os.set_blocking(master, False)
    shown, began = b"", time.monotonic()
    while True:
        if time.monotonic() - began > _SECONDS:
            process.terminate()
        ended = process.exitcode is not None
        with suppress(BlockingIOError):
            while piece := os.read(master, 1 << 16):
                shown += piece
        if ended:
            break
        process.join(0.02)
    os.close(slave)
    os.close(master)
    return process.exitcode or 0, shown.decode("utf-8", "surrogateescape")


def _be(args: Sequence[str], terminal: str, folder: str, env: Mapping[str, str]) -> None:
    os.environ.update(env)
    for number in range(3):
        os.dup2(os.open(terminal, os.O_RDWR), number)
    os.chdir(folder)
    sys.stdin = open(0, closefd=False, encoding="utf-8")  # noqa: SIM115 - multiprocessing closed it
    sys.argv = ["ecomdata", *args]
    from ecomdata.__main__ import main

    main()
