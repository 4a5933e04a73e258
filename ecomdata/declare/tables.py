"""Declarations of tables: the raw files they are read from, or the query that derives them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, is_dataclass
from typing import Final

import dataframely as dy
import polars as pl

from ecomdata.canonical import CANONICAL, canonical_columns, conforms
from ecomdata.canonical import described as canonical_description
from ecomdata.columns import Columns
from ecomdata.declare.checking import TABLE, frozen_map, require, require_many, require_schema, require_text
from ecomdata.readers.base import Reader, Selective

Normalize = Callable[[pl.LazyFrame], pl.LazyFrame]

_BLOCKWISE: Final = "rows are checked a block at a time, which cannot tell whether all keys differ"
_GATHER: Final = "gather and assemble go together, and with derive"


@dataclass(frozen=True, slots=True, kw_only=True)
class Raw:
    """One kind of raw file: how to find it, read it, and turn its rows into a table's rows.

    Attributes:
        files: Globs on the end of the path, such as ``s1_splits/part_*.csv``; upstream's own names.
        reader: The format.
        schema: Upstream's columns, misspellings included.
        normalize: Raw rows -> the table's rows, one for one and in order. Pure.
        optional: Raw columns that some files lack.
        aliases: Raw column -> other names upstream gives it.
        by_position: Raw columns that may have any name.
        one_of: Optional raw columns of which a file has one at least.
        path: A regular expression searched in the file's path, from the folder that the user gave on and
            without a ``.gz`` at its end; each named group becomes a text column that ``normalize`` can use
            (null where it does not match).
        drops: Rule -> expression over the raw columns; rows for which it is true are left out and counted.
        rejects: Reason -> expression over the raw columns; rows for which it is true are rejected for it,
            before ``normalize`` sees them.
        single: Whether upstream has one such file only (of each set of values that ``path`` gives), so that a
            second one is refused.
    """

    files: tuple[str, ...]
    reader: Reader
    schema: type[dy.Schema]
    normalize: Normalize
    optional: tuple[str, ...] = ()
    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    by_position: tuple[str, ...] = ()
    one_of: tuple[str, ...] = ()
    path: str = ""
    drops: Mapping[str, pl.Expr] = field(default_factory=dict[str, pl.Expr])
    rejects: Mapping[str, pl.Expr] = field(default_factory=dict[str, pl.Expr])
    single: bool = False

    def __post_init__(self) -> None:
        require_many("raw files", self)
        require_schema("raw files", self.schema)
        names = set(self.schema.column_names())
        require_text("raw files", self)
        require(self.files, "raw files need at least one glob")
        for part in ("optional", "by_position", "aliases", "one_of"):
            unknown = set(getattr(self, part)) - names
            require(not unknown, f"{part}: {sorted(unknown)} not in {self.schema.__name__}")
        groups = set(re.compile(self.path).groupindex)
        require(not groups & names, f"path groups {sorted(groups & names)} are raw columns too")
        self._check_reader()
        for part in ("aliases", "drops", "rejects"):
            object.__setattr__(self, part, frozen_map(getattr(self, part)))

    def _check_reader(self) -> None:
        reader: object = self.reader
        name = getattr(reader, "__name__", type(reader).__name__)
        where = f"{name} of {self.schema.__name__}"
        require(not isinstance(reader, type), f"{where}: a reader is made, such as {name}()")
        if is_dataclass(reader) and not isinstance(reader, type):
            require_many(where, reader)
        misfits = reader.misfits(self.columns) if isinstance(reader, Selective) else []
        require(not misfits, f"{where}: {'; '.join(misfits)}")

    @property
    def columns(self) -> Columns:
        """What the reader checks a file against."""
        return Columns(
            schema=self.schema,
            optional=self.optional,
            aliases=self.aliases,
            by_position=self.by_position,
            one_of=self.one_of,
        )

    def path_columns(self, path: str) -> dict[str, str | None]:
        """The text columns that the path itself gives; a file that is packed gives what it would unpacked."""
        if not self.path:
            return {}
        pattern = re.compile(self.path)
        match = pattern.search(path.removesuffix(".gz"))
        return dict(match.groupdict()) if match else dict.fromkeys(pattern.groupindex)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One table of a dataset.

    Attributes:
        name: Its name in SQL.
        kind: The canonical table it is one of, or empty for a table of the dataset's own.
        schema: The normalised schema; its docstring describes the table.
        grain: What one row is.
        raws: The kinds of raw file it is read from; a file belongs to the first whose columns fit.
        derive: Instead of ``raws``: a DuckDB query over the dataset's other tables.
        gather: Columns of the query's rows; rows with the same values there stand one after the other and
            become rows of the table together, as ``assemble`` makes them. For lists of any total length,
            which DuckDB cannot group out of core, while it can sort.
        gather_rows: Rows of the query to gather at a time; fewer where each becomes much. (With 16 Ki the
            peak was 90 MB lower than with 128 Ki, and the time the same.)
        assemble: The query's rows -> the table's rows, given whole groups of ``gather``. Pure.
        drops: With ``derive``: rule -> expression over the table's columns before the check; rows for which
            it is true are left out and counted.
        key: Columns that identify a row, where upstream has such columns.
        time_zone: The zone that upstream's clock times are in; stored times are UTC.
        units: Column -> unit.
    """

    name: str
    schema: type[dy.Schema]
    grain: str
    kind: str = ""
    raws: tuple[Raw, ...] = ()
    derive: str = ""
    gather: tuple[str, ...] = ()
    gather_rows: int = 16 * 1024
    assemble: Normalize | None = None
    drops: Mapping[str, pl.Expr] = field(default_factory=dict[str, pl.Expr])
    key: tuple[str, ...] = ()
    time_zone: str = ""
    units: Mapping[str, str] = field(default_factory=dict[str, str])

    def __post_init__(self) -> None:
        where = f"table {self.name!r}"
        require_many(where, self)
        require_schema(where, self.schema)
        require(TABLE.fullmatch(self.name), f"{where}: names are lower_snake_case")
        require(self.schema.__doc__, f"{where}: {self.schema.__name__} needs a docstring")
        keys = tuple(self.schema.primary_key())
        require(not keys, f"{where}: {_BLOCKWISE}: write key={keys} in the table, and no primary_key")
        require(self.grain, f"{where}: say what one row is (grain)")
        require(bool(self.raws) != bool(self.derive), f"{where}: give raws or derive, one of the two")
        gathers = bool(self.gather), self.assemble is not None
        require(gathers in {(False, False), (bool(self.derive), True)}, f"{where}: {_GATHER}")
        require(self.derive or not self.drops, f"{where}: a table that is read has its drops in raws")
        names = self.schema.column_names()
        for part in ("key", "units"):
            unknown = set(getattr(self, part)) - set(names)
            require(not unknown, f"{where}: {part} {sorted(unknown)} not in {self.schema.__name__}")
        if self.kind:
            require(self.kind in CANONICAL, f"{where}: kind {self.kind!r} is not a canonical table")
            self._check_canonical(where)
        require_text(where, self, *self.described.values(), *self.paragraphs)
        object.__setattr__(self, "units", frozen_map(self.units))
        object.__setattr__(self, "drops", frozen_map(self.drops))

    def _check_canonical(self, where: str) -> None:
        names = self.schema.column_names()
        shared = canonical_columns(self.kind, names)
        require(
            names[: len(shared)] == list(shared),
            f"{where}: canonical columns come first, in this order: {', '.join(shared)}",
        )
        columns = self.schema.columns()
        for name, wanted in shared.items():
            dtype = columns[name].dtype
            require(
                conforms(dtype, wanted),
                f"{where}: {name} is {dtype}, the canonical {self.kind} table has {wanted}",
            )

    @property
    def canonical(self) -> tuple[str, ...]:
        """Its columns that the canonical table of its kind has too, in order."""
        return tuple(canonical_columns(self.kind, self.schema.column_names()))

    @property
    def described(self) -> Mapping[str, str]:
        """Column -> what it holds: the schema's own words (``description=``), else the canonical ones."""
        return {
            name: column.description or canonical_description(self.kind, name)
            for name, column in self.schema.columns().items()
        }

    @property
    def description(self) -> str:
        """The first paragraph of the schema's docstring."""
        return self.paragraphs[0]

    @property
    def paragraphs(self) -> tuple[str, ...]:
        """The schema's docstring: what the table is, and then what is to be known of its columns."""
        text = (self.schema.__doc__ or "").strip()
        return tuple(" ".join(part.split()) for part in text.split("\n\n"))
