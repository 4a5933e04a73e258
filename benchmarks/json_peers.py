"""What the peers of ``benchmarks/json_arrays.py`` do: ``python benchmarks/json_peers.py TASK SOURCE OUT``.

Each task is one process. The peers write products and reviews as two Parquet files, with zstd, typed, and
with the values of unknown shape as JSON; none tells absent from null, keeps what it rejects or hashes.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

_PRODUCT: Final = {
    "Product ID": "VARCHAR",
    "Category": "VARCHAR",
    "Parent Category": "VARCHAR",
    "Root Category": "VARCHAR",
    "Average Rating": "DOUBLE",
    "Number Of Reviews": "BIGINT",
    "Score Counts": "JSON",
}
_REVIEW: Final = {
    "Buyer ID": "VARCHAR",
    "Current Rating": "DOUBLE",
    "Review Content": "VARCHAR",
    "Review Date": "VARCHAR",
    "Likes": "BIGINT",
    "Dislikes": "BIGINT",
    "Date Bought": "VARCHAR",
    "Reply": "JSON",
    "Images": "JSON",
}
_LARGEST: Final = 256 << 20
"""Bytes of the largest product, which DuckDB must be told beforehand."""


def duckdb(source: Path, out: Path) -> None:
    """read_json with declared types, COPY; for the reviews with an unnest between."""
    import duckdb as library

    review = ", ".join(f'"{key}" {kind}' for key, kind in _REVIEW.items())
    nested = {"Product ID": "VARCHAR", "Reviews": f"STRUCT({review})[]"}
    tables = {
        "products": ("*", _PRODUCT),
        "reviews": ('"Product ID", unnest(Reviews, recursive := true)', nested),
    }
    with library.connect() as connection:
        connection.execute("SET enable_progress_bar = false")
        for name, (select, keys) in tables.items():
            columns = ", ".join(f"'{key}': '{kind}'" for key, kind in keys.items())
            options = f"format = 'array', maximum_object_size = {_LARGEST}, columns = {{{columns}}}"
            query = f"SELECT {select} FROM read_json($source, {options})"  # noqa: S608 - constants of this file
            copy = f"COPY ({query}) TO $out (FORMAT parquet, COMPRESSION zstd)"
            connection.execute(copy, {"source": str(source), "out": str(out / f"{name}.parquet")})


def json_polars(source: Path, out: Path) -> None:
    """json.load, two polars frames, write_parquet."""
    import polars as pl

    types = {"VARCHAR": pl.String, "JSON": pl.String, "DOUBLE": pl.Float64, "BIGINT": pl.Int64}
    with source.open(encoding="utf-8") as file:
        products: list[dict[str, Any]] = json.load(file)
    reviews = [
        {"Product ID": product.get("Product ID"), **review}
        for product in products
        for review in product.pop("Reviews", None) or ()
    ]
    tables = {"products": (products, _PRODUCT), "reviews": (reviews, {"Product ID": "VARCHAR", **_REVIEW})}
    for name, (rows, keys) in tables.items():
        for key in (key for key, kind in keys.items() if kind == "JSON"):
            for row in rows:
                row[key] = json.dumps(row.get(key), ensure_ascii=False)
        schema = {key: types[kind] for key, kind in keys.items()}
        pl.DataFrame(rows, schema=schema, strict=False).write_parquet(out / f"{name}.parquet")


def gather(source: Path, out: Path) -> None:
    """Write the file's reviews as those of one product, in one array (input, not a peer)."""
    with source.open(encoding="utf-8") as file:
        products: list[dict[str, Any]] = json.load(file)
    reviews = [review for product in products for review in product.get("Reviews") or ()]
    with (out / source.name).open("w", encoding="utf-8") as file:
        json.dump([{**products[0], "Reviews": reviews}], file, ensure_ascii=False)


def count(source: Path, _out: Path) -> None:
    """Print how many reviews are in the Parquet files below SOURCE (a check, not a peer)."""
    import duckdb as library

    files = [str(path) for path in source.rglob("*.parquet") if "reviews" in str(path.relative_to(source))]
    with library.connect() as connection:
        print(connection.execute("SELECT count(*) FROM read_parquet($1)", [files]).fetchall()[0][0])


TASKS: Final[dict[str, Callable[[Path, Path], None]]] = {
    "duckdb": duckdb,
    "json-polars": json_polars,
    "gather": gather,
    "count": count,
}

if __name__ == "__main__":
    TASKS[sys.argv[1]](Path(sys.argv[2]), Path(sys.argv[3]))
