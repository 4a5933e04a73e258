"""Names of files that are to be written."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from ecomdata.errors import UsageError
from ecomdata.pathnames import file_to_write, irreplaceable

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")


def test_no_file_takes_the_place_of_a_pipe_or_a_device(tmp_path: Path) -> None:
    """A report for /dev/null or /dev/stdout took its place, for all programs, where the user was root."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for place in (pipe, Path("/dev/null")):
        with pytest.raises(UsageError, match="is a device or a pipe, and a file is to be written"):
            file_to_write(place)


def test_what_is_open_is_not_replaced(tmp_path: Path) -> None:
    """/dev/stdout is a link to such a name; a link of the user's is replaced as files are."""
    file, link = tmp_path / "file", tmp_path / "link"
    link.symlink_to(file)
    with file.open("wb") as stream:
        assert irreplaceable(Path(f"/proc/self/fd/{stream.fileno()}"))
    assert not irreplaceable(file)
    assert file_to_write(link) == link
