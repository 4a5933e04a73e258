"""A disk of a few megabytes that can be filled up: a tmpfs whose size changes."""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.campaigns.trials import Skipped

AMPLE: Final = 512 << 20
_PAGE: Final = 4096


class SmallDisk:
    """A mounted disk.

    Attributes:
        place: Where it is mounted.
    """

    def __init__(self, place: Path) -> None:
        self.place = place

    def leave(self, room: int | None = None) -> None:
        """Leave so many bytes free; ample room where none are given."""
        size = (
            AMPLE if room is None else (shutil.disk_usage(self.place).used // _PAGE + room // _PAGE) * _PAGE
        )
        if not _mount(f"remount,size={max(size, _PAGE)}", self.place):
            raise OSError(f"{self.place} could not be given another size")

    @contextmanager
    def watched(self) -> Generator[list[int]]:
        """Watch what is used; the one value afterwards is the most, beyond that of the beginning."""
        before, ended, most = shutil.disk_usage(self.place).used, threading.Event(), [0]

        def watch() -> None:
            while not ended.wait(0.001):
                most[0] = max(most[0], shutil.disk_usage(self.place).used - before)

        thread = threading.Thread(target=watch)
        thread.start()
        try:
            yield most
        finally:
            ended.set()
            thread.join()


@contextmanager
def small_disk(place: Path) -> Generator[SmallDisk]:
    """Mount one in an empty folder.

    Raises:
        Skipped: this user may not mount.
    """
    place.mkdir(parents=True)
    if not _mount(f"size={AMPLE}", place):
        raise Skipped("filling up a disk needs a small one, and this user may not mount a tmpfs")
    try:
        yield SmallDisk(place)
    finally:
        subprocess.run([shutil.which("umount") or "umount", "--lazy", str(place)], check=True)


def _mount(options: str, place: Path) -> bool:
    command = [shutil.which("mount") or "", "-t", "tmpfs", "-o", options, "tmpfs", str(place)]
    return bool(command[0]) and not subprocess.run(command, check=False, capture_output=True).returncode
