"""What a block was read from goes with what was made of it, and not when Python next looks for cycles."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import dataframely as dy
import polars as pl
import pytest

from ecomdata.columns import Columns
from ecomdata.rawfile import RawFile
from ecomdata.readers import Delimited, JsonArray, JsonLines, JsonPaths, Reader, SplitOnce
from ecomdata.readers.base import Batch
from ecomdata.readers.exact import Record


class Rows(dy.Schema):
    """A number and a text."""

    n = dy.Int64(nullable=True)
    text = dy.String(nullable=True)


READERS: dict[str, tuple[Reader, bytes]] = {
    "CSV": (Delimited(header="absent"), b"1,a\nx,b\n1,2,3\n\xff,\n"),
    "CSV with quotes": (Delimited(header="absent", quote=True), b'1,"a"\nx,b\n1,"a"b\n'),
    "numbers and a rest": (SplitOnce(), b"1, a\nx\n"),
    "JSON lines": (JsonLines(), b'{"n": 1, "text": "a"}\n{"n": 1, "text": "a\n[1]\n{"n": "1", "text": 2}\n'),
    "JSON by paths": (JsonPaths(paths={"n": ("n",), "text": ("text",)}), b'{"n": 1}\n{"n": 1\nx\n[1]\n'),
    "JSON array": (JsonArray(), b'[{"n": 1, "text": "a"}, {"n": "1", "text": 2}, [1]]'),
}


@pytest.fixture
def uncollected() -> Iterator[list[object]]:
    """What only Python's collector finds, after each time it is asked."""
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    yield gc.garbage
    gc.set_debug(0)
    gc.garbage.clear()
    gc.enable()


@pytest.mark.parametrize("name", READERS)
def test_no_block_waits_for_the_collector(name: str, tmp_path: Path, uncollected: list[object]) -> None:
    """An error that is kept has the frames it came through, and they have all that was read.

    Of blocks with a line of 64 MB that is no JSON, gigabytes were held at a time.
    """
    reader, content = READERS[name]
    path = tmp_path / "rows"
    path.write_bytes(content)
    rejected = 0
    for block in reader.blocks(RawFile.on_disk(path), Columns(schema=Rows, optional=("text",))):
        batch = block.parse()
        rejected += batch.rejected.height
        del batch, block
    gc.collect()
    assert rejected
    assert [one for one in uncollected if isinstance(one, Batch | Record | pl.DataFrame)] == []
