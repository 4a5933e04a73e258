"""What a form of the page says, read strictly; whatever is odd was not written by the page."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs

from ecomdata.annotating.answers import Answer, validate
from ecomdata.errors import UsageError
from ecomdata.plainjson import parsed

if TYPE_CHECKING:
    from ecomdata.annotating.task import Task

LONGEST_BODY: Final = 1 << 20
"""Bytes of a form: some ten thousand spans."""
LONGEST_TEXT: Final = 2000
"""Characters of a comment, or of a reason."""
REASONS: Final = (
    ("unclear", "I cannot decide"),
    ("language", "I do not read this language"),
    ("empty", "There is nothing to answer about"),
    ("broken", "It is not shown properly"),
    ("other", "Another reason"),
)
"""Why an item may be skipped: what is stored, and what people read."""
_FIELDS: Final = 200
_DIGITS: Final = 12
_KEY: Final = re.compile(r"[A-Za-z0-9_-]{8,64}")


class FormError(ValueError):
    """A form that cannot be taken; the message is for the person."""


@dataclass(frozen=True, slots=True)
class Posted:
    """A form.

    Attributes:
        values: Its fields; each may be there several times.
    """

    values: Mapping[str, Sequence[str]]

    def one(self, name: str, default: str = "") -> str:
        """The value of a field, or the default."""
        return self.values.get(name, [default])[0]

    def number(self, name: str) -> int:
        """A field that holds a whole number, 0 or more.

        Raises:
            FormError: it does not.
        """
        text = self.one(name)
        if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS):
            raise FormError("The form is not complete. Load the page again.")
        return int(text)

    def key(self) -> str:
        """What makes a form that is sent twice count once.

        Raises:
            FormError: it is not there, or is no key.
        """
        key = self.one("key")
        if not _KEY.fullmatch(key):
            raise FormError("The form is not complete. Load the page again.")
        return key

    def text(self, name: str) -> str:
        """A text that a person wrote, without spaces around it.

        Raises:
            FormError: it is too long.
        """
        text = self.one(name).replace("\r\n", "\n").strip()
        if len(text) > LONGEST_TEXT:
            raise FormError(f"That is too long: {len(text):,} characters, and {LONGEST_TEXT:,} are stored.")
        return text

    def reason(self) -> str:
        """Why an item is skipped: one of the reasons, or the person's own words.

        Raises:
            FormError: there is none.
        """
        reason = self.one("reason")
        if reason not in dict(REASONS):
            raise FormError("Say why you skip it: choose a reason.")
        own = self.text("own_reason")
        return f"other: {own}" if reason == "other" and own else reason


def parse_form(body: bytes) -> Posted:
    """The form that a body holds.

    Raises:
        FormError: it holds none.
    """
    try:
        values = parse_qs(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=_FIELDS,
        )
    except ValueError as error:  # also of the decoding
        raise FormError("The form cannot be read. Load the page again.") from error
    return Posted(values)


def answer_of(task: Task, posted: Posted) -> dict[str, Any]:
    """The answer that a form holds, as JSON-ready values, before it is checked against the task.

    Raises:
        FormError: it holds none.
    """
    if task.kind == "labels":
        labels = list(posted.values.get("label", []))
        if not labels and not task.multiple:
            raise FormError("Choose an answer first.")
        return {"labels": labels}
    if task.kind == "score":
        try:
            return {"score": int(posted.one("score"))}
        except ValueError as error:
            raise FormError("Choose a number first.") from error
    try:
        return {"spans": parsed(posted.one("spans", "[]"))}
    except ValueError as error:
        raise FormError("The marks cannot be read. Load the page again.") from error


def checked(task: Task, content: Mapping[str, object], value: object) -> Answer:
    """The answer, checked against the task and what the item shows.

    Raises:
        FormError: it is no answer to the task.
    """
    try:
        return validate(task, content, value)
    except UsageError as error:
        raise FormError(f"{error}.") from error
