"""Loading: from raw files to a release, with no row lost."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ecomdata as ed
from ecomdata.columns import DriftError
from ecomdata.progress import Silent
from ecomdata.store import Store
from tests.conftest import RunCli
from tests.toys import HEADER, TOYSHOP, good_clicks, toyshop, write_clicks, write_pages  # noqa: F401

DIRTY = ["0,1,view,,", "x,1,view,,", "3,1,dance,,", "4,1,purchase,,", "5,1,view,-1,", "6,1", ""]
"""A test user, no number, an unknown action, no price, a negative one, too few fields, a blank line."""


def load(source: Path, name: str = "shop/clicks", **options: Any) -> ed.Release:
    """Load raw files."""
    return ed.load(name, source=source, **options)


def shards(release: ed.Release) -> dict[str, bytes]:
    """The bytes of every Parquet file of a release."""
    return {
        path.relative_to(release.folder).as_posix(): path.read_bytes()
        for path in release.folder.rglob("*.parquet")
    }


def nothing_left(home: Path) -> bool:
    """Whether no half release is in the store."""
    return not any(home.rglob(".loading-*"))


def test_rows_are_typed_and_normalised(tmp_path: Path) -> None:
    """What comes out is what the schema declares, with the column that the path gives."""
    release = load(write_clicks(tmp_path, ['1,2,purchase,3.5,"a, b"', "2,,view,,"]))
    assert release["events"].lazy().collect().rows() == [
        (1, 2, "purchase", 3.5, "a, b", "202305"),
        (2, None, "view", None, None, "202305"),
    ]


def test_every_row_is_accounted_for(tmp_path: Path) -> None:
    """Rows read are written, rejected or dropped; the manifest says which, and why."""
    record = load(write_clicks(tmp_path, [*good_clicks(3), *DIRTY])).manifest.tables["events"]
    assert (record.read, record.written, record.rejected) == (10, 3, 5)
    assert record.dropped == {"test user": 1, "blank line": 1}
    assert record.reasons == {
        "user: … is not an integer": 1,
        "event is null": 1,
        "breaks the rule priced": 1,
        "price is below the minimum": 1,
        "2 fields instead of 5": 1,
    }


def test_rejected_rows_keep_place_reasons_and_content(tmp_path: Path) -> None:
    """The quarantine has the file, the line, why, and the very text."""
    source = write_clicks(tmp_path, [*good_clicks(3), *DIRTY])
    rejected = load(source)["events"].rejected()
    assert rejected.select("source_file", "row", "raw").rows() == [
        ("202305/clicks.csv", 6, "x,1,view,,"),
        ("202305/clicks.csv", 7, "3,1,dance,,"),
        ("202305/clicks.csv", 8, "4,1,purchase,,"),
        ("202305/clicks.csv", 9, "5,1,view,-1,"),
        ("202305/clicks.csv", 10, "6,1"),
    ]
    assert rejected["reasons"].list.len().min() == 1


def test_bytes_that_are_not_text_are_kept(tmp_path: Path) -> None:
    """The quarantine has the bytes themselves, and text that shows them."""
    write_clicks(tmp_path, good_clicks(1))
    with (tmp_path / "202305" / "clicks.csv").open("ab") as file:
        file.write(b"9,9,vi\xffew,,\n")
    rejected = load(tmp_path)["events"].rejected()
    assert rejected.select("raw", "raw_bytes").row(0) == ("9,9,vi\\xffew,,", b"9,9,vi\xffew,,")


@given(
    files=st.lists(st.lists(st.sampled_from([*good_clicks(4), *DIRTY]), max_size=30), min_size=1, max_size=3)
)
@settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_numbers_and_contents_are_right_over_blocks_and_files(
    files: list[list[str]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whatever the mixture, a row's number leads to its line; small blocks and more jobs change nothing."""
    folder = tmp_path_factory.mktemp("raw")
    files = [[*good_clicks(1), *lines] for lines in files]
    files[0].append("1,999,view,0.5,")  # clicked once, so that not all items can be rejected
    for i, lines in enumerate(files):
        write_clicks(folder, lines, f"20230{i + 1}/clicks.csv")
    large = load(folder, jobs=1, force=True)
    small = load(folder, "shop/clicks-small", jobs=3, force=True)
    assert shards(large) == shards(small)
    record = small.manifest.tables["events"]
    assert record.read == sum(map(len, files))
    assert record.read == record.written + record.rejected + sum(record.dropped.values())
    rejected = small["events"].rejected()
    for name, row, raw in rejected.select("source_file", "row", "raw").iter_rows():
        assert (folder / name).read_text().split("\n")[row - 1] == raw
    expected = [line for lines in files for line in lines if line in DIRTY[1:-1]]
    assert rejected["raw"].to_list() == expected


def test_loading_twice_gives_the_same_bytes(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The same files give the same Parquet and the same release, in another home as well."""
    source = write_clicks(tmp_path, [*good_clicks(5000), *DIRTY])
    one = load(source, jobs=1)
    other = load(source, jobs=4, home=tmp_path_factory.mktemp("other"))
    assert shards(one) == shards(other)
    assert one.manifest.release == other.manifest.release


def test_the_same_files_are_not_loaded_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """They are recognised by name, size and time, and the user is told how to load all the same."""
    source = write_clicks(tmp_path, good_clicks(3))
    first = load(source)
    capsys.readouterr()
    again = load(source)
    assert again.folder == first.folder
    assert "already loaded" in capsys.readouterr().err
    load(source, force=True)
    assert "already loaded" not in capsys.readouterr().err


def test_a_loader_of_ones_own_that_has_changed_loads_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run_cli: RunCli
) -> None:
    """Its rows may be others now; the code from before gives the release from before."""
    mine = tmp_path / "mine" / "shop.py"
    mine.parent.mkdir()
    monkeypatch.setenv("ECOMDATA_LOADERS", str(mine.parent))
    source = write_clicks(tmp_path / "raw", good_clicks(3))
    code = (TOYSHOP / "shop.py").read_text()
    releases: list[str] = []
    said: list[bool] = []
    for text in (code, code, code.replace('"Clicks"', '"Klicks"'), code):
        mine.write_text(text)
        done = run_cli("load", "shop/clicks", "--source", source, "--json")
        releases.append(json.loads(done.stdout)["release"])
        said.append("already loaded" in done.stderr)
    assert said == [False, True, False, False]
    assert releases[0] == releases[1] == releases[3] != releases[2]


def test_a_forced_load_says_that_its_files_were_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The release is kept with the times of its making, which are not those of this load."""
    write_clicks(tmp_path, good_clicks(3))
    release = ed.load("shop/clicks", source=tmp_path)
    assert "which stays" not in capsys.readouterr().err
    assert ed.load("shop/clicks", source=tmp_path, force=True).manifest.seconds == release.manifest.seconds
    kept = f"note: the same files as release {release.folder.name}, which stays; times are of its making"
    assert kept in capsys.readouterr().err.splitlines()


def test_other_options_load_again(tmp_path: Path) -> None:
    """A part is not taken for the whole."""
    source = write_clicks(tmp_path, good_clicks(9))
    assert len(load(source, limit=4)["events"]) == 4
    assert len(load(source)["events"]) == 9


def test_changed_files_load_again(tmp_path: Path) -> None:
    """A file of the same name with other content is another file."""
    load(write_clicks(tmp_path, good_clicks(3)))
    assert len(load(write_clicks(tmp_path, good_clicks(4)))["events"]) == 4


def test_the_quarantine_belongs_to_the_release(tmp_path: Path) -> None:
    """Its files stand in the manifest with their rows and sizes."""
    release = load(write_clicks(tmp_path, [*good_clicks(1), *DIRTY]))
    record = release.manifest.tables["events"]
    assert sum(file.rows for file in record.quarantine) == record.rejected == 5
    assert all((release.folder / file.path).stat().st_size == file.size for file in record.quarantine)


def test_a_limit_counts_rows_read(tmp_path: Path) -> None:
    """Rejected rows count too, and the identity holds."""
    lines = [*good_clicks(2), *DIRTY[1:6], *good_clicks(10)]
    for limit in (1, 2, 4, 7, 8, 100):
        record = load(write_clicks(tmp_path, lines), limit=limit, force=True).manifest.tables["events"]
        assert record.read == min(limit, len(lines))
        assert record.written == min(limit, 2) + max(0, min(limit, len(lines)) - 7)


def test_a_limit_falls_at_the_same_row_however_blocks_are_cut(tmp_path: Path) -> None:
    """The first rows in the file's order; lines that the format leaves out do not count."""
    source = write_clicks(tmp_path, [*good_clicks(1), *DIRTY, *good_clicks(3), *DIRTY, *good_clicks(3)])
    for limit in (1, 5, 7, 9, 12):
        large = load(source, limit=limit, force=True)
        small = load(source, "shop/clicks-small", limit=limit, force=True)
        assert shards(large) == shards(small)
        record = large.manifest.tables["events"]
        assert record.written + record.rejected + record.dropped.get("test user", 0) == limit


def test_strict_fails_and_shows_nothing(tmp_path: Path, home: Path) -> None:
    """A rejected row is an error then, and no release appears."""
    with pytest.raises(ed.DataError, match=r"5 of 8 rows rejected: .*\(1\)") as caught:
        load(write_clicks(tmp_path, [*good_clicks(1), *DIRTY]), strict=True)
    assert caught.value.exit_code == 3
    assert Store(home).current("shop/clicks") is None
    assert nothing_left(home)


def test_strict_keeps_the_release_before(tmp_path: Path, home: Path) -> None:
    """A load that fails changes nothing of what is there."""
    before = load(write_clicks(tmp_path, good_clicks(3)))
    with pytest.raises(ed.DataError):
        load(write_clicks(tmp_path, DIRTY), strict=True)
    assert Store(home).current("shop/clicks") == before.folder


def test_normalize_must_keep_the_number_of_rows(tmp_path: Path, home: Path) -> None:
    """A loader that loses rows is found out."""
    with pytest.raises(ed.EcomdataError, match="normalize made 2 rows of 4"):
        load(write_clicks(tmp_path, good_clicks(4)), "shop/halved")
    assert Store(home).current("shop/halved") is None


def test_normalize_must_give_the_declared_types(tmp_path: Path) -> None:
    """A loader whose types are others is found out."""
    with pytest.raises(ed.EcomdataError, match="does not produce what Clicks declares"):
        load(write_clicks(tmp_path, good_clicks(4)), "shop/mistyped")


def test_a_table_of_which_no_row_is_good_is_refused(tmp_path: Path, home: Path) -> None:
    """Such files are of another kind, and an empty table would hide it."""
    with pytest.raises(ed.DataError, match=r"all 5 rows rejected: .* instead of 5"):
        load(write_clicks(tmp_path, DIRTY))
    assert Store(home).current("shop/clicks") is None


def test_text_in_another_encoding_is_not_taken_for_other_columns(tmp_path: Path) -> None:
    """The hint says where an encoding is declared."""
    source = write_clicks(tmp_path, [])
    path = source / "202305/clicks.csv"
    path.write_bytes(path.read_bytes() + "1,2,view,3.5,café\n".encode("latin-1"))
    with pytest.raises(ed.DataError, match=r"all 1 rows rejected: not UTF-8") as caught:
        load(source)
    assert "Delimited(encoding=...)" in caught.value.hint


def test_a_table_may_come_out_empty(tmp_path: Path) -> None:
    """Where its rows are all dropped by a rule, its shards are there and typed."""
    release = load(write_clicks(tmp_path, ["0,1,view,,"]))
    assert release.manifest.tables["events"].dropped == {"test user": 1}
    assert release["events"].lazy().collect().height == 0
    assert release["items"].lazy().collect().schema == {
        "item_id": pl.Int64,
        "clicks": pl.Int64,
        "first_row": pl.Int64,
    }


def test_a_header_alone_is_a_table_without_rows(tmp_path: Path) -> None:
    """There was nothing to read, and nothing is made up."""
    assert load(write_clicks(tmp_path, [])).manifest.tables["events"].read == 0


def test_derived_rows_pass_the_same_check(tmp_path: Path) -> None:
    """Those that break a rule are in quarantine as JSON, and accounted for."""
    release = load(write_clicks(tmp_path, ["1,7,view,,", *["1,8,view,,"] * 6]))
    record = release.manifest.tables["items"]
    assert (record.read, record.written, record.rejected) == (2, 1, 1)
    assert record.reasons == {"clicks is above the maximum": 1}
    assert release["items"].lazy().collect().rows() == [(7, 1, 0)]
    (name, row, raw) = release["items"].rejected().select("source_file", "row", "raw").row(0)
    assert (name, row) == ("derived:items", 2)
    assert json.loads(raw) == {"item_id": 8, "clicks": 6, "first_row": 1}


def test_one_table_alone(tmp_path: Path) -> None:
    """--table leaves the others out."""
    assert set(load(write_clicks(tmp_path, good_clicks(3)), tables=["events"])) == {"events"}


def test_a_derived_table_brings_those_it_is_made_from(tmp_path: Path) -> None:
    """It cannot be had without them."""
    assert set(load(write_clicks(tmp_path, good_clicks(3)), tables=["items"])) == {"events", "items"}


def test_an_unknown_table_is_named(tmp_path: Path) -> None:
    """And those there are stand in the hint."""
    with pytest.raises(ed.UsageError, match="has no table clicks") as caught:
        load(write_clicks(tmp_path, good_clicks(3)), tables=["clicks"])
    assert caught.value.hint == "its tables are events, items"


def test_files_of_two_kinds_make_one_table(tmp_path: Path) -> None:
    """Each is read as what its columns say it is."""
    write_clicks(tmp_path, ["1,2,view,3.5,x"], "202305/clicks-1.csv")
    write_clicks(tmp_path, ["3\t4\tlike"], "202304/clicks-0.csv", header="user\titem\tkind")
    assert load(tmp_path)["events"].lazy().collect().rows() == [
        (3, 4, "like", None, None, "202304"),
        (1, 2, "view", 3.5, "x", "202305"),
    ]


def test_files_with_the_same_bytes_are_said_to_be(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever they are called; members of one archive share its hash and are no copies of each other."""
    for name in ("202304/clicks.csv", "202305/clicks-1.csv", "202306/clicks-2.csv"):
        write_clicks(tmp_path / "raw", good_clicks(4 if "202306" in name else 3), name)
    load(tmp_path / "raw")
    twice = (
        "note: 202304/clicks.csv and 202305/clicks-1.csv hold the same bytes; their rows are there 2 times"
    )
    assert [line for line in capsys.readouterr().err.splitlines() if "same bytes" in line] == [twice]
    for archive in ("a", "b"):
        shutil.make_archive(str(tmp_path / "zips" / archive), "zip", tmp_path / "raw")
    shutil.copy(tmp_path / "zips" / "a.zip", tmp_path / "zips" / "b.zip")
    load(tmp_path / "zips" / "a.zip")
    assert "same bytes" not in capsys.readouterr().err
    load(tmp_path / "zips")
    said = capsys.readouterr().err
    assert said.count("same bytes") == 3
    assert "a.zip/202304/clicks.csv and b.zip/202304/clicks.csv hold the same bytes" in said


def test_columns_that_fit_nothing_are_told_from_the_nearest(tmp_path: Path, home: Path) -> None:
    """Of the kinds a file could be, the error speaks of the one it is most like."""
    write_clicks(tmp_path, ["1,2,view"], header="user,item,kid")
    with pytest.raises(DriftError, match="missing: kind") as caught:
        load(tmp_path)
    assert "kid may be kind under another name" in str(caught.value)
    assert nothing_left(home)


def test_a_known_derivative_is_named(tmp_path: Path) -> None:
    """Its columns give it away."""
    write_clicks(tmp_path, ["1,2,x"], header="user,cleaned,more")
    with pytest.raises(ed.DataError, match="looks like shop/clicks-clean"):
        load(tmp_path)


def test_a_sample_does_not_take_the_place_of_real_data(tmp_path: Path) -> None:
    """Unless it is forced to."""
    load(write_clicks(tmp_path, good_clicks(3)))
    with pytest.raises(ed.UsageError, match="a sample would take its place") as caught:
        ed.load("shop/clicks", sample=True)
    assert "--home" in caught.value.hint
    assert ed.load("shop/clicks", sample=True, force=True).manifest.sample


def test_real_data_take_the_place_of_a_sample(tmp_path: Path) -> None:
    """A sample is there to be replaced."""
    assert ed.load("shop/clicks", sample=True).manifest.sample
    assert not load(write_clicks(tmp_path, good_clicks(3))).manifest.sample


def test_a_sample_leaves_no_raw_files(home: Path) -> None:
    """They were made for the load alone."""
    ed.load("shop/clicks", sample=True)
    assert sorted(path.name for path in home.iterdir()) == ["store"]


def test_a_sample_and_a_source_exclude_each_other(tmp_path: Path) -> None:
    """One or the other."""
    with pytest.raises(ed.UsageError, match="exclude each other"):
        load(write_clicks(tmp_path, good_clicks(3)), sample=True)


def test_a_file_that_changes_meanwhile_is_an_error(tmp_path: Path, home: Path) -> None:
    """Half an old and half a new file are no data."""
    path = write_clicks(tmp_path, good_clicks(10)) / "202305" / "clicks.csv"

    class Meddler(Silent):
        def finish(self) -> None:
            with path.open("a") as file:
                file.write("1,1,view,,\n")

    with pytest.raises(ed.DataError, match=r"clicks\.csv changed while it was read"):
        load(tmp_path, reporter=Meddler())
    assert Store(home).current("shop/clicks") is None
    assert nothing_left(home)


def test_what_a_killed_load_left_is_removed(tmp_path: Path, home: Path) -> None:
    """The next load cleans up."""
    left = home / "store" / "shop" / "clicks" / "releases" / ".loading-dead"
    (left / "events").mkdir(parents=True)
    load(write_clicks(tmp_path, good_clicks(3)))
    assert not left.exists()


def test_the_manifest_says_what_was_read(tmp_path: Path) -> None:
    """Each raw file with its size, hash and rows; what belongs to no table is named."""
    source = write_clicks(tmp_path, good_clicks(3))
    (source / "other.csv").write_text("x\n")
    manifest = load(source).manifest
    (raw,) = manifest.raw
    path = source / "202305" / "clicks.csv"
    assert (raw.name, raw.size, raw.mtime_ns) == (
        "202305/clicks.csv",
        path.stat().st_size,
        path.stat().st_mtime_ns,
    )
    assert raw.rows == {"events": 3}
    assert manifest.unrecognised == ("other.csv",)
    assert manifest.origin == str(source)


def test_only_takes_a_part(tmp_path: Path) -> None:
    """A glob on upstream's paths."""
    for month in ("202304", "202305"):
        write_clicks(tmp_path, good_clicks(2), f"{month}/clicks.csv")
    assert load(tmp_path, only="202304/*")["events"].lazy().collect()["month"].unique().to_list() == [
        "202304"
    ]


def test_parquet_loads_too(tmp_path: Path) -> None:
    """Rows come with their lists, and rejected ones as JSON."""
    assert (
        load(write_pages(tmp_path), "shop/pages")["views"].lazy().collect()["tags"].to_list() == [[1, 2]] * 2
    )


def test_data_that_need_a_login_say_how_to_get_them() -> None:
    """Exit code 4, the instructions, and the names to expect."""
    with pytest.raises(ed.AccessError, match="ask the shop") as caught:
        ed.load("shop/clicks")
    assert "clicks*.csv" in str(caught.value)
    assert caught.value.exit_code == 4


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """The home is a file here: a plain error, no traceback of ours."""
    (tmp_path / "home").write_text("")
    source = write_clicks(tmp_path / "raw", good_clicks(1))
    with pytest.raises((ed.EcomdataError, OSError)) as caught:
        load(source, home=tmp_path / "home")
    assert os.fspath(tmp_path / "home") in str(caught.value)


def test_a_column_of_another_name_is_taken_where_the_user_says_so(tmp_path: Path, run_cli: RunCli) -> None:
    """The error names the option, and with it the file loads; the manifest remembers."""
    header = HEADER.replace("item", "sku")
    folder = write_clicks(tmp_path / "raw", good_clicks(3), header=header)
    refused = run_cli("load", "shop/clicks", "--source", str(folder), code=3)
    assert "--alias COLUMN=NAME" in refused.stderr
    run_cli("load", "shop/clicks", "--source", str(folder), "--alias", "item=sku")
    release = ed.open("shop/clicks")
    assert release.manifest.options["aliases"] == {"item": ["sku"]}
    assert len(release["events"]) == 3


def test_a_text_is_one_name_and_not_its_letters(tmp_path: Path) -> None:
    """Of a table, and of a column in the files, as a list with it would be."""
    folder = write_clicks(tmp_path / "raw", good_clicks(3), header=HEADER.replace("item", "sku"))
    release = load(folder, tables="events", aliases={"item": "sku"})
    assert list(release) == ["events"]
    assert release.manifest.options["aliases"] == {"item": ["sku"]}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"limit": -1}, "limit cannot be -1"),
        ({"limit": 0}, "limit cannot be 0"),
        ({"limit": 2.5}, "limit 2.5 is no whole number"),
        ({"jobs": 0}, "jobs cannot be 0"),
        ({"memory": "lots"}, "'lots' is not an amount of memory"),
    ],
)
def test_an_option_that_cannot_be_is_refused_before_anything_is_read(
    tmp_path: Path, options: dict[str, Any], message: str
) -> None:
    """As on the command line: what is loaded stays, and a long load does not fail at its end."""
    before = load(write_clicks(tmp_path / "raw", good_clicks(3)))
    with pytest.raises(ed.UsageError, match=message):
        load(tmp_path / "nothing", force=True, **options)
    assert ed.open("shop/clicks").folder == before.folder


def test_numbers_may_be_numpy_s(tmp_path: Path) -> None:
    """They load what Python's own do."""
    folder = write_clicks(tmp_path / "raw", good_clicks(9))
    release = load(folder, limit=np.int64(5), jobs=np.int32(2))
    assert len(release["events"]) == 5
    assert load(folder, limit=5).folder == release.folder


@pytest.mark.parametrize(
    ("alias", "message"), [("item", "is not COLUMN=NAME"), ("nothing=sku", "no raw column nothing")]
)
def test_an_alias_that_cannot_be_is_refused(
    tmp_path: Path, run_cli: RunCli, alias: str, message: str
) -> None:
    """With what would be right."""
    folder = write_clicks(tmp_path / "raw", good_clicks(3))
    assert message in run_cli("load", "shop/clicks", "--source", str(folder), "--alias", alias, code=2).stderr


def test_a_family_is_loaded_as_far_as_its_files_are_there(tmp_path: Path, run_cli: RunCli) -> None:
    """Each member takes its own files, also where another's names would do for them."""
    ed.sample("lead-lag/arxiv", tmp_path / "raw" / "arxiv", rows=20)
    ed.sample("lead-lag/github", tmp_path / "raw" / "github", rows=20)
    done = run_cli("load", "lead-lag", "--source", tmp_path / "raw")
    assert "lead-lag/gharchive: none of its files are there" in done.stderr
    assert "train-00000-of-00001.parquet is one of lead-lag/github's files" in done.stderr
    assert [len(ed.open(f"lead-lag/{name}")["series"]) for name in ("arxiv", "github")] == [11, 6]
    alone = run_cli("load", "lead-lag/gharchive", "--source", tmp_path / "raw", code=2)
    assert "none of its files are there" not in alone.stderr  # the error says so
    one = run_cli("load", "lead-lag", "--source", tmp_path / "raw" / "github", "--json")
    assert [release["dataset"] for release in json.loads(one.stdout)] == ["lead-lag/github"]
    with pytest.raises(ed.UsageError, match="no files of this dataset: data/labeled_test-00000-of"):
        ed.load("lead-lag/arxiv", source=tmp_path / "raw" / "github")
