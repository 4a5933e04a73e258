"""What must be true of a store, whatever happened to those who wrote into it; the engine is not believed."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from pathlib import Path

import ecomdata as ed
from ecomdata.errors import EcomdataError
from ecomdata.manifest import Manifest, read_manifest
from ecomdata.store import Store
from tests.faulty import leftovers

Hashes = dict[str, str]
"""Path in a release -> SHA-256 of the file."""


def visible(home: Path, dataset: str) -> str | None:
    """The id of the visible release."""
    folder = Store(home).current(dataset)
    return folder.name if folder else None


def hashes(folder: Path) -> Hashes:
    """The files of a release as they are on the disk, but for the manifest, which has the time in it."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "manifest.json"
    }


def stored(home: Path, dataset: str) -> Hashes:
    """The files of the visible release."""
    folder = Store(home).current(dataset)
    return hashes(folder) if folder else {}


def damage(home: Path, dataset: str, allowed: Collection[str | None]) -> str:
    """What is wrong with a store: a half release, another one visible than may be, or what verify finds."""
    store = Store(home)
    try:
        now = visible(home, dataset)
        if now not in allowed:
            return f"the release {now} is visible, not one of {sorted(map(str, allowed))}"
        for name in store.releases(dataset):
            folder = store.folder(dataset) / "releases" / name
            if hashes(folder) != _promised(read_manifest(folder)):
                return f"the release {name} is not what its manifest says"
        found = ed.verify(dataset, home=home).differences if now else ()
    except EcomdataError as error:
        return str(error)
    return f"verify: {found[0]}" if found else ""


def unfinished(home: Path, dataset: str, release: str | None, wanted: Hashes) -> str:
    """What is wrong with a store after a command that succeeded: other bytes than wanted, or leftovers."""
    if wrong := damage(home, dataset, [release]):
        return wrong
    if stored(home, dataset) != wanted:
        return f"the release {release} has other bytes than that of an undisturbed run"
    left = leftovers(home)
    return f"left behind: {left[0]}" if left else ""


def _promised(manifest: Manifest) -> Hashes:
    files = [file for table in manifest.tables.values() for file in (*table.files, *table.quarantine)]
    return {file.path: file.sha256 for file in sorted(files, key=lambda file: file.path)}
