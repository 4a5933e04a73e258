from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ecomdata as ed
from ecomdata.errors import DataError, UsageError
from ecomdata.semanticids.resolving import Resolution

Ints = npt.NDArray[np.int64]
SIZE = 6


def _case(seed: int, items: int, tries: int, prefixes: int) -> tuple[Ints, Ints]:
    """Crowded ids, and for each item last codes in an order of its own."""
    rng = np.random.default_rng(seed)
    first = rng.integers(0, prefixes, (items, 2))
    codes = np.column_stack([first, rng.integers(0, SIZE, items) // 2])
    orders = np.array([rng.permutation(SIZE)[:tries] for _ in range(items)]).reshape(items, tries)
    return codes, orders


cases = st.builds(
    _case,
    seed=st.integers(0, 2**32 - 1),
    items=st.integers(1, 120),
    tries=st.integers(0, SIZE),
    prefixes=st.integers(1, 4),
)


def _ids(codes: npt.NDArray[Any]) -> list[tuple[int, ...]]:
    return [tuple(int(code) for code in row) for row in codes]


def _by_hand(codes: Ints, candidates: Ints, cap: int, seed: int) -> dict[int, tuple[int, ...]]:
    """The same rounds with a dictionary: who is where in the end; those without a place are not in it."""
    chance = np.random.default_rng(seed).permutation(len(codes))
    holders: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for item in sorted(range(len(codes)), key=lambda i: chance[i]):
        holders[_ids(codes)[item]].append(item)
    waiting = sorted(item for held in holders.values() for item in held[cap:])
    holders = defaultdict(list, {key: held[:cap] for key, held in holders.items()})
    while waiting:
        asks: dict[tuple[int, ...], list[tuple[int, int, int]]] = defaultdict(list)
        for item in waiting:
            for nth, code in enumerate(candidates[item]):
                key = (*_ids(codes)[item][:-1], int(code))
                if len(holders[key]) < cap:
                    asks[key].append((nth, int(chance[item]), item))
                    break
        waiting = []
        for key, asking in asks.items():
            room = cap - len(holders[key])
            holders[key] += [item for _, _, item in sorted(asking)[:room]]
            waiting += [item for _, _, item in sorted(asking)[room:]]
    return {item: key for key, held in holders.items() for item in held}


@settings(max_examples=60, deadline=None)
@given(case=cases, cap=st.integers(1, 6), seed=st.integers(0, 99))
def test_as_by_hand(case: tuple[Ints, Ints], cap: int, seed: int) -> None:
    """Item for item what plain rounds over dictionaries give."""
    codes, candidates = case
    found = ed.resolve_collisions(codes, candidates, size=SIZE, cap=cap, seed=seed)
    expected = _by_hand(codes, candidates, cap, seed)
    assert set(found.unplaced.tolist()) == set(range(len(codes))) - set(expected)
    assert {item: key for item, key in enumerate(_ids(found.codes)) if item in expected} == expected


def _check_places(codes: Ints, found: Resolution, cap: int) -> None:
    placed = found.tried >= 0
    groups = defaultdict(list)
    for key, index, there in zip(_ids(found.codes), found.index.tolist(), placed.tolist(), strict=True):
        groups[key if there else None].append(index)
    assert all(index == 0 for index in groups.pop(None, []))
    assert all(sorted(held) == list(range(1, len(held) + 1)) and len(held) <= cap for held in groups.values())
    assert (found.codes[:, :-1] == codes[:, :-1]).all()
    same = found.tried <= 0
    assert (found.codes[same] == codes[same]).all()
    sizes = Counter(_ids(codes))
    kept = Counter(key for key, tried in zip(_ids(codes), found.tried, strict=True) if tried == 0)
    assert kept == {key: min(cap, size) for key, size in sizes.items()}
    assert len(found.moved) + len(found.unplaced) == sum(max(0, size - cap) for size in sizes.values())


@settings(max_examples=60, deadline=None)
@given(case=cases, cap=st.integers(1, 6), seed=st.integers(0, 99))
def test_what_always_holds(case: tuple[Ints, Ints], cap: int, seed: int) -> None:
    """Never above the cap; the first codes and those who did not collide stay; nobody passed a free place."""
    codes, candidates = case
    found = ed.resolve_collisions(codes, candidates, size=SIZE, cap=cap, seed=seed)
    _check_places(codes, found, cap)
    sizes = Counter(key for key, index in zip(_ids(found.codes), found.index, strict=True) if index)
    for item in [*found.moved, *found.unplaced]:
        tried = found.tried[item]
        passed = candidates[item] if tried < 0 else candidates[item, : tried - 1]
        assert all(sizes[(*_ids(codes)[item][:-1], int(code))] == cap for code in passed)
        assert tried < 0 or candidates[item, tried - 1] == found.codes[item, -1]


@settings(max_examples=40, deadline=None)
@given(case=cases, cap=st.integers(1, 6), seed=st.integers(0, 99), tries=st.integers(0, 30))
def test_the_random_variant(case: tuple[Ints, Ints], cap: int, seed: int, tries: int) -> None:
    """Without candidates codes are drawn: the same holds, and nobody tries more often than asked."""
    codes, _ = case
    found = ed.resolve_collisions(codes, size=SIZE, cap=cap, seed=seed, tries=tries)
    _check_places(codes, found, cap)
    assert found.tried.max() <= tries
    again = ed.resolve_collisions(codes, size=SIZE, cap=cap, seed=seed, tries=tries)
    assert (again.codes == found.codes).all()
    assert (again.index == found.index).all()


def test_forge_s_own_size() -> None:
    """1,000 items of one id under 8,192 random last codes: all find a place, five keep theirs."""
    codes = np.full((1_000, 3), 7, np.int32)
    found = ed.resolve_collisions(codes, seed=3)
    assert found.codes.dtype == np.int32
    assert len(found.moved) == 995
    assert max(Counter(_ids(found.codes)).values()) <= 5


def test_chance_chooses_who_stays() -> None:
    """Over seeds, each of ten items keeps its id about half of the time."""
    codes = np.zeros((10, 1), np.int64)
    stays = sum(
        (ed.resolve_collisions(codes, size=8192, seed=seed).tried == 0).astype(int) for seed in range(400)
    )
    assert stays.sum() == 5 * 400
    assert 150 < stays.min() <= stays.max() < 250


def test_too_few_places() -> None:
    """Where the candidates are full too, the rest is reported and keeps its codes."""
    codes = np.zeros((20, 3), np.int64)
    found = ed.resolve_collisions(codes, np.tile([0, 1], (20, 1)), seed=0)
    assert (len(found.moved), len(found.unplaced)) == (5, 10)
    assert (found.codes[found.unplaced] == 0).all()


def test_nothing_to_resolve() -> None:
    """No items, and items that do not collide."""
    assert ed.resolve_collisions(np.empty((0, 3), np.int64)).index.tolist() == []
    found = ed.resolve_collisions(np.arange(30).reshape(10, 3))
    assert found.index.tolist() == [1] * 10


@pytest.mark.parametrize("narrow", [np.uint8, np.int8])
def test_codes_of_a_narrow_type_have_room_for_all_last_codes(narrow: type[np.generic]) -> None:
    """They did not: a moved item's code was taken modulo 256."""
    codes = np.zeros((400, 2), narrow)
    found = ed.resolve_collisions(codes, seed=1)
    assert _ids(found.codes) == _ids(ed.resolve_collisions(codes.astype(np.int64), seed=1).codes)
    assert found.codes.max() > 255


def test_codes_that_may_be_very_large_stay_whole_numbers() -> None:
    """They became floats, of which some are one off."""
    found = ed.resolve_collisions(np.zeros((9, 1), np.int64), size=1 << 60)
    assert found.codes.dtype == np.int64
    assert len(_ids(found.codes)) == 9


def test_lists_do_for_arrays_and_results_can_be_compared() -> None:
    """Each is equal to itself, and no other: their arrays have no one answer."""
    codes = np.zeros((9, 2), np.int64)
    one, other = ed.resolve_collisions(codes), ed.resolve_collisions(codes.tolist(), seed=np.int64(0))
    assert _ids(one.codes) == _ids(other.codes)
    assert one == one  # noqa: PLR0124
    assert one != other


@pytest.mark.parametrize(
    ("codes", "candidates", "options", "error"),
    [
        (np.zeros((3, 3)), None, {}, UsageError),
        (np.zeros(3, np.int64), None, {}, UsageError),
        (np.zeros((3, 0), np.int64), None, {}, UsageError),
        (np.zeros((3, 3), np.int64), None, {"cap": 0}, UsageError),
        (np.zeros((9, 3), np.int64), np.zeros((2, 5), np.int64), {}, UsageError),
        (np.zeros((9, 3), np.int64), np.full((9, 5), 8192), {}, DataError),
        (np.zeros((9, 3), np.int64), np.full((9, 5), -1), {}, DataError),
        (np.zeros((9, 3), np.int64), np.full((9, 5), 0.5), {}, UsageError),
        (np.zeros((9, 3), np.int64), None, {"seed": -1}, UsageError),
        (np.full((9, 3), 8192), None, {}, DataError),
        (np.full((9, 3), -1), None, {}, DataError),
        (np.full((9, 3), 2**40), None, {"size": 2**41}, DataError),
    ],
)
def test_wrong_input(
    codes: npt.NDArray[Any], candidates: Ints | None, options: dict[str, int], error: type[Exception]
) -> None:
    """Shapes that do not fit and codes that cannot be are errors."""
    with pytest.raises(error):
        ed.resolve_collisions(codes, candidates, **options)
