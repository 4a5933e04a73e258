"""What the peers of ``benchmarks/load.py`` do: ``python benchmarks/load_peers.py TASK SOURCE OUT``.

Each task is one process, so that its imports, its time and its peak memory are its own. Each writes
typed columns as zstd Parquet, with the library's defaults for the rest; none checks or hashes anything.
Only datasets cannot write zstd: since 5.2 it fixes the compression of every column, to snappy, which is
quicker to write.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import polars as pl

BEHAVIOR: Final = {
    "user_id": "int64",
    "item_id": "int64",
    "category_id": "int64",
    "behavior_type": "string",
    "timestamp": "int64",
}
"""The columns of UserBehavior.csv, which has no header."""

BEHAVIOR_EVENTS: Final = {"pv": "view", "cart": "cart", "fav": "favourite", "buy": "purchase"}
MERREC_EVENTS: Final = {
    "item_view": "view",
    "item_like": "like",
    "item_add_to_cart_tap": "cart",
    "offer_make": "offer",
    "buy_start": "checkout",
    "buy_comp": "purchase",
}
WINDOW: Final = (1_511_539_200, 1_512_316_799)
"""The nine days of UserBehavior, as ``loaders/taobao/user_behavior.py`` declares them."""

DAMAGED_EVERY: Final = 100_000
"""Lines from one damaged line to the next in the damaged CSV."""


def _shards(source: Path) -> list[str]:
    return [str(path) for path in sorted(source.rglob("*.parquet"))]


def _scan_csv(source: Path) -> pl.LazyFrame:
    import polars as pl

    types = {"int64": pl.Int64, "string": pl.String}
    schema = {name: types[kind] for name, kind in BEHAVIOR.items()}
    return pl.scan_csv(source, has_header=False, schema=schema)


def _scan_parquet(source: Path) -> pl.LazyFrame:
    import polars as pl

    return pl.scan_parquet(_shards(source))


def _event(column: str, words: dict[str, str]) -> pl.Expr:
    import polars as pl

    names = pl.Enum(list(words.values()))
    chain: pl.Expr = pl.lit(None, dtype=names)
    for word, name in words.items():
        chain = pl.when(pl.col(column) == word).then(pl.lit(name, dtype=names)).otherwise(chain)
    return chain.alias("event")


def csv_polars(source: Path, out: Path) -> None:
    """The floor: scan with the declared types, sink as zstd Parquet."""
    _scan_csv(source).sink_parquet(out / "part.parquet", compression="zstd")


def csv_polars_columns(source: Path, out: Path) -> None:
    """The floor, and the columns that ecomdata makes: event, time and in_window."""
    import polars as pl

    seconds = pl.col("timestamp")
    frame = _scan_csv(source).select(
        "user_id",
        "item_id",
        _event("behavior_type", BEHAVIOR_EVENTS),
        pl.col("behavior_type").alias("event_raw"),
        (seconds * 1_000_000).cast(pl.Datetime("us", "UTC")),
        "category_id",
        seconds.is_between(*WINDOW).alias("in_window"),
    )
    frame.sink_parquet(out / "part.parquet", compression="zstd")


def parquet_polars(source: Path, out: Path) -> None:
    """The floor: scan, sink as zstd Parquet."""
    _scan_parquet(source).sink_parquet(out / "part.parquet", compression="zstd")


def parquet_polars_columns(source: Path, out: Path) -> None:
    """The floor, and the columns that ecomdata makes: event, time zone, category and currency."""
    import polars as pl

    frame = _scan_parquet(source).with_columns(
        _event("event_id", MERREC_EVENTS),
        pl.col("stime").dt.replace_time_zone("UTC"),
        pl.coalesce("c2_id", "c1_id", "c0_id").alias("category_id"),
        pl.lit("USD", dtype=pl.Enum(["USD"])).alias("currency"),
    )
    frame.sink_parquet(out / "part.parquet", compression="zstd")


def _duckdb(query: str, **parameters: object) -> list[tuple[int]]:
    import duckdb

    with duckdb.connect() as connection:
        connection.execute("SET enable_progress_bar = false")
        return connection.execute(query, parameters).fetchall()


def _duckdb_csv(source: Path, out: Path, options: str) -> None:
    types = {"int64": "BIGINT", "string": "VARCHAR"}
    columns = ", ".join(f"{name}: '{types[kind]}'" for name, kind in BEHAVIOR.items())
    reading = f"read_csv($source, header = false, delim = ',', columns = {{{columns}}}{options})"
    query = f"COPY (FROM {reading}) TO $out (FORMAT parquet, COMPRESSION zstd)"
    _duckdb(query, source=str(source), out=str(out / "part.parquet"))


def csv_duckdb(source: Path, out: Path) -> None:
    """COPY with typed columns."""
    _duckdb_csv(source, out, "")


def csv_duckdb_rejects(source: Path, out: Path) -> None:
    """COPY with typed columns, with the rows that do not parse set aside in DuckDB's own table."""
    _duckdb_csv(source, out, ", store_rejects = true, rejects_limit = 0")


def parquet_duckdb(source: Path, out: Path) -> None:
    """COPY from Parquet to Parquet."""
    query = "COPY (FROM read_parquet($source)) TO $out (FORMAT parquet, COMPRESSION zstd)"
    _duckdb(query, source=_shards(source), out=str(out / "part.parquet"))


def csv_pandas(source: Path, out: Path) -> None:
    """read_csv with typed columns (the default engine: as quick as pyarrow's and smaller), to_parquet."""
    import pandas as pd

    frame = pd.read_csv(source, header=None, names=list(BEHAVIOR), dtype=BEHAVIOR)
    frame.to_parquet(out / "part.parquet", compression="zstd", index=False)


def parquet_pandas(source: Path, out: Path) -> None:
    """read_parquet into Arrow columns (with NumPy's, null integers would turn into floats), to_parquet."""
    import pandas as pd

    frame = pd.read_parquet(source, dtype_backend="pyarrow")
    frame.to_parquet(out / "part.parquet", compression="zstd", index=False)


def csv_datasets(source: Path, out: Path) -> None:
    """from_csv with declared features and an empty cache, to_parquet with snappy."""
    import datasets

    api: Any = datasets  # its types are incomplete
    features = api.Features({name: api.Value(kind) for name, kind in BEHAVIOR.items()})
    rows = api.Dataset.from_csv(
        str(source), features=features, cache_dir=str(out / "cache"), header=None, names=list(BEHAVIOR)
    )
    rows.to_parquet(out / "part.parquet")


def parquet_datasets(source: Path, out: Path) -> None:
    """from_parquet with the files' own features and an empty cache, to_parquet with snappy."""
    import datasets
    import pyarrow.parquet as pq

    api: Any = datasets  # its types are incomplete
    files = _shards(source)
    schema = pq.read_schema(files[0])
    features = api.Features.from_arrow_schema(schema)
    rows = api.Dataset.from_parquet(files, features=features, cache_dir=str(out / "cache"))
    rows.to_parquet(out / "part.parquet")


def damage(source: Path, out: Path) -> None:
    """Copy the CSV with one line in so many turned into one that cannot be typed."""
    with source.open("rb") as lines, (out / source.name).open("wb") as copy:
        for number, line in enumerate(lines, start=1):
            copy.write(line if number % DAMAGED_EVERY else b"someone," + line)


def count(source: Path, _out: Path) -> None:
    """Print the rows of the Parquet files below SOURCE (a check, not a peer)."""
    print(_duckdb("SELECT count(*) FROM read_parquet($source)", source=_shards(source))[0][0])


TASKS: Final[dict[str, Callable[[Path, Path], None]]] = {
    task.__name__.replace("_", "-"): task
    for task in (
        csv_polars,
        csv_polars_columns,
        csv_duckdb,
        csv_duckdb_rejects,
        csv_pandas,
        csv_datasets,
        parquet_polars,
        parquet_polars_columns,
        parquet_duckdb,
        parquet_pandas,
        parquet_datasets,
        damage,
        count,
    )
}

if __name__ == "__main__":
    TASKS[sys.argv[1]](Path(sys.argv[2]), Path(sys.argv[3]))
