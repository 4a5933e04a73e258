"""Members of archives as streams: the same bytes in whatever order and however far they are read."""

from __future__ import annotations

import pickle
import random
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import IO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecomdata.errors import DataError
from ecomdata.sources.archive import members
from ecomdata.sources.member import Member
from tests.sources.toys import targz, tarred, write, zipped

PACKERS = {"a.zip": zipped, "a.tar": tarred, "a.tar.gz": targz}
SIZES = (0, 1, 700, 70_000, 1_500_000, 3)
CONTENTS = [random.Random(number).randbytes(size) for number, size in enumerate(SIZES)]  # noqa: S311
OPENED = st.lists(
    st.tuples(st.integers(0, len(SIZES) - 1), st.sampled_from([0, 1, 500, 1_200_000, -1])), max_size=12
)


@cache
def _packed(name: str) -> list[Member]:
    folder = Path(mkdtemp(prefix="archives-"))
    write(folder, {name: PACKERS[name]({f"{at}.bin": content for at, content in enumerate(CONTENTS)})})
    return members(folder / name, name)


@pytest.mark.parametrize("name", PACKERS)
@given(opened=OPENED)
def test_members_one_after_another(name: str, opened: list[tuple[int, int]]) -> None:
    """Some from the beginning, some from where another was left, back and forth."""
    for at, length in opened:
        with _packed(name)[at].open() as stream:
            assert stream.read(length) == CONTENTS[at][: length if length >= 0 else None]


@pytest.mark.parametrize("name", PACKERS)
@given(opened=OPENED)
def test_members_open_together(name: str, opened: list[tuple[int, int]]) -> None:
    """None takes the place of another that is still read."""
    with ExitStack() as stack:
        streams: list[tuple[int, int, IO[bytes]]] = []
        for at, length in opened:
            streams.append((at, length, stack.enter_context(_packed(name)[at].open())))
        heads = [stream.read(length) for _, length, stream in streams]
        for (at, _, stream), head in zip(streams, heads, strict=True):
            assert head + stream.read() == CONTENTS[at]


@pytest.mark.parametrize("name", PACKERS)
def test_members_in_threads_and_in_another_process(name: str) -> None:
    """As a load reads them: more members than threads, and sent to a worker."""

    def read(member: Member) -> bytes:
        with member.open() as stream:
            return stream.read()

    found = _packed(name)
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(read, found * 5)) == CONTENTS * 5
    sent: list[Member] = pickle.loads(pickle.dumps(found))  # noqa: S301 - our own
    assert [read(member) for member in sent] == CONTENTS


def test_after_a_failure(tmp_path: Path) -> None:
    """A stream that failed stands no one knows where: it is not used for the next member."""
    packed = targz({"a.bin": CONTENTS[4], "b.bin": CONTENTS[3]})
    write(tmp_path, {"a.tar.gz": packed})
    first, second = members(tmp_path / "a.tar.gz", "a.tar.gz")
    write(tmp_path, {"a.tar.gz": packed[:1_300_000]})  # beyond the first chunk
    with pytest.raises(DataError, match=r"a\.tar\.gz is truncated"), first.open() as stream:
        stream.read()
    write(tmp_path, {"a.tar.gz": packed})
    for member, content in ((second, CONTENTS[3]), (first, CONTENTS[4])):
        with member.open() as stream:
            assert stream.read() == content
