"""The report: one HTML page that needs nothing but itself. What the data hold is text in it, never markup."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ecomdata import __version__
from ecomdata.durable import write_durably
from ecomdata.pages import page_environment
from ecomdata.store import writing
from ecomdata.validating.results import Bar, ColumnProfile, Validation, number_text, share_text
from ecomdata.webfonts import with_letters

if TYPE_CHECKING:
    import os

_WIDTH: Final = 240
_HEIGHT: Final = 56
_STATUSES: Final = ("failed", "not run", "warning", "passed", "not applicable")


def write_report(found: Sequence[Validation], path: str | os.PathLike[str]) -> None:
    """Write what was found in one or more datasets as an HTML page, whole or not at all.

    Raises:
        EcomdataError: the disk is full, or may not be written.
    """
    target = Path(path)
    with writing(target):
        write_durably(target, render(found))


def render(found: Sequence[Validation]) -> str:
    """The page as a text."""
    environment = page_environment()
    filters: dict[str, Any] = {"number": number_text, "share": share_text, "bars": _bars, "address": _address}
    environment.filters.update(filters)
    source = files("ecomdata.validating").joinpath("report.html.j2").read_text("utf-8")
    template = environment.from_string(source)
    return with_letters(
        template.render(
            found=found,
            statuses=_STATUSES,
            width=_WIDTH,
            height=_HEIGHT,
            version=__version__,
            style=files("ecomdata").joinpath("page.css").read_text("utf-8"),
        )
    )


def _address(source: str) -> str:
    """The source where all of it is a web address, else nothing."""
    whole = source.startswith("https://") and not any(c.isspace() or not c.isprintable() for c in source)
    return source if whole else ""


def _bars(column: ColumnProfile) -> list[dict[str, Any]]:
    """Where each bar of a column stands in a picture of ``_WIDTH`` by ``_HEIGHT``, and what it says."""
    most = max((bar.rows for bar in column.bars), default=0) or 1
    step = _WIDTH / max(len(column.bars), 1)
    return [
        {
            "x": round(place * step, 2),
            "width": round(step * 0.88, 2),
            # A bar with any row can be seen.
            "height": round(max(bar.rows / most * _HEIGHT, 1.5), 2) if bar.rows else 0,
            "share": round(bar.rows / most * 100, 2),
            "rows": bar.rows,
            "label": _label(bar),
        }
        for place, bar in enumerate(column.bars)
    ]


def _label(bar: Bar) -> str:
    if bar.low == bar.high:
        return bar.low
    if not bar.low:
        return f"below {bar.high}"
    return f"{bar.low} to {bar.high}" if bar.high else f"{bar.low} and above"
