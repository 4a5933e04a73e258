"""The copies that are written for the Hub: what is in them, and that each is written once."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq
import pytest

import ecomdata as ed
from ecomdata.interrupts import end_waits
from ecomdata.progress import Silent
from ecomdata.publishing.rewriting import rewrite
from ecomdata.shards import write_shards
from tests.conftest import RunCli
from tests.hub.conftest import Publish, load_small
from tests.hub.pages import new_bytes
from tests.hub.server import Hub
from tests.hub.writing import TOKEN

EVENTS = "events/part-00000.parquet"


def _ignore(_rows: int, _size: int) -> None:
    """Nobody hears of progress."""


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """A home of this test's own with a small release of merrec."""
    load_small("merrec", tmp_path / "raw", tmp_path / "home")
    return tmp_path / "home"


def _copies(home: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in home.glob("uploads/merrec/*/*")}


def test_they_have_a_page_index_and_the_rows_of_the_store(hub: Hub, publish: Publish, stocked: Path) -> None:
    """Every column of every row group has one; rows, order and types are the store's."""
    done = publish()
    release = ed.open("merrec", home=stocked)
    blobs = hub.repos["acme/merrec"].files()
    for table in release.values():
        for stored, file in zip(table.paths, table.record.files, strict=True):
            copy = stocked / "copy.parquet"
            copy.write_bytes(blobs[file.path].content)
            after = pq.read_metadata(copy)
            groups = [after.row_group(number) for number in range(after.num_row_groups)]
            chunks = [group.column(place) for group in groups for place in range(after.num_columns)]
            assert all(chunk.has_offset_index and chunk.has_column_index for chunk in chunks)
            assert pq.read_schema(copy).equals(pq.read_schema(stored), check_metadata=False)
            assert pl.read_parquet(copy).equals(pl.read_parquet(stored))
            assert pl.read_parquet_schema(copy) == pl.read_parquet_schema(stored)
    assert done.layout.startswith("The files were written for the Hub by pyarrow ")


def test_both_hashes_are_told(hub: Hub, publish: Publish, stocked: Path) -> None:
    """``ecomdata.json`` has the hash of the copy and that of the store's file; the card says it too."""
    done = publish()
    files = hub.repos["acme/merrec"].files()
    said = json.loads(files["ecomdata.json"].content)
    for name, record in ed.open("merrec", home=stocked).manifest.tables.items():
        for there, here in zip(said["tables"][name]["files"], record.files, strict=True):
            assert (there["path"], there["rows"]) == (here.path, here.rows)
            assert there["stored_sha256"] == here.sha256 != there["sha256"]
            assert files[here.path].sha256 == there["sha256"]
    assert said["layout"] == done.layout
    assert done.layout in files["README.md"].content.decode()
    croissant = json.loads(files["croissant.json"].content)
    hashes = {node["name"]: node["sha256"] for node in croissant["distribution"] if "sha256" in node}
    assert hashes[EVENTS] == files[EVENTS].sha256
    assert f"download_size: {len(files[EVENTS].content)}" in files["README.md"].content.decode()
    assert not ed.verify("hf://datasets/acme/merrec", full=True).differences


def test_as_stored_sends_the_files_as_they_lie(hub: Hub, publish: Publish, mine: Path) -> None:
    """Byte for byte, without a copy; copies of before go, and verify agrees."""
    publish(home=mine)
    assert _copies(mine)
    done = publish(home=mine, as_stored=True)
    assert not _copies(mine)
    files = hub.repos["acme/merrec"].files()
    for path in ed.open("merrec", home=mine)["events"].paths:
        assert files[EVENTS].content == path.read_bytes()
    assert done.layout == "The files are those of the publisher's store, byte for byte."
    assert not ed.verify("hf://datasets/acme/merrec").differences


@pytest.fixture
def read_only(mine: Path) -> Iterator[Callable[[], None]]:
    """Call it, and the home may only be read."""
    mounted = False

    def bind() -> None:
        nonlocal mounted
        for options in ("bind", "remount,ro,bind"):
            command = [shutil.which("mount") or "", "-o", options, str(mine), str(mine)]
            if not command[0] or subprocess.run(command, check=False, capture_output=True).returncode:
                pytest.skip("this test mounts a folder, which this user may not")
            mounted = True

    yield bind
    if mounted:
        subprocess.run([shutil.which("umount") or "umount", str(mine)], check=True)


def test_as_stored_writes_nothing(
    hub: Hub, publish: Publish, mine: Path, read_only: Callable[[], None]
) -> None:
    """So it is done from a home that may only be read, too; copies of before stay there."""
    publish(home=mine)
    before = _copies(mine)
    read_only()
    with pytest.raises(ed.EcomdataError, match="the disk is read-only") as refused:
        publish(repo="acme/again", home=mine)
    assert "--as-stored needs no copies" in refused.value.hint
    publish(repo="acme/again", home=mine, as_stored=True)
    assert _copies(mine) == before
    assert EVENTS in hub.repos["acme/again"].files()


def test_a_dry_run_writes_no_copy(hub: Hub, publish: Publish, mine: Path, run_cli: RunCli) -> None:
    """It says which files are to be written, with the store's sizes; copies that are there have theirs."""
    args = ("publish", "merrec", "acme/merrec", "--home", mine, "--endpoint", hub.url)
    planned = run_cli(*args, "--dry-run", env={"HF_TOKEN": TOKEN})
    assert "new, to be written" in planned.stdout
    assert "2 files are to be written for the Hub first" in planned.stdout
    said: Any = publish(home=mine, dry_run=True).as_dict()["files"]
    stored = ed.open("merrec", home=mine).manifest.tables["events"].files[0]
    assert {"path": EVENTS, "status": "new", "bytes": stored.size, "pending": True} in said
    assert not (mine / "uploads").exists()
    publish(home=mine)
    assert set(publish(home=mine, dry_run=True).plan.status.values()) == {"there"}


def test_a_copy_is_written_once(publish: Publish, mine: Path) -> None:
    """One that is whole is used again; one that is damaged or lost is written again, with the same bytes."""
    first = publish(home=mine)
    written = _copies(mine)
    assert publish(home=mine).commit == first.commit
    assert _copies(mine) == written
    path = next(path for path in written if path.suffix == ".parquet")
    content = path.read_bytes()
    for spoilt in (content[:-1] + b"\0", content[:-1], None):
        path.unlink() if spoilt is None else path.write_bytes(spoilt)
        assert publish(home=mine).commit == first.commit
        assert path.read_bytes() == content
    # Rot leaves the time as it was. It is found before anything of it is committed, and the hint is true.
    time = path.stat().st_mtime_ns
    path.write_bytes(content[:100] + bytes([content[100] ^ 1]) + content[101:])
    os.utime(path, ns=(time, time))
    with pytest.raises(ed.DataError, match=f"{path.name} has .* as written it had .*nothing was") as stop:
        publish(repo="acme/other", home=mine)
    assert "run the same command again" in stop.value.hint
    publish(repo="acme/other", home=mine)
    assert path.read_bytes() == content


def test_a_release_that_is_removed_meanwhile(hub: Hub, publish: Publish, mine: Path) -> None:
    """Who removes superseded releases does not wait for who publishes one; that is told, and what to do."""
    folder = ed.open("merrec", home=mine).folder
    away = folder.with_name("away")

    class Removing(Silent):
        def __init__(self, when: str) -> None:
            self._when = when

        def start(self, title: str, total: int) -> None:
            del total
            if title == self._when:
                folder.rename(away)

    for as_stored, when in ((True, "uploading"), (False, "writing for the Hub")):
        with pytest.raises(ed.EcomdataError, match=r"part-00000\.parquet went away meanwhile") as stop:
            publish(home=mine, as_stored=as_stored, reporter=Removing(when))
        assert "it publishes what is loaded now" in stop.value.hint
        away.rename(folder)
    assert not hub.asked("POST", "/commit/")


def test_copies_of_something_else_go(publish: Publish, mine: Path, tmp_path: Path) -> None:
    """Only the copies of what was published last are kept; what a killed run left goes too."""
    publish(home=mine)
    before = _copies(mine)
    leftover = mine / "uploads" / "merrec" / "events" / ".dead.tmp"
    leftover.write_bytes(b"half")
    # A dataset merrec/member would have its copies and its lock below those of merrec.
    member = mine / "uploads" / "merrec" / "member"
    theirs = [member / ".lock", member / "events" / "0.parquet", member / "events" / "0.json"]
    for path in theirs:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    load_small("merrec", tmp_path / "other", mine, rows=200, seed=7)
    publish(home=mine)
    after = {path for path in _copies(mine) if member not in path.parents}
    assert len(after) == len(before)
    assert not {*before, leftover} & after
    assert all(path.is_file() for path in theirs)


class _Heard(Silent):
    """Keeps what is said."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, text: str) -> None:
        """Keep it."""
        self.said.append(text)


def test_copies_stay_until_they_are_sent(hub: Hub, publish: Publish, mine: Path) -> None:
    """Who publishes the dataset in another way meanwhile waits, and does not remove what is being sent."""
    heard = _Heard()
    options = {"as_stored": True, "home": mine, "reporter": heard}
    other = threading.Thread(target=lambda: publish(repo="acme/other", **options))

    def meanwhile(_: object) -> bool:
        other.start()
        while not heard.said:
            other.join(0.01)
        return True

    assert not ed.verify(f"hf://datasets/{publish(home=mine, confirm=meanwhile).plan.repo}").differences
    other.join(60)
    assert heard.said[0] == "another process is publishing merrec; waiting for it to finish"
    assert not _copies(mine)
    assert not ed.verify("hf://datasets/acme/other").differences
    assert hub.repos["acme/other"].tags


def test_a_damaged_store_is_not_copied(publish: Publish, mine: Path) -> None:
    """Each file is hashed before it is read: damaged rows would else get a good hash."""
    path = ed.open("merrec", home=mine)["events"].paths[0]
    content = bytearray(path.read_bytes())
    content[100] ^= 1
    path.write_bytes(content)
    with pytest.raises(ed.DataError, match=r"part-00000.parquet has .* sha256 .*, its manifest says"):
        publish(home=mine)
    assert not [path for path in _copies(mine) if path.suffix == ".parquet" and path.parent.name == "events"]


def test_a_full_disk_is_told(hub: Hub, publish: Publish, mine: Path) -> None:
    """Nothing half-written stays, and the hint names the way that needs no space."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    ed.personal_data("merrec", home=mine)  # kept, and so not written now
    resource.setrlimit(resource.RLIMIT_FSIZE, (4000, hard))
    try:
        with pytest.raises(ed.EcomdataError, match="the file grows beyond") as stop:
            publish(home=mine)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "--as-stored needs no copies" in stop.value.hint
    assert not [path for path in _copies(mine) if path.name.startswith(".")]
    assert not hub.repos


@pytest.fixture
def hears_ctrl_c() -> Generator[None]:
    """A process that a shell started in the background ignores it; the test must not."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    end_waits()
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("hears_ctrl_c")
def test_ctrl_c_leaves_only_whole_copies(publish: Publish, mine: Path) -> None:
    """It is heard between row groups; the next run writes what is missing."""

    class Pressed(Silent):
        def advance(self, *, size: int = 0, rows: int = 0) -> None:
            if rows and size:
                os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        publish(home=mine, reporter=Pressed())
    assert not [path for path in _copies(mine) if path.name.startswith(".")]
    publish(home=mine)
    assert not ed.verify("hf://datasets/acme/merrec", full=True).differences


@pytest.fixture(scope="module")
def clicks() -> pl.DataFrame:
    """300,000 rows of times, skewed ids and words, which take several row groups."""
    rows = pl.DataFrame({"row": range(300_000)}).hash_rows(seed=1)
    return pl.DataFrame(
        {
            "at": pl.Series(range(300_000)) * 40 + (rows % 40).cast(pl.Int64),
            "item": (rows // 64 % 5_000).cast(pl.Int64),
            "text": "review " + (rows % 1_000_003).cast(pl.String),
        }
    )


def _stored_and_copied(frame: pl.DataFrame, folder: Path) -> Iterator[Path]:
    (file,) = write_shards(iter([frame]), frame.schema, folder / "clicks")
    stored = folder / file.path
    yield stored
    assert rewrite(stored, folder / "copy.parquet", None, _ignore) == frame.height
    yield folder / "copy.parquet"


def test_inserted_rows_leave_most_pages_as_they_were(clicks: pl.DataFrame, tmp_path: Path) -> None:
    """Of the copy most bytes are in pages that were there before; of the store's files hardly any."""
    changed = pl.concat([clicks[:1000], clicks[50_000:50_003], clicks[1000:]])
    before = list(_stored_and_copied(clicks, tmp_path / "before"))
    after = list(_stored_and_copied(changed, tmp_path / "after"))
    (stored, new_stored), (copied, new_copied) = map(new_bytes, before, after)
    assert new_copied < 0.2 * copied
    assert new_stored > 0.9 * stored


def test_columns_keep_a_dictionary_where_the_store_has_one(clicks: pl.DataFrame, tmp_path: Path) -> None:
    """Values that hardly repeat get none, which pyarrow would otherwise try for."""
    for path in _stored_and_copied(clicks, tmp_path):
        group = pq.read_metadata(path).row_group(0)
        chunks = [group.column(place) for place in range(group.num_columns)]
        coded = [chunk.path_in_schema for chunk in chunks if "RLE_DICTIONARY" in chunk.encodings]
        assert coded == ["item"]
