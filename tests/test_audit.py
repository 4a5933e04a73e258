"""Locked versions are looked up in a database of advisories, and having none is no good news."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.loopback import Answer, Loopback, Request

ROOT = Path(__file__).resolve().parents[1]
LOCK = f"polars==2.1.0 --hash=sha256:{'0' * 64}\nnumpy==2.4.6 --hash=sha256:{'1' * 64}\n"


class Advisories(Loopback):
    """A server that answers as OSV's does; ``known`` maps a package to the id of an advisory."""

    def __init__(self, known: dict[str, str]) -> None:
        super().__init__()
        self.known = known

    def answer(self, request: Request) -> Answer:
        """The advisories of the package that is asked about, whatever the version."""
        name = json.loads(request.body)["package"]["name"]
        package = {"name": name, "ecosystem": "PyPI"}
        ranges = [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "9.1"}]}]
        one = {"id": self.known.get(name), "aliases": ["CVE-2026-1"], "summary": "bad"}
        found = {"vulns": [{**one, "affected": [{"package": package, "ranges": ranges}]}]}
        return Answer(
            200, {"Content-Type": "application/json"}, json.dumps(found if one["id"] else {}).encode()
        )


def audit(folder: Path, url: str, accepted: str = "accepted = []") -> subprocess.CompletedProcess[str]:
    """Run the audit of a small lock file."""
    (folder / "lock.txt").write_text(LOCK)
    (folder / "accepted.toml").write_text(accepted)
    return subprocess.run(
        [
            *(sys.executable, ROOT / "requirements" / "audit.py", "--osv-url", url),
            *("--lock", folder / "lock.txt", "--accepted", folder / "accepted.toml"),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_known_vulnerability_fails(tmp_path: Path) -> None:
    """The version is named, with the one that mends it."""
    with Advisories({"django": "PYSEC-1", "polars": "PYSEC-2"}) as server:
        done = audit(tmp_path, server.url)
    assert done.returncode == 1
    assert done.stdout == "polars 2.1.0: PYSEC-2, mended in 9.1\n"
    assert "make lock" in done.stderr


@pytest.mark.parametrize(("until", "code"), [("2999-01-01", 0), ("2020-01-01", 1)])
def test_one_can_be_accepted_for_a_time(tmp_path: Path, until: str, code: int) -> None:
    """By its id or an alias, with a reason, until a day."""
    entry = f'[[accepted]]\nid = "CVE-2026-1"\nreason = "never called"\nuntil = {until}\n'
    with Advisories({"django": "PYSEC-1", "polars": "PYSEC-2"}) as server:
        done = audit(tmp_path, server.url, entry)
    assert done.returncode == code, done.stdout + done.stderr


def test_no_database_is_said(tmp_path: Path) -> None:
    """A server that is not there, or knows of no vulnerability in the world, is no proof of safety."""
    with Advisories({}) as server:
        silent = audit(tmp_path, server.url)
    away = audit(tmp_path, server.url)
    for done in (silent, away):
        assert done.returncode == 0
        assert done.stdout == "audit: skipped, no database of advisories can be reached here\n"


def test_every_locked_version_is_looked_up() -> None:
    """requirements/dev.txt can be read as it is, and what is accepted today as well."""
    with Advisories({"django": "PYSEC-1"}) as server:
        done = subprocess.run(
            [sys.executable, ROOT / "requirements" / "audit.py", "--osv-url", server.url],
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
    assert done.stdout == "audit: no locked version has a known vulnerability\n"
    names = {json.loads(one.body)["package"]["name"] for one in server.requests}
    assert {"polars", "pytest", "uv", "setuptools"} <= names
