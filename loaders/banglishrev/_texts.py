"""Texts for synthetic reviews: invented phrases in Bengali, in Bengali with Latin letters, and in English.

What a text says fits its stars and its product, so that there is something to find in a sample: languages,
near-duplicates, neighbours of the same rating, and what a classifier can learn. A tenth are short texts that
everybody writes, and a tenth have something in them that breaks readers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ecomdata.sampling import mood_of, picked

ODD: Final = (
    "Good quality, fast delivery 😍",
    "product ta valo but delivery late\nseller er behaviour valo",
    "ভালো but দাম বেশি",
    "𝑽𝒆𝒓𝒚 𝒏𝒊𝒄𝒆 𝒑𝒓𝒐𝒅𝒖𝒄𝒕",
    "??? ?????? ????",
    'size "M" [chhoto] {na} \\ ok',
    "প্রোডাক্ট ta খারাপ না, worth it",
)
_THINGS: Final = {
    "bn-Latn": ("phone cover", "balti", "face wash"),
    "bn": ("ফোনের কভার", "বালতি", "ফেসওয়াশ"),
    "en": ("phone case", "bucket", "face wash"),
}
_COLOURS: Final = {
    "bn-Latn": ("kalo", "sada", "lal", "nil", "golapi"),
    "bn": ("কালো", "সাদা", "লাল", "নীল", "গোলাপি"),
    "en": ("black", "white", "red", "blue", "pink"),
}
_LANGUAGES: Final = ("bn-Latn",) * 9 + ("en",) * 6 + ("bn",) * 5
_JOINED: Final = {"bn-Latn": (", ", ". ", " "), "bn": ("। ", ", ", " "), "en": (". ", ", ", "! ")}
_SHORT: Final = {
    "bn-Latn": (("valo", "onek valo", "khub sundor"), ("motamuti", "chole"), ("baje", "kharap product")),
    "bn": (("ভালো", "খুব ভালো", "অসাধারণ"), ("মোটামুটি", "চলে"), ("বাজে", "একদম ভালো না")),
    "en": (("Good", "Nice product", "very good 👍"), ("Ok", "average"), ("Bad", "very bad product")),
}
_FIRST: Final = {
    "bn-Latn": (
        (
            "Onek valo {thing}",
            "Khub sundor {thing}, amar onek pochondo hoyeche",
            "Jemon cheyechilam thik temon {thing} peyechi",
            "Ei dame eto valo {thing} asha kori nai",
            "Chobite jemon dekhechi {thing} ta temon e",
            "{colour} {thing} ta dekhte oshadharon",
            "Quality niye kono kotha hobe na",
        ),
        (
            "{thing} ta motamuti valo",
            "Dam onujayi {thing} thik ache",
            "{colour} cheyechilam onno rong pathaise, tobe chole",
            "Khub kharap na abar khub valo o na",
        ),
        (
            "{thing} ta ekdom baje",
            "Bhanga {thing} pathiyeche",
            "{colour} order korechi, onno rong pathaise",
            "Chobir sathe {thing} er kono mil nai",
            "{n} din por e {thing} noshto hoye geche",
            "Taka ta puro jole gelo",
        ),
    ),
    "bn": (
        (
            "খুব ভালো {thing}",
            "{thing} হাতে পেয়ে অনেক খুশি",
            "যেমন চেয়েছিলাম ঠিক তেমনই পেয়েছি",
            "এই দামে এত ভালো {thing} আশা করিনি",
            "{colour} রঙের {thing} দেখতে দারুণ",
            "ছবির সাথে পুরোপুরি মিল আছে",
        ),
        ("{thing} মোটামুটি ভালো", "দাম অনুযায়ী ঠিক আছে", "খুব ভালোও না, খারাপও না"),
        (
            "{thing} একদম বাজে",
            "ভাঙা {thing} দিয়েছে",
            "ছবির সাথে কোনো মিল নেই",
            "{n} দিনেই {thing} নষ্ট হয়ে গেছে",
            "{colour} চেয়েছি, অন্য রং দিয়েছে",
        ),
    ),
    "en": (
        (
            "Very good {thing}",
            "I am happy with this {thing}",
            "The {colour} {thing} looks just like the picture",
            "Got exactly what I ordered",
            "Best {thing} at this price",
            "Excellent quality, I will buy another {thing}",
        ),
        ("The {thing} is okay for the price", "Not bad but not great", "An average {thing}"),
        (
            "The {thing} was broken",
            "Very poor quality, do not buy",
            "I ordered {colour} and got another colour",
            "The {thing} stopped being useful after {n} days",
            "Nothing like the picture",
        ),
    ),
}
_THEN: Final = {
    "bn-Latn": (
        ("{n} din er moddhe delivery peyechi", "packing onek valo chilo", "delivery man er babohar valo"),
        ("delivery te {n} din lagche", "packing ta aro valo hote parto"),
        ("delivery dite {n} din lagaise", "return korte chai", "seller kono reply dey na"),
    ),
    "bn": (
        ("{n} দিনের মধ্যে ডেলিভারি পেয়েছি", "প্যাকেজিং খুব ভালো ছিল", "ডেলিভারি ম্যানের ব্যবহার ভালো"),
        ("ডেলিভারি পেতে {n} দিন লেগেছে", "প্যাকেজিং আরও ভালো হতে পারত"),
        ("ডেলিভারি দিতে {n} দিন লাগিয়েছে", "টাকা ফেরত চাই", "বিক্রেতা উত্তর দেয় না"),
    ),
    "en": (
        ("it came in {n} days", "well packed", "the delivery man was polite"),
        ("delivery took {n} days", "the packing could be better"),
        ("it took {n} days to arrive", "I want my money back", "the seller does not answer"),
    ),
}
_LAST: Final = {
    "bn-Latn": (
        ("thanks seller ke", "sobai nite paren", "abar nibo", "dhonnobad Daraz"),
        ("dekhe shune niben",),
        ("keu kinben na", "ar kokhono nibo na"),
    ),
    "bn": (
        ("ধন্যবাদ", "সবাই নিতে পারেন", "আবার নেব"),
        ("দেখে শুনে নেবেন",),
        ("কেউ কিনবেন না", "আর কখনো নেব না"),
    ),
    "en": (
        ("thanks to the seller", "recommended", "will order again"),
        ("check before you buy",),
        ("waste of money", "never again"),
    ),
}
DRAWS: Final = 9
"""Numbers that a text is made by."""


def written(stars: int, product: int, drawn: Sequence[int]) -> str:
    """What somebody writes who gives so many stars (1 to 5).

    Args:
        stars: The rating.
        product: The number of the product's category.
        drawn: ``DRAWS`` random numbers, 0 or more.
    """
    kind, spoken, first, then, last, colour, days, joined, ends = drawn
    if kind % 10 == 0:
        return ODD[first % len(ODD)]
    language = _LANGUAGES[spoken % len(_LANGUAGES)]
    mood = mood_of(stars)
    if kind % 10 == 1:
        return picked(_SHORT[language][mood], first)
    parts = [picked(_FIRST[language][mood], first)]
    if ends % 10 < 6:
        parts.append(picked(_THEN[language][mood], then))
    if ends % 7 < 3:
        parts.append(picked(_LAST[language][mood], last))
    things = _THINGS[language]
    text = picked(_JOINED[language], joined).join(parts)
    return text.format(
        thing=things[product % len(things)], colour=picked(_COLOURS[language], colour), n=2 + days % 14
    )
