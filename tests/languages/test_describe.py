"""``ecomdata languages NAME``: tags beside the store, row for row, and a summary."""

from __future__ import annotations

import errno
import json
from pathlib import Path

import polars as pl
import pytest

import ecomdata as ed
from tests.conftest import RunCli


@pytest.fixture
def reviews(home: Path) -> ed.Release:
    """BanglishRev's sample."""
    return ed.load("banglishrev", sample=True, home=home)


def test_tags_stand_in_the_order_of_the_rows(reviews: ed.Release, home: Path) -> None:
    """They are those of ``detect_languages``, numbered from 1, and lie under the release they are of."""
    (found,) = ed.describe_languages("banglishrev")
    place = home / "languages" / "banglishrev" / reviews.manifest.release / "reviews.text.parquet"
    assert Path(found.path) == place
    tags = pl.read_parquet(place)
    texts = reviews["reviews"].lazy().select("text").collect()["text"]
    assert tags["row_id"].to_list() == list(range(1, len(texts) + 1))
    assert tags.drop("row_id").equals(ed.detect_languages(texts))
    assert [path.name for path in sorted(place.parent.iterdir())] == [
        "reviews.text.json",
        "reviews.text.parquet",
    ]


def test_the_summary_adds_up(reviews: ed.Release) -> None:
    """Rows by language and those without text are all rows; it stands beside the tags as JSON too."""
    (found,) = ed.describe_languages("banglishrev", table="reviews", column="text")
    assert sum(one.rows for one in found.languages) + found.nulls == found.rows == len(reviews["reviews"])
    assert sum(one.share for one in found.languages) == pytest.approx(1, abs=1e-4)
    assert sum(found.scripts.values()) == pytest.approx(1, abs=1e-4)
    mixed = next(one for one in found.languages if one.language == "mixed")
    assert sum(one.rows for one in found.mixed) == mixed.rows
    assert {one.language.partition(":")[0] for one in found.mixed} == {"mixed"}
    tags = pl.read_parquet(found.path)
    english = next(one for one in found.languages if one.language == "en")
    chosen = tags.filter(language="en")["confidence"].cast(pl.Float64)
    assert (english.rows, english.confidence) == (len(chosen), pytest.approx(chosen.mean(), abs=1e-5))
    assert json.loads(Path(found.path).with_suffix(".json").read_text()) == json.loads(
        json.dumps(found.as_dict())
    )


@pytest.fixture(scope="module")
def shops(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with samples of a dataset that has titles and of one that has no text."""
    home = tmp_path_factory.mktemp("shops")
    for name in ("merrec", "taobao/user-behavior"):
        ed.load(name, sample=True, home=home)
    return home


def test_the_command_shows_and_writes(run_cli: RunCli, shops: Path, tmp_path: Path) -> None:
    """A table for people, JSON for machines, a file where one is named; the place on stderr."""
    done = run_cli("languages", "merrec", "--home", shops)
    assert done.stdout.splitlines()[0] == "merrec items.title: 2,222 rows, 0 without text"
    assert "merrec items.title:" in done.stdout
    assert "written with" in done.stdout
    assert "items.title.parquet" in done.stderr
    out = tmp_path / "tags.parquet"
    asked = ("languages", "merrec", "--column", "title", "-o", out, "--json", "--home", shops)
    (found,) = json.loads(run_cli(*asked).stdout)
    assert found["path"] == str(out)
    assert pl.read_parquet(out).height == found["rows"]
    assert [path.name for path in tmp_path.iterdir()] == ["tags.parquet"]


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("nosuch", {}, "no dataset is called"),
        ("vimrhp", {}, "is not loaded"),
        ("merrec", {"table": "nosuch"}, "has no table 'nosuch'"),
        ("merrec", {"column": "nosuch"}, "has no column 'nosuch'"),
        ("merrec", {"column": "item_id"}, "not strings"),
        ("merrec", {"table": "items", "column": "nosuch"}, "in its table items"),
        ("taobao/user-behavior", {}, "no column of running text"),
    ],
)
def test_wrong_names_are_told_with_what_there_is(
    name: str, options: dict[str, str], said: str, shops: Path
) -> None:
    """Datasets, tables, columns, columns of numbers, a dataset without text; each with a hint."""
    with pytest.raises(ed.UsageError, match=said) as caught:
        ed.describe_languages(name, home=shops, **options)
    assert caught.value.hint


def test_a_bad_model_leaves_what_was_there(run_cli: RunCli, shops: Path, tmp_path: Path) -> None:
    """It is refused with code 3 before anything is written; a file that is not there is wrong usage."""
    bad, out = tmp_path / "lid.176.ftz", tmp_path / "tags.parquet"
    out.write_bytes(b"from before")
    bad.write_bytes(b"\xba\x16O/\x0c" + bytes(200))
    done = run_cli("languages", "merrec", "--home", shops, "--lid", bad, "-o", out, code=3)
    assert "is no fastText model" in done.stderr
    assert out.read_bytes() == b"from before"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lid.176.ftz", "tags.parquet"]
    run_cli("languages", "merrec", "--lid", tmp_path / "none.ftz", code=2)


def test_a_folder_that_is_not_there_is_told(shops: Path, tmp_path: Path) -> None:
    """And not made: it may be a typing error."""
    with pytest.raises(ed.UsageError, match="is no folder"):
        ed.describe_languages("merrec", home=shops, output=tmp_path / "no" / "tags.parquet")


def test_a_full_disk_is_named_for_the_summary_too(
    reviews: ed.Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is written last, when what was free may be used up by the tags."""

    def full(path: Path, _: str) -> None:
        raise OSError(errno.ENOSPC, "full", str(path))

    monkeypatch.setattr("ecomdata.languages.describing.write_durably", full)
    with pytest.raises(ed.EcomdataError, match="no space left on the disk"):
        ed.describe_languages(reviews.manifest.dataset)
