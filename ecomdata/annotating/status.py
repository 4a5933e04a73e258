"""How far a project is."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from ecomdata.console import escaped, new_console, new_table

if TYPE_CHECKING:
    from ecomdata.annotating.project import Project


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonStatus:
    """One person: what they have answered and skipped, and their median active seconds of late."""

    name: str
    answered: int
    skipped: int
    seconds: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """A project in numbers.

    Attributes:
        folder: Where it is.
        task: The task's name.
        kind: The task's kind.
        dataset: The dataset that the pool is from.
        release: Its release.
        strategy: Which items come first.
        items: All items.
        gold: Those with a known answer.
        complete: Items of the pool with all the answers that they need.
        answers: Answers that count.
        round: Rounds of suggestions so far.
        suggested: Items with a suggestion.
        people: The people, in the order in which they were added.
    """

    folder: str
    task: str
    kind: str
    dataset: str
    release: str
    strategy: str
    items: int
    gold: int
    complete: int
    answers: int
    round: int
    suggested: int
    people: tuple[PersonStatus, ...]

    def as_dict(self) -> dict[str, Any]:
        """The status as JSON-ready values."""
        return asdict(self)


def status_of(project: Project) -> Status:
    """How far a project is now."""
    everyone = project.annotators()
    progress = [project.progress(person.annotator_id) for person in everyone]
    return Status(
        folder=str(project.folder),
        task=project.task.name,
        kind=project.task.kind,
        dataset=project.meta["dataset"],
        release=project.meta["release"],
        strategy=project.settings.strategy,
        people=tuple(
            PersonStatus(name=person.name, answered=one.answered, skipped=one.skipped, seconds=one.seconds)
            for person, one in zip(everyone, progress, strict=True)
        ),
        **asdict(project.counts()),
    )


def print_status(status: Status) -> None:
    """Show a status on the terminal."""
    console = new_console()
    facts = new_table("project", status.folder)
    for name, value in (
        ("task", f"{status.task} ({status.kind})"),
        ("pool", f"{status.dataset}, release {status.release}"),
        ("items", f"{status.items:,}, {status.gold:,} of them gold"),
        ("complete", f"{status.complete:,}"),
        ("answers", f"{status.answers:,}"),
        ("suggestions", f"{status.suggested:,} items, {status.round} rounds"),
        ("strategy", status.strategy),
    ):
        facts.add_row(name, escaped(value))
    console.print(facts)
    if not status.people:
        return
    people = new_table("person", "answered", "skipped", "seconds", right=("answered", "skipped", "seconds"))
    for one in status.people:
        seconds = "" if one.seconds is None else f"{one.seconds:.1f}"
        people.add_row(escaped(one.name), f"{one.answered:,}", f"{one.skipped:,}", seconds)
    console.print(people)
