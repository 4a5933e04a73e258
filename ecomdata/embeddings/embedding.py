"""``embed``: the texts of a column as vectors, beside the store."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ecomdata import __version__
from ecomdata.durable import write_durably
from ecomdata.embedded import SetRecord, lacking, read_record, sets_folder, source_of
from ecomdata.embeddings.encoders import Device, Encoder, EncoderOptions, Recipe, find_recipe
from ecomdata.embeddings.sets import EmbeddingSet, as_set
from ecomdata.embeddings.source import Source, choose
from ecomdata.embeddings.writing import SetWriter, put_in_place
from ecomdata.errors import UsageError
from ecomdata.given import as_given, whole, whole_or_none
from ecomdata.manifest import MANIFEST
from ecomdata.progress import Reporter, Silent
from ecomdata.release import Release, TableData, open_release
from ecomdata.shards import sha256_file
from ecomdata.store import alone, writing

if TYPE_CHECKING:
    import os

    import polars as pl

LAYOUT: Final = 1
"""Counted up when the same options give other bytes."""
_CHOICES: Final = frozenset({"dim", "seed", "normalize", "precision"})
"""Options that a set may be made with otherwise, and is still of this encoder."""


def embed(  # noqa: PLR0913 - one keyword an option, as the command line has them
    name: str,
    *,
    table: str | None = None,
    column: str | None = None,
    encoder: str | Encoder = "lsa",
    dim: int = 256,
    seed: int = 0,
    normalize: bool = True,
    device: Device = "auto",
    batch: int = 64,
    limit: int | None = None,
    force: bool = False,
    jobs: int | None = None,
    home: str | os.PathLike[str] | None = None,
    reporter: Reporter | None = None,
) -> EmbeddingSet:
    """Turn the texts of a column into vectors, beside the store: a row for each row of the table.

    A run that ends half-way is taken up by the next one with the same options: finished shards whose bytes
    are as they were written are kept. A set appears when it is whole, in the place of one of the same name.

    Args:
        name: A loaded dataset.
        table: One of its tables; default: the only one with a usual column of text.
        column: A column of strings; default: the canonical text column of the table.
        encoder: ``lsa``, which needs no download; ``lsa:FILE`` with the ``basis.npz`` of an earlier set (or
            its folder), so that both can be compared; ``sentence-transformers:MODEL``, an id on the Hub or a
            folder (extra ``embed``); or an encoder of your own.
        dim: For ``lsa``, values of a vector; fewer where the texts have no more directions.
        seed: For ``lsa``, which texts it learns from.
        normalize: Give vectors length 1.
        device: Where a sentence model computes: in half precision on CUDA.
        batch: Texts that a sentence model gets at once; fewer once CUDA has no room for so many.
        limit: Only the first rows.
        force: Make it again even if it is there.
        jobs: Threads of ``lsa``; the vectors are the same. Default: the cores, at most 4.
        home: Where the store is; default: ``$ECOMDATA_HOME``, else the user's data folder.
        reporter: Hears of progress.

    Raises:
        UsageError: the dataset is not loaded, or has no such table or column of text, an option is not what
            it may be, or a set of that name is there, of another encoder with the same last name.
        DataError: the column has no text at all, or the encoder gave what it should not.
    """
    options = EncoderOptions(
        dim=whole("dim", dim),
        seed=whole("seed", seed, least=0),
        normalize=normalize,
        device=device,
        batch=whole("batch", batch),
        **as_given(jobs=whole_or_none("jobs", jobs)),
    )
    limit = whole_or_none("limit", limit)
    if limit is not None and limit < 1:
        raise UsageError(f"a limit of {limit:,} rows leaves none", hint="give at least 1")
    release = open_release(name, home=home)
    release.require_files()
    source = choose(release, table, column, limit)
    work = _Work(release, source, find_recipe(encoder, options), seed, reporter or Silent())
    return work.done(force=force)


def set_of(
    data: TableData, column: str, encoder: str | Encoder, *, device: Device, home: Path, reporter: Reporter
) -> EmbeddingSet:
    """The vectors of all texts of a column: those that an encoder made before, else those it makes now.

    A set that was made with another ``dim`` or ``seed`` is used as it is: who asks for vectors alone must not
    replace those of somebody who chose.

    Args:
        data: The table.
        column: The column of strings.
        encoder: See :func:`embed`.
        device: Where a sentence model computes.
        home: Where the store is.
        reporter: Hears of progress.

    Raises:
        UsageError: the column holds no text, or there is no such encoder.
        DataError: the column has no text at all, or the encoder gave what it should not.
    """
    options = EncoderOptions(device=device)
    release = open_release(data.dataset, home=home)
    source = choose(release, data.name, column, None)
    work = _Work(release, source, find_recipe(encoder, options), options.seed, reporter)
    return work.done(chosen=_CHOICES)


class _Work:
    """One set on its way."""

    def __init__(
        self, release: Release, source: Source, recipe: Recipe, seed: int, reporter: Reporter
    ) -> None:
        self._release = release
        self._source = source
        self._recipe = recipe
        self._seed = seed
        self._reporter = reporter
        self._started = time.monotonic()
        self.name = f"{source.data.name}_{source.column}_{recipe.slug}"
        self._target = sets_folder(release.home, release.manifest.dataset, release.folder.name) / self.name

    @property
    def _options(self) -> dict[str, object]:
        """What shapes the set."""
        return {**self._recipe.identity, "rows": self._source.rows, "layout": LAYOUT}

    def done(self, *, force: bool = False, chosen: frozenset[str] = frozenset()) -> EmbeddingSet:
        """The set: the one that is there, whatever its options of these names, or else one made now."""
        source = source_of(self._source.data.record)
        plan = json.dumps([source, self._recipe.name, self._options], sort_keys=True)
        working = self._target.with_name(f".{self.name}-{hashlib.sha256(plan.encode()).hexdigest()[:12]}")
        with self._alone():
            there = read_record(self._target)
            if there and not force:
                if self._same(there, source, chosen):
                    return as_set(self._target, there)
                if there.encoder != self._recipe.name:
                    raise UsageError(
                        f"the set {self.name} is there, and its vectors are of {there.encoder}",
                        hint=f"embed with force (--force) puts those of {self._recipe.name} in their place",
                    )
                self._reporter.say(
                    f"note: {self.name} is made anew: what is there is damaged, or of other rows or options"
                )
            with writing(working):
                if force:
                    shutil.rmtree(working, ignore_errors=True)
                working.mkdir(parents=True, exist_ok=True)
            record = self._write(working, source)
            put_in_place(working, self._target)
            for leftover in self._target.parent.glob(f".{self.name}-*"):
                shutil.rmtree(leftover, ignore_errors=True)
        return as_set(self._target, record)

    def _same(self, there: SetRecord, source: str, chosen: frozenset[str]) -> bool:
        """Whether a set is what would be made now but for some options, its files unharmed."""
        ours: dict[str, object] = json.loads(json.dumps(self._options))
        return (
            (there.dataset, there.release) == (self._release.manifest.dataset, self._release.folder.name)
            and there.source == source
            and there.encoder == self._recipe.name
            and there.options.keys() == ours.keys()
            and all(there.options[name] == ours[name] for name in ours.keys() - chosen)
            and not lacking(self._target, there)
            and all(sha256_file(self._target / file.path) == file.sha256 for file in there.files)
        )

    def _write(self, folder: Path, source: str) -> SetRecord:
        def sample() -> pl.Series:
            return self._source.sample(self._seed)

        with writing(folder):
            encoder = self._recipe.make(sample, folder, self._reporter)
        writer = SetWriter(self._source, encoder, folder, self._reporter)
        shards = writer.write()
        nulls = sum(shard.nulls for shard in shards)
        record = SetRecord(
            name=self.name,
            dataset=self._release.manifest.dataset,
            release=self._release.folder.name,
            source=source,
            table=self._source.data.name,
            column=self._source.column,
            encoder=self._recipe.name,
            revision=encoder.revision,
            dim=encoder.dim,
            rows=sum(shard.file.rows for shard in shards),
            nulls=nulls,
            normalised=encoder.normalised,
            deterministic=encoder.deterministic,
            keys=self._source.keys,
            options=self._options,
            tool_version=__version__,
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            seconds=round(time.monotonic() - self._started, 3),
            files=tuple(shard.file for shard in shards),
        )
        with writing(folder):
            write_durably(folder / MANIFEST, record.as_text())
        return record

    @contextmanager
    def _alone(self) -> Generator[None]:
        """Keep other processes from making the same set; say so once, and wait."""
        lock = self._target.with_name(f".{self.name}.lock")
        with alone(lock, f"making {self.name}", self._reporter.say):
            yield
