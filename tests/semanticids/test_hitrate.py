from __future__ import annotations

import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ecomdata as ed
from ecomdata.errors import DataError, UsageError
from ecomdata.semanticids.hitrate import EmbeddingHitRate
from tests.semanticids.catalogs import load

Session = tuple[float | str, Any, Sequence[Any]]


def _write(path: Path, sessions: Sequence[Session]) -> Path:
    lines = [
        f"s{number}||$$||{label}||$$||{target}||$$||{','.join(map(str, items))}\n"
        for number, (label, target, items) in enumerate(sessions)
    ]
    path.write_text("".join(lines), encoding="utf-8")
    return path


def _npz(path: Path, ids: npt.NDArray[Any], embeds: npt.NDArray[Any]) -> Path:
    np.savez(path, ids=ids, embeds=embeds)
    return path


@pytest.fixture(autouse=True)
def items(home: Path, tmp_path: Path) -> None:
    """There are items with ids; the hit rate asks nothing of them."""
    del home
    load(tmp_path / "raw", final=[(1, 1, 1)])


def _rate(queries: Path, gallery: Path | str) -> EmbeddingHitRate:
    found = ed.semantic_id_stats("taobao/forge", queries=queries, gallery=gallery).embedding_hit_rate
    assert found is not None
    return found


def _by_hand(sessions: Sequence[Session], ids: list[int], embeds: npt.NDArray[Any]) -> tuple[int, int]:
    """Hits and sessions that count: every inner product, sorted, 31 less the item itself."""
    unit = embeds.astype(np.float64)
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    row = {item: at for at, item in enumerate(ids)}
    hits = counted = 0
    for label, target, looked_at in sessions:
        there = [item for item in looked_at if item in row]
        if label != 1 or not there:
            continue
        counted += 1
        near: set[int] = set()
        for item in there:
            order = np.argsort(-(unit @ unit[row[item]]), kind="stable")[:31]
            near |= set([ids[at] for at in order if ids[at] != item][:30])
        hits += target in near
    return hits, counted


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32 - 1), rows=st.sampled_from([5, 31, 32, 200]))
def test_as_upstream_counts(tmp_path_factory: pytest.TempPathFactory, seed: int, rows: int) -> None:
    """Random vectors and sessions, items and targets outside the gallery, other labels: the same counts."""
    rng = np.random.default_rng(seed)
    folder = tmp_path_factory.mktemp("eval")
    ids = rng.choice(10**6, rows, replace=False)
    embeds = rng.standard_normal((rows, 8)).astype(np.float32) * rng.uniform(0.1, 9, (rows, 1))
    pool = [*ids.tolist(), *range(10**6, 10**6 + rows // 4 + 1)]
    sessions: list[Session] = [
        (
            float(rng.integers(0, 2)) if number else 1.0,
            int(rng.choice(pool)),
            [int(item) for item in rng.choice(pool, int(rng.integers(1, 4)))],
        )
        for number in range(60)
    ]
    found = _rate(
        _write(folder / "queries.txt", sessions), _npz(folder / "gallery.npz", ids, embeds.astype(np.float32))
    )
    hits, counted = _by_hand(sessions, ids.tolist(), embeds.astype(np.float32))
    assert (found.hits, found.counted) == (hits, counted)
    assert found.rate == (hits / counted * 100 if counted else None)
    assert (found.sessions, found.positive) == (60, sum(label == 1 for label, _, _ in sessions))


def test_both_of_upstreams_denominators(tmp_path: Path) -> None:
    """A target outside the gallery is a miss by exact search, and no session by HNSW."""
    embeds = np.eye(3, dtype=np.float32)
    sessions: list[Session] = [(1, 11, [10]), ("1.0", 99, [10, 98]), (0, 11, [10]), (1, 11, [98])]
    found = _rate(
        _write(tmp_path / "q.txt", sessions), _npz(tmp_path / "g.npz", np.array([10, 11, 12]), embeds)
    )
    assert (found.hits, found.counted, found.rate) == (1, 2, 50.0)
    assert (found.target_missing, found.rate_in_gallery, found.unknown) == (1, 100.0, 1)


@pytest.mark.parametrize("kind", ["<u8", ">u8", "u1", ">i4", "<U3"])
def test_ids_of_any_kind_are_known(tmp_path: Path, kind: str) -> None:
    """Whole numbers of all widths, with a sign or without, and texts."""
    gallery = _npz(tmp_path / "g.npz", np.array([10, 11], kind), np.eye(2, dtype=np.float32))
    found = _rate(_write(tmp_path / "q.txt", [(1, 11, [10])]), gallery)
    assert (found.hits, found.counted, found.unknown) == (1, 1, 0)


def test_an_item_is_not_near_to_itself(tmp_path: Path) -> None:
    """The target that was looked at is found by another item alone."""
    angles = np.radians(np.arange(62))
    gallery = _npz(tmp_path / "g.npz", np.arange(62), np.column_stack([np.cos(angles), np.sin(angles)]))
    found = [
        _rate(_write(tmp_path / "q.txt", [(1, 0, items)]), gallery).hits for items in ([0], [0, 1], [31])
    ]
    assert found == [0, 1, 0]


def test_a_set_of_vectors(tmp_path: Path) -> None:
    """The vectors that FORGE brings, under their base62 ids."""
    release = ed.load("taobao/forge", sample=True, force=True)
    frame = release["embeddings"].lazy().select("item_id", "vector").collect()
    ids, embeds = frame["item_id"].to_list(), frame["vector"].to_numpy()
    sessions: list[Session] = [(1, ids[at + 1], [ids[at], "no such"]) for at in range(0, 40, 2)]
    found = _rate(_write(tmp_path / "q.txt", sessions), "embeddings")
    assert (found.hits, found.counted) == _by_hand(sessions, ids, embeds)
    assert (found.items, found.unknown) == (len(ids), 1)


@pytest.mark.parametrize(
    "line",
    [
        "s||$$||1||$$||10",
        "s||$$||1||$$||10||$$||11||$$||12",
        "s||$$||yes||$$||10||$$||11",
        "s||$$||nan||$$||10||$$||11",
        "s||$$||1||$$||ten||$$||11",
        "s||$$||1||$$||||$$||11",
        "s||$$||1||$$||10||$$||11,x",
        "s\t1\t10\t11",
    ],
)
def test_a_malformed_session_is_named(tmp_path: Path, line: str) -> None:
    """A line that is no session ends it, with its number."""
    gallery = _npz(tmp_path / "g.npz", np.array([10, 11]), np.eye(2, dtype=np.float32))
    path = _write(tmp_path / "q.txt", [(1, 10, [11])])
    path.write_text(f"{path.read_text()}\n{line}\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"q\.txt, line 3: "):
        _rate(path, gallery)


def test_galleries_that_are_none(tmp_path: Path) -> None:
    """Arrays that lack, differ, are pickled, damaged, hold an item twice or a value that is not finite."""
    queries = _write(tmp_path / "q.txt", [(1, 10, [11])])
    eye = np.eye(2, dtype=np.float32)
    path = tmp_path / "g.npz"
    np.savez(path, ids=np.array([10, 11]))
    with pytest.raises(DataError, match="no array embeds"):
        _rate(queries, path)
    for ids, embeds, message in (
        (np.array([10, 11, 12]), eye, "3 entries and embeds 2"),
        (np.array([10, 10]), eye, "twice"),
        (np.array([10, 11]), eye[0], "is needed"),
        (np.array([10.5, 11]), eye, "is needed"),
        (np.array([10, 11], dtype=object), eye, "pickled"),
        (np.array([10, 11]), eye * np.nan, "NaN"),
    ):
        np.savez(path, allow_pickle=True, ids=ids, embeds=embeds)
        with pytest.raises(DataError, match=message):
            _rate(queries, path)
    for damage in (pickle.dumps({}), path.read_bytes()[:200]):
        path.write_bytes(damage)
        with pytest.raises(DataError, match="cannot be read"):
            _rate(queries, path)


def test_wrong_requests(tmp_path: Path) -> None:
    """One without the other, files and sets that are not there, no session that counts."""
    queries = _write(tmp_path / "q.txt", [(0, 10, [11])])
    gallery = _npz(tmp_path / "g.npz", np.array([10, 11]), np.eye(2, dtype=np.float32))
    with pytest.raises(UsageError, match="go together"):
        ed.semantic_id_stats("taobao/forge", queries=queries)
    with pytest.raises(UsageError, match="is no file"):
        _rate(queries, tmp_path / "no.npz")
    with pytest.raises(UsageError, match="is no file"):
        _rate(tmp_path / "no.txt", gallery)
    with pytest.raises(UsageError, match="embeddings"):
        _rate(queries, "item_vectors")
    with pytest.raises(DataError, match="no session with label 1"):
        _rate(queries, gallery)
