"""Files of predictions: for each user the generated semantic ids in beam order, and what came next."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, cast

import polars as pl

from ecomdata.errors import DataError
from ecomdata.semanticids.lines import excerpt, text_lines

KEYS: Final = ("_generated_new_text_", "_generated_text_")
"""Where the generated ids stand (algr/calc_hr.py): of decoder-only models, whose ``_generated_text_`` repeats
the prompt, and of others."""
_SPOKEN: Final = re.compile(r"(?:C\d+){3,}")
_BATCH: Final = 1 << 18
_DIGITS: Final = 9


@dataclass(slots=True)
class Batch:
    """Some rows of a file of predictions.

    Attributes:
        rows: Row numbers of the generated ids, from 0 over the whole file.
        generated: The generated ids as they are spelt, row after row in beam order.
        truth_rows: Row numbers of the true items.
        truth: The true items, each once in its row.
        bytes: What the rows take in the file, about.
    """

    rows: list[int] = field(default_factory=list[int])
    generated: list[str] = field(default_factory=list[str])
    truth_rows: list[int] = field(default_factory=list[int])
    truth: list[str] = field(default_factory=list[str])
    bytes: int = 0


@dataclass(slots=True)
class Predictions:
    """A file of predictions, JSON lines with ``answer`` and one of the two keys; read in batches.

    Attributes:
        path: The file.
        rows: Rows with an answer, known once it is read.
        unanswered: Rows whose answer is null or blank; they are left out.
    """

    path: Path
    rows: int = 0
    unanswered: int = 0

    def batches(self) -> Iterator[Batch]:
        """The rows with an answer.

        Raises:
            UsageError: the file is not there.
            DataError: a line is not such an object, or its answer is semantic ids; it is named.
        """
        batch = Batch()
        for number, line in text_lines(self.path):
            row = _row(line, f"{self.path}, line {number}")
            batch.bytes += len(line)
            if row is None:
                self.unanswered += 1
                continue
            generated, truth = row
            batch.rows += [self.rows] * len(generated)
            batch.generated += generated
            batch.truth_rows += [self.rows] * len(truth)
            batch.truth += truth
            self.rows += 1
            if len(batch.generated) + len(batch.truth) >= _BATCH:
                yield batch
                batch = Batch()
        yield batch


def _row(line: str, where: str) -> tuple[list[str], list[str]] | None:
    """The generated ids and the true items of a line; None where there is no answer."""
    try:
        value: object = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{where}: is not JSON: {excerpt(line)}", hint=_FORM) from error
    if not isinstance(value, dict):
        raise DataError(f"{where}: is no JSON object: {excerpt(line)}", hint=_FORM)
    record = cast("dict[str, Any]", value)
    key = next((key for key in KEYS if key in record), None)
    if key is None or "answer" not in record:
        missing = "answer" if key else " or ".join(KEYS)
        raise DataError(f"{where}: has no {missing}, only {excerpt(', '.join(record))}", hint=_FORM)
    truth = _truth(record["answer"], where)
    generated = _strings(record[key])
    if generated is None:
        raise DataError(f"{where}: {key} is not a list of strings: {excerpt(str(record[key]))}", hint=_FORM)
    return (generated, truth) if truth else None


def _strings(value: object) -> list[str] | None:
    if not isinstance(value, list):
        return None
    values = cast("list[object]", value)
    found = [one for one in values if isinstance(one, str)]
    return found if len(found) == len(values) else None


_FORM: Final = 'such as {"_generated_text_": ["C1C8200C16390"], "answer": "0WIlv;AdPxq"}'


def _truth(answer: object, where: str) -> list[str]:
    if answer is None:
        return []
    if not isinstance(answer, str):
        raise DataError(f"{where}: answer is not a string: {excerpt(str(answer))}", hint=_FORM)
    if _SPOKEN.fullmatch(answer.strip()):
        raise DataError(
            f"{where}: answer is a semantic id, {excerpt(answer)}, and not items",
            hint="HR@K needs predictions for the test files, whose answers are item ids",
        )
    return list(dict.fromkeys(item for item in answer.strip().split(";") if item))


def numbers_of(generated: list[str], radices: tuple[int, ...], size: int) -> pl.Series:
    """Spelt ids as whole numbers, as :attr:`Shape.key` has them; null where it is no id of such a codebook.

    ``C1442C14117C19114`` are the codes 1442, 14117 - size and 19114 - 2 size (algr/calc_hr.py).

    Args:
        generated: The ids; other texts, leading zeros and spaces are none.
        radices: For each level one more than its greatest code can be.
        size: Codes of each level by the schema, which is how far apart the tokens of two levels are.
    """
    pattern = "^" + "".join(rf"C(0|[1-9]\d{{0,{_DIGITS - 1}}})" for _ in radices) + "$"
    texts = pl.Series("text", generated, dtype=pl.String).to_frame()
    groups = pl.col("text").str.extract_groups(pattern).struct
    key, fits = pl.lit(0, pl.Int128), pl.lit(value=True)
    for level, radix in enumerate(radices):
        code = groups.field(str(level + 1)).cast(pl.Int64) - level * size
        key = key * radix + code
        fits &= code.is_between(0, radix - 1)
    return texts.select(pl.when(fits).then(key)).to_series()
