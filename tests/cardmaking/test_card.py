from __future__ import annotations

import json
import re
from pathlib import Path
from typing import NoReturn

import pytest
import yaml
from markdown_it import MarkdownIt

import ecomdata as ed
from ecomdata.cardmaking import check_readme
from ecomdata.cardmaking.notes import BEGIN, END
from ecomdata.cardmaking.subject import Picture
from tests.cardmaking.cards import NAME, shop
from tests.conftest import RunCli
from tests.validating.shops import FIGURE, Shop

__all__ = ["shop"]
pytestmark = pytest.mark.usefixtures("shop")
GOLDEN = Path(__file__).parents[1] / "golden" / "card" / "README.md"
RENEW = "python -m pytest -q tests/cardmaking/test_card.py --renew-golden"


def made(folder: Path, name: str = NAME) -> str:
    """The card of a dataset, written into a folder."""
    done = ed.card(name, folder)
    assert set(done.files) >= {"README.md", "croissant.json", "ecomdata.json"}
    return (folder / "README.md").read_text("utf-8")


def front(card: str) -> dict[str, object]:
    """Its front matter."""
    found: dict[str, object] = yaml.safe_load(card.split("---\n")[1])
    return found


def masked(card: str, release: ed.Release) -> str:
    """The card without what changes with a version: ids, hashes, bytes."""
    card = card.replace(release.manifest.release, "RELEASE").replace(
        f"ecomdata {ed.__version__}", "ecomdata 0"
    )
    card = re.sub(r"[0-9a-f]{64}", "SHA256", card)
    return re.sub(r"(num_bytes: |download_size: |dataset_size: |Bytes \| )[\d,]+", r"\1N", card)


def test_the_golden_card(tmp_path: Path, renew_golden: bool) -> None:
    """What the template makes of a shop with dirt in its clicks is what somebody last looked at."""
    card = masked(made(tmp_path / "card"), ed.open(NAME))
    if renew_golden:
        GOLDEN.parent.mkdir(parents=True, exist_ok=True)
        GOLDEN.write_text(card, encoding="utf-8")
    assert GOLDEN.is_file(), f"write it with `{RENEW}`, look at it, and commit it"
    assert card == GOLDEN.read_text("utf-8"), f"the card has changed; if that is meant: `{RENEW}`"


def test_the_same_again(tmp_path: Path) -> None:
    """Equal releases give equal bytes, measured anew or taken from what is kept beside the store."""
    first = made(tmp_path / "one")
    pictures = [path.read_bytes() for path in sorted((tmp_path / "one" / "pictures").iterdir())]
    for number, spoil in enumerate((lambda _: None, lambda path: path.write_text("{"), Path.unlink)):
        for kept in (ed.open(NAME).home / "cards").iterdir():
            spoil(kept)
        folder = tmp_path / f"again-{number}"
        assert made(folder) == first
        assert [path.read_bytes() for path in sorted((folder / "pictures").iterdir())] == pictures


@pytest.mark.parametrize(
    ("kept", "where", "value"),
    [
        ("pictures", "../../planted", ["t", "a", "AAAA"]),
        ("pictures", "clicks-planted", ["t", "a"]),
        ("pictures", "clicks-planted", ["t", None, "AAAA"]),
        ("numbers", "features", [1]),
        ("numbers", "validation", {"figures": 1}),
    ],
)
def test_what_is_kept_by_a_stranger_is_made_again(
    kept: str, where: str, value: object, tmp_path: Path
) -> None:
    """A picture's name is part of a path: it was written above the card's folder."""
    first = made(tmp_path / "a" / "b" / "one")
    (path,) = (ed.open(NAME).home / "cards").glob(f"*-{kept}.json")
    content = json.loads(path.read_text("utf-8"))
    content["value"][where] = value
    path.write_text(json.dumps(content), "utf-8")
    assert made(tmp_path / "a" / "b" / "two") == first
    assert not list(tmp_path.rglob("*planted*"))


def test_a_name_with_markup_is_one_picture() -> None:
    """Sets of vectors are called by their columns, and pictures by those."""
    picture = Picture("a) ![](https://example.org/b", "t", "words", b"")
    (inline,) = MarkdownIt().parseInline(picture.markdown)
    assert [(token.type, token.content) for token in inline.children or ()] == [("image", "words")]


def test_what_is_kept_is_not_used_for_anything_else(shop: Shop, tmp_path: Path) -> None:
    """Another figure, or another release, is measured."""
    assert "passed" in made(tmp_path / "card")
    shop.say("")
    assert "published figure" not in made(tmp_path / "card")
    shop.load(["9,9,view,1,"])
    assert "events 21, " in made(tmp_path / "card")


def test_what_lacked_memory_is_measured_again_with_more(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A figure that could not be counted is said to be so; with no more memory nobody counts again."""
    heavy = "SELECT count(DISTINCT hash(a.range * 1000000 + b.range)) FROM range(3000) a, range(1000) b"
    shop.say(FIGURE.replace("SELECT count(*) FROM events", heavy).replace("20", "3000000"))
    with monkeypatch.context() as patched:
        for _ in range(2):
            ed.card(NAME, tmp_path, memory="20MB")
            assert "| clicks | 3,000,000 |  | not run |" in (tmp_path / "README.md").read_text("utf-8")
            patched.setattr("ecomdata.cardmaking.numbers.validate_release", _measured_again)
    assert "| clicks | 3,000,000 | 3,000,000 | passed |" in made(tmp_path)


def _measured_again(*_: object, **__: object) -> NoReturn:
    pytest.fail("it was measured again")


def test_nothing_from_the_data_becomes_markup(tmp_path: Path) -> None:
    """A value that holds HTML, links and control characters is shown as it is, as code."""
    card = made(tmp_path / "card")
    body = card.split("---\n", 2)[2]
    markdown = MarkdownIt("gfm-like", {"html": True, "linkify": False}).disable("linkify")
    tokens = [inner for token in markdown.parse(body) for inner in (token, *(token.children or ()))]
    html = {token.content.strip() for token in tokens if token.type in {"html_inline", "html_block"}}
    assert all(line.startswith("<!-- ") for text in html for line in text.splitlines())
    links = {token.attrs["href"] for token in tokens if token.type == "link_open"}
    assert all(str(link).startswith("https://") for link in links)
    assert [token for token in tokens if token.type == "code_inline" and "alert(1)" in token.content]
    assert all(c.isprintable() or c == "\n" for c in card)


def test_few_rows_show_no_values(shop: Shop, tmp_path: Path) -> None:
    """A text that only a few rows have may be one person's, and is not put on a card."""
    shop.load([f"1,{i},view,1,call 01711-000000" for i in range(5)])
    assert "01711" not in made(tmp_path / "card")


def test_no_user_id_is_shown(shop: Shop, tmp_path: Path) -> None:
    """Not the least and the greatest either, while those of other numbers are."""
    shop.load([f"{user},7,view,{user - 90_000}," for user in range(98_701, 98_721)])
    card = made(tmp_path)
    assert re.search(r"^\| `user_id` \| \d+ \|  \|  \|  \|$", card, re.MULTILINE)
    assert re.search(r"^\| `price` \| \d+ \| `0.5` \| `8720.0` \|", card, re.MULTILINE)
    assert "987" not in re.sub("[0-9a-f]{64}", "", card.partition("## Tables")[2])


def test_rejected_and_breaking_rows_stay_at_home(tmp_path: Path) -> None:
    """They are counted with their reasons; what they hold is not shown."""
    card = made(tmp_path / "card")
    assert "| events | rejected |" in card
    assert "| events | dropped | `test user` | 1 |" in card
    assert "a purchase is dear | 33 | 1 | failed |" in card
    assert "`sing`" not in card


def test_no_key_is_declared_that_rows_share(tmp_path: Path) -> None:
    """Croissant promises no two rows with one key; where some have it, the card's checks say so alone."""
    for file, rows in (("train", "1,2,0\n1,2,1\n1,3,0\n"), ("test", "1,2,\n1,3,\n")):
        head = f"user_id,merchant_id,{'label' if file == 'train' else 'prob'}\n"
        (tmp_path / f"{file}_format1.csv").write_text(head + rows)
    ed.load("taobao/tmall", source=tmp_path, tables=["train", "test"])
    assert "two rows have the same user_id, merchant_id | 3 | 1 |" in made(tmp_path / "card", "taobao/tmall")
    sets = json.loads((tmp_path / "card" / "croissant.json").read_text())["recordSet"]
    assert [(one["name"], len(one.get("key", ()))) for one in sets] == [("train", 0), ("test", 2)]


def test_local_paths_are_not_told(shop: Shop, tmp_path: Path) -> None:
    """Neither where the raw files lay nor where the store is."""
    made(tmp_path / "card")
    for path in (tmp_path / "card").rglob("*.*"):
        assert str(tmp_path).encode() not in path.read_bytes()
        assert str(shop.folder).encode() not in path.read_bytes()


def test_pictures_are_shown_where_they_are(tmp_path: Path) -> None:
    """Each file is a PNG that the README shows, and there is no other; --html has them inside."""
    done = ed.card(NAME, tmp_path, html=True)
    drawn = [path for path in done.files if path.startswith("pictures/")]
    assert drawn
    assert drawn == sorted(re.findall(r"\]\((pictures/[\w-]+\.png)\)", (tmp_path / "README.md").read_text()))
    assert all((tmp_path / path).read_bytes()[:4] == b"\x89PNG" for path in drawn)
    page = (tmp_path / "card.html").read_text("utf-8")
    assert page.count("data:image/png;base64,") == len(drawn)
    assert "<script>alert" not in page


def test_personal_data_are_counted(shop: Shop, tmp_path: Path) -> None:
    """Where they are, of which kind and how many; a column that has any shows no value."""
    shop.load([f"1,{i},view,1,mail jane.doe@gmail.com" for i in range(12)])
    card = made(tmp_path)
    assert "| `events` | `note` | e-mail addresses | 12 | 12 |" in card
    assert "gmail" not in card
    found = json.loads((tmp_path / "ecomdata.json").read_text())["personal_data"]["found"]
    assert [one["treatment"] for one in found] == ["found"]


# Notes


def test_notes_stay(shop: Shop, tmp_path: Path) -> None:
    """What a person writes between the markers is there after the card was made again, and only once."""
    card = made(tmp_path)
    (tmp_path / "README.md").write_text(card.replace(BEGIN, f"{BEGIN}\nMy words.\n"), encoding="utf-8")
    shop.load(["9,9,view,1,"])
    again = made(tmp_path)
    assert again.count("My words.") == 1
    assert again.index(BEGIN) < again.index("My words.") < again.index(END)
    assert made(tmp_path) == again


@pytest.mark.parametrize("spoilt", [END, BEGIN])
def test_a_damaged_marker_writes_nothing(tmp_path: Path, spoilt: str) -> None:
    """The README.md stays as it is, and the error says what to do."""
    damaged = made(tmp_path).replace(spoilt, "My words.")
    (tmp_path / "README.md").write_text(damaged, encoding="utf-8")
    with pytest.raises(ed.DataError, match="markers of what people added are damaged"):
        ed.card(NAME, tmp_path)
    assert (tmp_path / "README.md").read_text("utf-8") == damaged


@pytest.mark.parametrize("content", ["# Mine\n", b"\xff\xfe"])
def test_what_is_not_ours_is_not_written_over(tmp_path: Path, content: str | bytes) -> None:
    """A README.md that ecomdata did not make, or that is no text, stays."""
    path = tmp_path / "README.md"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    before = path.read_bytes()
    with pytest.raises(ed.EcomdataError, match=r"README\.md"):
        ed.card(NAME, tmp_path)
    assert path.read_bytes() == before
    with pytest.raises(ed.UsageError, match="not a folder"):
        ed.card(NAME, path)


# What the Hub reads


def test_the_front_matter_is_what_datasets_writes(tmp_path: Path) -> None:
    """Configs, features and counts; the bytes are those of the files."""
    card = made(tmp_path)
    release = ed.open(NAME)
    found = front(card)
    assert found["task_categories"] == ["tabular-classification"]
    assert found["configs"] == [
        {
            "config_name": "events",
            "data_files": [{"split": "train", "path": "events/*.parquet"}],
            "default": True,
        },
        {"config_name": "items", "data_files": [{"split": "train", "path": "items/*.parquet"}]},
    ]
    infos = {info["config_name"]: info for info in found["dataset_info"]}
    for name, table in release.items():
        assert infos[name]["splits"][0]["num_examples"] == len(table)
        assert infos[name]["download_size"] == sum(file.size for file in table.record.files)
        assert [c["name"] for c in infos[name]["features"]] == table.hf().column_names
    assert check_readme(card) == ()


@pytest.mark.parametrize(
    ("was", "becomes", "words"),
    [
        ("---\nlanguage", "--\nlanguage", "no front matter"),
        ("license: cc-by-4.0\n", "", "license is missing"),
        ("license: cc-by-4.0\n", "license: other\n", "license_name is missing"),
        ("- tabular-classification", "- recommending", "'recommending' is not one of the Hub's words"),
        ("- n<1K", "- small", "'small' is not one of the Hub's words"),
        ("- en\n", "- english\n", "not an ISO 639 code"),
        ("  default: true\n", "", "one of the configs is the default"),
        ("- config_name: items\n  data", "- config_name: things\n  data", "are not of the same tables"),
        ("  - split: train\n", "", "datasets cannot read"),
        ("pretty_name: Clicks", "pretty_name: [", "cannot read the front matter"),
        ("dtype: int64", "dtype: int65", "datasets cannot read"),
    ],
)
def test_what_the_check_finds(tmp_path: Path, was: str, becomes: str, words: str) -> None:
    """Each thing that the Hub or its clients would stumble over is named."""
    card = made(tmp_path)
    assert was in card
    (problem, *_) = check_readme(card.replace(was, becomes, 1))
    assert words in problem


# The command line


def test_the_command(run_cli: RunCli, tmp_path: Path) -> None:
    """The folder is on stdout, or JSON about it; nothing else is said when all is well."""
    done = run_cli("card", NAME)
    assert (done.stdout, done.stderr) == ("shop-clicks-card\n", "")
    assert (tmp_path / "shop-clicks-card" / "README.md").is_file()
    said = json.loads(run_cli("card", NAME, "-o", tmp_path / "x", "--check", "--json").stdout)
    assert said["problems"] == []
    assert said["files"] == sorted(said["files"])
    assert said["folder"] == str(tmp_path / "x")
    assert (tmp_path / "x" / "ecomdata.json").is_file()


def test_a_family(run_cli: RunCli, tmp_path: Path) -> None:
    """Its loaded members have a folder each."""
    run_cli("load", "shop/pages", "--sample", code=None)
    run_cli("card", "shop", "-o", tmp_path / "x")
    assert [path.name for path in (tmp_path / "x").iterdir()] == ["shop-clicks-card"]


def test_what_the_command_cannot_do(run_cli: RunCli) -> None:
    """A misspelt name, one that is not loaded, memory that is no amount: each says what to do."""
    assert "did you mean shop/clicks" in run_cli("card", "shop/click", code=2).stderr
    assert "is not loaded" in run_cli("card", "merrec", code=2).stderr
    assert "memory" in run_cli("card", NAME, "--memory", "much", code=2).stderr


def test_the_command_fails_when_the_check_does(shop: Shop, run_cli: RunCli) -> None:
    """Exit code 3, with what is wrong; the card is there to be looked at."""
    card = shop.loaders / "shop.md"
    card.write_text(card.read_text("utf-8").replace("tabular-classification", "recommending"), "utf-8")
    done = run_cli("card", NAME, "--check", code=3)
    assert "'recommending' is not one of the Hub's words" in done.stderr
    assert done.stdout == "shop-clicks-card\n"


def test_a_damaged_store_has_no_card(tmp_path: Path) -> None:
    """A file that is missing is said, and not taken for an empty table."""
    ed.open(NAME)["events"].paths[0].unlink()
    with pytest.raises(ed.DataError, match="store is damaged"):
        ed.card(NAME, tmp_path)
    assert not (tmp_path / "README.md").exists()
