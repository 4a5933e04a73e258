"""What ``cards/<stem>.md`` says of a dataset: facts in the front matter, prose in sections. Read strictly.

A family of one dataset has its sections under ``##``. Where there are several, each has a ``##`` heading that
is its name, with sections under ``###``, and its front matter under ``members``; what stands before the first
of them, sections included, is said of all.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Final, Literal, cast, get_args

from ecomdata.cardmaking.escaping import plain
from ecomdata.declare import Dataset
from ecomdata.errors import EcomdataError
from ecomdata.registry import content_file

PersonalData = Literal["none", "pseudonymous", "possible", "unknown"]

SECTIONS: Final = ("Limitations", "Biases", "Personal data", "Uses", "Social impact", "Licence")
"""What a card may speak about under a heading of its own, in this order."""

_HINT: Final = "docs/add-a-dataset.md shows the form"
_MEMBER: Final = re.compile(r"^## ([a-z0-9-]+/[a-z0-9-]+) *\n", re.MULTILINE)
"""A heading that is the name of a member, a path."""
_FRONT: Final = re.compile(r"\A---\n(.*?)^---\n", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prose:
    """What people wrote of a dataset. Markdown where nothing else is said.

    Attributes:
        summary: What it is.
        sections: Heading (one of :data:`SECTIONS`) -> text.
        tasks: What it can be used for, in the field's words.
        task_categories: The Hub's words for that, such as ``text-classification``.
        collection: How upstream came by the data.
        covers: When and where they are from: start, end (dates), days or months, country.
        personal_data: Whether there are data about people: ``none``; ``pseudonymous`` ids;
            ``possible``: names, or what people wrote or show; ``unknown``.
        synthetic_data: Whether upstream's own data are made up.
    """

    summary: str
    sections: Mapping[str, str] = field(default_factory=dict[str, str])
    tasks: tuple[str, ...] = ()
    task_categories: tuple[str, ...] = ()
    collection: str = ""
    covers: Mapping[str, str | int] = field(default_factory=dict[str, "str | int"])
    personal_data: PersonalData = "unknown"
    synthetic_data: bool = False


def read_prose(dataset: Dataset) -> Prose:
    """What is written of a dataset; its declared summary alone where nothing is.

    Raises:
        EcomdataError: the file is not of the form; the message says where.
    """
    path = content_file(dataset.name, "cards", ".md")
    if path is None:
        return Prose(summary=plain(dataset.summary))
    try:
        return parse_prose(path.read_text(encoding="utf-8"), dataset)
    except (ValueError, OSError) as error:
        raise EcomdataError(f"{path}: {error}", hint=_HINT) from error


def parse_prose(text: str, dataset: Dataset) -> Prose:
    """As :func:`read_prose`, of a text.

    Raises:
        ValueError: it is not of the form.
    """
    front, body = _split_front(text)
    common, *parts = _MEMBER.split(body)
    own = dict(zip(parts[::2], parts[1::2], strict=True))
    if len(own) < len(parts) // 2:
        raise ValueError("two parts have the name of one dataset")
    summary, sections = _sections(common, "##")
    if dataset.name in own:
        of_it, more = _sections(own[dataset.name], "###")
        summary = "\n\n".join(part for part in (summary, of_it) if part)
        for heading, words in more.items():
            sections[heading] = "\n\n".join(part for part in (sections.get(heading, ""), words) if part)
    return Prose(
        summary=summary or plain(dataset.summary), sections=sections, **_checked(_of_member(front, dataset))
    )


def _split_front(text: str) -> tuple[dict[str, Any], str]:
    import yaml

    text = text.replace("\r\n", "\n")
    match = _FRONT.match(text)
    if match is None:
        return {}, text
    try:
        front = yaml.safe_load(match[1])
    except yaml.YAMLError as error:
        raise ValueError(f"the front matter is not YAML: {error}") from error
    if not isinstance(front, dict):
        raise ValueError("the front matter is not a mapping")  # noqa: TRY004 - of the form, not of a type
    return cast("dict[str, Any]", front), text[match.end() :]


def _of_member(front: dict[str, Any], dataset: Dataset) -> dict[str, Any]:
    """The part of the front matter that is the dataset's."""
    if "members" not in front:
        return front
    if set(front) != {"members"} or not isinstance(front["members"], dict):
        raise ValueError("front matter with members has nothing else, and members is a mapping by name")
    members = cast("dict[str, Any]", front["members"])
    found = members.get(dataset.name, {})
    if not isinstance(found, dict):
        raise ValueError(f"members: {dataset.name} is not a mapping")  # noqa: TRY004
    return cast("dict[str, Any]", found)


def _sections(body: str, level: str) -> tuple[str, dict[str, str]]:
    """What stands before the first heading of that level (titles left out), and the sections."""
    intro, *parts = re.split(rf"^{level} +(.+?) *\n", body, flags=re.MULTILINE)
    found = dict(zip(parts[::2], (part.strip() for part in parts[1::2]), strict=True))
    for heading in found:
        _known(heading, SECTIONS, "a section")
    if len(found) < len(parts) // 2:
        raise ValueError("two sections have one heading")
    return re.sub(r"^# .*\n", "", intro, flags=re.MULTILINE).strip(), found


def _checked(front: dict[str, Any]) -> dict[str, Any]:
    """The front matter with the types of :class:`Prose`."""
    names = [f.name for f in fields(Prose) if f.name not in {"summary", "sections"}]
    for name in front:
        _known(name, names, "a field of the front matter")
    checked = dict(front)
    for name in ("tasks", "task_categories"):
        if name in front:
            checked[name] = _texts(name, front[name])
    if not isinstance(front.get("collection", ""), str):
        raise ValueError("collection is a text")  # noqa: TRY004
    if front.get("personal_data", "unknown") not in get_args(PersonalData):
        raise ValueError(f"personal_data is one of {', '.join(get_args(PersonalData))}")
    if not isinstance(front.get("synthetic_data", False), bool):
        raise ValueError("synthetic_data is true or false")  # noqa: TRY004
    if "covers" in front:
        checked["covers"] = _covers(front["covers"])
    return checked


def _covers(value: object) -> dict[str, str | int]:
    if not isinstance(value, dict):
        raise ValueError("covers is a mapping")  # noqa: TRY004
    covers = cast("dict[str, object]", value)
    for name in covers:
        _known(name, ("start", "end", "days", "months", "country"), "a field of covers")
    # YAML reads 2023-05-01 as a date.
    return {name: item if isinstance(item, int) else str(item) for name, item in covers.items()}


def _texts(name: str, value: object) -> tuple[str, ...]:
    items = cast("list[object]", value) if isinstance(value, list) else []
    if not items or not all(isinstance(item, str) for item in items):
        raise ValueError(f"{name} is a list of texts")
    return tuple(cast("list[str]", items))


def _known(name: object, names: tuple[str, ...] | list[str], what: str) -> None:
    name = str(name)  # YAML reads on as a truth, and 2024 as a number
    if name in names:
        return
    near = difflib.get_close_matches(name, names, n=1)
    meant = f"; {near[0]!r} was meant?" if near else f"; there are {', '.join(names)}"
    raise ValueError(f"{name!r} is not {what}{meant}")
