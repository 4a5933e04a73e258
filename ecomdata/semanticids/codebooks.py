"""The codebooks of a release: which there are, how ids are written as numbers, and how they are used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any, Final

from ecomdata.errors import DataError, UsageError
from ecomdata.semanticids.asking import Answers
from ecomdata.semanticids.spreads import Spread
from ecomdata.sqltext import literal, quoted

if TYPE_CHECKING:
    from ecomdata.release import Release

_NARROW: Final = 2**63
_WIDEST: Final = 2**127


@dataclass(frozen=True, slots=True)
class Codebook:
    """The ids of one codebook, as DuckDB sees them.

    Attributes:
        name: Such as ``final``; ids of different codebooks are never mixed.
        relation: The query of its rows: ``item_id``, ``codes`` and ``row_id``.
        tables: The tables that hold them.
        size: Codes of each level as the schema declares, 0 where it does not.
    """

    name: str
    relation: str
    tables: tuple[str, ...]
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What the ids of a codebook look like.

    Attributes:
        rows: Rows of its tables.
        missing: Rows without any code.
        incomplete: Rows that lack the code of some level.
        radices: For each level one more than its greatest code can be.
        repeated: Rows whose item stands in another row too, but for one of them.
    """

    rows: int
    missing: int
    incomplete: int
    radices: tuple[int, ...]
    repeated: int

    @property
    def depth(self) -> int:
        """Levels."""
        return len(self.radices)

    @property
    def narrow(self) -> bool:
        """Whether all ids fit into 63 bits."""
        return prod(self.radices) <= _NARROW

    @property
    def key(self) -> str:
        """An id as one whole number, in SQL over ``codes``; null where a code is missing."""
        kind = "BIGINT" if self.narrow else "HUGEINT"
        terms = [
            f"codes[{level}]::{kind} * {prod(self.radices[level:])}" for level in range(1, self.depth + 1)
        ]
        return " + ".join(terms)


def codebooks_of(release: Release, ask: Answers) -> dict[str, Codebook]:
    """The codebooks of a release, by name.

    Raises:
        UsageError: it has no semantic ids.
    """
    found: dict[str, list[str]] = {}
    tables = [table for table in release.values() if table.record.kind == "semantic_ids"]
    for table in tables:
        query = f"SELECT DISTINCT codebook FROM {quoted(table.name)} WHERE codebook IS NOT NULL"  # noqa: S608 - quoted
        for (name,) in ask.rows(query):
            found.setdefault(str(name), []).append(table.name)
    if not found:
        dataset = release.manifest.dataset
        what = "no rows of semantic ids" if tables else "no table of semantic ids"
        raise UsageError(
            f"{dataset} has {what} in this release",
            hint="taobao/forge has some: ecomdata load taobao/forge --sample",
        )
    return {name: _codebook(release, name, tables) for name, tables in found.items()}


def chosen(codebooks: Mapping[str, Codebook], name: str | None, why: str = "") -> Codebook | None:
    """The codebook of that name; without a name the only one, or None where there are several.

    Args:
        codebooks: Those that are loaded.
        name: What the user asked for.
        why: What needs one alone; then several without a name are an error.

    Raises:
        UsageError: there is none of that name, or there are several and one is needed.
    """
    there = ", ".join(codebooks)
    if name is not None and name not in codebooks:
        raise UsageError(f"no codebook {name!r} is loaded", hint=f"loaded: {there}")
    if name is None and why and len(codebooks) > 1:
        raise UsageError(f"{why} of one codebook, and these are loaded: {there}", hint="choose: --codebook")
    if name is None and len(codebooks) > 1:
        return None
    return codebooks[name or next(iter(codebooks))]


def shape_of(codebook: Codebook, ask: Answers) -> Shape:
    """Count what is there and what is missing.

    Raises:
        DataError: the codes are negative, or ids have so many codes that they do not fit 127 bits.
    """
    relation = codebook.relation
    ((rows, missing, depth),) = ask.rows(
        f"SELECT count(*), count(*) FILTER (len(codes) IS NULL OR len(codes) = 0), "  # noqa: S608 - quoted names
        f"coalesce(max(len(codes)), 0) FROM ({relation})"
    )
    levels = range(1, depth + 1)
    whole = " AND ".join(f"codes[{level}] IS NOT NULL" for level in levels) or "false"
    bounds = ", ".join(f"min(codes[{level}]), max(codes[{level}])" for level in levels) or "1"
    ((complete, *edges),) = ask.rows(
        f"SELECT count(*) FILTER ({whole}), {bounds} FROM ({relation})"  # noqa: S608
    )
    ((items,),) = ask.rows(
        f"SELECT count(*) FROM (SELECT item_id FROM ({relation}) GROUP BY item_id)"  # noqa: S608
    )
    return Shape(
        rows=rows,
        missing=missing,
        incomplete=rows - missing - complete,
        radices=_radices(codebook, edges, depth),
        repeated=rows - items,
    )


def spreads(codebook: Codebook, shape: Shape, ask: Answers) -> tuple[Spread, tuple[Spread, ...]]:
    """How items are spread over whole ids, and over the codes of each level.

    Rows without all codes are left out. Rows that give an item the same id again count once.
    """
    if not shape.depth:
        return Spread({}), ()
    # Reading lists is what takes long: each id is counted once, and its codes are taken out of the number.
    ask.rows(
        f"CREATE OR REPLACE TEMP TABLE sizes AS SELECT id, count(*) AS items "  # noqa: S608 - quoted names
        f"FROM ({_ids(codebook, shape)}) GROUP BY id"
    )
    whole = Spread.of(ask.rows("SELECT items, count(*) FROM sizes GROUP BY items"))
    levels = tuple(_level(shape, level, ask) for level in range(shape.depth))
    ask.rows("DROP TABLE sizes")
    return whole, levels


def items_of_several_ids(codebook: Codebook, shape: Shape, ask: Answers) -> int:
    """How many items have two different ids or more."""
    if not shape.depth or not shape.repeated:
        return 0
    query = f"SELECT item_id FROM ({_ids(codebook, shape)}) GROUP BY item_id HAVING count(*) > 1"  # noqa: S608
    ((count,),) = ask.rows(f"SELECT count(*) FROM ({query})")  # noqa: S608 - quoted names
    return int(count)


def _ids(codebook: Codebook, shape: Shape) -> str:
    """The query of items and their ids as numbers; telling rows apart costs, so only where some repeat."""
    columns = f"item_id, {shape.key} AS id"
    distinct = "DISTINCT " if shape.repeated else ""
    return f"SELECT {distinct}{columns} FROM ({codebook.relation}) WHERE id IS NOT NULL"  # noqa: S608


def _level(shape: Shape, level: int, ask: Answers) -> Spread:
    code = f"id // {prod(shape.radices[level + 1 :])} % {shape.radices[level]}"
    query = f"SELECT sum(items)::BIGINT AS n FROM sizes GROUP BY {code}"  # noqa: S608 - numbers
    return Spread.of(ask.rows(f"SELECT n, count(*) FROM ({query}) GROUP BY n"))  # noqa: S608


def _radices(codebook: Codebook, edges: Sequence[Any], depth: int) -> tuple[int, ...]:
    least = [low for low in edges[: 2 * depth : 2] if low is not None]
    if any(low < 0 for low in least):
        raise DataError(f"codes of the codebook {codebook.name} are negative: {min(least)}")
    radices = tuple(max(codebook.size, (high or 0) + 1) for high in edges[1 : 2 * depth : 2])
    if prod(radices) > _WIDEST:
        raise DataError(f"ids of the codebook {codebook.name} have too many codes to be counted: {depth}")
    return radices


def _codebook(release: Release, name: str, tables: Sequence[str]) -> Codebook:
    parts = [
        f"SELECT item_id, codes, row_id FROM {quoted(table)} WHERE codebook = {literal(name)}"  # noqa: S608
        for table in tables
    ]
    sizes = [_declared_size(release.manifest.dataset, table) for table in tables]
    return Codebook(name, " UNION ALL ".join(parts), tuple(tables), max(sizes))


def _declared_size(dataset: str, table: str) -> int:
    """One more than the greatest code that the table's schema allows; 0 where it sets no bound."""
    from ecomdata.registry import loader

    try:
        column: Any = loader(dataset).table(table).schema.columns()["codes"]
    except KeyError:  # the table was made by an older declaration
        return 0
    greatest: int | None = getattr(column.inner, "max", None)
    return 0 if greatest is None else greatest + 1
