from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ecomdata as ed
from ecomdata.duplicates.how import How
from ecomdata.duplicates.semantic import search_vectors
from ecomdata.errors import DataError, UsageError
from ecomdata.progress import Silent
from ecomdata.vectors import ArrayVectors
from tests.toys import toyshop, write_clicks, write_pages  # noqa: F401

RunCli = Callable[..., "subprocess.CompletedProcess[str]"]
NAME = "shop/clicks"


class Angles:
    """An encoder for tests: a text is an angle in degrees, ``a30`` and ``b30`` are the same vector."""

    name = "angles"
    revision = "0" * 64
    dim = 2
    normalised = True
    deterministic = True

    def encode(self, texts: pl.Series) -> np.ndarray:
        """On the unit circle; zeros for ``nothing``."""
        degrees = texts.str.extract(r"(-?\d+)").cast(pl.Float64).fill_null(np.nan).to_numpy()
        found = np.stack([np.cos(np.radians(degrees)), np.sin(np.radians(degrees))], axis=1)
        return np.ascontiguousarray(np.nan_to_num(found), np.float32)


def _load(folder: Path, may: Sequence[str], june: Sequence[str] = ()) -> ed.Release:
    for month, notes in (("202305", may), ("202306", june)):
        lines = [f"1,{number},view,2,{note}" for number, note in enumerate(notes)]
        write_clicks(folder, lines, f"{month}/clicks.csv")
    return ed.load(NAME, source=folder)


def _dedup(**options: object) -> ed.Deduplication:
    options = {"encoder": Angles(), **options}
    return ed.dedup(NAME, table="events", column="note", method="semantic", **options)


def _table(found: ed.Deduplication, name: str) -> pl.DataFrame:
    return pl.read_parquet(Path(found.folder) / f"{name}.parquet")


def _search(array: np.ndarray, threshold: float = 0.9, **options: object) -> ed.Duplicates:
    how = How(method="semantic", threshold=threshold, jobs=1)
    return search_vectors(
        ArrayVectors(array),
        how,
        worth=options.get("worth"),
        sides=options.get("sides"),
        reporter=Silent(),
    )


def _cosine(degrees: float) -> float:
    return float(np.cos(np.radians(degrees)))


def test_what_is_found_is_kept_with_its_cosine(tmp_path: Path, home: Path) -> None:
    """Pairs and clusters under ``cosine``, counts, options; texts with the same vector are near at 1."""
    release = _load(tmp_path, ["a0", "b90", "", "a10", "c0", "nothing"])
    found = _dedup(by=["event"])
    assert (found.texts, found.empty, found.clusters, found.removed) == (6, 2, 1, 2)
    pairs = _table(found, "pairs")
    assert pairs.columns == ["row", "other", "cosine"]
    assert pairs.select("row", "other").rows() == [(0, 3), (0, 4)]
    assert pairs["cosine"].to_list() == pytest.approx([_cosine(10), 1.0], abs=1e-6)
    assert _table(found, "clusters").select("cluster", "row", "kept").rows() == [
        (0, 0, True),
        (0, 3, False),
        (0, 4, False),
    ]
    assert found.options == {
        "method": "semantic",
        "keep": "first",
        "threshold": 0.9,
        "search": "auto",
        "embeddings": "events_note_angles",
        "encoder": "angles",
        "revision": "0" * 64,
    }
    assert Path(found.folder).is_relative_to(home / "duplicates" / "shop" / "clicks" / release.folder.name)
    assert _dedup(by=["event"]).folder == found.folder


def test_apply_makes_a_release_without_the_rows(tmp_path: Path) -> None:
    """The manifest says by which vectors they went, and no more than may goes."""
    release = _load(tmp_path, ["a0", "a1", "b90", "c180"])
    with pytest.raises(DataError, match="table events would lose 1 of 4 rows"):
        _dedup(apply=True, max_removed=0.2)
    assert ed.open(NAME).folder == release.folder
    _dedup(apply=True)
    new = ed.open(NAME)
    assert new["events"].lazy().collect()["note"].to_list() == ["a0", "b90", "c180"]
    assert new.manifest.tables["events"].dropped == {
        "duplicate of a kept row (note: events_note_angles, cosine >= 0.9)": 1
    }
    assert not ed.verify(NAME).differences


def test_a_chain_is_not_a_cluster() -> None:
    """Each is near to the next, and a is not to c: two clusters, no member far from its row."""
    array = Angles().encode(pl.Series(["0", "20", "40", "60"]))
    found = _search(array, threshold=_cosine(25))
    assert found.pairs.select("row", "other").rows() == [(0, 1), (1, 2), (2, 3)]
    assert found.clusters.select("cluster", "row", "kept").rows() == [
        (0, 0, True),
        (0, 1, False),
        (2, 2, True),
        (2, 3, False),
    ]
    assert found.removed.to_list() == [1, 3]


@given(st.integers(0, 999), st.sampled_from([0.8, 0.95]), st.sampled_from(["first", "worth"]))
@settings(max_examples=30, deadline=None)
def test_every_member_is_near_to_the_row_that_stays(seed: int, threshold: float, keep: str) -> None:
    """Whatever is kept: each row is in one cluster, the one worth most stays, no two that stay are near."""
    rng = np.random.default_rng(seed)
    array = rng.standard_normal((8, 4))[rng.integers(0, 8, 40)] + 0.15 * rng.standard_normal((40, 4))
    array = array.astype(np.float32)
    array[[3, 11]] = 0.0
    array[20:24] = array[0]
    worth = rng.permutation(40) if keep == "worth" else None
    found = _search(array, threshold, worth=worth)
    wide = array.astype(np.float64)
    sizes = np.linalg.norm(wide, axis=1)
    units = wide / np.where(sizes, sizes, 1.0)[:, None]
    cosines = units @ units.T
    rows = found.clusters["row"]
    assert rows.n_unique() == len(rows)
    assert not {3, 11} & set(rows)
    for cluster, row, kept, near in found.clusters.iter_rows():
        assert kept == (cluster == row)
        assert near == pytest.approx(cosines[cluster, row], abs=1e-6)
        assert near >= threshold or kept
        assert worth is None or worth[cluster] >= worth[row]
    gone = set(found.removed)
    left = [row for row in range(40) if row not in gone and sizes[row]]
    close = [(a, b) for a in left for b in left if a < b and cosines[a, b] >= threshold + 1e-6]
    assert not close


@pytest.mark.parametrize("count", [2, 300, 3000])
def test_a_crowd_of_equal_or_nearly_equal_vectors_is_one_cluster(count: int) -> None:
    """Its pairs do not grow with its square; the first row stays and all others go."""
    equal = np.tile(np.array([[0.3, 0.4, 0.5]], np.float32), (count, 1))
    nearly = equal + 1e-4 * np.random.default_rng(0).standard_normal(equal.shape).astype(np.float32)
    for array in (equal, nearly):
        found = _search(array)
        assert found.clusters["cluster"].unique().to_list() == [0]
        assert found.removed.to_list() == [*range(1, count)]
        assert found.pairs.height <= 128 * count


def test_no_two_rows_of_a_dense_region_stay_that_are_near() -> None:
    """Nearly all have more near ones than room for pairs, and not all are near to all: as all with all."""
    array = np.abs(np.random.default_rng(1).standard_normal((1500, 8))).astype(np.float32)
    found = _search(array, 0.7)
    units = array / np.linalg.norm(array, axis=1, keepdims=True)
    left, stay = np.ones(len(array), np.bool_), list[int]()
    for row in range(len(array)):
        if left[row]:
            stay.append(row)
            left &= units @ units[row] < 0.7
    assert sorted({*range(1500)} - {*found.removed}) == stay
    assert (found.clusters["cosine"] >= 0.7).all()


def test_a_vector_that_is_not_finite_is_named() -> None:
    """And which row it is of."""
    array = np.ones((5, 3), np.float32)
    array[3, 0] = np.nan
    with pytest.raises(DataError, match="vector 4 has a value that is NaN or infinite"):
        _search(array)


@pytest.mark.parametrize("keep", ["longest", "newest"])
def test_the_row_that_stays_is_chosen(tmp_path: Path, keep: str) -> None:
    """The longest text of a cluster, or the newest row."""
    _load(tmp_path, ["a0", "much longer 1", "a2", "b90"])
    found = _dedup(keep=keep, newest_by="item_id" if keep == "newest" else None)
    stays = 1 if keep == "longest" else 2
    kept = _table(found, "clusters").filter("kept")["row"].to_list()
    assert kept == [stays]


def test_leakage_between_splits(tmp_path: Path) -> None:
    """Rows of the larger split go that are near to one of the smaller; what is twice in one split stays."""
    _load(tmp_path, ["a0", "b90", "b91", "own 45", "other 200"], ["x1", "y92", "z300"])
    found = _dedup(split_column="month", threshold=0.99)
    gone = _table(found, "clusters").filter(~pl.col("kept")).select("cluster", "row", "side").rows()
    assert sorted(gone) == [(5, 0, "202305"), (6, 1, "202305"), (6, 2, "202305")]
    pairs = _table(found, "pairs").sort("row").select("row", "side", "other", "other_side").rows()
    assert pairs == [
        (0, "202305", 5, "202306"),
        (1, "202305", 6, "202306"),
        (2, "202305", 6, "202306"),
    ]


def test_leakage_against_another_table(tmp_path: Path) -> None:
    """By what lsa learnt from this table; the other's row stays, and its own sets are not touched."""
    notes = ["red cotton shirt", "blue woollen hat", "twice the same", "twice the same", "green glass bottle"]
    _load(tmp_path / "clicks", notes)
    ed.load("shop/pages", source=write_pages(tmp_path / "pages", ["Red cotton shirts", "tall oak table"]))
    own = ed.embed("shop/pages", table="views", column="item_id")
    page = tmp_path / "page.html"
    found = _dedup(encoder="lsa", against="shop/pages.views.item_id", threshold=0.8, report=page)
    assert (found.texts, found.removed) == (7, 1)
    rows = _table(found, "clusters").select("cluster", "row", "kept", "side").rows()
    assert rows == [
        (0, 0, True, "shop/pages.views.item_id"),
        (0, 0, False, "shop/clicks.events.note"),
    ]
    assert "cosine" in page.read_text()
    assert "Red cotton shirts" in page.read_text().replace("<mark>", "").replace("</mark>", "")
    again = ed.embed("shop/pages", table="views", column="item_id")
    assert (again.revision, again.paths) == (own.revision, own.paths)


def test_spellings_of_real_titles_are_near(real: Path) -> None:
    """Titles of OA-Mine with two words changed over: nearly all are found, and few others."""
    titles = pl.read_ndjson(real / "oa_mine" / "train.jsonl")["input"].unique(maintain_order=True).head(300)
    changed = [" ".join([*words[1:], words[0]]) for words in (title.split() for title in titles)]
    from ecomdata.embeddings.encoders import EncoderOptions
    from ecomdata.embeddings.lsa import fit

    texts = pl.Series([*titles, *changed])
    found = _search(fit(texts, EncoderOptions()).encode(texts), threshold=0.9)
    pairs = set(found.pairs.select("row", "other").iter_rows())
    planted = {(row, row + len(titles)) for row in range(len(titles))}
    assert len(pairs & planted) > 0.95 * len(planted)


def test_a_set_that_is_there_is_used_and_one_of_other_texts_is_not(tmp_path: Path) -> None:
    """By its name, or as what its encoder made, however; it must be of this column and have all rows."""
    _load(tmp_path, ["a0", "a1", "b90"])
    made = ed.embed(NAME, table="events", column="note", encoder=Angles())
    assert _dedup(encoder="lsa", embeddings=made.name).options["revision"] == made.revision
    mine = ed.embed(NAME, table="events", column="note", dim=2, seed=3)
    assert _dedup(encoder="lsa").options["revision"] == mine.revision
    assert ed.embedding_set(NAME, mine.name) == mine
    with pytest.raises(UsageError, match="no embeddings 'events_note_angels'") as error:
        _dedup(embeddings="events_note_angels")
    assert made.name in error.value.hint
    ed.embed(NAME, table="events", column="note", encoder=Angles(), limit=2, force=True)
    with pytest.raises(UsageError, match=r"has 2 rows and shop/clicks.events.note has 3"):
        _dedup(embeddings=made.name)


def test_wrong_options_are_named(tmp_path: Path) -> None:
    """And texts without vectors are no case for the method."""
    _load(tmp_path, ["a0", "a1"])
    with pytest.raises(UsageError, match="a cosine of 0 is no threshold"):
        _dedup(threshold=0.0)
    with pytest.raises(UsageError, match="search 'some' is none"):
        _dedup(search="some")
    with pytest.raises(UsageError, match=r"texts by themselves") as error:
        ed.find_duplicates(pl.Series(["a"]), method="semantic")
    assert "ecomdata.dedup" in error.value.hint


def test_the_command_line_says_the_same(tmp_path: Path, run_cli: RunCli) -> None:
    """JSON on stdout; the default threshold is that of cosines."""
    _load(tmp_path, ["a red shirt", "A red  shirt", "some blue hats", "a green bottle"])
    arguments = ("dedup", NAME, "--table", "events", "--column", "note", "--method", "semantic")
    found = json.loads(run_cli(*arguments, "--json").stdout)
    assert found["options"]["threshold"] == 0.9
    assert found["options"]["embeddings"] == "events_note_lsa"
    assert found["removed"] == 1
    assert "1 rows are duplicates" in run_cli(*arguments, "--search", "cells").stdout
