"""Which items an endpoint is to be asked about: those whose prompt it has not replied to."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ecomdata.annotating.project import Project
from ecomdata.annotating.records import Item, from_json
from ecomdata.annotating.suggesting.endpoint import SOURCE, EndpointSuggester, Known

if TYPE_CHECKING:
    import polars as pl


def known_answers(made: pl.DataFrame) -> Known:
    """The answers of endpoints so far, by the hash of the prompt.

    Args:
        made: All suggestions of a project.
    """
    replies = made.filter(made["outcome"] != "failed").filter(source=SOURCE)
    return {
        digest: None if answer is None else from_json(answer)
        for digest, answer in replies.select("prompt_sha256", "answer").iter_rows()
    }


class Items:
    """Items whose contents are read when they are needed: there may be very many."""

    def __init__(self, rows: Sequence[tuple[int, int, str]]) -> None:
        self._rows = rows

    def __len__(self) -> int:
        """How many they are."""
        return len(self._rows)

    def __iter__(self) -> Iterator[Item]:
        """The items, each read anew."""
        for item_id, row_id, content in self._rows:
            yield Item(item_id=item_id, row_id=row_id, content=from_json(content))


def open_items(
    project: Project, suggester: EndpointSuggester, made: pl.DataFrame, limit: int | None
) -> Items:
    """The items without a reply to their prompt, those that come next first, up to a limit.

    Items with a known answer are among them, so that nobody can tell them from the others; items that have
    all their answers are not.

    Args:
        project: The project.
        suggester: Makes the prompts.
        made: All suggestions of the project.
        limit: Items at most; None: all.
    """
    replies = made.filter(made["outcome"] != "failed").filter(source=SOURCE)
    done = set(replies.select("item_id", "prompt_sha256").iter_rows())
    everything = project.items()
    gold = everything.filter(everything["gold"].is_not_null())["item_id"].to_list()
    by_id = {row[0]: row for row in everything.select("item_id", "row_id", "content").iter_rows()}
    rows = [by_id[item] for item in dict.fromkeys((*gold, *project.waiting()))]
    wanted = (
        row
        for row, item in zip(rows, Items(rows), strict=True)
        if (item.item_id, suggester.prompt(item)[1]) not in done
    )
    return Items(list(itertools.islice(wanted, limit)))
