"""Manifests that somebody spoiled, or wrote to lead elsewhere."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ecomdata.errors import DataError
from ecomdata.manifest import MANIFEST, read_manifest

FILE = {"path": "events/part-00000.parquet", "size": 10, "sha256": "0" * 64, "rows": 2}
TABLE = {
    "kind": "",
    "canonical": [],
    "description": "d",
    "columns": {"a": "Int64"},
    "schema_sha256": "0" * 64,
    "read": 2,
    "written": 2,
    "rejected": 0,
    "reasons": {},
    "dropped": {},
    "files": [FILE],
    "quarantine": [],
    "seconds": 0.5,
}
RAW = {"name": "a.csv", "size": 5, "sha256": "0" * 64, "mtime_ns": -5, "rows": {"events": 2}}
WHOLE = {
    "format": 1,
    "dataset": "shop/toy",
    "release": "r1",
    "tool_version": "0",
    "created": "2026",
    "sample": False,
    "options": {},
    "origin": "",
    "revision": "",
    "raw": [RAW],
    "seconds": 1,
    "peak_memory": 0,
    "tables": {"events": TABLE},
}


def _manifest(folder: Path, change: Callable[[Any], object] = lambda _: None) -> Path:
    content = json.loads(json.dumps(WHOLE))
    change(content)
    (folder / MANIFEST).write_text(json.dumps(content), "utf-8")
    return folder


def test_a_whole_manifest_is_read(tmp_path: Path) -> None:
    """A raw file may be dated before 1970."""
    found = read_manifest(_manifest(tmp_path))
    assert found.tables["events"].files[0].path == FILE["path"]
    assert found.raw[0].mtime_ns == RAW["mtime_ns"]


@pytest.mark.parametrize(
    "change",
    [
        lambda m: m["tables"]["events"]["files"][0].update(path="../../../etc/passwd"),
        lambda m: m["tables"]["events"]["quarantine"].append({**FILE, "path": "/etc/passwd"}),
        lambda m: m.update(dataset="../../elsewhere"),
        lambda m: m.update(dataset="shop//toy"),
        lambda m: m.update(release=".."),
        lambda m: m["tables"].update({"../up": TABLE}),
        lambda m: m["tables"].update({"a/b": TABLE}),
        lambda m: m["tables"]["events"]["files"][0].update(rows=-1),
        lambda m: m["tables"]["events"]["files"][0].update(size="10"),
        lambda m: m["tables"]["events"].update(read=1e400),
        lambda m: m["tables"]["events"].update(written=True),
        lambda m: m["tables"]["events"].update(columns={"a": 1}),
        lambda m: m["tables"]["events"].update(dropped=["a"]),
        lambda m: m["tables"]["events"].update(files=None),
        lambda m: m["raw"][0].update(sha256=None),
        lambda m: m.update(views={"v": {"description": "d", "sql": 1, "parameters": []}}),
        lambda m: m["tables"]["events"].update(canonical=["interactions", 1]),
        lambda m: m["tables"]["events"].update(canonical="interactions"),
        lambda m: m.update(unrecognised={"a": 1}),
        lambda m: m.update(release="r" * 256),
        lambda m: m.update(tables=[]),
    ],
)
def test_a_manifest_that_says_what_none_says_is_refused(
    tmp_path: Path, change: Callable[[Any], object]
) -> None:
    """Paths and names that leave their folder, and values of other types; the error names the file."""
    with pytest.raises(DataError, match=MANIFEST) as error:
        read_manifest(_manifest(tmp_path, change))
    assert "--force" in error.value.hint


@pytest.mark.parametrize("content", ["[" * 100_000, '{"format": 1, "format": 1}', "", "[]", "\0" * 50])
def test_what_is_no_manifest_is_refused(tmp_path: Path, content: str) -> None:
    """Whatever stands there."""
    (tmp_path / MANIFEST).write_text(content, "utf-8")
    with pytest.raises(DataError, match=r"not a readable manifest"):
        read_manifest(tmp_path)
