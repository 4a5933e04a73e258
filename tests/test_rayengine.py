"""The engine ``ray`` on a real cluster of two nodes with one worker each; some of them die."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from operator import methodcaller
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

import ecomdata as ed
from ecomdata.errors import DataError, EcomdataError
from ecomdata.rawfile import RawFile
from ecomdata.readers import Parquet
from ecomdata.registry import loader
from ecomdata.threads import ahead
from tests.conftest import RunCli
from tests.toys import good_clicks, toyshop, write_clicks, write_pages

if TYPE_CHECKING:
    from ray.cluster_utils import Cluster

ray: Any = pytest.importorskip("ray", reason="pip install 'ecomdata[ray]' to test the engine ray")
rayengine: Any = import_module("ecomdata.rayengine")
connected = rayengine.connected
pytestmark = pytest.mark.usefixtures("cluster")
__all__ = ("toyshop",)

NODE = {"num_cpus": 1, "object_store_memory": 100_000_000}
DEADLY = '''

def deadly(rows):
    """Clicks; who sees a note that names a folder for the first time dies."""
    import os, signal

    for note in rows.collect()["note"].drop_nulls():
        if Path(note).is_dir() and not Path(note, "dead").exists():
            Path(note, "dead").touch()
            os.kill(os.getpid(), signal.SIGKILL)
    return clicks(rows)


DEADLY = replace(SMALL.tables[0], raws=(replace(SMALL.tables[0].raws[0], normalize=deadly),))
DATASETS = replace(SMALL, name="shop/deadly", tables=(DEADLY,))
'''
SLOW = '''

def slow(rows):
    """Clicks, of which it takes a minute to say that they were seen."""
    import time

    for note in rows.collect()["note"].drop_nulls():
        Path(note).touch()
        time.sleep(60)
    return clicks(rows)


SLOW = replace(SMALL.tables[0], raws=(replace(SMALL.tables[0].raws[0], normalize=slow),))
DATASETS = replace(SMALL, name="shop/slow", tables=(SLOW,))
'''
"""Both appended to the toy shop's loader."""


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A head with one processor and a node with another, and this process connected to them."""
    from ray.cluster_utils import Cluster

    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    soon = {
        "health_check_initial_delay_ms": 0,
        "health_check_period_ms": 500,
        "health_check_failure_threshold": 3,
    }
    head = {**NODE, "include_dashboard": False, "_system_config": soon}
    made = Cluster(initialize_head=True, head_node_args=head)
    made.add_node(**NODE)
    ray.init(made.address, log_to_driver=False, configure_logging=False)
    yield made
    ray.shutdown()
    made.shutdown()


def parquet(home: Path) -> dict[str, bytes]:
    """Every Parquet file below a folder."""
    return {str(path.relative_to(home)): path.read_bytes() for path in sorted(home.rglob("*.parquet"))}


def both(work: Callable[..., object], tmp_path: Path) -> None:
    """Do some work with either engine in a home of its own, and see that the same bytes come of it."""
    for engine in ("local", "ray"):
        work(engine=engine, home=tmp_path / engine)
    made = parquet(tmp_path / "ray")
    assert made
    assert made == parquet(tmp_path / "local")


@pytest.mark.parametrize("name", ["merrec", "banglishrev", "taobao/user-behavior", "lead-lag/github"])
def test_a_release_is_the_same_byte_for_byte(name: str, tmp_path: Path) -> None:
    """Whatever the format: Parquet, one large JSON array, headerless CSV, lists."""
    raw = tmp_path / "raw"
    ed.sample(name, raw, rows=600)
    both(partial(ed.load, name, source=raw), tmp_path)


def test_rejected_rows_limits_and_counts_are_the_same(tmp_path: Path) -> None:
    """Blocks of 50 bytes, some with bad rows, others with dropped ones, of two files, cut by a limit."""
    lines = good_clicks(60)
    lines[7], lines[20], lines[41] = "x,7,view,1,", "0,1,view,1,a test user", "3,4,purchase,,no price"
    raw = write_clicks(tmp_path / "raw", lines)
    write_clicks(raw, good_clicks(30, 60), "202306/clicks.csv")
    both(partial(ed.load, "shop/clicks-small", source=raw, limit=77), tmp_path)
    records = [
        ed.open("shop/clicks-small", home=tmp_path / e).manifest.tables["events"] for e in ("local", "ray")
    ]
    assert [(r.read, r.written, r.rejected, r.dropped, r.reasons) for r in records[:1]] == [
        (r.read, r.written, r.rejected, r.dropped, r.reasons) for r in records[1:]
    ]
    assert records[1].rejected == 2


@pytest.mark.parametrize("method", ["near", "exact"])
def test_the_same_duplicates_are_found(method: str, tmp_path: Path) -> None:
    """Pairs and clusters, and the release without those that go."""
    raw = tmp_path / "raw"
    ed.sample("banglishrev", raw, rows=1500)

    def work(engine: Any, home: Path) -> None:
        ed.load("banglishrev", source=raw, home=home)
        ed.dedup(
            "banglishrev",
            table="reviews",
            column="text",
            method=method,
            threshold=0.6,
            apply=True,
            max_removed=1.0,
            engine=engine,
            home=home,
        )

    both(work, tmp_path)
    clusters = next((tmp_path / "ray").rglob("clusters.parquet"))
    assert pl.read_parquet(clusters).height


def own_loader(tmp_path: Path, more: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The toy shop's loader and more of it, as a loader of the user's own."""
    own = tmp_path / "loaders"
    own.mkdir()
    (own / "own.py").write_text((Path(os.environ["ECOMDATA_LOADERS"]) / "shop.py").read_text() + more)
    monkeypatch.setenv("ECOMDATA_LOADERS", str(own))


def test_a_killed_worker_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that is killed half-way through a block: another one does it again.

    The loader is one of the user's own, from a folder that workers do not look into.
    """
    own_loader(tmp_path, DEADLY, monkeypatch)
    lines = good_clicks(60)
    lines[30] = f"5,30,view,1,{tmp_path}"
    raw = write_clicks(tmp_path / "raw", lines)
    ed.load("shop/deadly", source=raw, engine="ray", home=tmp_path / "ray")
    assert (tmp_path / "dead").exists()
    ed.load("shop/deadly", source=raw, home=tmp_path / "local")
    assert parquet(tmp_path / "ray") == parquet(tmp_path / "local")


def test_a_node_that_goes_away_loses_nothing(cluster: Cluster) -> None:
    """A machine is taken out of the cluster while it works: what it had in hand is done by the others."""
    node = cluster.add_node(**NODE)
    cluster.wait_for_nodes()
    with connected(None, jobs=1, memory="1GB") as engine, engine(1) as pool:
        found: list[float] = []
        for made in ahead(pool, _slowly, range(20)):
            found.append(made)
            if len(found) == 4:
                cluster.remove_node(node, allow_graceful=False)
    assert found == [float(value) for value in range(20)]


def _slowly(value: int) -> float:
    time.sleep(0.1)
    return float(value)


def test_an_error_in_the_data_is_the_same(tmp_path: Path) -> None:
    """A damaged page is met by a worker; the message and its hint are those of the local engine."""
    pages = write_pages(tmp_path / "raw", [f"page {i}" * 9 for i in range(500)]) / "pages.parquet"
    data = bytearray(pages.read_bytes())
    data[60:260] = bytes(200)
    pages.write_bytes(data)
    said: list[tuple[str, str]] = []
    for engine in ("local", "ray"):
        with pytest.raises(DataError, match="cannot be read") as met:
            ed.load("shop/pages", source=pages.parent, engine=engine, home=tmp_path / engine)
        said.append((str(met.value), met.value.hint))
    assert said[0] == said[1]


def test_a_file_that_a_worker_does_not_see(tmp_path: Path) -> None:
    """Readers that need a path hand it out; where there is nothing under it, the message says what to do."""
    path = write_pages(tmp_path) / "pages.parquet"
    block = next(Parquet().blocks(RawFile.on_disk(path), loader("shop/pages").tables[0].raws[0].columns))
    path.unlink()
    with connected(None, jobs=1, memory="1GB") as engine, engine(1) as pool:
        pending = pool.submit(methodcaller("parse"), block)
        with pytest.raises(EcomdataError, match=r"does not see a raw file: pages\.parquet") as met:
            pending.result()
    assert "same path" in met.value.hint


def test_a_worker_with_another_version(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would give other rows, so it is refused."""
    monkeypatch.setattr(rayengine, "__version__", "99.0")
    with connected(None, jobs=1, memory="1GB") as engine, engine(1) as pool:
        pending = pool.submit(len, "abc")
        with pytest.raises(EcomdataError, match=r"has ecomdata .*, this is 99\.0") as met:
            pending.result()
    assert met.value.hint.startswith("pip install ecomdata==99.0")


def test_work_that_kills_every_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """After the last try the message says so."""
    monkeypatch.setattr(rayengine, "_remote", rayengine._remote.options(max_retries=0))  # noqa: SLF001 - sooner
    with connected(None, jobs=1, memory="1GB") as engine, engine(1) as pool:
        pending = pool.submit(signal.raise_signal, signal.SIGKILL)
        with pytest.raises(EcomdataError, match="workers died") as met:
            pending.result()
    assert "memory" in met.value.hint


def test_a_fault_is_shown_as_it_is() -> None:
    """What is no error of ours keeps its type, as it would in a thread."""
    with connected(None, jobs=1, memory="1GB") as engine, engine(1) as pool:
        pending = pool.submit(int, "no number")
        with pytest.raises(ValueError, match="no number"):
            pending.result()


def test_the_command_line_starts_and_stops_a_cluster(run_cli: RunCli) -> None:
    """Stdout is the JSON alone, and of Ray there is nothing on stderr."""
    run = run_cli("load", "merrec", "--sample", "--engine", "ray", "--jobs", "1", "--json")
    assert json.loads(run.stdout)["dataset"] == "merrec"
    assert "ray" not in run.stderr.lower()


def test_the_command_line_uses_a_running_cluster(run_cli: RunCli, cluster: Cluster) -> None:
    """The address is where ``ray start`` said."""
    run = run_cli("load", "merrec", "--sample", "--engine", "ray", "--address", cluster.address, "--json")
    assert json.loads(run.stdout)["dataset"] == "merrec"
    assert "ray" not in run.stderr.lower()


def test_ctrl_c_is_heard_while_workers_work(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends at once, leaves no release, and the cluster does other work."""
    own_loader(tmp_path, SLOW, monkeypatch)
    seen = tmp_path / "seen"
    raw = write_clicks(tmp_path / "raw", [*good_clicks(3), f"5,30,view,1,{seen}"])
    home = tmp_path / "home"
    options = ["--source", str(raw), "--home", str(home), "--engine", "ray", "--address", cluster.address]
    process = subprocess.Popen([sys.executable, "-m", "ecomdata", "load", "shop/slow", *options, "-y"])
    while not seen.exists():
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 130
    assert not list(home.rglob("current"))
    assert ray.get(ray.remote(_slowly).remote(3)) == 3.0
