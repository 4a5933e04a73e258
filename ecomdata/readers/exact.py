"""Line-by-line parsing of delimited text: slower than polars, but every bad row gets number and reasons."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final, NamedTuple

import polars as pl
from polars.exceptions import PanicException, PolarsError

from ecomdata.columns import Columns
from ecomdata.readers.base import REJECTED, Batch
from ecomdata.readers.textblocks import NOT_UTF8, decode, lines_of

_MAX_QUOTED_LINES: Final = 1000
"""A quote that is not closed within so many lines is an error of its first line only."""
_MANY_FIELDS: Final = 100_000
"""Delimiters of a record above which its fields are counted before they are split."""

_WHOLE: Final = r"^([+-]?[0-9]+)\.0+$"
"""What pandas makes of the integers of a column with gaps."""

_UNDECIDED: Final = -1
"""The lines at hand end before it shows whether a quote is closed."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How a file of delimited text is laid out.

    Attributes:
        delimiter: One character.
        names: The declared name of each column, in the file's order.
        header: The header line's fields as they stand in the file (the declared names where it has none).
        quoted: Whether fields may stand in double quotes.
        nulls: What stands for nothing besides an empty field.
        rest: Whether the last column is all that remains of a line, delimiters included.
        encoding: The file's, where it was not UTF-8 before it was read.
    """

    delimiter: str
    names: tuple[str, ...]
    header: tuple[str, ...]
    quoted: bool
    nulls: tuple[str, ...] = ()
    rest: bool = False
    encoding: str = ""

    def fields(self, text: str) -> list[str | None] | None:
        """The fields of one record, null where nothing stands; None when its quotes are malformed."""
        if self.rest:
            return [field or None for field in text.split(self.delimiter, len(self.names) - 1)]
        fields = split_fields(text, self.delimiter, quoted=self.quoted)
        if not self.nulls or fields is None:
            return fields
        return [None if field in self.nulls else field for field in fields]

    def by_polars(
        self, data: bytes, dtypes: Mapping[str, pl.DataType], *, quoted: bool = False, lenient: bool = False
    ) -> pl.DataFrame | None:
        """Whole records by polars; None where it fails. ``lenient`` makes nulls of values that fail."""
        try:
            return pl.read_csv(
                data,
                has_header=False,
                schema={name: dtypes[name] for name in self.names},
                separator=self.delimiter,
                quote_char='"' if quoted else None,
                null_values=list(self.nulls) or None,
                ignore_errors=lenient,
            )
        except (PolarsError, PanicException):
            return None

    def overfull(self, text: str) -> str:
        """Why a record of very many delimiters is none, told without holding its fields; mostly empty."""
        if self.rest or text.count(self.delimiter) < _MANY_FIELDS:
            return ""
        count = count_fields(text, self.delimiter, quoted=self.quoted)
        return "" if count in {None, len(self.names)} else f"{count} fields instead of {len(self.names)}"


class Record(NamedTuple):
    """One record: the line it starts on (from 0), its text, its bytes, and why it is unreadable if it is."""

    row: int
    text: str
    data: bytes
    reason: str


def records(data: bytes, *, quoted: bool, delimiter: str = ",") -> Iterator[Record]:
    """The records of a block; a quoted field may hold line breaks."""
    lines = data.split(b"\n")
    if not lines[-1]:
        lines.pop()
    row = 0
    while row < len(lines):
        count = _quoted_lines(lines, row, delimiter) if quoted and lines[row].count(b'"') % 2 else 1
        whole = b"\n".join(lines[row : row + max(1, count)]).removesuffix(b"\r")
        text, problem = decode(whole)
        yield Record(
            row, text, whole, problem if count > 0 else problem or "a quote is opened and not closed"
        )
        row += max(1, count)


def whole_records(data: bytes, delimiter: str) -> int:
    """Where the last record ends that no line after ``data`` can be part of; it may have stray quotes."""
    lines = data.split(b"\n")[:-1]
    row = end = 0
    while row < len(lines):
        count = _quoted_lines(lines, row, delimiter) if lines[row].count(b'"') % 2 else 1
        if count == _UNDECIDED:
            break
        end += sum(len(line) + 1 for line in lines[row : row + max(1, count)])
        row += max(1, count)
    return end


def _quoted_lines(lines: Sequence[bytes], start: int, delimiter: str) -> int:
    """How many lines a record takes whose first has an odd number of quotes; 0 when one stays open."""
    if _well_formed(lines[start], delimiter):
        return 1
    quotes = 0
    for count, line in enumerate(lines[start : start + _MAX_QUOTED_LINES], start=1):
        quotes += line.count(b'"')
        if quotes % 2 == 0:
            # Lines that do not make a record together are not joined, so that one stray quote costs one row.
            return count if _well_formed(b"\n".join(lines[start : start + count]), delimiter) else 0
    return 0 if len(lines) - start >= _MAX_QUOTED_LINES else _UNDECIDED


def _well_formed(record: bytes, delimiter: str) -> bool:
    text = record.removesuffix(b"\r").decode(errors="replace")
    return count_fields(text, delimiter, quoted=True) is not None


@cache
def _field_pattern(delimiter: str) -> re.Pattern[str]:
    mark = re.escape(delimiter)  # possessive repeats hold nothing to come back to, however long the field
    return re.compile(rf'(?:"((?:[^"]++|"")*+)"|([^"{mark}\n][^{mark}\n]*)?)({mark}|\Z)')


def _matches(text: str, delimiter: str) -> Iterator[re.Match[str] | None]:
    """Each field with quotes or without and what ends it; None where quotes are malformed, as the last."""
    pattern = _field_pattern(delimiter)
    match = pattern.match(text)
    while match is not None and match[3]:
        yield match
        match = pattern.match(text, match.end())
    yield match


def split_fields(text: str, delimiter: str, *, quoted: bool) -> list[str | None] | None:
    """The fields of one record, null where nothing stands; None when its quotes are malformed.

    A quote inside a field that does not start with one stands for itself, as polars has it.
    """
    if not quoted or '"' not in text:
        return [field or None for field in text.split(delimiter)]
    fields: list[str | None] = []
    for match in _matches(text, delimiter):
        if match is None:
            return None
        inside, plain = match[1], match[2]
        fields.append(inside.replace('""', '"') if inside is not None else plain)
    return fields


def count_fields(text: str, delimiter: str, *, quoted: bool) -> int | None:
    """How many fields a record has, without holding them; None when its quotes are malformed."""
    if not quoted or '"' not in text:
        return text.count(delimiter) + 1
    count = 0
    for match in _matches(text, delimiter):
        if match is None:
            return None
        count += 1
    return count


def parse_exactly(data: bytes, layout: Layout, columns: Columns) -> Batch:
    """Parse every record on its own: typed rows, rejected rows with reasons, repeated headers left out."""
    width = len(layout.names)
    good: list[Record] = []
    values: list[list[str | None]] = []
    rejected: list[tuple[Record, list[str]]] = []
    dropped: dict[str, int] = {}
    header = list(layout.header)
    for record in records(data, quoted=layout.quoted, delimiter=layout.delimiter):
        if record.reason:
            other = layout.encoding and record.reason.startswith(NOT_UTF8)
            rejected.append((record, [f"not {layout.encoding}" if other else record.reason]))
            continue
        if reason := layout.overfull(record.text):
            rejected.append((record, [reason]))
            continue
        fields = layout.fields(record.text)
        if width > 1 and not record.text.strip(" \t") and layout.delimiter not in record.text:
            dropped["blank line"] = dropped.get("blank line", 0) + 1
        elif fields is None:
            rejected.append((record, ["text stands beside a quoted field"]))
        elif [field or "" for field in fields] == header:
            dropped["repeated header"] = dropped.get("repeated header", 0) + 1
        elif len(fields) != width:
            rejected.append((record, [f"{len(fields)} fields instead of {width}"]))
        else:
            good.append(record)
            values.append(fields)
    texts = pl.DataFrame(values, schema=dict.fromkeys(layout.names, pl.String), orient="row")
    frame, reasons = cast_texts(texts, columns)
    bad = {position: why for position, why in enumerate(reasons) if why} if reasons else {}
    rejected += [(good[position], why) for position, why in bad.items()]
    kept = [record for position, record in enumerate(good) if position not in bad]
    if bad:
        frame = frame.filter(~pl.Series(range(len(good))).is_in(list(bad)))
    return Batch(
        frame=columns.complete(frame),
        span=len(lines_of(data)),
        raw=lambda positions: [kept[p].text for p in positions],
        rows=pl.Series([record.row for record in kept], dtype=pl.Int64),
        rejected=rejected_frame(rejected),
        dropped=dropped,
    )


def whole(texts: pl.Series) -> pl.Series:
    """Texts of integers, where ``1.0`` says 1."""
    return texts.str.replace(_WHOLE, "$1")


def booleans(texts: pl.Series) -> pl.Series:
    """Texts of true and false in letters of any case, as polars takes them in CSV; null for all others."""
    words = {"true": True, "false": False}
    return texts.str.to_lowercase().replace_strict(words, default=None, return_dtype=pl.Boolean)


def cast_texts(texts: pl.DataFrame, columns: Columns) -> tuple[pl.DataFrame, list[list[str]]]:
    """Texts as the declared types, and per row why that failed (no list at all when nothing did)."""
    frames: list[pl.Series] = []
    failures: list[tuple[str, pl.DataType, pl.Series]] = []
    for series in texts:
        dtype = columns.dtypes[series.name]
        # polars skips spaces and tabs before a number when it parses CSV; do the same.
        source = series if dtype == pl.String else series.str.strip_chars_start(" \t")
        if dtype == pl.Boolean:
            cast = booleans(source)
        else:
            cast = (whole(source) if dtype.is_integer() else source).cast(dtype, strict=False)
        frames.append(cast)
        failed = cast.is_null() & source.is_not_null() & (source != "")
        if failed.any():
            failures.append((series.name, dtype, failed))
    reasons: list[list[str]] = [[] for _ in range(texts.height)] if failures else []
    for name, dtype, failed in failures:
        positions: list[int] = failed.arg_true().to_list()
        for position in positions:
            reasons[position].append(f"{name}: {_shown(texts[name][position])} is not {_kind(dtype)}")
    return pl.DataFrame(frames), reasons


def _shown(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "...")


def _kind(dtype: pl.DataType) -> str:
    if dtype.is_integer():
        return f"an integer ({str(dtype).lower()})"
    if dtype.is_float():
        return "a number"
    if isinstance(dtype, pl.Enum):
        return f"one of {', '.join(dtype.categories)}"
    return f"a {str(dtype).lower()}"


def rejected_frame(rejected: Sequence[tuple[Record, list[str]]]) -> pl.DataFrame:
    """Rejected records as a frame in file order (see :data:`ecomdata.readers.base.REJECTED`)."""
    ordered = sorted(rejected, key=lambda pair: pair[0].row)
    return pl.DataFrame(
        {
            "row": [record.row for record, _ in ordered],
            "reasons": [reasons for _, reasons in ordered],
            "raw": [record.text for record, _ in ordered],
            "raw_bytes": [record.data if decode(record.data)[1] else None for record, _ in ordered],
        },
        schema=REJECTED,
    )
