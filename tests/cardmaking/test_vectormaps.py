"""Pictures of vectors, of which statistics were kept."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from ecomdata.cardmaking.drawing import Head
from ecomdata.cardmaking.pictures import Picture, draw_pictures
from ecomdata.registry import loader
from ecomdata.release import Release
from ecomdata.vectorstats.describing import stats
from tests.vectorstats.gallery import Gallery, gallery

__all__ = ["gallery"]

HOSTILE = "![x](javascript:1)<script>$x_1$\u202e"


def drawn(release: Release) -> dict[str, Picture]:
    """Pictures by name."""
    return {one.name: one for one in draw_pictures(release, loader("gallery"))}


def vectors(rows: int) -> np.ndarray:
    """In three groups."""
    return np.random.default_rng(rows).normal(size=(rows, 6)) + 5 * np.eye(6)[np.arange(rows) % 3]


def test_vectors_have_pictures_once_they_are_described(gallery: Gallery) -> None:
    """Map, nearest neighbours and spectrum, with their numbers in words; before, there are none."""
    labels: list[str | None] = [HOSTILE, "b", None] * 20
    release = gallery.load(vectors(60), splits=labels)
    assert not [name for name in drawn(release) if name.startswith("looks-")]
    found = stats("gallery", table="looks", label="split", sample=40)
    pictures = drawn(release)
    assert {"looks-map", "looks-nearest"} <= set(pictures)
    flat = pictures["looks-map"]
    assert flat.title == "Map of the vectors: looks"
    assert "60 rows on the first two principal components" in flat.alt
    assert "none given 20" in flat.alt
    near = pictures["looks-nearest"]
    assert f"quartiles {found.nearest.quantiles['0.25']:.3f}" in near.alt
    assert "40 rows" in near.alt
    for one in (flat, near):
        assert struct.unpack(">I", one.png[16:20]) == (1400,)
        assert "<script>" not in one.markdown
        assert "\u202e" not in one.alt


def test_a_label_that_is_called_others_is_one(gallery: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has a colour, as the label after it has; paler are those without a label, which come last."""
    labels: list[str | None] = [*["others"] * 30, *["b"] * 20, *[None] * 10]
    release = gallery.load(vectors(60), splits=labels)
    stats("gallery", table="looks", label="split")
    paler: list[tuple[list[str], int]] = []

    def dots(_head: Head, drawn: dict[str, object], *_axes: str, rest: int) -> bytes:
        paler.append((list(drawn), rest))
        return b""

    monkeypatch.setattr("ecomdata.cardmaking.vectormaps.dots", dots)
    drawn(release)
    assert paler == [(["others", "b", "none given"], 1)]


def test_the_same_statistics_give_the_same_bytes(gallery: Gallery) -> None:
    """A card that is made twice is the same."""
    release = gallery.load(vectors(40))
    stats("gallery", table="looks")
    assert drawn(release)["looks-map"].png == drawn(release)["looks-map"].png


@pytest.mark.parametrize("rows", [1, 5])
def test_few_vectors_have_no_pictures(gallery: Gallery, rows: int) -> None:
    """Fewer than ten points are no map, and no distribution; a spectrum there is from two on."""
    release = gallery.load(vectors(rows))
    stats("gallery", table="looks")
    names = {name for name in drawn(release) if name.startswith("looks-")}
    assert names == ({"looks-spectrum"} if rows > 1 else set())


def test_the_card_shows_them_and_draws_anew_for_new_statistics(gallery: Gallery, tmp_path: Path) -> None:
    """``card`` finds what ``stats`` kept, though its pictures were drawn before."""
    from ecomdata import card

    gallery.load(vectors(40))
    (gallery.loaders / "gallery.md").write_text(
        "---\ntasks: [retrieval]\ntask_categories: [other]\ncollection: made up\n"
        "covers: {start: 2024-01-01}\n"
        "personal_data: none\nsynthetic_data: true\n---\n\n# Gallery\n\nItems.\n\n## Limitations\n\n- Few.\n",
        encoding="utf-8",
    )
    card("gallery", out=tmp_path / "before")
    stats("gallery", table="looks")
    card("gallery", out=tmp_path / "after")
    assert not (tmp_path / "before" / "pictures" / "looks-map.png").exists()
    assert (tmp_path / "after" / "pictures" / "looks-map.png").is_file()
    assert "pictures/looks-map.png" in (tmp_path / "after" / "README.md").read_text(encoding="utf-8")
