"""The model that is shipped can be made again, from texts that are here and that nothing is measured with."""

from __future__ import annotations

import csv
import json
import re
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

import polars as pl
import pytest

import ecomdata as ed
from ecomdata.languages.classifier import from_file
from ecomdata.languages.corpus import LABELS, lines
from ecomdata.languages.training import train_languages
from tests.conftest import ROOT, RunCli

PACKAGE = Path(str(files("ecomdata.languages")))
SHIPPED = PACKAGE / "model.ftz"


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    """On a few lines, twice. It knows the languages it should tell apart."""
    pytest.importorskip("fasttext", reason="fastText has no wheel for this platform")
    done = [
        train_languages(tmp_path / f"{n}.ftz", seed=seed, of_each=200, buckets=300)
        for n, seed in enumerate((5, 5))
    ]
    assert done[0].sha256 == done[1].sha256
    assert done[0].sha256 == sha256(done[0].path.read_bytes()).hexdigest()
    assert done[0].lines == 200 * len(LABELS)
    assert set(from_file(done[0].path).labels) == set(LABELS)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0.ftz", "1.ftz"]


def test_lines_are_drawn_by_the_seed() -> None:
    """As many of each label as asked for, the same ones for the same seed."""
    drawn = lines(3, of_each=50)
    assert drawn == lines(3, of_each=50) != lines(4, of_each=50)
    assert {label: sum(one == label for one, _ in drawn) for label in LABELS} == dict.fromkeys(LABELS, 50)


def test_the_command_trains(run_cli: RunCli, tmp_path: Path) -> None:
    """A smaller one from fewer lines, which knows the plainest texts."""
    pytest.importorskip("fasttext", reason="fastText has no wheel for this platform")
    small = ("--lines", "1500", "--buckets", "1000", "--json")
    done = json.loads(run_cli("languages", "train", "-o", tmp_path / "again.ftz", *small).stdout)
    again = Path(done["path"])
    assert done["bytes"] == again.stat().st_size < SHIPPED.stat().st_size
    asked = pl.Series(["product ta onek valo", "very good product", "hang dep lam", "muy bueno, gracias"])
    frame = ed.detect_languages(asked, lid=again)
    assert frame["lid"].to_list() == frame["language"].cast(pl.String).to_list()


def test_what_cannot_be_is_told_before_anything_is_trained(tmp_path: Path) -> None:
    """A folder that is not there, a matrix that is too small."""
    with pytest.raises(ed.UsageError, match="is no folder"):
        train_languages(tmp_path / "no" / "model.ftz")
    with pytest.raises(ed.UsageError, match="too few"):
        train_languages(tmp_path / "model.ftz", buckets=255)


def test_the_shipped_model_is_small_and_has_its_papers() -> None:
    """Under 2 MB; the card is about this very model, and the notice names every file it is made from."""
    assert SHIPPED.stat().st_size < 2_000_000
    card = (PACKAGE / "MODEL_CARD.md").read_text()
    assert sha256(SHIPPED.read_bytes()).hexdigest() in card
    notice = (PACKAGE / "training" / "NOTICE.md").read_text()
    for path in (PACKAGE / "training").glob("*.t*"):
        assert f"`{path.name}`" in notice, f"{path.name} is missing in NOTICE.md"


def plain(text: str) -> str:
    """Letters alone, small: what two texts share whatever their spaces and marks."""
    return re.sub(r"\W", "", text.lower())


def test_nothing_is_measured_with_what_was_trained_on(real: Path) -> None:
    """No held-out line of ours is a training line, and BanglaTLit's test rows are not its rows of val."""
    trained = {
        plain(part)
        for path in (PACKAGE / "training").glob("*.t*")
        for line in path.read_text().splitlines()
        for part in (line, line.partition("\t")[2])
    }
    held = [
        line.split("\t")[-1]
        for name in ("lines.tsv", "reviews.tsv")
        for line in (ROOT / "benchmarks" / "heldout" / name).read_text().splitlines()
    ]
    # One word, such as «good», is in every text there is.
    assert not [text for text in held if len(text.split()) > 1 and plain(text) in trained]
    val, test = (_rows(real / "banglatlit" / f"BanglaTLiT_{name}.csv") for name in ("val", "test"))
    assert not {row["id"] for row in val} & {row["id"] for row in test}
    ours = (PACKAGE / "training" / "banglatlit_val.txt").read_text().splitlines()
    assert ours == [" ".join(row["text_transliterated"].split()) for row in val]


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
