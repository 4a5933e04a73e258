"""SQL that tries to write, attach, load, set, read other files or reach the network, over a real store."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import duckdb

import ecomdata as ed
from ecomdata.errors import EcomdataError
from ecomdata.sqltext import literal
from tests.campaigns.trials import Scale, Trial

NAME = "sql"
PROMISE = "The query is refused with exit code 2, and not one byte of the disk is another one afterwards."
WRITES: Final = {
    "copy": "COPY (SELECT 1) TO {place}",
    "copy in a query": "WITH x AS (COPY (SELECT 1) TO {place}) SELECT * FROM x",
    "copy in a query below": "FROM (WITH x AS (COPY (SELECT 1) TO {place}) SELECT * FROM x)",
    "copy, partitioned": "COPY (SELECT 1 AS a) TO {place} (FORMAT parquet, PARTITION_BY (a), OVERWRITE true)",
    "export": "EXPORT DATABASE {place}",
    "attach": "ATTACH {place} AS other",
    "a log": "FROM enable_logging(storage = 'file', storage_path = {place})",
    "a profile": "FROM enable_profiling(save_location = {place}, format = 'json')",
}
WRAPPED: Final = {
    "as it is": "{query}",
    "explained": "EXPLAIN ANALYZE {query}",
    "explained after a comment": "/* a */ -- b\nEXPLAIN/**/ANALYZE {query}",
    "explained with options": "EXPLAIN (ANALYZE, FORMAT json) {query}",
    "as a text": "FROM query({text})",
    "as a text of a text": "FROM query({text_of_text})",
    "serialised": "FROM json_execute_serialized_sql({serialised})",
    "by a deleter": "FROM destroy_external_resource('json_execute_serialized_sql', {serialised})",
    "second": "SELECT 1; {query}",
    "prepared": "PREPARE p AS {query}",
}
OTHERS: Final = (
    "INSTALL httpfs",
    "LOAD httpfs",
    "FORCE INSTALL httpfs FROM 'http://127.0.0.1:9'",
    "UPDATE EXTENSIONS",
    "SET enable_external_access = true",
    "SET lock_configuration = false",
    "RESET allowed_directories",
    "PRAGMA enable_profiling",
    "CALL enable_logging()",
    "CREATE SECRET s (TYPE s3)",
    "CREATE TABLE t AS SELECT 1",
    "DROP SCHEMA merrec CASCADE",
    "CREATE MACRO f() AS 1",
    "USE memory",
    "DETACH memory",
    "VACUUM",
    "FROM which_secret('s3://a', 's3')",
    "SELECT getenv('HOME')",
    "FROM sqlite_scan('a.db', 't')",
    "FROM read_csv('http://127.0.0.1:9/a.csv')",
    "FROM 'https://example.org/a.parquet'",
    "FROM 's3://bucket/a.parquet'",
    "FROM 'hf://datasets/a/b/c.parquet'",
    "FROM read_text('/proc/self/environ')",
    "FROM read_csv('/dev/zero')",
    "FROM add_grammar_extension('x')",
    "FROM secret",
)
READS: Final = (
    "FROM {place}",
    "FROM read_text({place})",
    "FROM read_blob({place})",
    "FROM read_csv({place})",
    "FROM read_json({place})",
    "FROM parquet_metadata({place})",
    "FROM sniff_csv({place})",
    "FROM glob({place})",
    "SELECT 1 WHERE 1 IN (SELECT a FROM read_csv({place}))",
    "EXPLAIN ANALYZE FROM read_text({place})",
    "WITH x AS (FROM read_text({place})) FROM x",
)


def trials(folder: Path, rng: random.Random, scale: Scale) -> Iterator[Trial]:
    """Each query with files closed; those that may do nothing with files open either, open too."""
    home, secret = folder / "home", folder / "secret.csv"
    ed.load("merrec", source=_raw(folder), home=home)
    secret.write_text("a\nhidden\n")
    shard = next((home / "store").rglob("*.parquet"))
    places = [shard, shard.with_name("new.parquet"), home / "store" / "new", folder / "new"]
    spellings = [secret, f"file://{secret}", f"{shard.parent}/../../../../../../secret.csv", folder / "*.csv"]
    closed = [read.format(place=literal(str(path))) for read in READS for path in spellings]
    both = [*_writing(places), *OTHERS]
    tried = [
        *((query, False) for query in closed),
        *((query, files) for query in both for files in (False, True)),
    ]
    if scale == "short":
        tried = rng.sample(tried, 40)
    before = _disk(folder)
    for query, files in tried:
        said, code = _refusal(query, home, files=files)
        after = _disk(folder)
        wrong = "" if code == 2 else f"not refused: {said}"
        if after != before:
            wrong = f"changed on the disk: {min(set(after.items()) ^ set(before.items()))[0]}"
        target = "ed.sql, allow_files=True" if files else "ed.sql"
        yield Trial(NAME, target, " ".join(query.split())[:200], held=not wrong, detail=wrong or said)


def _raw(folder: Path) -> Path:
    ed.sample("merrec", folder / "raw", rows=50)
    return folder / "raw"


def _writing(places: list[Path]) -> Iterator[str]:
    with duckdb.connect() as connection:
        for place in places:
            for write in WRITES.values():
                query = write.format(place=literal(str(place)))
                ((parsed,),) = connection.execute("SELECT json_serialize_sql($1)", [query]).fetchall()
                text = literal(query)
                parses = str(parsed).startswith('{"error":false')
                for wrapping in WRAPPED.values():
                    if "{serialised}" in wrapping and not parses:
                        continue  # nothing would come of it anyway
                    yield wrapping.format(
                        query=query,
                        text=text,
                        text_of_text=literal(f"FROM query({text})"),
                        serialised=literal(str(parsed)),
                    )


def _refusal(query: str, home: Path, *, files: bool) -> tuple[str, int]:
    """What is said of a query, and the exit code that the command would end with."""
    try:
        answer = ed.sql(query, home=home, allow_files=files, memory="200MB")
    except EcomdataError as error:
        return str(error).splitlines()[0], error.exit_code
    return f"{answer.height} rows", 0


def _disk(folder: Path) -> dict[str, str]:
    """Every file and what is in it."""
    return {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }
