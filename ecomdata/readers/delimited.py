"""Delimited text: CSV and its relatives, with and without a header.

A block is parsed by polars with the declared types. Only where that fails, or where the number of
delimiters does not come out even, is the block cut around its bad lines (``badlines.py``), and these are
parsed one by one (``exact.py``), so clean data pay nothing for exact row numbers and reasons.
"""

from __future__ import annotations

import codecs
import io
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import IO, Final, Literal

import numpy as np
import polars as pl
from polars.exceptions import PolarsError

from ecomdata.columns import Columns, DriftError
from ecomdata.errors import DataError
from ecomdata.rawfile import RawFile
from ecomdata.readers.badlines import cut_around
from ecomdata.readers.base import Batch, Block, joined, unreadable
from ecomdata.readers.exact import Layout, parse_exactly, records, split_fields, whole, whole_records
from ecomdata.readers.recoding import encoding_problem, recoded, reject_utf16
from ecomdata.readers.textblocks import BLOCK_SIZE, Piece, after_last_line, plain_pieces, record_blocks

_HEAD: Final = 1 << 20
_EXACT_BYTES: Final = 16 << 10
"""Below this, finding the bad rows costs less than splitting once more."""
_PIECES: Final = 16
"""Into how many: halving would parse what is good near a bad row nine times over."""
_LONG_LINE: Final = 100_000
"""Bytes without a line break from which on a line is looked at alone."""
_KNOWN_DELIMITERS: Final = (",", "\t", ";", "|", "\x01", " ")
_AS_RELEASED: Final = "load the file as upstream released it"
_QUOTE: Final = ord('"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Delimited:
    """A reader of delimited text.

    Attributes:
        delimiters: The delimiters upstream uses; the first that fits the file is taken.
        header: Whether the first line names the columns.
        quote: Whether fields may stand in double quotes (RFC 4180), with delimiters and line breaks inside.
        nulls: What upstream writes where nothing stands, such as ``NULL``; an empty field is null anyway.
        rest: Whether the last column is all that remains of a line, delimiters included. Not with ``quote``
            or ``nulls``.
        encoding: Upstream's where it is not UTF-8, by a name that Python knows: ``latin-1``, ``gbk``.
        block_size: Bytes parsed at a time.
    """

    delimiters: tuple[str, ...] = (",",)
    header: Literal["required", "optional", "absent"] = "required"
    quote: bool = False
    nulls: tuple[str, ...] = ()
    rest: bool = False
    encoding: str = ""
    block_size: int = BLOCK_SIZE

    def misfits(self, columns: Columns) -> list[str]:
        """What of a declaration it cannot do."""
        odd = [f"the delimiter {mark!r} is not one character" for mark in self.delimiters if len(mark) != 1]
        if self.encoding and (problem := encoding_problem(self.encoding)):
            odd.append(problem)
        return odd + unreadable(self, columns.dtypes)

    def check(self, file: RawFile, columns: Columns) -> None:
        """Check the header line, or the first row where there is none."""
        with self._open(file) as stream:
            self._layout(stream.read(_HEAD), file.name, columns)

    def blocks(self, file: RawFile, columns: Columns) -> Iterator[Block]:
        """Check the columns, then yield blocks of whole records."""
        stream = self._open(file)
        head = stream.read(_HEAD)
        try:
            layout, start = self._layout(head, file.name, columns)
        except BaseException:
            stream.close()
            raise
        lines = head[:start].count(b"\n")

        def rest() -> Iterator[Block]:
            with stream:
                if start:
                    yield Block(start, partial(_header_only, lines, columns))
                for data in self._pieces(stream, head[start:], layout.delimiter):
                    yield Block(len(data), partial(_parse, data, layout, columns))

        return rest()

    def _open(self, file: RawFile) -> IO[bytes]:
        return recoded(file.open(), self.encoding, file.name) if self.encoding else file.open()

    def _pieces(self, stream: IO[bytes], first: bytes, delimiter: str) -> Iterator[bytes | Piece]:
        # A member of an archive can seek too, but only by decompressing from its start.
        if isinstance(getattr(stream, "raw", None), io.FileIO):
            stream.seek(-len(first), os.SEEK_CUR)
            if not self.quote:
                return plain_pieces(stream, size=self.block_size)
            first = b""
        cut = _cutter(delimiter, quoted=self.quote)
        return record_blocks(stream, cut=cut, first=first, size=self.block_size)

    def _layout(self, head: bytes, where: str, columns: Columns) -> tuple[Layout, int]:
        """How the file is laid out, and where its rows start."""
        reject_utf16(head, where)
        bom = len(codecs.BOM_UTF8) if head.startswith(codecs.BOM_UTF8) else 0
        end = head.find(b"\n", bom)
        line = head[bom : end if end >= 0 else None].rstrip(b"\r").decode(errors="replace")
        misfits: list[DriftError] = []
        for delimiter in self.delimiters:
            fields = self._first_fields(line, delimiter, columns)
            shown = [field or "" for field in fields]
            try:
                names = columns.match(shown, where)
            except DriftError as error:
                misfits.append(error)
            else:
                if self.header != "absent":
                    start = end + 1 if end >= 0 else len(head)
                    return self._laid_out(delimiter, names, shown), start
            if self.header != "required":
                for layout in columns.layouts():
                    if len(layout) == len(fields) and _looks_like_data(fields, layout, columns):
                        return self._laid_out(delimiter, layout, layout), bom
        raise _explain(line, misfits, self, columns, where)

    def _first_fields(self, line: str, delimiter: str, columns: Columns) -> Sequence[str | None]:
        if self.rest:
            return line.split(delimiter, len(columns.required) - 1)
        return split_fields(line, delimiter, quoted=self.quote) or line.split(delimiter)

    def _laid_out(self, delimiter: str, names: Sequence[str], header: Sequence[str]) -> Layout:
        return Layout(
            delimiter, tuple(names), tuple(header), self.quote, self.nulls, self.rest, self.encoding
        )


def _header_only(lines: int, columns: Columns) -> Batch:
    empty = pl.DataFrame(schema=columns.dtypes)
    return Batch(frame=empty, span=lines, raw=lambda _: [])


def _looks_like_data(fields: Sequence[str | None], names: Sequence[str], columns: Columns) -> bool:
    """Whether at least one typed field of the line parses: a header line would have none."""
    typed = [
        (f, columns.dtypes[n]) for f, n in zip(fields, names, strict=True) if columns.dtypes[n] != pl.String
    ]
    if not typed:
        return True
    return any(pl.Series([field]).cast(dtype, strict=False)[0] is not None for field, dtype in typed if field)


def _explain(
    line: str, misfits: Sequence[DriftError], reader: Delimited, columns: Columns, where: str
) -> DataError:
    """The error for a first line that fits no declared variant."""
    if not line.strip():
        return DataError(f"{where}: the first line is blank", hint=f"remove it, or {_AS_RELEASED}")
    delimiters = reader.delimiters
    for delimiter in _KNOWN_DELIMITERS:
        fields = line.split(delimiter)
        fits = len(fields) > 1 and len(fields) in {len(layout) for layout in columns.layouts()}
        if delimiter not in delimiters and fits:
            wanted = " or ".join(map(repr, delimiters))
            detail = f"the fields are separated by {delimiter!r}, upstream separates them by {wanted}"
            return _drift(where, fields, detail, f"delimiters=({delimiter!r},)")
    fields = max((line.split(delimiter) for delimiter in delimiters), key=len)
    if _has_names(line, delimiters, columns):
        if reader.header == "absent":
            detail = "the first line names the columns, upstream's files begin with a row"
            return _drift(where, fields, detail, "header='optional'")
        if not reader.quote and '"' in line:
            detail = "the names in the first line stand in quotes, upstream's do not"
            return _drift(
                where, fields, detail, "quote=True", f"write the file without quotes, or {_AS_RELEASED}"
            )
    data = reader.header != "required" and any(field.strip(" -").isdecimal() for field in fields)
    if misfits and not data:
        return min(misfits, key=lambda error: error.distance)
    expected = f"{len(columns.required)} are expected: {', '.join(columns.names)}"
    return _drift(where, fields, f"the first line has {len(fields):,} fields, {expected}")


def _drift(
    where: str, fields: Sequence[str], detail: str, option: str = "", hint: str = _AS_RELEASED
) -> DriftError:
    """The error, with the option of the reader that would take such a file for upstream's."""
    if option:
        hint += f"; where upstream's own is like this, its loader says so: Delimited({option})"
    return DriftError(where, found=fields, missing=(), extra=(), detail=detail, hint=hint)


def _has_names(line: str, delimiters: Sequence[str], columns: Columns) -> bool:
    """Whether the line has the names of the columns, be it in quotes."""
    for delimiter in delimiters:
        with suppress(DriftError):
            columns.match([field.strip('"') for field in line.split(delimiter)], "")
            return True
    return False


def _cutter(delimiter: str, *, quoted: bool) -> Callable[[bytes], int]:
    """What says where the last whole record of some bytes ends."""
    return partial(_after_last_record, delimiter=delimiter) if quoted else after_last_line


def _after_last_record(data: bytes, delimiter: str) -> int:
    """Where the last whole record ends: at a line break outside quotes."""
    end = after_last_line(data)
    quotes = data.count(b'"', 0, end)
    while end and quotes % 2:
        previous = data.rfind(b"\n", 0, end - 1) + 1
        quotes -= data.count(b'"', previous, end)
        end = previous
    if end and (not quotes or _well_quoted(data[:end], delimiter)):
        return end
    return whole_records(data[: after_last_line(data)], delimiter)


def _parse(data: bytes | Piece, layout: Layout, columns: Columns) -> Batch:
    """Parse fast, and exactly where the fast way cannot vouch for every row.

    A block that fails is cut around its bad lines, so that one does not make the whole block slow. Where they
    are not found it is split, and what fails of it again, until they are alone with a few neighbours.
    """
    text = data.read() if isinstance(data, Piece) else data
    return joined(list(_parse_pieces(text, layout, columns)))


def _parse_pieces(data: bytes, layout: Layout, columns: Columns) -> Iterator[Batch]:
    long = _has_long_line(data)
    fast = None if long else _parse_fast(data, layout, columns)
    if fast is not None:
        yield fast
        return
    pieces = [data]
    if len(data) > _EXACT_BYTES and not (long or layout.rest or (layout.quoted and b'"' in data)):
        pieces = cut_around(data, layout, columns.dtypes)
    if len(pieces) == 1:
        pieces = _split(data, _cutter(layout.delimiter, quoted=layout.quoted))
    if len(pieces) == 1:
        yield parse_exactly(data, layout, columns)
        return
    for piece in pieces:
        yield from _parse_pieces(piece, layout, columns)


def _has_long_line(data: bytes) -> bool:
    """Whether a line may be so long that its fields, each a column to polars, take more than memory."""
    return any(
        data.find(b"\n", start, start + _LONG_LINE) < 0
        for start in range(0, len(data) - _LONG_LINE, _LONG_LINE)
    )


def _split(data: bytes, cut: Callable[[bytes], int]) -> list[bytes]:
    """Some bytes in at most a few pieces of whole records; in one where they are few."""
    size = max(_EXACT_BYTES, len(data) // _PIECES)
    pieces: list[bytes] = []
    start = 0
    while len(data) - start > size and (end := cut(data[start : start + size])):
        pieces.append(data[start : start + end])
        start += end
    pieces.append(data[start:])
    return pieces


def _parse_fast(data: bytes, layout: Layout, columns: Columns) -> Batch | None:
    dtypes = columns.dtypes
    quoted = layout.quoted and b'"' in data
    if not data.endswith(b"\n"):
        data += b"\n"  # polars lets a surplus delimiter pass at the very end
    if b"\r" in data and data.count(b"\r") != data.count(b"\r\n"):
        return None  # polars takes a carriage return off the end of any field
    frame = (_split_fast if layout.rest else _read_fast)(data, layout, dtypes)
    if frame is None:
        return None
    lines = data.count(b"\n") if quoted else frame.height
    rows = _first_lines(data) if lines != frame.height else None
    kept: pl.Series | None = None
    dropped: dict[str, int] = {}
    if dtypes[layout.names[0]] == pl.String:
        header = pl.all_horizontal(
            pl.col(name).cast(pl.String).fill_null("") == text
            for name, text in zip(layout.names, layout.header, strict=True)
        )
        again = frame.select(header).to_series()
        if again.any():
            kept = (~again).arg_true()
            rows = rows.gather(kept) if rows is not None else kept
            frame = frame.filter(~again)
            dropped = {"repeated header": int(again.sum())}

    def raw(positions: Sequence[int]) -> list[str]:
        texts = [record.text for record in records(data, quoted=quoted, delimiter=layout.delimiter)]
        return [texts[p if kept is None else kept[p]] for p in positions]

    return Batch(frame=columns.complete(frame), span=lines, raw=raw, rows=rows, dropped=dropped)


def _read_fast(data: bytes, layout: Layout, dtypes: Mapping[str, pl.DataType]) -> pl.DataFrame | None:
    """The rows as polars reads them; None where it does not vouch for every line."""
    quoted = layout.quoted and b'"' in data
    if quoted and not _well_quoted(data, layout.delimiter):
        return None  # polars guesses, or panics
    frame = layout.by_polars(data, dtypes, quoted=quoted)
    if frame is None and b".0" in data:
        frame = _read_wholes(data, layout, dtypes, quoted=quoted)
    if frame is None:
        return None
    if not frame.height or frame.to_series(-1).null_count() or quoted:
        # A row with too few fields ends in nulls; without any, and without quotes, polars vouches for
        # each line.
        ends, delimiters = _structure(data, layout.delimiter, quoted=quoted)
        if frame.height != ends or delimiters != ends * (len(layout.names) - 1):
            return None
    return frame


def _read_wholes(
    data: bytes, layout: Layout, dtypes: Mapping[str, pl.DataType], *, quoted: bool
) -> pl.DataFrame | None:
    """The rows where integers are written as ``1.0``, often a whole column of them."""
    integers = {name: dtypes[name] for name in layout.names if dtypes[name].is_integer()}
    frame = layout.by_polars(data, {**dtypes, **dict.fromkeys(integers, pl.String())}, quoted=quoted)
    if frame is None:
        return None
    try:
        return frame.with_columns(
            whole(frame[name].str.strip_chars_start(" \t")).cast(dtype) for name, dtype in integers.items()
        )
    except PolarsError:
        return None


def _split_fast(data: bytes, layout: Layout, dtypes: Mapping[str, pl.DataType]) -> pl.DataFrame | None:
    """The rows where the last column is all that remains of a line; None where a line has too few fields."""
    try:
        lines = pl.Series(data.decode().replace("\r\n", "\n").split("\n")[:-1], dtype=pl.String)
    except UnicodeDecodeError:
        return None
    fields = lines.str.splitn(layout.delimiter, len(layout.names)).struct.unnest()
    fields.columns = list(layout.names)
    if fields.to_series(-1).null_count():
        return None
    filled = fields.select(pl.when(pl.col(name) != "").then(name).alias(name) for name in layout.names)
    try:
        return filled.cast({name: dtypes[name] for name in layout.names})
    except PolarsError:
        return None


def _structure(data: bytes, delimiter: str, *, quoted: bool) -> tuple[int, int]:
    """Line breaks and delimiters outside quotes."""
    if not quoted:
        return data.count(b"\n"), data.count(delimiter.encode())
    array = np.frombuffer(data, np.uint8)
    inside = np.bitwise_xor.accumulate((array == _QUOTE).view(np.uint8))
    outside = inside == 0
    ends = int(np.count_nonzero((array == ord("\n")) & outside))
    return ends, int(np.count_nonzero((array == ord(delimiter)) & outside))


def _well_quoted(data: bytes, delimiter: str) -> bool:
    """Whether every quote opens a field, closes one, or is doubled; ``data`` ends with a line break."""
    array = np.frombuffer(data, np.uint8)
    quotes = np.flatnonzero(array == _QUOTE)
    if len(quotes) % 2:
        return False
    edges = list(f'\n"{delimiter}'.encode())
    opening = quotes[::2][int(quotes[0] == 0) :]
    before, after = array[opening - 1], array[quotes[1::2] + 1]
    return bool(np.isin(before, edges).all() and np.isin(after, [*edges, ord("\r")]).all())


def _first_lines(data: bytes) -> pl.Series:
    """The line, from 0, at which each record starts, for records with line breaks inside quotes."""
    array = np.frombuffer(data, np.uint8)
    inside = np.bitwise_xor.accumulate((array == _QUOTE).view(np.uint8))
    breaks = np.flatnonzero(array == ord("\n"))
    ends = np.flatnonzero(inside[breaks] == 0)
    starts = np.concatenate(([0], ends + 1))
    return pl.Series(starts[: len(ends)], dtype=pl.Int64)
