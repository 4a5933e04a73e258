"""A dataset's files on the Hugging Face Hub: a pinned commit, downloaded once, checked by hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import huggingface_hub as hub

from ecomdata.declare import Dataset
from ecomdata.durable import write_durably
from ecomdata.errors import EcomdataError, UsageError
from ecomdata.pathnames import safe_relative
from ecomdata.plainjson import read_json
from ecomdata.rawfile import RawFile
from ecomdata.sources.archive import decompressed, is_archive
from ecomdata.sources.hub_calls import Address
from ecomdata.sources.hub_client import Entry, ask, fetch, is_there, offline
from ecomdata.sources.local import expander
from ecomdata.sources.matching import Selection, hidden, ignorable, matches_tail
from ecomdata.sources.plan import (
    COMMIT,
    OnBytes,
    Plan,
    by_hand,
    ignore_bytes,
    nothing_found,
    raw_folder,
    some,
    total_size,
)


@dataclass(frozen=True, slots=True)
class Listing:
    """The files below an address at one commit."""

    address: Address
    commit: str
    entries: tuple[Entry, ...]

    def save(self, folder: Path) -> None:
        """Keep it beside the downloads, for work without a network."""
        path = folder / _listing_name(self.address)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            write_durably(path, json.dumps(asdict(self)))
        except OSError as error:
            raise EcomdataError(
                f"cannot write {path}: {error.strerror or error}",
                hint="check the disk and the folder's permissions, or choose another one with --home",
            ) from error

    @classmethod
    def load(cls, path: Path) -> Listing | None:
        """What :meth:`save` wrote; None when it is damaged."""
        try:
            data: dict[str, Any] = read_json(path)
            entries = tuple(Entry(**entry) for entry in data["entries"])
            return cls(Address(**data["address"]), str(data["commit"]), entries)
        except (OSError, ValueError, TypeError, KeyError):
            return None


def _listing_name(address: Address) -> str:
    key = f"{address.repo}\n{address.folder}"
    return f".listing-{hashlib.sha256(key.encode()).hexdigest()[:12]}.json"


def plan_hub(
    dataset: Dataset,
    url: str,
    selection: Selection,
    home: Path,
    *,
    files: Iterable[str] = ("**",),
    gated: bool = False,
    on_bytes: OnBytes = ignore_bytes,
) -> Plan:
    """The dataset's files below a Hub address; files that are there already are not downloaded again.

    Args:
        dataset: What is looked for.
        url: ``hf://datasets/OWNER/NAME[@REVISION][/FOLDER]``.
        selection: Which of its files are wanted.
        home: Downloads go to ``home/raw/<dataset>/OWNER/NAME/<commit>``.
        files: Globs on the end of the paths that are considered at all.
        gated: Whether a token is needed.
        on_bytes: Told of bytes as they arrive.

    Raises:
        AccessError: a token or an agreement is needed.
        UsageError: there is no such repository, revision or folder, or none of the dataset's files.
        EcomdataError: the Hub cannot be reached, or working offline was asked for and files are missing.
    """
    address = Address.parse(url)
    if not safe_relative(address.repo):
        raise UsageError(f"{url} is no address of a dataset on the Hub")
    # The repository's name stays in the path: loaders may read from it what the file does not say.
    base = raw_folder(home, dataset.name).joinpath(*address.repo.split("/"))
    listing = _known(address, base)
    if listing is None:
        if gated and hub.get_token() is None:
            raise by_hand(dataset)
        listing = Listing(address, *ask(address))
        listing.save(base / listing.commit)
    folder = base / listing.commit
    wanted, unrecognised, left_out = _sort(listing, tuple(files), selection)
    if not wanted:
        raise nothing_found(dataset, str(address), unrecognised, only=selection.only, left_out=left_out)
    missing = [entry for entry in wanted if not is_there(entry, folder)]
    if missing and offline():
        raise EcomdataError(
            f"{dataset.name}: working offline (HF_HUB_OFFLINE), and {len(missing)} of {len(wanted)} files of"
            f" {address} are not in {folder}: {some([entry.path for entry in missing])}",
            hint="unset HF_HUB_OFFLINE, choose files that are there with --only, or give --source FOLDER",
        )
    if missing and gated and hub.get_token() is None:
        raise by_hand(dataset)
    expand = expander(dataset, selection, home)
    raw = [_raw_file(entry, listing, folder, home, on_bytes) for entry in wanted]
    found = [one for file in raw for one in (expand(file) if file.container.is_file() else (file,))]
    return Plan(
        dataset=dataset.name,
        origin=str(address),
        folder=folder,
        revision=listing.commit,
        files=tuple(sorted(found, key=lambda file: file.name)),
        size=total_size(tuple(raw)),
        missing=len(missing),
        download_bytes=sum(entry.size for entry in missing),
        unrecognised=unrecognised,
        expand=expand,
    )


def _known(address: Address, base: Path) -> Listing | None:
    """The listing of an earlier run: of a commit, which cannot change, or of anything when offline."""
    name = _listing_name(address)
    if COMMIT.fullmatch(address.revision):
        found = Listing.load(base / address.revision / name)
        if found is not None:
            return found
    if not offline():
        return None
    paths = sorted(base.glob(f"*/{name}"), key=lambda path: path.stat().st_mtime_ns, reverse=True)
    for path in paths:
        found = Listing.load(path)
        if found is not None and found.address == address:
            return found
    raise EcomdataError(
        f"working offline (HF_HUB_OFFLINE), and nothing of {address} was downloaded before",
        hint="unset HF_HUB_OFFLINE, or give the files with --source FOLDER",
    )


def _sort(
    listing: Listing, files: tuple[str, ...], selection: Selection
) -> tuple[list[Entry], tuple[str, ...], int]:
    wanted: list[Entry] = []
    unrecognised: list[str] = []
    left_out = 0
    for entry in sorted(listing.entries, key=lambda entry: entry.path):
        if hidden(entry.path) or not any(matches_tail(entry.path, glob) for glob in files):
            continue
        verdict, _ = selection.place(entry.path, entry.path.count("/") + 1)
        if verdict == "wanted" or (verdict == "unknown" and is_archive(entry.path)):
            wanted.append(entry)
        elif verdict == "left out":
            left_out += 1
        elif not ignorable(entry.path):
            unrecognised.append(entry.path)
    return wanted, tuple(unrecognised), left_out


def _raw_file(entry: Entry, listing: Listing, folder: Path, home: Path, on_bytes: OnBytes) -> RawFile:
    path = folder / entry.path
    file = RawFile(
        name=entry.path,
        container=path,
        size=entry.size,
        sha256=entry.sha256,
        open=lambda: path.open("rb"),
        local=lambda: path,
        fetch=lambda: fetch(entry, listing.address, listing.commit, folder, on_bytes),
    )
    return decompressed(file, home)
