"""Telephone numbers in free text: shapes that a fast search finds, and Google's phone number plans to decide.

A number counts with a ``+``, after a word such as "call" or "电话", or in the shapes that people of the
dataset's countries write. Whatever has a shape must also be a number that its country's plan knows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final, NamedTuple

from ecomdata.personaldata.emails import FILES

REGIONS: Final = {"bn": "BD", "vi": "VN", "zh": "CN", "en": "US"}
"""Language -> the country whose numbers are looked for without a ``+`` or a word before them."""


class Phone(NamedTuple):
    """A number: where it stands, its country, and whether it is digits only with no word before it."""

    start: int
    end: int
    region: str
    bare: bool


_ALL: Final = "0-9০-৯０-９"
"""Digits as they are written here: ASCII, Bengali, full-width."""


def _digits(which: str) -> str:
    """A class of digits in all scripts."""
    return "[" + "".join(chr(first + int(digit)) for first in (0x30, 0x9E6, 0xFF10) for digit in which) + "]"


_D: Final = f"[{_ALL}]"
_GAP: Final = r"[ \u00a0.()\-\u2010-\u2014]{0,2}"
_DASH: Final = r"[ \u00a0\-\u2010-\u2014]?"
_ZERO: Final = rf"\(?{_digits('0')}"
_ABROAD_ZEROS: Final = rf"(?:{_digits('0')}{{2}}{_DASH})?"

_START: Final = {
    "BD": (
        rf"(?:{_ZERO}|{_ABROAD_ZEROS}{_digits('8')}{{2}}{_digits('0')}{_DASH})"
        rf"{_digits('1')}{_digits('3456789')}"
    ),
    "VN": rf"(?:{_ZERO}|{_ABROAD_ZEROS}{_digits('8')}{_digits('4')}{_DASH}){_digits('35789')}",
    "CN": (
        rf"(?:{_ABROAD_ZEROS}{_digits('8')}{_digits('6')}{_DASH})?"
        rf"{_digits('1')}{_digits('3456789')}{_D}"
    ),
}
_US: Final = (
    r"\([2-9][0-9]{2}\) ?[2-9][0-9]{2}[ .\-]|[2-9][0-9]{2}-[2-9][0-9]{2}-|[2-9][0-9]{2}\.[2-9][0-9]{2}\."
)
_SHAPES: Final = {
    "BD": (
        rf"{_START['BD']}(?:{_DASH}{_D}){{8}}",
        rf"{_ZERO}{_digits('2')}(?:\) ?|{_DASH}-){_D}{{4}}{_DASH}{_D}{{4,5}}",
    ),
    "VN": (
        rf"{_START['VN']}(?:{_D}(?:[ .\-]?{_D}){{7}}|[ .\-]{_D}{{3}}(?:[ .\-]?{_D}){{5}})",
        rf"{_ZERO}{_digits('2')}{_D}{{1,2}}(?:\) ?|[ .\-]){_D}{{3,4}}[ .\-]?{_D}{{4}}",
    ),
    "CN": (
        rf"{_START['CN']}(?:{_DASH}{_D}){{8}}",
        rf"{_ZERO}{_D}{{2,3}}(?:\) ?|-){_D}{{7,8}}",
    ),
    "US": (rf"(?:1[ .\-])?(?:{_US})[0-9]{{4}}",),
}
"""Country -> shapes of its numbers. Three groups of digits with spaces between them are no shape of the US:
sizes of memory look like that. Nor do numbers of Vietnam begin with two groups of two: days and sizes do."""
_PLUSSED: Final = rf"[+＋]{_GAP}{_D}(?:{_GAP}{_D})"
_ABROAD: Final = f"{_PLUSSED}{{7,14}}"
_SAID: Final = (
    r"phones?|telephone|tel|call(?: me)?(?: at| on)?|mobile|mob|cell|whats ?app|wechat|weixin|zalo|viber"
    r"|imo|bkash|nagad|wa\.me\\*/|contact|hotline|s(?:đ|d)t|đt|điện thoại|liên hệ|gọi|ফোন|মোবাইল|নাম্বার|নম্বর|কল"
    r"|যোগাযোগ|বিকাশ|电话|手机|手机号|微信|联系|热线|致电"
)
_DIGITS_AFTER: Final = rf"[^{_ALL}\n]{{0,12}}{_D}(?:{_GAP}{_D})"
_ESCAPE: Final = r"\\+u[0-9a-fA-F]{4}"


def _escaped(words: str) -> str:
    """The words as JSON has them that escapes what is not ASCII, small and capital."""

    def escape(match: re.Match[str]) -> str:
        codes = sorted({f"{ord(case):04x}" for case in (match[0].lower(), match[0].upper())})
        return rf"\\+u(?:{'|'.join(codes)})"

    return re.sub(r"[^\x00-\x7f]", escape, words)


ALWAYS: Final = (
    rf"{_PLUSSED}{{7}}|(?:^|[^A-Za-z]|\\[bfnrt]|{_ESCAPE})(?i:{_SAID}|{_escaped(_SAID)})"
    rf"(?:(?:{_ESCAPE}){{1,2}}|\\+[^{_ALL}\n]|[^{_ALL}\n]){{0,16}}{_D}(?:{_GAP}{_D}){{7}}"
)
"""Every text with a ``+`` or a word before a number matches this, as does JSON of it."""
_IN_JSON: Final = (
    r"\\u(?:00(?:2[bB]|3[0-9])|09[eE][6-9a-fA-F]|[fF]{2}(?:0[bB]|1[0-9]))"
    rf"|{_ESCAPE}\(?{_D}(?:{_GAP}{_D}){{9}}"
    rf"|[+＋{_ALL}][ .()\-]?\\+u(?:00[aA]0|201[0-4])"
    r"|(?i:phone|mobile|contact|whatsapp)(?i:_?(?:no|num|number|nr))?\\*\" ?:"
    rf"[^{_ALL}\n,]{{0,6}}{_D}(?:{_GAP}{_D}){{7}}"
)
"""Other JSON with a number matches this: where a digit, a ``+`` or a dash is escaped, or the character before
(as whose last digit its first one would read), or where its key ends with a word."""

_BEFORE: Final = (
    rf"(?<![A-Za-z{_ALL}_$€£¥৳₫@#=%])(?<![A-Z{_ALL}]-)(?:(?<![a-z]-)|(?={_ZERO}))(?<![{_ALL}][.,])"
)
"""A word and a hyphen may stand before a number that begins with 0, as ids do not; a model's capitals no."""
_SENTENCE: Final = (
    rf"(?!(?i:{FILES})(?![A-Za-z]))(?:I|[A-Z]?[a-z\u00c0-\u1ef9]+)"
    rf"(?![A-Za-z\u00c0-\u1ef9{_ALL}_/@\-]|\.[A-Za-z{_ALL}])"
)
"""A word right after a full stop that is neither the end of a file's name nor a part of a longer name."""
_AFTER: Final = rf"(?![A-Za-z{_ALL}_%@])(?!-[A-Za-z{_ALL}])(?!\.(?!{_SENTENCE})[A-Za-z{_ALL}])"
_NO_PHONE_BEFORE: Final = re.compile(
    r"(?:\b(?:isbn(?:-1[03])?|ean|upc|gtin|asin|sku|imei|serial|s/n|model|barcode|batch|lot|awb|tracking"
    r"|(?:order|invoice|product|ref)\.? ?(?:no|id|number|code|nr|#)|mã(?: đơn| vận đơn| số)?)"
    r"|订单号?|单号|编号|货号|型号|条码|অর্ডার (?:নং|নাম্বার)|কোড)"
    r"[\s:.#=\-]*(?:no|id|number|号)?[\s:.#=\-：]*$",
    re.IGNORECASE,
)
_ID_BEFORE: Final = re.compile(r"\b(?:item|id)[\s:.#=\-]*$", re.IGNORECASE)
"""Before a number that begins with 0 these say nothing: ids do not, and accounts are named by numbers."""
_PRICE: Final = re.compile(
    r"(?P<space> ?)(?:[₫৳元]|(?:đ(?!/c\b)|tk|taka|vnd|bdt|usd|rmb)(?![^\W_]))", re.IGNORECASE
)
"""``đ/c`` is an address."""
_WORD: Final = re.compile(rf"(?:(?<![A-Za-z])(?:{_SAID}))(?P<number>{_DIGITS_AFTER}{{7,14}})", re.IGNORECASE)
_NUMBER: Final = re.compile(rf"[+＋(]?{_D}(?:{_GAP}{_D})*\Z")
_PLUS: Final = re.compile(rf"(?<![A-Za-z{_ALL}]){_ABROAD}(?![A-Za-z{_ALL}])")
_GROUP: Final = re.compile(rf"{_D}+")
_LINK: Final = re.compile(r"(?:https?://|www\.)[^\s]{0,300}$")
_LINK_TO_PHONE: Final = re.compile(r"(?:(?:wa|zalo)\.me/|phone=|tel[:=])[+＋]?$", re.IGNORECASE)
_WHOLE: Final = 11
"""So many digits after a word can be a number with its country's code and without the +."""
_REACH: Final = 300
_MOST_GROUPS: Final = 5
_LEAST_DIGITS: Final = 8
_DATE: Final = re.compile(
    r"(?:(?:19|20)[0-9]{2}[ .\-]?(?:0?[1-9]|1[0-2])[ .\-]?(?:[12][0-9]|3[01]|0?[1-9])"
    r"|(?:[12][0-9]|3[01]|0?[1-9])([ .\-])(?:[12][0-9]|3[01]|0?[1-9])\1(?:19|20)[0-9]{2})(?![0-9])"
)
"""Year first, or last after day and month in either order."""


def prefilter(regions: Iterable[str]) -> str:
    """A pattern that every text with a number of these countries, or with ``+`` or a word, matches."""
    shapes = "|".join(shape for region in regions for shape in _SHAPES.get(region, ()))
    always = f"{ALWAYS}|{_IN_JSON}"
    return f"{always}|(?:^|[^{_ALL}])(?:{shapes})(?:[^{_ALL}]|$)" if shapes else always


@lru_cache(maxsize=16)
def _national(region: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """What finds a country's numbers, a hyphen between a few of them too, and what takes those apart."""
    shape = f"(?:{'|'.join(_SHAPES[region])})"
    joined = f"{_BEFORE}{shape}(?:-(?={_ZERO}){shape}){{0,3}}{_AFTER}"
    return re.compile(joined), re.compile(rf"{shape}(?=-|\Z)")


def phones(text: str, regions: tuple[str, ...]) -> Iterator[Phone]:
    """Numbers in a text; they may overlap, the surer ones come first."""
    yield from _abroad(text)
    yield from _after_words(text, regions)
    for region in regions:
        if region in _SHAPES:
            yield from _shaped(text, region)


def _abroad(text: str) -> Iterator[Phone]:
    for match in _PLUS.finditer(text):
        if _in_link(text, match.start()):
            continue
        if found := _longest(match[0], ()):
            yield Phone(match.start(), match.start() + found[0], found[1], bare=False)


def _after_words(text: str, regions: tuple[str, ...]) -> Iterator[Phone]:
    for match in _WORD.finditer(text):
        number = _NUMBER.search(match["number"])
        if number is None or _DATE.match(number[0]):
            continue
        start = match.start("number") + number.start()
        if (found := _longest(number[0], regions)) and not _in_link(text, start):
            end = start + found[0]
            if not text[end : end + 1].isdigit():
                yield Phone(start, end, found[1], bare=False)


def _shaped(text: str, region: str) -> Iterator[Phone]:
    joined, one = _national(region)
    for run in joined.finditer(text):
        before = text[max(0, run.start() - 30) : run.start()]
        for match in one.finditer(text, *run.span()):
            number, (start, end) = match[0], match.span()
            if len(_GROUP.findall(number)) > _MOST_GROUPS or _is_ean(number):
                continue
            if _is_something_else(before, number) or _is_price(text, end, number):
                continue
            if _in_link(text, start) or not _known(number, region):
                continue
            yield Phone(start, end, region, bare=number.isdigit())


def _is_something_else(before: str, number: str) -> bool:
    """Whether the words before a number name it as something else."""
    if _NO_PHONE_BEFORE.search(before):
        return True
    return not _begins_with_zero(number) and _ID_BEFORE.search(before) is not None


def _is_price(text: str, end: int, number: str) -> bool:
    """Whether a currency follows; no price begins with 0, so before those it must adjoin."""
    price = _PRICE.match(text, end)
    return price is not None and not (price["space"] and _begins_with_zero(number))


def _begins_with_zero(number: str) -> bool:
    return int(number.lstrip("(")[0]) == 0


def _longest(number: str, regions: tuple[str, ...]) -> tuple[int, str] | None:
    """The longest beginning, cut between groups of digits, that is a number: its length and country."""
    ends = [match.end() for match in _GROUP.finditer(number)]
    for end in reversed(ends):
        part = number[:end]
        count = sum(map(str.isdigit, part))
        if count < _LEAST_DIGITS:
            break
        if part[0] in "+＋":
            known = _known(part, "")
        else:
            known = next(filter(None, (_known(part, region) for region in regions)), "")
            known = known or (_known(f"+{part}", "") if count >= _WHOLE else "")
        if known:
            return end, known
    return None


@lru_cache(maxsize=1 << 14)
def _known(number: str, region: str) -> str:
    """The country of a number that its plan knows, or nothing. Digits of all scripts are read."""
    import phonenumbers

    try:
        parsed = phonenumbers.parse(number, region or None)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_valid_number(parsed):
        return ""
    return phonenumbers.region_code_for_number(parsed) or region or "001"


def _is_ean(number: str) -> bool:
    """Whether thirteen digits have a bar code's check digit: Korean ones begin as Bangladesh's numbers do.

    So does a tenth of those numbers, and is missed; not in Bengali digits, in which no bar code is written.
    """
    if len(number) != 13 or not (number.isascii() and number.isdigit()):
        return False
    digits = [int(digit) for digit in number]
    return (sum(digits[0::2]) + 3 * sum(digits[1::2])) % 10 == 0


def _in_link(text: str, start: int) -> bool:
    """Whether a number stands in a web address, such as a picture's, that is none to a telephone."""
    before = text[max(0, start - _REACH) : start]
    return _LINK.search(before) is not None and _LINK_TO_PHONE.search(before) is None
