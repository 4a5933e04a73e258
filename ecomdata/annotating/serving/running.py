"""Running the page: its address, its lock, and its end."""

from __future__ import annotations

import hashlib
import signal
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ecomdata.errors import EcomdataError, UsageError

if TYPE_CHECKING:
    import uvicorn
    from starlette.applications import Starlette

    from ecomdata.annotating.project import Project
    from ecomdata.annotating.serving.guards import Hosts

PORT: Final = 8765
"""The port where none is given."""
_KEEP_ALIVE: Final = 75
"""Seconds that a browser's connection waits for the next answer."""
_MOST_CONNECTIONS: Final = 1000
_INSTALL: Final = "pip install 'ecomdata[annotate]'"


@dataclass(frozen=True, slots=True)
class Address:
    """Where the page is: its URL, and whether others than this machine can reach it."""

    url: str
    remote: bool


def serve_project(
    folder: str | Path,
    *,
    host: str = "127.0.0.1",
    port: int = PORT,
    allow_remote: bool = False,
    names: Sequence[str] = (),
    images: bool = False,
    images_from: Sequence[str] = (),
    on_start: Callable[[Address], None] = lambda _: None,
) -> None:
    """Serve a project's page until the process is told to end (Ctrl-C, or SIGTERM).

    Args:
        folder: The project.
        host: The address to listen on.
        port: The port; 0 for any that is free.
        allow_remote: Whether an address that other machines can reach is meant.
        names: Further names under which browsers reach the server, such as a proxy's.
        images: Whether images may be loaded from the hosts that the pool names.
        images_from: Hosts that images may be loaded from, in place of all that the pool names.
        on_start: Told the address as soon as the server listens there.

    Raises:
        UsageError: there is no project, the address is not to be had, remote access was not allowed, or a
            name is none.
        EcomdataError: another process serves the project, or the extra is not installed.
    """
    from ecomdata.annotating.project import Project

    _require_extra()
    from ecomdata.annotating.serving.guards import LOOPBACK
    from ecomdata.annotating.serving.holding import held, say_who

    remote = host not in LOOPBACK
    if remote and not allow_remote:
        raise UsageError(
            f"{host} can be reached from other machines",
            hint="--allow-remote says that this is meant; without TLS anyone on the way can read along",
        )
    known = _hosts(host, names, remote=remote)
    with Project.open(folder) as project, held(Path(folder)), _listening(host, port) as listener:
        shown = f"[{host}]" if ":" in host else host
        address = Address(f"http://{shown}:{listener.getsockname()[1]}/", remote)
        say_who(Path(folder), address.url)
        hosts = _image_hosts(project, images_from) if images or images_from else ()
        _run(project, listener, known, hosts, lambda: on_start(address))


def _require_extra() -> None:
    from importlib.util import find_spec

    missing = [name for name in ("starlette", "uvicorn") if find_spec(name) is None]
    if missing:
        raise EcomdataError(f"the page needs {' and '.join(missing)}", hint=_INSTALL)


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except (OSError, OverflowError) as error:
        listener.close()
        raise UsageError(
            f"{host}:{port} is not to be had: {error}", hint="choose another with --port, or --port 0 for any"
        ) from error
    return listener


def _hosts(host: str, names: Sequence[str], *, remote: bool) -> Hosts:
    from ecomdata.annotating.serving.guards import LOOPBACK, Hosts, name_of

    own = {host, *LOOPBACK}
    for name in names:
        known = name_of(name) or name_of(f"[{name}]")
        if known is None:
            raise UsageError(
                f"{name!r} is no name of a host",
                hint="such as labels.example.org, without https:// or a path",
            )
        own.add(known)
    if remote:
        own |= {socket.gethostname(), socket.getfqdn()}
    return Hosts(frozenset(name.lower() for name in own), addresses=remote)


def _image_hosts(project: Project, chosen: Sequence[str]) -> tuple[str, ...]:
    """The hosts to load images from: those chosen, else all that the pool names."""
    from ecomdata.annotating.serving.images import image_hosts, named_hosts

    column = project.task.images
    if not column:
        raise UsageError(f"the task {project.task.name} shows no images", hint="leave --images out")
    return named_hosts(chosen) if chosen else image_hosts(column, project.contents())


def configured(app: Starlette) -> uvicorn.Config:
    """How the server runs an application."""
    import uvicorn

    return uvicorn.Config(
        app,
        log_config=None,
        access_log=False,  # addresses hold tokens
        server_header=False,
        lifespan="off",
        ws="none",
        timeout_keep_alive=_KEEP_ALIVE,
        timeout_graceful_shutdown=5,
        limit_concurrency=_MOST_CONNECTIONS,
    )


def _run(
    project: Project,
    listener: socket.socket,
    hosts: Hosts,
    image_hosts: Sequence[str],
    on_start: Callable[[], None],
) -> None:
    import uvicorn

    from ecomdata.annotating.serving.app import build_app

    # By this name browsers keep what is not sent yet: a project made anew in the same folder is another one.
    named = f"{project.folder.resolve()}\n{project.meta.get('created', '')}"
    identity = hashlib.sha256(named.encode()).hexdigest()[:12]

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            on_start()

    server = Server(configured(build_app(project, hosts=hosts, identity=identity, image_hosts=image_hosts)))
    # uvicorn ends in peace, and then raises the signal again; this is the end that was asked for.
    before = {number: signal.signal(number, _heard) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        server.run(sockets=[listener])
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _heard(_number: int, _frame: object) -> None:
    """The signal was for the server, which has ended."""
