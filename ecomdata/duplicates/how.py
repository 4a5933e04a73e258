"""How texts are compared: the options of a search for duplicates."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, get_args

from ecomdata.duplicates.lsh import PERMUTATIONS, lsh_bands, lsh_recall
from ecomdata.errors import UsageError
from ecomdata.memory import amount_of_memory
from ecomdata.texts.tidying import TIDYINGS
from ecomdata.threads import default_jobs
from ecomdata.vectors.joining import Search, check_threshold

Method = Literal["exact", "near", "semantic"]
Keep = Literal["first", "longest", "newest"]
Device = Literal["auto", "cpu", "cuda"]
DEFAULT_TIDYINGS: Final = ("nfc", "case", "space")
DEFAULT_NGRAMS: Final = "word:3"
THRESHOLDS: Final = {"exact": 0.8, "near": 0.8, "semantic": 0.9}
"""The least similarity unless told; of ``exact`` it means nothing."""
DEFAULT_MEMORY: Final = "1GB"
_LONGEST_GRAM: Final = 64
_PROCESS: Final = 350_000_000
"""Bytes that Python, the libraries and the blocks in hand take up."""
_LEAST: Final = 1 << 16


_OF_METHODS: Final[Mapping[str, tuple[Method, ...]]] = {
    "ngrams": ("near",),
    "normalize": ("exact", "near"),
    "encoder": ("semantic",),
    "embeddings": ("semantic",),
    "search": ("semantic",),
}
"""Option -> the methods to which it says something."""


def refuse_idle(method: Method, keep: Keep, given: Mapping[str, bool]) -> None:
    """Refuse options that would do nothing: who gives one expects that it does.

    Args:
        method: The method.
        keep: Which row is kept.
        given: Option -> whether it is given.

    Raises:
        UsageError: there is one.
    """
    for name, methods in _OF_METHODS.items():
        if given[name] and method not in methods:
            raise UsageError(
                f"--{name} says nothing to --method {method}",
                hint=f"leave it away, or give --method {' or '.join(methods)}",
            )
    if given["newest-by"] and keep != "newest":
        raise UsageError(
            f"--newest-by says nothing where the {keep} is kept", hint="add --keep newest, or leave it away"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class How:
    """How to compare texts; see :func:`ecomdata.find_duplicates` for each.

    Raises:
        UsageError: one of them is not what it may be.
    """

    method: Method = "near"
    threshold: float = 0.8
    ngrams: str = DEFAULT_NGRAMS
    normalize: Collection[str] = DEFAULT_TIDYINGS
    permutations: int = PERMUTATIONS
    keep: Keep = "first"
    device: Device = "auto"
    memory: str = DEFAULT_MEMORY
    jobs: int = field(default_factory=default_jobs)
    spill: Path | None = None
    search: Search = "auto"

    def __post_init__(self) -> None:
        for name, value, choices in (
            ("method", self.method, get_args(Method)),
            ("keep", self.keep, get_args(Keep)),
            ("device", self.device, get_args(Device)),
            ("search", self.search, get_args(Search)),
        ):
            if value not in choices:
                raise UsageError(f"{name} {value!r} is none", hint=f"it is one of {', '.join(choices)}")
        for tidying in self.normalize:
            if tidying not in TIDYINGS:
                raise UsageError(
                    f"texts cannot be normalised by {tidying!r}", hint=f"choose among {', '.join(TIDYINGS)}"
                )
        if self.jobs < 1:
            raise UsageError("there is no work without jobs", hint="give at least 1")
        _ = self.gram, self.budget
        if self.method == "semantic":
            check_threshold(self.threshold)
        else:
            _ = self.bands

    @property
    def gram(self) -> tuple[str, int]:
        """What n-grams are made of, ``word`` or ``char``, and how many make one."""
        unit, _, count = self.ngrams.partition(":")
        if unit not in {"word", "char"} or not (count.isascii() and count.isdigit()):
            raise UsageError(f"{self.ngrams!r} are no n-grams", hint="write them like word:3 or char:5")
        if not 1 <= int(count) <= _LONGEST_GRAM:
            raise UsageError(f"n-grams of {count} are not made", hint=f"give 1 to {_LONGEST_GRAM}")
        return unit, int(count)

    @property
    def measure(self) -> str:
        """What says how near two are: ``jaccard``, or ``cosine``."""
        return "cosine" if self.method == "semantic" else "jaccard"

    @property
    def bands(self) -> tuple[int, int]:
        """The bands, and the rows in each; see :func:`lsh_bands`."""
        return lsh_bands(self.threshold, self.permutations)

    @property
    def recall(self) -> float:
        """The share of pairs right at the threshold that are looked at."""
        return 1.0 if self.method == "exact" else lsh_recall(self.threshold, *self.bands)

    @property
    def tidyings(self) -> frozenset[str]:
        """What texts are rid of before they are compared."""
        return frozenset(self.normalize)

    @property
    def budget(self) -> int:
        """Bytes for what grows with the number of texts, before it goes to disk."""
        return max(amount_of_memory(self.memory) - _PROCESS, _LEAST)
