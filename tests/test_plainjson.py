"""JSON from strangers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecomdata.plainjson import DEEPEST, parsed, read_json, revived

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(PLAIN)
def test_what_python_writes_is_read(value: object) -> None:
    """As Python's own reader reads it."""
    assert parsed(json.dumps(value)) == value
    assert parsed(json.dumps(value).encode()) == value


@pytest.mark.parametrize("depth", [DEEPEST + 1, 900, 980, 1000, 100_000])
@pytest.mark.parametrize(("opened", "closed"), [("[", "]"), ('{"a":', "}")])
def test_what_is_nested_too_deep_is_a_value_error(depth: int, opened: str, closed: str) -> None:
    """Also where Python could still read it, and would fail when it shows or writes it."""
    inner = "1" if opened != "[" else ""
    with pytest.raises(ValueError, match="more than 100 levels deep"):
        parsed(opened * depth + inner + closed * depth)
    parsed(opened * DEEPEST + inner + closed * DEEPEST)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"a": 1, "a": 2}', "a key stands twice"),
        ("1" * 1_000_000, "Exceeds the limit"),
        ('{"a": [1', "Expecting"),
        (b'{"a": "\xff"}', "can't decode byte"),
    ],
)
def test_what_is_refused_is_a_value_error(text: str | bytes, message: str) -> None:
    """And says why."""
    with pytest.raises(ValueError, match=message):
        parsed(text)


def test_what_is_too_large_is_not_read(tmp_path: Path) -> None:
    """A file of a terabyte, of which nothing is on the disk, costs nothing."""
    path = tmp_path / "a.json"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(ValueError, match="1,099,511,627,776 bytes, and 67,108,864 are read"):
        read_json(path)
    with pytest.raises(ValueError, match="it has 9 bytes, and 8 are read"):
        parsed("[1, 2, 3]", most=8)


@dataclass(frozen=True)
class _Part:
    name: str
    share: float | None = None


@dataclass(frozen=True)
class _Whole:
    parts: tuple[_Part, ...]
    pair: tuple[int, bool]
    counts: Mapping[str, int]
    state: Literal["good", "bad"]
    more: Mapping[str, object]


_WHOLE = _Whole((_Part("a", 1), _Part("b")), (1, True), {"x": 2}, "good", {"y": [1, None]})


def test_a_declared_type_comes_back() -> None:
    """With tuples for lists, defaults for what is younger than the JSON, and nothing that is unknown."""
    value = json.loads(json.dumps(asdict(_WHOLE)))
    assert revived(_Whole, value) == _WHOLE
    del value["parts"][1]["share"]
    assert revived(_Whole, {**value, "unknown": 1}) == _WHOLE


@pytest.mark.parametrize(
    "spoilt",
    [
        {"parts": {}},
        {"parts": "ab"},
        {"parts": [[]]},
        {"parts": [{"share": 1.0}]},
        {"parts": [{"name": 1}]},
        {"pair": [1]},
        {"pair": [1, 0]},
        {"pair": [True, True]},
        {"counts": []},
        {"counts": {"x": None}},
        {"state": "worse"},
        {"state": []},
    ],
    ids=str,
)
def test_what_is_of_another_type_does_not(spoilt: dict[str, object]) -> None:
    """However deep it stands."""
    with pytest.raises((TypeError, ValueError)):
        revived(_Whole, {**json.loads(json.dumps(asdict(_WHOLE))), **spoilt})
