"""Files changed as chance has it, in the ways that their format is sensitive to."""

from __future__ import annotations

import io
import random
import zipfile
from collections.abc import Callable, Sequence
from pathlib import PurePath
from typing import Any, Final

from tests import crafted

WORDS: Final = (
    *(bytes([byte]) for byte in b"\"',\t;\n\r\0\\{}[]: <#-0\xff"),
    *(b'""', b"\r\n", b"\n\n", b"\\u", b"\\ud800", b"\\n", b"[" * 3000, b'{"a":' * 500, b"[]", b"{}", b"/*"),
    *(b"null", b"true", b"NaN", b"1e999", b"-0", b"00", b"1.5", b"1e5", b"0x10", b"+1", b"9" * 400),
    *(b"9223372036854775808", b"-9223372036854775809", b"a" * 5000, b"\x1b[2J"),
    *(b"\xef\xbb\xbf", b"\xff\xfe", b"\xc0\x80", b"\xed\xa0\x80", b"\xf0\x9f\x98\x80", b"\xe2\x80\xa8"),
    *(b"PK\x05\x06", b"PK\x01\x02", b"\x80\x04", b"|O", b"<U999999999"),
)
"""What texts and headers are cut up by, and what numbers and names may not be."""

NUMBERS: Final = (
    0,
    1,
    -1,
    2,
    255,
    2**16,
    2**31 - 1,
    2**31,
    -(2**31),
    2**32,
    2**40,
    2**62,
    2**63 - 1,
    -(2**63),
)


def mutated(data: bytes, name: str, rng: random.Random) -> bytes:
    """Another file than this one; ``name`` tells the format."""
    change = BY_SUFFIX.get(PurePath(name).suffix, any_bytes) if rng.random() < 0.6 else any_bytes
    found = data
    while found == data:
        found = change(found, rng)
    return found


def any_bytes(data: bytes, rng: random.Random) -> bytes:
    """Bytes flipped, put in, taken out, moved or repeated, one to four times."""
    out = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        _edit(out, rng)
    return bytes(out)


def _edit(out: bytearray, rng: random.Random) -> None:
    start = rng.randrange(len(out) + 1)
    end = min(len(out), start + rng.choice((0, 1, 1, 2, 8, 64, 4096)))
    kind = rng.randrange(6)
    if kind == 0 and start < len(out):
        out[start] ^= 1 << rng.randrange(8)
    elif kind == 1:
        out[start:end] = rng.choice(WORDS)
    elif kind == 2:
        out[start:start] = rng.choice(WORDS)
    elif kind == 3:
        del out[start:end]
    elif kind == 4:
        out[start:start] = out[start:end] * rng.choice((1, 2, 50))
    else:
        to = rng.randrange(len(out) + 1)
        out[to:to] = out[start:end]


def _parquet(data: bytes, rng: random.Random) -> bytes:
    """A number, a name or a list of the footer or of a page header changed, and all around it in order."""
    try:
        if rng.random() < 0.5:
            return crafted.with_footer(data, lambda footer: _in_struct(footer, rng))
        return crafted.with_page(data, rng.randrange(4), lambda header: _in_struct(header, rng))
    except (IndexError, KeyError, ValueError, TypeError, OverflowError):
        return any_bytes(data, rng)  # it had been changed already


def _in_struct(fields: crafted.Struct, rng: random.Random) -> None:
    number = rng.choice(list(fields))
    kind, value = fields[number]
    if rng.random() < 0.1:
        del fields[number]
    elif kind == crafted.STRUCT:
        _in_struct(value, rng)
    elif kind == crafted.LIST and value[1]:
        _in_list(fields[number], rng)
    elif kind in {crafted.I32, crafted.I64}:
        fields[number][1] = rng.choice((*NUMBERS, value + 1, value - 1, value * 2))
    elif kind == crafted.BINARY:
        fields[number][1] = rng.choice((b"", value * 2, any_bytes(value or b"x", rng)))


def _in_list(field: list[Any], rng: random.Random) -> None:
    inner, items = field[1]
    if inner == crafted.STRUCT and rng.random() < 0.8:
        _in_struct(rng.choice(items), rng)
        return
    place = rng.randrange(len(items))
    field[1] = inner, rng.choice((items[:place], items + items[place:], items[place:] + items[:place]))


def _zip(data: bytes, rng: random.Random) -> bytes:
    """A member changed, renamed, left out or there twice, in an archive that is whole."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = [(info.filename, archive.read(info)) for info in archive.infolist()]
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError, EOFError, RuntimeError):
        return any_bytes(data, rng)
    if not members:
        return any_bytes(data, rng)
    place = rng.randrange(len(members))
    name, content = members[place]
    members[place : place + 1] = rng.choice(
        (
            [(name, _head_changed(content, rng))],
            [(name, any_bytes(content, rng))],
            [(rng.choice(("../x.npy", name.upper(), "", "a/b.npy", f"{name}.npy")), content)],
            [],
            [(name, content), (f"{name}2", content)],
        )
    )
    return _zipped(members)


def _zipped(members: Sequence[tuple[str, bytes]]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name), content)
    return stream.getvalue()


def _head_changed(content: bytes, rng: random.Random) -> bytes:
    """The header of a .npy member with another number, type or order, as long as it was."""
    head, body = content[:128], content[128:]
    old, new = rng.choice(
        (
            (b"(", b"(9" + b"9" * rng.randrange(20)),
            (b"(", b"(-"),
            (b", ", b", 2, "),
            (b"<i8", b"|O8"),
            (b"<f4", b"<U9"),
            (b"<i8", b"<f8"),
            (b"<", b">"),
            (b"False", b"True "),
            (b"descr", b"descx"),
            (b"{", b"{" * 20),
            (b"{", b"(" * 90),
        )
    )
    return head.replace(old, new, 1)[:128].ljust(128) + body


BY_SUFFIX: Final[dict[str, Callable[[bytes, random.Random], bytes]]] = {
    ".parquet": _parquet,
    ".npz": _zip,
    ".zip": _zip,
}
