"""Speaking to the Hub: addresses, when to ask again, and its client's errors in our words."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, TypeVar, cast
from urllib.parse import unquote

from huggingface_hub import errors as hub_errors
from huggingface_hub.utils import (  # documented, but not in its __all__
    get_session,
    httpx,
    parse_ratelimit_headers,
)

from ecomdata.errors import AccessError, EcomdataError, UsageError
from ecomdata.sources.patience import LONGEST, RETRIED, Patience, whole_number
from ecomdata.sources.responses import hold, naming_proxies

T = TypeVar("T")

_TRY_AGAIN: Final = "check the network, --endpoint and HF_ENDPOINT; then run the same command again"
_HAVE_FILES: Final = (
    "check the network and HF_ENDPOINT; or load files you have with --source FOLDER, or with"
    " HF_HUB_OFFLINE=1 what was downloaded before"
)

_SIGN_IN_AGAIN: Final = (
    "run `hf auth login` again, or set HF_TOKEN to one that is valid; what is public needs none: unset"
    " HF_TOKEN or run `hf auth logout`"
)

_ADDRESS: Final = re.compile(
    r"hf://datasets/(?P<repo>[\w.-]+/[\w.-]+)(@(?P<revision>refs/(convert|pr)/[^/]+|[^/]+))?(/(?P<folder>.*))?"
)
_PAGE: Final = re.compile(
    r"/datasets/(?P<repo>[\w.-]+/[\w.-]+)(/(?P<kind>tree|blob)/(?P<revision>[^/?#]+)(?P<folder>/[^?#]*)?)?/?([?#].*)?"
)
"""A page of the Hub about a dataset, behind the server's address; files are below ``/resolve/``."""
_PUBLIC: Final = "https://huggingface.co"
_LARGEST_ANSWER: Final = 64 << 20
"""Bytes of an answer, unpacked; a thousand files of a listing take some 0.3 MiB, 10,000 names some 0.5."""
ASKED: Final = 3
"""How often a question is asked before it is given up."""
TOLD: Final = 200
"""Characters of what a server said that a message repeats."""

NETWORK: Final = (httpx.TransportError,)
"""What the client that huggingface_hub speaks through raises when no answer comes (httpx or httpx2)."""
SPOKEN: Final = (hub_errors.HfHubHTTPError, hub_errors.OfflineModeIsEnabled)
"""What huggingface_hub raises for answers that are no success, and for questions it does not ask."""
STRANGE: Final = (
    *(ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError),
    httpx.InvalidURL,
)
"""What it fails with over answers whose JSON is not the Hub's, and over addresses that are none."""


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


def refuse_page(url: str) -> None:
    """Tell who gives the address in the browser of a dataset on the Hub what to write.

    Raises:
        UsageError: it is one.
    """
    for server in (endpoint(), _PUBLIC):
        page = _PAGE.fullmatch(url.removeprefix(server)) if url.startswith(server) else None
        if page:
            revision = page["revision"] or ""
            named = f"@{revision}" if revision not in {"", "main"} else ""
            folder, file = unquote(page["folder"] or "").rstrip("/"), ""
            if page["kind"] == "blob":
                folder, _, file = folder.rpartition("/")
            only = f", with --only {shlex.quote(file)} for that file" if file else ""
            meant = shlex.quote(f"hf://datasets/{page['repo']}{named}{folder}")
            raise UsageError(f"{url} is a page about a dataset on the Hub", hint=f"write {meant}{only}")


def endpoint() -> str:
    """The Hub's address, as the environment says now."""
    # huggingface_hub reads it at import only.
    return (os.environ.get("HF_ENDPOINT") or _PUBLIC).rstrip("/")


def session() -> httpx.Client:
    """The client that huggingface_hub speaks through, made here where it is not there yet.

    Raises:
        EcomdataError: a proxy that the environment names cannot be used.
    """
    with naming_proxies():
        return get_session()


_HOOKING: Final = threading.Lock()
"""Two threads that hook at once would else lose one of the two hooks, or keep it for ever."""


@contextmanager
def hooked(kind: Literal["request", "response"], hook: Callable[[Any], None]) -> Generator[None]:
    """Have huggingface_hub call this with each request it sends, or each answer it gets, in any thread."""
    # Made by us: over proxies huggingface_hub fails with what it fails with over strange answers, too.
    client = session()
    # The lists are replaced, never changed: another thread may be walking through one.
    with _HOOKING:
        client.event_hooks = {**client.event_hooks, kind: [*client.event_hooks[kind], hook]}
    try:
        yield
    finally:
        with _HOOKING:
            left = [one for one in client.event_hooks[kind] if one is not hook]
            client.event_hooks = {**client.event_hooks, kind: left}


@contextmanager
def token_only_to(server: str) -> Generator[None]:
    """Keep the token from others: huggingface_hub sends it wherever an answer says that the next page is."""
    home = httpx.URL(server)

    def check(request: httpx.Request) -> None:
        url = request.url
        at_home = (url.host, url.port) == (home.host, home.port) and url.scheme in {home.scheme, "https"}
        if not at_home:
            request.headers.pop("authorization", None)

    with hooked("request", check):
        yield


@contextmanager
def short_answers() -> Generator[None]:
    """Bound what huggingface_hub reads of answers to this thread: it takes all that comes, and unpacks it."""
    here = threading.get_ident()  # another thread of the user's may fetch a file through the same client

    def ask(request: httpx.Request) -> None:
        if threading.get_ident() == here:
            request.headers["accept-encoding"] = "gzip"

    def check(response: httpx.Response) -> None:
        if threading.get_ident() == here:
            hold(response, _LARGEST_ANSWER, httpx.ByteStream)

    with hooked("request", ask), hooked("response", check):
        yield


def status_of(error: BaseException) -> int:
    """The status of the answer that an error is about; 0 where there was none."""
    return error.response.status_code if isinstance(error, hub_errors.HfHubHTTPError) else 0


def token_refused(error: BaseException) -> bool:
    """Whether an answer is about the token itself, with which not even what is public can be read.

    Of one that is valid but may not see a repository the Hub says that there is none, or answers 403.
    """
    return (
        status_of(error) == 401
        and not isinstance(error, hub_errors.RepositoryNotFoundError)
        and "authorization" in cast("hub_errors.HfHubHTTPError", error).response.request.headers
    )


def asked_to_wait(error: BaseException) -> float:
    """Seconds the server asks to wait: its Retry-After, else what is left of its rate limit's window."""
    if not isinstance(error, hub_errors.HfHubHTTPError):
        return 0.0
    headers = error.response.headers
    limit = parse_ratelimit_headers(headers)
    told = whole_number(headers.get("retry-after", "").strip()) or 0
    return max(float(told), float(limit.reset_in_seconds) if limit and not limit.remaining else 0.0)


@short_answers()
def patiently(call: Callable[[], T], patience: Patience, *, asked: int = ASKED) -> T:
    """Call, and again after a wait when the network or the server fails in a way that may pass.

    huggingface_hub tries listings and uploads again by itself, but neither its first question nor what
    makes repositories, commits, branches and tags.
    """
    for tries in range(1, asked):
        try:
            return call()
        except (*NETWORK, hub_errors.HfHubHTTPError) as error:
            if status_of(error) not in {0, *RETRIED}:
                raise
            wait = max(asked_to_wait(error), patience.wait(tries))
            if wait > LONGEST:
                raise
            time.sleep(wait)
    return call()


def strange(error: BaseException, server: str, hint: str) -> EcomdataError:
    """Our error for one of STRANGE."""
    if isinstance(error, UnicodeEncodeError) and error.encoding == "ascii":
        # Of all that is sent, only the token is anybody's text and goes into a header.
        return AccessError("the token has characters that no token has", hint=_SIGN_IN_AGAIN)
    told = str(error)[:TOLD]
    return EcomdataError(
        f"{server} does not answer as the Hub does: {type(error).__name__}: {told}", hint=hint
    )


def explained(error: BaseException, address: Address, server: str = "") -> EcomdataError:  # noqa: PLR0911 - one a cause
    """One of our errors for one of huggingface_hub's; ``server`` is the Hub, where one was named."""
    hint = _TRY_AGAIN if server else _HAVE_FILES
    server = server or endpoint()
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
    status = status_of(cause)
    if isinstance(cause, hub_errors.GatedRepoError):
        return _no_access(
            f"{address.repo} is gated, and access was not given to this token or none is set", page
        )
    if isinstance(cause, hub_errors.RepositoryNotFoundError):
        hint = "check the spelling; for a private one set HF_TOKEN or run `hf auth login`"
        return UsageError(f"{server} has no dataset {address.repo}, or it is private", hint=hint)
    if token_refused(cause):
        return AccessError(
            f"{server} does not accept the token (status 401): it is wrong, or has expired",
            hint=_SIGN_IN_AGAIN,
        )
    if status in {401, 403}:
        return _no_access(f"{server} refuses access to {address.repo} (status {status})", page)
    if isinstance(cause, hub_errors.OfflineModeIsEnabled):
        return EcomdataError(
            f"working offline (HF_HUB_OFFLINE), cannot get {address}", hint="unset HF_HUB_OFFLINE"
        )
    if status:
        wait = asked_to_wait(cause)
        hint = f"it asks to wait for {wait:.0f} s" if wait else "try again later"
        return EcomdataError(f"{server} answers with status {status} for {address}", hint=hint)
    return _no_network(cause, address, server, hint)


def _no_access(message: str, page: str) -> AccessError:
    return AccessError(
        message,
        hint=f"ask for access at {page}, then run `hf auth login` or set HF_TOKEN to one that can read it",
    )


def _no_network(cause: BaseException, address: Address, server: str, hint: str) -> EcomdataError:
    what = str(cause).splitlines()[0] if str(cause) else type(cause).__name__
    if isinstance(cause, OSError) and cause.errno is not None:
        free = shutil.disk_usage(Path.cwd()).free
        return EcomdataError(
            f"cannot store files of {address}: {what}", hint=f"check the disk ({free:,} bytes free)"
        )
    return EcomdataError(f"cannot get {address} from {server}: {what}", hint=hint)
