from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecomdata.duplicates import find_duplicates, lsh_bands, lsh_recall
from ecomdata.duplicates.devices import Cpu
from ecomdata.duplicates.how import How
from ecomdata.errors import UsageError
from ecomdata.texts.textkernels import word_grams
from ecomdata.texts.tidying import plain_texts
from tests.duplicates.reference import near_texts, tidied

WORDS = [f"word{number}" for number in range(60)]
NGRAMS = ("word:1", "word:3", "char:4")


def _near(
    texts: Sequence[str], threshold: float, ngrams: str, **options: int
) -> dict[tuple[str, str], float]:
    """Pairs of different tidied texts that are found."""
    found = find_duplicates(pl.Series(texts, dtype=pl.String), threshold=threshold, ngrams=ngrams, **options)
    clean = [tidied(text) for text in texts]
    rows = ((clean[row], clean[other], near) for row, other, near in found.pairs.iter_rows())
    return {(one, other): near for one, other, near in rows if one != other}


@given(
    st.lists(
        st.lists(st.sampled_from(["a", "b", "C", "ড়", "é", "d e"]), max_size=8).map(" ".join), max_size=14
    ),
    st.sampled_from(NGRAMS),
    st.sampled_from([0.4, 0.5, 0.8, 1.0]),
)
@settings(max_examples=60, deadline=None)
def test_pairs_are_those_of_brute_force(texts: list[str], ngrams: str, threshold: float) -> None:
    """No pair is false, each has its exact similarity, and with 4096 permutations none is missed here.

    Of a pair at 0.4 with so many permutations, one in a million times nothing shares a band.
    """
    clean = [tidied(text) for text in texts]
    expected = near_texts(clean, threshold, ngrams)
    found = _near(texts, threshold, ngrams, permutations=4096)
    assert set(found) <= set(expected)
    assert found == {pair: expected[pair] for pair in found}
    missed = set(expected) - set(found)
    how = How(threshold=threshold, permutations=4096)
    assert not [pair for pair in missed if lsh_recall(expected[pair], *how.bands) > 0.999999]


def _changed(rng: random.Random, words: list[str], changes: int) -> list[str]:
    words = list(words)
    for at in rng.sample(range(len(words)), changes):
        words[at] = f"new{rng.random()}"
    return words


def test_the_share_that_is_found_is_that_of_the_curve() -> None:
    """Of pairs with 11, 15 and 19 changed words in 100 the expected share is found, within 4 sigma."""
    for changes in (11, 15, 19):
        rng = random.Random(changes)  # noqa: S311
        originals = [[f"{rng.random()}" for _ in range(100)] for _ in range(1500)]
        texts = [" ".join(words) for words in originals]
        texts += [" ".join(_changed(rng, words, changes)) for words in originals]
        similarity = (100 - changes) / (100 + changes)
        assert similarity > 0.6
        found = len(_near(texts, 0.6, "word:1", permutations=24)) / 1500
        expected = lsh_recall(similarity, *lsh_bands(0.6, 24))
        assert abs(found - expected) < 4 * (expected * (1 - expected) / 1500) ** 0.5 + 1e-9


def test_the_family_of_hashes_is_sound() -> None:
    """Signatures collide as often as sets are similar, whatever the similarity."""
    how = How(threshold=1.0, permutations=1, method="near")
    many = 4000
    rng = np.random.default_rng(3)
    for shared in (10, 50, 90):
        sets = rng.integers(0, 1 << 63, (many, 200 - shared), dtype=np.uint64)
        both = np.concatenate([np.sort(sets[:, :100], 1), np.sort(sets[:, 100 - shared :], 1)])
        edges = np.arange(2 * many + 1, dtype=np.int64) * 100
        keys = Cpu(how).keys(both.ravel(), edges)[0]
        similarity = shared / (200 - shared)
        equal = float(np.mean(keys[:many] == keys[many:]))
        assert abs(equal - similarity) < 4 * (similarity * (1 - similarity) / many) ** 0.5


def test_bands_promise_what_they_say() -> None:
    """As many rows as the promise allows; at least 98 % right at the threshold, whatever the threshold."""
    assert lsh_bands(0.8) == (18, 7)
    assert lsh_recall(0.8, 18, 7) == pytest.approx(1 - (1 - 0.8**7) ** 18)
    assert lsh_bands(1.0) == (1, 128)
    for threshold in (0.05, 0.3, 0.5, 0.7, 0.9, 0.99):
        bands, rows = lsh_bands(threshold)
        assert bands * rows <= 128
        assert lsh_recall(threshold, bands, rows) >= 0.98


@pytest.mark.parametrize("threshold", [0.0, -1.0, 1.01, float("nan"), 0.001])
def test_a_threshold_that_cannot_be_kept_is_refused(threshold: float) -> None:
    """It is none, or 128 permutations would miss too many pairs."""
    with pytest.raises(UsageError):
        lsh_bands(threshold)


def _signature(gram: int, number: int) -> int:
    """The documented hash function, in plain Python."""

    def split_mix(state: int) -> int:
        value = (state + 1) * 0x9E3779B97F4A7C15 % 2**64
        value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9 % 2**64
        value = (value ^ value >> 27) * 0x94D049BB133111EB % 2**64
        return (value ^ value >> 31) >> 32

    return ((split_mix(number) | 1) * (gram % 2**32) + split_mix(7 + number)) % 2**32


def test_signatures_are_of_the_documented_family() -> None:
    """Equal keys where, and only where, the least values of all functions are equal."""
    how = How(threshold=1.0, permutations=7)
    rng = np.random.default_rng(0)
    sets = [
        np.sort(rng.integers(0, 12, size, dtype=np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
        for size in [2] * 60
    ]
    edges = np.arange(61, dtype=np.int64) * 2
    (keys,) = Cpu(how).keys(np.concatenate(sets), edges)
    least = [tuple(min(_signature(int(gram), f) for gram in one) for f in range(7)) for one in sets]
    for one in range(60):
        for other in range(one):
            assert (keys[one] == keys[other]) is np.bool_(least[one] == least[other])


def _fnv_mixed(word: bytes) -> int:
    value = 0xCBF29CE484222325
    for byte in word:
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return _mixed(value)


def _mixed(value: int) -> int:
    value = (value ^ value >> 33) * 0xFF51AFD7ED558CCD % 2**64
    value = (value ^ value >> 33) * 0xC4CEB9FE1A85EC53 % 2**64
    return value ^ value >> 33


def test_grams_are_hashed_as_documented() -> None:
    """FNV-1a, mixed, of each word; a polynomial over them, mixed, for each gram; sorted, each once."""
    array = pl.Series(["a b c a b c d", "one two"]).to_arrow().cast("large_string")
    texts = plain_texts(array)
    out, edges = np.empty(20, np.uint64), np.empty(3, np.int64)
    count = word_grams(texts.data, texts.edges, np.arange(2), 3, out, edges)

    def gram(*words: str) -> int:
        value = len(words)
        for word in words:
            value = (value << 23 | value >> 41) % 2**64
            value = (value ^ _fnv_mixed(word.encode())) * 0x9E3779B97F4A7C15 % 2**64
        return _mixed(value)

    first = sorted({gram(*words) for words in ("abc", "bca", "cab", "abc", "bcd")})
    assert out[:count].tolist() == [*first, gram("one", "two")]
    assert edges.tolist() == [0, 4, 5]


def test_the_result_is_the_same_however_it_is_come_by() -> None:
    """Memory (so small that all spills), jobs, and the cuts of the input change nothing."""
    rng = random.Random(5)  # noqa: S311
    texts = [" ".join(rng.choices(WORDS, k=rng.randint(1, 12))) for _ in range(4000)]
    texts += [" ".join([*text.split()[1:], "end"]) for text in texts[:2000]]
    whole = find_duplicates(pl.Series(texts), threshold=0.5)
    parts = [pl.Series(texts[at : at + 999]) for at in range(0, len(texts), 999)]
    for options in ({"memory": "1KB", "jobs": 1}, {"memory": "1KB", "jobs": 3}, {"jobs": 2}):
        again = find_duplicates(iter(parts), threshold=0.5, **options)
        assert again.pairs.equals(whole.pairs)
        assert again.clusters.equals(whole.clusters)
    assert whole.pairs.height > 500
