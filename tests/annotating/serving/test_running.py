"""``ecomdata annotate serve`` as a process: where it listens, how it ends, and what outlives a kill."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Generator
from pathlib import Path

import httpx2
import pytest

from ecomdata.annotating.project import Project
from ecomdata.annotating.serving import serve_project
from ecomdata.annotating.serving.timing import bounded, wall_ms
from ecomdata.errors import EcomdataError, UsageError
from tests.annotating.serving.site import STARS, Visitor, make_project
from tests.conftest import ROOT

IPV4_ANY = ".".join("0000")
Start = Callable[..., tuple["subprocess.Popen[str]", str]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project of three items."""
    make_project(tmp_path / "project", STARS, [{"text": "one"}, {"text": "two"}, {"text": "three"}])
    return tmp_path / "project"


@pytest.fixture
def start(folder: Path) -> Generator[Start]:
    """Start the command; gives the process and its first line. What still runs at the end is killed."""
    started: list[subprocess.Popen[str]] = []

    def run(*args: str) -> tuple[subprocess.Popen[str], str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "ecomdata", "annotate", "serve", str(folder), *args],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        started.append(process)
        assert process.stdout
        return process, process.stdout.readline().strip()

    yield run
    for process in started:
        process.kill()
        process.communicate()


def test_a_killed_server_loses_nothing_and_a_second_one_is_refused(folder: Path, start: Start) -> None:
    """A second server is told who serves; after SIGKILL a new one goes on, and nothing counts twice."""
    with Project.open(folder) as project:
        token = project.add_annotator("Amina")
    process, url = start("--port", "0")
    port = url.rsplit(":", 1)[1].strip("/")
    second, _ = start("--port", "0")
    _, words = second.communicate(timeout=60)
    assert second.returncode == 1
    assert f"by process {process.pid} at {url}" in words
    with httpx2.Client(base_url=url, trust_env=False) as client:
        visitor = Visitor(client)
        visitor.enter(token)
        visitor.look()
        fields = visitor.fields(score="4")
        assert visitor.post(fields).status_code == 303
        process.kill()
        process.wait()
        again, line = start("--port", port, "--json")
        assert line == "{"
        assert visitor.post(fields).status_code == 303
        assert "two" in visitor.look()
        again.send_signal(signal.SIGTERM)
        assert again.wait(timeout=30) == 0
    with Project.open(folder) as project:
        assert project.answers()["answer"].to_list() == ['{"score":4}']
    assert not (folder / ".serve.json").exists()


def test_a_project_made_anew_in_the_same_folder_is_another_one(folder: Path, start: Start) -> None:
    """What a browser had not sent yet was stored as the answer to the item of that number in the new one."""
    names: list[str] = []
    for person in ("Amina", "Badr", "Amina"):
        if len(names) == 2:
            shutil.rmtree(folder)
            make_project(folder, STARS, [{"text": "four"}])
        with Project.open(folder) as project:
            token = project.add_annotator(person)
        process, url = start("--port", "0")
        with httpx2.Client(base_url=url, trust_env=False) as client:
            visitor = Visitor(client)
            visitor.enter(token)
            names += re.findall(r'data-who="(.+)\.\d+"', visitor.look())
        process.send_signal(signal.SIGINT)
        process.wait(timeout=30)
    first, again, anew = names
    assert first == again
    assert anew != first


def test_ctrl_c_is_a_clean_end(start: Start) -> None:
    """Ctrl-C ends the command with 0, and a word that all is saved."""
    process, url = start("--port", "0")
    assert url.startswith("http://127.0.0.1:")
    process.send_signal(signal.SIGINT)
    _, words = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "all that was saved is in the project" in words
    assert "Traceback" not in words


def test_a_form_that_does_not_arrive_whole_is_no_failure_of_the_server(start: Start) -> None:
    """Who goes away amid a form, or still sends it at Ctrl-C, left a traceback on the terminal."""
    process, url = start("--port", "0")
    address = httpx2.URL(url)
    assert address.port
    head = f"POST / HTTP/1.1\r\nHost: {address.host}\r\nContent-Length: 1000\r\n\r\nscore="
    with socket.create_connection((address.host, address.port)) as slow:
        slow.sendall(head.encode())
        with socket.create_connection((address.host, address.port)) as gone:
            gone.sendall(head.encode())
        assert httpx2.get(url, trust_env=False).status_code == 401
        process.send_signal(signal.SIGINT)
        _, words = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "all that was saved is in the project" in words
    assert "Traceback" not in words


def test_other_machines_are_let_in_only_when_that_is_meant(folder: Path, start: Start) -> None:
    """An address that others can reach needs --allow-remote; then what that means is said."""
    with pytest.raises(UsageError, match="can be reached from other machines"):
        serve_project(folder, host=IPV4_ANY)
    process, url = start(
        "--host", IPV4_ANY, "--port", "0", "--allow-remote", "--name", "Labels.example.org:8443"
    )
    port = url.rsplit(":", 1)[1].strip("/")
    with httpx2.Client(trust_env=False) as client:
        for host, status in (("labels.example.org", 401), ("192.168.1.2:80", 401), ("evil.example", 421)):
            response = client.get(f"http://127.0.0.1:{port}/", headers={"Host": host})
            assert response.status_code == status
    process.send_signal(signal.SIGINT)
    _, words = process.communicate(timeout=30)
    assert "can be read on the way" in words


def test_the_page_starts_without_heavy_libraries(folder: Path) -> None:
    """To open a project and show its first item takes none of the libraries that need a second to import."""
    code = (
        "import sys; from ecomdata.annotating.project import Project; "
        "from ecomdata.annotating.serving.app import build_app; "
        "from ecomdata.annotating.serving.guards import Hosts; "
        f"project = Project.open({str(folder)!r}); project.next_item(1); "
        "build_app(project, hosts=Hosts(frozenset()), identity='x'); "
        "print({'polars', 'duckdb', 'pyarrow', 'sklearn', 'rich'} & set(sys.modules))"
    )
    with Project.open(folder) as project:
        project.add_annotator("Amina")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, check=True)
    assert done.stdout.strip() == b"set()"


def test_a_port_in_use_is_said(folder: Path) -> None:
    """Another program on the port is no traceback."""
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(UsageError, match="not to be had"):
        serve_project(folder, port=taken.getsockname()[1])


@pytest.mark.parametrize("name", ["https://labels.example.org:8443/", "labels.example.org/", "a b", ""])
def test_a_name_that_no_browser_sends_is_refused(folder: Path, name: str) -> None:
    """An address where a host's name is asked for would never match."""
    with pytest.raises(UsageError, match="is no name of a host"):
        serve_project(folder, port=0, names=[name])


def test_without_images_there_is_nothing_to_load(folder: Path) -> None:
    """--images with a task that shows none is a mistake."""
    with pytest.raises(UsageError, match="shows no images"):
        serve_project(folder, port=0, images=True)


def test_a_missing_extra_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra the error has the line that installs it."""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "uvicorn" else object())
    with pytest.raises(EcomdataError, match="uvicorn") as caught:
        serve_project(folder, port=0)
    assert caught.value.hint == "pip install 'ecomdata[annotate]'"


def test_what_is_no_project_is_not_served(tmp_path: Path) -> None:
    """A folder without a project is said to be none."""
    with pytest.raises(UsageError, match="no annotation project"):
        serve_project(tmp_path, port=0)


def test_time_is_never_negative_nor_more_than_passed() -> None:
    """Whatever the page says and the clock does, the time is between 0 and what passed."""
    assert [bounded(active, 1000) for active in (-5, 0, 700, 5000)] == [0, 0, 700, 1000]
    assert wall_ms("2999-01-01T00:00:00.000+00:00") == 0
    assert json.dumps(wall_ms("2020-01-01T00:00:00.000+00:00")).isdigit()
