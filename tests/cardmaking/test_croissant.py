"""What croissant.json says is what lies in the store, for every table and column of every dataset."""

from __future__ import annotations

import hashlib
import itertools
import json
import shutil
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import dataframely as dy
import numpy as np
import pandas as pd
import polars as pl
import pytest

import ecomdata as ed
from ecomdata.cardmaking import Prose, read_prose
from ecomdata.cardmaking.bibtex import year
from ecomdata.cardmaking.croissant import CONTEXT, croissant
from ecomdata.cardmaking.croissantcheck import check_croissant
from ecomdata.declare import Dataset, Table
from ecomdata.errors import DataError
from ecomdata.published import Published, PublishedTable
from ecomdata.shards import write_shards
from tests.hub.conftest import load_small

NAMES = list(ed.datasets())
COMPARED = 40
TYPES: dict[type[pl.DataType], type] = {
    pl.Int64: np.int64,
    pl.Int32: np.int32,
    pl.UInt32: np.uint32,
    pl.Float32: np.float32,
    pl.Float64: np.float64,
    pl.Boolean: bool,
    pl.String: bytes,
    pl.Enum: bytes,
    pl.Date: pd.Timestamp,
    pl.Datetime: pd.Timestamp,
}


@pytest.fixture(scope="session")
def releases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, ed.Release]:
    """A small release of every dataset; tests only read them."""
    folder = tmp_path_factory.mktemp("croissant")
    return {name: load_small(name, folder / "raw", folder / "home") for name in NAMES}


def published(release: ed.Release, *, sample: bool = False, card_only: bool = False) -> Published:
    """What is published of a release."""
    manifest = replace(release.manifest, sample=sample)
    licence = ed.loader(manifest.dataset).licence
    return Published.of(manifest, licence, rights="They may be passed on.", card_only=card_only)


def document(release: ed.Release, repo: str = "", **options: bool) -> dict[str, Any]:
    """Its croissant.json."""
    dataset = ed.loader(release.manifest.dataset)
    made = croissant(dataset, published(release, **options), read_prose(dataset), repo=repo)
    return json.loads(made)


def plain(value: Any) -> Any:
    """What mlcroissant makes of a value, as polars has it."""
    match value:
        case bytes():
            return value.decode()
        case np.generic():
            return value.item()
        case pd.Timestamp():
            return value.to_pydatetime()
        case list():
            return [plain(one) for one in value]
        case dict():
            return {key.rpartition("/")[2]: plain(one) for key, one in value.items()}
    return value


def expected(value: Any, dtype: pl.DataType) -> Any:
    """What polars has, as it should come back."""
    if isinstance(dtype, pl.List) and isinstance(dtype.inner, pl.Struct) and value is None:
        # mlcroissant makes one struct of nulls of a list that is null.
        return [dict.fromkeys((member.name for member in dtype.inner.fields), None)]
    if type(value) is date:
        return datetime(value.year, value.month, value.day)  # noqa: DTZ001 - mlcroissant has no dates
    return value


@pytest.mark.parametrize("name", NAMES)
def test_records_are_the_rows_of_the_store(
    name: str, releases: dict[str, ed.Release], tmp_path: Path
) -> None:
    """The first rows come back with the same values and types, of every column."""
    import mlcroissant

    release = releases[name]
    path = tmp_path / "croissant.json"
    path.write_text(json.dumps(document(release)))
    for table in release:
        shutil.copytree(release.folder / table, tmp_path / table)
    read: Any = mlcroissant.Dataset(str(path))
    assert [one.id for one in read.metadata.record_sets] == [t.name for t in ed.loader(name).tables]
    for table, data in release.items():
        frame = pl.concat([pl.read_parquet(one, n_rows=COMPARED) for one in data.paths]).head(COMPARED)
        records = list(itertools.islice(read.records(table), COMPARED))
        wanted = [
            {column: expected(row[column], dtype) for column, dtype in frame.schema.items()}
            for row in frame.iter_rows(named=True)
        ]
        assert [plain(record) for record in records] == wanted
        for column, dtype in frame.schema.items():
            values = [record[f"{table}/{column}"] for record in records]
            found = {type(one) for one in _leaves(values)} - {type(None)}
            assert found <= {TYPES[type(leaf)] for leaf in _leaf_types(dtype)}, (table, column)


def _leaves(value: Any) -> list[Any]:
    if isinstance(value, list):
        return [leaf for one in value for leaf in _leaves(one)]
    return _leaves(list(value.values())) if isinstance(value, dict) else [value]


def _leaf_types(dtype: Any) -> list[pl.DataType]:
    if isinstance(dtype, pl.List | pl.Array):
        return _leaf_types(dtype.inner)
    if isinstance(dtype, pl.Struct):
        return [leaf for member in dtype.fields for leaf in _leaf_types(member.dtype)]
    return [dtype]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("repo", "options"),
    [("acme/shop", {}), ("", {"sample": True}), ("acme/shop", {"card_only": True})],
)
def test_it_passes_the_checks(
    name: str, repo: str, options: dict[str, bool], releases: dict[str, ed.Release], tmp_path: Path
) -> None:
    """Valid, with no warning, and with a record of every RecordSet; for data, samples and cards alone."""
    path = tmp_path / "croissant.json"
    path.write_text(json.dumps(document(releases[name], repo, **options)))
    assert check_croissant(path, folder=releases[name].folder) == ()


@pytest.mark.parametrize("name", NAMES)
def test_files_have_the_sizes_and_hashes_of_the_files(name: str, releases: dict[str, ed.Release]) -> None:
    """Every data file is there once, with what the disk says of it; the repository's hash is that of all."""
    release = releases[name]
    nodes = {one["@id"]: one for one in document(release, "acme/shop")["distribution"]}
    files = {file.path for table in release.manifest.tables.values() for file in table.files}
    assert {one for one, node in nodes.items() if "contentSize" in node} == files
    listing = ""
    for file in sorted(files):
        content = (release.folder / file).read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        listing += f"{digest}  {file}\n"
        assert nodes[file]["sha256"] == digest
        assert nodes[file]["contentSize"] == f"{len(content)} B"
        assert nodes[file]["contentUrl"] == f"https://huggingface.co/datasets/acme/shop/resolve/main/{file}"
    assert nodes["hub-repository"]["sha256"] == hashlib.sha256(listing.encode()).hexdigest()


@pytest.mark.parametrize("name", NAMES)
def test_what_is_written_survives_mlcroissant(
    name: str, releases: dict[str, ed.Release], tmp_path: Path
) -> None:
    """Core, responsible-AI and provenance facts are the same after mlcroissant read and wrote them."""
    import mlcroissant

    said = document(releases[name])
    path = tmp_path / "croissant.json"
    path.write_text(json.dumps(said))
    again: dict[str, Any] = mlcroissant.Dataset(str(path)).metadata.to_json()
    facts = {key for key in said if key.startswith(("rai:", "prov:"))}
    assert facts >= {
        "rai:hasSyntheticData",
        "rai:personalSensitiveInformation",
        "rai:dataPreprocessingProtocol",
    }
    assert facts >= {"prov:wasDerivedFrom", "prov:wasGeneratedBy"}
    for key in {*facts, "name", "description", "license", "citeAs", "version", "keywords", "conformsTo"}:
        assert _unordered(again[key]) == _unordered(said[key]), key
    assert said["datePublished"] == year(ed.loader(name).citation)


def _unordered(value: Any) -> Any:
    """RDF has sets: one value for a list of one, and no order."""
    return sorted(json.dumps(one, sort_keys=True) for one in (value if isinstance(value, list) else [value]))


def test_it_is_croissant_1_1(releases: dict[str, ed.Release]) -> None:
    """It says so, has the context of that version, and a version by semver that names the release."""
    release = releases["merrec"]
    said = document(release)
    assert said["conformsTo"][0] == "http://mlcommons.org/croissant/1.1"
    assert said["@context"] == CONTEXT
    assert {CONTEXT["rai"], CONTEXT["prov"]} == {
        "http://mlcommons.org/croissant/RAI/",
        "http://www.w3.org/ns/prov#",
    }
    assert said["version"] == f"{ed.__version__}+{release.manifest.release}"
    assert said["recordSet"][1]["key"] == [{"@id": "items/item_id"}, {"@id": "items/snapshot"}]


def test_responsible_facts_are_those_of_the_prose(releases: dict[str, ed.Release]) -> None:
    """Each point of a section is a text of its own, and the counts are the manifest's."""
    said = document(releases["merrec"])
    prose = read_prose(ed.loader("merrec"))
    assert len(said["rai:dataLimitations"]) == prose.sections["Limitations"].count("\n- ") + 1
    assert said["rai:personalSensitiveInformation"][0] == "Pseudonymous ids of people."
    assert said["rai:dataCollection"] == prose.collection
    assert said["rai:dataCollectionTimeframe"] == "2023-05-01/2023-10-31"
    assert said["rai:hasSyntheticData"] is False
    assert said["rai:dataPreprocessingProtocol"][0].startswith(
        "Table events: of 300 rows read, 0 did not fit"
    )


def test_a_sample_claims_nothing_of_the_real_data(releases: dict[str, ed.Release]) -> None:
    """Its maker, licence and source are those of made-up rows; each fact says that it is of the others."""
    said = document(releases["merrec"], sample=True)
    assert said["rai:hasSyntheticData"] is True
    assert said["name"] == "MerRec, a synthetic sample"
    assert said["license"] == "https://spdx.org/licenses/MIT"
    assert [one["name"] for one in said["creator"]] == ["The ecomdata developers"]
    assert "none of its rows" in said["prov:wasDerivedFrom"][0]["prov:label"]
    assert said["rai:dataBiases"][0].startswith("The rows are synthetic")
    assert "rai:dataCollectionTimeframe" not in said


def test_without_data_the_schema_is_still_there(releases: dict[str, ed.Release]) -> None:
    """A card alone names no file and no hash, and has the same RecordSets."""
    alone, whole = document(releases["merrec"], "a/b", card_only=True), document(releases["merrec"], "a/b")
    assert [one["@type"] for one in alone["distribution"]] == ["cr:FileSet", "cr:FileSet"]
    assert alone["recordSet"] == whole["recordSet"]
    assert alone["description"].startswith("No data are published here")


def test_it_names_where_the_rows_come_from(releases: dict[str, ed.Release]) -> None:
    """The address and revision of what was downloaded; the other dataset's release for a derived one."""
    dataset = ed.loader("merrec")
    origin = "hf://datasets/mercari-us/merrec@749469b/0"
    made = replace(published(releases["merrec"]), origin=origin, revision="749469b")
    said = json.loads(croissant(dataset, made, Prose(summary="."), repo=""))["prov:wasDerivedFrom"]
    assert said[0]["@id"] == "https://huggingface.co/datasets/mercari-us/merrec/tree/749469b"
    assert said[0]["prov:label"] == "the raw files, revision 749469b"
    (derived,) = document(releases["lead-lag/merrec"])["prov:wasDerivedFrom"]
    assert releases["merrec"].manifest.release in derived["prov:label"]


def test_equal_releases_give_equal_bytes(releases: dict[str, ed.Release]) -> None:
    """Also when what is published was read back with its tables and columns in another order."""
    dataset = ed.loader("merrec")
    made = published(releases["merrec"])
    turned = {
        name: replace(table, columns=dict(reversed(table.columns.items())))
        for name, table in reversed(made.tables.items())
    }
    first, second = (
        croissant(dataset, one, read_prose(dataset), repo="a/b")
        for one in (made, replace(made, tables=turned))
    )
    assert first == second


def test_hostile_text_stays_text(releases: dict[str, ed.Release], tmp_path: Path) -> None:
    """Markup, JSON-LD and control characters in descriptions are read back as they were, and harm no page."""
    import mlcroissant

    text = '</script><b> {"@id": "x"} \u202e\x1b[31m "@context": "http://example.org" \ud800\x00'
    dataset = ed.loader("merrec")
    rdf = text[:-3]  # of which RDF has all letters
    prose = Prose(summary=rdf, sections={"Biases": text}, collection=text)
    columns = {"events": {"user_id": rdf}}
    path = tmp_path / "croissant.json"
    path.write_bytes(croissant(dataset, published(releases["merrec"]), prose, repo="", columns=columns))
    assert path.read_bytes().isascii()
    assert b"<" not in path.read_bytes()
    said = json.loads(path.read_bytes())
    assert said["rai:dataCollection"] == text
    clean = replace(prose, sections={}, collection="")
    path.write_bytes(croissant(dataset, published(releases["merrec"]), clean, repo="", columns=columns))
    read: Any = mlcroissant.Dataset(str(path)).metadata
    assert read.description == prose.summary
    assert read.record_sets[0].fields[0].description == f"{rdf} Int64."


class Odd(dy.Schema):
    """Every kind of column."""

    key = dy.String()
    nested = dy.List(dy.List(dy.Int64()))
    matrix = dy.Array(dy.Float32(), (2, 3))
    many = dy.List(dy.Struct({"a": dy.Int32(), "tags": dy.List(dy.String())}))
    one = dy.Struct({"at": dy.Datetime(time_zone="UTC"), "ok": dy.Bool(nullable=True)})
    price = dy.Decimal(10, 2)
    when = dy.Time()
    count = dy.UInt32(nullable=True)
    took = dy.Duration()
    deep = dy.Struct({"inner": dy.Struct({"a": dy.Int64()})})


def test_every_type_is_described_or_named_as_left_out(tmp_path: Path) -> None:
    """Lists in lists, matrices and structs are read back; what Croissant has no word for is named."""
    rows = {
        "key": ["x"],
        "nested": [[[1, 2], [], [3]]],
        "matrix": [[[1, 2, 3], [4, 5, 6]]],
        "many": [[{"a": 1, "tags": ["p", "q"]}, {"a": 2, "tags": []}]],
        "one": [{"at": datetime(2024, 5, 1), "ok": None}],  # noqa: DTZ001 - cast to UTC
        "price": ["9.50"],
        "when": ["10:20:30"],
        "count": [7],
        "took": [5],
        "deep": [{"inner": {"a": 1}}],
    }
    types = pl.Schema({name: column.dtype for name, column in Odd.columns().items()})
    frame = pl.DataFrame(rows).with_columns(pl.col("when").str.to_time()).cast(dict(types))
    table = Table(
        name="odd", schema=Odd, grain="one of each", derive="SELECT 1", key=("key",), units={"price": "JPY"}
    )
    dataset = _of(table)
    made = _published(dataset, frame, tmp_path)
    path = tmp_path / "croissant.json"
    path.write_bytes(croissant(dataset, made, Prose(summary="Odd."), repo=""))
    assert check_croissant(path, folder=tmp_path) == ()
    (said,) = json.loads(path.read_bytes())["recordSet"]
    assert said["description"].endswith("has no word for: took, deep.")
    fields = {one["name"]: one for one in said["field"]}
    assert [fields[name].get("arrayShape") for name in ("nested", "matrix", "many", "key")] == [
        "-1,-1",
        "2,3",
        "-1",
        None,
    ]
    assert fields["price"]["description"] == "Decimal(precision=10, scale=2), in JPY."
    assert fields["count"]["description"] == "Uint32, may be null."


def _of(table: Table) -> Dataset:
    return replace(ed.loader("merrec"), name="toy", tables=(table,), views=(), lookalikes={})


def _published(dataset: Dataset, frame: pl.DataFrame, folder: Path) -> Published:
    files = write_shards(iter([frame]), frame.schema, folder / "odd")
    columns = {name: str(dtype) for name, dtype in frame.schema.items()}
    record = PublishedTable(
        columns=columns,
        schema_sha256="",
        read=1,
        written=1,
        rejected=0,
        reasons={},
        dropped={},
        files=files,
    )
    return Published(
        dataset=dataset.name,
        release="0",
        tool_version="1.2.3rc1",
        sample=False,
        origin="",
        revision="",
        licence={},
        rights="",
        card_only=False,
        raw=(),
        tables={"odd": record},
    )


def test_a_release_of_other_columns_is_refused(releases: dict[str, ed.Release]) -> None:
    """What an older version loaded is not described with the columns of this one."""
    made = published(releases["merrec"])
    events = replace(made.tables["events"], columns={**made.tables["events"].columns, "price": "String"})
    other = replace(made, tables={**made.tables, "events": events})
    with pytest.raises(DataError, match=r"events: .* has not the columns .* declares: price") as caught:
        croissant(ed.loader("merrec"), other, Prose(summary="."), repo="")
    assert caught.value.hint == "load it again: ecomdata load merrec --force"
    unknown = replace(made, tables={**made.tables, "clicks": events})
    with pytest.raises(DataError, match="has no tables clicks"):
        croissant(ed.loader("merrec"), unknown, Prose(summary="."), repo="")
