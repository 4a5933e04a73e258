"""Suggesting spans: pieces of text that people have marked before are marked again.

It is a dictionary and no more. It knows nothing of what it has not seen, which for brands, colours and sizes
in titles is often enough to save typing, and its confidence says how often people agreed with it.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, Final

from ecomdata.annotating.answers import Answer, Span
from ecomdata.annotating.task import Task

_LONGEST: Final = 8
"""Words of a piece that is looked for."""
_WORD: Final = re.compile(r"\w+(?:[.,'&/+-]\w+)*|[^\w\s]")


class SurfaceForms:
    """What people have marked, and how often they left the same piece unmarked.

    Args:
        task: A task of spans.
        labelled: What items show, and their spans as JSON-ready values.
    """

    def __init__(self, task: Task, labelled: Iterable[tuple[Mapping[str, Any], Mapping[str, Any]]]) -> None:
        self._task = task
        self._marked: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._seen: Counter[str] = Counter()
        seen = list(labelled)
        for content, answer in seen:
            for span in answer["spans"]:
                piece = str(content[span["field"]])[span["start"] : span["end"]]
                self._marked[piece.casefold()][span["label"]] += 1
        for content, _ in seen:
            for field in task.texts:
                self._seen.update(piece for _, _, piece in self._pieces(str(content.get(field.column) or "")))

    def _pieces(self, text: str) -> Iterable[tuple[int, int, str]]:
        """The marked pieces that a text has, from left to right, the longest first, none over another."""
        words = [match.span() for match in _WORD.finditer(text)]
        place = 0
        while place < len(words):
            step = 1
            for end in range(min(place + _LONGEST, len(words)), place, -1):
                start, stop = words[place][0], words[end - 1][1]
                piece = text[start:stop].casefold()
                if piece in self._marked:
                    yield start, stop, piece
                    step = end - place
                    break
            place += step

    def suggest(self, content: Mapping[str, Any]) -> tuple[Answer, float]:
        """The spans of an item, and how sure they are: the least share of times a piece was so marked."""
        spans: list[Span] = []
        least = 1.0
        for field in self._task.texts:
            text = content.get(field.column)
            for start, stop, piece in self._pieces(text if isinstance(text, str) else ""):
                label, times = self._marked[piece].most_common(1)[0]
                share = times / max(self._seen[piece], self._marked[piece].total())
                if share > 0.5:
                    spans.append(Span(field.column, start, stop, label))
                    least = min(least, share)
        return Answer(spans=tuple(sorted(spans))), least if spans else 0.5
