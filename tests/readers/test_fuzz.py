"""Every reader over a file of a sample that chance has changed: rows, rejected rows, or an error of ours."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.campaigns.readings import Subject, read, subjects
from tests.mutations import any_bytes, mutated

READERS = (
    "Delimited",
    "JsonArray",
    "JsonLines",
    "JsonPaths",
    "Npz",
    "Parquet",
    "SplitOnce",
    "ZipIndex",
)


class Files(dict[str, list[tuple[Subject, bytes]]]):
    """Reader -> the raw files of all samples that it reads; hypothesis shows it when a test fails."""

    def __repr__(self) -> str:
        return f"Files({list(self)})"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """Of small samples."""
    found = Files()
    for subject, data in subjects(tmp_path_factory.mktemp("raw")):
        found.setdefault(type(subject.raw.reader).__name__, []).append((subject, data))
    return found


def test_every_reader_is_tried(files: Files) -> None:
    """A new one is added above."""
    assert sorted(files) == sorted(READERS)


@pytest.mark.parametrize("name", READERS)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), size=st.sampled_from([64, 1000, 1 << 20]))
def test_any_change_gives_rows_or_an_error_of_ours(
    name: str, files: Files, tmp_path: Path, seed: int, size: int
) -> None:
    """The error names the file; what is read has the declared columns."""
    rng = random.Random(seed)  # noqa: S311
    subject, data = rng.choice(files[name])
    path = tmp_path / subject.file
    path.write_bytes(mutated(data, subject.file, rng))
    found = read(path, subject.raw, size)
    assert found.held, found.detail


@pytest.mark.parametrize("name", ["a.parquet", "a.npz", "a.zip", "a.csv"])
@given(data=st.binary(max_size=300), seed=st.integers(0, 2**32))
@settings(max_examples=20, deadline=None)
def test_changes_change_any_bytes(name: str, data: bytes, seed: int) -> None:
    """Also those that are no file of the format, and the same seed gives the same change."""
    assert mutated(data, name, random.Random(seed)) == mutated(data, name, random.Random(seed)) != data  # noqa: S311
    assert any_bytes(data, random.Random(seed)) == any_bytes(data, random.Random(seed))  # noqa: S311
