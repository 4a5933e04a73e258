"""What of a release the Hub has already when a few rows came or went; ``publish.py`` starts it.

Rows of the store are written once as they are and once with blocks of rows taken out and put in, by the
store's own writer and as copies for the Hub. Bytes that are new are counted twice: in pages of Parquet, and
in chunks cut from the files by content as Xet cuts them (a gear hash; 8 to 128 KiB, 64 KiB on the average:
https://huggingface.co/docs/xet), which is what is sent. No server with Xet was at hand.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import numba
import numpy as np
import polars as pl

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # for the tests' reader of pages

from ecomdata.publishing.rewriting import rewrite  # noqa: E402
from ecomdata.shards import write_shards  # noqa: E402
from tests.hub.pages import new_bytes  # noqa: E402

ROWS: Final = 4_000_000
BLOCK: Final = 50
PLACES: Final = (1, 10, 100)
_LEAST, _MOST = 8 << 10, 128 << 10
_MASK: Final = np.uint64(0xFFFF << 48)
_GEAR: Final = np.random.default_rng(1).integers(0, 2**64, 256, dtype=np.uint64)


@numba.njit
def _ends(content: np.ndarray, gear: np.ndarray) -> list[int]:
    """Where the chunks of some bytes end."""
    ends = [0]
    number = np.uint64(0)
    for i in range(len(content)):
        number = (number << np.uint64(1)) + gear[content[i]]
        length = i + 1 - ends[-1]
        if (length >= _LEAST and number & _MASK == 0) or length >= _MOST:
            ends.append(i + 1)
            number = np.uint64(0)
    if ends[-1] != len(content):
        ends.append(len(content))
    return ends


def _chunks(path: Path) -> Iterator[tuple[bytes, int]]:
    """Hash and size of each chunk of a file."""
    content = np.fromfile(path, np.uint8)
    ends = _ends(content, _GEAR)
    for start, end in itertools.pairwise(ends):
        yield hashlib.sha256(content[start:end].tobytes()).digest(), end - start


def new_chunks(before: Path, after: Path) -> tuple[int, int]:
    """Bytes of ``after``, and of those of its chunks that are not in ``before``."""
    there = {digest for digest, _ in _chunks(before)}
    sizes = [(digest in there, size) for digest, size in _chunks(after)]
    return sum(size for _, size in sizes), sum(size for known, size in sizes if not known)


def changed(rows: pl.DataFrame, places: int) -> pl.DataFrame:
    """The rows with so many blocks taken out and as many others put in, by chance but always the same."""
    rng = np.random.default_rng(3)
    at = np.sort(rng.integers(0, rows.height, 2 * places))
    parts: list[pl.DataFrame] = []
    begin = 0
    for number, place in enumerate(at.tolist()):
        parts.append(rows[begin:place])
        if number % 2:
            parts.append(rows[place * 7 % rows.height :].head(BLOCK))
        begin = max(begin, place) + (0 if number % 2 else BLOCK)
    return pl.concat([*parts, rows[begin:]])


def _stored(rows: pl.DataFrame, folder: Path) -> Path:
    (file,) = write_shards(iter([rows]), rows.schema, folder / "rows")
    return folder / file.path


def _copied(rows: pl.DataFrame, folder: Path) -> Path:
    target = folder / "copy.parquet"
    rewrite(_stored(rows, folder), target, None, lambda _rows, _size: None)
    return target


def compare(shard: Path, scratch: Path) -> list[dict[str, Any]]:
    """For each way of writing and number of places: bytes in all, and how many of them are new."""
    rows = pl.scan_parquet(shard).head(ROWS).collect()
    ways: dict[str, Callable[[pl.DataFrame, Path], Path]] = {"store": _stored, "copies": _copied}
    found: list[dict[str, Any]] = []
    for name, write in ways.items():
        before = write(rows, scratch / name)
        for places in PLACES:
            after = write(changed(rows, places), scratch / f"{name}-{places}")
            size, chunks = new_chunks(before, after)
            in_pages, pages = new_bytes(before, after)
            found.append(
                {
                    "written": name,
                    "rows": rows.height,
                    "places": places,
                    "bytes": size,
                    "new_in_chunks": round(chunks / size, 4),
                    "new_in_pages": round(pages / in_pages, 4),
                }
            )
    return found


if __name__ == "__main__":
    print(json.dumps(compare(Path(sys.argv[1]), Path(sys.argv[2]))))
