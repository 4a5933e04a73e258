"""Bad input gets a clear error and nothing is lost: the command line over files spoilt in every way."""

from __future__ import annotations

import os
import random
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

import ecomdata as ed
from ecomdata.errors import UsageError
from tests.conftest import RunCli
from tests.faulty import BEHAVIOR, assert_accounted, assert_clear, leftovers, manifest_of, sampled

HEADER = b"user_id,item_id,category_id,behavior_type,timestamp\n"
SHARD = "20230501/000000000000.parquet"
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"4" * 64 + b"\nsize 3674486976\n"
PAGE = b"<!DOCTYPE html>\n<html><head><title>Log in</title></head><body></body></html>"
DERIVATIVE = [
    *("user_index", "item_index", "seq_len", "user_id", "session_id", "day_of_week", "is_weekend", "hour"),
    *("Like", "Cart", "Offer", "Checkout", "Purchase"),
]

Spoil = Callable[[bytes], bytes]


@pytest.fixture(scope="module")
def behavior(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A UserBehavior.csv of 2,000 rows."""
    return (sampled(BEHAVIOR, tmp_path_factory.mktemp("raw"), 2000) / "UserBehavior.csv").read_bytes()


@pytest.fixture(scope="module")
def shard(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shard of MerRec with 500 rows."""
    return sampled("merrec", tmp_path_factory.mktemp("raw"), 2000) / SHARD


def _csv(folder: Path, data: bytes) -> Path:
    (folder / "UserBehavior.csv").write_bytes(data)
    return folder


def _each_line(change: Callable[[list[bytes]], list[bytes]], header: bytes = b"") -> Spoil:
    def spoil(data: bytes) -> bytes:
        return header + b"".join(b",".join(change(line.split(b","))) + b"\n" for line in data.splitlines())

    return spoil


def _nothing_visible(home: Path) -> None:
    assert leftovers(home) == []
    assert not list(home.rglob("current"))
    assert not list(home.rglob("manifest.json"))
    assert not list(home.rglob("*.parquet"))


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        pytest.param(
            _each_line(lambda f: [*f[:3], f[4]], b"user_id,item_id,category_id,timestamp\n"),
            ["UserBehavior.csv", "missing: behavior_type"],
            id="a column missing",
        ),
        pytest.param(
            _each_line(lambda f: [*f, b"x"], HEADER[:-1] + b",note\n"),
            ["UserBehavior.csv", "not expected: note"],
            id="a column too many",
        ),
        pytest.param(
            lambda data: HEADER.replace(b"behavior", b"behaviour") + data,
            ["UserBehavior.csv", "behaviour_type may be behavior_type"],
            id="a column misspelt",
        ),
        pytest.param(
            lambda data: HEADER.replace(b"user_id", b"item_id") + data,
            ["UserBehavior.csv", "named twice: item_id"],
            id="a column named twice",
        ),
        pytest.param(
            _each_line(lambda f: f[:3]),
            ["UserBehavior.csv", "3 fields, 5 are expected", "user_id, item_id"],
            id="fewer columns and no header",
        ),
        pytest.param(
            _each_line(lambda f: [*f, b"x"]),
            ["UserBehavior.csv", "6 fields, 5 are expected"],
            id="more columns and no header",
        ),
        *[
            pytest.param(
                lambda data, mark=mark: data.replace(b",", mark),
                ["UserBehavior.csv", f"separated by {mark.decode()!r}", "upstream separates them by ','"],
                id=f"separated by {mark!r}",
            )
            for mark in (b";", b"\t", b"|", b" ")
        ],
        pytest.param(
            lambda data: data.replace(b"\n", b" "),
            ["UserBehavior.csv", "fields, 5 are"],
            id="one endless line",
        ),
        pytest.param(
            lambda data: data.decode().encode("utf-16"), ["UserBehavior.csv", "UTF-16", "iconv"], id="UTF-16"
        ),
        pytest.param(
            lambda _: random.Random(1).randbytes(20_000),  # noqa: S311
            ["UserBehavior.csv", "not UTF-8"],
            id="noise",
        ),
        pytest.param(lambda _: b"", ["UserBehavior.csv is empty (0 bytes)"], id="empty"),
        pytest.param(lambda _: b"\n\n", ["UserBehavior.csv", "first line is blank"], id="blank lines only"),
        pytest.param(
            lambda _: POINTER,
            ["UserBehavior.csv is a git-LFS pointer", "3,674,486,976 bytes", "git lfs pull"],
            id="a git-LFS pointer",
        ),
        pytest.param(lambda _: PAGE, ["UserBehavior.csv is a web page", "needs a login"], id="a web page"),
    ],
)
def test_a_csv_that_is_not_upstreams_is_refused(
    behavior: bytes, tmp_path: Path, home: Path, run_cli: RunCli, spoil: Spoil, words: list[str]
) -> None:
    """Exit 3, a message that names the file and what is wrong with it, a hint, and nothing in the store."""
    source = _csv(tmp_path, spoil(behavior))
    done = run_cli("load", BEHAVIOR, "--source", source, code=3)
    assert_clear(done, *words)
    _nothing_visible(home)


def _flipped(data: bytes, start: int, count: int = 500) -> bytes:
    return data[:start] + bytes(count) + data[start + count :]


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        pytest.param(lambda d: d[: len(d) // 2], ["truncated Parquet"], id="truncated"),
        pytest.param(lambda d: d[:6], ["truncated Parquet"], id="only the magic bytes"),
        pytest.param(lambda d: _flipped(d, len(d) // 3), ["rows 1 to ", "damaged"], id="a page damaged"),
        pytest.param(lambda d: _flipped(d, len(d) - 3000), ["not a whole Parquet"], id="the footer damaged"),
        pytest.param(lambda _: b"", ["is empty (0 bytes)"], id="empty"),
        pytest.param(lambda _: b"user_id,stime\n45,1\n", ["is no Parquet file"], id="a CSV"),
        pytest.param(lambda _: POINTER, ["git-LFS pointer", "git lfs pull"], id="a git-LFS pointer"),
        pytest.param(lambda _: PAGE, ["web page"], id="a web page"),
    ],
)
def test_a_damaged_shard_is_refused(
    shard: Path, tmp_path: Path, home: Path, run_cli: RunCli, spoil: Spoil, words: list[str]
) -> None:
    """Exit 3 for one damaged shard beside a whole one, by its name; nothing of either is in the store."""
    month = tmp_path / "20230501"
    month.mkdir()
    (month / "000000000000.parquet").write_bytes(shard.read_bytes())
    (month / "000000000001.parquet").write_bytes(spoil(shard.read_bytes()))
    done = run_cli("load", "merrec", "--source", tmp_path, code=3)
    assert_clear(done, "20230501/000000000001.parquet", *words)
    _nothing_visible(home)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda f: f.drop("price", "color"), ["missing: price, color"]),
        (lambda f: f.with_columns(discount=1), ["not expected: discount"]),
        (lambda f: f.rename({"brand_name": "brand_nmae"}), ["brand_nmae may be brand_name"]),
        (lambda f: f.rename({"c2_id": "C2_ID"}), ["C2_ID may be c2_id"]),
        (lambda f: f.cast({"item_id": pl.String}), ["item_id is String, declared Int64", "own types"]),
        (lambda f: f.cast({"c1_id": pl.Float64}), ["c1_id is Float64, declared Int64"]),
        (
            lambda _: pl.DataFrame({name: [1, 2] for name in DERIVATIVE}),
            ["looks like salmon1802/MerRec", "upstream's own files"],
        ),
    ],
    ids=["missing", "extra", "misspelt", "other case", "text for a number", "ids as floats", "derivative"],
)
def test_a_shard_with_other_columns_is_refused(
    shard: Path,
    tmp_path: Path,
    home: Path,
    run_cli: RunCli,
    change: Callable[[pl.DataFrame], pl.DataFrame],
    words: list[str],
) -> None:
    """Exit 3; the message names the file and the columns, and a known derivative by its name."""
    path = tmp_path / SHARD
    path.parent.mkdir()
    change(pl.read_parquet(shard)).write_parquet(path)
    done = run_cli("load", "merrec", "--source", tmp_path, code=3)
    assert_clear(done, SHARD, *words)
    _nothing_visible(home)


@pytest.mark.parametrize("name", ["data/train-00000-of-00001.parquet", "merrec.csv"])
def test_a_derivative_under_its_own_file_names_is_told(tmp_path: Path, run_cli: RunCli, name: str) -> None:
    """Whatever its files are called, a known derivative is named, not only «no files of merrec»."""
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    frame = pl.DataFrame({column: [1, 2] for column in DERIVATIVE})
    frame.write_csv(path) if path.suffix == ".csv" else frame.write_parquet(path)
    assert_clear(run_cli("load", "merrec", "--source", tmp_path, code=3), name, "salmon1802/MerRec")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda d: d[: len(d) // 2], ["truncated or damaged zip"]),
        (lambda d: d[:40], ["truncated or damaged zip"]),
        (lambda d: _flipped(d, len(d) // 3), ["UserBehavior.csv is damaged"]),
        (lambda _: b"", ["is empty (0 bytes)"]),
        (lambda _: PAGE, ["web page"]),
        (lambda _: POINTER, ["git-LFS pointer"]),
    ],
    ids=["half-written", "a stub", "damaged inside", "empty", "a web page", "a git-LFS pointer"],
)
def test_a_broken_zip_is_refused(
    behavior: bytes, tmp_path: Path, home: Path, run_cli: RunCli, spoil: Spoil, words: list[str]
) -> None:
    """Exit 3 for an archive that was not copied or downloaded to its end."""
    path = tmp_path / "UserBehavior.csv.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("UserBehavior.csv", behavior)
    path.write_bytes(spoil(path.read_bytes()))
    done = run_cli("load", BEHAVIOR, "--source", tmp_path, code=3)
    assert_clear(done, "UserBehavior.csv.zip", *words)
    _nothing_visible(home)


def test_a_refused_load_leaves_the_earlier_release(
    behavior: bytes, tmp_path: Path, home: Path, run_cli: RunCli
) -> None:
    """A bad file, a missing one or a strict load with rejected rows: what was loaded before stays visible."""
    source = _csv(tmp_path, behavior)
    run_cli("load", BEHAVIOR, "--source", source)
    before = manifest_of(home, BEHAVIOR)
    _csv(tmp_path, behavior[: len(behavior) // 2 + 3])
    strict = run_cli("load", BEHAVIOR, "--source", source, "--strict", code=3)
    assert_clear(strict, "1 of 1,0", "rejected", "without --strict")
    _csv(tmp_path, PAGE)
    run_cli("load", BEHAVIOR, "--source", source, code=3)
    (tmp_path / "UserBehavior.csv").unlink()
    run_cli("load", BEHAVIOR, "--source", source, code=2)
    assert manifest_of(home, BEHAVIOR) == before
    assert leftovers(home) == []
    assert ed.sql("select count(*) from taobao_user_behavior.interactions").item() == 2000


Change = tuple[str, Callable[[bytes], bytes]]

CHANGES: tuple[Change, ...] = (
    ("4 fields instead of 5", lambda line: line.rpartition(b",")[0]),
    ("7 fields instead of 5", lambda line: line + b",1,2"),
    ("1 fields instead of 5", lambda _: b"lorem ipsum"),
    ("not UTF-8 at byte", lambda line: line.replace(b"pv", b"p\xff\xfe").replace(b"buy", b"\x80")),
    ("user_id: 'abc' is not an integer", lambda line: b"abc," + line.partition(b",")[2]),
    ("item_id: '9223372036854775808' is not", lambda _: b"1,9223372036854775808,3,pv,1511539200"),
    ("timestamp: '1511539200.5' is not", lambda _: b"1,2,3,pv,1511539200.5"),
    ("user_id is null", lambda line: b"," + line.partition(b",")[2]),
    ("'PageView' is not one of pv, cart", lambda _: b"1,2,3,PageView,1511539200"),
    ("timestamp is no time in Unix seconds", lambda _: b"1,2,3,pv,9000000000000"),
    ("is not an integer", lambda line: line + b"\0"),
)
"""What is done to a line, and a part of the reason it is rejected for."""


def _spoilt(lines: list[bytes], rows: list[int]) -> dict[int, tuple[str, bytes]]:
    """Change the lines at these row numbers in turn; row -> (reason, the line as it is now)."""
    changed: dict[int, tuple[str, bytes]] = {}
    for place, row in enumerate(rows):
        reason, change = CHANGES[place % len(CHANGES)]
        line = lines[row - 1]
        if b"pv" not in line and b"buy" not in line:
            line = b"1,2,3,pv,1511539200"
        lines[row - 1] = change(line)
        changed[row] = (reason, lines[row - 1])
    return changed


def _assert_nothing_lost(home: Path, lines: list[bytes], changed: dict[int, tuple[str, bytes]]) -> None:
    """The good lines are in the table in their order, the others in quarantine as they were."""
    manifest = manifest_of(home, BEHAVIOR)
    assert manifest is not None
    assert_accounted(manifest)
    table = ed.open(BEHAVIOR)["interactions"]
    rejected = table.rejected()
    assert rejected["row"].to_list() == sorted(changed)
    assert rejected["source_file"].unique().to_list() == ["UserBehavior.csv"]
    for row, reasons, raw, raw_bytes in rejected.select("row", "reasons", "raw", "raw_bytes").iter_rows():
        reason, line = changed[row]
        assert any(reason in one for one in reasons), (row, reasons)
        assert (raw_bytes if raw_bytes is not None else raw.encode()) == line
    stored = table.lazy().select(
        pl.concat_str(
            "user_id",
            "item_id",
            "category_id",
            "event_raw",
            pl.col("timestamp").dt.epoch("s"),
            separator=",",
        )
    )
    good = [line.decode() for row, line in enumerate(lines, start=1) if row not in changed]
    assert stored.collect().to_series().to_list() == good


def test_every_bad_row_is_in_quarantine_as_it_was(
    behavior: bytes, tmp_path: Path, home: Path, run_cli: RunCli
) -> None:
    """Each kind of bad row, the last line included: row number, reason and raw content, and no other row."""
    lines = behavior.splitlines()
    changed = _spoilt(lines, [2, 3, 500, 501, 502, 777, 1200, 1201, 1300, 1999, 2000])
    source = _csv(tmp_path, b"\n".join(lines))
    done = run_cli("load", BEHAVIOR, "--source", source)
    assert "rejected rows are in" in done.stderr
    assert "rejected: 1 x 4 fields instead of 5" in done.stderr
    _assert_nothing_lost(home, lines, changed)


@pytest.fixture(scope="module")
def blocks(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A UserBehavior.csv that is read in several blocks."""
    return (sampled(BEHAVIOR, tmp_path_factory.mktemp("raw"), 600_000) / "UserBehavior.csv").read_bytes()


@pytest.mark.parametrize("seed", [1, 2])
def test_rows_are_numbered_over_the_whole_file(
    seed: int, blocks: bytes, tmp_path: Path, home: Path, run_cli: RunCli
) -> None:
    """In a file of several blocks, with CRLF or not, bad rows keep the line numbers of the file."""
    lines = blocks.splitlines()
    rows = sorted(random.Random(seed).sample(range(2, len(lines) + 1), 60))  # noqa: S311
    changed = _spoilt(lines, rows)
    end = b"\r\n" if seed == 2 else b"\n"
    run_cli("load", BEHAVIOR, "--source", _csv(tmp_path, end.join(lines) + end), "--jobs", str(seed))
    _assert_nothing_lost(home, lines, changed)


def test_a_file_cut_in_a_line_loses_no_whole_row(
    behavior: bytes, tmp_path: Path, home: Path, run_cli: RunCli
) -> None:
    """Of a download that stopped in the middle of a line, the last piece is in quarantine."""
    lines = behavior[: len(behavior) // 2].splitlines()
    lines[-1] = lines[-1][:9]
    run_cli("load", BEHAVIOR, "--source", _csv(tmp_path, b"\n".join(lines)))
    _assert_nothing_lost(home, lines, {len(lines): ("fields instead of 5", lines[-1])})


def test_bad_rows_of_a_shard_are_in_quarantine_as_json(
    shard: Path, tmp_path: Path, home: Path, run_cli: RunCli
) -> None:
    """Rows of a Parquet file that break rules carry every reason and all upstream's columns."""
    frame = pl.read_parquet(shard).with_row_index("n")
    row = pl.col("n") + 1
    frame = frame.with_columns(
        price=pl.when(row % 100 == 7).then(-1.0).otherwise("price"),
        event_id=pl.when(row % 50 == 7).then(pl.lit("item_veiw")).otherwise("event_id"),
    ).drop("n")
    path = tmp_path / SHARD
    path.parent.mkdir()
    frame.write_parquet(path, row_group_size=90)
    run_cli("load", "merrec", "--source", tmp_path)
    manifest = manifest_of(home, "merrec")
    assert manifest is not None
    assert_accounted(manifest)
    rejected = ed.open("merrec")["events"].rejected()
    assert rejected["row"].to_list() == [n for n in range(1, frame.height + 1) if n % 50 == 7]
    assert rejected["source_file"].unique().to_list() == [SHARD]
    for number, reasons, raw in rejected.select("row", "reasons", "raw").iter_rows():
        assert any("event" in reason for reason in reasons)
        assert any("price is below" in reason for reason in reasons) == (number % 100 == 7)
        assert '"event_id": "item_veiw"' in raw
        assert f'"item_id": {frame["item_id"][number - 1]}' in raw
    assert manifest["tables"]["events"]["written"] == frame.height - rejected.height


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (["merrec", "--source", "nowhere/at/all"], 2, ["no file or folder nowhere/at/all"]),
        (["merrec", "--source", "merec"], 2, ["no file or folder merec", "did you mean merrec?"]),
        (["merrec", "--source", "salmon1802/MerRec"], 2, ["hf://datasets/salmon1802/MerRec"]),
        (["merrec", "--source", "ftp://example.org/x"], 2, ["cannot read from ftp://"]),
        (["merrec", "--source", "behavior"], 2, ["no files of merrec", "UserBehavior.csv", "expected names"]),
        (["merrec", "--source", "merrec", "--only", "20240101/*"], 2, ["20240101/*", "none of the 1 files"]),
        (["merrec", "--source", "merrec", "--table", "evnts"], 2, ["no table evnts", "events, items"]),
        (["merrec", "--source", "merrec", "--sample"], 2, ["--sample and --source"]),
        (["merrek"], 2, ["'merrek'", "did you mean merrec?"]),
        (["user-behavior"], 2, ["did you mean taobao/user-behavior?"]),
        (["../../etc"], 2, ["'../../etc'", "known datasets"]),
        ([BEHAVIOR], 4, ["tianchi.aliyun.com/dataset/649", "UserBehavior.csv", f"load {BEHAVIOR} --source"]),
    ],
)
def test_a_wrong_request_is_answered_with_what_to_do(
    shard: Path,
    behavior: bytes,
    tmp_path: Path,
    home: Path,
    run_cli: RunCli,
    args: list[str],
    code: int,
    words: list[str],
) -> None:
    """Wrong paths, names, tables and globs exit 2 with near names; for a login, 4 and the way to it."""
    (tmp_path / "behavior").mkdir()
    _csv(tmp_path / "behavior", behavior)
    path = tmp_path / "merrec" / SHARD
    path.parent.mkdir(parents=True)
    path.write_bytes(shard.read_bytes())
    assert_clear(run_cli("load", *args, code=code), *words)
    _nothing_visible(home)


@pytest.fixture
def unnamed(tmp_path: Path) -> Path:
    """A folder whose name is not UTF-8."""
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/raw-\xff"))
    try:
        folder.mkdir()
    except OSError:
        pytest.skip("the file system takes UTF-8 alone")
    return folder


@pytest.mark.parametrize(
    ("args", "what"),
    [
        (("load", BEHAVIOR, "--source", "{}", "-y"), "the source"),
        (("load", BEHAVIOR, "--sample", "-y", "--home", "{}"), "the path"),
        (("sql", "SELECT 1 AS a", "-o", "{}/a.csv", "--format", "csv"), "the path"),
        (("catalog", "{}/a.duckdb"), "the path"),
    ],
)
def test_a_path_that_is_not_utf_8_is_named(
    run_cli: RunCli, unnamed: Path, behavior: bytes, args: tuple[str, ...], what: str
) -> None:
    """DuckDB and polars cannot open it, nor a manifest name it: that is said before anything is read."""
    _csv(unnamed, behavior)
    done = run_cli(*(arg.format(unnamed) for arg in args), code=2)
    assert_clear(done, f"{what} ", "has a name that is not UTF-8")
    assert [path.name for path in unnamed.iterdir()] == ["UserBehavior.csv"]


def test_a_home_that_is_not_utf_8_is_named(unnamed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also by the function, and where the environment names it."""
    with pytest.raises(UsageError, match=r"the home .* has a name that is not UTF-8"):
        ed.load(BEHAVIOR, sample=True, home=unnamed)
    monkeypatch.setenv("ECOMDATA_HOME", str(unnamed))
    with pytest.raises(UsageError, match=r"the home .* has a name that is not UTF-8"):
        ed.open(BEHAVIOR)


def test_a_file_whose_name_is_not_utf_8_is_named(
    run_cli: RunCli, home: Path, tmp_path: Path, unnamed: Path, shard: Path
) -> None:
    """Where its dataset would take it; what belongs to no table is left alone."""
    files = [tmp_path / "raw" / SHARD, tmp_path / "raw" / unnamed.name / SHARD]
    for file in files:
        file.parent.mkdir(parents=True)
    files[0].write_bytes(shard.read_bytes())
    (files[1].parent / "notes.bin").write_bytes(b"?")
    run_cli("load", "merrec", "--source", tmp_path / "raw", "-y")
    manifest = manifest_of(home, "merrec")
    assert manifest
    assert manifest["unrecognised"] == ["raw-\\xff/20230501/notes.bin"]
    files[1].write_bytes(shard.read_bytes())
    done = run_cli("load", "merrec", "--source", tmp_path / "raw", "-y", "--force", code=3)
    assert_clear(done, "raw-\\xff/20230501/000000000000.parquet has a name that is not UTF-8", "rename it")


@pytest.fixture(scope="module")
def patterned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose name is a pattern that another home's name matches, with the same releases in both."""
    folder = tmp_path_factory.mktemp("homes")
    homes = folder / "d[a]?*", folder / "data-2"
    for home in homes:
        for name in ("banglishrev", "merrec"):
            ed.load(name, sample=True, home=home)
        ed.embed("merrec", table="items", column="title", home=home)
    return homes[0]


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # datasets leaves files to the garbage collector
def test_a_home_whose_name_is_a_pattern(patterned: Path) -> None:
    """polars, DuckDB and datasets would read the other home's rows, or both homes'."""
    other_home = patterned.with_name("data-2")
    events = ed.open("merrec", home=patterned)["events"]
    rows = len(events)
    assert events.lazy().select(pl.len()).collect().item() == rows
    assert events.arrow().count_rows() == rows
    assert events.hf().num_rows == rows
    assert events.relation().count("*").fetchall() == [(rows,)]
    for name in ("merrec.events", "merrec.session_based", "merrec.embeddings"):
        here, other = (
            ed.sql(f"SELECT count(*) FROM {name}", home=home).item()  # noqa: S608 - a name from above
            for home in (patterned, other_home)
        )
        assert here == other
    assert len(ed.open("banglishrev", home=patterned)["reviews"].rejected()) == 0
    assert ed.validate("merrec", home=patterned).counts == ed.validate("merrec", home=other_home).counts


@pytest.mark.parametrize(
    "words",
    [
        ("dedup", "banglishrev", "--table", "reviews", "--column", "text", "--max-removed", "1", "--apply"),
        ("dedup", "merrec", "--table", "items", "--column", "title", "--method", "semantic", "--json"),
        ("stats", "merrec", "--label", "category_id"),
        ("card", "merrec", "-o", "{}/card"),
        ("personal-data", "banglishrev"),
    ],
    ids=lambda words: " ".join(words[:2]),
)
def test_commands_in_a_home_whose_name_is_a_pattern(
    run_cli: RunCli, patterned: Path, tmp_path: Path, words: tuple[str, ...]
) -> None:
    """They say the same there as in any other home."""
    said = []
    for home in (patterned, patterned.with_name("data-2")):
        done = run_cli(*(word.format(tmp_path / home.name) for word in words), "--home", home)
        timeless = re.sub(r'("seconds": |cpu in )[\d.]+', "", done.stdout)
        said.append(timeless.replace(home.name, "data-2"))
    assert said[0] == said[1]
