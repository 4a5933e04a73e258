"""A dataset's file at an http(s) address: what the plan says, and what is brought."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from ecomdata.errors import AccessError, DataError, EcomdataError, UsageError
from ecomdata.sources import Plan, needs_confirmation
from ecomdata.sources.web import file_names, plan_http
from tests.loopback import Change, Site, but, instead
from tests.sources import toys
from tests.sources.toys import CLICKS, HASTY, ITEMS, contents, names, selection, targz, zipped


@pytest.fixture
def site() -> Iterator[Site]:
    """A web server with the clicks."""
    with Site() as server:
        server.put("/files/clicks.csv", CLICKS)
        yield server


def _plan(url: str, home: Path, **options: object) -> Plan:
    only = options.pop("only", None)
    settings = {"patience": HASTY} | options
    return plan_http(toys.dataset(), url, selection(only=only), home, **settings)


def test_a_plan_has_name_and_size_and_downloads_nothing(site: Site, home: Path) -> None:
    """The server is asked for the file's head only."""
    plan = _plan(f"{site.url}/files/clicks.csv", home)
    assert (names(plan), plan.missing) == (["clicks.csv"], 1)
    assert plan.size == plan.download_bytes == len(CLICKS)
    assert [request.method for request in site.requests] == ["HEAD"]
    assert not list(home.iterdir())


def test_a_file_is_brought_when_the_plan_is_carried_out(site: Site, home: Path) -> None:
    """It goes below ``raw`` and the dataset's name."""
    plan = _plan(f"{site.url}/files/clicks.csv", home)
    assert contents(plan) == {"clicks.csv": CLICKS}
    assert plan.folder.parent == home / "raw" / "toy"


def test_a_file_that_is_there_is_not_asked_for_again(site: Site, home: Path) -> None:
    """Not even for its head."""
    contents(_plan(f"{site.url}/files/clicks.csv", home))
    site.requests.clear()
    plan = _plan(f"{site.url}/files/clicks.csv", home)
    assert contents(plan) == {"clicks.csv": CLICKS}
    assert (plan.missing, plan.download_bytes, site.requests) == (0, 0, [])
    assert "already downloaded" in plan.notes[0]


def test_a_part_of_a_file_is_not_taken_for_it(site: Site, home: Path) -> None:
    """A download that broke off is still to be done."""
    site.fail(but(reset_after=5), times=10)
    plan = _plan(f"{site.url}/files/clicks.csv", home)
    with pytest.raises(EcomdataError):
        contents(plan)
    assert _plan(f"{site.url}/files/clicks.csv", home).missing == 1


def test_two_addresses_of_one_name_do_not_meet(site: Site, home: Path) -> None:
    """Each has a folder of its own."""
    site.put("/other/clicks.csv", CLICKS * 2)
    assert contents(_plan(f"{site.url}/files/clicks.csv", home))["clicks.csv"] == CLICKS
    assert contents(_plan(f"{site.url}/other/clicks.csv", home))["clicks.csv"] == CLICKS * 2


@pytest.mark.parametrize("name", ["all.zip", "all.tar.gz"])
def test_an_archive_stands_for_its_members_once_it_is_there(site: Site, home: Path, name: str) -> None:
    """Before, nobody knows them."""
    make = zipped if name.endswith("zip") else targz
    url = site.put(f"/{name}", make({"clicks.csv": CLICKS, "items/a.csv": ITEMS}))
    plan = _plan(url, home)
    assert names(plan) == [name]
    expected = {f"{name}/clicks.csv": CLICKS, f"{name}/items/a.csv": ITEMS}
    assert contents(plan) == expected
    assert names(_plan(url, home)) == sorted(expected)


def test_only_chooses_among_the_members_of_an_archive(site: Site, home: Path) -> None:
    """As it does among files in a folder."""
    url = site.put("/all.zip", zipped({"2024/clicks.csv": CLICKS, "2025/clicks.csv": CLICKS}))
    assert list(contents(_plan(url, home, only="2024"))) == ["all.zip/2024/clicks.csv"]


def test_an_archive_without_the_datasets_files(site: Site, home: Path) -> None:
    """The error says what is in it."""
    url = site.put("/all.zip", zipped({"other.csv": CLICKS}))
    with pytest.raises(UsageError, match=r"all\.zip has no files of toy: it holds all\.zip/other\.csv"):
        contents(_plan(url, home))


def test_a_gz_file_is_read_decompressed(site: Site, home: Path) -> None:
    """The size is that of what is downloaded."""
    packed = gzip.compress(CLICKS)
    plan = _plan(site.put("/clicks.csv.gz", packed), home)
    assert plan.download_bytes == len(packed)
    assert list(contents(plan).values()) == [CLICKS]


def test_another_file_is_refused_before_it_is_downloaded(site: Site, home: Path) -> None:
    """The error says which names are expected."""
    url = site.put("/other.csv", CLICKS)
    with pytest.raises(UsageError, match=r"is other\.csv, which is no file of toy") as error:
        _plan(url, home)
    assert "clicks*.csv" in error.value.hint
    assert not site.asked("GET")


def test_a_known_hash_is_checked(site: Site, home: Path) -> None:
    """It is found by the file's name."""
    digest = hashlib.sha256(CLICKS).hexdigest()
    plan = _plan(f"{site.url}/files/clicks.csv", home, sha256={"clicks.csv": digest})
    assert plan.files[0].sha256 == digest
    assert contents(plan) == {"clicks.csv": CLICKS}


def test_a_wrong_hash_is_an_error(site: Site, home: Path) -> None:
    """The file is not kept."""
    plan = _plan(f"{site.url}/files/clicks.csv", home, sha256={"clicks.csv": "0" * 64})
    with pytest.raises(DataError, match="expected 0000"):
        contents(plan)
    assert not [path for path in home.rglob("*") if path.is_file()]


def test_a_server_that_does_not_say_the_size(site: Site, home: Path) -> None:
    """It may be large, so the user is asked."""
    site.fail(but(announce=-1), method="HEAD")
    plan = _plan(f"{site.url}/files/clicks.csv", home)
    assert (plan.missing, plan.size_known, needs_confirmation(plan)) == (1, False, True)
    assert contents(plan) == {"clicks.csv": CLICKS}


@pytest.mark.parametrize("status", [400, 403, 405, 501])
def test_a_server_that_does_not_answer_head(site: Site, home: Path, status: int) -> None:
    """It is asked with GET, and the body is not read."""
    site.fail(instead(status), method="HEAD")
    assert _plan(f"{site.url}/files/clicks.csv", home).size == len(CLICKS)


def test_a_busy_server_is_asked_again(site: Site, home: Path) -> None:
    """Twice."""
    site.fail(instead(503), method="HEAD", times=2)
    assert _plan(f"{site.url}/files/clicks.csv", home).size == len(CLICKS)


def test_a_server_that_stays_busy(site: Site, home: Path) -> None:
    """It is an error with the status."""
    site.fail(instead(503), method="HEAD", times=9)
    with pytest.raises(EcomdataError, match=r"cannot reach http.*: status 503"):
        _plan(f"{site.url}/files/clicks.csv", home)


def test_a_refusal(site: Site, home: Path) -> None:
    """It needs the user."""
    site.fail(instead(401), method="HEAD")
    with pytest.raises(AccessError, match="refuses access"):
        _plan(f"{site.url}/files/clicks.csv", home)


def test_a_page(site: Site, home: Path) -> None:
    """It is refused before the download."""
    url = site.put("/login/clicks.csv", b"<html>", Content_Type="text/html")
    with pytest.raises(DataError, match="is a web page"):
        _plan(url, home)


def test_a_dead_address(site: Site, home: Path) -> None:
    """The status is in the message."""
    with pytest.raises(EcomdataError, match="answers 404"):
        _plan(f"{site.url}/gone/clicks.csv", home)


@pytest.mark.parametrize(
    "url",
    [
        "http://[bad/clicks.csv",
        "http://",
        "https:///clicks.csv",
        "http://a..b/x.csv",
        f"http://{'a' * 64}.b/x",
    ],
)
def test_no_address_at_all(home: Path, url: str) -> None:
    """It is an error of ours, not a traceback."""
    with pytest.raises(EcomdataError):
        _plan(url, home)


@pytest.mark.parametrize(
    ("url", "disposition", "name"),
    [
        ("http://h/a/clicks.csv", "", "clicks.csv"),
        ("http://h/a/clicks.csv?token=1", "", "clicks.csv"),
        ("http://h/a/my%20clicks.csv", "", "my clicks.csv"),
        ("http://h/download?id=7", 'attachment; filename="clicks.csv"', "clicks.csv"),
        ("http://h/download?id=7", "attachment; filename=clicks.csv", "clicks.csv"),
        ("http://h/a/clicks.csv", 'attachment; filename="other.csv"', "clicks.csv"),
        ("http://h/download?id=7", "attachment; FileName=clicks.csv", "clicks.csv"),
        ("http://h/download?id=7", "attachment; filename*=UTF-8''my%20clicks.csv", "my clicks.csv"),
        ("http://h/download?id=7", "attachment; filename*=iso-8859-1'en'%e9.csv", "\u00e9.csv"),
        ("http://h/download?id=7", "attachment; filename=x.csv; filename*=utf-8''%2e%2e%2fy.csv", "x.csv"),
        ("http://h/", "", "download"),
        ("http://h/..%2f..%2fetc%2fpasswd.csv", "", "passwd.csv"),
        ("http://h/%2e%2e", "", "download"),
        ("http://h/get", 'attachment; filename="../../x.csv"', "get"),
        ("http://h/get", 'attachment; filename="/etc/x.csv"', "get"),
        ("http://h/get", 'attachment; filename="a/x.csv"', "get"),
        ("http://h/get", 'attachment; filename="..\\x.csv"', "get"),
        ("http://h/get", 'attachment; filename=".bashrc"', "get"),
        ("http://h/.netrc", "", "download"),
    ],
)
def test_the_name_of_a_file(url: str, disposition: str, name: str) -> None:
    """From the address or from the header; never one that could leave its folder or be hidden."""
    assert file_names(url, disposition)[0] == name


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/get.php", but(headers={"Content-Disposition": 'attachment; filename="clicks.csv"'})),
        ("/star", but(headers={"Content-Disposition": "attachment; filename*=UTF-8''clicks.csv"})),
        ("/moved", instead(302, location="/files/clicks.csv")),
        ("/moved.aspx", instead(302, location="/files/clicks.csv")),
        ("/files/clicks.csv", instead(404)),
    ],
)
def test_the_name_that_the_dataset_knows_is_taken(site: Site, home: Path, path: str, answer: Change) -> None:
    """Of those of a program, of the header and of where it leads; also where HEAD finds nothing."""
    if path not in site.files:
        site.put(path, CLICKS)
    site.fail(answer, method="HEAD")
    assert contents(_plan(f"{site.url}{path}", home)) == {"clicks.csv": CLICKS}
    assert names(_plan(f"{site.url}{path}", home)) == ["clicks.csv"]


def test_a_password_in_an_address_is_used_and_not_shown(site: Site, home: Path) -> None:
    """The origin stands in messages and in the manifest, which may be published."""
    url = site.url.replace("http://", "http://jane:s3cret@") + "/files/clicks.csv"
    plan = _plan(url, home)
    assert contents(plan) == {"clicks.csv": CLICKS}
    assert "authorization" in site.requests[0].headers
    assert "s3cret" not in plan.origin


def test_a_password_in_an_address_is_in_no_error(site: Site, home: Path) -> None:
    """Of any kind."""
    url = site.url.replace("http://", "http://jane:s3cret@") + "/gone/clicks.csv"
    with pytest.raises(EcomdataError) as error:
        _plan(url, home)
    assert "s3cret" not in f"{error.value} {error.value.hint}"
