"""A real server on this machine that speaks as OpenAI's chat completions do, or as a test likes."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


@dataclass(frozen=True)
class Answer:
    """What the server sends."""

    body: bytes
    status: int = 200
    kind: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    hang: bool = False


@dataclass(frozen=True)
class Call:
    """A request: what the model was told, when, and the headers it came with."""

    body: dict[str, Any]
    at: float
    headers: dict[str, str]

    @property
    def item(self) -> dict[str, Any]:
        """The item that was asked about."""
        value: dict[str, Any] = json.loads(self.body["messages"][1]["content"])
        return value


Behaviour = Callable[[Call], Answer]


def says(content: object, *, finish: str = "stop", usage: object = (100, 7), **options: Any) -> Answer:
    """A chat completion with this content: a text, or a value that is sent as JSON.

    ``usage`` are tokens sent and received, or what stands in their place.
    """
    text = content if isinstance(content, str) else json.dumps(content)
    value: dict[str, Any] = {
        "id": "c1",
        "object": "chat.completion",
        "created": 0,
        "model": "toy",
        "choices": [{"index": 0, "finish_reason": finish, "message": {"role": "assistant", "content": text}}],
    }
    if isinstance(usage, tuple):
        sent, received = usage
        value["usage"] = {
            "prompt_tokens": sent,
            "completion_tokens": received,
            "total_tokens": sent + received,
        }
    elif usage is not None:
        value["usage"] = usage
    return Answer(json.dumps(value).encode(), **options)


def fails(status: int, **options: Any) -> Answer:
    """An error as such endpoints send it."""
    return Answer(
        json.dumps({"error": {"message": f"error {status}", "code": None}}).encode(), status, **options
    )


class Endpoint:
    """The server; ``behaviour`` may be changed at any time, ``calls`` are the requests so far."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.behaviour = behaviour
        self.calls: list[Call] = []
        self.most_at_once = 0
        self._at_once = 0
        self._lock = threading.Lock()
        self._ended = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                outer.answer(self)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        """Answer one request."""
        body = json.loads(handler.rfile.read(int(handler.headers["Content-Length"])))
        call = Call(body, time.monotonic(), {name.lower(): value for name, value in handler.headers.items()})
        with self._lock:
            self.calls.append(call)
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        answer = self.behaviour(call)
        time.sleep(answer.delay)
        with self._lock:
            self._at_once -= 1
        if answer.hang:
            self._ended.wait()
            return
        handler.send_response(answer.status)
        handler.send_header("Content-Type", answer.kind)
        handler.send_header("Content-Length", str(len(answer.body)))
        for name, value in answer.headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(answer.body)

    def __enter__(self) -> Self:
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        ).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._server.shutdown()
        self._server.server_close()
