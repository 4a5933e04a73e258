"""The files that are published: Parquet as it lies in the store, what describes it, and its card."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Protocol

from ecomdata.cardmaking import CARD, Facts
from ecomdata.declare import Dataset
from ecomdata.errors import DataError, EcomdataError
from ecomdata.manifest import WrittenFile
from ecomdata.pathnames import safe_relative
from ecomdata.published import PUBLISHED, Published, PublishedFile
from ecomdata.publishing.copies import Copies, Copy, forget
from ecomdata.publishing.personal import Treated
from ecomdata.publishing.rewriting import layout_words
from ecomdata.release import Release
from ecomdata.sources.hub_client import Entry, blob_id


class Card(Protocol):
    """Makes the files that present a dataset to people and machines: ``README.md`` at least.

    They must depend on nothing but what they are given, so that publishing again changes nothing.
    """

    def __call__(self, release: Release, dataset: Dataset, facts: Facts) -> Mapping[str, bytes]:
        """Path in the repository -> content; no path of a table's folder."""
        ...


@dataclass(frozen=True, slots=True)
class Content:
    """A file to be published.

    Attributes:
        path: Its path in the repository.
        source: Where its bytes are, or they themselves.
        size: How many.
        sha256: Their hash.
        pending: Whether it is still to be written from the store's file, which size and hash are of.
        copied: Whether the source is a copy, which can be written again.
    """

    path: str
    source: Path | bytes = field(repr=False)
    size: int
    sha256: str
    pending: bool = False
    copied: bool = False

    def as_dict(self) -> dict[str, object]:
        """JSON-ready values; a hash that is not known yet is left out."""
        known: dict[str, object] = {"pending": True} if self.pending else {"sha256": self.sha256}
        return {"bytes": self.size, **known}

    def is_at(self, entry: Entry | None) -> bool:
        """Whether a file that the Hub lists has these bytes. The Hub lists small files by git's hash."""
        if entry is None or self.pending or entry.size != self.size:
            return False
        return entry.sha256 == self.sha256 if entry.sha256 else entry.blob == self.blob

    @property
    def blob(self) -> str:
        """Git's id of the bytes."""
        if isinstance(self.source, Path):
            return blob_id(self.source)
        return hashlib.sha1(b"blob %d\0" % self.size + self.source, usedforsecurity=False).hexdigest()


def contents(
    release: Release, dataset: Dataset, card: Card, facts: Facts, copies: Copies
) -> tuple[Content, ...]:
    """Everything that is to stand in the repository: the data, ``ecomdata.json``, the card.

    Copies stand in place of the store's files. Rejected rows stay at home: they hold raw content that
    no schema has checked.

    Raises:
        EcomdataError: the card has no README.md, or a path that it may not have.
    """
    published = facts.published
    data = [_data(file, release, copies.get(file.path)) for file in published.files]
    described = {PUBLISHED: published.as_bytes(), **card(release, dataset, facts)}
    folders = tuple(f"{table}/" for table in published.tables)
    wrong = [path for path in described if not safe_relative(path) or path.startswith(folders)]
    if CARD not in described or wrong:
        raise EcomdataError(
            f"the card of {dataset.name} has no {CARD}, or files that it may not have: {wrong}"
        )
    return (
        *data,
        *(
            Content(path, content, len(content), hashlib.sha256(content).hexdigest())
            for path, content in described.items()
        ),
    )


def published_with(
    copies: Copies, release: Release, dataset: Dataset, rights: str, treated: Treated, *, card_only: bool
) -> Published:
    """What a release says of itself when copies are published in place of its files.

    Args:
        copies: The copies; the store's file stands for one that is still to be written.
        release: What is published.
        dataset: Its declaration.
        rights: Why it may be published.
        treated: What became of personal data.
        card_only: Whether no row is published.
    """
    files = {
        path: PublishedFile(**asdict(copy.written), stored_sha256="" if copy.masked else copy.stored.sha256)
        for path, copy in copies.items()
        if copy.written is not None
    }
    count = sum(len(table.files) for table in release.manifest.tables.values())
    return Published.of(
        release.manifest,
        dataset.licence,
        rights=rights,
        card_only=card_only,
        personal_data=treated.record,
        copies=files,
        layout="" if card_only else layout_words(len(copies), count),
    )


def _data(file: WrittenFile, release: Release, copy: Copy | None) -> Content:
    there = copy is not None and copy.written is not None
    source = copy.target if copy is not None and there else release.folder / file.path
    pending = copy is not None and not there
    return Content(file.path, source, file.size, file.sha256, pending=pending, copied=there)


def check_bytes(where: Path | str, size: int, sha256: str, expected: WrittenFile | Content) -> None:
    """A file is published only while it is what the manifest says; a copy that is not is given up.

    Raises:
        DataError: size or hash is another one.
    """
    if (size, sha256) == (expected.size, expected.sha256):
        return
    said, hint = "its manifest says", "the store is damaged: load the dataset again with --force"
    if isinstance(where, Path) and isinstance(expected, Content) and expected.copied:
        forget(where)
        said, hint = (
            "as written it had",
            "it was damaged since: run the same command again, which writes it anew",
        )
    raise DataError(
        f"{where} has {size:,} bytes with sha256 {sha256}, {said} {expected.size:,} "
        f"with {expected.sha256}; nothing was committed",
        hint=hint,
    )


def require_there(path: Path) -> None:
    """Go on only while a file is there: ``doctor --prune`` removes a release that a later load superseded.

    Raises:
        EcomdataError: it is gone.
    """
    if not path.is_file():
        raise EcomdataError(
            f"{path} went away meanwhile; nothing was committed",
            hint="run the same command again: it publishes what is loaded now",
        )
