from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecomdata.duplicates import Duplicates, find_duplicates
from ecomdata.errors import UsageError
from tests.duplicates.reference import grams, jaccard, tidied

Cluster = tuple[int, ...]


def _clusters(found: Duplicates) -> set[Cluster]:
    """The kept row of each cluster, then its other rows."""
    gathered: dict[int, list[int]] = {}
    for cluster, row, kept, _ in found.clusters.iter_rows():
        gathered.setdefault(cluster, []).append(row)
        assert kept is (cluster == row)
    return {tuple(rows) for rows in gathered.values()}


def test_exact_recovers_what_was_planted() -> None:
    """Copies that differ in case, form, spaces, and in nothing; and nothing else."""
    rng = random.Random(0)  # noqa: S311
    originals = [f"Review {number} é of {rng.random()}" for number in range(500)]
    changes = (str.upper, str.lower, lambda text: f"  {text}\n", lambda text: text.replace("é", "e\u0301"))
    texts, planted = list(originals), {}
    for number in rng.sample(range(500), 200):
        for change in rng.sample(changes, rng.randint(1, 4)):
            planted.setdefault(number, [number]).append(len(texts))
            texts.append(change(originals[number]))
    found = find_duplicates(pl.Series(texts), method="exact")
    assert _clusters(found) == {tuple(rows) for rows in planted.values()}
    assert found.recall == 1.0


def test_near_recovers_what_was_planted() -> None:
    """Copies with a word more, at 0.93 to 0.96: all are found, as the curve says but once in thousands."""
    rng = random.Random(1)  # noqa: S311
    originals = [" ".join(f"{rng.random():.6f}" for _ in range(rng.randint(15, 25))) for _ in range(1000)]
    texts, planted = list(originals), {}
    for number in rng.sample(range(1000), 300):
        planted[number] = (number, len(texts))
        texts.append(f"{originals[number]} more")
    assert _clusters(find_duplicates(pl.Series(texts))) == set(planted.values())


def test_a_chain_is_cut_where_it_leaves_the_kept_row() -> None:
    """Each is near to the next, but the third is not near to the first: two clusters."""
    words = [f"w{number}" for number in range(60)]
    texts = [" ".join(words[at : at + 40]) for at in range(0, 20, 4)]
    found = find_duplicates(pl.Series(texts), ngrams="word:1")
    assert found.pairs.select("row", "other").rows() == [(0, 1), (1, 2), (2, 3), (3, 4)]
    assert _clusters(found) == {(0, 1), (2, 3)}


@given(
    st.lists(st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=7).map(" ".join), max_size=25),
    st.sampled_from([0.4, 0.6, 0.75]),
    st.sampled_from(["first", "longest"]),
)
@settings(max_examples=60, deadline=None)
def test_every_member_is_near_to_its_kept_row(texts: list[str], threshold: float, keep: str) -> None:
    """A row is in one cluster, as near to the kept row as is stated, and the kept row is the best."""
    options = {"threshold": threshold, "ngrams": "word:1", "keep": keep, "permutations": 1024}
    found = find_duplicates(pl.Series(texts, dtype=pl.String), **options)
    sets = [grams(tidied(text), "word:1") for text in texts]
    for cluster, row, _, near in found.clusters.iter_rows():
        assert jaccard(sets[cluster], sets[row]) == near >= threshold
    assert found.clusters["row"].is_unique().all()
    kept = found.clusters.filter("kept")["row"].to_list()
    for cluster, row in found.clusters.select("cluster", "row").iter_rows():
        assert cluster in kept
        if keep == "first":
            assert cluster <= row
        else:
            assert len(texts[cluster].encode()) >= len(texts[row].encode())
    for row, other, _ in found.pairs.iter_rows():  # whoever has a near text is at least not left alone
        assert {row, other} & set(found.clusters["row"])


def _kept(texts: Sequence[str], **options: object) -> list[int]:
    found = find_duplicates(pl.Series(texts), **options)
    return found.clusters.filter("kept")["row"].to_list()


def test_the_row_that_is_kept_is_the_one_asked_for() -> None:
    """The first, the longest before it was tidied, the newest; the first of equals, and no time is oldest."""
    texts = ["a b c d e f g", "A b c d e  f g", "a b c d e f g h", "a b c d e f g h"]
    assert _kept(texts) == [0]
    assert _kept(texts, keep="longest") == [2]
    assert _kept(texts, keep="newest", times=pl.Series([3, 9, 1, 9])) == [1]
    assert _kept(texts, keep="newest", times=pl.Series([None, 2, 1, None])) == [1]
    assert _kept(texts, keep="newest", times=pl.Series([None] * 4, dtype=pl.Int64)) == [0]
    assert _kept(texts, keep="newest", times=pl.Series([2**63, 5, None, 2**64 - 1], dtype=pl.UInt64)) == [3]
    dates = pl.Series([None, "2024-05-01", "2024-04-30", None]).str.to_date()
    assert _kept(texts, keep="newest", times=dates) == [1]
    for none in (pl.Series([1.0, float("nan")] * 2), pl.Series(["2024"] * 4)):
        with pytest.raises(UsageError, match="are no times") as error:
            _kept(texts, keep="newest", times=none)
        assert "whole numbers" in error.value.hint
    with pytest.raises(UsageError, match="time of each row"):
        find_duplicates(pl.Series(texts), keep="newest")


def test_only_texts_of_different_sides_are_compared() -> None:
    """A row goes where a lower side has the same or a near text, and goes for the nearest; all else stays."""
    same, near = "one two three four five six", "one two three four five six seven"
    texts = pl.Series([near, "alone here", same, near, "alone there", same, "alone there", near])
    sides = np.array([0, 0, 1, 1, 1, 2, 2, 2], np.uint8)
    found = find_duplicates(texts, sides=sides)
    went = found.clusters.filter(~pl.col("kept")).select("row", "cluster", "jaccard")
    assert went.sort("row").rows() == [(2, 0, 0.8), (3, 0, 1.0), (5, 2, 1.0), (6, 4, 1.0), (7, 0, 1.0)]
    for row, other, _ in found.pairs.iter_rows():
        assert sides[row] != sides[other]
    wide = find_duplicates(texts, sides=sides.astype(np.int64))
    assert wide.clusters.equals(found.clusters)
    assert find_duplicates(texts[::2], sides=sides[::2] > 0).removed.to_list() == [1]
    assert find_duplicates(texts[:0], sides=np.array([])).removed.to_list() == []
    for none in (sides.astype(np.float64), sides[::-1], sides[:2], sides.astype(np.int64) - 1, sides + 400.0):
        with pytest.raises(UsageError, match="sides must be one whole number"):
            find_duplicates(texts, sides=none)


@given(st.lists(st.sampled_from(["a b c", "a b c d", "a b c d e", "x", "x y", ""]), max_size=12), st.data())
@settings(max_examples=60, deadline=None)
def test_leakage_is_that_of_brute_force(texts: list[str], data: st.DataObject) -> None:
    """Exactly the rows go that have a near text on a lower side, and pairs are of two sides."""
    sides = np.array(sorted(data.draw(st.sampled_from([0, 1, 2])) for _ in texts), np.uint8)
    options = {"threshold": 0.6, "ngrams": "word:1", "permutations": 1024, "sides": sides}
    found = find_duplicates(pl.Series(texts, dtype=pl.String), **options)
    sets = [grams(text, "word:1") for text in texts]
    expected = [
        row
        for row in range(len(texts))
        if any(sides[other] < sides[row] and jaccard(sets[row], sets[other]) >= 0.6 for other in range(row))
    ]
    assert found.removed.to_list() == expected
    assert all(sides[row] < sides[other] for row, other, _ in found.pairs.iter_rows())
