"""The site: built without a warning, whole, and complete in itself."""

from __future__ import annotations

import inspect
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import ecomdata as ed
from ecomdata.cli import cli
from tests.docs.html_pages import Page

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
NAMES = sorted(ed.datasets())
ELSEWHERE = re.compile(r"""(?:url\(|@import)\s*["']?(?:https?:)?//[^"')]+""")
SECTIONS = {"get-it", "try-it", "mind", "tables", "cite"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Page]:
    """The pages of the site by their path, as ``make site`` builds it but for the notebooks' outputs."""
    folder = tmp_path_factory.mktemp("site")
    options = ["-q", "-W", "--keep-going", "-b", "html", "-d", str(folder / "trees")]
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", *options, str(DOCS), str(folder / "html")],
        env={**os.environ, "PYTHONPATH": str(ROOT), "ECOMDATA_HOME": str(folder / "home")},
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    html = folder / "html"
    return {path.relative_to(html).as_posix(): Page(path) for path in html.rglob("*.html")}


def test_every_page_is_in_the_navigation(site: dict[str, Page]) -> None:
    """Whoever starts at the front page and clicks reaches every page, notebook and decision."""
    sources = {path.relative_to(DOCS).with_suffix(".html").as_posix() for path in DOCS.rglob("*.md")}
    sources |= {f"notebooks/{path.stem}.html" for path in (ROOT / "notebooks").glob("*.ipynb")}
    assert sources <= site.keys()
    top = site["index.html"].path.parent
    reached = {"index.html"}
    waiting = ["index.html"]
    while waiting:
        page = site[waiting.pop()]
        targets = (page.target(link) for link in page.links)
        named = {t[0].relative_to(top).as_posix() for t in targets if t and t[0].is_relative_to(top)}
        waiting += (named & site.keys()) - reached
        reached |= named & site.keys()
    assert sources <= reached


def test_every_link_leads_somewhere(site: dict[str, Page]) -> None:
    """Each file that a page links to is there, and each anchor on it."""
    pages = {page.path: page for page in site.values()}
    broken: list[str] = []
    for name, page in site.items():
        for link in page.links:
            target = page.target(link)
            if target is None or name in {"genindex.html", "search.html"}:
                continue
            path, anchor = target
            known = path.is_file() and (not anchor or path not in pages or anchor in pages[path].ids)
            if not known:
                broken.append(f"{name}: {link}")
    assert not broken


def test_nothing_is_loaded_from_elsewhere(site: dict[str, Page]) -> None:
    """Pages and style sheets load files of the site alone, so that it is read without a network."""
    top = site["index.html"].path.parent
    for name, page in site.items():
        for load in page.loads:
            target = page.target(load)
            inside = load.startswith("data:") or (target is not None and target[0].is_file())
            assert inside, f"{name} loads {load}"
    sheets = list(top.rglob("*.css"))
    assert sheets
    for sheet in sheets:
        assert not ELSEWHERE.findall(sheet.read_text(encoding="utf-8")), sheet.name


def _letters(text: str) -> str:
    return re.sub(r"[^a-z]+", "", text.lower())


def test_the_python_reference_has_every_name(site: dict[str, Page]) -> None:
    """Each public name, with what its docstring says first."""
    page = site["api.html"]
    names = set(ed.__all__) - {"__version__"}
    missing = {name for name in names if f"ecomdata.{name}" not in page.ids}
    assert not missing, f"add {sorted(missing)} to docs/api.md"
    shown = _letters(page.text)
    for name in names:
        first = (inspect.getdoc(getattr(ed, name)) or "").split("\n\n")[0]
        assert first, name
        assert _letters(re.sub(r":\w+:`~?", "", first)) in shown, name


def _paths(command: click.Command, path: str) -> Iterator[str]:
    yield path
    if isinstance(command, click.Group):
        for name, child in command.commands.items():
            yield from _paths(child, f"{path} {name}")


def test_the_command_line_reference_has_every_command(site: dict[str, Page]) -> None:
    """Each under a heading of its own that can be linked to."""
    anchors = {path.lower().replace(" ", "-") for path in _paths(cli, "ecomdata")}
    assert not anchors - site["cli.html"].ids


@pytest.mark.parametrize("name", NAMES)
def test_every_dataset_has_a_tutorial(name: str, site: dict[str, Page]) -> None:
    """How to get it, questions with their answers, what to mind, all its tables, and how to cite it."""
    path = DOCS / "datasets" / f"{name}.md"
    assert path.is_file(), f"add docs/datasets/{name}.md"
    page = site[f"datasets/{name}.html"]
    dataset = ed.loader(name)
    assert page.ids >= SECTIONS
    text = path.read_text(encoding="utf-8")
    assert f"ecomdata load {name} --sample" in text
    assert text.count("```text\n") >= 2
    for table in dataset.tables:
        assert f"{dataset.schema_name}.{table.name}" in page.words
    assert " ".join(dataset.citation.split()) in page.words
    assert dataset.licence.title in page.words
