"""Lines without end: of one value, of a quote that is never closed, of nothing but zeros."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import dataframely as dy

from ecomdata.columns import Columns
from ecomdata.errors import EcomdataError
from ecomdata.rawfile import RawFile
from ecomdata.readers import Delimited, JsonArray, JsonLines, Reader, SplitOnce
from ecomdata.semanticids.lines import text_lines
from tests.campaigns.bounded import bounded
from tests.campaigns.trials import Scale, Trial

NAME: Final = "long_lines"
PROMISE: Final = (
    "A line of a gigabyte is rejected with its number, in pieces, or is an error that names its file; the"
    " rows before and after it are read; it takes less than 3 GiB."
)
_MB: Final = 1 << 20


class _Rows(dy.Schema):
    """A number and a text."""

    n = dy.Int64()
    text = dy.String(nullable=True)


_COLUMNS: Final = Columns(schema=_Rows)
_READERS: Final[dict[str, tuple[Reader, bytes, bytes, bytes]]] = {
    # reader, what opens the long row, what closes it, a whole row
    "CSV": (Delimited(header="absent"), b"1,", b"\n", b"%d,a\n"),
    "CSV with quotes": (Delimited(header="absent", quote=True), b'1,"', b"\n", b"%d,a\n"),
    "CSV with a rest": (Delimited(header="absent", rest=True), b"1,", b"\n", b"%d,a\n"),
    "numbers and a rest": (SplitOnce(), b"1, ", b"\n", b"%d, a\n"),
    "JSON lines": (JsonLines(), b'{"n": 1, "text": "', b"\n", b'{"n": %d, "text": "a"}\n'),
}


def trials(folder: Path, rng: random.Random, scale: Scale) -> Iterator[Trial]:
    """Every content of a long line in every format; short: 66 MiB, two megabytes more than a record has."""
    size = 66 * _MB if scale == "short" else 1 << 30
    fills = {
        "zeros": b"",
        "one letter": b"x",
        "delimiters": b",",
        "quotes": b'"',
        "commas and quotes": b'","',
    }
    chosen = list(fills.items())
    for target in rng.sample(list(_READERS), 1) if scale == "short" else _READERS:
        some = rng.sample(chosen, 1) if scale == "short" else chosen
        for fault, fill in some:
            # Of fields in quotes each is looked at: those of a gigabyte take minutes.
            yield from bounded(
                _tried, folder, target, fault, fill, min(size, 128 * _MB if fill == b'","' else size)
            )
    yield from bounded(_others, folder, size)


def _tried(folder: Path, target: str, fault: str, fill: bytes, size: int) -> Iterator[Trial]:
    reader, opens, closes, row = _READERS[target]
    path = folder / "long.txt"
    with path.open("wb") as file:
        file.write(row % 0 + opens)
        _fill(file.write, file.truncate, file.seek, fill, size)
        file.write(closes + row % 2)
    yield _trial(target, f"a line of {size / _MB:,.0f} MiB of {fault}", lambda: _rows(reader, path))
    path.unlink()


def _fill(
    write: Callable[[bytes], object],
    truncate: Callable[[int], object],
    seek: Callable[[int, int], int],
    fill: bytes,
    size: int,
) -> None:
    if not fill:  # a hole takes no room on the disk
        truncate(seek(0, 2) + size)
        seek(0, 2)
        return
    piece = fill * (_MB // len(fill))
    for _ in range(size // _MB):
        write(piece)


def _rows(reader: Reader, path: Path) -> str:
    kept: list[int] = []
    rejected: list[str] = []
    for block in reader.blocks(RawFile.on_disk(path), _COLUMNS):
        batch = block.parse()
        kept += batch.frame["n"].to_list()
        rejected += [why for found in batch.rejected["reasons"].to_list() for why in found]
    if kept[0] != 0 or kept[-1] != 2:
        raise AssertionError(f"the rows beside it are not there: {kept[:5]}")
    if 1 not in kept and not rejected:
        raise AssertionError("it is gone without a reason")
    return f"{len(rejected)} pieces are rejected: {rejected[0]}" if rejected else "it is read as it stands"


def _others(folder: Path, size: int) -> Iterator[Trial]:
    path = folder / "long.json"
    for target, head, read in (
        ("JSON arrays", b'[{"n": 0, "text": "a"}, {"n": 1, "text": "', lambda: _rows(JsonArray(), path)),
        ("predictions", b'{"n": "', lambda: f"{len(list(text_lines(path)))} lines"),
    ):
        with path.open("wb") as file:
            file.write(head)
            file.truncate(len(head) + size)
        yield _trial(target, f"a text of {path.stat().st_size / _MB:,.0f} MiB that is never closed", read)


def _trial(target: str, fault: str, read: Callable[[], str]) -> Trial:
    try:
        return Trial(NAME, target, fault, held=True, detail=read()[:200])
    except EcomdataError as error:
        return Trial(NAME, target, fault, held="long." in str(error), detail=str(error)[:200])
    except Exception as error:  # noqa: BLE001 - it is what must not come
        return Trial(NAME, target, fault, held=False, detail=f"{type(error).__name__}: {error}"[:200])
