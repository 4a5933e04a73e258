"""Download servers that break off, lie, or answer with something else."""

from __future__ import annotations

import hashlib
import os
import random
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Protocol

from ecomdata.errors import EcomdataError
from ecomdata.sources import Plan, hub_client
from ecomdata.sources.hub import plan_hub
from ecomdata.sources.matching import Selection
from ecomdata.sources.recognise import reject_imposters
from ecomdata.sources.web import plan_http
from tests.campaigns.serverfaults import FAULTS, Fault, Served, files
from tests.campaigns.trials import Scale, Trial
from tests.hub.server import Hub
from tests.loopback import Loopback, Site
from tests.sources.toys import HASTY, dataset

NAME = "servers"
PROMISE = (
    "No wrong byte is taken for data, the message names the cause, and the same command succeeds when the "
    "server does, going on where it stopped."
)
ROUNDS: Final = {"short": 1, "full": 2}
"""How often each fault is tried at each kind of source."""
_FILE: Final = "clicks.csv"
_PATIENCE: Final = replace(HASTY, attempts=3, stall=0.5)


class Place(Protocol):
    """A kind of remote source.

    Attributes:
        name: What it is called.
        server: Where its file is.
        url: The file's address.
        hashed: Whether the file's hash is known before it comes.
    """

    name: str
    server: Loopback
    url: str
    hashed: bool

    def put(self, body: bytes) -> None:
        """Have this file there from now on."""
        ...

    def plan(self, home: Path) -> Plan:
        """What ``load`` would download."""
        ...


@dataclass
class Web:
    """A web server, where the declaration knows the file's hash or does not."""

    server: Site
    hashed: bool

    def __post_init__(self) -> None:
        self.name = "http, hash known" if self.hashed else "http"
        self.url = f"{self.server.url}/{_FILE}"
        self._known: dict[str, str] = {}

    def put(self, body: bytes) -> None:
        """Under the same address."""
        self.server.put(f"/{_FILE}", body)
        if self.hashed and not self._known:
            self._known = {_FILE: hashlib.sha256(body).hexdigest()}

    def plan(self, home: Path) -> Plan:
        """Asks for name and size."""
        made = dataset()
        return plan_http(made, self.url, Selection.of(made), home, sha256=self._known, patience=_PATIENCE)


@dataclass
class OfHub:
    """The Hub, which lists a hash with each file."""

    server: Hub
    name: str = "hub"
    hashed: bool = True

    def __post_init__(self) -> None:
        self.url = ""
        self._commit = ""

    def put(self, body: bytes) -> None:
        """As a new commit; who has planned already gets the old one."""
        repo = self.server.repos.get("acme/toy") or self.server.repo("acme/toy", {})
        repo.commit({_FILE: body})
        self._commit = repo.branches["main"]
        self.url = f"{self.server.url}/datasets/acme/toy/resolve/{self._commit}/{_FILE}"

    def plan(self, home: Path) -> Plan:
        """Asks for the listing."""
        made = dataset()
        address = f"hf://datasets/acme/toy@{self._commit}"
        return plan_hub(made, address, Selection.of(made), home)


def trials(folder: Path, rng: random.Random, scale: Scale) -> Iterator[Trial]:
    """Every fault at every kind of source, or at one of them, at places of chance."""
    with _hasty():
        for number in range(ROUNDS[scale]):
            for name, fault in FAULTS.items():
                with Site() as one, Site() as two, Hub() as hub:
                    os.environ["HF_ENDPOINT"] = hub.url
                    every = (Web(one, hashed=False), Web(two, hashed=True), OfHub(hub))
                    fit = [place for place in every if _fits(fault, place)]
                    for place in fit if scale == "full" else [rng.choice(fit)]:
                        home = folder / f"{number}-{place.name}-{name}".replace(" ", "-")
                        wrong, said = _tried(place, fault, home, rng)
                        yield Trial(NAME, place.name, name, held=not wrong, detail=wrong or said)


def _fits(fault: Fault, place: Place) -> bool:
    """Whether anybody could tell, and whether the source asks for it at all."""
    return not ((fault.needs_hash and not place.hashed) or (fault.head and isinstance(place, OfHub)))


@contextmanager
def _hasty() -> Generator[None]:
    """Wait little between tries, and leave the environment as it was."""
    before, patience = os.environ.get("HF_ENDPOINT"), hub_client.PATIENCE
    hub_client.PATIENCE = _PATIENCE
    try:
        yield
    finally:
        hub_client.PATIENCE = patience
        if before is None:
            os.environ.pop("HF_ENDPOINT", None)
        else:
            os.environ["HF_ENDPOINT"] = before


def _tried(place: Place, fault: Fault, home: Path, rng: random.Random) -> tuple[str, str]:
    """What is wrong after a fault, and what was said of it."""
    body, other = files(rng)
    place.put(body)
    served = Served(body, other, place.url, rng.randrange(1, len(body)), lambda: place.put(other))
    for change in fault.changes(served):
        place.server.fail(change, method="HEAD" if fault.head else "GET", path=_FILE)
    right = {body, other} if fault.switches and place.name == "http" else {body}
    said = _downloaded(place, home, right)
    wrong = said.removeprefix(_WRONG) if said.startswith(_WRONG) else _misnamed(said, fault, place)
    if wrong:
        return wrong, said
    kept = sum(path.stat().st_size for path in home.rglob("*.part"))
    place.server.calm()
    if place.hashed and fault.switches:
        place.put(body)  # upstream has put it back
    place.server.requests.clear()
    again = _downloaded(place, home, right)
    if again:
        return f"again: {again}", said
    asked = place.server.asked("GET", _FILE)
    if said and kept and asked[0].headers.get("range") != f"bytes={kept}-":
        return f"{kept:,} bytes that had come were not used", said
    return "", said


_WRONG: Final = "wrong: "


def _downloaded(place: Place, home: Path, right: set[bytes]) -> str:
    """The error and its hint, or nothing where the file came; what is wrong with it is marked as such."""
    said, target = "", None
    try:
        (file,) = place.plan(home).files
        target = file.container
        file.fetch()
        reject_imposters(file)
    except EcomdataError as error:
        said = f"error: {error} hint: {error.hint}" if error.hint else f"{_WRONG}no hint: {error}"
    if target is not None and target.exists() and target.read_bytes() not in right:
        return f"{_WRONG}bytes that are not the file's were taken"
    return said


def _misnamed(said: str, fault: Fault, place: Place) -> str:
    """What is wrong with a message: it names another cause, or there should be none."""
    if not said or (fault.switches and place.hashed and any(word in said for word in ("hash", "sha256"))):
        return ""
    if not fault.words:
        return f"it did not get over it: {said}"
    return "" if any(word in said for word in fault.words) else f"the cause is not named: {said}"
