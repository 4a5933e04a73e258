from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ecomdata as ed
from ecomdata.errors import DataError, UsageError
from ecomdata.semanticids.ranking import CUTS, HitRates
from tests.conftest import RunCli
from tests.semanticids.catalogs import Codes, base62, load, token, write_codes

NEW, ALL = "_generated_new_text_", "_generated_text_"


def _write(path: Path, rows: Sequence[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def _rates(path: Path, codebook: str | None = None, **options: Any) -> HitRates:
    found = ed.semantic_id_stats("taobao/forge", predictions=path, codebook=codebook, **options)
    assert found.hit_rates is not None
    return found.hit_rates


def _expected(codes: Sequence[Codes], rows: Sequence[dict[str, Any]], key: str) -> dict[int, float]:
    """HR@K by writing every list of items out, as the authors do."""
    items: dict[str, list[str]] = {}
    for number, row in enumerate(codes):
        if None not in row:
            items.setdefault(token(row), []).append(base62(number))
    means = dict.fromkeys(CUTS, 0.0)
    for row in rows:
        found = [item for sid in row[key] for item in items.get(sid, [])]
        truth = set(row["answer"].strip().split(";"))
        for cut in CUTS:
            means[cut] += len(set(found[:cut]) & truth) / len(truth) / len(rows)
    return means


def test_counted_by_hand(tmp_path: Path) -> None:
    """30 items of one id, then the true one: not among the first 20, among the first 100."""
    load(tmp_path, final=[*[(1, 1, 1)] * 30, (2, 2, 2)])
    rows = [
        {ALL: [token((1, 1, 1)), token((2, 2, 2))], "answer": f"{base62(30)};{base62(0)}"},
        {ALL: [], "answer": base62(3)},
    ]
    found = _rates(_write(tmp_path / "output.jsonl", rows))
    assert found.rates == {20: 0.25, 100: 0.5, 500: 0.5, 1000: 0.5}
    assert (found.rows, found.generated, found.unknown, found.malformed) == (2, 2, 0, 0)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32 - 1), key=st.sampled_from([NEW, ALL]))
def test_as_the_authors_expand_lists(tmp_path_factory: pytest.TempPathFactory, seed: int, key: str) -> None:
    """Repeated ids, unknown ids, nonsense, fuller ids than K, several true items: the same means."""
    folder = tmp_path_factory.mktemp("raw")
    rng = np.random.default_rng(seed)
    few, many = rng.integers(0, 4, (80, 3)), np.ones((1100, 3), np.int64)
    codes: list[Codes] = [[int(c) for c in row] for row in np.concatenate([few, many, few])]
    codes[5] = (None, None, None)
    load(folder, final=codes)
    rows: list[dict[str, Any]] = []
    for _ in range(25):
        beams = [token([int(c) for c in row]) for row in rng.integers(0, 5, (40, 3))]
        beams[3] = beams[4]
        beams[7] = token((1, 1, 1))
        beams[9] = str(
            rng.choice(["", "C1C2", "C1 C8193 C16385", "C01C8193C16385", "C99999999999999999999C1C1"])
        )
        truth = {base62(int(n)) for n in rng.integers(0, 1300, int(rng.integers(1, 9)))}
        rows.append({key: beams, "answer": ";".join(sorted(truth)), "user": "…"})
    found = _rates(_write(folder / "output.jsonl", rows))
    assert found.rates == pytest.approx(_expected(codes, rows, key))
    assert found.malformed == 25
    assert found.generated == 25 * 40


def test_a_decoder_only_model_repeats_the_prompt(tmp_path: Path) -> None:
    """Where both keys stand, the new text is what was generated."""
    load(tmp_path, final=[(1, 1, 1), (2, 2, 2)])
    row = {ALL: ["prompt" + token((2, 2, 2))], NEW: [token((1, 1, 1))], "answer": base62(0)}
    assert _rates(_write(tmp_path / "output.jsonl", [row])).rates[20] == 1.0


def test_an_item_told_twice_takes_one_place(tmp_path: Path) -> None:
    """With the tiny codes and all codes loaded, each item of an id comes once."""
    codes: list[Codes] = [*[(1, 1, 1)] * 15, (2, 2, 2)]
    write_codes(tmp_path, "final", codes, stem="sid")
    load(tmp_path, final=codes)
    row = {ALL: [token((1, 1, 1)), token((2, 2, 2))], "answer": base62(15)}
    assert _rates(_write(tmp_path / "output.jsonl", [row])).rates[20] == 1.0


def test_rows_without_an_answer_are_counted(tmp_path: Path) -> None:
    """Null and blank answers are left out of the mean and said; blank lines are nothing."""
    load(tmp_path, final=[(1, 1, 1)])
    rows = [{ALL: [token((1, 1, 1))], "answer": answer} for answer in (base62(0), None, "", " ; ")]
    path = _write(tmp_path / "output.jsonl", rows)
    path.write_text("\ufeff\n" + path.read_text() + "\n\n", encoding="utf-8")
    found = _rates(path)
    assert (found.rows, found.unanswered, found.rates[20]) == (1, 3, 1.0)


def test_two_codebooks_need_a_choice(tmp_path: Path) -> None:
    """With both loaded nothing is guessed."""
    load(tmp_path, base=[(1, 1, 1)], final=[(2, 2, 2)])
    path = _write(tmp_path / "output.jsonl", [{ALL: [token((2, 2, 2))], "answer": base62(0)}])
    with pytest.raises(UsageError, match="base, final") as raised:
        _rates(path)
    assert "--codebook" in raised.value.hint
    assert _rates(path, "final").rates[20] == 1.0


def test_ids_of_the_other_codebook_are_an_error(tmp_path: Path) -> None:
    """Predictions of which the other codebook knows more are refused, though some fit by chance."""
    load(tmp_path, base=[(1, 1, i) for i in range(9)], final=[(1, 1, 0), *[(9, 9, i) for i in range(8)]])
    beams = [token((1, 1, i)) for i in range(9)]
    path = _write(tmp_path / "output.jsonl", [{ALL: beams, "answer": base62(0)}])
    with pytest.raises(DataError, match="1 are in the codebook final and 9 in base") as raised:
        _rates(path, "final")
    assert "--codebook base" in raised.value.hint
    assert _rates(path, "base").rates[20] == 1.0


def test_ids_of_no_item_are_an_error(tmp_path: Path) -> None:
    """With one codebook loaded, ids that are all unknown are of another."""
    load(tmp_path, final=[(1, 1, 1)])
    path = _write(tmp_path / "output.jsonl", [{ALL: [token((5, 5, 5)), "huh"], "answer": base62(0)}])
    with pytest.raises(DataError, match="none of the 2 generated ids"):
        _rates(path)


def test_sequences_that_speak_the_other_codebook(tmp_path: Path) -> None:
    """Base sequences beside final item codes: an error, before anything is read."""
    sequences = tmp_path / "AL-GR" / "s1_splits" / "part_01.csv"
    sequences.parent.mkdir(parents=True)
    sequences.write_text("system,user,answer\ns,当前：C1C8193C16385，请,C1C8193C16385\n", encoding="utf-8")
    load(tmp_path, final=[(1, 1, 1)])
    path = _write(tmp_path / "output.jsonl", [{ALL: [token((1, 1, 1))], "answer": base62(0)}])
    with pytest.raises(DataError, match="speak the codebook base") as raised:
        _rates(path)
    assert "sid_base" in raised.value.hint


@pytest.mark.parametrize(
    ("line", "what"),
    [
        (b"{", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b"[1]", "is no JSON object"),
        (b'{"answer": "AdPxq"}', "has no _generated_new_text_ or _generated_text_"),
        (b'{"_generated_text_": []}', "has no answer"),
        (b'{"_generated_text_": "C1C8193C16385", "answer": "AdPxq"}', "is not a list of strings"),
        (b'{"_generated_text_": [1], "answer": "AdPxq"}', "is not a list of strings"),
        (b'{"_generated_text_": [], "answer": ["AdPxq"]}', "answer is not a string"),
        (b'{"_generated_text_": [], "answer": "C1C8193C16385"}', "is a semantic id"),
        (b'{"_generated_text_": [], "answer": "\xff"}', "is not UTF-8"),
    ],
)
def test_a_malformed_line_is_named(tmp_path: Path, line: bytes, what: str) -> None:
    """A line that is no prediction ends it, with its number."""
    load(tmp_path, final=[(1, 1, 1)])
    path = tmp_path / "output.jsonl"
    path.write_bytes(b'{"_generated_text_": ["C1C8193C16385"], "answer": "AdPxq"}\n\n' + line + b"\n")
    with pytest.raises(DataError, match=r"output\.jsonl, line 3: ") as raised:
        _rates(path)
    assert what in str(raised.value)


def test_nothing_to_take_the_mean_of(tmp_path: Path) -> None:
    """An empty file and a file that is not there are errors, not zero."""
    load(tmp_path, final=[(1, 1, 1)])
    path = tmp_path / "output.jsonl"
    path.touch()
    with pytest.raises(DataError, match="no row with an answer"):
        _rates(path)
    with pytest.raises(UsageError, match="is no file"):
        _rates(tmp_path / "outputs.jsonl")


def test_the_command(tmp_path: Path, run_cli: RunCli) -> None:
    """The table and the JSON have the same means."""
    load(tmp_path, final=[(1, 1, 1), (2, 2, 2)])
    rows = [{NEW: [token((1, 1, 1))], "answer": f"{base62(0)};{base62(1)}"}]
    path = _write(tmp_path / "output.jsonl", rows)
    shown = run_cli("stats", "taobao/forge", "--semantic-ids", "--predictions", path).stdout
    assert "0.5000" in shown
    parsed = json.loads(
        run_cli("stats", "taobao/forge", "--semantic-ids", "--predictions", path, "--json").stdout
    )
    assert parsed["hit_rates"]["rates"] == {"20": 0.5, "100": 0.5, "500": 0.5, "1000": 0.5}
