"""The command line as a user and as a script meet it."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from ecomdata.cli import cli
from tests.conftest import ROOT, RunCli
from tests.toys import good_clicks, toyshop, write_clicks  # noqa: F401

COMMANDS = ("list", "info", "load", "sample", "sql", "catalog", "doctor")
HEAVY = ("polars", "duckdb", "pyarrow", "rich", "numpy", "dataframely", "datasets", "huggingface_hub")


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    """Ten good clicks and one bad one."""
    return write_clicks(tmp_path / "raw", [*good_clicks(10), "x,1,view,,"])


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_every_command_explains_itself(command: str, flag: str, run_cli: RunCli) -> None:
    """On stdout, with code 0."""
    done = run_cli(command, flag)
    assert done.stdout.startswith(f"Usage: ecomdata {command} ")
    assert done.stderr == ""


def test_the_help_names_every_command(run_cli: RunCli) -> None:
    """And the version is there."""
    text = run_cli("--help").stdout
    assert all(f"  {command} " in text for command in COMMANDS)
    assert run_cli("--version").stdout.startswith("ecomdata, version ")


@pytest.mark.parametrize("group", [(), ("annotate",), ("annotate", "people"), ("languages",)])
def test_no_command_is_told_in_half_a_sentence(group: tuple[str, ...], run_cli: RunCli) -> None:
    """In the list of commands, on a terminal of 80 columns."""
    text = run_cli(*group, "--help").stdout
    assert "Commands:" in text
    assert "..." not in text.split("Commands:")[1]


@pytest.mark.parametrize("code", ["import ecomdata", "import ecomdata.cli; ecomdata.cli.main()"])
def test_starting_costs_little(code: str) -> None:
    """Neither ``import ecomdata`` nor ``ecomdata --help`` imports a data library."""
    program = (
        "import atexit, sys; sys.argv = ['ecomdata', '--help'];"
        f"atexit.register(lambda: print([n for n in {HEAVY} if n in sys.modules], file=sys.stderr)); {code}"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stderr.strip() == "[]"


def test_loading_talks_on_stderr_alone(raw: Path, run_cli: RunCli) -> None:
    """The closing table says what became of the rows, and where the rejected ones are."""
    done = run_cli("load", "shop/clicks", "--source", raw, "-y")
    assert done.stdout == ""
    assert "user: … is not an integer" in done.stderr
    assert "quarantine" in done.stderr
    assert "11" in done.stderr


def test_loading_as_json_prints_the_manifest(raw: Path, run_cli: RunCli) -> None:
    """And nothing else on stdout."""
    manifest = json.loads(run_cli("load", "shop/clicks", "--source", raw, "--json").stdout)
    events = manifest["tables"]["events"]
    assert (events["read"], events["written"], events["rejected"]) == (11, 10, 1)


def test_a_query_in_every_form(raw: Path, run_cli: RunCli, tmp_path: Path) -> None:
    """The data stand alone on stdout, and can be piped."""
    run_cli("load", "shop/clicks", "--source", raw)
    query = "select user_id, price from shop_clicks.events order by item_id limit 2"
    rows = [{"user_id": 1, "price": 0.5}, {"user_id": 2, "price": 1.5}]
    assert json.loads(run_cli("sql", query, "--json").stdout) == rows
    assert json.loads(run_cli("sql", query, "--format", "json").stdout) == rows
    text = run_cli("sql", query, "--format", "csv").stdout
    assert list(csv.reader(io.StringIO(text))) == [["user_id", "price"], ["1", "0.5"], ["2", "1.5"]]
    assert "user_id" in run_cli("sql", query).stdout
    done = run_cli("sql", query, "--format", "parquet", "-o", tmp_path / "a.parquet")
    assert done.stdout == ""
    assert (tmp_path / "a.parquet").read_bytes().startswith(b"PAR1")


def test_list_and_info_as_json(raw: Path, run_cli: RunCli) -> None:
    """What is loaded shows up in both."""
    run_cli("load", "shop/clicks", "--source", raw)
    listed = {row["name"]: row for row in json.loads(run_cli("list", "--json").stdout)}
    clicks = listed["shop/clicks"]
    assert set(clicks) >= {
        *("name", "family", "title", "licence", "access", "loaded", "release", "rows", "bytes")
    }
    assert (clicks["loaded"], clicks["rows"], clicks["sample"]) == (True, 20, False)
    assert (listed["shop/pages"]["loaded"], listed["shop/pages"]["rows"]) == (False, None)
    info = json.loads(run_cli("info", "shop/clicks", "--json").stdout)
    assert [table["sql"] for table in info["tables"]] == ["shop_clicks.events", "shop_clicks.items"]
    assert info["loaded"]["release"] == clicks["release"]
    family = json.loads(run_cli("info", "shop", "--json").stdout)
    assert "shop/clicks" in [member["name"] for member in family["members"]]


@pytest.mark.parametrize(
    "args", [("list",), ("info", "shop/clicks"), ("info", "shop"), ("doctor", "--offline")]
)
def test_what_people_read_is_on_stdout(args: tuple[str, ...], run_cli: RunCli) -> None:
    """In plain characters where it is no terminal."""
    done = run_cli(*args)
    assert "shop/clicks" in done.stdout
    assert "\x1b" not in done.stdout
    assert done.stderr == ""


def test_doctor_and_sample_and_catalog_as_json(run_cli: RunCli, tmp_path: Path) -> None:
    """Each is JSON and nothing else."""
    checks = json.loads(run_cli("doctor", "--offline", "--json").stdout)
    assert {"name", "status", "detail", "hint"} == set(checks[0])
    (file,) = json.loads(run_cli("sample", "shop/clicks", tmp_path / "raw", "--rows", "5", "--json").stdout)
    assert Path(file["path"]).stat().st_size == file["bytes"]
    assert json.loads(run_cli("catalog", tmp_path / "a.duckdb", "--json").stdout)["views"] == 0


def test_doctor_fails_over_a_damaged_store(raw: Path, run_cli: RunCli, home: Path) -> None:
    """Code 1, the file, and what to do."""
    run_cli("load", "shop/clicks", "--source", raw)
    next(home.rglob("part-00000.parquet")).unlink()
    assert "is missing" in run_cli("doctor", "--offline", code=1).stdout


def test_doctor_removes_superseded_releases(raw: Path, run_cli: RunCli, home: Path) -> None:
    """Only when it is told to, and never the visible one."""
    run_cli("load", "shop/clicks", "--source", raw)
    run_cli("load", "shop/clicks", "--source", raw, "--limit", "5")
    assert "--prune" in run_cli("doctor", "--offline").stdout
    assert len(list(home.rglob("manifest.json"))) == 2
    run_cli("doctor", "--offline", "--prune")
    assert len(list(home.rglob("manifest.json"))) == 1
    assert run_cli("sql", "select count(*) n from shop_clicks.events", "--json").stdout.count('"n":5') == 1


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (("info", "shop/cliks"), 2, ("no dataset is called 'shop/cliks'", "hint: did you mean shop/clicks")),
        (("load", "shop/cliks"), 2, ("hint: did you mean shop/clicks",)),
        (("load", "shop/clicks", "--source", "fil"), 2, ("no file or folder fil", "hint: ")),
        (("load", "shop/clicks", "--table", "x", "--sample"), 2, ("has no table x", "hint: its tables are")),
        (("load", "shop/clicks", "--sample", "--memory", "lots"), 2, ("lots", "hint: ")),
        (("load", "shop/clicks"), 4, ("ask the shop", "hint: then run: ecomdata load shop/clicks --source")),
        (("sql", "select * from nothing"), 2, ("nothing", "hint: ")),
        (("sql", "drop table x"), 2, ("read-only", "hint: ")),
        (("sample", "shop/clicks", "."), 2, ("is not an empty folder", "hint: ")),
        (("--loaders", "nowhere", "list"), 2, ("no loaders folder",)),
    ],
)
def test_a_wrong_request_is_answered(
    args: tuple[str, ...], code: int, words: tuple[str, ...], run_cli: RunCli, tmp_path: Path
) -> None:
    """What is wrong, and what to do next; no traceback, and nothing on stdout."""
    (tmp_path / "file").write_text("x")
    done = run_cli(*args, code=code)
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert "error: " in done.stderr
    for word in words:
        assert word in done.stderr


@pytest.mark.parametrize(
    "args",
    [
        ("load",),
        ("lod",),
        ("sql",),
        ("load", "x", "--limit", "0"),
        ("load", "x", "--jobs", "0"),
        ("sql", "x", "--format", "xml"),
    ],
)
def test_a_misspelt_command_is_wrong_usage(args: tuple[str, ...], run_cli: RunCli) -> None:
    """Code 2, from click."""
    done = run_cli(*args, code=2)
    assert done.stdout == ""
    assert "Error: " in done.stderr


def test_rejected_rows_fail_a_strict_load(raw: Path, run_cli: RunCli, home: Path) -> None:
    """Code 3, and nothing is visible."""
    done = run_cli("load", "shop/clicks", "--source", raw, "--strict", code=3)
    assert "1 of 11 rows rejected" in done.stderr
    assert "hint: " in done.stderr
    assert not list(home.rglob("current"))


def test_drift_fails_a_load(run_cli: RunCli, tmp_path: Path) -> None:
    """Code 3, with the columns."""
    raw = write_clicks(tmp_path / "raw", ["1,2"], header="user,itm")
    done = run_cli("load", "shop/clicks", "--source", raw, code=3)
    assert "missing: " in done.stderr
    assert "Traceback" not in done.stderr


def test_a_traceback_is_shown_when_it_is_asked_for(run_cli: RunCli) -> None:
    """With --debug."""
    assert "Traceback" in run_cli("--debug", "info", "x", code=None).stderr


def test_the_home_before_the_command_is_told_where_it_stands(run_cli: RunCli) -> None:
    """Beside --loaders is where one looks for it."""
    told = run_cli("--home", "x", "list", code=2).stderr
    assert "hint: it stands behind the command: ecomdata load NAME --home PATH" in told


@pytest.mark.parametrize("option", ["--debug", "--loaders"])
def test_an_option_behind_the_command_is_told_where_it_stands(option: str, run_cli: RunCli) -> None:
    """It is the first thing that one tries after an error."""
    assert (
        f"hint: it stands before the command: ecomdata {option}"
        in run_cli("info", "merrec", option, code=2).stderr
    )
    assert "hint: " not in run_cli("info", "merrec", "--bogus", code=2).stderr


def test_an_unexpected_failure_is_no_traceback(run_cli: RunCli, tmp_path: Path) -> None:
    """A loader that raises is named in a line."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "bad.py").write_text("1 / 0\n")
    done = run_cli("--loaders", tmp_path / "mine", "list", code=1)
    assert "ZeroDivisionError" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="a folder that somebody is in cannot be removed there")
def test_a_current_folder_that_is_gone_is_said(home: Path, tmp_path: Path) -> None:
    """A shell stays in a folder that was removed, or made anew; it was an unexpected FileNotFoundError."""
    gone = tmp_path / "gone"
    gone.mkdir()
    code = "import os, ecomdata.__main__ as command; os.rmdir(os.getcwd()); command.main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "catalog", "all.duckdb"],
        cwd=gone,
        env={**os.environ, "PYTHONPATH": str(ROOT), "ECOMDATA_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("error: the folder that the command runs in is not there any more")
    assert "not expected" not in done.stderr


def test_a_panic_of_polars_is_no_traceback(run_cli: RunCli, tmp_path: Path) -> None:
    """It is no Exception in Python, and still an error for the user."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "bad.py").write_text(
        "import polars as pl\nraise pl.exceptions.PanicException('x')\n"
    )
    done = run_cli("--loaders", tmp_path / "mine", "list", code=1)
    assert "Traceback" not in done.stderr
    assert "PanicException: x" in done.stderr


@pytest.mark.parametrize("form", ["csv", "json", "table"])
def test_a_reader_that_goes_away_is_no_failure(form: str, home: Path) -> None:
    """``ecomdata sql ... | head -1`` ends quietly."""
    query = "select x, repeat('a', 100) from range(1000000) t(x)"
    if form == "table":
        query = "select repeat('a', 200000) as x"
    program = (
        f'"{sys.executable}" -m ecomdata sql "{query}" --format {form} | head -c 10 >/dev/null; '
        'echo "${PIPESTATUS[0]}"'
    )
    done = subprocess.run(
        ["/bin/bash", "-c", program],
        env={**os.environ, "PYTHONPATH": str(ROOT), "ECOMDATA_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stderr == ""
    assert done.stdout.strip() == "0"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_output_that_cannot_be_written_is_an_error(home: Path) -> None:
    """A full disk behind ``>`` is said, and not taken for success."""
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "ecomdata", "list", "--json"],
            env={**os.environ, "PYTHONPATH": str(ROOT), "ECOMDATA_HOME": str(home)},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 1
    assert "error: the output could not be written: No space left on device" in done.stderr
    assert "not expected" not in done.stderr


@pytest.mark.parametrize(
    ("query", "stdin"),
    [("-- a comment\nselect 1 a", ""), ("--one\nselect 1 a; --", ""), ("-", "-- é\nselect 1 a;")],
)
def test_a_query_may_begin_with_a_comment(query: str, stdin: str, home: Path) -> None:
    """Which is no option, and it may come from stdin."""
    done = CliRunner().invoke(cli, ["sql", "--home", str(home / "a b"), query, "--json"], input=stdin)
    assert (done.exit_code, json.loads(done.stdout)) == (0, [{"a": 1}])
    misspelt = CliRunner().invoke(cli, ["sql", query, "--jso"])
    assert (misspelt.exit_code, "--json" in misspelt.stderr) == (2, True)
    misspelt = CliRunner().invoke(cli, ["sql", "select 1", "--allow_files"])
    assert (misspelt.exit_code, "--allow-files" in misspelt.stderr) == (2, True)


def test_the_end_of_a_files_name_says_what_is_written(tmp_path: Path) -> None:
    """Unless an option does."""
    for arguments, start in (((), b"PAR1"), (("--format", "csv"), b"a\n1\n"), (("--json",), b"[\n{")):
        path = tmp_path / "a.parquet"
        done = CliRunner().invoke(cli, ["sql", "select 1 a", "-o", str(path), *arguments])
        assert (done.exit_code, path.read_bytes()[: len(start)]) == (0, start)


@pytest.mark.parametrize("form", ["csv", "table"])
def test_closed_streams_lead_nowhere(form: str, home: Path) -> None:
    """``>&-`` is no failure of ours."""
    command = f'exec "{sys.executable}" -m ecomdata sql "select 1" --format {form} >&- <&-'
    done = subprocess.run(
        ["/bin/bash", "-c", command],
        env={**os.environ, "PYTHONPATH": str(ROOT), "ECOMDATA_HOME": str(home)},
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
