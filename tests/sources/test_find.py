"""From what the user names, or the dataset declares, to a plan."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ecomdata.declare import Source
from ecomdata.errors import AccessError, EcomdataError, UsageError
from ecomdata.sources import make_plan
from ecomdata.store import home_folder
from ecomdata.verifying import verify
from tests.hub.server import Hub
from tests.loopback import Site
from tests.sources.toys import CLICKS, dataset, names, write

BY_HAND = Source(url="", instructions="Log in at https://example.org, accept the terms, take clicks.csv.")


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A Hub with the clicks."""
    with Hub() as server:
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        server.repo("acme/toy", {"clicks.csv": CLICKS})
        yield server


@pytest.fixture
def site() -> Iterator[Site]:
    """A web server with the clicks."""
    with Site() as server:
        server.put("/clicks.csv", CLICKS)
        yield server


@pytest.mark.parametrize("access", ["login", "agreement"])
def test_data_behind_a_login_is_got_by_hand(home: Path, access: str) -> None:
    """The error has upstream's steps, the names to expect, and the command for afterwards."""
    toy = dataset(sources=(BY_HAND,), access=access)
    with pytest.raises(AccessError, match=r"(?s)accept the terms.*expected names: clicks\*\.csv") as error:
        make_plan(toy, source=None, home=home)
    assert error.value.hint == "then run: ecomdata load toy --source FOLDER"


def test_data_behind_a_login_loads_from_a_folder(home: Path, tmp_path: Path) -> None:
    """Once the user has it."""
    (tmp_path / "clicks.csv").write_bytes(CLICKS)
    toy = dataset(sources=(BY_HAND,), access="login")
    assert names(make_plan(toy, source=str(tmp_path), home=home)) == ["clicks.csv"]


def test_open_data_without_an_address_is_got_by_hand(home: Path) -> None:
    """Nothing can be downloaded."""
    with pytest.raises(AccessError, match="without getting them by hand"):
        make_plan(dataset(sources=(BY_HAND,)), source=None, home=home)


def test_the_first_source_is_used(home: Path, hub: Hub, site: Site) -> None:
    """They are declared best first."""
    first = Source(url="hf://datasets/acme/toy@main")
    toy = dataset(sources=(first, Source(url=f"{site.url}/clicks.csv"), BY_HAND))
    plan = make_plan(toy, source=None, home=home)
    assert (plan.origin, plan.notes) == ("hf://datasets/acme/toy@main", ())
    assert (len(site.requests), bool(hub.requests)) == (0, True)


def test_the_next_source_is_used_when_one_is_dead(home: Path, hub: Hub, site: Site) -> None:
    """A note says why."""
    first = Source(url="hf://datasets/acme/gone@main")
    toy = dataset(sources=(first, Source(url=f"{site.url}/clicks.csv")))
    plan = make_plan(toy, source=None, home=home)
    assert plan.origin == f"{site.url}/clicks.csv"
    assert "acme/gone" in plan.notes[0]
    assert hub.requests


def test_when_all_sources_are_dead(home: Path, hub: Hub, site: Site) -> None:
    """The error has every reason."""
    toy = dataset(
        sources=(Source(url="hf://datasets/acme/gone@main"), Source(url=f"{site.url}/gone/clicks.csv"))
    )
    with pytest.raises(EcomdataError, match=r"(?s)none of its 2 sources.*acme/gone.*404"):
        make_plan(toy, source=None, home=home)
    assert hub.requests


def test_a_declared_hash_reaches_an_address_of_the_users(home: Path, site: Site) -> None:
    """A mirror must have the same file."""
    toy = dataset(sources=(Source(url="https://example.org/clicks.csv", sha256={"clicks.csv": "ab" * 32}),))
    plan = make_plan(toy, source=f"{site.url}/clicks.csv", home=home)
    assert plan.files[0].sha256 == "ab" * 32


def test_a_glob_of_the_source_limits_the_listing(home: Path, hub: Hub) -> None:
    """A repository may hold other datasets too."""
    hub.repo("acme/many", {"toy/clicks.csv": CLICKS, "other/clicks.csv": CLICKS})
    toy = dataset(sources=(Source(url="hf://datasets/acme/many@main", files=("toy/*",)),))
    assert names(make_plan(toy, source=None, home=home)) == ["toy/clicks.csv"]


def test_the_case_of_a_scheme_means_nothing(home: Path, site: Site) -> None:
    """Browsers and mails write it in capitals at times."""
    plan = make_plan(dataset(), source=f"{site.url}/clicks.csv".replace("http", "HTTP"), home=home)
    assert plan.origin == f"{site.url}/clicks.csv"


@pytest.mark.parametrize(
    ("page", "told"),
    [
        ("/datasets/acme/toy", "write hf://datasets/acme/toy"),
        ("/datasets/acme/toy/", "write hf://datasets/acme/toy"),
        ("/datasets/acme/toy/tree/main/a/b", "write hf://datasets/acme/toy/a/b"),
        ("/datasets/acme/toy/tree/refs%2Fpr%2F1?x=1", "write hf://datasets/acme/toy@refs%2Fpr%2F1"),
        (
            "/datasets/acme/toy/blob/v1/a%20b/clicks.csv#L1",
            "write 'hf://datasets/acme/toy@v1/a b', with --only clicks.csv for that file",
        ),
    ],
)
def test_the_address_of_a_page_of_the_hub(home: Path, hub: Hub, page: str, told: str) -> None:
    """Who copies it from the browser is told what to write; a file's own address is one like others."""
    for server in (hub.url, "https://huggingface.co"):
        with pytest.raises(UsageError, match="is a page about a dataset on the Hub") as caught:
            make_plan(dataset(), source=server + page, home=home)
        assert caught.value.hint == told
        with pytest.raises(UsageError, match="is a page about a dataset on the Hub"):
            verify(server + page, home=home)
    assert not hub.requests
    hub.repo("acme/open", {"clicks.csv": CLICKS})
    plan = make_plan(dataset(), source=f"{hub.url}/datasets/acme/open/resolve/main/clicks.csv", home=home)
    assert names(plan) == ["clicks.csv"]


def test_a_name_with_a_tilde_is_no_users_home(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there is no such user, it is the file's own; the store's folder may be called so too."""
    monkeypatch.chdir(write(tmp_path, {"~nobodyhere/clicks.csv": CLICKS}))
    assert names(make_plan(dataset(), source="~nobodyhere", home=home)) == ["clicks.csv"]
    assert home_folder("~nobodyhere/x") == tmp_path / "~nobodyhere" / "x"
