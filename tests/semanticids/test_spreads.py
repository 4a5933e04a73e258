from __future__ import annotations

import math
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecomdata.semanticids.spreads import Spread

sizes = st.lists(st.integers(1, 10**9), min_size=1, max_size=60)


def _spread(items: list[int]) -> Spread:
    return Spread.of(Counter(items).items())


def _mean_difference(items: list[int]) -> float:
    """Half the relative mean absolute difference of all pairs: the coefficient by its definition."""
    values = np.array(items, np.float64)
    return float(np.abs(values[:, None] - values).mean() / (2 * values.mean()))


@given(sizes)
def test_the_authors_formula_is_gini_s_mean_difference(items: list[int]) -> None:
    """The formula over ordered sizes gives what the definition over all pairs gives."""
    gini = _spread(items).gini
    assert gini == pytest.approx(_mean_difference(items), abs=1e-12)
    assert 0 <= gini < 1


@pytest.mark.parametrize("size", [1, 7, 10**12])
def test_all_equal_is_zero(size: int) -> None:
    """Where all ids have as many items, exactly zero, whatever the number."""
    assert Spread.of([(size, 250_000_000)]).gini == 0


def test_one_id_with_nearly_all_items() -> None:
    """One id has all but N - 1 items: near (N - 1) / N."""
    used, items = 1_000, 10**9
    gini = Spread.of([(1, used - 1), (items - used + 1, 1)]).gini
    assert gini == pytest.approx((used - 1) / used, rel=1e-5)


def test_no_ids_no_figures() -> None:
    """Nothing is not zero."""
    nothing = Spread.of([])
    assert (nothing.gini, nothing.perplexity, nothing.used, nothing.items, nothing.most) == (
        None,
        None,
        0,
        0,
        0,
    )


@given(sizes)
def test_perplexity_is_the_exponent_of_the_entropy(items: list[int]) -> None:
    """It agrees with a sum over the ids one by one, and is at most how many there are."""
    total = sum(items)
    entropy = -sum(size / total * math.log(size / total) for size in items)
    perplexity = _spread(items).perplexity
    assert perplexity == pytest.approx(math.exp(entropy), rel=1e-9)
    assert 1 - 1e-9 <= perplexity <= len(items) * (1 + 1e-9)


@given(sizes)
def test_the_authors_file_has_them_all(items: list[int]) -> None:
    """Each number of items once, ascending."""
    spread = _spread(items)
    lines = [line.split("$$||$$") for line in spread.as_lines().splitlines()]
    assert {int(size): int(ids) for size, ids in lines} == spread.counts
    assert all(int(a) < int(b) for (a, _), (b, _) in pairwise(lines))


def test_the_authors_example() -> None:
    """Lines as their document shows them: 100 ids with one item, 50 with two, 20 with three."""
    assert Spread.of([(3, 20), (1, 100), (2, 50)]).as_lines() == "1$$||$$100\n2$$||$$50\n3$$||$$20\n"
