"""``ecomdata embed``: sets of vectors beside the store, whole or not at all, never stale."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow.parquet as pq
import pytest

import ecomdata as ed
from ecomdata.embeddings import writing
from tests.conftest import ROOT, RunCli
from tests.toys import good_clicks, toyshop, write_clicks

__all__ = ["toyshop"]


def digest(folder: Path) -> dict[str, bytes]:
    """The shards of a set."""
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.parquet"))}


@pytest.fixture
def clicks(tmp_path: Path, home: Path) -> ed.Release:
    """Clicks with a note on most."""
    lines = [
        f"{1 + n % 7},{n},view,{n}.5,{'' if n % 5 == 0 else f'note on item {n % 31}'}" for n in range(200)
    ]
    return ed.load("shop/clicks", source=write_clicks(tmp_path / "raw", lines), home=home)


def embed_notes(**options: object) -> ed.EmbeddingSet:
    """The notes of the clicks as short vectors."""
    return ed.embed("shop/clicks", table="events", column="note", dim=8, **options)


def test_a_row_for_each_row_of_the_table(clicks: ed.Release, home: Path) -> None:
    """Numbered from 1, with the keys; no vector where there is no text, and that is counted."""
    made = embed_notes()
    place = home / "embeddings" / "shop" / "clicks" / clicks.folder.name / "events_note_lsa"
    assert (made.name, made.paths[0].parent, made.rows, made.nulls) == ("events_note_lsa", place, 200, 40)
    frame = made.lazy().collect()
    texts = clicks["events"].lazy().select("note", *made.keys).collect()
    assert frame["row_id"].to_list() == list(range(1, 201))
    assert frame.select(made.keys).equals(texts.select(made.keys))
    assert frame["vector"].is_null().equals(texts["note"].is_null().alias("vector"))
    assert frame.schema["vector"] == pl.Array(pl.Float32, made.dim)
    assert frame.select("model", "dim").unique().row(0) == ("lsa", made.dim)
    lengths = np.linalg.norm(frame["vector"].drop_nulls().to_numpy(), axis=1)
    assert np.allclose(lengths, 1, atol=1e-5)


def test_the_vectors_can_be_read_block_by_block(clicks: ed.Release) -> None:
    """Those that there are, in order."""
    made = embed_notes()
    vectors = made.vectors()
    assert (vectors.rows, vectors.dim) == (160, made.dim)
    read = np.concatenate(list(vectors.blocks(33)))
    assert np.array_equal(read, made.lazy().collect()["vector"].drop_nulls().to_numpy())
    assert len(clicks["events"]) == 200


def test_the_bytes_are_the_same_whatever_the_jobs(clicks: ed.Release) -> None:
    """One thread or three, made again or not."""
    first = embed_notes(jobs=1)
    bytes_before = digest(first.paths[0].parent)
    assert digest(embed_notes(jobs=3, force=True).paths[0].parent) == bytes_before
    assert first == embed_notes(jobs=3)
    assert len(clicks["events"]) == 200


def test_a_set_that_is_there_is_kept_and_another_replaces_it(clicks: ed.Release) -> None:
    """Nothing is written for the same options; other options put another set in its place."""
    made = embed_notes()
    before = made.paths[0].stat().st_mtime_ns
    assert embed_notes().paths[0].stat().st_mtime_ns == before
    assert embed_notes(normalize=False).normalised is False
    assert [one.normalised for one in ed.embedding_sets(clicks)] == [False]
    assert embed_notes(limit=50).rows == 50
    assert sorted(path.name for path in made.paths[0].parent.parent.iterdir()) == [
        ".events_note_lsa.lock",
        "events_note_lsa",
    ]


def test_a_damaged_set_is_made_again(clicks: ed.Release) -> None:
    """Its bytes are hashed before it is kept."""
    made = embed_notes()
    good = made.paths[0].read_bytes()
    made.paths[0].write_bytes(good[:-20] + bytes(20))
    assert embed_notes().paths[0].read_bytes() == good
    assert len(clicks["events"]) == 200


def test_another_sets_basis_makes_vectors_that_compare(clicks: ed.Release) -> None:
    """With ``lsa:FOLDER`` the same text has the same vector, and the set has a name of its own."""
    made = embed_notes()
    other = embed_notes(encoder=f"lsa:{made.paths[0].parent}", limit=20)
    assert other.revision == made.revision
    assert other.name == f"events_note_lsa_with_{made.revision[:8]}"
    assert other.lazy().collect()["vector"].equals(made.lazy().collect()["vector"][:20])
    assert len(clicks["events"]) == 200


class Letters:
    """An encoder of a user's own: how often each vowel occurs."""

    name = "org/Vowel-Counts v1"
    revision = "0" * 64
    dim = 5
    normalised = False
    deterministic = True

    def encode(self, texts: pl.Series) -> np.ndarray:
        """A row for each text."""
        return np.array([[text.count(v) for v in "aeiou"] for text in texts], np.float32).reshape(-1, 5)


def test_an_encoder_of_ones_own(clicks: ed.Release) -> None:
    """Any object with the protocol's facts and its one method; its name becomes part of the set's."""
    made = embed_notes(encoder=Letters())
    assert (made.name, made.encoder, made.dim) == ("events_note_vowel_counts_v1", "org/Vowel-Counts v1", 5)
    assert made.lazy().collect()["vector"][1].to_list() == [0, 2, 1, 2, 0]
    assert len(clicks["events"]) == 200


def test_vectors_of_another_encoder_are_not_written_over(clicks: ed.Release) -> None:
    """Sets are called by the last part of an encoder's name; who has two of one asks for it."""

    class Theirs(Letters):
        name = "theirs/vowel counts V1"
        revision = "1" * 64

    ours = embed_notes(encoder=Letters())
    with pytest.raises(ed.UsageError, match=r"events_note_vowel_counts_v1 is there.*of org/Vowel-Counts v1"):
        embed_notes(encoder=Theirs())
    assert [one.revision for one in ed.embedding_sets(clicks)] == [ours.revision]
    assert embed_notes(encoder=Theirs(), force=True).revision == Theirs.revision


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda rows: rows[:-1], "not float32 of"),
        (lambda rows: rows[:, :3], "not float32 of"),
        (lambda rows: rows.astype(np.float64), "gave float64"),
        (lambda rows: rows.tolist(), "gave list, not float32 of"),
        (lambda rows: rows * np.float32("nan"), "is not finite"),
        (lambda rows: rows + np.float32("inf"), "is not finite"),
    ],
)
def test_an_encoder_that_does_not_keep_its_word(
    spoil: Callable[[np.ndarray], np.ndarray], said: str, clicks: ed.Release
) -> None:
    """Rows or values are missing, or are no numbers: refused, and no set appears."""

    class Spoilt(Letters):
        def encode(self, texts: pl.Series) -> np.ndarray:
            return spoil(super().encode(texts))

    with pytest.raises(ed.DataError, match=said):
        embed_notes(encoder=Spoilt())
    assert ed.embedding_sets(clicks) == ()


def test_the_catalog_has_them(clicks: ed.Release, tmp_path: Path, home: Path) -> None:
    """By the set's name, and as ``embeddings`` while there is one; never those of another release."""
    embed_notes()
    count = "select count(vector) n, any_value(dim) dim from shop_clicks.{}"
    assert ed.sql(count.format("embeddings")).row(0) == (160, 8)
    embed_notes(encoder=Letters())
    assert ed.sql(count.format("embeddings_events_note_vowel_counts_v1")).row(0) == (160, 5)
    with pytest.raises(ed.UsageError, match="embeddings"):
        ed.sql(count.format("embeddings"))
    assert ed.write_catalog(tmp_path / "catalog.duckdb") > 0
    other = write_clicks(tmp_path / "other", good_clicks(9))
    ed.load("shop/clicks", source=other, force=True)
    with pytest.raises(ed.UsageError, match="embeddings_events_note_lsa"):
        ed.sql(count.format("embeddings_events_note_lsa"))
    assert ed.embedding_sets(ed.open("shop/clicks")) == ()
    assert (home / "embeddings" / "shop" / "clicks" / clicks.folder.name).is_dir()


def test_a_set_with_a_file_missing_is_not_there(clicks: ed.Release) -> None:
    """And does not stand in the way of the tables."""
    embed_notes().paths[0].unlink()
    assert ed.sql("select count(*) n from shop_clicks.events").item() == 200
    assert ed.embedding_sets(clicks) == ()


@pytest.mark.parametrize(
    "spoilt",
    ["", "[]", '{"files": 3}', '{"files": [], "keys": []}'],
    ids=["empty", "list", "number", "lacking"],
)
def test_a_manifest_that_is_not_ours_is_no_set(spoilt: str, clicks: ed.Release) -> None:
    """Nor is one whose files lie elsewhere."""
    made = embed_notes()
    manifest = made.paths[0].with_name("manifest.json")
    value = json.loads(manifest.read_text())
    manifest.write_text(spoilt)
    assert ed.embedding_sets(clicks) == ()
    value["files"][0]["path"] = "../events_note_lsa/part-00000.parquet"
    manifest.write_text(json.dumps(value))
    assert ed.embedding_sets(clicks) == ()


@pytest.mark.parametrize(
    "spoilt",
    [
        {"table": {}},
        {"keys": "item"},
        {"rows": "many"},
        {"files": [{"path": True, "size": 1, "sha256": "", "rows": 1}]},
        {"release": None},
        {"release": "../../planted"},
        {"dataset": "../../planted"},
    ],
    ids=str,
)
def test_a_manifest_of_other_types_or_of_elsewhere_is_no_set(
    spoilt: dict[str, object], clicks: ed.Release, home: Path
) -> None:
    """It stands in the way of no query, and nothing is written where it says; embedding again mends it."""
    manifest = embed_notes().paths[0].with_name("manifest.json")
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), **spoilt}))
    assert ed.sql("select count(*) n from shop_clicks.events").item() == 200
    with pytest.raises(ed.UsageError, match="has no embeddings"):
        ed.stats("shop/clicks")
    assert not [*home.rglob("*planted*"), *home.parent.glob("planted*")]
    embed_notes()
    assert len(ed.embedding_sets(clicks)) == 1


def test_a_dataset_brings_its_own(home: Path) -> None:
    """FORGE's tables of kind embeddings are sets too; base64 of the wrong size was rejected by the load."""
    release = ed.load("taobao/forge", sample=True, home=home)
    own = {one.name: one for one in ed.embedding_sets(release)}
    assert list(own) == ["demo_embeddings", "demo_pair_embeddings", "embeddings"]
    assert ed.embedding_sets("taobao/forge", home=home) == tuple(own.values())
    made = own["embeddings"]
    assert (made.dim, made.nulls, made.keys) == (512, 0, ("item_id",))
    assert (made.rows, made.vectors().rows) == (len(release["embeddings"]),) * 2
    reasons = release["embeddings"].rejected()["reasons"].explode().to_list()
    assert reasons == ["breaks the rule feature_holds_512_float32"]


@pytest.mark.parametrize(
    ("which", "hint"),
    [
        (None, "name one (--table SET, or --against taobao/forge.SET): demo_embeddings"),
        ("embedings", "did you mean embeddings"),
        ("x", "there are"),
    ],
)
def test_a_set_that_is_not_there_is_told_with_those_that_are(
    which: str | None, hint: str, home: Path
) -> None:
    """Near names first."""
    ed.load("taobao/forge", sample=True, home=home)
    with pytest.raises(ed.UsageError) as caught:
        ed.embedding_set("taobao/forge", which)
    assert hint in caught.value.hint


def test_numbers_may_be_numpy_s(clicks: ed.Release) -> None:
    """They make the set that Python's own do."""
    made = ed.embed("shop/clicks", column="note", dim=np.int64(8), seed=np.int32(3), limit=np.int64(90))
    assert made == ed.embed("shop/clicks", column="note", dim=8, seed=3, limit=90)
    assert made.rows == 90 < len(clicks["events"])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"table": "event"}, "did you mean events"),
        ({"table": "nothing"}, "its tables are"),
        ({"table": "events", "column": "nte"}, "did you mean note"),
        ({"table": "events", "column": "user_id"}, "holds Int64, not strings"),
        ({"table": "events"}, "choose one with --table and --column"),
        ({"column": "note", "encoder": "lsi"}, "encoders are lsa"),
        ({"column": "note", "encoder": "lsa:nowhere.npz"}, "nowhere.npz is no file"),
        ({"column": "note", "dim": 0}, "give 1 to 4,096"),
        ({"column": "note", "batch": 0}, "give 1 to 65,536"),
        ({"column": "note", "jobs": 0}, "give at least 1"),
        ({"column": "note", "limit": 0}, "leaves none"),
        ({"column": "note", "seed": -1}, "seed cannot be -1"),
        ({"column": "note", "dim": 8.5}, "no whole number"),
        ({"column": "note", "device": "gpu"}, "auto, cpu, cuda"),
    ],
)
def test_a_wrong_request_is_answered(options: dict[str, object], said: str, clicks: ed.Release) -> None:
    """What is wrong, and what to do next; nothing is left."""
    with pytest.raises(ed.UsageError) as caught:
        ed.embed("shop/clicks", **options)
    assert caught.value.hint
    assert said in f"{caught.value} {caught.value.hint}"
    assert not list((clicks.home / "embeddings").rglob("*.parquet"))


def test_a_column_without_any_text_is_told(tmp_path: Path, run_cli: RunCli) -> None:
    """With exit code 3 and nothing on stdout: there is nothing to learn from."""
    ed.load("shop/clicks", source=write_clicks(tmp_path / "raw", good_clicks(5)))
    done = run_cli("embed", "shop/clicks", "--column", "note", code=3)
    assert "no text to learn from" in done.stderr
    assert "hint: " in done.stderr
    assert not done.stdout


def test_the_command_says_what_it_made(clicks: ed.Release, run_cli: RunCli) -> None:
    """A line for people with the name in SQL, the place on stderr; JSON for machines."""
    done = run_cli("embed", "shop/clicks", "--column", "note", "--dim", "8")
    assert "200 rows, 40 without text" in done.stdout
    assert "shop_clicks.embeddings_events_note_lsa" in done.stdout
    assert "events_note_lsa" in done.stderr
    again = json.loads(run_cli("embed", "shop/clicks", "--column", "note", "--dim", "8", "--json").stdout)
    assert (again["rows"], again["nulls"], again["dim"]) == (200, 40, 8)
    assert again["paths"] == [str(path) for path in ed.embedding_set("shop/clicks").paths]
    assert len(clicks["events"]) == 200


def test_prune_removes_what_was_made_of_superseded_releases(
    clicks: ed.Release, tmp_path: Path, home: Path, run_cli: RunCli
) -> None:
    """Vectors, statistics, languages and duplicates; what is of the visible release stays."""
    embed_notes()
    old = clicks.folder.name
    ed.load("shop/clicks", source=write_clicks(tmp_path / "other", good_clicks(9)), force=True)
    new = ed.open("shop/clicks").folder.name
    for kind in ("statistics", "languages", "duplicates"):
        for release in (old, new):
            (home / kind / "shop" / "clicks" / release).mkdir(parents=True)
    assert "made of superseded releases" in run_cli("doctor", "--offline").stdout
    assert (home / "embeddings" / "shop" / "clicks" / old).is_dir()
    run_cli("doctor", "--offline", "--prune")
    left = {path.parent.parent.parent.name for path in home.glob(f"*/shop/clicks/{new}")}
    assert left == {"statistics", "languages", "duplicates"}
    assert not list(home.glob(f"*/shop/clicks/{old}"))


KILLED = """
import sys, time
import ecomdata as ed
from ecomdata.embeddings import writing
from ecomdata.embeddings.lsa import Lsa

writing._SHARD_ROWS = 64
whole = Lsa.encode
calls = 0

def slow(self, texts):
    global calls
    calls += 1
    if calls > 2:
        print("two shards", flush=True)
        time.sleep(60)
    return whole(self, texts)

Lsa.encode = slow
ed.embed("shop/clicks", column="note", dim=8)
"""


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGINT])
def test_a_run_that_ends_half_way_is_taken_up(
    sign: signal.Signals, clicks: ed.Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Finished shards are kept, unless their bytes are others; the set is what one run makes."""
    monkeypatch.setattr(writing, "_SHARD_ROWS", 64)
    whole = embed_notes()
    folder = whole.paths[0].parent
    expected = digest(folder)
    assert len(expected) == 4
    manifest = json.loads((folder / "manifest.json").read_text())
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()

    process = subprocess.Popen(
        [sys.executable, "-c", KILLED], stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"two shards\n"
    process.send_signal(sign)
    process.wait(30)
    process.stdout.close()
    assert ed.embedding_sets(clicks) == ()
    (working,) = folder.parent.glob(".events_note_lsa-*")
    assert sorted(path.name for path in working.glob("part-*.parquet")) == list(expected)[:2]

    (working / "part-00001.parquet").write_bytes(b"damaged")
    kept = (working / "part-00000.parquet").stat().st_mtime_ns
    time.sleep(0.01)
    again = embed_notes()
    assert digest(folder) == expected
    assert again.paths[0].stat().st_mtime_ns == kept
    assert not list(folder.parent.glob(".events_note_lsa-*"))
    renewed = json.loads((folder / "manifest.json").read_text())
    timed = ("created", "seconds")
    assert {k: v for k, v in renewed.items() if k not in timed} == {
        k: v for k, v in manifest.items() if k not in timed
    }


def test_a_full_disk_is_named(clicks: ed.Release, tmp_path: Path) -> None:
    """No file may grow beyond 100 kB here: the cause and what to do; the next run completes the set."""
    limited = f"ulimit -f 100; exec {sys.executable} -m ecomdata embed shop/clicks --column note --dim 8"
    done = subprocess.run(
        ["/bin/bash", "-c", limited],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert "ulimit -f" in done.stderr
    assert ed.embedding_sets(clicks) == ()
    assert embed_notes().rows == 200


def test_files_are_plain_parquet(clicks: ed.Release) -> None:
    """Vectors lie there as they are, fixed-size lists of float32; other columns are compressed."""
    made = embed_notes()
    schema = pq.read_schema(made.paths[0])
    assert str(schema.field("vector").type).startswith("fixed_size_list<")
    group = pq.ParquetFile(made.paths[0]).metadata.row_group(0)
    stored = {
        group.column(at).path_in_schema: group.column(at).compression for at in range(group.num_columns)
    }
    assert {name.split(".")[0]: kind for name, kind in stored.items()} == {
        "row_id": "ZSTD",
        **dict.fromkeys(made.keys, "ZSTD"),
        "vector": "UNCOMPRESSED",
        "model": "ZSTD",
        "dim": "ZSTD",
    }
    assert len(clicks["events"]) == 200
