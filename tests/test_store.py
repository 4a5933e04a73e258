"""The store: a release appears whole or not at all."""

from __future__ import annotations

import errno
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest

import ecomdata as ed
from ecomdata.doctor import Check, diagnose
from ecomdata.durable import write_durably
from ecomdata.manifest import FORMAT, Manifest, read_manifest
from ecomdata.store import Store, home_folder, require_loaded, writing
from tests.conftest import ROOT
from tests.toys import good_clicks, toyshop, write_clicks  # noqa: F401

NAME = "shop/clicks"


@pytest.fixture
def release(tmp_path: Path) -> ed.Release:
    """Three clicks."""
    return ed.load(NAME, source=write_clicks(tmp_path / "raw", good_clicks(3)))


def edited(release: ed.Release, **changes: object) -> None:
    """Change fields of a manifest on disk."""
    path = release.folder / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def staged(store: Store, content: str) -> Path:
    """A folder that is not published yet."""
    folder = store.new_folder(NAME)
    (folder / "x").write_text(content)
    return folder


def test_the_home_is_given_or_set_or_the_users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In this order."""
    assert home_folder(tmp_path / "a") == tmp_path / "a"
    monkeypatch.setenv("ECOMDATA_HOME", str(tmp_path / "b"))
    assert home_folder() == tmp_path / "b"
    monkeypatch.delenv("ECOMDATA_HOME")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "c"))
    assert home_folder() == tmp_path / "c" / "ecomdata"


def test_a_home_that_may_not_be_looked_at_is_told_by_who_needs_it(tmp_path: Path) -> None:
    """With a hint; it was a PermissionError of the operating system's."""
    locked = tmp_path / "locked"
    locked.mkdir()
    code = """
import os, sys
import ecomdata.store
store = ecomdata.store
if not os.geteuid():
    os.seteuid(65534)
try:
    store.Store(store.home_folder(sys.argv[1])).current("shop/clicks")
except store.EcomdataError as error:
    print(error, error.hint)
"""
    locked.chmod(0)
    done = subprocess.run(
        [sys.executable, "-c", code, locked / "home"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    locked.chmod(0o700)
    assert done.stdout.startswith("no permission to read"), done.stderr
    assert "--home" in done.stdout


def test_nothing_is_loaded_at_first(home: Path) -> None:
    """An empty home is no error."""
    store = Store(home)
    assert list(store.loaded()) == []
    assert store.current(NAME) is None
    assert store.manifest(NAME) is None
    with pytest.raises(ed.UsageError, match="is not loaded"):
        require_loaded(store, NAME)


def test_a_release_is_a_folder_and_a_pointer(release: ed.Release, home: Path) -> None:
    """``current`` names the folder, whose manifest lists what is in it."""
    folder = home / "store" / "shop" / "clicks"
    assert (folder / "current").read_text() == f"{release.manifest.release}\n"
    assert release.folder == folder / "releases" / release.manifest.release
    for record in release.manifest.tables.values():
        for file in record.files:
            assert (release.folder / file.path).stat().st_size == file.size
    assert list(Store(home).loaded()) == [NAME]


def test_until_it_is_published_nothing_is_visible(release: ed.Release, home: Path) -> None:
    """A folder being written to is no release."""
    store = Store(home)
    folder = staged(store, "half")
    aside = release.folder / ".manifest.json.0123abcd.tmp"
    aside.touch()
    assert store.current(NAME) == release.folder
    assert store.releases(NAME) == [release.manifest.release]
    store.remove_leftovers(NAME)
    assert not folder.exists()
    assert not aside.exists()
    assert store.current(NAME) == release.folder


def test_publishing_the_same_bytes_keeps_the_release(release: ed.Release, home: Path) -> None:
    """The folder is the old one, and the new one is gone."""
    store = Store(home)
    folder = staged(store, "the same")
    assert store.publish(folder, release.manifest) == release.folder
    assert not folder.exists()


def test_a_damaged_release_is_made_again(release: ed.Release, tmp_path: Path) -> None:
    """The same id with other bytes does not stand in the way."""
    (release.folder / "events" / "part-00000.parquet").write_bytes(b"damaged")
    again = ed.load(NAME, source=tmp_path / "raw", force=True)
    assert again.folder == release.folder.with_name(f"{release.folder.name}-2")
    assert again["events"].lazy().collect().height == 3


@pytest.mark.parametrize(
    "spoiled",
    [
        {"views": {"v": {"description": "", "sql": "SELECT nothing FROM this.events", "parameters": []}}},
        {"tables": {"columns": {"nothing": "Int64"}}},
        {"tables": {"written": 5, "rejected": 2}},
    ],
)
def test_a_spoiled_manifest_is_made_again(
    spoiled: dict[str, Any], release: ed.Release, tmp_path: Path
) -> None:
    """As errors over it say: its files alone, which are whole, do not keep what it says of them."""
    tables = {
        name: {**asdict(record), **spoiled.get("tables", {})}
        for name, record in release.manifest.tables.items()
    }
    edited(release, **{**spoiled, "tables": tables})
    again = ed.load(NAME, source=tmp_path / "raw", force=True)
    assert again.manifest.views == release.manifest.views
    assert ed.verify(NAME).differences == ()
    assert ed.sql("select 1").height == 1


def test_a_pointer_to_nothing_is_named(release: ed.Release, home: Path) -> None:
    """With the way out."""
    pointer = release.folder.parents[1] / "current"
    for content in (b"nothing\n", b"", b"../../../elsewhere\n", b"\xff"):
        pointer.write_bytes(content)
        with pytest.raises(ed.DataError, match="is not there") as caught:
            Store(home).current(NAME)
        assert "--force" in caught.value.hint


@pytest.mark.skipif(os.name != "posix", reason="only POSIX has pipes with names, and /dev/zero")
@pytest.mark.parametrize("plant", [os.mkfifo, lambda path: path.symlink_to("/dev/zero")])
@pytest.mark.parametrize("place", ["../../current", "events/part-00000.parquet"])
def test_what_has_no_end_is_not_read(
    plant: Callable[[Path], None], place: str, release: ed.Release, home: Path, tmp_path: Path
) -> None:
    """A pipe of a stranger's store is never waited for, nor a device read to its end; loading mends it."""
    path = release.folder / place
    path.unlink()
    plant(path)
    code = f"""
import ecomdata as ed
for ask in (ed.open, ed.verify, lambda name: ed.sql("select 1")):
    try:
        ask({NAME!r})
    except ed.DataError as error:
        assert {path.name!r} in str(error) and "--force" in error.hint, error
    else:
        raise AssertionError
"""
    env = {**os.environ, "ECOMDATA_HOME": str(home), "PYTHONPATH": str(ROOT)}
    limited = f"import resource; resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))\n{code}"
    subprocess.run([sys.executable, "-c", limited], env=env, check=True, timeout=30)
    assert [path.name in check.detail for check in _problems()] == [True]
    ed.load(NAME, source=tmp_path / "raw", force=True)
    assert ed.verify(NAME).differences == ()


def test_a_pointer_is_not_read_to_its_end(release: ed.Release, home: Path) -> None:
    """It may be as large as it wants; it was an error of the operating system's, that no load would mend."""
    (release.folder.parents[1] / "current").write_text("a" * 5000)
    with pytest.raises(ed.DataError, match="is not there"):
        Store(home).current(NAME)


def test_a_load_by_force_mends_a_pointer_to_nothing(release: ed.Release, tmp_path: Path) -> None:
    """As the hint says; the doctor names it too."""
    pointer = release.folder.parents[1] / "current"
    pointer.write_bytes(b"\xff\n")
    assert [str(pointer) in check.detail for check in _problems()] == [True]
    assert ed.load(NAME, source=tmp_path / "raw", force=True)["events"].record.written == 3


def _problems() -> list[Check]:
    return [check for check in diagnose(offline=True) if check.status == "problem"]


def test_a_store_that_may_not_be_read_is_not_an_empty_one(
    release: ed.Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever asks is told what may not be read, and not to load it again."""
    scandir, root = os.scandir, str(release.folder.parents[3])

    def refuse(path: Any = ".") -> Any:
        if str(path) in {root, str(release.folder / "manifest.json")}:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return scandir(path)

    with monkeypatch.context() as patch:
        patch.setattr("ecomdata.manifest.read_json", refuse)
        with pytest.raises(ed.EcomdataError, match=r"no permission to read .*manifest\.json") as caught:
            ed.open(NAME)
        assert "--force" not in caught.value.hint
    with monkeypatch.context() as patch:
        patch.setattr("os.scandir", refuse)
        with pytest.raises(ed.EcomdataError, match="no permission to read"):
            ed.sql("select 1")
        assert [check.detail for check in _problems()] == [f"no permission to read {root}"]


def test_the_doctor_finds_downloads_that_broke_off(home: Path) -> None:
    """Those of a commit that is no longer asked for, nobody resumes; they go when it is told to prune."""
    begun = home / "raw" / NAME / "acme" / "clicks" / ("0" * 40)
    begun.mkdir(parents=True)
    for name in ("clicks.csv.part", "clicks.csv.part.json", "kept.csv"):
        (begun / name).write_bytes(bytes(500))
    (note,) = (check for check in diagnose(offline=True) if check.name == "downloads that broke off")
    assert (note.status, note.detail, "--prune" in note.hint) == ("note", "2, 1.0 kB", True)
    diagnose(offline=True, prune=True)
    assert [path.name for path in begun.iterdir()] == ["kept.csv"]


@pytest.mark.parametrize(("offline", "asked"), [("0", True), ("", True), ("1", False), ("yes", False)])
def test_the_doctor_tries_the_servers_unless_offline(
    monkeypatch: pytest.MonkeyPatch, offline: str, asked: bool
) -> None:
    """As the rest of ecomdata reads it; an empty HF_ENDPOINT is the Hub."""
    tried: list[str] = []

    def head(server: str, **_: object) -> SimpleNamespace:
        tried.append(server)
        if len(tried) == 1:
            raise UnicodeError("a label is empty")
        return SimpleNamespace(status_code=200)

    monkeypatch.setattr("httpx2.head", head)
    monkeypatch.setenv("HF_HUB_OFFLINE", offline)
    monkeypatch.setenv("HF_ENDPOINT", "")
    checks = {check.name: check.status for check in diagnose()}
    assert ("https://huggingface.co" in tried) == asked
    assert ([checks[server] for server in tried][:1] == ["note"]) == asked


def test_a_loader_that_does_not_work_is_one_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The doctor tells of it, and of all else: whoever asks has trouble already."""
    (tmp_path / "mine.py").write_text("1 / 0")
    monkeypatch.setenv("ECOMDATA_LOADERS", str(tmp_path))
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    problems = [check for check in diagnose() if check.status == "problem"]
    assert [problem.name for problem in problems] == ["datasets known"]
    assert "mine.py cannot be imported: ZeroDivisionError" in problems[0].detail


def test_a_password_of_the_hubs_address_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the doctor says is copied into issues, and so are errors."""
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setenv("HF_ENDPOINT", "http://me:hidden@127.0.0.1:1")
    monkeypatch.setattr("httpx2.head", lambda _server, **_: SimpleNamespace(status_code=200))
    assert "http://***@127.0.0.1:1" in {check.name for check in diagnose()}
    monkeypatch.setattr("time.sleep", lambda _: None)
    with pytest.raises(ed.EcomdataError, match=r"cannot get .* from http://\*\*\*@127\.0\.0\.1:1") as caught:
        ed.load("merrec", source="hf://datasets/acme/merrec")
    assert "hidden" not in f"{caught.value} {caught.value.hint}"


def test_a_newer_format_is_refused(release: ed.Release) -> None:
    """Rather than misread."""
    edited(release, format=FORMAT + 1)
    with pytest.raises(ed.EcomdataError, match="newer ecomdata") as caught:
        ed.open(NAME)
    assert "upgrade" in caught.value.hint


def test_unknown_fields_of_a_manifest_are_ignored(release: ed.Release) -> None:
    """So that a later version may add some."""
    edited(release, weather="fine")
    assert ed.open(NAME).manifest == release.manifest


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "null", '{"format": "x"}', '{"format": 1}', '{"format": 1, "tables": []}']
)
def test_a_damaged_manifest_is_named(release: ed.Release, content: str) -> None:
    """With what to do."""
    (release.folder / "manifest.json").write_text(content)
    with pytest.raises(ed.DataError, match=r"manifest\.json") as caught:
        ed.open(NAME)
    assert caught.value.hint


@pytest.mark.parametrize("name", ["clicks", "store/shop/clicks", "a/b/c/d/e/f/g/h/i/j"])
def test_a_manifest_of_another_dataset_leads_nowhere(
    name: str, release: ed.Release, home: Path, tmp_path: Path
) -> None:
    """What is made of a release is written where its dataset says: into another one, or above the home."""
    edited(release, dataset=name)
    there = [*sorted(home.rglob("*")), *sorted(home.parent.iterdir())]
    for ask in (lambda: ed.open(NAME), lambda: ed.personal_data(NAME), lambda: ed.sql("select 1")):
        with pytest.raises(
            ed.DataError, match=rf"manifest\.json is of {name}, and lies where .* {NAME}"
        ) as caught:
            ask()
        assert caught.value.hint == f"load it again: ecomdata load {NAME} --force"
    assert [*sorted(home.rglob("*")), *sorted(home.parent.iterdir())] == there
    assert [name in check.detail for check in _problems()] == [True]
    ed.load(NAME, source=tmp_path / "raw", force=True)
    assert ed.open(NAME).manifest.dataset == NAME


def test_a_manifest_reads_back(release: ed.Release, tmp_path: Path) -> None:
    """Every field."""
    release.manifest.write(tmp_path)
    assert read_manifest(tmp_path) == release.manifest
    assert isinstance(release.manifest, Manifest)
    assert release.manifest.rows == 6
    assert release.manifest.size > 0


def test_a_small_file_is_replaced_whole(tmp_path: Path) -> None:
    """And leaves nothing beside it."""
    path = tmp_path / "current"
    for text in ("a", "b" * 100_000, "c"):
        write_durably(path, text)
        assert path.read_text() == text
    assert list(tmp_path.iterdir()) == [path]


def test_superseded_releases_are_listed(release: ed.Release, home: Path, tmp_path: Path) -> None:
    """All but the visible one."""
    newer = ed.load(NAME, source=tmp_path / "raw", limit=1)
    assert Store(home).superseded(NAME) == [release.folder]
    assert Store(home).current(NAME) == newer.folder


def test_a_second_process_waits_and_says_so(home: Path) -> None:
    """Two processes never write one dataset at the same time."""
    holder = (
        "import sys; from pathlib import Path; from ecomdata.store import Store\n"
        f"with Store(Path({str(home)!r})).lock({NAME!r}, print):\n"
        "    print('held', flush=True); sys.stdin.readline()\n"
    )
    said: list[str] = []
    got = threading.Event()

    def want() -> None:
        with Store(home).lock(NAME, said.append):
            got.set()

    process = subprocess.Popen(
        [sys.executable, "-c", holder],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        thread = threading.Thread(target=want)
        thread.start()
        while not said:
            thread.join(0.01)
        assert not got.is_set()
        process.communicate("\n")
        thread.join(30)
    assert got.is_set()
    assert said == [f"another process is writing {NAME}; waiting for it to finish"]


def test_a_release_that_gives_way_while_it_is_looked_up(home: Path) -> None:
    """A load and ``doctor --prune`` come between the pointer and its release: then the new one is taken."""
    store, ended = Store(home), threading.Event()
    releases = store.folder(NAME) / "releases"

    def replace(number: int) -> None:
        newer = releases / f"release-{number}"
        newer.mkdir(parents=True)
        (newer / "manifest.json").touch()
        write_durably(releases.parent / "current", newer.name)
        shutil.rmtree(releases / f"release-{number - 1}", ignore_errors=True)

    def keep_replacing() -> None:
        for number in range(1, 200):
            replace(number)
        ended.set()

    replace(0)
    thread = threading.Thread(target=keep_replacing)
    thread.start()
    while not ended.is_set():
        assert store.current(NAME)
    thread.join(30)


def test_prune_waits_for_a_load(home: Path, release: ed.Release, capsys: pytest.CaptureFixture[str]) -> None:
    """A new release that is not the visible one yet is not taken for a superseded one."""
    store = Store(home)
    newer = release.folder.with_name("ffffffffffff")
    thread = threading.Thread(target=lambda: diagnose(home=home, offline=True, prune=True))
    said = ""
    with store.lock(NAME, print):
        shutil.copytree(release.folder, newer)
        thread.start()
        while "waiting" not in said:
            thread.join(0.01)
            said += capsys.readouterr().err
        assert newer.is_dir()
        write_durably(store.folder(NAME) / "current", "ffffffffffff\n")
    thread.join(30)
    assert store.releases(NAME) == ["ffffffffffff"]


def test_many_threads_write_one_file(tmp_path: Path) -> None:
    """Each writes aside under a name of its own: the file is always one of theirs, whole; nothing is left."""
    path = tmp_path / "x.json"
    texts = [str(number) * 5000 for number in range(4)]
    write_durably(path, texts[0])
    seen: set[str] = set()

    def write(text: str) -> None:
        for _ in range(20):
            write_durably(path, text)
            seen.add(path.read_text())

    threads = [threading.Thread(target=write, args=(text,)) for text in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert seen <= set(texts)
    assert list(tmp_path.iterdir()) == [path]


def test_other_datasets_are_not_locked(home: Path) -> None:
    """Each has a lock of its own."""
    said: list[str] = []
    with Store(home).lock(NAME, said.append), Store(home).lock("shop/pages", said.append):
        pass
    assert said == []


@pytest.mark.parametrize(
    ("number", "words"),
    [(errno.ENOSPC, "no space left"), (errno.EROFS, "read-only"), (errno.EACCES, "permission")],
)
def test_what_the_disk_refuses_is_named(number: int, words: str, tmp_path: Path) -> None:
    """With the place."""
    with pytest.raises(ed.EcomdataError, match=words) as caught, writing(tmp_path):
        raise OSError(number, "x")
    assert str(tmp_path) in str(caught.value)


def test_what_went_away_is_named(tmp_path: Path) -> None:
    """A folder that was removed while something was written there."""
    with (
        pytest.raises(ed.EcomdataError, match=r"gone is not there, or went away") as caught,
        writing(tmp_path),
    ):
        write_durably(tmp_path / "gone" / "x", "y")
    assert "disk" in caught.value.hint


def test_other_failures_pass_through(tmp_path: Path) -> None:
    """They have nothing to do with the disk."""
    with pytest.raises(ZeroDivisionError), writing(tmp_path):
        raise ZeroDivisionError


@pytest.mark.parametrize(
    ("free", "words"), [(4096, "no space left on the disk"), (1 << 30, "reports an error")]
)
def test_a_full_disk_is_named_where_polars_does_not(
    free: int, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says the same whatever keeps the end of a Parquet file from the disk; what is free tells.

    So does SQLite, but for one case, which it names.
    """
    usage = shutil.disk_usage(tmp_path)._replace(free=free)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    refused = "parquet: File out of specification: Invalid thrift: transport error"
    with pytest.raises(ed.EcomdataError, match=words), writing(tmp_path / "new" / "part.parquet"):
        raise pl.exceptions.ComputeError(refused)
    with pytest.raises(ed.EcomdataError, match=words), writing(tmp_path):
        raise sqlite3.OperationalError("disk I/O error")
    with pytest.raises(ed.EcomdataError, match="no space left on the disk"), writing(tmp_path):
        raise sqlite3.OperationalError("database or disk is full")
