"""Imports point one way, content has one name, and starting costs little."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

import ecomdata as ed

ROOT = Path(__file__).resolve().parents[1]
ENGINE = ROOT / "ecomdata"
CONTENT = ROOT / "loaders"

FOR_CONTENT = {
    "ecomdata.canonical",
    "ecomdata.declare",
    "ecomdata.errors",
    "ecomdata.readers",
    "ecomdata.sampling",
}
HEAVY = [
    "dataframely",
    "datasets",
    "duckdb",
    "huggingface_hub",
    "mlcroissant",
    "numpy",
    "pandas",
    "polars",
    "pyarrow",
    "rich",
]
ASKED_FOR_BY_NAME = {"datasets", "fasttext-numpy2"}
"""Core libraries that users of the project asked for before anything here needs them."""
NOT_INSTALLED_HERE = {"sentence-transformers", "torch"}
"""Of the extra ``embed``, imported by name where it is installed; ``make test-embed`` tests with it."""
IN_PLACE_OF_ANOTHER = {"numba-cuda"}
"""Imported under another's name: this one takes the place of numba.cuda."""


@cache
def parts(path: Path) -> tuple[ast.AST, ...]:
    """What imports and says words in a file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return tuple(
        node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom | ast.Constant)
    )


def imports(path: Path) -> Iterator[str]:
    """Every module that a file imports, at its top or inside a function."""
    for node in parts(path):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module == "ecomdata":
            yield from (f"ecomdata.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            yield node.module


def modules(folder: Path) -> list[Path]:
    """The Python files below a folder."""
    return sorted(folder.rglob("*.py"))


def test_layers_of_the_engine_hold() -> None:
    """No engine module imports one above it; pyproject.toml gives every module its layer."""
    command = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [command, "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, f"move the import, or the module's layer in pyproject.toml:\n{done.stdout}"


@pytest.mark.parametrize("path", modules(CONTENT), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_content_imports_only_its_contract(path: Path) -> None:
    """A loader stands on the declarations, the readers and the sampling helpers, and on no other loader."""
    for name in imports(path):
        if name.split(".")[0] != "ecomdata":
            continue
        allowed = any(name == part or name.startswith(f"{part}.") for part in FOR_CONTENT)
        assert allowed, (
            f"{path.name} imports {name}; content may import {', '.join(sorted(FOR_CONTENT))}, "
            "and its own family relatively (from ._words import ...), where type checkers find it"
        )


def test_the_engine_never_names_content() -> None:
    """The engine finds loaders by their stem: no dataset family is imported or spelt out in its code."""
    stems = {path.stem for path in CONTENT.iterdir() if not path.name.startswith(("_", "."))}
    for path in modules(ENGINE):
        for name in imports(path):
            assert not re.match(r"ecomdata\.(loaders|cards|validation)\b", name), f"{path} imports {name}"
        for node in parts(path):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                assert node.value not in stems, f"{path}:{node.lineno} names the dataset family {node.value}"


def test_content_has_one_name() -> None:
    """Nothing imports ``loaders``, ``cards`` or ``validation`` under that name, or they load twice."""
    for path in [
        *modules(ENGINE),
        *modules(CONTENT),
        *modules(ROOT / "tests"),
        *modules(ROOT / "benchmarks"),
    ]:
        for name in imports(path):
            assert name.split(".")[0] not in {"loaders", "cards", "validation"}, (
                f"{path}: import ecomdata.{name}"
            )


def test_no_content_folder_stands_inside_the_engine() -> None:
    """A folder ``ecomdata/loaders`` in a checkout would hide the content: only a built wheel has one."""
    for name in ("loaders", "cards", "validation"):
        assert not (ENGINE / name).exists(), f"remove ecomdata/{name}"


def _heavy_after(statements: str, **env: str) -> list[str]:
    """Which heavy libraries a process of its own has imported after these statements."""
    code = f"import json, sys; {statements}; print(json.dumps([n for n in {HEAVY} if n in sys.modules]))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(ROOT), **env},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    found: list[str] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.parametrize("statement", ["import ecomdata", "import ecomdata.cli"])
def test_starting_imports_nothing_heavy(statement: str) -> None:
    """``ecomdata --help`` starts at once: data libraries are imported by the commands that use them."""
    assert _heavy_after(statement) == [], f"{statement} pulls these in; import them inside a function"


def test_a_query_over_what_is_loaded_needs_duckdb_alone(tmp_path: Path) -> None:
    """``ecomdata sql`` answers as soon as DuckDB is there: manifests are read without readers and schemas."""
    ed.load("rope", sample=True, home=tmp_path)
    query = "from ecomdata.cli import cli; cli(['sql', 'FROM rope.images LIMIT 1'], standalone_mode=False)"
    assert _heavy_after(query, ECOMDATA_HOME=str(tmp_path)) == ["duckdb"]


def test_a_load_of_text_needs_no_duckdb(tmp_path: Path) -> None:
    """It is there for derived tables and odd JSON; its import takes as long as a small file."""
    load = ["load", "taobao/user-behavior", "--sample", "-y"]
    query = f"from ecomdata.cli import cli; cli({load}, standalone_mode=False)"
    assert "duckdb" not in _heavy_after(query, ECOMDATA_HOME=str(tmp_path))


OF_TEXTS = ("--table", "reviews", "--column", "text")


@pytest.mark.parametrize(
    "command",
    [
        ["dedup", "banglishrev", *OF_TEXTS, "--max-removed", "1"],
        ["languages", "banglishrev", *OF_TEXTS],
        ["verify", "banglishrev"],
        ["stats", "banglishrev"],
    ],
    ids=lambda words: words[0],
)
def test_texts_and_vectors_are_looked_through_without_pandas(tmp_path: Path, command: list[str]) -> None:
    """Pyarrow imports it for a null that is filled or an array that NumPy is to see: a third of a second."""
    ed.load("banglishrev", sample=True, tables=["reviews"], home=tmp_path)
    if command[0] == "stats":
        ed.embed("banglishrev", table="reviews", column="text", home=tmp_path)
    query = f"from ecomdata.cli import cli; cli({command}, standalone_mode=False)"
    assert "pandas" not in _heavy_after(query, ECOMDATA_HOME=str(tmp_path))


def test_dependencies_are_those_imported() -> None:
    """pyproject.toml declares every library that the engine or content imports, and no other."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    of_users = [line for extra in extras.keys() - {"dev", "bench", "docs"} for line in extras[extra]]
    declared = {re.match(r"[\w.-]+", line)[0].lower() for line in [*project["dependencies"], *of_users]}
    distributions = packages_distributions()
    used = {
        distributions[top][0].lower()
        for path in [*modules(ENGINE), *modules(CONTENT)]
        for top in {name.split(".")[0] for name in imports(path)}
        if top in distributions and top != "ecomdata"
    }
    assert used <= declared, f"declare {sorted(used - declared)} in pyproject.toml"
    unused = declared - used - ASKED_FOR_BY_NAME - NOT_INSTALLED_HERE - IN_PLACE_OF_ANOTHER
    assert not unused, f"nothing imports {sorted(unused)}; remove them from pyproject.toml"
