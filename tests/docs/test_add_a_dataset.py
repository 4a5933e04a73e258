"""Adding a dataset is what docs/add-a-dataset.md says: new files, and none edited."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import ecomdata as ed
from tests.conftest import RunCli

ROOT = Path(__file__).resolve().parents[2]
QUERY = "select event, count(*) n from toy.events group by all order by n desc"


def shown() -> dict[str, str]:
    """The files that the page has in full: path -> content."""
    text = (ROOT / "docs" / "add-a-dataset.md").read_text()
    found = re.findall(r"`([\w/.]+)`:\n\n```\w+\n(.*?)```", text, re.DOTALL)
    return dict(found)


def example() -> dict[str, str]:
    """The four files of a dataset in the repository."""
    return {path: content for path, content in shown().items() if path != "pyproject.toml"}


def write(folder: Path, files: dict[str, str]) -> None:
    """Put files where their paths say, below a folder."""
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(content)


def assert_loads(run_cli: RunCli, *options: str | Path, env: dict[str, str] | None = None) -> None:
    """The toy dataset is listed, loads its sample with no row lost, and answers SQL."""
    listed = json.loads(run_cli(*options, "list", "--json", env=env).stdout)
    assert "toy" in {entry["name"] for entry in listed}
    run_cli(*options, "load", "toy", "--sample", "-y", env=env)
    rows = json.loads(run_cli(*options, "sql", QUERY, "--json", env=env).stdout)
    assert [row["event"] for row in rows] == ["view", "cart", "purchase"]
    assert sum(row["n"] for row in rows) >= 1000


def test_the_example_is_four_short_files() -> None:
    """A loader, a card, a validation file and a test: under 150 lines in all."""
    files = example()
    assert set(files) == {
        "loaders/toy.py",
        "cards/toy.md",
        "validation/toy.toml",
        "tests/loaders/test_toy.py",
    }
    assert sum(content.count("\n") for content in files.values()) < 150


def test_a_dataset_from_a_folder(run_cli: RunCli, tmp_path: Path) -> None:
    """``--loaders DIR`` takes a loader from any folder."""
    write(tmp_path, {"mine/toy.py": example()["loaders/toy.py"]})
    assert_loads(run_cli, "--loaders", tmp_path / "mine")


@pytest.mark.usefixtures("home")
def test_the_example_reads_what_a_spreadsheet_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever begins with it has fields in quotes read as such, delimiters inside included."""
    write(tmp_path, {"mine/toy.py": example()["loaders/toy.py"]})
    monkeypatch.setenv("ECOMDATA_LOADERS", str(tmp_path / "mine"))
    (tmp_path / "clicks.csv").write_text(
        'user,sku,action,unixtime\n7,"red, ""big""",look,1704067200\n7,"b",buy,1704067260\n'
    )
    events = ed.load("toy", source=tmp_path / "clicks.csv")["events"].lazy().collect()
    assert events["item_id"].to_list() == ['red, "big"', "b"]


def test_a_dataset_of_ones_own_needs_no_golden_rows_here(tmp_path: Path) -> None:
    """What comes from a folder or a package has its tests there; this repository asks for no file."""
    write(tmp_path, {"mine/toy.py": example()["loaders/toy.py"]})
    listed = "import ecomdata as ed; from tests.test_golden import NAMES; print(*ed.datasets(), *NAMES)"
    done = subprocess.run(
        [sys.executable, "-c", listed],
        cwd=ROOT,
        env={**os.environ, "ECOMDATA_LOADERS": str(tmp_path / "mine")},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.split().count("toy") == 1
    assert done.stdout.split().count("merrec") == 2


def test_a_dataset_from_an_entry_point(run_cli: RunCli, tmp_path: Path) -> None:
    """A package with an entry point in ``ecomdata.loaders`` brings its dataset by being installed."""
    write(
        tmp_path / "package",
        {
            "pyproject.toml": shown()["pyproject.toml"],
            "toyshop/__init__.py": "",
            "toyshop/toy.py": example()["loaders/toy.py"],
            "toyshop/toy.toml": example()["validation/toy.toml"],
            "toyshop/toy.md": example()["cards/toy.md"],
        },
    )
    uv = Path(sys.executable).with_name("uv")
    subprocess.run(
        [
            *(uv, "pip", "install", "-q", "--offline", "--no-deps", "--no-build-isolation"),
            *("--python", sys.executable, "--target", tmp_path / "installed", tmp_path / "package"),
        ],
        check=True,
        timeout=60,
    )
    path = os.pathsep.join([str(tmp_path / "installed"), str(ROOT)])
    assert_loads(run_cli, env={"PYTHONPATH": path})
    assert "all is of 1 January 2024" in run_cli("validate", "toy", env={"PYTHONPATH": path}).stdout
    run_cli("card", "toy", "-o", tmp_path / "card", env={"PYTHONPATH": path})
    assert "One shop, one day." in (tmp_path / "card" / "README.md").read_text()


def test_a_dataset_in_the_repository(tmp_path: Path) -> None:
    """The four files in a checkout pass their own test, the contract suite and ruff; none is edited.

    The fifth, with its golden rows, is written by the command that the test names which misses it.
    """
    checkout = tmp_path / "checkout"
    ignore = shutil.ignore_patterns(".git", ".venv*", "build", "dist", ".*_cache", "__pycache__")
    shutil.copytree(ROOT, checkout, ignore=ignore)
    before = _contents(checkout)
    write(checkout, example())
    golden = "pytest -q -p no:cacheprovider -p no:xdist tests/test_golden.py"
    missed = _run(checkout, f"{golden} -k toy")
    renew = re.search(r"`python -m (pytest .*--renew-golden -k toy)`", missed.stdout)
    assert missed.returncode == 1
    assert renew, missed.stdout
    for command in (
        f"{renew[1]} -p no:cacheprovider -p no:xdist",
        f"{golden} tests/loaders/test_toy.py tests/test_contract.py -k toy",
        f"ruff check --no-cache {' '.join(example())}",
        f"ruff format --no-cache --check {' '.join(example())}",
    ):
        done = _run(checkout, command)
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    after = _contents(checkout)
    assert after.keys() - before.keys() == {*example(), "tests/golden/toy.json"}
    assert {path: after[path] for path in before} == before


def _contents(folder: Path) -> dict[str, bytes]:
    """Path -> content of every file that git would take for a change."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def _run(checkout: Path, command: str) -> subprocess.CompletedProcess[str]:
    env = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "PYTHONPATH"))}
    return subprocess.run(
        [sys.executable, "-m", *command.split()],
        cwd=checkout,
        env=env,
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
