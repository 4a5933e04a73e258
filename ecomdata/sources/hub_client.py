"""The Hub through huggingface_hub: listings, single files checked by hash, and errors in our words.

Addresses, tokens and errors are huggingface_hub's. The bytes are fetched by our own :class:`Download`:
huggingface_hub 2.4 removes what has come of a broken download, so that the next run starts anew.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import unquote

import httpx2
import huggingface_hub as hub
from huggingface_hub import errors as hub_errors
from huggingface_hub.utils import (  # type: ignore[attr-defined] # documented, but not in its __all__
    build_hf_headers,  # pyright: ignore[reportUnknownVariableType]
    hf_raise_for_status,
)

from ecomdata import __version__
from ecomdata.errors import AccessError, DataError, EcomdataError, UsageError
from ecomdata.sources.download import RETRIED, Download, Patience, check_status
from ecomdata.sources.matching import safe_relative
from ecomdata.sources.plan import OnBytes

T = TypeVar("T")

_ADDRESS: Final = re.compile(
    r"hf://datasets/(?P<repo>[\w.-]+/[\w.-]+)(@(?P<revision>refs/(convert|pr)/[^/]+|[^/]+))?(/(?P<folder>.*))?"
)
PATIENCE: Final = Patience()
_ASKED: Final = 3
COMMIT: Final = re.compile(r"[0-9a-f]{40}")
_PUBLIC: Final = "https://huggingface.co"
_CHUNK: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Address:
    """A dataset repository, a revision (empty for its default branch) and a folder in it (empty for all)."""

    repo: str
    revision: str
    folder: str

    @classmethod
    def parse(cls, url: str) -> Address:
        """Read ``hf://datasets/OWNER/NAME[@REVISION][/FOLDER]``.

        Raises:
            UsageError: it is not of that form.
        """
        match = _ADDRESS.fullmatch(url)
        if not match:
            raise UsageError(
                f"{url} is no address of a dataset on the Hub",
                hint="write hf://datasets/OWNER/NAME, with @REVISION or /FOLDER behind it if need be",
            )
        return cls(match["repo"], unquote(match["revision"] or ""), (match["folder"] or "").strip("/"))

    def __str__(self) -> str:
        revision = f"@{self.revision}" if self.revision else ""
        folder = f"/{self.folder}" if self.folder else ""
        return f"hf://datasets/{self.repo}{revision}{folder}"


@dataclass(frozen=True, slots=True)
class Entry:
    """A file in a repository: its path, bytes, git blob id, and SHA-256 where it is stored by LFS."""

    path: str
    size: int
    blob: str
    sha256: str = ""


def endpoint() -> str:
    """The Hub's address, as the environment says now."""
    # huggingface_hub reads it at import only.
    return (os.environ.get("HF_ENDPOINT") or _PUBLIC).rstrip("/")


def offline() -> bool:
    """Whether working without the network was asked for."""
    said = os.environ.get("HF_HUB_OFFLINE", "").upper() in {"1", "ON", "YES", "TRUE"}
    return said or hub.is_offline_mode()


def is_there(entry: Entry, folder: Path) -> bool:
    """Whether a file was downloaded; it comes to its place whole and checked, so the size tells enough."""
    path = folder / entry.path
    return path.is_file() and path.stat().st_size == entry.size


def ask(address: Address) -> tuple[str, tuple[Entry, ...]]:
    """The commit that an address stands for now, and the files below it.

    Raises:
        UsageError: there is no such repository, revision or folder.
        AccessError: it needs a token or an agreement.
        EcomdataError: the Hub cannot be reached.
    """
    api = hub.HfApi(endpoint=endpoint(), library_name="ecomdata", library_version=__version__)
    try:
        info = _patiently(
            lambda: api.dataset_info(address.repo, revision=address.revision or None, timeout=30)
        )
        commit = info.sha or ""
        if not COMMIT.fullmatch(commit):
            raise EcomdataError(f"{endpoint()} names no commit for {address}", hint="check HF_ENDPOINT")
        tree = api.list_repo_tree(
            address.repo, address.folder or None, recursive=True, revision=commit, repo_type="dataset"
        )
        entries = tuple(_entry(item) for item in tree if isinstance(item, hub.RepoFile))
    except (hub_errors.HfHubHTTPError, httpx2.HTTPError, hub_errors.OfflineModeIsEnabled, OSError) as error:
        raise _explained(error, address) from error
    except hub_errors.HFValidationError as error:
        raise UsageError(f"{address} is no address of a dataset on the Hub: {error}") from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise EcomdataError(
            f"{endpoint()} does not answer as the Hub does: {type(error).__name__}: {error}",
            hint="check HF_ENDPOINT, and whether the network wants a login in the browser",
        ) from error
    return commit, entries


def _patiently(call: Callable[[], T]) -> T:
    # huggingface_hub tries listings and files again, but not this first question.
    for tries in range(1, _ASKED):
        try:
            return call()
        except (httpx2.TransportError, hub_errors.HfHubHTTPError) as error:
            if isinstance(error, hub_errors.HfHubHTTPError) and error.response.status_code not in RETRIED:
                raise
            time.sleep(PATIENCE.wait(tries))
    return call()


def _entry(item: hub.RepoFile) -> Entry:
    if not safe_relative(item.path):
        raise DataError(f"the repository lists a path that would leave the target folder: {item.path!r}")
    return Entry(item.path, item.size, item.blob_id, item.lfs.sha256 if item.lfs else "")


def fetch(entry: Entry, address: Address, commit: str, folder: Path, on_bytes: OnBytes) -> None:
    """Download one file aside, or the rest of it, check it, and move it to its place.

    Raises:
        DataError: what came is not what the Hub lists.
        AccessError: it needs a token or an agreement.
        EcomdataError: the network gave up, or the disk is full.
    """
    if is_there(entry, folder):
        return

    def check(response: httpx2.Response, url: str) -> None:
        if response.status_code in RETRIED:
            check_status(response, url)
        try:
            hf_raise_for_status(response)
        except hub_errors.HfHubHTTPError as error:
            raise _explained(error, address) from error

    url = hub.hf_hub_url(address.repo, entry.path, repo_type="dataset", revision=commit, endpoint=endpoint())
    _FromHub(
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
        found = digest if self.entry.sha256 else _blob_id(path, size)
        listed = self.entry.sha256 or self.entry.blob
        if found != listed:
            raise DataError(
                f"{name}: its hash is {found}, the Hub lists {listed}",
                hint="it was damaged on its way and has been removed; run the same command again",
            )


def _blob_id(path: Path, size: int) -> str:
    digest = hashlib.sha1(f"blob {size}\0".encode(), usedforsecurity=False)
    with path.open("rb") as stream:
        while data := stream.read(_CHUNK):
            digest.update(data)
    return digest.hexdigest()


def _explained(error: Exception, address: Address) -> EcomdataError:  # noqa: PLR0911 - one a cause
    """One of our errors for one of huggingface_hub's."""
    server = endpoint()
    page = f"{server}/datasets/{address.repo}"
    cause = (
        error.__cause__
        if isinstance(error, hub_errors.LocalEntryNotFoundError) and error.__cause__
        else error
    )
    if isinstance(cause, hub_errors.RevisionNotFoundError):
        return UsageError(
            f"{address.repo} has no revision {address.revision!r}", hint=f"see {page}/commits/main"
        )
    if isinstance(cause, hub_errors.RemoteEntryNotFoundError):
        return UsageError(f"{address} does not exist", hint=f"see {page}/tree/main")
    status = cause.response.status_code if isinstance(cause, hub_errors.HfHubHTTPError) else 0
    if isinstance(cause, hub_errors.GatedRepoError):
        return _no_access(
            f"{address.repo} is gated, and access was not given to this token or none is set", page
        )
    if isinstance(cause, hub_errors.RepositoryNotFoundError):
        hint = "check the spelling; for a private one set HF_TOKEN or run `hf auth login`"
        return UsageError(f"{server} has no dataset {address.repo}, or it is private", hint=hint)
    if status in {401, 403}:
        return _no_access(f"{server} refuses access to {address.repo} (status {status})", page)
    if isinstance(cause, hub_errors.OfflineModeIsEnabled):
        return EcomdataError(
            f"working offline (HF_HUB_OFFLINE), cannot get {address}", hint="unset HF_HUB_OFFLINE"
        )
    if status:
        return EcomdataError(f"{server} answers with status {status} for {address}", hint="try again later")
    return _no_network(cause, address)


def _no_access(message: str, page: str) -> AccessError:
    return AccessError(
        message,
        hint=f"ask for access at {page}, then run `hf auth login` or set HF_TOKEN to one that can read it",
    )


def _no_network(cause: BaseException, address: Address) -> EcomdataError:
    what = str(cause).splitlines()[0] if str(cause) else type(cause).__name__
    if isinstance(cause, OSError) and cause.errno is not None:
        free = shutil.disk_usage(Path.cwd()).free
        return EcomdataError(
            f"cannot store files of {address}: {what}", hint=f"check the disk ({free:,} bytes free)"
        )
    return EcomdataError(
        f"cannot get {address} from {endpoint()}: {what}",
        hint="check the network and HF_ENDPOINT; or load files you have with --source FOLDER, or with"
        " HF_HUB_OFFLINE=1 what was downloaded before",
    )
