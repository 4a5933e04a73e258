"""What publishing would change in a repository: nothing is sent that is there, nothing stale is left."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from ecomdata.published import is_part
from ecomdata.publishing.content import Content
from ecomdata.sources.hub_client import Entry

Status = Literal["new", "replaced", "there", "deleted"]


@dataclass(frozen=True, slots=True)
class State:
    """A repository as it is now.

    Attributes:
        commit: The branch's head, or where the branch would begin; empty where there is no repository.
        private: Whether only its members see it.
        branch_there: Whether the branch is there.
        entries: Path -> file.
    """

    commit: str = ""
    private: bool = True
    branch_there: bool = False
    entries: Mapping[str, Entry] = field(default_factory=dict[str, Entry])

    def entry(self, path: str) -> Entry | None:
        """The file at a path, or None."""
        return self.entries.get(path)


@dataclass(frozen=True, slots=True)
class Ours:
    """Which files of a repository are there only because we publish to it.

    Attributes:
        tables: The names of all tables.
        pictures: The paths of those that the card shows now.
    """

    tables: Collection[str]
    pictures: Collection[str] = ()

    def has(self, path: str) -> bool:
        """Whether a file is one of them."""
        return is_part(path, self.tables) or path in self.pictures


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done.

    Attributes:
        repo: ``OWNER/NAME``.
        branch: The branch that gets the commit.
        state: What it was made for.
        contents: What is to stand there in the end.
        status: Path -> whether it is new, replaced, there already or deleted.
    """

    repo: str
    branch: str
    state: State
    contents: tuple[Content, ...]
    status: Mapping[str, Status]

    @property
    def sent(self) -> tuple[Content, ...]:
        """The files that are new or replaced."""
        return tuple(one for one in self.contents if self.status[one.path] in {"new", "replaced"})

    @property
    def deleted(self) -> tuple[str, ...]:
        """The paths that go."""
        return tuple(path for path, status in self.status.items() if status == "deleted")

    @property
    def size(self) -> int:
        """Bytes to send, at most: the Hub may have some of them without a file that says so."""
        return sum(content.size for content in self.sent)

    @property
    def done(self) -> bool:
        """Whether nothing is left to do."""
        return not self.sent and not self.deleted

    def problems(self, state: State) -> list[str]:
        """What of this plan a repository does not show, each with both values; empty when all is done."""
        problems = [f"{path} is still there" for path in self.deleted if state.entry(path)]
        for content in self.contents:
            entry = state.entry(content.path)
            if entry is None:
                problems.append(f"{content.path} is not there")
            elif not content.is_at(entry):
                found = entry.sha256 or f"git {entry.blob}"
                problems.append(
                    f"{content.path} has {entry.size:,} bytes with hash {found}, "
                    f"not {content.size:,} with {content.sha256}"
                )
        return problems

    def exceeds(self, other: Plan) -> list[str]:
        """The paths that this plan would replace or delete and the other would not."""
        lossy = {"replaced", "deleted"}
        return [p for p, s in self.status.items() if s in lossy and other.status.get(p) not in lossy]


def make_plan(repo: str, branch: str, state: State, wanted: Sequence[Content], ours: Ours) -> Plan:
    """Compare what is wanted with what is there.

    Files that are none of ours stay; what would be read as a part of one of the tables does not, nor do
    pictures that the card shows no more.
    """
    status: dict[str, Status] = {}
    for content in wanted:
        entry = state.entry(content.path)
        status[content.path] = "new" if entry is None else ("there" if content.is_at(entry) else "replaced")
    for path in state.entries:
        if path not in status and ours.has(path):
            status[path] = "deleted"
    return Plan(repo, branch, state, tuple(wanted), status)
