"""Which paths belong to a dataset: globs on the end of a path, so that any layout around it will do."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final, Literal

from ecomdata.declare import Dataset
from ecomdata.errors import UsageError
from ecomdata.sources.archive import is_archive

Verdict = Literal["wanted", "left out", "unknown"]

_PROSE: Final = re.compile(
    r"(readme|licen[cs]e|notice|citation|copying|changelog|manifest|croissant|(sha256|md5)sums?)([._-].*)?$"
    r"|(sample|dataset_infos?)\.json$|.*\.(md|md5|sha256|bib|cff)$",
    re.IGNORECASE,
)


def _split(path: str) -> list[str]:
    return [part for part in path.split("/") if part not in {"", "."}]


def _reach(states: set[int], pattern: list[str]) -> set[int]:
    # A ** may stand for no component at all.
    reached = set(states)
    for state in sorted(states):
        while state < len(pattern) and pattern[state] == "**":
            state += 1  # noqa: PLW2901 - walks on from this state
            reached.add(state)
    return reached


def _fits(parts: list[str], pattern: list[str]) -> bool:
    states = _reach({0}, pattern)
    for part in parts:
        after: set[int] = set()
        for state in states:
            if state == len(pattern):
                continue
            if pattern[state] == "**":
                after.add(state)
            elif fnmatchcase(part, pattern[state]) or fnmatchcase(part, f"{pattern[state]}.gz"):
                after.add(state + 1)
        states = _reach(after, pattern)
    return len(pattern) in states


def matched_length(path: str, glob: str) -> int | None:
    """The least number of components at the end of ``path`` that the glob takes up; None for no match.

    ``*``, ``?`` and ``[...]`` stay within one component, ``**`` stands for any number of components,
    and a glob that ends in ``/`` means everything below that folder. Case matters. A file that is packed by
    itself, ``clicks.csv.gz``, is matched by what matches ``clicks.csv``.
    """
    parts = _split(path)
    pattern = _split(glob)
    if not pattern:
        return None
    if glob.endswith("/"):
        pattern.append("**")
    for length in range(1, len(parts) + 1):
        if _fits(parts[-length:], pattern):
            return length
    return None


def matches_tail(path: str, glob: str) -> bool:
    """Whether the glob matches the end of the path, component by component (see :func:`matched_length`)."""
    return matched_length(path, glob) is not None


def hidden(path: str) -> bool:
    """Whether a path is that of a system's or a program's own file, such as macOS's ``._clicks.csv``."""
    return any(part.startswith(".") or part == "__MACOSX" for part in _split(path))


def ignorable(path: str) -> bool:
    """Whether a file beside the data says nothing about it: hidden, a README, a licence, a manifest."""
    parts = _split(path)
    return hidden(path) or not parts or bool(_PROSE.match(parts[-1]))


def inside_archive(name: str) -> str:
    """The path of a raw file inside the archive that it is a member of; empty where it is no member."""
    parts = name.split("/")
    below = (place + 1 for place, part in enumerate(parts[:-1]) if is_archive(part))
    return "/".join(parts[next(below, len(parts)) :])


def needs_unpacking(name: str) -> bool:
    """Whether a file that belongs to no table may be data in a container that is not looked into."""
    return is_archive(name) or name.lower().endswith((".bz2", ".xz", ".zst", ".lz4", ".7z", ".rar"))


@dataclass(frozen=True, slots=True)
class Selection:
    """What is looked for.

    Attributes:
        known: Every glob of the dataset.
        wanted: The globs of the chosen tables.
        only: A further glob on the path, or empty.
    """

    known: tuple[str, ...]
    wanted: tuple[str, ...]
    only: str = ""

    @classmethod
    def of(
        cls, dataset: Dataset, *, only: str | None = None, tables: Collection[str] | None = None
    ) -> Selection:
        """The files of a dataset, or of some of its tables.

        A derived table needs the files of every other table.

        Raises:
            UsageError: the dataset has no such table.
        """
        names = [table.name for table in dataset.tables]
        chosen = list(names if tables is None else tables)
        for name in chosen:
            if name not in names:
                raise UsageError(
                    f"{dataset.name} has no table {name!r}",
                    hint=near(name, names) or f"it has {', '.join(names)}",
                )
        if any(dataset.table(name).derive for name in chosen):
            chosen = names
        return cls(_globs(dataset, names), _globs(dataset, chosen), only or "")

    def place(self, path: str, shown: int) -> tuple[Verdict, str]:
        """Whether a file is wanted, and the name it goes by.

        The name is the last ``shown`` components of the path, or more where a glob takes up more: so a
        shard has its month before it even when the month's folder itself was given.
        """
        parts = _split(path)
        length = self._longest(path, self.wanted)
        if length == 0:
            known = self._longest(path, self.known) > 0
            return ("left out" if known else "unknown"), "/".join(parts[-shown:])
        if self.only:
            # A folder's name alone stands for all that is in it.
            extra = matched_length(path, self.only.rstrip("/") + "/**")
            if extra is None:
                return "left out", "/".join(parts[-max(shown, length) :])
            length = max(length, extra)
        return "wanted", "/".join(parts[-max(shown, length) :])

    def _longest(self, path: str, globs: Iterable[str]) -> int:
        return max((matched_length(path, glob) or 0 for glob in globs), default=0)


def _globs(dataset: Dataset, tables: Iterable[str]) -> tuple[str, ...]:
    globs = (glob for name in tables for raw in dataset.table(name).raws for glob in raw.files)
    return tuple(dict.fromkeys(globs))


def near(name: str, names: Iterable[str]) -> str:
    """A hint with the names most like this one, or empty."""
    close = difflib.get_close_matches(name, list(names), n=3, cutoff=0.6)
    return f"did you mean {' or '.join(close)}?" if close else ""
