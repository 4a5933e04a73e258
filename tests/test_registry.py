"""Finding datasets."""

from __future__ import annotations

import shutil
from hashlib import sha256
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from ecomdata.errors import EcomdataError, UsageError
from ecomdata.registry import code_hash, datasets, declared, loader, members, user_folders
from tests.toys import TOYSHOP


def test_a_folder_of_the_users_is_searched_while_it_is_named() -> None:
    """And forgotten afterwards."""
    assert "shop/clicks" not in datasets()
    with user_folders([TOYSHOP]):
        assert loader("shop/clicks").title == "Clicks"
    with pytest.raises(UsageError):
        loader("shop/clicks")


def test_a_family_is_all_its_members() -> None:
    """A single dataset is itself."""
    with user_folders([TOYSHOP]):
        assert {one.name for one in members("shop")} >= {"shop/clicks", "shop/pages"}
        assert [one.name for one in members("shop/clicks")] == ["shop/clicks"]


def test_a_family_is_not_one_dataset() -> None:
    """The members are named."""
    with user_folders([TOYSHOP]), pytest.raises(UsageError, match="is a family") as caught:
        loader("shop")
    assert "shop/clicks" in caught.value.hint


@pytest.mark.parametrize(("name", "near"), [("shop/cliks", "shop/clicks"), ("clicks", "shop/clicks")])
def test_a_misspelt_name_is_answered_with_near_ones(name: str, near: str) -> None:
    """The last part alone is near enough."""
    with user_folders([TOYSHOP]), pytest.raises(UsageError, match="no dataset is called") as caught:
        loader(name)
    assert near in caught.value.hint


def test_a_name_like_no_other_is_answered_with_all() -> None:
    """So that one can choose."""
    with user_folders([TOYSHOP]), pytest.raises(UsageError) as caught:
        loader("qqqqqq")
    assert caught.value.hint.startswith("known datasets: ")


def test_the_code_of_a_loader_is_known_where_it_is_not_ecomdatas(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of one in a folder its file, of one in a package all of that: it may import what stands beside it."""
    assert not code_hash("merrec")
    with user_folders([TOYSHOP]):
        assert code_hash("shop/clicks") == sha256((TOYSHOP / "shop.py").read_bytes()).hexdigest()
    package = tmp_path / "shopkeepers"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "_words.py").write_text("ALL = 1\n")
    shutil.copy(TOYSHOP / "shop.py", package / "shop.py")
    monkeypatch.syspath_prepend(tmp_path)
    point = EntryPoint("shop", "shopkeepers.shop", "ecomdata.loaders")
    monkeypatch.setattr("ecomdata.registry.entry_points", lambda **_: [point])
    monkeypatch.setattr("ecomdata.registry._cache", {})
    before = code_hash("shop/clicks")
    (package / "_words.py").write_text("ALL = 2\n")
    assert code_hash("shop/clicks") == before  # what was imported
    monkeypatch.setattr("ecomdata.registry._cache", {})
    assert code_hash("shop/clicks") != before


def test_two_loaders_of_one_name_are_told_apart(tmp_path: Path) -> None:
    """Neither wins silently."""
    shutil.copy(TOYSHOP / "shop.py", tmp_path / "copy.py")
    with (
        user_folders([TOYSHOP, tmp_path]),
        pytest.raises(EcomdataError, match="two loaders declare") as caught,
    ):
        datasets()
    assert "copy.py" in str(caught.value)


def test_two_names_that_are_one_in_sql_are_told_apart(tmp_path: Path) -> None:
    """The views of the one would stand for the other's."""
    text = (TOYSHOP / "shop.py").read_text("utf-8")
    (tmp_path / "mine.py").write_text(text.replace('"shop/', '"shop-'), encoding="utf-8")
    with (
        user_folders([TOYSHOP, tmp_path]),
        pytest.raises(
            EcomdataError, match=r"two loaders declare shop/.* and shop-.*, one in SQL: .*mine\.py"
        ),
    ):
        datasets()


def test_a_folder_may_be_named_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the environment and with --loaders: its loaders are not their own rivals."""
    monkeypatch.setenv("ECOMDATA_LOADERS", str(TOYSHOP))
    with user_folders([TOYSHOP, TOYSHOP]):
        assert loader("shop/clicks").title == "Clicks"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("x = 1\n", "declares no dataset"),
        ("DATASETS = ()\n", "declares no dataset"),
        ("DATASETS = (1,)\n", "declares no dataset"),
        ("import nothing_of_the_kind\n", "cannot be imported: ModuleNotFoundError"),
        ("def f(:\n", "cannot be imported: SyntaxError"),
        ("1 / 0\n", "cannot be imported: ZeroDivisionError"),
    ],
)
def test_a_loader_that_does_not_work_is_named(content: str, message: str, tmp_path: Path) -> None:
    """With its path and what went wrong."""
    (tmp_path / "mine.py").write_text(content)
    with user_folders([tmp_path]), pytest.raises(EcomdataError, match=message) as caught:
        datasets()
    assert "mine.py" in str(caught.value)
    assert "--debug shows where" in caught.value.hint or "DATASETS" in caught.value.hint


def test_a_folder_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As wrong usage, in the environment too."""
    with pytest.raises(UsageError, match="no loaders folder"), user_folders([tmp_path / "x"]):
        pass
    monkeypatch.setenv("ECOMDATA_LOADERS", str(tmp_path / "x"))
    with pytest.raises(UsageError, match="no loaders folder") as caught:
        datasets()
    assert "ECOMDATA_LOADERS" in caught.value.hint


def test_one_dataset_alone_may_be_declared() -> None:
    """An entry point can name it directly."""
    with user_folders([TOYSHOP]):
        clicks = loader("shop/clicks")
    assert declared(clicks, "here") == (clicks,)
    assert declared([clicks], "here") == (clicks,)
