"""The check finds what is wrong with a Croissant file or its data, names it, and fetches nothing."""

from __future__ import annotations

import hashlib
import json
import shutil
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import polars as pl
import pytest

import ecomdata as ed
from ecomdata.cardmaking import read_prose
from ecomdata.cardmaking.croissant import croissant
from ecomdata.cardmaking.croissantcheck import check_croissant
from ecomdata.errors import EcomdataError
from ecomdata.published import Published
from tests.hub.conftest import load_small

EVENTS = "events/part-00000.parquet"
Change = Callable[[dict[str, Any]], None]


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever opens a connection fails the test."""

    def refuse(*_: object, **__: object) -> NoReturn:
        pytest.fail("the check opened a connection")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.fixture(scope="session")
def release(tmp_path_factory: pytest.TempPathFactory) -> ed.Release:
    """A small release of two tables; tests only read it."""
    folder = tmp_path_factory.mktemp("checked")
    return load_small("merrec", folder / "raw", folder / "home")


@pytest.fixture
def folder(release: ed.Release, tmp_path: Path) -> Path:
    """A copy of it with the croissant.json that it has on the Hub."""
    shutil.copytree(release.folder, tmp_path / "data")
    dataset = ed.loader("merrec")
    made = Published.of(release.manifest, dataset.licence, rights="", card_only=False)
    content = croissant(dataset, made, read_prose(dataset), repo="acme/shop")
    (tmp_path / "data" / "croissant.json").write_bytes(content)
    return tmp_path / "data"


def problems(folder: Path) -> tuple[str, ...]:
    """What the check finds."""
    return check_croissant(folder / "croissant.json", folder=folder)


def change(folder: Path, edit: Change) -> tuple[str, ...]:
    """What the check finds after a change of the document."""
    path = folder / "croissant.json"
    said = json.loads(path.read_bytes())
    edit(said)
    path.write_text(json.dumps(said))
    return problems(folder)


def renew(folder: Path, file: str) -> tuple[str, ...]:
    """What the check finds once the document has the size and hash of another file."""
    content = (folder / file).read_bytes()

    def edit(said: dict[str, Any]) -> None:
        nodes = {one["@id"]: one for one in said["distribution"]}
        nodes[file] |= {"contentSize": f"{len(content)} B", "sha256": hashlib.sha256(content).hexdigest()}
        lines = sorted((one, node["sha256"]) for one, node in nodes.items() if "contentSize" in node)
        listing = "".join(f"{digest}  {one}\n" for one, digest in lines)
        nodes["hub-repository"]["sha256"] = hashlib.sha256(listing.encode()).hexdigest()

    return change(folder, edit)


def test_a_good_one_is_good(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """No problem is found, and nothing is said on the way."""
    assert problems(folder) == ()
    assert capfd.readouterr() == ("", "")


def test_one_flipped_byte_is_found(folder: Path) -> None:
    """In the middle of a data file, whose size stays."""
    content = bytearray((folder / EVENTS).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / EVENTS).write_bytes(content)
    found = hashlib.sha256(content).hexdigest()
    (problem,) = problems(folder)
    assert problem.startswith(f"file {EVENTS}: has sha256 {found}, not ")


def test_a_file_of_another_size_is_found(folder: Path) -> None:
    """With both sizes; the other table is still checked."""
    (folder / EVENTS).write_bytes((folder / EVENTS).read_bytes()[:-1])
    (folder / "items/part-00000.parquet").unlink()
    cut, gone = problems(folder)
    size = (folder / EVENTS).stat().st_size
    assert cut == f"file {EVENTS}: has {size} B, not {size + 1} B"
    assert gone == f"file items/part-00000.parquet: is not in {folder}"


def test_a_hash_of_the_repository_that_is_another_is_found(folder: Path) -> None:
    """It is that of all files."""

    def edit(said: dict[str, Any]) -> None:
        said["distribution"][0]["sha256"] = "0" * 64

    assert change(folder, edit) == ("hub-repository: its sha256 is not that of the files",)


def test_a_column_that_is_not_in_the_file_is_found(folder: Path) -> None:
    """No record can be made then; the RecordSet is named."""
    pl.read_parquet(folder / EVENTS).drop("price").write_parquet(folder / EVENTS)
    (problem,) = renew(folder, EVENTS)
    assert problem.startswith('RecordSet events: no record can be made: AssertionError: Column "price"')


def test_values_of_another_type_are_found(folder: Path) -> None:
    """A text where a number should be cannot become one."""
    pl.read_parquet(folder / EVENTS).with_columns(item_id=pl.lit("none")).write_parquet(folder / EVENTS)
    (problem,) = renew(folder, EVENTS)
    assert problem.startswith("RecordSet events: no record can be made: ValueError: invalid literal")


def test_a_file_that_is_no_parquet_is_found(folder: Path) -> None:
    """Whatever its hash."""
    (folder / EVENTS).write_bytes(b"PAR1, or not")
    (problem,) = renew(folder, EVENTS)
    assert problem.startswith("RecordSet events: no record can be made: ArrowInvalid: ")


def test_a_table_without_rows_has_no_record(folder: Path) -> None:
    """That is no problem: there is none to make."""
    pl.read_parquet(folder / EVENTS).clear().write_parquet(folder / EVENTS)
    assert renew(folder, EVENTS) == ()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "croissant.json is not JSON: "),
        (b"{" * 100_000, "croissant.json is not JSON: "),
        (b"\xff\xfe\xfa", "croissant.json is not JSON: "),
        (b"[" * 100_000, "croissant.json is not JSON: "),
        (b"[]", "croissant.json is JSON, but no object"),
        (b"{}", "croissant.json has an @context that is not written out in it"),
    ],
    ids=["empty", "braces", "bytes", "deep", "list", "bare"],
)
def test_what_is_no_document_is_found(tmp_path: Path, content: bytes, said: str) -> None:
    """The first of the tests."""
    (tmp_path / "croissant.json").write_bytes(content)
    (problem,) = problems(tmp_path)
    assert problem.startswith(said)


def test_a_file_that_is_not_there_is_said_to_be(tmp_path: Path) -> None:
    """In the words of the system."""
    assert problems(tmp_path) == ("croissant.json cannot be read: No such file or directory",)


def _drop(*path: str | int) -> Change:
    def edit(said: Any) -> None:
        for step in path[:-1]:
            said = said[step]
        del said[path[-1]]

    return edit


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (
            _drop("citeAs"),
            'mlcroissant warns: [Metadata(MerRec)] Property "http://mlcommons.org/croissant/citeAs"',
        ),
        (_drop("datePublished"), 'Property "https://schema.org/datePublished" is recommended'),
        (_drop("@context", "jsonPath"), "mlcroissant warns: The JSON-LD `@context` is not standard."),
        (_drop("recordSet", 0, "field", 0, "dataType"), "mlcroissant finds it invalid: [Metadata(MerRec) > "),
        (_drop("recordSet", 0, "field", 0, "source"), "RecordSet events: is not read from one FileSet"),
        (lambda said: said.update(version="today"), "Version doesn't follow MAJOR.MINOR.PATCH: today"),
        (lambda said: said.update(conformsTo="tomorrow"), "mlcroissant "),
        (lambda said: said.update(distribution=7), "mlcroissant "),
        (lambda said: said["recordSet"][0]["field"].append(7), "mlcroissant "),
    ],
    ids=["cite", "date", "context", "type", "source", "version", "conforms", "distribution", "field"],
)
def test_what_mlcroissant_finds_is_passed_on(
    folder: Path, capfd: pytest.CaptureFixture[str], edit: Change, expected: str
) -> None:
    """Errors and warnings alike, as problems and not on the screen."""
    found = change(folder, edit)
    assert any(expected in problem for problem in found), found
    assert capfd.readouterr() == ("", "")


def _distribution(**node: object) -> Change:
    def edit(said: dict[str, Any]) -> None:
        shape = {"@type": "cr:FileObject", "encodingFormat": "git+https", "sha256": "0", "@id": "far"}
        said["distribution"].append(shape | {"contentUrl": "https://example.org/x"} | node)
        for one in said["distribution"]:
            if one["@id"] == "events-files":
                one["containedIn"] = {"@id": "far"}

    return edit


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (lambda said: said.update({"@context": "https://example.org/context"}), "nothing is fetched here"),
        (
            lambda said: said["@context"].update({"@import": "https://example.org/context"}),
            "nothing is fetched",
        ),
        (lambda said: said["creator"][0].update({"@context": "https://example.org/c"}), "nothing is fetched"),
        (
            _distribution(encodingFormat="application/x-parquet"),
            "RecordSet events: is not read from one FileSet",
        ),
        (_distribution(encodingFormat=["git+https"]), "RecordSet events: is not read from one FileSet"),
        (_distribution(**{"@id": "../far"}), "mlcroissant "),
        (_distribution(), "far: its sha256 is not that of the files"),
    ],
    ids=["context", "import", "nested", "file", "list", "path", "repository"],
)
def test_nothing_is_fetched(folder: Path, edit: Change, expected: str) -> None:
    """Neither contexts nor files nor repositories that a document has from elsewhere."""
    found = change(folder, edit)
    assert any(expected in problem for problem in found), found


def test_no_file_outside_the_folder_is_read(folder: Path) -> None:
    """An ``@id`` that leads out of it finds nothing, though the file is there."""
    (folder.parent / "outside.parquet").write_bytes((folder / EVENTS).read_bytes())

    def edit(said: dict[str, Any]) -> None:
        for node in said["distribution"]:
            if node["@id"] == EVENTS:
                node["@id"] = "../outside.parquet"

    found = change(folder, edit)
    assert any("outside.parquet: is not in " in problem for problem in found), found
    assert "RecordSet events: has no files" in found


def test_without_mlcroissant_the_install_line_is_said(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is an extra: a card is written without it."""
    monkeypatch.setitem(sys.modules, "mlcroissant", None)
    with pytest.raises(EcomdataError) as caught:
        problems(folder)
    assert caught.value.hint == "pip install 'ecomdata[croissant]'"
