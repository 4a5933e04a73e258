"""Who is asking: a person's link is opened once, and a cookie remembers it.

Nothing is kept in the server, so a restart signs nobody out. The cookie is the person's token and a number
drawn for the browser; the token that forms carry is made of both (the signed double-submit pattern of OWASP).
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from ecomdata.annotating.project import Project
    from ecomdata.annotating.records import Annotator

_DAYS: Final = 30
_LONGEST: Final = 256


@dataclass(frozen=True, slots=True)
class Session:
    """One browser of one person.

    Attributes:
        annotator: The person.
        cookie: What the browser holds.
        form: What each of its forms must carry.
    """

    annotator: Annotator
    cookie: str
    form: str

    def owns(self, form: str) -> bool:
        """Whether a form was made for this browser; in constant time."""
        return hmac.compare_digest(self.form.encode(), form.encode("utf-8", "surrogatepass"))


class Sessions:
    """The sessions of one project. The cookie's name is the project's own, since ports share cookies."""

    def __init__(self, project: Project, identity: str) -> None:
        self._project = project
        self.cookie_name = f"ecomdata_{identity}"

    def open(self, token: str, request: Request) -> Session | None:
        """A session for the token of a link; the one that the browser has, where it is the same person's."""
        held = self.of(request)
        if held and held.cookie.partition(".")[0] == token:
            return held
        return self._session(f"{token}.{secrets.token_urlsafe(16)}")

    def of(self, request: Request) -> Session | None:
        """The session of a request; None without a cookie, or with one that was never given."""
        return self._session(request.cookies.get(self.cookie_name, ""))

    def remember(self, session: Session, response: Response, *, https: bool) -> None:
        """Give the browser its cookie: for this server alone, out of scripts' reach."""
        response.set_cookie(
            self.cookie_name,
            session.cookie,
            max_age=_DAYS * 24 * 3600,
            httponly=True,
            samesite="strict",
            secure=https,
        )

    def forget(self, response: Response) -> None:
        """Take the cookie back."""
        response.delete_cookie(self.cookie_name, httponly=True, samesite="strict")

    def _session(self, cookie: str) -> Session | None:
        token, dot, number = cookie.partition(".")
        if not (token and dot and number) or len(cookie) > _LONGEST or not cookie.isascii():
            return None
        annotator = self._project.annotator_by_token(token)
        if annotator is None:
            return None
        form = hmac.new(token.encode(), b"form:" + number.encode(), hashlib.sha256).hexdigest()
        return Session(annotator, cookie, form)
