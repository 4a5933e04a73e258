"""A made-up message board with text in every place that a column has for it, for the tests."""

from __future__ import annotations

from pathlib import Path

import dataframely as dy

from ecomdata.declare import Dataset, Licence, Raw, Source, Table
from ecomdata.readers import Parquet


class Posts(dy.Schema):
    """What people wrote."""

    post_id = dy.String(nullable=True)
    number = dy.Int64(nullable=True)
    text = dy.String(nullable=True)
    tags = dy.List(dy.String(nullable=True), nullable=True)
    author = dy.Struct({"name": dy.String(nullable=True), "age": dy.Int64(nullable=True)}, nullable=True)
    replies = dy.List(
        dy.Struct({"body": dy.String(nullable=True), "score": dy.Float32(nullable=True)}), nullable=True
    )
    extra = dy.String(nullable=True)
    items = dy.String(nullable=True)


class Counts(dy.Schema):
    """A table without text."""

    number = dy.Int64(nullable=True)


def _table(name: str, schema: type[dy.Schema], key: tuple[str, ...] = ()) -> Table:
    raw = Raw(files=(f"{name}.parquet",), reader=Parquet(), schema=schema, normalize=lambda rows: rows)
    return Table(name=name, kind="", schema=schema, grain="one row", raws=(raw,), key=key)


def _no_sample(folder: Path, rows: int, seed: int) -> None:
    raise NotImplementedError(folder, rows, seed)


DATASETS = (
    Dataset(
        name="board",
        title="Board",
        summary="A made-up message board.",
        homepage="https://example.org/board",
        licence=Licence(
            id="CC0-1.0", url="https://creativecommons.org/publicdomain/zero/1.0/", redistribution=True
        ),
        citation="@misc{board, title={Board}}",
        languages=("bn", "vi", "zh", "en"),
        access="open",
        sources=(Source(instructions="Make it."),),
        tables=(_table("posts", Posts, ("post_id",)), _table("counts", Counts)),
        sample=_no_sample,
    ),
)
