"""Public e-commerce datasets as typed, validated Parquet that SQL, polars and ``datasets`` can read.

    import ecomdata as ed

    merrec = ed.load("merrec", sample=True)
    merrec["events"].lazy()
    ed.sql("select event, count(*) n from merrec.events group by all")

Every name here is imported when it is first used, so ``import ecomdata`` costs next to nothing.
"""

from __future__ import annotations

import importlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from ecomdata.cardmaking import CardFiles, card
    from ecomdata.catalog import sql, write_catalog
    from ecomdata.duplicates import Duplicates, find_duplicates
    from ecomdata.duplicates.deduplication import Deduplication
    from ecomdata.duplicates.searching import dedup
    from ecomdata.embeddings.embedding import embed
    from ecomdata.embeddings.sets import EmbeddingSet, embedding_set, embedding_sets
    from ecomdata.errors import AccessError, DataError, EcomdataError, UsageError
    from ecomdata.exporting.making import export
    from ecomdata.exporting.parts import Export
    from ecomdata.languages.describing import describe_languages
    from ecomdata.languages.detecting import detect_languages
    from ecomdata.languages.summaries import ColumnLanguages
    from ecomdata.loading import load
    from ecomdata.personaldata import Findings, personal_data
    from ecomdata.publishing import Publication, publish
    from ecomdata.registry import datasets, loader
    from ecomdata.release import Release, TableData
    from ecomdata.release import open_release as open  # noqa: A004 - ed.open("merrec") reads best
    from ecomdata.samples import sample
    from ecomdata.semanticids.measuring import SemanticIdStats, semantic_id_stats
    from ecomdata.semanticids.resolving import Resolution, resolve_collisions
    from ecomdata.validating import Validation, validate
    from ecomdata.vectorstats.describing import stats
    from ecomdata.vectorstats.figures import EmbeddingStatistics
    from ecomdata.verifying import Verification, verify

__version__: Final = "0.1.0"

__all__ = [
    "AccessError",
    "CardFiles",
    "ColumnLanguages",
    "DataError",
    "Deduplication",
    "Duplicates",
    "EcomdataError",
    "EmbeddingSet",
    "EmbeddingStatistics",
    "Export",
    "Findings",
    "Publication",
    "Release",
    "Resolution",
    "SemanticIdStats",
    "TableData",
    "UsageError",
    "Validation",
    "Verification",
    "__version__",
    "card",
    "datasets",
    "dedup",
    "describe_languages",
    "detect_languages",
    "embed",
    "embedding_set",
    "embedding_sets",
    "export",
    "find_duplicates",
    "load",
    "loader",
    "open",
    "personal_data",
    "publish",
    "resolve_collisions",
    "sample",
    "semantic_id_stats",
    "sql",
    "stats",
    "validate",
    "verify",
    "write_catalog",
]

# In a checkout the content folders stand beside this package; in a wheel they are inside it.
if not (Path(__file__).parent / "loaders").is_dir():
    __path__.append(str(Path(__file__).parent.parent))

# Else huggingface_hub tells the Hub which other tools are at work here, and fetches a list of those to find.
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

_HOMES: Final = {
    "AccessError": "errors",
    "CardFiles": "cardmaking",
    "ColumnLanguages": "languages.summaries",
    "DataError": "errors",
    "Deduplication": "duplicates.deduplication",
    "Duplicates": "duplicates",
    "EcomdataError": "errors",
    "EmbeddingSet": "embeddings.sets",
    "EmbeddingStatistics": "vectorstats.figures",
    "Export": "exporting.parts",
    "Findings": "personaldata",
    "Publication": "publishing",
    "Release": "release",
    "Resolution": "semanticids.resolving",
    "SemanticIdStats": "semanticids.measuring",
    "TableData": "release",
    "UsageError": "errors",
    "Validation": "validating",
    "Verification": "verifying",
    "card": "cardmaking",
    "datasets": "registry",
    "describe_languages": "languages.describing",
    "export": "exporting.making",
    "detect_languages": "languages.detecting",
    "dedup": "duplicates.searching",
    "embed": "embeddings.embedding",
    "embedding_set": "embeddings.sets",
    "embedding_sets": "embeddings.sets",
    "find_duplicates": "duplicates",
    "load": "loading",
    "loader": "registry",
    "open": "release",
    "personal_data": "personaldata",
    "publish": "publishing",
    "resolve_collisions": "semanticids.resolving",
    "sample": "samples",
    "semantic_id_stats": "semanticids.measuring",
    "sql": "catalog",
    "stats": "vectorstats.describing",
    "validate": "validating",
    "verify": "verifying",
    "write_catalog": "catalog",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - a module attribute can be anything
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = importlib.import_module(f"ecomdata.{_HOMES[name]}")
    value = getattr(module, "open_release" if name == "open" else name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
