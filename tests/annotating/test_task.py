from __future__ import annotations

from pathlib import Path

import pytest

from ecomdata.annotating.taskfile import read_task, shipped_tasks, shipped_text, task_of
from ecomdata.errors import UsageError
from tests.annotating.projects import task

FILE = """
name = "mine"
question = "Which?"
kind = "labels"
{more}
[[labels]]
key = "yes"
hotkey = "Y"

[[labels]]
key = "no"
name = "No"

[[fields]]
column = "text"
"""


@pytest.mark.parametrize("name", shipped_tasks())
def test_the_shipped_tasks_are_tasks(name: str) -> None:
    """Each is named as its file, explains itself, and is the same once stored and read again."""
    found = read_task(name)
    assert found.name == name
    assert len(found.guidelines) > 200
    assert task_of(found.as_dict(), where=name) == found
    assert read_task(f"{name}.toml") == found


def test_the_kinds_that_are_shipped() -> None:
    """Helpfulness from 1 to 5, sentiment, language mix, product attributes as spans, and pair similarity."""
    kinds = {name: read_task(name).kind for name in shipped_tasks()}
    assert kinds == {
        "attributes": "spans",
        "helpfulness": "score",
        "language_mix": "labels",
        "pair_similarity": "score",
        "sentiment": "labels",
    }
    score = read_task("helpfulness").score
    assert score is not None
    assert list(score.values) == [1, 2, 3, 4, 5]
    assert len(read_task("pair_similarity").texts) == 2
    assert read_task("language_mix").multiple


def test_a_file_of_your_own(tmp_path: Path) -> None:
    """It comes before a shipped task of its name; guidelines may stand in a file beside it."""
    (tmp_path / "how.md").write_text("# Look twice", "utf-8")
    path = tmp_path / "sentiment.toml"
    path.write_text(FILE.format(more='guidelines_file = "how.md"'), "utf-8")
    found = read_task(path)
    assert found.guidelines == "# Look twice"
    assert [(label.key, label.name, label.hotkey) for label in found.labels] == [
        ("yes", "yes", "y"),
        ("no", "No", "1"),
    ]


def test_a_shipped_file_can_be_the_beginning_of_your_own(tmp_path: Path) -> None:
    """What is printed is read as it stands."""
    path = tmp_path / "mine.toml"
    path.write_text(shipped_text("attributes"), "utf-8")
    assert read_task(path) == read_task("attributes")


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ({"quesion": "Which?"}, r"has no field 'quesion'; did you mean 'question'\?"),
        ({"labels": [{"key": "a", "colour": "red"}]}, r"\[\[labels\]\] 1 has no field 'colour'; it may have"),
        (
            {"fields": [{"column": "t", "kind": "html"}]},
            r"\[\[fields\]\] 1: kind is 'text' or 'title' or 'number'",
        ),
        ({"question": None}, "lacks question"),
        ({"question": "  "}, "question is empty"),
        ({"name": "a/b"}, "name 'a/b' is not one"),
        ({"kind": "ranking"}, "kind is 'labels' or 'score' or 'spans', not 'ranking'"),
        ({"labels": [{"key": "yes"}, {"key": "Yes"}]}, r"two of \[\[labels\]\] have the key 'yes'"),
        ({"labels": [{"key": "a", "name": "b"}, {"key": "b"}]}, "have the name 'b'"),
        ({"labels": [{"key": "a", "hotkey": "x"}, {"key": "b", "hotkey": "X"}]}, "have the hotkey 'x'"),
        ({"labels": [{"key": "a", "hotkey": "u"}, {"key": "b"}]}, "uses the key 'u' to undo"),
        ({"labels": [{"key": "a", "hotkey": "F1"}, {"key": "b"}]}, "one letter or digit, not 'F1'"),
        ({"labels": [{"key": "a"}]}, "1 labels leave no choice"),
        ({"labels": [{"key": 7}, {"key": "b"}]}, r"\[\[labels\]\] 1: key is a text, not 7"),
        ({"labels": "ab"}, "labels is a list, not 'ab'"),
        ({"labels": ["a"]}, r"\[\[labels\]\] 1 is a table, not 'a'"),
        ({"multiple": "yes"}, "multiple is true or false, not 'yes'"),
        ({"fields": []}, "name at least one column"),
        ({"fields": [{"column": "t"}, {"column": "t"}]}, "have the column 't'"),
        ({"fields": [{"column": "n", "kind": "number"}]}, "nothing to look at"),
        ({"score": {"low": 1, "high": 5}}, "is for kind = 'score'"),
        ({"kind": "score", "labels": None}, "needs [score] with low and high"),
        ({"kind": "score", "score": {"low": 1, "high": 5}}, "has no labels"),
        ({"kind": "score", "labels": None, "score": {"low": 5, "high": 1}}, "low is less than high"),
        (
            {"kind": "score", "labels": None, "score": {"low": True, "high": 1}},
            "score: low is a whole number",
        ),
        (
            {"kind": "score", "labels": None, "score": {"low": 0, "high": 1, "steps": ["a"]}},
            "2 numbers, and 1",
        ),
        ({"kind": "spans", "labels": []}, "at least one"),
        ({"kind": "spans", "multiple": True}, "several spans"),
    ],
)
def test_what_is_not_of_the_form_is_named(entries: dict[str, object], said: str) -> None:
    """The message says which entry it is, what is wrong with it, and near names."""
    with pytest.raises(UsageError, match=said.replace("[score]", r"\[score\]")) as error:
        task(**entries)
    assert str(error.value).startswith("test: ")
    assert "docs/annotate.md" in error.value.hint


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"name = ", "is not TOML"),
        (b"\xff\xfe", "cannot be read"),
        (FILE.format(more='guidelines_file = "../how.md"').encode(), "not the name of a file beside it"),
        (FILE.format(more='guidelines_file = "none.md"').encode(), "cannot be read"),
        (FILE.format(more='guidelines_file = "a.md"\nguidelines = "b"').encode(), "one of the two"),
    ],
)
def test_files_that_are_no_task_files(content: bytes, said: str, tmp_path: Path) -> None:
    """They are refused with what is wrong; files elsewhere are not read."""
    path = tmp_path / "bad.toml"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=said):
        read_task(path)


def test_names_of_no_task() -> None:
    """Near names of shipped tasks are offered."""
    with pytest.raises(UsageError, match=r"did you mean helpfulness\?"):
        read_task("helpfulnes")
    with pytest.raises(UsageError, match=r"no task file nowhere/helpfulness\.toml"):
        read_task("nowhere/helpfulness.toml")
