"""What lies in place of data: a git-LFS pointer, an error page, an archive, an empty or a truncated file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from ecomdata.errors import DataError
from ecomdata.rawfile import RawFile

_HEAD: Final = 4096
_LFS: Final = b"version https://git-lfs.github.com/spec/v1"
_PAGE: Final = re.compile(rb"\s*<(!doctype\s+html|html|head|body|title)\b", re.IGNORECASE)
_XML_ERROR: Final = re.compile(rb"\s*(<\?xml[^>]*>)?\s*<Error\b", re.IGNORECASE)
_JSON_ERROR: Final = re.compile(rb'\s*\{\s*"(error|errors|message|detail|statusCode)"\s*:', re.IGNORECASE)
_PARQUET_MIN: Final = 12
_PACKED: Final = {b"\x1f\x8b": ".gz", b"PK\x03\x04": ".zip", b"7z\xbc\xaf\x27\x1c": ".7z"}
_UNPACKED: Final = (".csv", ".tsv", ".txt", ".json", ".jsonl", ".parquet")
_MAGIC: Final = {".zip": b"PK", ".npz": b"PK", ".gz": b"\x1f\x8b", ".tgz": b"\x1f\x8b"}


def reject_imposters(file: RawFile) -> None:
    """Check that a raw file which is on disk holds data, by its first and last bytes.

    Raises:
        DataError: it is empty, truncated, a git-LFS pointer, an error page or packed under another name.
    """
    reject_imposter(file.container, file.name)
    plain = file.container.name == file.name.rsplit("/", 1)[-1]
    if plain and file.container.suffix != ".gz":
        return
    with file.open() as stream:
        head = stream.read(_HEAD)
    if not head:
        raise DataError(f"{file.name} is empty", hint="get the file again")
    _judge(head, file.name)
    _judge_packed(head, file.name)


def reject_imposter(path: Path, name: str) -> None:
    """The same for the bytes of one file on disk, archives included.

    Raises:
        DataError: as :func:`reject_imposters`.
    """
    size = path.stat().st_size
    if size == 0:
        raise DataError(f"{name} is empty (0 bytes)", hint="get the file again")
    with path.open("rb") as stream:
        head = stream.read(_HEAD)
        stream.seek(max(0, size - 8))
        tail = stream.read(8)
    _judge(head, name)
    if path.name == name.rsplit("/", 1)[-1]:
        _judge_packed(head, name)
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        _judge_parquet(head, tail, size, name)
    magic = _MAGIC.get(suffix)
    if magic and not head.startswith(magic):
        raise DataError(
            f"{name} is no {suffix} file: it starts with {head[:8]!r}",
            hint="get the file again from upstream",
        )


def _judge(head: bytes, name: str) -> None:
    head = head.removeprefix(b"\xef\xbb\xbf")
    if head.startswith(_LFS):
        raise _pointer(head, name)
    if _PAGE.match(head) or _XML_ERROR.match(head):
        raise DataError(
            f"{name} is a web page or an error message, not data: it starts with {_quote(head)}",
            hint="the download needs a login, or its link has expired; get the file again",
        )
    text = name.lower().endswith((".csv", ".tsv", ".txt", ".parquet"))
    if text and len(head) < _HEAD and _JSON_ERROR.match(head):
        raise DataError(
            f"{name} is a server's error message, not data: {_quote(head)}",
            hint="the download failed at the server; get the file again",
        )


def _judge_packed(head: bytes, name: str) -> None:
    packed = next((kind for magic, kind in _PACKED.items() if head.startswith(magic)), "")
    if packed and name.lower().endswith(_UNPACKED):
        rename = "" if packed == ".7z" else f", or call it {name}{packed}"
        raise DataError(f"{name} is packed: it holds a {packed} file", hint=f"unpack it{rename}")


def _pointer(head: bytes, name: str) -> DataError:
    size = re.search(rb"^size (\d+)$", head, re.MULTILINE)
    real = f" (the file itself has {int(size[1]):,} bytes)" if size else ""
    return DataError(
        f"{name} is a git-LFS pointer, not the data{real}",
        hint="run `git lfs install && git lfs pull` in the clone it comes from",
    )


def _judge_parquet(head: bytes, tail: bytes, size: int, name: str) -> None:
    if not head.startswith(b"PAR1"):
        what = "is an encrypted Parquet file" if head.startswith(b"PARE") else "is no Parquet file"
        raise DataError(
            f"{name} {what}: it starts with {head[:8]!r}", hint="get the file again from upstream"
        )
    whole = size >= _PARQUET_MIN and tail.endswith(b"PAR1")
    if not whole or int.from_bytes(tail[:4], "little") + _PARQUET_MIN > size:
        raise DataError(
            f"{name} is a truncated Parquet file: its footer is missing at byte {size:,}",
            hint="the download stopped early; get the file again",
        )


def _quote(head: bytes) -> str:
    line = " ".join(head[:200].decode("utf-8", "replace").split())
    return repr(line[:80] + ("..." if len(line) > 80 else ""))
