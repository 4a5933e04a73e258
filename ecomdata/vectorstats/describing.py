"""The statistics of a set of vectors, kept in the home."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ecomdata.embeddings.sets import EmbeddingSet, embedding_set
from ecomdata.given import names, whole, whole_or_none
from ecomdata.memory import amount_of_memory
from ecomdata.pathnames import file_to_write
from ecomdata.progress import Reporter, Silent
from ecomdata.release import open_release
from ecomdata.store import home_folder
from ecomdata.vectors.computing import Device
from ecomdata.vectorstats.figures import EmbeddingStatistics
from ecomdata.vectorstats.how import How, sample_size
from ecomdata.vectorstats.keeping import keep
from ecomdata.vectorstats.report import write_report
from ecomdata.vectorstats.working import Work

if TYPE_CHECKING:
    import os


def stats(  # noqa: PLR0913 - one keyword an option, as the command line has them
    name: str,
    *,
    table: str | None = None,
    label: str | Sequence[str] = (),
    against: str | None = None,
    split_column: str | None = None,
    neighbours: int = 10,
    clusters: int | None = None,
    sample: int | str = 2000,
    seed: int = 0,
    report: str | os.PathLike[str] | None = None,
    device: Device = "auto",
    memory: str = "1GB",
    jobs: int | None = None,
    home: str | os.PathLike[str] | None = None,
    reporter: Reporter | None = None,
) -> EmbeddingStatistics:
    """Describe a set of vectors: what they are like as a whole, and near each of them.

    Vectors are read in blocks, and what is held does not grow with their number. Figures of neighbours are of
    rows that are drawn, whose neighbours are sought among all; all others are of all rows. What cannot be
    computed is None, with a reason. The result is kept in the home, under ``statistics/``, for the card.

    Args:
        name: A loaded dataset.
        table: The set: a table of vectors, or what :func:`ecomdata.embed` made; default: the only one.
        label: Columns of labels, each ``COLUMN`` or ``TABLE.COLUMN``; default: category, brand and rating
            where the table that the vectors were made from has them.
        against: Another set to compare with: ``OTHER`` or ``OTHER.TABLE``.
        split_column: A column whose values divide the vectors into splits to compare.
        neighbours: Neighbours looked at for labels.
        clusters: Clusters; default: the square root of half the rows, from 2 to 100.
        sample: Rows whose neighbours are sought, or ``all``.
        seed: The same seed draws the same rows.
        report: Where to write an HTML page with all of it.
        device: ``auto``, ``cpu`` or ``cuda``.
        memory: What may be held, such as ``2GB``; vectors beyond it are kept in a temporary file.
        jobs: Blocks worked at side by side on the processor; default: its cores.
        home: Where the store is; default: ``$ECOMDATA_HOME``, else the user's data folder.
        reporter: Hears of progress.

    Raises:
        UsageError: there is no such dataset, set or column, or an option is not what it may be.
        DataError: vectors are of unequal length, or a file cannot be read.
    """
    how = How(
        neighbours=whole("neighbours", neighbours, least=1),
        clusters=whole_or_none("clusters", clusters, least=2),
        sample=sample_size(sample),
        seed=whole("seed", seed, least=0),
        device=device,
        memory=amount_of_memory(memory),
        jobs=whole_or_none("jobs", jobs),
    )
    page = None if report is None else file_to_write(report)
    where = home_folder(home)
    one = embedding_set(name, table, home=where)
    work = Work(one, open_release(name, home=where), how, reporter or Silent())
    labels = names(label)
    other = None if against is None else _other(against, where)
    found = work.found(labels, split_column, other)
    keep(found, where)
    if page is not None:
        write_report(found, page)
    return found


def _other(text: str, home: Path) -> EmbeddingSet:
    name, _, table = text.partition(".")
    return embedding_set(name, table or None, home=home)
