"""Whatever pieces rows come in, the same rows give the same files, by either writer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ecomdata.errors import DataError, EcomdataError
from ecomdata.shards import write_shards

COUNTS = pl.List(pl.Int64)
SCHEMAS = {
    "flat": pl.Schema({"n": pl.Int64(), "word": pl.Enum(["a", "b"])}),
    "lists": pl.Schema({"n": pl.Int64(), "word": pl.Enum(["a", "b"]), "counts": COUNTS}),
}
of_both = pytest.mark.parametrize("schema", SCHEMAS.values(), ids=SCHEMAS)


def rows(schema: pl.Schema, count: int) -> pl.DataFrame:
    """So many rows, with nulls, and with lists of all lengths where there are lists."""
    numbers = range(count)
    columns = {
        "n": [None if n % 7 == 3 else n for n in numbers],
        "word": [None if n % 5 == 1 else "ab"[n % 2] for n in numbers],
        "counts": [None if n % 11 == 2 else [1000 * n] * (n % 90) for n in numbers],
    }
    return pl.DataFrame({name: columns[name] for name in schema}, schema=schema)


def cut(frame: pl.DataFrame, sizes: list[int]) -> Iterator[pl.DataFrame]:
    """The frame in pieces of these sizes, in turn."""
    start = number = 0
    while start < frame.height:
        size = sizes[number % len(sizes)]
        yield frame[start : start + size]
        start, number = start + size, number + 1


@of_both
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sizes=st.lists(st.integers(1, 700), min_size=1, max_size=4))
def test_the_pieces_do_not_show(schema: pl.Schema, sizes: list[int], tmp_path: Path) -> None:
    """Hash, rows, values and types are those of the rows given whole."""
    frame = rows(schema, 1_000)
    (whole,) = write_shards(iter([frame]), schema, tmp_path / "whole")
    (pieces,) = write_shards(cut(frame, sizes), schema, tmp_path / "pieces")
    assert (pieces.sha256, pieces.rows) == (whole.sha256, frame.height)
    assert pl.read_parquet(tmp_path / "pieces").equals(frame)
    assert pl.read_parquet_schema(tmp_path / pieces.path) == schema


@pytest.mark.parametrize("dtype", [pl.String(), pl.List(pl.String), pl.List(pl.List(pl.Float64))], ids=str)
def test_nor_does_what_the_pieces_were_cut_from(dtype: pl.DataType, tmp_path: Path) -> None:
    """Pages are the same, of which polars makes several in a row group of long values."""
    words = [f"{n:>30}" for n in range(160_000)]
    values = {
        "String": words,
        "List(String)": [words[n : n + 4] for n in range(0, 160_000, 4)],
        "List(List(Float64))": [[[float(n)] * 3, [0.5] * 5] for n in range(40_000)],
    }[str(dtype)]
    schema = pl.Schema({"value": dtype})
    longer = pl.DataFrame({"value": values}, schema=schema)
    own = pl.DataFrame({"value": values[5_000:29_000]}, schema=schema)
    frames = {
        "own": [own],
        "slice": [longer[5_000:29_000]],
        "slices": [longer[5_000:9_000], longer[9_000:29_000]],
    }
    written = [write_shards(iter(pieces), schema, tmp_path / name) for name, pieces in frames.items()]
    assert len({file.sha256 for (file,) in written}) == 1
    assert pl.read_parquet(tmp_path / "slices").equals(own)


@of_both
def test_no_rows_are_a_file_too(schema: pl.Schema, tmp_path: Path) -> None:
    """A table without rows keeps its columns."""
    (file,) = write_shards(iter([]), schema, tmp_path / "part")
    assert file.rows == 0
    assert pl.read_parquet_schema(tmp_path / file.path) == schema


@of_both
def test_what_reading_raises_passes_through(schema: pl.Schema, tmp_path: Path) -> None:
    """With its hint: it is about the raw file, not about what is written."""

    def breaking() -> Iterator[pl.DataFrame]:
        yield rows(schema, 100)
        raise DataError("line 7 is damaged", hint="get the file again")

    with pytest.raises(DataError, match="line 7") as caught:
        write_shards(breaking(), schema, tmp_path / "part")
    assert caught.value.hint == "get the file again"


@of_both
def test_a_full_disk_is_named(schema: pl.Schema, tmp_path: Path) -> None:
    """By either writer; /dev/full refuses every byte."""
    (tmp_path / "part").mkdir()
    (tmp_path / "part" / "part-00000.parquet").symlink_to("/dev/full")
    with pytest.raises(EcomdataError, match="no space left on the disk"):
        write_shards(iter([rows(schema, 1_000)]), schema, tmp_path / "part")


def test_runs_of_counts_take_little_room(tmp_path: Path) -> None:
    """As in the file they come from: cumulative counts hardly change from day to day."""
    counts = [[day // 300 for day in range(3_000)] for _ in range(300)]
    frame = pl.DataFrame({"counts": counts}, schema={"counts": COUNTS})
    (file,) = write_shards(iter([frame]), frame.schema, tmp_path / "part")
    assert file.size < 300 * 150


@pytest.mark.parametrize(
    "dtype", [pl.String(), pl.List(pl.Float64), pl.List(pl.Struct({"b": pl.Binary()}))], ids=str
)
def test_rows_that_become_wider_end_a_file(dtype: pl.DataType, tmp_path: Path) -> None:
    """Row groups are counted by the first rows: a hundred thousand that are wider made one of all memory."""
    narrow, wide = {
        "String": ("a", "a" * (1 << 20)),
        "List(Float64)": ([0.5], [0.5] * (1 << 17)),
        "List(Struct({'b': Binary}))": ([], [{"b": b"b" * (1 << 19)}] * 2),
    }[str(dtype)]
    frame = pl.DataFrame({"value": [narrow] * 5_000 + [wide] * 150}, schema={"value": dtype})
    first, second = write_shards(iter([frame]), frame.schema, tmp_path / "whole")
    assert 5_000 < first.rows < 5_130
    assert pq.read_metadata(tmp_path / second.path).num_rows == second.rows == 5_150 - first.rows
    for lengths in ([4_097, 3, 500], [first.rows, 10]):
        pieces = write_shards(cut(frame, lengths), frame.schema, tmp_path / "cut")
        assert [file.sha256 for file in pieces] == [first.sha256, second.sha256]
        assert pl.read_parquet(tmp_path / "cut").equals(frame)


def test_rows_that_become_narrower_share_a_row_group_again(tmp_path: Path) -> None:
    """A file's own first rows say how many go into its row groups, not those of the first file."""
    frame = pl.DataFrame({"a": ["a" * (1 << 20)] * 64 + ["a"] * 20_000})
    files = write_shards(iter([frame]), frame.schema, tmp_path / "part")
    assert [pq.read_metadata(tmp_path / file.path).num_row_groups for file in files[1:]] == [1]
