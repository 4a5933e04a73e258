"""The floor of ``benchmarks/rope.py``: ``python benchmarks/rope_floor.py SOURCE OUT``.

Bare DuckDB reads ROPE's text files line by line, splits each line at its first commas, casts the numbers and
writes zstd Parquet: a row a line, with its rest as text. It joins no lines of one text, makes no media, and
checks and hashes nothing.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

import duckdb

KINDS: Final = {
    "pairs": ("*_pair.txt", 1),
    "texts": ("*_titles.txt *_asrs.txt", 1),
    "page_images": ("*_images.txt", 1),
    "frames": ("*_frames.txt *_clips.txt", 2),
}
"""Kind of file -> its names, and how many numbers stand before the rest of a line."""


def main() -> None:
    """Write one file for each kind."""
    source, out = map(Path, sys.argv[1:])
    with duckdb.connect() as connection:
        for kind, (globs, numbers) in KINDS.items():
            files = [str(path) for glob in globs.split() for path in sorted(source.glob(glob))]
            lines = connection.read_csv(
                files,
                header=False,
                columns={"line": "VARCHAR"},
                sep="\x01",  # in no text
                quotechar="",
                escapechar="",
                auto_detect=False,
            )
            _split(lines, numbers).write_parquet(str(out / f"{kind}.parquet"), compression="zstd")


def _split(lines: duckdb.DuckDBPyRelation, numbers: int) -> duckdb.DuckDBPyRelation:
    split = lines
    for place in range(numbers):
        kept = "".join(f"n{before}, " for before in range(place))
        split = split.project(
            f"{kept}TRY_CAST(line[:instr(line, ',') - 1] AS BIGINT) AS n{place}, "
            "trim(line[instr(line, ',') + 1:]) AS line"
        )
    return split


if __name__ == "__main__":
    main()
