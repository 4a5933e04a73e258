"""The files that are published: Parquet as it lies in the store, what describes it, and its card."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from ecomdata.cardmaking import CARD, Facts
from ecomdata.declare import Dataset
from ecomdata.errors import EcomdataError
from ecomdata.personaldata import MaskedCopy
from ecomdata.published import PUBLISHED
from ecomdata.release import Release
from ecomdata.sources.hub_client import Entry, blob_id
from ecomdata.sources.matching import safe_relative


class Card(Protocol):
    """Makes the files that present a dataset to people and machines: ``README.md`` at least.

    They must depend on nothing but what they are given, so that publishing again changes nothing.
    """

    def __call__(self, release: Release, dataset: Dataset, facts: Facts) -> Mapping[str, bytes]:
        """Path in the repository -> content; no path of a table's folder."""
        ...


@dataclass(frozen=True, slots=True)
class Content:
    """A file to be published: its path in the repository, where its bytes are, how many, and their hash."""

    path: str
    source: Path | bytes = field(repr=False)
    size: int
    sha256: str

    def is_at(self, entry: Entry | None) -> bool:
        """Whether a file that the Hub lists has these bytes. The Hub lists small files by git's hash."""
        if entry is None or entry.size != self.size:
            return False
        return entry.sha256 == self.sha256 if entry.sha256 else entry.blob == self.blob

    @property
    def blob(self) -> str:
        """Git's id of the bytes."""
        if isinstance(self.source, Path):
            return blob_id(self.source)
        return hashlib.sha1(b"blob %d\0" % self.size + self.source, usedforsecurity=False).hexdigest()


def contents(
    release: Release, dataset: Dataset, card: Card, facts: Facts, copies: MaskedCopy
) -> tuple[Content, ...]:
    """Everything that is to stand in the repository: the data, ``ecomdata.json``, the card.

    Masked copies stand in place of the store's files. Rejected rows stay at home: they hold raw content that
    no schema has checked.

    Raises:
        EcomdataError: the card has no README.md, or a path that it may not have.
    """
    published = facts.published
    elsewhere = dict.fromkeys(copies.files, copies.folder)
    data = [
        Content(file.path, elsewhere.get(name, release.folder) / file.path, file.size, file.sha256)
        for name, table in published.tables.items()
        for file in table.files
    ]
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
