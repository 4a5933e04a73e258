from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest

DOCS = runpy.run_path(str(Path(__file__).parents[2] / "docs" / "reliabilitydocs.py"))


def _report(held: int, **group: Any) -> dict[str, Any]:
    return {
        "scale": "full",
        "seed": 7,
        "machine": {"cores": 2, "python": "3.11", "os": "Linux"},
        "tried": 2,
        "held": held,
        "seconds": 1.0,
        "groups": [
            {
                "name": "kill",
                "promise": "All holds.",
                "tried": 2,
                "held": held,
                "skipped": "",
                "targets": {"load": {"tried": 2, "held": held}},
                "messages": [],
                "not_held": [],
                **group,
            }
        ],
    }


def test_the_page_and_the_readme_are_current(root: Path) -> None:
    """They say what the committed reports say; make docs writes both again."""
    found = DOCS["reports"]()
    assert (root / "docs" / "reliability.md").read_text("utf-8") == DOCS["page"](found), "run: make docs"
    readme = (root / "README.md").read_text("utf-8")
    assert DOCS["with_sentence"](readme, DOCS["sentence"](found)) == readme, "run: make docs"


def test_the_sentence_counts_and_owns_up() -> None:
    """It says nothing is lost only where every promise held."""
    whole = DOCS["sentence"]({"faults": _report(2), "hostile": _report(2)})
    assert "2 of 2 faults survived, 2 of 2 hostile inputs refused; nothing lost." in whole
    broken = DOCS["sentence"]({"faults": _report(1)})
    assert "1 of 2 faults survived; what did not hold is named there." in broken


def test_hostile_words_stay_words() -> None:
    """What a trial tells of a hostile input neither leaves its cell nor reaches a terminal."""
    detail = "\x1b[31m<script> | `x` [link](http://evil)"
    trial = {"target": "load", "fault": "a kick", "detail": detail}
    page = DOCS["page"]({"faults": _report(1, messages=[trial], not_held=[trial])})
    assert "\x1b" not in page
    assert "<script>" not in page.replace("\\<", "")
    assert page.count("- kill, load, a kick: ?\\[31m\\<script\\> \\| \\`x\\` \\[link\\](http://evil)") == 2


@pytest.mark.parametrize("skipped", ["no tmpfs here"])
def test_what_was_skipped_is_said(skipped: str) -> None:
    """With the reason, in the place of counts."""
    page = DOCS["page"]({"faults": _report(0, skipped=skipped, targets={})})
    assert f"| kill | skipped: {skipped} | All holds. |" in page


def test_of_very_many_targets_a_few_are_named() -> None:
    """A cell of hundreds is read by nobody; what did not hold is named below all the same."""
    counts = {"tried": 1, "held": 1}
    page = DOCS["page"]({"faults": _report(2, targets={f"pair {number}": counts for number in range(300)})})
    assert "pair 0 1/1, pair 1 1/1, pair 2 1/1, and 297 more" in page
    assert "pair 3 1/1" not in page
    few = DOCS["page"]({"faults": _report(2, targets={f"pair {number}": counts for number in range(30)})})
    assert "pair 29 1/1" in few
