"""What a server may do to a download, at a place of chance."""

from __future__ import annotations

import gzip
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from tests.loopback import Answer, Change, but, instead

_MANY: Final = 50
_PAGE: Final = b"<!DOCTYPE html><html><head><title>Log in</title></head></html>"


@dataclass(frozen=True, slots=True)
class Served:
    """What there is to be downloaded when a fault comes.

    Attributes:
        body: The file.
        other: Another file of its length.
        url: Its address.
        at: A place in it.
        switch: Puts the other file in its place.
    """

    body: bytes
    other: bytes
    url: str
    at: int
    switch: Callable[[], object]


Changes = list[Change]


@dataclass(frozen=True, slots=True)
class Fault:
    """Something a server does.

    Attributes:
        changes: What becomes of its next answers.
        words: One of them is in the message when nothing could be downloaded; none: it must not come to that.
        needs_hash: Whether only a known hash can tell.
        head: Whether it is done to the question for name and size.
        switches: Whether the other file is a right answer, too.
    """

    changes: Callable[[Served], Changes]
    words: tuple[str, ...] = ()
    needs_hash: bool = False
    head: bool = False
    switches: bool = False


def _for_ever(change: Change) -> Changes:
    return [change] * _MANY


def _broken(at: int) -> Change:
    return but(reset_after=at)


def _part(body: bytes, start: int, told: int, **headers: str) -> Change:
    """A part that begins at ``told`` as it says, with the bytes from ``start``."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    span = {"Content-Range": f"bytes {told}-{len(body) - 1}/{len(body)}"}
    return Change(lambda _: Answer(206, {**span, **named}, body[start:]), happens=False)


def _flipped(served: Served) -> Change:
    def flip(answer: Answer) -> Answer:
        body = bytearray(answer.body)
        if body:
            body[served.at % len(body)] ^= 1
        return replace(answer, body=bytes(body))

    return Change(flip)


def _switched(served: Served) -> Change:
    """The answer breaks off, and from then on there is another file."""

    def switch(answer: Answer) -> Answer:
        served.switch()
        return replace(answer, reset_after=served.at)

    return Change(switch)


def _zipped(answer: Answer) -> Answer:
    return replace(
        answer, body=gzip.compress(answer.body), headers={**answer.headers, "Content-Encoding": "gzip"}
    )


_UP: Final = ("gave up", "bytes came", "reset", "disconnected", "closed", "Timeout", "timed out")
_HASH: Final = ("hash", "sha256")
FAULTS: Final[Mapping[str, Fault]] = {
    "resets once": Fault(lambda s: [_broken(s.at)]),
    "resets again and again": Fault(lambda s: _for_ever(_broken(s.at % 5000)), _UP),
    "resets before the first byte": Fault(lambda _: _for_ever(_broken(0)), _UP),
    "stalls once": Fault(lambda s: [but(stall_after=s.at)]),
    "stalls again and again": Fault(lambda s: _for_ever(but(stall_after=s.at % 5000)), _UP),
    "hangs up without an answer": Fault(lambda _: _for_ever(but(lost=True)), _UP),
    "announces more bytes than come": Fault(lambda s: _for_ever(but(announce=len(s.body) + 1 + s.at)), _UP),
    "announces fewer bytes than it has": Fault(
        lambda s: _for_ever(but(announce=s.at)), ("announce", "Hub lists", *_HASH)
    ),
    "announces no length": Fault(lambda _: [but(announce=-1)]),
    "announces no length and resets": Fault(lambda s: [but(announce=-1, reset_after=s.at)]),
    "announces another length when asked for it": Fault(
        lambda s: _for_ever(but(announce=s.at)), ("announce",), head=True
    ),
    "has another file when resumed": Fault(lambda s: [_switched(s)], switches=True),
    "sends another file's part when resumed": Fault(
        lambda s: [_broken(s.at), _part(s.other, s.at, s.at, ETag='"other"')], _HASH
    ),
    "sends a part without an ETag when resumed": Fault(
        lambda s: [_broken(s.at), _part(s.other, s.at, s.at)], _HASH
    ),
    "sends a part from elsewhere when resumed": Fault(lambda s: [_broken(s.at), _part(s.body, 0, s.at // 2)]),
    "sends other bytes under the same ETag": Fault(
        lambda s: [_broken(s.at), _flipped(s)], _HASH, needs_hash=True
    ),
    "sends flipped bits": Fault(lambda s: [_flipped(s)], _HASH, needs_hash=True),
    "ignores Range": Fault(
        lambda s: [_broken(s.at), Change(lambda answer: Answer(200, answer.headers, s.body))]
    ),
    "calls the rest of the file none": Fault(
        lambda s: [_broken(s.at), instead(416, Content_Range=f"bytes */{len(s.body)}")]
    ),
    "sends 206 unasked": Fault(lambda s: _for_ever(_part(s.body, s.at, s.at)), ("another part",)),
    "redirects in a circle": Fault(lambda s: _for_ever(instead(302, Location=s.url)), ("redirect",)),
    "redirects to a file of this machine": Fault(
        lambda _: _for_ever(instead(302, Location="file:///etc/passwd")), ("file", "protocol")
    ),
    "answers with a login page": Fault(
        lambda _: _for_ever(instead(200, _PAGE, Content_Type="text/html")), ("web page",)
    ),
    "answers with a login page that calls itself data": Fault(
        lambda _: _for_ever(instead(200, _PAGE, Content_Type="text/csv")),
        ("web page", "announces", "bytes came", "Hub lists"),
    ),
    "answers with nothing": Fault(
        lambda _: _for_ever(instead(200)), ("empty", "announces", "bytes came", "Hub lists")
    ),
    "compresses unasked": Fault(lambda _: _for_ever(Change(_zipped)), ("gzip",)),
    "is busy for a while": Fault(lambda _: [instead(429, retry_after="0"), instead(503, retry_after="0")]),
    "is busy, by a date": Fault(lambda _: [instead(503, retry_after="Thu, 01 Jan 1970 00:00:00 GMT")]),
    "stays busy": Fault(lambda _: _for_ever(instead(503, retry_after="0")), ("503",)),
    "fails": Fault(lambda _: _for_ever(instead(500)), ("500",)),
    "wants a login": Fault(lambda _: _for_ever(instead(401)), ("login", "access", "private")),
    "has lost the file": Fault(lambda _: _for_ever(instead(404)), ("404", "not exist", "status")),
}


def files(rng: random.Random) -> tuple[bytes, bytes]:
    """Two CSV files of the same length."""
    rows = rng.randrange(8_000, 12_000)
    return tuple(
        b"user,sku\n" + b"".join(b"%07d,b-%05d\n" % (rng.randrange(10**7), number) for number in range(rows))
        for _ in range(2)
    )
