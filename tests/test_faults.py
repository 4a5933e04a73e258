"""The machine fails, the user interrupts, two loads meet: the store is whole all the same."""

from __future__ import annotations

import hashlib
import json
import os
import random
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import ecomdata as ed
from ecomdata.manifest import FORMAT
from ecomdata.overview import overview
from tests.conftest import ROOT, RunCli
from tests.faulty import (
    BEHAVIOR,
    assert_accounted,
    assert_clear,
    leftovers,
    manifest_of,
    sampled,
    shard_hashes,
)

ROWS = 1_500_000
COUNT = "select count(*), sum(user_id) from taobao_user_behavior.interactions"

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A UserBehavior.csv of 2,000 rows, in a folder."""
    return sampled(BEHAVIOR, tmp_path_factory.mktemp("small"), 2000)


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A UserBehavior.csv whose load takes a moment, in a folder."""
    return sampled(BEHAVIOR, tmp_path_factory.mktemp("big"), ROWS)


@pytest.fixture
def start(home: Path) -> Iterator[Start]:
    """Start a command beside the test; what still runs at the end of the test is killed."""
    running: list[subprocess.Popen[str]] = []

    def begin(*args: str | Path, limit: Callable[[], None] | None = None) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "ecomdata", *map(str, args)],
            env={**os.environ, "PYTHONPATH": str(ROOT), "ECOMDATA_HOME": str(home)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            preexec_fn=limit,  # noqa: PLW1509 - it only sets a limit
        )
        running.append(process)
        return process

    yield begin
    for process in running:
        process.kill()
        process.communicate()


def _ended(process: subprocess.Popen[str]) -> subprocess.CompletedProcess[str]:
    out, err = process.communicate(timeout=120)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def _stopped_half_way(process: subprocess.Popen[str], home: Path) -> None:
    """Wait until the load writes its first shard, and hold it there."""
    end = time.monotonic() + 60
    while not list(home.glob("store/**/.loading-*/*/*.parquet")):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.002)
    process.send_signal(signal.SIGSTOP)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """A disk of its own for the store; call it with mount options, and again to change them."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = False

    def mount(options: str) -> Path:
        nonlocal mounted
        wanted = f"remount,{options}" if mounted else options
        command = [shutil.which("mount") or "", "-t", "tmpfs", "-o", wanted, "tmpfs", str(place)]
        if not command[0] or subprocess.run(command, check=False, capture_output=True).returncode:
            pytest.skip("this test mounts a small disk, which this user may not")
        mounted = True
        return place

    yield mount
    if mounted:
        subprocess.run([shutil.which("umount") or "umount", str(place)], check=True)


def test_a_full_disk_is_named_and_leaves_nothing(
    disk: Callable[[str], Path], big: Path, run_cli: RunCli
) -> None:
    """No space left while a shard is written: exit 1, a hint, an empty store; with more space it loads."""
    home = disk("size=1m")
    full = run_cli("load", BEHAVIOR, "--source", big, "--home", home, code=1)
    assert_clear(full, "no space left on the disk", str(home), "free some space", "--home")
    assert leftovers(home) == []
    assert manifest_of(home, BEHAVIOR) is None
    disk("size=200m")
    run_cli("load", BEHAVIOR, "--source", big, "--home", home)
    assert manifest_of(home, BEHAVIOR) is not None


@pytest.mark.parametrize("share", [0.3, 1.2])
def test_wherever_the_disk_fills_up_the_earlier_release_stays(
    share: float, disk: Callable[[str], Path], tmp_path: Path, run_cli: RunCli
) -> None:
    """The sample's raw files, a table, a derived table: whatever finds no space, the old release is whole."""
    room = tmp_path / "room"
    run_cli("load", "merrec", "--sample", "--home", room)
    small = tmp_path / "raw"
    old = disk("size=200m")
    sampled("merrec", small, 500)
    run_cli("load", "merrec", "--source", small, "--home", old)
    before = manifest_of(old, "merrec")
    used = shutil.disk_usage(old).used
    wanted = manifest_of(room, "merrec")
    assert wanted is not None
    need = sum(file["size"] for table in wanted["tables"].values() for file in table["files"])
    disk(f"size={used + int(share * need)}")
    full = run_cli("load", "merrec", "--sample", "--force", "--home", old, code=1)
    assert_clear(full, "no space left on the disk")
    assert leftovers(old) == []
    assert manifest_of(old, "merrec") == before
    count = run_cli("sql", "select count(*) as n from merrec.events", "--json", "--home", old)
    assert json.loads(count.stdout) == [{"n": 500}]


def test_a_limit_on_file_sizes_is_named(start: Start, home: Path, big: Path) -> None:
    """A file that may not grow (ulimit -f, or the file system's maximum) is no crash."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))

    done = _ended(start("load", BEHAVIOR, "--source", big, limit=limit))
    assert done.returncode == 1
    assert_clear(done, "the file grows beyond", "ulimit -f")
    assert leftovers(home) == []
    assert manifest_of(home, BEHAVIOR) is None


def test_a_read_only_home_can_be_read_and_not_loaded_into(
    disk: Callable[[str], Path], small: Path, run_cli: RunCli
) -> None:
    """Exit 1 and the cause for load; sql and list work on what is there."""
    home = disk("size=20m")
    run_cli("load", BEHAVIOR, "--source", small, "--home", home)
    disk("ro")
    refused = run_cli("load", BEHAVIOR, "--source", small, "--force", "--home", home, code=1)
    assert_clear(refused, "the disk is read-only", str(home), "--home")
    rows = json.loads(run_cli("sql", COUNT, "--json", "--home", home).stdout)
    assert 2000 in rows[0].values()
    listed = json.loads(run_cli("list", "--json", "--home", home).stdout)
    assert [one["name"] for one in listed if one["loaded"]] == [BEHAVIOR]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write and read everywhere")
def test_missing_permissions_are_named(small: Path, tmp_path: Path, run_cli: RunCli) -> None:
    """Exit 1 with the path, for a home that may not be written and for a raw file that may not be read."""
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    refused = run_cli("load", BEHAVIOR, "--source", small, "--home", locked, code=1)
    assert_clear(refused, "no permission to write", str(locked))
    raw = tmp_path / "raw"
    shutil.copytree(small, raw)
    (raw / "UserBehavior.csv").chmod(0)
    assert_clear(run_cli("load", BEHAVIOR, "--source", raw, code=1), "UserBehavior.csv", "may use it")


def test_a_file_in_place_of_the_home(small: Path, tmp_path: Path, run_cli: RunCli) -> None:
    """Every command says so; none takes it for an empty store, or for a sound one."""
    home = tmp_path / "file"
    home.write_text("not a folder")
    commands = (
        ("load", BEHAVIOR, "--source", small),
        ("list",),
        ("sql", "SELECT 1"),
        ("doctor", "--offline"),
    )
    for command in commands:
        refused = run_cli(*command, "--home", home, code=2)
        assert_clear(refused, f"the home {home} is a file, and a folder is needed", "--home")
        assert not refused.stdout


def test_a_second_load_waits_and_says_so(start: Start, home: Path, big: Path, small: Path) -> None:
    """Two loads of one dataset at once take turns, and the later one is what stays."""
    first = start("load", BEHAVIOR, "--source", big)
    _stopped_half_way(first, home)
    second = start("load", BEHAVIOR, "--source", small)
    assert second.stderr is not None
    said = second.stderr.readline()
    assert f"another process is writing {BEHAVIOR}; waiting" in said
    assert second.poll() is None
    assert manifest_of(home, BEHAVIOR) is None
    first.send_signal(signal.SIGCONT)
    assert _ended(first).returncode == 0
    assert _ended(second).returncode == 0
    manifest = manifest_of(home, BEHAVIOR)
    assert manifest is not None
    assert manifest["tables"]["interactions"]["read"] == 2000
    assert leftovers(home) == []


def test_loads_of_two_datasets_do_not_wait_for_each_other(
    start: Start, home: Path, big: Path, run_cli: RunCli
) -> None:
    """While one dataset is being loaded, another loads and is visible."""
    first = start("load", BEHAVIOR, "--source", big)
    _stopped_half_way(first, home)
    run_cli("load", "merrec", "--sample")
    first.send_signal(signal.SIGCONT)
    assert _ended(first).returncode == 0
    assert sorted(one["name"] for one in overview() if one["loaded"]) == ["merrec", BEHAVIOR]


def test_ctrl_c_ends_a_load_at_once_and_leaves_nothing(
    start: Start, home: Path, big: Path, run_cli: RunCli
) -> None:
    """Exit 130 with one line; nothing is visible and nothing is left; the next load does it all."""
    process = start("load", BEHAVIOR, "--source", big)
    _stopped_half_way(process, home)
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGCONT)
    done = _ended(process)
    assert done.returncode == 130
    assert "Traceback" not in done.stderr
    assert done.stderr.rstrip().endswith("interrupted; what was there before is as it was")
    assert leftovers(home) == []
    assert manifest_of(home, BEHAVIOR) is None
    run_cli("load", BEHAVIOR, "--source", big)
    manifest = manifest_of(home, BEHAVIOR)
    assert manifest is not None
    assert manifest["tables"]["interactions"]["read"] == ROWS


def _state(home: Path) -> tuple[int, int] | None:
    """What a user sees of the dataset: rows and a checksum through SQL, or nothing; list must agree."""
    listed = {one["name"]: one for one in overview(home=home)}[BEHAVIOR]
    if not listed["loaded"]:
        with pytest.raises(ed.EcomdataError, match="does not exist"):
            ed.sql(COUNT, home=home)
        return None
    count, total = ed.sql(COUNT, home=home).row(0)
    assert listed["rows"] == count
    return count, total


def _bytes_of(home: Path) -> str:
    """The sha256 of the visible release's only shard, read from disk."""
    folder = home / "store" / BEHAVIOR
    release = folder / "releases" / (folder / "current").read_text("utf-8").strip()
    (shard,) = (release / "interactions").iterdir()
    return hashlib.sha256(shard.read_bytes()).hexdigest()


@pytest.mark.timeout(400)
def test_a_load_killed_at_any_moment_leaves_no_half_release(
    start: Start, tmp_path: Path, big: Path, small: Path, run_cli: RunCli
) -> None:
    """SIGKILL at 4 moments: the old release or the new one is visible, whole, and the next load works.

    Every second load has an earlier release before it. The moments are spread, with chance, from the
    start of the process to a little after the end of an undisturbed load.
    """
    calm = tmp_path / "calm"
    began = time.monotonic()
    run_cli("load", BEHAVIOR, "--source", big, "--home", calm)
    lasts = time.monotonic() - began
    new, digest = _state(calm), _bytes_of(calm)
    chance = random.Random(20261123)  # noqa: S311
    killed = 0
    for turn in range(4):
        home = tmp_path / f"home-{turn}"
        if turn % 2:
            ed.load(BEHAVIOR, source=small, home=home)
        before = _state(home)
        process = start("load", BEHAVIOR, "--source", big, "--home", home)
        time.sleep(lasts * (0.25 + 0.8 * (turn + chance.random()) / 4))
        process.kill()
        killed += _ended(process).returncode == -signal.SIGKILL
        assert _state(home) in (before, new)
        run_cli("load", BEHAVIOR, "--source", big, "--home", home)
        assert _state(home) == new
        assert _bytes_of(home) == digest
        assert leftovers(home) == []
        shutil.rmtree(home)
    assert killed >= 1, "all loads were over before they were killed; is the file too small?"


def test_a_killed_sample_load_leaves_nothing_behind_for_ever(
    start: Start, home: Path, run_cli: RunCli
) -> None:
    """The synthetic raw files of a killed ``--sample`` are removed by the next load."""
    process = start("load", "merrec", "--sample")
    _stopped_half_way(process, home)
    process.kill()
    _ended(process)
    assert leftovers(home)
    assert manifest_of(home, "merrec") is None
    run_cli("load", "merrec", "--sample")
    assert leftovers(home) == []


def test_two_loads_give_the_same_bytes(big: Path, tmp_path: Path, run_cli: RunCli) -> None:
    """The same input gives byte-identical Parquet, whatever the number of jobs."""
    hashes: list[dict[str, list[str]]] = []
    for jobs in ("1", "3"):
        run_cli("load", BEHAVIOR, "--source", big, "--jobs", jobs, "--home", tmp_path / jobs)
        manifest = manifest_of(tmp_path / jobs, BEHAVIOR)
        assert manifest is not None
        hashes.append(shard_hashes(manifest))
    assert hashes[0] == hashes[1]


def _tamper(home: Path, **changes: object) -> Path:
    """Change the visible release's manifest."""
    folder = home / "store" / BEHAVIOR
    release = (folder / "current").read_text("utf-8").strip()
    path = folder / "releases" / release / "manifest.json"
    value: dict[str, Any] = json.loads(path.read_text("utf-8"))
    value.update(**changes)
    path.write_text(json.dumps(value))
    return path


@pytest.mark.parametrize(
    "args",
    [
        ("load", BEHAVIOR, "--source"),
        ("load", BEHAVIOR, "--force", "--source"),
        ("list",),
        ("sql", "select 1"),
    ],
    ids=" ".join,
)
def test_a_store_of_a_newer_version_is_not_touched(
    args: tuple[str, ...], small: Path, home: Path, run_cli: RunCli
) -> None:
    """Exit 1, both format numbers and how to go on; not even --force replaces what a newer version wrote."""
    run_cli("load", BEHAVIOR, "--source", small)
    path = _tamper(home, format=FORMAT + 1)
    before = {file: file.read_bytes() for file in home.rglob("*") if file.is_file()}
    done = run_cli(*args, *([small] if args[0] == "load" else []), code=1)
    assert_clear(done, str(path), f"format {FORMAT + 1}, this one knows {FORMAT}", "upgrade", "--home")
    assert {file: file.read_bytes() for file in home.rglob("*") if file.is_file()} == before


@pytest.mark.parametrize("damage", ["manifest", "pointer", "shard", "no shard"])
def test_a_damaged_release_is_named_and_made_again(
    damage: str, small: Path, home: Path, run_cli: RunCli
) -> None:
    """A damaged manifest, pointer or shard: doctor, sql or load says so, and a load mends it."""
    run_cli("load", BEHAVIOR, "--source", small)
    good = _state(home)
    path = _tamper(home)
    shard = next((path.parent / "interactions").iterdir())
    if damage == "manifest":
        path.write_text('{"format":')
    elif damage == "pointer":
        (home / "store" / BEHAVIOR / "current").write_text("../../../elsewhere\n")
    elif damage == "shard":
        shard.write_bytes(shard.read_bytes().replace(b"view", b"veiw"))
    else:
        shard.unlink()
    if damage in {"manifest", "pointer"}:
        assert_clear(run_cli("load", BEHAVIOR, "--source", small, code=3), "--force")
    if damage in {"manifest", "pointer", "no shard"}:
        found = run_cli("doctor", "--offline", code=1)
        assert "--force" in found.stdout
        assert_clear(run_cli("sql", COUNT, code=3), f"{BEHAVIOR}", "--force")
    run_cli("load", BEHAVIOR, "--source", small, *([] if damage == "no shard" else ["--force"]))
    assert _state(home) == good
    manifest = manifest_of(home, BEHAVIOR)
    assert manifest is not None
    assert_accounted(manifest)


def _closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize(
    "args",
    [
        (),
        ("--source", "hf://datasets/mercari-us/merrec"),
        ("--source", "{server}/20230501/000000000000.parquet"),
    ],
    ids=["the declared source", "an address on the Hub", "a plain address"],
)
def test_without_a_network_the_server_is_named(args: tuple[str, ...], home: Path, run_cli: RunCli) -> None:
    """Exit 1, the server that cannot be reached and what else can be done; the store stays empty."""
    server = f"http://127.0.0.1:{_closed_port()}"
    env = {"HF_ENDPOINT": server}
    words = [word.format(server=server) for word in args]
    done = run_cli("load", "merrec", *words, code=1, env=env)
    assert_clear(done, "127.0.0.1", "--source")
    assert manifest_of(home, "merrec") is None
    assert leftovers(home) == []


def test_offline_mode_is_said(home: Path, run_cli: RunCli) -> None:
    """With HF_HUB_OFFLINE nothing is tried, and the message says that it is set."""
    done = run_cli("load", "merrec", code=1, env={"HF_HUB_OFFLINE": "1"})
    assert_clear(done, "HF_HUB_OFFLINE", "--source")
    assert manifest_of(home, "merrec") is None


def test_the_sample_of_merrec_has_every_event(run_cli: RunCli) -> None:
    """``load merrec --sample``, then SQL: at least 1,000 rows, and each of the six kinds of events."""
    run_cli("load", "merrec", "--sample", env={"HF_HUB_OFFLINE": "1"})
    query = "select event, count(*) n from merrec.events group by all order by n desc"
    rows = json.loads(run_cli("sql", query, "--json").stdout)
    assert [row["event"] for row in rows] == ["view", "like", "cart", "offer", "checkout", "purchase"]
    assert sum(row["n"] for row in rows) >= 1000


def test_the_real_rows_of_forge(real: Path, home: Path, run_cli: RunCli) -> None:
    """``load taobao/forge --source ../shared/real/al_sid``: these histories, this first target."""
    run_cli("load", "taobao/forge", "--source", real / "al_sid")
    query = "select len(history) n, target[1] as target from taobao_forge.sequences"
    rows = json.loads(run_cli("sql", query, "--json").stdout)
    assert [row["n"] for row in rows] == [99, 99, 69, 11, 60, 73, 99, 100, 100, 98]
    assert rows[0]["target"] == "C1442C14117C19114"
    manifest = manifest_of(home, "taobao/forge")
    assert manifest is not None
    assert_accounted(manifest)
