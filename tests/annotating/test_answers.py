from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecomdata.annotating.answers import parse_answer, validate
from ecomdata.annotating.taskfile import read_task
from ecomdata.errors import UsageError
from tests.annotating.projects import task

TITLE = "লাল Nike জুতা 👟 42"
LABELS, MANY, SCORE, SPANS = (
    read_task(name) for name in ("sentiment", "language_mix", "helpfulness", "attributes")
)


def test_answers_have_one_form() -> None:
    """Labels come in the order of the set, spans in the order of the text: equal answers are equal texts."""
    assert validate(MANY, {}, {"labels": ["en", "bn"]}).as_json() == '{"labels":["bn","en"]}'
    assert validate(MANY, {}, {"labels": []}).as_dict() == {"labels": []}
    assert validate(SCORE, {}, {"score": 5}).as_json() == '{"score":5}'
    color = {"field": "title", "start": 0, "end": 3, "label": "color"}
    brand = {"field": "title", "start": 4, "end": 8, "label": "brand"}
    found = validate(SPANS, {"title": TITLE}, {"spans": [brand, color]})
    assert found.as_dict() == {"spans": [color, brand]}
    assert found.spans is not None
    assert [TITLE[span.start : span.end] for span in found.spans] == ["লাল", "Nike"]


@pytest.mark.parametrize(
    ("of", "value", "said"),
    [
        (LABELS, {"labels": ["good"]}, "'good' is not in the label set"),
        (LABELS, {"labels": [["positive"]]}, "is not in the label set"),
        (LABELS, {"labels": []}, "exactly one label, not 0"),
        (LABELS, {"labels": ["positive", "negative"]}, "exactly one label, not 2"),
        (MANY, {"labels": ["en", "en"]}, "given twice"),
        (LABELS, {"labels": "positive"}, "are a list"),
        (LABELS, {"score": 3}, "an answer to sentiment is {'labels': ...}"),
        (LABELS, {"labels": ["positive"], "note": 1}, "an answer to sentiment is"),
        (LABELS, ["positive"], "an answer to sentiment is"),
        (SCORE, {"score": 6}, "a whole number from 1 to 5, not 6"),
        (SCORE, {"score": "5"}, "not '5'"),
        (SCORE, {"score": True}, "not True"),
        (SCORE, {"score": 4.0}, "not 4.0"),
        (
            SPANS,
            {"spans": [{"field": "title", "start": 0, "end": 3}]},
            "a span has field, start, end and label",
        ),
        (
            SPANS,
            {"spans": [{"field": "text", "start": 0, "end": 3, "label": "brand"}]},
            "no field of texts 'text'",
        ),
        (
            SPANS,
            {"spans": [{"field": "title", "start": 0, "end": 99, "label": "brand"}]},
            "not within the 18",
        ),
        (
            SPANS,
            {"spans": [{"field": "title", "start": 3, "end": 3, "label": "brand"}]},
            "from 3 to 3 is not",
        ),
        (SPANS, {"spans": [{"field": "title", "start": -1, "end": 3, "label": "brand"}]}, "from -1 to 3"),
        (SPANS, {"spans": [{"field": "title", "start": 0.0, "end": 3, "label": "brand"}]}, "from 0.0 to 3"),
        (
            SPANS,
            {"spans": [{"field": "title", "start": 0, "end": 3, "label": "price"}]},
            "not in the label set",
        ),
        (SPANS, {"spans": [{"field": "title", "start": 0, "end": 3, "label": "brand"}] * 2}, "given twice"),
    ],
)
def test_what_is_no_answer(of: object, value: object, said: str) -> None:
    """It is refused, and the message says why."""
    with pytest.raises(UsageError, match=said.replace("{", r"\{")):
        validate(of, {"title": TITLE}, value)


def test_a_span_needs_a_text() -> None:
    """In an item without one there is nothing to mark."""
    with pytest.raises(UsageError, match="not within the 0 characters"):
        validate(
            SPANS, {"title": None}, {"spans": [{"field": "title", "start": 0, "end": 1, "label": "brand"}]}
        )


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)


@given(
    json_values
    | st.fixed_dictionaries({"labels": json_values})
    | st.fixed_dictionaries({"spans": json_values})
)
def test_anything_is_an_answer_or_refused(value: object) -> None:
    """Whatever JSON arrives: what passes is of the one form, and passes again; all else is a UsageError."""
    for of in (LABELS, MANY, SCORE, SPANS, task(multiple=True)):
        try:
            found = parse_answer(of, {"title": TITLE}, json.dumps(value))
        except UsageError:
            continue
        assert parse_answer(of, {"title": TITLE}, found.as_json()) == found


@pytest.mark.parametrize("text", ["", "positive", "{", "[" * 100_000])
def test_prose_is_no_answer(text: str) -> None:
    """Nor is JSON that never ends."""
    with pytest.raises(UsageError, match="an answer is JSON"):
        parse_answer(LABELS, {}, text)
