"""One file over HTTP: resumed by Range, retried with back-off, hashed while it comes."""

from __future__ import annotations

import email.utils
import errno
import hashlib
import json
import os
import random
import re
import shutil
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Final

import httpx2

from ecomdata.errors import AccessError, DataError, EcomdataError
from ecomdata.plainjson import read_json
from ecomdata.sources.plan import OnBytes, human, ignore_bytes, shown
from ecomdata.sources.recognise import reject_imposter

_CHUNK: Final = 1 << 20
RETRIED: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Statuses that may pass."""
HOPELESS: Final = (
    httpx2.UnsupportedProtocol,
    httpx2.TooManyRedirects,
    httpx2.DecodingError,
    httpx2.InvalidURL,
)
"""What another try does not mend."""

_LONGEST_RETRY_AFTER: Final = 300.0
_PROGRESS: Final = 1 << 16
"""Bytes that must have come for an attempt to count as progress, so that a server cannot drip for ever."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """When to try again, in seconds.

    Attributes:
        attempts: Tries in a row without progress.
        base: Mean wait before the second try; it doubles each time.
        cap: Longest wait of our own choosing (a server's Retry-After may be longer).
        connect: How long a connection may take.
        stall: How long a running download may send nothing.
    """

    attempts: int = 6
    base: float = 1.0
    cap: float = 60.0
    connect: float = 20.0
    stall: float = 60.0

    def wait(self, tries: int) -> float:
        """Seconds before the next try, after ``tries`` failures in a row: exponential, with jitter."""
        return min(self.cap, self.base * 2.0 ** (tries - 1)) * random.uniform(0.5, 1.5)  # noqa: S311 - jitter


@dataclass(frozen=True, slots=True)
class _Seen:
    """What part of a file was downloaded as; kept beside it, so that only the same file is resumed."""

    url: str
    etag: str
    modified: str
    size: int = -1

    @classmethod
    def of(cls, url: str, headers: Mapping[str, str], size: int) -> _Seen:
        etag = headers.get("etag", "")
        # A weak ETag does not promise the same bytes.
        return cls(url, "" if etag.startswith("W/") else etag, headers.get("last-modified", ""), size)

    @property
    def validator(self) -> str:
        return self.etag or self.modified


class Again(Exception):  # noqa: N818 - a reason to try again, not yet an error
    """Why this try failed, and how long the server asks to wait."""

    def __init__(self, reason: str, wait: float = 0.0) -> None:
        super().__init__(reason)
        self.wait = wait


def client(patience: Patience) -> httpx2.Client:
    """A client that follows redirects, asks for files as they are, and does not wait for ever."""
    timeout = httpx2.Timeout(patience.stall, connect=patience.connect)
    headers = {"user-agent": "ecomdata", "accept-encoding": "identity"}
    return httpx2.Client(timeout=timeout, headers=headers, follow_redirects=True)


def length(response: httpx2.Response) -> int:
    """The announced bytes; -1 when there are none."""
    text = response.headers.get("content-length", "")
    return int(text) if text.isdigit() else -1


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
        return self.target.with_name(self.target.name + ".part")

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
        same = self._seen is not None and self._seen.url == self.url
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
                    if tries >= self.patience.attempts:
                        raise self._gave_up(error) from error
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
                if response.headers.get("content-range", "") == f"bytes */{self._done}":
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
            match = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("content-range", ""))
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
        folder = os.open(self.target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

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

    def _gave_up(self, error: Exception) -> EcomdataError:
        return EcomdataError(
            f"{shown(self.url)}: gave up after {self.patience.attempts} tries in a row: {reason(error)}",
            hint="check the network and run the same command again; what has come is kept and resumed",
        )

    def _disk_error(self, error: OSError) -> EcomdataError:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            free = shutil.disk_usage(self.target.parent).free
            needed = f", {human(self.size - self._done)} more are needed" if self.size >= 0 else ""
            return EcomdataError(
                f"no space left for {self.target}: {human(free)} free{needed}",
                hint="free some space or choose another disk with --home; what has come is kept and resumed",
            )
        hint = "check the folder's permissions"
        if error.errno == errno.EFBIG:
            hint = "that disk or a limit (ulimit -f) allows no larger files; choose another one with --home"
        return EcomdataError(f"cannot write {self.target}: {error.strerror or error}", hint=hint)


def check_status(response: httpx2.Response, url: str) -> None:
    """Let success pass.

    Raises:
        Again: the server may answer otherwise later.
        AccessError: it wants a login.
        EcomdataError: it has no such file.
    """
    status = response.status_code
    if response.is_success:
        return
    if status in RETRIED:
        raise Again(f"status {status} {response.reason_phrase}", _retry_after(response))
    if status in {401, 403, 407}:
        raise AccessError(
            f"{shown(url)}: the server refuses access (status {status} {response.reason_phrase})",
            hint="it needs a login, or the address has expired; get the file by hand and give --source FILE",
        )
    raise EcomdataError(
        f"{shown(url)}: the server answers {status} {response.reason_phrase}",
        hint="the address may be dead; get the file elsewhere and give it with --source",
    )


def check_origin(response: httpx2.Response, url: str) -> None:
    """Refuse a redirect that leaves https (EcomdataError)."""
    if url.startswith("https://") and response.url.scheme != "https":
        raise EcomdataError(
            f"{shown(url)} leads to {response.url.scheme}://{response.url.host}, which is not encrypted",
            hint="get the file by hand if you trust that, and give it with --source",
        )


def check_page(response: httpx2.Response, name: str) -> None:
    """Refuse a web page or a recoded body in place of a file (DataError, EcomdataError)."""
    kind = response.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind in {"text/html", "application/xhtml+xml"} and not name.endswith((".html", ".htm")):
        raise DataError(
            f"{shown(str(response.url))} is a web page ({kind}), not the file {name}",
            hint="it needs a login or a click in a browser; get it by hand and give it with --source",
        )
    coding = response.headers.get("content-encoding", "identity").lower()
    if coding not in {"identity", ""} and not name.endswith((".gz", ".tgz")):
        raise EcomdataError(
            f"{shown(str(response.url))}: the server sends {coding}, though it was asked for the plain file",
            hint="get the file by hand and give it with --source",
        )


def _retry_after(response: httpx2.Response) -> float:
    # The Hub says it in another way: ratelimit: "api";r=0;t=55
    limit = re.search(r"\bt=(\d+)", response.headers.get("ratelimit", ""))
    text = response.headers.get("retry-after", limit[1] if limit else "").strip()
    if not text:
        return 0.0
    if text.isdigit():
        seconds = float(text)
    else:
        try:
            # By the server's own clock where it tells it: this machine's may be wrong.
            told = response.headers.get("date", "")
            now = email.utils.parsedate_to_datetime(told) if told else datetime.now(UTC)
            seconds = (email.utils.parsedate_to_datetime(text) - now).total_seconds()
        except (ValueError, TypeError):
            return 0.0
    return min(max(seconds, 0.0), _LONGEST_RETRY_AFTER)


def pause(error: Exception, patience: Patience, tries: int) -> float:
    """Seconds to wait before the next try."""
    asked = error.wait if isinstance(error, Again) else 0.0
    return max(asked, patience.wait(tries))


def reason(error: Exception) -> str:
    """What an exception says, or what it is called."""
    return str(error) or type(error).__name__


def unreachable(url: str, error: Exception) -> EcomdataError:
    """The error for a server that cannot be spoken to."""
    return EcomdataError(
        f"cannot reach {shown(url)}: {reason(error)}",
        hint="check the network and the proxy settings, or give files you have with --source",
    )
