"""The kernels of MinHash, bands and verification on CUDA.

All numbers in them have 64 bits and none grows beyond, so that they are what the loops on the processor
compute with 32 bits, and what numba's simulator computes with Python's numbers. Imported where there is CUDA.
"""

from __future__ import annotations

from typing import Any, Final

import numba.cuda
import numpy as np

cuda: Any = numba.cuda
_LOW: Final = np.uint64(0xFFFFFFFF)
_START: Final = np.uint64(0x811C9DC5)
_PRIME: Final = np.uint64(0x01000193)
_MIX_A: Final = np.uint64(0x85EBCA6B)
_MIX_B: Final = np.uint64(0xC2B2AE35)
_13: Final = np.uint64(13)
_15: Final = np.uint64(15)
_16: Final = np.uint64(16)


@cuda.jit
def sign(
    grams: Any,  # noqa: ANN401 - arrays on the card
    edges: Any,  # noqa: ANN401
    factors: Any,  # noqa: ANN401
    terms: Any,  # noqa: ANN401
    rows: int,
    signed: Any,  # noqa: ANN401
    keys: Any,  # noqa: ANN401
) -> None:
    """A block of threads signs a node, each thread by some of the functions, and then makes its keys."""
    node, thread = cuda.blockIdx.x, cuda.threadIdx.x
    for function in range(thread, factors.size, cuda.blockDim.x):
        factor, term = np.uint64(factors[function]), np.uint64(terms[function])
        least = _LOW
        for at in range(edges[node], edges[node + 1]):
            least = min(least, (factor * (grams[at] & _LOW) + term) & _LOW)
        signed[node, function] = np.uint32(least)
    cuda.syncthreads()
    for band in range(thread, keys.shape[0], cuda.blockDim.x):
        key = _START
        for row in range(band * rows, (band + 1) * rows):
            key = ((key ^ np.uint64(signed[node, row])) * _PRIME) & _LOW
            key ^= key >> _15
        key = ((key ^ (key >> _16)) * _MIX_A) & _LOW
        key = ((key ^ (key >> _13)) * _MIX_B) & _LOW
        keys[band, node] = np.uint32(key ^ (key >> _16))


@cuda.jit
def compare(ones: Any, others: Any, grams: Any, edges: Any, shared: Any) -> None:  # noqa: ANN401
    """A thread counts the values that the two sorted sets of a pair share."""
    pair = cuda.grid(1)
    if pair >= ones.size:
        return
    at, end = edges[ones[pair]], edges[ones[pair] + 1]
    to, stop = edges[others[pair]], edges[others[pair] + 1]
    same = 0
    while at < end and to < stop:
        left, right = grams[at], grams[to]
        if left == right:
            same += 1
        if left <= right:
            at += 1
        if right <= left:
            to += 1
    shared[pair] = same
