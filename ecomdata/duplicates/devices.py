"""Where signatures are made and pairs verified: the same numbers, bit by bit, on every device."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Protocol

import numpy as np

from ecomdata.duplicates import setkernels
from ecomdata.duplicates.how import How
from ecomdata.duplicates.lsh import hash_functions
from ecomdata.errors import UsageError
from ecomdata.texts.gramhashes import Floats, Ints, Longs, Words


class Computing(Protocol):
    """A device that does the arithmetic of MinHash. Several threads call it."""

    name: str

    def keys(self, grams: Longs, edges: Ints) -> Words:
        """The keys, (bands, nodes), of sets of grams; set i stands from ``edges[i]`` to ``edges[i + 1]``."""
        ...

    def similarities(self, pairs: Longs, grams: Longs, edges: Ints) -> Floats:
        """The Jaccard similarity of each pair of sets, 0 where it is below the threshold."""
        ...


class Cpu:
    """Compiled loops on the processor."""

    name = "cpu"

    def __init__(self, how: How) -> None:
        self._bands, self._rows = how.bands
        self._functions = hash_functions(self._bands * self._rows)
        self._threshold = how.threshold

    def keys(self, grams: Longs, edges: Ints) -> Words:
        """See :class:`Computing`."""
        signed = np.empty((len(edges) - 1, self._bands * self._rows), np.uint32)
        setkernels.signatures(grams, edges, *self._functions, signed)
        out = np.empty((self._bands, len(signed)), np.uint32)
        setkernels.band_keys(signed, self._rows, out)
        return out

    def similarities(self, pairs: Longs, grams: Longs, edges: Ints) -> Floats:
        """See :class:`Computing`."""
        out = np.empty(len(pairs), np.float64)
        setkernels.verify(pairs, grams, edges, self._threshold, out)
        return out


def computing(how: How) -> Computing:
    """The device asked for; ``auto`` takes CUDA where there is a driver and numba can use it.

    Raises:
        UsageError: CUDA is asked for and cannot be used; the hint says what to install.
    """
    if how.device == "cpu" or (how.device == "auto" and not _has_driver()):
        return Cpu(how)
    from ecomdata.duplicates.gpu import Cuda, why_not

    missing = why_not()
    if not missing:
        return Cuda(how)
    if how.device == "cuda":
        raise UsageError(
            f"CUDA cannot be used: {missing}", hint="pip install 'ecomdata[gpu]', or leave --device to auto"
        )
    return Cpu(how)


def _has_driver() -> bool:
    return Path("/proc/driver/nvidia/version").exists() or bool(shutil.which("nvidia-smi"))
