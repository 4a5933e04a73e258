"""Choosing an engine; what Ray itself does is in test_rayengine.py."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import pytest

import ecomdata as ed
from ecomdata.errors import EcomdataError, UsageError
from tests.conftest import RunCli
from tests.toys import toyshop, write_pages

__all__ = ("toyshop",)


def test_ray_is_an_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it, the message is the line that installs it, before anything is read."""
    monkeypatch.setitem(sys.modules, "ray", None)
    monkeypatch.delitem(sys.modules, "ecomdata.rayengine", raising=False)
    with pytest.raises(EcomdataError, match="needs Ray") as met:
        ed.load("merrec", sample=True, engine="ray")
    assert met.value.hint == "pip install 'ecomdata[ray]'"


def test_an_address_is_one_of_ray() -> None:
    """The local engine would leave it out without a word."""
    with pytest.raises(UsageError, match="Ray cluster") as met:
        ed.load("merrec", sample=True, address="localhost:6379")
    assert "--engine ray" in met.value.hint


def test_an_engine_that_is_none() -> None:
    """The names are in the hint."""
    with pytest.raises(UsageError, match="'spark' is none") as met:
        ed.load("merrec", sample=True, engine="spark")
    assert met.value.hint == "it is one of local, ray"


def test_no_cluster_answers(run_cli: RunCli) -> None:
    """One line at once, where Ray itself would try for minutes."""
    pytest.importorskip("ray", reason="pip install 'ecomdata[ray]' to test the engine ray")
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
    run = run_cli("load", "merrec", "--sample", "--engine", "ray", "--address", address, code=1)
    assert f"no Ray cluster answers at {address}" in run.stderr
    assert "ray start" in run.stderr


@pytest.mark.parametrize(
    ("options", "why"), [({"method": "semantic"}, "one machine"), ({"device": "cuda"}, "processors")]
)
def test_what_ray_does_not_do(options: dict[str, str], why: str, tmp_path: Path) -> None:
    """Vectors and CUDA stay with one machine; it is said before anything is searched."""
    pytest.importorskip("ray", reason="pip install 'ecomdata[ray]' to test the engine ray")
    raw = write_pages(tmp_path)
    ed.load("shop/pages", source=raw)
    with pytest.raises(UsageError, match=why):
        ed.dedup("shop/pages", table="pages", column="page", engine="ray", **options)
