"""RecBole's atomic files: tab-separated, with ``name:type`` in the header.

Types are token, token_seq (separated by spaces), float and float_seq; files are NAME/NAME.inter, .item and
.user. Source: RecBole's documentation, "Atomic Files", and recbole/data/dataset/dataset.py (1.2.1), which
reads them with pandas: a field with a quotation mark in it is in quotes, with its own doubled.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ecomdata.derive import numbered
from ecomdata.errors import UsageError
from ecomdata.exporting.interactions import Interactions, cleaned
from ecomdata.exporting.parts import Part
from ecomdata.sqltext import quoted, schema_name

if TYPE_CHECKING:
    from ecomdata.release import Release, TableData

_TOKENS: Final = ("event", "session_id", "sequence_id", "category_id", "brand_id")
_FLOATS: Final = ("position", "price")
_ITEM: Final = {
    "title": "token_seq",
    "category_path": "token_seq",
    "category_id": "token",
    "brand_id": "token",
    "brand": "token",
    "price": "float",
    "condition": "token",
    "size": "token",
    "color": "token",
}
"""Columns of the canonical items and what they are to RecBole."""

_MISSING: Final = ("", "#N/A", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null", "<NA>")
"""Words that pandas, and so RecBole, takes for a missing value."""


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    kind: str
    sql: str

    @property
    def header(self) -> str:
        return f"{self.name}:{self.kind}"


def recbole_parts(release: Release, found: Interactions, label: str) -> list[Part]:
    """The .inter file, and .item and .user where the release has tables for them.

    Args:
        release: What is loaded.
        found: The table of interactions.
        label: A column of 0 and 1 that becomes ``label:float``, or empty.

    Raises:
        UsageError: it has several tables of items, or of users.
    """
    name = schema_name(release.manifest.dataset)
    parts = [_inter(name, found, label)]
    for data in release.values():
        if data.record.kind == "items" and "item_id" in data.record.columns and found.item == "item_id":
            parts.append(_item(name, data))
        elif _key(release, data.name) == ("user_id",):
            parts.append(_user(name, data))
    files = [part.file for part in parts]
    if twice := [part for part in parts if files.count(part.file) > 1]:
        tables = " and ".join(part.sources[0] for part in twice)
        raise UsageError(
            f"{tables} would both become {twice[0].file}",
            hint=f"load one of them: ecomdata load {release.manifest.dataset} --table ...",
        )
    return parts


def _inter(name: str, found: Interactions, label: str) -> Part:
    columns = found.columns
    fields = [
        _Field("user_id", "token", "user_id::VARCHAR"),
        _Field("item_id", "token", f"{found.item}::VARCHAR"),
    ]
    if found.rating:
        fields.append(_Field("rating", "float", found.rating))
    if label:
        fields.append(_Field("label", "float", f"{quoted(label)}::DOUBLE"))
    if found.seconds:
        fields.append(_Field("timestamp", "float", found.seconds))
    fields += [_Field(c, "token", cleaned(c, columns[c])) for c in _TOKENS if c in columns]
    fields += [_Field(c, "float", f"{c}::DOUBLE") for c in _FLOATS if c in columns]
    query = f"SELECT {_select(fields)} FROM ({found.relation}) WHERE {found.wanted}"  # noqa: S608 - quoted
    notes = found.notes | _missing_words(found)
    return _part(f"{name}/{name}.inter", query, fields, found.table, fatal=found.fatal, notes=notes)


def _item(name: str, data: TableData) -> Part:
    columns = data.record.columns
    fields = [_Field("item_id", "token", "item_id::VARCHAR")]
    fields += [
        _Field(column, kind, _as(kind, column, columns[column]))
        for column, kind in _ITEM.items()
        if column in columns
    ]
    rows = numbered(data.paths)
    # RecBole joins by item, so each has one row: the last of its snapshots.
    query = (
        f"SELECT {_select(fields)} FROM ({rows}) WHERE item_id IS NOT NULL "  # noqa: S608 - quoted names
        "QUALIFY row_number() OVER (PARTITION BY item_id ORDER BY row_id DESC) = 1 ORDER BY row_id"
    )
    again = f"SELECT count(*) - count(DISTINCT item_id) FROM ({rows}) WHERE item_id IS NOT NULL"  # noqa: S608
    notes = {"earlier snapshots of items, left out": again}
    if "category_path" in columns:
        spaced = "coalesce(len(list_filter(category_path, lambda name: contains(name, ' '))) > 0, false)"
        notes["items with spaces in category_path, written as _"] = (
            f"SELECT count(*) FILTER (spaced) FROM (SELECT arg_max({spaced}, row_id) AS spaced FROM ({rows}) "  # noqa: S608
            "WHERE item_id IS NOT NULL GROUP BY item_id)"
        )
    return _part(f"{name}/{name}.item", query, fields, data, fatal={}, notes=notes)


def _user(name: str, data: TableData) -> Part:
    columns = data.record.columns
    fields = [
        _Field(column, _kind(columns[column]), _as(_kind(columns[column]), quoted(column), columns[column]))
        for column in sorted(columns, key=lambda column: column != "user_id")
        if _kind(columns[column])
    ]
    rows = numbered(data.paths)
    query = f"SELECT {_select(fields)} FROM ({rows})"  # noqa: S608 - quoted names
    return _part(f"{name}/{name}.user", query, fields, data, fatal={}, notes={})


def _part(
    file: str,
    query: str,
    fields: Sequence[_Field],
    data: TableData,
    *,
    fatal: Mapping[str, str],
    notes: Mapping[str, str],
) -> Part:
    headers = tuple(field.header for field in fields)
    return Part(
        file=file,
        query=query,
        columns=headers,
        sources=(data.name,),
        head="\t".join(headers),
        separator="\t",
        rows=data.record.written,
        size=sum(file.size for file in data.record.files),
        fatal=fatal,
        notes=notes,
    )


def _select(fields: Sequence[_Field]) -> str:
    return ", ".join(f"{field.sql} AS {quoted(field.name)}" for field in fields)


def _as(kind: str, column: str, dtype: str) -> str:
    """A column as RecBole's kind, in SQL."""
    if kind == "float":
        return f"{column}::DOUBLE"
    if dtype.startswith("List(String"):
        joined = r"lambda name: regexp_replace(name, '\s+', '_', 'g')"
        return f"array_to_string(list_transform({column}, {joined}), ' ')"
    return cleaned(column, dtype)


def _kind(dtype: str) -> str:
    """RecBole's kind of a column by its polars type; empty for what it has none for."""
    name = dtype.partition("(")[0]
    if name.startswith("Float"):
        return "float"
    if name in {"String", "Enum", "Boolean"} or name.startswith(("Int", "UInt")):
        return "token"
    return "token_seq" if dtype.startswith("List(String") else ""


def _missing_words(found: Interactions) -> dict[str, str]:
    if not found.texts:
        return {}
    words = ", ".join(f"'{word}'" for word in _MISSING)
    either = " OR ".join(f"{quoted(column)} IN ({words})" for column in found.texts)
    what = "rows whose id is a word that RecBole takes for a missing value, such as NA or null"
    return {what: found.count(f"{found.wanted} AND ({either})")}


def _key(release: Release, table: str) -> tuple[str, ...]:
    from ecomdata.registry import loader

    try:
        return loader(release.manifest.dataset).table(table).key
    except KeyError:  # made by an older declaration
        return ()
