"""The compiled prediction says what the fasttext library says, and bad files are refused."""

from __future__ import annotations

import struct
from importlib.resources import files
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ecomdata as ed
from ecomdata.languages.arrowtext import Texts, texts_of_series
from ecomdata.languages.classifier import PREFIX, from_file
from ecomdata.languages.detecting import latin_words
from tests.languages.toymodels import lines, train

SHIPPED = Path(str(files("ecomdata.languages") / "model.ftz"))
TRAINING = Path(str(files("ecomdata.languages") / "training"))


def compare(path: Path, asked: list[str], texts: Texts) -> None:
    """Every label's probability within 1e-4 of the library's, and the same label first."""
    fasttext = pytest.importorskip("fasttext", reason="fastText has no wheel for this platform")
    theirs = fasttext.load_model(str(path))
    model = from_file(path)
    found = model.probabilities(texts.data, texts.edges)
    labels, likely = theirs.predict(asked, k=len(model.labels))
    for text, row, names, values in zip(asked, found, labels, likely, strict=True):
        if not names:  # it says nothing where no word is known; so every label is as likely
            assert np.ptp(row) < 1e-6, text
            continue
        places = [model.labels.index(name.removeprefix(PREFIX)) for name in names]
        assert row[places] == pytest.approx(values, abs=1e-4), text
        assert row[places[0]] >= row.max() - 1e-6, text


def test_the_shipped_model_says_what_the_library_says() -> None:
    """On all the lines it was trained on and on odd ones, thousands in all, as the survey writes them."""
    texts = [line for path in sorted(TRAINING.glob("*.t*")) for line in path.read_text().splitlines()]
    _, words = latin_words(texts_of_series(pl.Series(texts + lines(2000))))
    edges, data = words.edges.tolist(), words.data.tobytes()
    asked = [data[a:b].decode() for a, b in pairwise(edges)]
    assert len(asked) > 10_000
    compare(SHIPPED, asked, words)


@pytest.mark.parametrize(
    ("loss", "quantised", "options"),
    [
        ("softmax", False, {}),
        ("softmax", True, {}),
        ("softmax", False, {"dim": 3}),
        ("softmax", False, {"minn": 0, "maxn": 0}),
        ("softmax", False, {"minn": 1, "maxn": 6, "minCount": 10**6}),
        ("hs", False, {}),
        ("hs", True, {}),
    ],
)
def test_models_of_every_kind_say_what_the_library_says(
    loss: str, quantised: bool, options: dict[str, int], tmp_path: Path
) -> None:
    """Words known and unknown, labels and ends of lines among them; pruned, packed, with a tree of labels."""
    path = train(tmp_path, loss, quantised=quantised, **options)
    asked = lines(1000)
    compare(path, asked, texts_of_series(pl.Series(asked)))


def test_a_model_of_the_users_is_asked_too(tmp_path: Path) -> None:
    """Its word stands beside ours, and is null where there is no text."""
    path = train(tmp_path, "hs", quantised=True)
    found = ed.detect_languages(pl.Series(["nice shop", None, ""]), lid=path)
    assert found["lid"].null_count() == found["lid_confidence"].null_count() == 1
    assert found["lid"][0] in set("01234")
    assert found.drop("lid", "lid_confidence").equals(ed.detect_languages(pl.Series(["nice shop", None, ""])))


def refused(path: Path) -> ed.DataError:
    """The error that a file gives."""
    with pytest.raises(ed.DataError) as caught:
        from_file(path)
    assert str(path) in str(caught.value)
    assert "lid.176" in caught.value.hint
    return caught.value


HEADER = {
    "dimensions": 8,
    "ngrams": 28,
    "loss": 32,
    "kind": 36,
    "bucket": 40,
    "longest": 48,
    "size": 64,
    "words": 68,
}


@pytest.mark.parametrize("value", [-1, 0, 2**31 - 1])
@pytest.mark.parametrize("field", HEADER)
def test_a_header_that_lies_is_refused(field: str, value: int, tmp_path: Path) -> None:
    """The library's loader would believe it, and read or write where it must not."""
    data = bytearray(SHIPPED.read_bytes())
    (truth,) = struct.unpack_from("<i", data, HEADER[field])
    struct.pack_into("<i", data, HEADER[field], value if value != truth else truth + 1)
    path = tmp_path / "liar.ftz"
    path.write_bytes(data)
    refused(path)


def test_what_is_no_model_is_refused(tmp_path: Path) -> None:
    """Text, nothing, a part of a model, more than a model, an older version, unlabelled vectors."""
    path, data = tmp_path / "model.bin", SHIPPED.read_bytes()
    older = data[:4] + struct.pack("<i", 11) + data[8:]
    nan = data[:-16] + struct.pack("<f", float("nan")) + data[-12:]
    for bad in (b"", b"a,b\n1,2\n", data[:7], data[:100], data[:-1], data + b"\0", older, nan):
        path.write_bytes(bad)
        refused(path)
    path.write_bytes(older)
    assert "version 12" in str(refused(path))


@settings(deadline=None, max_examples=150)
@given(
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), min_size=1, max_size=4),
    st.integers(0, 3000) | st.none(),
)
def test_damage_is_refused_or_harmless(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[int, int]], end: int | None
) -> None:
    """Any bytes of the first part changed, anything cut off: an error of ours, or a model that answers."""
    small = tmp_path_factory.getbasetemp() / "small.model"
    if not small.is_file():
        train(tmp_path_factory.mktemp("small"), "hs", quantised=True).rename(small)
    data = bytearray(small.read_bytes())
    for place, value in changes:
        data[place] = value
    path = tmp_path_factory.getbasetemp() / "damaged.model"
    path.write_bytes(data[:end])
    try:
        model = from_file(path)
    except ed.DataError:
        return
    texts = texts_of_series(pl.Series(lines(5)))
    assert model.probabilities(texts.data, texts.edges).shape == (len(texts), len(model.labels))
