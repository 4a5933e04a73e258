"""What the tests of bad input and of faults share: real files to spoil, and what must hold afterwards."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.conftest import ROOT

BEHAVIOR = "taobao/user-behavior"


def sampled(name: str, folder: Path, rows: int) -> Path:
    """Raw files of a dataset in upstream's form, made by the command line."""
    command = [sys.executable, "-m", "ecomdata", "sample", name, str(folder), "--rows", str(rows)]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run(command, env=env, check=True, capture_output=True, timeout=120)
    return folder


def manifest_of(home: Path, dataset: str) -> dict[str, Any] | None:
    """The visible release's manifest, read without the engine."""
    folder = home / "store" / dataset
    if not (folder / "current").exists():
        return None
    release = (folder / "current").read_text("utf-8").strip()
    manifest: dict[str, Any] = json.loads(
        (folder / "releases" / release / "manifest.json").read_text("utf-8")
    )
    return manifest


def leftovers(home: Path) -> list[Path]:
    """What only a load in progress may have in the store."""
    names = (".loading-*", ".*.tmp", ".sample-*")
    return [path for name in names for path in home.rglob(name)]


def shard_hashes(manifest: dict[str, Any]) -> dict[str, list[str]]:
    """Table -> sha256 of its shards, as the manifest has them."""
    return {name: [file["sha256"] for file in table["files"]] for name, table in manifest["tables"].items()}


def assert_clear(done: subprocess.CompletedProcess[str], *words: str) -> None:
    """The error says what is wrong with these words, ends with a hint, and is no traceback."""
    assert "Traceback" not in done.stderr, done.stderr
    assert "was not expected" not in done.stderr, done.stderr
    lines = done.stderr.strip().splitlines()
    assert any(line.startswith("error: ") for line in lines), done.stderr
    assert lines[-1].startswith("hint: "), done.stderr
    assert len(lines[-1]) > len("hint: 12345678"), done.stderr
    assert max(map(len, lines)) < 1000, "a message is for reading"
    for word in words:
        assert word in done.stderr, f"{word!r} is not in\n{done.stderr}"


def assert_accounted(manifest: dict[str, Any]) -> None:
    """Every table's rows read are rows written, rejected or dropped, and the shards hold them."""
    for name, table in manifest["tables"].items():
        dropped = sum(table["dropped"].values())
        assert table["read"] == table["written"] + table["rejected"] + dropped, name
        assert table["written"] == sum(file["rows"] for file in table["files"]), name
        assert table["rejected"] == sum(file["rows"] for file in table["quarantine"]), name
        assert sum(table["reasons"].values()) >= table["rejected"], name
