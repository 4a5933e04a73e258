"""Raw files of every dataset with bits flipped, pieces lost, zeroed or swapped, or their end cut off."""

from __future__ import annotations

import gzip
import hashlib
import random
import shutil
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

import ecomdata as ed
from ecomdata.errors import EcomdataError
from ecomdata.registry import datasets
from tests.campaigns.commands import Done, run
from tests.campaigns.trials import Scale, Trial
from tests.faulty import assert_accounted, leftovers, manifest_of

NAME = "spoiled_bytes"
PROMISE = (
    "A load of damaged raw files ends with an error that names the file, or every row is in the table or in "
    "quarantine, the counts add up, and the manifest has the hash of the damaged file."
)
ROWS: Final = 150
ROUNDS: Final = {"short": 0, "full": 1}
"""How often each damage is done to each packing of each dataset; in short one damage each in all."""


def _flipped(data: bytearray, rng: random.Random) -> None:
    for _ in range(rng.choice((1, 1, 3))):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def _cut(data: bytearray, rng: random.Random) -> None:
    del data[rng.randrange(1, len(data)) :]


def _short(data: bytearray, rng: random.Random) -> None:
    start = rng.randrange(len(data))
    del data[start : start + rng.choice((1, 16, 512))]


def _zeroed(data: bytearray, rng: random.Random) -> None:
    start = rng.randrange(len(data))
    end = min(len(data), start + rng.choice((1, 16, 512)))
    data[start:end] = bytes(end - start)


def _doubled(data: bytearray, rng: random.Random) -> None:
    start = rng.randrange(len(data))
    data[start:start] = data[start : start + rng.choice((1, 16, 512))]


DAMAGES: Final[dict[str, Callable[[bytearray, random.Random], None]]] = {
    "bits flipped": _flipped,
    "its end cut off": _cut,
    "a piece lost in a short read": _short,
    "a piece of zeros": _zeroed,
    "a piece read twice": _doubled,
}


def _plain(file: Path, root: Path) -> Path:
    assert file.is_relative_to(root)
    return file


def _gzipped(file: Path, root: Path) -> Path:
    packed = _plain(file, root).with_name(f"{file.name}.gz")
    packed.write_bytes(gzip.compress(file.read_bytes(), mtime=0))
    file.unlink()
    return packed


def _zipped(file: Path, root: Path) -> Path:
    packed = root / "raw.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(file, file.relative_to(root))
    file.unlink()
    return packed


def _tarred(file: Path, root: Path) -> Path:
    packed = root / "raw.tar.gz"
    with tarfile.open(packed, "w:gz") as archive:
        archive.add(file, str(file.relative_to(root)))
    file.unlink()
    return packed


PACKINGS: Final[dict[str, Callable[[Path, Path], Path]]] = {
    "as it is": _plain,
    "in a .gz": _gzipped,
    "in a .zip": _zipped,
    "in a .tar.gz": _tarred,
}


class _Spoiled(NamedTuple):
    """A folder of raw files one of which is damaged."""

    folder: Path
    file: str
    packed: Path
    digest: str


def trials(folder: Path, rng: random.Random, scale: Scale) -> Iterator[Trial]:
    """Damage each dataset's files, plain and packed, and load them with the command line."""
    for name, dataset in datasets().items():
        if dataset.derived_from:
            continue
        raw = folder / name.replace("/", "-")
        ed.sample(name, raw, rows=ROWS)
        for packing, damage in _choices(rng, scale):
            spoiled = _spoil(raw, folder / "now", rng, packing, damage)
            fault = f"{spoiled.file} {packing}: {damage}"
            home = folder / "home"
            done = run(
                "load", name, "--source", spoiled.folder, "--home", home, "--jobs", "1", log=folder / "log"
            )
            wrong = _wrong(done, home, name, spoiled)
            yield Trial(NAME, name, fault, held=not wrong, detail=wrong or done.said[:300])
            shutil.rmtree(home, ignore_errors=True)


def _choices(rng: random.Random, scale: Scale) -> Iterator[tuple[str, str]]:
    if scale == "short":
        yield rng.choice(list(PACKINGS)), rng.choice(list(DAMAGES))
        return
    for packing in PACKINGS:
        for damage in DAMAGES:
            for _ in range(ROUNDS[scale]):
                yield packing, damage


def _spoil(raw: Path, folder: Path, rng: random.Random, packing: str, damage: str) -> _Spoiled:
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(raw, folder)
    file = rng.choice(sorted(path for path in folder.rglob("*") if path.is_file()))
    packed = PACKINGS[packing](file, folder)
    before = packed.read_bytes()
    data = bytearray(before)
    while data == before:
        DAMAGES[damage](data, rng)
    packed.write_bytes(data)
    return _Spoiled(folder, file.name, packed, hashlib.sha256(data).hexdigest())


def _wrong(done: Done, home: Path, name: str, spoiled: _Spoiled) -> str:
    """What is wrong with how a load ended; empty where what is promised held."""
    if done.code:
        named = spoiled.file if spoiled.file in done.err else spoiled.packed.name
        unclean = leftovers(home) or [home for _ in [0] if manifest_of(home, name)]
        return done.complaint(3, named) or (f"left behind: {unclean[0]}" if unclean else "")
    manifest = manifest_of(home, name)
    if manifest is None:
        return "exit code 0, and no release"
    try:
        assert_accounted(manifest)
        differences = ed.verify(name, home=home).differences
    except (AssertionError, EcomdataError) as error:
        return f"the accounts of {error} do not add up"
    if spoiled.digest not in {file["sha256"] for file in manifest["raw"]}:
        return "the manifest has no such file, or not its hash"
    return f"verify: {differences[0]}" if differences else ""
