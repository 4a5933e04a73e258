"""``ecomdata load`` over the network, on the command line: from a Hub and a web server on this machine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import RunCli
from tests.docs.test_add_a_dataset import example
from tests.hub.server import Hub
from tests.hub.writing import TOKEN
from tests.loopback import Site, but, instead

CSV = b"user,sku,action,unixtime\n7,b-1,look,1704067200\n7,b-1,buy,1704067260\n"
HUB = "hf://datasets/acme/toy"


@pytest.fixture
def hub() -> Iterator[Hub]:
    """A Hub with the clicks."""
    with Hub() as server:
        server.repo("acme/toy", {"clicks.csv": CSV, "README.md": b"# Toy"})
        yield server


@pytest.fixture
def site() -> Iterator[Site]:
    """A web server with the clicks."""
    with Site() as server:
        server.put("/clicks.csv", CSV)
        yield server


@pytest.fixture
def loaders(tmp_path: Path) -> Path:
    """A folder with the loader of docs/add-a-dataset.md."""
    folder = tmp_path / "loaders"
    folder.mkdir()
    (folder / "toy.py").write_text(example()["loaders/toy.py"])
    return folder


def _raw(home: Path) -> list[str]:
    """The raw files that are kept."""
    files = (path for path in (home / "raw").rglob("*") if path.is_file())
    return sorted(path.name for path in files if not path.name.startswith("."))


def _declare(loaders: Path, access: str, source: str) -> None:
    path = loaders / "toy.py"
    text = path.read_text().replace('access="open"', f'access="{access}"')
    before, after = text.split("sources=(", 1)
    path.write_text(f"{before}sources=({source},),\n{after.split('),),', 1)[1].lstrip(',')}")


def test_from_the_hub(run_cli: RunCli, home: Path, hub: Hub, loaders: Path) -> None:
    """The plan is on stderr, the release knows the commit, and the raw file is gone afterwards."""
    done = run_cli(
        "--loaders", loaders, "load", "toy", "--source", HUB, "--json", env={"HF_ENDPOINT": hub.url}
    )
    for words in (
        f"toy: 1 file, {len(CSV)} bytes, from {HUB}",
        "revision: ",
        "to download: ",
        "terms: CC0-1.0",
    ):
        assert words in done.stderr
    manifest = json.loads(done.stdout)
    assert (manifest["origin"], len(manifest["revision"])) == (HUB, 40)
    assert manifest["tables"]["events"]["written"] == 2
    assert _raw(home) == []


def test_the_hub_learns_no_more_than_it_must(run_cli: RunCli, hub: Hub, loaders: Path) -> None:
    """Nothing is asked but for the files, and nothing told but who asks, not what else is at work here."""
    command = ("--loaders", loaders, "load", "toy", "--source", HUB)
    run_cli(*command, env={"HF_ENDPOINT": hub.url, "AI_AGENT": "somebody"})
    assert all(HUB.removeprefix("hf://datasets/").split("@")[0] in one.path for one in hub.requests)
    for one in hub.requests:
        told = {part.split("/")[0] for part in one.headers["user-agent"].split("; ")}
        assert told == {"ecomdata", "hf_hub", "python"}


def test_from_a_web_server(run_cli: RunCli, home: Path, site: Site, loaders: Path) -> None:
    """The same without a commit."""
    url = f"{site.url}/clicks.csv"
    done = run_cli("--loaders", loaders, "load", "toy", "--source", url, "--json")
    for words in (f"toy: 1 file, {len(CSV)} bytes, from {url}", "to download: ", "terms: CC0-1.0"):
        assert words in done.stderr
    assert json.loads(done.stdout)["tables"]["events"]["written"] == 2
    assert _raw(home) == []


def test_raw_files_are_kept_when_asked_for(run_cli: RunCli, home: Path, hub: Hub, loaders: Path) -> None:
    """And are not downloaded again, nor loaded."""
    command = ("--loaders", loaders, "load", "toy", "--source", HUB, "--keep-raw")
    run_cli(*command, env={"HF_ENDPOINT": hub.url})
    assert _raw(home) == ["clicks.csv"]
    hub.requests.clear()
    again = run_cli(*command, env={"HF_ENDPOINT": hub.url})
    assert "already loaded from these files" in again.stderr
    assert not hub.asked("GET", "/resolve/")


def test_kept_raw_files_load_offline(run_cli: RunCli, home: Path, hub: Hub, loaders: Path) -> None:
    """HF_HUB_OFFLINE works with what is there."""
    command = ("--loaders", loaders, "load", "toy", "--source", HUB, "--keep-raw", "--force")
    run_cli(*command, env={"HF_ENDPOINT": hub.url})
    hub.requests.clear()
    run_cli(*command, env={"HF_ENDPOINT": hub.url, "HF_HUB_OFFLINE": "1"})
    assert (hub.requests, _raw(home)) == ([], ["clicks.csv"])


def test_kept_raw_files_given_as_a_folder_stay(run_cli: RunCli, home: Path, hub: Hub, loaders: Path) -> None:
    """A folder that the user names is never tidied, even the one with what was downloaded and kept."""
    load = ("--loaders", loaders, "load", "toy", "--force", "--source")
    run_cli(*load, HUB, "--keep-raw", env={"HF_ENDPOINT": hub.url})
    (kept,) = (home / "raw").rglob("clicks.csv")
    moved = home / "raw" / "mine"
    moved.mkdir()
    kept.rename(moved / "clicks.csv")
    run_cli(*load, moved)
    assert _raw(home) == ["clicks.csv"]


def test_a_file_of_a_web_server_is_downloaded_once(
    run_cli: RunCli, home: Path, site: Site, loaders: Path
) -> None:
    """With ``--keep-raw``, the second load asks for nothing."""
    command = ("--loaders", loaders, "load", "toy", "--source", f"{site.url}/clicks.csv", "--keep-raw")
    run_cli(*command)
    site.requests.clear()
    run_cli(*command, "--force")
    assert (site.requests, _raw(home)) == ([], ["clicks.csv"])


def test_a_commit_that_is_loaded_is_not_downloaded_again(run_cli: RunCli, hub: Hub, loaders: Path) -> None:
    """Its raw files are gone, but it cannot have changed."""
    command = ("--loaders", loaders, "load", "toy", "--source", HUB)
    run_cli(*command, env={"HF_ENDPOINT": hub.url})
    again = run_cli(*command, env={"HF_ENDPOINT": hub.url})
    assert (len(hub.asked("GET", "/resolve/")), "already loaded" in again.stderr) == (1, True)


def test_loaded_again_by_force_without_the_raw_files(run_cli: RunCli, hub: Hub, loaders: Path) -> None:
    """They are downloaded again."""
    command = ("--loaders", loaders, "load", "toy", "--source", HUB)
    run_cli(*command, env={"HF_ENDPOINT": hub.url})
    run_cli(*command, "--force", env={"HF_ENDPOINT": hub.url})
    assert len(hub.asked("GET", "/resolve/")) == 2


def test_an_unknown_size_loads_twice(run_cli: RunCli, home: Path, site: Site, loaders: Path) -> None:
    """A server that announces no length is asked for the file each time; ``-y`` agrees to that."""
    command = ("--loaders", loaders, "load", "toy", "--source", f"{site.url}/clicks.csv", "-y")
    for _ in range(2):
        site.fail(but(announce=-1), method="HEAD")
        assert "size unknown" in run_cli(*command).stderr
    assert _raw(home) == []
    site.fail(but(announce=-1), method="HEAD")
    assert "the download is, or may be, above 1 GB" in run_cli(*command[:-1], code=2).stderr


def test_above_a_gigabyte_needs_an_answer(run_cli: RunCli, home: Path, hub: Hub, loaders: Path) -> None:
    """Without a terminal there is none, so nothing is downloaded."""
    repo = hub.repo("acme/toy", {"clicks.csv": CSV})
    repo.lies["clicks.csv"] = {"size": 1_000_000_001}
    command = ("--loaders", loaders, "load", "toy", "--source", HUB)
    done = run_cli(*command, env={"HF_ENDPOINT": hub.url}, code=2)
    assert "to download: 1.0 GB" in done.stderr
    assert done.stderr.splitlines()[-1] == "hint: -y says yes beforehand"
    assert (hub.asked("GET", "/resolve/"), _raw(home)) == ([], [])


def test_yes_beforehand(run_cli: RunCli, hub: Hub, loaders: Path) -> None:
    """The download begins (and here ends with the lie about its size)."""
    repo = hub.repo("acme/toy", {"clicks.csv": CSV})
    repo.lies["clicks.csv"] = {"size": 1_000_000_001}
    command = ("--loaders", loaders, "load", "toy", "--source", HUB, "-y")
    done = run_cli(*command, env={"HF_ENDPOINT": hub.url}, code=3)
    assert "the Hub lists 1,000,000,001" in done.stderr


def test_data_behind_a_login(run_cli: RunCli, loaders: Path) -> None:
    """Exit code 4, upstream's steps, the expected names, and the command for afterwards."""
    _declare(loaders, "login", 'Source(instructions="Log in at example.org and take clicks.csv.")')
    done = run_cli("--loaders", loaders, "load", "toy", code=4)
    assert "Log in at example.org and take clicks.csv." in done.stderr
    assert "expected names: clicks.csv" in done.stderr
    assert done.stderr.splitlines()[-1] == "hint: then run: ecomdata load toy --source FOLDER"


def test_a_gated_dataset(run_cli: RunCli, hub: Hub, loaders: Path) -> None:
    """Exit code 4; nothing says what the token is."""
    hub.repo("acme/toy", {"clicks.csv": CSV}, gated=True)
    env = {"HF_ENDPOINT": hub.url, "HF_TOKEN": "hf_SomebodyElse"}
    done = run_cli("--loaders", loaders, "load", "toy", "--source", HUB, env=env, code=4)
    assert "acme/toy is gated" in done.stderr
    assert "SomebodyElse" not in done.stderr + done.stdout


def test_a_gated_dataset_with_access(run_cli: RunCli, home: Path, hub: Hub, loaders: Path) -> None:
    """The token is used, and stands nowhere below the home."""
    hub.repo("acme/toy", {"clicks.csv": CSV}, gated=True)
    _declare(loaders, "gated", 'Source(url="hf://datasets/acme/toy@main", instructions="Ask for access.")')
    env = {"HF_ENDPOINT": hub.url, "HF_TOKEN": TOKEN}
    done = run_cli("--loaders", loaders, "load", "toy", "--keep-raw", env=env)
    assert TOKEN not in done.stderr + done.stdout
    assert not [path for path in home.rglob("*") if path.is_file() and TOKEN.encode() in path.read_bytes()]


def test_a_wrong_repository(run_cli: RunCli, hub: Hub, loaders: Path) -> None:
    """Exit code 2 with a hint."""
    command = ("--loaders", loaders, "load", "toy", "--source", "hf://datasets/acme/tie")
    done = run_cli(*command, env={"HF_ENDPOINT": hub.url}, code=2)
    assert "no dataset acme/tie" in done.stderr
    assert done.stderr.splitlines()[-1].startswith("hint: ")


def test_damaged_on_its_way(run_cli: RunCli, home: Path, hub: Hub, loaders: Path) -> None:
    """Exit code 3, nothing is loaded, and the next run mends it."""
    hub.fail(but(body=CSV.replace(b"7", b"8")), path="/resolve/")
    command = ("--loaders", loaders, "load", "toy", "--source", HUB)
    done = run_cli(*command, env={"HF_ENDPOINT": hub.url}, code=3)
    assert "its hash is" in done.stderr
    assert not list(home.glob("store/toy/current"))
    run_cli(*command, env={"HF_ENDPOINT": hub.url})


def test_of_a_family_what_can_be_downloaded_is_loaded(run_cli: RunCli, site: Site, loaders: Path) -> None:
    """A member that needs a login is told with what to do; it does not keep the others from being loaded."""
    with (loaders / "toy.py").open("a") as file:
        file.write(
            "from dataclasses import replace\n[whole] = DATASETS\n"
            "DATASETS = (replace(whole, name='toy/closed', access='login'), replace(whole, name='toy/open',"
            f" sources=(Source(url={site.url + '/clicks.csv'!r}),)))\n"
        )
    done = run_cli("--loaders", loaders, "load", "toy", "-y", "--json", code=4)
    assert [release["dataset"] for release in json.loads(done.stdout)] == ["toy/open"]
    assert "toy/closed: its files cannot be downloaded without a login\nAsk the shop" in done.stderr
    assert "then run: ecomdata load toy/closed --source FOLDER" in done.stderr
    assert "error: of toy 1 was loaded; toy/closed could not be downloaded\nhint: " in done.stderr
    alone = run_cli("--loaders", loaders, "load", "toy/closed", "--json", code=4)
    assert alone.stderr.startswith("error: toy/closed: its files cannot be downloaded without a login")
    assert not alone.stdout


@pytest.mark.parametrize(
    ("proxy", "words"),
    [
        ("socks5://127.0.0.1:9", "names a SOCKS proxy, which needs a package"),
        ("socks://127.0.0.1:9", "names a proxy that is none"),
        ("http://127.0.0.1:port", "names a proxy that is none"),
    ],
)
def test_a_proxy_that_cannot_be_used(
    run_cli: RunCli, hub: Hub, site: Site, loaders: Path, tmp_path: Path, proxy: str, words: str
) -> None:
    """The environment is named for it, not the server; ``doctor`` tells of it, too, and of all the rest."""
    (tmp_path / "socksio.py").write_text("raise ImportError")  # as if it were not installed
    env = {"ALL_PROXY": proxy, "NO_PROXY": "", "HF_ENDPOINT": hub.url}
    for source in (HUB, f"{site.url}/clicks.csv"):
        done = run_cli("--loaders", loaders, "load", "toy", "--source", source, code=1, env=env)
        assert f"error: the environment (ALL_PROXY, HTTPS_PROXY, HTTP_PROXY) {words}" in done.stderr
        assert "\nhint: " in done.stderr
    checks = json.loads(run_cli("doctor", "--json", code=1, env=env).stdout)
    assert [words in check["detail"] for check in checks if check["status"] == "problem"] == [True]
    assert not site.requests


@pytest.mark.parametrize("token", ["hf_expired", "\N{LEFT DOUBLE QUOTATION MARK}hf_quoted"])
def test_a_token_that_is_none(run_cli: RunCli, hub: Hub, loaders: Path, token: str) -> None:
    """The Hub then refuses what is public, too: the token is to blame, and no access to be asked for."""
    refusal = instead(401, x_error_message="Invalid credentials in Authorization header")
    hub.fail(refusal, path="/api/datasets/acme/toy")
    env = {"HF_TOKEN": token, "HF_ENDPOINT": hub.url}
    done = run_cli("--loaders", loaders, "load", "toy", "--source", HUB, code=4, env=env)
    assert "the token" in done.stderr
    assert "what is public needs none: unset HF_TOKEN" in done.stderr
