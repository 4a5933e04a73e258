"""Is everything in order? The environment, the extras, the sources and the store."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final, Literal
from urllib.parse import urlsplit

from ecomdata import __version__
from ecomdata.beside import broken_off, left_beside
from ecomdata.catalog import check_nothing_missing
from ecomdata.console import human_bytes
from ecomdata.declare import Dataset
from ecomdata.errors import EcomdataError
from ecomdata.pathnames import nearest_there
from ecomdata.progress import Silent
from ecomdata.registry import datasets
from ecomdata.store import Store, home_folder, writing

Status = Literal["ok", "note", "problem"]
_PACKAGES: Final = ("polars", "pyarrow", "duckdb", "dataframely", "huggingface_hub", "datasets")
_LITTLE_SPACE: Final = 10_000_000_000
_TIMEOUT: Final = 4.0


@dataclass(frozen=True, slots=True)
class Check:
    """One thing the doctor looked at.

    Attributes:
        name: What it is.
        status: ``ok``, ``note`` (good to know) or ``problem``.
        detail: What was found.
        hint: What to do about it.
    """

    name: str
    status: Status
    detail: str
    hint: str = ""

    def as_dict(self) -> dict[str, str]:
        """The check as JSON-ready values."""
        return asdict(self)


def diagnose(
    *, home: str | os.PathLike[str] | None = None, offline: bool = False, prune: bool = False
) -> list[Check]:
    """Look at everything.

    Args:
        home: Where the store is; default: ``$ECOMDATA_HOME``, else the user's data folder.
        offline: Do not try to reach the sources.
        prune: Remove releases that a later load has superseded, what was made of them, and downloads that
            broke off.
    """
    store = Store(home_folder(home))
    checks = [*_environment(), *_store(store, prune=prune), *_copies(store)]
    if not offline:
        checks += _sources()
    return checks


def _environment() -> Iterator[Check]:
    yield Check(
        "ecomdata", "ok", f"{__version__} on Python {platform.python_version()}, {platform.platform()}"
    )
    yield Check("cores", "ok", str(os.cpu_count()))
    for package in _PACKAGES:
        try:
            yield Check(package, "ok", version(package))
        except PackageNotFoundError:
            yield Check(package, "problem", "not installed", f"{sys.executable} -m pip install {package}")
    gpu = shutil.which("nvidia-smi")
    yield Check(
        "gpu", "ok" if gpu else "note", "an NVIDIA driver is there" if gpu else "none found; none is needed"
    )
    try:
        yield Check("datasets known", "ok", ", ".join(datasets()))
    except EcomdataError as error:
        yield Check("datasets known", "problem", str(error), error.hint)


def _store(store: Store, *, prune: bool) -> Iterator[Check]:
    folder = nearest_there(store.home)
    free = shutil.disk_usage(folder).free
    little = free < _LITTLE_SPACE
    writable = os.access(folder, os.W_OK)
    yield Check(
        "home",
        "ok" if writable else "problem",
        f"{store.home}" + ("" if writable else " cannot be written"),
        "" if writable else "choose another with --home or ECOMDATA_HOME",
    )
    yield Check("free space", "note" if little else "ok", human_bytes(free))
    try:
        problems = check_nothing_missing(store)
        loaded = ", ".join(store.loaded()) or "nothing yet"
    except EcomdataError as error:
        yield Check("store", "problem", str(error), error.hint)
        return
    if not problems:
        yield Check("store", "ok", f"loaded: {loaded}")
    for problem in problems:
        yield Check(
            "store",
            "problem",
            problem,
            "load it again with --force; where it says so, change the permissions or upgrade ecomdata",
        )
    yield from _old("superseded releases", store, _readable(store), store.superseded, prune=prune)
    yield from _old(
        "made of superseded releases", store, _readable(store), partial(left_beside, store), prune=prune
    )
    begun = [name for name in _known() if broken_off(store, name)]
    yield from _old("downloads that broke off", store, begun, partial(broken_off, store), prune=prune)


def _known() -> dict[str, Dataset]:
    with suppress(EcomdataError):  # which is told elsewhere
        return datasets()
    return {}


def _old(
    name: str, store: Store, of: Iterable[str], found: Callable[[str], list[Path]], *, prune: bool
) -> Iterator[Check]:
    """What may go, and goes when it is asked for."""
    count = size = 0
    for dataset in of:
        with ExitStack() as stack:
            if prune:
                # Between a new release and its being the visible one, a load's own would seem superseded.
                stack.enter_context(store.lock(dataset, Silent().say))
            places = found(dataset)
            count += len(places)
            size += sum(_size(path) for path in places)
            if prune:
                with writing(store.folder(dataset)):
                    for path in places:
                        shutil.rmtree(path) if path.is_dir() else path.unlink()
    if count and prune:
        yield Check(name, "ok", f"{count} removed, {human_bytes(size)} freed")
    elif count:
        yield Check(name, "note", f"{count}, {human_bytes(size)}", "ecomdata doctor --prune removes them")


def _copies(store: Store) -> Iterator[Check]:
    """What publishing keeps; it is as large as what was published."""
    folder = store.home / "uploads"
    if folder.is_dir():
        yield Check(
            "copies for the Hub", "ok", f"{human_bytes(_size(folder))} in {folder}, which may be deleted"
        )


def _readable(store: Store) -> Iterator[str]:
    for dataset in store.loaded():
        try:
            store.current(dataset)
        except EcomdataError:
            continue
        yield dataset


def _size(place: Path) -> int:
    """Bytes of a file, or of the files in a folder; those that go meanwhile count for nothing."""
    size = 0
    for path in (place, *place.rglob("*")):
        with suppress(OSError):
            size += path.stat().st_size if path.is_file() else 0
    return size


def _sources() -> Iterator[Check]:
    """Try each server that a declared source names, once."""
    from ecomdata.sources.hub_calls import endpoint
    from ecomdata.sources.hub_client import offline
    from ecomdata.sources.patience import Patience
    from ecomdata.sources.responses import client

    if offline():
        return
    try:
        client(Patience()).close()
    except EcomdataError as error:
        yield Check("proxies", "problem", f"{error}; nothing can be downloaded", error.hint)
        return
    servers: dict[str, list[str]] = {}
    hub = endpoint()
    for dataset in _known().values():
        for source in dataset.sources:
            if source.url:
                server = hub if source.url.startswith("hf://") else "://".join(urlsplit(source.url)[:2])
                servers.setdefault(server, []).append(dataset.name)
    for server, names in servers.items():
        yield _reach(server, names)


def _reach(server: str, names: Iterable[str]) -> Check:
    import httpx2

    from ecomdata.sources.plan import shown

    wanted = ", ".join(dict.fromkeys(names))
    try:
        answer = httpx2.head(server, timeout=_TIMEOUT, follow_redirects=True)
    except (httpx2.RequestError, httpx2.InvalidURL, UnicodeError) as error:
        detail = f"cannot be reached ({type(error).__name__}); needed to download {wanted}"
        return Check(shown(server), "note", detail, "load files you have with --source, or --sample")
    return Check(shown(server), "ok", f"answers {answer.status_code}; {wanted}")
