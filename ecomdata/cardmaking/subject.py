"""What a picture is made from: one table of a release, and how it is asked."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import duckdb

from ecomdata.cardmaking.drawing import Head
from ecomdata.cardmaking.lettering import label
from ecomdata.errors import DataError, EcomdataError
from ecomdata.interrupts import interruptible
from ecomdata.sqltext import quoted

if TYPE_CHECKING:
    import polars as pl
    import pyarrow.parquet as pq

    from ecomdata.declare import Dataset
    from ecomdata.languages.summaries import ColumnLanguages
    from ecomdata.release import TableData
    from ecomdata.validating.asking import Asker
    from ecomdata.vectorstats.figures import EmbeddingStatistics

_WORDS: Final = {
    "interactions": "events",
    "sequences": "sequences",
    "items": "items",
    "reviews": "reviews",
    "products": "products",
    "media": "media",
    "series": "units",
    "semantic_ids": "items",
    "embeddings": "vectors",
}
_MARKS: Final = re.compile(r"[\\`*_\[\]<>&~$|!#]")
_ESCAPED: Final = r"\\\g<0>"
_MOST_BYTES: Final = 512 * 1024 * 1024
_BATCH_BYTES: Final = 16 * 1024 * 1024
_BATCH_ROWS: Final = range(64, 4096)


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of a dataset.

    Attributes:
        name: Lower-kebab, unique in its dataset; it goes to ``pictures/<name>.png``.
        title: What it shows, in a few words.
        alt: The same and its main numbers in words, for those who do not see it.
        png: The picture: 1,400 pixels wide, for 700 on a page.
    """

    name: str
    title: str
    alt: str
    png: bytes

    @property
    def path(self) -> str:
        """Where it stands, from the README's folder."""
        return f"pictures/{self.name}.png"

    @property
    def markdown(self) -> str:
        """The picture in Markdown. What its words quote from the data cannot end them."""
        return f"![{_MARKS.sub(_ESCAPED, self.alt)}]({quote(self.path)})"


@dataclass(frozen=True, slots=True)
class Subject:
    """One table of a release.

    Attributes:
        dataset: Its declaration.
        table: The table.
        sample: Whether the release was made of synthetic raw files.
        asker: Its DuckDB connection, in which the table is a view of its name.
        alone: Whether no other table of the release is of its kind.
        told: The languages of its texts, where ``ecomdata languages`` has told them.
        vectors: What ``ecomdata stats`` found of its vectors, or of vectors that were made from it: then the
            pictures are of those.
    """

    dataset: Dataset
    table: TableData
    sample: bool
    asker: Asker
    alone: bool = True
    told: ColumnLanguages | None = None
    vectors: EmbeddingStatistics | None = None

    @property
    def kind(self) -> str:
        """The canonical table that it is one of, or ``embeddings`` where it is about vectors made from it."""
        return self.table.record.kind if self.vectors is None else "embeddings"

    @property
    def word(self) -> str:
        """What its rows are called."""
        return _WORDS.get(self.table.record.kind, "rows")

    @property
    def relation(self) -> str:
        """Its name in SQL."""
        return quoted(self.table.name)

    def has(self, *columns: str) -> bool:
        """Whether these are among its canonical columns."""
        return set(columns) <= set(self.table.record.canonical)

    def name(self, what: str) -> str:
        """A file name for a picture of it."""
        return f"{self.table.name}-{what}".replace("_", "-")

    def head(self, title: str, *notes: str) -> Head:
        """Title and notes above a picture of it, and what it was made from below."""
        rows = f"{len(self.table):,} {self.word}"
        kind = ", synthetic sample" if self.sample else ""
        source = f"{label(self.dataset.title, 60)}, table {self.table.name}: {rows}{kind}"
        title = title if self.alone else f"{title}: {self.table.name}"
        return Head(title=title, note="; ".join(filter(None, notes)), source=source)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """All rows of a query, which must aggregate.

        Raises:
            EcomdataError: it needs more memory or disk than it may have.
            DataError: the table's files cannot be read.
        """
        connection = self.asker.connection
        try:
            with interruptible(connection):
                return connection.execute(sql).fetchall()
        except duckdb.OutOfMemoryException as error:
            raise EcomdataError(
                f"the pictures of {self.table.dataset} {self.table.name} need more memory",
                hint="give it more, such as --memory 2GB, and check that the disk has room to spill",
            ) from error
        except duckdb.Error as error:
            raise DataError(
                f"{self.table.dataset} {self.table.name} cannot be read: {str(error).splitlines()[0]}",
                hint=f"look at it: ecomdata verify {self.table.dataset}",
            ) from error


@dataclass(frozen=True, slots=True)
class Wide:
    """Some columns of a table that are too wide to be read whole: lists, long texts.

    Attributes:
        files: Path of a shard -> its row groups to read, spread evenly over the table.
        columns: The columns.
        share: How much of the table's rows those are.
        rows: How many rows they are.
        width: Bytes a row, unpacked.
    """

    files: tuple[tuple[str, tuple[int, ...]], ...]
    columns: tuple[str, ...]
    share: float
    rows: int
    width: float

    def frames(self, *, most_rows: int = 0) -> Iterator[pl.DataFrame]:
        """The rows, some thousands at a time; with ``most_rows`` only every so-manieth of them."""
        import polars as pl
        import pyarrow as pa
        import pyarrow.parquet as pq

        every = max(1, math.ceil(self.rows / most_rows)) if most_rows else 1
        batch_rows = min(max(int(_BATCH_BYTES / max(self.width, 1)), _BATCH_ROWS[0]), _BATCH_ROWS[-1])
        before = 0
        for path, groups in self.files:
            try:
                with pq.ParquetFile(path) as file:
                    for batch in file.iter_batches(
                        batch_rows, row_groups=list(groups), columns=list(self.columns)
                    ):
                        frame = pl.DataFrame(batch)
                        yield frame.gather_every(every, -before % every) if every > 1 else frame
                        before += frame.height
            except (pa.ArrowException, OSError) as error:
                raise DataError(
                    f"{path} cannot be read: {str(error).splitlines()[0]}", hint="look at it: ecomdata verify"
                ) from error

    @property
    def note(self) -> str:
        """What a picture says of it."""
        if self.share >= 1:
            return ""
        return f"from {self.rows:,} rows, spread evenly over the table"


def wide(table: TableData, columns: Sequence[str], most_bytes: int = _MOST_BYTES) -> Wide:
    """Choose row groups of a table so that its columns come to no more than ``most_bytes`` unpacked.

    The choice depends on nothing but the files. One row group is read whatever its size.
    """
    import pyarrow.parquet as pq

    groups: list[tuple[str, int, int, int]] = []
    for path in map(str, table.paths):
        metadata = pq.read_metadata(path)
        for place in range(metadata.num_row_groups):
            group = metadata.row_group(place)
            groups.append((path, place, _unpacked(group, columns), group.num_rows))
    total = sum(size for *_, size, _ in groups)
    every = max(1, min(len(groups), math.ceil(total / most_bytes)))
    taken = groups[every // 2 :: every]
    files: dict[str, list[int]] = {}
    for path, place, *_ in taken:
        files.setdefault(path, []).append(place)
    rows = sum(count for *_, count in taken)
    all_rows = sum(count for *_, count in groups)
    listed = tuple((path, tuple(places)) for path, places in files.items())
    whole = max(all_rows, 1)
    return Wide(listed, tuple(columns), rows / whole if all_rows else 1.0, rows, total / whole)


def _unpacked(group: pq.RowGroupMetaData, columns: Sequence[str]) -> int:
    """Bytes of some columns of a row group in memory: eight a value at least, however they are encoded."""
    parts = (group.column(place) for place in range(group.num_columns))
    return sum(
        max(part.total_uncompressed_size, part.num_values * 8)
        for part in parts
        if part.path_in_schema.partition(".")[0] in columns
    )
