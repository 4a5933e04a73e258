"""What an export is made of: files with their queries, and what there is to say of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A file to be written.

    Attributes:
        file: Its path below the folder.
        query: DuckDB's query of its rows, in order.
        head: Its first line, without the end; empty for none.
        separator: Between the fields of a line; empty where a row is one text that is the whole line.
        columns: Its columns, as the tool calls them.
        sources: The tables that it is made of.
        guard: Whether texts that a spreadsheet would run get an apostrophe.
        rows: The rows of the table that it is read from; 0 where that is not known.
        size: The bytes of that table's files; 0 where that is not known.
        fatal: What makes the export fail -> query that counts it.
        notes: What is said of it -> query that counts it; 0 is not said.
    """

    file: str
    query: str
    columns: tuple[str, ...]
    sources: tuple[str, ...]
    head: str = ""
    separator: str = ""
    guard: bool = False
    rows: int = 0
    size: int = 0
    fatal: Mapping[str, str] = field(default_factory=dict[str, str])
    notes: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedFile:
    """A file that was written, or would be.

    Attributes:
        path: Where it is.
        rows: Its rows, without the header; None where nothing was written.
        bytes: Its size; None where nothing was written.
        columns: Its columns, as the tool calls them.
        sources: The tables that it is made of.
    """

    path: str
    rows: int | None
    bytes: int | None
    columns: tuple[str, ...]
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """What was exported.

    Attributes:
        dataset: Its name.
        release: The release.
        format: ``recbole``, ``recommenders`` or ``libsvm``.
        files: The files.
        notes: What the format cannot express, or its reader takes otherwise -> how often.
        written: Whether anything was written.
    """

    dataset: str
    release: str
    format: str
    files: tuple[ExportedFile, ...]
    notes: Mapping[str, int]
    written: bool

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready values."""
        return asdict(self)
