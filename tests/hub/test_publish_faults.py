"""Publishing while the server fails in every way it can: it ends complete, or says exactly what is missing.

Whatever happened, running the same command again sends only what is missing, and no commit shows a card
without its data.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import ecomdata as ed
from tests.conftest import ROOT
from tests.hub.conftest import Publish, shown_whole
from tests.hub.repo import Repo
from tests.hub.server import Hub
from tests.loopback import Answer, Change, Cut, but, instead


def _saying(**values: object) -> Change:
    """The regular answer with other values in its object."""
    return Change(
        lambda right: replace(right, body=json.dumps({**json.loads(right.body), **values}).encode())
    )


RATE = '"api";r=0;t=21'
PASSING: dict[str, tuple[str, str, int, Change | Cut]] = {
    "429 with Retry-After on an upload": ("PUT", "/lfs/", 2, instead(429, retry_after="17")),
    "429 with rate limit headers on an upload": ("PUT", "/lfs/", 1, instead(429, ratelimit=RATE)),
    "503 on an upload": ("PUT", "/lfs/", 3, instead(503)),
    "reset half-way through an upload": ("PUT", "/lfs/", 2, Cut(5_000)),
    "lost answer to an upload": ("PUT", "/lfs/", 1, but(lost=True)),
    "slow uploads": ("PUT", "/lfs/", 2, but(delay=0.2)),
    "500 on the check of an upload": ("POST", "/verify", 1, instead(500)),
    "503 on what is to be uploaded": ("POST", "/objects/batch", 2, instead(503)),
    "429 on the preparation": ("POST", "/preupload/", 1, instead(429, retry_after="17")),
    "503 on making the repository": ("POST", "/api/repos/create", 2, instead(503, retry_after="17")),
    "lost answer to making the repository": ("POST", "/api/repos/create", 1, but(lost=True)),
    "409 on the commit": ("POST", "/commit/", 1, instead(409)),
    "412 on the commit": ("POST", "/commit/", 2, instead(412)),
    "500 on the commit": ("POST", "/commit/", 3, instead(500)),
    "429 on the commit": ("POST", "/commit/", 1, instead(429, retry_after="17")),
    "reset half-way through the commit": ("POST", "/commit/", 1, Cut(100)),
    "lost answer to the commit": ("POST", "/commit/", 1, but(lost=True)),
    "500 after a commit that did happen": ("POST", "/commit/", 1, but(status=500)),
    "a commit's address that is none": ("POST", "/commit/", 1, _saying(commitUrl=None)),
    "a commit that is none": ("POST", "/commit/", 1, _saying(commitOid="../../main")),
    "503 on the check of the card": ("POST", "/validate-yaml", 1, instead(503, b"busy")),
    "503 on reading back": ("GET", "/tree/", 2, instead(503)),
    "lost answer to the tag": ("POST", "/tag/", 1, but(lost=True)),
    "500 on the tag": ("POST", "/tag/", 1, instead(500)),
}


def _uploads(hub: Hub) -> list[str]:
    return [request.path.split("/")[4] for request in hub.asked("PUT", "/lfs/")]


@pytest.mark.parametrize("fault", PASSING)
def test_faults_that_pass(hub: Hub, publish: Publish, waits: list[float], fault: str) -> None:
    """Publishing ends complete, with one commit and one tag, and waits as long as it was told to."""
    method, path, times, change = PASSING[fault]
    hub.fail(change, method=method, path=path, times=times)
    done = publish()
    repo = hub.repos["acme/merrec"]
    assert not hub.faulty, "the fault did happen"
    assert [entry["title"] for entry in repo.log(done.commit)][1:] == ["initial commit"]
    assert repo.tags == {done.tag: done.commit}
    assert not ed.verify("hf://datasets/acme/merrec", full=True).differences
    assert shown_whole(repo)
    told = 17 if "Retry-After" in fault or "429 on" in fault else 21 if "rate limit" in fault else 0
    assert not told or max(waits) >= told
    hub.requests.clear()
    again = publish()
    assert (again.commit, again.tag) == (done.commit, done.tag)
    assert not [*hub.asked("PUT"), *hub.asked("POST", "/commit/")]


def test_an_upload_that_never_arrives(hub: Hub, publish: Publish) -> None:
    """The error names just that file; the next run sends it and no other."""
    missing = publish(dry_run=True).plan.contents[0]
    hub.fail(instead(503), method="PUT", path=missing.sha256, times=100)
    with pytest.raises(
        ed.EcomdataError, match=rf"1 of \d+ files did not reach .*\(status 503\): {missing.path};"
    ):
        publish()
    repo = hub.repos["acme/merrec"]
    assert set(repo.files()) == {".gitattributes"}
    assert repo.objects
    assert missing.sha256 not in repo.objects
    hub.calm()
    hub.requests.clear()
    done = publish()
    assert _uploads(hub) == [missing.sha256]
    assert not ed.verify("hf://datasets/acme/merrec").differences
    assert len(repo.log(done.commit)) == 2


def test_a_commit_that_is_never_taken(hub: Hub, publish: Publish) -> None:
    """The error says that the files are there and the commit is not; the next run only commits."""
    hub.fail(instead(500), method="POST", path="/commit/", times=100)
    with pytest.raises(
        ed.EcomdataError, match=r"did not take the commit \(status 500\); all files have arrived"
    ):
        publish()
    repo = hub.repos["acme/merrec"]
    assert set(repo.files()) == {".gitattributes"}
    hub.calm()
    hub.requests.clear()
    publish()
    assert not hub.asked("PUT")
    assert len(hub.asked("POST", "/commit/")) == 1
    assert shown_whole(repo)


def test_a_commit_that_must_wait_for_long(hub: Hub, publish: Publish, waits: list[float]) -> None:
    """An hour is not waited for: the error says how long the server asks for."""
    hub.fail(instead(429, retry_after="3600"), method="POST", path="/commit/", times=100)
    with pytest.raises(ed.EcomdataError, match=r"\(status 429\), and asks to wait for 3600 s"):
        publish()
    assert not waits
    assert len(hub.asked("POST", "/commit/")) == 1


def test_a_tag_that_is_never_taken(hub: Hub, publish: Publish) -> None:
    """Data and card are there; the next run only tags."""
    hub.fail(instead(500), method="POST", path="/tag/", times=100)
    with pytest.raises(ed.EcomdataError, match="status 500"):
        publish()
    repo = hub.repos["acme/merrec"]
    assert shown_whole(repo)
    assert "README.md" in repo.files()
    hub.calm()
    hub.requests.clear()
    done = publish()
    assert repo.tags == {done.tag: done.commit}
    assert not [*hub.asked("PUT"), *hub.asked("POST", "/commit/")]


def _intruder(repo: Repo, files: Callable[[], dict[str, bytes]]) -> Change:
    """Somebody else commits just before our commit comes."""

    def intrude(_: Answer) -> Answer:
        repo.commit({**repo.files(), **files()}, title="somebody else's")
        return Answer(412)

    return Change(intrude, happens=False)


def test_somebody_else_commits(hub: Hub, publish: Publish) -> None:
    """What they add stays; our commit comes on top of theirs, and no file is sent twice."""
    publish(branch="main", card_only=True)
    repo = hub.repos["acme/merrec"]
    hub.fail(_intruder(repo, lambda: {"NOTES.md": b"theirs"}), method="POST", path="/commit/")
    hub.requests.clear()
    done = publish()
    assert [entry["title"] for entry in repo.log(done.commit)][1] == "somebody else's"
    assert repo.files()["NOTES.md"].content == b"theirs"
    assert len(_uploads(hub)) == len(set(_uploads(hub))) == 2
    assert shown_whole(repo)


def test_somebody_else_commits_what_would_be_lost(hub: Hub, publish: Publish) -> None:
    """Nobody agreed to replace it: nothing is committed, and the error names the file."""
    publish(card=lambda *_: {"README.md": b"---\nlicense: mit\n---\n# A\n"}, card_only=True)
    repo = hub.repos["acme/merrec"]
    theirs = {"events/part-00000.parquet": b"theirs"}
    hub.fail(_intruder(repo, lambda: theirs), method="POST", path="/commit/")
    with pytest.raises(ed.EcomdataError, match=r"changed meanwhile: events/part-00000.parquet would be lost"):
        publish()
    assert repo.files()["events/part-00000.parquet"].content == b"theirs"


def test_others_who_never_stop(hub: Hub, publish: Publish) -> None:
    """After a few rounds it gives up, says why, and has committed nothing."""
    publish(card_only=True)
    repo = hub.repos["acme/merrec"]
    always = _intruder(repo, lambda: {"n": str(len(repo.commits)).encode()})
    hub.fail(always, method="POST", path="/commit/", times=20)
    with pytest.raises(ed.EcomdataError, match="others keep committing"):
        publish()
    assert "events/part-00000.parquet" not in repo.files()


def test_a_hub_that_keeps_other_bytes(hub: Hub, publish: Publish) -> None:
    """What is read back afterwards is compared: a wrong hash is an error with both values."""
    listed = "0" * 64
    planned = publish(dry_run=True).plan.contents[0]

    def spoil(answer: Answer) -> Answer:
        hub.repos["acme/merrec"].lies[planned.path] = {"lfs": {"oid": listed, "size": 1, "pointerSize": 134}}
        return answer

    hub.fail(Change(spoil), method="POST", path="/commit/")
    with pytest.raises(ed.DataError, match=rf"is not what was sent: .*hash {listed}, not .*{planned.sha256}"):
        publish()


def test_a_server_that_is_no_hub(hub: Hub, publish: Publish) -> None:
    """A page of a captive portal, or nobody at all, is an error that names the address."""
    page = instead(200, b"<html>please log in</html>", content_type="text/html")
    hub.fail(page, path="/api/", times=100)
    with pytest.raises(ed.EcomdataError, match=r"does not answer as the Hub does"):
        publish()
    with pytest.raises(ed.EcomdataError, match=re.escape("http://127.0.0.1:9")):
        publish(endpoint="http://127.0.0.1:9")


@pytest.mark.parametrize("path", ["/preupload/", "/objects/batch"])
def test_an_upload_whose_terms_are_nonsense(hub: Hub, publish: Publish, path: str) -> None:
    """JSON that is not the Hub's is told as such, and readers see nothing new."""
    hub.fail(_saying(files=["a"], objects=["a"]), method="POST", path=path, times=100)
    with pytest.raises(ed.EcomdataError, match=r"does not answer as the Hub does|did not reach"):
        publish()
    assert "README.md" not in hub.repos["acme/merrec"].files("main")


def test_a_card_that_the_hub_refuses(hub: Hub, publish: Publish) -> None:
    """Its own words are passed on, and it is not tried again."""
    no = json.dumps({"errors": [{"message": '"license" must be one of'}], "warnings": []}).encode()
    hub.fail(instead(400, no), method="POST", path="/validate-yaml")
    with pytest.raises(ed.DataError, match='"license" must be one of'):
        publish()
    assert not hub.asked("POST", "/commit/")


def test_ctrl_c_waits_for_no_upload(hub: Hub, stocked: Path) -> None:
    """It ends at once, however long the uploads on their way would take, and nothing is committed."""
    hub.fail(but(delay=300), method="PUT", path="/lfs/")
    command = [sys.executable, "-m", "ecomdata", "publish", "merrec", "acme/merrec", "-y", "--home", stocked]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, env=env, stderr=subprocess.PIPE, text=True) as process:
        while not hub.asked("PUT", "/lfs/"):
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted" in said
    assert "README.md" not in hub.repos["acme/merrec"].files()
