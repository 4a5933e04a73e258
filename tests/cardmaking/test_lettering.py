"""What is written in pictures can be read, whatever the script and whatever the data hold."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecomdata.cardmaking.lettering import characters, label

SCRIPTS = {
    "Bengali": "অআইঈউঊঋএঐওঔকখগঘঙচছজঝঞটঠডঢণতথদধনপফবভমযরলশষসহড়ঢ়য়ৎংঃঁািীুূৃেৈোৌ্০১২৩৪৫৬৭৮৯৳",
    "Vietnamese": "ĂÂĐÊÔƠƯăâđêôơưẠẢẤẦẨẪẬẮẰẲẴẶẸẺẼẾỀỂỄỆỈỊỌỎỐỒỔỖỘỚỜỞỠỢỤỦỨỪỬỮỰỲỴỶỸạảấầẩẫậắằẳẵặẹẻẽếềểễệ₫",
    "Chinese": "淘宝天猫连衣裙女装男鞋手机数码家居服饰箱包美妆食品母婴运动户外，。、《》",
}


@pytest.mark.parametrize("script", SCRIPTS)
def test_the_scripts_of_the_datasets_have_glyphs(script: str) -> None:
    """No letter of the languages that the datasets are in is an empty box, on any machine."""
    missing = [c for c in SCRIPTS[script] if ord(c) not in characters()]
    assert not missing


def test_gb_2312_is_covered() -> None:
    """All 6,763 characters of the standard, so about every word of a shop in China."""
    pairs = (bytes([high, low]) for high in range(0xB0, 0xF8) for low in range(0xA1, 0xFF))
    hanzi = [pair.decode("gb2312", errors="ignore") for pair in pairs]
    assert len(found := [one for one in hanzi if one]) == 6763
    assert not [one for one in found if ord(one) not in characters()]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Women", "Women"),
        ("  two\n words ", "two words"),
        ("", "(blank)"),
        ("\x1b[31m", r"\u{001b}[31m"),
        ("\u202egnp", r"\u{202e}gnp"),
        ("\U0001f9e6", r"\u{1f9e6}"),
        ("স্বাস্থ্য", "স্বাস্থ্য"),
        ("র\u200d্যাব", "র\u200d্যাব"),
        ("a\u200db", r"a\u{200d}b"),
        ("abcdefghijklmnopqrstuvwxyz0123456789", "abcdefghijklmnopqrstuvwxyz012…"),
        ("连" * 20, "连" * 14 + "…"),
        ("a" + "\u0301" * 50, "á" + "\u0301" * 4),
    ],
)
def test_a_label_is_short_and_can_be_seen(text: str, shown: str) -> None:
    """What has no glyph or cannot be seen stands as its number; what is long is cut at a whole character."""
    assert label(text) == shown


@given(st.text(max_size=400))
def test_no_label_has_an_empty_box(text: str) -> None:
    """Any text becomes characters that there are glyphs for, in a bounded width."""
    shown = label(text)
    assert shown
    assert all(ord(c) in characters() or c in "\u200c\u200d" for c in shown)
    columns = [
        2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in shown if not unicodedata.combining(c)
    ]
    assert sum(columns) <= 45
