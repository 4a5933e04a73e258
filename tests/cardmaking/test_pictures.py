"""Every dataset has pictures: the same for the same rows, none empty, each told in words too."""

from __future__ import annotations

import hashlib
import io
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

import ecomdata as ed
from ecomdata.cardmaking.drawing import WIDTH
from ecomdata.cardmaking.pictures import Picture, draw_pictures
from ecomdata.cardmaking.subject import wide
from ecomdata.errors import DataError, UsageError
from ecomdata.registry import datasets
from tests.cardmaking.bazaar import Bazaar, bazaar

__all__ = ["bazaar"]

DAY = 86_400_000_000


def drawn(name: str) -> tuple[Picture, ...]:
    """The pictures of what is loaded under a name."""
    return draw_pictures(ed.open(name), ed.loader(name))


def pixels(picture: Picture) -> np.ndarray:
    """The picture as rows of grey pixels, from 0 to 1."""
    assert picture.png.startswith(b"\x89PNG")
    for chunk in (b"tEXt", b"iTXt", b"tIME"):
        assert chunk not in picture.png, "bytes that change for no reason"
    return np.asarray(imread(io.BytesIO(picture.png), format="png")[..., :3].mean(axis=2))


@pytest.mark.parametrize("name", datasets())
def test_every_dataset_has_pictures(name: str) -> None:
    """One to four, none of them blank, each with a name of its own and words that tell its numbers."""
    ed.load(name, sample=True)
    found = drawn(name)
    assert 1 <= len(found) <= 4, f"{name}: give its tables a canonical kind that pictures are drawn of"
    assert len({picture.name for picture in found}) == len(found)
    for picture in found:
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", picture.name)
        assert picture.title
        assert len(picture.alt) > len(picture.title)
        assert re.search(r"\d", picture.alt), "the main numbers"
        grey = pixels(picture)
        assert grey.shape[1] == WIDTH
        assert 300 < grey.shape[0] < WIDTH
        assert np.unique(grey).size > 20
        assert 0.005 < (grey < 0.8).mean() < 0.6, "something is drawn, and not all is"
        assert (grey[:, :4] == 1).all(), "nothing is cut off at the edges"
        assert (grey[:, -4:] == 1).all(), "nothing is cut off at the edges"


def test_the_same_rows_give_the_same_bytes() -> None:
    """In another process too, whatever the order of its sets, its style of plotting and its zone."""
    ed.load("merrec", sample=True)
    code = (
        "import hashlib, ecomdata as ed; from ecomdata.cardmaking.pictures import draw_pictures\n"
        "for p in draw_pictures(ed.open('merrec'), ed.loader('merrec')):"
        " print(p.name, hashlib.sha256(p.png).hexdigest())"
    )
    env = {**os.environ, "PYTHONHASHSEED": "7", "TZ": "Asia/Dhaka", "MPLBACKEND": "svg"}
    root = Path(__file__).parents[2]
    style = Path(os.environ["ECOMDATA_HOME"]) / "matplotlibrc"
    style.write_text("axes.facecolor: red\ntext.usetex: True\n", encoding="utf-8")
    env |= {"PYTHONPATH": str(root), "MATPLOTLIBRC": str(style)}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    here = [f"{picture.name} {hashlib.sha256(picture.png).hexdigest()}" for picture in drawn("merrec")]
    assert done.stdout.splitlines() == here


HOSTILE: Sequence[str] = (
    "$\\frac{1}{0}$ $",
    "\x1b]0;owned\x07\x00",
    "\u202egnp.exe",
    "x" * 10_000,
    "a" + "\u0301" * 10_000,
    "مرحبا <b>بالعالم</b>",
    "\U0001f600\ue000\ufffe",
    "স্বাস্থ্য ও সৌন্দর্য",
    "Điện thoại & Máy tính bảng",
    "连衣裙 女装",
    " \n\t",
)


def test_hostile_names_are_text(bazaar: Bazaar) -> None:
    """Whatever a category is called, the picture is drawn, as wide as any other, and its words are safe."""
    bazaar.load([*HOSTILE, *HOSTILE, None])
    (categories,) = [p for p in drawn("bazaar") if p.name == "items-categories"]
    assert pixels(categories).shape[1] == WIDTH
    assert len(categories.alt) < 1000
    assert categories.alt.isprintable()
    assert "none given" not in categories.alt, "the few first, the rest in the picture"


def test_a_table_without_rows_has_no_picture(bazaar: Bazaar) -> None:
    """Nor has one whose rows are all alike: there is nothing to see."""
    bazaar.load([])
    assert drawn("bazaar") == ()
    bazaar.load(["shoes"] * 50)
    assert drawn("bazaar") == ()


def test_a_wrong_clock_does_not_stretch_the_axis(bazaar: Bazaar) -> None:
    """A few events of other centuries are left out, and counted."""
    good = [(user, 17_000 * DAY + user * DAY // 400) for user in range(4000)]
    bazaar.load(["a"], visits=[*good, (1, -(2**62)), (1, 2**62)])
    (picture,) = [p for p in drawn("bazaar") if p.name == "visits-over-time"]
    assert "2016-07-18 to 2016-07-27" in picture.alt
    assert "Not shown: 2 before or after" in picture.alt


@pytest.mark.parametrize(
    ("first", "days", "said"),
    [
        (17_000, 1, "per hour, 2016-07-18 00:00 to 2016-07-18 23:00"),
        (17_000, 100, "per day, 2016-07-18 to 2016-10-25"),
        (17_000, 600, "per week, 2016-07-18 to 2018-03-05"),
        (17_000, 5000, "per month, 2016-07 to 2030-03"),
        (-20_000, 10_000, "per year, 1915 to 1942"),
        (-354_000, 730_000, "per year, 1000 to 2997"),
    ],
)
def test_time_is_cut_to_fit_its_span(bazaar: Bazaar, first: int, days: int, said: str) -> None:
    """Hours, days, weeks, months or calendar years, whichever give a line that can be read."""
    bazaar.load(["a"], visits=[(1, first * DAY + place * days * DAY // 1000) for place in range(1000)])
    (picture,) = drawn("bazaar")
    assert f"Events over time, {said}. 1,000 events" in picture.alt


def test_times_beyond_all_calendars_are_not_drawn(bazaar: Bazaar) -> None:
    """A clock that has no year at all gives no picture, and no error."""
    bazaar.load(["a"], visits=[(place, -(2**62) + place * DAY) for place in range(50)])
    assert drawn("bazaar") == ()


def test_a_long_tail_is_called_after_the_lines_it_has(bazaar: Bazaar) -> None:
    """Where every item has as many visits as any other, only users have one."""
    bazaar.load(["a"], visits=[(place * place // 100, 17_000 * DAY + place) for place in range(100)])
    (picture,) = [p for p in drawn("bazaar") if p.name == "visits-long-tail"]
    assert picture.title == "Long tail of users"
    assert picture.alt.startswith("Long tail of users: events per user by rank")


def test_prices_that_are_no_numbers(bazaar: Bazaar) -> None:
    """Those that are null, zero or negative are counted, and the rest is drawn."""
    odd = [None, 0.0, -3.0]
    bazaar.load(["a"] * 103, prices=[*odd, *[float(n) for n in range(1, 101)]])
    (picture,) = [p for p in drawn("bazaar") if p.name == "items-prices"]
    assert "100 items" in picture.alt
    assert "3 have none" in picture.alt


def test_wide_columns_are_read_in_part(bazaar: Bazaar) -> None:
    """Beyond a number of bytes, row groups spread over the table are read, whole, and a note says so."""
    names = [f"name {number}" for number in range(300_000)]
    table = bazaar.load(names)["items"]
    whole = wide(table, ["category_path"])
    assert whole.share == 1
    assert whole.note == ""
    read = [row[0] for frame in whole.frames() for row in frame["category_path"]]
    assert read == names
    part = wide(table, ["category_path"], most_bytes=1)
    assert 0 < part.share < 1
    assert f"{part.rows:,} rows" in part.note
    read = [row[0] for frame in part.frames() for row in frame["category_path"]]
    start = names.index(read[0])
    assert start > 0, "of three row groups that in the middle"
    assert read == names[start : start + part.rows]


def test_rows_of_wide_columns_are_taken_evenly(bazaar: Bazaar) -> None:
    """Of so many rows every so-manieth is taken, across the batches in which they are read."""
    names = [f"name {number}" for number in range(10_000)]
    table = bazaar.load(names)["items"]
    frames = wide(table, ["category_path"]).frames(most_rows=300)
    assert [row[0] for frame in frames for row in frame["category_path"]] == names[::34]


def test_damaged_files_are_named() -> None:
    """Rows that cannot be read are an error that says where, not a picture of the others."""
    release = ed.load("vimrhp", sample=True)
    (path,) = release["reviews"].paths
    content = path.read_bytes()
    path.write_bytes(content[:4] + bytes(len(content) // 2) + content[4 + len(content) // 2 :])
    with pytest.raises(DataError, match="cannot be read"):
        draw_pictures(release, ed.loader("vimrhp"))
    with pytest.raises(DataError, match=r"part-00000\.parquet cannot be read"):
        list(wide(release["reviews"], ["text"]).frames())


def test_memory_that_is_none() -> None:
    """An amount that cannot be read is refused before anything is drawn."""
    release = ed.load("vimrhp", sample=True)
    with pytest.raises(UsageError, match="much"):
        draw_pictures(release, ed.loader("vimrhp"), memory="much")


def test_languages_that_were_told_are_drawn() -> None:
    """Upstream has no column of languages; ``ecomdata languages`` has told them, so there is a picture."""
    ed.load("banglishrev", sample=True)
    before = [picture.name for picture in drawn("banglishrev")]
    assert "reviews-languages" not in before
    (told,) = ed.describe_languages("banglishrev", table="reviews")
    (picture,) = [picture for picture in drawn("banglishrev") if picture.name == "reviews-languages"]
    assert f"bn-Latn {next(s.rows for s in told.languages if s.language == 'bn-Latn'):,}" in picture.alt
    Path(told.path).with_suffix(".json").write_text('{"languages": 7}')
    assert [picture.name for picture in drawn("banglishrev")] == before, "what is not ours is not drawn"
