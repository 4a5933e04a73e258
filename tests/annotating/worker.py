"""Answers items of a project until it is killed, and tells on stdout what it was told was stored."""

from __future__ import annotations

import sys

from ecomdata.annotating.project import Project
from tests.annotating.projects import POSITIVE


def main(folder: str, annotator: int) -> None:
    """Answer all there is, one item after the other."""
    with Project.open(folder) as project:
        while (given := project.next_item(annotator)) is not None:
            key = f"{annotator}-{given.assignment_id}"
            event = project.record_answer(
                given.assignment_id, POSITIVE, active_ms=1, wall_ms=1, client_key=key
            )
            sys.stdout.write(f"{given.item_id} {given.assignment_id} {event} {key}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
