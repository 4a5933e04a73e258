"""What the options of a load make of a dataset's declaration: which tables, read in which way."""

from __future__ import annotations

from dataclasses import replace

from ecomdata.declare import Dataset, Raw, Table
from ecomdata.errors import UsageError
from ecomdata.options import Options
from ecomdata.readers import JsonArray, Npz


def selected_tables(dataset: Dataset, options: Options) -> list[Table]:
    """The tables to load; a derived table needs all those that are read.

    Raises:
        UsageError: the options name a table or a raw column that the dataset does not have.
    """
    wanted = set(options.tables)
    known = {table.name for table in dataset.tables}
    if unknown := sorted(wanted - known):
        raise UsageError(
            f"{dataset.name} has no table {', '.join(unknown)}",
            hint=f"its tables are {', '.join(sorted(known))}",
        )
    columns = {name for table in dataset.tables for raw in table.raws for name in raw.columns.names}
    if no_column := sorted(set(options.aliases) - columns):
        raise UsageError(
            f"{dataset.name} has no raw column {', '.join(no_column)}",
            hint=f"its raw columns are {', '.join(sorted(columns))}",
        )
    derived = any(table.derive for table in dataset.tables if table.name in wanted)
    return [t for t in dataset.tables if not wanted or t.name in wanted or (derived and t.raws)]


def permitting(table: Table, options: Options) -> Table:
    """The table, with what the user allows allowed to the readers that know of it."""
    return replace(table, raws=tuple(_permitted(raw, options) for raw in table.raws))


def _permitted(raw: Raw, options: Options) -> Raw:
    mine = {name: found for name, found in options.aliases.items() if name in raw.columns.names}
    if mine:
        raw = replace(
            raw, aliases={**raw.aliases, **{n: (*f, *raw.aliases.get(n, ())) for n, f in mine.items()}}
        )
    if options.allow_pickle and isinstance(raw.reader, Npz):
        return replace(raw, reader=replace(raw.reader, allow_pickle=True))
    if options.keep_partial and isinstance(raw.reader, JsonArray):
        return replace(raw, reader=replace(raw.reader, keep_partial=True))
    return raw
