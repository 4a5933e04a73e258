"""Small datasets that the tests look for, and files to look through."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import dataframely as dy
import polars as pl

from ecomdata.declare import Access, Dataset, Licence, Raw, Source, Table
from ecomdata.readers import Delimited
from ecomdata.sources import Plan, make_plan
from ecomdata.sources.matching import Selection
from ecomdata.sources.patience import Patience

CLICKS = b"user,sku\n7,b-1\n7,b-2\n"
ITEMS = b"sku,price\nb-1,3\n"
HASTY = Patience(attempts=4, base=0.001, cap=0.002, connect=5.0, stall=5.0)
"""For tests that wait for nothing; those of stalls have a shorter stall."""


class Clicks(dy.Schema):
    """Who clicked what."""

    user = dy.Int64(nullable=True)
    sku = dy.String(nullable=True)


class Items(dy.Schema):
    """What there is."""

    sku = dy.String(nullable=True)
    price = dy.Int64(nullable=True)


def _same(raw: pl.LazyFrame) -> pl.LazyFrame:
    return raw


def dataset(
    clicks: tuple[str, ...] = ("clicks*.csv",),
    items: tuple[str, ...] = ("items/*.csv",),
    *,
    sources: tuple[Source, ...] = (Source(instructions="Ask the shop."),),
    access: Access = "open",
) -> Dataset:
    """A dataset with two tables, read from files with these globs."""

    def table(name: str, schema: type[dy.Schema], globs: tuple[str, ...]) -> Table:
        raw = Raw(files=globs, reader=Delimited(), schema=schema, normalize=_same)
        return Table(name=name, schema=schema, grain="one row", raws=(raw,))

    return Dataset(
        name="toy",
        title="Toy",
        summary="A toy.",
        homepage="https://example.org/toy",
        licence=Licence(id="CC0-1.0", url="https://example.org/terms", redistribution=True),
        citation="@misc{toy2024, title={Toy}}",
        languages=(),
        access=access,
        sources=sources,
        tables=(table("clicks", Clicks, clicks), table("items", Items, items)),
        sample=lambda _folder, _rows, _seed: None,
    )


def selection(**options: object) -> Selection:
    """What the toy dataset looks for."""
    chosen = {"only": None, "tables": None} | options
    return Selection.of(dataset(), **chosen)


def look(home: Path, source: Path | str, only: str | None = None, **globs: tuple[str, ...]) -> Plan:
    """The toy dataset's files at a place."""
    return make_plan(dataset(**globs), source=str(source), home=home, only=only)


def write(folder: Path, files: Mapping[str, bytes]) -> Path:
    """Put files below a folder."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def zipped(files: Mapping[str, bytes]) -> bytes:
    """A zip with these members."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def tarred(files: Mapping[str, bytes]) -> bytes:
    """A tar with these members."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def targz(files: Mapping[str, bytes]) -> bytes:
    """A tar.gz with these members."""
    return gzip.compress(tarred(files), mtime=0)


def names(plan: Plan) -> list[str]:
    """The names of a plan's files."""
    return [file.name for file in plan.files]


def contents(plan: Plan) -> dict[str, bytes]:
    """Every file's content, brought to disk first."""
    found: dict[str, bytes] = {}
    for planned in plan.files:
        for file in plan.ready(planned):
            with file.open() as stream:
                found[file.name] = stream.read()
    return found
