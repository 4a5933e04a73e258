"""The catalog: SQL over the store, and nothing but the store."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import duckdb
import polars as pl
import pytest

import ecomdata as ed
from ecomdata.catalog import check_nothing_missing
from ecomdata.store import Store
from tests.toys import TOYSHOP, good_clicks, toyshop, write_clicks, write_pages  # noqa: F401


@pytest.fixture
def shop(tmp_path: Path) -> None:
    """Clicks (integer ids) and pages (text ids) are loaded."""
    ed.load("shop/clicks", source=write_clicks(tmp_path / "clicks", good_clicks(10)))
    ed.load("shop/pages", source=write_pages(tmp_path / "pages"))


@pytest.mark.usefixtures("shop")
def test_every_table_is_a_view() -> None:
    """A schema per dataset, with ``/`` and ``-`` as ``_``."""
    found = ed.sql("select table_schema, table_name from information_schema.tables order by all")
    assert found.rows() == [
        ("main", "interactions"),
        ("shop_clicks", "events"),
        ("shop_clicks", "items"),
        ("shop_pages", "views"),
    ]


@pytest.mark.usefixtures("shop")
def test_a_view_that_is_wrong_is_refused_when_it_is_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With it in the store no query would run, of whatever dataset; the release before stays."""
    before = ed.open("shop/clicks").manifest.release
    text = (TOYSHOP / "shop.py").read_text("utf-8")
    view = 'View(name="dear", description="Dear ones.", sql="SELECT prize FROM this.events")'
    text += (
        "\nfrom ecomdata.declare import View"
        f"\nDATASETS = [replace(d, views=({view},)) for d in DATASETS if d.name == 'shop/clicks']\n"
    )
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "shop.py").write_text(text, encoding="utf-8")
    monkeypatch.setenv("ECOMDATA_LOADERS", str(tmp_path / "mine"))
    with pytest.raises(
        ed.EcomdataError, match=r"the view dear of shop/clicks cannot be made: .*prize"
    ) as caught:
        ed.load("shop/clicks", source=tmp_path / "clicks", force=True)
    assert "fault in the loader" in caught.value.hint
    assert ed.open("shop/clicks").manifest.release == before
    assert ed.sql("select count(*) n from shop_clicks.events").item() == 10


@pytest.mark.usefixtures("shop")
def test_an_answer_is_a_typed_frame() -> None:
    """Times, enums and lists come as polars types."""
    frame = ed.sql("select user_id, tags from shop_pages.views limit 1")
    assert frame.schema == {"user_id": pl.String, "tags": pl.List(pl.Int64)}
    assert ed.sql("select count(*) n from shop_clicks.events").item() == 10


def test_values_that_polars_lacks_are_texts() -> None:
    """Not other numbers, raw bytes, or times without their zone."""
    query = "select md5_number('b'), '101'::bit, 2::bignum, '10:00:00+02'::timetz, interval 1 day"
    texts = ("190532336368564675417118094528692087698", "101", "2", "10:00:00+02", "1 day")
    assert ed.sql(query).row(0) == texts
    with pytest.raises(ed.UsageError, match="far date"):
        ed.sql("select 'infinity'::timestamp_s")


@pytest.mark.usefixtures("shop")
def test_too_little_memory_is_no_fault_of_a_dataset() -> None:
    """However little it is."""
    with pytest.raises(ed.EcomdataError, match="more than 1kb of memory") as caught:
        ed.sql("select * from shop_clicks.events", memory="1kb")
    assert "--memory" in caught.value.hint


@pytest.mark.usefixtures("shop")
def test_a_canonical_view_joins_datasets_of_unlike_ids() -> None:
    """Ids are text there, what a dataset lacks is null, and the dataset is named."""
    frame = ed.sql("select dataset, user_id, item_id, event, price from interactions order by all")
    assert frame.height == 12
    assert frame.schema["user_id"] == pl.String
    assert frame.row(0) == ("shop/clicks", "1", "0", "view", 0.5)
    assert frame.row(-1) == ("shop/pages", "u", "b'c", "view", None)


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(
    "query",
    [
        "COPY (SELECT 1) TO 'out.csv'",
        "ATTACH 'other.duckdb'",
        "CREATE TABLE t AS SELECT 1",
        "INSERT INTO shop_clicks.events SELECT * FROM shop_clicks.events",
        "DELETE FROM shop_clicks.events",
        "DROP VIEW shop_clicks.events",
        "SET threads = 1",
        "PRAGMA enable_profiling",
        "INSTALL httpfs",
        "LOAD httpfs",
        "EXPORT DATABASE 'out'",
        "CALL enable_logging()",
        "VACUUM",
        "SELECT 1; SELECT 2",
        "",
        "-- nothing",
        "SELEC 1",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_blob('/etc/passwd')",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM glob('/etc/*')",
        "SELECT * FROM read_parquet('https://example.org/a.parquet')",
        "EXPLAIN ANALYZE COPY (SELECT 1) TO 'out.csv'",
        "EXPLAIN ANALYZE SELECT * FROM read_text('/etc/passwd')",
        "WITH t AS (SELECT * FROM read_text('/etc/passwd')) SELECT * FROM t",
    ],
)
def test_a_query_only_reads_the_store(query: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever writes, changes settings or reads elsewhere is refused, with exit code 2."""
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(ed.UsageError) as caught:
        ed.sql(query)
    assert caught.value.exit_code == 2
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.usefixtures("shop")
def test_no_way_leads_up_from_the_store(home: Path) -> None:
    """Dots in a path do not get around the fence, and a folder beside it is outside."""
    (home / "secret.txt").write_text("x")
    (home / "storehouse").mkdir()
    (home / "storehouse" / "secret.txt").write_text("x")
    for path in ("store/../secret.txt", "storehouse/secret.txt", "store/../../../etc/passwd"):
        with pytest.raises(ed.UsageError):
            ed.sql(f"FROM read_text('{home / path}')")


def test_variables_of_the_program_are_no_tables() -> None:
    """A name that no view has is an error, not a frame that happens to be called so."""
    frame = pl.DataFrame({"x": [1]})
    assert frame.height
    for query in ("FROM frame", "FROM statements"):
        with pytest.raises(ed.UsageError):
            ed.sql(query)


@pytest.mark.usefixtures("shop")
def test_an_unknown_table_is_answered_with_those_there_are() -> None:
    """The hint names every view."""
    with pytest.raises(ed.UsageError, match="evnts") as caught:
        ed.sql("select * from evnts")
    assert caught.value.hint.startswith("did you mean shop_clicks.events? loaded: ")
    assert "shop_clicks.events" in caught.value.hint
    assert "interactions" in caught.value.hint


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("query", ["from shop_clicks.evnts", 'select * from "Shop_Clicks" . "evnts"'])
def test_of_a_dataset_that_is_named_its_tables_are_told(query: str) -> None:
    """And which of them is meant; what other datasets have is no answer."""
    with pytest.raises(ed.UsageError) as caught:
        ed.sql(query)
    assert str(caught.value) == "Catalog Error: Table with name evnts does not exist!"
    assert caught.value.hint.startswith("did you mean shop_clicks.events? loaded: ")
    assert all(
        name.startswith("shop_clicks.") for name in caught.value.hint.partition("loaded: ")[2].split(", ")
    )


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("query", ["select nothing from shop_clicks.events", "select nothing(1)"])
def test_a_column_is_not_answered_with_tables(query: str) -> None:
    """DuckDB names those that are meant."""
    with pytest.raises(ed.UsageError, match="nothing") as caught:
        ed.sql(query)
    assert caught.value.hint == ""


@pytest.mark.usefixtures("shop")
def test_of_many_views_the_nearest_are_named(home: Path) -> None:
    """Those with parameters as they are called."""
    views = {f"w_{n:02}": {"sql": "SELECT 1", "description": "", "parameters": []} for n in range(20)}
    views["window"] = {"sql": "SELECT days", "description": "", "parameters": ["days", "horizon"]}
    folder = Store(home).current("shop/clicks")
    assert folder
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | {"views": views}))
    with pytest.raises(ed.UsageError) as caught:
        ed.sql("from shop_clicks.windo(1, 2)")
    assert "shop_clicks.window(days, horizon)" in caught.value.hint
    assert "and 11 more" in caught.value.hint, "of the 23 of shop_clicks"
    path = home / "shop.duckdb"
    assert ed.write_catalog(path) == 25
    (folder / "manifest.json").write_text(json.dumps(manifest))
    assert ed.write_catalog(path) == 4
    with duckdb.connect(str(path)) as connection, pytest.raises(duckdb.Error):
        connection.execute("from shop_clicks.window(1, 2)")


def test_an_empty_store_says_how_to_fill_it() -> None:
    """Queries without tables still work."""
    assert ed.sql("select 1 as one").rows() == [(1,)]
    with pytest.raises(ed.UsageError) as caught:
        ed.sql("select * from clicks")
    assert "nothing is loaded yet" in caught.value.hint


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("query", ["from merrec.events", "select * from MerRec.events"])
def test_a_dataset_that_is_not_loaded_is_told_to_be_loaded(query: str) -> None:
    """Whoever asks for what ecomdata knows, and the store has not, is told the command."""
    with pytest.raises(ed.UsageError) as caught:
        ed.sql(query)
    assert caught.value.hint == "merrec is not loaded yet: ecomdata load merrec"


@pytest.mark.usefixtures("shop")
def test_a_query_can_be_explained() -> None:
    """The plan comes as text, a line a row."""
    plan = ed.sql("explain select * from shop_clicks.events")
    assert plan.columns == ["plan"]
    assert "10 rows" in "".join(plan["plan"])


def test_a_home_with_quotes_in_its_name(tmp_path: Path) -> None:
    """Names are quoted as SQL wants them."""
    home = tmp_path / 'it\'s "mine"'
    ed.load("shop/clicks", source=write_clicks(tmp_path / "raw", good_clicks(3)), home=home)
    assert ed.sql("select count(*) from shop_clicks.events", home=home).item() == 3


def test_a_home_in_a_folder_that_is_called_as_a_column_and_a_value(tmp_path: Path) -> None:
    """DuckDB took the folder's value for that of every row, and folders called otherwise for more columns."""
    home = tmp_path / "price=9" / "run=2"
    release = ed.load("shop/clicks", source=write_clicks(tmp_path / "raw", good_clicks(3)), home=home)
    events = release["events"].lazy().collect()
    assert events["price"].to_list() == [0.5, 1.5, 2.5]
    assert ed.sql("select * from shop_clicks.events", home=home).equals(events)
    assert release["events"].relation().pl().equals(events)


@pytest.mark.usefixtures("shop")
def test_the_views_can_be_written_for_other_tools(tmp_path: Path) -> None:
    """A plain DuckDB reads them; writing again replaces them."""
    path = tmp_path / "shop.duckdb"
    assert ed.write_catalog(path) == 4
    assert ed.write_catalog(path) == 4
    with duckdb.connect(str(path), read_only=True) as connection:
        count = "select count(*) from {}"
        assert connection.execute(count.format("shop_clicks.events")).fetchall() == [(10,)]
        assert connection.execute(count.format("interactions")).fetchall() == [(12,)]


@pytest.mark.usefixtures("shop")
def test_a_catalog_is_a_file_whatever_it_is_called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """DuckDB would take this name for no file, and nothing would be written."""
    monkeypatch.chdir(tmp_path)
    assert ed.write_catalog(":memory:") == 4
    assert (tmp_path / ":memory:").is_file()


@pytest.mark.parametrize("name", ["what?/all.duckdb", "all?.duckdb", "a\\b/all.duckdb", "a\\b.duckdb"])
def test_a_path_that_duckdb_misreads_is_refused(name: str, tmp_path: Path) -> None:
    """Of the one half a file stayed, as its log has no place; the other was written in another folder."""
    target = tmp_path / name
    target.parent.mkdir(exist_ok=True)
    (tmp_path / "a").mkdir()
    with pytest.raises(ed.UsageError, match="for more than names"):
        ed.write_catalog(target)
    assert not list(tmp_path.rglob("*.duckdb"))


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_a_catalog_in_a_folder_whose_name_is_not_utf_8(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the command is in it, and its file's name is; DuckDB said std::bad_cast."""
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9"))
    folder.mkdir()
    monkeypatch.chdir(folder)
    with pytest.raises(ed.UsageError, match="not UTF-8"):
        ed.write_catalog("all.duckdb")


@pytest.mark.usefixtures("shop")
def test_views_of_what_is_not_there_go(tmp_path: Path) -> None:
    """Only those that were written before: a view of one's own stays, and is not counted."""
    path, other = tmp_path / "shop.duckdb", tmp_path / "other"
    ed.write_catalog(path)
    with duckdb.connect(str(path)) as connection:
        connection.execute("create view shop_clicks.mine as select 1 a; create view items as select 2 a")
    ed.load("shop/pages", source=write_pages(tmp_path / "more"), home=other)
    assert ed.write_catalog(path, home=other) == 2
    with duckdb.connect(str(path)) as connection:
        views = connection.execute("select view_name from duckdb_views() where not internal order by all")
        assert [name for (name,) in views.fetchall()] == ["interactions", "items", "mine", "views"]


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("name", ["interactions", "shop_clicks.events"])
def test_a_table_in_place_of_a_view_stays(name: str, tmp_path: Path) -> None:
    """It is the user's, and no fault of the dataset."""
    path = tmp_path / "shop.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"create schema shop_clicks; create table {name} as select 1 a")
    with pytest.raises(ed.UsageError, match=r"shop\.duckdb .*is of type Table"):
        ed.write_catalog(path)


def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path) -> None:
    """The error names it."""
    path = tmp_path / "shop.duckdb"
    path.write_text("precious" * 1000)
    with pytest.raises(ed.UsageError, match=r"shop\.duckdb"):
        ed.write_catalog(path)
    assert path.read_text() == "precious" * 1000


def test_a_reader_sees_one_release_while_others_are_loaded(tmp_path: Path) -> None:
    """However often the data are replaced meanwhile, a query answers from one whole release."""
    sources = [write_clicks(tmp_path / str(n), good_clicks(n)) for n in (3, 5)]
    ed.load("shop/clicks", source=sources[0])
    done = threading.Event()

    def load() -> None:
        for i in range(6):
            ed.load("shop/clicks", source=sources[i % 2], tables=["events"], force=True)
        done.set()

    thread = threading.Thread(target=load)
    thread.start()
    seen: set[int] = set()
    while not done.is_set():
        seen.add(ed.sql("select count(*) from shop_clicks.events").item())
    thread.join()
    assert seen <= {3, 5}
    assert seen


@pytest.mark.usefixtures("shop")
def test_missing_and_cut_shards_are_found(home: Path) -> None:
    """Each is named, with what it should be."""
    store = Store(home)
    assert check_nothing_missing(store) == []
    folder, pages = store.current("shop/clicks"), store.current("shop/pages")
    assert folder
    assert pages
    (folder / "events" / "part-00000.parquet").unlink()
    (pages / "views" / "part-00000.parquet").write_bytes(b"PAR1")
    problems = check_nothing_missing(store)
    assert len(problems) == 2
    assert "part-00000.parquet is missing" in problems[0]
    assert "has 4 bytes instead of" in problems[1]


def test_no_bar_is_drawn_into_what_is_piped(tmp_path: Path) -> None:
    """DuckDB takes a process without a script for one where somebody sits, and draws bars on its stdout."""
    code = "import ecomdata as ed; print(ed.sql(\"SELECT current_setting('enable_progress_bar')\").item())"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "ECOMDATA_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "False\n"
