"""Finding duplicates among texts."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from ecomdata.duplicates.clusters import Jaccards, Rows, across_sides, in_clusters, in_pairs
from ecomdata.duplicates.devices import computing
from ecomdata.duplicates.how import DEFAULT_MEMORY, DEFAULT_TIDYINGS, Device, How, Keep, Method
from ecomdata.duplicates.lsh import PERMUTATIONS
from ecomdata.duplicates.nodes import NodeMaker, Nodes
from ecomdata.duplicates.pairing import Sides, near_pairs
from ecomdata.errors import UsageError
from ecomdata.given import as_given, names, whole, whole_or_none
from ecomdata.pathnames import expanded
from ecomdata.progress import Reporter, Silent
from ecomdata.texts.given import as_column
from ecomdata.texts.gramhashes import Ints
from ecomdata.texts.tidying import blocks
from ecomdata.threads import Engine, Threads

if TYPE_CHECKING:
    import os

    import polars as pl

    from ecomdata.texts.tidying import Column


_MOST_SIDE: Final = 255


@dataclass(frozen=True, slots=True, eq=False)
class Duplicates:
    """What :func:`find_duplicates` found. Rows are numbered from 0, in the order of the texts.

    Attributes:
        texts: Texts.
        empty: Those that are null or have nothing in them; they are nobody's duplicate.
        different: Different texts, once tidied.
        pairs: ``row``, ``other``, ``jaccard``: different texts that are near, by the first row of each; and
            rows with the same text (1.0), with the first of them.
        clusters: ``cluster`` (the kept row), ``row``, ``kept``, ``jaccard`` (to the kept row).
        recall: The share of pairs right at the threshold that are found, on average.
        device: What it was computed on.
        seconds: How long it took.
    """

    texts: int
    empty: int
    different: int
    pairs: pl.DataFrame
    clusters: pl.DataFrame
    recall: float
    device: str
    seconds: float

    @property
    def removed(self) -> pl.Series:
        """The rows that would go, sorted."""
        import polars as pl

        return self.clusters.filter(~pl.col("kept"))["row"].unique().sort()


def find_duplicates(  # noqa: PLR0913 - one keyword an option, as the command line has them
    texts: Column | Iterable[Column] | Iterable[str | None],
    *,
    method: Method = "near",
    threshold: float = 0.8,
    ngrams: str = "word:3",
    normalize: str | Collection[str] = DEFAULT_TIDYINGS,
    keep: Keep = "first",
    times: pl.Series | Iterable[object] | None = None,
    sides: npt.ArrayLike | None = None,
    permutations: int = PERMUTATIONS,
    device: Device = "auto",
    memory: str = DEFAULT_MEMORY,
    jobs: int | None = None,
    spill: str | os.PathLike[str] | None = None,
    reporter: Reporter | None = None,
) -> Duplicates:
    """Find texts that are the same or nearly so.

    Texts are nearly the same where the Jaccard similarity of their sets of n-grams is at least the threshold.
    Candidates come from MinHash and LSH; every one is verified, so that no pair is false, and the share of
    pairs that are missed is known (``recall``). A cluster's members are all near to its kept row.

    Args:
        texts: A polars Series, an Arrow array or a list of strings; or several Series or arrays, read as they
            are needed.
        method: ``near``, or ``exact``: the same once tidied.
        threshold: The least Jaccard similarity, above 0 and at most 1.
        ngrams: ``word:3`` or ``char:5``: what is compared. A text that is shorter is one n-gram.
        normalize: What is tidied before texts are compared: ``nfc`` (Unicode's composed form), ``case``,
            ``space`` (any white space is one space, none at the ends), ``digits`` (of any script as 0 to 9).
        keep: The row that is kept of a cluster: the ``first``, the ``longest`` (in bytes), the ``newest``.
        times: For ``newest``, when each row was made; rows without a time come last.
        sides: For leakage, the side of each text: 0, then 1, and so on; never falling. Only texts of
            different sides are compared; each goes that is near to one of a lower side, whatever ``keep``.
        permutations: Numbers in a signature.
        device: ``cpu``, ``cuda``, or ``auto``; the result is the same.
        memory: What may be held, such as ``2GB``, before it goes to disk.
        jobs: Blocks, and bands, worked at side by side; default: the number of cores, at most 4.
        spill: A folder for what goes to disk; default: the system's temporary one.
        reporter: Hears of progress.

    Raises:
        UsageError: an option is not what it may be, or the texts are no texts.
    """
    if method == "semantic":
        raise UsageError(
            "texts by themselves have no meaning to compare",
            hint="load them and use ecomdata.dedup, which gives them vectors",
        )
    how = How(
        method=method,
        threshold=float(threshold),
        ngrams=ngrams,
        normalize=names(normalize),
        keep=keep,
        permutations=whole("permutations", permutations),
        device=device,
        memory=memory,
        spill=None if spill is None else expanded(Path(spill)),
        **as_given(jobs=whole_or_none("jobs", jobs)),
    )
    return search(
        as_column(texts),
        how,
        times=_as_series(times),
        sides=None if sides is None else np.asarray(sides),
        reporter=reporter or Silent(),
    )


def _as_series(times: pl.Series | Iterable[object] | None) -> pl.Series | None:
    import polars as pl

    return times if times is None or isinstance(times, pl.Series) else pl.Series(times)


def search(
    texts: Column | Iterable[Column],
    how: How,
    *,
    times: pl.Series | None,
    sides: npt.NDArray[np.uint8] | None,
    reporter: Reporter,
    engine: Engine = Threads,
) -> Duplicates:
    """The same, with the options as one; see :func:`find_duplicates`."""
    started = time.monotonic()
    computer = computing(how)
    reporter.start("reading", 0)
    nodes = NodeMaker(how, computer, reporter, engine).make(blocks(texts))
    reporter.finish()
    sided = Sides.none() if sides is None else as_sides(nodes, sides)
    pairs, near = np.empty(0, np.uint64), np.empty(0)
    if how.method == "near":
        reporter.start("comparing", 0)
        pairs, near = near_pairs(nodes, sided, how, computer, reporter, engine)
        reporter.finish()
    if sides is None:
        worth = _worth(nodes, how, times)
        members = in_clusters(nodes, pairs, worth, Jaccards(nodes, how, computer))
    else:
        members = across_sides(nodes, pairs, near, sided, sides)
    return Duplicates(
        texts=len(nodes.of_row),
        empty=int(np.count_nonzero(~nodes.live)),
        different=nodes.count,
        pairs=as_pair_frame(in_pairs(nodes, pairs, near, sided, sides), how.measure),
        clusters=as_clusters(members, how.measure),
        recall=how.recall,
        device=computer.name,
        seconds=round(time.monotonic() - started, 3),
    )


def as_sides(nodes: Nodes, sides: npt.NDArray[np.uint8]) -> Sides:
    """The sides of nodes, of those of their rows.

    Raises:
        UsageError: there is not one for each row, they fall, or they are no numbers from 0 to 255.
    """
    numbers = sides.dtype.kind in "biu" or not sides.size
    whole = numbers and sides.shape == nodes.of_row.shape
    if not whole or np.any(sides[1:] < sides[:-1]) or np.any((sides < 0) | (sides > _MOST_SIDE)):
        raise UsageError(
            "sides must be one whole number for each text, never falling",
            hint=f"number them from 0 to {_MOST_SIDE} at most",
        )
    sides = sides.astype(np.uint8)
    live = np.flatnonzero(nodes.live)
    high = np.zeros(nodes.count, np.uint8)
    high[nodes.of_row[live]] = sides[live]  # where a place is given several values, the last one stays
    return Sides(sides[nodes.firsts], high)


def _worth(nodes: Nodes, how: How, times: pl.Series | None) -> Ints | None:
    """How much each row is worth keeping; None where the first is kept."""
    if how.keep == "longest":
        return nodes.sizes.astype(np.int64)
    if how.keep != "newest":
        return None
    if times is None or len(times) != len(nodes.of_row):
        raise UsageError("to keep the newest, the time of each row is needed", hint="give times, one a text")
    return as_worth(times)


def as_worth(times: pl.Series) -> Ints:
    """Numbers of which the greatest is worth most; what is null is worth least.

    Raises:
        UsageError: they are neither times nor whole numbers.
    """
    import polars as pl

    if not (times.dtype.is_temporal() or times.dtype.is_integer() or times.dtype == pl.Null):
        raise UsageError(
            f"values of type {times.dtype} are no times", hint="give times or whole numbers, one a text"
        )
    if times.dtype == pl.UInt64:  # which Int64 may not hold
        times = times.rank("dense")
    lowest = np.iinfo(np.int64).min + 1  # its negative is still a number
    found: Ints = times.to_physical().cast(pl.Int64).fill_null(lowest).to_numpy()
    return found


def as_pair_frame(found: Rows, measure: str) -> pl.DataFrame:
    """``row``, ``other``, and how near they are, under the measure's name."""
    import polars as pl

    return pl.DataFrame({"row": found.row, "other": found.other, measure: found.near})


def as_clusters(members: Rows, measure: str) -> pl.DataFrame:
    """The members, and where it is not among them already, the kept row of each cluster."""
    import polars as pl

    away = members.row != members.other
    kept = np.unique(members.other)
    frame = pl.DataFrame(
        {
            "cluster": np.concatenate([kept, members.other[away]]),
            "row": np.concatenate([kept, members.row[away]]),
            "kept": np.concatenate([np.ones(len(kept), np.bool_), np.zeros(int(away.sum()), np.bool_)]),
            measure: np.concatenate([np.ones(len(kept)), members.near[away]]),
        }
    )
    return frame.sort("cluster", "kept", "row", descending=[False, True, False])
