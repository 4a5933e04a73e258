"""The commands that are killed while they write into a store or onto a Hub."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

from tests.campaigns.commands import run
from tests.campaigns.stores import damage, stored, unfinished, visible
from tests.hub.conftest import shown_whole
from tests.hub.server import Hub
from tests.hub.writing import TOKEN

DATASET: Final = "merrec"
FEW: Final = 500
MANY: Final = 20_000
REPO: Final = "acme/merrec"


def loaded(folder: Path, name: str, rows: int) -> tuple[Path, Path]:
    """A sample's raw files and a home with what they become."""
    folder.mkdir(parents=True, exist_ok=True)
    raw, home = folder / f"{name}-raw", folder / f"{name}-home"
    for args in (
        ("sample", DATASET, raw, "--rows", rows),
        ("load", DATASET, "--source", raw, "--home", home),
    ):
        done = run(*args, log=folder / "before")
        assert done.code == 0, done.said
    return raw, home


class Load:
    """``load``, every second time over an earlier release."""

    name = "load"

    def __init__(self, folder: Path) -> None:
        _, self._before = loaded(folder, "few", FEW)
        raw, calm = loaded(folder, "many", MANY)
        self.args: tuple[str, ...] = ("load", DATASET, "--source", str(raw))
        self.env = dict[str, str]()
        self._old, self._new = visible(self._before, DATASET), visible(calm, DATASET)
        self._wanted = stored(calm, DATASET)

    def lay(self, home: Path, turn: int) -> None:
        """An earlier release, or nothing."""
        home.mkdir()
        if turn % 2:
            shutil.copytree(self._before / "store", home / "store")

    def begun(self, home: Path) -> bool:
        """Its folder aside is there."""
        return any(home.glob("store/*/releases/.loading-*"))

    def after_kill(self, home: Path) -> str:
        """The earlier release or the new one is visible, and whole."""
        there = (home / "store" / DATASET / "releases" / str(self._old)).exists()
        return damage(home, DATASET, [self._old if there else None, self._new])

    def after_all(self, home: Path) -> str:
        """The new one."""
        return unfinished(home, DATASET, self._new, self._wanted)


class Dedup:
    """``dedup --apply``."""

    name = "dedup --apply"

    def __init__(self, folder: Path) -> None:
        _, self._before = loaded(folder, "before", MANY)
        self.args: tuple[str, ...] = (
            *("dedup", DATASET, "--table", "items", "--column", "title"),
            *("--max-removed", "1", "--apply"),
        )
        self.env = dict[str, str]()
        calm = folder / "calm"
        self.lay(calm, 0)
        done = run(*self.args, "--home", calm, log=folder / "calm-run")
        assert done.code == 0, done.said
        self._old, self._new = visible(self._before, DATASET), visible(calm, DATASET)
        assert self._old != self._new
        self._wanted = stored(calm, DATASET)

    def lay(self, home: Path, turn: int) -> None:  # noqa: ARG002 - each time the same
        """What is loaded."""
        shutil.copytree(self._before, home)

    def begun(self, home: Path) -> bool:
        """What it found is written, aside or in its place."""
        return any(home.glob("duplicates/*/*/*"))

    def after_kill(self, home: Path) -> str:
        """The release before or the new one is visible, and whole."""
        return damage(home, DATASET, [self._old, self._new])

    def after_all(self, home: Path) -> str:
        """The new one."""
        if left := [*home.glob("duplicates/*/*/.[wo]*"), *home.glob("duplicates/.spill/*")]:
            return f"left behind: {left[0]}"
        return unfinished(home, DATASET, self._new, self._wanted)


class Publish:
    """``publish`` to a Hub on this machine."""

    name = "publish"

    def __init__(self, folder: Path, hub: Hub) -> None:
        _, self._before = loaded(folder, "before", FEW)
        self._hub = hub
        self._log = folder / "verify"
        self.args: tuple[str, ...] = ("publish", DATASET, REPO, "-y", "--endpoint", hub.url)
        self.env = {"HF_TOKEN": TOKEN, "HF_HOME": str(folder / "hf"), "HF_ENDPOINT": hub.url}
        self._release = visible(self._before, DATASET)
        # The card's pictures take longest, and are kept beside the store: moments are for what follows.
        done = run(*self.args, "--home", self._before, log=folder / "pictures", env=self.env)
        assert done.code == 0, done.said
        shutil.rmtree(self._before / "uploads")
        self._wanted = dict[str, str]()

    def lay(self, home: Path, turn: int) -> None:  # noqa: ARG002 - each time the same
        """What is loaded, and a Hub without repositories."""
        shutil.copytree(self._before, home)
        self._hub.repos.clear()
        self._hub.requests.clear()

    def begun(self, home: Path) -> bool:
        """It has asked the Hub for something, or written something."""
        return bool(self._hub.requests) or (home / "uploads").exists()

    def after_kill(self, home: Path) -> str:
        """No commit ever shows a card without its data, every tag has all, and the store is whole."""
        for repo in self._hub.repos.values():
            if not shown_whole(repo):
                return "a commit shows a card without its data"
            if any("README.md" not in repo.commits[commit].files for commit in repo.tags.values()):
                return "a tag stands on a commit without a card"
        return damage(home, DATASET, [self._release])

    def after_all(self, home: Path) -> str:
        """One commit, the bytes of the first undisturbed run, a tag, and verify agrees."""
        repo = self._hub.repos[REPO]
        there = {path: blob.sha256 for path, blob in repo.files().items()}
        self._wanted = self._wanted or there
        if there != self._wanted:
            return f"other files on the Hub: {min(set(there.items()) ^ set(self._wanted.items()))}"
        if repo.tags != {f"release-{self._release}": repo.branches["main"]}:
            return f"the tags are {repo.tags}"
        done = run("verify", f"hf://datasets/{REPO}", log=self._log, env=self.env)
        return f"verify: {done.said or done.out}" if done.code else self.after_kill(home)
