"""Where vectors are computed with: NumPy on the processor, torch on CUDA, both through the array API.

What the array API lacks is a method here: the best k of each row, and sums by label.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import shutil
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, Protocol, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

from ecomdata.errors import EcomdataError, UsageError
from ecomdata.progress import Reporter
from ecomdata.vectors.blocks import Ints, Reals

Array: TypeAlias = Any
"""An array of the computer's namespace, on its device."""
Device = Literal["auto", "cpu", "cuda"]
_Out = TypeVar("_Out")
NOBODY: Final = np.iinfo(np.int64).max
"""The id where a list has nobody yet."""
_LEAST_SIDE: Final = 64
_TILE_COPIES: Final = 8
"""Tiles that a device holds at once: the scores, turned round, as keys of 64 bits, and room to sort them."""


@dataclass(slots=True)
class Best:
    """The best candidates of some rows so far, highest score first, lowest id first among equals.

    Attributes:
        scores: (n, k) float32; minus infinity where there is nobody yet.
        ids: (n, k) int64.
    """

    scores: Array
    ids: Array

    def part(self, first: int, last: int) -> Best:
        """The lists of some of the rows; what is entered there is entered here."""
        return Best(self.scores[first:last], self.ids[first:last])


@dataclass(frozen=True, slots=True)
class Place:
    """Where a tile of scores stands: the numbers of its first row and of its first candidate.

    Attributes:
        row: The first row; negative where rows and candidates are not the same vectors.
        column: The first candidate.
        columns: How many candidates; what the tile has besides is padding.
    """

    row: int
    column: int
    columns: int


class Computer(Protocol):
    """A device, and an array namespace for it.

    Attributes:
        name: ``cpu`` or ``cuda``.
        xp: The array namespace.
        side: Rows of a block at most; it is halved when memory runs out.
        workers: Blocks worked at side by side.
        exhausted: What is raised when memory runs out.
        copies: Whether the device has a memory of its own, so that :meth:`put` copies.
    """

    name: str
    xp: Any
    side: int
    workers: int
    exhausted: type[Exception]
    copies: bool

    def put(self, array: npt.NDArray[Any]) -> Array:
        """Bring an array to the device."""
        ...

    def get(self, array: Array) -> npt.NDArray[Any]:
        """Bring an array back."""
        ...

    def free(self) -> int:
        """Bytes that the device has free."""
        ...

    @contextmanager
    def at_work(self) -> Generator[None]:
        """While this holds, products are made in full float32, each by one thread where several are made."""
        ...

    def enter(self, tile: Array, place: Place, rows: Best, columns: Best | None) -> None:
        """Enter a tile of scores into the lists of its rows, and of its columns where these are given.

        All of it or, where memory runs out, nothing.
        """
        ...

    def sums(self, rows: Array, labels: Array, count: int) -> tuple[Reals, Ints]:
        """The sum of the rows of each label, (count, dim), and how many there are, (count,)."""
        ...


class Cpu:
    """NumPy and compiled loops."""

    name = "cpu"
    exhausted: type[Exception] = MemoryError
    copies = False

    def __init__(self, jobs: int | None = None) -> None:
        import array_api_compat.numpy

        self.xp: Any = array_api_compat.numpy
        self.workers = jobs or cores()
        self.side = 1024  # 4 MB of scores: they stay in the caches until they are entered

    def put(self, array: npt.NDArray[Any]) -> Array:
        """See :class:`Computer`."""
        return array

    def get(self, array: Array) -> npt.NDArray[Any]:
        """See :class:`Computer`."""
        return np.asarray(array)

    def free(self) -> int:
        """See :class:`Computer`; here ``--memory`` is what counts."""
        return 1 << 62

    @contextmanager
    def at_work(self) -> Generator[None]:
        """See :class:`Computer`."""
        if self.workers == 1:
            yield
            return
        from threadpoolctl import threadpool_limits

        with threadpool_limits(1, user_api="blas"):
            yield

    def enter(self, tile: Array, place: Place, rows: Best, columns: Best | None) -> None:
        """See :class:`Computer`."""
        from ecomdata.vectors import kernels

        if columns is None:
            kernels.enter_rows(tile, place.row, place.column, place.columns, rows.scores, rows.ids)
        else:
            kernels.enter_both(
                tile, place.row, place.column, rows.scores, rows.ids, columns.scores, columns.ids
            )

    def sums(self, rows: Array, labels: Array, count: int) -> tuple[Reals, Ints]:
        """See :class:`Computer`."""
        from ecomdata.vectors import kernels

        sums, counts = np.zeros((count, rows.shape[1])), np.zeros(count, np.int64)
        kernels.gather_sums(rows, labels, sums, counts)
        return sums, counts


class Torch:
    """torch, on CUDA; on the processor only to be tested where there is no card.

    Args:
        device: torch's name of the device.
    """

    workers = 1
    copies = True

    def __init__(self, device: str = "cuda") -> None:
        self._torch: Any = importlib.import_module("torch")
        self.xp: Any = importlib.import_module("array_api_compat.torch")
        self.name = device
        self.exhausted: type[Exception] = self._torch.OutOfMemoryError
        self.side = 1 << 14
        while self.side > _LEAST_SIDE and 4 * self.side**2 * _TILE_COPIES > self.free() // 2:
            self.side //= 2

    def put(self, array: npt.NDArray[Any]) -> Array:
        """See :class:`Computer`."""
        return self._torch.from_numpy(np.require(array, requirements=["C", "W"])).to(self.name)

    def get(self, array: Array) -> npt.NDArray[Any]:
        """See :class:`Computer`."""
        return np.asarray(array.cpu().numpy())

    def free(self) -> int:
        """See :class:`Computer`."""
        return int(self._torch.cuda.mem_get_info()[0]) if self.name == "cuda" else 1 << 30

    @contextmanager
    def at_work(self) -> Generator[None]:
        """See :class:`Computer`: no TF32, whatever the process has set."""
        before = self._torch.get_float32_matmul_precision()
        self._torch.set_float32_matmul_precision("highest")
        try:
            yield
        finally:
            self._torch.set_float32_matmul_precision(before)

    def enter(self, tile: Array, place: Place, rows: Best, columns: Best | None) -> None:
        """See :class:`Computer`."""
        tile = tile[: len(rows.scores), : place.columns]
        if 0 <= place.row < place.column + place.columns and place.column < place.row + len(tile):
            numbers = self._torch.arange(max(tile.shape), device=self.name)
            same = (numbers[: len(tile), None] + place.row) == (numbers[: tile.shape[1]] + place.column)
            tile = self._torch.where(same, -np.inf, tile)
        made = [(rows, self._merged(tile, place.column, rows))]
        if columns is not None:
            made.append((columns, self._merged(tile.T, place.row, columns)))
        for best, merged in made:
            best.scores[:] = merged.scores
            best.ids[:] = merged.ids

    def _merged(self, tile: Array, first: int, best: Best) -> Best:
        """The lists with the best of a tile among them: by score, and among equals by id."""
        torch = self._torch
        scores, places = self._top(tile, min(best.scores.shape[1], tile.shape[1]))
        ids, order = torch.sort(torch.cat([best.ids, places + first], 1), dim=1)
        scores = torch.gather(torch.cat([best.scores, scores], 1), 1, order)
        scores, order = torch.sort(scores, dim=1, descending=True, stable=True)
        count = best.scores.shape[1]
        return Best(scores[:, :count], torch.gather(ids, 1, order)[:, :count])

    def _top(self, tile: Array, count: int) -> tuple[Array, Array]:
        """The highest of each row, and their places; of equals at the end, those with the lowest place.

        ``torch.topk`` says nothing of equals. Rows where the last that is in equals the first that is out are
        sorted again, by keys of 64 bits that hold the score above and the place below.
        """
        torch = self._torch
        scores, places = torch.topk(tile, min(count + 1, tile.shape[1]), dim=1)
        if scores.shape[1] > count:
            tied = torch.nonzero(scores[:, count - 1] == scores[:, count])[:, 0]
            scores, places = scores[:, :count], places[:, :count]
            if len(tied):
                bits = (tile[tied] + 0.0).view(torch.int32).to(torch.int64)  # + 0.0: there is one zero
                keys = torch.where(bits < 0, bits ^ 0x7FFFFFFF, bits) << 32
                keys |= 0xFFFFFFFF - torch.arange(tile.shape[1], device=self.name)
                again = 0xFFFFFFFF - (torch.topk(keys, count, dim=1)[0] & 0xFFFFFFFF)
                places[tied] = again
                scores[tied] = torch.gather(tile[tied], 1, again)
        return scores, places

    def sums(self, rows: Array, labels: Array, count: int) -> tuple[Reals, Ints]:
        """See :class:`Computer`; as a product, for CUDA adds by label in an order of its own each time."""
        chosen = labels[:, None] == self._torch.arange(count, device=self.name)
        sums = self.get(chosen.to(rows.dtype).T @ rows).astype(np.float64)
        return sums, self.get(chosen.sum(0)).astype(np.int64)


def computer(device: Device | Computer = "auto", jobs: int | None = None) -> Computer:
    """The device asked for; ``auto`` takes CUDA where torch is installed and finds a card.

    Args:
        device: Its name, or one made before.
        jobs: Blocks worked at side by side on the processor; default: its cores.

    Raises:
        UsageError: CUDA is asked for and cannot be used; the hint says what to install.
    """
    if not isinstance(device, str):
        return device
    if device not in {"auto", "cpu", "cuda"}:
        raise UsageError(f"device {device!r} is none", hint="it is one of auto, cpu, cuda")
    if jobs is not None and jobs < 1:
        raise UsageError("there is no work without jobs", hint="give at least 1")
    if device == "cpu" or (device == "auto" and not _has_driver()):
        return Cpu(jobs)
    missing = why_no_cuda()
    if not missing:
        return Torch()
    if device == "cuda":
        raise UsageError(
            f"CUDA cannot be used: {missing}", hint="pip install 'ecomdata[embed]', or leave --device to auto"
        )
    return Cpu(jobs)


def cores() -> int:
    """The processor's cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def why_no_cuda() -> str:
    """Why torch cannot compute on CUDA here; empty where it can."""
    if importlib.util.find_spec("torch") is None:
        return "torch is not installed"
    torch: Any = importlib.import_module("torch")
    if torch.version.cuda is None:
        return "this torch is built without CUDA"
    return "" if torch.cuda.is_available() else "torch finds no card with a driver"


def _has_driver() -> bool:
    return Path("/proc/driver/nvidia/version").exists() or bool(shutil.which("nvidia-smi"))


def halve(device: Computer, reporter: Reporter) -> None:
    """Make the blocks half as large, and say so.

    Raises:
        EcomdataError: they are as small as they get.
    """
    if device.side <= _LEAST_SIDE:
        raise EcomdataError(
            f"{device.name} has too little memory free, even for blocks of {device.side} rows",
            hint="end what else uses the card, or pass --device cpu",
        )
    device.side //= 2
    reporter.say(
        f"note: {device.name} ran out of memory at blocks of {2 * device.side:,} rows; "
        f"going on with {device.side:,}"
    )


def spans(rows: int, size: int) -> Iterator[tuple[int, int]]:
    """First and last (not included) of so many rows at a time."""
    for first in range(0, rows, size):
        yield first, min(first + size, rows)


def in_parts(
    device: Computer, rows: int, work: Callable[[int, int], _Out], reporter: Reporter
) -> Iterator[_Out]:
    """What work makes of rows ``first`` to ``last``, part by part; a part that finds no memory is halved."""
    first = 0
    while first < rows:
        last = min(first + device.side, rows)
        try:
            made = work(first, last)
        except device.exhausted:
            halve(device, reporter)
            continue
        yield made
        first = last
