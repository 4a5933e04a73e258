"""A Hub for each test in here, one store of small samples for all, and a clock that does not wait."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import ecomdata as ed
from tests.hub.repo import Repo
from tests.hub.server import Hub
from tests.hub.writing import TOKEN

ROWS = 300
Publish = Callable[..., ed.Publication]


def name_it(hub: Hub, patch: pytest.MonkeyPatch, cache: Path) -> None:
    """Have the environment name a server and a token that may write there, and a cache of its own."""
    patch.setenv("HF_ENDPOINT", hub.url)
    patch.setenv("HF_TOKEN", TOKEN)
    patch.setenv("HF_HOME", str(cache))


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    """A server with nothing on it, named by the environment, and a token that may write there.

    Each test has its own: uploads that a test before gave up may still be sending, and meet none.
    """
    with Hub() as hub:
        name_it(hub, monkeypatch, tmp_path / "hf")
        yield hub


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Nobody waits; the seconds that would have been waited are written down."""
    slept: list[float] = []
    clock: Any = SimpleNamespace(**{**vars(time), "sleep": slept.append})
    for module in (
        "huggingface_hub.utils._http",
        "ecomdata.publishing.remote",
        "ecomdata.sources.hub_calls",
    ):
        monkeypatch.setattr(f"{module}.time", clock)
    return slept


def load_small(name: str, folder: Path, home: Path, rows: int = ROWS, seed: int = 0) -> ed.Release:
    """Load synthetic raw files as if they were the real ones."""
    dataset = ed.loader(name)
    if dataset.sample is None:
        load_small(dataset.derived_from, folder, home, rows, seed)
        return ed.load(name, home=home)
    raw = folder / name.replace("/", "-")
    raw.mkdir(parents=True, exist_ok=True)
    dataset.sample(raw, rows, seed)
    return ed.load(name, source=raw, home=home)


@pytest.fixture(scope="session")
def stocked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a small release of every dataset there is; tests only read it."""
    folder = tmp_path_factory.mktemp("stocked")
    for name in ed.datasets():
        load_small(name, folder / "raw", folder / "home")
    return folder / "home"


@pytest.fixture
def publish(hub: Hub, stocked: Path) -> Publish:
    """Publish a dataset of the stocked home, merrec unless told otherwise."""
    assert hub.url

    def run(name: str = "merrec", repo: str = "acme/merrec", **options: Any) -> ed.Publication:
        return ed.publish(name, repo, **{"home": stocked, **options})

    return run


def shown_whole(repo: Repo) -> bool:
    """Whether no commit ever showed a card without its data: it has all that its ecomdata.json names."""
    for commit in repo.commits.values():
        if "README.md" not in commit.files:
            continue
        said = json.loads(commit.files["ecomdata.json"].content)
        for table in said["tables"].values():
            for file in table["files"]:
                blob = commit.files.get(file["path"])
                if blob is None or blob.sha256 != file["sha256"]:
                    return False
    return True
