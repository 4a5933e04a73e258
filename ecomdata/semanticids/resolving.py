"""Resolving collisions: at most five items keep an id, the others move to another last code near theirs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ecomdata.errors import DataError, UsageError
from ecomdata.given import whole
from ecomdata.semanticids import resolvingkernels
from ecomdata.semanticids.resolvingkernels import Ints

TRIES: Final = 200
"""Last codes that an item may move to (SID_generation/ID_collision.sql)."""


@dataclass(frozen=True, slots=True, eq=False)
class Resolution:
    """Ids of which none has too many items.

    Attributes:
        codes: Shape (n, levels); the codes of each item, of which only the last may have changed, in a type
            that holds all last codes.
        index: Shape (n,); 1 to the cap, different for the items of an id; 0 for an item that found no place
            and keeps its codes.
        tried: Shape (n,); 0 for an item that stayed; else which of its candidates took it, from 1; -1 for an
            item that found no place.
    """

    codes: npt.NDArray[Any]
    index: Ints
    tried: Ints

    @property
    def moved(self) -> Ints:
        """Positions of the items that moved."""
        return np.flatnonzero(self.tried > 0)

    @property
    def unplaced(self) -> Ints:
        """Positions of the items that found no place."""
        return np.flatnonzero(self.tried < 0)


def resolve_collisions(
    codes: npt.ArrayLike,
    candidates: npt.ArrayLike | None = None,
    *,
    size: int = 8192,
    cap: int = 5,
    tries: int = TRIES,
    seed: int = 0,
) -> Resolution:
    """Leave at most ``cap`` items to each id, chosen at random, and move the others.

    After SID_generation/ID_collision.sql. Those that are too many ask, in rounds, the nearest of their
    candidates that has room; an id takes first those to whom it is nearest, then whom chance chooses; and
    whom it has taken stays. So all candidates that are nearer to a moved item than its new one are full in
    the end, and so are all of an item without a place. (Upstream lets an item ask all its candidates at once,
    and holds places for it at several.)

    Args:
        codes: Shape (n, levels), whole numbers; levels at least 1, the last below ``size``.
        candidates: Shape (n, k): last codes for each item, the nearest first; its own may be among them, for
            it is full. Rows of items that stay are not looked at. None: random ones, upstream's variant.
        size: Codes of the last level.
        cap: Items that an id may have; upstream resolves to 5.
        tries: How many random ones.
        seed: The same seed gives the same ids.

    Raises:
        UsageError: shapes or types do not fit, or ``cap`` or ``size`` is below 1.
        DataError: a code is negative or too large.
    """
    given = np.asarray(codes)
    size, cap, tries = whole("size", size), whole("cap", cap), whole("tries", tries, least=0)
    ids, bases = _as_numbers(given, size, cap)
    rng = np.random.default_rng(whole("seed", seed, least=0))
    chance = rng.permutation(len(ids)).astype(np.int64)
    stays = _rank_within(ids, chance) < cap
    tried = np.where(stays, 0, -1)
    waiting = np.flatnonzero(~stays)
    table = _Table(ids[stays], len(ids))
    ask = (
        _random_asker(bases, rng, size, tries)
        if candidates is None
        else _nearest_asker(table, bases, np.asarray(candidates), waiting, size, cap)
    )
    placed = ids.copy()
    while len(waiting):
        waiting, wanted, nth = ask(waiting)
        free = cap - table.items(wanted)
        taken = _rank_within(wanted, chance[waiting], nth) < free
        table.add(wanted[taken])
        placed[waiting[taken]], tried[waiting[taken]] = wanted[taken], nth[taken]
        waiting = waiting[~taken]
    found = given.astype(given.dtype if size - 1 <= np.iinfo(given.dtype).max else np.int64)
    moved = tried > 0
    found[moved, -1] = placed[moved] - bases[moved]
    index = np.where(tried < 0, 0, _rank_within(np.where(tried < 0, -1, placed), chance, tried) + 1)
    return Resolution(found, index, tried)


Asker = Callable[[Ints], tuple[Ints, Ints, Ints]]
"""Waiting items -> those of them that still have someone to ask, whom they ask, and which of theirs it is."""


def _nearest_asker(
    table: _Table, bases: Ints, candidates: npt.NDArray[Any], waiting: Ints, size: int, cap: int
) -> Asker:
    if candidates.ndim != 2 or len(candidates) != len(bases):
        raise UsageError(f"candidates have shape {candidates.shape}, for {len(bases):,} items")
    if candidates.dtype.kind not in "iu" and candidates.size:
        raise UsageError(
            f"candidates are whole numbers, not {candidates.dtype}", hint="give the codes themselves"
        )
    rows = np.ascontiguousarray(candidates[waiting], np.int64)
    if rows.size and not 0 <= rows.min() <= rows.max() < size:
        raise DataError(f"a candidate is {rows.min()} or {rows.max()}, and last codes are 0 to {size - 1}")
    place = np.full(len(bases), -1)
    place[waiting] = np.arange(len(waiting))
    asked = np.zeros(len(waiting), np.int64)
    starts = np.ascontiguousarray(bases[waiting])

    def ask(waiting: Ints) -> tuple[Ints, Ints, Ints]:
        own = place[waiting]
        wanted = table.nearest(own, starts, rows, asked, cap)
        there = wanted >= 0
        return waiting[there], wanted[there], asked[own[there]] + 1

    return ask


def _random_asker(bases: Ints, rng: np.random.Generator, size: int, tries: int) -> Asker:
    """Everyone asks in every round, so one number of tries counts for all."""
    rounds = iter(range(1, tries + 1))

    def ask(waiting: Ints) -> tuple[Ints, Ints, Ints]:
        nth = next(rounds, None)
        if nth is None:
            return waiting[:0], waiting[:0], waiting[:0]
        drawn = rng.integers(0, size, len(waiting))
        return waiting, bases[waiting] + drawn, np.full(len(waiting), nth)

    return ask


class _Table:
    """Ids in use and how many items each has."""

    def __init__(self, ids: Ints, most: int) -> None:
        length = 1 << max(2 * most, 2).bit_length()
        self._keys = np.full(length, -1, np.int64)
        self._counts = np.zeros(length, np.int64)
        self.add(ids)

    def add(self, ids: Ints) -> None:
        """Give each of these ids one item more."""
        different, numbers = np.unique(ids, return_counts=True)
        resolvingkernels.add_items(self._keys, self._counts, different, numbers.astype(np.int64))

    def items(self, ids: Ints) -> Ints:
        """How many items each of these ids has."""
        found = np.empty(len(ids), np.int64)
        resolvingkernels.items_of(self._keys, self._counts, np.ascontiguousarray(ids), found)
        return found

    def nearest(self, waiting: Ints, bases: Ints, candidates: Ints, asked: Ints, cap: int) -> Ints:
        """For each waiting item its nearest id with room, or -1; ``asked`` goes on to it."""
        wanted = np.empty(len(waiting), np.int64)
        resolvingkernels.ask_nearest(self._keys, self._counts, cap, waiting, bases, candidates, asked, wanted)
        return wanted


def _as_numbers(codes: npt.NDArray[Any], size: int, cap: int) -> tuple[Ints, Ints]:
    """Each item's id as one number, and the same with a last code of 0."""
    if codes.ndim != 2 or not codes.shape[1] or codes.dtype.kind not in "iu":
        raise UsageError(f"codes are whole numbers of shape (n, levels), not {codes.dtype} {codes.shape}")
    if size < 1 or cap < 1:
        raise UsageError(f"size {size} and cap {cap} are 1 at least")
    numbers = codes.astype(np.int64)
    if not len(numbers):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    if numbers.min() < 0 or numbers[:, -1].max() >= size:
        raise DataError(f"codes are 0 or more, and the last below {size}: {numbers.min()}, {numbers.max()}")
    radices = [*(int(most) + 1 for most in numbers[:, :-1].max(axis=0)), size]
    if prod(radices) > 1 << 62:
        raise DataError(f"ids with codes up to {numbers.max()} in {len(radices)} levels do not fit 62 bits")
    ids = np.zeros(len(numbers), np.int64)
    for level, radix in enumerate(radices):
        ids = ids * radix + numbers[:, level]
    return ids, ids - numbers[:, -1]


def _rank_within(groups: Ints, *order: Ints) -> Ints:
    """Each element's place in its group, from 0; by the last of ``order`` first, as in numpy.lexsort."""
    by = np.lexsort((*order, groups))
    ordered = groups[by]
    first = np.flatnonzero(np.diff(ordered, prepend=ordered[:1] - 1))
    ranks = np.empty(len(groups), np.int64)
    ranks[by] = np.arange(len(groups)) - np.repeat(first, np.diff(first, append=len(groups)))
    return ranks
