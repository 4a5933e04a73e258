"""What was published is what was loaded: read by datasets and by DuckDB, for every table of every dataset."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import huggingface_hub
import polars as pl
import pytest

import ecomdata as ed
from ecomdata.cardmaking import check_readme
from tests.hub.conftest import name_it
from tests.hub.server import Hub
from tests.hub.writing import TOKEN


def _repo(name: str) -> str:
    return f"acme/{name.replace('/', '-')}"


@pytest.fixture(scope="module")
def filled(stocked: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """A Hub that has every dataset of the registry; the rows are synthetic, so the rights are ours."""
    with Hub() as hub, pytest.MonkeyPatch.context() as patch:
        name_it(hub, patch, tmp_path_factory.mktemp("hf"))
        for name in ed.datasets():
            ed.publish(name, _repo(name), home=stocked, hold_rights=True)
        yield hub


@pytest.fixture
def hub(filled: Hub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Hub:
    """The same for all tests of this file, which only read it."""
    name_it(filled, monkeypatch, tmp_path / "hf")
    return filled


@pytest.fixture
def published(hub: Hub, stocked: Path) -> list[ed.Release]:
    """What was published, as it stands in the store."""
    assert hub.url
    return [ed.open(name, home=stocked) for name in ed.datasets()]


def test_datasets_reads_the_rows_of_the_store(hub: Hub, published: list[ed.Release], tmp_path: Path) -> None:
    """Rows, order and types are the store's, whole and streamed; only enums come back as text."""
    cases = [
        (_repo(release.manifest.dataset), name, [str(path) for path in table.paths])
        for release in published
        for name, table in release.items()
    ]
    (tmp_path / "cases.json").write_text(json.dumps(cases), "utf-8")
    surroundings = {
        **os.environ,
        "HF_ENDPOINT": hub.url,
        "HF_TOKEN": TOKEN,
        "HF_HOME": str(tmp_path / "hf"),
        "HF_HUB_DISABLE_XET": "1",
        "HF_DATASETS_DISABLE_PROGRESS_BARS": "1",
    }
    done = subprocess.run(
        [sys.executable, Path(__file__).with_name("round_trip.py"), tmp_path / "cases.json"],
        env=surroundings,
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, dict[str, Any]] = json.loads(done.stdout)
    assert len(found) == len(cases) > len(published)
    for (repo, config, shards), result in zip(cases, found.values(), strict=True):
        rows = pl.scan_parquet(shards).select(pl.len()).collect().item()
        types = result.pop("types")
        assert result == {"rows": rows, "columns": True, "equal": True, "streamed": True}, (repo, config)
        assert all(pair == ["Enum", "String"] for pair in types.values()), (repo, config, types)


def test_duckdb_reads_them_through_fsspec(hub: Hub, published: list[ed.Release]) -> None:
    """Counts of every table, and what a query gives, by the same addresses as on the public Hub."""
    system = huggingface_hub.HfFileSystem(endpoint=hub.url, token=TOKEN, skip_instance_cache=True)
    with duckdb.connect() as connection:
        connection.register_filesystem(system)
        for release in published:
            for name, table in release.items():
                address = f"hf://datasets/{_repo(release.manifest.dataset)}/{name}/*.parquet"
                ((count,),) = connection.read_parquet(address).count("*").fetchall()
                assert count == len(table), address
        query = "select event, count(*) n from '{}' group by all order by all"
        there = connection.sql(query.format("hf://datasets/acme/merrec/events/*.parquet")).fetchall()
        merrec = next(release for release in published if release.manifest.dataset == "merrec")
        assert there == connection.sql(query.format(merrec["events"].paths[0])).fetchall()


def test_every_card_is_one_that_the_clients_read(hub: Hub, published: list[ed.Release]) -> None:
    """Terms, words, configs and types pass the checks that need no Hub; it has a part for every table."""
    for release in published:
        name = release.manifest.dataset
        text = hub.repos[_repo(name)].files()["README.md"].content.decode()
        assert check_readme(text) == (), name
        assert {"Limitations", "Biases", "Personal data", "Uses"} <= set(
            re.findall(r"^## (.*)$", text, re.MULTILINE)
        )
        assert set(release) <= set(re.findall(r"^### (\w+)$", text, re.MULTILINE))


def test_verify_agrees(published: list[ed.Release]) -> None:
    """Every repository is what its manifest says."""
    for release in published:
        found = ed.verify(f"hf://datasets/{_repo(release.manifest.dataset)}")
        assert (found.release, found.rows, found.differences) == (
            release.manifest.release,
            release.manifest.rows,
            (),
        )
