from __future__ import annotations

import json
import math
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ecomdata as ed
from ecomdata.errors import DataError, UsageError
from ecomdata.semanticids.spreads import Spread
from tests.conftest import RunCli
from tests.semanticids.catalogs import Codes, load, write_codes


def _final(**options: object) -> dict[str, object]:
    found = ed.semantic_id_stats("taobao/forge", codebook="final", **options)
    return found.as_dict()["codebooks"][0]


def test_a_catalog_counted_by_hand(tmp_path: Path) -> None:
    """Two ids of six and one item, one item without codes, one without its last."""
    load(tmp_path, final=[*[(1, 2, 3)] * 6, (8191, 2, 4), (None, None, None), (1, 2, None)])
    stats = _final()
    assert {name: stats[name] for name in ("rows", "missing", "incomplete", "repeated", "items", "used")} == {
        "rows": 9,
        "missing": 1,
        "incomplete": 1,
        "repeated": 0,
        "items": 7,
        "used": 2,
    }
    assert stats["gini"] == pytest.approx(3 / 2 - 2 * (2 * 1 + 1 * 6) / (2 * 7))
    assert [level["used"] for level in stats["levels"]] == [2, 1, 2]
    assert [level["size"] for level in stats["levels"]] == [8192] * 3
    assert [level["share"] for level in stats["levels"]] == [2 / 8192, 1 / 8192, 2 / 8192]
    assert stats["levels"][1]["perplexity"] == pytest.approx(1)
    assert stats["collisions"] == {
        "cap": 5,
        "mean": 3.5,
        "most": 6,
        "alone": 1 / 7,
        "ids_above": 1,
        "share_above": 0.5,
        "items_above": 6 / 7,
        "to_move": 1,
        "distribution": {1: 1, 6: 1},
    }


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32 - 1))
def test_figures_agree_with_counting_in_python(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    """Random codes, some blank: every figure is what plain counting gives."""
    rng = np.random.default_rng(seed)
    high = int(rng.choice([2, 5, 8192]))
    drawn = rng.integers(0, high, (300, 3))
    blank = rng.random((300, 3)) < 0.02
    codes: list[Codes] = [
        [None if gone else int(code) for code, gone in zip(*row, strict=True)]
        for row in zip(drawn, blank, strict=True)
    ]
    load(tmp_path_factory.mktemp("raw"), final=codes)
    stats = _final()
    whole = [tuple(row) for row in codes if None not in row]
    sizes = Counter(whole)
    assert stats["items"] == len(whole)
    assert stats["used"] == len(sizes)
    assert stats["missing"] == sum(all(code is None for code in row) for row in codes)
    assert stats["collisions"]["distribution"] == dict(sorted(Counter(sizes.values()).items()))
    for level, found in enumerate(stats["levels"]):
        shares = [n / len(whole) for n in Counter(row[level] for row in whole).values()]
        assert found["used"] == len(shares)
        assert found["perplexity"] == pytest.approx(math.exp(-sum(p * math.log(p) for p in shares)))


def test_codebooks_are_measured_apart(tmp_path: Path) -> None:
    """The same items collide in one codebook and not in the other; no figure is of both."""
    load(tmp_path, base=[(1, 1, 1)] * 4, final=[(1, 1, i) for i in range(4)])
    found = ed.semantic_id_stats("taobao/forge")
    assert {stats.codebook: stats.collisions.distribution for stats in found.codebooks} == {
        "base": {4: 1},
        "final": {1: 4},
    }


def test_items_told_twice_count_once(tmp_path: Path) -> None:
    """Item-SID holds the items of the tiny file again; where the two disagree, it is said."""
    write_codes(tmp_path, "final", [(1, 1, 1), (1, 1, 2), (1, 1, 2), (5, 5, 5)], stem="sid")
    load(tmp_path, final=[(1, 1, 1), (1, 1, 2), (1, 1, 3)])
    stats = _final()
    assert (stats["rows"], stats["repeated"], stats["of_several_ids"]) == (7, 3, 1)
    assert stats["collisions"]["distribution"] == {1: 3, 2: 1}


def test_no_item_has_codes(tmp_path: Path) -> None:
    """Blank codes only: counts, and no figures."""
    load(tmp_path, final=[(None, None, None)] * 3)
    stats = _final()
    assert (stats["missing"], stats["items"], stats["gini"], stats["levels"]) == (3, 0, None, ())


def test_the_counts_file_gives_the_same_gini(tmp_path: Path) -> None:
    """What --counts writes is the authors' file; their formula over it gives the figure."""
    load(tmp_path, final=[(i % 3, i % 2, 0) for i in range(20)])
    stats = _final(counts=tmp_path / "row_summary.txt")
    lines = (tmp_path / "row_summary.txt").read_text("utf-8").splitlines()
    pairs = [(int(size), int(ids)) for size, ids in (line.split("$$||$$") for line in lines)]
    assert Spread.of(pairs).gini == stats["gini"]


def test_counts_of_two_codebooks_are_not_mixed(tmp_path: Path) -> None:
    """With both loaded, a file of counts needs one named."""
    load(tmp_path, base=[(1, 1, 1)], final=[(1, 1, 2)])
    with pytest.raises(UsageError, match="base, final"):
        ed.semantic_id_stats("taobao/forge", counts=tmp_path / "counts.txt")
    assert not (tmp_path / "counts.txt").exists()


def test_wrong_requests(tmp_path: Path) -> None:
    """No such codebook, no ids, nothing loaded, no such folder, no amount of memory."""
    with pytest.raises(UsageError, match="not loaded"):
        ed.semantic_id_stats("taobao/forge")
    load(tmp_path, final=[(1, 1, 2)])
    with pytest.raises(UsageError, match="'bass'"):
        ed.semantic_id_stats("taobao/forge", codebook="bass")
    with pytest.raises(UsageError, match="is no folder"):
        ed.semantic_id_stats("taobao/forge", counts=tmp_path / "no" / "counts.txt")
    with pytest.raises(UsageError, match="amount of memory"):
        ed.semantic_id_stats("taobao/forge", memory="lots")
    ed.load("merrec", sample=True, limit=10)
    with pytest.raises(UsageError, match="no table of semantic ids"):
        ed.semantic_id_stats("merrec")


def test_damaged_files_are_named(tmp_path: Path) -> None:
    """A shard that is cut short is an error that says what to do."""
    release = load(tmp_path, final=[(1, 1, i) for i in range(50)])
    path = release["semantic_ids_final"].paths[0]
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(DataError, match="semantic_ids_final"):
        ed.semantic_id_stats("taobao/forge")


def test_the_command(tmp_path: Path, run_cli: RunCli) -> None:
    """As a table, as JSON, and with words for what was not asked."""
    load(tmp_path, final=[*[(1, 2, 3)] * 6, (4, 2, 4), (None, None, None)])
    shown = run_cli("stats", "taobao/forge", "--semantic-ids").stdout
    assert "ids with more than 5 items: 1 (50.00%)" in shown
    assert "not counted: 1 rows without any code, 0 with only some" in shown
    parsed = json.loads(run_cli("stats", "taobao/forge", "--semantic-ids", "--json").stdout)
    assert parsed["codebooks"][0]["collisions"]["distribution"] == {"1": 1, "6": 1}
    assert "--semantic-ids" in run_cli("stats", "taobao/forge", code=2).stderr
    assert "taobao/forge" in run_cli("stats", "taobao/forg", "--semantic-ids", code=2).stderr


def test_the_real_sequences_have_no_item_table(real: Path) -> None:
    """The ten real rows come without item codes: said, and not measured as nothing."""
    ed.load("taobao/forge", source=real / "al_sid")
    with pytest.raises(UsageError, match="of semantic ids"):
        ed.semantic_id_stats("taobao/forge")


def test_resolving_a_spread_leaves_none_above() -> None:
    """Above the cap are the ids with more, and no others."""
    spread = Spread.of([(5, 10), (6, 2), (9, 1)])
    assert spread.above(5) == Spread.of([(6, 2), (9, 1)])
