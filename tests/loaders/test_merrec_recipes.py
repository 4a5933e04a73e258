"""MerRec's recipes, against the same done row by row in plain Python."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq
import pytest

import ecomdata as ed
from ecomdata.loaders.merrec._sample import EVENT_SHARES, SCHEMA

MONTH = "20230501"
Row = dict[str, Any]


@pytest.fixture
def raw(tmp_path: Path) -> list[Row]:
    """The raw rows of a sample that is loaded, in file order."""
    ed.sample("merrec", tmp_path, rows=3000, seed=5)
    shards = sorted((tmp_path / MONTH).glob("*.parquet"))
    for shard in shards:  # whole minutes, so that many times tie, and only file order tells events apart
        frame = pl.read_parquet(shard).with_columns(pl.col("stime").dt.truncate("1m"))
        pq.write_table(frame.to_arrow().cast(SCHEMA), shard)
    ed.load("merrec", source=tmp_path)
    return [row for shard in shards for row in pl.read_parquet(shard).to_dicts()]


def _drawn(*parts: object) -> float:
    """From 0 to 1: the last eight bytes of the MD5 that stands for what is drawn, little-endian."""
    digest = hashlib.md5("_".join(map(str, parts)).encode(), usedforsecurity=False).digest()
    return int.from_bytes(digest[8:], "little") / 2**64


def _codes(raw: list[Row], column: str) -> dict[str, int]:
    return {name: n for n, name in enumerate(sorted({r[column] for r in raw if r[column] is not None}), 1)}


def _sequences(raw: list[Row]) -> dict[tuple[int, str], list[Row]]:
    found: dict[tuple[int, str], list[Row]] = defaultdict(list)
    for row in raw:
        found[row["user_id"], row["sequence_id"]].append(row)
    return found


@pytest.mark.parametrize(("shortest", "share", "longest"), [(5, 1.0, 20), (5, 0.4, 4), (1, 1.0, 1)])
def test_sessions(raw: list[Row], shortest: int, share: float, longest: int) -> None:
    """Products in file order, numbered from 1 by name; all but two, the last but one, the last."""
    codes = _codes(raw, "product_id")
    expected = {}
    for (user, sequence), rows in _sequences(raw).items():
        products = [codes[row["product_id"]] for row in rows]
        if len(products) >= max(shortest, 3) and _drawn(user, sequence, 7) < share:
            train = products[:-2]
            expected[user, sequence] = (train, train[-longest:], products[-2], products[-1])
    found = ed.sql(f"SELECT * FROM merrec.session_based_at('{MONTH}', {shortest}, {share}, {longest}, 7)")  # noqa: S608
    assert found.columns == ["user_id", "sequence_id", "train", "history", "validation", "test"]
    assert {row[:2]: row[2:] for row in found.iter_rows()} == expected
    assert len(expected) == found.height > 20


def test_sessions_as_the_paper_cuts_them(raw: list[Row]) -> None:
    """The view without parameters is May, five events, 11 %, 20 products."""
    found = ed.sql("SELECT * FROM merrec.session_based ORDER BY ALL")
    same = ed.sql(f"SELECT * FROM merrec.session_based_at('{MONTH}', 5, 0.11, 20, 0) ORDER BY ALL")  # noqa: S608
    assert found.equals(same)
    long = [rows for rows in _sequences(raw).values() if len(rows) >= 5]
    assert 0 < found.height < len(long) / 4


def _windows(raw: list[Row], shortest: int) -> list[tuple[Any, ...]]:
    """Upstream's loop over sorted rows, with the dictionaries filled."""
    products, colors = _codes(raw, "product_id"), _codes(raw, "color")
    columns = ["c0_id", "c1_id", "c2_id", "brand_id", "item_condition_id", "size_id", "shipper_id"]
    long = [row for row in raw if row["sequence_length"] >= shortest]
    found = []
    for (user, sequence), rows in _sequences(long).items():
        rows.sort(key=lambda row: row["stime"])
        numbers = [products[row["product_id"]] for row in rows]
        for at in range(7, len(rows) if len(rows) >= shortest else 0):
            row = rows[at]
            found.append(
                (
                    user,
                    sequence,
                    row["session_id"],
                    row["item_id"],
                    *(int(row["event_id"] == event) for event in EVENT_SHARES),
                    row["price"],
                    numbers[at],
                    *(row[column] for column in columns),
                    colors.get(row["color"], 0),
                    *numbers[at - 7 : at],
                )
            )
    return sorted(found, key=str)


@pytest.mark.parametrize("shortest", [8, 12])
def test_windows(raw: list[Row], shortest: int) -> None:
    """Every event from the eighth on, with the seven products before it, ties in file order."""
    found = ed.sql(f"SELECT * FROM merrec.ctr_mtl_at('{MONTH}', {shortest}, 3)")  # noqa: S608
    kept = found.drop("position", "ctr_split", "mtl_split")
    assert sorted(kept.iter_rows(), key=str) == _windows(raw, shortest)
    assert found.height > 20
    assert {"hist_1", "hist_7", "item_view", "item_like", "color"} <= set(found.columns)


def test_products_are_numbers_and_not_all_nothing(raw: list[Row]) -> None:
    """Upstream's error is not copied: numbers lead back to the products."""
    names = {code: name for name, code in _codes(raw, "product_id").items()}
    found = ed.sql("SELECT * FROM merrec.ctr_mtl")
    assert found["product_id"].min() >= 1
    assert found["hist_7"].n_unique() > 10
    by_item = {(row["item_id"], row["price"]): row["product_id"] for row in raw}
    for row in found.iter_rows(named=True):
        assert names[row["product_id"]] == by_item[row["item_id"], row["price"]]
    pairs = ed.sql(f"SELECT product_id, code FROM merrec.product_codes('{MONTH}')")  # noqa: S608
    assert dict(pairs.iter_rows()) == {name: code for code, name in names.items()}


def test_splits(raw: list[Row]) -> None:
    """About nine in ten for training, eight, one and one of ten for multi-task, the same under one seed."""
    del raw
    columns = "user_id, sequence_id, position, ctr_split, mtl_split"
    query = f"SELECT {columns} FROM merrec.ctr_mtl_at('{MONTH}', 8, {{}}) ORDER BY ALL"  # noqa: S608
    found, again, other = (ed.sql(query.format(seed)) for seed in (1, 1, 2))
    assert found.equals(again)
    assert not found.equals(other)
    for user, sequence, position, ctr, mtl in found.iter_rows():
        drawn = _drawn(user, sequence, position, 1)
        assert ctr == ("train" if drawn < 0.9 else "test")
        assert mtl == ("train" if drawn < 0.8 else "validation" if drawn < 0.9 else "test")
