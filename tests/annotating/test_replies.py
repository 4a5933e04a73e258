"""What of a model's reply counts as an answer, and the form that is asked for, for each kind of task."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecomdata.annotating.suggesting.prompts import Prompts, schema_of
from ecomdata.annotating.suggesting.replies import read_reply
from tests.annotating.projects import task

CONTENT = {"text": "রঙ ভালো, price good, price bad"}
SEVERAL = task(multiple=True)
SCORE = task(kind="score", labels=None, score={"low": 1, "high": 5, "steps": list("abcde")})
SPANS = task(kind="spans")
PRICE = {"field": "text", "text": "price", "label": "positive"}


def _read(kind: Any, reply: object) -> object:
    answer = read_reply(kind, CONTENT, json.dumps(reply))
    return None if answer is None else answer.as_dict()


@pytest.mark.parametrize(
    ("kind", "reply", "answer"),
    [
        (task(), {"label": "positive"}, {"labels": ["positive"]}),
        (task(), {"labels": ["positive"]}, None),
        (SEVERAL, {"labels": ["negative", "positive"]}, {"labels": ["positive", "negative"]}),
        (SEVERAL, {"labels": []}, {"labels": []}),
        (SEVERAL, {"labels": ["positive", "bad"]}, None),
        (SEVERAL, {"labels": ["positive", "positive"]}, None),
        (SEVERAL, {"label": "positive"}, None),
        (SCORE, {"score": 4}, {"score": 4}),
        (SCORE, {"score": 6}, None),
        (SCORE, {"score": "4"}, None),
        (SCORE, {"score": True}, None),
        (SPANS, {"spans": []}, {"spans": []}),
        (SPANS, {"spans": [{**PRICE, "text": "quality"}]}, None),
        (SPANS, {"spans": [{**PRICE, "field": "title"}]}, None),
        (SPANS, {"spans": [{**PRICE, "label": "bad"}]}, None),
        (SPANS, {"spans": [{**PRICE, "text": ""}]}, None),
        (SPANS, {"spans": [{**PRICE, "start": 3}]}, None),
        (SPANS, {"spans": [PRICE] * 3}, None),
        (SPANS, {"spans": PRICE}, None),
        (SPANS, {"spans": ["price"]}, None),
    ],
)
def test_each_kind_of_task_has_its_form(kind: Any, reply: object, answer: object) -> None:
    """Labels in the order of the set, scores in their range, spans that stand in the text; else nothing."""
    assert _read(kind, reply) == answer


def test_quoted_spans_are_found_in_order() -> None:
    """The same text twice is its first and its second place; places count code points."""
    quoted = [PRICE, {**PRICE, "label": "negative"}, {**PRICE, "text": "রঙ"}]
    answer: Any = _read(SPANS, {"spans": quoted})
    found = [(one["start"], one["end"], one["label"]) for one in answer["spans"]]
    assert found == [(0, 2, "positive"), (9, 14, "positive"), (21, 26, "negative")]


@given(st.text() | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(json.dumps))
def test_no_reply_is_an_error(reply: str) -> None:
    """Whatever a model says is an answer or none."""
    for kind in (task(), SEVERAL, SCORE, SPANS):
        assert read_reply(kind, CONTENT, reply) is None


@pytest.mark.parametrize("kind", [task(), SEVERAL, SCORE, SPANS])
def test_the_schema_is_one_that_strict_output_takes(kind: Any) -> None:
    """Every object names all of its properties and allows no others; the words say the same."""

    def check(schema: dict[str, Any]) -> None:
        if schema["type"] == "object":
            assert schema["required"] == list(schema["properties"])
            assert schema["additionalProperties"] is False
            for one in schema["properties"].values():
                check(one)
        if schema["type"] == "array":
            check(schema["items"])

    schema = schema_of(kind)
    check(schema)
    (name,) = schema["properties"]
    system = Prompts(kind).of(CONTENT).system
    assert f'{{"{name}": ' in system
    assert all(f"- {key}" in system for key in kind.label_keys)
    assert kind is not SCORE or "- 5: e" in system
