"""Whether a card is one that the Hub and its clients read: the checks that need no network."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final, cast

from ecomdata.cardmaking.hubwords import SIZES, TASKS

_LANGUAGE: Final = re.compile(r"[a-z]{2,3}")


def check_readme(text: str) -> tuple[str, ...]:
    """What is wrong with a card's front matter; empty where nothing is.

    ``huggingface_hub`` reads it as a card, ``datasets`` reads its configs and types, and its words are
    compared with the Hub's. (``RepoCard.validate`` asks the Hub itself, and so cannot be used offline.)
    """
    import yaml
    from huggingface_hub import DatasetCard

    try:
        data: dict[str, Any] = DatasetCard(text).data.to_dict()
    except (yaml.YAMLError, ValueError, TypeError) as error:
        return (f"huggingface_hub cannot read the front matter: {_line(error)}",)
    if not data:
        return ("the card has no front matter",)
    return (*_words(data), *_licence(data), *_configs(data))


def _words(data: dict[str, Any]) -> Iterator[str]:
    known: tuple[tuple[str, Iterable[str]], ...] = (("task_categories", TASKS), ("size_categories", SIZES))
    for name, words in known:
        for word in _listed(data.get(name)):
            if word not in words:
                yield f"{name}: {word!r} is not one of the Hub's words"
    for tag in _listed(data.get("language")):
        if not _LANGUAGE.fullmatch(tag):
            yield f"language: {tag!r} is not an ISO 639 code of two or three letters"


def _licence(data: dict[str, Any]) -> Iterator[str]:
    if not data.get("license"):
        yield "license is missing"
    if data.get("license") == "other":
        for name in ("license_name", "license_link"):
            if not data.get(name):
                yield f"{name} is missing, and license is other"


def _configs(fields: dict[str, Any]) -> Iterator[str]:
    """What ``datasets`` finds wrong with the configs and their types."""
    from datasets.info import DatasetInfosDict
    from datasets.utils.metadata import MetadataConfigs
    from huggingface_hub import DatasetCardData

    data = DatasetCardData(**fields)
    try:
        configs = MetadataConfigs.from_dataset_card_data(data)
        infos = DatasetInfosDict.from_dataset_card_data(data)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        yield f"datasets cannot read configs and dataset_info: {_line(error)}"
        return
    if set(configs) != set(infos):
        yield f"configs {sorted(configs)} and dataset_info {sorted(infos)} are not of the same tables"
    if configs and sum(bool(config.get("default")) for config in configs.values()) != 1:
        yield "one of the configs is the default one"
    for name, info in infos.items():
        if not info.features:
            yield f"dataset_info: {name} has no features"
        if not info.splits:
            yield f"dataset_info: {name} has no splits"


def _listed(value: object) -> list[str]:
    items = cast("list[object]", value) if isinstance(value, list) else [value] if value else []
    return [str(item) for item in items]


def _line(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
