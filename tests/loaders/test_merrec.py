"""MerRec in upstream's own spelling: shards in month folders in, events and items out."""

from __future__ import annotations

import itertools
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import ecomdata as ed
from ecomdata.loaders.merrec import DATASETS
from ecomdata.loaders.merrec.tables import EVENT_OF, Events, Items, RawEvents, normalize

(MERREC,) = DATASETS

COLUMNS = """
user_id:int64 stime:timestamp[us] session_id:string sequence_id:string sequence_length:int64 event_id:string
item_id:int64 product_id:string name:string price:double c0_name:string c0_id:int64 c1_name:string c1_id:int64
c2_name:string c2_id:int64 brand_name:string brand_id:int64 item_condition_id:int64 item_condition_name:string
size_name:string size_id:int64 color:string shipper_id:int64 shipper_name:string
"""
"""Upstream's columns as the Hub's viewer shows them, written down here a second time on purpose."""

TYPES = {name: pa.type_for_alias(alias) for name, alias in (pair.split(":") for pair in COLUMNS.split())}

AVON: dict[str, Any] = {
    "user_id": 213,
    "stime": datetime(2023, 5, 26, 3, 43, 51),  # noqa: DTZ001 - upstream's clock times have no zone
    "session_id": "0f" * 32,
    "sequence_id": "20230501_105",
    "sequence_length": 22,
    "event_id": "item_view",
    "item_id": 50711656,
    "product_id": "505_339",
    "name": "VINTAGE bottle",
    "price": 14.5,
    "c0_name": "Men",
    "c0_id": 469,
    "c1_name": "Other",
    "c1_id": 339,
    "c2_name": None,
    "c2_id": None,
    "brand_name": "Avon",
    "brand_id": 505,
    "item_condition_id": 1,
    "item_condition_name": "New",
    "size_name": None,
    "size_id": None,
    "color": None,
    "shipper_id": 1,
    "shipper_name": "Buyer",
}
"""A row with upstream's ids and quirks; the name and the session are invented."""


def write_shard(folder: Path, *rows: dict[str, Any], month: str = "20230501", shard: int = 0) -> Path:
    """Rows like :data:`AVON` with changes, as upstream's shard."""
    path = folder / month / f"{shard:012d}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist([AVON | row for row in rows], pa.schema(list(TYPES.items()))), path)
    return folder


def normalized(*rows: dict[str, Any]) -> pl.DataFrame:
    """Rows like :data:`AVON` with changes, normalised."""
    schema = {name: column.dtype for name, column in RawEvents.columns().items()}
    return normalize(pl.LazyFrame([AVON | row for row in rows], schema=schema)).collect()


def items_of(*rows: dict[str, Any], folder: Path) -> pl.DataFrame:
    """The items table of rows like :data:`AVON` with changes."""
    return ed.load("merrec", source=write_shard(folder, *rows))["items"].lazy().collect()


@pytest.fixture(scope="module")
def sampled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """20,000 synthetic rows."""
    folder = tmp_path_factory.mktemp("sampled")
    MERREC.sample(folder, 20_000, 3)
    return folder


@pytest.fixture(scope="module")
def raw(sampled: Path) -> pl.DataFrame:
    """The same rows as one frame, in file order."""
    return pl.concat(pl.read_parquet(path) for path in sorted(sampled.rglob("*.parquet")))


def test_raw_schema_is_upstreams() -> None:
    """The declared raw columns are upstream's 25, in file order."""
    assert RawEvents.column_names() == list(TYPES)


def test_no_raw_column_is_lost() -> None:
    """Every raw column is in the events, some under the canonical name."""
    renamed = {"stime": "timestamp", "event_id": "event_raw"}
    assert {renamed.get(name, name) for name in TYPES} <= set(Events.column_names())


@pytest.mark.parametrize(
    ("raw_event", "event"),
    [
        ("item_view", "view"),
        ("item_like", "like"),
        ("item_add_to_cart_tap", "cart"),
        ("offer_make", "offer"),
        ("buy_start", "checkout"),
        ("buy_comp", "purchase"),
    ],
)
def test_events_are_mapped(raw_event: str, event: str) -> None:
    """Each of upstream's six words has its canonical event, and is kept beside it."""
    row = normalized({"event_id": raw_event}).row(0, named=True)
    assert (row["event"], row["event_raw"]) == (event, raw_event)


def test_normalized_rows_have_the_declared_types() -> None:
    """Nothing is left for the engine to cast."""
    assert normalized({}).schema == {name: column.dtype for name, column in Events.columns().items()}


def test_clock_times_are_utc() -> None:
    """``stime`` has no zone; the paper's column table says UTC."""
    assert normalized({})["timestamp"].item() == datetime(2023, 5, 26, 3, 43, 51, tzinfo=UTC)


@pytest.mark.parametrize(
    ("ids", "category"),
    [((1097, 201, 1160), 1160), ((469, 339, None), 339), ((469, None, None), 469), ((None,) * 3, None)],
)
def test_category_is_the_deepest(ids: tuple[int | None, ...], category: int | None) -> None:
    """``category_id`` is c2, else c1, else c0."""
    row = dict(zip(("c0_id", "c1_id", "c2_id"), ids, strict=True))
    assert normalized(row)["category_id"].item() == category


def test_product_ids_are_kept_as_they_are() -> None:
    """``505_339`` is brand and c1, as c2 is null there; ``0_1160`` has no brand."""
    products = normalized({}, {"product_id": "0_1160"})["product_id"]
    assert products.to_list() == ["505_339", "0_1160"]


def test_brand_0_stays_0(tmp_path: Path) -> None:
    """Upstream writes 0 and a null name for no brand; both stay."""
    release = ed.load("merrec", source=write_shard(tmp_path, {"brand_id": 0, "brand_name": None}))
    assert release["events"].lazy().select("brand_id", "brand_name").collect().row(0) == (0, None)


def test_null_integers_are_never_floats(tmp_path: Path) -> None:
    """Categories and sizes with nulls stay int64 all the way, beside a value that a float cannot hold."""
    big = 2**53 + 1
    release = ed.load("merrec", source=write_shard(tmp_path, {}, {"c2_id": big, "size_id": big}))
    frame = release["events"].lazy().select("c2_id", "size_id").collect()
    assert frame.schema == {"c2_id": pl.Int64, "size_id": pl.Int64}
    assert frame.rows() == [(None, None), (big, big)]


def test_integers_that_pandas_made_floats_are_refused(tmp_path: Path) -> None:
    """A shard saved by pandas has ``size_id`` as double; the error names the column."""
    path = write_shard(tmp_path, {}) / "20230501/000000000000.parquet"
    table = pq.read_table(path)
    place = table.column_names.index("size_id")
    pq.write_table(table.set_column(place, "size_id", table["size_id"].cast(pa.float64())), path)
    with pytest.raises(ed.DataError, match="size_id"):
        ed.load("merrec", source=tmp_path)


def test_an_unknown_event_is_rejected_with_its_row(tmp_path: Path) -> None:
    """A word that upstream is not known to use is no canonical event; the row is in quarantine, whole."""
    release = ed.load("merrec", source=write_shard(tmp_path, {}, {"event_id": "item_unlike"}, {}))
    rejected = release["events"].rejected()
    assert len(release["events"]) == 2
    assert rejected["row"].to_list() == [2]
    assert "item_unlike" in rejected["raw"].item()
    assert any("event" in reason for reason in rejected["reasons"].item())


@pytest.mark.parametrize(
    "column", ["session_id", "sequence_id", "name", "price", "c0_id", "brand_id", "shipper_id"]
)
def test_upstream_promises_no_column(tmp_path: Path, column: str) -> None:
    """A null where none was seen so far is a value like any other."""
    release = ed.load("merrec", source=write_shard(tmp_path, {column: None}))
    assert len(release["events"]) == 1


@pytest.mark.parametrize("column", ["user_id", "item_id", "stime", "event_id"])
def test_who_what_which_and_when_are_needed(tmp_path: Path, column: str) -> None:
    """Without them a row is no interaction; it is rejected, not lost."""
    release = ed.load("merrec", source=write_shard(tmp_path, {column: None}, {}))
    assert (len(release["events"]), release["events"].rejected().height) == (1, 1)


def test_exact_duplicates_are_kept(tmp_path: Path) -> None:
    """Upstream repeats some rows; to drop them is up to the reader of the table."""
    assert len(ed.load("merrec", source=write_shard(tmp_path, {}, {}))["events"]) == 2


def test_shards_are_found_in_any_folder(tmp_path: Path) -> None:
    """Month folders below any folder, or shards alone; other Parquet files are none of upstream's."""
    write_shard(tmp_path / "merrec" / "data", {})
    assert len(ed.load("merrec", source=tmp_path)["events"]) == 1
    assert len(ed.load("merrec", source=tmp_path / "merrec" / "data" / "20230501", force=True)["events"]) == 1


def test_a_month_may_be_given_as_a_folder(tmp_path: Path) -> None:
    """Its shards keep it in their names, and the figures of May are about all, not the first alone."""
    write_shard(tmp_path, {})
    month = tmp_path / "20230501"
    first, last = month / "000000000000.parquet", month / "000000000311.parquet"
    release = ed.load("merrec", source=first)
    assert [file.name for file in release.manifest.raw] == ["20230501/000000000000.parquet"]
    assert {figure.status for figure in ed.validate("merrec").figures} == {"not applicable"}
    shutil.copy(first, last)
    ed.load("merrec", source=month)
    (events,) = [figure for figure in ed.validate("merrec").figures if figure.name == "events, May"]
    assert (events.status, events.measured) == ("failed", 2)


def test_only_takes_a_month(tmp_path: Path) -> None:
    """``--only '20230501/*'`` reads May alone."""
    write_shard(tmp_path, {}, {}, month="20230501")
    write_shard(tmp_path, {}, month="20230601")
    assert len(ed.load("merrec", source=tmp_path, only="20230501/*")["events"]) == 2


def test_a_derivative_is_recognised(tmp_path: Path) -> None:
    """salmon1802/MerRec has other columns: refused, saying what it looks like."""
    columns = (
        "user_index item_index seq_len user_id session_id day_of_week is_weekend hour "
        "Like Cart Offer Checkout Purchase"
    )
    folder = tmp_path / "20230501"
    folder.mkdir()
    pq.write_table(pa.table({name: [1] for name in columns.split()}), folder / "000000000000.parquet")
    with pytest.raises(ed.DataError, match="salmon1802/MerRec"):
        ed.load("merrec", source=tmp_path)


def test_items_are_first_and_last_snapshots(tmp_path: Path) -> None:
    """The first row is the listing at its first event, the last at its last, whatever the file order."""
    day = AVON["stime"].replace
    may = ({"stime": day(day=9), "price": 20.0}, {"stime": day(day=2), "price": 25.0}, {"stime": day(day=5)})
    frame = items_of(*may, folder=tmp_path)
    assert frame.select("item_id", "snapshot", "price", "events").rows() == [
        (50711656, "first", 25.0, 3),
        (50711656, "last", 20.0, 3),
    ]
    seen = tuple(datetime(2023, 5, day, 3, 43, 51, tzinfo=UTC) for day in (2, 9))
    assert frame.select("first_seen", "last_seen").rows() == [seen, seen]


def test_events_of_the_same_second_follow_the_file(tmp_path: Path) -> None:
    """Of equal times the first in the file is the first snapshot and the last one the last."""
    frame = items_of(*({"name": name} for name in ("a", "b", "c")), folder=tmp_path)
    assert frame["title"].to_list() == ["a", "c"]


def test_ties_follow_the_shards(tmp_path: Path) -> None:
    """File order runs on over shards and months."""
    write_shard(tmp_path, {"name": "a"}, {"name": "b"}, month="20230501", shard=0)
    write_shard(tmp_path, {"name": "c"}, month="20230501", shard=1)
    write_shard(tmp_path, {"name": "d"}, month="20230601", shard=0)
    frame = ed.load("merrec", source=tmp_path)["items"].lazy().collect()
    assert frame["title"].to_list() == ["a", "d"]


def test_an_item_seen_once_has_two_equal_snapshots(tmp_path: Path) -> None:
    """Two rows an item, always."""
    frame = items_of({}, folder=tmp_path)
    assert frame["snapshot"].to_list() == ["first", "last"]
    assert frame.drop("snapshot").unique().height == 1


def test_a_category_path_has_no_nulls(tmp_path: Path) -> None:
    """The path ends where upstream's levels end."""
    rows = ({}, {"item_id": 1, "c2_name": "Necklaces"}, {"item_id": 2, "c0_name": None, "c1_name": None})
    frame = items_of(*rows, folder=tmp_path).filter(pl.col("snapshot") == "first")
    assert frame["category_path"].to_list() == [["Men", "Other", "Necklaces"], [], ["Men", "Other"]]


def test_items_equal_an_independent_computation(sampled: Path, raw: pl.DataFrame) -> None:
    """The query gives what a plain sort in polars gives, row for row and in order."""
    ordered = normalize(raw.lazy()).collect().sort("timestamp", maintain_order=True)
    group = ordered.group_by("item_id", maintain_order=True)
    counts = group.agg(
        first_seen=pl.col("timestamp").min(),
        last_seen=pl.col("timestamp").max(),
        events=pl.len().cast(pl.Int64),
    )
    ends = pl.concat(
        [
            group.first().with_columns(snapshot=pl.lit("first")),
            group.last().with_columns(snapshot=pl.lit("last")),
        ]
    )
    names = {
        "name": "title",
        "brand_name": "brand",
        "item_condition_name": "condition",
        "item_condition_id": "condition_id",
        "size_name": "size",
        "shipper_name": "shipper",
    }
    path = pl.concat_list("c0_name", "c1_name", "c2_name").list.drop_nulls()
    expected = (
        ends.with_columns(category_path=path)
        .rename(names)
        .join(counts, on="item_id")
        .sort("item_id", "snapshot")
        .select(pl.col(name).cast(column.dtype) for name, column in Items.columns().items())
    )
    items = ed.load("merrec", source=sampled)["items"].lazy().collect()
    assert items.equals(expected)


def test_sample_has_upstreams_layout_and_types(sampled: Path) -> None:
    """Month folders, names of twelve digits, 25 columns in upstream's Arrow types."""
    files = sorted(path.relative_to(sampled).as_posix() for path in sampled.rglob("*.parquet"))
    assert files == [
        f"{month}/{shard:012d}.parquet" for month in ("20230501", "20230601") for shard in (0, 1)
    ]
    for file in files:
        schema = pq.read_schema(sampled / file)
        assert dict(zip(schema.names, schema.types, strict=True)) == TYPES


@pytest.mark.parametrize("rows", [1, 2, 3, 99, 1_000, 4_321])
def test_sample_has_the_rows_asked_for(tmp_path: Path, rows: int) -> None:
    """Exactly so many, however few."""
    MERREC.sample(tmp_path, rows, 0)
    assert sum(pq.read_metadata(path).num_rows for path in tmp_path.rglob("*.parquet")) == rows


def test_sample_has_every_event_at_1000_rows(tmp_path: Path) -> None:
    """Purchases too, though one event in a thousand is one."""
    MERREC.sample(tmp_path, 1_000, 0)
    assert set(pl.read_parquet(tmp_path)["event_id"]) == set(EVENT_OF)


def test_sample_has_the_published_shares(raw: pl.DataFrame) -> None:
    """Event kinds, nulls and duplicates come about as often as upstream's own."""
    views = (raw["event_id"] == "item_view").mean()
    nulls = {name: raw[name].null_count() / raw.height for name in ("color", "size_name", "brand_name")}
    assert views == pytest.approx(0.8323, abs=0.002)
    assert nulls == pytest.approx({"color": 0.956, "size_name": 0.627, "brand_name": 0.192}, abs=0.04)
    assert 0 < raw.height - raw.unique().height < 0.005 * raw.height


def test_sample_sequences(raw: pl.DataFrame) -> None:
    """A sequence is a user's: as long as it says, in time order, in one session of 64 hex characters."""
    assert raw["session_id"].str.contains("^[0-9a-f]{64}$").all()
    assert raw["sequence_id"].str.contains(r"^2023(05|06)01_\d+$").all()
    sequences = raw.group_by("user_id", "sequence_id", maintain_order=True).agg(
        pl.len(),
        pl.col("sequence_length", "session_id").n_unique().name.suffix("s"),
        "sequence_length",
        "stime",
    )
    assert (sequences["len"] == sequences["sequence_length"].list.first()).all()
    assert sequences.select((pl.col("sequence_lengths", "session_ids") == 1).all()).row(0) == (True, True)
    assert (sequences["stime"].list.sort() == sequences["stime"]).all()
    assert raw["sequence_id"].n_unique() < sequences.height, "the ids alone are not unique"


def test_sample_sequences_run_on_in_the_next_shard(sampled: Path) -> None:
    """The last sequence of a shard is the first of the next."""
    shards = [pl.read_parquet(path) for path in sorted((sampled / "20230501").glob("*.parquet"))]
    for one, other in itertools.pairwise(shards):
        key = ["user_id", "sequence_id"]
        assert one.tail(1).select(key).equals(other.head(1).select(key))


def test_sample_listings(raw: pl.DataFrame) -> None:
    """Ids and names agree: no brand is 0, a product is brand and leaf category, nothing comes half null."""
    leaf = pl.coalesce("c2_id", "c1_id", "c0_id").cast(pl.String)
    agree = {
        "brand": (pl.col("brand_id") == 0) == pl.col("brand_name").is_null(),
        "product": pl.col("product_id") == pl.col("brand_id").cast(pl.String) + "_" + leaf,
        "size": pl.col("size_id").is_null() == pl.col("size_name").is_null(),
        "c1": pl.col("c1_id").is_null() == pl.col("c1_name").is_null(),
        "c2": pl.col("c2_id").is_null() == pl.col("c2_name").is_null(),
        "condition": (pl.col("item_condition_id") == 0) == pl.col("item_condition_name").is_null(),
        "shipper": (pl.col("shipper_id") == 1) == (pl.col("shipper_name") == "Buyer"),
        "name": pl.col("name").str.len_chars().is_between(1, 80),
        "price": pl.col("price").is_between(1, 5000),
    }
    held = raw.select(rule.all().alias(name) for name, rule in agree.items()).row(0, named=True)
    assert held == dict.fromkeys(agree, True)
    assert raw["c1_id"].null_count() > 0
    assert raw["c2_id"].null_count() > raw["c1_id"].null_count()


def test_sample_listings_change(raw: pl.DataFrame) -> None:
    """Some items get a new price or name in the course of time."""
    kinds = raw.group_by("item_id").agg(pl.col("price", "name").n_unique()).max()
    assert kinds.select("price", "name").row(0) == (2, 2)


def test_sample_has_a_long_tail(raw: pl.DataFrame) -> None:
    """A tenth of the users and of the items has far more than a tenth of the events."""
    for name in ("user_id", "item_id"):
        counts = raw[name].value_counts(sort=True)["count"]
        assert counts.head(counts.len() // 10).sum() > 0.25 * raw.height
