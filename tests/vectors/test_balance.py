"""How evenly clusters are filled, beside SciPy and the definition of Gini's coefficient."""

import numpy as np
import pytest
from scipy import stats

from ecomdata.vectors.balance import balance_of


@pytest.mark.parametrize("sizes", [[5, 1, 9, 3], [0, 0, 7], [1, 1, 1, 1], [100, 0]])
def test_entropy_and_gini_are_as_defined(sizes: list[int]) -> None:
    """Entropy by SciPy over ln k; Gini as the mean difference of all pairs over twice the mean."""
    found = balance_of(np.array(sizes))
    values = np.array(sizes, float)
    differences = np.abs(values[:, None] - values[None, :]).mean()
    assert found.entropy == pytest.approx(stats.entropy(values) / np.log(len(values)))
    assert found.gini == pytest.approx(differences / (2 * values.mean()))


def test_the_ends_are_known() -> None:
    """All of one size: 1 and 0. All rows in one: 0 and (k - 1) / k."""
    even, one = balance_of(np.full(8, 3)), balance_of(np.array([0, 0, 0, 12]))
    assert (even.entropy, even.gini) == (pytest.approx(1), pytest.approx(0))
    assert (str(one.entropy), one.gini) == ("0.0", pytest.approx(3 / 4))


@pytest.mark.parametrize("sizes", [[], [7], [0, 0]])
def test_one_cluster_has_no_balance(sizes: list[int]) -> None:
    """None with a reason, also where no row is in any."""
    found = balance_of(np.array(sizes, int))
    assert (found.entropy, found.gini) == (None, None)
    assert found.reason
