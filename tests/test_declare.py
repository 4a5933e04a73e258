"""Declarations are checked when they are made."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, dataclass, replace
from pathlib import Path
from typing import Any

import dataframely as dy
import polars as pl
import pytest

from ecomdata.canonical import EVENTS
from ecomdata.declare import Dataset, DeclarationError, Licence, Raw, Source, Table, View
from ecomdata.readers import Delimited, JsonArray, JsonLines, JsonPaths, SplitOnce


class RawRows(dy.Schema):
    """Raw rows."""

    user = dy.Int64()


class Rows(dy.Schema):
    """Rows.

    Of some kind.
    """

    user_id = dy.Int64()
    event = dy.Enum(EVENTS)
    extra = dy.String()


class Bare(dy.Schema):  # noqa: D101 - that is its fault
    user_id = dy.Int64()


class Shuffled(dy.Schema):
    """An own column before a canonical one."""

    extra = dy.String()
    user_id = dy.Int64()


class Floating(dy.Schema):
    """An id that is a float."""

    user_id = dy.Float64()


class Wordy(dy.Schema):
    """An event that may be any text."""

    event = dy.String()


VIEW = View(name="first", description="The first event.", sql="SELECT * FROM this.events LIMIT 1")


def same(rows: pl.LazyFrame) -> pl.LazyFrame:
    """No change."""
    return rows


def write_nothing(folder: Path, rows: int, seed: int) -> None:
    """A sampler."""


LICENCE = Licence(id="MIT", url="https://example.org", redistribution=True)
SOURCE = Source(url="https://example.org/a.csv")
RAW = Raw(files=("a.csv",), reader=Delimited(), schema=RawRows, normalize=same)
TABLE = Table(name="events", kind="interactions", schema=Rows, grain="one event", raws=(RAW,))
DATASET = Dataset(
    name="shop/clicks",
    title="Clicks",
    summary="Clicks.",
    homepage="https://example.org",
    licence=LICENCE,
    citation="@misc{a, title={A}}",
    languages=("en", "bn-Latn"),
    access="open",
    sources=(SOURCE,),
    tables=(TABLE,),
    sample=write_nothing,
)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"url": "http://example.org"}, "licence url must be https"),
        ({"url": ""}, "licence url must be https"),
        ({"id": "other"}, "needs a name"),
        ({"id": "My Own"}, "is not an SPDX id; use 'other' with a name"),
        ({"id": "mit"}, "is spelt 'MIT' in SPDX"),
    ],
)
def test_a_licence_is_spdx_or_named(changes: dict[str, Any], message: str) -> None:
    """With a page to read it on."""
    with pytest.raises(DeclarationError, match=message):
        replace(LICENCE, **changes)


def test_a_licence_has_a_title() -> None:
    """Its SPDX id, or its name."""
    assert LICENCE.title == "MIT"
    assert replace(LICENCE, id="other", name="House rules").title == "House rules"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"url": ""}, "needs a url or instructions"),
        ({"url": "ftp://example.org"}, "is neither https"),
        ({"url": "hf://datasets/a/b"}, "is neither https"),
        ({"url": "hf://models/a/b@main"}, "is neither https"),
        ({"size": -1}, "size is negative"),
        ({"sha256": {"a.csv": "abc"}}, "sha256 of 'a.csv' is not 64 hex digits"),
        ({"sha256": {"a.csv": "A" * 64}}, "sha256 of 'a.csv' is not 64 hex digits"),
    ],
)
def test_a_source_says_where_it_is(changes: dict[str, Any], message: str) -> None:
    """A Hub source with its revision."""
    with pytest.raises(DeclarationError, match=message):
        replace(SOURCE, **changes)


@pytest.mark.parametrize(
    "url", ["hf://datasets/a/b@main", "hf://datasets/a/b.c@0123abc/folder", "https://example.org/x.zip"]
)
def test_a_source_may_be_on_the_hub_or_the_web(url: str) -> None:
    """These are the two ways to download."""
    assert Source(url=url).url == url


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"files": ()}, "at least one glob"),
        ({"optional": ("usr",)}, r"optional: \['usr'\] not in RawRows"),
        ({"by_position": ("usr",)}, r"by_position: \['usr'\] not in RawRows"),
        ({"aliases": {"usr": ("u",)}}, r"aliases: \['usr'\] not in RawRows"),
        ({"path": "(?P<user>.*)"}, r"path groups \['user'\] are raw columns too"),
    ],
)
def test_a_raw_kind_speaks_of_its_own_columns(changes: dict[str, Any], message: str) -> None:
    """A misspelt column is found at once."""
    with pytest.raises(DeclarationError, match=message):
        replace(RAW, **changes)


@pytest.mark.parametrize(
    ("declared", "changes", "message"),
    [
        (RAW, {"files": "a.csv"}, r"files is a tuple; write \('a.csv',\) with a comma, not 'a.csv'"),
        (RAW, {"aliases": {"user": "usr"}}, r"aliases\['user'\] is a tuple; write \('usr',\)"),
        (RAW, {"reader": Delimited(delimiters=",")}, r"Delimited of RawRows: delimiters is a tuple"),
        (RAW, {"reader": JsonPaths(paths={"user": "id"})}, r"JsonPaths of RawRows: paths\['user'\] is a"),
        (TABLE, {"raws": RAW}, r"table 'events': raws is a tuple; write \(Raw\(\.\.\.\),\)"),
        (TABLE, {"key": "user_id"}, "table 'events': key is a tuple"),
        (SOURCE, {"files": "**"}, "source: files is a tuple"),
        (DATASET, {"sources": SOURCE}, "dataset 'shop/clicks': sources is a tuple"),
        (DATASET, {"languages": "en"}, "dataset 'shop/clicks': languages is a tuple"),
        (VIEW, {"parameters": "days"}, "view 'first': parameters is a tuple"),
    ],
)
def test_one_value_is_no_tuple(declared: Any, changes: dict[str, Any], message: str) -> None:
    """Its letters would be taken for the values: a comma is soon forgotten."""
    with pytest.raises(DeclarationError, match=message):
        replace(declared, **changes)


@dataclass(frozen=True)
class Choosing(Delimited):
    """A reader of somebody's own, with a choice."""

    keep: tuple[str, ...] | None = None
    skip: tuple[str, ...] | str = ""


def test_a_reader_may_take_something_else_than_a_tuple() -> None:
    """Where its types say so."""
    assert replace(RAW, reader=Choosing()).reader == Choosing()


def test_a_key_is_declared_of_a_table() -> None:
    """A schema is checked a block at a time: of two rows with one key both went, or none, as they lay."""

    class Keyed(dy.Schema):
        """Rows with a key."""

        user_id = dy.Int64(primary_key=True)

    message = r"table 'events': .* write key=\('user_id',\) in the table, and no primary_key"
    with pytest.raises(DeclarationError, match=message):
        replace(TABLE, schema=Keyed)


@pytest.mark.parametrize("declared", [RAW, TABLE])
def test_a_schema_is_a_class_of_columns(declared: Any) -> None:
    """Neither another class nor a schema that was made."""
    for schema in (dict, Rows()):
        with pytest.raises(DeclarationError, match="schema is a class such as class Events"):
            replace(declared, schema=schema)


DATE, DECIMAL, LIST = dy.Date(), dy.Decimal(9, 2), dy.List(dy.Int64())


@pytest.mark.parametrize(
    ("reader", "column"),
    [
        (Delimited(), DATE),
        (Delimited(), dy.Datetime(time_zone="UTC")),
        (Delimited(), DECIMAL),
        (Delimited(), LIST),
        (SplitOnce(), dy.Time()),
        (JsonArray(), dy.Struct({"a": dy.Int64()})),
        (JsonArray(), LIST),
        (JsonPaths(paths={"x": ("x",)}), dy.Duration()),
        (JsonLines(), dy.Enum(["a"])),
        (JsonLines(), dy.List(dy.Struct({"a": dy.Date()}))),
    ],
)
def test_a_type_that_a_reader_does_not_read_is_refused(reader: Any, column: Any) -> None:
    """Text says such values in several ways: polars guesses at a date, rounds a decimal, empties a struct."""
    schema: Any = type("RawX", (dy.Schema,), {"x": column})
    message = f"{type(reader).__name__} of RawX: x is .*; declare dy.String\\(\\).* convert in normalize"
    with pytest.raises(DeclarationError, match=message):
        replace(RAW, schema=schema, reader=reader)


@pytest.mark.parametrize(
    ("reader", "column"),
    [
        (Delimited(), dy.Enum(["a"])),
        (Delimited(), dy.Bool()),
        (JsonArray(lists={"x": ("tags", "name")}), dy.List(dy.String())),
        (JsonPaths(paths={"x": ("x",)}), dy.Float32()),
        (JsonLines(), dy.List(dy.List(dy.Int64()))),
        (JsonLines(), dy.List(dy.Struct({"a": dy.Int64(), "b": dy.List(dy.String())}))),
    ],
)
def test_types_that_text_says_in_one_way_are_read(reader: Any, column: Any) -> None:
    """Words, truth values, numbers, and lists and objects where the format has them."""
    schema: Any = type("RawX", (dy.Schema,), {"x": column})
    assert replace(RAW, schema=schema, reader=reader).columns.names == ["x"]


@pytest.mark.parametrize(
    ("reader", "message"),
    [
        (Delimited, r"a reader is made, such as Delimited\(\)"),
        (Delimited(delimiters=("::",)), "the delimiter '::' is not one character"),
        (JsonLines(rest="others"), "rest names 'others', which is no column of RawRows"),
        (JsonLines(loose=("usr",)), "loose names 'usr'"),
        (JsonArray(texts=("usr",)), "texts names 'usr'"),
        (JsonArray(number="place"), "number names 'place'"),
        (JsonArray(kinds={"kind": "user"}), "kinds names 'kind'"),
        (JsonPaths(paths={"usr": ("usr",)}), "user has no path; paths names 'usr'"),
    ],
)
def test_a_reader_speaks_of_declared_columns(reader: Any, message: str) -> None:
    """What it says of others would change nothing, and nobody would hear of it."""
    with pytest.raises(DeclarationError, match=message):
        replace(RAW, reader=reader)


def test_a_path_gives_columns() -> None:
    """Null where it does not match."""
    raw = replace(RAW, path=r"/(?P<month>\d{6})/")
    assert raw.path_columns("/a/202305/b.csv") == {"month": "202305"}
    assert raw.path_columns("/a/b.csv") == {"month": None}
    assert RAW.path_columns("/a/202305/b.csv") == {}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "Events"}, "names are lower_snake_case"),
        ({"name": ""}, "names are lower_snake_case"),
        ({"schema": Bare}, "Bare needs a docstring"),
        ({"grain": ""}, "say what one row is"),
        ({"raws": ()}, "give raws or derive, one of the two"),
        ({"drops": {"x": pl.lit(value=True)}}, "a table that is read has its drops in raws"),
        ({"derive": "SELECT 1"}, "give raws or derive, one of the two"),
        ({"key": ("id",)}, r"key \['id'\] not in Rows"),
        ({"units": {"id": "s"}}, r"units \['id'\] not in Rows"),
        ({"kind": "events"}, "kind 'events' is not a canonical table"),
        ({"schema": Shuffled}, "canonical columns come first, in this order: user_id"),
        ({"schema": Floating}, "user_id is Float64"),
        ({"schema": Wordy}, "event is String"),
    ],
)
def test_a_table_keeps_the_contract(changes: dict[str, Any], message: str) -> None:
    """Its names, its words and its canonical columns."""
    with pytest.raises(DeclarationError, match=message):
        replace(TABLE, **changes)


def test_a_table_knows_its_canonical_columns() -> None:
    """Those that the canonical table of its kind has, in order."""
    assert TABLE.canonical == ("user_id", "event")
    assert replace(TABLE, kind="").canonical == ()
    assert TABLE.description == "Rows."


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "Shop"}, "names are like"),
        ({"name": "a/b/c"}, "names are like"),
        ({"name": "../etc"}, "names are like"),
        ({"title": ""}, "needs a title and a summary"),
        ({"summary": ""}, "needs a title and a summary"),
        ({"homepage": "http://example.org"}, "homepage must be https"),
        ({"citation": "Someone, 2020"}, "citation is not BibTeX"),
        ({"access": "free"}, "access is one of"),
        ({"sources": ()}, "needs a source"),
        ({"tables": ()}, "needs a table"),
        ({"languages": ("English",)}, "'English' is not a BCP 47 tag"),
        ({"tables": (TABLE, TABLE)}, "two tables or views have one name"),
        ({"sample": None}, "give sample or derived_from, one of the two"),
        ({"derived_from": "other/set"}, "give sample or derived_from, one of the two"),
        ({"sample": None, "derived_from": "other/set"}, "is derived, but events is read from raw files"),
        ({"views": (replace(VIEW, name="events"),)}, "two tables or views have one name"),
        ({"views": (replace(VIEW, sql="SELECT * FROM this.clicks"),)}, "uses clicks, which is not there"),
    ],
)
def test_a_dataset_keeps_the_contract(changes: dict[str, Any], message: str) -> None:
    """The message names the dataset and the fix."""
    with pytest.raises(DeclarationError, match=message) as caught:
        replace(DATASET, **changes)
    assert str(caught.value).startswith("dataset '")


def test_a_dataset_has_a_schema_in_sql() -> None:
    """With underscores for what SQL names do not have."""
    assert replace(DATASET, name="taobao/user-behavior").schema_name == "taobao_user_behavior"
    assert (DATASET.family, DATASET.table("events")) == ("shop", TABLE)
    with pytest.raises(KeyError):
        DATASET.table("items")


def test_declarations_are_frozen() -> None:
    """Nobody changes them behind the registry's back."""
    with pytest.raises(FrozenInstanceError):
        DATASET.title = "x"
    with pytest.raises(TypeError):
        DATASET.lookalikes["x"] = frozenset()
    with pytest.raises(TypeError, match="unexpected keyword"):
        replace(DATASET, licenses=())


def test_versions_are_known_by_their_whole_hash() -> None:
    """A shortened hash would never be met."""
    with pytest.raises(DeclarationError, match=r"sha256 of 'a\.csv' is not 64 hex digits"):
        replace(DATASET, versions={"a.csv": {"abc": "the first upload"}})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "Labels"}, "lower_snake_case"),
        ({"description": "Labels"}, "is a sentence"),
        ({"sql": "SELECT 1"}, "names no table"),
        ({"parameters": ("a b",)}, "lower_snake_case"),
    ],
)
def test_a_view_says_what_is_wrong_with_it(changes: dict[str, Any], message: str) -> None:
    """Before anything is loaded."""
    given = {"name": "labels", "description": "Labels.", "sql": "SELECT * FROM this.clicks", **changes}
    with pytest.raises(DeclarationError, match=message):
        View(**given)


class Broken(dy.Schema):
    """Rows."""

    user_id = dy.Int64(description="Who \ud83d is.")


@pytest.mark.parametrize(
    ("declared", "changes", "where"),
    [
        (LICENCE, {"note": "\ud83d"}, "licence"),
        (SOURCE, {"instructions": "Ask \ud83d."}, "source"),
        (RAW, {"files": ("\udcff.csv",)}, "raw files"),
        (TABLE, {"grain": "one \ud83d"}, "table 'events'"),
        (TABLE, {"schema": Broken, "kind": "", "key": ()}, "table 'events'"),
        (VIEW, {"description": "\ud83d."}, "view 'first'"),
        (DATASET, {"summary": "Shoes \ud83d"}, "dataset 'shop/clicks'"),
        (DATASET, {"versions": {"\ud83d": {}}}, "dataset 'shop/clicks'"),
        (DATASET, {"lookalikes": {"theirs": frozenset({"\ud83d"})}}, "dataset 'shop/clicks'"),
    ],
)
def test_half_a_character_is_refused(declared: Any, changes: dict[str, Any], where: str) -> None:
    """No file holds it: cards and manifests could not be written."""
    with pytest.raises(DeclarationError, match=f"{where}: .* has half of a character") as caught:
        replace(declared, **changes)
    str(caught.value).encode()
