"""Simulated annotators: a process of its own, so that the server has what a machine with two cores leaves it.

Each keeps one connection, as a browser does: it reads a page, thinks, answers, and gets the next page as the
reply. When there is no reply it sends the same form again until there is one, as the page's script does.
``annotate.py`` runs this.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import sys
import time
from dataclasses import asdict, dataclass, field
from html import unescape
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

_FIELD: Final = re.compile(r'name="(form|key|assignment)" value="([^"]*)"')
_COOKIE: Final = re.compile(rb"set-cookie: ([^;]+)", re.IGNORECASE)
_SIZE: Final = re.compile(rb"content-length: (\d+)", re.IGNORECASE)
_RETRY: Final = 0.2
"""Seconds before a form is sent again."""
_SKIPS: Final = 0.05
_UNDOS: Final = 0.05
"""Shares of skips and undos among what is sent."""


@dataclass
class Told:
    """What the clients were told, and how long it took.

    Attributes:
        seconds: From sending a form to the last byte of the next page, where the first try had a reply.
        acknowledged: Key, kind and assignment of every form that had a reply.
        repeated: Forms that were sent more than once.
        finished: Clients for which nothing was left.
    """

    seconds: list[float] = field(default_factory=list[float])
    acknowledged: list[tuple[str, str, int]] = field(default_factory=list[tuple[str, str, int]])
    repeated: int = 0
    finished: int = 0


def _found(pattern: re.Pattern[bytes], head: bytes) -> str:
    found = pattern.search(head)
    if not found:
        sys.exit(f"the server's reply is not complete: {head.decode()}")
    return found[1].decode()


class Annotator:
    """One person with one connection."""

    def __init__(self, port: int, token: str, told: Told, seed: int) -> None:
        self.port, self.token, self.told = port, token, told
        self.random = random.Random(seed)  # noqa: S311 - nothing secret
        self.cookie = ""
        self.reader: asyncio.StreamReader | None = None
        self.writer: asyncio.StreamWriter | None = None

    async def ask(self, method: str, path: str, body: bytes = b"") -> tuple[int, bytes, bytes]:
        """One request; its status, headers and body.

        Raises:
            OSError: the connection broke off.
        """
        if self.writer is None or self.reader is None:
            self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        lines = [
            f"{method} {path} HTTP/1.1",
            f"Host: 127.0.0.1:{self.port}",
            f"Cookie: {self.cookie}",
            f"Content-Length: {len(body)}",
            "Content-Type: application/x-www-form-urlencoded",
            "Sec-Fetch-Site: same-origin",
            "X-Ecomdata-Part: 1",
        ]
        self.writer.write("\r\n".join([*lines, "", ""]).encode() + body)
        await self.writer.drain()
        head = await self.reader.readuntil(b"\r\n\r\n")
        size = int(_found(_SIZE, head))
        return int(head[9:12]), head, await self.reader.readexactly(size)

    def hang_up(self) -> None:
        """Give up the connection."""
        if self.writer:
            self.writer.close()
        self.reader = self.writer = None

    async def patient(self, method: str, path: str, body: bytes = b"") -> tuple[bytes, bytes, int]:
        """A request that is sent until there is a reply; headers, body, and how often it was sent."""
        times = 0
        while True:
            times += 1
            try:
                status, head, text = await self.ask(method, path, body)
            except (OSError, EOFError):
                self.hang_up()
                await asyncio.sleep(_RETRY)
                continue
            if status == 200:
                return head, text, times
            sys.exit(f"the server answered {status}: {text.decode()}")

    async def work(self, think: float, until: float) -> None:
        """Answer until the time is over; ``think`` is the mean number of seconds over an item."""
        head, _, _ = await self.patient("GET", f"/in/{self.token}")
        self.cookie = _found(_COOKIE, head)
        _, page, _ = await self.patient("GET", "/")
        if think:  # people do not begin together
            await asyncio.sleep(self.random.uniform(0, think))
        undone = True
        while time.monotonic() < until:
            if think:
                await asyncio.sleep(self.random.uniform(0.5, 1.5) * think)
            fields = {name: unescape(value) for name, value in _FIELD.findall(page.decode())}
            if "assignment" not in fields:
                self.told.finished += 1
                break
            drawn = self.random.random()
            kind = (
                "undo" if drawn < _UNDOS and not undone else "skip" if drawn < _UNDOS + _SKIPS else "answer"
            )
            undone = kind == "undo"
            form = {
                "do": kind,
                "active": 1,
                "score": self.random.randint(1, 5),
                "reason": "unclear",
                **fields,
            }
            started = time.perf_counter()
            _, page, times = await self.patient("POST", "/", urlencode(form).encode())
            if times == 1:
                self.told.seconds.append(time.perf_counter() - started)
            self.told.repeated += times > 1
            self.told.acknowledged.append((fields["key"], kind, int(fields["assignment"])))
        self.hang_up()


async def _main(port: int, tokens: list[str], think: float, seconds: float, seed: int) -> Told:
    told = Told()
    until = time.monotonic() + seconds
    people = [Annotator(port, token, told, seed + number) for number, token in enumerate(tokens)]
    await asyncio.gather(*(person.work(think, until) for person in people))
    return told


if __name__ == "__main__":
    asked = json.loads(sys.argv[1])
    out = Path(asked.pop("out"))
    out.write_text(json.dumps(asdict(asyncio.run(_main(**asked)))), encoding="utf-8")
