"""The token goes to the Hub and to no other server, wherever the Hub's answers point."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

import ecomdata as ed
from ecomdata.sources.hub_calls import hooked
from tests.hub.conftest import Publish
from tests.hub.server import Hub
from tests.hub.writing import TOKEN
from tests.loopback import Answer, Change, Loopback, Request


class _Other(Loopback):
    """A server that takes what it gets, and lists nothing."""

    def answer(self, request: Request) -> Answer:
        """An empty list, or no problem with an upload."""
        return Answer(200, {"Content-Type": "application/json"}, b"[]" if request.method == "GET" else b"{}")


@pytest.fixture
def other() -> Iterator[_Other]:
    """The other server."""
    with _Other() as server:
        yield server


def _next_page(url: str) -> Change:
    return Change(lambda right: replace(right, headers={**right.headers, "Link": f'<{url}/x>; rel="next"'}))


def test_the_next_page_of_a_listing(hub: Hub, publish: Publish, other: _Other) -> None:
    """It is asked for without the token where it is on another server, and with it on the same."""
    publish(card_only=True)
    hub.requests.clear()
    hub.fail(_next_page(other.url), path="/tree/")
    assert ed.verify("hf://datasets/acme/merrec").files == 0
    assert [request.headers.get("authorization") for request in other.requests] == [None]
    assert {hub.token(request) for request in hub.requests} == {TOKEN}
    hub.page = 2
    try:
        ed.verify("hf://datasets/acme/merrec")
    finally:
        hub.page = 1000
    assert {hub.token(request) for request in hub.asked("GET", "/tree/")} == {TOKEN}


def test_the_check_of_an_upload(hub: Hub, publish: Publish, other: _Other) -> None:
    """The address that the Hub gives for it may be anybody's."""

    def elsewhere(right: Answer) -> Answer:
        there = f'"verify": {{"href": "{hub.url}'.encode()
        return replace(
            right, body=right.body.replace(there, there.replace(hub.url.encode(), other.url.encode()))
        )

    hub.fail(Change(elsewhere), method="POST", path="/objects/batch")
    publish(card_only=True)
    assert other.requests
    assert not [request for request in other.requests if "authorization" in request.headers]


@pytest.mark.parametrize("url", ["http://[::1", "http://x:y"])
def test_addresses_that_are_none(hub: Hub, publish: Publish, url: str) -> None:
    """Of the Hub, or in an answer of it: an error that says so."""
    with pytest.raises(ed.EcomdataError, match="does not answer as the Hub does: InvalidURL"):
        publish(endpoint=url)
    with pytest.raises(ed.EcomdataError, match="does not answer as the Hub does: InvalidURL"):
        ed.verify("hf://datasets/acme/merrec", endpoint=url)
    publish(card_only=True)
    hub.fail(_next_page(url), path="/tree/")
    with pytest.raises(ed.EcomdataError, match="does not answer as the Hub does: InvalidURL"):
        publish()


def test_hooks_of_several_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who asks the Hub from threads at once loses no guard of the token, and keeps none of the others'."""

    class Client:
        def __init__(self) -> None:
            self._hooks: dict[str, list[object]] = {"request": [], "response": []}

        @property
        def event_hooks(self) -> dict[str, list[object]]:
            now = self._hooks
            time.sleep(0.005)  # another thread has its turn
            return now

        @event_hooks.setter
        def event_hooks(self, value: dict[str, list[object]]) -> None:
            self._hooks = value

    client, there = Client(), threading.Barrier(4)
    monkeypatch.setattr("ecomdata.sources.hub_calls.get_session", lambda: client)

    def ask(number: int) -> int:
        del number
        with hooked("request", lambda _request: None):
            there.wait(10)
            seen = len(client.event_hooks["request"])
            there.wait(10)
        return seen

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(ask, range(4))) == [4] * 4
    assert client.event_hooks == {"request": [], "response": []}
