"""JSON from strangers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecomdata.plainjson import DEEPEST, parsed, read_json

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
