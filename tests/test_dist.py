"""A release brings what it consists of, and can be made again byte for byte."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from tests.test_requirements import pinned

ROOT = Path(__file__).resolve().parents[1]
UV = Path(sys.executable).with_name("uv")
SILENT = {"dataframely"}
"""Their metadata have a file with the licence, and no word on it."""
RUNNING = f"{sys.version_info.major}.{sys.version_info.minor}"


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment in which what is in run.txt is written down as installed."""
    folder = tmp_path_factory.mktemp("locked") / "venv"
    subprocess.run([UV, "venv", "--quiet", "--python", sys.executable, folder], check=True)
    (site,) = folder.glob("lib/python*/site-packages")
    for name in pinned("run.txt", RUNNING):
        (described,) = {
            file.locate().parent
            for file in metadata.files(name) or []
            if file.match("*.dist-info/METADATA") and len(file.parts) == 2
        }
        shutil.copytree(described, site / described.name)
    return folder / "bin" / "python"


def build(folder: Path, *command: str | Path) -> Path:
    """Run a Python program that fills ``dist`` from ``checkout``, a copy of this checkout."""
    kept = shutil.ignore_patterns(".git", ".venv*", "build", "dist", ".*_cache", "__pycache__", ".hypothesis")
    shutil.copytree(ROOT, folder / "checkout", ignore=kept)
    done = subprocess.run(
        [sys.executable, *command], cwd=folder, capture_output=True, text=True, timeout=150, check=False
    )
    assert done.returncode == 0, done.stderr
    return folder / "dist"


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory, locked: Path) -> Path:
    """The folder with what a release consists of."""
    script = "checkout/requirements/release.py"
    return build(tmp_path_factory.mktemp("released"), script, "dist", "--environment", locked)


@pytest.fixture(scope="module")
def bill(released: Path) -> dict[str, Any]:
    """The bill of materials."""
    return json.loads(next(released.glob("*.cdx.json")).read_text("utf-8"))


def test_a_release_is_whole_and_known_by_its_sums(released: Path) -> None:
    """Wheel, sdist and bill of materials, each with its SHA-256 as sha256sum reads it."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    names = {f"ecomdata-{version}{end}" for end in ("-py3-none-any.whl", ".tar.gz", ".cdx.json")}
    lines = (released / "SHA256SUMS").read_text("utf-8").splitlines()
    sums = {line[66:]: line[:64] for line in lines}
    assert names == set(sums) == {path.name for path in released.iterdir()} - {"SHA256SUMS"}
    for name, digest in sums.items():
        assert hashlib.sha256((released / name).read_bytes()).hexdigest() == digest


def test_the_same_checkout_gives_the_same_bytes(released: Path, tmp_path: Path) -> None:
    """Built again elsewhere and later, wheel and sdist are equal: neither time nor place is in them."""
    again = build(tmp_path, "-m", "build", "--no-isolation", "--outdir", "dist", "checkout")
    for path in again.iterdir():
        assert path.read_bytes() == (released / path.name).read_bytes()


def test_the_bill_of_materials_is_valid(released: Path) -> None:
    """It follows the schema of CycloneDX 1.6 strictly."""
    text = next(released.glob("*.cdx.json")).read_text("utf-8")
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None


def test_it_lists_what_users_get(bill: dict[str, Any]) -> None:
    """Every locked version once, by its package URL, with a licence; no tool of development is there."""
    listed = {one["purl"]: one for one in bill["components"]}
    wanted = {f"pkg:pypi/{name}@{version}" for name, version in pinned("run.txt", RUNNING).items()}
    assert set(listed) == wanted
    silent = {one["name"] for one in listed.values() if not one.get("licenses")}
    assert silent <= SILENT
    assert not [purl for purl in listed if "pytest" in purl]


def test_it_says_what_needs_what(bill: dict[str, Any]) -> None:
    """Our package stands at the root, above everything that pyproject.toml asks for."""
    root = bill["metadata"]["component"]
    assert (root["name"], root["type"]) == ("ecomdata", "library")
    needs = {one["ref"]: one.get("dependsOn", []) for one in bill["dependencies"]}
    direct = {ref.split("==")[0] for ref in needs[root["bom-ref"]]}
    assert {"polars", "duckdb", "pyarrow", "click"} <= direct


def test_nothing_of_this_machine_is_in_it(bill: dict[str, Any]) -> None:
    """No path and no address of an index."""
    text = json.dumps(bill)
    assert not [word for word in ("file:", str(ROOT), str(Path.home()), sys.prefix) if word in text]
