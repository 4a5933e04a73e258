"""What lies beside the store of the vectors of a release's texts; cheap to read, and never stale.

    HOME/embeddings/<dataset>/<release>/<set>/manifest.json, part-00000.parquet, ...

A set is seen only if it was made of just the files that the table has now, and all its own are there.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from ecomdata.manifest import MANIFEST, Manifest, TableRecord, WrittenFile
from ecomdata.plainjson import read_json, revived

EMBEDDINGS: Final = "embeddings"
"""The folder of the sets, the canonical table, and the first part of a view's name."""
VECTOR: Final = "vector"
ROW: Final = "row_id"
"""The number of the row in the table, from 1, as the tags of languages have it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetRecord:
    """A set of vectors that was made of a column.

    Attributes:
        name: Its name: table, column and encoder.
        dataset: The dataset.
        release: The release it is of.
        source: What the table's files were; see :func:`source_of`.
        table: The table.
        column: The column of texts.
        encoder: The encoder, as it is asked for.
        revision: A hash of all that the vectors depend on but the texts.
        dim: Values of a vector.
        rows: Rows, with and without a vector.
        nulls: Rows without one: their text is null or blank.
        normalised: Whether vectors have length 1 (or 0, where nothing of a text is known).
        deterministic: Whether the encoder gives the same bits whatever texts it gets together.
        keys: Columns that identify a row of the table.
        options: What else shaped it.
        tool_version: The ecomdata that wrote it.
        created: When, ISO 8601 in UTC.
        seconds: How long the last run took.
        files: The Parquet files.
    """

    name: str
    dataset: str
    release: str
    source: str
    table: str
    column: str
    encoder: str
    revision: str
    dim: int
    rows: int
    nulls: int
    normalised: bool
    deterministic: bool
    keys: tuple[str, ...]
    options: Mapping[str, object]
    tool_version: str
    created: str
    seconds: float
    files: tuple[WrittenFile, ...]

    def as_text(self) -> str:
        """The record as JSON."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=1, sort_keys=True)


def sets_folder(home: Path, dataset: str, release: str) -> Path:
    """Where the sets of a release are."""
    return home.joinpath(EMBEDDINGS, *dataset.split("/"), release)


def source_of(record: TableRecord) -> str:
    """A hash of the hashes of a table's files."""
    files = [[file.path, file.sha256] for file in record.files]
    return hashlib.sha256(json.dumps(files).encode()).hexdigest()


def read_record(folder: Path) -> SetRecord | None:
    """What a folder says it holds; None where it holds no whole set."""
    try:
        record: SetRecord = revived(SetRecord, read_json(folder / MANIFEST))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    plain = all(_plain(file.path) for file in record.files)
    return record if record.name == folder.name and plain else None


def kept_sets(home: Path, folder: Path, manifest: Manifest) -> Iterator[tuple[Path, SetRecord]]:
    """The sets of a release that are of its tables as they are, and whole; by name.

    Args:
        home: Where the store is.
        folder: The release's folder in it.
        manifest: The release's manifest.
    """
    for place in sorted(sets_folder(home, manifest.dataset, folder.name).glob("[!.]*")):
        record = read_record(place)
        if not record or (record.dataset, record.release) != (manifest.dataset, folder.name):
            continue  # what is made of it would be written where these say
        table = manifest.tables.get(record.table)
        if table and record.source == source_of(table) and not lacking(place, record):
            yield place, record


def lacking(folder: Path, record: SetRecord) -> list[str]:
    """The files of a set that are missing or have another size."""
    paths = [(folder / file.path, file.size) for file in record.files]
    return [str(path) for path, size in paths if not path.is_file() or path.stat().st_size != size]


def _plain(name: str) -> bool:
    """Whether it is a name in the folder itself, and no way out of it."""
    return name == Path(name).name and name not in {"", ".", ".."}
