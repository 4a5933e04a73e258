"""MinHash, bands and verification on CUDA: the arithmetic of the compiled loops, number by number.

Sets go to the card in parts, through page-locked buffers and on two streams, so that one part is copied while
another is computed.
"""

from __future__ import annotations

import importlib
import threading
from collections.abc import Iterator
from typing import Any, Final

import numpy as np

from ecomdata.duplicates.how import How
from ecomdata.duplicates.lsh import hash_functions
from ecomdata.texts.gramhashes import Floats, Ints, Longs, Words

_THREADS: Final = 128
_PART_GRAMS: Final = 1 << 22
"""Values that go to the card at a time."""
_PART_PAIRS: Final = 1 << 16
_STREAMS: Final = 2
_32: Final = np.uint64(32)
_LOW: Final = np.uint64(0xFFFFFFFF)


def why_not() -> str:
    """What CUDA lacks here, or nothing."""
    try:
        cuda = importlib.import_module("numba.cuda")
    except ImportError as error:
        return str(error)
    return "" if cuda.is_available() else "numba finds no CUDA driver, or no NVIDIA card, or no CUDA toolkit"


class Cuda:
    """The arithmetic of MinHash on an NVIDIA card; see :class:`ecomdata.duplicates.devices.Computing`."""

    name = "cuda"

    def __init__(self, how: How) -> None:
        self._cuda: Any = importlib.import_module("numba.cuda")
        self._kernels: Any = importlib.import_module("ecomdata.duplicates.cudakernels")
        self._bands, self._rows = how.bands
        self._factors, self._terms = map(self._cuda.to_device, hash_functions(self._bands * self._rows))
        self._threshold = how.threshold
        self._streams = [self._cuda.stream() for _ in range(_STREAMS)]
        self._lock = threading.Lock()

    def keys(self, grams: Longs, edges: Ints) -> Words:
        """The keys, (bands, nodes), of sets of grams."""
        out = np.empty((self._bands, len(edges) - 1), np.uint32)
        waiting: list[tuple[Any, Any, int, int, Any]] = []
        with self._lock:
            for number, (first, last) in enumerate(_parts(edges)):
                stream = self._streams[number % _STREAMS]
                if len(waiting) == _STREAMS:
                    self._fetch(waiting.pop(0), out)
                sent = [
                    self._sent(values, stream)
                    for values in (grams[edges[first] : edges[last]], edges[first : last + 1] - edges[first])
                ]
                nodes, functions = last - first, self._bands * self._rows
                signed = self._cuda.device_array((nodes, functions), np.uint32, stream=stream)
                keys = self._cuda.device_array((self._bands, nodes), np.uint32, stream=stream)
                (_, values), (_, places) = sent
                self._kernels.sign[nodes, _THREADS, stream](
                    values, places, self._factors, self._terms, self._rows, signed, keys
                )
                waiting.append((keys, stream, first, last, (sent, signed)))
            for part in waiting:
                self._fetch(part, out)
        return out

    def _fetch(self, part: tuple[Any, Any, int, int, Any], out: Words) -> None:
        keys, stream, first, last, _ = part  # what was sent may go now
        host = self._cuda.pinned_array(keys.shape, np.uint32)
        keys.copy_to_host(host, stream=stream)
        stream.synchronize()
        out[:, first:last] = host

    def _sent(self, values: Any, stream: Any) -> tuple[Any, Any]:  # noqa: ANN401 - numba's own kinds
        """A page-locked copy of an array, to be kept while the stream works, and what will be on the card.

        An empty array has room for a number.
        """
        host = self._cuda.pinned_array(max(len(values), 1), values.dtype)
        host[: len(values)] = values
        return host, self._cuda.to_device(host, stream=stream)

    def similarities(self, pairs: Longs, grams: Longs, edges: Ints) -> Floats:
        """The Jaccard similarity of each pair, 0 where it is below the threshold."""
        out = np.zeros(len(pairs), np.float64)
        waiting: list[tuple[Any, Any, Ints, int, Any]] = []
        with self._lock:
            for number, start in enumerate(range(0, len(pairs), _PART_PAIRS)):
                stream = self._streams[number % _STREAMS]
                if len(waiting) == _STREAMS:
                    self._judge(waiting.pop(0), out)
                part = pairs[start : start + _PART_PAIRS]
                ends = np.concatenate([part >> _32, part & _LOW]).astype(np.int64)
                nodes, places = np.unique(ends, return_inverse=True)
                sizes = edges[nodes + 1] - edges[nodes]
                chosen = np.zeros(len(nodes) + 1, np.int64)
                np.cumsum(sizes, out=chosen[1:])
                inside = np.arange(int(chosen[-1]), dtype=np.int64)
                at = np.repeat(edges[nodes] - chosen[:-1], sizes) + inside
                halves = np.split(places, 2)
                shared = self._cuda.device_array(len(part), np.int64, stream=stream)
                blocks = -(-len(part) // _THREADS)
                sent = [self._sent(values, stream) for values in (*halves, grams[at], chosen)]
                self._kernels.compare[blocks, _THREADS, stream](*(there for _, there in sent), shared)
                totals = sizes[places[: len(part)]] + sizes[places[len(part) :]]
                waiting.append((shared, stream, totals, start, sent))
            for one in waiting:
                self._judge(one, out)
        return out

    def _judge(self, part: tuple[Any, Any, Ints, int, Any], out: Floats) -> None:
        shared, stream, totals, start, _ = part
        host = self._cuda.pinned_array(shared.shape, np.int64)
        shared.copy_to_host(host, stream=stream)
        stream.synchronize()
        unions = totals - host
        found = np.divide(host, unions, out=np.zeros(len(host)), where=unions > 0)
        out[start : start + len(host)] = np.where(found >= self._threshold, found, 0.0)


def _parts(edges: Ints) -> Iterator[tuple[int, int]]:
    """Nodes in parts of few enough values, one node at least."""
    first, nodes = 0, len(edges) - 1
    while first < nodes:
        last = int(edges.searchsorted(int(edges[first]) + _PART_GRAMS, side="right")) - 1
        last = min(max(last, first + 1), nodes)
        yield first, last
        first = last
