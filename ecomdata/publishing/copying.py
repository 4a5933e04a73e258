"""Making the copies that go to the Hub: what is masked and the rest, each file once, several side by side."""

from __future__ import annotations

import os
import threading
from collections.abc import Generator, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager, nullcontext, suppress

from ecomdata.declare import Dataset
from ecomdata.errors import EcomdataError
from ecomdata.manifest import WrittenFile
from ecomdata.personaldata import Masker, fingerprint
from ecomdata.progress import Reporter
from ecomdata.publishing.content import check_bytes, require_there
from ecomdata.publishing.copies import Copies, Copy, copying, remove_others, show, whole
from ecomdata.publishing.personal import Treated
from ecomdata.publishing.rewriting import OnRows, recipe, rewrite
from ecomdata.release import Release
from ecomdata.shards import sha256_file
from ecomdata.store import alone, home_folder
from ecomdata.tables import sha256_json
from ecomdata.threads import default_jobs


class Copier:
    """Makes the copies of one release.

    Args:
        release: What is loaded.
        dataset: Its declaration.
        treated: What was found in it, and what of that is masked; masked tables are always copied.
        as_stored: Whether only they are.
        home: Where copies are kept.
    """

    def __init__(
        self,
        release: Release,
        dataset: Dataset,
        treated: Treated,
        *,
        as_stored: bool,
        home: str | os.PathLike[str] | None,
    ) -> None:
        self._release = release
        self._findings = treated.findings
        self._masks = treated.masks
        self._scanned = fingerprint(release, dataset)
        self._tables = [name for name in release if name in treated.masks or not as_stored]
        self._root = home_folder(home).joinpath("uploads", *dataset.name.split("/"))

    def planned(self) -> Copies:
        """The copies, each as it is if it is there and whole; nothing is written."""
        return {
            file.path: self._planned(name, file)
            for name in self._tables
            for file in self._release[name].record.files
        }

    def _planned(self, table: str, file: WrittenFile) -> Copy:
        how = recipe()
        if masks := self._masks.get(table):
            how |= {"scanned": self._scanned, "masks": {name: sorted(kinds) for name, kinds in masks.items()}}
        key = sha256_json({"of": [file.path, file.sha256], **how})[:20]
        target = self._root / table / f"{key}.parquet"
        return Copy(table, file, target, bool(masks), whole(target, file.path))

    @contextmanager
    def made(self, reporter: Reporter) -> Generator[Copies]:
        """The copies, what is missing written now; copies that are not of this publication go first.

        Until the context ends no other process publishes the dataset: with other masks it would remove these.

        Raises:
            DataError: a file of the store is not what its manifest says.
            EcomdataError: the disk is full, or the like.
        """
        if not self._tables and not self._root.is_dir():
            yield {}
            return
        copies: Copies = {}
        with ExitStack() as stack:
            # Where none is needed, the old ones stay in a home that may only be read.
            with nullcontext() if self._tables else suppress(EcomdataError), copying(self._root):
                doing = f"publishing {self._release.manifest.dataset}"
                stack.enter_context(alone(self._root / ".lock", doing, reporter.say))
                copies = self.planned()
                remove_others(self._root, copies)
            missing = [copy for copy in copies.values() if copy.written is None]
            if missing:
                reporter.start("writing for the Hub", sum(copy.stored.size for copy in missing))
                self._write(missing, reporter)
                reporter.finish()
                copies = self.planned()
            yield copies

    def _write(self, missing: Sequence[Copy], reporter: Reporter) -> None:
        """Write several files side by side; when one fails, or at Ctrl-C, the others end soon."""
        stopped, one_by_one = threading.Event(), threading.Lock()

        def on_rows(rows: int, size: int) -> None:
            if stopped.is_set():
                raise EcomdataError("writing for the Hub was stopped")
            with one_by_one:
                reporter.advance(rows=rows, size=size)

        # Each holds a row group, as read and as written.
        with ThreadPoolExecutor(default_jobs(), thread_name_prefix="rewrite") as pool:
            running = [pool.submit(self._write_one, copy, on_rows) for copy in missing]
            try:
                for one in wait(running, return_when=FIRST_EXCEPTION).done:
                    one.result()
            finally:
                stopped.set()
                pool.shutdown(wait=False, cancel_futures=True)

    def _write_one(self, copy: Copy, on_rows: OnRows) -> None:
        source = self._release.folder / copy.stored.path
        require_there(source)
        check_bytes(source, source.stat().st_size, sha256_file(source), copy.stored)
        masker = Masker(self._findings, copy.table, self._masks[copy.table]) if copy.masked else None
        aside = copy.target.with_name(f".{copy.target.stem}.tmp")
        try:
            with copying(copy.target):
                copy.target.parent.mkdir(parents=True, exist_ok=True)
                rows = rewrite(source, aside, masker, on_rows)
                show(aside, copy.target, rows)
        finally:
            aside.unlink(missing_ok=True)
