"""The main job: raw files in, a release of typed and checked tables out."""

from __future__ import annotations

import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Collection, Generator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from ecomdata import __version__
from ecomdata.columns import DriftError
from ecomdata.declare import Dataset
from ecomdata.engines import LOCAL, EngineName, Opened, engine_of
from ecomdata.errors import DataError, EcomdataError, UsageError
from ecomdata.foreign import get_ready
from ecomdata.given import as_given, names, whole_or_none
from ecomdata.lookalikes import explained
from ecomdata.manifest import Manifest, ReadFile, TableRecord, ViewRecord
from ecomdata.options import DEFAULT_MEMORY, Options
from ecomdata.origins import Input, find_input, require_plain
from ecomdata.pipeline import assign
from ecomdata.progress import Reporter, Silent
from ecomdata.rawfile import RawFile
from ecomdata.rawhashes import RawHashes, copies, made_of
from ecomdata.readers import Parquet
from ecomdata.registry import code_hash, loader, siblings
from ecomdata.release import Release
from ecomdata.samples import write_sample
from ecomdata.selecting import permitting, selected_tables
from ecomdata.sources import (
    Plan,
    clear_scratch,
    describe,
    fetching,
    make_plan,
    needs_confirmation,
    require_space,
)
from ecomdata.spilling import spilling_connection
from ecomdata.store import Store, home_folder, missing_files
from ecomdata.tables import TableWriter, sha256_json

SAMPLE_ROWS: Final = 10_000
SAMPLE_SEED: Final = 0
SAMPLE_ORIGIN: Final = f"a synthetic sample ({SAMPLE_ROWS:,} rows, seed {SAMPLE_SEED})"
Confirm = Callable[[str], bool]


def load(  # noqa: PLR0913 - one keyword an option, as the command line has them
    name: str,
    *,
    source: str | os.PathLike[str] | None = None,
    sample: bool = False,
    only: str | None = None,
    tables: str | Collection[str] = (),
    limit: int | None = None,
    jobs: int | None = None,
    memory: str = DEFAULT_MEMORY,
    strict: bool = False,
    keep_raw: bool = False,
    force: bool = False,
    allow_pickle: bool = False,
    keep_partial: bool = False,
    aliases: Mapping[str, str | Collection[str]] | None = None,
    engine: EngineName = "local",
    address: str | None = None,
    home: str | os.PathLike[str] | None = None,
    confirm: Confirm | None = None,
    reporter: Reporter | None = None,
) -> Release:
    """Load a dataset into the store and open it.

    Args:
        name: A dataset, such as ``merrec`` or ``taobao/forge``.
        source: A folder, a file, an archive, ``hf://datasets/...`` or ``https://...``; default: where
            upstream publishes it.
        sample: Load a small synthetic sample in upstream's format, with no network.
        only: A glob on upstream's paths, such as ``20230501/*``.
        tables: Only these tables (a derived table brings those it is made from).
        limit: Read at most so many rows for each table.
        jobs: Blocks parsed side by side; default: the number of cores, at most 4.
        memory: What DuckDB may hold for derived tables before it spills to disk, such as ``2GB``.
        strict: Fail when any row is rejected.
        keep_raw: Keep downloaded raw files after the load.
        force: Load even when the same files are loaded already, or when a sample replaces real data.
        allow_pickle: Let declared pickled members through the restricted unpickler.
        keep_partial: Keep the rows before the place where a JSON file breaks off; its rest is rejected.
        aliases: Declared raw column -> other names that it may have in the files.
        engine: ``local``: parse in threads here; ``ray``: on the workers of a Ray cluster, to the same bytes.
        address: With ``ray``, a running cluster; default: ``$RAY_ADDRESS``, else one is started here.
        home: Where the store is; default: ``$ECOMDATA_HOME``, else the user's data folder.
        confirm: Asked before a download that is, or may be, above 1 GB; default: no question.
        reporter: Hears of progress; default: only messages, on stderr.

    Returns:
        The release, with a table for each table of the dataset that had raw files.

    Raises:
        UsageError: no such dataset, table or source, or an option is not what it may be.
        AccessError: the data needs a login, a token or an agreement first.
        DataError: the raw files are damaged or are not what upstream publishes, or rows were rejected
            and ``strict`` is given.
    """
    options = Options(
        source=None if source is None else os.fspath(source),
        sample=sample,
        only=only,
        tables=names(tables),
        limit=whole_or_none("limit", limit, least=1),
        memory=memory,
        strict=strict,
        keep_raw=keep_raw,
        force=force,
        allow_pickle=allow_pickle,
        keep_partial=keep_partial,
        aliases={column: names(found) for column, found in (aliases or {}).items()},
        **as_given(jobs=whole_or_none("jobs", jobs, least=1)),
    )
    store = Store(home_folder(home))
    opened = engine_of(engine, address, jobs=options.jobs, memory=options.memory)
    dataset, hears = loader(name), reporter or Silent()
    return _Load(dataset, options, store, confirm or (lambda _: True), hears, opened).run()


class _Load:
    """One load, from plan to release."""

    def __init__(
        self,
        dataset: Dataset,
        options: Options,
        store: Store,
        confirm: Confirm,
        reporter: Reporter,
        engine: Opened = LOCAL,
    ) -> None:
        self.dataset = dataset
        self.code = code_hash(dataset.name)
        self.options = options
        self.store = store
        self.confirm = confirm
        self.reporter = reporter
        self.engine = engine
        self.started = time.monotonic()
        self.stopped = threading.Event()
        self.tables = selected_tables(dataset, options)
        self.input: Input | None = None

    def run(self) -> Release:
        """Do it."""
        if any(table.derive for table in self.tables):  # to learn that its memory is none after hours is late
            spilling_connection(self.options.memory, self.store.home).close()
        with ExitStack() as stack:
            stack.enter_context(self.store.lock(self.dataset.name, self.reporter.say))
            self._protect_what_is_there()
            self.store.remove_leftovers(self.dataset.name)
            if any(isinstance(raw.reader, Parquet) for table in self.tables for raw in table.raws):
                get_ready()
            plan = stack.enter_context(self._plan())
            for line in describe(plan, self.dataset.licence):
                self.reporter.say(line)
            if same := self._same_as_loaded(plan):
                return same
            files = self._fetch(plan)
            stack.callback(clear_scratch, self.store.home)
            staging = self.store.new_folder(self.dataset.name)
            stack.callback(shutil.rmtree, staging, ignore_errors=True)
            manifest = self._write(plan, files, staging)
            if manifest.views:
                from ecomdata.catalog import require_views

                require_views(staging, manifest)
            before = self.store.releases(self.dataset.name)
            folder = self.store.publish(staging, manifest)
            if folder.name in before:
                self.reporter.say(
                    f"note: the same files as release {folder.name}, which stays; times are of its making"
                )
            self._tidy_downloads(plan)
        return Release(folder)

    def _protect_what_is_there(self) -> None:
        """Refuse to replace what a newer ecomdata wrote, and real data by a sample without ``force``."""
        try:
            there = self.store.manifest(self.dataset.name)
        except DataError:
            if not self.options.force:
                raise
            return  # it is damaged, and the user wants it made again
        if self.options.force:
            return
        if self.options.sample and there is not None and not there.sample:
            raise UsageError(
                f"{self.dataset.name} is loaded from real data; a sample would take its place",
                hint="give the sample a home of its own with --home DIR, or replace the data with --force",
            )

    @contextmanager
    def _plan(self) -> Generator[Plan]:
        """The raw files: upstream's, the user's, or a sample that is gone afterwards."""
        options = self.options
        with ExitStack() as stack:
            if self.dataset.derived_from:
                yield stack.enter_context(self._derived_plan())
                return
            source = options.source
            if options.sample:
                if source is not None:
                    raise UsageError("--sample and --source exclude each other", hint="leave one of them out")
                source = str(stack.enter_context(self._scratch()))
                write_sample(self.dataset, Path(source), SAMPLE_ROWS, SAMPLE_SEED)
            try:
                plan = make_plan(
                    self.dataset,
                    source=source,
                    home=self.store.home,
                    only=options.only,
                    tables={table.name for table in self.tables},
                    on_bytes=self._on_bytes,
                )
            except UsageError as error:
                raise explained(error, self.dataset, source) from error
            if options.sample:
                plan = replace(plan, origin=SAMPLE_ORIGIN, unrecognised=())
            yield plan

    @contextmanager
    def _derived_plan(self) -> Generator[Plan]:
        """The release that a derived dataset is made from, kept as it is meanwhile; or a sample of it."""
        require_plain(self.dataset, self.options)
        name = self.dataset.derived_from
        with ExitStack() as stack:
            store = self.store
            if self.options.sample:
                store = Store(stack.enter_context(self._scratch()))
                _Load(loader(name), Options(sample=True), store, self.confirm, Silent()).run()
            stack.enter_context(store.lock(name, self.reporter.say))
            self.input = find_input(self.dataset, store)
            plan = self.input.plan
            yield replace(plan, origin=f"{name}, {SAMPLE_ORIGIN}") if self.options.sample else plan

    @contextmanager
    def _scratch(self) -> Generator[Path]:
        # Among the leftovers of a killed load, should this one be killed.
        folder = self.store.new_folder(self.dataset.name)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _same_as_loaded(self, plan: Plan) -> Release | None:
        """The visible release, when it was made of these very files with these options."""
        if self.options.force or self.options.sample or (plan.missing and not plan.revision):
            return None
        manifest = self.store.manifest(self.dataset.name)
        folder = self.store.current(self.dataset.name)
        if manifest is None or folder is None or not made_of(manifest, plan):
            return None
        before = (manifest.tool_version, manifest.loader, manifest.options)
        if before != (__version__, self.code, self.options.shaping) or missing_files(folder, manifest):
            return None
        self.reporter.say(
            f"already loaded from these files as release {manifest.release}; --force loads again"
        )
        return Release(folder)

    def _fetch(self, plan: Plan) -> list[RawFile]:
        """Bring all files to disk."""
        if plan.missing:
            require_space(plan)
            if needs_confirmation(plan) and not self.confirm("Download?"):
                raise EcomdataError("nothing was downloaded", hint="say yes, or give -y; --only loads a part")
            self.reporter.start("downloading", plan.download_bytes)
        with fetching(plan) as ready:
            try:
                files = [file for found in ready for file in found]
            except BaseException:
                self.stopped.set()
                raise
        if plan.missing:
            self.reporter.finish()
        return files

    def _on_bytes(self, size: int) -> None:
        if self.stopped.is_set():
            raise EcomdataError("the download was stopped")
        self.reporter.advance(size=size)

    def _tidy_downloads(self, plan: Plan) -> None:
        """Remove the raw files that were downloaded, unless the user asked once to keep them."""
        if "://" not in plan.origin:
            return  # a folder of the user's, even where it holds what was downloaded and kept before
        kept = plan.folder / ".keep"
        if self.options.keep_raw:
            kept.touch()
        elif not kept.exists():
            for file in plan.files:
                file.container.unlink(missing_ok=True)

    def _write(self, plan: Plan, files: list[RawFile], staging: Path) -> Manifest:
        """Write every table into the staging folder."""
        with RawHashes(files) as hashes:
            try:
                allowed = [permitting(table, self.options) for table in self.tables]
                family = siblings(self.dataset.name)
                assigned = assign(files, allowed, siblings=family, say=self.reporter.say)
            except DriftError as error:
                raise explained(error, self.dataset, None) from error
            writer = TableWriter(self.dataset.name, staging, self.options, self.reporter)
            rows: dict[str, dict[str, int]] = {file.name: {} for file in files}
            with self.engine as engine:
                for table in self.tables:
                    if table.raws and assigned[table.name]:
                        for name, count in writer.read(table, assigned[table.name], engine).items():
                            rows[name][table.name] = count
            absent = [
                table for table in self.dataset.tables if table.raws and table.name not in writer.records
            ]
            origin = self.input.origin if self.input else None
            for table in self.tables:
                if table.derive and (writer.records or origin):
                    writer.derive(table, absent, origin)
            shutil.rmtree(staging / ".spill", ignore_errors=True)
            raw = hashes.records(rows)
        self._say_what_is_twice(raw)
        if not self.options.sample:
            self._say_versions(raw)
        return self._manifest(plan, raw, writer.records)

    def _say_what_is_twice(self, raw: tuple[ReadFile, ...]) -> None:
        """Files with the same bytes under two names give every row twice."""
        for same in copies(raw):
            self.reporter.say(
                f"note: {' and '.join(same)} hold the same bytes; their rows are there {len(same)} times"
            )

    def _say_versions(self, raw: tuple[ReadFile, ...]) -> None:
        """Which of upstream's versions a file is, where upstream replaced it under its name."""
        for file in raw:
            known = self.dataset.versions.get(file.name.rsplit("/", 1)[-1])
            if known is None:
                continue
            if what := known.get(file.sha256):
                self.reporter.say(f"note: {file.name} is {what}")
            else:
                self.reporter.say(
                    f"warning: {file.name} is none of the {len(known)} versions known by their hash (it has "
                    f"sha256 {file.sha256[:12]}..., {file.size:,} bytes); it is loaded all the same"
                )

    def _manifest(self, plan: Plan, raw: tuple[ReadFile, ...], records: dict[str, TableRecord]) -> Manifest:
        views = {
            view.name: ViewRecord(description=view.description, sql=view.sql, parameters=view.parameters)
            for view in self.dataset.views
        }
        identity = {
            "dataset": self.dataset.name,
            "tool": __version__ + self.code,
            "options": self.options.shaping,
            "raw": [(file.name, file.sha256) for file in raw],
            "tables": {name: record.schema_sha256 for name, record in records.items()},
            **({"views": {name: view.sql for name, view in views.items()}} if views else {}),
        }
        return Manifest(
            dataset=self.dataset.name,
            release=sha256_json(identity)[:12],
            tool_version=__version__,
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            sample=self.options.sample or bool(self.input and self.input.manifest.sample),
            options=self.options.shaping,
            origin=plan.origin,
            revision=plan.revision,
            raw=raw,
            tables=records,
            seconds=round(time.monotonic() - self.started, 3),
            peak_memory=peak_memory(),
            unrecognised=plan.unrecognised,
            views=views,
            loader=self.code,
        )


def peak_memory() -> int:
    """The most memory this process has held, in bytes; 0 where the system does not say."""
    if sys.platform == "win32":
        return 0
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
