"""The final model of spans: the embedded suggester's dictionary of what people have marked, kept as JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from ecomdata.annotating.logs import scale_of
from ecomdata.annotating.measuring.judgements import Scale, answer_of, value_of
from ecomdata.annotating.suggesting.surfaces import SurfaceForms
from ecomdata.annotating.task import Task
from ecomdata.errors import DataError, UsageError
from ecomdata.plainjson import read_json

_FORMAT: Final = 1


class FinalDictionary:
    """Pieces of text that people have marked, which it marks again; it knows nothing else.

    Attributes:
        scale: The labels that spans have.
    """

    def __init__(self, scale: Scale, forms: SurfaceForms) -> None:
        self.scale = scale
        self._forms = forms

    @classmethod
    def fit(cls, contents: Sequence[Mapping[str, Any]], values: Sequence[str], task: Task) -> FinalDictionary:
        """Learn from what items show and their spans in the form of judgements.

        Raises:
            UsageError: no span is marked.
        """
        scale = scale_of(task)
        answers = [answer_of(value, scale) for value in values]
        if not any(answer["spans"] for answer in answers):
            raise UsageError(
                f"no span is marked in {len(answers)} items, so there is nothing to learn",
                hint="label more items, or adjudicate",
            )
        return cls(scale, SurfaceForms.learnt(task, zip(contents, answers, strict=True)))

    def predict(self, contents: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, float]]:
        """The spans of each item, in the form of judgements, and how sure they are.

        That is the least share of times that a piece was so marked, and 0.5 where none is marked.
        """
        for content in contents:
            answer, sure = self._forms.suggest(content)
            yield value_of(answer.as_dict(), self.scale), sure

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write it as JSON; the same dictionary gives the same bytes."""
        forms = {
            piece: {"seen": self._forms.seen[piece], "marked": dict(sorted(labels.items()))}
            for piece, labels in sorted(self._forms.marked.items())
        }
        about = {
            "format": _FORMAT,
            "fields": self._forms.columns,
            "values": self.scale.values,
            "forms": forms,
        }
        Path(path).write_text(json.dumps(about, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> FinalDictionary:
        """Read what :meth:`save` wrote.

        Raises:
            DataError: it is something else.
        """
        try:
            about: dict[str, Any] = read_json(Path(path))
            scale = Scale(kind="spans", values=tuple(map(str, about["values"])))
            marked = {
                piece: {label: _times(times, least=1) for label, times in form["marked"].items()}
                for piece, form in about["forms"].items()
            }
            seen = {piece: _times(form["seen"]) for piece, form in about["forms"].items()}
            forms = SurfaceForms([str(column) for column in about["fields"]], marked, seen)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise _no_dictionary(path, str(error)) from error
        if about.get("format") != _FORMAT:
            raise _no_dictionary(path, f"its format is not {_FORMAT}")
        if not all(labels and labels.keys() <= {*scale.values} for labels in marked.values()):
            raise _no_dictionary(path, "its labels do not fit")
        return cls(scale, forms)


def _times(value: object, *, least: int = 0) -> int:
    if type(value) is not int or value < least:
        raise ValueError(f"{value!r} is no number of times")
    return value


def _no_dictionary(path: str | os.PathLike[str], why: str) -> DataError:
    return DataError(
        f"{path} is no dictionary of ecomdata's: {why}", hint="train one: ecomdata annotate train"
    )
