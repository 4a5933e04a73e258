"""banglishrev: archives of review images are indexed when they are given, and never unpacked."""

from __future__ import annotations

import json
import zipfile
import zlib
from pathlib import Path

import ecomdata as ed
from ecomdata.declare import Dataset
from ecomdata.loaders.banglishrev import DATASETS
from ecomdata.sources.matching import matches_tail
from tests.conftest import RunCli

DATASET: Dataset = DATASETS[0]
JPEG = b"\xff\xd8 no picture \xff\xd9"


def _archive(path: Path, *names: str) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, JPEG)


def _rows(folder: Path) -> list[tuple[object, ...]]:
    release = ed.load("banglishrev", source=folder, home=folder / "home")
    return release["images"].lazy().collect().rows()


def test_members_of_every_archive_are_rows(tmp_path: Path) -> None:
    """With their archive, size and checksum; a path before the name does no harm."""
    _archive(tmp_path / "Review Images 1.zip", "review-1306023-1-1.jpg", "review-1711889-544-4.jpg")
    _archive(tmp_path / "Review Images 109.zip", "Review Images/review-1306023-1-2.jpg")
    crc = zlib.crc32(JPEG)
    assert _rows(tmp_path) == [
        ("Review Images 1.zip", "review-1306023-1-1.jpg", len(JPEG), crc, 1306023, 1, 1),
        ("Review Images 1.zip", "review-1711889-544-4.jpg", len(JPEG), crc, 1711889, 544, 4),
        ("Review Images 109.zip", "Review Images/review-1306023-1-2.jpg", len(JPEG), crc, 1306023, 1, 2),
    ]


def test_members_of_another_name_are_kept_without_numbers(tmp_path: Path) -> None:
    """None is dropped or rejected, and no number is made up, not even of one that fits no column."""
    names = (
        "Thumbs.db",
        "review-১২৩-1-1.jpg",
        "review-1-2.jpg",
        "review-1-2-3.png",
        f"review-{'9' * 30}-1-1.jpg",
        "../x",
    )
    _archive(tmp_path / "Review_Images_7.zip", *names)
    assert [(row[1], *row[4:]) for row in _rows(tmp_path)] == [(name, None, None, None) for name in names]


def test_archives_alone_are_enough(tmp_path: Path, run_cli: RunCli) -> None:
    """Without the file of reviews there is one table; one archive may be named as the source."""
    _archive(tmp_path / "Review Images 2.zip", "review-1-2-3.jpg")
    run_cli("load", "banglishrev", "--source", tmp_path / "Review Images 2.zip", "-y")
    assert json.loads(
        run_cli("sql", "select number_1 + number_3 n from banglishrev.images", "--json").stdout
    ) == [{"n": 4}]


def test_without_archives_there_is_no_table_of_images(tmp_path: Path) -> None:
    """Nobody needs 50 GB of images to work with reviews."""
    DATASET.sample(tmp_path, 100, 1)
    (tmp_path / "Review Images 1.zip").unlink()
    release = ed.load("banglishrev", source=tmp_path, home=tmp_path / "home")
    assert set(release.manifest.tables) == {table.name for table in DATASET.tables} - {"images"}


def test_the_archives_are_not_downloaded() -> None:
    """The 50 GB are not among the files of the declared source."""
    globs = [glob for source in DATASET.sources for glob in source.files]
    assert not any(matches_tail("Review Images 1.zip", glob) for glob in globs)
    assert any(matches_tail("reviews v1.json", glob) for glob in globs)
