from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from sklearn.datasets import load_svmlight_file

import ecomdata as ed
from ecomdata.errors import DataError, UsageError
from tests.exporting.stalls import NAME, load, market

__all__ = ["market"]


def _export(name: str, out: Path, **options: Any) -> ed.Export:
    return ed.export(name, out, format="libsvm", **options)


def _rows(path: Path, features: pl.DataFrame) -> tuple[list[float], list[dict[str, str | float]]]:
    """What scikit-learn reads, as the columns and values that the map says."""
    matrix, labels = load_svmlight_file(str(path), n_features=features.height, zero_based=False)
    names = features["column"].to_list()
    values = features["value"].to_list()
    rows: list[dict[str, str | float]] = []
    for row in matrix:
        assert (np.diff(row.indices) > 0).all()
        found = zip(row.indices, row.data, strict=True)
        rows.append({names[at]: value if values[at] is None else values[at] for at, value in found})
    return labels.tolist(), rows


def _features(path: Path) -> pl.DataFrame:
    frame = pl.read_csv(path, separator="\t", schema_overrides={"value": pl.String})
    assert frame["index"].to_list() == list(range(1, frame.height + 1))
    return frame


def test_counted_by_hand(tmp_path: Path) -> None:
    """Categories one by one, numbers as they are, nothing for null and zero; rows without a label counted."""
    load(
        tmp_path,
        [
            {"user_id": "b", "item_id": 'x"\t', "price": 2.5, "clicked": 1},
            {"user_id": "a", "item_id": None, "price": 0.0, "clicked": 0},
            {"user_id": None, "item_id": "x", "price": None, "clicked": 3},
            {"clicked": None},
        ],
    )
    done = _export(NAME, tmp_path / "out")
    features = _features(tmp_path / "out" / "clicks.features.tsv")
    assert features.rows() == [
        (1, "user_id", "a"),
        (2, "user_id", "b"),
        (3, "item_id", "x"),
        (4, "item_id", 'x"\t'),
        (5, "price", None),
    ]
    assert (tmp_path / "out" / "clicks.libsvm").read_text() == "0 1:1\n1 2:1 4:1 5:2.5\n3 3:1\n"
    assert done.notes == {"rows without clicked, left out": 1}


def test_other_columns(tmp_path: Path) -> None:
    """A label and features of one's own, and a file for each split."""
    load(
        tmp_path, [{"price": 9.0, "event": event, "clicked": at} for at, event in enumerate(("view", "cart"))]
    )
    _export(NAME, tmp_path / "out", label="dear", features=["clicked"], split="event")
    assert (tmp_path / "out" / "clicks.cart.libsvm").read_text() == "1 2:1\n"
    assert (tmp_path / "out" / "clicks.view.libsvm").read_text() == "1 1:1\n"
    with pytest.raises(
        UsageError, match=r"clicks\.cart\.libsvm, .*clicks\.view\.libsvm is of another export"
    ):
        _export(NAME, tmp_path / "out", force=True)
    _export(NAME, tmp_path / "raw", table="events", label="clicked", features=["event"])
    assert (tmp_path / "raw" / "events.libsvm").read_text() == "1 1:1\n0 2:1\n"


def test_click_through_of_merrec(tmp_path: Path) -> None:
    """The recipe's view: scikit-learn reads back every row of both splits, value for value."""
    ed.load("merrec", sample=True, limit=3000)
    done = _export("merrec", tmp_path, split="ctr_split")
    features = _features(tmp_path / "ctr_mtl.features.tsv")
    view = ed.sql("SELECT * FROM merrec.ctr_mtl")
    columns = list(dict.fromkeys(features["column"]))
    assert columns[:3] == ["user_id", "session_id", "product_id"]
    assert "price" not in columns
    for split in ("train", "test"):
        labels, rows = _rows(tmp_path / f"ctr_mtl.{split}.libsvm", features)
        expected = [
            ({c: str(row[c]) for c in columns if row[c] is not None}, row["item_view"])
            for row in view.filter(pl.col("ctr_split") == split).iter_rows(named=True)
        ]
        found = list(zip(rows, labels, strict=True))
        assert sorted(found, key=str) == sorted(((r, float(v)) for r, v in expected), key=str)
    assert sum(file.rows or 0 for file in done.files[:2]) == view.height > 20


def test_the_same_bytes(tmp_path: Path) -> None:
    """The view promises no order; the file has one."""
    ed.load("merrec", sample=True, limit=2000)
    for out in ("a", "b"):
        _export("merrec", tmp_path / out)
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()


def test_wrong_requests(tmp_path: Path) -> None:
    """Nothing declared, columns that are not there, labels and features of the wrong kind, odd splits."""
    load(tmp_path, [{"session_id": "../x"}], users=[{"user_id": "u1", "visits": [1]}])
    cases: list[tuple[dict[str, Any], str]] = [
        ({"table": "click"}, "no table or view 'click'"),
        ({"table": "events"}, "declares no label"),
        ({"table": "events", "label": "clicked"}, "features are one column at least"),
        ({"features": ["clicked"]}, "the label is none"),
        ({"features": ["colour"]}, "no column colour"),
        ({"features": ["price", "user_id", "price"]}, "price is named twice"),
        ({"label": "event"}, "no numbers"),
        ({"table": "users", "label": "visits", "features": ["age"]}, r"holds BIGINT\[\], no numbers"),
        ({"split": "session_id"}, "cannot be part of a file's name"),
    ]
    for options, message in cases:
        with pytest.raises(UsageError, match=message):
            _export(NAME, tmp_path / "out", **options)
    with pytest.raises(UsageError, match="--rating says nothing to libsvm"):
        _export(NAME, tmp_path / "out", ratings={"view": 1.0})
    with pytest.raises(UsageError, match="--split says nothing to recbole"):
        ed.export(NAME, tmp_path / "out", format="recbole", split="event")
    load(tmp_path, [{"session_id": ""}, {"session_id": "train"}])
    with pytest.raises(UsageError, match="the split '' cannot be part of a file's name"):
        _export(NAME, tmp_path / "out", split="session_id")
    load(tmp_path, [{"user_id": f"u{at}"} for at in range(256)])
    with pytest.raises(UsageError, match="user_id has 256 values, each of which would be a file"):
        _export(NAME, tmp_path / "out", split="user_id")
    load(tmp_path, [{"clicked": None}])
    with pytest.raises(DataError, match="no row of clicks has a clicked"):
        _export(NAME, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    ed.load("taobao/tmall", sample=True, limit=50)
    structs = {"table": "train_activity", "label": "activity", "features": ["merchant_id"]}
    with pytest.raises(UsageError, match=r"holds STRUCT\(.*\)\[\], no numbers"):
        _export("taobao/tmall", tmp_path / "out", **structs)
    with pytest.raises(UsageError, match="declares no view with labels"):
        _export("taobao/tmall", tmp_path / "out")
