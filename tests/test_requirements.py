"""What is tested is locked: every version and every hash, for each Python that is supported."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
LOCKS = {"run.txt": (), "dev.txt": ("dev", "bench")}
PYTHONS = ("3.11", "3.12", "3.13")
STALE = "requirements/ is out of date: make lock"


def surroundings(python: str) -> dict[str, str]:
    """What markers are asked about."""
    return {
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "os_name": "posix",
        "sys_platform": "linux",
        "platform_system": "Linux",
        "platform_machine": "x86_64",
        "python_version": python,
        "python_full_version": f"{python}.0",
        "extra": "",
    }


def entries(lock: str) -> list[tuple[Requirement, list[str]]]:
    """The requirements of a lock file, each with its hashes."""
    lines = (ROOT / "requirements" / lock).read_text("utf-8").replace("\\\n", " ").splitlines()
    found: list[tuple[Requirement, list[str]]] = []
    for line in lines:
        if not line.startswith("#"):
            words = re.split(r"\s+--hash=", line.strip())
            found.append((Requirement(words[0]), words[1:]))
    return found


def pinned(lock: str, python: str) -> dict[str, str]:
    """The versions that pip installs from a lock file with this Python, by name."""
    pins: dict[str, str] = {}
    for entry, _ in entries(lock):
        if entry.marker is None or entry.marker.evaluate(surroundings(python)):
            name = canonicalize_name(entry.name)
            assert name not in pins, f"{lock}: {name} twice for Python {python}"
            pins[name] = str(entry.specifier).removeprefix("==")
    return pins


def declared(extras: tuple[str, ...], python: str) -> Iterator[Requirement]:
    """What pyproject.toml asks for, extras of our own followed."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    lines = list(project["dependencies"])
    left = list(extras)
    while left:
        lines += project["optional-dependencies"][left.pop()]
        own = [Requirement(line) for line in lines if line.startswith("ecomdata[")]
        left += [extra for one in own for extra in one.extras]
        lines = [line for line in lines if not line.startswith("ecomdata[")]
    for requirement in map(Requirement, lines):
        if requirement.marker is None or requirement.marker.evaluate(surroundings(python)):
            yield requirement


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("lock", LOCKS)
def test_the_lock_answers_to_pyproject(lock: str, python: str) -> None:
    """Whatever pyproject.toml asks for is locked, in a version that it accepts."""
    pins = pinned(lock, python)
    for requirement in declared(LOCKS[lock], python):
        name = canonicalize_name(requirement.name)
        assert name in pins, f"{lock} lacks {requirement} for Python {python}; {STALE}"
        assert requirement.specifier.contains(pins[name], prereleases=True), (
            f"{lock} has {name} {pins[name]}, which {requirement} does not accept; {STALE}"
        )


@pytest.mark.parametrize("lock", LOCKS)
def test_every_file_is_known_by_its_hash(lock: str) -> None:
    """Each entry is one version with SHA-256 hashes, and says nothing of where it came from."""
    for entry, hashes in entries(lock):
        assert re.fullmatch(r"==[^,*]+", str(entry.specifier)), f"{lock}: {entry} is not one version"
        assert entry.url is None
        assert hashes, f"{lock}: {entry} has no hash"
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", one) for one in hashes)
    words = (ROOT / "requirements" / lock).read_text("utf-8").split()
    assert not [word for word in words if "/" in word or word.startswith(("-i", "--index", "--find"))]


@pytest.mark.parametrize("python", PYTHONS)
def test_what_users_get_locked_is_what_is_tested(python: str) -> None:
    """The versions in run.txt are those of dev.txt."""
    assert pinned("run.txt", python).items() <= pinned("dev.txt", python).items()
