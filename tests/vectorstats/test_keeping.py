"""Statistics that are kept beside the store, and read back."""

from __future__ import annotations

import json

import numpy as np
import pytest

import ecomdata as ed
from ecomdata.vectorstats.describing import stats
from ecomdata.vectorstats.keeping import folder_of, kept_statistics
from tests.vectorstats.gallery import Gallery

VECTORS = np.random.default_rng(0).normal(size=(60, 4)).astype(np.float32)


def test_what_is_kept_is_what_was_found(gallery: Gallery) -> None:
    """Every figure comes back as it was, floats to the last bit, nested ones with their types."""
    labels: list[str | None] = [f"c{place % 3}" if place else None for place in range(60)]
    release = gallery.load(VECTORS, labels=labels, splits=["a", "b"] * 30)
    found = stats("gallery", table="looks", label="items.category_path", split_column="split", sample=20)
    assert kept_statistics(release) == (found,)
    (path,) = folder_of(release.home, "gallery", release.folder.name).glob("*.json")
    value = json.loads(path.read_text())
    del value["labels"][0]["several"]  # as the version before wrote it
    path.write_text(json.dumps(value), encoding="utf-8")
    assert kept_statistics(release) == (found,)


@pytest.mark.parametrize("rows", [VECTORS[:1], [None, None]])
def test_what_could_not_be_computed_comes_back_too(gallery: Gallery, rows: np.ndarray | list[None]) -> None:
    """Figures that are None, with their reasons."""
    release = gallery.load(rows)
    found = stats("gallery", table="looks")
    assert kept_statistics(release) == (found,)


def test_those_of_another_release_are_not_shown(gallery: Gallery) -> None:
    """After a load of other vectors there are none, until the release before is loaded again."""
    first = gallery.load(VECTORS)
    found = stats("gallery", table="looks")
    second = gallery.load(VECTORS + 1)
    assert second.manifest.release != first.manifest.release
    assert kept_statistics(second) == ()
    assert kept_statistics(gallery.load(VECTORS)) == (found,)


@pytest.mark.parametrize(
    "damage",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"dataset": 1}',
        lambda value: {**value, "lengths": None},
        lambda value: {**value, "lengths": []},
        lambda value: {**value, "dim": "six"},
        lambda value: {**value, "name": "../../planted"},
        lambda value: {**value, "labels": "none"},
        lambda value: {**value, "map": {**value["map"], "points": [[1]]}},
    ],
)
def test_what_is_not_ours_is_not_shown(gallery: Gallery, damage: object) -> None:
    """A damaged file, or one of another form, is as if it were not there; asking again mends it."""
    release = gallery.load(VECTORS)
    found = stats("gallery", table="looks")
    (path,) = folder_of(release.home, "gallery", release.folder.name).glob("*.json")
    changed = damage if isinstance(damage, str) else json.dumps(damage(json.loads(path.read_text())))
    path.write_text(changed, encoding="utf-8")
    assert kept_statistics(release) == ()
    assert stats("gallery", table="looks").spectrum == found.spectrum
    assert len(kept_statistics(release)) == 1


def test_the_function_is_in_the_package() -> None:
    """``ed.stats`` is the function that the command wraps."""
    assert ed.stats is stats
