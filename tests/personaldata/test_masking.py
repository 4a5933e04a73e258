from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ecomdata as ed
from ecomdata.personaldata import KINDS, Findings, Look, Masker, scan
from tests.personaldata.boards import Row, load_board
from tests.personaldata.test_looking import PIECES

texts = st.none() | st.lists(st.sampled_from(PIECES), max_size=4).map("".join)
rows = st.fixed_dictionaries(
    {
        "number": st.none() | st.integers(-5, 5),
        "text": texts,
        "tags": st.none() | st.lists(texts, max_size=3),
        "author": st.none() | st.fixed_dictionaries({"name": texts, "age": st.integers(0, 9)}),
        "replies": st.none()
        | st.lists(st.fixed_dictionaries({"body": texts, "score": st.none() | st.just(0.1)}), max_size=2),
    }
)


def _masked(release: ed.Release) -> tuple[Findings, pl.DataFrame]:
    """What was found, and the posts with all of it masked, row group by row group."""
    found = scan(release, ed.loader("board"))
    columns = {one.column for one in found}
    masker = Masker(found, "posts", dict.fromkeys(columns, frozenset(KINDS)))
    with pq.ParquetFile(release["posts"].paths[0]) as file:
        groups = [file.read_row_group(number) for number in range(file.num_row_groups)]
    after = [masker(group) for group in groups]
    assert {table.schema for table in after} == {group.schema for group in groups}
    return found, pl.DataFrame(pa.concat_tables(after))


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from (one for item in value.values() for one in _strings(item))
    elif isinstance(value, list | tuple):
        yield from (one for item in value for one in _strings(item))


@given(st.lists(rows, min_size=1, max_size=8))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_only_what_was_found_changes(monkeypatch: pytest.MonkeyPatch, drawn: list[Row]) -> None:
    """Rows, order, types, nulls and all other text stay; in the copy there is nothing left to find."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        monkeypatch.setenv("ECOMDATA_HOME", str(home))
        release = load_board(monkeypatch, Path(folder) / "raw", drawn)
        before = pl.read_parquet(list(release["posts"].paths))
        found, after = _masked(release)
        assert (after.schema, after.height) == (before.schema, before.height)
        look = Look(found.regions)
        for column in ("number", "text"):
            expected = [
                look.masked(value, column)[0] if isinstance(value, str) else value
                for value in before[column].to_list()
            ]
            assert after[column].to_list() == expected
        assert not [one for row in after.iter_rows() for one in _strings(row) if look.masked(one)[1]]
