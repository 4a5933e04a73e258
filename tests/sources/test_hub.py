"""A dataset's files on the Hub: a real huggingface_hub client against a server on this machine."""

from __future__ import annotations

import errno
import gzip
import hashlib
import json
import random
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ecomdata.errors import AccessError, DataError, EcomdataError, UsageError
from ecomdata.sources import Plan
from ecomdata.sources.hub import plan_hub
from ecomdata.sources.hub_calls import Address
from ecomdata.sources.matching import Selection
from tests.bombs import TWICE, in_little_memory, once, twice
from tests.hub.repo import Repo, blob_id
from tests.hub.server import Hub
from tests.hub.writing import TOKEN
from tests.loopback import Answer, Change, Site, but, instead
from tests.sources import toys
from tests.sources.toys import CLICKS, ITEMS, contents, names, zipped

NOISE = random.Random(0).randbytes(300_000)  # noqa: S311 - no secret
FILES = {"2024/clicks.csv": CLICKS, "items/a.csv": ITEMS, "README.md": b"# Toy", ".gitattributes": b"x"}
URL = "hf://datasets/acme/toy"


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait little between tries."""
    monkeypatch.setattr("ecomdata.sources.hub_client.PATIENCE", toys.HASTY)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A Hub, named by the environment after huggingface_hub was imported."""
    with Hub() as server:
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        yield server


@pytest.fixture
def repo(hub: Hub) -> Repo:
    """Its repository."""
    return hub.repo("acme/toy", FILES)


def _plan(home: Path, url: str = URL, **options: object) -> Plan:
    only = options.pop("only", None)
    looked_for = Selection.of(toys.dataset(("clicks*.csv", "*.parquet")), only=only)
    return plan_hub(toys.dataset(), url, looked_for, home, **options)


def _got(hub: Hub) -> list[str]:
    return [request.path.rsplit("/", 1)[-1] for request in hub.asked("GET", "/resolve/")]


def test_a_plan_has_files_sizes_and_the_commit(hub: Hub, repo: Repo, home: Path) -> None:
    """And downloads nothing."""
    plan = _plan(home)
    assert names(plan) == ["2024/clicks.csv", "items/a.csv"]
    assert plan.size == plan.download_bytes == len(CLICKS) + len(ITEMS)
    assert (plan.missing, plan.revision) == (2, repo.branches["main"])
    assert _got(hub) == []


@pytest.mark.usefixtures("repo")
def test_files_are_brought(home: Path) -> None:
    """Each with its content."""
    assert contents(_plan(home)) == {"2024/clicks.csv": CLICKS, "items/a.csv": ITEMS}


def test_repository_and_commit_are_in_the_local_path(repo: Repo, home: Path) -> None:
    """Loaders may read from the path what the file does not say."""
    (file, _) = _plan(home).files
    assert file.container == home / "raw/toy/acme/toy" / repo.branches["main"] / "2024/clicks.csv"


def test_files_that_belong_to_no_table_are_named(hub: Hub, home: Path) -> None:
    """But not those that are no data."""
    hub.repo("acme/toy", FILES | {"other.csv": b"x"})
    assert _plan(home).unrecognised == ("other.csv",)


def test_a_pinned_commit(repo: Repo, home: Path) -> None:
    """It is what is read, whatever main is now."""
    first = repo.branches["main"]
    repo.commit({"clicks.csv": CLICKS * 2})
    plan = _plan(home, f"{URL}@{first}")
    assert (plan.revision, contents(plan)["2024/clicks.csv"]) == (first, CLICKS)


def test_a_branch_or_a_tag(repo: Repo, home: Path) -> None:
    """It stands for the commit it points to now."""
    commit = repo.commit({"clicks_2.csv": CLICKS}, branch="v2")
    plan = _plan(home, f"{URL}@v2")
    assert (plan.revision, names(plan)) == (commit, ["clicks_2.csv"])


def test_a_folder_of_a_repository(hub: Hub, repo: Repo, home: Path) -> None:
    """Only its listing is asked for; names are the repository's."""
    assert names(_plan(home, f"{URL}@main/2024")) == ["2024/clicks.csv"]
    assert hub.asked("GET", "/tree/")[0].path.endswith(f"/tree/{repo.branches['main']}/2024")


@pytest.mark.usefixtures("repo")
def test_only_chooses(home: Path) -> None:
    """As it does in a folder."""
    assert names(_plan(home, only="2024")) == ["2024/clicks.csv"]


@pytest.mark.usefixtures("repo")
def test_only_that_matches_nothing(home: Path) -> None:
    """The error says how many files there are."""
    with pytest.raises(UsageError, match="--only 2030 matches none of the 2 files"):
        _plan(home, only="2030")


@pytest.mark.usefixtures("repo")
def test_globs_limit_what_is_considered(home: Path) -> None:
    """As a source declares them."""
    plan = _plan(home, files=("items/*",))
    assert names(plan) == ["items/a.csv"]


def test_a_long_listing_comes_in_pages(hub: Hub, home: Path) -> None:
    """All of them are read."""
    hub.page = 3
    hub.repo("acme/toy", {f"items/{n}.csv": ITEMS for n in range(10)})
    assert len(_plan(home).files) == 10


def test_lfs_files_are_checked_by_sha256(hub: Hub, home: Path) -> None:
    """Which is known before reading."""
    packed = zipped({"clicks.csv": NOISE})
    hub.repo("acme/toy", {"a.zip": packed})
    plan = _plan(home)
    assert plan.files[0].sha256 == hashlib.sha256(packed).hexdigest()
    assert contents(plan) == {"a.zip/clicks.csv": NOISE}


@pytest.mark.parametrize(
    ("path", "content"), [("clicks.csv", CLICKS), ("a.zip", zipped({"clicks.csv": CLICKS}))]
)
def test_bytes_damaged_on_their_way(hub: Hub, home: Path, path: str, content: bytes) -> None:
    """The hash tells, of git's or of LFS's kind; the file is removed, and the next run gets it."""
    hub.repo("acme/toy", {path: content})
    hub.fail(but(body=content[:-1] + b"!"), path="/resolve/")
    with pytest.raises(DataError, match=r"its hash is .*, the Hub lists") as error:
        contents(_plan(home))
    assert "run the same command again" in error.value.hint
    assert not list(home.rglob(path))
    assert contents(_plan(home))


def test_the_blob_id_is_gits() -> None:
    """As ``git hash-object`` counts it, so that the server here lists what the Hub would."""
    assert blob_id(b"hello\n") == "ce013625030ba8dba906f756967f9e9ca394464a"


def test_a_pointer_in_place_of_data(hub: Hub, home: Path) -> None:
    """A repository made without LFS holds pointers as its files."""
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"a" * 64 + b"\nsize 9\n"
    hub.repo("acme/toy", {"clicks.csv": pointer})
    with pytest.raises(DataError, match="git-LFS pointer"):
        contents(_plan(home))


def test_bytes_are_told_as_they_come(hub: Hub, home: Path) -> None:
    """Their sum is the download's size."""
    hub.repo("acme/toy", {"clicks.csv": NOISE, "items/a.csv": ITEMS})
    told: list[int] = []
    plan = _plan(home, on_bytes=told.append)
    contents(plan)
    assert sum(told) == plan.download_bytes


def test_a_broken_download_is_resumed(hub: Hub, home: Path) -> None:
    """Only the rest is asked for."""
    hub.repo("acme/toy", {"clicks.csv": NOISE * 100})
    hub.fail(but(reset_after=20_000_000), path="/resolve/")
    told: list[int] = []
    assert contents(_plan(home, on_bytes=told.append))["clicks.csv"] == NOISE * 100
    assert hub.asked("GET", "/resolve/")[1].headers["range"].startswith("bytes=")
    assert sum(told) == len(NOISE) * 100


def test_a_later_run_resumes(hub: Hub, home: Path) -> None:
    """What came of a download that failed is kept."""
    hub.repo("acme/toy", {"clicks.csv": NOISE * 100})
    hub.fail(but(reset_after=20_000_000), path="/resolve/")
    hub.fail(instead(500), path="/resolve/", times=20)
    with pytest.raises(EcomdataError):
        contents(_plan(home))
    hub.calm()
    hub.requests.clear()
    assert contents(_plan(home))["clicks.csv"] == NOISE * 100
    assert hub.asked("GET", "/resolve/")[0].headers["range"].startswith("bytes=")


def test_what_is_there_is_not_downloaded_again(hub: Hub, repo: Repo, home: Path) -> None:
    """Not even asked for; of a pinned commit not even the listing."""
    url = f"{URL}@{repo.branches['main']}"
    contents(_plan(home, url))
    hub.requests.clear()
    plan = _plan(home, url)
    assert len(contents(plan)) == 2
    assert (plan.missing, plan.download_bytes, hub.requests) == (0, 0, [])


def test_a_branch_is_looked_up_each_time(hub: Hub, repo: Repo, home: Path) -> None:
    """It may have moved; files of the same commit are kept."""
    contents(_plan(home))
    hub.requests.clear()
    assert _plan(home).missing == 0
    repo.commit(FILES | {"2024/clicks.csv": CLICKS * 2})
    assert contents(_plan(home))["2024/clicks.csv"] == CLICKS * 2


@pytest.mark.usefixtures("repo")
def test_a_missing_part_of_the_files_is_downloaded(hub: Hub, home: Path) -> None:
    """And no other."""
    contents(_plan(home, only="2024"))
    hub.requests.clear()
    plan = _plan(home)
    assert (plan.missing, plan.download_bytes) == (1, len(ITEMS))
    contents(plan)
    assert _got(hub) == ["a.csv"]


def test_the_token_is_sent(hub: Hub, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one in HF_TOKEN; a private repository can be read with it."""
    hub.repo("acme/toy", FILES, private=True)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    assert len(contents(_plan(home))) == 2
    assert {request.headers["authorization"] for request in hub.requests} == {f"Bearer {TOKEN}"}


def test_the_token_is_not_sent_elsewhere(hub: Hub, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The Hub leads to its stores by redirects; those have a signature of their own."""
    hub.repo("acme/toy", {"clicks.csv": CLICKS}, private=True)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    with Site() as store:
        hub.fail(instead(302, location=store.put("/signed", CLICKS)), path="/resolve/")
        assert contents(_plan(home)) == {"clicks.csv": CLICKS}
    assert [("authorization" in request.headers) for request in store.requests] == [False]


def test_the_token_is_not_sent_to_the_next_page_elsewhere(
    hub: Hub, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Hub may name any server for it, as mirrors do."""
    hub.repo("acme/toy", FILES)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    with Site() as other:
        page = other.put("/next", b"[]", Content_Type="application/json")
        hub.fail(
            but(headers={"Content-Type": "application/json", "Link": f'<{page}>; rel="next"'}), path="/tree/"
        )
        assert len(_plan(home).files) == 2
    assert [("authorization" in request.headers) for request in other.requests] == [False]


def test_a_private_repository_without_a_token(hub: Hub, home: Path) -> None:
    """It cannot be told from one that is not there; the hint has both."""
    hub.repo("acme/toy", FILES, private=True)
    with pytest.raises(UsageError, match="no dataset acme/toy, or it is private") as error:
        _plan(home)
    assert "HF_TOKEN" in error.value.hint


def test_a_gated_repository_without_a_token(hub: Hub, home: Path) -> None:
    """The error says where to ask for access; its list can be read."""
    hub.repo("acme/toy", FILES, gated=True)
    with pytest.raises(AccessError, match="acme/toy is gated") as error:
        contents(_plan(home))
    assert f"{hub.url}/datasets/acme/toy" in error.value.hint


def test_a_gated_repository_with_a_token_without_access(
    hub: Hub, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same, and the token is in no message."""
    hub.repo("acme/toy", FILES, gated=True)
    monkeypatch.setenv("HF_TOKEN", "hf_SomebodyElse")
    with pytest.raises(AccessError, match="gated") as error:
        contents(_plan(home))
    assert "SomebodyElse" not in f"{error.value} {error.value.hint}"


def test_a_dataset_that_is_declared_gated(hub: Hub, home: Path) -> None:
    """Without a token the user gets upstream's steps at once."""
    hub.repo("acme/toy", FILES, gated=True)
    with pytest.raises(AccessError, match="Ask the shop"):
        _plan(home, gated=True)
    assert hub.requests == []


def test_a_gated_repository_with_access(hub: Hub, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is read."""
    hub.repo("acme/toy", FILES, gated=True)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    assert len(contents(_plan(home, gated=True))) == 2


@pytest.mark.usefixtures("repo")
def test_no_such_repository(home: Path) -> None:
    """It is the user's mistake."""
    with pytest.raises(UsageError, match="no dataset acme/tie"):
        _plan(home, "hf://datasets/acme/tie")


@pytest.mark.parametrize("revision", ["v9", "0" * 40, "a%20b"])
@pytest.mark.usefixtures("repo")
def test_no_such_revision(home: Path, revision: str) -> None:
    """The hint leads to the commits."""
    with pytest.raises(UsageError, match="has no revision") as error:
        _plan(home, f"{URL}@{revision}")
    assert "/commits/" in error.value.hint


@pytest.mark.usefixtures("repo")
def test_no_such_folder(home: Path) -> None:
    """The hint leads to the tree."""
    with pytest.raises(UsageError, match=r"@main/none does not exist") as error:
        _plan(home, f"{URL}@main/none")
    assert "/tree/" in error.value.hint


@pytest.mark.parametrize(
    "url",
    [
        "hf://acme/toy",
        "hf://datasets/toy",
        "hf://datasets/",
        "hf://datasets/acme",
        "hf://models/acme/toy",
        "hf://datasets/../toy",
        "hf://datasets/acme/..",
        "hf://datasets/acme/toy@",
    ],
)
def test_no_address_of_a_dataset(home: Path, url: str) -> None:
    """The hint has the form."""
    with pytest.raises(UsageError, match="is no address of a dataset on the Hub"):
        _plan(home, url)


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("hf://datasets/a/b", ("a/b", "", "")),
        ("hf://datasets/a/b/", ("a/b", "", "")),
        ("hf://datasets/a/b@main", ("a/b", "main", "")),
        ("hf://datasets/a/b@main/x/y", ("a/b", "main", "x/y")),
        ("hf://datasets/a/b/x", ("a/b", "", "x")),
        ("hf://datasets/a/b@refs/convert/parquet/x", ("a/b", "refs/convert/parquet", "x")),
        ("hf://datasets/a/b@feature%2Fone", ("a/b", "feature/one", "")),
    ],
)
def test_the_parts_of_an_address(url: str, parts: tuple[str, str, str]) -> None:
    """Repository, revision, folder."""
    assert Address.parse(url) == Address(*parts)


@pytest.mark.parametrize("path", ["../evil.csv", "/etc/clicks.csv", "a/../../clicks.csv", "a\\clicks.csv"])
def test_a_listing_that_would_leave_the_folder(hub: Hub, home: Path, path: str) -> None:
    """It is refused as a whole, and nothing is written."""
    repo = hub.repo("acme/toy", FILES)
    repo.lies["items/a.csv"] = {"path": path}
    with pytest.raises(DataError, match="would leave the target folder"):
        _plan(home)
    assert not list(home.iterdir())


def test_a_listing_that_names_a_file_twice(hub: Hub, home: Path) -> None:
    """Its rows would be there twice."""
    repo = hub.repo("acme/toy", FILES)
    repo.lies["items/a.csv"] = {"path": "2024/clicks.csv"}
    with pytest.raises(DataError, match=r"lists '2024/clicks\.csv' more than once"):
        _plan(home)


def test_a_file_that_went_is_named(hub: Hub, home: Path) -> None:
    """With its commit; the repository is still there."""
    repo = hub.repo("acme/toy", FILES)
    plan = _plan(home)
    hub.fail(instead(404, X_Error_Code="EntryNotFound"), path="/resolve/")
    with pytest.raises(UsageError, match=f"{URL}@{repo.branches['main']}/2024/clicks.csv does not exist"):
        contents(plan)


def test_a_listing_that_cannot_be_kept(hub: Hub, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk is told with the place."""
    hub.repo("acme/toy", FILES)

    def full(_path: Path, _text: str) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("ecomdata.sources.hub.write_durably", full)
    with pytest.raises(EcomdataError, match=rf"cannot write {home}/.*\.json: No space left") as error:
        _plan(home)
    assert "--home" in error.value.hint


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *(("size", value) for value in ("7", None, -1, 0.5, True, [7], 1 << 63)),
        *(("oid", value) for value in (None, 7, ["a"])),
        ("lfs", {"oid": 7, "size": 3, "pointerSize": 1}),
        ("path", "\ud800.csv"),
        ("path", 7),
    ],
)
def test_a_listing_whose_values_are_none(hub: Hub, home: Path, key: str, value: object) -> None:
    """huggingface_hub takes any JSON for a size, a hash or a path."""
    hub.repo("acme/toy", FILES)
    listed = {"type": "file", "path": "clicks.csv", "size": 3, "oid": "0" * 40, key: value}
    hub.fail(instead(200, json.dumps([listed]).encode(), content_type="application/json"), path="/tree/")
    with pytest.raises(EcomdataError, match=r"the repository lists|does not answer as the Hub does"):
        _plan(home)


def test_a_listing_without_end(hub: Hub, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server may name a next page for ever; so many files and no more are taken."""
    monkeypatch.setattr("ecomdata.sources.hub_client.MOST_ENTRIES", 2)
    hub.repo("acme/toy", FILES)
    with pytest.raises(EcomdataError, match="lists more than 2 files") as error:
        _plan(home)
    assert "/FOLDER" in error.value.hint


def test_empty_pages_without_end(hub: Hub, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No file comes that could be counted, so pages are."""
    monkeypatch.setattr("ecomdata.sources.hub_client.MOST_PAGES", 20)
    hub.repo("acme/toy", FILES)
    address = f"{hub.url}/api/datasets/acme/toy/tree/main?cursor=again"
    page = instead(200, b"[]", content_type="application/json", link=f'<{address}>; rel="next"')
    hub.fail(page, path="/tree/", times=40)
    with pytest.raises(EcomdataError, match="more than 20 pages"):
        _plan(home)
    assert len(hub.asked("GET", "/tree/")) == 21
    hub.calm()
    assert len(_plan(home).files) == 2


def test_an_answer_that_is_nested_without_end(hub: Hub, home: Path) -> None:
    """Python's JSON reader gives up at some depth; the server is told of, not a traceback."""
    hub.repo("acme/toy", FILES)
    hub.fail(instead(200, b"[" * 100_000, content_type="application/json"))
    with pytest.raises(EcomdataError, match="does not answer as the Hub does"):
        _plan(home)


@pytest.mark.parametrize(
    ("coding", "told"), [("gzip", "answers with more than 67,108,864 bytes"), (TWICE, f"'{TWICE}'")]
)
@pytest.mark.parametrize("path", ["/api/datasets/acme/toy", "/tree/"])
def test_an_answer_that_unpacks_without_end(hub: Hub, home: Path, coding: str, told: str, path: str) -> None:
    """It is not unpacked to its end, and the server is named."""
    hub.repo("acme/toy", FILES)
    body = once() if coding == "gzip" else twice()
    hub.fail(instead(200, body, content_type="application/json", content_encoding=coding), path=path)
    with in_little_memory(), pytest.raises(EcomdataError, match=told):
        _plan(home)


@pytest.mark.parametrize("path", ["/api/datasets/acme/toy", "/resolve/"])
def test_an_error_that_unpacks_without_end(hub: Hub, home: Path, path: str) -> None:
    """The status says enough."""
    hub.repo("acme/toy", FILES)
    hub.fail(instead(403, twice(), content_encoding=TWICE), path=path)
    with in_little_memory(), pytest.raises(AccessError, match="status 403"):
        contents(_plan(home))


def test_an_answer_that_is_packed(hub: Hub, home: Path) -> None:
    """The Hub packs its listings as gzip."""
    hub.repo("acme/toy", FILES)

    def pack(right: Answer) -> Answer:
        headers = {**right.headers, "Content-Encoding": "gzip"}
        return replace(right, body=gzip.compress(right.body), headers=headers)

    hub.fail(Change(pack), path="/api/", times=2)
    assert len(_plan(home).files) == 2
    assert {request.headers["accept-encoding"] for request in hub.requests} == {"gzip"}


def test_a_listing_with_a_wrong_size(hub: Hub, home: Path) -> None:
    """The file that comes is compared with it."""
    repo = hub.repo("acme/toy", {"clicks.csv": CLICKS})
    repo.lies["clicks.csv"] = {"size": 5}
    with pytest.raises(EcomdataError, match="bytes came, the Hub lists 5"):
        contents(_plan(home))


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("path", ["/api/datasets/acme/toy", "/tree/"])
@pytest.mark.usefixtures("repo")
def test_a_busy_hub_is_asked_again(hub: Hub, home: Path, status: int, path: str) -> None:
    """While listing."""
    hub.fail(instead(status), path=path)
    assert len(_plan(home).files) == 2


@pytest.mark.parametrize("status", [429, 500, 503])
@pytest.mark.usefixtures("repo")
def test_a_busy_hub_is_asked_again_for_files(hub: Hub, home: Path, status: int) -> None:
    """While downloading."""
    hub.fail(instead(status), path="/resolve/")
    assert len(contents(_plan(home))) == 2


@pytest.mark.usefixtures("repo")
def test_the_hubs_own_header_for_waiting(hub: Hub, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It counts the seconds until its limit is lifted."""
    waits: list[float] = []
    plan = _plan(home, only="2024")
    monkeypatch.setattr(time, "sleep", waits.append)
    hub.fail(instead(429, ratelimit='"api";r=0;t=55'), path="/resolve/")
    contents(plan)
    assert waits == [55.0]


@pytest.mark.usefixtures("repo")
def test_a_hub_that_stays_busy(hub: Hub, home: Path) -> None:
    """It is an error with the status."""
    hub.fail(instead(503), path="/api/", times=20)
    with pytest.raises(EcomdataError, match="answers with status 503"):
        _plan(home)


@pytest.mark.usefixtures("repo")
def test_a_hub_that_asks_to_wait_for_long(hub: Hub, home: Path) -> None:
    """It is said, and not waited for."""
    hub.fail(instead(429, retry_after="3600"), path="/api/")
    with pytest.raises(EcomdataError, match="answers with status 429") as error:
        _plan(home)
    assert error.value.hint == "it asks to wait for 3600 s"


@pytest.mark.parametrize(
    "body", [b"<html>Sign in to the airport</html>", b"[]", b"{}", b'{"id": "acme/toy"}']
)
@pytest.mark.usefixtures("repo")
def test_something_else_answers(hub: Hub, home: Path, body: bytes) -> None:
    """Such as the page of a network that wants a login; the hint names HF_ENDPOINT."""
    hub.fail(instead(200, body), path="/api/", times=20)
    with pytest.raises(EcomdataError) as error:
        _plan(home)
    assert "HF_ENDPOINT" in error.value.hint


def test_nobody_answers(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message has the address that was tried."""
    with Hub() as gone:
        monkeypatch.setenv("HF_ENDPOINT", gone.url)
    with pytest.raises(EcomdataError, match=f"cannot get .* from {gone.url}"):
        _plan(home)


def test_offline_with_everything_there(
    hub: Hub, repo: Repo, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A branch stands for the commit it stood for last."""
    contents(_plan(home))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    hub.requests.clear()
    plan = _plan(home)
    assert (contents(plan)["items/a.csv"], plan.revision) == (ITEMS, repo.branches["main"])
    assert hub.requests == []


@pytest.mark.usefixtures("repo")
def test_offline_with_files_missing(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are named, with where they should be; what is there can be chosen."""
    contents(_plan(home, only="2024"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(EcomdataError, match=r"working offline .* 1 of 2 files .*: items/a\.csv") as error:
        _plan(home)
    assert "--only" in error.value.hint
    assert list(contents(_plan(home, only="2024"))) == ["2024/clicks.csv"]


@pytest.mark.usefixtures("repo")
def test_offline_with_nothing_there(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says that it is the user's own wish."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(EcomdataError, match="nothing of hf://datasets/acme/toy was downloaded before"):
        _plan(home)


def test_a_damaged_listing_is_asked_for_again(hub: Hub, repo: Repo, home: Path) -> None:
    """Half a file from a crash is no listing."""
    url = f"{URL}@{repo.branches['main']}"
    contents(_plan(home, url))
    (listing,) = home.rglob(".listing-*.json")
    listing.write_text(listing.read_text()[:50])
    hub.requests.clear()
    assert len(_plan(home, url).files) == 2
    assert hub.requests


def test_a_gz_file_is_read_decompressed(hub: Hub, home: Path) -> None:
    """Its name stands for that of its content."""
    hub.repo("acme/toy", {"x/clicks.csv.gz": gzip.compress(CLICKS)})
    assert contents(_plan(home)) == {"x/clicks.csv.gz": CLICKS}


def test_hidden_files_are_passed_over(hub: Hub, home: Path) -> None:
    """Whatever a glob says."""
    hub.repo("acme/toy", {"clicks.csv": CLICKS, "x/.clicks.csv": b"?", ".incoming/clicks.csv": b"?"})
    assert names(_plan(home)) == ["clicks.csv"]


def test_a_file_as_large_as_one_that_is_there(repo: Repo, home: Path) -> None:
    """Another commit has a folder of its own, so equal sizes do not mislead."""
    contents(_plan(home))
    repo.commit(FILES | {"2024/clicks.csv": CLICKS.replace(b"7", b"9")})
    assert contents(_plan(home))["2024/clicks.csv"] == CLICKS.replace(b"7", b"9")
