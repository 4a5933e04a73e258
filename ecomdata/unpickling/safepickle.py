"""An unpickler that builds nothing but dict, list, int, str and stand-ins for NumPy arrays and scalars.

``pickle`` runs whatever callables a pickle names. Here a name is looked up in a short table of classes of
our own, so that a hostile pickle can at most make plain values; nothing of NumPy sees its bytes unchecked.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import IO, Any, Final, cast

import numpy as np
import numpy.typing as npt

from ecomdata.errors import DataError

HINT: Final = "the file is not the one upstream publishes; nothing of it was executed"


def load_id_index(stream: IO[bytes], rows: int, where: str) -> npt.NDArray[np.generic]:
    """The id of each row, from a pickled 0-d object array that holds a dict of id -> row.

    Args:
        stream: Stands at the pickle.
        rows: Rows that the other arrays have.
        where: Named in errors.

    Raises:
        DataError: the pickle names anything else, or is not a one-to-one dict onto rows 0 .. rows - 1.
    """
    try:
        value: object = _Unpickler(stream).load()
    except (pickle.UnpicklingError, EOFError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise DataError(f"{where}: the pickle is refused: {error}", hint=HINT) from error
    if isinstance(value, _Array) and len(value.items) == 1:
        value = value.items[0]
    if not isinstance(value, dict):
        raise DataError(f"{where}: the pickle holds no dict of id -> row", hint=HINT)
    index = cast("dict[object, object]", value)
    ids = np.fromiter((_integer(key, where) for key in index), np.int64, len(index))
    places = np.fromiter((_integer(place, where) for place in index.values()), np.int64, len(index))
    if len(index) != rows or not np.array_equal(np.sort(places), np.arange(rows)):
        raise DataError(f"{where}: {len(index):,} ids do not name {rows:,} rows once each", hint=HINT)
    ordered = np.empty(rows, np.int64)
    ordered[places] = ids
    return ordered


def _integer(value: object, where: str) -> int:
    if type(value) is not int:
        what = type(value).__name__
        raise DataError(f"{where}: the dict holds {what}, not int", hint="is this upstream's own file?")
    return value


class _Dtype:
    """Stands in for a dtype while it is unpickled."""

    def __init__(self, code: object, *_: object) -> None:
        if not isinstance(code, str) or code[:1] not in "biufO" or not code[1:].isdigit():
            raise pickle.UnpicklingError(f"type {code!r}")
        self._code = code
        self._order = "="

    def __setstate__(self, state: tuple[object, ...]) -> None:
        order = state[1] if len(state) > 1 else None
        if order not in ("<", ">", "=", "|") or any(part is not None for part in state[2:5]):
            raise pickle.UnpicklingError("a structured type")
        self._order = str(order)

    @property
    def real(self) -> np.dtype[np.generic]:
        """The NumPy type; never an object type."""
        if self._code.startswith("O"):
            raise pickle.UnpicklingError("bytes that claim to be objects")
        return np.dtype(self._code).newbyteorder(cast("Any", "=" if self._order == "|" else self._order))


class _Array:
    """Stands in for an array while it is unpickled: its values as a flat list."""

    def __init__(self) -> None:
        self.items: list[object] = []

    def __setstate__(self, state: tuple[object, ...]) -> None:
        _, _, dtype, _, content = state
        if isinstance(content, list):
            self.items = cast("list[object]", content)
        elif isinstance(content, bytes) and isinstance(dtype, _Dtype):
            self.items = np.frombuffer(content, dtype.real).tolist()
        else:
            raise pickle.UnpicklingError("an array of neither bytes nor a list")


def _reconstruct(_kind: object, _shape: object, _code: object) -> _Array:
    return _Array()


def _scalar(dtype: object, content: object) -> object:
    if not isinstance(dtype, _Dtype) or not isinstance(content, bytes):
        raise pickle.UnpicklingError("a scalar of neither a type nor bytes")
    return np.frombuffer(content, dtype.real, 1)[0].item()


_ALLOWED: Final[dict[tuple[str, str], Callable[..., object]]] = {
    ("numpy", "ndarray"): _Array,
    ("numpy", "dtype"): _Dtype,
    **{
        (f"numpy.{core}.multiarray", name): call
        for core in ("core", "_core")
        for name, call in (("_reconstruct", _reconstruct), ("scalar", _scalar))
    },
}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module_name: str, global_name: str, /) -> Callable[..., object]:
        """Only names of the table; everything else ends the unpickling before anything runs."""
        allowed = _ALLOWED.get((module_name, global_name))
        if allowed is None:
            raise pickle.UnpicklingError(f"it asks for {module_name}.{global_name}")
        return allowed

    def persistent_load(self, pid: object, /) -> object:
        """No outside objects."""
        raise pickle.UnpicklingError(f"it refers to an outside object {pid!r}")
