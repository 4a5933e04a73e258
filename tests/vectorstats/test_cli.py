"""The command ``stats`` for embeddings, as a user runs it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from ecomdata.cli import cli
from tests.conftest import RunCli
from tests.vectorstats.gallery import Gallery


def test_vectors_that_a_dataset_brings_are_described(run_cli: RunCli, tmp_path: Path) -> None:
    """FORGE has several tables of vectors: without --table it says which; with it, all is there."""
    run_cli("load", "taobao/forge", "--sample")
    several = run_cli("stats", "taobao/forge", code=2)
    assert "demo_embeddings" in several.stderr
    assert "embeddings" in several.stderr
    page = tmp_path / "page.html"
    table = ("--table", "demo_embeddings")
    done = run_cli("stats", "taobao/forge", *table, "--json", "--report", page)
    found = json.loads(done.stdout)
    assert (found["dim"], found["counts"]["non_finite"]) == (512, 0)
    assert found["spectrum"]["effective_rank"] > 1
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    shown = run_cli("stats", "taobao/forge", *table, "--sample", "20")
    assert "effective rank" in shown.stdout
    assert "of 20 of" in shown.stdout


def test_options_of_the_other_kind_are_refused(run_cli: RunCli) -> None:
    """What says nothing of what is measured is an error, and not ignored."""
    ids = run_cli("stats", "taobao/forge", "--semantic-ids", "--split-column", "codebook", code=2)
    assert "error: --split-column says nothing of semantic ids" in ids.stderr
    vectors = run_cli("stats", "taobao/forge", "--codebook", "base", code=2)
    assert "hint: leave --codebook away, or add --semantic-ids" in vectors.stderr


def test_control_characters_of_the_data_do_not_reach_the_terminal(gallery: Gallery, run_cli: RunCli) -> None:
    """A hostile label is shown without them, and not as markup."""
    gallery.load(np.eye(8), splits=["\x1b[31m[bold]x", "b"] * 4)
    done = run_cli("stats", "gallery", "--table", "looks", "--split-column", "split")
    assert "\x1b" not in done.stdout
    assert "[bold]x" in done.stdout


def test_every_option_of_the_command_is_one_of_the_function() -> None:
    """The command is a thin wrapper: its options and the function's arguments are the same."""
    import inspect

    from ecomdata.vectorstats.describing import stats

    others = {"semantic_ids", "codebook", "counts", "predictions", "queries", "gallery", "as_json"}
    options = {param.name for param in cli.commands["stats"].params} - others
    assert options == set(inspect.signature(stats).parameters) - {"reporter"}
