"""A dataset's file at an http(s) address."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

import httpx2

from ecomdata.declare import Dataset
from ecomdata.errors import UsageError
from ecomdata.pathnames import safe_relative
from ecomdata.rawfile import RawFile
from ecomdata.sources.archive import decompressed, is_archive
from ecomdata.sources.download import Download
from ecomdata.sources.local import expander
from ecomdata.sources.matching import Selection
from ecomdata.sources.patience import HOPELESS, LONGEST, Again, Patience, asked, pause
from ecomdata.sources.plan import (
    OnBytes,
    Plan,
    expected_names,
    ignore_bytes,
    nothing_found,
    raw_folder,
    shown,
    unfinished,
)
from ecomdata.sources.responses import check_origin, check_page, check_status, client, length, unreachable

PATIENCE: Final = Patience()
_ASKED: Final = 3
_LABEL: Final = re.compile(r'\bfilename\s*=\s*(?:"([^"]*)"|([^";]*))', re.IGNORECASE)
_LABEL_IN: Final = re.compile(r"\bfilename\*\s*=\s*([\w-]*)'[^']*'([^;\s]+)", re.IGNORECASE)
"""The name in the header Content-Disposition: as it stands, and in an encoding (RFC 6266)."""


@dataclass(frozen=True, slots=True)
class Head:
    """What a server says of a file.

    Attributes:
        names: What its name may be, the likeliest first.
        size: Its bytes; -1 when the server does not say.
    """

    names: tuple[str, ...]
    size: int


def head(url: str, patience: Patience = PATIENCE) -> Head:
    """Ask a server for a file's name and size.

    Raises:
        AccessError: it wants a login.
        DataError: it has a web page there.
        EcomdataError: it cannot be reached, or has no such file.
    """
    tries = 0
    with client(patience) as session:
        while True:
            try:
                return _ask(session, url)
            except HOPELESS as error:
                raise unreachable(url, error) from error
            except (httpx2.TransportError, Again) as error:
                tries += 1
                if tries >= min(_ASKED, patience.attempts) or asked(error) > LONGEST:
                    raise unreachable(url, error) from error
                time.sleep(pause(error, patience, tries))


def _ask(session: httpx2.Client, url: str) -> Head:
    response = session.head(url)
    if response.status_code in {400, 403, 404, 405, 501}:
        # Some servers answer only GET; the body is not read.
        with session.stream("GET", url) as answer:
            response = answer
    check_status(response, url)
    check_origin(response, url)
    names = file_names(url, response.headers.get("content-disposition", ""), str(response.url))
    check_page(response, names[0])
    return Head(names, length(response))


def file_names(url: str, disposition: str = "", led_to: str = "") -> tuple[str, ...]:
    """Safe names that a file may have: from its address, from the header, and from where redirects led.

    Those with a suffix come first; an address such as ``/get.php`` may yet be that of a program.
    """
    given = _LABEL.search(disposition)
    spoken = _LABEL_IN.search(disposition)
    names = [
        _last_part(url),
        unquote(spoken[2], "latin-1" if spoken[1].lower() == "iso-8859-1" else "utf-8") if spoken else "",
        (given[1] or given[2]).strip() if given else "",
        _last_part(led_to),
    ]
    fit = [name for name in names if safe_relative(name) and "/" not in name and not name.startswith(".")]
    fit.sort(key=lambda name: "." not in name)
    return tuple(dict.fromkeys(fit or ["download"]))


def _last_part(url: str) -> str:
    return unquote(urlsplit(url).path).rsplit("/", 1)[-1]


def plan_http(
    dataset: Dataset,
    url: str,
    selection: Selection,
    home: Path,
    *,
    sha256: Mapping[str, str] | None = None,
    on_bytes: OnBytes = ignore_bytes,
    patience: Patience = PATIENCE,
) -> Plan:
    """The file at an address; an archive stands for its members until it is there.

    A file that is there already is not asked for again.

    Raises:
        UsageError: the file is none of the dataset's.
        AccessError, DataError, EcomdataError: as :func:`head`.
    """
    folder = raw_folder(home, dataset.name) / f"http-{hashlib.sha256(url.encode()).hexdigest()[:12]}"
    there = sorted(path for path in folder.glob("[!.]*") if path.is_file() and not unfinished(path))
    about = Head((there[0].name,), there[0].stat().st_size) if there else head(url, patience)
    known = (name for name in about.names if is_archive(name) or selection.place(name, 1)[0] != "unknown")
    name = next(known, about.names[0])
    target = folder / name
    verdict, _ = selection.place(name, 1)
    if verdict == "left out":
        raise nothing_found(dataset, shown(url), (name,), only=selection.only, left_out=1)
    if verdict == "unknown" and not is_archive(name):
        raise UsageError(
            f"{shown(url)} is {name}, which is no file of {dataset.name}",
            hint=f"expected names: {expected_names(dataset)}, or an archive with them",
        )
    digest = (sha256 or {}).get(name, "")
    download = partial(Download, url=url, target=target, size=about.size, sha256=digest)
    file = decompressed(
        RawFile(
            name=name,
            container=target,
            size=max(about.size, 0),
            sha256=digest,
            open=lambda: target.open("rb"),
            local=lambda: target,
            fetch=lambda: _fetch(download(on_bytes=on_bytes, patience=patience)),
        ),
        home,
    )
    expand = expander(dataset, selection, home)
    return Plan(
        dataset=dataset.name,
        origin=shown(url),
        folder=folder,
        files=expand(file) if there else (file,),
        size=file.size,
        missing=0 if there else 1,
        download_bytes=0 if there else file.size,
        size_known=about.size >= 0,
        notes=("already downloaded; remove the folder to get it again: " + str(folder),) if there else (),
        expand=expand,
    )


def _fetch(download: Download) -> str:
    return "" if download.target.is_file() else download.run()
