"""CSV that a spreadsheet opens: a text that it would run as a formula gets an apostrophe before it.

After OWASP's "CSV Injection" (https://owasp.org/www-community/attacks/CSV_Injection).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import polars as pl

_RUN: Final = r"^'*[=+\-@\t\r\n\x{ff1d}\x{ff0b}\x{ff0d}\x{ff20}]"
"""Texts that would be run (the signs in their full width too), and those that look as if guarded."""
_NUMBER: Final = r"^[+-](\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
"""A number is no formula, and as an id it must stay what it is."""


def guarded(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with an apostrophe before each text, and name of a column, that a spreadsheet would run.

    Numbers and dates stay as they are, and so do texts that are a number with a sign. Nothing else that is
    written begins with apostrophes and one of the signs that a formula begins with, so what there was comes
    back when the first apostrophe of such texts is taken away.
    """
    import polars as pl

    of_text = pl.String | pl.Categorical | pl.Enum
    texts = [name for name, kind in frame.schema.items() if isinstance(kind, of_text)]
    frame = frame.with_columns(_text_guarded(pl.col(name).cast(pl.String)).alias(name) for name in texts)
    names = pl.DataFrame({"name": frame.columns}, schema={"name": pl.String})
    shown = names.select(_text_guarded(pl.col("name"))).to_series()
    return frame.rename(dict(zip(frame.columns, shown, strict=True)))


def runs_in_sql(column: str) -> str:
    """Whether :func:`guarded` would change a text, as DuckDB's SQL; ``column`` is an expression of it."""
    run, number = (pattern.replace("'", "''") for pattern in (_RUN, _NUMBER))
    return f"regexp_matches({column}, '{run}') AND NOT regexp_matches({column}, '{number}')"


def _text_guarded(text: pl.Expr) -> pl.Expr:
    import polars as pl

    runs = text.str.contains(_RUN) & ~text.str.contains(_NUMBER)
    return pl.when(runs).then(pl.concat_str(pl.lit("'"), text)).otherwise(text)
