"""What a query may do: read. Against the real DuckDB, whose SELECT can write, and whose EXPLAIN runs."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

import ecomdata as ed
from ecomdata.manifest import read_manifest
from ecomdata.store import Store
from tests.conftest import ROOT, RunCli
from tests.toys import good_clicks, toyshop, write_clicks  # noqa: F401

WRITING = "WITH x AS (COPY (SELECT 1) TO '{}') SELECT * FROM x"


@pytest.fixture
def shard(tmp_path: Path, home: Path) -> Path:
    """A file of the store, which queries may read."""
    ed.load("shop/clicks", source=write_clicks(tmp_path / "clicks", good_clicks(10)))
    return next((home / "store").rglob("events/*.parquet"))


@pytest.mark.parametrize(
    "query",
    [
        WRITING,
        "SELECT (WITH x AS (COPY (SELECT 1) TO '{}') SELECT count(*) FROM x)",
        "EXPLAIN ANALYZE COPY (SELECT 1) TO '{}'",
        f"EXPLAIN ANALYZE {WRITING}",
        f"/* a */ -- b\n explain/**/analyze {WRITING}",
        "/* a /* b */ */ EXPLAIN ANALYZE COPY (SELECT 1) TO '{}'",
        "EXPLAIN (ANALYZE, FORMAT json) COPY (SELECT 1) TO '{}'",
        "EXPLAIN COPY (SELECT 1) TO '{}'",
        f"FROM query($${WRITING}$$)",
        f"FROM json_execute_serialized_sql(json_serialize_sql($${WRITING}$$))",
        f"FROM system.query($${WRITING}$$)",
        f'SELECT (FROM "SYSTEM".Query($${WRITING}$$))',
        f"FROM main.query($${WRITING}$$)",
        f'FROM system.main."JSON_EXECUTE_Serialized_sql"(json_serialize_sql($${WRITING}$$))',
        "FROM destroy_external_resource('json_execute_serialized_sql', 'SERIALIZED')",
        "FROM query('FROM json_execute_serialized_sql(''SERIALIZED'')')",
        "FROM enable_logging(storage = 'file', storage_path = '{}')",
        "FROM enable_profiling(save_location = '{}', format = 'json')",
        "COPY (SELECT 1) TO '{}'",
        "EXPORT DATABASE '{}'",
        "ATTACH '{}'",
        "UPDATE EXTENSIONS",
    ],
)
@pytest.mark.parametrize("allow_files", [False, True])
def test_nothing_in_the_store_is_overwritten(query: str, shard: Path, *, allow_files: bool) -> None:
    """Nor are there new files, though a query may read there; nor where it may read everything."""
    serialized = duckdb.connect().execute("SELECT json_serialize_sql($1)", [WRITING.format(shard)]).fetchall()
    asked = query.replace("{}", str(shard)).replace("SERIALIZED", str(serialized[0][0]).replace("'", "''''"))
    before, files = shard.read_bytes(), sorted(shard.parent.iterdir())
    with pytest.raises(ed.UsageError) as caught:
        ed.sql(asked, allow_files=allow_files)
    assert caught.value.exit_code == 2
    assert (shard.read_bytes(), sorted(shard.parent.iterdir())) == (before, files)


def test_a_text_that_looks_like_a_parsed_query_is_a_text() -> None:
    """Only what DuckDB parsed counts, not what a text says."""
    text = '"type":"COPY_QUERY_NODE","function_name":"query"'
    assert ed.sql(f"SELECT '{text}' AS x").item() == text


@pytest.mark.parametrize(
    "query",
    [
        "EXPLAIN SELECT 1",
        "explain analyze select 1",
        "-- why\nEXPLAIN /* it */ ANALYSE FROM range(3)",
        "EXPLAIN (SELECT 1)",
        "DESCRIBE SELECT 1",
        "SUMMARIZE SELECT 1 AS a",
        "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 5) SELECT * FROM r",
        "PIVOT (SELECT 1 AS a, 2 AS b) ON a IN (1, 2) USING sum(b)",
        "SELECT list_transform([1], lambda x: x + 1), sum(x), {'a': 1}.a FROM range(3) t(x)",
        "FROM duckdb_views()",
        "SELECT 1 UNION SELECT 2",
        "-- first\nSELECT 'é;' AS a /* in */ ; -- last ; \n/* of all */",
        "EXPLAIN SELECT 1; -- why",
    ],
)
def test_what_reads_is_answered(query: str) -> None:
    """Plans, summaries, recursion and all that SELECT has."""
    assert ed.sql(query).height


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ("FROM '{}/mine.csv'", "--allow-files"),
        ("FROM read_csv('https://example.org/a.csv')", "network"),
        ("FROM 's3://bucket/a.parquet'", "network"),
        ("FROM read_xlsx('a.xlsx')", "extensions"),
        ("COPY (SELECT 1) TO 'a.csv'", "--output"),
        ("SET threads = 1", "--memory"),
        ("SELECT '\udcff'", "BLOB"),
        ("PIVOT (SELECT 1 AS a) ON a USING sum(a)", "ON column IN"),
    ],
)
def test_a_refusal_says_what_to_do_instead(query: str, word: str, tmp_path: Path) -> None:
    """The hint fits what was tried."""
    with pytest.raises(ed.UsageError) as caught:
        ed.sql(query.format(tmp_path))
    assert word in caught.value.hint


def test_files_can_be_read_when_that_is_allowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By any path, and a DuckDB file without a change to it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.csv").write_text("a\n7\n")
    with duckdb.connect(str(tmp_path / "mine.duckdb")) as connection:
        connection.execute("CREATE TABLE t AS SELECT 8 AS a")
    before = (tmp_path / "mine.duckdb").read_bytes()
    for source in ("'mine.csv'", f"'{tmp_path}/mine.csv'", "read_csv('./m*.csv')"):
        assert ed.sql(f"FROM {source}", allow_files=True)["a"].to_list() == [7]
    assert ed.sql("FROM read_duckdb('mine.duckdb', table_name = 't')", allow_files=True)["a"].item() == 8
    assert (tmp_path / "mine.duckdb").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.csv", "mine.duckdb"]


def test_what_is_piped_in_is_read_whole() -> None:
    """As often as a query asks for it, though a pipe gives it once; then it is the program's again."""
    reading, writing = os.pipe()
    before = os.dup(0)
    os.dup2(reading, 0)
    text = "a,b\n" + "".join(f"{n},x\n" for n in range(50_000))

    def write() -> None:
        with os.fdopen(writing, "w", encoding="utf-8") as stream:
            stream.write(text)

    writer = threading.Thread(target=write)
    writer.start()
    query = "SELECT count(*), (SELECT max(a) FROM read_csv('/dev/stdin')) FROM read_csv('/dev/stdin')"
    try:
        frame = ed.sql(query, allow_files=True)
        assert stat.S_ISFIFO(os.fstat(0).st_mode)
    finally:
        writer.join()
        os.dup2(before, 0)
        os.close(before)
        os.close(reading)
    assert frame.rows() == [(50_000, 49_999)]


@pytest.mark.parametrize(
    "query",
    [
        "FROM read_text('/proc/self/environ')",
        "FROM read_text('/usr/../proc/self/environ')",
        "FROM read_text('file:///proc/self/environ')",
        "FROM read_csv('/dev/zero')",
        "FROM read_csv('http://127.0.0.1:1/a.csv')",
        "FROM 'hf://datasets/a/b.parquet'",
        "FROM caller",
        "SELECT getenv('HOME')",
    ],
)
def test_allowed_files_are_files_alone(query: str) -> None:
    """Not the environment, devices, the network, or the program's own variables."""
    caller = ed.sql("SELECT 1 AS a")
    assert caller.height
    with pytest.raises(ed.UsageError):
        ed.sql(query, allow_files=True)


def test_kept_secrets_are_not_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that DuckDB itself keeps in the user's home are not looked for."""
    monkeypatch.setenv("HOME", str(tmp_path))
    with duckdb.connect(config={"secret_directory": str(tmp_path / ".duckdb/stored_secrets")}) as connection:
        kept = connection.execute("SELECT value FROM duckdb_settings() WHERE name = 'secret_directory'")
        assert str(tmp_path) in kept.fetchall()[0][0]
    for allow_files in (False, True):
        assert ed.sql("FROM duckdb_secrets()", allow_files=allow_files).is_empty()


def test_a_query_spills_into_a_folder_that_goes(home: Path, run_cli: RunCli) -> None:
    """In bounded memory, beside the store, and with exit code 1 and a hint where that is not enough."""
    sort = "SELECT count(*) AS n FROM (SELECT x FROM range(3000000) t(x) ORDER BY hash(x))"
    assert '"n":3000000' in run_cli("sql", sort, "--json", "--memory", "60MB").stdout
    failed = run_cli("sql", "SELECT list(x) FROM range(30000000) t(x)", "--memory", "30MB", code=1)
    assert "hint: give it more, such as --memory" in failed.stderr
    assert not list(home.iterdir())


@pytest.fixture
def endless(home: Path) -> Iterator[subprocess.Popen[str]]:
    """A query without end in a process of its own."""
    home.mkdir(exist_ok=True)
    query = "SELECT count(*) FROM range(10000000000) a, range(10000000000) b"
    running = subprocess.Popen(
        [sys.executable, "-m", "ecomdata", "sql", query],
        env={**os.environ, "PYTHONPATH": str(ROOT), "ECOMDATA_HOME": str(home)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509 - no threads
    )
    while not list(home.glob(".asking-*/lock")):
        time.sleep(0.05)
        assert running.poll() is None
    time.sleep(0.5)
    yield running
    running.kill()
    running.wait()
    if running.stderr:
        running.stderr.close()


def test_ctrl_c_ends_a_query_without_end(endless: subprocess.Popen[str], home: Path) -> None:
    """At once, with code 130, and nothing is left behind."""
    endless.send_signal(signal.SIGINT)
    _, said = endless.communicate(timeout=60)
    assert endless.returncode == 130, said
    assert not list(home.iterdir())


def test_what_a_killed_query_left_goes_with_the_next(endless: subprocess.Popen[str], home: Path) -> None:
    """Gigabytes may have been spilled. What belongs to a process that runs stays, however old it is."""
    (folder,) = home.glob(".asking-*")
    long_ago = time.time() - 1000
    os.utime(folder / "lock", (long_ago, long_ago))
    ed.sql("SELECT 1", home=home)
    assert folder.is_dir()
    endless.kill()
    endless.wait()
    ed.sql("SELECT 1", home=home)
    assert not list(home.iterdir())


@pytest.mark.parametrize(
    "sql", ["SELECT 1; COPY (SELECT 1) TO '{}'", WRITING, "FROM read_text('/etc/passwd')", "DROP SCHEMA x"]
)
def test_a_view_of_a_manifest_only_reads_too(sql: str, shard: Path, home: Path) -> None:
    """A store may come from elsewhere; the SQL in it may do no more than a query."""
    folder = Store(home).current("shop/clicks")
    assert folder
    path = folder / "manifest.json"
    told = path.read_text()
    view = json.dumps({"mine": {"sql": sql.replace("{}", str(shard)), "description": "", "parameters": []}})
    assert '"views": {}' in told
    path.write_text(told.replace('"views": {}', f'"views": {view}'))
    assert read_manifest(folder).views
    before = shard.read_bytes()
    with pytest.raises(ed.DataError, match="mine"):
        ed.sql("SELECT 1")
    with pytest.raises(ed.DataError, match="mine"):
        ed.write_catalog(home / "a.duckdb")
    assert shard.read_bytes() == before
