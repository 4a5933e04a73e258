"""Texts as people have them at hand."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Final, cast

from ecomdata.errors import UsageError

HINT: Final = "give a polars Series, an Arrow array or a list of strings"


def as_column(texts: Any) -> Any:  # noqa: ANN401 - whoever calls may be wrong
    """A polars Series of texts in a list, or in an array of NumPy's or pandas'; all else as it is.

    Raises:
        UsageError: beside texts, a list holds something else.
    """
    import polars as pl

    library = type(texts).__module__.partition(".")[0]
    if library == "pandas" and hasattr(texts, "dtype"):
        with suppress(TypeError, ValueError):  # it holds something else, or is of no kind that polars knows
            return pl.Series(texts)
    if library in {"numpy", "pandas"} and hasattr(texts, "tolist"):
        texts = texts.tolist()
    if isinstance(texts, (list, tuple)):
        several = cast("list[object]", texts)
        odd = next((place for place, text in enumerate(several) if not _may_be(text)), None)
        if odd is None:
            return pl.Series(several, dtype=pl.String)
        if any(isinstance(text, str) for text in several):
            raise UsageError(
                f"row {odd:,} of the texts is of type {type(several[odd]).__name__}",
                hint="give strings, and None where there is no text",
            )
        return several
    return texts


def _may_be(text: object) -> bool:
    return text is None or isinstance(text, str)
