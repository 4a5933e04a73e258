"""Files that run code where they are unpickled: in .npz arrays, as .pt and .mat files, in models."""

from __future__ import annotations

import io
import json
import os
import pickle
import random
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import dataframely as dy
import numpy as np
import polars as pl

from ecomdata.annotating.classifier import FinalClassifier
from ecomdata.columns import Columns
from ecomdata.embeddings.encoders import EncoderOptions
from ecomdata.embeddings.lsa import load
from ecomdata.embeddings.modelfolder import check_model
from ecomdata.errors import EcomdataError
from ecomdata.rawfile import RawFile
from ecomdata.readers import Npz
from ecomdata.semanticids.galleries import npz_gallery
from tests.campaigns.trials import Scale, Trial

NAME: Final = "pickles"
PROMISE: Final = (
    "A file with a pickle is refused with its name, whoever reads it, and nothing of the pickle is executed;"
    " where a pickled index is allowed, only a dict of whole numbers comes out of it."
)
_HEADER: Final = "{'descr': '%s', 'fortran_order': False, 'shape': %s, }\n"


class _Indexed(dy.Schema):
    """Ids as a pickled dict, and vectors."""

    index = dy.Int64()
    embeds = dy.Array(dy.Float32(), shape=4)


COLUMNS: Final = Columns(schema=_Indexed)


class _Runs:
    """Makes a folder where it is unpickled."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return os.mkdir, (str(self.target),)


def trials(folder: Path, rng: random.Random, scale: Scale) -> Iterator[Trial]:
    """Every file before every reader; full: also pickles cut off and spoiled at random."""
    target = folder / "made-by-the-pickle"
    payloads = _payloads(target)
    for fault, payload in payloads.items():
        for target_name, read in _READERS.items():
            yield _trial(folder, target, target_name, fault, _file(payload), read)
    for fault, content in _others(target):
        for target_name, read in _READERS.items():
            yield _trial(folder, target, target_name, fault, content, read)
    chosen = list(_index_payloads(payloads, rng, 2 if scale == "short" else 40))
    if scale == "short":
        chosen = rng.sample(chosen, 4)
    for fault, payload in chosen:
        yield _trial(folder, target, "npz --allow-pickle", fault, _file(payload), _allowed)
    yield from _models(folder, target)


def _payloads(target: Path) -> dict[str, bytes]:
    runs = _Runs(target)
    return {
        "a call of os.mkdir": pickle.dumps({0: runs}),
        "the same by protocol 0": pickle.dumps({0: runs}, 0),
        "a call in an object array": pickle.dumps(np.array([runs], dtype=object)),
        "eval": b"cbuiltins\neval\n(S'__import__(\"os\").mkdir(%a)'\ntR." % str(target),
        "numpy.load of another file": b"cnumpy\nload\n(S'/etc/passwd'\ntR.",
        "an attribute of an allowed class": b"cnumpy\nndarray.tofile\n.",
        "an object by reference": b"Pelsewhere\n.",
        "a memo of 2**31 entries": b"\x80\x04Nr\xff\xff\xff\x7f.",
        "a text of a terabyte": b"\x80\x04\x8e" + (1 << 40).to_bytes(8, "little") + b"x.",
        "a frame of a terabyte": b"\x80\x04\x95" + (1 << 40).to_bytes(8, "little") + b"N.",
        "a number of two million digits": b"I" + b"9" * 2_000_000 + b"\n.",
        "lists nested 100,000 deep": b"(l" * 100_000 + b".",
    }


def _index_payloads(
    payloads: dict[str, bytes], rng: random.Random, spoiled: int
) -> Iterator[tuple[str, bytes]]:
    yield from payloads.items()
    yield "two ids of one row", pickle.dumps({1: 0, 2: 0})
    yield "ids that are texts", pickle.dumps({"a": 0})
    yield "ids beyond 64 bits", pickle.dumps({1 << 70: 0})
    whole = pickle.dumps(np.array({7: 0}, dtype=object))
    for _ in range(spoiled):
        at = rng.randrange(2, len(whole) - 20)
        yield f"byte {at} of an honest one spoiled", whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :]


def _npy(kind: str, shape: str, content: bytes) -> bytes:
    header = (_HEADER % (kind, shape)).encode()
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + content


def _file(payload: bytes) -> bytes:
    """An .npz whose arrays of every name that is looked for are this pickle, beside honest vectors."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in ("index", "ids", "about", "met"):
            archive.writestr(f"{name}.npy", _npy("|O", "()", payload))
        archive.writestr("embeds.npy", _npy("<f4", "(1, 4)", bytes(16)))
    return out.getvalue()


def _others(target: Path) -> Iterator[tuple[str, bytes]]:
    """Files of other programs under the name of an .npz."""
    call = pickle.dumps(_Runs(target), 2)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("model/data.pkl", call)
        archive.writestr("model/version", "3\n")
    yield "a .pt file of torch", out.getvalue()
    magic = pickle.dumps(0x1950A86A20F9469CFC6C, 2)
    yield "a .pt file of torch before 1.6", magic + pickle.dumps(1001, 2) + call
    yield "a bare pickle", call
    yield "a .mat file of MATLAB 5", b"MATLAB 5.0 MAT-file, made by nobody".ljust(124) + b"\x00\x01IM" + call
    yield (
        "a .mat file of MATLAB 7.3, which is HDF5",
        b"MATLAB 7.3 MAT-file".ljust(512) + b"\x89HDF\r\n\x1a\n" + call,
    )


def _trial(
    folder: Path, canary: Path, target: str, fault: str, content: bytes, read: Callable[[Path], Any]
) -> Trial:
    path = folder / "a.npz"
    path.write_bytes(content)
    try:
        found = read(path)
        # Where an index is allowed, one that is spoiled may still be one.
        said, held = (
            "it was read",
            read is _allowed and isinstance(found, pl.DataFrame) and "spoiled" in fault,
        )
    except EcomdataError as error:
        said, held = str(error), "a.npz" in str(error)
    if canary.exists():
        return Trial(NAME, target, fault, held=False, detail="the pickle ran")
    return Trial(NAME, target, fault, held=held, detail=said)


def _plain(path: Path) -> object:
    return _rows(Npz(indexes=("index",), others=("ids", "about", "met")), path)


def _allowed(path: Path) -> object:
    return _rows(Npz(indexes=("index",), others=("ids", "about", "met"), allow_pickle=True), path)


def _rows(reader: Npz, path: Path) -> pl.DataFrame:
    file = RawFile.on_disk(path)
    return pl.concat([block.parse().frame for block in reader.blocks(file, COLUMNS)])


def _gallery(path: Path) -> object:
    with npz_gallery(path) as found:
        return found


_READERS: Final[dict[str, Callable[[Path], object]]] = {
    "npz": _plain,
    "galleries of items": _gallery,
    "classifiers": FinalClassifier.load,
    "bases of lsa": lambda path: load(path, EncoderOptions()),
}


def _models(folder: Path, canary: Path) -> Iterator[Trial]:
    """Sentence models whose weights or classes could run code."""
    modules = [{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"}]
    faults: dict[str, dict[str, object]] = {
        f"weights in {name}": {name: pickle.dumps(_Runs(canary))}
        for name in ("pytorch_model.bin", "model.pt", "model.pth", "model.pkl", "model.ckpt")
    }
    faults |= {
        "code of its own": {"config.json": {"auto_map": {"AutoModel": "modeling.Own"}}},
        "a class of its own": {"modules.json": [{**modules[0], "type": "own.Model"}]},
        "a part outside its folder": {"modules.json": [{**modules[0], "path": "../other"}]},
        "a part at an absolute path": {"modules.json": [{**modules[0], "path": "/etc"}]},
        "modules nested 100,000 deep": {"modules.json": b"[" * 100_000},
        "a config nested 100,000 deep": {"config.json": b'{"a":' * 100_000},
        "a config of 20 MB": {"config.json": b" " * 20_000_000},
    }
    for number, (fault, files) in enumerate(faults.items()):
        place = folder / f"model-{number}"
        place.mkdir()
        whole = {"modules.json": modules, "config.json": {}, "tokenizer.json": {}, **files}
        if not fault.startswith("weights"):
            whole["model.safetensors"] = b"\x02\0\0\0\0\0\0\0{}"
        for name, content in whole.items():
            (place / name).write_bytes(
                content if isinstance(content, bytes) else json.dumps(content).encode()
            )
        try:
            check_model(place)
            said, held = "it was taken", False
        except EcomdataError as error:
            said, held = str(error), str(place) in str(error)
        yield Trial(NAME, "sentence models", fault, held=held and not canary.exists(), detail=said)
