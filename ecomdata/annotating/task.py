"""A task: what people are asked about each item, and what they may answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Final, Literal

Kind = Literal["labels", "score", "spans"]
FieldKind = Literal["text", "title", "number"]
Direction = Literal["auto", "ltr", "rtl"]

RESERVED_HOTKEYS: Final = {"a": "accept", "c": "comment", "g": "guidelines", "s": "skip", "u": "undo"}
"""Keys that the page has for itself; no label may have them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """One label of the set.

    Attributes:
        key: What is stored; letters, digits, ``_`` and ``-``.
        name: What people read; the key where it is empty.
        hotkey: The key on the keyboard that gives it: a letter or a digit.
        description: When it is the right one, in a sentence.
    """

    key: str
    name: str = ""
    hotkey: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One column of the pool that is shown.

    Attributes:
        column: Its name there.
        kind: ``text``, ``title`` (shown as a heading) or ``number``.
        title: What people read above it; the column's name where it is empty.
        language: Its language as a BCP 47 tag, for fonts and screen readers; empty where it varies.
        direction: Which way it is written; ``auto`` goes by its first letter.
    """

    column: str
    kind: FieldKind = "text"
    title: str = ""
    language: str = ""
    direction: Direction = "auto"


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """A whole number from ``low`` to ``high``.

    Attributes:
        low: The least.
        high: The greatest.
        steps: What each number means, from the least on; all of them, or none.
    """

    low: int
    high: int
    steps: tuple[str, ...] = ()

    @property
    def values(self) -> range:
        """All that may be answered."""
        return range(self.low, self.high + 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What people are asked.

    Attributes:
        name: A short name; letters, digits, ``_`` and ``-``.
        title: What the page is headed with; the name where it is empty.
        question: The question about each item.
        kind: ``labels``, ``score`` or ``spans``.
        fields: What is shown of an item, in order.
        guidelines: How to answer, in Markdown.
        labels: The label set, of ``labels`` and ``spans``.
        multiple: Whether several labels may be given, or none; of ``labels`` alone.
        score: The numbers, of ``score`` alone.
        images: The column with the addresses of the item's images, or empty.
    """

    name: str
    question: str
    kind: Kind
    fields: tuple[Field, ...]
    title: str = ""
    guidelines: str = ""
    labels: tuple[Label, ...] = ()
    multiple: bool = False
    score: Score | None = None
    images: str = ""

    @property
    def label_keys(self) -> tuple[str, ...]:
        """The keys of the label set, in its order."""
        return tuple(label.key for label in self.labels)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that the pool must have, in the order shown."""
        return (*(field.column for field in self.fields), *([self.images] if self.images else []))

    @property
    def texts(self) -> tuple[Field, ...]:
        """The fields that hold texts."""
        return tuple(field for field in self.fields if field.kind != "number")

    def text_of(self, content: Mapping[str, object]) -> str:
        """All texts that an item shows, each on a line of its own: what a suggester reads."""
        return "\n".join(str(content[field.column]) for field in self.texts if content.get(field.column))

    def as_dict(self) -> dict[str, object]:
        """The task as a task file has it; :func:`ecomdata.annotating.taskfile.task_of` reads it again."""
        values = asdict(self)
        if self.score is None:
            del values["score"]
        return values
