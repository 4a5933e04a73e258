"""The three tests that NeurIPS makes of a Croissant file, offline: it is JSON, valid, and gives records.

Nothing is downloaded, and nothing is read but the files of one folder. mlcroissant reads whole Parquet files,
and compares no hash of a file in a FileSet; so hashes are compared here, and mlcroissant is given the first
row of each RecordSet in a file of its own (docs/decisions/0011-croissant.md has what the other way costs).
"""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final, cast

from ecomdata.cardmaking.croissant import CROISSANT, PARQUET, tree_sha256
from ecomdata.errors import EcomdataError
from ecomdata.pathnames import safe_relative
from ecomdata.plainjson import parsed
from ecomdata.shards import sha256_file

_GIT: Final = "git+https"
_REPORT: Final = "Found the following"
"""How mlcroissant's list of errors and warnings begins, each of them after a dash on a line of its own."""


def check_croissant(path: str | os.PathLike[str], *, folder: str | os.PathLike[str]) -> tuple[str, ...]:
    """What is wrong with a ``croissant.json`` of ecomdata's, and with the data that it describes.

    It is JSON; mlcroissant reads it without an error or a warning; every data file has its size and its
    sha256; mlcroissant makes a record of every RecordSet that has rows. Where no data are published with it
    (it names no files) there are no records to make.

    Args:
        path: The file.
        folder: Where its data files lie, under the paths that are their ``@id``.

    Returns:
        Problems in words, each with its RecordSet or file; none when all is well. They may quote the file.

    Raises:
        EcomdataError: mlcroissant is not installed.
    """
    library = _mlcroissant()
    where = Path(path)
    try:
        content = where.read_bytes()
        document: object = parsed(content)
    except OSError as error:
        return (f"{where.name} cannot be read: {error.strerror or error}",)
    except ValueError as error:
        return (f"{where.name} is not JSON: {error}",)
    if not isinstance(document, dict):
        return (f"{where.name} is JSON, but no object",)
    if _fetches(cast("dict[str, object]", document)):
        return (f"{where.name} has an @context that is not written out in it; nothing is fetched here",)
    with tempfile.TemporaryDirectory(prefix="ecomdata-croissant-") as name:
        aside = Path(name).resolve()
        (aside / CROISSANT).write_bytes(content)
        mapped = _repositories(cast("dict[str, object]", document))
        return tuple(_Check(library, Path(folder), aside, mapped).problems())


def _fetches(document: dict[str, object]) -> bool:
    """Whether a JSON-LD reader may fetch something: not all of the context is written out at the top."""
    context: object = document.get("@context")
    rest = [value for name, value in document.items() if name != "@context"]
    whole = isinstance(context, dict) and not _uses(cast("object", context), "@import", "@context")
    return not whole or _uses(rest, "@context")


def _uses(value: object, *keys: str) -> bool:
    """Whether one of the keys is used anywhere inside."""
    todo = [value]
    while todo:
        one = todo.pop()
        if isinstance(one, dict):
            members = cast("dict[str, object]", one)
            if any(key in members for key in keys):
                return True
            todo += members.values()
        elif isinstance(one, list):
            todo += cast("list[object]", one)
    return False


def _repositories(document: dict[str, object]) -> list[str]:
    """The ``@id`` of every git repository; mlcroissant clones those of which it is not told a copy."""
    nodes = document.get("distribution")
    found: list[str] = []
    for node in cast("list[object]", nodes) if isinstance(nodes, list) else []:
        if isinstance(node, dict):
            members = cast("dict[str, object]", node)
            name = members.get("@id")
            if members.get("encodingFormat") == _GIT and isinstance(name, str):
                found.append(name)
    return found


def _mlcroissant() -> Any:  # noqa: ANN401 - it carries no types
    try:
        import mlcroissant
    except ImportError as error:
        raise EcomdataError(
            "checking croissant.json takes mlcroissant, which is not installed",
            hint="pip install 'ecomdata[croissant]'",
        ) from error
    return mlcroissant


class _Check:
    """The second and the third test.

    Args:
        library: mlcroissant.
        folder: Where the data are.
        aside: A folder with the document alone; the first rows are put beside it for mlcroissant.
        mapped: The ``@id`` of what ``aside`` is to be the copy of.
    """

    def __init__(self, library: Any, folder: Path, aside: Path, mapped: list[str]) -> None:  # noqa: ANN401
        self._library = library
        self._folder = folder
        self._aside = aside
        self._mapped = mapped
        self._dataset: Any = None
        self._bad: set[str] = set()

    def problems(self) -> Iterator[str]:
        """Each in words."""
        with _heard() as said:
            broken = list(self._load())
        yield from said
        yield from broken
        if not broken:
            warnings = sorted(self._dataset.metadata.issues.warnings)
            yield from (f"mlcroissant warns: {warning}" for warning in warnings)
            yield from self._check_files()
            yield from self._check_records()

    def _load(self) -> Iterator[str]:
        mapping = dict.fromkeys(self._mapped, str(self._aside))
        try:
            self._dataset = self._library.Dataset(str(self._aside / CROISSANT), mapping=mapping)
        except self._library.ValidationError as error:
            lines = [line.strip(" -") for line in str(error).splitlines() if not line.startswith(_REPORT)]
            yield from (f"mlcroissant finds it invalid: {line}" for line in lines)
        except Exception as error:  # noqa: BLE001 - what it raises for odd input is anything
            yield f"mlcroissant cannot read it: {type(error).__name__}: {error}"

    def _check_files(self) -> Iterator[str]:
        """The size and hash of every data file, and the hash of all where there is a repository."""
        nodes = self._dataset.metadata.file_objects
        files = {node.id: node for node in nodes if node.id not in self._mapped}
        for name, node in files.items():
            if problem := self._problem_of(node):
                self._bad.add(name)
                yield f"file {name}: {problem}"
        tree = tree_sha256({name: str(node.sha256) for name, node in files.items()})
        for node in nodes:
            if node.id in self._mapped and node.sha256 != tree:
                yield f"{node.id}: its sha256 is not that of the files"

    def _problem_of(self, node: Any) -> str:  # noqa: ANN401 - mlcroissant's
        if PARQUET not in node.encoding_formats or not safe_relative(node.id):
            return "is no Parquet file in the folder"
        path = self._folder / node.id
        if not path.is_file():
            return f"is not in {self._folder}"
        size = f"{path.stat().st_size} B"
        if size != node.content_size:
            return f"has {size}, not {node.content_size}"
        found = sha256_file(path)
        return "" if found == node.sha256 else f"has sha256 {found}, not {node.sha256}"

    def _check_records(self) -> Iterator[str]:
        """A record of every RecordSet that has rows."""
        metadata = self._dataset.metadata
        files = sorted(node.id for node in metadata.file_objects if node.id not in self._mapped)
        for record_set in metadata.record_sets if files else ():
            includes = self._includes(record_set)
            own = [one for one in files if any(fnmatchcase(one, pattern) for pattern in includes)]
            if not includes:
                yield f"RecordSet {record_set.id}: is not read from one FileSet of these files"
            elif not own:
                yield f"RecordSet {record_set.id}: has no files"
            elif not self._bad & set(own):
                yield from self._check_record(record_set, own)

    def _includes(self, record_set: Any) -> list[str]:  # noqa: ANN401 - mlcroissant's
        """The globs of the one FileSet that a RecordSet is read from; none where it reads anything else."""
        sources = set(_sources(record_set.fields))
        for node in self._dataset.metadata.file_sets:
            if sources == {node.id} and all(one in self._mapped for one in node.contained_in or ()):
                return list(node.includes)
        return []

    def _check_record(self, record_set: Any, files: list[str]) -> Iterator[str]:  # noqa: ANN401 - mlcroissant's
        try:
            if any(_first_row(self._folder / one, self._aside / one) for one in files):
                record = next(iter(self._dataset.records(record_set.id)))
                missing = sorted({field.id for field in record_set.fields} - record.keys())
                if missing:
                    yield f"RecordSet {record_set.id}: its record lacks {', '.join(missing)}"
        except Exception as error:  # noqa: BLE001 - pyarrow, pandas and mlcroissant raise whatever comes
            cause: BaseException = error
            while cause.__cause__:  # mlcroissant wraps what went wrong, and wraps it again
                cause = cause.__cause__
            yield f"RecordSet {record_set.id}: no record can be made: {type(cause).__name__}: {cause}"


def _sources(fields: Any) -> Iterator[str | None]:  # noqa: ANN401 - mlcroissant's
    """The FileSets that fields are read from; None where one is read from, or joined with, something else."""
    for field in fields:
        if field.references:
            yield None
        if field.sub_fields:
            yield from _sources(field.sub_fields)
        else:
            yield field.source.file_set


def _first_row(source: Path, target: Path) -> bool:
    """Copy the first row of a Parquet file, reading pages and not row groups; False where there is none."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    with pq.ParquetFile(source, pre_buffer=False, buffer_size=1 << 16) as file:
        batch = next(file.iter_batches(batch_size=1, use_threads=False), None)
    if batch is None:
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_batches([batch]), target)
    return True


@contextmanager
def _heard() -> Generator[list[str]]:
    """What mlcroissant says in its log, which else goes to stderr; without its lists of warnings."""
    said: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            text = record.getMessage()
            if record.levelno >= logging.WARNING and not text.startswith(_REPORT):
                said.append(f"mlcroissant warns: {text.removeprefix('WARNING: ')}")

    log = logging.getLogger("absl")
    listener, propagate = Listener(), log.propagate
    log.addHandler(listener)
    log.propagate = False
    try:
        yield said
    finally:
        log.removeHandler(listener)
        log.propagate = propagate
