"""JSON objects, each at a known place in some bytes, as columns of text: DuckDB parses them all at once."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, cast

import duckdb
import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from ecomdata.errors import EcomdataError
from ecomdata.readers.jsonscan import Ints, usual_gaps

KINDS: Final = {
    "NULL": "null",
    "VARCHAR": "string",
    "BOOLEAN": "boolean",
    "ARRAY": "array",
    "OBJECT": "object",
}
"""DuckDB's name of a JSON type -> JSON's own; every other is a number."""

KIND: Final = pl.Enum(["absent", "null", "string", "number", "boolean", "array", "object"])

_LOCAL: Final = threading.local()
_TYPE: Final = "type of the row"
_LAYOUT: Final = "keys of the row"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What to take out of each object.

    Attributes:
        keys: Keys, each a text column: a string's content, or any other value as JSON; null for null.
        kinds: Column -> the key whose JSON type it holds (see :data:`KIND`).
        lists: Column -> JSONPath with a ``*``; a column of lists of texts.
    """

    keys: tuple[str, ...]
    kinds: Mapping[str, str]
    lists: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Rows:
    """What was found.

    Attributes:
        frame: The columns wanted, one row for each object that could be read.
        layout: Per row of ``frame``, its keys in order as a JSON array.
        places: Per row of ``frame``, the number of its object.
        reasons: Number of an object that could not be read -> why.
    """

    frame: pl.DataFrame
    layout: pl.Series
    places: Ints
    reasons: dict[int, str]


def read_rows(data: bytes, starts: Ints, ends: Ints, wanted: Wanted, known: Mapping[int, str]) -> Rows:
    """Parse the objects at ``starts``..``ends``, in order, except those with a known reason against them."""
    reasons = dict(known)
    places = np.setdiff1d(np.arange(len(starts)), np.array(list(known), dtype=np.int64))
    frame: pl.DataFrame | None = None
    while frame is None:
        table = pa.table({"j": _texts(data, starts[places], ends[places])})
        try:
            table["j"].validate(full=True)
            frame = _query(table, wanted)
            continue
        except pa.ArrowInvalid:
            found = {p: why for p in places.tolist() if (why := _not_utf8(data[starts[p] : ends[p]]))}
        except duckdb.Error:
            valid = _valid(table)
            found = {p: _not_json(data[starts[p] : ends[p]]) for p in places[~valid].tolist()}
        if not found:
            raise EcomdataError(
                "DuckDB cannot read JSON that it says is valid", hint="this is a fault; please report it"
            )
        reasons |= found
        places = np.setdiff1d(places, np.array(list(found), dtype=np.int64))
    kinds = frame[_TYPE]
    if (kinds != "OBJECT").any():
        for row in (kinds != "OBJECT").arg_true().to_list():
            reasons[int(places[row])] = f"a JSON {KINDS.get(kinds[row], 'number')} instead of an object"
        frame, places = frame.filter(kinds == "OBJECT"), places[(kinds == "OBJECT").to_numpy()]
    return Rows(frame.drop(_TYPE, _LAYOUT), frame[_LAYOUT], places, reasons)


def _not_utf8(raw: bytes) -> str:
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        return f"not UTF-8 at byte {error.start + 1} of it"
    return ""


def _not_json(raw: bytes) -> str:
    try:
        json.loads(raw)
    except json.JSONDecodeError as error:
        return f"not JSON: {error.msg} at character {error.pos + 1} of it"
    except RecursionError:
        return "not JSON that can be kept: it is nested too deep"
    return "not JSON that can be kept: half a character stands in it"


def _valid(table: pa.Table) -> npt.NDArray[np.bool_]:
    connection = _connection()
    connection.register("t", table)
    try:
        found = pl.DataFrame(connection.sql("SELECT json_valid(j) AS valid FROM t").to_arrow_table())
    finally:
        connection.unregister("t")
    return found["valid"].to_numpy()


def _connection() -> duckdb.DuckDBPyConnection:
    """One connection for each thread; it reaches no file and no network."""
    connection: duckdb.DuckDBPyConnection | None = getattr(_LOCAL, "connection", None)
    if connection is None:
        connection = duckdb.connect(config={"threads": 1, "enable_external_access": False})
        _LOCAL.connection = connection
    return connection


def _texts(data: bytes, starts: Ints, ends: Ints) -> pa.LargeStringArray:
    """The objects as an Arrow column without copying each: what stands between them becomes white space."""
    if not len(starts):
        return pa.array([], type=pa.large_string())
    base = int(starts[0])
    codes = np.frombuffer(data, dtype=np.uint8)[base : int(ends[-1])].copy()
    lows, highs = ends[:-1] - base, starts[1:] - base
    usual = usual_gaps(data, ends[:-1], starts[1:])
    codes[lows[usual]] = ord(" ")
    for low, high in zip(lows[~usual].tolist(), highs[~usual].tolist(), strict=True):
        codes[low:high] = ord(" ")
    offsets = np.append(starts, ends[-1]) - base
    texts = pa.LargeStringArray.from_buffers(
        len(starts), pa.py_buffer(offsets.data), pa.py_buffer(codes.data)
    )
    return cast("pa.LargeStringArray", texts)


def _query(table: pa.Table, wanted: Wanted) -> pl.DataFrame:
    structure = json.dumps(dict.fromkeys(wanted.keys, "VARCHAR"))
    parts = [f"json_transform(j, {_literal(structure)}) AS fields"]
    # Each function parses the object again, so the types are all asked for at once.
    paths = ", ".join(
        _literal(path) for path in ("$", *(f"$.{json.dumps(key)}" for key in wanted.kinds.values()))
    )
    parts.append(f"json_type(j, [{paths}]) AS kinds")
    parts += [
        f"json_extract_string(j, {_literal(path)}) AS list{i}" for i, path in enumerate(wanted.lists.values())
    ]
    query = f"SELECT to_json(json_keys(j))::VARCHAR AS layout, {', '.join(parts)} FROM t"  # noqa: S608 - literals are quoted
    connection = _connection()
    connection.register("t", table)
    try:
        found = pl.DataFrame(connection.sql(query).to_arrow_table())
    finally:
        connection.unregister("t")
    kinds = [_kind(pl.col("kinds").list.get(i), name) for i, name in enumerate(wanted.kinds, start=1)]
    return found.select(
        pl.col("kinds").list.get(0).alias(_TYPE),
        pl.col("layout").alias(_LAYOUT),
        *(pl.col("fields").struct.field(key) for key in wanted.keys),
        *kinds,
        *(pl.col(f"list{i}").alias(name) for i, name in enumerate(wanted.lists)),
    )


def _kind(types: pl.Expr, name: str) -> pl.Expr:
    chain: pl.Expr = pl.lit("number")
    for theirs, ours in KINDS.items():
        chain = pl.when(types == theirs).then(pl.lit(ours)).otherwise(chain)
    return pl.when(types.is_null()).then(pl.lit("absent")).otherwise(chain).cast(KIND).alias(name)


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def key_list(layout: str) -> list[str]:
    """The keys of an object, out of a layout."""
    return cast("list[str]", json.loads(layout))


def layout_problems(
    layout: str, required: Sequence[str], declared: Sequence[str], *, others: bool
) -> list[str]:
    """What is wrong with an object's keys, given as a JSON array."""
    keys = key_list(layout)
    problems = [f"key {key!r} stands twice" for key in dict.fromkeys(keys) if keys.count(key) > 1]
    problems += [f"key {key} is missing" for key in required if key not in keys]
    if not others:
        problems += [f"key {key!r} is not expected" for key in keys if key not in declared]
    return problems
