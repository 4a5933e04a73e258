"""JSON lines of any shape, of which only a few values are wanted, each found by its path."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final, cast

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from ecomdata.columns import Columns, DriftError
from ecomdata.errors import DataError
from ecomdata.rawfile import RawFile
from ecomdata.readers.base import Batch, Block, undeclared, unreadable
from ecomdata.readers.exact import Record, booleans, rejected_frame
from ecomdata.readers.jsonvalues import not_an_object
from ecomdata.readers.textblocks import BLOCK_SIZE, decode, line_blocks
from ecomdata.sqltext import literal

if TYPE_CHECKING:
    import duckdb

_LOCAL: Final = threading.local()
_BOM: Final = b"\xef\xbb\xbf"
_LOOKED_AT: Final = 100
"""Lines in which each required path has to occur once at least."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonPaths:
    """A reader of JSON lines that takes some values out of each object and leaves the rest of it.

    A text column takes a string's content and any other value as JSON; a path that is not there, or
    null, is null. Columns that no line has to have are declared ``optional``.

    Attributes:
        paths: Column -> the keys that lead to its value, such as ``("repo", "name")``.
        block_size: Bytes to read at a time.
    """

    paths: Mapping[str, tuple[str, ...]]
    block_size: int = BLOCK_SIZE

    def misfits(self, columns: Columns) -> list[str]:
        """What of a declaration it cannot do."""
        without = [f"{name} has no path" for name in columns.names if name not in self.paths]
        return without + undeclared(columns, paths=self.paths) + unreadable(self, columns.dtypes)

    def check(self, file: RawFile, columns: Columns) -> None:
        """Check that the first lines are objects that have the required paths between them."""
        found: dict[str, None] = {}
        missing = set(columns.required)
        with file.open() as stream:
            # Not line by line: a file without line ends would be read whole.
            data = stream.read(max(self.block_size, BLOCK_SIZE)).removeprefix(_BOM)
        lines = [line for line in data.split(b"\n", _LOOKED_AT)[:_LOOKED_AT] if line.strip()]
        values = [_loads(line) for line in lines]
        objects = [cast("dict[str, object]", value) for value in values if isinstance(value, dict)]
        if lines and not objects:
            raise DataError(
                f"{file.name}: none of its first lines is a JSON object",
                hint="load the file as upstream released it, one JSON object a line",
            )
        for value in objects:
            found.update(dict.fromkeys(value))
            missing = {name for name in missing if _at(value, self.paths[name]) is None}
        if objects and missing:
            names = [".".join(self.paths[name]) for name in columns.required if name in missing]
            raise DriftError(file.name, found=list(found), missing=names, extra=list(found))

    def blocks(self, file: RawFile, columns: Columns) -> Iterator[Block]:
        """Check the first lines, then yield blocks of whole lines."""
        self.check(file, columns)
        return line_blocks(file, partial(self._parse, columns=columns), size=self.block_size)

    def _parse(self, data: bytes, columns: Columns) -> Batch:
        lines = _Lines(data)
        texts, odd = self._texts(lines)
        reasons: dict[int, list[str]] = {row: [reason] for row, reason in odd.items()}
        typed: list[pl.Series] = []
        for name, dtype in columns.dtypes.items():
            text = texts[name]
            typed.append(booleans(text) if dtype == pl.Boolean else text.cast(dtype, strict=False))
            for row in (typed[-1].is_null() & text.is_not_null()).arg_true().to_list():
                shown = cast("str", text[row])[:60]
                reasons.setdefault(row, []).append(f"{name}: {shown!r} is not {str(dtype).lower()}")
        bad = np.array(sorted(reasons), dtype=np.int64)
        rows = np.setdiff1d(lines.filled, bad)
        rejected = [(lines.record(row), reasons[row]) for row in bad.tolist()]
        blank = lines.count - len(lines.filled)
        return Batch(
            frame=pl.DataFrame(typed)[rows],
            span=lines.count,
            raw=lambda positions: [lines.record(int(rows[p])).text for p in positions],
            rows=pl.Series(rows),
            rejected=rejected_frame(rejected),
            dropped={"blank line": blank} if blank else {},
        )

    def _texts(self, lines: _Lines) -> tuple[dict[str, pl.Series], dict[int, str]]:
        """Column -> texts, one for each line; and the lines that could not be read, with the reason."""
        odd = lines.undecodable()
        paths = ["/" + "/".join(map(_escaped, keys)) for keys in self.paths.values()]
        found = _ask(pa.table({"j": lines.column(odd)}), paths)
        values = {
            name: found["found"].list.get(at, null_on_oob=True).alias(name)
            for at, name in enumerate(self.paths)
        }
        exact: dict[int, dict[str, object]] = {}
        filled = set(lines.filled.tolist())
        for row in (found["type"].is_null() | (found["type"] != "OBJECT")).arg_true().to_list():
            if row not in odd and row in filled:
                value = _loads(lines.line(row).rstrip(b"\r\n"))
                if isinstance(value, dict):  # what DuckDB does not take: half a character in some text
                    exact[row] = cast("dict[str, object]", value)
                else:
                    odd[row] = not_an_object(value)
        rows = list(exact)
        for name, keys in self.paths.items() if rows else ():
            values[name] = values[name].scatter(rows, [_text(_at(value, keys)) for value in exact.values()])
        return values, odd


class _Lines:
    """The lines of a block.

    Attributes:
        count: How many there are.
        filled: Numbers of those that are not blank.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        codes = np.frombuffer(data, dtype=np.uint8)
        ends = np.flatnonzero(codes == ord("\n")) + 1
        if len(data) and (not len(ends) or ends[-1] != len(data)):
            ends = np.append(ends, len(data))
        self._edges: npt.NDArray[np.int64] = np.concatenate([np.zeros(1, dtype=np.int64), ends])
        self._bom = len(_BOM) if data.startswith(_BOM) else 0
        self.count = len(ends)
        sizes = np.diff(self._edges)
        short = np.flatnonzero(sizes <= _SHORT)
        blank = [row for row in short.tolist() if not self.line(row).strip()]
        self.filled: npt.NDArray[np.int64] = np.setdiff1d(
            np.arange(self.count), np.array(blank, dtype=np.int64)
        )

    def line(self, row: int) -> bytes:
        """The bytes of one line, without a byte order mark."""
        start = int(self._edges[row]) + (self._bom if not row else 0)
        return self._data[start : int(self._edges[row + 1])]

    def record(self, row: int) -> Record:
        """One line as a record."""
        data = self.line(row).rstrip(b"\r\n")
        text, reason = decode(data)
        return Record(row, text, data, reason)

    def undecodable(self) -> dict[int, str]:
        """The lines that are not UTF-8."""
        try:
            self._data.decode()
        except UnicodeDecodeError:
            records = map(self.record, range(self.count))
            return {record.row: record.reason for record in records if record.reason}
        return {}

    def column(self, without: Mapping[int, str]) -> pa.LargeStringArray:
        """The lines as an Arrow column, not copied one by one; those in ``without`` are empty."""
        if without or self._bom:
            texts = ["" if row in without else self.line(row).decode() for row in range(self.count)]
            return pa.array(texts, type=pa.large_string())
        buffers = pa.py_buffer(self._edges.data), pa.py_buffer(self._data)
        return cast("pa.LargeStringArray", pa.LargeStringArray.from_buffers(self.count, *buffers))


_SHORT: Final = 64
"""A line above this is not looked at for whether it is blank; DuckDB then says that it is no JSON."""


def _ask(table: pa.Table, paths: Sequence[str]) -> pl.DataFrame:
    """The JSON type of each line (null where it is no JSON) and the texts at the paths."""
    import duckdb

    connection: duckdb.DuckDBPyConnection | None = getattr(_LOCAL, "connection", None)
    if connection is None:
        # One for each thread; it reaches no file and no network.
        connection = duckdb.connect(config={"threads": 1, "enable_external_access": False})
        _LOCAL.connection = connection
    listed = ", ".join(map(literal, paths))
    query = f"SELECT json_type(j) AS type, json_extract_string(j, [{listed}]) AS found FROM "  # noqa: S608 - quoted above
    connection.register("t", table)
    try:
        # Nearly all blocks are all JSON, and each function parses each line again.
        return pl.DataFrame(connection.sql(f"{query} t").to_arrow_table())
    except (duckdb.InvalidInputException, UnicodeDecodeError):  # its message may cut a character in two
        valid = "(SELECT CASE WHEN json_valid(j) THEN j END AS j FROM t)"
        return pl.DataFrame(connection.sql(query + valid).to_arrow_table())
    finally:
        connection.unregister("t")


def _loads(line: bytes) -> object:
    """The JSON value, or the exception that says why there is none."""
    try:
        return json.loads(line)
    except (ValueError, RecursionError) as error:
        return ValueError(str(error))  # one never raised keeps no frames


def _at(value: object, keys: Sequence[str]) -> object:
    for key in keys:
        value = cast("dict[str, object]", value).get(key) if isinstance(value, dict) else None
    return value


def _text(value: object) -> str | None:
    """A value as DuckDB gives it; half a character, which is no text, as its escape."""
    if value is None:
        return None
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.encode(errors="backslashreplace").decode()


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")
