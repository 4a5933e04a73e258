"""The Hub through huggingface_hub: listings, single files checked by hash, and errors in our words.

Addresses, tokens and errors are huggingface_hub's. The bytes are fetched by our own :class:`Download`:
huggingface_hub 2.4 removes what has come of a broken download, so that the next run starts anew.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Final, cast

import httpx2
import huggingface_hub as hub
from huggingface_hub import errors as hub_errors
from huggingface_hub.utils import (  # documented, but not in its __all__
    build_hf_headers,
    hf_raise_for_status,
)

from ecomdata import __version__
from ecomdata.errors import DataError, EcomdataError, UsageError
from ecomdata.pathnames import in_utf8, safe_relative
from ecomdata.sources.download import Download
from ecomdata.sources.hub_calls import (
    NETWORK,
    SPOKEN,
    STRANGE,
    TOLD,
    Address,
    endpoint,
    explained,
    hooked,
    patiently,
    session,
    short_answers,
    strange,
    token_only_to,
)
from ecomdata.sources.patience import RETRIED, Patience
from ecomdata.sources.plan import COMMIT, OnBytes
from ecomdata.sources.responses import check_status

LARGEST_TEXT: Final = 16 << 20
MOST_ENTRIES: Final = 200_000
"""Files of a repository; the Hub advises fewer than 100,000. A server may list page after page for ever."""
MOST_PAGES: Final = 2_000
"""Answers that a listing takes, retries included: the Hub's pages hold 1,000 entries. A page may be empty."""
PATIENCE: Final = Patience()
_LARGEST: Final = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class Entry:
    """A file in a repository: its path, bytes, git blob id, and SHA-256 where it is stored by LFS."""

    path: str
    size: int
    blob: str
    sha256: str = ""


def offline() -> bool:
    """Whether working without the network was asked for."""
    said = os.environ.get("HF_HUB_OFFLINE", "").upper() in {"1", "ON", "YES", "TRUE"}
    return said or hub.is_offline_mode()


def is_there(entry: Entry, folder: Path) -> bool:
    """Whether a file was downloaded; it comes to its place whole, and its hash is told when it is read."""
    path = folder / entry.path
    return path.is_file() and path.stat().st_size == entry.size


def ask(address: Address, server: str = "") -> tuple[str, tuple[Entry, ...]]:
    """The commit that an address stands for now, and the files below it, on the Hub at ``server``.

    Raises:
        UsageError: there is no such repository, revision or folder.
        AccessError: it needs a token or an agreement.
        EcomdataError: the Hub cannot be reached.
    """
    named, server = server, server or endpoint()
    api = hub.HfApi(endpoint=server, library_name="ecomdata", library_version=__version__)
    try:
        info = patiently(
            lambda: api.dataset_info(address.repo, revision=address.revision or None, timeout=30), PATIENCE
        )
        commit = info.sha or ""
        if not COMMIT.fullmatch(str(commit)):
            raise EcomdataError(f"{server} names no commit for {address}", hint="check HF_ENDPOINT")
        return commit, files_of(api, address, commit)
    except (*SPOKEN, *NETWORK, OSError) as error:
        raise explained(error, address, named) from error
    except hub_errors.HFValidationError as error:
        raise UsageError(f"{address} is no address of a dataset on the Hub: {error}") from error
    except STRANGE as error:
        hint = "check HF_ENDPOINT, and whether the network wants a login in the browser"
        raise strange(error, server, hint) from error


def files_of(api: hub.HfApi, address: Address, commit: str) -> tuple[Entry, ...]:
    """The files below an address at a commit, one after the other.

    Raises:
        DataError: a path would leave a folder or comes twice, or a size or hash is none.
        EcomdataError: there are more than any dataset has.
    """
    tree = api.list_repo_tree(
        address.repo, address.folder or None, recursive=True, revision=commit, repo_type="dataset"
    )
    items = islice((item for item in tree if isinstance(item, hub.RepoFile)), MOST_ENTRIES + 1)
    with _bounded(api.endpoint), token_only_to(api.endpoint), short_answers():
        entries = tuple(_entry(item) for item in items)
    if len(entries) > MOST_ENTRIES:
        raise EcomdataError(
            f"{api.endpoint} lists more than {MOST_ENTRIES:,} files of {address}, which no dataset here has",
            hint="name a folder of it: hf://datasets/OWNER/NAME/FOLDER",
        )
    paths = Counter(entry.path for entry in entries)
    if twice := [path for path, count in paths.items() if count > 1]:
        raise DataError(
            f"{api.endpoint} lists {twice[0][:TOLD]!r} more than once in {address}",
            hint="check HF_ENDPOINT; the Hub itself lists each file once",
        )
    return entries


@contextmanager
def _bounded(server: str) -> Generator[None]:
    """Take so many answers and no more: huggingface_hub follows next pages for ever, empty ones too."""
    taken = 0

    def count(_response: object) -> None:
        nonlocal taken
        taken += 1
        if taken > MOST_PAGES:
            raise EcomdataError(
                f"{server} lists files on more than {MOST_PAGES:,} pages, without an end",
                hint="check HF_ENDPOINT; the Hub itself needs fewer",
            )

    with hooked("response", count):
        yield


def _entry(item: hub.RepoFile) -> Entry:
    """A file as the Hub lists it; huggingface_hub takes any JSON for its values."""
    path, size, blob = (cast("object", value) for value in (item.path, item.size, item.blob_id))
    sha256 = cast("object", item.lfs.sha256 if item.lfs else "")
    if not isinstance(path, str) or not safe_relative(path) or in_utf8(path) != path:
        raise DataError(
            "the repository lists a path that would leave the target folder, or is none: "
            f"{str(path)[:TOLD]!r}",
            hint="tell who keeps it there, or name a folder of it: hf://datasets/OWNER/NAME/FOLDER",
        )
    if (
        not (isinstance(size, int) and 0 <= size <= _LARGEST)
        or isinstance(size, bool)
        or not (isinstance(blob, str) and isinstance(sha256, str))
    ):
        told = ", ".join(str(value)[:TOLD] for value in (size, blob, sha256))
        raise DataError(
            f"the repository lists {path[:TOLD]!r} with a size or hash that is none: {told!r}",
            hint="check HF_ENDPOINT; the Hub itself lists whole numbers and hexadecimal hashes",
        )
    return Entry(path, size, blob, sha256)


def fetch(entry: Entry, address: Address, commit: str, folder: Path, on_bytes: OnBytes) -> str:
    """Download one file aside, or the rest of it, check it, and move it to its place; returns its SHA-256.

    It is empty for a file that was there.

    Raises:
        DataError: what came, or was there, is not what the Hub lists.
        AccessError: it needs a token or an agreement.
        EcomdataError: the network gave up, or the disk is full.
    """
    if is_there(entry, folder):
        _check_kept(entry, folder / entry.path)
        return ""

    def check(response: httpx2.Response, url: str) -> None:
        if response.status_code in RETRIED:
            check_status(response, url)
        try:
            hf_raise_for_status(response)
        except hub_errors.HfHubHTTPError as error:
            raise explained(error, replace(address, revision=commit, folder=entry.path)) from error

    url = hub.hf_hub_url(address.repo, entry.path, repo_type="dataset", revision=commit, endpoint=endpoint())
    return _FromHub(
        entry=entry,
        url=url,
        target=folder / entry.path,
        size=entry.size,
        sha256=entry.sha256,
        headers=build_hf_headers(library_name="ecomdata", library_version=__version__),
        check=check,
        pinned=True,
        on_bytes=on_bytes,
        patience=PATIENCE,
    ).run()


def small_text(entry: Entry, repo: str, commit: str, server: str, *, most: int = LARGEST_TEXT) -> str:
    """The text of a small file, of so many bytes at most, in a dataset repository.

    Raises:
        DataError: it is not UTF-8, or not small.
        httpx2.HTTPError, hub_errors.HfHubHTTPError: the server does not give it.
    """
    if entry.size > most:
        raise DataError(
            f"{entry.path} of {repo} has {entry.size:,} bytes", hint="make it smaller there, or remove it"
        )
    url = hub.hf_hub_url(repo, entry.path, repo_type="dataset", revision=commit, endpoint=server)
    headers = build_hf_headers(library_name="ecomdata", library_version=__version__)

    def get() -> bytes:
        response = session().get(url, headers=headers)
        hf_raise_for_status(response)
        return bytes(response.content)

    try:
        return patiently(get, PATIENCE).decode()
    except UnicodeDecodeError as error:
        raise DataError(
            f"{entry.path} of {repo} is not UTF-8: {error}", hint="mend it there, or remove it"
        ) from error


@dataclass(kw_only=True)
class _FromHub(Download):
    """A download that is compared with what the Hub lists."""

    entry: Entry

    def verify(self, digest: str, path: Path) -> None:
        """Compare size and hash: LFS files are listed with SHA-256, others with git's blob id."""
        name, size = self.entry.path, path.stat().st_size
        if size != self.entry.size:
            raise DataError(
                f"{name}: {size:,} bytes came, the Hub lists {self.entry.size:,}",
                hint="run the same command again",
            )
        found = digest if self.entry.sha256 else blob_id(path)
        listed = self.entry.sha256 or self.entry.blob
        if found != listed:
            raise DataError(
                f"{name}: its hash is {found}, the Hub lists {listed}",
                hint="it was damaged on its way and has been removed; run the same command again",
            )


def _check_kept(entry: Entry, path: Path) -> None:
    """Compare a small file of an earlier run with git's id; what LFS stores is hashed when it is read."""
    if not entry.sha256 and (found := blob_id(path)) != entry.blob:
        raise DataError(
            f"{entry.path}: the file that was kept has the hash {found}, the Hub lists {entry.blob}",
            hint=f"it was changed here; remove {path} and run the same command again",
        )


def blob_id(path: Path) -> str:
    """Git's id of a file with this content."""
    digest = hashlib.sha1(f"blob {path.stat().st_size}\0".encode(), usedforsecurity=False)
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, lambda: digest).hexdigest()
