"""The columns a raw file must have, and what to say when it has others."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Final

import dataframely as dy
import polars as pl

from ecomdata.errors import DataError

_RENAME: Final = (
    "load the files as upstream released them; or say what a column is called: --alias COLUMN=NAME"
)
_SHOWN: Final = 12
_COMPARED: Final = 200
"""Unknown columns that are compared with the missing ones; more is no table but a line without an end."""


class DriftError(DataError):
    """The columns in hand are not the declared ones.

    Attributes hold what was found, what is missing, and what is there but not declared.
    """

    def __init__(
        self,
        where: str,
        *,
        found: Sequence[str],
        missing: Sequence[str],
        extra: Sequence[str],
        detail: str = "",
        hint: str = _RENAME,
    ) -> None:
        self.where = where
        self.found = tuple(found)
        self.missing = tuple(missing)
        self.extra = tuple(extra)
        lines = [f"{where}: the columns are not the ones this dataset is published with"]
        if detail:
            lines.append(f"  {detail}")
        if missing:
            lines.append(f"  missing: {', '.join(missing)}")  # whole: declared names, of which some is needed
        if extra:
            lines.append(f"  not expected: {listed(extra)}")
        for want, have in self.near_names().items():
            lines.append(f"  {_shown(have)} may be {_shown(want)} under another name")
        super().__init__("\n".join(lines), hint=hint)

    @property
    def distance(self) -> int:
        """How far the file is from the declaration, to choose the nearest one to report."""
        return len(self.missing) + len(self.extra)

    def near_names(self) -> dict[str, str]:
        """Missing column -> the undeclared one that is spelt most like it."""
        folded = {name.strip().lower(): name for name in self.extra[:_COMPARED]}
        near: dict[str, str] = {}
        for want in self.missing:
            match = difflib.get_close_matches(want.lower(), list(folded), n=1, cutoff=0.75)
            if match:
                near[want] = folded[match[0]]
        return near


def listed(names: Iterable[str]) -> str:
    """Names for a message: the first few, shortened, and how many there are besides."""
    shown = [*map(_shown, names)]
    more = len(shown) - _SHOWN
    return ", ".join(shown[:_SHOWN]) + (f" and {more:,} more" if more > 0 else "")


def _shown(name: str) -> str:
    text = name if len(name) <= 40 else name[:37] + "..."
    return repr(text) if text != text.strip() or not text.isprintable() or not text else text


@cache
def _dtypes(schema: type[dy.Schema]) -> dict[str, pl.DataType]:
    # dataframely copies every column each time it is asked, and readers of JSON ask for every line.
    return {name: column.dtype for name, column in schema.columns().items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """A raw schema and the liberties upstream takes with it.

    Attributes:
        schema: Upstream's columns, misspellings included, in upstream's order.
        optional: Columns that some files lack; they are filled with null.
        aliases: Declared name -> other names upstream gives the same column.
        by_position: Columns that may go by any name, found by their place in ``schema``.
        one_of: Optional columns of which a file must have one at least.
    """

    schema: type[dy.Schema]
    optional: tuple[str, ...] = ()
    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    by_position: tuple[str, ...] = ()
    one_of: tuple[str, ...] = ()

    @property
    def names(self) -> list[str]:
        """All declared names, in order."""
        return [*_dtypes(self.schema)]

    @property
    def required(self) -> list[str]:
        """The declared names that no file may lack."""
        return [name for name in self.names if name not in self.optional]

    @property
    def dtypes(self) -> dict[str, pl.DataType]:
        """Declared name -> polars type."""
        return dict(_dtypes(self.schema))

    def layouts(self) -> tuple[list[str], ...]:
        """The orders a file without a header may have: with and without the optional columns."""
        return (self.names, self.required) if self.optional else (self.names,)

    def match(self, found: Sequence[str], where: str) -> list[str]:
        """The declared name of each column found, in the order found.

        Raises:
            DriftError: a column is missing, unknown or named twice.
        """
        declared = set(self.names)
        other = {alias: name for name, aliases in self.aliases.items() for alias in aliases}
        names = [name if name in declared else other.get(name, name) for name in (f.strip() for f in found)]
        missing = [name for name in self.required if name not in names]
        for name in missing:
            place = self.names.index(name)
            if name in self.by_position and place < len(names) and names[place] not in declared:
                names[place] = name
        missing = self._missing(names)
        extra = [raw for raw, name in zip(found, names, strict=True) if name not in declared]
        twice = sorted(name for name, count in Counter(names).items() if count > 1)
        if missing or extra or twice:
            detail = f"named twice: {listed(twice)}" if twice else ""
            raise DriftError(where, found=found, missing=missing, extra=extra, detail=detail)
        return names

    def taken(self, found: Iterable[str], *, rest: str) -> dict[str, str]:
        """Declared name -> the column found for it, where ``rest`` takes all the others.

        Of several that could be it, the one with the declared name is taken, else that with its first alias.
        """
        spelt = {name.strip(): name for name in found}
        taken: dict[str, str] = {}
        for name in self.names:
            known = (name, *self.aliases.get(name, ()))
            match = next((spelt.pop(one) for one in known if one in spelt), None)
            if match is not None and name != rest:
                taken[name] = match
        return taken

    def places(self, taken: Mapping[str, str], *, rest: str) -> frozenset[tuple[str, str]]:
        """Each declared column but ``rest``, with what it was found under; empty where it was not."""
        return frozenset((name, taken.get(name, "")) for name in self.names if name != rest)

    def pick(self, found: Sequence[str], where: str, *, rest: str) -> dict[str, str]:
        """The same as :meth:`taken`, for a file that must have the required columns.

        Raises:
            DriftError: a column is missing or named twice.
        """
        taken = self.taken(found, rest=rest)
        missing = [name for name in self._missing(taken) if name != rest]
        twice = sorted(name for name, count in Counter(map(str.strip, found)).items() if count > 1)
        if missing or twice:
            extra = [name for name in found if name not in taken.values()]
            detail = f"named twice: {listed(twice)}" if twice else f"found: {listed(found)}"
            raise DriftError(where, found=found, missing=missing, extra=extra, detail=detail)
        return taken

    def _missing(self, names: Container[str]) -> list[str]:
        missing = [name for name in self.required if name not in names]
        if self.one_of and not any(name in names for name in self.one_of):
            missing.append(f"one of {', '.join(self.one_of)}")
        return missing

    def complete(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The frame with every declared column, in the declared order; absent optional ones are null."""
        if frame.columns == self.names:
            return frame
        absent = [
            pl.lit(None, dtype=dtype).alias(name)
            for name, dtype in self.dtypes.items()
            if name not in frame.columns
        ]
        return frame.with_columns(absent).select(self.names)
