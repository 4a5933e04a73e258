"""HTTP servers on this machine: real sockets, with faults on demand."""

from __future__ import annotations

import hashlib
import re
import socket
import struct
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self
from urllib.parse import parse_qs, unquote, urlsplit

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
_REMEMBERED = 1 << 20
"""Bytes of a request's body above which it is not kept."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asked; header names are in lower case."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What it gets.

    Attributes:
        status: The status code.
        headers: Headers besides the length.
        body: The bytes.
        announce: The Content-Length, when it is a lie; -1 for none at all (a chunked body).
        reset_after: Bytes of the body after which the connection is reset.
        stall_after: Bytes of the body after which nothing more comes.
        delay: Seconds before the answer begins.
        lost: Whether the connection is reset instead, after the request was carried out.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: bytes = b""
    announce: int | None = None
    reset_after: int | None = None
    stall_after: int | None = None
    delay: float = 0.0
    lost: bool = False


@dataclass(frozen=True, slots=True)
class Cut:
    """A connection that is reset when so many bytes of the request's body have come."""

    after: int


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of an answer, and whether the request is carried out at all."""

    of: Callable[[Answer], Answer]
    happens: bool = True


def instead(status: int, body: bytes = b"", **headers: str) -> Change:
    """Another answer in place of the regular one; ``retry_after="1"`` is the header Retry-After."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Change(lambda _: Answer(status, named, body), happens=False)


def but(**changes: object) -> Change:
    """The regular answer with some parts changed; what was asked for does happen."""
    return Change(lambda answer: replace(answer, **changes))


def ranged(content: bytes, request: Request, etag: str, headers: Mapping[str, str]) -> Answer:
    """A file, or the part of it that Range asks for when If-Range still holds."""
    told = {"Accept-Ranges": "bytes", "ETag": etag, **headers}
    match = re.fullmatch(r"bytes=(\d+)-(\d*)", request.headers.get("range", ""))
    if not match or request.headers.get("if-range", etag) != etag:
        return Answer(200, told, content)
    start, end = int(match[1]), min(int(match[2] or len(content)), len(content) - 1)
    if start >= len(content):
        return Answer(416, {**told, "Content-Range": f"bytes */{len(content)}"})
    told["Content-Range"] = f"bytes {start}-{end}/{len(content)}"
    return Answer(206, told, content[start : end + 1])


class Loopback:
    """A server on a free port of this machine, for a ``with`` block.

    Attributes:
        requests: What was asked, in order; without large bodies.
    """

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self._faults: list[tuple[str, str, Change | Cut]] = []
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.owner = self
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def answer(self, request: Request) -> Answer:
        """The regular answer."""
        raise NotImplementedError

    def fail(self, change: Change | Cut, *, method: str = "GET", path: str = "", times: int = 1) -> None:
        """Change the next answers to this method for paths that contain ``path``, or cut the requests."""
        self._faults += [(method, path, change)] * times

    @property
    def faulty(self) -> bool:
        """Whether some fault has not come yet."""
        return bool(self._faults)

    def calm(self) -> None:
        """Forget the faults that have not come yet."""
        self._faults.clear()

    def asked(self, method: str, path: str = "") -> list[Request]:
        """The requests with this method for paths that contain ``path``."""
        return [one for one in self.requests if one.method == method and path in one.path]

    def respond(self, request: Request) -> Answer:
        """The regular answer, or what the next fault makes of it."""
        with self._lock:
            # Uploads of benchmarks would fill the memory.
            small = len(request.body) <= _REMEMBERED
            self.requests.append(request if small else replace(request, body=b""))
            change = self._next_fault(request.method, request.path, cuts=False)
        if change is None:
            return self.answer(request)
        assert isinstance(change, Change)
        return change.of(self.answer(request) if change.happens else Answer())

    def cut(self, method: str, path: str) -> Cut | None:
        """How much of this request's body to read before the connection is reset, if it is to be."""
        with self._lock:
            found = self._next_fault(method, path, cuts=True)
        return found if isinstance(found, Cut) else None

    def _next_fault(self, method: str, path: str, *, cuts: bool) -> Change | Cut | None:
        for fault in self._faults:
            if fault[0] == method and fault[1] in path and isinstance(fault[2], Cut) is cuts:
                self._faults.remove(fault)
                return fault[2]
        return None

    def stall(self) -> None:
        """Wait until the server is taken down."""
        self.pause(60)

    def pause(self, seconds: float) -> None:
        """Wait so long, or until the server is taken down."""
        self._closing.wait(seconds)

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@dataclass(slots=True)
class Hosted:
    """A file on a :class:`Site`."""

    content: bytes
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    ranges: bool = True

    @property
    def etag(self) -> str:
        """A strong ETag: equal for equal bytes."""
        return f'"{hashlib.sha256(self.content).hexdigest()[:16]}"'


class Site(Loopback):
    """A web server with a few files."""

    def __init__(self) -> None:
        super().__init__()
        self.files: dict[str, Hosted] = {}

    def put(self, path: str, content: bytes, *, ranges: bool = True, **headers: str) -> str:
        """Host a file; returns its address."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.files[path] = Hosted(content, named, ranges)
        return self.url + path

    def answer(self, request: Request) -> Answer:
        """The file, or 404."""
        file = self.files.get(request.path)
        if file is None:
            return Answer(404, {"Content-Type": "text/plain"}, b"not here")
        if not file.ranges:
            return Answer(200, file.headers, file.content)
        return ranged(file.content, request, file.etag, file.headers)


class _Server(ThreadingHTTPServer):
    owner: Loopback
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else every answer waits for the client to acknowledge its headers
    server: _Server

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        path = unquote(parts.path)
        if cut := self.server.owner.cut(self.command, path):
            self.rfile.read(cut.after)
            self._reset()
            return
        request = Request(
            method=self.command,
            path=path,
            query=parse_qs(parts.query, keep_blank_values=True),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self._body(),
        )
        self._send(self.server.owner.respond(request))

    def _body(self) -> bytes:
        if self.headers.get("transfer-encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("content-length", 0)))
        pieces: list[bytes] = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            pieces.append(self.rfile.read(size))
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass  # trailers
        return b"".join(pieces)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815 - http.server's names

    def _send(self, answer: Answer) -> None:
        if answer.delay:
            self.server.owner.pause(answer.delay)
        if answer.lost:
            self._reset()
            return
        self.send_response_only(answer.status)
        if "Date" not in answer.headers:
            self.send_header("Date", self.date_time_string())
        for name, value in answer.headers.items():
            self.send_header(name, value)
        size = len(answer.body) if answer.announce is None else answer.announce
        self.send_header(*(("Content-Length", str(size)) if size >= 0 else ("Transfer-Encoding", "chunked")))
        if answer.announce is not None:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command == "HEAD":
            return
        self._send_body(answer, chunked=size < 0)

    def _send_body(self, answer: Answer, *, chunked: bool) -> None:
        stops = [stop for stop in (answer.reset_after, answer.stall_after) if stop is not None]
        body = answer.body[: min(stops)] if stops else answer.body
        if chunked:
            body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body) if body else b"0\r\n\r\n"
        self.wfile.write(body)
        self.wfile.flush()
        if answer.stall_after is not None:
            self.server.owner.stall()
        if answer.reset_after is not None:
            self._reset()
        elif stops:
            self.close_connection = True
            self.connection.close()

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self.close_connection = True
        self.connection.close()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Tests read :attr:`Loopback.requests` instead."""
