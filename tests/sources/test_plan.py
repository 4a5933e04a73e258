"""What the user is told before a download."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from ecomdata.console import human_bytes
from ecomdata.declare import Licence
from ecomdata.errors import EcomdataError
from ecomdata.rawfile import RawFile
from ecomdata.sources import Plan, describe, needs_confirmation, require_space
from ecomdata.sources.plan import CONFIRM_ABOVE, shown
from tests.sources.toys import write

LICENCE = Licence(id="other", name="Shop terms", url="https://example.org/terms", redistribution=False)


def _plan(folder: Path, **parts: object) -> Plan:
    told = {"dataset": "toy", "origin": "hf://datasets/acme/toy", "folder": folder, "files": (), "size": 1500}
    return Plan(**(told | parts))


def test_files_bytes_and_terms_are_told(tmp_path: Path) -> None:
    """With where downloads go."""
    lines = describe(_plan(tmp_path, missing=1, download_bytes=1500, revision="c0ffee"), LICENCE)
    assert lines == [
        "toy: 0 files, 1.5 kB, from hf://datasets/acme/toy",
        "revision: c0ffee",
        f"to download: 1.5 kB, into {tmp_path}",
        "terms: Shop terms, https://example.org/terms (may not be passed on)",
    ]


def test_an_unknown_size_is_told(tmp_path: Path) -> None:
    """It is not shown as nothing."""
    lines = describe(_plan(tmp_path, missing=1, size_known=False), LICENCE)
    assert lines[0] == "toy: 0 files, size unknown, from hf://datasets/acme/toy"
    assert lines[1].startswith("to download: as much as the server sends")


def test_many_unrecognised_files_are_summed_up(tmp_path: Path) -> None:
    """Five names and a number."""
    lines = describe(_plan(tmp_path, unrecognised=tuple("abcdefg")), LICENCE)
    assert lines[-1] == "belonging to no table, left alone: a, b, c, d, e and 2 more"


def test_packed_files_are_told_apart_and_first(tmp_path: Path) -> None:
    """They may hold what is missing, as upstream's user_data.7z does, however many other files there are."""
    lines = describe(_plan(tmp_path, unrecognised=(*"abcdefg", "clicks.7z", "old/more.RAR")), LICENCE)
    assert lines[-2] == "not looked into, unpack what belongs to toy: clicks.7z, old/more.RAR"
    assert lines[-1] == "belonging to no table, left alone: a, b, c, d, e and 2 more"


@pytest.mark.parametrize(("size", "asks"), [(CONFIRM_ABOVE, False), (CONFIRM_ABOVE + 1, True)])
def test_above_a_gigabyte_the_user_is_asked(tmp_path: Path, size: int, asks: bool) -> None:
    """Not at it."""
    assert needs_confirmation(_plan(tmp_path, missing=1, download_bytes=size)) is asks


def test_a_download_that_fits(tmp_path: Path) -> None:
    """Its folder need not be there yet."""
    require_space(_plan(tmp_path / "not" / "there", missing=1, download_bytes=1))


def test_a_download_that_does_not_fit(tmp_path: Path) -> None:
    """It is refused before it begins, with both numbers."""
    with pytest.raises(EcomdataError, match=r"the download needs 1000000\.0 TB, and .* has .* free") as error:
        require_space(_plan(tmp_path / "not" / "there", missing=1, download_bytes=10**18))
    assert "--home" in error.value.hint


def test_what_has_come_needs_no_more_space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A download that is resumed needs space for its rest."""
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=10))
    write(tmp_path, {"clicks.csv": b"", "clicks.csv.part": bytes(5)})
    plan = _plan(tmp_path, missing=1, download_bytes=15, files=(RawFile.on_disk(tmp_path / "clicks.csv"),))
    require_space(plan)
    (tmp_path / "clicks.csv.part").unlink()
    with pytest.raises(EcomdataError, match="the download needs"):
        require_space(plan)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (999_949, "999.9 kB"),
        (999_950, "1.0 MB"),
        (21_600_000_000, "21.6 GB"),
        (3_000_000_000_000, "3.0 TB"),
    ],
)
def test_bytes_in_words(size: int, text: str) -> None:
    """Decimal units, one digit after the point."""
    assert human_bytes(size) == text


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("https://h/a.csv?id=7&page=2", "https://h/a.csv?id=7&page=2"),
        ("https://jane:s3cret@h/a.csv", "https://***@h/a.csv"),
        ("https://jane:s3@cret@h/a@b.csv", "https://***@h/a@b.csv"),
        ("https://h/a.csv?id=7&Access_Token=s3cret#x", "https://h/a.csv?id=7&Access_Token=***#x"),
        ("https://h/a.csv?X-Amz-Signature=s3cret&x=1", "https://h/a.csv?X-Amz-Signature=***&x=1"),
        ("https://h/a.csv?u=1&pwd=s3cret&pass=s3cret", "https://h/a.csv?u=1&pwd=***&pass=***"),
        ("https://h/a.csv?JWT=s3cret&code=s3cret", "https://h/a.csv?JWT=***&code=***"),
        ("https://h/a.csv?u=1;token=s3cret;x&v=2", "https://h/a.csv?u=1;token=***&v=2"),
        ("https://h/a.csv?%74oken=s3cret", "https://h/a.csv?%74oken=***"),
        ("https://h/a.csv#access_token=s3cret", "https://h/a.csv#access_token=***"),
    ],
)
def test_secrets_in_an_address_are_not_shown(url: str, text: str) -> None:
    """Neither passwords nor the signatures of expiring links; the rest is."""
    assert shown(url) == text
