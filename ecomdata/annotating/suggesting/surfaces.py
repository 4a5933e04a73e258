"""Suggesting spans: pieces of text that people have marked before are marked again.

It is a dictionary and no more. It knows nothing of what it has not seen, which for brands, colours and sizes
in titles is often enough to save typing, and its confidence says how often people agreed with it.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from ecomdata.annotating.answers import Answer, Span
from ecomdata.annotating.task import Task

_LONGEST: Final = 8
"""Words of a piece that is looked for."""
_WORD: Final = re.compile(r"\w+(?:[.,'&/+-]\w+)*|[^\w\s]")


class SurfaceForms:
    """What people have marked, and how often they left the same piece unmarked.

    Args:
        columns: The fields of texts.
        marked: Piece, in lower case -> label -> how often it was so marked.
        seen: Piece -> how often it stands in the texts, marked or not.
    """

    def __init__(
        self, columns: Sequence[str], marked: Mapping[str, Mapping[str, int]], seen: Mapping[str, int]
    ) -> None:
        self.columns = tuple(columns)
        self.marked = {piece: Counter(labels) for piece, labels in marked.items()}
        self.seen = Counter(seen)

    @classmethod
    def learnt(
        cls, task: Task, labelled: Iterable[tuple[Mapping[str, Any], Mapping[str, Any]]]
    ) -> SurfaceForms:
        """The dictionary of what items show, and their spans as JSON-ready values."""
        labelled = list(labelled)
        marked: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for content, answer in labelled:
            for span in answer["spans"]:
                piece = str(content[span["field"]])[span["start"] : span["end"]]
                marked[piece.casefold()][span["label"]] += 1
        forms = cls([field.column for field in task.texts], marked, {})
        for content, _ in labelled:
            for column in forms.columns:
                forms.seen.update(piece for _, _, piece in forms._pieces(str(content.get(column) or "")))
        return forms

    def _pieces(self, text: str) -> Iterable[tuple[int, int, str]]:
        """The marked pieces that a text has, from left to right, the longest first, none over another."""
        words = [match.span() for match in _WORD.finditer(text)]
        place = 0
        while place < len(words):
            step = 1
            for end in range(min(place + _LONGEST, len(words)), place, -1):
                start, stop = words[place][0], words[end - 1][1]
                piece = text[start:stop].casefold()
                if piece in self.marked:
                    yield start, stop, piece
                    step = end - place
                    break
            place += step

    def suggest(self, content: Mapping[str, Any]) -> tuple[Answer, float]:
        """The spans of an item, and how sure they are: the least share of times a piece was so marked."""
        spans: list[Span] = []
        least = 1.0
        for column in self.columns:
            text = content.get(column)
            for start, stop, piece in self._pieces(text if isinstance(text, str) else ""):
                label, times = self.marked[piece].most_common(1)[0]
                share = times / max(self.seen[piece], self.marked[piece].total())
                if share > 0.5:
                    spans.append(Span(column, start, stop, label))
                    least = min(least, share)
        return Answer(spans=tuple(sorted(spans))), least if spans else 0.5
