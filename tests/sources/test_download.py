"""One file over HTTP: resumed, retried, hashed, and refused when it is not what it should be."""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest

from ecomdata.errors import AccessError, DataError, EcomdataError
from ecomdata.sources.download import Download
from ecomdata.sources.patience import Again, Patience, pause
from ecomdata.sources.responses import check_origin
from tests.bombs import TWICE, in_little_memory, twice
from tests.conftest import ROOT
from tests.loopback import Site, but, instead
from tests.sources.toys import HASTY

BODY = random.Random(0).randbytes(400_000)  # noqa: S311 - no secret
SHA256 = hashlib.sha256(BODY).hexdigest()
PARTS = (".part", ".part.json")


@pytest.fixture
def site() -> Iterator[Site]:
    """A web server with one file."""
    with Site() as server:
        server.put("/a.bin", BODY)
        yield server


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """Where the file goes."""
    return tmp_path / "raw" / "a.bin"


def _download(site: Site, target: Path, **options: object) -> Download:
    settings = {"patience": HASTY, "url": f"{site.url}/a.bin"} | options
    return Download(target=target, **settings)


def _digest(url: str) -> str:
    return hashlib.sha256(url.encode()).hexdigest()


def _left(target: Path) -> list[str]:
    return sorted(path.name for path in target.parent.iterdir())


def _ranges(site: Site) -> list[str | None]:
    return [request.headers.get("range") for request in site.asked("GET")]


def test_a_whole_file(site: Site, target: Path) -> None:
    """It is in its place, its hash is returned, and nothing else is left."""
    assert _download(site, target).run() == SHA256
    assert target.read_bytes() == BODY
    assert _left(target) == ["a.bin"]


def test_bytes_are_told_as_they_come(site: Site, target: Path) -> None:
    """Their sum is the file's size, also after a reset."""
    site.fail(but(reset_after=200_000))
    told: list[int] = []
    _download(site, target, on_bytes=told.append).run()
    assert sum(told) == len(BODY)


def test_the_file_is_asked_for_as_it_is(site: Site, target: Path) -> None:
    """A server must not compress it on the way: ranges and hashes are of the file itself."""
    _download(site, target).run()
    assert site.requests[0].headers["accept-encoding"] == "identity"


def test_a_reset_connection_is_resumed(site: Site, target: Path) -> None:
    """Only the rest is asked for, and only if the file is still the same."""
    site.fail(but(reset_after=200_000))
    assert _download(site, target).run() == SHA256
    first, second = site.requests
    start = int(second.headers["range"].removeprefix("bytes=").removesuffix("-"))
    assert 0 < start <= 200_000
    assert second.headers["if-range"] == site.files["/a.bin"].etag
    assert "range" not in first.headers


def test_many_resets_with_progress_between_them(site: Site, target: Path) -> None:
    """The tries are counted anew when enough has come."""
    site.fail(but(reset_after=80_000), times=HASTY.attempts)
    assert _download(site, target, patience=replace(HASTY, attempts=2)).run() == SHA256


def test_resets_without_progress_come_to_an_end(site: Site, target: Path) -> None:
    """What has come is kept for the next run, which resumes it."""
    site.fail(but(reset_after=100), times=20)
    with pytest.raises(EcomdataError, match="gave up after 4 tries in a row") as error:
        _download(site, target).run()
    assert "kept and resumed" in error.value.hint
    assert target.with_name("a.bin.part").stat().st_size > 0
    assert not target.exists()


def test_a_later_run_resumes(site: Site, target: Path) -> None:
    """Bytes that are there are hashed, not asked for again."""
    site.fail(but(reset_after=300_000))
    with pytest.raises(EcomdataError):
        _download(site, target, patience=replace(HASTY, attempts=1)).run()
    kept = target.with_name("a.bin.part").stat().st_size
    told: list[int] = []
    assert _download(site, target, on_bytes=told.append).run() == SHA256
    assert _ranges(site) == [None, f"bytes={kept}-"]
    assert (told[0], sum(told)) == (kept, len(BODY))


def test_a_file_that_changed_meanwhile_starts_again(site: Site, target: Path) -> None:
    """If-Range makes the server send all of the new file."""
    site.fail(but(reset_after=200_000))
    with pytest.raises(EcomdataError):
        _download(site, target, patience=replace(HASTY, attempts=1)).run()
    site.put("/a.bin", BODY[::-1])
    told: list[int] = []
    _download(site, target, on_bytes=told.append).run()
    assert target.read_bytes() == BODY[::-1]
    assert sum(told) == len(BODY)


def test_a_part_of_another_file_is_not_appended(site: Site, target: Path) -> None:
    """A server that ignores If-Range is caught by its ETag."""
    site.fail(but(reset_after=200_000))
    with pytest.raises(EcomdataError):
        _download(site, target, patience=replace(HASTY, attempts=1)).run()
    site.put("/a.bin", BODY[::-1])
    part = {"Content-Range": "bytes 100-399999/400000", "ETag": '"new"'}
    site.fail(but(status=206, headers=part, body=BODY[::-1][100:]))
    _download(site, target).run()
    assert target.read_bytes() == BODY[::-1]


def test_a_part_that_was_not_asked_for_is_not_appended(site: Site, target: Path) -> None:
    """206 with another start."""
    site.fail(but(reset_after=200_000))
    etag = site.files["/a.bin"].etag
    wrong = {"Content-Range": "bytes 5-399999/400000", "ETag": etag}
    site.fail(but(status=206, headers=wrong, body=BODY[5:]))
    assert _download(site, target).run() == SHA256


def test_a_file_without_an_etag_is_resumed_by_its_date(site: Site, target: Path) -> None:
    """Last-Modified serves as well."""
    headers = {"Last-Modified": "Mon, 01 Jan 2024 00:00:00 GMT", "Accept-Ranges": "bytes"}
    site.fail(but(reset_after=200_000, headers=headers))
    _download(site, target).run()
    assert site.requests[1].headers["if-range"] == "Mon, 01 Jan 2024 00:00:00 GMT"


@pytest.mark.parametrize("headers", [{}, {"ETag": 'W/"weak"'}])
def test_a_file_that_cannot_be_told_starts_again(site: Site, target: Path, headers: dict[str, str]) -> None:
    """Without a strong ETag or a date, two parts may be of two files."""
    site.fail(but(reset_after=200_000, headers=headers))
    with pytest.raises(EcomdataError):
        _download(site, target, patience=replace(HASTY, attempts=1)).run()
    assert _download(site, target).run() == SHA256
    assert _ranges(site) == [None, None]


def test_a_server_that_ignores_ranges(site: Site, target: Path) -> None:
    """Its whole answer replaces the part."""
    site.put("/a.bin", BODY, ranges=False, ETag='"same"')
    site.fail(but(reset_after=200_000))
    assert _download(site, target).run() == SHA256
    assert _ranges(site)[1] is not None


def test_a_part_that_is_complete_already(site: Site, target: Path) -> None:
    """Killed between the last byte and the renaming: the server answers 416."""
    _download(site, target).run()
    target.rename(target.with_name("a.bin.part"))
    seen = {"url": _digest(f"{site.url}/a.bin"), "etag": site.files["/a.bin"].etag, "modified": ""}
    target.with_name("a.bin.part.json").write_text(json.dumps(seen))
    assert _download(site, target).run() == SHA256
    assert _ranges(site)[1] == "bytes=400000-"


@pytest.mark.parametrize("sized", [True, False], ids=["planned", "announced"])
def test_a_part_that_is_called_the_whole(site: Site, target: Path, sized: bool) -> None:
    """As by a cache between, which took what it had of a broken answer for the file: it starts again."""
    site.fail(but(reset_after=100_000))
    site.fail(instead(416, Content_Range="bytes */100000"))
    assert _download(site, target, size=len(BODY) if sized else -1).run() == SHA256
    assert _ranges(site) == [None, "bytes=100000-", None]


def test_a_part_longer_than_the_file(site: Site, target: Path) -> None:
    """It starts again."""
    target.parent.mkdir()
    target.with_name("a.bin.part").write_bytes(BODY + b"more")
    seen = {"url": _digest(f"{site.url}/a.bin"), "etag": site.files["/a.bin"].etag, "modified": ""}
    target.with_name("a.bin.part.json").write_text(json.dumps(seen))
    assert _download(site, target).run() == SHA256


@pytest.mark.parametrize(
    "sidecar", ["", "{", "[]", '{"url": "http://elsewhere"}', '{"url":1,"etag":2,"modified":3}']
)
def test_a_part_of_unknown_origin_starts_again(site: Site, target: Path, sidecar: str) -> None:
    """A damaged note beside it is no note."""
    target.parent.mkdir()
    target.with_name("a.bin.part").write_bytes(b"something else")
    target.with_name("a.bin.part.json").write_text(sidecar)
    assert _download(site, target).run() == SHA256


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_what_may_pass_is_tried_again(site: Site, target: Path, status: int) -> None:
    """Busy servers and broken gateways."""
    site.fail(instead(status), times=2)
    assert _download(site, target).run() == SHA256
    assert len(site.requests) == 3


def test_retry_after_is_heeded(site: Site, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The wait is at least what the server asks for."""
    waits: list[float] = []
    monkeypatch.setattr(time, "sleep", waits.append)
    site.fail(instead(429, retry_after="7"))
    _download(site, target).run()
    assert waits == [7.0]


def test_a_retry_after_date_is_heeded(site: Site, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The header may be a date; one in the past means now."""
    waits: list[float] = []
    monkeypatch.setattr(time, "sleep", waits.append)
    site.fail(instead(503, retry_after="Mon, 01 Jan 2024 00:00:00 GMT"))
    _download(site, target).run()
    assert waits[0] < 1


@pytest.mark.parametrize("date", ["3600", "Thu, 01 Jan 2099 00:00:00 GMT"])
def test_who_must_wait_for_long_is_told_so(
    site: Site, target: Path, monkeypatch: pytest.MonkeyPatch, date: str
) -> None:
    """Rather than left alone for an hour, and asked again before it is over."""
    waits: list[float] = []
    monkeypatch.setattr(time, "sleep", waits.append)
    site.fail(instead(503, retry_after=date))
    with pytest.raises(EcomdataError, match=r"gave up after one try: .* asks to wait for \d+ s"):
        _download(site, target).run()
    assert (waits, len(site.requests)) == ([], 1)


def test_a_retry_after_date_goes_by_the_servers_clock(
    site: Site, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This machine's may be years off."""
    waits: list[float] = []
    monkeypatch.setattr(time, "sleep", waits.append)
    date = "Thu, 01 Jan 2099 00:00:{:02d} GMT"
    site.fail(instead(503, retry_after=date.format(42), Date=date.format(0)))
    _download(site, target).run()
    assert waits == [42.0]


@pytest.mark.parametrize("text", ["soon", "\u00b2", f"Sun, 29 Nov 2026 00:00:00 +{10**20 - 1}", "9" * 5000])
def test_nonsense_in_retry_after_is_nothing(site: Site, target: Path, text: str) -> None:
    """Our own pause is made."""
    site.fail(instead(429, retry_after=text))
    assert _download(site, target).run() == SHA256


def test_nonsense_in_a_range_starts_again(site: Site, target: Path) -> None:
    """Python refuses to read a number of five thousand digits."""
    site.fail(but(reset_after=200_000))
    site.fail(but(headers={"Content-Range": f"bytes 200000-399999/{'9' * 5000}", "ETag": '"x"'}))
    assert _download(site, target).run() == SHA256


def test_no_secret_of_the_address_is_left_beside_a_part(site: Site, target: Path) -> None:
    """What is kept to resume a download tells only whether it is the same address."""
    url = site.url.replace("http://", "http://jane:s3cret@") + "/a.bin?X-Amz-Signature=s3cret"
    site.fail(but(reset_after=200_000))
    site.fail(instead(503), times=20)
    with pytest.raises(EcomdataError):
        _download(site, target, url=url).run()
    assert not [path for path in target.parent.iterdir() if b"s3cret" in path.read_bytes()]
    site.calm()
    assert _download(site, target, url=url).run() == SHA256
    assert _ranges(site)[-1] is not None


def test_pauses_grow_up_to_a_cap() -> None:
    """Doubling, with jitter of half to one and a half."""
    patience = Patience(base=1.0, cap=8.0)
    for tries, middle in ((1, 1), (2, 2), (3, 4), (4, 8), (9, 8)):
        assert 0.5 * middle <= pause(Again("x"), patience, tries) <= 1.5 * middle


def test_a_stalled_download_is_resumed(site: Site, target: Path) -> None:
    """A connection on which nothing comes is given up and opened anew."""
    site.fail(but(stall_after=200_000))
    assert _download(site, target, patience=replace(HASTY, stall=0.2)).run() == SHA256
    assert _ranges(site)[1] is not None


def test_a_server_that_announces_more_than_comes(site: Site, target: Path) -> None:
    """It is a download that stopped early, and in the end a failure."""
    site.put("/a.bin", BODY, ranges=False)
    site.fail(but(announce=len(BODY) + 10), times=10)
    with pytest.raises(EcomdataError, match="gave up"):
        _download(site, target).run()
    assert not target.exists()


def test_a_server_that_announces_less_than_comes(site: Site, target: Path) -> None:
    """What is over is not read; a known hash tells."""
    site.fail(but(announce=1000))
    with pytest.raises(DataError, match="expected"):
        _download(site, target, sha256=SHA256).run()
    assert _left(target) == []


def test_a_server_that_announces_nothing(site: Site, target: Path) -> None:
    """A chunked body has an end of its own."""
    site.fail(but(announce=-1))
    assert _download(site, target).run() == SHA256


def test_fewer_bytes_than_the_plan_said(site: Site, target: Path) -> None:
    """Where the answer itself announces no length, the one announced before counts."""
    site.put("/a.bin", BODY[:100], ranges=False)
    site.fail(but(announce=-1), times=10)
    with pytest.raises(EcomdataError, match="gave up after 4 tries in a row: 100 of 400,000 bytes came"):
        _download(site, target, size=len(BODY)).run()


def test_fewer_bytes_announced_than_the_plan_said(site: Site, target: Path) -> None:
    """One of the two is a lie, and no hash tells which: nothing is taken."""
    site.fail(but(announce=1000), times=10)
    with pytest.raises(
        EcomdataError, match=r"gave up .* announces 1,000 bytes, and announced 400,000 before"
    ):
        _download(site, target, size=len(BODY)).run()
    assert not target.exists()
    site.calm()
    assert _download(site, target, size=len(BODY)).run() == SHA256


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Range": "bytes 200000-399999/400001", "ETag": "{etag}"},
        {"Content-Range": "bytes 200000-399999/400000"},
    ],
    ids=["of another size", "that does not say of what"],
)
def test_a_part_that_may_be_of_another_file(site: Site, target: Path, headers: dict[str, str]) -> None:
    """It is not appended, though it begins where it was asked to."""
    site.fail(but(reset_after=200_000))
    told = {name: text.format(etag=site.files["/a.bin"].etag) for name, text in headers.items()}
    site.fail(but(status=206, headers=told, body=bytes(200_000)))
    assert _download(site, target).run() == SHA256


def test_a_declared_hash_that_fits(site: Site, target: Path) -> None:
    """It passes."""
    assert _download(site, target, sha256=SHA256).run() == SHA256


def test_a_declared_hash_that_does_not_fit(site: Site, target: Path) -> None:
    """The message has both; the file is removed, so that the next run starts anew."""
    with pytest.raises(DataError, match=f"has sha256 {SHA256}, expected {'0' * 64}"):
        _download(site, target, sha256="0" * 64).run()
    assert _left(target) == []


def test_a_web_page_by_its_type(site: Site, target: Path) -> None:
    """A login page with status 200."""
    site.fail(instead(200, b"<html>", Content_Type="text/html; charset=utf-8"))
    with pytest.raises(DataError, match=r"is a web page \(text/html\), not the file a\.bin"):
        _download(site, target).run()


def test_a_web_page_by_its_content(site: Site, target: Path) -> None:
    """The same without an honest type; nothing is left."""
    site.fail(instead(200, b"<!doctype html><title>Sign in", Content_Type="application/octet-stream"))
    with pytest.raises(DataError, match=r"a\.bin is a web page"):
        _download(site, target).run()
    assert _left(target) == []


def test_an_answer_that_was_recoded(site: Site, target: Path) -> None:
    """Its bytes would not be the file's."""
    site.fail(instead(200, b"xx", Content_Encoding="br"))
    with pytest.raises(EcomdataError, match="the server sends br"):
        _download(site, target).run()


def test_gzip_as_the_encoding_of_a_gz_file(site: Site, tmp_path: Path) -> None:
    """Many servers say so of .gz files; their bytes are the file's."""
    site.put("/a.csv.gz", b"\x1f\x8b" + BODY, Content_Encoding="gzip")
    target = tmp_path / "a.csv.gz"
    Download(url=f"{site.url}/a.csv.gz", target=target, patience=HASTY).run()
    assert target.read_bytes() == b"\x1f\x8b" + BODY


@pytest.mark.parametrize("status", [401, 403, 407])
def test_a_refusal_needs_the_user(site: Site, target: Path, status: int) -> None:
    """It is not tried again."""
    site.fail(instead(status))
    with pytest.raises(AccessError, match=f"refuses access \\(status {status}") as error:
        _download(site, target).run()
    assert "--source" in error.value.hint
    assert len(site.requests) == 1


@pytest.mark.parametrize("status", [404, 410])
def test_a_dead_address(site: Site, target: Path, status: int) -> None:
    """It is not tried again."""
    site.fail(instead(status))
    with pytest.raises(EcomdataError, match=f"the server answers {status}"):
        _download(site, target).run()
    assert len(site.requests) == 1


def test_redirects_are_followed(site: Site, tmp_path: Path) -> None:
    """As upstreams move."""
    site.fail(instead(302, location="/a.bin"), path="/old")
    target = tmp_path / "old.bin"
    assert Download(url=f"{site.url}/old", target=target, patience=HASTY).run() == SHA256


def test_a_circle_of_redirects(site: Site, target: Path) -> None:
    """It comes to an end, and is not tried again."""
    site.fail(instead(302, location="/a.bin"), times=100)
    with pytest.raises(EcomdataError, match="redirect"):
        _download(site, target).run()


def test_a_redirect_to_another_protocol(site: Site, target: Path) -> None:
    """It is not tried again."""
    site.fail(instead(302, location="ftp://127.0.0.1/a.bin"), times=10)
    with pytest.raises(EcomdataError, match="cannot reach"):
        _download(site, target).run()
    assert len(site.requests) == 1


def test_a_redirect_that_unpacks_without_end(site: Site, target: Path) -> None:
    """Where it leads is all that is wanted of it."""
    bomb = instead(302, twice(), location=f"{site.url}/a.bin", content_encoding=TWICE)
    site.fail(bomb)
    with in_little_memory():
        _download(site, target).run()
    assert target.read_bytes() == BODY


def test_a_redirect_that_leaves_https_and_comes_back() -> None:
    """Who listens in between may lead anywhere."""
    steps = {
        "https://example.org/a.bin": "http://mirror.example/a.bin",
        "http://mirror.example/a.bin": "https://other.example/a.bin",
    }

    def answer(request: httpx2.Request) -> httpx2.Response:
        there = steps.get(str(request.url))
        return httpx2.Response(302, headers={"location": there}) if there else httpx2.Response(200)

    with httpx2.Client(transport=httpx2.MockTransport(answer), follow_redirects=True) as session:
        response = session.get("https://example.org/a.bin")
    with pytest.raises(EcomdataError, match=r"leads to http://mirror\.example, which is not encrypted"):
        check_origin(response, "https://example.org/a.bin")


def test_a_redirect_that_leaves_https() -> None:
    """What was asked for encrypted must come encrypted."""
    response = httpx2.Response(200, request=httpx2.Request("GET", "http://mirror.example/a.bin"))
    with pytest.raises(EcomdataError, match=r"leads to http://mirror\.example, which is not encrypted"):
        check_origin(response, "https://example.org/a.bin")


def test_nobody_listens(target: Path) -> None:
    """The message has the address."""
    with Site() as gone:
        pass
    with pytest.raises(EcomdataError, match="gave up after 4 tries"):
        _download(gone, target).run()


def test_a_folder_that_cannot_be_made(site: Site, tmp_path: Path) -> None:
    """A file is in the way."""
    (tmp_path / "raw").write_text("")
    with pytest.raises(EcomdataError, match="cannot write") as error:
        _download(site, tmp_path / "raw" / "a.bin").run()
    assert error.value.hint


RUN = """
import sys
from pathlib import Path
from ecomdata.errors import EcomdataError
from ecomdata.sources.download import Download
try:
    Download(url=sys.argv[1], target=Path(sys.argv[2])).run()
except EcomdataError as error:
    print(error, "|", error.hint)
"""
LIMIT = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, 150_000));"
ENV = {**os.environ, "PYTHONPATH": str(ROOT)}


def test_a_file_larger_than_the_system_allows(site: Site, target: Path) -> None:
    """It is no traceback, and the part is resumed when there is a better place."""
    command = [sys.executable, "-c", LIMIT + RUN, f"{site.url}/a.bin", str(target)]
    done = subprocess.run(command, env=ENV, capture_output=True, encoding="utf-8", check=True, timeout=60)
    assert done.stdout.startswith(f"cannot write {target}: File too large | ")
    assert _download(site, target).run() == SHA256
    assert _ranges(site)[1] == "bytes=150000-"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 256 kB, where the tests may mount one."""
    folder = tmp_path / "small"
    folder.mkdir()
    command = ["/bin/mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)]
    if not Path(command[0]).exists() or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("no file system can be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["/bin/umount", str(folder)], check=True)


def test_a_full_disk(site: Site, small_disk: Path) -> None:
    """It says what is free and what is needed; the part is kept."""
    target = small_disk / "a.bin"
    with pytest.raises(EcomdataError, match=f"no space left for {target}") as error:
        _download(site, target, size=len(BODY)).run()
    assert "kept and resumed" in error.value.hint
    assert target.with_name("a.bin.part").stat().st_size > 100_000


def test_a_killed_download_is_resumed(site: Site, target: Path) -> None:
    """SIGKILL half-way: no file in its place, and the next run asks for the rest only."""
    site.fail(but(stall_after=300_000))
    command = [sys.executable, "-c", RUN, f"{site.url}/a.bin", str(target)]
    part = target.with_name("a.bin.part")
    with subprocess.Popen(command, env=ENV) as running:
        while not part.exists() or part.stat().st_size < 200_000:
            assert running.poll() is None
            time.sleep(0.01)
        running.send_signal(signal.SIGKILL)
    assert not target.exists()
    kept = part.stat().st_size
    assert _download(site, target).run() == SHA256
    assert _ranges(site)[1] == f"bytes={kept}-"
