"""One file over HTTP: resumed by Range, retried with back-off, hashed while it comes."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import shutil
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Final

import httpx2

from ecomdata.console import human_bytes
from ecomdata.durable import sync_folder
from ecomdata.errors import DataError, EcomdataError
from ecomdata.plainjson import read_json
from ecomdata.sources.patience import HOPELESS, LONGEST, Again, Patience, asked, pause, reason
from ecomdata.sources.plan import OnBytes, ignore_bytes, part_of, shown
from ecomdata.sources.recognise import reject_imposter
from ecomdata.sources.responses import check_origin, check_page, check_status, client, length, unreachable

_CHUNK: Final = 1 << 20
_RANGE: Final = re.compile(r"bytes ([0-9]{1,18})-[0-9]+/([0-9]{1,18}|\*)")
_PROGRESS: Final = 1 << 16
"""Bytes that must have come for an attempt to count as progress, so that a server cannot drip for ever."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """What part of a file was downloaded as; kept beside it, so that only the same file is resumed.

    Of the address its hash: there may be a password in it.
    """

    url: str
    etag: str
    modified: str
    size: int = -1

    @classmethod
    def of(cls, url: str, headers: Mapping[str, str], size: int) -> _Seen:
        etag = headers.get("etag", "")
        # A weak ETag does not promise the same bytes.
        etag = "" if etag.startswith("W/") else etag
        return cls(_digest(url), etag, headers.get("last-modified", ""), size)

    @property
    def validator(self) -> str:
        return self.etag or self.modified


@dataclass(kw_only=True)
class Download:
    """One file on its way to ``target``.

    Attributes:
        url: Where it is.
        target: Where it goes; it appears there whole, and only after all checks.
        size: Bytes that the server announced, -1 when unknown.
        sha256: Its known hash, or empty.
        headers: Sent with every request; a redirect to another host goes without their authorization.
        check: Lets a successful answer pass and raises for others; default: :func:`check_status`.
        pinned: Whether the address never stands for other bytes, so that a part is resumed untold.
        on_bytes: Told of bytes as they arrive.
        patience: When to try again.
    """

    url: str
    target: Path
    size: int = -1
    sha256: str = ""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    check: Callable[[httpx2.Response, str], None] | None = None
    pinned: bool = False
    on_bytes: OnBytes = ignore_bytes
    patience: Patience = field(default_factory=Patience)

    def __post_init__(self) -> None:
        self._seen: _Seen | None = None
        self._hash = hashlib.sha256()
        self._done = 0

    @property
    def _part(self) -> Path:
        return part_of(self.target)

    @property
    def _sidecar(self) -> Path:
        return self.target.with_name(self.target.name + ".part.json")

    def run(self) -> str:
        """Download the file, or the rest of it; returns its SHA-256.

        Raises:
            DataError: what came is not the announced file: its hash, its length, or no data at all.
            AccessError: the server wants a login.
            EcomdataError: the network gave up, or the disk is full.
        """
        try:
            self.target.parent.mkdir(parents=True, exist_ok=True)
            with self._part.open("ab+") as out:
                self._resume(out)
                self._persist(out)
                out.flush()
                os.fsync(out.fileno())
        except OSError as error:
            raise self._disk_error(error) from error
        digest = self._hash.hexdigest()
        self._accept(digest)
        return digest

    def _resume(self, out: IO[bytes]) -> None:
        """Go on where an earlier run stopped, when what it was downloading is known."""
        with suppress(OSError, ValueError, TypeError):
            self._seen = _Seen(**read_json(self._sidecar))
        same = self._seen is not None and self._seen.url == _digest(self.url)
        if not same or not (self.pinned or (self._seen and self._seen.validator)):
            self._restart(out)
            return
        out.seek(0)
        while data := out.read(_CHUNK):
            self._hash.update(data)
            self._done += len(data)
        self.on_bytes(self._done)

    def _restart(self, out: IO[bytes]) -> None:
        out.truncate(0)
        if self._done:
            self.on_bytes(-self._done)
        self._done, self._hash, self._seen = 0, hashlib.sha256(), None

    def _persist(self, out: IO[bytes]) -> None:
        tries = 0
        with client(self.patience) as session:
            while True:
                before = self._done
                try:
                    self._attempt(session, out)
                except HOPELESS as error:
                    raise unreachable(self.url, error) from error
                except (httpx2.TransportError, Again) as error:
                    tries = 1 if self._done - before >= _PROGRESS else tries + 1
                    if tries >= self.patience.attempts or asked(error) > LONGEST:
                        raise self._gave_up(error, tries) from error
                    time.sleep(pause(error, self.patience, tries))
                else:
                    return

    def _attempt(self, session: httpx2.Client, out: IO[bytes]) -> None:
        headers = dict(self.headers)
        if self._done and (self.pinned or (self._seen and self._seen.validator)):
            headers["range"] = f"bytes={self._done}-"
            if self._seen and not self.pinned:
                headers["if-range"] = self._seen.validator
        else:
            self._restart(out)
        with session.stream("GET", self.url, headers=headers) as response:
            if response.status_code == 416:
                known = self._seen.size if self._seen and self._seen.size >= 0 else self.size
                whole = known in {-1, self._done}  # else who says so, such as a cache, has a part itself
                if whole and response.headers.get("content-range", "") == f"bytes */{self._done}":
                    return
                self._restart(out)
                raise Again("the server has another file now")
            (self.check or check_status)(response, self.url)
            check_origin(response, self.url)
            check_page(response, self.target.name)
            total = self._begin(response, out)
            # As it comes: a chunk size would hold data back, and lose it when the connection breaks.
            for data in response.iter_raw():
                out.write(data)
                self._hash.update(data)
                self._done += len(data)
                self.on_bytes(len(data))
        if 0 <= total != self._done:
            if self._done > total:
                self._restart(out)
            raise Again(f"{self._done:,} of {total:,} bytes came")

    def _begin(self, response: httpx2.Response, out: IO[bytes]) -> int:
        """Line the file up with the answer; returns the whole file's bytes, -1 when unknown."""
        if response.status_code == 206:
            match = _RANGE.fullmatch(response.headers.get("content-range", ""))
            total = int(match[2]) if match and match[2] != "*" else self.size
            if not match or int(match[1]) != self._done or self._is_another(response, total):
                self._restart(out)
                raise Again("the server answered with another part, or with a part of another file")
            return total
        # Any other success is the file from its start: the range was ignored, or the file has changed.
        self._restart(out)
        announced = length(response)
        known = self.pinned or self.sha256  # then the bytes themselves are judged
        if not known and self.size > 0 and 0 <= announced != self.size:
            raise Again(f"the server announces {announced:,} bytes, and announced {self.size:,} before")
        total = announced if announced >= 0 else self.size
        self._seen = _Seen.of(self.url, response.headers, total)
        self._sidecar.write_text(json.dumps(asdict(self._seen)), "utf-8")
        return total

    def _is_another(self, response: httpx2.Response, total: int) -> bool:
        """Whether a part is of another file than the part that is here, by all that the server says of it."""
        if self._seen is None or self.pinned:
            return False
        now = _Seen.of(self.url, response.headers, total)
        # A part has the ETag that the whole would have (RFC 9110, 15.3.7); its date may be left out.
        sized = min(now.size, self._seen.size) >= 0
        return (
            (sized and now.size != self._seen.size)
            or now.etag != self._seen.etag
            or (bool(now.modified) and now.modified != self._seen.modified)
        )

    def _accept(self, digest: str) -> None:
        """Check what came, and put it in its place."""
        try:
            # Under its own suffix, so that a page in place of a Parquet file or an archive is named.
            aside = self._part.with_name(".new-" + self.target.name)
            self._part.replace(aside)
            try:
                reject_imposter(aside, self.target.name)  # first: it says more than another hash does
                self.verify(digest, aside)
                aside.replace(self.target)
            finally:
                aside.unlink(missing_ok=True)
        finally:
            self._part.unlink(missing_ok=True)
            self._sidecar.unlink(missing_ok=True)
        sync_folder(self.target.parent)

    def verify(self, digest: str, path: Path) -> None:
        """Compare what came, with this SHA-256 and at this path, with what is known of the file.

        Raises:
            DataError: it is another file, or damaged.
        """
        del path
        if self.sha256 and digest != self.sha256:
            raise DataError(
                f"{shown(self.url)}: the file has sha256 {digest}, expected {self.sha256}",
                hint="it was changed upstream or on its way; it was removed, try again or get it by hand",
            )

    def _gave_up(self, error: Exception, tries: int) -> EcomdataError:
        count = f"{tries} tries in a row" if tries > 1 else "one try"
        return EcomdataError(
            f"{shown(self.url)}: gave up after {count}: {reason(error)}",
            hint="check the network and run the same command again; what has come is kept and resumed",
        )

    def _disk_error(self, error: OSError) -> EcomdataError:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            free = shutil.disk_usage(self.target.parent).free
            needed = f", {human_bytes(self.size - self._done)} more are needed" if self.size >= 0 else ""
            return EcomdataError(
                f"no space left for {self.target}: {human_bytes(free)} free{needed}",
                hint="free some space or choose another disk with --home; what has come is kept and resumed",
            )
        hint = "check the folder's permissions"
        if error.errno == errno.EFBIG:
            hint = "that disk or a limit (ulimit -f) allows no larger files; choose another one with --home"
        return EcomdataError(f"cannot write {self.target}: {error.strerror or error}", hint=hint)


def _digest(url: str) -> str:
    return hashlib.sha256(url.encode()).hexdigest()
