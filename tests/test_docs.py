"""The documentation is true: commands and code run, links lead somewhere, the reference is current."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest

import ecomdata as ed
from tests.conftest import RunCli

ROOT = Path(__file__).resolve().parents[1]
PAGES = [*ROOT.glob("*.md"), *sorted((ROOT / "docs").rglob("*.md"))]
NOT_RUN = "<!-- not run"


def blocks(page: Path, language: str) -> list[tuple[str, bool]]:
    """The code blocks in a language, each with whether it is to be run."""
    found = re.finditer(rf"(?P<before>[^\n]*\n)```{language}\n(?P<code>.*?)```", page.read_text(), re.DOTALL)
    return [(match["code"], not match["before"].startswith(NOT_RUN)) for match in found]


def calls(code: str) -> list[list[str]]:
    """The arguments of every line that calls ecomdata."""
    lines = (line for line in code.splitlines() if line.startswith("ecomdata "))
    return [shlex.split(line, comments=True)[1:] for line in lines]


def test_the_readme_commands_run(run_cli: RunCli) -> None:
    """Every ecomdata line of the README, one after the other in one home, exits with 0 and says something."""
    lines = [args for code, runs in blocks(ROOT / "README.md", "bash") if runs for args in calls(code)]
    assert lines
    for args in lines:
        done = run_cli(*args)
        assert done.stdout or done.stderr, args


def test_the_page_on_python_has_every_public_name() -> None:
    """And no other; what a public function returns is public, too."""
    page = (ROOT / "docs" / "api.md").read_text()
    named = re.findall(r"^\.\. auto(?:function|class|data|exception):: (\w+)", page, re.MULTILINE)
    assert sorted(named) == sorted(ed.__all__)
    returned = {
        str(getattr(ed, name).__annotations__.get("return", "")) for name in named if name[0].islower()
    }
    ours = {word for text in returned for word in re.findall(r"\b[A-Z]\w+", text)} - {
        "Dataset",
        "DataFrame",
        "Path",
    }
    assert ours <= set(named)


def _not_run(page: Path) -> list[list[str]]:
    """The arguments of every ecomdata line of a page that does not run, in a block or set in."""
    set_in = "\n".join(re.findall(r"^ {4}(ecomdata .*)", page.read_text(), re.MULTILINE))
    unrun = [code for code, runs in blocks(page, "bash") if not runs]
    return [args for code in (*unrun, set_in) for args in calls(code)]


@pytest.mark.parametrize(
    "page", [page for page in PAGES if _not_run(page)], ids=lambda page: page.relative_to(ROOT).as_posix()
)
def test_commands_that_need_more_are_at_least_spelt_right(page: Path) -> None:
    """What downloads or needs the user's files names commands, options, tables and columns that exist."""
    from ecomdata.cli import cli
    from ecomdata.registry import loader

    for line in _not_run(page):
        command: click.Command = cli
        args = line[2:] if line[0] == "--loaders" else line
        while isinstance(command, click.Group):
            _, found, args = command.resolve_command(click.Context(command), args)
            assert found, line
            command = found
        given = [arg for arg in args if not arg.startswith("~")]
        said = command.make_context(command.name, given, resilient_parsing=True).params
        known = {option for param in command.params for option in param.opts}
        assert {arg for arg in args if arg.startswith("--")} <= known, line
        if isinstance(table := said.get("table"), str):
            named = {said.get("column"), said.get("split_column"), *said.get("by", ())} - {None}
            assert named <= {*loader(args[0]).table(table).schema.column_names()}, line
        if other := said.get("against"):
            name, table, *column = other.split(".")
            assert {*column} <= {*loader(name).table(table).schema.column_names()}, line


def test_the_readme_python_runs(tmp_path: Path, home: Path) -> None:
    """The Python of the README is a program that works."""
    code = "\n".join(code for code, runs in blocks(ROOT / "README.md", "python") if runs)
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "ECOMDATA_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "view" in done.stdout


def test_the_readme_has_two_commands_for_a_fresh_machine() -> None:
    """``make demo`` and ``make test``, both in the Makefile, and nothing else to type."""
    section = (ROOT / "README.md").read_text().split("## On a fresh machine")[1].split("\n## ")[0]
    typed = [line.split("#")[0].strip() for line in section.splitlines() if line.startswith("    ")]
    assert typed == ["make demo", "make test"]
    targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert {"demo", "test", "lint", "bench", "docs", "site"} <= set(targets)


def test_the_readme_tells_the_terms_that_are_declared() -> None:
    """The licence table agrees with the loaders."""
    from ecomdata.registry import loader

    rows = re.findall(
        r"^\| ([a-z/-]+) \| ([^|]+) \| (yes|no|not known)\b", (ROOT / "README.md").read_text(), re.MULTILINE
    )
    assert rows
    for name, terms, passed_on in rows:
        licence = loader(name).licence
        assert (licence.redistribution is True) == (passed_on == "yes"), name
        assert licence.id in {terms.strip(), "other"}, name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link names a file of the repository."""
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text()):
        if not re.match(r"[a-z]+:", target):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_the_reference_is_current() -> None:
    """docs/cli.md holds the help of every command as it is now."""
    done = subprocess.run(
        [sys.executable, ROOT / "docs" / "clidocs.py"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert (ROOT / "docs" / "cli.md").read_text() == done.stdout, "run `make docs`"
