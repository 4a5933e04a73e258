"""Scanning a release: a fast search over the text columns, and a closer look at the rows that it finds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from typing import Final

import polars as pl

from ecomdata.declare import Dataset
from ecomdata.errors import DataError
from ecomdata.personaldata.columns import TextColumn, text_columns
from ecomdata.personaldata.findings import Finding, Findings, Scanned
from ecomdata.personaldata.looking import Found, Kind, Look
from ecomdata.personaldata.phones import REGIONS
from ecomdata.progress import Reporter, Silent
from ecomdata.release import Release, TableData

_Sort = tuple[Kind, str, bool]
"""Kind, sort, and whether it may also be an id."""
_EXAMPLES: Final = 3
_FEW_PHONES: Final = 0.5
"""Where fewer than this of the bare numbers that fill a column could be telephone numbers, they are ids."""


def regions_of(dataset: Dataset) -> tuple[str, ...]:
    """The countries whose telephone numbers its texts may hold, by its languages."""
    primary = (language.split("-")[0] for language in dataset.languages)
    return tuple(sorted({REGIONS[language] for language in primary if language in REGIONS}))


def scan(release: Release, dataset: Dataset, *, reporter: Reporter | None = None) -> Findings:
    """Look for telephone numbers, e-mail addresses, tokens and private keys in every text of a release.

    Texts are searched as they are read, in bounded memory; only rows in which the search finds a shape are
    looked at in Python. Nothing that is found is kept but counts and a few first characters.

    Args:
        release: What is loaded.
        dataset: Its declaration: languages say whose telephone numbers to expect, keys which columns are ids.
        reporter: Hears of progress.

    Raises:
        DataError: a file of the release is missing or damaged.
    """
    reporter = reporter or Silent()
    look = Look(regions_of(dataset))
    scanned: dict[str, Scanned] = {}
    found: list[Finding] = []
    for name, table in release.items():
        with readable(release):
            one = _Table(table, look, _keys(dataset, name))
            found += one.scan(reporter)
        columns = tuple(column.name for column in one.columns)
        scanned[name] = Scanned(rows=table.record.written, columns=columns, ids=tuple(sorted(one.ids)))
    manifest = release.manifest
    return Findings(
        dataset=manifest.dataset,
        release=manifest.release,
        regions=look.regions,
        scanned=scanned,
        found=tuple(found),
    )


@contextmanager
def readable(release: Release) -> Generator[None]:
    """Say which release it is that cannot be read.

    Raises:
        DataError: instead of the library's error.
    """
    try:
        yield
    except (pl.exceptions.PolarsError, FileNotFoundError) as error:
        name = release.manifest.dataset
        raise DataError(
            f"{release.folder} cannot be read: {str(error).splitlines()[0]}",
            hint=f"ecomdata verify {name} says what is damaged; ecomdata load {name} --force makes it again",
        ) from error


def _keys(dataset: Dataset, table: str) -> frozenset[str]:
    return frozenset(next((one.key for one in dataset.tables if one.name == table), ()))


class _Column:
    """What was found in one column."""

    def __init__(self) -> None:
        self.rows: Counter[_Sort] = Counter()
        self.occurrences: Counter[_Sort] = Counter()
        self.examples: dict[_Sort, list[str]] = {}

    def add(self, found: Iterable[Found]) -> None:
        """Add what one row has."""
        counted: Counter[_Sort] = Counter((one.kind, one.sort, one.bare) for one in found)
        self.rows.update(counted.keys())
        self.occurrences.update(counted)
        for one in found:
            shown = self.examples.setdefault((one.kind, one.sort, one.bare), [])
            if len(shown) < _EXAMPLES and one.hint not in shown:
                shown.append(one.hint)

    @property
    def bare(self) -> int:
        """Numbers that may also be ids."""
        return sum(count for (*_, bare), count in self.occurrences.items() if bare)

    def findings(self, table: str, column: str, *, ids: bool) -> Iterator[Finding]:
        """All of it, by kind and sort; without bare numbers where they are ids."""
        sorts: list[tuple[Kind, str]] = sorted(
            {(kind, sort) for kind, sort, bare in self.occurrences if not (bare and ids)}
        )
        for kind, sort in sorts:
            keys: list[_Sort] = [(kind, sort, False), *([] if ids else [(kind, sort, True)])]
            examples = [example for key in keys for example in self.examples.get(key, [])]
            yield Finding(
                table=table,
                column=column,
                kind=kind,
                sort=sort,
                rows=sum(self.rows[key] for key in keys),
                occurrences=sum(self.occurrences[key] for key in keys),
                examples=tuple(dict.fromkeys(examples))[:_EXAMPLES],
            )


class _Table:
    """The scan of one table."""

    def __init__(self, table: TableData, look: Look, keys: frozenset[str]) -> None:
        self._table = table
        self._look = look
        self.columns = tuple(text_columns(table.scan().collect_schema()))
        self.ids = {column.name for column in self.columns if column.name in keys}

    def scan(self, reporter: Reporter) -> list[Finding]:
        """Find what there is; afterwards :attr:`ids` has the columns whose bare numbers are ids."""
        if not self.columns:
            return []
        reporter.start(f"scanning {self._table.name}", sum(file.size for file in self._table.record.files))
        seen = {column.name: _Column() for column in self.columns}
        for path, file in zip(self._table.paths, self._table.record.files, strict=True):
            for frame in candidates(pl.scan_parquet(path, glob=False), self.columns, self._look):
                for column in self.columns:
                    self._add(frame, column, seen[column.name])
            reporter.advance(size=file.size, rows=file.rows)
        reporter.finish()
        for column in self.columns:
            if self._are_ids(column, seen[column.name].bare):
                self.ids.add(column.name)
        return [
            finding
            for name, one in seen.items()
            for finding in one.findings(self._table.name, name, ids=name in self.ids)
        ]

    def _add(self, frame: pl.DataFrame, column: TextColumn, into: _Column) -> None:
        found: list[Found] = []

        def change(text: str, name: str) -> str:
            masked, more = self._look.masked(text, name, ids=column.name in self.ids)
            found.extend(more)
            return masked

        for value in frame.filter(flag(column))[column.name].to_list():
            found.clear()
            column.changed(value, change)
            if found:
                into.add(found)

    def _are_ids(self, column: TextColumn, phones: int) -> bool:
        if not phones:
            return False
        lazy = self._table.scan()
        numbers = lazy.select(column.digits_only()).collect(engine="streaming").item()
        return phones < _FEW_PHONES * int(numbers)


def flag(column: TextColumn) -> pl.Expr:
    """Whether a row that :func:`candidates` gave is worth a look because of this column."""
    return pl.col(f"{column.name}\0")


def candidates(lazy: pl.LazyFrame, columns: Iterable[TextColumn], look: Look) -> Iterator[pl.DataFrame]:
    """The rows worth a look: the text columns, and for each one whether it is the reason."""
    columns = tuple(columns)
    flags = [column.worth_a_look(look).alias(f"{column.name}\0") for column in columns]
    marked = lazy.select(*(column.name for column in columns)).with_columns(flags)
    wanted = marked.filter(pl.any_horizontal(flag(column) for column in columns))
    yield from wanted.collect_batches(maintain_order=True, engine="streaming")
