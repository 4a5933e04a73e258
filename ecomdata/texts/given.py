"""Texts as people have them at hand."""

from __future__ import annotations

from typing import Any, cast

HINT = "give a polars Series, an Arrow array or a list of strings"


def as_column(texts: Any) -> Any:  # noqa: ANN401 - whoever calls may be wrong
    """A polars Series of texts in a list, or in an array of NumPy's or pandas'; all else as it is."""
    import polars as pl

    if type(texts).__module__ == "numpy":
        texts = texts.tolist()
    if isinstance(texts, list | tuple):
        several = cast("list[object]", texts)
        only_texts = all(text is None or isinstance(text, str) for text in several)
        return pl.Series(several, dtype=pl.String) if only_texts else several
    is_pandas = type(texts).__module__.partition(".")[0] == "pandas"
    return pl.Series(texts) if is_pandas and hasattr(texts, "dtype") else texts
