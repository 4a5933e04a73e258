"""ViMRHP: the three known keys typed, every other key kept as it is."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import ecomdata as ed
from ecomdata.errors import DataError
from ecomdata.store import Store

COMMENT = "Đúng với mô tả:đúng\r\nMàu sắc:trắng\rGiao nhanh\n"
"""Invented, with upstream's labels and all three line ends that its reader replaces."""


def _write(folder: Path, text: str, name: str = "HomeLifestyle-dev.json") -> Path:
    path = folder / name.split("-", maxsplit=1)[0] / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="")
    return path


def _load(folder: Path, *reviews: dict[str, Any], name: str = "HomeLifestyle-dev.json") -> ed.Release:
    _write(folder, json.dumps(reviews, ensure_ascii=False), name)
    return ed.load("vimrhp", source=folder)


def _reviews(release: ed.Release) -> pl.DataFrame:
    return release["reviews"].lazy().collect()


def test_a_review_loads_with_all_it_has(tmp_path: Path) -> None:
    """Known keys are typed, the text is untouched, and line ends are one kind in the derived column."""
    raw = '[{"id": 7e1, "Comment": %s, "Rating": 5, "Helpfulness_Score": "4", "x": {"a": 1.50}}]'
    raw = raw % json.dumps(COMMENT, ensure_ascii=False)
    _write(tmp_path, raw)
    assert _reviews(ed.load("vimrhp", source=tmp_path)).to_dicts() == [
        {
            "rating": 5.0,
            "text": COMMENT,
            "helpfulness": 4.0,
            "text_normalized": "Đúng với mô tả:đúng\nMàu sắc:trắng\nGiao nhanh\n",
            "domain": "HomeLifestyle",
            "split": "dev",
            "rating_raw": "5",
            "helpfulness_raw": '"4"',
            "unverified": '{"id": 7e1, "x": {"a": 1.50}}',
        }
    ]


@pytest.mark.parametrize(
    ("score", "typed"),
    [("4", 4), ('"5"', 5), ('" 5 "', 5), ("0", 0), ("-1", -1), ("4.0", 4), ("null", None), ("NaN", None)],
)
def test_a_score_is_an_integer_or_text_of_one(tmp_path: Path, score: str, typed: float | None) -> None:
    """Both spellings are known to be guarded against; the lower end of the scale is not known."""
    _write(tmp_path, f'[{{"Comment": "a", "Rating": 1, "Helpfulness_Score": {score}}}]')
    frame = _reviews(ed.load("vimrhp", source=tmp_path))
    assert frame["helpfulness"].to_list() == [typed]
    assert frame["helpfulness_raw"].to_list() == [score]


def test_a_score_may_be_missing(tmp_path: Path) -> None:
    """Then it is null, and so is its raw form."""
    frame = _reviews(_load(tmp_path, {"Comment": "a", "Rating": 3}))
    assert frame.select("helpfulness", "helpfulness_raw").row(0) == (None, None)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"Helpfulness_Score": 4.5}, "breaks the rule helpfulness_is_an_integer"),
        ({"Helpfulness_Score": "high"}, "breaks the rule helpfulness_is_an_integer"),
        ({"Rating": [5]}, "breaks the rule rating_is_an_integer"),
        ({"Rating": 6}, "rating is above the maximum"),
        ({"Comment": 5}, "Comment: '5' is not text (byte 56)"),
    ],
)
def test_a_value_of_another_kind_is_rejected(tmp_path: Path, changed: dict[str, Any], reason: str) -> None:
    """Nothing is guessed: the whole object is in quarantine, with its place in the array."""
    good = {"Comment": "a", "Rating": 5, "Helpfulness_Score": 4}
    rejected = _load(tmp_path, good, {**good, **changed})["reviews"].rejected()
    assert rejected["row"].to_list() == [2]
    assert rejected["reasons"].to_list() == [[reason]]
    assert json.loads(rejected["raw"][0]) == {**good, **changed}


@pytest.mark.parametrize("comment", ["", None])
def test_empty_and_null_comments_are_kept(tmp_path: Path, comment: str | None) -> None:
    """They stay what they are, in both columns of text."""
    frame = _reviews(_load(tmp_path, {"Comment": comment, "Rating": 5}))
    assert frame.select("text", "text_normalized").row(0) == (comment, comment)


def test_unverified_keys_are_listed(tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Keys that upstream does not document stand in the manifest, and in a table with how they occur."""
    _write(tmp_path, '[{"Comment": "a", "Rating": 1, "Product": 1}]', "HomeLifestyle-train.json")
    release = _load(
        tmp_path,
        {"Comment": "a", "Rating": 1, "Product": "p", "a/b~c.d": [1]},
        {"Comment": "a", "Rating": 1, "Product": 2},
        {"Comment": "a", "Rating": 1, "Product": None},
    )
    assert release["unverified_keys"].lazy().collect().rows() == [
        ("HomeLifestyle", "dev", "Product", 3, ["integer", "null", "string"]),
        ("HomeLifestyle", "dev", "a/b~c.d", 1, ["array"]),
        ("HomeLifestyle", "train", "Product", 1, ["integer"]),
    ]
    assert release["reviews"].record.unverified == ("Product", "a/b~c.d")
    manifest = Store(home).manifest("vimrhp")
    assert manifest
    assert manifest.tables["reviews"].unverified == ("Product", "a/b~c.d")
    assert "unverified upstream, kept as JSON: Product, a/b~c.d" in capsys.readouterr().err


def test_half_a_character_in_an_unverified_value_does_not_break_the_list(tmp_path: Path) -> None:
    """JSON can spell it and DuckDB cannot read it: the review is kept, its keys are named in the manifest."""
    _write(
        tmp_path, r'[{"Comment": "a", "Rating": 1, "x": "\ud800"}, {"Comment": "a", "Rating": 1, "y": NaN}]'
    )
    release = ed.load("vimrhp", source=tmp_path)
    assert _reviews(release)["unverified"].to_list() == [r'{"x": "\ud800"}', '{"y": NaN}']
    assert release["unverified_keys"].lazy().collect()["key"].to_list() == ["y"]
    assert release["reviews"].record.unverified == ("x", "y")


def test_a_file_without_unknown_keys_loads(tmp_path: Path) -> None:
    """The list of unverified keys is then empty."""
    release = _load(tmp_path, {"Comment": "a", "Rating": 1, "Helpfulness_Score": 4})
    assert release["unverified_keys"].lazy().collect().height == 0


@pytest.mark.parametrize("name", ["Any Domain-train.json", "HomeLifestyle-test.json"])
def test_domain_and_split_come_from_the_path(tmp_path: Path, name: str) -> None:
    """Upstream's other domains have spellings that are not known, so any is taken as it is."""
    frame = _reviews(_load(tmp_path, {"Comment": "a", "Rating": 1}, name=name))
    assert "-".join(frame.select("domain", "split").row(0)) + ".json" == name


def test_one_file_alone_says_its_domain(tmp_path: Path) -> None:
    """The file's name holds both parts of the path."""
    path = _write(tmp_path, '[{"Comment": "a", "Rating": 1}]')
    frame = _reviews(ed.load("vimrhp", source=path))
    assert frame.select("domain", "split").row(0) == ("HomeLifestyle", "dev")


def test_a_packed_file_says_the_same(tmp_path: Path) -> None:
    """The .gz at its end is no part of the name that domain and split are read from."""
    (tmp_path / "HomeLifestyle-dev.json.gz").write_bytes(gzip.compress(b'[{"Comment": "a", "Rating": 1}]'))
    frame = _reviews(ed.load("vimrhp", source=tmp_path))
    assert frame.select("domain", "split").row(0) == ("HomeLifestyle", "dev")


def test_two_sets_of_labels_are_not_mixed(tmp_path: Path) -> None:
    """Upstream may keep a model's scores in files of their own: no column would tell whose they are."""
    for labels, score in (("human", 5), ("model", 1)):
        for split in ("dev", "train"):
            review = {"Comment": "a", "Rating": 1, "Helpfulness_Score": score}
            path = tmp_path / labels / f"HomeLifestyle-{split}.json"
            path.parent.mkdir(exist_ok=True)
            path.write_text(json.dumps([review]))
    with pytest.raises(
        DataError, match=r"human/.*-dev\.json and model/.*-dev\.json: upstream has one"
    ) as caught:
        ed.load("vimrhp", source=tmp_path)
    assert "--only" in caught.value.hint
    assert _reviews(ed.load("vimrhp", source=tmp_path, only="human/*"))["helpfulness"].to_list() == [5.0, 5.0]


def test_a_truncated_file_is_an_error(tmp_path: Path) -> None:
    """It names the byte and the last whole review, and nothing is loaded."""
    _write(tmp_path, '[{"Comment": "a", "Rating": 1}, {"Comment": "b')
    with pytest.raises(DataError, match="the last whole element is number 1"):
        ed.load("vimrhp", source=tmp_path)


def test_a_sample_has_the_hazards() -> None:
    """Scores as text and missing, comments empty and null, all three line ends, keys nobody knows."""
    release = ed.load("vimrhp", sample=True)
    frame = _reviews(release)
    assert release["reviews"].record.rejected == 0
    assert set(frame["split"].unique()) == {"train", "dev", "test"}
    assert frame["helpfulness_raw"].null_count()
    assert frame["helpfulness_raw"].str.starts_with('"').any()
    assert frame["text"].null_count()
    assert (frame["text"] == "").any()
    assert frame["text"].str.contains("\r\n").any()
    assert frame["text"].str.contains("\r[^\n]").any()
    assert not frame["text_normalized"].str.contains("\r").any()
    keys = release["unverified_keys"].lazy().collect()
    assert set(keys["key"]) == {"Unknown_Product", "Unknown_Images"}
