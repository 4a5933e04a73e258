"""What a published dataset says of itself: ``ecomdata.json`` beside the data, for anybody to verify.

It is the release's manifest without what is nobody's business: no local paths, times or options.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import MISSING, asdict, dataclass, fields
from pathlib import PurePosixPath
from typing import Any, Final, cast

from ecomdata.declare import Licence
from ecomdata.errors import DataError, EcomdataError
from ecomdata.manifest import Manifest, WrittenFile
from ecomdata.pathnames import safe_relative
from ecomdata.plainjson import parsed

PUBLISHED: Final = "ecomdata.json"
FORMAT: Final = 1
SYNTHETIC: Final = (
    "Synthetic rows made by ecomdata in the form of the real files; no row comes from the real data."
)
ALLOWED: Final = "The dataset's terms allow passing it on."
NOT_ALLOWED: Final = "The dataset's terms do not allow everybody to pass it on."
NOT_KNOWN: Final = "Whether the dataset's terms allow passing it on is not known."
"""What is said of the right to publish a release; see :attr:`Published.rights`."""

_SHA256: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedFile(WrittenFile):
    """A data file, and the hash of the file in the publisher's store that has the same rows.

    The hashes differ where a copy was written for the Hub. Of a file that something is masked in there is no
    second hash: it would let anybody try out what stood there.
    """

    stored_sha256: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedTable:
    """One table: columns and their polars types in order, what became of the rows, and its files."""

    columns: Mapping[str, str]
    schema_sha256: str
    read: int
    written: int
    rejected: int
    reasons: Mapping[str, int]
    dropped: Mapping[str, int]
    files: tuple[PublishedFile, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedFinding:
    """Personal data, tokens or keys that were found in a column, and what became of them.

    Attributes:
        table: The table.
        column: The column.
        kind: ``email``, ``phone``, ``token`` or ``key``.
        sort: A telephone number's country, whose form a token has; else empty.
        rows: Rows that had any, before masking.
        occurrences: How many there were.
        treatment: ``masked``, ``accepted`` (published as they are) or ``withheld`` (no data are published);
            ``found`` in a card that stays here.
    """

    table: str
    column: str
    kind: str
    sort: str
    rows: int
    occurrences: int
    treatment: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalData:
    """What was looked at for personal data (text columns, rows of their tables), and what was found."""

    columns: int
    rows: int
    found: tuple[PublishedFinding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A published release.

    Attributes:
        dataset: Its name.
        release: The id of the release it was published from.
        tool_version: The ecomdata that loaded it.
        sample: Whether the rows are synthetic.
        origin: Where the raw files were downloaded from; empty for a folder of the publisher's.
        revision: Upstream's revision, or empty.
        licence: The terms: id, name, url, redistribution, note.
        rights: Why it may be published.
        card_only: Whether no data are published with it.
        layout: How the files relate to those of the store, in words; empty where nothing is published.
        raw: Name, bytes and sha256 of the raw files.
        tables: The tables, by name; without files where only the card is published.
        personal_data: What was found in the texts and what became of it; None where nobody looked.
    """

    dataset: str
    release: str
    tool_version: str
    sample: bool
    origin: str
    revision: str
    licence: Mapping[str, object]
    rights: str
    card_only: bool
    raw: tuple[Mapping[str, object], ...]
    tables: Mapping[str, PublishedTable]
    personal_data: PersonalData | None = None
    layout: str = ""
    format: int = FORMAT

    @classmethod
    def of(
        cls,
        manifest: Manifest,
        licence: Licence,
        *,
        rights: str,
        card_only: bool,
        personal_data: PersonalData | None = None,
        copies: Mapping[str, PublishedFile] | None = None,
        layout: str = "",
    ) -> Published:
        """What a release says of itself once published; ``copies``: path -> the file in its place."""
        return cls(
            dataset=manifest.dataset,
            release=manifest.release,
            tool_version=manifest.tool_version,
            sample=manifest.sample,
            # A folder of the user's own names people and machines.
            origin=manifest.origin if re.match(r"(hf|https)://", manifest.origin) else "",
            revision=manifest.revision,
            licence=asdict(licence),
            rights=rights,
            card_only=card_only,
            raw=tuple({"name": f.name, "size": f.size, "sha256": f.sha256} for f in manifest.raw),
            tables={
                name: PublishedTable(
                    columns=record.columns,
                    schema_sha256=record.schema_sha256,
                    read=record.read,
                    written=record.written,
                    rejected=record.rejected,
                    reasons=record.reasons,
                    dropped=record.dropped,
                    files=() if card_only else _published_files(record.files, copies or {}),
                )
                for name, record in manifest.tables.items()
            },
            personal_data=personal_data,
            layout=layout,
        )

    @classmethod
    def here(
        cls, manifest: Manifest, licence: Licence, personal_data: PersonalData | None = None
    ) -> Published:
        """What a release says of itself before it is published."""
        rights = {True: ALLOWED, False: NOT_ALLOWED, None: NOT_KNOWN}[licence.redistribution]
        return cls.of(
            manifest,
            licence,
            rights=SYNTHETIC if manifest.sample else rights,
            card_only=False,
            personal_data=personal_data,
        )

    @property
    def files(self) -> tuple[PublishedFile, ...]:
        """The data files of all tables."""
        return tuple(file for table in self.tables.values() for file in table.files)

    def as_bytes(self) -> bytes:
        """The content of ``ecomdata.json``; equal releases give equal bytes."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=1).encode() + b"\n"

    @classmethod
    def parse(cls, content: bytes, where: str) -> Published:
        """Read ``ecomdata.json``, which came from elsewhere: nothing in it is believed unseen.

        Raises:
            DataError: it is not what :meth:`as_bytes` writes.
            EcomdataError: a newer version wrote it.
        """
        try:
            value = cast("dict[str, Any]", parsed(content))
            if int(value["format"]) > FORMAT:
                raise EcomdataError(
                    f"{where} was written by a newer ecomdata", hint="pip install --upgrade ecomdata"
                )
            tables = {str(name): _table(record) for name, record in value["tables"].items()}
            kept: dict[str, Any] = {item.name: value.get(item.name) for item in fields(cls)}
            kept |= {item.name: value[item.name] for item in fields(cls) if item.default is MISSING}
            personal = value.get("personal_data")
            kept |= {"tables": tables, "raw": tuple(value["raw"])}
            kept["personal_data"] = None if personal is None else _personal_data(personal)
            kept["layout"] = str(value.get("layout", ""))
            return cls(**kept)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise DataError(
                f"{where} is not what ecomdata publishes: {type(error).__name__}: {error}",
                hint="was the dataset published with ecomdata publish?",
            ) from error


def dataset_of(content: str) -> str:
    """The dataset that an ``ecomdata.json`` is of; empty for one that is not of ours, whatever it says."""
    try:
        value = parsed(content)
        name = value["dataset"] if value["tables"] is not None and value["release"] else ""
    except (ValueError, KeyError, TypeError):
        return ""
    return name if isinstance(name, str) else ""


def is_part(path: str, folders: Collection[str]) -> bool:
    """Whether a file would be read as a part of one of the tables, which have these folders."""
    place = PurePosixPath(path)
    return place.suffix == ".parquet" and str(place.parent) in folders


def _published_files(
    files: tuple[WrittenFile, ...], copies: Mapping[str, PublishedFile]
) -> tuple[PublishedFile, ...]:
    stored = (PublishedFile(**asdict(file), stored_sha256=file.sha256) for file in files)
    return tuple(copies.get(file.path, file) for file in stored)


def _table(record: dict[str, Any]) -> PublishedTable:
    files = tuple(_file(item) for item in record["files"])
    columns = {str(name): str(dtype) for name, dtype in record["columns"].items()}
    return PublishedTable(
        columns=columns,
        schema_sha256=str(record["schema_sha256"]),
        read=int(record["read"]),
        written=int(record["written"]),
        rejected=int(record["rejected"]),
        reasons=dict(record["reasons"]),
        dropped=dict(record["dropped"]),
        files=files,
    )


def _personal_data(value: dict[str, Any]) -> PersonalData:
    texts = ("table", "column", "kind", "sort", "treatment")
    found = tuple(
        PublishedFinding(
            **{name: str(item[name]) for name in texts},
            rows=int(item["rows"]),
            occurrences=int(item["occurrences"]),
        )
        for item in value["found"]
    )
    return PersonalData(columns=int(value["columns"]), rows=int(value["rows"]), found=found)


def _file(item: dict[str, Any]) -> PublishedFile:
    file = PublishedFile(
        path=str(item["path"]),
        size=int(item["size"]),
        sha256=str(item["sha256"]),
        rows=int(item["rows"]),
        stored_sha256=str(item.get("stored_sha256", "")),
    )
    if not safe_relative(file.path) or not _SHA256.fullmatch(file.sha256):
        raise ValueError(f"{file.path!r} with {file.sha256!r} is no file")
    return file
