"""Raw files that the user has: a folder in any layout, one file, or an archive."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from ecomdata.declare import Dataset
from ecomdata.errors import DataError, EcomdataError, UsageError
from ecomdata.pathnames import checked, expanded, in_utf8, nearest_there
from ecomdata.rawfile import RawFile
from ecomdata.sources.archive import is_archive, member_file, members, on_disk
from ecomdata.sources.matching import Selection, hidden, ignorable, near
from ecomdata.sources.plan import Plan, nothing_found, some, total_size

_CHUNK: Final = 1 << 20


@dataclass(slots=True)
class Found:
    """What a walk came upon."""

    files: list[RawFile] = field(default_factory=list[RawFile])
    unrecognised: list[str] = field(default_factory=list[str])
    left_out: int = 0
    notes: list[str] = field(default_factory=list[str])


def plan_local(dataset: Dataset, source: str, selection: Selection, home: Path) -> Plan:
    """The dataset's files below a path.

    Raises:
        UsageError: the path does not exist or is not UTF-8, none of the dataset's files is there, or it is a
            repository in the Hub's cache and no commit of it.
        DataError: an archive there is damaged or not to be trusted, or a file's name is not UTF-8.
    """
    path = Path(os.path.abspath(expanded(Path(source))))  # noqa: PTH100 - links keep their names
    checked(path, "the source")
    if not path.exists():
        raise _missing(path, source)
    found = Found()
    if path.is_dir():
        _reject_cached_repository(path)
        for file in sorted(_walk(path, found)):
            consider(file, len(file.relative_to(path).parts), selection, home, found)
    else:
        consider(path, 1, selection, home, found)
    _drop_copies(found)
    files = tuple(sorted(found.files, key=lambda file: file.name))
    unrecognised = tuple(sorted(found.unrecognised))
    if not files:
        error = nothing_found(dataset, source, unrecognised, only=selection.only, left_out=found.left_out)
        error.hint = "; ".join((*found.notes, error.hint))
        raise error
    return Plan(
        dataset=dataset.name,
        origin=str(path),
        folder=path if path.is_dir() else path.parent,
        files=files,
        size=total_size(files),
        unrecognised=unrecognised,
        notes=tuple(found.notes),
    )


def consider(path: Path, shown: int, selection: Selection, home: Path, found: Found) -> None:
    """Sort one file on disk into what was found, its members when it is an archive.

    ``shown`` is how many of its last path components are its name.
    """
    verdict, name = selection.place(path.as_posix(), shown)
    name = _named(name, needed=verdict == "wanted" or is_archive(path.name))
    if verdict == "wanted":
        found.files.append(on_disk(path, name, home))
    elif verdict == "left out":
        found.left_out += 1
    elif ignorable(name):
        return
    elif is_archive(path.name):
        archive = RawFile.on_disk(path, name)
        look_into(archive, selection, home, found, path.as_posix())
    else:
        found.unrecognised.append(name)


def _named(name: str, *, needed: bool) -> str:
    """The name in UTF-8, as it will stand in the manifest; a file that is read must be called so."""
    plain = in_utf8(name)
    if needed and plain != name:
        raise DataError(f"{plain} has a name that is not UTF-8", hint="rename it as upstream calls it")
    return plain


def look_into(archive: RawFile, selection: Selection, home: Path, found: Found, path: str) -> None:
    """Sort the members of an archive on disk into what was found; ``path`` is what globs are matched on.

    Raises:
        DataError: the archive is damaged or not to be trusted.
    """
    shown = len(archive.name.split("/"))
    for member in members(archive.container, archive.name):
        if hidden(member.name):
            continue
        depth = shown + len(member.name.split("/"))
        verdict, name = selection.place(f"{path}/{member.name}", depth)
        name = _named(name, needed=verdict == "wanted")
        if verdict == "wanted":
            found.files.append(member_file(archive, member, name, home))
        elif verdict == "left out":
            found.left_out += 1
        elif not ignorable(member.name):
            found.unrecognised.append(name)


def expander(dataset: Dataset, selection: Selection, home: Path) -> Callable[[RawFile], tuple[RawFile, ...]]:
    """What turns a downloaded archive into its wanted members, sorted, and leaves any other file as it is.

    It raises DataError for an archive that is damaged, UsageError for one without the dataset's files.
    """

    def expand(file: RawFile) -> tuple[RawFile, ...]:
        whole = file.name.rsplit("/", 1)[-1] == file.container.name
        if not (whole and is_archive(file.name)) or selection.place(file.name, 1)[0] == "wanted":
            return (file,)
        found = Found()
        look_into(file, selection, home, found, file.name)
        if not found.files:
            seen = tuple(found.unrecognised)
            raise nothing_found(dataset, file.name, seen, only=selection.only, left_out=found.left_out)
        return tuple(sorted(found.files, key=lambda one: one.name))

    return expand


def _fence(folder: Path) -> Path:
    # A snapshot in the Hub's cache is a folder of links into blobs/ beside it; those are the user's data.
    for inside in (folder, *folder.parents):
        if inside.parent.name == "snapshots" and (inside.parent.parent / "blobs").is_dir():
            return inside.parent.parent.resolve()
    return folder.resolve()


def _reject_cached_repository(path: Path) -> None:
    snapshots = path if path.name == "snapshots" else path / "snapshots"
    if (snapshots.parent / "blobs").is_dir() and snapshots.is_dir():
        there = sorted(snapshots.iterdir())
        raise UsageError(
            f"{snapshots.parent} is a repository in the Hub's cache, which may hold files of several commits",
            hint=f"give the folder of one commit: {some([str(one) for one in there]) or 'it has none'}",
        )


def _walk(folder: Path, found: Found) -> Iterator[Path]:
    fence = _fence(folder)
    outside = 0

    def unreadable(error: OSError) -> None:
        raise EcomdataError(
            f"cannot read the folder {error.filename}: {error.strerror}", hint="check its permissions"
        ) from error

    for base, folders, names in os.walk(folder, onerror=unreadable):
        here = Path(base)
        # os.walk goes into no linked folder; one that leads outside is worth a word.
        outside += sum(_leaves(here / name, fence) for name in folders)
        folders[:] = [name for name in folders if not hidden(name)]
        for name in names:
            path = here / name
            if hidden(name):
                continue
            if _leaves(path, fence):
                outside += 1
            elif path.is_file() and not _second_name(path, folder):
                yield path
    if outside:
        found.notes.append(
            f"{outside} link(s) lead out of {folder} and were not followed; give their target instead"
        )


def _target(path: Path) -> Path:
    # Unlike Path.resolve, this takes a link to itself for a path like any other.
    return Path(os.path.realpath(path))


def _leaves(path: Path, fence: Path) -> bool:
    return path.is_symlink() and not _target(path).is_relative_to(fence)


def _second_name(path: Path, folder: Path) -> bool:
    """Whether this is a link to a file that the walk comes to under its own name."""
    if not path.is_symlink():
        return False
    target, root = _target(path), _target(folder)
    # git-annex links into .git: the walk does not go there.
    return target.is_relative_to(root) and not hidden(target.relative_to(root).as_posix())


def _drop_copies(found: Found) -> None:
    """Leave out members that lie unpacked beside their archive: their rows would count twice."""
    plain: dict[str, list[RawFile]] = {}
    for file in found.files:
        if not _packed(file):
            plain.setdefault(_base(file), []).append(file)
    kept: list[RawFile] = []
    for file in found.files:
        twin = next((one for one in plain.get(_base(file), []) if _packed(file) and _same(file, one)), None)
        if twin is None:
            kept.append(file)
        else:
            found.notes.append(f"{file.name} is left out: {twin.name} is the same file, unpacked")
    found.files = kept


def _packed(file: RawFile) -> bool:
    return is_archive(file.container.name)


def _base(file: RawFile) -> str:
    return file.name.rsplit("/", 1)[-1].removesuffix(".gz")


def _same(one: RawFile, other: RawFile) -> bool:
    with one.open() as left, other.open() as right:
        while True:
            a, b = left.read(_CHUNK), right.read(_CHUNK)
            if a != b:
                return False
            if not a:
                return True


def _missing(path: Path, source: str) -> UsageError:
    there = nearest_there(path.parent)
    if there != path.parent:
        hint = f"the path exists as far as {there}"
    else:
        hint = near(path.name, sorted(one.name for one in there.iterdir()) if there.is_dir() else ())
    if source.count("/") == 1 and not source.startswith((".", "/", "~")) and not source.endswith("/"):
        hint = (hint + "; " if hint else "") + f"for the Hugging Face Hub write hf://datasets/{source}"
    return UsageError(f"there is no file or folder {source}", hint=hint)
