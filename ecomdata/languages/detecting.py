"""Which language texts are in, and what they are written with."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ecomdata.given import whole_or_none
from ecomdata.languages.arrowtext import Texts, as_series, as_strings, texts_of_series
from ecomdata.languages.classifier import Classifier, from_file, shipped
from ecomdata.languages.predicting import Floats
from ecomdata.languages.scripts import kinds, lowered
from ecomdata.languages.surveying import COLUMNS, MARKS, survey
from ecomdata.languages.tagging import SHARES, SINGLE, TAGS, Counts, Tagged, shares, tag
from ecomdata.texts.given import as_column
from ecomdata.threads import default_jobs

if TYPE_CHECKING:
    import os

    from ecomdata.texts.tidying import Column

Places = NDArray[np.intp]

SCHEMA: Final[dict[str, pl.DataType]] = {
    "language": pl.Enum(TAGS),
    "parts": pl.List(pl.String),
    "confidence": pl.Float32(),
    **{name: pl.Float32() for name in SHARES},
    "detected": pl.String(),
}
"""The columns of an answer."""
LID_SCHEMA: Final[dict[str, pl.DataType]] = {"lid": pl.String(), "lid_confidence": pl.Float32()}
"""The columns that a model of the user's adds."""
_BATCH: Final = 1 << 15
"""Texts that are looked at together."""
_CODE_BITS: Final = 16
"""Room for six parts out of six."""


def detect_languages(
    texts: Column | Iterable[str | None],
    *,
    lid: str | os.PathLike[str] | None = None,
    threads: int | None = None,
) -> pl.DataFrame:
    """Tell the language of each text and the scripts it is written with, a row for each text in order.

    Columns: ``language`` (bn, bn-Latn for Bengali in Latin letters, en, vi, zh, mixed, other, or none where
    there are no letters), ``parts`` (the languages of a mixed text, the largest share first; else the
    language alone, and empty for none), ``confidence`` (0 to 1), the shares of the characters that are no
    white space (``bengali``, ``latin``, ``vietnamese`` for Latin letters that hardly another language
    uses, ``han``, ``digits``, ``emoji``, ``other_script``: together 1, or 0 in an empty text), and
    ``detected``, langdetect's word on texts in other scripts. A null text gives nulls.

    Args:
        texts: A polars Series, an Arrow array or a list of strings.
        lid: A fastText model, such as lid.176.ftz, whose word on each text is added as ``lid`` and
            ``lid_confidence``; the file is checked first.
        threads: How many batches are looked at side by side; default: the cores, at most 4.

    Raises:
        UsageError: they are no strings, or there is no such file.
        DataError: ``lid`` is no fastText model that can be used.
    """
    workers = whole_or_none("threads", threads, least=1)
    series = as_series(as_column(texts))
    return told(series, from_file(lid) if lid is not None else None, threads=workers)


def told(texts: pl.Series, second: Classifier | None, *, threads: int | None = None) -> pl.DataFrame:
    """What :func:`detect_languages` gives, with a model that is read already."""
    strings = as_strings(texts)
    model = shipped()
    for table in (kinds, lowered):
        table()  # made here once, and not by each thread
    schema = pl.Schema(SCHEMA | (LID_SCHEMA if second else {}))
    slices = [strings.slice(start, _BATCH) for start in range(0, len(strings), _BATCH)]
    if not slices:
        return pl.DataFrame(schema=schema)
    with ThreadPoolExecutor(threads or default_jobs()) as pool:
        batches = pool.map(partial(_batch, model=model, second=second), slices)
        # langdetect is asked here and not in the threads: it is plain Python, which Ctrl-C should end.
        found = [
            frame.with_columns(detected=_detected(part, foreign))
            for part, (frame, foreign) in zip(slices, batches, strict=True)
        ]
    return pl.concat(found).select(list(schema)).match_to_schema(schema)


def latin_words(texts: Texts) -> tuple[Counts, Texts]:
    """The counts of characters, and the words in Latin letters as the model reads them."""
    counts = np.zeros((len(texts), COLUMNS), dtype=np.uint32)
    words = np.empty(len(texts.data) + len(texts) + 1, dtype=np.uint8)
    edges = np.empty(len(texts) + 1, dtype=np.int64)
    survey(texts.data, texts.edges, kinds(), lowered(), counts, words, edges)
    counts[texts.missing] = 0  # Arrow may hold any bytes where there is no text
    return counts, Texts(words, edges, texts.missing)


def _batch(series: pl.Series, *, model: Classifier, second: Classifier | None) -> tuple[pl.DataFrame, Places]:
    """The columns of some texts but ``detected``, and the places of those to ask langdetect about."""
    texts = texts_of_series(series)
    counts, words = latin_words(texts)
    apart = counts[:, MARKS] > 0
    if apart.any():  # accents that stand apart from their letters
        composed = series.filter(pl.Series(apart)).str.normalize("NFC")
        series = series.scatter(np.flatnonzero(apart), composed)
        texts = texts_of_series(series)
        counts, words = latin_words(texts)
    tagged = tag(counts, model.labels, model.probabilities(words.data, words.edges))
    columns = _columns(counts, tagged)
    if second:
        columns["lid"], columns["lid_confidence"] = _second(second, texts)
    frame = pl.DataFrame(columns)
    if texts.missing.any():
        frame = frame.select(pl.when(pl.Series(~texts.missing)).then(pl.all()))
    return frame, np.flatnonzero(tagged.foreign)


def _columns(counts: Counts, tagged: Tagged) -> dict[str, pl.Series]:
    order = np.argsort(-tagged.weights, axis=1, kind="stable")
    numbers = (tagged.weights > 0).sum(axis=1)
    codes = np.zeros(len(counts), dtype=np.int64)  # the parts in order, as one number
    for place in range(len(SINGLE)):
        codes = np.where(place < numbers, codes * len(SINGLE) + order[:, place], codes)
    codes += numbers << _CODE_BITS
    kinds_found, which = np.unique(codes, return_inverse=True)
    parts = [_parts(int(code)) for code in kinds_found]
    tags = ["none" if not one else one[0] if len(one) == 1 else "mixed" for one in parts]
    every = shares(counts)
    return {
        "language": pl.Series(tags, dtype=pl.Enum(TAGS)).gather(which),
        "parts": pl.Series(parts, dtype=pl.List(pl.String)).gather(which),
        "confidence": pl.Series(tagged.confidence),
        **{name: pl.Series(every[:, place]) for place, name in enumerate(SHARES)},
    }


def _parts(code: int) -> list[str]:
    number, rest = code >> _CODE_BITS, code & (1 << _CODE_BITS) - 1
    found: list[str] = []
    for _ in range(number):
        rest, place = divmod(rest, len(SINGLE))
        found.append(SINGLE[place])
    return found[::-1]


def _detected(series: pl.Series, foreign: Places) -> pl.Series:
    """What langdetect says of the texts in scripts that the model does not know; null for all others."""
    found = pl.Series([None], dtype=pl.String).extend_constant(None, len(series) - 1)
    if not len(foreign):
        return found
    from ecomdata.languages.others import detected

    return found.scatter(foreign, [detected(text) for text in series.gather(foreign)])


def _second(model: Classifier, texts: Texts) -> tuple[pl.Series, pl.Series]:
    likely: Floats = model.probabilities(texts.data, texts.edges)
    best = likely.argmax(axis=1)
    labels = pl.Series(model.labels, dtype=pl.String).gather(best)
    return labels, pl.Series(likely[np.arange(len(likely)), best])
