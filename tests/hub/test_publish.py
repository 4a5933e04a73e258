from __future__ import annotations

import json
import re
from pathlib import Path

import polars as pl
import pytest

import ecomdata as ed
from tests.conftest import RunCli
from tests.hub.conftest import Publish, load_small, shown_whole
from tests.hub.repo import Repo
from tests.hub.server import READER, Hub
from tests.hub.writing import TOKEN
from tests.loopback import instead

EVENTS, ITEMS = "events/part-00000.parquet", "items/part-00000.parquet"
OURS = {EVENTS, ITEMS, "README.md", "croissant.json", "ecomdata.json"}


def _statuses(publication: ed.Publication) -> dict[str, str]:
    return dict(publication.plan.status)


def _front(repo: Repo) -> str:
    return repo.files()["README.md"].content.decode().split("---\n")[1]


def test_everything_appears_in_one_commit(hub: Hub, publish: Publish, stocked: Path) -> None:
    """The data, what describes them, and the card; private, and tagged."""
    done = publish()
    repo = hub.repos["acme/merrec"]
    release = ed.open("merrec", home=stocked)
    assert {path for path in repo.files() if not path.startswith("pictures/")} == {*OURS, ".gitattributes"}
    assert [path for path in repo.files() if path.startswith("pictures/")]
    assert [entry["title"] for entry in repo.log(done.commit)] == [
        f"MerRec: release {release.manifest.release} by ecomdata",
        "initial commit",
    ]
    assert repo.tags == {f"release-{release.manifest.release}": done.commit}
    assert (repo.private, done.private, done.tag) == (True, True, next(iter(repo.tags)))
    assert shown_whole(repo)


def test_rejected_rows_and_local_paths_stay_at_home(hub: Hub, publish: Publish, stocked: Path) -> None:
    """Nothing of quarantine goes up, and no published file knows where the raw files lay."""
    publish()
    files = hub.repos["acme/merrec"].files()
    assert not [path for path in files if "quarantine" in path]
    for path in ("README.md", "ecomdata.json"):
        assert str(stocked.parent) not in files[path].content.decode()


def test_again_sends_nothing(hub: Hub, publish: Publish) -> None:
    """The second run finds every hash there: no upload, no commit, the same commit and tag."""
    first = publish()
    hub.requests.clear()
    second = publish()
    assert (second.commit, second.tag) == (first.commit, first.tag)
    assert set(_statuses(second).values()) == {"there"}
    assert not hub.asked("PUT")
    assert not hub.asked("POST", "/commit/")
    assert len(hub.repos["acme/merrec"].tags) == 1


def test_a_dry_run_plans_and_writes_nothing(hub: Hub, publish: Publish) -> None:
    """Files, bytes and statuses are those of the real run, and nothing but reading happens."""
    planned = publish(dry_run=True, as_stored=True)
    assert {request.method for request in hub.requests} <= {"GET", "HEAD"}
    assert not hub.repos
    assert set(_statuses(planned).values()) == {"new"}
    assert planned.commit == planned.tag == ""
    assert planned.plan.size == publish(as_stored=True).plan.size


def test_a_new_release_replaces_and_removes(hub: Hub, publish: Publish, tmp_path: Path) -> None:
    """What would be read as part of a table goes, what is none of ours stays; each release has its tag."""
    first = publish()
    repo = hub.repos["acme/merrec"]
    theirs = dict.fromkeys(("LICENSE", "events/notes.txt", "events/mine/extra.parquet"), b"theirs")
    repo.commit({**repo.files(), **theirs, "events/part-00007.parquet": b"stale"})
    load_small("merrec", tmp_path, tmp_path / "home", rows=200, seed=7)
    second = publish(home=tmp_path / "home")
    assert {p: status for p, status in _statuses(second).items() if not p.startswith("pictures/")} == {
        EVENTS: "replaced",
        ITEMS: "replaced",
        "README.md": "replaced",
        "croissant.json": "replaced",
        "ecomdata.json": "replaced",
        "events/part-00007.parquet": "deleted",
    }
    left = {path for path in repo.files() if not path.startswith("pictures/")}
    assert left == {*OURS, ".gitattributes", *theirs}
    assert not ed.verify("hf://datasets/acme/merrec").differences
    assert repo.tags == {first.tag: first.commit, second.tag: second.commit}
    assert shown_whole(repo)


def test_a_tag_stays_where_it_is(hub: Hub, publish: Publish) -> None:
    """Another commit of the same release gets a tag of its own."""
    first = publish()
    repo = hub.repos["acme/merrec"]
    repo.commit({**repo.files(), "README.md": b"spoilt"})
    second = publish()
    assert second.tag == f"{first.tag}-2"
    assert repo.tags == {first.tag: first.commit, second.tag: second.commit}


def test_a_branch_is_made(hub: Hub, publish: Publish) -> None:
    """--revision commits to a branch that begins where main is; main keeps what it had."""
    done = publish(branch="v2")
    repo = hub.repos["acme/merrec"]
    assert repo.branches["v2"] == done.commit
    assert set(repo.files("main")) == {".gitattributes"}
    assert publish(branch="v2").commit == done.commit


@pytest.mark.parametrize(
    ("there", "asked", "words"),
    [(False, True, "is there and public"), (True, False, "is there and private")],
)
def test_nothing_becomes_public_by_accident(
    hub: Hub, publish: Publish, there: bool, asked: bool, words: str
) -> None:
    """A repository that is there keeps who sees it, and what was asked for must agree with that."""
    hub.repo("acme/merrec", {}, private=there)
    with pytest.raises(ed.UsageError, match=words):
        publish(private=asked)
    publish(private=there)
    assert hub.repos["acme/merrec"].private is there


def test_parts_of_large_files(hub: Hub, publish: Publish, stocked: Path) -> None:
    """A server that wants uploads in parts gets them."""
    hub.part_size = 10_000
    publish()
    assert len(hub.asked("PUT", "/lfs/")) > 2
    assert not ed.verify("hf://datasets/acme/merrec", full=True).differences
    assert not ed.verify("merrec", home=stocked).differences


def test_a_server_without_xet(
    hub: Hub, publish: Publish, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where huggingface_hub would only fail, publishing says so and uploads over plain HTTP."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_XET", False)
    publish()
    assert f"note: {hub.url} has no Xet; uploading over plain HTTP" in capsys.readouterr().err
    assert hub.asked("PUT", "/lfs/")


def test_a_damaged_store_is_not_published(hub: Hub, publish: Publish, tmp_path: Path) -> None:
    """A file that is not what the manifest says stops it, with both hashes, before any commit."""
    release = load_small("merrec", tmp_path, tmp_path / "home")
    path = release["events"].paths[0]
    content = bytearray(path.read_bytes())
    content[100] ^= 1
    path.write_bytes(content)
    with pytest.raises(ed.DataError, match=r"part-00000.parquet has .* sha256 .*, its manifest says"):
        publish(home=tmp_path / "home")
    assert not hub.asked("POST", "/commit/")


# Terms


def test_data_without_the_right_to_pass_them_on(hub: Hub, publish: Publish) -> None:
    """They are refused with the clause and its source, in a dry run too, before the Hub is asked anything."""
    for dry_run in (True, False):
        with pytest.raises(ed.AccessError, match=r"shown after login .* See https://tianchi") as caught:
            publish("taobao/user-behavior", "acme/ub", dry_run=dry_run)
        assert "--card-only" in caught.value.hint
    assert not hub.requests


def test_the_card_alone(hub: Hub, publish: Publish) -> None:
    """It goes through, without a row; what was there as data goes."""
    hub.repo("acme/ub", {"interactions/part-00000.parquet": b"rows"}, private=True)
    done = publish("taobao/user-behavior", "acme/ub", card_only=True)
    files = hub.repos["acme/ub"].files()
    assert set(files) - set(re.findall(r"pictures/[\w-]+\.png", files["README.md"].content.decode())) == {
        *("README.md", "croissant.json", "ecomdata.json")
    }
    assert b"configs" not in files["README.md"].content
    assert "No data" in files["README.md"].content.decode()
    assert done.plan.status["interactions/part-00000.parquet"] == "deleted"
    assert ed.verify("hf://datasets/acme/ub").files == 0


def test_a_declaration_of_rights_is_recorded(hub: Hub, publish: Publish) -> None:
    """In the card, in ecomdata.json and in the result."""
    done = publish("taobao/user-behavior", "acme/ub", hold_rights=True)
    files = hub.repos["acme/ub"].files()
    assert "declared to hold the rights" in done.rights
    assert json.loads(files["ecomdata.json"].content)["rights"] == done.rights
    assert done.rights in files["README.md"].content.decode()


def test_a_sample_is_published_as_synthetic(hub: Hub, home: Path, publish: Publish) -> None:
    """Rows of ecomdata's own may go, whatever the real ones' terms; title and first line say so."""
    ed.load("taobao/user-behavior", sample=True, home=home)
    publish("taobao/user-behavior", "acme/ub", home=home)
    card = hub.repos["acme/ub"].files()["README.md"].content.decode()
    assert card.split("---\n")[2].strip().startswith("> **Synthetic sample.**")
    assert re.search(r"^# .*, a synthetic sample$", card, re.MULTILINE)
    assert re.search(r"^pretty_name: .*, a synthetic\s+sample$", card, re.MULTILINE)
    assert "license: mit" in card


# The card


def test_the_card_has_what_the_hub_reads(hub: Hub, publish: Publish) -> None:
    """Licence id, languages, size and one config per table, the first of them the default."""
    publish()
    front = _front(hub.repos["acme/merrec"])
    for line in (
        "license: cc-by-nc-4.0",
        "language:\n- en",
        "pretty_name: MerRec",
        "size_categories:\n- n<1K",
        "- config_name: events\n  data_files:\n  - split: train\n    path: events/*.parquet\n  default: true",
        "- config_name: items\n  data_files:\n  - split: train\n    path: items/*.parquet",
    ):
        assert line in front


def test_the_default_config_has_rows(hub: Hub, publish: Publish, tmp_path: Path) -> None:
    """``datasets`` loads no split without rows, and the first table may have none."""
    sample = ed.loader("taobao/tmall").sample
    assert sample is not None
    sample(tmp_path, 50, 0)
    (log,) = tmp_path.rglob("user_log_format1.csv")
    log.write_text(f"{log.read_text().splitlines()[0]}\n")
    ed.load("taobao/tmall", source=tmp_path, home=tmp_path / "home")
    publish("taobao/tmall", "acme/tmall", home=tmp_path / "home", hold_rights=True)
    card = hub.repos["acme/tmall"].files()["README.md"].content.decode()
    assert "- config_name: interactions\n" in card
    assert "    path: users/*.parquet\n  default: true\n" in card
    assert card.count("default: true") == 1
    assert 'load_dataset("acme/tmall", "users", split="train")' in card


def test_terms_and_languages_that_the_hub_has_no_word_for(hub: Hub, publish: Publish) -> None:
    """Terms without an id have name and address; scripts stand apart from languages."""
    publish("rope", "acme/rope", hold_rights=True)
    front = _front(hub.repos["acme/rope"])
    assert "license: other\n" in front
    assert "license_name: Licensing Agreement of ROPE Dataset\nlicense_link: https://" in front
    publish("banglishrev", "acme/br")
    front = _front(hub.repos["acme/br"])
    assert "language:\n- bn\n- en\n" in front
    assert "language_bcp47:\n- bn\n- bn-Latn\n- en\n" in front


def test_what_people_added_on_the_hub_stays(hub: Hub, publish: Publish) -> None:
    """An edit between the markers survives the next release; one that damages them stops it."""
    publish()
    repo = hub.repos["acme/merrec"]
    card = repo.files()["README.md"].content
    edited = card.replace(b"<!-- notes: begin -->\n", b"<!-- notes: begin -->\r\nMy words.\r\n")
    repo.commit({**repo.files(), "README.md": edited})
    publish()
    assert b"\nMy words.\n" in repo.files()["README.md"].content
    again = publish()
    assert again.plan.done
    repo.commit({**repo.files(), "README.md": edited.replace(b"<!-- notes: end -->", b"")})
    with pytest.raises(ed.DataError, match=r"README\.md of acme/merrec: the markers .* are damaged"):
        publish()


def test_a_card_that_is_edited_meanwhile(hub: Hub, publish: Publish) -> None:
    """Words that come between the plan and the commit are not written over."""
    publish()
    repo = hub.repos["acme/merrec"]
    files = repo.files()
    repo.commit({**files, "README.md": files["README.md"].content.replace(b"MerRec", b"Merrec")})

    def edit(_: ed.Publication) -> bool:
        now = repo.files()
        words = now["README.md"].content.replace(b"begin -->", b"begin -->\nMy words.")
        repo.commit({**now, "README.md": words})
        return True

    with pytest.raises(ed.EcomdataError, match=r"has changed meanwhile: README\.md"):
        publish(confirm=edit)
    assert b"My words." in repo.files()["README.md"].content
    publish()
    assert b"My words." in repo.files()["README.md"].content


def test_another_card_maker(hub: Hub, publish: Publish) -> None:
    """Its files go up with the data; one that would put files among a table's is refused."""
    publish(card=lambda *_: {"README.md": b"---\nlicense: mit\n---\n# Mine\n", "croissant.json": b"{}"})
    assert hub.repos["acme/merrec"].files()["croissant.json"].content == b"{}"
    with pytest.raises(ed.EcomdataError, match="files that it may not have"):
        publish(card=lambda *_: {"README.md": b"x", "events/more.parquet": b"x"})


# Names, tokens, the command line


def test_a_dataset_that_there_is_not(hub: Hub, publish: Publish, home: Path) -> None:
    """A misspelt name gets a near one, and one that is not loaded the command that loads it."""
    for function in (publish, ed.verify):
        with pytest.raises(ed.UsageError) as misspelt:
            function("merec", home=home)
        assert "merrec" in str(misspelt.value) + misspelt.value.hint
        with pytest.raises(ed.UsageError, match="is not loaded"):
            function("merrec", home=home)
    assert not hub.requests


@pytest.mark.parametrize("repo", ["merrec", "a/b/c", "../x", "acme/", "acme/x y", "acme/\x1b[2J"])
def test_names_that_cannot_be(hub: Hub, publish: Publish, repo: str) -> None:
    """They are refused before anything is asked."""
    with pytest.raises(ed.UsageError, match="no name of a repository"):
        publish(repo=repo)
    with pytest.raises(ed.UsageError, match="no name of a branch"):
        publish(branch=f"../{repo}")
    assert not hub.requests


def test_without_a_token(
    hub: Hub, publish: Publish, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The error says how to set one; nothing was uploaded. A plan made without one says what it may miss."""
    monkeypatch.delenv("HF_TOKEN")
    monkeypatch.setattr("huggingface_hub.constants.HF_TOKEN_PATH", "/nowhere/token")
    with pytest.raises(ed.AccessError, match="needs a token"):
        publish()
    assert not hub.asked("POST")
    hub.repo("acme/merrec", {}, private=True)
    capsys.readouterr()
    publish(dry_run=True)
    assert "no token is set; acme/merrec would not be seen here if it is private" in capsys.readouterr().err


def test_a_token_that_may_not_write(hub: Hub, publish: Publish, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is an error of access: for one that only reads, one for another namespace, and one that expired."""
    with pytest.raises(ed.AccessError, match="does not let this token write to mercari/merrec"):
        publish(repo="mercari/merrec")
    monkeypatch.setenv("HF_TOKEN", READER)
    with pytest.raises(ed.AccessError, match="does not let this token write to acme/merrec"):
        publish()
    assert not hub.repos
    hub.fail(instead(401, x_error_message="Invalid credentials in Authorization header"), path="/acme/merrec")
    with pytest.raises(ed.AccessError, match="does not accept the token"):
        publish()


def test_the_command(hub: Hub, stocked: Path, run_cli: RunCli) -> None:
    """The plan is on stderr, the commit's address on stdout; without -y or a terminal nothing is done."""
    env = {"HF_HUB_DISABLE_XET": "1"}
    args = ("publish", "merrec", "acme/merrec", "--home", stocked)
    refused = run_cli(*args, code=2, env=env)
    assert "there is no terminal to ask on" in refused.stderr
    assert "hint: -y" in refused.stderr
    assert not hub.repos
    planned = run_cli(*args, "--dry-run", env=env)
    assert re.search(r"events/part-00000.parquet +[\d.]+ kB +new", planned.stdout)
    assert re.search(r"\d files to send", planned.stdout)
    assert not hub.repos
    done = run_cli(*args, "-y", env=env)
    commit = hub.repos["acme/merrec"].branches["main"]
    assert done.stdout == f"{hub.url}/datasets/acme/merrec/tree/{commit}\n"
    assert re.search(r"\d files to send", done.stderr)
    said = json.loads(run_cli(*args, "-y", "--json", env=env).stdout)
    assert (said["commit"], said["commits"], said["bytes"], said["private"]) == (commit, 0, 0, True)
    assert {file["status"] for file in said["files"]} == {"there"}


@pytest.mark.parametrize("fault", ["PUT", "POST"])
def test_no_output_ever_holds_a_token(hub: Hub, stocked: Path, run_cli: RunCli, fault: str) -> None:
    """Nor a signed address of an upload; not with --debug, retries and a failure either."""
    path = "/lfs/" if fault == "PUT" else "/commit/"
    hub.fail(instead(503, b"no", retry_after="0"), method=fault, path=path, times=1)
    hub.fail(instead(403, TOKEN.encode()), method=fault, path=path, times=50)
    args = ("--debug", "publish", "merrec", "acme/merrec", "--home", stocked, "-y")
    done = run_cli(*args, code=None, env={"HF_HUB_DISABLE_XET": "1"})
    assert done.returncode
    said = done.stdout + done.stderr
    assert hub.asked(fault, path)
    assert TOKEN not in said
    assert "X-Amz-Signature" not in said


def test_the_layout_reads_as_one_table(hub: Hub, publish: Publish, stocked: Path) -> None:
    """Shards in the order of their names are the rows in the order of the store."""
    publish()
    blobs = hub.repos["acme/merrec"].files()
    names = sorted(path for path in blobs if path.startswith("events/"))
    there = pl.concat([pl.read_parquet(blobs[name].content) for name in names])
    assert there.equals(pl.read_parquet(list(ed.open("merrec", home=stocked)["events"].paths)))
