"""The .npz reader."""

from __future__ import annotations

import io
import os
import pickle
import zipfile
from pathlib import Path

import dataframely as dy
import numpy as np
import polars as pl
import pytest

from ecomdata.columns import Columns, DriftError
from ecomdata.errors import DataError
from ecomdata.rawfile import RawFile
from ecomdata.readers.npz import Npz


class Vectors(dy.Schema):
    """Ids and vectors."""

    ids = dy.Int64()
    embeds = dy.Array(dy.Float32(), shape=4)


class Indexed(dy.Schema):
    """Ids as a pickled dict, and vectors."""

    index = dy.Int64()
    embeds = dy.Array(dy.Float32(), shape=4)


VECTORS = Columns(schema=Vectors)
INDEXED = Columns(schema=Indexed)
EMBEDS = np.arange(40, dtype=np.float32).reshape(10, 4)
IDS = np.arange(813799260043, 813799260053)


def _npz(path: Path, **arrays: object) -> RawFile:
    with path.open("wb") as file:
        np.savez(file, **arrays)
    return RawFile.on_disk(path)


def _with_member(path: Path, name: str, content: bytes) -> RawFile:
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(name, content)
    return RawFile.on_disk(path)


def _pickled(payload: bytes) -> bytes:
    """A 0-d object member whose pickle is ``payload``."""
    out = io.BytesIO()
    np.lib.format.write_array_header_1_0(out, {"shape": (), "fortran_order": False, "descr": "|O"})
    return out.getvalue() + payload


def _read(reader: Npz, file: RawFile, columns: Columns = VECTORS) -> pl.DataFrame:
    return pl.concat([block.parse().frame for block in reader.blocks(file, columns)])


def test_rows_of_all_members_come_side_by_side(tmp_path: Path) -> None:
    """Row i holds the i-th value of every member, in the declared order and types."""
    frame = _read(Npz(), _npz(tmp_path / "a.npz", embeds=EMBEDS, ids=IDS))
    assert frame.schema == {"ids": pl.Int64, "embeds": pl.Array(pl.Float32, 4)}
    assert frame["ids"].to_list() == IDS.tolist()
    assert np.array_equal(frame["embeds"].to_numpy(), EMBEDS)


def test_blocks_hold_a_bounded_slice(tmp_path: Path) -> None:
    """However long the arrays, a block holds no more rows than its bytes allow, and sizes add up."""
    file = _npz(tmp_path / "a.npz", embeds=EMBEDS, ids=IDS)
    blocks = list(Npz(block_bytes=24 * 3).blocks(file, VECTORS))
    assert [block.parse().span for block in blocks] == [3, 3, 3, 1]
    assert 0 < sum(block.size for block in blocks) <= file.size


def test_compressed_archives_are_read(tmp_path: Path) -> None:
    """numpy.savez_compressed writes deflated members."""
    with (tmp_path / "a.npz").open("wb") as out:
        np.savez_compressed(out, ids=IDS, embeds=EMBEDS)
    frame = _read(Npz(block_bytes=48), RawFile.on_disk(tmp_path / "a.npz"))
    assert frame["ids"].to_list() == IDS.tolist()


@pytest.mark.parametrize("dtype", ["<f4", ">f4", "<f8", "<f2"])
def test_floats_of_any_width_and_byte_order_become_float32(tmp_path: Path, dtype: str) -> None:
    """The vectors are cast to float32 on load, as upstream's own code does."""
    frame = _read(Npz(), _npz(tmp_path / "a.npz", ids=IDS, embeds=EMBEDS.astype(dtype)))
    assert np.array_equal(frame["embeds"].to_numpy(), EMBEDS)


def test_values_stored_column_by_column_are_read_by_row(tmp_path: Path) -> None:
    """A transposed array is saved in Fortran order; rows still come out as rows."""
    file = _npz(tmp_path / "a.npz", ids=IDS, embeds=np.asfortranarray(EMBEDS))
    assert np.array_equal(_read(Npz(block_bytes=48), file)["embeds"].to_numpy(), EMBEDS)


def test_members_of_another_table_are_left_alone(tmp_path: Path) -> None:
    """A declared foreign member is not drift, and may be pickled."""
    pairs = np.array({1: 2}, dtype=object)
    file = _npz(tmp_path / "a.npz", ids=IDS, embeds=EMBEDS, pairs=pairs)
    assert _read(Npz(others=("pairs",)), file).height == 10


def test_an_unknown_member_is_drift(tmp_path: Path) -> None:
    """A member that nobody declared is named."""
    with pytest.raises(DriftError, match="surprise"):
        Npz().check(_npz(tmp_path / "a.npz", ids=IDS, embeds=EMBEDS, surprise=IDS), VECTORS)


@pytest.mark.parametrize(
    ("embeds", "message"),
    [(EMBEDS[:, :3], r"shape \(10, 3\), \(n, 4\) is declared"), (EMBEDS > 1, "is bool, float32 is declared")],
)
def test_another_shape_or_type_is_drift(tmp_path: Path, embeds: object, message: str) -> None:
    """A member of the right name but another shape or type is an error that says both."""
    with pytest.raises(DriftError, match=message):
        Npz().check(_npz(tmp_path / "a.npz", ids=IDS, embeds=embeds), VECTORS)


def test_floats_never_become_ids(tmp_path: Path) -> None:
    """An id that upstream stores as a float is drift, not something to round."""
    with pytest.raises(DriftError, match="ids is float64"):
        Npz().check(_npz(tmp_path / "a.npz", ids=IDS.astype(float), embeds=EMBEDS), VECTORS)


def test_numbers_that_do_not_fit_are_an_error(tmp_path: Path) -> None:
    """An unsigned id above the declared range is not wrapped around."""
    ids = np.full(10, 2**64 - 1, dtype=np.uint64)
    with pytest.raises(DataError, match="ids holds numbers that do not fit"):
        _read(Npz(), _npz(tmp_path / "a.npz", ids=ids, embeds=EMBEDS))


def test_arrays_of_different_lengths_are_an_error(tmp_path: Path) -> None:
    """Rows that do not line up are never paired; both lengths are named."""
    with pytest.raises(DataError, match="ids 9, embeds 10"):
        Npz().check(_npz(tmp_path / "a.npz", ids=IDS[:9], embeds=EMBEDS), VECTORS)


def test_an_archive_that_was_cut_off_is_an_error(tmp_path: Path) -> None:
    """Half a download has no directory at its end."""
    file = _npz(tmp_path / "a.npz", ids=IDS, embeds=EMBEDS)
    file.container.write_bytes(file.container.read_bytes()[:-40])
    with pytest.raises(DataError, match="cannot be read") as caught:
        Npz().check(file, VECTORS)
    assert "get the archive again" in caught.value.hint


def test_a_header_that_promises_too_much_is_an_error(tmp_path: Path) -> None:
    """A member shorter than its header says ends in an error, not in made-up rows."""
    out = io.BytesIO()
    np.lib.format.write_array_header_1_0(out, {"shape": (10, 4), "fortran_order": False, "descr": "<f4"})
    path = _npz(tmp_path / "a.npz", ids=IDS).container
    file = _with_member(path, "embeds.npy", out.getvalue() + bytes(16))
    with pytest.raises(DataError, match="ends too early"):
        _read(Npz(), file)


@pytest.mark.parametrize(
    "header",
    [
        "{'descr': '<f4', 'fortran_order': False, 'shape': (10, 4), ((",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-10, 4), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (10L, 4, }",
        "{[]: 1}",
        "{1: 2, 'descr': 3}",
        "(" * 9000,
        "{'descr': '<U999999999', 'fortran_order': False, 'shape': (10, 4), }",
        "  {'descr': 1\n\n }\n x L",
    ],
)
def test_a_header_that_is_none_is_an_error(tmp_path: Path, header: str) -> None:
    """Whatever NumPy's own reading of it ends with."""
    size = len(header) + 1
    member = b"\x93NUMPY\x01\0" + size.to_bytes(2, "little") + header.encode() + b"\n" + bytes(160)
    file = _with_member(_npz(tmp_path / "a.npz", ids=IDS).container, "embeds.npy", member)
    with pytest.raises(DataError, match=r"a\.npz: member embeds cannot be read: "):
        _read(Npz(), file)


@pytest.mark.parametrize(("place", "value"), [(8, 1), (10, 14), (10, 12), (10, 9), (10, 77)])
def test_a_member_that_claims_another_packing_is_an_error(tmp_path: Path, place: int, value: int) -> None:
    """Encrypted, or compressed as it is not, in the directory at the archive's end and before the member."""
    path = tmp_path / "a.npz"
    np.savez_compressed(path, ids=IDS, embeds=EMBEDS)
    data = bytearray(path.read_bytes())
    data[data.rindex(b"PK\x01\x02") + place] = value
    data[data.rindex(b"PK\x03\x04") + place - 2] = value
    path.write_bytes(data)
    with pytest.raises(DataError, match=r"a\.npz/(embeds|ids)\.npy is (encrypted|packed by method)"):
        _read(Npz(), RawFile.on_disk(path))


def test_changed_bytes_are_noticed(tmp_path: Path) -> None:
    """The zip's own checksum is verified while reading."""
    file = _npz(tmp_path / "a.npz", ids=IDS, embeds=EMBEDS)
    data = bytearray(file.container.read_bytes())
    data[data.find(EMBEDS.tobytes()) + 3] ^= 1
    file.container.write_bytes(data)
    with pytest.raises(DataError, match="member embeds cannot be read"):
        _read(Npz(), file)


def test_a_pickled_member_is_refused_by_default(tmp_path: Path) -> None:
    """Unpickling happens only when asked for; the hint names the option."""
    index = np.array({5: 0}, dtype=object)
    file = _npz(tmp_path / "a.npz", index=index, embeds=EMBEDS[:1])
    with pytest.raises(DataError, match="index is pickled") as caught:
        Npz(indexes=("index",)).check(file, INDEXED)
    assert "--allow-pickle" in caught.value.hint


@pytest.mark.parametrize("keys", [[7, 5, 9], [np.int64(7), np.int64(5), np.int64(9)]])
def test_a_pickled_index_gives_the_id_of_each_row(tmp_path: Path, keys: list[int]) -> None:
    """A dict of id -> row, as plain or NumPy integers, is turned round."""
    index = np.array(dict(zip(keys, [1, 0, 2], strict=True)), dtype=object)
    file = _npz(tmp_path / "a.npz", index=index, embeds=EMBEDS[:3])
    frame = _read(Npz(indexes=("index",), allow_pickle=True, block_bytes=48), file, INDEXED)
    assert frame["index"].to_list() == [5, 7, 9]


def test_a_pickled_member_that_is_no_index_is_never_loaded(tmp_path: Path) -> None:
    """``allow_pickle`` opens the declared index only."""
    file = _npz(tmp_path / "a.npz", ids=np.array([1, "x"], dtype=object), embeds=EMBEDS[:2])
    with pytest.raises(DataError, match="never loaded"):
        Npz(allow_pickle=True).check(file, VECTORS)


class _Hostile:
    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return os.mkdir, (str(self.target),)


def test_a_hostile_pickle_runs_nothing(tmp_path: Path) -> None:
    """A pickle that calls os.mkdir is refused by name, and the folder is not there."""
    target = tmp_path / "made-by-the-pickle"
    path = _npz(tmp_path / "a.npz", embeds=EMBEDS[:1]).container
    file = _with_member(path, "index.npy", _pickled(pickle.dumps({0: _Hostile(target)})))
    with pytest.raises(DataError, match=r"asks for posix\.mkdir|asks for nt\.mkdir"):
        _read(Npz(indexes=("index",), allow_pickle=True), file, INDEXED)
    assert not target.exists()


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        (b"cbuiltins\neval\n(S'1'\ntR.", "builtins.eval"),
        (b"cnumpy\nload\n(S'x'\ntR.", "numpy.load"),
        (b"cnumpy\nndarray.tofile\n.", "numpy.ndarray.tofile"),
        (b"Pelsewhere\n.", "outside object"),
        (b"not a pickle", "refused"),
        (pickle.dumps([1, 2]), "no dict"),
        (pickle.dumps({1: 0, 2: 0}), "do not name"),
        (pickle.dumps({"a": 0}), "holds str, not int"),
        (pickle.dumps({1: np.dtype([("a", "i4")])}), "refused"),
    ],
)
def test_other_pickles_are_refused(tmp_path: Path, payload: bytes, message: str) -> None:
    """Anything but a one-to-one dict of int -> int is refused with its reason."""
    path = _npz(tmp_path / "a.npz", embeds=EMBEDS[:2]).container
    file = _with_member(path, "index.npy", _pickled(payload))
    with pytest.raises(DataError, match=message):
        _read(Npz(indexes=("index",), allow_pickle=True), file, INDEXED)


def test_the_raw_content_of_a_row_is_json(tmp_path: Path) -> None:
    """A row that goes to quarantine keeps its content as text."""
    block = next(Npz().blocks(_npz(tmp_path / "a.npz", ids=IDS, embeds=EMBEDS), VECTORS))
    assert block.parse().raw([1]) == ['{"ids": 813799260044, "embeds": [4.0, 5.0, 6.0, 7.0]}']


def test_raw_texts_stand_in_their_own_letters(tmp_path: Path) -> None:
    """As those of all other formats do, so that quarantine can be searched for them."""

    class Named(dy.Schema):
        name = dy.String()

    file = _npz(tmp_path / "names.npz", name=np.array(["জামা", "été"]))
    [block] = Npz().blocks(file, Columns(schema=Named))
    assert block.parse().raw([0, 1]) == ['{"name": "জামা"}', '{"name": "été"}']


def _with_header(path: Path, header: bytes, version: int = 1, content: bytes = b"") -> RawFile:
    length = len(header).to_bytes(2 * version, "little")
    base = _npz(path, ids=IDS).container
    return _with_member(base, "embeds.npy", b"\x93NUMPY" + bytes([version, 0]) + length + header + content)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (
            b"{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000, 0), }",
            "rows would have 0 bytes",
        ),
        (b"{'descr': '<U99999999', 'fortran_order': False, 'shape': (10,), }", "more than 67,108,864 bytes"),
        (b"{'descr': '<f4', 'fortran_order': False, 'shape': (" + b"9," * 300 + b"), }", "cannot be read"),
        (b"{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (10,), }", "arrays of records"),
        (b"{'descr': '<f4', 'descr': '|O', 'fortran_order': False, 'shape': (10,), }", "cannot be read"),
        (b"{'descr': '<f4', 'shape': (10, 4)}", "lacks a type, an order or a shape"),
        (b"__import__('os').system('touch made')", "is no dict"),
        (b"{" + b"(" * 9000 + b"}", "cannot be read"),
        (b"{" + b"-" * 9000 + b"1}", "cannot be read"),
    ],
)
def test_a_hostile_header_is_refused(tmp_path: Path, header: bytes, message: str) -> None:
    """It is matched, never evaluated; rows are of a reasonable size."""
    with pytest.raises(DataError, match=message):
        Npz().check(_with_header(tmp_path / "a.npz", header), VECTORS)


def test_a_header_of_gigabytes_is_not_read(tmp_path: Path) -> None:
    """Version 2 has room for a length of 4 GB, of which NumPy reads all before it looks."""
    file = _with_header(tmp_path / "a.npz", bytes(20_000), version=2)
    with pytest.raises(DataError, match="header claims 20,000 bytes"):
        Npz().check(file, VECTORS)


def test_headers_of_other_writers_are_read(tmp_path: Path) -> None:
    """Order, quotes and spaces are theirs."""
    header = b'{"shape": (10,4),"fortran_order":False ,"descr": "<f4"}\n'
    file = _with_header(tmp_path / "a.npz", header, content=EMBEDS.tobytes())
    assert _read(Npz(), file)["embeds"].to_list() == EMBEDS.tolist()


def test_an_npz_that_grows_beyond_reason_is_refused(tmp_path: Path) -> None:
    """Its directory tells, before anything is unpacked; what is honest and dense never grows so."""
    path = tmp_path / "a.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("embeds.npy", "w") as out:
        for _ in range(110):
            out.write(bytes(1_000_000))
    with pytest.raises(DataError, match="more than 200 times") as caught:
        Npz().check(RawFile.on_disk(path), VECTORS)
    assert "numpy.savez" in caught.value.hint


@pytest.mark.parametrize(
    "payload",
    [b"\x80\x04Nr\xff\xff\xff\x7f.", b"\x80\x04\x8e" + (1 << 40).to_bytes(8, "little") + b"x."],
)
def test_a_pickle_that_asks_for_gigabytes_is_refused(tmp_path: Path, payload: bytes) -> None:
    """Ten bytes that number a memo's entry 2**31, or claim a terabyte: in a process that may not take it."""
    path = _npz(tmp_path / "a.npz", embeds=EMBEDS[:2]).container
    file = _with_member(path, "index.npy", _pickled(payload))
    with pytest.raises(DataError, match=r"takes more than|refused"):
        _read(Npz(indexes=("index",), allow_pickle=True), file, INDEXED)
