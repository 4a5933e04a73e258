from __future__ import annotations

import math
from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecomdata.errors import DataError
from ecomdata.semanticids.spreads import Spread, read_spread

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
def test_the_authors_file_comes_back(tmp_path_factory: pytest.TempPathFactory, items: list[int]) -> None:
    """What is written is read again, ascending."""
    path = tmp_path_factory.mktemp("counts") / "row_summary.txt"
    spread = _spread(items)
    path.write_text(spread.as_lines(), encoding="utf-8")
    assert read_spread(path) == spread
    assert all(a < b for a, b in pairwise(spread.counts))


def test_the_authors_example() -> None:
    """Lines as their document shows them: 100 ids with one item, 50 with two, 20 with three."""
    assert Spread.of([(3, 20), (1, 100), (2, 50)]).as_lines() == "1$$||$$100\n2$$||$$50\n3$$||$$20\n"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("1$$||$$5\n2||3\n", 2),
        ("1$$||$$-5\n", 1),
        ("0$$||$$5\n", 1),
        ("1$$||$$5$$||$$6\n", 1),
        ("1$$||$$1e3\n", 1),
        ("2$$||$$5\n\n1$$||$$5\n", 3),
        ("2$$||$$5\n2$$||$$5\n", 2),
        ("\0\xff\n", 1),
    ],
)
def test_a_malformed_line_is_named(tmp_path: Path, text: str, line: int) -> None:
    """Hostile lines are errors with their number, not skipped."""
    path = tmp_path / "row_summary.txt"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(DataError, match=rf"row_summary\.txt, line {line}: "):
        read_spread(path)
