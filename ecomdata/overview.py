"""What there is: the registry and the store as plain values, for ``list`` and ``info``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from ecomdata.declare import Dataset, Table
from ecomdata.registry import datasets, members
from ecomdata.store import Store, home_folder

if TYPE_CHECKING:
    import os


def overview(*, home: str | os.PathLike[str] | None = None) -> list[dict[str, Any]]:
    """Every dataset: name, family, title, licence, access, and what of it is loaded.

    Returns:
        Dicts with ``name, family, title, licence, access, loaded, sample, release, rows, bytes``; the
        last three are null where nothing is loaded.
    """
    store = Store(home_folder(home))
    rows: list[dict[str, Any]] = []
    for dataset in datasets().values():
        loaded = _loaded(store, dataset)
        rows.append(
            {
                "name": dataset.name,
                "family": dataset.family,
                "title": dataset.title,
                "licence": dataset.licence.title,
                "access": dataset.access,
                "loaded": loaded is not None,
                "sample": bool(loaded and loaded["sample"]),
                "release": loaded["release"] if loaded else None,
                "rows": loaded["rows"] if loaded else None,
                "bytes": loaded["bytes"] if loaded else None,
            }
        )
    return rows


def describe_dataset(name: str, *, home: str | os.PathLike[str] | None = None) -> dict[str, Any]:
    """All that is declared of a dataset and loaded; for a family ``{"family": ..., "members": [...]}``."""
    store = Store(home_folder(home))
    found = [_facts(dataset, store) for dataset in members(name)]
    return found[0] if found[0]["name"] == name else {"family": name, "members": found}


def _facts(dataset: Dataset, store: Store) -> dict[str, Any]:
    licence = dataset.licence
    return {
        "name": dataset.name,
        "title": dataset.title,
        "summary": dataset.summary,
        "homepage": dataset.homepage,
        "licence": {
            "title": licence.title,
            "url": licence.url,
            "redistribution": licence.redistribution,
            "note": licence.note,
        },
        "access": dataset.access,
        "languages": list(dataset.languages),
        "sources": [{"url": s.url, "bytes": s.size, "instructions": s.instructions} for s in dataset.sources],
        "citation": dataset.citation.strip(),
        "tables": [_table(dataset, table) for table in dataset.tables],
        "views": [
            {
                "name": v.name,
                "sql": f"{dataset.schema_name}.{v.name}",
                "parameters": list(v.parameters),
                "description": v.description,
            }
            for v in dataset.views
        ],
        "loaded": _loaded(store, dataset),
    }


def _table(dataset: Dataset, table: Table) -> dict[str, Any]:
    return {
        "name": table.name,
        "sql": f"{dataset.schema_name}.{table.name}",
        "kind": table.kind,
        "grain": table.grain,
        "key": list(table.key),
        "description": table.description,
        "time_zone": table.time_zone,
        "files": sorted({glob for raw in table.raws for glob in raw.files}),
        "columns": [
            {"name": n, "type": type_name(c.dtype), "nullable": c.nullable, "unit": table.units.get(n, "")}
            for n, c in table.schema.columns().items()
        ],
    }


def type_name(dtype: pl.DataType) -> str:
    """A type in few words: ``int64``, ``timestamp (UTC)``, ``list of string``, ``vector of 512 float32``."""
    if isinstance(dtype, pl.Enum):
        return f"one of {', '.join(dtype.categories)}"
    if isinstance(dtype, pl.Datetime):
        return f"timestamp ({dtype.time_zone or 'no zone'})"
    inner = getattr(dtype, "inner", None)
    if isinstance(inner, pl.DataType):
        size = f"vector of {dtype.size} " if isinstance(dtype, pl.Array) else "list of "
        return size + type_name(inner)
    return str(dtype).lower()


def _loaded(store: Store, dataset: Dataset) -> dict[str, Any] | None:
    manifest = store.manifest(dataset.name)
    if manifest is None:
        return None
    return {
        "release": manifest.release,
        "sample": manifest.sample,
        "created": manifest.created,
        "origin": manifest.origin,
        "revision": manifest.revision,
        "rows": manifest.rows,
        "bytes": manifest.size,
        "rejected": manifest.rejected,
        "tables": {name: record.written for name, record in manifest.tables.items()},
    }
