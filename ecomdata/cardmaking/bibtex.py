"""The little that a card takes from a citation: who made the data, and in which year they were published."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_FIELD: Final = re.compile(r"[\s,]*([\w-]+)\s*=\s*")


@dataclass(frozen=True, slots=True)
class Author:
    """An author; ``corporate`` where a second pair of braces says that the name is no person's."""

    name: str
    corporate: bool


def authors(entry: str) -> tuple[Author, ...]:
    """The authors of a BibTeX entry in its order, first names first; ``and others`` is nobody."""
    words = " ".join(_fields(entry).get("author", "").split())
    return tuple(_author(name) for name in _outside_braces(words, " and ") if name and name != "others")


def year(entry: str) -> str:
    """The year of publication, of four digits; empty where the entry does not say."""
    value = re.sub(r"[{}]", "", _fields(entry).get("year", ""))
    return value if re.fullmatch(r"\d{4}", value) else ""


def _author(name: str) -> Author:
    if re.fullmatch(r"\{[^{}]*\}", name):
        return Author(name[1:-1], corporate=True)
    last, comma, first = re.sub(r"[{}]", "", name).partition(", ")
    return Author(f"{first} {last}" if comma else last, corporate=False)


def _fields(entry: str) -> dict[str, str]:
    """The fields of an entry, in small letters, and their values without delimiters."""
    fields: dict[str, str] = {}
    place = entry.find(",")
    while found := _FIELD.match(entry, place):
        end = _end(entry, found.end())
        value = entry[found.end() : end].strip()
        fields.setdefault(found[1].lower(), value[1:-1] if value[:1] in {"{", '"'} else value)
        place = end
    return fields


def _end(entry: str, start: int) -> int:
    """Where the value that begins there ends: at a comma or a closing brace that is not inside it."""
    depth, quoted = 0, False
    for place in range(start, len(entry)):
        letter = entry[place]
        quoted ^= letter == '"' and not depth
        if not quoted and not depth and letter in ",}":
            return place
        depth += (letter == "{") - (letter == "}")
    return len(entry)


def _outside_braces(text: str, separator: str) -> Iterator[str]:
    """The parts of a text between separators that stand in no braces."""
    part = ""
    for piece in text.split(separator):
        part = f"{part}{separator}{piece}" if part else piece
        if part.count("{") == part.count("}"):
            yield part
            part = ""
