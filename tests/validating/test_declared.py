"""The validation file is read strictly: what is not of the form is named, with its file and entry."""

from __future__ import annotations

from pathlib import Path

import pytest

import ecomdata as ed
from ecomdata.registry import content_file
from ecomdata.validating import declared_of
from tests.validating.shops import FIGURE, NAME, RULE, Shop, shop

__all__ = ["shop"]


def test_both_parts_are_read(shop: Shop) -> None:
    """Figures come with their group's source, rules with their query."""
    shop.say(FIGURE + RULE)
    declared = declared_of(NAME)
    assert [group.source for group in declared.published] == ["https://example.org/clicks"]
    assert declared.published[0].figures[0].value == 20
    assert declared.published[0].figures[0].tolerance == 0
    assert declared.published[0].figures[0].status == "published, not reproduced"
    assert [rule.name for rule in declared.rules] == ["a purchase is dear"]


def test_another_dataset_of_the_file_has_its_own(shop: Shop) -> None:
    """What is said of one member is not said of the others."""
    shop.say(FIGURE)
    assert declared_of("shop/pages").published == ()


def test_a_dataset_without_a_file_has_no_figures(shop: Shop) -> None:
    """No file is no error."""
    assert not list(shop.loaders.rglob("*.toml"))
    assert declared_of(NAME).published == ()
    assert content_file(NAME, "validation", ".toml") is None


@pytest.mark.parametrize("place", ["mine/shop.toml", "mine/validation/shop.toml"])
def test_the_file_stands_beside_the_loader_or_in_a_folder_there(shop: Shop, place: str) -> None:
    """A third party's figures are found at either place."""
    path = shop.folder / place
    path.parent.mkdir(exist_ok=True)
    path.write_text(RULE)
    assert declared_of(NAME).rules


def test_a_loaders_folder_may_have_a_validation_folder_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As this project itself has it."""
    made = Shop(tmp_path)
    made.loaders.rename(tmp_path / "loaders")
    (tmp_path / "validation").mkdir()
    (tmp_path / "validation" / "shop.toml").write_text(RULE)
    monkeypatch.setenv("ECOMDATA_LOADERS", str(tmp_path / "loaders"))
    assert declared_of(NAME).rules


def test_two_files_are_one_too_many(shop: Shop) -> None:
    """Which of them holds would be a guess."""
    shop.say(RULE)
    (shop.loaders / "validation").mkdir()
    (shop.loaders / "validation" / "shop.toml").write_text(RULE)
    with pytest.raises(ed.EcomdataError, match="two files where one is expected"):
        declared_of(NAME)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[figures]]", "has nothing called 'figures', only"),
        (
            RULE.replace("severity", "severty"),
            r"\[\[rules\]\] 1 .*no field 'severty'; did you mean 'severity'",
        ),
        (RULE.replace('table = "events"\n', ""), "lacks table"),
        (
            RULE.replace("events", "evnts"),
            "'shop/clicks' has no table|has no table 'evnts', only events, items",
        ),
        (RULE.replace('"error"', '"fatal"'), "severity is 'error' or 'warning', not 'fatal'"),
        (RULE.replace('"shop/clicks"', '"shop/none"'), "'shop/none' is not a dataset of the loader"),
        (RULE.split("sql =", maxsplit=1)[0], "has sql or unique, one of the two"),
        (RULE + 'unique = ["item_id"]', "has sql or unique, one of the two"),
        (RULE.split("sql =", maxsplit=1)[0] + 'unique = ["itm"]', "events has no column 'itm'"),
        (RULE + RULE, "two rules of shop/clicks are called 'a purchase is dear'"),
        (RULE.replace('"the shop\'s owner"', '""'), "source is empty"),
        (RULE + "whole = 1", "whole is true or false, not 1"),
        (FIGURE.replace("value = 20", 'value = "20"'), r"figures\]\] 1 \('clicks'\): value is a number"),
        (FIGURE.replace("value = 20", "value = nan"), "value is a number, not nan"),
        (FIGURE.replace("value = 20", "value = 20, tolerence = 1"), "did you mean 'tolerance'"),
        (FIGURE.replace("value = 20", "value = 20, tolerance = -1"), "tolerance of 'clicks' is negative"),
        (FIGURE.replace("value = 20", "value = 20, tolerance = 5"), "is a share, .* with 5 nothing at all"),
        (FIGURE.replace(", value = 20", ""), "lacks value"),
        (FIGURE.replace("[{", "[").replace("}]", "]").replace("=", "=", 1), "cannot be read"),
        (FIGURE + "files = []", "files is a list of texts"),
        (FIGURE.split("figures")[0], "lacks figures"),
        ("rules = 1", r"rules is written \[\[rules\]\]"),
        ("rules = [1]", r"rules is written \[\[rules\]\]"),
        ("]", "cannot be read"),
    ],
)
def test_what_is_not_of_the_form_is_named(shop: Shop, text: str, said: str) -> None:
    """Every mistake is an error that names the file, and the entry."""
    shop.say(text)
    with pytest.raises(ed.EcomdataError, match=said) as caught:
        declared_of(NAME)
    assert "shop.toml" in str(caught.value)
    assert caught.value.hint
