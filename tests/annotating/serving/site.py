"""A project and its page over real HTTP, for the tests of the page."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from typing import Any

import httpx2
import uvicorn

from ecomdata.annotating.pool import Pool, PoolItem
from ecomdata.annotating.project import Project
from ecomdata.annotating.records import Suggestion
from ecomdata.annotating.serving.app import build_app
from ecomdata.annotating.serving.guards import LOOPBACK, Hosts
from ecomdata.annotating.serving.running import configured
from ecomdata.annotating.settings import Settings
from ecomdata.annotating.taskfile import task_of

_IN_ORDER = 257
"""A seed that deals out the first five items in their order."""

SENTIMENT: dict[str, Any] = {
    "name": "mood",
    "title": "Mood",
    "question": "What does the writer think?",
    "kind": "labels",
    "guidelines": "Judge the **product**.",
    "labels": [
        {"key": "good"},
        {"key": "bad", "description": "Not content."},
        {"key": "none", "hotkey": "n"},
    ],
    "fields": [{"column": "text", "title": "Review"}],
}
LANGUAGES: dict[str, Any] = {**SENTIMENT, "name": "languages", "multiple": True}
STARS: dict[str, Any] = {
    "name": "stars",
    "question": "How helpful?",
    "kind": "score",
    "score": {"low": 1, "high": 5},
    "fields": [{"column": "text"}, {"column": "rating", "kind": "number"}],
}
PAIR: dict[str, Any] = {
    **STARS,
    "name": "pair",
    "score": {"low": 0, "high": 2, "steps": ["no", "nearly", "same"]},
    "fields": [{"column": "one"}, {"column": "two"}],
}
ATTRIBUTES: dict[str, Any] = {
    "name": "attributes",
    "question": "Mark the attributes.",
    "kind": "spans",
    "labels": [{"key": "brand"}, {"key": "size"}],
    "fields": [{"column": "text"}],
}


def make_project(
    folder: Path,
    task: Mapping[str, Any] = SENTIMENT,
    contents: Sequence[Mapping[str, Any]] = ({"text": "Good."}, {"text": "Bad."}, {"text": "Well."}),
    *,
    suggested: Mapping[int, Mapping[str, Any]] | None = None,
    **settings: Any,
) -> None:
    """A project whose items are asked in their order, with suggestions by item, all of them shown."""
    pool = Pool(items=iter([PoolItem(row, content) for row, content in enumerate(contents)]))
    chosen = Settings(**{"blind_share": 0.0, "gold_share": 0.0, **settings})
    project = Project.create(
        folder, task=task_of(task, where="here"), pool=pool, settings=chosen, seed=_IN_ORDER
    )
    with project:
        project.add_suggestions(
            [
                Suggestion(
                    item_id=item, source="embedded", model="tiny", round=1, answer=answer, confidence=0.75
                )
                for item, answer in (suggested or {}).items()
            ]
        )


@dataclass
class Visitor:
    """A person's browser, without a browser: it keeps the cookie and fills in forms."""

    client: httpx2.Client
    html: str = ""

    def enter(self, token: str) -> httpx2.Response:
        """Open a personal link."""
        return self.client.get(f"/in/{token}")

    def look(self) -> str:
        """Load the page."""
        self.html = self.client.get("/").text
        return self.html

    def hidden(self, name: str) -> str:
        """The value of a hidden field of the form."""
        found = re.search(rf'name="{name}" value="([^"]*)"', self.html)
        assert found, f"the page has no field {name}:\n{self.html}"
        return unescape(found[1])

    def fields(self, **more: Any) -> dict[str, Any]:
        """The form as it stands, filled in with more."""
        form = {name: self.hidden(name) for name in ("form", "key")}
        if 'name="assignment"' in self.html:
            form |= {name: self.hidden(name) for name in ("assignment", "active")}
        return {"do": "answer", **form, **more}

    def post(self, fields: Mapping[str, Any], **headers: str) -> httpx2.Response:
        """Send a form."""
        return self.client.post("/", data=dict(fields), headers=headers)

    def act(self, **more: Any) -> httpx2.Response:
        """Fill in the form, send it as the page's script does, and look at what comes."""
        response = self.post(self.fields(**more), **{"X-Ecomdata-Part": "1"})
        if response.status_code == 200:
            self.html = response.text
        return response


@dataclass
class Site:
    """A project that is being served."""

    folder: Path
    url: str
    project: Project
    clients: list[httpx2.Client] = field(default_factory=list[httpx2.Client])

    def visitor(self, name: str | None = None) -> Visitor:
        """A browser; signed in where a name is given, which is added to the project."""
        client = httpx2.Client(base_url=self.url, trust_env=False)
        self.clients.append(client)
        visitor = Visitor(client)
        if name:
            assert visitor.enter(self.project.add_annotator(name)).status_code == 200
            visitor.look()
        return visitor

    def events(self, kind: str) -> list[dict[str, Any]]:
        """The events of a kind, with their payloads as JSON."""
        return [event for event in self.project.events().to_dicts() if event["kind"] == kind]


@contextmanager
def served(folder: Path, *, image_hosts: Sequence[str] = ()) -> Generator[Site]:
    """Serve a project in a thread, on a free port of this machine."""
    with Project.open(folder) as project, socket.create_server(("127.0.0.1", 0)) as listener:
        app = build_app(project, hosts=Hosts(LOOPBACK), identity="test", image_hosts=image_hosts)
        server = uvicorn.Server(configured(app))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        while not server.started:
            time.sleep(0.005)
        site = Site(folder, f"http://127.0.0.1:{listener.getsockname()[1]}/", project)
        try:
            yield site
        finally:
            for client in site.clients:
                client.close()
            server.should_exit = True
            thread.join()
