"""Names and texts as SQL."""

from __future__ import annotations


def schema_name(dataset: str) -> str:
    """A dataset's schema in SQL: ``/`` and ``-`` become ``_``."""
    return dataset.replace("/", "_").replace("-", "_")


def quoted(name: str) -> str:
    """A name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"
