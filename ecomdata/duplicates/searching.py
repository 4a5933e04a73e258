"""Finding the duplicates in a column of a loaded dataset, keeping what was found, and applying it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from ecomdata.duplicates.applying import release_without
from ecomdata.duplicates.counting import check_columns, count, too_many
from ecomdata.duplicates.deduplication import Deduplication
from ecomdata.duplicates.finding import Duplicates, as_worth
from ecomdata.duplicates.finding import search as find
from ecomdata.duplicates.how import (
    DEFAULT_MEMORY,
    DEFAULT_NGRAMS,
    DEFAULT_TIDYINGS,
    THRESHOLDS,
    Device,
    How,
    Keep,
    Method,
    refuse_idle,
)
from ecomdata.duplicates.keeping import keep_found
from ecomdata.duplicates.meaning import LSA, Embeddings, lengths_of_texts
from ecomdata.duplicates.report import write_report
from ecomdata.duplicates.sources import Corpus, TextColumn, against, row_times, splits_of, values_at
from ecomdata.embeddings.encoders import Encoder
from ecomdata.engines import EngineName, Opened, engine_of
from ecomdata.errors import DataError, UsageError
from ecomdata.given import as_given, names, whole_or_none
from ecomdata.pathnames import file_to_write
from ecomdata.progress import Reporter, Silent
from ecomdata.registry import loader
from ecomdata.release import open_release
from ecomdata.store import Store, home_folder
from ecomdata.tables import sha256_json
from ecomdata.vectors.joining import Search

if TYPE_CHECKING:
    import os

MAX_REMOVED: Final = 0.3
"""No source or category loses a greater share, unless told."""
_TIMES: Final = ("posted_at", "timestamp", "created_date", "created")


def dedup(  # noqa: PLR0913 - one keyword an option, as the command line has them
    name: str,
    *,
    table: str,
    column: str,
    method: Method = "near",
    threshold: float | None = None,
    ngrams: str = DEFAULT_NGRAMS,
    normalize: str | Collection[str] = DEFAULT_TIDYINGS,
    against: str | None = None,
    split_column: str | None = None,
    keep: Keep = "first",
    newest_by: str | None = None,
    by: str | Collection[str] = (),
    max_removed: float = MAX_REMOVED,
    apply: bool = False,
    report: str | os.PathLike[str] | None = None,
    encoder: str | Encoder = LSA,
    embeddings: str | None = None,
    search: Search = "auto",
    device: Device = "auto",
    memory: str = DEFAULT_MEMORY,
    jobs: int | None = None,
    engine: EngineName = "local",
    address: str | None = None,
    home: str | os.PathLike[str] | None = None,
    reporter: Reporter | None = None,
) -> Deduplication:
    """Find the duplicates in a column of a loaded dataset; see :func:`ecomdata.find_duplicates`.

    What is found is kept in the home, under ``duplicates/``. Nothing is removed unless ``apply`` is given,
    and even then the release before stays in the store.

    Args:
        name: A loaded dataset.
        table: Its table.
        column: A column of texts.
        method: ``near``, ``exact``, or ``semantic``: by the cosine of their vectors.
        threshold: The least Jaccard similarity (default: 0.8) or, for ``semantic``, cosine (default: 0.9).
        ngrams: What is compared, such as ``word:3`` or ``char:5``.
        normalize: What is tidied before: ``nfc``, ``case``, ``space``, ``digits``.
        against: ``OTHER.table`` or ``OTHER.table.column`` (the same column by default): rows that are
            duplicates of one there are looked for, and no others.
        split_column: Rows that are duplicates of one in another split are looked for, and no others; the row
            in the smaller split stays.
        keep: ``first``, ``longest`` or ``newest``; not with ``against`` or ``split_column``.
        newest_by: For ``newest``, the column that says when; default: posted_at, timestamp or created_date.
        by: Columns, such as a category, by whose values rows are counted and judged.
        max_removed: The share that the table, and every source and category of at least 100 rows, may lose.
        apply: Make a new release without the rows.
        report: Where to write an HTML page with a sample of what would go, side by side with what stays.
        encoder: For ``semantic``, what makes the vectors; see :func:`ecomdata.embed`. Those that it made
            before are used.
        embeddings: For ``semantic``, the name of a set of vectors of the column, in the place of an encoder.
        search: For ``semantic``, ``exact``, ``cells`` or ``auto``; see :func:`ecomdata.vectors.near_pairs`.
        device: ``auto``, ``cpu`` or ``cuda``.
        memory: What may be held before it goes to disk.
        jobs: How many blocks, or bands, are worked at side by side.
        engine: ``local``: threads here; ``ray``: the workers of a Ray cluster, for texts. It finds the same.
        address: With ``ray``, a running cluster; default: ``$RAY_ADDRESS``, else one is started here.
        home: Where the store is; default: ``$ECOMDATA_HOME``, else the user's data folder.
        reporter: Hears of progress.

    Raises:
        UsageError: there is no such dataset, table or column, an option is not what it may be, or the folder
            of ``report`` is not there.
        DataError: more would go than may, and ``apply`` is given. What was found is kept all the same.
    """
    hears = reporter or Silent()
    page = None if report is None else file_to_write(report)
    store = Store(home_folder(home))
    how = How(
        method=method,
        threshold=THRESHOLDS.get(method, 0.8) if threshold is None else float(threshold),
        ngrams=ngrams,
        normalize=names(normalize),
        keep=keep,
        memory=memory,
        device=device,
        spill=store.home / "duplicates" / ".spill",
        search=search,
        **as_given(jobs=whole_or_none("jobs", jobs)),
    )
    given = {
        "ngrams": ngrams != DEFAULT_NGRAMS,
        "normalize": set(how.normalize) != set(DEFAULT_TIDYINGS),
        "encoder": encoder != LSA,
        "embeddings": embeddings is not None,
        "search": search != "auto",
        "newest-by": newest_by is not None,
    }
    refuse_idle(method, keep, given)
    opened = engine_of(engine, address, jobs=how.jobs, memory=how.memory)
    looking = _Search(name, table, column, _on(how, engine), names(by), store, hears, opened)
    corpus = looking.corpus(against, split_column)
    times = looking.times(newest_by) if keep == "newest" else None
    if not 0.0 <= max_removed <= 1.0:
        raise UsageError(f"{max_removed:g} is no share of rows", hint="give 0 to 1, such as 0.3")
    wanted = Embeddings(encoder=encoder, which=embeddings, store=store, device=device, reporter=hears)
    found = looking.kept(corpus, times, wanted, max_removed)
    if page is not None:
        write_report(found, corpus, page)
    if apply and found.stopped:
        worst = found.stopped[0]
        raise DataError(
            f"{worst.by} {worst.value} would lose {worst.removed:,} of {worst.rows:,} rows "
            f"({worst.share:.1%}), more than {max_removed:.1%}: nothing was removed",
            hint=f"what was found is in {found.folder}; a higher --max-removed lets more go",
        )
    return looking.applied(found) if apply else found


def _on(how: How, engine: EngineName) -> How:
    """The options for an engine: Ray's workers have processors alone.

    Raises:
        UsageError: it cannot do what is asked for.
    """
    if engine == "local":
        return how
    if how.method == "semantic":
        raise UsageError(
            "vectors are compared by one machine alone", hint="leave --engine away, or use --device cuda"
        )
    if how.device == "cuda":
        raise UsageError("Ray's workers compute on processors", hint="leave --device or --engine away")
    return replace(how, device="cpu")


class _Search:
    """A search in a column of a release."""

    def __init__(
        self,
        name: str,
        table: str,
        column: str,
        how: How,
        by: tuple[str, ...],
        store: Store,
        reporter: Reporter,
        engine: Opened,
    ) -> None:
        self.store = store
        self.release = open_release(name, home=store.home)
        self.release.require_files()
        self.table = self.release[table]
        self.column = TextColumn(self.table, column)
        check_columns(self.table, by)
        self.how = how
        self.by = by
        self.reporter = reporter
        self.engine = engine
        self.options: dict[str, object] = {"method": how.method, "keep": how.keep}
        if how.method == "semantic":
            self.options |= {"threshold": how.threshold, "search": how.search}
        else:
            self.options["normalize"] = sorted(how.tidyings)
        if how.method == "near":
            self.options |= {
                "threshold": how.threshold,
                "ngrams": how.ngrams,
                "permutations": how.permutations,
            }

    def corpus(self, other: str | None, split: str | None) -> Corpus:
        """The texts to compare.

        Raises:
            UsageError: there is no such table or column; or what is asked for excludes each other.
        """
        if other is not None and split is not None:
            raise UsageError("--against and --split-column exclude each other", hint="leave one of them out")
        if (other is not None or split is not None) and self.how.keep != "first":
            raise UsageError(
                f"between tables or splits, the row of the other one stays, not the {self.how.keep}",
                hint="leave --keep away",
            )
        if split is not None:
            self.options["split_column"] = split
            self.by = (*self.by, split)
            return splits_of(self.column, split)
        if other is None:
            return Corpus(self.column)
        column = self._other(other)
        self.options["against"] = column.name
        return against(self.column, column)

    def _other(self, text: str) -> TextColumn:
        name, *parts = text.split(".")
        if not 1 <= len(parts) <= 2:
            raise UsageError(
                f"{text!r} names no table", hint="write it like merrec.items or merrec.items.title"
            )
        release = open_release(name, home=self.store.home)
        release.require_files()
        return TextColumn(release[parts[0]], parts[1] if len(parts) == 2 else self.column.column)

    def times(self, column: str | None) -> pl.Series:
        """When each row was made.

        Raises:
            UsageError: no column says so.
        """
        chosen = column or next((name for name in _TIMES if name in self.table.record.columns), None)
        if chosen is None:
            raise UsageError("nothing says which row is newest", hint="name a column with --newest-by")
        self.options["newest_by"] = chosen
        return row_times(self.table, chosen)

    def _found(self, corpus: Corpus, times: pl.Series | None, wanted: Embeddings) -> Duplicates:
        """What is found by the texts themselves, or by their vectors."""
        if self.how.method != "semantic":
            with self.engine as engine:
                return find(
                    corpus.texts(),
                    self.how,
                    times=times,
                    sides=corpus.side,
                    reporter=self.reporter,
                    engine=engine,
                )
        from ecomdata.duplicates.semantic import search_vectors

        vectors, said = wanted.of(corpus)
        self.options |= said
        corpus.rows = np.concatenate([*corpus.by_side()])
        worth = lengths_of_texts(corpus.column) if self.how.keep == "longest" else times
        return search_vectors(
            vectors,
            self.how,
            worth=None if worth is None else as_worth(worth),
            sides=corpus.side,
            reporter=self.reporter,
        )

    def kept(self, corpus: Corpus, times: pl.Series | None, wanted: Embeddings, most: float) -> Deduplication:
        """Search, and keep what is found in the home."""
        found = self._found(corpus, times, wanted)
        pairs, clusters = self._by_row(found, corpus)
        removed = clusters.filter(~pl.col("kept"))["row"].unique().sort()
        counts = count(self.table, removed.to_numpy(), self.by)
        made = Deduplication(
            dataset=self.release.manifest.dataset,
            release=self.release.folder.name,
            table=self.table.name,
            column=self.column.column,
            options=self.options,
            texts=found.texts,
            empty=found.empty,
            clusters=clusters["cluster"].n_unique(),
            removed=len(removed),
            stopped=too_many(counts, most),
            recall=found.recall,
            device=found.device,
            folder=str(self._folder()),
            applied="",
            seconds=found.seconds,
        )
        frames = {"pairs": pairs, "clusters": clusters, "counts": counts}
        keep_found(made, frames, self.store, self.reporter)
        return made

    def _folder(self) -> Path:
        """Where what is found with these options lies."""
        where = self.store.home.joinpath("duplicates", *self.release.manifest.dataset.split("/"))
        name = f"{self.table.name}.{self.column.column}.{self.how.method}-{sha256_json(self.options)[:8]}"
        return where / self.release.folder.name / name

    def _by_row(self, found: Duplicates, corpus: Corpus) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Pairs and clusters by the rows of the tables, with the columns that identify a row."""
        rows = pl.Series(corpus.rows, dtype=pl.Int64)
        names = ("row", "other", "cluster")
        pairs, clusters = (
            frame.with_columns(
                rows.gather(frame[name]).alias(name) for name in names if name in frame.columns
            )
            for frame in (found.pairs, found.clusters)
        )
        if corpus.sides:
            sides = pl.Series(corpus.sides, dtype=pl.Enum(corpus.sides))
            side = pl.Series(corpus.side)
            # The row of the lower side, which stays, comes second.
            pairs = (
                pairs.rename({"row": "other", "other": "row"})
                .with_columns(
                    sides.gather(side.gather(found.pairs["other"])).alias("side"),
                    sides.gather(side.gather(found.pairs["row"])).alias("other_side"),
                )
                .select("row", "side", "other", "other_side", self.how.measure)
            )
            of_row = sides.gather(side.gather(found.clusters["row"])).alias("side")
            clusters = clusters.with_columns(of_row)
        return pairs, self._with_keys(clusters, corpus)

    def _with_keys(self, clusters: pl.DataFrame, corpus: Corpus) -> pl.DataFrame:
        declared = loader(self.release.manifest.dataset).table(self.table.name)
        keys = [key for key in declared.key if key not in clusters.columns]
        if not keys:
            return clusters
        ours = (
            clusters["row"]
            if "against" not in self.options
            else clusters.filter(pl.col("side") == corpus.sides[-1])["row"]
        )
        rows = ours.unique().sort()
        values = values_at(self.table, rows.to_numpy(), *keys).with_columns(row=rows)
        if "against" in self.options:
            values = values.with_columns(side=pl.lit(corpus.sides[-1], pl.Enum(corpus.sides)))
            return clusters.join(values, on=["row", "side"], how="left", maintain_order="left")
        return clusters.join(values, on="row", how="left", maintain_order="left")

    def applied(self, found: Deduplication) -> Deduplication:
        """Make a release without the rows that go, where there are any."""
        if not found.removed:
            self.reporter.say("nothing goes: the release stays as it is")
            return found
        clusters = pl.read_parquet(Path(found.folder) / "clusters.parquet", glob=False)
        removed = clusters.filter(~pl.col("kept"))["row"].unique().sort().to_numpy()
        made = release_without(
            self.release,
            self.table.name,
            removed,
            rule=self._rule(),
            options={"table": found.table, "column": found.column, **found.options},
            store=self.store,
            memory=self.how.memory,
            reporter=self.reporter,
        )
        return replace(found, applied=made.folder.name)

    def _rule(self) -> str:
        """Why rows go, as the manifest has it."""
        how = {
            "exact": "the same",
            "near": f"{self.how.ngrams}, Jaccard >= {self.how.threshold:g}",
            "semantic": f"{self.options.get('embeddings')}, cosine >= {self.how.threshold:g}",
        }[self.how.method]
        where = self.options.get("against") or self.options.get("split_column")
        of = f"a row of {where}" if "against" in self.options else "a kept row"
        split = f" in another {where}" if "split_column" in self.options else ""
        return f"duplicate of {of}{split} ({self.column.column}: {how})"
