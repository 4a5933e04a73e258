"""From blocks to checked frames."""

from __future__ import annotations

import gc
import threading
import weakref
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

from ecomdata.columns import Columns, DriftError
from ecomdata.declare import Raw, Table
from ecomdata.errors import EcomdataError
from ecomdata.pipeline import Assigned, Quarantine, TableReader, Tally, assign, count_reasons, process
from ecomdata.progress import Silent
from ecomdata.rawfile import RawFile
from ecomdata.readers import REJECTED, Batch, Block
from ecomdata.registry import loader
from ecomdata.shards import write_shards
from tests.toys import good_clicks, toyshop, write_clicks  # noqa: F401


@pytest.fixture
def events() -> Table:
    """The table of clicks."""
    return loader("shop/clicks").table("events")


@dataclass(frozen=True)
class Waiting:
    """A reader whose first block is ready only after its last."""

    blocks_made: int = 4

    def check(self, file: RawFile, columns: Columns) -> None:
        """Nothing to check."""

    def blocks(self, file: RawFile, columns: Columns) -> Iterator[Block]:  # noqa: ARG002
        """One row a block; the first waits for the second."""
        second = threading.Event()

        def parse(number: int) -> Batch:
            if number == 0:
                assert second.wait(30)
            elif number == 1:
                second.set()
            frame = columns.complete(pl.DataFrame({"user": [number], "item": [1], "action": ["view"]}))
            return Batch(frame=frame, span=1, raw=lambda positions: ["x" for _ in positions])

        for number in range(self.blocks_made):
            yield Block(1, lambda number=number: parse(number))


def file_at(folder: Path) -> RawFile:
    """The clicks below a folder."""
    return RawFile.on_disk(folder / "202305" / "clicks.csv", "202305/clicks.csv")


def test_blocks_are_delivered_in_order_whichever_is_ready_first(events: Table, tmp_path: Path) -> None:
    """Order does not depend on the threads."""
    raw = replace(
        events.raws[0], reader=Waiting(), drops={}, optional=("user", "item", "action", "price", "note")
    )
    assigned = [Assigned(file_at(write_clicks(tmp_path, [])), raw)]
    reader = TableReader(events, assigned, Quarantine(tmp_path, "events"), Silent(), jobs=2)
    assert [frame["user_id"].item() for frame in reader.frames()] == [0, 1, 2, 3]


def test_the_tally_balances(events: Table, tmp_path: Path) -> None:
    """What is read is written, rejected or dropped, file by file."""
    lines = [*good_clicks(5), "0,1,view,,", "x,1,view,,", ""]
    assigned = [Assigned(file_at(write_clicks(tmp_path, lines)), events.raws[0])]
    reader = TableReader(events, assigned, Quarantine(tmp_path, "events"), Silent(), jobs=1)
    assert sum(frame.height for frame in reader.frames()) == 5
    assert reader.tally == Tally(
        read=8,
        written=5,
        rejected=1,
        dropped=Counter({"test user": 1, "blank line": 1}),
        reasons=Counter({"user: … is not an integer": 1}),
        files=Counter({"202305/clicks.csv": 8}),
    )
    reader.tally.balance("events")


def test_rows_are_rejected_for_declared_reasons(events: Table, tmp_path: Path) -> None:
    """Before normalize sees them, each with every reason that holds; what a rule drops is not among them."""
    lines = [*good_clicks(2), "7,1,view,,", "0,7,view,,", "7,7,view,,", "8,x,view,,", "8,1,view,-5,"]
    rejects = {f"{name} is 7": pl.col(name) == 7 for name in ("user", "item")}
    assigned = [Assigned(file_at(write_clicks(tmp_path, lines)), replace(events.raws[0], rejects=rejects))]
    quarantine = Quarantine(tmp_path / "quarantine", "events")
    reader = TableReader(events, assigned, quarantine, Silent(), jobs=1)
    assert sum(frame.height for frame in reader.frames()) == 2
    quarantine.flush()
    rejected = pl.read_parquet(tmp_path / quarantine.files[0].path)
    assert rejected.select("row", pl.col("reasons").list.join("; "), "raw").rows() == [
        (4, "user is 7", "7,1,view,,"),
        (6, "user is 7; item is 7", "7,7,view,,"),
        (7, "item: 'x' is not an integer (int64)", "8,x,view,,"),
        (8, "price is below the minimum", "8,1,view,-5,"),
    ]
    reader.tally.balance("events")


def _misspelt(raw: pl.LazyFrame) -> pl.LazyFrame:
    return raw.select(user_id="usr")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"normalize": _misspelt}, r"^events: normalize of \w+ failed: ColumnNotFoundError: [^\n]*usr"),
        ({"normalize": lambda _: None}, r"^events: normalize of \w+ failed: AttributeError"),
        ({"drops": {"x": pl.col("nope")}}, r"^events: drops and rejects of \w+ failed: ColumnNotFoundError"),
    ],
)
def test_an_error_in_a_loaders_code_says_where(events: Table, changes: dict[str, Any], message: str) -> None:
    """The table and the function; polars itself names a column, and shows its plan."""
    raw = replace(events.raws[0], **changes)
    frame = raw.columns.complete(pl.DataFrame({"user": [1], "item": [1], "action": ["view"]}))
    block = Block(1, lambda: Batch(frame=frame, span=1, raw=lambda _: []))
    with pytest.raises(EcomdataError, match=message) as caught:
        process(block, table=events, raw=raw, paths={})
    assert "plan" not in str(caught.value)


def test_a_loaders_code_that_lacks_memory_is_no_fault_of_its(events: Table) -> None:
    """It would not help to report it."""
    raw = replace(events.raws[0], normalize=lambda _: np.empty(1 << 57))
    frame = raw.columns.complete(pl.DataFrame({"user": [1], "item": [1], "action": ["view"]}))
    with pytest.raises(MemoryError):
        process(
            Block(1, lambda: Batch(frame=frame, span=1, raw=lambda _: [])), table=events, raw=raw, paths={}
        )


def test_a_tally_that_does_not_balance_is_a_fault() -> None:
    """Rows that are lost are never passed over."""
    with pytest.raises(EcomdataError, match="3 rows read, but 1 written, 1 rejected and 0 dropped"):
        Tally(read=3, written=1, rejected=1).balance("events")


def test_a_file_is_of_the_first_kind_that_fits(events: Table, tmp_path: Path) -> None:
    """By its columns, among those whose name fits."""
    new = file_at(write_clicks(tmp_path / "new", good_clicks(1)))
    old = file_at(write_clicks(tmp_path / "old", ["1,2,view"], header="user,item,kind"))
    other = RawFile.on_disk(tmp_path / "new" / "202305" / "clicks.csv", "other.csv")
    assert assign([new, old, other], [events]) == {
        "events": [Assigned(new, events.raws[0]), Assigned(old, events.raws[1])]
    }


def test_a_file_of_no_kind_is_drift_from_the_nearest(events: Table, tmp_path: Path) -> None:
    """Whichever is declared first."""
    odd = file_at(write_clicks(tmp_path, [], header="user,item,kind,more"))
    for raws in (events.raws, tuple(reversed(events.raws))):
        with pytest.raises(DriftError) as caught:
            assign([odd], [replace(events, raws=raws)])
        assert (caught.value.missing, caught.value.extra) == ((), ("more",))


def rejections(reasons: list[list[str]]) -> pl.DataFrame:
    """Rejected rows with these reasons."""
    rows = len(reasons)
    columns = {"row": range(rows), "reasons": reasons, "raw": ["x"] * rows, "raw_bytes": [None] * rows}
    return pl.DataFrame(columns, schema=REJECTED)


def test_reasons_are_counted_by_kind() -> None:
    """A row with two reasons counts in both."""
    counts: Counter[str] = Counter()
    count_reasons(counts, rejections([["a: 'x' is bad", "b is null"], ["a: 'y' is bad"]]))
    assert counts == {"a: … is bad": 2, "b is null": 1}


def test_many_kinds_of_reasons_end_in_one() -> None:
    """Hostile data cannot fill the manifest."""
    counts: Counter[str] = Counter()
    for part in range(4):
        count_reasons(counts, rejections([[f"{part} of {kind}"] for kind in range(100)]))
    assert len(counts) == 51
    assert counts["other reasons"] == 350
    assert counts.total() == 400


def test_a_quarantine_without_rows_has_no_file(tmp_path: Path) -> None:
    """Nothing rejected, nothing written."""
    quarantine = Quarantine(tmp_path / "quarantine", "events")
    quarantine.add("a.csv", rejections([]))
    quarantine.flush()
    assert quarantine.files == []
    assert not (tmp_path / "quarantine").exists()


@pytest.mark.parametrize(("rows", "width"), [(300_000, 120), (300, 180_000)])
def test_a_large_quarantine_is_written_in_parts(rows: int, width: int, tmp_path: Path) -> None:
    """Many rejected rows do not have to fit into memory, nor do fewer that are wide."""
    quarantine = Quarantine(tmp_path / "quarantine", "events")
    for _ in range(10):
        quarantine.add("a.csv", rejections([["a" * width]] * (rows // 10)))
    quarantine.flush()
    assert len(quarantine.files) > 1
    paths = [tmp_path / file.path for file in quarantine.files]
    assert pl.read_parquet(paths).height == sum(file.rows for file in quarantine.files) == rows


def test_a_quarantine_keeps_no_memory_of_others(tmp_path: Path) -> None:
    """Of an engine that shares memory it would keep whole blocks for their few rejected rows."""
    memory = np.arange(1000)
    alive = weakref.ref(memory)
    rows = pl.Series(pa.array(memory))
    frame = rejections([["bad"]] * 1000).with_columns(rows.alias("row"))
    quarantine = Quarantine(tmp_path / "quarantine", "events")
    quarantine.add("a.csv", frame)
    del memory
    assert alive() is not None  # held by the frame, which shows that it would be
    del rows, frame
    gc.collect()
    assert alive() is None
    quarantine.flush()
    assert pl.read_parquet(tmp_path / quarantine.files[0].path)["row"].to_list() == list(range(1000))


@pytest.mark.parametrize("cuts", [[5000], [1] * 50 + [4950], [0, 2500, 0, 2500, 0], [4999, 1]])
def test_shards_do_not_depend_on_how_frames_come(tmp_path: Path, cuts: list[int]) -> None:
    """The same rows give the same bytes."""
    frame = pl.DataFrame({"a": range(5000), "b": [f"text {i}" for i in range(5000)]})
    (whole,) = write_shards(iter([frame]), frame.schema, tmp_path / "whole")
    edges = [sum(cuts[:i]) for i in range(len(cuts) + 1)]
    pieces = (frame[low:high] for low, high in pairwise(edges))
    (cut,) = write_shards(pieces, frame.schema, tmp_path / "cut")
    assert (whole.sha256, whole.rows) == (cut.sha256, 5000)


@pytest.mark.parametrize("first", [1, 100, 3000])
def test_shards_of_uneven_rows_do_not_depend_on_it_either(tmp_path: Path, first: int) -> None:
    """Though row groups are the smaller, the wider the rows."""
    texts = ["a" * (200_000 if i < 10 else 300) for i in range(6000)]
    frame = pl.DataFrame({"a": texts, "b": [[i] * (i % 9) for i in range(6000)]})
    (whole,) = write_shards(iter([frame]), frame.schema, tmp_path / "whole")
    (cut,) = write_shards(iter([frame[:first], frame[first:]]), frame.schema, tmp_path / "cut")
    assert whole.sha256 == cut.sha256


def test_rows_of_any_width_are_written(tmp_path: Path) -> None:
    """A row that is wider than a row group should be is one all the same."""
    frame = pl.DataFrame({"a": ["a" * (70 << 20)]})
    (file,) = write_shards(iter([frame]), frame.schema, tmp_path / "a")
    assert pl.read_parquet(tmp_path / file.path)["a"].str.len_bytes().item() == 70 << 20


def test_a_failure_on_the_way_is_the_one_that_is_raised(tmp_path: Path) -> None:
    """Its hint is not lost in the engine that writes."""

    def frames() -> Iterator[pl.DataFrame]:
        yield pl.DataFrame({"a": [1]})
        raise EcomdataError("no more", hint="do this")

    with pytest.raises(EcomdataError, match="no more") as caught:
        write_shards(frames(), pl.Schema({"a": pl.Int64}), tmp_path / "a")
    assert caught.value.hint == "do this"


def test_raw_kinds_are_told_apart_by_name_first(events: Table, tmp_path: Path) -> None:
    """A file whose name fits nothing is passed over."""
    raw: Raw = replace(events.raws[0], files=("others*.csv",))
    file = file_at(write_clicks(tmp_path, good_clicks(1)))
    assert assign([file], [replace(events, raws=(raw,))]) == {"events": []}
