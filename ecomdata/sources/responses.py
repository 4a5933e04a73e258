"""What a server answers: which answers are the file that was asked for, and what the others mean."""

from __future__ import annotations

import email.utils
import re
import zlib
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final, cast

import httpx2

from ecomdata.errors import AccessError, DataError, EcomdataError
from ecomdata.sources.patience import LONGEST, RETRIED, Again, Patience, reason, whole_number
from ecomdata.sources.plan import shown

_LARGEST_REFUSAL: Final = 1 << 20
"""Bytes that are read of an answer that is no success: what leads elsewhere needs none, an error few."""
_STRANGE: Final = "check HF_ENDPOINT, and whether the network wants a login in the browser"


@contextmanager
def naming_proxies() -> Generator[None]:
    """Name the cause where a client cannot be made: that fails only over the environment's proxies.

    Raises:
        EcomdataError: one of them is none, or of a kind that needs a further package.
    """
    try:
        yield
    except ImportError as error:
        raise EcomdataError(
            "the environment (ALL_PROXY, HTTPS_PROXY, HTTP_PROXY) names a SOCKS proxy, which needs a package "
            "that is not installed",
            hint="pip install socksio, or unset what names the proxy",
        ) from error
    except (ValueError, httpx2.InvalidURL) as error:
        raise EcomdataError(
            f"the environment (ALL_PROXY, HTTPS_PROXY, HTTP_PROXY) names a proxy that is none: {error}",
            hint="write http://HOST:PORT or socks5://HOST:PORT there, or unset it",
        ) from error


def client(patience: Patience) -> httpx2.Client:
    """A client that follows redirects, asks for files as they are, and does not wait for ever.

    Raises:
        EcomdataError: a proxy that the environment names cannot be used.
    """
    timeout = httpx2.Timeout(patience.stall, connect=patience.connect)
    headers = {"user-agent": "ecomdata", "accept-encoding": "identity"}
    with naming_proxies():
        return httpx2.Client(
            timeout=timeout,
            headers=headers,
            follow_redirects=True,
            event_hooks={"response": [hold_refusal]},
        )


def hold_refusal(response: httpx2.Response) -> None:
    """Have an answer that is no success be short, for a client whose caller reads the others piece by piece.

    The client itself reads the whole of what leads elsewhere, and of errors where it makes them: however
    long that is, and unpacked, where a kilobyte can stand for gigabytes.
    """
    if not response.is_success:
        hold(response, _LARGEST_REFUSAL, httpx2.ByteStream)


def hold(response: Any, most: int, stream: Callable[[bytes], Any]) -> None:  # noqa: ANN401 - httpx's, or httpx2's
    """Read an answer before its client does, which would read all of it and unpack what it stands for.

    Args:
        response: The answer, of which nothing was read.
        most: Bytes that are kept of it, unpacked. What is no success is cut there.
        stream: The client's own ``ByteStream``.

    Raises:
        EcomdataError: a success is longer, or is not packed as gzip.
    """
    coding = response.headers.pop("content-encoding", "identity").strip().lower()
    body = bytearray()
    for piece in cast("Iterable[bytes]", response.stream):
        body += piece
        if len(body) > most:
            break
    response.stream.close()
    content = _unpacked(bytes(body), most) if coding == "gzip" else bytes(body)
    if response.is_success:
        server = f"{response.url.scheme}://{response.url.host}"
        if coding not in {"gzip", "identity", ""}:
            raise EcomdataError(f"{server} packs what it answers as {coding[:40]!r}", hint=_STRANGE)
        if len(content) > most:
            raise EcomdataError(f"{server} answers with more than {most:,} bytes", hint=_STRANGE)
    elif coding not in {"gzip", "identity", ""}:
        content = b""
    response.stream = stream(content[:most])


def _unpacked(content: bytes, most: int) -> bytes:
    """What gzip packed, up to one byte more than so many; nothing where it is not gzip."""
    try:
        return zlib.decompressobj(wbits=31).decompress(content, most + 1)
    except zlib.error:
        return b""


def length(response: httpx2.Response) -> int:
    """The announced bytes; -1 when there are none."""
    size = whole_number(response.headers.get("content-length", ""))
    return -1 if size is None else size


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
        wait = _retry_after(response)
        told = f", and asks to wait for {wait:.0f} s" if wait > LONGEST else ""
        raise Again(f"status {status} {response.reason_phrase}{told}", wait)
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
    plain = [step.url for step in (*response.history, response) if step.url.scheme != "https"]
    if url.startswith("https://") and plain:  # back to https, too: who listens there chooses where
        raise EcomdataError(
            f"{shown(url)} leads to {plain[0].scheme}://{plain[0].host}, which is not encrypted",
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
    number = whole_number(text)
    if number is not None:
        return float(number)
    try:
        # By the server's own clock where it tells it: this machine's may be wrong.
        told = response.headers.get("date", "")
        now = email.utils.parsedate_to_datetime(told) if told else datetime.now(UTC)
        return max(0.0, (email.utils.parsedate_to_datetime(text) - now).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return 0.0


def unreachable(url: str, error: Exception) -> EcomdataError:
    """The error for a server that cannot be spoken to."""
    return EcomdataError(
        f"cannot reach {shown(url)}: {reason(error)}",
        hint="check the network and the proxy settings, or give files you have with --source",
    )
