"""What a person does with an item: answer, take the suggestion, skip, undo; and what comes next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ecomdata.annotating.answers import validate
from ecomdata.annotating.serving.forms import FormError, Posted, answer_of, checked
from ecomdata.annotating.serving.timing import bounded, wall_ms
from ecomdata.errors import UsageError

if TYPE_CHECKING:
    from ecomdata.annotating.project import Project
    from ecomdata.annotating.records import Assignment, Progress


@dataclass(frozen=True, slots=True)
class Position:
    """Where a person is.

    Attributes:
        assignment: What to answer now, or None when nothing is left.
        progress: What was done.
        before: The answer that was undone, with its ``active_ms``, to go on from; None for a fresh item.
    """

    assignment: Assignment | None
    progress: Progress
    before: Mapping[str, Any] | None = None


def position_of(project: Project, annotator_id: int) -> Position:
    """What a person is to answer now: the same until it is answered or skipped."""
    assignment = project.next_item(annotator_id)
    before = project.last_answer(assignment.assignment_id) if assignment else None
    return Position(assignment, project.progress(annotator_id), before)


def act(project: Project, annotator_id: int, posted: Posted) -> str:
    """Do what a form asks for; it is stored when this returns. What is sent twice counts once.

    Returns:
        What was done, in words.

    Raises:
        FormError: the form is not filled in, or not one of the page's.
        UsageError: the item is another person's, or is answered already.
    """
    # A key is the browser's word; with the person's number it cannot meet another person's.
    key = f"{annotator_id}:{posted.key()}"
    what = posted.one("do", "answer")
    if what == "undo":
        undone = project.undo(annotator_id, client_key=key)
        return "Taken back. Answer it again." if undone else "There is nothing to take back."
    if what not in {"answer", "accept", "skip"}:
        raise FormError("The form is not complete. Load the page again.")
    assignment = project.assignment(posted.number("assignment"))
    if assignment.annotator_id != annotator_id:
        raise UsageError("this item is another person's")
    passed = wall_ms(assignment.created)
    times = {"active_ms": bounded(posted.number("active"), passed), "wall_ms": passed}
    comment = posted.text("comment") or None
    if what == "skip":
        project.skip(assignment.assignment_id, posted.reason(), comment=comment, client_key=key, **times)
        return "Skipped."
    answer, accepted = _answer(project, assignment, posted, taken=what == "accept")
    project.record_answer(
        assignment.assignment_id, answer, accepted=accepted, comment=comment, client_key=key, **times
    )
    return "Saved."


def _answer(
    project: Project, assignment: Assignment, posted: Posted, *, taken: bool
) -> tuple[dict[str, Any], bool | None]:
    """The answer, and whether it is the suggestion as it was; None where the person saw none."""
    shown = assignment.suggestion.answer if assignment.suggestion else None
    if taken and shown is None:
        raise FormError("There is no suggestion to take.")
    value = shown if taken else answer_of(project.task, posted)
    answer = checked(project.task, assignment.content, value)
    if shown is None:
        return answer.as_dict(), None
    return answer.as_dict(), answer == validate(project.task, assignment.content, shown)
