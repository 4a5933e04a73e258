"""The tables of a dataset in Croissant's words: a RecordSet each, with a field for every column.

Fields have the types that mlcroissant, and so every reader built on it, turns into values again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

import polars as pl

from ecomdata.declare import Table
from ecomdata.overview import type_name

Node = dict[str, Any]

_TYPES: Final[Mapping[type[pl.DataType], str]] = {
    pl.Boolean: "sc:Boolean",
    pl.Int8: "cr:Int8",
    pl.Int16: "cr:Int16",
    pl.Int32: "cr:Int32",
    pl.Int64: "cr:Int64",
    pl.UInt8: "cr:UInt8",
    pl.UInt16: "cr:UInt16",
    pl.UInt32: "cr:UInt32",
    pl.UInt64: "cr:UInt64",
    pl.Float32: "cr:Float32",
    pl.Float64: "cr:Float64",
    pl.Decimal: "sc:Float",  # there is no exact one
    pl.String: "sc:Text",
    pl.Enum: "sc:Text",
    pl.Categorical: "sc:Text",
    pl.Date: "sc:Date",
    pl.Datetime: "sc:DateTime",
    pl.Time: "sc:Time",
}


@dataclass(frozen=True, slots=True)
class _Shape:
    """A type taken apart: what the items are, and the lengths of the lists around them (-1 for any)."""

    item: pl.DataType
    lengths: tuple[int, ...]

    @classmethod
    def of(cls, dtype: pl.DataType) -> _Shape:
        lengths: list[int] = []
        while isinstance(dtype, pl.List | pl.Array):
            lengths.append(dtype.size if isinstance(dtype, pl.Array) else -1)
            dtype = dtype.inner if isinstance(dtype.inner, pl.DataType) else dtype.inner()
        return cls(dtype, tuple(lengths))

    @property
    def node(self) -> Node:
        """``isArray`` and ``arrayShape``, where there are lists."""
        return {"isArray": True, "arrayShape": ",".join(map(str, self.lengths))} if self.lengths else {}


def record_set(
    table: Table, *, rows: int, file_set: str, descriptions: Mapping[str, str], key: Sequence[str]
) -> Node:
    """A table as a RecordSet that reads its files.

    A column of a type that Croissant has no word for (bytes, durations, lists in lists of structs) is no
    field; the description names it.

    Args:
        table: The table.
        rows: How many rows it has.
        file_set: The ``@id`` of its FileSet.
        descriptions: Column -> what it means, for those of which that is written.
        key: Columns that no two rows share, or none.
    """
    fields = {name: _field(table, name, file_set, descriptions) for name in table.schema.columns()}
    left_out = [name for name, node in fields.items() if node is None]
    said = f"{table.description} One row is {table.grain}. {rows:,} rows."
    if left_out:
        said += f" Without these columns, whose types Croissant has no word for: {', '.join(left_out)}."
    node: Node = {"@type": "cr:RecordSet", "@id": table.name, "name": table.name, "description": said}
    if key and not set(key) & set(left_out):
        node["key"] = [{"@id": field_id(table.name, name)} for name in key]
    return {**node, "field": [node for node in fields.values() if node is not None]}


def field_id(*path: str) -> str:
    """The ``@id`` of a field, by the table, the column, and the member of a struct."""
    return "/".join(quote(name, safe="") for name in path)


def _field(table: Table, name: str, file_set: str, descriptions: Mapping[str, str]) -> Node | None:
    column = table.schema.columns()[name]
    shape = _Shape.of(column.dtype)
    told = type_name(column.dtype)
    if isinstance(shape.item, pl.Struct):
        told = (
            "list of " * len(shape.lengths) + f"struct of {', '.join(one.name for one in shape.item.fields)}"
        )
    if unit := table.units.get(name):
        told += f", in {unit}"
    if column.nullable:
        told += ", may be null"
    description = f"{descriptions.get(name, '')} {_sentence(told)}".strip()
    source = {"fileSet": {"@id": file_set}, "extract": {"column": name}}
    node = _named((table.name, name), description) | shape.node
    if isinstance(shape.item, pl.Struct):
        if len(shape.lengths) > 1:
            return None
        members = [_member(table.name, name, one, source) for one in shape.item.fields]
        return None if None in members else node | {"subField": members}
    data_type = _TYPES.get(type(shape.item))
    return None if data_type is None else node | {"dataType": data_type, "source": source}


def _member(table: str, column: str, member: pl.Field, source: Node) -> Node | None:
    """A member of a struct as a sub-field: the same column, of which a JSONPath takes a part."""
    dtype = member.dtype if isinstance(member.dtype, pl.DataType) else member.dtype()
    shape = _Shape.of(dtype)
    data_type = _TYPES.get(type(shape.item))
    if data_type is None or not re.fullmatch(r"[A-Za-z_]\w*", member.name, re.ASCII):
        return None
    node = _named((table, column, member.name), _sentence(type_name(dtype))) | shape.node
    part = {**source, "transform": {"jsonPath": f"$.{member.name}"}}
    return node | {"dataType": data_type, "source": part}


def _named(path: tuple[str, ...], description: str) -> Node:
    return {"@type": "cr:Field", "@id": field_id(*path), "name": path[-1], "description": description}


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}."
