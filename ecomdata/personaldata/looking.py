"""What personal data a text has, and the text without them."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, get_args

from ecomdata.personaldata.emails import PREFILTER as EMAILS
from ecomdata.personaldata.emails import emails
from ecomdata.personaldata.phones import phones
from ecomdata.personaldata.phones import prefilter as phone_prefilter
from ecomdata.personaldata.secrets import PREFILTER as SECRETS
from ecomdata.personaldata.secrets import secrets

Kind = Literal["email", "phone", "token", "key"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
_ROUNDS: Final = 6
"""Masking can uncover what adjoined; a text that still has something after so many rounds goes whole."""
_ID_NAME: Final = re.compile(
    r"(?:^|_)(?:ids?|sku|ean|upc|isbn|asin|code|codes|key|keys|hash|sha|sha1|sha256|md5|uuid|digest|history"
    r"|target|timestamps?)$",
    re.IGNORECASE,
)
_PHONE_NAME: Final = re.compile(
    r"(?:phone|mobile|telephone|contact|whatsapp|(?:^|_)tel|手机|电话)(?:_?(?:no|num|number|nr|号|号码))?$",
    re.IGNORECASE,
)
_ALONE: Final = re.compile(r"\s*[+＋(]?[0-9০-৯０-９][0-9০-৯０-９ .()\-]{6,19}\s*")
_NUMBER_ALONE: Final = r"[0-9০-৯０-９][0-9০-৯０-９ .()\-]{6}"
_JSON_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*"(\s*:)?|(?<![\w.+\-])[0-9]{8,15}(?![\w.])')


@dataclass(frozen=True, slots=True)
class Found:
    """Something personal in a text.

    Attributes:
        kind: What it is.
        sort: A telephone number's country; whose token it is; else empty.
        hint: What may be shown of it: some first characters, and how long it is.
        bare: Whether it is a text of digits and nothing else, which may also be an id.
    """

    kind: Kind
    sort: str
    hint: str
    bare: bool = False


class _Span(NamedTuple):
    start: int
    end: int
    kind: Kind
    sort: str


@dataclass(frozen=True, slots=True)
class Look:
    """How to look.

    Attributes:
        regions: Countries whose telephone numbers are looked for as people there write them.
        kinds: The kinds to find.
    """

    regions: tuple[str, ...]
    kinds: frozenset[Kind] = frozenset(KINDS)

    def prefilter(self, name: str = "") -> str:
        """A pattern for Rust's regex that every text of this name matches in which anything is found."""
        parts = [EMAILS, SECRETS, phone_prefilter(self.regions)]
        return "|".join([*parts, _NUMBER_ALONE] if _PHONE_NAME.search(name) else parts)

    def masked(self, text: str, name: str = "", *, ids: bool = False) -> tuple[str, list[Found]]:
        """The text with a word in place of each finding, and what was found; the same text where nothing was.

        JSON text stays JSON: each of its strings is looked at by itself, under the name of its key.

        Args:
            text: Any text.
            name: What holds it: a column, a key.
            ids: Whether texts of digits only are known to be ids.
        """
        if text.lstrip()[:1] in {"{", "[", '"'} and _is_json(text):
            return self._json(text, name, ids=ids)
        return self._plain(text, name, ids=ids)

    def _plain(self, text: str, name: str, *, ids: bool) -> tuple[str, list[Found]]:
        found: list[Found] = []
        whole = text.strip().isdigit()
        if whole and (ids or _ID_NAME.search(name)):
            return text, found
        if "phone" in self.kinds and (number := self._named(text, name)):
            return "[phone]", [number]
        for _ in range(_ROUNDS):
            spans = self._spans(text)
            if not spans:
                return text, found
            pieces: list[str] = []
            place = 0
            for start, end, kind, sort in spans:
                found.append(Found(kind, sort, _hint(text[start:end], kind), bare=whole))
                pieces += [text[place:start], f"[{kind}]"]
                place = end
            text = "".join([*pieces, text[place:]])
        return (f"[{found[-1].kind}]", found) if self._spans(text) else (text, found)

    def _spans(self, text: str) -> list[_Span]:
        """What is found, in the order of the text and without overlaps; the surest kinds win."""
        spans = [
            *(
                _Span(one.start, one.end, "key" if one.private else "token", one.sort)
                for one in secrets(text)
            ),
            *(_Span(start, end, "email", "") for start, end in emails(text)),
            *(_Span(one.start, one.end, "phone", one.region) for one in phones(text, self.regions)),
        ]
        return [one for one in _apart(spans, len(text)) if one.kind in self.kinds]

    def _json(self, text: str, name: str, *, ids: bool) -> tuple[str, list[Found]]:
        found: list[Found] = []
        key = name

        def replaced(match: re.Match[str]) -> str:
            nonlocal key
            token = match[0]
            if not token.startswith('"'):
                return self._number(token, key, found)
            literal = token[: match.start(1) - match.start()] if match[1] else token
            value = str(json.loads(literal))
            masked, more = self.masked(value, key, ids=ids)  # it may be JSON text again
            if match[1]:
                key = value
            if not more:
                return token
            found.extend(more)
            # An escape may stand for half a character, which cannot be written otherwise.
            ascii_only = literal.isascii() or "\\u" in literal
            return json.dumps(masked, ensure_ascii=ascii_only) + (match[1] or "")

        return _JSON_TOKEN.sub(replaced, text), found

    def _number(self, token: str, key: str, found: list[Found]) -> str:
        """A number of JSON: one of a telephone only where its key says so."""
        number = self._named(token, key) if "phone" in self.kinds else None
        if number is None:
            return token
        found.append(number)
        return '"[phone]"'

    def _named(self, text: str, name: str) -> Found | None:
        """A text that is one telephone number, as the name of what holds it says."""
        if not _PHONE_NAME.search(name) or not _ALONE.fullmatch(text):
            return None
        said = f"phone {text.strip()}"
        numbers = list(phones(said, self.regions))
        if not any(number.end == len(said) for number in numbers):
            return None
        return Found("phone", numbers[0].region, _hint(text.strip(), "phone"))


def _apart(spans: list[_Span], length: int) -> list[_Span]:
    """Of spans that overlap the one that comes first in the list; in the order of the text."""
    taken = bytearray(length)
    kept: list[_Span] = []
    for one in spans:
        if taken.find(1, one.start, one.end) < 0:
            taken[one.start : one.end] = b"\1" * (one.end - one.start)
            kept.append(one)
    return sorted(kept)


def _hint(value: str, kind: Kind) -> str:
    """What may be shown of a value: never enough to use it or to find whose it is."""
    if kind == "email":
        name, _, domain = value.replace("＠", "@").partition("@")
        return f"{name[:1]}…@{domain[:1]}….{domain.rpartition('.')[2]}"
    if kind == "phone":
        return f"{value[:3]}… ({sum(map(str.isdigit, value))} digits)"
    return f"{value[:4]}… ({len(value)} characters)"


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
