"""What holds for every dataset there is; a new one is tested by its existence."""

from __future__ import annotations

import hashlib
import importlib
import pkgutil
import re
import tomllib
from pathlib import Path

import polars as pl
import pytest

import ecomdata as ed
import ecomdata.loaders
from ecomdata.cardmaking import read_prose
from ecomdata.cardmaking.hubwords import TASKS
from ecomdata.cardmaking.prose import SECTIONS
from ecomdata.declare import Dataset, Table
from ecomdata.registry import datasets, sampler
from ecomdata.store import Store

ROOT = Path(__file__).resolve().parents[1]
ROWS = 1500

STEMS = sorted(m.name for m in pkgutil.iter_modules(ecomdata.loaders.__path__) if not m.name.startswith("_"))
DATASETS = datasets()

dataset_of = pytest.mark.parametrize("dataset", DATASETS.values(), ids=DATASETS)
stem_of = pytest.mark.parametrize("stem", STEMS)

UNPINNED: set[str] = {"taobao/forge"}
"""Datasets on the Hub whose commit is not known yet. May only shrink."""


@stem_of
def test_a_family_is_one_stem_in_three_folders(stem: str) -> None:
    """``loaders/<stem>``, ``cards/<stem>.md`` and ``validation/<stem>.toml`` belong together."""
    for folder, suffix in (("cards", ".md"), ("validation", ".toml")):
        path = ROOT / folder / f"{stem}{suffix}"
        assert path.is_file(), f"add {folder}/{stem}{suffix}; docs/add-a-dataset.md shows one"
        assert path.read_text(encoding="utf-8").strip(), f"{folder}/{stem}{suffix} is empty"
    tomllib.loads((ROOT / "validation" / f"{stem}.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("folder", ["cards", "validation"])
def test_no_card_or_figures_without_a_loader(folder: str) -> None:
    """A file whose loader is gone, or spelt otherwise, would never be read."""
    stems = {path.stem for path in (ROOT / folder).iterdir() if not path.name.startswith((".", "_"))}
    assert stems <= set(STEMS), f"rename or remove {sorted(stems - set(STEMS))} in {folder}/"


@stem_of
def test_a_module_declares_its_own_family(stem: str) -> None:
    """``loaders/lead_lag`` declares ``lead-lag/...`` and nothing else: a name tells where its loader is."""
    module = importlib.import_module(f"ecomdata.loaders.{stem}")
    for dataset in module.DATASETS:
        assert dataset.family.replace("-", "_") == stem, (
            f"loaders/{stem} declares {dataset.name}; move it to its family's module"
        )
    assert (module.__doc__ or "").strip(), f"loaders/{stem} needs a docstring that says what the family is"


@dataset_of
def test_the_words_are_there(dataset: Dataset) -> None:
    """Title, summary, languages and how to get the data are said in full."""
    assert dataset.summary.endswith("."), f"{dataset.name}: the summary is a sentence"
    assert dataset.licence.redistribution is not None or dataset.licence.note, (
        f"{dataset.name}: say in licence.note why it is unknown whether the data may be passed on"
    )
    for source in dataset.sources:
        if dataset.access != "open" or not source.url:
            assert source.instructions, f"{dataset.name}: tell in Source.instructions how to get the files"


@dataset_of
def test_the_card_speaks_of_what_must_be_known(dataset: Dataset) -> None:
    """What the data lack, how they lean, whom they touch, and what they are for, under a heading each."""
    said = read_prose(dataset).sections
    for heading in ("Limitations", "Biases", "Personal data", "Uses", "Social impact"):
        assert said.get(heading), f"{dataset.name}: cards/<stem>.md has no section {heading}"


@dataset_of
def test_a_hub_source_is_pinned(dataset: Dataset) -> None:
    """The Hub's files are named by commit, so that the same command gives the same data next year."""
    branches = [
        source.url
        for source in dataset.sources
        if source.url.startswith("hf://") and not re.search(r"@[0-9a-f]{7,40}(/|$)", source.url)
    ]
    assert bool(branches) == (dataset.name in UNPINNED), f"{dataset.name}: pin the commit of {branches}"


@dataset_of
def test_schemas_are_described(dataset: Dataset) -> None:
    """Every schema, raw or normalised, says in its docstring what it describes."""
    for table in dataset.tables:
        for schema in (table.schema, *(raw.schema for raw in table.raws)):
            assert (schema.__doc__ or "").strip(), f"{dataset.name}: {schema.__name__} needs a docstring"


@dataset_of
def test_columns_are_described(dataset: Dataset) -> None:
    """Every column says what it holds: the canonical ones in one place, others where they stand."""
    for table in dataset.tables:
        mute = [name for name, words in table.described.items() if not words]
        assert not mute, (
            f"{dataset.name}.{table.name}: give {mute} a description=... in {table.schema.__name__}"
        )
        for name, words in table.described.items():
            assert words.endswith("."), f"{dataset.name}.{table.name}.{name}: the description is a sentence"


@dataset_of
def test_what_is_written_of_it(dataset: Dataset) -> None:
    """Its card has what the Hub and the responsible-AI fields ask for, in the Hub's words."""
    name, prose = dataset.name, read_prose(dataset)
    wanted = set(SECTIONS) - {"Social impact", "Licence"}  # the declared terms stand on every card
    missing = sorted(wanted - set(prose.sections))
    assert not missing, f"{name}: write these sections in its card: {missing}"
    for field in ("tasks", "task_categories", "collection"):
        assert getattr(prose, field), f"{name}: say in the front matter of its card: {field}"
    strange = sorted(set(prose.task_categories) - TASKS)
    assert not strange, f"{name}: {strange} are not the Hub's words; see ecomdata/cardmaking/hubwords.py"


@dataset_of
def test_a_table_declares_what_its_schema_has(dataset: Dataset) -> None:
    """Keys and units name columns; nullability is said, not left to a default."""
    for table in dataset.tables:
        columns = set(table.schema.column_names())
        for what, names in (("key", set(table.key)), ("units", set(table.units))):
            assert names <= columns, f"{dataset.name}.{table.name}: {what} names {sorted(names - columns)}"


@dataset_of
def test_the_sample_is_the_same_every_time(dataset: Dataset, tmp_path: Path) -> None:
    """The same rows and seed give the same files, byte for byte; another seed gives others."""
    hashes: list[dict[str, str]] = []
    for folder, seed in (("a", 1), ("b", 1), ("c", 2)):
        (tmp_path / folder).mkdir()
        sampler(dataset)(tmp_path / folder, 200, seed)
        files = sorted(path for path in (tmp_path / folder).rglob("*") if path.is_file())
        hashes.append(
            {
                path.relative_to(tmp_path / folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
                for path in files
            }
        )
    assert hashes[0], f"{dataset.name}: sample wrote no file"
    assert hashes[0] == hashes[1], f"{dataset.name}: draw every number from stream(seed, ...)"
    assert hashes[0] != hashes[2], f"{dataset.name}: sample ignores the seed"


@dataset_of
def test_a_sample_loads_and_no_row_is_lost(dataset: Dataset, home: Path) -> None:
    """Rows read = written + rejected + dropped, in the manifest and in the files themselves."""
    ed.load(dataset.name, sample=True, home=home)
    store = Store(home)
    manifest, folder = store.manifest(dataset.name), store.current(dataset.name)
    assert manifest
    assert folder
    assert set(manifest.tables) == {table.name for table in dataset.tables}
    assert sum(record.read for record in manifest.tables.values()) >= 1000, "a sample has 1,000 rows at least"
    for table in dataset.tables:
        record = manifest.tables[table.name]
        assert record.read == record.written + record.rejected + sum(record.dropped.values())
        assert record.written, f"{dataset.name}.{table.name}: the sample gives no row of this table"
        assert record.written == sum(map(_height, (folder / file.path for file in record.files)))
        assert record.rejected == sum(map(_height, (folder / file.path for file in record.quarantine)))
        _assert_typed(table, [folder / file.path for file in record.files])
        if record.rejected:
            _assert_explained([folder / file.path for file in record.quarantine])


def _height(path: Path) -> int:
    return pl.scan_parquet(path).select(pl.len()).collect().item()


def _assert_typed(table: Table, shards: list[Path]) -> None:
    """The shards have the schema's columns and keep its rules."""
    frame = pl.read_parquet(shards)
    assert frame.columns == table.schema.column_names()
    table.schema.validate(frame)


def _assert_explained(shards: list[Path]) -> None:
    """Every rejected row says where it stands, why it was rejected, and what it held."""
    frame = pl.read_parquet(shards)
    assert frame.select(pl.col("source_file", "row").is_null().any()).row(0) == (False, False)
    assert frame["reasons"].list.len().min(), "a rejected row has at least one reason"
    assert not (frame["raw"].is_null() & frame["raw_bytes"].is_null()).any(), (
        "a rejected row keeps its content"
    )
