"""Known derivatives of a dataset: files that others made from it, told by their columns."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Final

from ecomdata.columns import DriftError
from ecomdata.declare import Dataset
from ecomdata.errors import DataError, EcomdataError
from ecomdata.foreign import require_sound
from ecomdata.pathnames import expanded

_LOOKED_AT: Final = 20
_HEAD: Final = 1 << 16


def explained(error: EcomdataError, dataset: Dataset, source: str | None) -> EcomdataError:
    """The error of a load, or a better one where what was given is a known derivative.

    Args:
        error: Drift in a file that has upstream's name, or no file at all with such a name.
        dataset: What was to be loaded.
        source: Where it was looked for; only a folder or a file on this machine is looked into.
    """
    if isinstance(error, DriftError):
        return _named(dataset, error.where, frozenset(error.found)) or error
    if dataset.lookalikes and source is not None and "://" not in source:
        for path in islice(_tables(expanded(Path(source))), _LOOKED_AT):
            if better := _named(dataset, str(path), _columns(path)):
                return better
    return error


def _named(dataset: Dataset, where: str, found: frozenset[str]) -> DataError | None:
    for name, columns in dataset.lookalikes.items():
        if columns <= found:
            return DataError(
                f"{where}: this looks like {name}, which is made from {dataset.name} and has other columns",
                hint=f"get upstream's own files; {dataset.homepage}",
            )
    return None


def _tables(source: Path) -> Iterator[Path]:
    if source.is_file():
        yield source
    for base, _, names in os.walk(source):
        for name in sorted(names):
            if name.lower().endswith((".parquet", ".csv", ".tsv")):
                yield Path(base) / name


def _columns(path: Path) -> frozenset[str]:
    """The columns a file names; none where it cannot be read, which is not the question here."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    with suppress(OSError, pa.ArrowException, DataError):
        if path.suffix.lower() == ".parquet":
            require_sound(path, path.name)
            return frozenset(pq.read_schema(path).names)
        with path.open("rb") as stream:
            line = stream.readline(_HEAD).decode(errors="replace").strip("\ufeff\r\n")
        return frozenset(field.strip(' "') for field in line.replace("\t", ",").split(","))
    return frozenset()
