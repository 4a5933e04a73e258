"""The files of a sentence model: found, looked at before anything is loaded, and hashed.

Weights are read from safetensors alone. A pickle can run any code when it is read, and so could code that
comes with a model, or a class that it names; such models are refused.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final, cast

from ecomdata.embeddings.encoders import NEEDS_NONE
from ecomdata.errors import AccessError, DataError, UsageError
from ecomdata.plainjson import parsed, read_json
from ecomdata.shards import sha256_file

WANTED: Final = ("*.json", "*.txt", "*.safetensors", "*.model")
"""The files of a model that are loaded, and fetched where they are not there."""
_PICKLES: Final = frozenset({".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt"})
_OWN: Final = "sentence_transformers."
_WEIGHTLESS: Final = frozenset({"Pooling", "Normalize"})
_MOST_JSON: Final = 1 << 20
_MOST_HEADER: Final = 100_000_000
"""What safetensors itself allows."""
EXAMPLE: Final = "sentence-transformers:all-MiniLM-L6-v2"


def model_folder(which: str) -> Path:
    """The folder of a model: the one that is named, or that of an id in the cache, fetched if it may be.

    Raises:
        UsageError: there is no such folder, and no such model in the cache while HF_HUB_OFFLINE is set.
        AccessError: it cannot be fetched.
    """
    if not which:
        raise UsageError("sentence-transformers needs a model", hint=f"such as {EXAMPLE}, or its folder")
    folder = Path(which).expanduser()
    if folder.is_dir():
        return folder
    if which.startswith((".", "~", os.sep)) or which.count("/") > 1:
        raise UsageError(f"{which} is no folder", hint=f"give the folder of a model; {NEEDS_NONE}")
    return _of_the_hub(which if "/" in which else f"sentence-transformers/{which}")


def _of_the_hub(name: str) -> Path:
    from huggingface_hub import constants, snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    from ecomdata.sources.hub_calls import session
    from ecomdata.sources.hub_client import offline

    if not offline():
        session()
    try:
        return Path(str(snapshot_download(name, allow_patterns=list(WANTED))))
    except HFValidationError as error:
        raise UsageError(f"{name!r} is no id of a model", hint=f"such as {EXAMPLE}") from error
    except LocalEntryNotFoundError as error:
        raise UsageError(
            f"the model {name} is not on this machine, and cannot be fetched: modules.json, config.json, "
            f"tokenizer.json and model.safetensors are missing in {constants.HF_HUB_CACHE}",
            hint=f"copy its folder here and give that, or unset HF_HUB_OFFLINE; {NEEDS_NONE}",
        ) from error
    except (HfHubHTTPError, OSError) as error:
        raise AccessError(
            f"the model {name} cannot be fetched: {str(error).strip().splitlines()[0]}",
            hint=f"check the name and HF_TOKEN, or copy its folder here and give that; {NEEDS_NONE}",
        ) from error


def check_model(folder: Path) -> None:
    """Look at a model's files before any is loaded.

    Raises:
        UsageError: some are missing; the message names them.
        DataError: its weights are pickled, it brings classes of its own, or a file is not what it should be.
    """
    missing = [name for name in ("modules.json", "config.json") if not (folder / name).is_file()]
    if not any((folder / name).is_file() for name in ("tokenizer.json", "vocab.txt", "tokenizer.model")):
        missing.append("tokenizer.json")
    modules = [] if "modules.json" in missing else _modules(folder)
    for module in modules:
        place = folder / str(module["path"])
        if str(module["type"]).rpartition(".")[2] not in _WEIGHTLESS:
            missing += _lacks_weights(place, folder)
    if missing:
        raise UsageError(
            f"{folder} holds no whole sentence model: {', '.join(missing)} "
            f"{'is' if len(missing) == 1 else 'are'} missing",
            hint=f"copy all of it; {NEEDS_NONE}",
        )
    if "auto_map" in _json(folder / "config.json"):
        raise DataError(
            f"the model in {folder} brings code of its own, which is never run", hint="choose another"
        )


def _modules(folder: Path) -> list[dict[str, Any]]:
    """The parts that a model says it has, each of the library's own kinds and in the folder."""
    path = folder / "modules.json"
    found: Any = _json(path)
    modules: list[Any] = list(cast("Iterable[Any]", found)) if isinstance(found, list) else []
    if not modules or not all(isinstance(one, dict) and {"path", "type"} <= one.keys() for one in modules):
        raise DataError(f"{path} names no modules", hint="copy the model again")
    for module in modules:
        place, kind = str(module["path"]), str(module["type"])
        if place.startswith(("/", "~")) or ".." in Path(place).parts:
            raise DataError(f"{path} points out of its folder", hint="choose another model")
        if not kind.startswith(_OWN):
            raise DataError(
                f"the model in {folder} is made of {kind[:80]!r}, code of its own, which is never run",
                hint="choose another",
            )
    return modules


def _lacks_weights(place: Path, folder: Path) -> list[str]:
    if any(place.glob("*.safetensors")):
        return []
    pickled = sorted(path.name for path in place.glob("*") if path.suffix in _PICKLES)
    if pickled:
        raise DataError(
            f"the weights in {place / pickled[0]} are pickled, and reading a pickle can run any code",
            hint="use a revision of the model that has model.safetensors",
        )
    return [(place / "model.safetensors").relative_to(folder).as_posix()]


def _json(path: Path) -> Any:  # noqa: ANN401 - whatever stands there
    try:
        return read_json(path, most=_MOST_JSON)
    except (OSError, ValueError) as error:
        raise DataError(f"{path} is no JSON of a model: {error}", hint="copy the model again") from error


def weight_names(folder: Path) -> frozenset[str]:
    """The names of the arrays in a folder's safetensors, from their headers.

    Raises:
        DataError: a file has no such header.
    """
    names: set[str] = set()
    for path in folder.glob("*.safetensors"):
        with path.open("rb") as file:
            size = int.from_bytes(file.read(8), "little")
            text = file.read(min(size, _MOST_HEADER))
        try:
            names |= dict(parsed(text, most=_MOST_HEADER)).keys()
        except (TypeError, ValueError) as error:
            raise DataError(f"{path} holds no weights: {error}", hint="copy the model again") from error
    return frozenset(names - {"__metadata__"})


def revision_of(folder: Path) -> str:
    """A hash of the model's files that are loaded, whatever the folder is called."""
    digest = hashlib.sha256()
    for path in sorted({path for pattern in WANTED for path in folder.rglob(pattern)}):
        digest.update(f"{path.relative_to(folder).as_posix()} {sha256_file(path)}\n".encode())
    return digest.hexdigest()
