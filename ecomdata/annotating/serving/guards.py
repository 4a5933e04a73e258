"""What every request passes first: is it meant for this server, and does it come from its own pages.

Sources: Fetch Metadata Request Headers (W3C), "Protect your resources from web attacks with Fetch Metadata"
(web.dev), Content Security Policy Level 3 (W3C), and the OWASP cheat sheet on cross-site request forgery.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_READING: Final = frozenset({"GET", "HEAD"})
_HOST: Final = re.compile(r"\[(?P<six>[0-9a-f:.]+)\](?::\d{1,5})?|(?P<name>[a-z0-9._-]+)(?::\d{1,5})?")
_ALWAYS: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


@dataclass(frozen=True, slots=True)
class Hosts:
    """The names that the server answers to.

    A page elsewhere can point a name of its own at this machine (DNS rebinding); that is none of these.

    Attributes:
        names: Names in lower case, without ports.
        addresses: Whether any numeric address is one too: nobody can rebind those.
    """

    names: frozenset[str]
    addresses: bool = False

    def allows(self, header: str | None) -> bool:
        """Whether the ``Host`` header of a request names this server."""
        name = name_of(header or "")
        return name is not None and (name in self.names or (self.addresses and _is_address(name)))


def name_of(host: str) -> str | None:
    """The name in a ``Host`` header: in lower case, without a port; None where it holds none."""
    found = _HOST.fullmatch(host.lower())
    return (found["six"] or found["name"]) if found else None


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def content_policy(image_hosts: Iterable[str]) -> str:
    """The Content-Security-Policy: nothing but our own files, and images from these hosts over https.

    Args:
        image_hosts: Names of hosts, with a port where there is one; checked by their reader.
    """
    images = "".join(f" https://{host}" for host in sorted(image_hosts))
    rules = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "font-src": "'self'",
        "connect-src": "'self'",
        "img-src": "'self'" + images,
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())


def refusal(method: str, headers: Headers, hosts: Hosts) -> tuple[int, str] | None:
    """Why a request is turned away, as status and words; None where it is welcome."""
    if not hosts.allows(headers.get("host")):
        return 421, "This name is not one that the server answers to; start it with --name to add one."
    if method not in _READING and method != "POST":
        return 405, "There is no such method here."
    site = headers.get("sec-fetch-site")
    if method in _READING:
        # A link from elsewhere may be followed; nothing of ours may be embedded or fetched elsewhere.
        followed = headers.get("sec-fetch-mode") == "navigate"
        return None if site in {None, "same-origin", "none"} or followed else (403, "This is no public page.")
    # Browsers send at least one of the two with a POST; Origin is "null" for a form under no-referrer.
    if site is not None:
        own = site == "same-origin"
    else:
        origin = headers.get("origin")
        own = origin is None or origin.partition("://")[2].lower() == (headers.get("host") or "").lower()
    return None if own else (403, "The request came from another page than this server's own.")


class Guard:
    """ASGI middleware that turns requests away, and gives every answer its headers."""

    def __init__(self, app: ASGIApp, *, hosts: Hosts, image_hosts: Sequence[str]) -> None:
        self.app = app
        self.hosts = hosts
        self.headers = {**_ALWAYS, "Content-Security-Policy": content_policy(image_hosts)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self.headers.items():
                    headers[name] = value
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        refused = refusal(scope["method"], Headers(scope=scope), self.hosts)
        app = PlainTextResponse(refused[1], refused[0]) if refused else self.app
        await app(scope, receive, with_headers)
