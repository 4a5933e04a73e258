"""The reader of Parquet files."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import dataframely as dy
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ecomdata.columns import Columns, DriftError
from ecomdata.errors import DataError
from ecomdata.rawfile import RawFile
from ecomdata.readers.parquet import Parquet
from tests.readers.reading import read


class Rows(dy.Schema):
    """A whole number and a text."""

    item = dy.Int64(nullable=True)
    name = dy.String(nullable=True)


ROWS = Columns(schema=Rows)


def columns_of(**columns: dy.Column) -> Columns:
    """Columns with these types."""
    return Columns(schema=type("Typed", (dy.Schema,), dict(columns)))


def written(path: Path, frame: pl.DataFrame, row_group_size: int | None = None) -> Path:
    """The frame as a file."""
    frame.write_parquet(path, row_group_size=row_group_size)
    return path


@pytest.mark.parametrize("block_bytes", [1, 100, 2000, 1 << 30])
@pytest.mark.parametrize("row_group_size", [1, 7, 100, None])
def test_slices_of_row_groups_make_the_whole_table(
    tmp_path: Path, block_bytes: int, row_group_size: int | None
) -> None:
    """However large row groups and blocks are, every row comes once, in order, under its number."""
    frame = pl.DataFrame({"item": range(100), "name": [f"item {i}" for i in range(100)]})
    found = read(
        written(tmp_path / "a.parquet", frame, row_group_size), Parquet(block_bytes=block_bytes), ROWS
    )
    assert found.frame.equals(frame)
    assert found.rows == list(range(1, 101))


def test_a_file_without_rows(tmp_path: Path) -> None:
    """It has columns, so it is no error."""
    frame = pl.DataFrame(schema={"item": pl.Int64, "name": pl.String})
    assert read(written(tmp_path / "a.parquet", frame), Parquet(), ROWS).frame.equals(frame)


@pytest.mark.parametrize("name", ["a [1].parquet", "a[b.parquet", "a*.parquet", "a\x1b[2m.parquet"])
def test_a_name_is_no_pattern(tmp_path: Path, name: str) -> None:
    """A browser calls a second download so; a file beside it is not read."""
    frame = pl.DataFrame({"item": [1], "name": ["a"]})
    written(tmp_path / "a1.parquet", frame.with_columns(item=2))
    assert read(written(tmp_path / name, frame), Parquet(), ROWS).frame.equals(frame)


def test_columns_may_come_in_another_order(tmp_path: Path) -> None:
    """Names count, and the declared order is what comes out."""
    frame = pl.DataFrame({"name": ["a"], "item": [1]})
    assert read(written(tmp_path / "a.parquet", frame), Parquet(), ROWS).frame.rows() == [(1, "a")]


def test_an_absent_optional_column_is_null(tmp_path: Path) -> None:
    """Its type is the declared one."""
    columns = Columns(schema=Rows, optional=("name",))
    found = read(written(tmp_path / "a.parquet", pl.DataFrame({"item": [1]})), Parquet(), columns)
    assert found.frame.rows() == [(1, None)]
    assert found.frame.schema == columns.dtypes


@pytest.mark.parametrize(
    ("values", "declared"),
    [
        (pl.Series([1, None], dtype=pl.Int32), dy.Int64(nullable=True)),
        (pl.Series([1, None], dtype=pl.UInt32), dy.Int64(nullable=True)),
        (pl.Series([1.5, None], dtype=pl.Float32), dy.Float64(nullable=True)),
        (pl.Series([1.5, None], dtype=pl.Float16), dy.Float32(nullable=True)),
        (pl.Series([1.5, None], dtype=pl.Float16), dy.Float64(nullable=True)),
        (pl.Series([None, None], dtype=pl.Null), dy.Int64(nullable=True)),
        (pl.Series(["a", None], dtype=pl.Categorical), dy.String(nullable=True)),
    ],
    ids=lambda value: str(getattr(value, "dtype", "")),
)
def test_lossless_types_are_widened(tmp_path: Path, values: pl.Series, declared: dy.Column) -> None:
    """A narrower type in the file becomes the declared one, nulls included."""
    path = written(tmp_path / "a.parquet", pl.DataFrame({"x": values}))
    frame = read(path, Parquet(), columns_of(x=declared)).frame
    assert frame["x"].dtype == declared.dtype
    assert frame["x"].to_list() == values.to_list()


@pytest.mark.parametrize(
    ("values", "declared"),
    [
        (pl.Series([1.0]), dy.Int64()),
        (pl.Series([1], dtype=pl.Int64), dy.Float64()),
        (pl.Series([1], dtype=pl.Int64), dy.Int32()),
        (pl.Series([1], dtype=pl.UInt64), dy.Int64()),
        (pl.Series(["1"]), dy.Int64()),
        (pl.Series([1]), dy.String()),
        (pl.Series([datetime(2023, 5, 1)], dtype=pl.Datetime("ns")), dy.Datetime()),  # noqa: DTZ001
        (pl.Series([datetime(2023, 5, 1, tzinfo=UTC)]), dy.Datetime(time_zone="Asia/Shanghai")),
    ],
    ids=lambda value: str(getattr(value, "dtype", "")),
)
def test_a_lossy_type_is_drift(tmp_path: Path, values: pl.Series, declared: dy.Column) -> None:
    """Float for int, wide for narrow, text for number: the error names the column and both types."""
    path = written(tmp_path / "a.parquet", pl.DataFrame({"x": values}))
    with pytest.raises(DriftError) as caught:
        read(path, Parquet(), columns_of(x=declared))
    assert "a.parquet" in str(caught.value)
    assert f"x is {values.dtype}, declared {declared.dtype}" in str(caught.value)


@pytest.mark.parametrize("block_bytes", [1, 1 << 30])
def test_a_map_is_a_list_of_its_entries(tmp_path: Path, block_bytes: int) -> None:
    """Spark writes maps; their order stays, and one without entries is none that is null."""
    entries = [[("size", "42"), ("color", None)], [], None]
    maps = pa.array(entries, pa.map_(pa.string(), pa.string()))
    pq.write_table(pa.table({"x": maps}), tmp_path / "a.parquet")
    texts = dy.Struct({"key": dy.String(nullable=True), "value": dy.String(nullable=True)}, nullable=True)
    columns = columns_of(x=dy.List(texts, nullable=True))
    frame = read(tmp_path / "a.parquet", Parquet(block_bytes=block_bytes), columns).frame
    pairs = [[(one["key"], one["value"]) for one in row] if row is not None else None for row in frame["x"]]
    assert pairs == entries
    counts = dy.Struct({"key": dy.String(nullable=True), "value": dy.Int64(nullable=True)}, nullable=True)
    with pytest.raises(DriftError, match=r"x is Map\(String, String\), declared List"):
        read(tmp_path / "a.parquet", Parquet(), columns_of(x=dy.List(counts, nullable=True)))


@pytest.mark.parametrize(("zone", "declared"), [(None, "UTC"), ("UTC", None), (None, None), ("UTC", "UTC")])
@pytest.mark.parametrize("unit", ["ms", "us"])
def test_times_keep_their_instant(tmp_path: Path, unit: str, zone: str | None, declared: str | None) -> None:
    """Milliseconds become microseconds, and a time without a zone is one in UTC."""
    time = datetime(2023, 5, 1, 12, 30, 0, 5000)  # noqa: DTZ001
    values = pl.Series([time]).cast(pl.Datetime(unit)).dt.replace_time_zone(zone)
    path = written(tmp_path / "a.parquet", pl.DataFrame({"x": values}))
    frame = read(path, Parquet(), columns_of(x=dy.Datetime(time_unit="us", time_zone=declared))).frame
    assert frame["x"].dtype == pl.Datetime("us", declared)
    assert frame["x"].dt.replace_time_zone(None).to_list() == [time]


def test_other_columns_are_drift(tmp_path: Path) -> None:
    """Missing, extra and near-named columns are named."""
    path = written(tmp_path / "a.parquet", pl.DataFrame({"itme": [1], "name": ["a"]}))
    with pytest.raises(DriftError, match="itme may be item under another name"):
        read(path, Parquet(), ROWS)


def test_a_truncated_file_is_named(tmp_path: Path) -> None:
    """The footer stands at the end, and is gone."""
    path = written(tmp_path / "a.parquet", pl.DataFrame({"item": range(1000), "name": ["a"] * 1000}))
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DataError, match=r"^a\.parquet: not a whole Parquet file") as caught:
        read(path, Parquet(), ROWS)
    assert caught.value.hint


def test_damaged_rows_in_the_middle_are_named(tmp_path: Path) -> None:
    """The footer is whole, the data are not: an error that names the rows, and no crash."""
    names = [f"item {i * 7919 % 1000}" for i in range(5000)]
    path = written(tmp_path / "a.parquet", pl.DataFrame({"item": range(5000), "name": names}), 1000)
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 4000] = bytes(4000)
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"a\.parquet: rows \d+ to \d+ cannot be read"):
        read(path, Parquet(), ROWS)


def test_raw_content_is_json(tmp_path: Path) -> None:
    """A row that is rejected later can be shown as it was, under the declared names."""
    path = written(tmp_path / "a.parquet", pl.DataFrame({"item": [1, None], "name": ["জামা", None]}))
    block = next(iter(Parquet().blocks(RawFile.on_disk(path), ROWS)))
    assert list(map(json.loads, block.parse().raw([1, 0]))) == [
        {"item": None, "name": None},
        {"item": 1, "name": "জামা"},
    ]


def unfolding(path: Path, rows: int, row_group_size: int) -> pl.DataFrame:
    """Lists of runs: next to nothing on disk, and 8 kB a row in memory."""
    frame = pl.DataFrame({"item": range(rows)}).with_columns(days=pl.col("item").repeat_by(1000))
    table = frame.to_arrow()
    pq.write_table(table, path, row_group_size=row_group_size)
    return frame


@pytest.mark.parametrize("row_group_size", [7, 100, 500])
@pytest.mark.parametrize("block_bytes", [1, 100_000, 1 << 30])
def test_lists_that_unfold_are_read_in_pieces(tmp_path: Path, row_group_size: int, block_bytes: int) -> None:
    """However small they are on disk, no block holds more in memory than it may; rows come once, in order."""
    frame = unfolding(tmp_path / "a.parquet", 120, row_group_size)
    columns = columns_of(item=dy.Int64(), days=dy.List(dy.Int64()))
    found = read(tmp_path / "a.parquet", Parquet(block_bytes=block_bytes), columns)
    assert found.frame.equals(frame)
    assert found.rows == list(range(1, 121))
    blocks = Parquet(block_bytes=block_bytes).blocks(RawFile.on_disk(tmp_path / "a.parquet"), columns)
    most = max(block.parse().frame.height for block in blocks)
    assert most == 1 or most * 8000 <= block_bytes


def test_damage_in_a_large_row_group_is_named(tmp_path: Path) -> None:
    """The footer is whole, the lists are not: an error that names the rows, and no crash."""
    unfolding(tmp_path / "a.parquet", 3000, 3000)
    content = bytearray((tmp_path / "a.parquet").read_bytes())
    content[len(content) // 4 : len(content) // 2] = bytes(len(content) // 2 - len(content) // 4)
    (tmp_path / "a.parquet").write_bytes(content)
    columns = columns_of(item=dy.Int64(), days=dy.List(dy.Int64()))
    with pytest.raises(DataError, match=r"a\.parquet: rows \d+ to \d+ cannot be read"):
        read(tmp_path / "a.parquet", Parquet(block_bytes=1 << 20), columns)


@pytest.mark.parametrize(
    ("values", "declared"),
    [
        (pl.Series([[1, None], None], dtype=pl.List(pl.Int16)), dy.Int64(nullable=True)),
        (pl.Series([[1, 2], None], dtype=pl.Array(pl.UInt8, 2)), dy.Int64(nullable=True)),
        (pl.Series([[None], []], dtype=pl.List(pl.Null)), dy.Int64(nullable=True)),
        (pl.Series([["a", None]], dtype=pl.List(pl.Categorical)), dy.String(nullable=True)),
    ],
    ids=lambda value: str(getattr(value, "dtype", "")),
)
def test_lists_are_widened(tmp_path: Path, values: pl.Series, declared: dy.Column) -> None:
    """What holds for a type holds for lists of it."""
    path = written(tmp_path / "a.parquet", pl.DataFrame({"x": values}))
    frame = read(path, Parquet(), columns_of(x=dy.List(declared, nullable=True))).frame
    assert frame["x"].dtype == pl.List(declared.dtype)
    assert frame["x"].to_list() == values.to_list()


def test_lists_of_wider_integers_are_drift(tmp_path: Path) -> None:
    """They could hold what the declared type cannot."""
    path = written(tmp_path / "a.parquet", pl.DataFrame({"x": [[1]]}))
    with pytest.raises(DriftError, match=r"x is List\(Int64\), declared List\(Int8\)"):
        read(path, Parquet(), columns_of(x=dy.List(dy.Int8())))
