"""Raw files that the user has: any layout, archives, links, and what is said when nothing fits."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest

from ecomdata.errors import EcomdataError, UsageError
from tests.sources.toys import CLICKS, ITEMS, contents, look, names, targz, tarred, write, zipped


@pytest.mark.parametrize("above", ["", "shop", "deep/er/2024"])
def test_any_layout_will_do(home: Path, tmp_path: Path, above: str) -> None:
    """Files are found by the ends of their paths, whatever folders are above them."""
    write(tmp_path / above, {"clicks.csv": CLICKS, "items/a.csv": ITEMS})
    prefix = f"{above}/" if above else ""
    assert names(look(home, tmp_path)) == [f"{prefix}clicks.csv", f"{prefix}items/a.csv"]


def test_one_file(home: Path, tmp_path: Path) -> None:
    """A single file is a source too."""
    write(tmp_path, {"clicks.csv": CLICKS})
    assert contents(look(home, tmp_path / "clicks.csv")) == {"clicks.csv": CLICKS}


@pytest.mark.parametrize("given", [".", "..", "../items/a.csv"])
def test_a_file_keeps_its_folder_in_its_name(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    """Wherever the user stands, a file's name is as long as its glob."""
    monkeypatch.chdir(write(tmp_path, {"items/a.csv": ITEMS}) / "items")
    assert names(look(home, given)) == ["items/a.csv"]


@pytest.mark.parametrize("given", [".", "data", "data/2024", "data/2024/clicks_1.csv"])
def test_only_does_not_depend_on_the_folder_given(home: Path, tmp_path: Path, given: str) -> None:
    """A month is chosen by its folder's name, from above it and from inside."""
    write(tmp_path / "data", {"2024/clicks_1.csv": CLICKS, "2025/clicks_1.csv": CLICKS})
    plan = look(home, tmp_path / given, only="2024/*")
    assert [file.container for file in plan.files] == [tmp_path / "data/2024/clicks_1.csv"]
    assert names(plan)[0].endswith("2024/clicks_1.csv")


def test_only_that_matches_nothing_says_how_many_files_there_are(home: Path, tmp_path: Path) -> None:
    """The glob is wrong, not the folder."""
    write(tmp_path, {"clicks.csv": CLICKS, "items/a.csv": ITEMS})
    with pytest.raises(UsageError, match=r"--only 2030 matches none of the 2 files of toy"):
        look(home, tmp_path, only="2030")


@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tar.gz", "a.tgz", "A.ZIP"])
def test_an_archive_stands_for_its_members(home: Path, tmp_path: Path, name: str) -> None:
    """Given itself, it is looked into."""
    make = zipped if name.lower().endswith("zip") else tarred if name.endswith("tar") else targz
    write(tmp_path, {name: make({"x/clicks.csv": CLICKS, "items/a.csv": ITEMS, "readme.txt": b"hello"})})
    expected = {f"{name}/items/a.csv": ITEMS, f"{name}/x/clicks.csv": CLICKS}
    assert contents(look(home, tmp_path / name)) == expected


def test_archives_in_folders_are_looked_into(home: Path, tmp_path: Path) -> None:
    """And may lie beside plain files."""
    write(tmp_path, {"clicks.csv": CLICKS, "sub/i.zip": zipped({"items/a.csv": ITEMS})})
    assert names(look(home, tmp_path)) == ["clicks.csv", "sub/i.zip/items/a.csv"]


def test_a_gz_file_is_read_decompressed(home: Path, tmp_path: Path) -> None:
    """``clicks.csv.gz`` stands for ``clicks.csv``, and so it does where a glob has a folder."""
    write(tmp_path, {"clicks.csv.gz": gzip.compress(CLICKS), "items/a.csv.gz": gzip.compress(ITEMS)})
    assert contents(look(home, tmp_path)) == {"clicks.csv.gz": CLICKS, "items/a.csv.gz": ITEMS}


def test_a_gz_file_that_a_glob_names_is_read_decompressed(home: Path, tmp_path: Path) -> None:
    """Where upstream publishes ``.csv.gz``, that is the file's name."""
    write(tmp_path, {"clicks.csv.gz": gzip.compress(CLICKS)})
    assert contents(look(home, tmp_path, clicks=("clicks.csv.gz",))) == {"clicks.csv.gz": CLICKS}


def test_the_length_of_gz_content_is_unknown(home: Path, tmp_path: Path) -> None:
    """It is 0, so that no progress bar counts with a wrong one."""
    write(tmp_path, {"clicks.csv.gz": gzip.compress(CLICKS)})
    assert [file.length for file in look(home, tmp_path).files] == [0]


def test_an_archive_counts_once_in_the_size(home: Path, tmp_path: Path) -> None:
    """Its members share its bytes."""
    packed = zipped({"clicks.csv": CLICKS, "items/a.csv": ITEMS})
    write(tmp_path, {"a.zip": packed})
    assert look(home, tmp_path).size == len(packed)


@pytest.mark.parametrize("name", ["a.zip", "clicks.csv.gz"])
def test_a_copy_unpacked_beside_its_archive_counts_once(home: Path, tmp_path: Path, name: str) -> None:
    """Its rows would be there twice; a note says which one is left out."""
    packed = zipped({"clicks.csv": CLICKS}) if name.endswith("zip") else gzip.compress(CLICKS)
    write(tmp_path, {name: packed, "clicks.csv": CLICKS})
    plan = look(home, tmp_path)
    assert names(plan) == ["clicks.csv"]
    assert any("is the same file, unpacked" in note for note in plan.notes)


def test_a_namesake_with_other_content_is_kept(home: Path, tmp_path: Path) -> None:
    """Only equal bytes are a copy."""
    write(tmp_path, {"a.zip": zipped({"clicks.csv": CLICKS + b"8,b-3\n"}), "clicks.csv": CLICKS})
    assert names(look(home, tmp_path)) == ["a.zip/clicks.csv", "clicks.csv"]


def test_a_link_out_of_the_folder_is_not_followed(home: Path, tmp_path: Path) -> None:
    """A folder from somebody else must not bring in files from elsewhere; a note says so."""
    write(tmp_path, {"there/clicks.csv": CLICKS, "here/items/a.csv": ITEMS})
    (tmp_path / "here" / "clicks.csv").symlink_to(tmp_path / "there" / "clicks.csv")
    (tmp_path / "here" / "more").symlink_to(tmp_path / "there")
    plan = look(home, tmp_path / "here")
    assert names(plan) == ["items/a.csv"]
    assert plan.notes[0].startswith("2 link(s) lead out of")


def test_a_link_to_a_file_beside_it_counts_once(home: Path, tmp_path: Path) -> None:
    """``clicks_latest.csv`` as a link to ``clicks_1.csv`` adds no rows."""
    write(tmp_path, {"clicks_1.csv": CLICKS})
    (tmp_path / "clicks_latest.csv").symlink_to("clicks_1.csv")
    assert names(look(home, tmp_path)) == ["clicks_1.csv"]


def test_a_link_into_a_hidden_folder_is_the_file(home: Path, tmp_path: Path) -> None:
    """As git-annex and DataLad lay out their clones."""
    write(tmp_path, {".git/annex/objects/x1": CLICKS})
    (tmp_path / "clicks.csv").symlink_to(".git/annex/objects/x1")
    assert contents(look(home, tmp_path)) == {"clicks.csv": CLICKS}


def test_a_snapshot_in_the_cache_of_the_hub_is_read(home: Path, tmp_path: Path) -> None:
    """Its files are links into ``blobs``, outside of the snapshot's own folder."""
    repo = write(tmp_path / "datasets--acme--toy", {"blobs/abc": CLICKS})
    snapshot = repo / "snapshots" / "c0ffee"
    snapshot.mkdir(parents=True)
    (snapshot / "clicks.csv").symlink_to("../../blobs/abc")
    assert contents(look(home, snapshot)) == {"clicks.csv": CLICKS}


def test_a_folder_of_a_snapshot_is_read(home: Path, tmp_path: Path) -> None:
    """A month of it, say: its links lead no further out than the snapshot's own."""
    repo = write(tmp_path / "datasets--acme--toy", {"blobs/abc": CLICKS})
    month = repo / "snapshots" / "c0ffee" / "2024" / "05"
    month.mkdir(parents=True)
    (month / "clicks.csv").symlink_to("../../../../blobs/abc")
    (month / "clicks_2.csv").symlink_to(write(tmp_path / "elsewhere", {"clicks.csv": CLICKS}) / "clicks.csv")
    plan = look(home, month)
    assert contents(plan) == {"clicks.csv": CLICKS}
    assert plan.notes[0].startswith("1 link(s) lead out of")


def test_a_whole_repository_of_the_cache_is_told_from_a_commit(home: Path, tmp_path: Path) -> None:
    """It may hold a file in two versions; the hint names the folders of its commits."""
    repo = write(
        tmp_path / "datasets--acme--toy", {"blobs/abc": CLICKS, "snapshots/c0ffee/clicks.csv": CLICKS}
    )
    for given in (repo, repo / "snapshots"):
        with pytest.raises(UsageError, match="a repository in the Hub's cache") as caught:
            look(home, given)
        assert str(repo / "snapshots" / "c0ffee") in caught.value.hint


@pytest.mark.parametrize("name", ["loop.csv", "clicks_loop.csv"])
def test_a_link_to_itself_is_no_file(home: Path, tmp_path: Path, name: str) -> None:
    """And no endless loop."""
    write(tmp_path, {"clicks.csv": CLICKS})
    (tmp_path / name).symlink_to(name)
    assert names(look(home, tmp_path)) == ["clicks.csv"]


def test_a_linked_folder_may_itself_be_the_source(home: Path, tmp_path: Path) -> None:
    """The user named it."""
    write(tmp_path / "there", {"clicks.csv": CLICKS})
    (tmp_path / "link").symlink_to(tmp_path / "there")
    assert names(look(home, tmp_path / "link")) == ["clicks.csv"]


def test_a_pipe_is_not_waited_for(home: Path, tmp_path: Path) -> None:
    """Only regular files are read."""
    write(tmp_path, {"clicks.csv": CLICKS})
    os.mkfifo(tmp_path / "clicks_2.csv")
    assert names(look(home, tmp_path)) == ["clicks.csv"]


@pytest.mark.parametrize(
    "name", [".hidden/clicks.csv", "._clicks.csv", ".clicks.csv", "README.md", "LICENSE", "x.csv.md5"]
)
def test_hidden_files_and_prose_are_passed_over(home: Path, tmp_path: Path, name: str) -> None:
    """They are neither read nor reported."""
    write(tmp_path, {"clicks.csv": CLICKS, name: b"\x00\x05"})
    plan = look(home, tmp_path, clicks=("*.csv",))
    assert (names(plan), plan.unrecognised) == (["clicks.csv"], ())


def test_a_folder_with_a_name_like_prose_is_looked_into(home: Path, tmp_path: Path) -> None:
    """``manifest`` and ``croissant`` may hold data."""
    write(tmp_path, {"manifest/clicks.csv": CLICKS})
    assert names(look(home, tmp_path)) == ["manifest/clicks.csv"]


def test_hidden_members_of_an_archive_are_passed_over(home: Path, tmp_path: Path) -> None:
    """On macOS, packing adds a ``__MACOSX/._clicks.csv`` beside every ``clicks.csv``."""
    members = {"clicks.csv": CLICKS, "__MACOSX/._clicks.csv": b"\x00\x05", "._clicks.csv": b"\x00\x05"}
    write(tmp_path, {"a.zip": zipped(members)})
    plan = look(home, tmp_path, clicks=("*.csv",))
    assert (names(plan), plan.unrecognised) == (["a.zip/clicks.csv"], ())


def test_files_of_no_table_are_reported(home: Path, tmp_path: Path) -> None:
    """On disk and in archives alike."""
    write(tmp_path, {"clicks.csv": CLICKS, "b/other.csv": b"x", "a.zip": zipped({"else.csv": b"x"})})
    assert look(home, tmp_path).unrecognised == ("a.zip/else.csv", "b/other.csv")


def test_a_folder_without_any_file_of_the_dataset(home: Path, tmp_path: Path) -> None:
    """The error says what is there and what was expected."""
    write(tmp_path, {"wrong.csv": b"x"})
    with pytest.raises(UsageError, match=r"has no files of toy: it holds wrong\.csv") as error:
        look(home, tmp_path)
    assert "clicks*.csv, items/*.csv" in error.value.hint


def test_what_is_not_looked_into_is_said_to_be(home: Path, tmp_path: Path) -> None:
    """Other packers' files, and archives inside archives: the names that are expected may be in there."""
    inner = zipped({"clicks.csv": CLICKS})
    write(
        tmp_path, {"clicks.csv.bz2": b"x", "b.ZST": b"x", "out.zip": zipped({"in.zip": inner}), "c.csv": b""}
    )
    with pytest.raises(UsageError) as error:
        look(home, tmp_path, clicks=("clicks.csv",), items=("items.csv",))
    assert error.value.hint.startswith(
        "unpack b.ZST, clicks.csv.bz2, out.zip/in.zip, which is not looked into"
    )


def test_an_empty_folder(home: Path, tmp_path: Path) -> None:
    """The error says that nothing is there."""
    with pytest.raises(UsageError, match="it holds no data files"):
        look(home, tmp_path)


def test_a_wrong_path_has_near_names(home: Path, tmp_path: Path) -> None:
    """A slip of the pen is named."""
    write(tmp_path, {"clicks.csv": CLICKS})
    with pytest.raises(UsageError, match="there is no file or folder") as error:
        look(home, tmp_path / "click.csv")
    assert "did you mean clicks.csv?" in error.value.hint


def test_a_wrong_path_says_how_far_it_exists(home: Path, tmp_path: Path) -> None:
    """The first wrong component is found by it."""
    with pytest.raises(UsageError) as error:
        look(home, tmp_path / "no" / "such" / "place")
    assert error.value.hint == f"the path exists as far as {tmp_path}"


def test_what_looks_like_a_repository_is_asked_about(home: Path) -> None:
    """``owner/name`` is a path here; for the Hub it needs its prefix."""
    with pytest.raises(UsageError) as error:
        look(home, "acme/toy")
    assert "hf://datasets/acme/toy" in error.value.hint
    with pytest.raises(UsageError, match="there is no file or folder toy/") as error:
        look(home, "toy/")
    assert "hf://" not in error.value.hint


@pytest.mark.parametrize("source", ["s3://bucket/x", "ftp://host/clicks.csv", "file:///etc/passwd"])
def test_other_kinds_of_address_are_refused(home: Path, source: str) -> None:
    """The error says which kinds there are."""
    with pytest.raises(UsageError, match="cannot read from"):
        look(home, source)


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read any folder")
def test_a_folder_that_may_not_be_read(home: Path, tmp_path: Path) -> None:
    """It is an error, not an empty folder."""
    write(tmp_path, {"clicks.csv": CLICKS, "sub/clicks_2.csv": CLICKS})
    (tmp_path / "sub").chmod(0)
    try:
        with pytest.raises(EcomdataError, match="cannot read the folder"):
            look(home, tmp_path)
    finally:
        (tmp_path / "sub").chmod(0o700)


def test_files_come_sorted_by_name(home: Path, tmp_path: Path) -> None:
    """So that loading twice reads in one order."""
    write(tmp_path, {f"clicks_{n}.csv": CLICKS for n in (10, 9, 2)})
    assert names(look(home, tmp_path)) == ["clicks_10.csv", "clicks_2.csv", "clicks_9.csv"]
