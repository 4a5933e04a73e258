"""The store: each load is a release that appears whole or not at all.

    HOME/store/<dataset>/current                       the id of the visible release
    HOME/store/<dataset>/releases/<id>/manifest.json
    HOME/store/<dataset>/releases/<id>/<table>/part-00000.parquet
    HOME/store/<dataset>/releases/<id>/quarantine/<table>-00000.parquet

A load writes into ``releases/.loading-*`` and renames that folder when all is on disk; only then
does ``current`` change. What a killed load leaves behind is removed by the next one.
"""

from __future__ import annotations

import errno
import os
import shutil
import uuid
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from ecomdata.errors import DataError, EcomdataError, UsageError
from ecomdata.manifest import MANIFEST, Manifest, read_manifest, sync_folder, write_durably

_LOADING: Final = ".loading-"


def home_folder(home: str | os.PathLike[str] | None = None) -> Path:
    """Where ecomdata keeps its data: the argument, else ``$ECOMDATA_HOME``, else the user's data folder."""
    if home is not None:
        return Path(home).expanduser().resolve()
    if set_by_user := os.environ.get("ECOMDATA_HOME"):
        return Path(set_by_user).expanduser().resolve()
    import platformdirs

    return platformdirs.user_data_path("ecomdata", appauthor=False)


class Store:
    """The releases below one home."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.root = home / "store"

    def folder(self, dataset: str) -> Path:
        """The folder of a dataset; its name is a declared one, never free text."""
        return self.root.joinpath(*dataset.split("/"))

    def current(self, dataset: str) -> Path | None:
        """The folder of the visible release, or None.

        Raises:
            DataError: ``current`` points at a release that is not there.
        """
        pointer = self.folder(dataset) / "current"
        try:
            release = pointer.read_text("utf-8").strip()
        except FileNotFoundError:
            return None
        folder = self.folder(dataset) / "releases" / release
        if not release or "/" in release or not (folder / MANIFEST).is_file():
            raise DataError(
                f"{pointer} names the release {release!r}, which is not there",
                hint=f"load it again: ecomdata load {dataset} --force",
            )
        return folder

    def manifest(self, dataset: str) -> Manifest | None:
        """The visible release's manifest, or None when nothing is loaded."""
        folder = self.current(dataset)
        return read_manifest(folder) if folder else None

    def loaded(self) -> Iterator[str]:
        """Names of the datasets with a visible release, sorted."""
        for pointer in sorted(self.root.glob("**/current")):
            relative = pointer.parent.relative_to(self.root)
            if pointer.is_file() and "releases" not in relative.parts:
                yield relative.as_posix()

    def releases(self, dataset: str) -> list[str]:
        """Ids of all whole releases of a dataset, visible or superseded."""
        folder = self.folder(dataset) / "releases"
        return sorted(path.parent.name for path in folder.glob(f"[!.]*/{MANIFEST}"))

    @contextmanager
    def lock(self, dataset: str, on_wait: Callable[[str], None]) -> Generator[None]:
        """Hold the dataset for writing; says so once and waits while another process has it."""
        import filelock

        folder = self.folder(dataset)
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
            lock = filelock.FileLock(folder / ".lock")
            try:
                lock.acquire(timeout=0)
            except filelock.Timeout:
                on_wait(f"another process is loading {dataset}; waiting for it to finish")
                lock.acquire()
        try:
            yield
        finally:
            lock.release()

    def remove_leftovers(self, dataset: str) -> None:
        """Remove what killed loads left. Call it only while holding the lock."""
        for folder in (self.folder(dataset) / "releases").glob(f"{_LOADING}*"):
            shutil.rmtree(folder, ignore_errors=True)

    def new_folder(self, dataset: str) -> Path:
        """A folder to write a release into, not visible to anyone."""
        folder = self.folder(dataset) / "releases" / f"{_LOADING}{uuid.uuid4().hex[:8]}"
        with writing(folder):
            folder.mkdir(parents=True)
        return folder

    def publish(self, folder: Path, manifest: Manifest) -> Path:
        """Make a written folder the visible release, and return where it is.

        A release with the same id that is still whole is kept instead, as it holds the same bytes.
        """
        releases = folder.parent
        target = releases / manifest.release
        with writing(target):
            if _same_files(target, manifest):
                shutil.rmtree(folder)
            else:
                name = manifest.release
                attempt = 1
                while target.exists():
                    attempt += 1
                    name = f"{manifest.release}-{attempt}"
                    target = releases / name
                manifest.write(folder)
                sync_folder(folder)
                folder.rename(target)
                sync_folder(releases)
            write_durably(releases.parent / "current", f"{target.name}\n")
        return target

    def superseded(self, dataset: str) -> list[Path]:
        """Folders of whole releases that are no longer the visible one."""
        current = self.current(dataset)
        releases = self.folder(dataset) / "releases"
        return [releases / name for name in self.releases(dataset) if current is None or name != current.name]


def _same_files(folder: Path, manifest: Manifest) -> bool:
    """Whether a release folder holds exactly the files of the manifest, by name, size and recorded hash."""
    if not (folder / MANIFEST).is_file():
        return False
    try:
        there = read_manifest(folder)
    except EcomdataError:
        return False
    if {n: t.files for n, t in there.tables.items()} != {n: t.files for n, t in manifest.tables.items()}:
        return False
    files = [file for table in there.tables.values() for file in (*table.files, *table.quarantine)]
    paths = [folder / file.path for file in files]
    return all(p.is_file() and p.stat().st_size == f.size for p, f in zip(paths, files, strict=True))


@contextmanager
def writing(where: Path) -> Generator[None]:
    """Name the cause when writing fails: no space, no permission, a read-only disk."""
    try:
        yield
    except OSError as error:
        if problem := _disk_problem(error):
            raise EcomdataError(f"{problem}: {where}", hint=_ROOM) from error
        raise
    except Exception as error:
        # polars wraps the system's error; its text is all that is left.
        if "No space left on device" in str(error):
            raise EcomdataError(f"no space left on the disk: {where}", hint=_ROOM) from error
        raise


_ROOM: Final = "free some space, or choose another folder with --home or ECOMDATA_HOME; nothing was lost"


def _disk_problem(error: OSError) -> str:
    return {
        errno.ENOSPC: "no space left on the disk",
        errno.EDQUOT: "the disk quota is used up",
        errno.EROFS: "the disk is read-only",
        errno.EACCES: "no permission to write",
    }.get(error.errno or 0, "")


def require_loaded(store: Store, dataset: str) -> Path:
    """The folder of the visible release.

    Raises:
        UsageError: the dataset is not loaded.
    """
    folder = store.current(dataset)
    if folder is None:
        raise UsageError(f"{dataset} is not loaded in {store.home}", hint=f"run: ecomdata load {dataset}")
    return folder
