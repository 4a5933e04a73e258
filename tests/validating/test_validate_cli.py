"""``ecomdata validate`` as a user runs it."""

from __future__ import annotations

import json
from pathlib import Path

from tests.conftest import RunCli
from tests.validating.shops import FIGURE, NAME, RULE, Shop, shop

__all__ = ["shop"]


def test_a_broken_rule_ends_with_3_and_names_rule_and_rows(shop: Shop, run_cli: RunCli) -> None:
    """The rows are data on stdout, the verdict is on stderr."""
    shop.say(FIGURE.replace("20", "21") + RULE)
    shop.load(["7,99,purchase,5,"])
    done = run_cli("validate", NAME, code=3)
    assert "a purchase is dear: user_id=7, item_id=99, price=5.0" in done.stdout
    assert "error: 1 checks failed: shop/clicks: events: a purchase is dear" in done.stderr
    assert "hint: " in done.stderr


def test_a_missed_figure_ends_with_3(shop: Shop, run_cli: RunCli) -> None:
    """Both numbers are shown."""
    shop.say(FIGURE.replace("20", "21"))
    shop.load()
    done = run_cli("validate", NAME, code=3)
    (line,) = [line for line in done.stdout.splitlines() if line.strip().startswith("clicks ")]
    assert line.split() == ["clicks", "21", "20", "4.76%", "0.00%", "failed"]


def test_json_is_the_whole_result(shop: Shop, run_cli: RunCli) -> None:
    """One object for a dataset, with counts; nothing else is on stdout, and the exit code is the same."""
    shop.say(FIGURE + RULE)
    shop.load(["7,99,purchase,5,"])
    found = json.loads(run_cli("validate", NAME, "--json", code=3).stdout)
    assert found["dataset"] == NAME
    assert found["loaded"] == "all that was given"
    assert found["counts"] == {"failed": 2, "passed": 3}
    assert found["figures"][0]["measured"] == 21
    assert found["rules"][-1]["rows"] == [{"user_id": "7", "item_id": "99", "price": "5.0"}]
    assert found["profiles"][0]["columns"][0]["nulls"] == 0


def test_a_family_is_every_member_that_is_loaded(shop: Shop, run_cli: RunCli) -> None:
    """As a list, however many they are."""
    shop.load()
    assert [found["dataset"] for found in json.loads(run_cli("validate", "shop", "--json").stdout)] == [NAME]


def test_what_is_not_there_is_a_usage_error(shop: Shop, run_cli: RunCli) -> None:
    """An unknown name, a dataset and a family of which nothing is loaded, an amount that is none."""
    assert "no dataset is called" in run_cli("validate", "shpo", code=2).stderr
    assert "is not loaded" in run_cli("validate", NAME, code=2).stderr
    assert "nothing of shop is loaded" in run_cli("validate", "shop", code=2).stderr
    shop.load()
    assert "not an amount of memory" in run_cli("validate", NAME, "--memory", "much", code=2).stderr


def test_control_characters_do_not_reach_the_terminal(shop: Shop, run_cli: RunCli) -> None:
    """A breaking row may hold anything."""
    shop.say(RULE.replace("price FROM", "note FROM"))
    shop.load(["7,99,purchase,5,\x1b]0;owned\x07[bold]"])
    done = run_cli("validate", NAME, code=3)
    assert "\x1b" not in done.stdout
    assert "]0;owned" in done.stdout
    assert "[bold]" in done.stdout


def test_a_report_that_cannot_be_written(shop: Shop, run_cli: RunCli, tmp_path: Path) -> None:
    """The place is named before anything is looked at, and no half of a page is left."""
    shop.load()
    for place, said in ((tmp_path / "no" / "page.html", "no is no folder"), (tmp_path, "is a folder")):
        done = run_cli("validate", NAME, "--report", place, code=2)
        assert said in done.stderr
        assert "hint: " in done.stderr
        assert not done.stdout
    assert not list(tmp_path.glob("*.tmp"))
