"""The manifest: what a release holds, and exactly what it was made of. Plain JSON, cheap to read."""

from __future__ import annotations

import json
import stat
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Final, TypeVar, cast

from ecomdata.durable import write_durably
from ecomdata.errors import DataError, EcomdataError
from ecomdata.pathnames import safe_relative
from ecomdata.plainjson import read_json

FORMAT: Final = 1
"""The store's format. A store with a higher number was written by a newer ecomdata and is not touched."""

MANIFEST: Final = "manifest.json"
_MOST: Final = 1 << 63
"""No count, size or time reaches it, in nanoseconds either."""
_LONGEST: Final = 255
"""Bytes of a name in a folder, as Linux has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenFile:
    """A file of a release: path below the release, bytes, hash and rows."""

    path: str
    size: int
    sha256: str
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadFile:
    """A raw file: upstream's name, bytes, hash, last change (nanoseconds), and rows given to each table."""

    name: str
    size: int
    sha256: str
    mtime_ns: int
    rows: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped:
    """Raw files in which declared columns were looked for among others, and found under the same names.

    ``columns`` is declared name -> what it is called in the files (several where a file's rows differ);
    ``absent`` are the declared columns that were not found.
    """

    files: tuple[str, ...]
    columns: Mapping[str, tuple[str, ...]]
    absent: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRecord:
    """One table of a release.

    ``read == written + rejected + sum(dropped.values())`` holds for every table.

    Attributes:
        kind: The canonical table it is one of, or empty.
        canonical: Its columns that the canonical table has too.
        description: What the table is.
        columns: Column -> polars type, in order.
        schema_sha256: Hash of ``columns``.
        read: Rows read from the raw files (for a derived table: rows the query gave).
        written: Rows in ``files``.
        rejected: Rows in ``quarantine``.
        reasons: Class of reason -> rows with it; a row with two reasons counts in both.
        dropped: Declared rule -> rows it left out.
        files: The Parquet shards.
        quarantine: Parquet files of rejected rows.
        seconds: Time spent on it.
        unverified: Keys of the raw files that are unverified upstream: kept as JSON, their meaning not known.
        mapped: Which columns of the raw files were taken for which, where their names are not fixed.
    """

    kind: str
    canonical: tuple[str, ...]
    description: str
    columns: Mapping[str, str]
    schema_sha256: str
    read: int
    written: int
    rejected: int
    reasons: Mapping[str, int]
    dropped: Mapping[str, int]
    files: tuple[WrittenFile, ...]
    quarantine: tuple[WrittenFile, ...]
    seconds: float
    unverified: tuple[str, ...] = ()
    mapped: tuple[Mapped, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewRecord:
    """A view that the catalog has beside the tables; see :class:`ecomdata.declare.View`."""

    description: str
    sql: str
    parameters: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """A release.

    Attributes:
        dataset: Its name.
        release: The release's id; equal inputs, options and versions give equal ids.
        tool_version: The ecomdata that wrote it.
        created: When, ISO 8601 in UTC.
        sample: Whether the raw files are synthetic.
        options: The load options that shape the result.
        origin: Where the raw files came from, in words.
        revision: Upstream's revision, or empty.
        raw: The raw files, by name.
        tables: The tables, by name.
        seconds: Time the whole load took.
        peak_memory: Bytes, the most the process held; 0 where the system does not say.
        unrecognised: Files beside the raw files that belong to no table.
        views: The views, by name, each after those it uses.
        loader: The hash of the loader's code, where it is not one of ecomdata's own.
    """

    dataset: str
    release: str
    tool_version: str
    created: str
    sample: bool
    options: Mapping[str, object]
    origin: str
    revision: str
    raw: tuple[ReadFile, ...]
    tables: Mapping[str, TableRecord]
    seconds: float
    peak_memory: int
    unrecognised: tuple[str, ...] = ()
    views: Mapping[str, ViewRecord] = field(default_factory=dict[str, ViewRecord])
    loader: str = ""
    format: int = FORMAT

    @property
    def rows(self) -> int:
        """Rows in all tables."""
        return sum(table.written for table in self.tables.values())

    @property
    def size(self) -> int:
        """Bytes of all shards."""
        return sum(file.size for table in self.tables.values() for file in table.files)

    @property
    def rejected(self) -> int:
        """Rejected rows in all tables."""
        return sum(table.rejected for table in self.tables.values())

    def as_dict(self) -> dict[str, object]:
        """The manifest as JSON-ready values."""
        return asdict(self)

    def write(self, folder: Path) -> None:
        """Write ``manifest.json`` into a folder and bring it to disk."""
        text = json.dumps(self.as_dict(), ensure_ascii=False, indent=1, sort_keys=True)
        write_durably(folder / MANIFEST, text)


def read_manifest(folder: Path, dataset: str = "") -> Manifest:
    """The manifest of a release folder.

    Args:
        folder: The folder.
        dataset: The dataset that it must be of: what is made of a release is written where that says.

    Raises:
        EcomdataError: it was written by a newer version, or may not be read.
        DataError: it is not readable, or of another dataset.
    """
    path = folder / MANIFEST
    try:
        value = cast("dict[str, Any]", read_json(path))
        number = int(value["format"])
    except PermissionError as error:
        raise unreadable(path) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"{path} is not a readable manifest: {error}",
            hint="load the dataset again with --force; ecomdata doctor checks the whole store",
        ) from error
    if number > FORMAT:
        raise EcomdataError(
            f"{path} was written by a newer ecomdata (store format {number}, this one knows {FORMAT})",
            hint="upgrade with pip install --upgrade ecomdata, or use another --home",
        )
    try:
        tables = {name: _table(record) for name, record in value.pop("tables").items()}
        raw = tuple(_build(ReadFile, item) for item in value.pop("raw"))
        views = {name: _view(record) for name, record in value.pop("views", {}).items()}
        value["unrecognised"] = _texts("unrecognised", value.get("unrecognised", ()))
        manifest = _build(Manifest, {**value, "tables": tables, "raw": raw, "views": views})
        _check_names(manifest)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise DataError(
            f"{path} lacks what a manifest has: {error}", hint="load the dataset again with --force"
        ) from error
    if dataset and manifest.dataset != dataset:
        raise DataError(
            f"{path} is of {manifest.dataset}, and lies where a manifest of {dataset} belongs",
            hint=f"load it again: ecomdata load {dataset} --force",
        )
    _check_plain_files(folder, manifest)
    return manifest


def unreadable(path: Path) -> EcomdataError:
    """The error for a part of the store that this user may not read."""
    return EcomdataError(
        f"no permission to read {path}",
        hint="change the permissions, or choose another folder with --home or ECOMDATA_HOME",
    )


def _check_names(manifest: Manifest) -> None:
    """Check that what becomes part of a path stays below its folder: a store may come from a stranger.

    Raises:
        ValueError: it does not.
    """
    parts = [*manifest.dataset.split("/"), manifest.release, *manifest.tables]
    files = [file for table in manifest.tables.values() for file in (*table.files, *table.quarantine)]
    for name in parts:
        if "/" in name or name in {".", ".."} or not safe_relative(name) or len(name.encode()) > _LONGEST:
            raise ValueError(f"{name[:60]!r} is no name")
    for file in files:
        if not safe_relative(file.path):
            raise ValueError(f"the path {file.path!r} leads out of the release")


def _check_plain_files(folder: Path, manifest: Manifest) -> None:
    """Check that no pipe or device stands for a file: nobody who reads one would come to its end.

    Raises:
        DataError: one does. What is missing is told by who needs it.
    """
    for table in manifest.tables.values():
        for file in (*table.files, *table.quarantine):
            try:
                mode = (folder / file.path).stat().st_mode
            except (OSError, ValueError):
                continue
            if not stat.S_ISREG(mode):
                raise DataError(
                    f"{folder / file.path} is no plain file, and cannot be part of a release",
                    hint=f"load it again: ecomdata load {manifest.dataset} --force",
                )


def _table(record: dict[str, Any]) -> TableRecord:
    files = {
        part: tuple(_build(WrittenFile, item) for item in record[part]) for part in ("files", "quarantine")
    }
    lists = {part: _texts(part, record.get(part, ())) for part in ("canonical", "unverified")}
    mapped = tuple(_mapped(item) for item in record.get("mapped", ()))
    return _build(TableRecord, {**record, **files, **lists, "mapped": mapped})


def _mapped(record: dict[str, Any]) -> Mapped:
    columns = {name: _texts(name, found) for name, found in record["columns"].items()}
    lists = {part: _texts(part, record[part]) for part in ("files", "absent")}
    return _build(Mapped, {**lists, "columns": columns})


def _view(record: dict[str, Any]) -> ViewRecord:
    return _build(ViewRecord, {**record, "parameters": _texts("parameters", record["parameters"])})


def _texts(name: str, value: Any) -> tuple[str, ...]:  # noqa: ANN401 - JSON
    """A list of texts.

    Raises:
        TypeError: it is something else.
    """
    items: list[Any] = list(value) if type(value) in {list, tuple} else [None]
    if not all(isinstance(item, str) for item in items):
        raise TypeError(f"{name} is {str(value)[:60]!r}, not a list of texts")
    return tuple(items)


_Record = TypeVar("_Record", Manifest, Mapped, TableRecord, WrittenFile, ReadFile, ViewRecord)


_PLAIN: Final[dict[str, tuple[type, ...]]] = {
    "str": (str,),
    "int": (int,),
    "float": (int, float),
    "bool": (bool,),
}
"""The types that a field's annotation allows in JSON."""
_MAPPINGS: Final = {f"Mapping[str, {kind}]": kind for kind in ("str", "int")}


def _build(cls: type[_Record], value: dict[str, Any]) -> _Record:
    known = {item.name: str(item.type) for item in fields(cls)}
    kept = {name: item for name, item in value.items() if name in known}
    for name, item in kept.items():
        kind = known[name]
        if kind in _MAPPINGS:
            for key, inner in item.items():
                _check_plain(f"{name} of {key}", inner, _MAPPINGS[kind])
        else:
            _check_plain(name, item, kind)
    return cls(**kept)


def _check_plain(name: str, item: object, kind: str) -> None:
    allowed = _PLAIN.get(kind)
    if allowed is None:
        return
    if type(item) not in allowed:
        raise TypeError(f"{name} is {str(item)[:60]!r}, not {kind}")
    least = -_MOST if name == "mtime_ns" else 0  # a file may be dated before 1970
    if isinstance(item, int | float) and not least <= item < _MOST:
        raise ValueError(f"{name} is {item}")
