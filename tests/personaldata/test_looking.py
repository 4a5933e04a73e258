from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecomdata.personaldata import KINDS, Kind, Look
from tests.personaldata.planted import Planted, decoys, planted

LOOK = Look(("BD", "CN", "US", "VN"))
ROUNDS = 20
PIECES = [
    *(one.text for one in planted(3, 2)),
    *(one.text for one in decoys(3, 2)),
    *"আ ভ中文áé\u3002\u2018\u200b\u00a0\u2013 \n\t'\"\\{}[]@＠+＋.-_:/0123456789০১৭",
    "01712345678",
    "a@b.com",
    "4155552671",
    *("call", "gọi", "ফোন"),
    "[phone]",
]
texts = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)


def _missed(one: Planted) -> bool:
    masked, found = LOOK.masked(one.text)
    return one.value in masked or {item.kind for item in found} != {one.kind}


def test_every_local_spelling_is_found() -> None:
    """Each kind in each spelling, alone and in sentences of its language: nothing of the value is left."""
    made = planted(seed=7, rounds=ROUNDS)
    assert Counter(one.kind for one in made).keys() == set(KINDS)
    assert not {(one.kind, one.spelling) for one in made if _missed(one)}


def test_decoys_are_left_alone() -> None:
    """Prices, bar codes, dates, order numbers, ids, mentions, versions and links keep every byte."""
    wrong = [(one.spelling, found) for one in decoys(11, ROUNDS) for found in LOOK.masked(one.text)[1]]
    assert not wrong


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("Lan 0912345678 Đ/c: 12 Lê Lợi", "Lan [phone] Đ/c: 12 Lê Lợi"),
        ("0912345678 đ/c 12 Lê Lợi", "[phone] đ/c 12 Lê Lợi"),
        ("01712345678 tk 500 pathan", "[phone] tk 500 pathan"),
        ("84912345678 đ/c 3", "[phone] đ/c 3"),
        ("giá 84912345678 đ", ""),
        ("giá 0912345678đ/kg", ""),
        ("13812345678 元", ""),
        ("01712345678.Please call", "[phone].Please call"),
        ("01712345678.call diyen", "[phone].call diyen"),
        ("(212) 555-0123.I want it", "[phone].I want it"),
        ("0912345678.Chị Lan", "[phone].Chị Lan"),
        ("picture 0912345678.jpg of it", ""),
        ("0912345678.JPG", ""),
        ("13812345678.XL", ""),
        ("13812345678.min.js", ""),
        ("13812345678.rc_2", ""),
        ("0912345678.bản_2", ""),
        ("01712345678.5 kg", ""),
        ("01712345678-01812345678", "[phone]-[phone]"),
        ("0912345678-0987654321-0912345679 ạ", "[phone]-[phone]-[phone] ạ"),
        ("01712345678-01812", ""),
        ("13812345678-13912345678", ""),
        ("order no 01712345678-01812345678", ""),
        ("Lan-0912345678", "Lan-[phone]"),
        ("amar number-01712345678", "amar number-[phone]"),
        ("SKU-01712345678", ""),
        ("ao-thun-13812345678", ""),
        ("https://zalo.me/0912345678", "https://zalo.me/[phone]"),
        ("https://shop.example.com/me/0912345678", ""),
        ("008801712345678", "[phone]"),
        ("0084 912 345 678", "[phone]"),
        ("0086-13812345678", "[phone]"),
        ("0084912345671", ""),  # a bar code with two zeros before it
        ("08801712345678", ""),
        ("৮৮০১৭১২৩৪৫৬৭৮", "[phone]"),
        ("8801712345678", ""),  # with a bar code's check digit
        ("09 1368 1368", "[phone]"),
        ("0912 34 56 78", "[phone]"),
        ("84 91 234 56 78", "[phone]"),
        ("sizes 08 10 12 14 16", ""),
        ("03 04 05 06 07", ""),
    ],
)
def test_what_adjoins_a_number(text: str, masked: str) -> None:
    """A sentence, an address or another number beside one hides nothing; files, prices and sizes are none."""
    assert LOOK.masked(text)[0] == (masked or text)
    assert not masked or pl.Series([text]).str.contains(LOOK.prefilter())[0]


@pytest.mark.parametrize("word", ["Mua ngày ", "gọi ", "call me ", "("])
@pytest.mark.parametrize(
    "form",
    [
        "%d-%m-%Y %H:%M",
        "%m-%d-%Y %H:%M",
        "%d-%m-%Y %H%M",
        "%d.%m.%Y %H.%M",
        "%d %m %Y %H:%M",
        "%Y-%m-%d %H:%M",
    ],
)
def test_dates_with_a_time_are_no_numbers(word: str, form: str) -> None:
    """Every hour of some days of each month, as people of the four countries write it."""
    first = datetime(2019, 1, 1, tzinfo=UTC)
    stamps = [(first + timedelta(hours=37 * step, minutes=step)).strftime(form) for step in range(700)]
    assert not [stamp for stamp in stamps if LOOK.masked(word + stamp)[1]]


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("mail rahim@gmail.com.If you", "mail [email].If you"),
        ("rahim@gmail.com.OK", "[email].OK"),
        ("rahim@mail.com.bd.We are", "[email].We are"),
        ("rahim@gmail.com- call", "[email]- call"),
        ("rahim@gmail.com--", "[email]--"),
        ("rahim@gmail.com-01712345678", "[email]-[phone]"),
        ("rahim@gmail.com-call.me", "[email]"),
        ("icon@2x.min.js", ""),
        ("app@2.tar.gz", ""),
        ("logo@2x.large-blue", ""),
        ("theme@1.beta-2", ""),
        ("git@github.com-work:owner/name.git", ""),
        ("me@home.If", ""),
    ],
)
def test_what_adjoins_an_address(text: str, masked: str) -> None:
    """A sentence that goes on without a space, a hyphen: of the domain what can be one is taken."""
    assert LOOK.masked(text)[0] == (masked or text)
    assert not masked or pl.Series([text]).str.contains(LOOK.prefilter())[0]


def test_the_search_misses_nothing() -> None:
    """Every planted text passes the fast search that decides which rows are looked at."""
    made = planted(seed=13, rounds=ROUNDS)
    passed = pl.Series([one.text for one in made]).str.contains(LOOK.prefilter())
    assert not {one.spelling for one, ok in zip(made, passed, strict=True) if not ok}


@given(texts)
@settings(deadline=None)
def test_masking_twice_changes_nothing_more(text: str) -> None:
    """What is masked has nothing left to mask, whatever stood side by side; the search passed it."""
    masked, found = LOOK.masked(text)
    assert LOOK.masked(masked) == (masked, [])
    assert (masked == text) == (not found)
    assert not found or pl.Series([text]).str.contains(LOOK.prefilter())[0]


@given(texts, st.sets(st.sampled_from(KINDS)))
@settings(deadline=None)
def test_kinds_that_are_not_asked_for_stay(text: str, kinds: set[Kind]) -> None:
    """Only the kinds that are to be masked are found."""
    masked, found = Look(LOOK.regions, frozenset(kinds)).masked(text)
    assert {one.kind for one in found} <= kinds
    assert kinds or masked == text


@given(
    st.recursive(texts, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3))
)
@settings(max_examples=60, deadline=None)
def test_json_stays_json(value: object) -> None:
    """Strings of JSON text are looked at one by one, escapes and all; its form and all else stay."""
    for ascii_only in (True, False):
        text = json.dumps(value, ensure_ascii=ascii_only)
        masked, found = LOOK.masked(text)
        assert isinstance(json.loads(masked), type(value))
        assert found or masked == text
        assert not found or pl.Series([text]).str.contains(LOOK.prefilter())[0]


def test_json_in_json_and_halves_of_characters() -> None:
    """Texts that are JSON again are looked into; what cannot be written but as an escape stays one."""
    inner = json.dumps({"note": "a\n01712345678"})
    masked, found = LOOK.masked(json.dumps({"payload": inner}))
    assert json.loads(json.loads(masked)["payload"]) == {"note": "a\n[phone]"}
    masked, more = LOOK.masked('{"a": "ভ \\ud83d a@b.com"}')
    assert masked.isascii()
    assert json.loads(masked) == {"a": "ভ \ud83d [email]"}
    assert (len(found), len(more)) == (1, 1)


def test_escapes_of_json_hide_nothing() -> None:
    r"""An @ as \u0040, a number after \n, a number under a telling key; ids and other numbers stay."""
    text = (
        '{"a": "x\\n01712345678", "b": "me\\u0040shop.com", "phone": 1712345678,'
        ' "id": "13812345678", "n": 13812345678}'
    )
    masked, found = LOOK.masked(text)
    assert json.loads(masked) == {
        "a": "x\n[phone]",
        "b": "[email]",
        "phone": "[phone]",
        "id": "13812345678",
        "n": 13812345678,
    }
    assert [one.kind for one in found] == ["phone", "email", "phone"]


@pytest.mark.parametrize("slashes", ["/", "\\/"])
@pytest.mark.parametrize("deep", [False, True])
@pytest.mark.parametrize(
    "value",
    [
        {"t": "ok\u3002(212) 555-0123"},
        {"t": "\u30020912.345.678"},
        {"t": "\u20180912.345.678"},
        {"t": "x\u00a0(415) 867-5309"},
        {"t": "01712\u2013345678"},
        {"t": "415\u00a05552671, call 415 555\u00a02671"},
        {"t": "+\u00a0298 201234"},
        {"t": "\u200bcall 4155552671"},
        {"t": "G\u1ecdi cho em, 4155552671"},
        {"t": "\u0110I\u1ec6N THO\u1ea0I: 4155552671"},
        {"t": "\u09ab\u09cb\u09a8 \u09a8\u09be\u09ae\u09cd\u09ac\u09be\u09b0 4155552671"},
        {"\u624b\u673a\u53f7\u7801": ["4155552671"]},
        {"userPhone": "4155552671"},
        {"t": "https://wa.me/14155552671"},
        {"t": "https://hooks.slack.com/services/TAAAAAAAA/BAAAAAAAA/AAAAAAAAAAAAAAAAAAAAAAAA"},
        {"t": "postgres://shop:secret12@db.internal"},
    ],
)
def test_the_search_misses_nothing_in_json(value: object, deep: bool, slashes: str) -> None:
    """Escapes between a number and its word, beside it or inside it, and of slashes, as some write them."""
    text = json.dumps({"payload": json.dumps(value)} if deep else value).replace("/", slashes)
    assert LOOK.masked(text)[1]
    assert pl.Series([text]).str.contains(LOOK.prefilter())[0]


@pytest.mark.parametrize(
    "value",
    [
        {"t": "\u09ad\u09be\u09b2\u09cb 2023-05-01", "id": 123456789012},
        {"t": "gi\u00e1 1.299.000\u0111", "price": 12990000, "ts": 1700000000},
    ],
)
def test_the_search_passes_over_json_with_dates_and_ids(value: object) -> None:
    """Rows that hold other numbers beside escapes need no closer look."""
    assert not pl.Series([json.dumps(value)]).str.contains(LOOK.prefilter())[0]


@pytest.mark.parametrize(
    ("name", "text", "is_phone"),
    [
        ("item_id", "13812345678", False),
        ("history", "01712345678", False),
        ("note", "01712345678", True),
        ("contact_phone", "1712345678", True),
        ("mobile", "4155552671", True),
        ("mobile", "12", False),
        ("mobile_price", "4155552671", False),
        ("contact_date", "20230501", False),
    ],
)
def test_names_tell_ids_from_numbers(name: str, text: str, is_phone: bool) -> None:
    """Digits alone are what their column or key says they are."""
    assert (LOOK.masked(text, name)[0] == "[phone]") is is_phone


def test_only_numbers_of_the_datasets_countries_are_looked_for() -> None:
    """Without a + or a word, a number counts only where people write numbers like that."""
    bare, abroad = "nice 01712345678", "nice +8801712345678"
    assert Look(("BD",)).masked(bare)[0] == "nice [phone]"
    assert Look(("CN",)).masked(bare)[0] == bare
    assert Look(()).masked(abroad)[0] == "nice [phone]"


def test_examples_do_not_show_the_value() -> None:
    """Of each value at most four first characters, and its length, can be seen."""
    for one in planted(seed=17, rounds=3):
        for found in LOOK.masked(one.text)[1]:
            assert one.value not in found.hint
            assert one.value[4:10] not in found.hint


@pytest.mark.parametrize(
    "piece",
    [
        "a",
        "a@",
        "a.",
        "@a.",
        "0",
        "01712345678 ",
        "01712345678-",
        "01712345678.a",
        "a@b.If.",
        "+880 ",
        "1-",
        "(",
        "eyJ",
        "-eyJaaaaaaaaaa.",
        "sk-",
        "a://b:",
        "-----BEGIN PRIVATE KEY-----",
        "call ",
        '{"',
        '"\\',
        "https://",
    ],
)
def test_hostile_texts_take_time_in_proportion(piece: str) -> None:
    """Half a megabyte made to be slow ends soon; in the square of its length it would take hours."""
    text = piece * ((1 << 19) // len(piece))
    masked, found = LOOK.masked(text)
    assert (masked == text) == (not found)
    assert pl.Series([text]).str.contains(LOOK.prefilter())[0] or not found
