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
import hashlib
import os
import shutil
import stat
import uuid
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Final

from ecomdata.durable import sync_folder, write_durably
from ecomdata.errors import DataError, EcomdataError, UsageError
from ecomdata.manifest import MANIFEST, Manifest, TableRecord, WrittenFile, read_manifest, unreadable
from ecomdata.pathnames import checked, expanded, nearest_there, safe_relative

_LOADING: Final = ".loading-"
_ELSEWHERE: Final = "choose another folder with --home or ECOMDATA_HOME"
_LONGEST: Final = 64
"""Bytes of the name of a release, at most; it has 12, and a number where several have the same."""
_PARTS: Final = 2
"""Of a dataset's name, at most."""


def home_folder(home: str | os.PathLike[str] | None = None) -> Path:
    """Where ecomdata keeps its data: the argument, else ``$ECOMDATA_HOME``, else the user's data folder.

    Raises:
        UsageError: its name is not UTF-8, or it is a file.
    """
    chosen = (os.environ.get("ECOMDATA_HOME") or None) if home is None else home
    if chosen is not None:
        folder = checked(expanded(Path(chosen)).resolve(), "the home")
        with suppress(PermissionError):  # whoever reads or writes there says so
            if folder.is_file():
                raise UsageError(f"the home {folder} is a file, and a folder is needed", hint=_ELSEWHERE)
        return folder
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
            EcomdataError: it may not be read.
        """
        if not safe_relative(dataset) or PurePosixPath(dataset).as_posix() != dataset:
            return None  # whoever asks may have the name from a stranger, and it could lead out of the store
        pointer = self.folder(dataset) / "current"
        before = None
        while True:
            try:
                release = _named_by(pointer)
            except (FileNotFoundError, NotADirectoryError):
                return None
            except PermissionError as error:
                raise unreadable(pointer) from error
            folder = self.folder(dataset) / "releases" / release
            if release and "/" not in release and (folder / MANIFEST).is_file():
                return folder
            if release == before:
                raise DataError(
                    f"{pointer} names the release {release!r}, which is not there",
                    hint=f"load it again: ecomdata load {dataset} --force",
                )
            before = release  # a load may have superseded it since, and doctor --prune removed it

    def manifest(self, dataset: str) -> Manifest | None:
        """The visible release's manifest, or None when nothing is loaded."""
        folder = self.current(dataset)
        return read_manifest(folder, dataset) if folder else None

    def loaded(self) -> Iterator[str]:
        """Names of the datasets with a visible release, sorted.

        Raises:
            EcomdataError: a folder may not be read.
        """
        names: list[str] = []
        for base, folders, files in os.walk(self.root, onerror=_refuse, followlinks=True):
            name = Path(base).relative_to(self.root)
            if "current" in files and name.parts:
                names.append(name.as_posix())
            # A name is family or family/member. Releases are not looked into: loads come and go in there.
            folders[:] = [one for one in folders if one != "releases" and len(name.parts) < _PARTS]
        yield from sorted(names)

    def releases(self, dataset: str) -> list[str]:
        """Ids of all whole releases of a dataset, visible or superseded."""
        folder = self.folder(dataset) / "releases"
        return sorted(path.parent.name for path in folder.glob(f"[!.]*/{MANIFEST}"))

    @contextmanager
    def lock(self, dataset: str, on_wait: Callable[[str], None]) -> Generator[None]:
        """Hold the dataset for writing; says so once and waits while another process has it."""
        with alone(self.folder(dataset) / ".lock", f"writing {dataset}", on_wait):
            yield

    def remove_leftovers(self, dataset: str) -> None:
        """Remove what killed loads left. Call it only while holding the lock."""
        for folder in (self.folder(dataset) / "releases").glob(f"{_LOADING}*"):
            shutil.rmtree(folder, ignore_errors=True)
        for name in (".current.*.tmp", f"releases/*/.{MANIFEST}.*.tmp"):
            for file in self.folder(dataset).glob(name):
                file.unlink(missing_ok=True)

    def new_folder(self, dataset: str) -> Path:
        """A folder to write a release into, not visible to anyone."""
        folder = self.folder(dataset) / "releases" / f"{_LOADING}{uuid.uuid4().hex[:8]}"
        with writing(folder):
            folder.mkdir(parents=True)
        return folder

    def publish(self, folder: Path, manifest: Manifest) -> Path:
        """Make a written folder the visible release, and return where it is.

        A release with the same id that is still whole is kept instead, as it holds the same bytes; where
        they came from is then told anew.
        """
        releases = folder.parent
        target = releases / manifest.release
        attempt = 1
        with writing(target):
            while target.exists() and not _same_files(target, manifest):
                attempt += 1
                target = releases / f"{manifest.release}-{attempt}"
            if target.exists():
                shutil.rmtree(folder)
                _tell_origin(target, manifest)
            else:
                replace(manifest, release=target.name).write(folder)
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


def _named_by(pointer: Path) -> str:
    """What a pointer names; nothing where it is no plain file, as a pipe is waited for for ever."""
    if not stat.S_ISREG(pointer.stat().st_mode):
        return ""
    with pointer.open("rb") as file:
        return file.read(_LONGEST).decode("utf-8", errors="replace").strip()


def _refuse(error: OSError) -> None:
    if isinstance(error, PermissionError):
        raise unreadable(Path(error.filename)) from error


@contextmanager
def alone(lock: Path, doing: str, on_wait: Callable[[str], None]) -> Generator[None]:
    """Hold a lock, which the system gives back when a process ends, however it ends.

    Args:
        lock: A file, made with its folder where it is not there.
        doing: What another process that holds it is doing, as in "loading merrec".
        on_wait: Told once, when there is one; then the lock is waited for.

    Raises:
        EcomdataError: the folder may not be written.
    """
    import filelock

    with writing(lock.parent):
        lock.parent.mkdir(parents=True, exist_ok=True)
        held = filelock.FileLock(lock)
        try:
            held.acquire(timeout=0)
        except filelock.Timeout:
            on_wait(f"another process is {doing}; waiting for it to finish")
            held.acquire()
    try:
        yield
    finally:
        held.release()


def missing_files(folder: Path, manifest: Manifest) -> list[str]:
    """The files of a release that are missing or have another size, each with what is wrong."""
    problems: list[str] = []
    for record in manifest.tables.values():
        for file in (*record.files, *record.quarantine):
            path = folder / file.path
            try:
                size = path.stat().st_size
            except OSError:
                problems.append(f"{path} is missing")
                continue
            if size != file.size:
                problems.append(f"{path} has {size} bytes instead of {file.size}")
    return problems


def _same_files(folder: Path, manifest: Manifest) -> bool:
    """Whether a release folder holds exactly the files of the manifest, byte for byte, and says the same."""
    if not (folder / MANIFEST).is_file():
        return False
    try:
        there = read_manifest(folder, manifest.dataset)
    except EcomdataError:
        return False
    if (_untimed(there), there.views) != (_untimed(manifest), manifest.views):
        return False
    files = [file for table in there.tables.values() for file in (*table.files, *table.quarantine)]
    return all(_holds(folder / file.path, file) for file in files)


def _untimed(manifest: Manifest) -> dict[str, TableRecord]:
    """The tables as a manifest tells of them, but for the time that each of them took."""
    return {name: replace(record, seconds=0) for name, record in manifest.tables.items()}


def _tell_origin(folder: Path, manifest: Manifest) -> None:
    """Say in the manifest of a release that is kept where its bytes came from this time."""
    there = read_manifest(folder)
    now = replace(
        there,
        origin=manifest.origin,
        revision=manifest.revision,
        raw=manifest.raw,
        unrecognised=manifest.unrecognised,
    )
    if now != there:
        now.write(folder)


def _holds(path: Path, file: WrittenFile) -> bool:
    # The bytes themselves are hashed: who loads again may do so because the disk damaged them.
    if not path.is_file() or path.stat().st_size != file.size:
        return False
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest() == file.sha256


@contextmanager
def writing(where: Path) -> Generator[None]:
    """Name the cause when writing fails: no space, no permission, a read-only disk.

    Raises:
        EcomdataError: instead of the system's error, where the cause is one that the user can mend.
    """
    try:
        yield
    except EcomdataError:
        raise
    except Exception as error:
        if problem := _disk_problem(error, where):
            what, hint = problem
            raise EcomdataError(f"{what}: {where}", hint=f"{hint}; nothing was lost") from error
        raise


_DISK_PROBLEMS: Final = {
    errno.ENOSPC: ("no space left on the disk", f"free some space, or {_ELSEWHERE}"),
    errno.EDQUOT: ("the disk quota is used up", f"free some space, or {_ELSEWHERE}"),
    errno.EFBIG: (
        "the file grows beyond what the disk or the limit of this process allows",
        f"raise the limit (ulimit -f), or {_ELSEWHERE}",
    ),
    errno.EROFS: ("the disk is read-only", _ELSEWHERE),
    errno.EACCES: ("no permission to write", f"change the permissions, or {_ELSEWHERE}"),
    errno.EPERM: ("no permission to write", f"change the permissions, or {_ELSEWHERE}"),
    errno.ENOTDIR: ("a file stands where a folder is needed", _ELSEWHERE),
    errno.EEXIST: ("a file stands where a folder is needed", _ELSEWHERE),
    errno.EIO: ("the disk reports an error", f"check the disk, or {_ELSEWHERE}"),
}


_REFUSED: Final = ("Invalid thrift: transport error", "disk I/O error")
"""What polars 2.1 (of a Parquet file's end) and SQLite say when the disk refuses, whatever the reason."""
_FILLED: Final = "database or disk is full"
"""What SQLite says of a full disk."""
_FULL: Final = 1 << 16
"""Bytes left on a disk that is full: less than the end of a Parquet file takes."""


def _disk_problem(error: Exception, where: Path) -> tuple[str, str] | None:
    if isinstance(error, FileNotFoundError) and error.filename:
        missing = Path(error.filename)
        while missing != missing.parent and not missing.parent.exists():
            missing = missing.parent
        return f"{missing} is not there, or went away meanwhile", "see that its folder and its disk are there"
    if isinstance(error, OSError) and error.errno:
        return _DISK_PROBLEMS.get(error.errno)
    # polars and DuckDB wrap the system's error; its text is all that is left.
    text = str(error)
    if _FILLED in text:
        return _DISK_PROBLEMS[errno.ENOSPC]
    if any(words in text for words in _REFUSED):
        return _DISK_PROBLEMS[errno.ENOSPC if _free(where) < _FULL else errno.EIO]
    return next((found for code, found in _DISK_PROBLEMS.items() if os.strerror(code) in text), None)


def _free(where: Path) -> int:
    """Bytes that are free where a file is, or would be."""
    return shutil.disk_usage(nearest_there(where)).free


def require_loaded(store: Store, dataset: str) -> Path:
    """The folder of the visible release.

    Raises:
        UsageError: the dataset is not loaded.
    """
    folder = store.current(dataset)
    if folder is None:
        raise UsageError(f"{dataset} is not loaded in {store.home}", hint=f"run: ecomdata load {dataset}")
    return folder
