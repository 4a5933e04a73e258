"""Text lines of a few numbers and a rest: split at the first commas only, for the rest may hold commas."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final

import polars as pl

from ecomdata.columns import Columns, DriftError
from ecomdata.errors import DataError
from ecomdata.rawfile import RawFile
from ecomdata.readers.base import REJECTED, Batch, Block, no_rejections, unreadable
from ecomdata.readers.exact import cast_texts
from ecomdata.readers.textblocks import after_last_line, decode, record_blocks

_BOM: Final = b"\xef\xbb\xbf"
_HEAD: Final = 1 << 20
_BLOCK_SIZE: Final = 2 << 20
"""Lines are short and many; with 8 MiB, half as fast and 200 MB more at the peak."""
_JOINED: Final = "continuation line, joined to the record before it"
_BLANK: Final = "blank line"


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitOnce:
    """A reader of lines such as ``24,  some text, with commas``: no header, no quotes.

    Every column but the last is a number of digits, and only the commas after them are delimiters. Spaces
    around a field are no part of it. A line that is blank is left out.

    Attributes:
        continued: Whether a line that does not start with the numbers belongs to the record before it, as
            where a text holds line breaks; it is joined with a line feed and counted. Else, and where no
            record stands before it, it is rejected.
        block_size: Bytes parsed at a time.
    """

    continued: bool = False
    block_size: int = _BLOCK_SIZE

    def misfits(self, columns: Columns) -> list[str]:
        """What of a declaration it cannot do."""
        return unreadable(self, columns.dtypes)

    def check(self, file: RawFile, columns: Columns) -> None:
        """Check that one of the first lines, at least, starts as a record does."""
        with file.open() as stream:
            head = stream.read(_HEAD).removeprefix(_BOM)
        if b"\r" in head.strip() and b"\n" not in head:
            raise DataError(
                f"{file.name}: its lines end in a carriage return alone",
                hint=r"load the file as upstream released it, or convert it with tr '\r' '\n'",
            )
        if head.strip() and not re.search(_start(columns).encode(), head, re.MULTILINE):
            line = head.strip().split(b"\n", 1)[0].strip()
            raise DriftError(
                file.name,
                found=(),
                missing=(),
                extra=(),
                detail=f"no line starts with {_numbers(columns)}; the first is {decode(line[:60])[0]!r}",
                hint="load the file as upstream released it",
            )

    def blocks(self, file: RawFile, columns: Columns) -> Iterator[Block]:
        """Check the first lines, then yield blocks of whole records."""
        self.check(file, columns)
        cut = partial(_before_last_start, start=_compiled(columns)) if self.continued else after_last_line

        def rest() -> Iterator[Block]:
            with file.open() as stream:
                first = stream.read(len(_BOM)).removeprefix(_BOM)
                for data in record_blocks(stream, cut=cut, first=first, size=self.block_size):
                    yield Block(len(data), partial(_parse, data, columns, continued=self.continued))

        return rest()


def _start(columns: Columns) -> str:
    """How a record starts, as a pattern that Python and polars read alike."""
    return r"^[ \t]*" + r"[0-9]+[ \t]*,[ \t]*" * (len(columns.names) - 1)


def _compiled(columns: Columns) -> re.Pattern[bytes]:
    return re.compile(_start(columns).encode())


def _numbers(columns: Columns) -> str:
    count = len(columns.names) - 1
    return "a number and a comma" if count == 1 else f"{count} numbers and a comma after each"


def _before_last_start(data: bytes, start: re.Pattern[bytes]) -> int:
    """Where the last record starts whose first line is whole; 0 when there is none after the first.

    Lines after it may belong to it, so everything before it is whole for certain.
    """
    end = data.rfind(b"\n")
    while end > 0:
        begin = data.rfind(b"\n", 0, end) + 1
        if begin and start.match(data[begin:end]):
            return begin
        end = begin - 1
    return 0


def _lines(data: bytes) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The lines of a block under their numbers, and those that are not UTF-8 as rejected rows."""
    try:
        text, bad = data.decode(), no_rejections()
    except UnicodeDecodeError:
        text, bad = _only_utf8(data)
    frame = pl.DataFrame({"line": [text.removesuffix("\n")]}).select(
        pl.col("line").str.split("\n").list.explode()
    )
    frame = frame.with_row_index("row").with_columns(pl.col("row").cast(pl.Int64))
    return frame.filter(~pl.col("row").is_in(bad["row"].implode())), bad


def _only_utf8(data: bytes) -> tuple[str, pl.DataFrame]:
    """The text with an empty line for every line that is not UTF-8, and these lines."""
    texts: list[str] = []
    rejected: list[tuple[int, list[str], str, bytes]] = []
    for row, line in enumerate(data.split(b"\n")):
        text, problem = decode(line)
        texts.append("" if problem else text)
        if problem:
            rejected.append((row, [problem], text, line))
    return "\n".join(texts), pl.DataFrame(rejected, schema=REJECTED, orient="row")


def _parse(data: bytes, columns: Columns, *, continued: bool) -> Batch:
    lines, undecodable = _lines(data)
    blank = pl.col("line").str.strip_chars() == ""
    blanks = lines.filter(blank).height
    lines = lines.filter(~blank).with_columns(starts=pl.col("line").str.contains(_start(columns)))
    orphans, lines = _orphans(lines, columns, continued=continued)
    records, joined = _joined(lines)
    texts = _fields(records, columns)
    frame, reasons = cast_texts(texts, columns)
    bad = pl.Series([bool(why) for why in reasons] or [False] * records.height, dtype=pl.Boolean)
    misfits = records.filter(bad).select(
        "row",
        pl.Series("reasons", [why for why in reasons if why], dtype=pl.List(pl.String)),
        pl.col("line").alias("raw"),
        pl.lit(None, dtype=pl.Binary).alias("raw_bytes"),
    )
    kept = records.filter(~bad)
    rejected = pl.concat([undecodable, orphans, misfits]).sort("row")
    dropped = {rule: count for rule, count in ((_JOINED, joined), (_BLANK, blanks)) if count}
    return Batch(
        frame=columns.complete(frame.filter(~bad)),
        span=data.count(b"\n") + (not data.endswith(b"\n")),
        raw=lambda positions: kept["line"].gather(list(positions)).to_list(),
        rows=kept["row"],
        rejected=rejected,
        dropped=dropped,
    )


def _orphans(lines: pl.DataFrame, columns: Columns, *, continued: bool) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Lines that neither start a record nor continue one, as rejected rows; and the other lines."""
    belongs = pl.col("starts").cum_max() if continued else pl.col("starts")
    reason = f"does not start with {_numbers(columns)}"
    orphans = lines.filter(~belongs).select(
        "row",
        pl.lit([reason], dtype=pl.List(pl.String)).alias("reasons"),
        pl.col("line").str.strip_suffix("\r").alias("raw"),
        pl.lit(None, dtype=pl.Binary).alias("raw_bytes"),
    )
    return orphans, lines.filter(belongs)


def _joined(lines: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """Records with the lines that continue them, and how many such lines there were."""
    stripped = lines.with_columns(pl.col("line").str.strip_suffix("\r"))
    count = int((~lines["starts"]).sum())
    if not count:
        return stripped.select("row", "line"), 0
    records = (
        stripped.group_by(pl.col("starts").cum_sum().alias("record"), maintain_order=True)
        .agg(pl.col("row").first(), pl.col("line").str.join("\n"))
        .select("row", "line")
    )
    return records, count


def _fields(records: pl.DataFrame, columns: Columns) -> pl.DataFrame:
    """The fields of each record as texts, without the spaces around them."""
    names = columns.names
    parts = pl.col("line").str.splitn(",", len(names)).struct.rename_fields(names)
    return records.select(parts.alias("parts")).unnest("parts").select(pl.all().str.strip_chars())
