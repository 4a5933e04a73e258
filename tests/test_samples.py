"""Writing samples through the Python API."""

from __future__ import annotations

import errno
from pathlib import Path

import numpy as np
import pytest

import ecomdata as ed
from ecomdata.registry import datasets
from tests.toys import toyshop  # noqa: F401


def test_a_sample_is_written_where_it_is_wanted(tmp_path: Path) -> None:
    """In upstream's layout; the files are returned."""
    files = ed.sample("shop/clicks", tmp_path / "new" / "raw", rows=5)
    assert files == [tmp_path / "new" / "raw" / "202305" / "clicks.csv"]
    assert files[0].read_text().count("\n") == 6


@pytest.mark.parametrize("rows", [0, -1])
def test_a_sample_has_rows(rows: int, tmp_path: Path) -> None:
    """One at least."""
    with pytest.raises(ed.UsageError, match=f"rows cannot be {rows}"):
        ed.sample("shop/clicks", tmp_path, rows=rows)


def test_a_user_s_home_may_be_written_as_a_tilde(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By all that write, as polars and DuckDB take it in paths themselves: half of them wrote elsewhere."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    ed.sample("merrec", "~/raw", rows=np.int64(50), seed=np.int64(1))
    ed.load("merrec", source="~/raw")
    ed.write_catalog("~/all.duckdb")
    ed.export("merrec", "~/ratings.csv", format="recommenders")
    ed.describe_languages("merrec", table="items", output="~/tags.parquet")
    ed.validate("merrec", report="~/checks.html")
    ed.card("merrec", "~/card")
    written = {path.name for path in tmp_path.iterdir()} - {".cache", ".config"}  # matplotlib's
    assert written == {"raw", "all.duckdb", "ratings.csv", "tags.parquet", "checks.html", "card"}


@pytest.mark.parametrize("name", [name for name, one in datasets().items() if not one.derived_from])
def test_a_sample_may_be_small(name: str, tmp_path: Path) -> None:
    """One row asked for gives files of every dataset, as ten thousand do."""
    assert ed.sample(name, tmp_path / "one", rows=1)


def test_a_sample_s_folder_is_no_pattern(tmp_path: Path) -> None:
    """Polars takes paths for patterns: FORGE's, which reads what it has written, found none of it."""
    assert ed.sample("taobao/forge", tmp_path / "raw [1]", rows=1)


def test_what_is_there_is_never_overwritten(tmp_path: Path) -> None:
    """Neither a folder with files in it nor a file."""
    (tmp_path / "file").write_text("x")
    for place in (tmp_path, tmp_path / "file"):
        with pytest.raises(ed.UsageError, match="is not an empty folder"):
            ed.sample("shop/clicks", place)


def test_a_sample_loads_as_a_source_does(tmp_path: Path) -> None:
    """It is upstream's form."""
    ed.sample("shop/clicks", tmp_path / "raw", rows=50)
    assert ed.load("shop/clicks", source=tmp_path / "raw")["events"].record.written == 50


def test_a_sample_that_fails_leaves_nothing_that_keeps_the_next_one_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor does one that was killed: its files were aside."""

    def fail(folder: Path, rows: int, seed: int) -> None:
        (folder / "clicks.csv").write_text(f"user,{rows},{seed}")
        raise OSError(errno.ENOSPC, "full")

    with monkeypatch.context() as patched:
        patched.setattr("ecomdata.samples.sampler", lambda _: fail)
        with pytest.raises(ed.EcomdataError, match="no space left on the disk"):
            ed.sample("shop/clicks", tmp_path, rows=5)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / ".writing").mkdir()
    (tmp_path / ".writing" / "clicks.csv").write_text("half")
    assert ed.sample("shop/clicks", tmp_path, rows=5) == [tmp_path / "202305" / "clicks.csv"]


def test_a_sample_that_fails_by_itself_is_the_loaders_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever writes a loader is told where to look, and not that it was not expected."""
    monkeypatch.setattr("ecomdata.samples.sampler", lambda _: lambda folder: folder / "clicks.csv")
    with pytest.raises(ed.EcomdataError, match="shop/clicks: its sample failed: TypeError") as caught:
        ed.sample("shop/clicks", tmp_path / "raw", rows=5)
    assert "fault in the loader" in caught.value.hint
    with pytest.raises(ed.EcomdataError, match="shop/clicks: its sample failed: TypeError"):
        ed.load("shop/clicks", sample=True)


def test_two_do_not_write_into_one_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second would remove what the first is writing, and their files would mix."""
    refused: list[str] = []
    real = ed.loader("shop/clicks").sample
    assert real is not None

    def meet(folder: Path, rows: int, seed: int) -> None:
        with monkeypatch.context() as patched:
            patched.setattr("ecomdata.samples.sampler", lambda _: real)
            with pytest.raises(ed.UsageError, match="another process is writing a sample into") as stop:
                ed.sample("shop/clicks", tmp_path, rows=7)
        refused.append(str(stop.value))
        real(folder, rows, seed)

    monkeypatch.setattr("ecomdata.samples.sampler", lambda _: meet)
    files = ed.sample("shop/clicks", tmp_path, rows=5)
    assert len(refused) == 1
    assert files[0].read_text().count("\n") == 6
