"""What the guides and tutorials show is what happens."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.pages import blocks, check, tidy

ROOT = Path(__file__).resolve().parents[2]
PAGES = [path for path in sorted((ROOT / "docs").rglob("*.md")) if blocks(path.read_text(encoding="utf-8"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT / "docs").as_posix())
def test_a_page_prints_what_it_says(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, renew_golden: bool
) -> None:
    """Its commands and its Python run in order, in an empty home and folder, and print its answers.

    After a change that is meant, ``pytest -q tests/docs --renew-golden`` writes them, to be looked at.
    """
    monkeypatch.chdir(tmp_path)
    check(page, renew=renew_golden)


def test_another_answer_is_noticed(tmp_path: Path) -> None:
    """A page that shows what is not printed fails, with the block that it follows."""
    page = tmp_path / "page.md"
    page.write_text("# P\n\n```python\nprint(1 + 1)\n```\n\n```text\n3\n```\n")
    with pytest.raises(AssertionError, match=r"page.md shows another answer to\nprint"):
        check(page, renew=False)
    check(page, renew=True)
    assert page.read_text() == "# P\n\n```python\nprint(1 + 1)\n```\n\n```text\n2\n```\n"


def test_blanks_at_the_ends_of_lines_do_not_count() -> None:
    """Tables are padded on a terminal, and not on a page."""
    assert tidy("\n a  \nb\n\n") == " a\nb"
