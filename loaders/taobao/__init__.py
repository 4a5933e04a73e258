"""The Taobao and Alibaba family: every module here that is not private declares one member as ``DATASET``."""

from __future__ import annotations

import importlib
import pkgutil

from ecomdata.declare import Dataset


def _member(module: str) -> Dataset:
    dataset: object = importlib.import_module(f"{__name__}.{module}").DATASET
    if not isinstance(dataset, Dataset):
        raise TypeError(f"{__name__}.{module}.DATASET is no Dataset")
    return dataset


DATASETS: tuple[Dataset, ...] = tuple(
    _member(module.name) for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_")
)
