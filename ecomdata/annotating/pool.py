"""The pool: the items to be labelled, which a query over the catalog gives."""

from __future__ import annotations

import difflib
import math
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Final, cast

from ecomdata.annotating.answers import parse_answer, validate
from ecomdata.annotating.task import Task
from ecomdata.arrowbatches import FEW_ROWS
from ecomdata.errors import UsageError
from ecomdata.release import open_release
from ecomdata.sqltext import literal, of_schema, quoted, schema_name

if TYPE_CHECKING:
    import os

    import duckdb

ROW: Final = "row_id"
"""The column that says which row of the table an item is."""
_MOST: Final = (1 << 63) - 1
"""The greatest number that a project can hold."""
_BLANK: Final = r"[\s\pZ\p{Cc}\p{Cf}]*"
"""A text in which nothing can be seen, as DuckDB's regular expressions have it."""


@dataclass(frozen=True, slots=True)
class PoolItem:
    """One item before it is in a project.

    Attributes:
        row_id: Its row.
        content: What it shows, by column.
        gold: Its known answer as JSON, or None.
        cluster: The name of its cluster, or None.
    """

    row_id: int
    content: Mapping[str, Any]
    gold: str | None = None
    cluster: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """Items, and where they come from.

    Attributes:
        items: The items, read as they are asked for.
        dataset: The dataset's name, or empty.
        release: Its release.
        table: The table that ``row_id`` counts the rows of; empty where it counts those of the query.
        query: The query that gave them.
        divided: Into so many clusters its texts are to be divided; 0 where they are not.
    """

    items: Iterator[PoolItem]
    dataset: str = ""
    release: str = ""
    table: str = ""
    query: str = ""
    divided: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which rows of a dataset make a pool.

    Attributes:
        table: All rows of this table, or:
        query: those that a query over the catalog gives; ``this.reviews`` is the dataset's own table.
        where: Only the rows of the table of which this SQL condition is true.
        limit: At most so many rows: the first ones, or with ``shuffle`` any.
        shuffle: Draw the rows of ``limit`` from all over the table.
        gold: A column with answers that are known to be right. Of the rows that have one, ``gold_items``
            become gold items.
        gold_items: How many.
        clusters: A column that says which cluster a row is in, or the number of clusters that the texts are
            to be divided into.

    Raises:
        UsageError: there is neither table nor query, or both.
    """

    table: str | None = None
    query: str | None = None
    where: str | None = None
    limit: int | None = None
    shuffle: bool = False
    gold: str | None = None
    gold_items: int = 50
    clusters: str | int | None = None

    def __post_init__(self) -> None:
        if (self.table is None) == (self.query is None):
            raise UsageError("the pool is a table or a query, one of the two", hint="give --table or --query")
        if self.query is not None and self.where is not None:
            raise UsageError("--where goes with --table", hint="write the condition into the query")

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that are needed beside those of the task."""
        by = self.clusters if isinstance(self.clusters, str) else None
        return tuple(dict.fromkeys(column for column in (self.gold, by) if column is not None))

    def rows(self, dataset: str, tables: list[str]) -> str:
        """The query that gives the rows.

        Raises:
            UsageError: the dataset has no such table.
        """
        schema = schema_name(dataset)
        if self.query is not None:
            return of_schema(self.query.strip().rstrip(";"), schema)
        table = self.table or ""
        if table not in tables:
            raise UsageError(f"{dataset} has no table {table!r}", hint=f"its tables are {', '.join(tables)}")
        name = f"{quoted(schema)}.{quoted(table)}"
        numbered = f"SELECT row_number() OVER () AS {quoted(ROW)}, * FROM {name}"  # noqa: S608 - quoted
        if self.where is None:
            return numbered
        return f"SELECT * FROM ({numbered}) WHERE {self.where}"  # noqa: S608 - the catalog is read-only


def choice_of(values: Mapping[str, Any]) -> Choice:
    """The choice that options make; those that are not of it are left out."""
    chosen = {field.name: values[field.name] for field in fields(Choice) if field.name in values}
    clusters = chosen.get("clusters")
    if isinstance(clusters, str) and clusters.isdecimal():
        chosen["clusters"] = int(clusters)
    return Choice(**chosen)


@contextmanager
def pool_of(
    task: Task,
    dataset: str,
    choice: Choice,
    *,
    seed: int = 0,
    home: str | os.PathLike[str] | None = None,
) -> Generator[Pool]:
    """The pool that rows of a loaded dataset make. It can be read until the context ends.

    Args:
        task: The task, whose columns the rows must have.
        dataset: The dataset's name.
        choice: Which rows.
        seed: Decides what is drawn.
        home: Where the store is.

    Raises:
        UsageError: the dataset is not loaded, the query is wrong, or a column is missing.
    """
    from ecomdata.catalog import ask

    manifest = open_release(dataset, home=home).manifest
    rows = choice.rows(manifest.dataset, list(manifest.tables))
    columns = [*task.columns, *(column for column in choice.columns if column not in task.columns)]
    with ask(rows, home=home) as found:
        _check_columns(found.columns, columns, task)
        row = quoted(ROW) if ROW in found.columns else "row_number() OVER ()"
    wanted = f"{row} AS {quoted(ROW)}, {', '.join(map(quoted, columns))}"
    found_rows = f"SELECT {wanted} FROM ({rows}\n)"  # noqa: S608 - names are quoted
    chosen = _limited(f"SELECT * FROM ({found_rows}) WHERE {_to_look_at(task)}", choice, seed)  # noqa: S608
    golden = _gold_rows(chosen, choice, seed, home)
    with ask(chosen, home=home) as answer:
        yield Pool(
            items=_items(task, answer, choice, golden),
            divided=choice.clusters if isinstance(choice.clusters, int) else 0,
            dataset=manifest.dataset,
            release=manifest.release,
            table=choice.table or "",
            query=rows,
        )


def _to_look_at(task: Task) -> str:
    """The condition that a row has a text that is not blank, or images."""
    conditions = [
        f"NOT regexp_full_match(CAST({quoted(field.column)} AS VARCHAR), {literal(_BLANK)})"
        for field in task.texts
    ]
    if task.images:
        conditions.append(f"CAST({quoted(task.images)} AS VARCHAR) NOT IN ('', '[]')")
    return " OR ".join(conditions)


def _limited(query: str, choice: Choice, seed: int) -> str:
    if choice.limit is None:
        return query
    if not choice.shuffle:
        return f"{query} LIMIT {int(choice.limit)}"
    drawn = f"{query} ORDER BY {_shuffled(seed)} LIMIT {int(choice.limit)}"
    return f"SELECT * FROM ({drawn}) ORDER BY {quoted(ROW)}"  # noqa: S608 - as above


def _shuffled(seed: int) -> str:
    # A hash of its own, for those of DuckDB change with its versions.
    return f"md5({literal(f'{seed}:')} || {quoted(ROW)}::VARCHAR), {quoted(ROW)}"


def _gold_rows(chosen: str, choice: Choice, seed: int, home: str | os.PathLike[str] | None) -> frozenset[int]:
    from ecomdata.catalog import ask

    if choice.gold is None:
        return frozenset()
    known = f"SELECT {quoted(ROW)} FROM ({chosen}) WHERE {quoted(choice.gold)} IS NOT NULL"  # noqa: S608 - quoted
    # A query may have a row twice; the first of those items becomes gold.
    with ask(
        f"{known} GROUP BY {quoted(ROW)} ORDER BY {_shuffled(seed)} LIMIT {int(choice.gold_items)}", home=home
    ) as found:
        return frozenset(int(row[0]) for row in found.fetchall())


def _check_columns(there: list[str], wanted: list[str], task: Task) -> None:
    for column in wanted:
        if column not in there:
            near = difflib.get_close_matches(column, there, n=1)
            asked = f"the task {task.name} shows" if column in task.columns else "--gold or --clusters names"
            raise UsageError(
                f"the rows have no column {column!r}, which {asked}"
                + (f"; did you mean {near[0]!r}?" if near else ""),
                hint=f"they have {', '.join(there)}; a --query can name them otherwise",
            )


def _items(
    task: Task, answer: duckdb.DuckDBPyRelation, choice: Choice, golden: frozenset[int]
) -> Iterator[PoolItem]:
    """The rows as items."""
    left = set(golden)
    for row in _read(answer):
        number = row[ROW]
        if not (isinstance(number, int) and abs(number) <= _MOST):
            raise UsageError(
                f"{ROW} is the number of a row, not {number!r}", hint="name it otherwise with AS"
            )
        content = {column: _shown(row[column]) for column in task.columns}
        known = row[choice.gold] if choice.gold and number in left else None
        if known is not None:
            left.remove(number)
        yield PoolItem(
            number,
            content,
            gold=None if known is None else _known(task, content, known, number),
            cluster=str(_shown(row[choice.clusters])) if isinstance(choice.clusters, str) else None,
        )


def _read(answer: duckdb.DuckDBPyRelation) -> Iterator[dict[str, Any]]:
    """The rows of an answer, which DuckDB makes as they are read."""
    import pyarrow as pa

    try:
        for batch in answer.to_arrow_reader(FEW_ROWS):
            yield from batch.to_pylist()
    except (pa.ArrowException, OSError) as error:
        raise UsageError(str(error), hint="the query failed over some of the rows") from error


def _shown(value: Any) -> Any:  # noqa: ANN401 - any of Arrow's values
    """A value as JSON has it."""
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return value if math.isfinite(value) else None
        case bytes():
            return value.decode(errors="replace")
        case list():
            return [_shown(one) for one in cast("list[object]", value)]
        case _:
            return str(value)


def _known(task: Task, content: Mapping[str, Any], value: object, row: int) -> str:
    """A known answer as JSON: a key, a number, a list of keys, or an answer's JSON."""
    try:
        if isinstance(value, str) and value.lstrip().startswith("{"):
            return parse_answer(task, content, value).as_json()
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if task.kind == "labels" and isinstance(value, str | int):
            value = [str(value)]  # a key may be a number
        return validate(task, content, {task.kind: value}).as_json()
    except UsageError as error:
        raise UsageError(f"the known answer of row {row} is none: {error}", hint=error.hint) from error
