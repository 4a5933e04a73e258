"""Parquet files of strangers are looked through in a process with limits before they are opened here."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import dataframely as dy
import duckdb
import polars as pl
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ecomdata as ed
from ecomdata.columns import Columns
from ecomdata.errors import DataError
from ecomdata.foreign import asking, require_sound, require_sound_footer
from ecomdata.foreign.pages import LARGEST_FOOTER
from ecomdata.foreign.thrift import Reader, TooShortError
from ecomdata.readers import Parquet
from tests import crafted
from tests.conftest import ROOT
from tests.readers.reading import read


def put(folder: Path, data: bytes) -> Path:
    """The bytes as a file."""
    path = folder / "a.parquet"
    path.write_bytes(data)
    return path


FOOTERS = crafted.footers()
PAGES = crafted.page_headers()


@pytest.mark.parametrize("what", FOOTERS)
def test_a_footer_that_cannot_be_true_is_refused(what: str, tmp_path: Path) -> None:
    """Counts, sizes and places that the file does not have: an error that names it; no reader opens it."""
    with pytest.raises(DataError, match=r"^x/a\.parquet: ") as caught:
        require_sound(put(tmp_path, FOOTERS[what]()), "x/a.parquet")
    assert caught.value.hint
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("what", PAGES)
def test_a_page_that_cannot_be_true_is_refused(what: str, tmp_path: Path) -> None:
    """Its header may claim no more than the column has; the error names the rows."""
    with pytest.raises(DataError, match=r"^a\.parquet: rows 1 to 1000 cannot be read \('item' has"):
        require_sound(put(tmp_path, PAGES[what]()), "a.parquet")


@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("codec", ["none", "snappy", "gzip", "zstd", "lz4", "brotli"])
def test_honest_files_of_pyarrow_are_sound(version: str, codec: str, tmp_path: Path) -> None:
    """Whatever they are compressed with, in pages of either version, with dictionaries and without."""
    for dictionary in (True, False):
        options = {"compression": codec, "data_page_version": version, "use_dictionary": dictionary}
        data = crafted.honest(write_page_index=dictionary, data_page_size=500, **options)
        require_sound(put(tmp_path, data), "a.parquet")


@pytest.mark.parametrize("rows", [0, 1, 3000])
def test_honest_files_of_polars_and_duckdb_are_sound(rows: int, tmp_path: Path) -> None:
    """Nulls, lists, structs and empty texts, and no rows at all."""
    frame = pl.DataFrame({"n": range(rows)}).with_columns(
        name=pl.when(pl.col("n") % 3 > 0).then(pl.lit("")),
        days=pl.col("n").repeat_by(pl.col("n") % 3),
        both=pl.struct("n", pl.lit("x").alias("t")),
        none=pl.lit(None),
    )
    frame.write_parquet(tmp_path / "polars.parquet", row_group_size=500)
    require_sound(tmp_path / "polars.parquet", "polars")
    read_back = duckdb.connect().read_parquet(f"{tmp_path}/polars.parquet")
    read_back.write_parquet(f"{tmp_path}/duckdb.parquet")
    require_sound(tmp_path / "duckdb.parquet", "duckdb")


def test_a_process_that_dies_over_a_file_is_an_answer(tmp_path: Path) -> None:
    """One that pyarrow ends: it does not know the compression. The next file is fine."""
    bad = put(tmp_path, FOOTERS["compressed in a way that is not"]())
    with pytest.raises(DataError, match=r"the process that looked through it ended with status -\d+"):
        require_sound(bad, "a.parquet")
    require_sound(put(tmp_path, crafted.honest()), "a.parquet")


def test_a_process_that_takes_too_long_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock ends it, and the message says so."""
    monkeypatch.setattr(asking, "_SECONDS", 0.0)
    monkeypatch.setattr(asking, "_OTHER", asking._Other())  # noqa: SLF001 - one that is not started yet
    with pytest.raises(DataError, match=r"takes more than 0\.0 seconds"):
        require_sound(put(tmp_path, crafted.honest()), "a.parquet")


def test_a_process_that_has_gone_is_started_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It ends when nobody asks for a while; that is no answer to the next question."""
    start = asking._started  # noqa: SLF001
    gone = subprocess.Popen(
        [sys.executable, "-c", ""], stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
    )
    waiting = [gone]
    monkeypatch.setattr(asking, "_started", lambda: waiting.pop() if waiting else start())
    monkeypatch.setattr(asking, "_OTHER", asking._Other())  # noqa: SLF001
    require_sound(put(tmp_path, crafted.honest()), "a.parquet")
    assert gone.returncode == 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_process_asks_one_of_its_own(tmp_path: Path) -> None:
    """Also where a thread of its parent's is asking just then, which is not there to be waited for."""
    path = put(tmp_path, crafted.honest())
    code = f"""
import os, signal, threading, time
from pathlib import Path
from ecomdata.foreign import asking
from ecomdata.foreign.asking import require_sound
asking.get_ready()
other = asking._OTHER._process.pid
os.kill(other, signal.SIGSTOP)
thread = threading.Thread(target=require_sound, args=(Path({str(path)!r}), "a"))
thread.start()
time.sleep(0.3)
child = os.fork()
if not child:
    signal.alarm(60)
    require_sound(Path({str(path)!r}), "b")
    os._exit(7)
_, status = os.waitpid(child, 0)
os.kill(other, signal.SIGCONT)
thread.join()
print(os.waitstatus_to_exitcode(status))
"""
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "ignore::DeprecationWarning", "-c", code],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("7\n", "")


def test_the_answering_process_leaves_with_the_one_that_asks(tmp_path: Path) -> None:
    """When its standard input ends, it ends, and says nothing more."""
    path = put(tmp_path, crafted.honest())
    done = subprocess.run(
        [sys.executable, "-m", "ecomdata.foreign.answering"],
        input=f'{{"path": "{path}", "pages": true}}\n',
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=True,
    )
    assert done.stdout == '""\n'


@pytest.mark.parametrize("dictionary", [True, False])
@pytest.mark.parametrize("block_bytes", [1 << 10, 1 << 30])
def test_texts_that_are_not_utf8_are_an_error(block_bytes: int, dictionary: bool, tmp_path: Path) -> None:
    """The numbers are sound; what reads the rows names them, and takes no such bytes for text."""

    class Rows(dy.Schema):
        """As they are crafted."""

        item = dy.Int64()
        name = dy.String()
        days = dy.List(dy.Int64())

    data = crafted.honest(use_dictionary=dictionary, compression="none").replace(
        b"item 7", b"\xff\xfe\xfdm 7"
    )
    path = put(tmp_path, data)
    require_sound(path, "a.parquet")
    with pytest.raises(DataError, match=r"a\.parquet: rows \d+ to \d+ cannot be read \(.*[Uu][Tt][Ff]"):
        read(path, Parquet(block_bytes=block_bytes), Columns(schema=Rows))


def test_a_row_group_of_repeated_values_is_read_in_pieces(tmp_path: Path) -> None:
    """A hundred thousand rows in a few bytes: what a block holds is told by the values, not by the bytes."""

    class Rows(dy.Schema):
        """One number."""

        item = dy.Int64()

    path = tmp_path / "a.parquet"
    pl.DataFrame({"item": [7] * 100_000}).write_parquet(path, row_group_size=100_000)
    found = read(path, Parquet(block_bytes=10_000), Columns(schema=Rows))
    assert found.blocks == 10
    assert found.frame["item"].sum() == 700_000


def test_a_footer_alone_is_checked_too() -> None:
    """Of a file that is elsewhere: a copy of its footer, or an error that names it."""
    data = crafted.honest()
    with require_sound_footer(io.BytesIO(data), "far/a.parquet") as footer:
        assert pq.ParquetFile(footer).metadata.num_rows == 2000
    for bad in (
        b"",
        b"PAR1",
        data[:-1],
        b"PAR1" + (LARGEST_FOOTER + 1).to_bytes(4, "little") + b"PAR1",
        FOOTERS["a list of 2**31 columns"](),
    ):
        with pytest.raises(DataError, match=r"^far/a\.parquet: not a whole Parquet file"):
            require_sound_footer(io.BytesIO(bad), "far/a.parquet")


@given(st.binary(max_size=200))
def test_any_bytes_are_a_struct_or_an_error(data: bytes) -> None:
    """In time and memory bounded by their number."""
    reader = Reader(data)
    try:
        reader.struct()
    except (TooShortError, ValueError):
        return
    assert reader.at <= len(data)


def test_page_headers_are_read_as_they_were_written() -> None:
    """Numbers, truths, lists and structs, whichever fields come first."""
    inner: crafted.Struct = {1: [crafted.I32, -7], 20: [crafted.BINARY, b"x" * 200]}
    header: crafted.Struct = {
        1: [crafted.I32, 2**31 - 1],
        2: [crafted.I64, -(2**63)],
        5: [crafted.STRUCT, inner],
        6: [crafted.LIST, (crafted.I32, list(range(20)))],
        40: [1, None],
        41: [2, None],
    }
    found = Reader(crafted.packed(header)).struct()
    assert found == {
        1: 2**31 - 1,
        2: -(2**63),
        5: {1: -7, 20: b"x" * 200},
        6: list(range(20)),
        40: True,
        41: False,
    }


def test_a_load_of_a_crafted_file_is_refused(tmp_path: Path) -> None:
    """Through the whole of a load, by the name the file has upstream."""
    ed.sample("merrec", tmp_path / "raw", rows=200)
    path = next((tmp_path / "raw").rglob("*.parquet"))
    path.write_bytes(crafted.with_footer(path.read_bytes(), crafted.rows_set_to(2**40)))
    name = path.relative_to(tmp_path / "raw").as_posix()
    with pytest.raises(
        DataError, match=f"^{name}: not a whole Parquet file \\(1,099,511,627,776 rows are claimed"
    ):
        ed.load("merrec", source=tmp_path / "raw", home=tmp_path / "home")
