"""Seeded synthetic raw files: long-tailed ids, sessions in time order, dirty rows, upstream's spelling.

Every function takes a numpy ``Generator`` (see :func:`stream`) and works on whole arrays, so that a
million rows take about a second; the same seed gives the same bytes.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import polars as pl
from numpy.random import Generator

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


def stream(seed: int, *names: str | int) -> Generator:
    """An independent random stream for one use, such as ``stream(seed, "items", month)``."""
    keys = [zlib.crc32(str(name).encode()) for name in names]
    return np.random.default_rng([seed & 0xFFFFFFFFFFFFFFFF, *keys])


def slabs(rows: int, slab: int = 1_000_000) -> Iterator[int]:
    """``rows`` cut into pieces of at most ``slab``, to write a file of any size in bounded memory."""
    for start in range(0, rows, slab):
        yield min(slab, rows - start)


def long_tail(rng: Generator, n: int, size: int, exponent: float = 1.05) -> Ints:
    """``size`` ranks in 0..n-1 with rank 0 the most frequent (a bounded power law).

    Args:
        rng: The random stream.
        n: Number of distinct things, at least 1.
        size: Number of draws.
        exponent: How steep the law is; rank ``r`` is drawn about as often as ``(r + 1) ** -exponent``.
    """
    u = rng.random(size)
    if abs(exponent - 1.0) < 1e-9:
        ranks = np.exp(u * math.log(n + 1))
    else:
        power = 1.0 - exponent
        ranks = ((float(n + 1) ** power - 1.0) * u + 1.0) ** (1.0 / power)
    return np.clip(ranks.astype(np.int64) - 1, 0, n - 1)


def scattered_ids(rng: Generator, n: int, low: int, high: int) -> Ints:
    """``n`` distinct ids in ``low``..``high`` in no visible order; index them by rank.

    Raises:
        ValueError: there are fewer than ``n`` ids in the range.
    """
    width = high - low + 1
    if n > width:
        raise ValueError(f"{n} distinct ids do not fit into {low}..{high}")
    # i -> (a i + b) mod width visits every id once when a and width share no factor.
    limit = max(2, min(width, 2**62 // max(n, 1)))
    a = int(rng.integers(1, limit))
    while math.gcd(a, width) != 1:
        a += 1
    b = int(rng.integers(0, width))
    return low + (np.arange(n, dtype=np.int64) * a + b) % width


def group_sizes(rng: Generator, total: int, mean: float, spread: float = 1.0, cap: int | None = None) -> Ints:
    """Long-tailed group sizes (log-normal, at least 1) that add up to ``total`` exactly.

    Args:
        rng: The random stream.
        total: What the sizes add up to, such as the rows of a file.
        mean: Mean size, such as events per user.
        spread: Sigma of the logarithm; 0 gives equal groups.
        cap: Largest size.
    """
    if total <= 0:
        return np.zeros(0, dtype=np.int64)
    sizes: list[Ints] = []
    left = total
    while left > 0:
        draw = rng.lognormal(math.log(mean) - spread**2 / 2, spread, int(left / mean) + 16)
        block = np.clip(np.rint(draw), 1, cap).astype(np.int64)
        sizes.append(block)
        left -= int(block.sum())
    joined = np.concatenate(sizes)
    ends = np.cumsum(joined)
    last = int(np.searchsorted(ends, total))
    joined = joined[: last + 1]
    joined[-1] -= int(ends[last]) - total
    return joined


def groups(sizes: Ints) -> Ints:
    """The group number of each row: sizes 2, 3 give 0 0 1 1 1."""
    return np.repeat(np.arange(len(sizes), dtype=np.int64), sizes)


def positions(sizes: Ints) -> Ints:
    """The place of each row in its group: sizes 2, 3 give 0 1 0 1 2."""
    starts = np.cumsum(sizes) - sizes
    return np.arange(int(sizes.sum()), dtype=np.int64) - np.repeat(starts, sizes)


def split_groups(rng: Generator, sizes: Ints, mean: float) -> tuple[Ints, Ints]:
    """Cut every group into runs of geometric length, such as a user's events into sessions.

    Returns:
        The size of each run, and the number of runs in each group.
    """
    rows = int(sizes.sum())
    opens = (rng.random(rows) < 1.0 / mean) | (positions(sizes) == 0)
    starts = np.flatnonzero(opens)
    runs = np.add.reduceat(opens, np.cumsum(sizes) - sizes, dtype=np.int64) if rows else sizes
    return np.diff(starts, append=rows).astype(np.int64), runs


def session_starts(rng: Generator, sessions_per_user: Ints, start: int, end: int) -> Ints:
    """A start for every session, ascending inside each user, in ``start``..``end`` (any unit)."""
    users = groups(sessions_per_user)
    starts = rng.integers(start, end + 1, len(users), dtype=np.int64)
    return starts[np.lexsort((starts, users))]


def session_times(rng: Generator, starts: Ints, sizes: Ints, gap: float, end: int | None = None) -> Ints:
    """A time for every event, never falling inside its session.

    Args:
        rng: The random stream.
        starts: Start of each session, in any unit.
        sizes: Events of each session.
        gap: Mean time between two events, in the same unit (exponential).
        end: Latest time; later ones are set to it.
    """
    steps = np.rint(rng.exponential(gap, int(sizes.sum()))).astype(np.int64)
    first = positions(sizes) == 0
    steps[first] = 0
    run = np.cumsum(steps)
    times: Ints = np.repeat(starts, sizes) + run - np.repeat(run[first], sizes)
    return times if end is None else np.minimum(times, end)


def choice(rng: Generator, weights: Mapping[str, float], size: int) -> pl.Series:
    """Words drawn with the given weights (they need not add up to 1)."""
    words = list(weights)
    shares = np.array([weights[word] for word in words])
    picks = np.searchsorted(np.cumsum(shares / shares.sum())[:-1], rng.random(size), side="right")
    return pl.Series(words, dtype=pl.String).gather(picks)


def mood_of(stars: int) -> int:
    """Of those who give so many of five stars: 0 like it, 1 are in between, 2 do not."""
    return 0 if stars > 3 else 1 if stars == 3 else 2


def picked(phrases: Sequence[str], number: int) -> str:
    """One of some phrases, by a random number."""
    return phrases[number % len(phrases)]


def dirty(rng: Generator, size: int, share: float) -> Bools:
    """A mask with exactly ``round(share * size)`` of ``size`` rows set, and one at least unless it is 0."""
    count = min(size, max(1, round(share * size))) if share > 0 and size else 0
    mask = np.zeros(size, dtype=np.bool_)
    mask[rng.choice(size, count, replace=False)] = True
    return mask


def write_csv(
    frame: pl.DataFrame,
    path: Path,
    *,
    header: bool = True,
    separator: str = ",",
    quote: Literal["necessary", "never"] = "necessary",
    append: bool = False,
) -> None:
    """Write delimited text in UTF-8 with LF; ``append`` adds rows (with ``header``, a header amid them)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab" if append else "wb") as file:
        frame.write_csv(file, include_header=header, separator=separator, quote_style=quote)
