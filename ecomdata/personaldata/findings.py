"""What a scan found, as data: counts and what may be shown, never a value."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final, cast

from ecomdata.errors import DataError
from ecomdata.personaldata.looking import KINDS, Kind
from ecomdata.plainjson import parsed

VERSION: Final = 2
"""Of what is looked for and how; what another version found is not used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Findings of one sort in one column.

    Attributes:
        table: The table.
        column: The column; what is nested in it counts as its own.
        kind: ``email``, ``phone``, ``token`` or ``key``.
        sort: A telephone number's country, whose form a token has; else empty.
        rows: Rows that have any.
        occurrences: How many there are.
        examples: The first characters and the length of a few.
    """

    table: str
    column: str
    kind: Kind
    sort: str
    rows: int
    occurrences: int
    examples: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        """``TABLE.COLUMN``."""
        return f"{self.table}.{self.column}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanned:
    """What of a table was looked at: its rows, its text columns, and those of them whose numbers are ids."""

    rows: int
    columns: tuple[str, ...]
    ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What a scan of a release found; iterating gives the findings.

    Attributes:
        dataset: The dataset's name.
        release: The release's id.
        regions: Countries whose telephone numbers were looked for as people there write them.
        scanned: Table -> what of it was looked at.
        found: By table, column, kind and sort.
        version: Of the scanner.
    """

    dataset: str
    release: str
    regions: tuple[str, ...]
    scanned: Mapping[str, Scanned]
    found: tuple[Finding, ...]
    version: int = field(default=VERSION)

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.found)

    def __len__(self) -> int:
        return len(self.found)

    @property
    def columns(self) -> int:
        """How many text columns were looked at."""
        return sum(len(table.columns) for table in self.scanned.values())

    @property
    def rows(self) -> int:
        """Rows of the tables that they are in."""
        return sum(table.rows for table in self.scanned.values() if table.columns)

    def as_dict(self) -> dict[str, object]:
        """JSON-ready values."""
        return asdict(self)

    def as_text(self) -> str:
        """JSON; equal findings give equal text."""
        return json.dumps(self.as_dict(), ensure_ascii=False, indent=1, sort_keys=True) + "\n"

    @classmethod
    def parse(cls, text: str, where: str) -> Findings:
        """Read what :meth:`as_text` wrote.

        Raises:
            DataError: it is something else.
        """
        try:
            value = cast("dict[str, Any]", parsed(text))
            return cls(
                dataset=_text(value["dataset"]),
                release=_text(value["release"]),
                regions=_texts(value["regions"]),
                scanned={_text(name): _scanned(item) for name, item in value["scanned"].items()},
                found=tuple(_finding(item) for item in value["found"]),
                version=_count(value["version"]),
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise DataError(
                f"{where} holds no findings: {type(error).__name__}: {error}", hint="remove the file"
            ) from error


def _finding(item: dict[str, Any]) -> Finding:
    if item["kind"] not in KINDS:
        raise ValueError(f"{item['kind']!r} is no kind")
    return Finding(
        table=_text(item["table"]),
        column=_text(item["column"]),
        kind=item["kind"],
        sort=_text(item["sort"]),
        rows=_count(item["rows"]),
        occurrences=_count(item["occurrences"]),
        examples=_texts(item["examples"]),
    )


def _scanned(item: dict[str, Any]) -> Scanned:
    return Scanned(rows=_count(item["rows"]), columns=_texts(item["columns"]), ids=_texts(item["ids"]))


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError(f"{value!r} is no list")
    return tuple(_text(item) for item in cast("list[object]", value))


def _count(value: object) -> int:
    if type(value) is not int or value < 0:
        raise ValueError(f"{value!r} is no count")
    return value
