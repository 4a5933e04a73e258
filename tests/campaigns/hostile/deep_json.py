"""JSON that no program should meet: nested without end, numbers of a million digits, keys twice."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

import dataframely as dy

from ecomdata.annotating.answers import parse_answer
from ecomdata.annotating.dictionary import FinalDictionary
from ecomdata.annotating.serving.forms import FormError, Posted, answer_of
from ecomdata.annotating.suggesting.replies import read_reply
from ecomdata.annotating.taskfile import read_task, task_of
from ecomdata.columns import Columns
from ecomdata.embedded import read_record
from ecomdata.embeddings.modelfolder import weight_names
from ecomdata.errors import EcomdataError
from ecomdata.manifest import MANIFEST, read_manifest
from ecomdata.personaldata.findings import Findings
from ecomdata.published import Published
from ecomdata.rawfile import RawFile
from ecomdata.readers import JsonArray, JsonLines, JsonPaths, Reader
from ecomdata.semanticids.predictions import Predictions
from ecomdata.sources.hub import Listing
from ecomdata.validating.declared import read_declared
from tests.campaigns.bounded import bounded
from tests.campaigns.trials import Scale, Trial

NAME: Final = "deep_json"
PROMISE: Final = (
    "JSON that is nested too deep, too large or said twice is an error with a reason, no answer, or one"
    " rejected row between two good ones, in less than 3 GiB; never an unforeseen error."
)
_TASK: Final = task_of(
    {
        "name": "view",
        "question": "Which?",
        "kind": "spans",
        "fields": [{"column": "text"}],
        "labels": [{"key": "yes"}, {"key": "no"}],
    },
    where="campaign",
)


class _Rows(dy.Schema):
    """A number and whatever stands beside it, as text."""

    n = dy.Int64()
    rest = dy.String(nullable=True)


_COLUMNS: Final = Columns(schema=_Rows)


def trials(folder: Path, rng: random.Random, scale: Scale) -> Iterator[Trial]:
    """Every document before everything that reads JSON, in a process with bounds; full: at every depth."""
    yield from bounded(_tried, folder, rng, scale)


def _tried(folder: Path, rng: random.Random, scale: Scale) -> Iterator[Trial]:
    documents = list(_documents(rng, scale))
    for fault, text in rng.sample(documents, 5) if scale == "short" else documents:
        for target, read in _places(folder).items():
            yield _trial(target, fault, partial(read, text))
        for target, (reader, key, begin, end, between) in _READERS.items():
            rows = (b'{"n": %d, "%s": %s}' % (n, key, text if n == 2 else b'"a"') for n in (1, 2, 3))
            path = folder / "rows.json"
            path.write_bytes(begin + between.join(rows) + end)
            yield _trial(target, fault, partial(_rows, reader, path))


def _documents(rng: random.Random, scale: Scale) -> Iterator[tuple[str, bytes]]:
    depths = [101, rng.randrange(900, 960), rng.randrange(960, 1000), 100_000]
    if scale == "full":
        depths = [101, *range(900, 1010), 100_000, 1_000_000]
    for depth in depths:
        yield f"lists nested {depth:,} deep", b"[" * depth + b"]" * depth
        yield f"objects nested {depth:,} deep", b'{"a":' * depth + b"1" + b"}" * depth
    yield "brackets that are never closed", b"[" * 100_000
    yield "a number of a million digits", b"7" * 1_000_000
    yield "an exponent of a million digits", b"1e" + b"7" * 1_000_000
    yield (
        "a text of megabytes",
        b'"%s"' % (b"x" * (8_000_000 if scale == "short" else 60_000_000)),
    )
    yield "a quote that is never closed", b'"' + b"x" * 1_000_000
    yield "a key twice", b'{"a": 1, "a": 2}'
    yield "100,000 keys", b"{" + b",".join(b'"%d": 0' % n for n in range(100_000)) + b"}"
    yield "NUL bytes", b"\0" * 1000
    yield "half a character", b'"\\ud800"'
    yield "bytes that are no UTF-8", b'"\xff\xfe"'
    yield "words that Python alone takes for numbers", b"[NaN, Infinity, -Infinity]"


_READERS: Final[dict[str, tuple[Reader, bytes, bytes, bytes, bytes]]] = {
    # reader, the key of what is odd, what opens the file, what closes it, what stands between its rows
    "JSON lines": (JsonLines(loose=("rest",)), b"rest", b"", b"\n", b"\n"),
    "JSON lines with a rest": (JsonLines(rest="rest"), b"other", b"", b"\n", b"\n"),
    "JSON arrays": (JsonArray(), b"rest", b"[", b"]", b",\n"),
    "JSON by paths": (JsonPaths(paths={"n": ("n",), "rest": ("rest",)}), b"rest", b"", b"\n", b"\n"),
}


def _rows(reader: Reader, path: Path) -> str:
    batches = [block.parse() for block in reader.blocks(RawFile.on_disk(path), _COLUMNS)]
    good = [number for batch in batches for number in batch.frame["n"].to_list()]
    reasons = [why for batch in batches for found in batch.rejected["reasons"].to_list() for why in found]
    if sorted([*good, *([2] if 2 not in good else [])]) != [1, 2, 3]:
        raise AssertionError(f"rows {good} were kept")
    if 2 not in good and not reasons:
        raise AssertionError("a row is gone without a reason")
    return "; ".join(reasons) or "it is read as it stands"


def _places(folder: Path) -> dict[str, Callable[[bytes], object]]:
    """What reads JSON that comes from elsewhere."""

    def file(name: str, read: Callable[[Path], object], text: bytes) -> object:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text)
        return read(path)

    def weights(path: Path) -> object:
        content = path.read_bytes()
        path.write_bytes(len(content).to_bytes(8, "little") + content)
        return weight_names(path.parent)

    return {
        "manifests": partial(file, MANIFEST, lambda path: read_manifest(path.parent)),
        "sets of vectors": partial(file, f"set/{MANIFEST}", lambda path: read_record(path.parent)),
        "published datasets": lambda text: Published.parse(text, "ecomdata.json"),
        "listings that are kept": partial(file, "listing.json", Listing.load),
        "findings": lambda text: Findings.parse(text.decode("utf-8", "replace"), "findings.json"),
        "answers in files": lambda text: parse_answer(_TASK, {"text": "a"}, text.decode("utf-8", "replace")),
        "the annotation page": lambda text: answer_of(
            _TASK, Posted({"spans": [text.decode("utf-8", "replace")]})
        ),
        "replies of endpoints": lambda text: read_reply(
            _TASK, {"text": "a"}, text.decode("utf-8", "replace")
        ),
        "dictionaries": partial(file, "model.json", FinalDictionary.load),
        "weights of models": partial(file, "model/model.safetensors", weights),
        "predictions": partial(file, "predictions.jsonl", lambda path: list(Predictions(path).batches())),
        "tasks in TOML": lambda text: file("task.toml", read_task, b"labels = " + text),
        "checks in TOML": lambda text: file(
            "checks.toml", lambda path: read_declared(path, {}), b"a = " + text
        ),
    }


def _trial(target: str, fault: str, read: Callable[[], Any]) -> Trial:
    try:
        found = read()
    except (EcomdataError, FormError) as error:
        return Trial(NAME, target, fault, held=True, detail=str(error)[:200])
    except Exception as error:  # noqa: BLE001 - it is what must not come
        return Trial(NAME, target, fault, held=False, detail=f"{type(error).__name__}: {error}"[:200])
    return Trial(NAME, target, fault, held=True, detail=found if isinstance(found, str) else "not taken")
