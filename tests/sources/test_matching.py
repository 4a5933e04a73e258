"""Globs on the ends of paths, hostile names, and what a dataset looks for."""

from __future__ import annotations

import string
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecomdata.errors import UsageError
from ecomdata.pathnames import safe_relative
from ecomdata.sources.matching import Selection, ignorable, matched_length, matches_tail
from tests.sources import toys

COMPONENT = st.text(string.ascii_lowercase + string.digits + "_-", min_size=1, max_size=6)
COMPONENTS = st.lists(COMPONENT, min_size=1, max_size=5)


@pytest.mark.parametrize(
    ("path", "glob"),
    [
        ("a/b/clicks.csv", "clicks.csv"),
        ("clicks.csv", "clicks.csv"),
        ("x/20230501/000000000003.parquet", "[0-9]*/*.parquet"),
        ("x/s1/y/part_0.csv", "s1/**/part_*.csv"),
        ("x/s1/part_0.csv", "s1/**/part_*.csv"),
        ("/data/merrec/20230501/a", "20230501/"),
        ("/data/merrec/20230501/x/a", "20230501/"),
        ("x/y/z", "**"),
    ],
)
def test_a_glob_matches_the_end_of_a_path(path: str, glob: str) -> None:
    """Whatever folders stand before it."""
    assert matches_tail(path, glob)


@pytest.mark.parametrize(
    ("path", "glob"),
    [
        ("a/old_clicks.csv", "clicks.csv"),
        ("a/clicks.csv.bak", "clicks.csv"),
        ("a/clicks.csv/b", "clicks.csv"),
        ("a/b/c.csv", "a/*.csv"),
        ("Clicks.CSV", "clicks.csv"),
        ("x/y", ""),
        ("x/y", "/"),
        ("", "**"),
        ("clicks.csv", "s1/clicks.csv"),
    ],
)
def test_a_glob_does_not_match_half_a_name_or_another_folder(path: str, glob: str) -> None:
    """Components match as wholes, ``*`` stays within one, and case matters."""
    assert not matches_tail(path, glob)


def test_the_length_is_the_least_that_fits() -> None:
    """So a name is no longer than it must be."""
    assert matched_length("a/s1/b/c.csv", "s1/**/*.csv") == 3
    assert matched_length("a/s1/s1/c.csv", "s1/**/*.csv") == 2
    assert matched_length("a/b/c.csv", "**/*.csv") == 1


@given(COMPONENTS, COMPONENTS)
def test_a_path_matches_itself_below_anything(tail: list[str], before: list[str]) -> None:
    """A path without wildcards, used as a glob, matches below any folders, by its own length."""
    glob = "/".join(tail)
    assert matched_length("/".join(before + tail), glob) == len(tail)


@given(COMPONENTS, st.integers(1, 5))
def test_stars_match_component_by_component(parts: list[str], stars: int) -> None:
    """``*/*`` matches exactly the paths with two components or more."""
    expected = stars if stars <= len(parts) else None
    assert matched_length("/".join(parts), "/".join("*" * stars)) == expected


@given(COMPONENTS, COMPONENTS, COMPONENT)
def test_two_stars_stand_for_any_number_of_folders(above: list[str], between: list[str], name: str) -> None:
    """``first/**/name`` matches with any folders between, and with none."""
    assert matches_tail("/".join([*above, name]), f"{above[0]}/**/{name}")
    assert matches_tail("/".join([*above, *between, name]), f"{above[0]}/**/{name}")


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "/",
        "..",
        "../x",
        "a/../../x",
        "a/..",
        "/etc/passwd",
        "//host/share/x",
        "C:/x",
        "c:x",
        "a\\..\\x",
        "\\\\host\\x",
        "a\0b",
    ],
)
def test_hostile_names_are_unsafe(name: str) -> None:
    """Nothing that could leave the folder it is joined to, on any system, is safe."""
    assert not safe_relative(name)


@pytest.mark.parametrize("name", ["x", "a/b.csv", "./a", "a..b/..c", "ab:c", "日本/ক.csv"])
def test_plain_names_are_safe(name: str) -> None:
    """Dots and colons inside a name, and any script, are no danger."""
    assert safe_relative(name)


@given(st.text(st.sampled_from("ab./\\:C\0"), max_size=12))
def test_a_safe_name_stays_below(name: str) -> None:
    """Joined to a folder and normalised, it is still below that folder."""
    if safe_relative(name):
        depth = 0
        for part in PurePosixPath("/root", name).parts[2:]:
            depth += -1 if part == ".." else 1
            assert depth > 0
        assert PurePosixPath("/root", name).is_relative_to("/root")


@pytest.mark.parametrize(
    "path",
    [
        "README.md",
        "data/LICENSE",
        ".gitattributes",
        "x/.cache/a.csv",
        "__MACOSX/a.csv",
        "SHA256SUMS",
        "a.bib",
    ],
)
def test_prose_and_hidden_files_are_ignorable(path: str) -> None:
    """They say nothing about the data beside them."""
    assert ignorable(path)


@pytest.mark.parametrize("path", ["a.csv", "readmes.csv", "manifesto.csv", "x/y.json"])
def test_data_is_not_ignorable(path: str) -> None:
    """A name that merely begins like prose is data."""
    assert not ignorable(path)


def test_a_file_of_the_dataset_is_wanted() -> None:
    """It goes by its path below what was given."""
    assert toys.selection().place("/home/u/shop/clicks_1.csv", 2) == ("wanted", "shop/clicks_1.csv")


def test_a_name_is_as_long_as_its_glob() -> None:
    """A shard has its folder before it even when the folder itself was given."""
    assert toys.selection().place("/data/items/a.csv", 1) == ("wanted", "items/a.csv")


def test_a_file_of_another_table_is_left_out() -> None:
    """It is known, but not among the tables asked for."""
    assert toys.selection(tables=["items"]).place("x/clicks.csv", 1) == ("left out", "clicks.csv")


def test_any_other_file_is_unknown() -> None:
    """No glob of the dataset fits it."""
    assert toys.selection().place("x/other.csv", 1) == ("unknown", "other.csv")


@pytest.mark.parametrize(
    "only", ["2024/clicks.csv", "2024", "2024/", "2024/*", "20*/clicks.csv", "clicks.csv"]
)
def test_only_chooses_by_the_end_of_the_path_or_by_a_folder(only: str) -> None:
    """A folder's name alone stands for all that is in it."""
    assert toys.selection(only=only).place("/x/2024/clicks.csv", 1)[0] == "wanted"


@pytest.mark.parametrize("only", ["2025", "2024/items", "24/*", "x/clicks.csv"])
def test_only_leaves_the_rest_out(only: str) -> None:
    """What the glob does not match is left out."""
    assert toys.selection(only=only).place("/x/2024/clicks.csv", 1)[0] == "left out"


def test_an_unknown_table_has_near_names() -> None:
    """The error says what was meant."""
    with pytest.raises(UsageError, match="no table 'click'") as error:
        Selection.of(toys.dataset(), tables=["click"])
    assert "clicks" in error.value.hint
