"""The front matter of a card: what the Hub and ``datasets`` read of it."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Any, Final

from ecomdata.cardmaking.hubwords import SIZES
from ecomdata.cardmaking.numbers import Features
from ecomdata.cardmaking.prose import Prose
from ecomdata.declare import Dataset
from ecomdata.published import Published

SAMPLE_LICENCE: Final = "MIT"
"""Of the rows that ecomdata makes up itself: that of its code."""
_ON_THE_HUB: Final = re.compile(
    r"apache-2\.0|mit|cc0-1\.0|cc-by-(2\.[05]|[34]\.0)|cc-by-sa-[34]\.0|cc-by-nc(-sa)?-[234]\.0|cc-by-nd-4\.0"
    r"|cc-by-nc-nd-[34]\.0|cdla-sharing-1\.0|cdla-permissive-[12]\.0|odc-by|odbl|pddl|unlicense"
)
"""The ids for data that the Hub knows; others go as ``other`` with their name and address."""


def card_title(dataset: Dataset, published: Published) -> str:
    """The dataset's name in full; a sample is called one."""
    return f"{dataset.title}, a synthetic sample" if published.sample else dataset.title


def front_matter(
    dataset: Dataset, published: Published, prose: Prose, features: Mapping[str, Features]
) -> str:
    """The YAML between the card's ``---`` lines, as huggingface_hub writes it.

    ``dataset_info`` is what ``datasets`` itself would write. Its ``download_size`` is the bytes of the
    files; its ``num_bytes`` are the columns' bytes before compression, as the footers of the files have
    them: what they would be in memory is known only to who reads them all.
    """
    from huggingface_hub import DatasetCardData

    primary = list(dict.fromkeys(tag.split("-")[0] for tag in dataset.languages))
    more: dict[str, Any] = {**licence_fields(dataset, published), "language": primary or None}
    if primary != list(dataset.languages):
        more["language_bcp47"] = list(dataset.languages)
    rows = 0 if published.card_only else sum(table.written for table in published.tables.values())
    data = DatasetCardData(
        pretty_name=card_title(dataset, published),
        size_categories=[size_category(rows)],
        task_categories=list(prose.task_categories) or None,
        tags=["e-commerce", "ecomdata", *(["synthetic"] if published.sample else [])],
        **more,
    )
    if not published.card_only:
        names = [name for name in in_order(dataset, published) if name in features]
        data["configs"] = _configs(names, default_of(names, published))
        data["dataset_info"] = [_info(published, name, features[name]) for name in names]
    return str(data).strip()


def in_order(dataset: Dataset, published: Published) -> list[str]:
    """The published tables, as they are declared, and then those that an older declaration had."""
    declared = [table.name for table in dataset.tables if table.name in published.tables]
    return list(dict.fromkeys([*declared, *published.tables]))


def default_of(names: Sequence[str], published: Published) -> str:
    """The table to begin with: the first that has rows, as ``datasets`` loads no split without any."""
    return next((name for name in names if published.tables[name].written), names[0] if names else "")


def _configs(names: Sequence[str], default: str) -> list[dict[str, Any]]:
    return [
        {
            "config_name": name,
            "data_files": [{"split": "train", "path": f"{name}/*.parquet"}],
            **({"default": True} if name == default else {}),
        }
        for name in names
    ]


def _info(published: Published, name: str, features: Features) -> dict[str, Any]:
    table = published.tables[name]
    split = {"name": "train", "num_bytes": features.num_bytes, "num_examples": table.written}
    return {
        "config_name": name,
        "features": list(features.columns),
        "splits": [split],
        "download_size": sum(file.size for file in table.files),
        "dataset_size": features.num_bytes,
    }


def licence_fields(dataset: Dataset, published: Published) -> dict[str, str]:
    """The terms as the Hub's YAML has them."""
    licence = dataset.licence
    if published.sample:
        return {"license": SAMPLE_LICENCE.lower()}
    if _ON_THE_HUB.fullmatch(licence.id.lower()):
        return {"license": licence.id.lower()}
    return {"license": "other", "license_name": licence.title, "license_link": licence.url}


def size_category(rows: int) -> str:
    """The Hub's word for so many rows: ``10K<n<100K``."""
    return SIZES[bisect_right([10**power for power in range(3, 13)], rows)]
