"""What a project shows: the report in words, as JSON, on the terminal and as a page."""

from __future__ import annotations

import json
import sys
from collections.abc import Generator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from ecomdata.annotating.adjudicating import adjudicate, decisions, disagreements
from ecomdata.annotating.measuring.measured import measure
from ecomdata.annotating.measuring.words import in_words
from ecomdata.annotating.pool import Pool, PoolItem
from ecomdata.annotating.project import Project
from ecomdata.annotating.reporting import log_of, report_on
from ecomdata.annotating.settings import Settings
from ecomdata.annotating.status import status_of
from ecomdata.errors import EcomdataError, UsageError
from tests.annotating.projects import answer, make_project, people, suggest, task
from tests.annotating.simulated import simulate
from tests.conftest import RunCli

VOID = {"meta", "line", "rect", "polyline"}


class Balanced(HTMLParser):
    """Checks that every element ends, and collects texts and attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.texts: list[str] = []
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element begins."""
        self.addresses += [value or "" for name, value in attrs if name in {"src", "href", "srcset"}]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """An element ends; those of SVG end where they begin."""
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Text."""
        self.texts.append(data)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Generator[Project]:
    """Scores in which people take half the time with a suggestion, and half of the time take it unread."""
    made = simulate(
        tmp_path_factory.mktemp("report") / "project", "helpfulness", items=150, people=4, gold=10
    )
    with made:
        yield made


def test_what_was_planted_is_found(project: Project) -> None:
    """The speed-up, the pull and the model's accuracy are within their intervals."""
    found = report_on(project.folder, hourly_cost=12).measured
    assert found.counts["answers"] == project.answers().height
    ratio = found.times.ratio
    assert ratio.low is not None
    assert ratio.high is not None
    assert ratio.low < 0.5 < ratio.high or abs((ratio.value or 0) - 0.5) < 0.06
    assert (found.pull.shown.value or 0) > (found.pull.blind.value or 0)
    exact = found.suggesters["endpoint toy-1"]["independent"].exact
    # Right nine times in ten; and so are the people whose labels it is compared with, where nobody decided.
    assert (exact.low or 1) < 0.9
    assert (exact.high or 0) > 0.9 * 0.9
    assert (found.agreement.alpha["ordinal"].value or 0) > 0.9
    assert found.costs.model == pytest.approx(150 * 0.0004)
    assert found.counts["labels_by_source"]["disputed"] == 0
    assert found.counts["labels_by_source"]["adjudicated"] > 0


def test_the_summary_claims_what_is_shown(project: Project) -> None:
    """It begins with the time, says of how many answers, and names the verdict."""
    words = report_on(project.folder, hourly_cost=12).words
    assert words[0].startswith("With suggestions people took 0.")
    assert words[0].endswith("people were faster.")
    assert any("Krippendorff's alpha (ordinal)" in sentence for sentence in words)
    assert any("At $12.00 an hour a suggestion saves $" in sentence for sentence in words)


def test_where_nothing_was_planted_nothing_is_claimed(tmp_path: Path) -> None:
    """No speed-up, no pull: the summary says so; a project without a blind arm says that it cannot tell."""
    with simulate(tmp_path / "same", items=150, pull=0.0, speed=1.0) as same:
        words = report_on(same.folder).words
    assert "no speed-up shown" in words[0]
    assert "no pull toward the model shown" in words[2]
    with simulate(tmp_path / "all", items=12, blind_share=0.0, decide=False) as everything:
        words = report_on(everything.folder).words
    assert words[0] == "Whether suggestions save time cannot be told: no answers with a hidden suggestion."
    assert "cannot be told" in words[2]


def test_the_command_prints_words_or_json(project: Project, run_cli: RunCli) -> None:
    """People get the summary and a table; machines get every figure with its n."""
    printed = run_cli("annotate", "report", project.folder).stdout
    assert "With suggestions people took" in printed
    assert "alpha, ordinal" in printed
    found = json.loads(run_cli("annotate", "report", project.folder, "--json", "--hourly-cost", "12").stdout)
    assert found["times"]["ratio_of_medians"]["n"] > 100
    assert found["words"][0].startswith("With suggestions")
    assert found["costs"]["hourly"] == 12
    assert {"agreement_with_model", "pull", "total_variation"} <= set(found["pull"])


@pytest.mark.parametrize("task", ["sentiment", "attributes"])
def test_the_page_needs_nothing_else(task: str, tmp_path: Path) -> None:
    """Every element ends, nothing is fetched, and equal logs give equal pages."""
    with simulate(tmp_path / "project", task, items=40, gold=4) as made:
        pages = [tmp_path / "one.html", tmp_path / "two.html"]
        for page in pages:
            report_on(made.folder, page=page, hourly_cost=9)
    text = pages[0].read_text(encoding="utf-8")
    assert text == pages[1].read_text(encoding="utf-8")
    parser = Balanced()
    parser.feed(text)
    assert parser.open == []
    assert parser.addresses == []
    assert "default-src 'none'" in text
    assert "With suggestions people took" in " ".join(parser.texts)


def test_names_from_the_data_are_text(tmp_path: Path) -> None:
    """A person whose name is markup, or turns text around, appears as text."""
    with simulate(tmp_path / "project", items=8, people=1, overlap=1) as made:
        made.add_annotator("<script>alert(1)</script>")
        rude = made.annotators()[-1].annotator_id
        made.undo(1)
        given = made.next_item(1)
        assert given is not None
        made.skip(given.assignment_id, "unreadable", active_ms=1, wall_ms=1)
        again = made.next_item(rude)
        assert again is not None
        made.record_answer(again.assignment_id, {"labels": ["mixed"]}, active_ms=900, wall_ms=900)
        page = tmp_path / "page.html"
        report_on(made.folder, page=page)
    assert "&lt;script&gt;alert(1)" in page.read_text(encoding="utf-8")
    assert "<script" not in page.read_text(encoding="utf-8")


def test_only_what_can_be_marked_is_agreed_on(tmp_path: Path) -> None:
    """A number that came as a text, and an image's address, are no texts of a task of spans."""
    marking = task(
        kind="spans", fields=[{"column": "title"}, {"column": "price", "kind": "number"}], images="image"
    )
    shown = {"title": "Acme shoe", "price": "1299.00", "image": "https://img.example.com/a.jpg"}
    pool = Pool(items=iter([PoolItem(1, shown)]))
    with Project.create(tmp_path / "p", task=marking, pool=pool, settings=Settings()) as made:
        (ana,) = people(made)
        answer(made, ana, {"spans": []})
        assert log_of(made).lengths == {1: {"title": 9}}


def test_a_skip_that_was_undone_is_none(tmp_path: Path) -> None:
    """The report counts as the status does."""
    with make_project(tmp_path / "p") as made:
        (ana,) = people(made)
        for _ in range(2):
            given = made.next_item(ana)
            assert given is not None
            made.skip(given.assignment_id, "unclear", active_ms=1, wall_ms=1)
        made.undo(ana)
        assert log_of(made).skips == status_of(made).people[0].skipped == 1


def test_a_project_in_which_nobody_answered_has_a_report(tmp_path: Path) -> None:
    """Everything is null with its reason; the page is written too."""
    with simulate(tmp_path / "empty", items=5, people=0) as made:
        found = report_on(made.folder, page=tmp_path / "page.html")
    assert found.measured.counts["answers"] == 0
    assert "cannot be told" in found.words[0]
    json.dumps(found.as_dict(), allow_nan=False)


def test_times_of_zero_have_a_page(tmp_path: Path) -> None:
    """Without scripts no time is counted: every answer took 0 s, on a scale that is not empty."""
    with make_project(tmp_path / "p") as made:
        (ana,) = people(made)
        answer(made, ana, active_ms=0)
        report_on(made.folder, page=tmp_path / "page.html")
    assert "0.0 s" in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_one_answer_of_each_arm_has_no_interval_to_speak_of(tmp_path: Path) -> None:
    """What suggestions save is told, and that nobody can tell how sure it is; not that it may be nothing."""
    with make_project(tmp_path / "p", blind_share=0.5) as made:
        suggest(made)
        (ana,) = people(made)
        while made.answers()["arm"].n_unique() < 2:
            answer(made, ana)
        log = log_of(made)
        arms = log.judgements.unique("arm", keep="first", maintain_order=True)
        words = in_words(measure(replace(log, judgements=arms), hourly_cost=9), log.scale)
    (money,) = (sentence for sentence in words if "an hour" in sentence)
    assert money.endswith("included; how sure that is cannot be told.")


def test_wrong_use_is_told(project: Project, tmp_path: Path) -> None:
    """No project, a page in a folder that is not there, an hour that pays the customer."""
    with pytest.raises(UsageError, match="no annotation project"):
        report_on(tmp_path)
    with pytest.raises(UsageError, match="is no folder"):
        report_on(project.folder, page=tmp_path / "none" / "page.html")
    with pytest.raises(UsageError, match="an hour cannot cost"):
        report_on(project.folder, hourly_cost=-1)


def test_a_missing_library_is_named(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra the error prints what to install."""
    monkeypatch.setitem(sys.modules, "krippendorff", None)
    with pytest.raises(EcomdataError, match="krippendorff") as raised:
        report_on(project.folder)
    assert raised.value.hint == "pip install 'ecomdata[annotate]'"


def test_disagreements_wait_for_a_decision(tmp_path: Path) -> None:
    """The page gets them without names; a decision takes one away, and the last decision counts."""
    with simulate(tmp_path / "project", items=30, right=0.6, decide=False) as made:
        before = disagreements(made)
        first = before[0]
        assert sum(count for _, count in first.answers) == 2
        assert first.agreement == 0
        assert first.content == made.item(first.item_id).content
        adjudicate(made, first.item_id, {"labels": ["mixed"]}, client_key="once")
        adjudicate(made, first.item_id, {"labels": ["mixed"]}, client_key="once")
        adjudicate(made, first.item_id, {"labels": ["neutral"]})
        assert [one.item_id for one in disagreements(made)] == [one.item_id for one in before[1:]]
        assert decisions(made) == {first.item_id: "neutral"}
        with pytest.raises(UsageError, match="not in the label set"):
            adjudicate(made, first.item_id, {"labels": ["nice"]})
