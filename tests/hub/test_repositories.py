"""The repository that is published to: who sees it, what it holds, and which branch takes the commit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from click.testing import CliRunner

import ecomdata as ed
from ecomdata.cardmaking import Facts, make_card
from ecomdata.declare import Dataset
from ecomdata.hubcommands import publish as publish_command
from tests.hub.conftest import Publish
from tests.hub.repo import Repo
from tests.hub.server import Hub
from tests.loopback import Answer, Change

# Who sees it


def _made_by_somebody(hub: Hub) -> None:
    hub.repo("acme/merrec", {"README.md": b"theirs"}, private=False)


def _opened(hub: Hub) -> None:
    hub.repos["acme/merrec"].private = False


def _then(hub: Hub, change: Callable[[Hub], None], status: int = 0) -> Change:
    """The regular answer, or one with this status instead, after somebody changed something."""

    def of(right: Answer) -> Answer:
        change(hub)
        return Answer(status) if status else right

    return Change(of, happens=not status)


@pytest.mark.parametrize("when", ["is agreed to", "is made", "is sent", "is committed"])
def test_what_is_to_be_private_never_goes_to_a_public_repository(
    hub: Hub, publish: Publish, when: str
) -> None:
    """Not when it becomes public, or is made by somebody else, at any moment between plan and commit."""
    asked: list[ed.Publication] = []

    def confirm(planned: ed.Publication) -> bool:
        asked.append(planned)
        if when == "is agreed to":
            _made_by_somebody(hub)
        return True

    if when == "is made":
        hub.fail(_then(hub, _opened), method="POST", path="/api/repos/create")
    elif when == "is sent":
        hub.fail(_then(hub, _opened), method="PUT", path="/lfs/")
    elif when == "is committed":
        hub.fail(_then(hub, _opened, 409), method="POST", path="/commit/")
    with pytest.raises(ed.EcomdataError, match=r"acme/merrec is public now.*nothing was committed") as stop:
        publish(card_only=True, confirm=confirm)
    assert "--public" in stop.value.hint
    assert asked[0].private
    assert not hub.faulty
    assert "ecomdata.json" not in hub.repos["acme/merrec"].files()


def test_a_server_that_makes_only_private_repositories(hub: Hub, publish: Publish) -> None:
    """What is published says who sees it in the end, not who was to."""
    made = _then(hub, lambda hub: setattr(hub.repos["acme/merrec"], "private", True))
    hub.fail(made, method="POST", path="/api/repos/create")
    assert publish(card_only=True, private=False).private


# What it holds


def test_a_repository_of_another_dataset(hub: Hub, publish: Publish) -> None:
    """It is refused, before any work and in a dry run too, with what is there and what to do."""
    publish(card_only=True)
    before = hub.repos["acme/merrec"].branches["main"]
    for options in ({}, {"dry_run": True}, {"branch": "v2"}):
        with pytest.raises(ed.UsageError, match=r"acme/merrec holds another dataset .*'merrec'") as stop:
            publish("taobao/user-behavior", card_only=True, **options)
        assert "name another repository" in stop.value.hint
    assert hub.repos["acme/merrec"].branches == {"main": before}


@pytest.mark.parametrize("content", [b"", b"[]", b'{"dataset": "theirs"}', b'{"dataset": 1, "tables": 1}'])
def test_a_file_of_somebody_else_with_the_name_of_ours(hub: Hub, publish: Publish, content: bytes) -> None:
    """An ecomdata.json that ecomdata did not write tells of no dataset, and gives way as the plan says."""
    hub.repo("acme/merrec", {"ecomdata.json": content, "notes.txt": b"theirs"}, private=True)
    status = publish(card_only=True, dry_run=True).plan.status
    assert status["ecomdata.json"] == "replaced"
    assert "notes.txt" not in status


def test_pictures_that_the_card_shows_no_more(hub: Hub, publish: Publish) -> None:
    """Those of ours go; what people put there or show in their notes stays."""
    publish(card_only=True)
    repo = hub.repos["acme/merrec"]
    drawn = sorted(path for path in repo.files() if path.startswith("pictures/"))
    notes = f"begin -->\n![mine](pictures/mine.png) ![yours]({drawn[0]})\n".encode()
    card = repo.files()["README.md"].content.replace(b"begin -->\n", notes)
    repo.commit({**repo.files(), "README.md": card, "pictures/mine.png": b"mine", "pictures/more.png": b"x"})

    def none_of_them(release: ed.Release, dataset: Dataset, facts: Facts) -> Mapping[str, bytes]:
        made = make_card(release, dataset, facts)
        lines = made["README.md"].splitlines(keepends=True)
        kept = [line for line in lines if b"](pictures/" not in line or line == notes.splitlines(True)[1]]
        return {"README.md": b"".join(kept)}

    plan = publish(card_only=True, card=none_of_them).plan
    assert sorted(plan.deleted) == drawn[1:]
    left = sorted(path for path in repo.files() if path.startswith("pictures/"))
    assert left == [drawn[0], "pictures/mine.png", "pictures/more.png"]


# Branches and tags


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_tag_or_a_commit_in_place_of_a_branch(hub: Hub, publish: Publish, dry_run: bool) -> None:
    """It takes no commit, which is said before anything is sent."""
    done = publish(card_only=True)
    hub.requests.clear()
    for revision in (done.tag, done.commit):
        with pytest.raises(ed.UsageError, match=f"{revision} is a tag or a commit of acme/merrec"):
            publish(branch=revision, dry_run=dry_run)
    assert {request.method for request in hub.requests} == {"GET"}


def test_a_branch_that_would_only_be_made(hub: Hub, publish: Publish, stocked: Any) -> None:
    """Even where every file is there, nobody makes it unasked, and the plan says that it is new."""
    publish(card_only=True)
    args = ["merrec", "acme/merrec", "--card-only", "--home", str(stocked)]
    asked = CliRunner().invoke(publish_command, [*args, "--revision", "v2"])
    assert isinstance(asked.exception, ed.UsageError)
    assert "there is no terminal to ask on" in str(asked.exception)
    assert "branch v2 (new)" in asked.stderr
    assert "everything is there already" in asked.stderr
    assert set(hub.repos["acme/merrec"].branches) == {"main"}
    assert CliRunner().invoke(publish_command, args).exit_code == 0


def _with_notes(repo: Repo) -> None:
    repo.commit({**repo.files(), "notes.txt": str(len(repo.commits)).encode()})


def test_commits_of_others_get_no_tag_of_a_release(hub: Hub, publish: Publish) -> None:
    """Where all is there, the tag of before stays the release's, however many commits came since."""
    first = publish(card_only=True)
    repo = hub.repos["acme/merrec"]
    for _ in range(2):
        _with_notes(repo)
        again = publish(card_only=True)
        assert (again.tag, again.commit) == (first.tag, repo.branches["main"])
    assert repo.tags == {first.tag: first.commit}
    # The tag is of other files: a commit was made, and could not be tagged then.
    del repo.tags[first.tag]
    repo.tags[first.tag] = repo.commit({"README.md": b"of before"}, "old")
    assert publish(card_only=True).tag == f"{first.tag}-2"
    assert repo.tags[f"{first.tag}-2"] == repo.branches["main"]
