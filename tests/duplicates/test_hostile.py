from __future__ import annotations

import random

import polars as pl

from ecomdata.duplicates import find_duplicates

RNG = random.Random(4)  # noqa: S311
WORDS = [f"w{number}" for number in range(50_000)]


def test_a_million_identical_reviews_are_one_text() -> None:
    """They are one node: no pair is ever made of them but each with the first."""
    found = find_duplicates(pl.Series(["valo product"]).new_from_index(0, 1_000_000))
    assert (found.different, len(found.removed), found.pairs.height) == (1, 999_999, 999_999)


def test_a_template_with_ten_thousand_fillings_is_one_cluster() -> None:
    """Under one key, texts are compared with leaders alone: pairs grow with the texts, not their square."""
    template = " ".join(RNG.sample(WORDS, 40))
    found = find_duplicates(pl.Series([f"{template} {number}" for number in range(10_000)]))
    assert len(found.removed) == 9_999
    assert found.pairs.height < 10_000 * 18


def test_a_template_that_is_not_enough_is_no_duplicate() -> None:
    """Ten thousand texts that share most words, and collide in every band, but are not near."""
    template = " ".join(RNG.sample(WORDS, 40))
    texts = [f"{template} {' '.join(RNG.choices(WORDS, k=12))}" for _ in range(10_000)]
    assert find_duplicates(pl.Series(texts)).pairs.is_empty()


def test_a_long_chain_is_cut_into_near_clusters() -> None:
    """Five thousand texts, each near to the next: each cluster lies within the threshold of its kept row."""
    words = RNG.sample(WORDS, 5_040)
    texts = [" ".join(words[at : at + 40]) for at in range(5_000)]
    found = find_duplicates(pl.Series(texts))
    assert found.clusters["jaccard"].min() >= 0.8
    span = found.clusters.group_by("cluster").agg(pl.col("row").max() - pl.col("row").min())
    assert span["row"].max() == 4
    assert 3_900 < len(found.removed) <= 4_000


def test_long_texts_take_no_longer_than_their_bytes_ask_for() -> None:
    """Texts of 4 MB: of words, of one word, of the same word, by words and by characters."""
    long = " ".join(RNG.choices(WORDS, k=600_000))
    texts = [long, f"{long} end", "a" * 4_000_000, "a" * 4_000_001, "a " * 2_000_000, "a"]
    assert find_duplicates(pl.Series(texts)).pairs.select("row", "other").rows() == [(0, 1)]
    found = find_duplicates(pl.Series([text[-4_000_000:] for text in texts[1:]]), ngrams="char:5")
    assert found.pairs.select("row", "other").rows() == [(1, 2)]


def test_short_and_empty_texts() -> None:
    """What has nothing in it is nobody's duplicate; a text shorter than the n-gram is one n-gram."""
    texts = pl.Series(["", None, "  ", "\u3000", "ok", "OK ", "ok ok", "ok ok ok", "ok ok ok ok", "not ok"])
    found = find_duplicates(texts)
    assert found.empty == 4
    assert found.pairs.rows() == [(4, 5, 1.0), (7, 8, 1.0)]


def test_combining_characters_without_end() -> None:
    """A letter under a hundred thousand marks is put in order as any other text is."""
    marks = "\u0327\u0301" * 50_000
    texts = pl.Series([f"e{marks}", f"e{marks[::-1]}", "\u0229" + marks[::2][1:] + marks[1::2], f"a{marks}"])
    found = find_duplicates(texts, method="exact")
    assert found.pairs.select("row", "other").rows() == [(0, 1), (0, 2)]
