"""The application: a few addresses, each of which answers with a page."""

from __future__ import annotations

import secrets
from asyncio import CancelledError
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from ecomdata.annotating.serving.deciding import Decisions
from ecomdata.annotating.serving.forms import LONGEST_BODY, REASONS, FormError, Posted, parse_form
from ecomdata.annotating.serving.guards import Guard, Hosts
from ecomdata.annotating.serving.looks import guidelines_html, stamp_of, static_files, templates
from ecomdata.annotating.serving.sessions import Session, Sessions
from ecomdata.annotating.serving.views import before_view, item_view, options_of, pace, suggestion_view
from ecomdata.annotating.serving.working import act, position_of
from ecomdata.errors import EcomdataError, UsageError

if TYPE_CHECKING:
    from ecomdata.annotating.project import Project

_PART: Final = "x-ecomdata-part"
"""A request with this header is the page's own script's, which takes a page apart and reads plain words."""
_FOR_GOOD: Final = "private, max-age=31536000, immutable"
_SIGNED_OUT: Final = "You are not signed in here. Open your personal link again."
_STALE: Final = "This form is from an earlier visit. Load the page again."

_Work = Callable[[Request, bytes], Response]


class Refused(Exception):  # noqa: N818 - it is an answer
    """A request that gets words and a status instead of what it asked for."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status
        self.words = words


class Pages:
    """The pages of one project. What they do waits for the disk, so each request is worked at in a thread."""

    def __init__(self, project: Project, *, identity: str, image_hosts: Sequence[str]) -> None:
        self.project = project
        self.image_hosts = frozenset(image_hosts)
        self.sessions = Sessions(project, identity)
        self.decisions = Decisions(project)
        self.statics = static_files()
        self.templates = templates()
        task = project.task
        shared: dict[str, Any] = {
            "task": task,
            "options": options_of(task),
            "guidelines": guidelines_html(task.guidelines) if task.guidelines.strip() else "",
            "reasons": REASONS,
            "project": identity,
            "stamp": stamp_of(self.statics),
        }
        self.templates.globals.update(shared)

    def routes(self) -> list[Route]:
        """The addresses."""
        return [
            Route("/", _in_thread(self.item), methods=["GET"]),
            Route("/", _in_thread(self.act), methods=["POST"]),
            Route("/adjudicate", _in_thread(self.disagreement), methods=["GET"]),
            Route("/adjudicate", _in_thread(self.decide), methods=["POST"]),
            Route("/in/{token}", _in_thread(self.enter), methods=["GET"]),
            Route("/out", _in_thread(self.leave), methods=["POST"]),
            Route("/static/{stamp}/{name}", _in_thread(self.static), methods=["GET"]),
        ]

    def enter(self, request: Request, _body: bytes) -> Response:
        """A personal link: give the browser its cookie, and say what there is to do."""
        session = self.sessions.open(request.path_params["token"], request)
        if session is None:
            raise Refused(401, "This link is not known here. Ask for it again.")
        # Not a redirect: a strict cookie does not travel along one that began on another site.
        response = self._page("welcome.html.j2", {"person": session.annotator.name})
        self.sessions.remember(session, response, https=request.url.scheme == "https")
        return response

    def leave(self, request: Request, body: bytes) -> Response:
        """Take the cookie back."""
        self._owned(request, body)
        response = self._page("message.html.j2", {"heading": "Goodbye", "words": "You are signed out."})
        self.sessions.forget(response)
        return response

    def static(self, request: Request, _body: bytes) -> Response:
        """A file of the page."""
        found = self.statics.get(request.path_params["name"])
        if found is None:
            raise Refused(404, "There is nothing here.")
        return Response(found.content, media_type=found.kind, headers={"Cache-Control": _FOR_GOOD})

    def item(self, request: Request, _body: bytes) -> Response:
        """The item that the person is to answer."""
        return self._item(self._session(request))

    def act(self, request: Request, body: bytes) -> Response:
        """Answer, skip or undo; then the next item."""
        session, posted = self._owned(request, body)
        said = _done(lambda: act(self.project, session.annotator.annotator_id, posted))
        return self._item(session, said) if _PART in request.headers else RedirectResponse("/", 303)

    def disagreement(self, request: Request, _body: bytes) -> Response:
        """An item that people answered differently."""
        session = self._session(request)
        _require_adjudicator(session)
        if request.query_params.get("again"):
            return self._disagreement(session, again=True)
        after = request.query_params.get("after", "")
        return self._disagreement(session, after=int(after) if after.isdecimal() and len(after) < 16 else 0)

    def decide(self, request: Request, body: bytes) -> Response:
        """Decide on an item; then the next."""
        session, posted = self._owned(request, body)
        _require_adjudicator(session)
        _done(lambda: self.decisions.decide(session.annotator.annotator_id, posted))
        if _PART in request.headers:
            return self._disagreement(session, said="Decided.")
        return RedirectResponse("/adjudicate", 303)

    def _session(self, request: Request) -> Session:
        session = self.sessions.of(request)
        if session is None:
            raise Refused(401, _SIGNED_OUT)
        return session

    def _owned(self, request: Request, body: bytes) -> tuple[Session, Posted]:
        """The session and the form of a request, where the form was made for the session."""
        if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            raise Refused(415, "Only the page's own forms are read.")
        session = self._session(request)
        try:
            posted = parse_form(body)
        except FormError as error:
            raise Refused(400, str(error)) from error
        if not session.owns(posted.one("form")):
            raise Refused(403, _STALE)
        return session, posted

    def _item(self, session: Session, said: str = "") -> Response:
        at = position_of(self.project, session.annotator.annotator_id)
        context: dict[str, Any] = {
            **_frame(session, said),
            "progress": at.progress,
            "pace": pace(at.progress.seconds),
            "assignment": at.assignment,
        }
        if at.assignment:
            context["item"] = item_view(self.project.task, at.assignment.content, self.image_hosts)
            context["suggestion"] = suggestion_view(self.project.task, at.assignment)
            context["before"] = before_view(at.before)
        return self._page("work.html.j2", context)

    def _disagreement(
        self, session: Session, said: str = "", *, after: int = 0, again: bool = False
    ) -> Response:
        last = self.decisions.last(session.annotator.annotator_id)
        found, left = self.decisions.next(session.annotator.annotator_id, later=after)
        if again and last:
            found = last
        context: dict[str, Any] = {**_frame(session, said), "disagreement": found, "left": left, "last": last}
        if found:
            context["item"] = item_view(self.project.task, found.content, self.image_hosts)
            context["answers"] = list(self.decisions.given(found))
        return self._page("adjudicate.html.j2", context)

    def _page(self, name: str, context: dict[str, Any], status: int = 200) -> HTMLResponse:
        return HTMLResponse(self.templates.get_template(name).render(context), status)

    async def refused(self, request: Request, error: Exception) -> Response:
        """Words instead of a page."""
        status, words = 404, "Nothing is here."
        if isinstance(error, Refused):
            status, words = error.status, error.words
        if _PART in request.headers:
            return PlainTextResponse(words, status)
        heading = {401: "Your link, please", 404: "Nothing here"}.get(status, "That did not work")
        return self._page("message.html.j2", {"heading": heading, "words": words}, status)


def _in_thread(work: _Work) -> Callable[[Request], Any]:
    async def endpoint(request: Request) -> Response:
        try:
            body = await request.body()
        except (ClientDisconnect, CancelledError):
            # Its sender went away, or was so slow that the server's end came first: that is no failure here.
            return Response(status_code=503)
        return await run_in_threadpool(work, request, body)

    return endpoint


def _frame(session: Session, said: str) -> dict[str, Any]:
    """What every page of a signed-in person is given."""
    return {
        "person": session.annotator.name,
        "annotator": session.annotator.annotator_id,
        "adjudicator": session.annotator.adjudicator,
        "form": session.form,
        "key": secrets.token_urlsafe(18),
        "said": said,
    }


def _done(deed: Callable[[], str | None]) -> str:
    """What a deed says, or why it is refused.

    Raises:
        Refused: 422 for a form that can be mended, 409 for what cannot be done any more, and 503 for a
            project that cannot be written now; with 503 the page keeps the form and tries again.
    """
    try:
        return deed() or ""
    except FormError as error:
        raise Refused(422, str(error)) from error
    except UsageError as error:
        raise Refused(409, f"{str(error)[:1].upper()}{str(error)[1:]}.") from error
    except EcomdataError as error:
        raise Refused(503, str(error)) from error


def _require_adjudicator(session: Session) -> None:
    if not session.annotator.adjudicator:
        raise Refused(403, "Only an adjudicator decides where people disagree.")


def build_app(project: Project, *, hosts: Hosts, identity: str, image_hosts: Sequence[str] = ()) -> Starlette:
    """The application for one project.

    Args:
        project: The project; the application uses it from several threads.
        hosts: The names it answers to.
        identity: A short name of the project, for its cookie.
        image_hosts: Hosts that images may be loaded from; none where images are not shown.
    """
    pages = Pages(project, identity=identity, image_hosts=image_hosts)
    return Starlette(
        routes=pages.routes(),
        middleware=[Middleware(Guard, hosts=hosts, image_hosts=image_hosts)],
        exception_handlers={Refused: pages.refused, 404: pages.refused, 405: pages.refused},
        max_body_size=LONGEST_BODY,
    )
