from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecomdata.errors import DataError, UsageError
from ecomdata.vectors import ArrayVectors, ChosenVectors, ParquetVectors, Vectors
from ecomdata.vectors.blocks import JoinedVectors


def _all(vectors: Vectors, rows: int) -> np.ndarray:
    blocks = [*vectors.blocks(rows)]
    assert all(block.dtype == np.float32 and block.flags["C_CONTIGUOUS"] for block in blocks)
    return np.concatenate(blocks) if blocks else np.empty((0, vectors.dim), np.float32)


def _written(folder: Path, *columns: pl.Series) -> list[Path]:
    paths = [folder / f"part-{number}.parquet" for number in range(len(columns))]
    for path, column in zip(paths, columns, strict=True):
        column.to_frame().write_parquet(path, row_group_size=3)
    return paths


def _vectors(rows: list[list[float] | None], dim: int | None = 2) -> pl.Series:
    kind = pl.List(pl.Float32) if dim is None else pl.Array(pl.Float32, dim)
    return pl.Series("vector", rows, dtype=kind)


@given(rows=st.integers(0, 9), dim=st.integers(1, 4), size=st.integers(1, 12))
def test_blocks_of_an_array_are_its_rows_in_order(rows: int, dim: int, size: int) -> None:
    """However many are asked for at a time, and however the array lies in memory."""
    array = np.asfortranarray(np.arange(rows * dim, dtype=np.float64).reshape(rows, dim))
    vectors = ArrayVectors(array)
    assert (vectors.rows, vectors.dim) == (rows, dim)
    assert [len(block) for block in vectors.blocks(size)] == [
        min(size, rows - at) for at in range(0, rows, size)
    ]
    np.testing.assert_array_equal(_all(vectors, size), array)
    np.testing.assert_array_equal(_all(vectors, size), array)


def test_an_array_that_holds_no_vectors_is_refused() -> None:
    """One axis, or no real numbers."""
    for wrong in (np.zeros(3), np.zeros((2, 2), complex), np.array([["a"]])):
        with pytest.raises(UsageError, match="holds no vectors") as error:
            ArrayVectors(wrong)
        assert "one vector a row" in error.value.hint


def test_numbers_too_large_for_float32_become_infinite() -> None:
    """They are counted as not finite later, and no warning is shown."""
    assert np.isinf(_all(ArrayVectors(np.array([[1e300, 1.0]])), 1)[0, 0])


@pytest.mark.parametrize("dim", [2, None])
def test_parquet_files_are_read_one_after_the_other(tmp_path: Path, dim: int | None) -> None:
    """Lists of a fixed length, and those that happen to be of one; blocks reach over row groups and files."""
    paths = _written(
        tmp_path,
        _vectors([[float(n), 0.5] for n in range(7)], dim),
        _vectors([], dim),
        _vectors([[9.0, 1.0]], dim),
    )
    vectors = ParquetVectors(paths)
    assert (vectors.rows, vectors.dim) == (8, 2)
    assert [len(block) for block in vectors.blocks(5)] == [5, 3]
    np.testing.assert_array_equal(_all(vectors, 5)[:, 0], [0, 1, 2, 3, 4, 5, 6, 9])


def test_lists_of_another_length_are_named(tmp_path: Path) -> None:
    """The file and the row."""
    vectors = ParquetVectors(_written(tmp_path, _vectors([[1.0, 2.0]] * 4 + [[1.0]], None)))
    with pytest.raises(DataError, match=r"part-0.parquet: .*row 5 has length 1, others have 2"):
        _all(vectors, 10)


def test_a_null_vector_is_named_or_left_out(tmp_path: Path) -> None:
    """As is asked; what is left out is not counted."""
    paths = _written(tmp_path, _vectors([[1.0, 2.0], [3.0, 4.0]]), _vectors([[5.0, 6.0], None, [7.0, 8.0]]))
    with pytest.raises(DataError, match=r"part-1.parquet: row 2 has no vector"):
        _all(ParquetVectors(paths), 10)
    skipping = ParquetVectors(paths, nulls="skip")
    assert skipping.rows == 4
    np.testing.assert_array_equal(_all(skipping, 3)[:, 0], [1, 3, 5, 7])
    for wanted, rows in (([0, 1, 2, 3], [0, 1, 2, 4]), ([1, 3], [1, 4]), ([], [])):
        assert skipping.file_rows(np.array(wanted, np.int64)).tolist() == rows


def test_a_null_value_within_a_vector_is_no_vector(tmp_path: Path) -> None:
    """It is no number that anything could be computed with."""
    column = pl.Series("vector", [[1.0, None]], dtype=pl.Array(pl.Float32, 2))
    with pytest.raises(DataError, match=r"part-0.parquet: row 1 has a value that is null"):
        _all(ParquetVectors(_written(tmp_path, column)), 10)


def test_a_column_that_is_none_or_holds_no_vectors_is_refused(tmp_path: Path) -> None:
    """The message says what there is."""
    path = tmp_path / "some.parquet"
    pl.DataFrame({"id": [1], "tags": [["a"]]}).write_parquet(path)
    with pytest.raises(UsageError, match="no column 'vector'") as error:
        _all(ParquetVectors([path]), 1)
    assert "id, tags" in error.value.hint
    for column in ("id", "tags"):
        with pytest.raises(UsageError, match="not vectors"):
            _all(ParquetVectors([path], column), 1)


def test_files_without_rows_have_no_vectors(tmp_path: Path) -> None:
    """Their length is that of the fixed lists; of lists of any length it is 0."""
    fixed, free = tmp_path / "a.parquet", tmp_path / "b.parquet"
    _vectors([]).to_frame().write_parquet(fixed)
    _vectors([], None).to_frame().write_parquet(free)
    assert (ParquetVectors([fixed]).rows, ParquetVectors([fixed]).dim) == (0, 2)
    assert (ParquetVectors([free]).rows, ParquetVectors([free]).dim) == (0, 0)


def test_chosen_rows_are_those_marked() -> None:
    """Blocks without any are not there."""
    array = np.arange(12.0).reshape(6, 2)
    chosen = ChosenVectors(ArrayVectors(array), np.array([True, True, False, False, True, False]))
    assert (chosen.rows, chosen.dim) == (3, 2)
    np.testing.assert_array_equal(_all(chosen, 2), array[[0, 1, 4]])
    with pytest.raises(UsageError, match="2 marks choose nothing among 6"):
        ChosenVectors(ArrayVectors(array), np.ones(2, np.bool_))


def test_a_null_vector_may_stand_for_zeros(tmp_path: Path) -> None:
    """So that rows keep their numbers; a file of nulls alone is zeros too."""
    paths = _written(tmp_path, _vectors([None, None]), _vectors([[5.0, 6.0], None, [7.0, 8.0]]))
    vectors = ParquetVectors(paths, nulls="zero")
    assert vectors.rows == 5
    np.testing.assert_array_equal(_all(vectors, 2), [[0, 0], [0, 0], [5, 6], [0, 0], [7, 8]])


def test_joined_vectors_come_one_after_the_other() -> None:
    """Parts without rows have no say in their length; others must have one length."""
    joined = JoinedVectors(*(ArrayVectors(np.full((rows, 2), rows)) for rows in (1, 0, 3)))
    assert (joined.rows, joined.dim) == (4, 2)
    np.testing.assert_array_equal(_all(joined, 2)[:, 0], [1, 3, 3, 3])
    assert JoinedVectors(ArrayVectors(np.empty((0, 3))), ArrayVectors(np.ones((1, 2)))).dim == 2
    with pytest.raises(UsageError, match="vectors of 2 and of 3 values cannot be compared"):
        JoinedVectors(ArrayVectors(np.ones((1, 3))), ArrayVectors(np.ones((1, 2))))
