"""HR@K: how many of the items that came next are among the first K that generated semantic ids stand for."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import polars as pl

from ecomdata.errors import DataError, UsageError
from ecomdata.progress import Reporter
from ecomdata.semanticids.asking import Answers
from ecomdata.semanticids.codebooks import Codebook, Shape, shape_of
from ecomdata.semanticids.predictions import Batch, Predictions, numbers_of
from ecomdata.sqltext import quoted

if TYPE_CHECKING:
    from ecomdata.release import Release

CUTS: Final = (20, 100, 500, 1000)
"""The authors' values of K."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HitRates:
    """HR@K of a file of predictions.

    Attributes:
        path: The file.
        codebook: The codebook that turned ids into items.
        rows: Rows with an answer.
        unanswered: Rows whose answer is null or blank, left out of the mean.
        rates: K -> the mean over the rows of |first K items and true items| / |true items|, from 0 to 1.
        generated: Ids that were generated, in all rows.
        malformed: Those that are no id of such a codebook; they stand for no item.
        unknown: Those that no item of the codebook has; nor do they.
    """

    path: str
    codebook: str
    rows: int
    unanswered: int
    rates: Mapping[int, float]
    generated: int
    malformed: int
    unknown: int


def hit_rates(
    path: Path,
    codebook: Codebook,
    others: Sequence[Codebook],
    release: Release,
    ask: Answers,
    reporter: Reporter,
) -> HitRates:
    """HR@K for K = 20, 100, 500 and 1000, by algr/calc_hr.py.

    Generated ids are taken in beam order, and each gives its items in the order of the table; the first K
    items, repeated ones included, are compared with the true ones. Ids that no item has are passed over.

    Args:
        path: The predictions; see :class:`Predictions`.
        codebook: Turns ids into items.
        others: The other codebooks that are loaded, to tell when the ids are theirs.
        release: What is loaded.
        ask: Its tables.
        reporter: Hears of progress.

    Raises:
        UsageError: the file is not there, or the codebook's schema does not say how many codes a level has.
        DataError: a line is malformed, or the ids are not of this codebook.
    """
    if not codebook.size:
        raise UsageError(
            f"the schema of {', '.join(codebook.tables)} does not say how many codes a level has",
            hint="declare it: dy.List(dy.Int32(min=0, max=8191))",
        )
    _check_sequences(release, codebook, ask)
    predictions = Predictions(path)
    shape = shape_of(codebook, ask)
    reporter.start(f"reading {path.name}", path.stat().st_size if path.is_file() else 0)
    malformed = _take_in(predictions, shape, codebook, ask, reporter)
    reporter.finish()
    if not predictions.rows:
        raise DataError(f"{path} has no row with an answer, and {predictions.unanswered:,} without one")
    reporter.start(f"HR@K with codebook {codebook.name}", 0)
    generated, unknown = _known(codebook, shape, ask)
    _check_speaks(codebook, others, generated, malformed, unknown, path, ask)
    rates = _rates(predictions.rows, ask)
    reporter.finish()
    return HitRates(
        path=str(path),
        codebook=codebook.name,
        rows=predictions.rows,
        unanswered=predictions.unanswered,
        rates=rates,
        generated=generated + malformed,
        malformed=malformed,
        unknown=unknown,
    )


def _check_sequences(release: Release, codebook: Codebook, ask: Answers) -> None:
    """Sequences that are loaded and all speak another codebook are a sign that files were mixed up."""
    tables = [t for t in release.values() if t.record.kind == "sequences" and "codebook" in t.record.columns]
    spoken: set[str] = set()
    for table in tables:
        query = f"SELECT DISTINCT codebook FROM {quoted(table.name)} WHERE codebook IS NOT NULL"  # noqa: S608
        spoken |= {str(name) for (name,) in ask.rows(query)}
    if spoken and codebook.name not in spoken:
        raise DataError(
            f"the sequences that are loaded speak the codebook {', '.join(sorted(spoken))}, "
            f"and the predictions are to be read with {codebook.name}: base and final are never mixed",
            hint="load the item codes that belong to the sequences: sid_base with AL-GR/AL-GR, "
            "sid_final with AL-GR-v1 and AL-GR-Tiny",
        )


def _take_in(
    predictions: Predictions, shape: Shape, codebook: Codebook, ask: Answers, reporter: Reporter
) -> int:
    """Bring the predictions into tables ``generated`` and ``truth``, and count ids that are none."""
    ask.rows("CREATE OR REPLACE TEMP TABLE generated (row BIGINT, place BIGINT, id HUGEINT)")
    ask.rows("CREATE OR REPLACE TEMP TABLE truth (row BIGINT, item VARCHAR)")
    malformed = place = 0
    for batch in predictions.batches():
        frame = _frame(batch, shape, codebook, place)
        place += frame.height
        malformed += frame["id"].null_count()
        ask.add("generated", frame.drop_nulls("id").to_arrow())
        ask.add("truth", pl.DataFrame({"row": batch.truth_rows, "item": batch.truth}, _TRUTH).to_arrow())
        reporter.advance(size=batch.bytes, rows=len(set(batch.truth_rows)))
    return malformed


_TRUTH: Final = {"row": pl.Int64(), "item": pl.String()}


def _frame(batch: Batch, shape: Shape, codebook: Codebook, place: int) -> pl.DataFrame:
    """Row, place in the whole file, and id of each generated id; beam order is the order of places."""
    ids = numbers_of(batch.generated, shape.radices, codebook.size).alias("id")
    ids = ids.cast(pl.Int64 if shape.narrow else pl.String)  # Arrow has no integers of 128 bits
    rows = pl.Series("row", batch.rows, dtype=pl.Int64)
    places = pl.int_range(place, place + len(rows), dtype=pl.Int64, eager=True)
    return pl.DataFrame([rows, places.alias("place"), ids])


def _known(codebook: Codebook, shape: Shape, ask: Answers) -> tuple[int, int]:
    """Make a table ``members`` of the items of each generated id, and count ids and those without items.

    No more items of an id are kept than the greatest K: those after can be no hit.
    """
    ask.rows(
        f"CREATE OR REPLACE TEMP TABLE members AS SELECT id, item, size, nth FROM ("  # noqa: S608 - quoted names
        f"SELECT id, item, count(*) OVER (PARTITION BY id) AS size, "
        f"row_number() OVER (PARTITION BY id ORDER BY first) AS nth FROM ("
        f"SELECT id, item_id::VARCHAR AS item, min(row_id) AS first FROM ("
        f"SELECT item_id, row_id, ({shape.key})::HUGEINT AS id FROM ({codebook.relation})) "
        f"SEMI JOIN generated USING (id) GROUP BY ALL)) WHERE nth <= {max(CUTS)}"
    )
    ((generated,),) = ask.rows("SELECT count(*) FROM generated")
    ((unknown,),) = ask.rows("SELECT count(*) FROM generated ANTI JOIN members USING (id)")
    return generated, unknown


def _check_speaks(
    codebook: Codebook,
    others: Sequence[Codebook],
    generated: int,
    malformed: int,
    unknown: int,
    path: Path,
    ask: Answers,
) -> None:
    """Predictions of which another codebook knows more, or this one none, are of another codebook.

    Raises:
        DataError: they are.
    """
    known = generated - unknown
    total = f"{generated + malformed:,} generated ids"
    for other in others:
        theirs = _number_known(other, ask)
        if theirs > known:
            raise DataError(
                f"of {total} in {path}, {known:,} are in the codebook {codebook.name} and {theirs:,} in "
                f"{other.name}: base and final are never mixed",
                hint=f"read them with --codebook {other.name}, if they were generated with it",
            )
    if generated + malformed and not known:
        raise DataError(
            f"none of the {total} in {path} is in the codebook {codebook.name}",
            hint="load the item codes that the model was trained with; an id is spelt like C1442C14117C19114",
        )


def _number_known(codebook: Codebook, ask: Answers) -> int:
    shape = shape_of(codebook, ask)
    ids = f"SELECT ({shape.key})::HUGEINT AS id FROM ({codebook.relation})"  # noqa: S608 - quoted names
    ((count,),) = ask.rows(f"SELECT count(*) FROM generated SEMI JOIN ({ids}) USING (id)")  # noqa: S608
    return int(count)


def _rates(rows: int, ask: Answers) -> dict[int, float]:
    """The means, by asking for each true item how early it comes: nothing needs to be expanded for that."""
    ask.rows(
        "CREATE OR REPLACE TEMP TABLE reached AS SELECT row, id, before FROM ("  # noqa: S608 - a number
        "SELECT row, id, coalesce(sum(size) OVER (PARTITION BY row ORDER BY place "
        "ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS before "
        "FROM generated JOIN (SELECT id, any_value(size) AS size FROM members GROUP BY id) USING (id)) "
        f"WHERE before < {max(CUTS)}"
    )
    hits = ", ".join(f"count(*) FILTER (nth <= {cut})" for cut in CUTS)
    found = ask.rows(
        f"SELECT number, {hits} FROM ("  # noqa: S608 - numbers
        "SELECT row, item, min(before + nth) AS nth FROM truth JOIN members USING (item) "
        "JOIN reached USING (row, id) GROUP BY row, item) "
        "JOIN (SELECT row, count(*) AS number FROM truth GROUP BY row) USING (row) GROUP BY number"
    )
    return {
        cut: math.fsum(hit[place] / hit[0] for hit in found) / rows for place, cut in enumerate(CUTS, start=1)
    }
