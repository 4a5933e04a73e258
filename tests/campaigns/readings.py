"""Readers over files that may be anything, in processes that may die of them."""

from __future__ import annotations

import gzip
import json
import multiprocessing
import signal
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Final, NamedTuple

import ecomdata as ed
from ecomdata.declare import Raw
from ecomdata.errors import EcomdataError
from ecomdata.rawfile import RawFile
from ecomdata.registry import datasets, loader
from ecomdata.sources.matching import matches_tail

ROWS: Final = 40
SECONDS: Final = 60
MEMORY: Final = 4 << 30

_FORKED: Final = multiprocessing.get_context("forkserver")


class Work(NamedTuple):
    """A file to be read: what reads it, its content, and the bytes of a block."""

    subject: Subject
    data: bytes
    size: int


class Reading(NamedTuple):
    """What came of it.

    Attributes:
        held: Rows, rejected rows, or an error of ours that names the file, within limits.
        refused: Whether it was an error of ours.
        detail: The error, or what was wrong.
    """

    held: bool
    refused: bool
    detail: str


class Subject(NamedTuple):
    """A raw file of a dataset, and the place of what reads it."""

    dataset: str
    table: str
    number: int
    file: str

    @property
    def raw(self) -> Raw:
        """What reads it."""
        return next(t for t in loader(self.dataset).tables if t.name == self.table).raws[self.number]


def subjects(folder: Path, reader: type[object] = object) -> list[tuple[Subject, bytes]]:
    """A file for each kind of raw file that the samples have and the reader reads, with its content."""
    found: list[tuple[Subject, bytes]] = []
    for name, dataset in datasets().items():
        readers = [raw.reader for table in dataset.tables for raw in table.raws]
        if dataset.derived_from or not any(isinstance(one, reader) for one in readers):
            continue
        files = [_unpacked(path) for path in ed.sample(name, folder / name.replace("/", "-"), rows=ROWS)]
        for table in dataset.tables:
            for number, raw in enumerate(table.raws):
                path = next((path for path in files if _reads(raw, path)), None)
                if path is not None:
                    found.append((Subject(name, table.name, number, path.name), path.read_bytes()))
    return found


def _unpacked(path: Path) -> Path:
    """The file, without gzip around it: that is not the reader's."""
    if path.suffix != ".gz":
        return path
    plain = path.with_suffix("")
    plain.write_bytes(gzip.decompress(path.read_bytes()))
    return plain


def _reads(raw: Raw, path: Path) -> bool:
    names = (path.as_posix(), f"{path.as_posix()}.gz")
    if not any(matches_tail(name, glob) for name in names for glob in raw.files):
        return False
    try:
        raw.reader.check(RawFile.on_disk(path), raw.columns)
    except EcomdataError:
        return False
    return True


def readings(work: Sequence[Work], folder: Path) -> Iterator[Reading]:
    """Read each file, many in one process, until one ends it; then the others in another."""
    folder.mkdir(exist_ok=True)
    while work:
        found = _read_in_a_process(work, folder)
        yield from found
        work = work[len(found) :]


def _read_in_a_process(work: Sequence[Work], folder: Path) -> list[Reading]:
    """What came of each, up to the one that ended the process, if one did."""
    log = folder / "log"
    log.unlink(missing_ok=True)
    process = _FORKED.Process(target=_read_all, args=(work, folder, log))
    process.start()
    process.join()
    lines = log.read_text("utf-8").splitlines() if log.exists() else []
    results = [Reading(**json.loads(line)) for line in lines]
    if len(results) < len(work):
        ended = f"the process ended with status {process.exitcode}"
        if process.exitcode == -signal.SIGALRM:
            ended = f"it took more than {SECONDS} seconds"
        results.append(Reading(held=False, refused=False, detail=ended))
    return results


def _read_all(work: Sequence[Work], folder: Path, log: Path) -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with log.open("a", encoding="utf-8") as out:
        for subject, data, size in work:
            signal.alarm(SECONDS)  # it ends the process, whatever works then
            path = folder / subject.file
            path.write_bytes(data)
            found = read(path, subject.raw, size)
            most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
            if most > MEMORY:
                found = found._replace(held=False, detail=f"{most:,} bytes of memory")
            out.write(json.dumps(found._asdict()) + "\n")
            out.flush()
            if most > MEMORY:
                return  # what others take could not be told


def read(path: Path, raw: Raw, size: int) -> Reading:
    """Whether what is promised holds for a file, and what was said or was wrong."""
    reader = raw.reader
    for name in ("block_size", "block_bytes"):
        if hasattr(reader, name):
            with suppress(ValueError):
                reader = replace(reader, **{name: size})
    file = RawFile.on_disk(path)
    try:
        reader.check(file, raw.columns)
        for block in reader.blocks(file, raw.columns):
            batch = block.parse()
            batch.raw(range(batch.frame.height))
            if batch.frame.schema != raw.columns.dtypes:
                return Reading(held=False, refused=False, detail=f"other columns: {batch.frame.schema}")
            if batch.rows is not None and batch.rows.len() != batch.frame.height:
                return Reading(held=False, refused=False, detail="other row numbers than rows")
    except EcomdataError as error:
        return Reading(path.name in str(error), refused=True, detail=str(error).splitlines()[0][:300])
    except BaseException as error:  # noqa: BLE001 - whatever it is, it is no error of ours
        return Reading(held=False, refused=False, detail=repr(error)[:300])
    return Reading(held=True, refused=False, detail="")
