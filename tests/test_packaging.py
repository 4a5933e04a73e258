"""The package works however it is installed: from a wheel, from an sdist, and editable."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKED = ("ecomdata", "loaders", "cards", "validation")
UV = Path(sys.executable).with_name("uv")


def run(*command: str | Path, cwd: Path) -> str:
    """Run a program outside the checkout and without what it would put on the path."""
    env = {k: v for k, v in os.environ.items() if k not in {"PYTHONPATH", "VIRTUAL_ENV"}}
    done = subprocess.run(
        list(map(str, command)), cwd=cwd, env=env, capture_output=True, text=True, timeout=150, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the checkout with litter in it: caches and an ignored file."""
    copy = tmp_path_factory.mktemp("checkout") / "ecomdata"
    ignore = shutil.ignore_patterns(".git", ".venv*", "build", "dist", ".*_cache", "__pycache__")
    shutil.copytree(ROOT, copy, ignore=ignore)
    for litter in ("loaders/__pycache__/x.pyc", "ecomdata/__pycache__/y.pyc", "loaders/build/z.py"):
        (copy / litter).parent.mkdir(parents=True, exist_ok=True)
        (copy / litter).write_bytes(b"")
    return copy


@pytest.fixture(scope="module")
def built(checkout: Path) -> Path:
    """The sdist, and the wheel built through it, as a release is."""
    run(
        sys.executable, "-m", "build", "--no-isolation", "--outdir", checkout / "dist", checkout, cwd=checkout
    )
    return checkout / "dist"


@pytest.fixture
def python(tmp_path: Path) -> Path:
    """A fresh environment that sees the libraries of this one, but not its ecomdata."""
    run(UV, "venv", "--quiet", "--python", sys.executable, tmp_path / "venv", cwd=tmp_path)
    interpreter = tmp_path / "venv" / "bin" / "python"
    site = Path(
        run(interpreter, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=tmp_path).strip()
    )
    # A plain path line: .pth files in that folder (an editable ecomdata, for one) are not followed.
    (site / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return interpreter


def install(python: Path, *what: str | Path) -> None:
    """Install without its dependencies, which are there, and without the network."""
    run(
        *(UV, "pip", "install", "--quiet", "--offline", "--no-deps", "--no-build-isolation"),
        *("--python", python, *what),
        cwd=python.parent,
    )


def assert_works(python: Path, where: Path) -> None:
    """The console script lists every dataset of the checkout, from the code that was installed."""
    listed = json.loads(run(python.with_name("ecomdata"), "list", "--json", cwd=python.parent))
    stems = {path.stem for path in (ROOT / "loaders").iterdir() if not path.name.startswith(("_", "."))}
    assert {entry["family"].replace("-", "_") for entry in listed} >= stems
    code = "import ecomdata, ecomdata.loaders as c; print(ecomdata.__file__); print(*c.__path__, sep='\\n')"
    for line in run(python, "-c", code, cwd=python.parent).split():
        assert Path(line).is_relative_to(where), f"{line} is not in {where}"


def files(folder: Path) -> set[str]:
    """The files that git would take below a folder, relative to the checkout."""
    return {
        path.relative_to(folder.parent).as_posix()
        for path in folder.rglob("*")
        if path.is_file()
        and "__pycache__" not in path.parts
        and "build" not in path.parts[len(folder.parts) :]
    }


def test_the_wheel_holds_engine_and_content_and_nothing_else(built: Path) -> None:
    """Every file of the engine and of the content folders, the metadata, and no test, notebook or cache."""
    (wheel,) = built.glob("*.whl")
    expected = files(ROOT / "ecomdata")
    for name in PACKED[1:]:
        expected |= {f"ecomdata/{file}" for file in files(ROOT / name)}
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
        metadata = {name.split("/", 1)[1] for name in archive.namelist() if ".dist-info/" in name}
    assert packed == expected
    assert "ecomdata/py.typed" in packed, "without it mypy and pyright believe no types of the package"
    licences = {"licenses/LICENSE", "licenses/ecomdata/cardmaking/fonts/OFL.txt"}
    assert metadata == {"METADATA", "WHEEL", "RECORD", "entry_points.txt", *licences}


def test_the_sdist_holds_what_the_tests_need(built: Path) -> None:
    """Who unpacks the sdist can build the wheel and read the docs; ignored files stay out."""
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.split("/", 1)[1] for name in archive.getnames()}
    assert {
        "README.md",
        "LICENSE",
        "CHANGELOG.md",
        "Makefile",
        "pyproject.toml",
        "tests/conftest.py",
    } <= names
    assert not [name for name in names if name.endswith(".pyc") or "/build/" in name]


def test_a_wheel_works(built: Path, python: Path) -> None:
    """Installed from the wheel, the content stands inside the package."""
    install(python, *built.glob("*.whl"))
    assert_works(python, where=python.parents[1])


def test_an_sdist_works(built: Path, python: Path) -> None:
    """Installed from the sdist, likewise."""
    install(python, *built.glob("*.tar.gz"))
    assert_works(python, where=python.parents[1])


def test_an_editable_install_works(checkout: Path, python: Path) -> None:
    """Installed with ``-e``, code and content are those of the checkout."""
    install(python, "-e", checkout)
    assert_works(python, where=checkout)


def test_a_bare_python_path_works(checkout: Path, tmp_path: Path) -> None:
    """With the checkout on PYTHONPATH and nothing installed, likewise."""
    done = subprocess.run(
        [sys.executable, "-m", "ecomdata", "list", "--json"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(checkout)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert json.loads(done.stdout)
