"""A plan: which raw files a load will read, and what must be downloaded first."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import unquote

from ecomdata.console import human_bytes
from ecomdata.declare import PASSING_ON, Dataset, Licence
from ecomdata.errors import AccessError, EcomdataError, UsageError
from ecomdata.pathnames import nearest_there
from ecomdata.rawfile import RawFile
from ecomdata.sources.matching import needs_unpacking
from ecomdata.sources.recognise import reject_imposters

CONFIRM_ABOVE: Final = 1_000_000_000
"""Bytes of a download above which the user is asked first."""

OnBytes = Callable[[int], None]
"""Told of bytes as they arrive; a negative number takes back bytes that must be fetched again."""

COMMIT: Final = re.compile(r"[0-9a-f]{40}")
"""The id of a commit, and the name of the folder of what is downloaded of it."""
_CACHED: Final = re.compile(r"datasets--.+?--(.+)/snapshots")
"""A repository in the Hub's cache, above the folders of its commits."""
_SHOWN: Final = 5
_SECRET: Final = re.compile("token|key|sig|secret|pass|pwd|auth|credential|jwt|code|session", re.IGNORECASE)
"""Of names of an address's parameters."""
_AT_ONCE: Final = 4
"""Downloads side by side: one connection seldom fills the line, and servers frown on many."""


def ignore_bytes(_: int) -> None:
    """An :data:`OnBytes` for when nobody watches."""


def raw_folder(home: Path, dataset: str) -> Path:
    """Where a dataset's downloads are."""
    return home / "raw" / dataset


def telling(folders: Sequence[str]) -> tuple[str, ...]:
    """The last of some folders that says something: of what the Hub sent, the repository, not its commit."""
    last = [folder for folder in folders if not COMMIT.fullmatch(folder)][-2:]
    cached = _CACHED.fullmatch("/".join(last))
    return (cached[1],) if cached else tuple(last[-1:])


def _as_is(file: RawFile) -> tuple[RawFile, ...]:
    return (file,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The raw files of one load.

    Attributes:
        dataset: The dataset's name.
        origin: Where they are, in words: a folder, an ``hf://`` or an ``https://`` address.
        folder: Where they are, or will be put, on this machine.
        files: The raw files, sorted by name; an archive still to be downloaded stands for its members.
        size: Bytes of all files on disk, compressed where they are; each archive counts once.
        revision: The Hub's commit, else empty.
        missing: Files still to be downloaded.
        download_bytes: Their bytes, as far as the servers say.
        size_known: Whether the servers say so of every file.
        unrecognised: Names of files in the user's folder that belong to no table.
        notes: What the user should know, such as links that were not followed.
    """

    dataset: str
    origin: str
    folder: Path
    files: tuple[RawFile, ...]
    size: int
    revision: str = ""
    missing: int = 0
    download_bytes: int = 0
    size_known: bool = True
    unrecognised: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    expand: Callable[[RawFile], tuple[RawFile, ...]] = field(default=_as_is, repr=False, compare=False)

    def ready(self, file: RawFile) -> tuple[RawFile, ...]:
        """Bring one of the plan's files to disk and check it: the file, or the members when it is an archive.

        Raises:
            DataError: what is there or what came is not data, is damaged, or has another hash.
            AccessError: the server wants a login.
            EcomdataError: the network or the disk failed.
        """
        found = self.expand(file.fetched())
        for one in found:
            reject_imposters(one)
        return found


@contextmanager
def fetching(plan: Plan) -> Generator[Iterator[tuple[RawFile, ...]]]:
    """Bring the plan's files to disk, a few at a time, and give each in order when it is there.

    When the context ends early, by an error or Ctrl-C, what is being downloaded is left to be resumed.
    """
    with ExitStack() as stack:
        pool = stack.enter_context(ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="fetch"))
        stack.callback(pool.shutdown, wait=False, cancel_futures=True)
        yield pool.map(plan.ready, plan.files)


def total_size(files: tuple[RawFile, ...]) -> int:
    """Bytes of the files' containers, each counted once."""
    return sum({file.container: file.size for file in files}.values())


def needs_confirmation(plan: Plan) -> bool:
    """Whether the download is, or may be, so large that the user should agree to it first."""
    return plan.download_bytes > CONFIRM_ABOVE or not plan.size_known


def require_space(plan: Plan) -> None:
    """Check that the download fits on the disk.

    Raises:
        EcomdataError: it does not.
    """
    folder = nearest_there(plan.folder)
    free = shutil.disk_usage(folder).free
    needed = plan.download_bytes - _come(plan)
    if needed > free:
        raise EcomdataError(
            f"{plan.dataset}: the download needs {human_bytes(needed)}, "
            f"and {folder} has {human_bytes(free)} free",
            hint="free some space, choose another disk with --home, or load a part with --only",
        )


def part_of(target: Path) -> Path:
    """Where a file is while it is downloaded."""
    return target.with_name(target.name + ".part")


def unfinished(path: Path) -> bool:
    """Whether a file is one of a download that broke off."""
    return path.name.endswith((".part", ".part.json"))


def _come(plan: Plan) -> int:
    """Bytes on the disk of what is still to be downloaded: they are resumed, or given back."""
    parts = {part_of(file.container) for file in plan.files}
    return sum(part.stat().st_size for part in parts if part.is_file())


def describe(plan: Plan, licence: Licence) -> list[str]:
    """The plan as lines for the user: files, bytes, terms, and where downloads are put."""
    count = f"{len(plan.files):,} file{'' if len(plan.files) == 1 else 's'}"
    size = human_bytes(plan.size) if plan.size_known else "size unknown"
    lines = [f"{plan.dataset}: {count}, {size}, from {plan.origin}"]
    if plan.revision:
        lines.append(f"revision: {plan.revision}")
    if plan.missing:
        needed = human_bytes(plan.download_bytes) if plan.size_known else "as much as the server sends"
        lines.append(f"to download: {needed}, into {plan.folder}")
    lines.append(f"terms: {licence.title}, {licence.url} ({PASSING_ON[licence.redistribution]})")
    packed = [name for name in plan.unrecognised if needs_unpacking(name)]
    others = [name for name in plan.unrecognised if not needs_unpacking(name)]
    if packed:
        lines.append(f"not looked into, unpack what belongs to {plan.dataset}: {some(packed)}")
    if others:
        lines.append(f"belonging to no table, left alone: {some(others)}")
    lines += plan.notes
    return lines


def shown(url: str) -> str:
    """An address for messages and manifests, without the passwords and tokens that may be in it."""
    url = re.sub(r"(?<=://)[^/?#]*@", "***@", url)
    return re.sub(r"[?&#][^?&#]*", lambda match: _masked(match[0]), url)


def _masked(parameter: str) -> str:
    """A parameter of an address, or several with ``;`` between, without the value of one that is secret."""
    for name in re.finditer(r"([^=;]*)=", parameter):
        if _SECRET.search(unquote(name[1])):
            return f"{parameter[: name.end()]}***"
    return parameter


def some(names: tuple[str, ...] | list[str]) -> str:
    """The first few names, and how many there are besides."""
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more:,} more" if more > 0 else "")


def expected_names(dataset: Dataset) -> str:
    """The globs of the dataset's files, for messages."""
    globs = dict.fromkeys(glob for table in dataset.tables for raw in table.raws for glob in raw.files)
    return ", ".join(globs)


def by_hand(dataset: Dataset) -> AccessError:
    """The error for files that a program cannot get: how the user can."""
    need = {"login": "a login", "agreement": "agreeing to terms first", "gated": "access and a token"}
    what = need.get(dataset.access, "getting them by hand")
    steps = [source.instructions.strip() for source in dataset.sources if source.instructions.strip()]
    lines = [
        f"{dataset.name}: its files cannot be downloaded without {what}",
        *(steps or [f"see {dataset.homepage}"]),
        f"put them into any folder; expected names: {expected_names(dataset)}",
    ]
    return AccessError("\n".join(lines), hint=f"then run: ecomdata load {dataset.name} --source FOLDER")


class NothingFoundError(UsageError):
    """A source has not a single file of the dataset."""


def nothing_found(
    dataset: Dataset, origin: str, seen: tuple[str, ...], *, only: str | None, left_out: int
) -> NothingFoundError:
    """The error for a source without a single file of the dataset."""
    if only and left_out:
        return NothingFoundError(
            f"--only {only} matches none of the {left_out:,} files of {dataset.name} in {origin}",
            hint="it is a glob on the end of a file's path; a folder's name means all files in it",
        )
    there = f"it holds {some(seen)}" if seen else "it holds no data files"
    packed = [name for name in seen if needs_unpacking(name)]
    first = f"unpack {some(packed)}, which is not looked into; " if packed else ""
    return NothingFoundError(
        f"{origin} has no files of {dataset.name}: {there}",
        hint=f"{first}expected names: {expected_names(dataset)}",
    )
