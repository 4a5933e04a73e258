"""How items are spread over ids or codes: Gini coefficient, perplexity, and the authors' file of sizes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

SEPARATOR: Final = "$$||$$"


@dataclass(frozen=True, slots=True)
class Spread:
    """How many ids have how many items.

    Attributes:
        counts: Items of an id -> ids with so many, ascending; both at least 1.
    """

    counts: Mapping[int, int]

    @classmethod
    def of(cls, pairs: Iterable[tuple[int, int]]) -> Spread:
        """From pairs of items and ids, in any order; equal numbers of items are added up."""
        counts: dict[int, int] = {}
        for size, ids in pairs:
            counts[size] = counts.get(size, 0) + ids
        return cls({size: counts[size] for size in sorted(counts)})

    @property
    def used(self) -> int:
        """Ids that have an item."""
        return sum(self.counts.values())

    @property
    def items(self) -> int:
        """Items of all ids."""
        return sum(size * ids for size, ids in self.counts.items())

    @property
    def most(self) -> int:
        """Items of the fullest id; 0 where there is none."""
        return max(self.counts, default=0)

    @property
    def gini(self) -> float | None:
        """The Gini coefficient: 0 where all ids have as many items, near 1 where one has nearly all.

        With x_1 <= ... <= x_N the items of the N used ids:
        G = (N + 1) / N - 2 * sum_i (N + 1 - i) x_i / (N * sum_i x_i), counted in whole numbers.
        None where there is no id. Source: SID_generation/scripts/gini_coefficient.md.
        """
        used, items = self.used, self.items
        if not used:
            return None
        weighted = before = 0
        for size, ids in self.counts.items():
            first, last = used - before, used - before - ids + 1
            weighted += size * ((first + last) * ids // 2)
            before += ids
        return float(Fraction(used + 1, used) - Fraction(2 * weighted, used * items))

    @property
    def perplexity(self) -> float | None:
        """How many ids there would be if all were used alike: exp(-sum_i p_i ln p_i), p_i = x_i / sum x.

        From 1 to the number of used ids; None where there is none. The usual measure of how well a codebook
        is used (van den Oord et al., 2017, arXiv 1711.00937, and those after it).
        """
        items = self.items
        if not items:
            return None
        entropy = math.fsum(
            ids * (size / items) * -math.log(size / items) for size, ids in self.counts.items()
        )
        return math.exp(entropy)

    def above(self, cap: int) -> Spread:
        """Only the ids with more than ``cap`` items."""
        return Spread({size: ids for size, ids in self.counts.items() if size > cap})

    def as_lines(self) -> str:
        """The text of the authors' file: ``items$$||$$ids`` a line, ascending."""
        return "".join(f"{size}{SEPARATOR}{ids}\n" for size, ids in self.counts.items())
