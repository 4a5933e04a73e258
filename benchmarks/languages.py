"""How well languages are told and how fast, beside langdetect, lid.176 and the fasttext library.

``python benchmarks/languages.py`` tags BanglaTLit's test split (in ../shared/real, or --banglatlit), whose
rows stand once in Latin letters and once in Bengali script, and the lines in heldout/, and prints precision,
recall and F1 of each language. None of these was trained on. Labels are upstream's: a row of BanglaTLit that
is plain English counts as bn-Latn; how many those are is told apart. Languages differ in their number of
lines, so there is a second macro-F1 in which each weighs the same. Then the rate on the romanised rows, again
and again, in one process. lid.176 takes part where --lid names its file.
"""

from __future__ import annotations

import argparse
import importlib
import resource
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import polars as pl

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # for `python benchmarks/languages.py`

from benchmarks.measuring import (  # noqa: E402
    Measured,
    Results,
    Usage,
    conclude,
    figures,
    goal,
    machine,
    ratio,
    versions,
)

HERE: Final = Path(__file__).parent
RESULTS: Final = HERE / "results" / "languages.json"
BANGLATLIT: Final = ROOT.parent / "shared" / "real" / "banglatlit"
LANGUAGES: Final = ("bn", "bn-Latn", "en", "vi", "zh", "other")
CODES: Final = {"bn": "bn", "en": "en", "vi": "vi", "zh": "zh", "zh-cn": "zh", "zh-tw": "zh"}
"""What langdetect's and lid.176's codes are here; all others are ``other``."""
LABELS: Final = {
    "languages/detect-2": "detect_languages on two threads, all columns",
    "languages/detect-1": "detect_languages on one thread, all columns",
    "languages/fasttext": "fasttext's predict with the same model on a list of the words picked out before",
    "languages/lid": "detect_languages on two threads, with the file of --lid besides",
    "languages/langdetect": "langdetect, seeded, one text after the other",
}
Predictor = Callable[[pl.Series], list[str]]


def heldout(banglatlit: Path) -> pl.DataFrame:
    """The lines: ``label``, ``source``, ``id`` (of BanglaTLit's rows) and ``text``."""
    test = pl.read_csv(banglatlit / "BanglaTLiT_test.csv", infer_schema=False)
    romanised = test.select(
        label=pl.lit("bn-Latn"), source=pl.lit("banglatlit"), id="id", text="text_transliterated"
    )
    bengali = test.select(label=pl.lit("bn"), source=pl.lit("banglatlit"), id="id", text="text_bengali")
    lines = _split("lines.tsv", "label", "source", "text")
    reviews = _split("reviews.tsv", "label", "text")
    reviews = reviews.with_columns(
        source=pl.lit("reviews/") + pl.col("label"), label=pl.col("label").str.strip_suffix("-plain")
    )
    return pl.concat([romanised, bengali, lines, reviews], how="diagonal")


def _split(name: str, *columns: str) -> pl.DataFrame:
    """A file of lines with tabs between their parts."""
    return pl.read_csv(
        HERE / "heldout" / name,
        separator="\t",
        has_header=False,
        quote_char=None,
        infer_schema=False,
        new_columns=columns,
    )


def ours(texts: pl.Series) -> list[str]:
    """The tags of ``ecomdata.detect_languages``."""
    from ecomdata.languages.detecting import detect_languages

    return detect_languages(texts)["language"].cast(pl.String).to_list()


def peer(texts: pl.Series) -> list[str]:
    """The codes of langdetect, as tags; ``none`` where it finds nothing."""
    langdetect: Any = importlib.import_module("langdetect")  # it carries no types
    langdetect.DetectorFactory.seed = 0
    found: list[str] = []
    for text in texts:
        try:
            found.append(CODES.get(langdetect.detect(text), "other"))
        except langdetect.LangDetectException:
            found.append("none")
    return found


def lid(file: Path) -> Predictor:
    """The codes of lid.176, as tags."""
    from ecomdata.languages.detecting import detect_languages

    return lambda texts: [CODES.get(code, "other") for code in detect_languages(texts, lid=file)["lid"]]


def quality(lines: pl.DataFrame, told: list[str]) -> dict[str, Any]:
    """Precision, recall and F1 of each language, and what was taken for what."""
    frame = lines.with_columns(told=pl.Series(told))
    size = dict(frame.group_by("label").len().iter_rows())
    confusion = {
        label: dict(frame.filter(label=label).group_by("told").len().sort("len", descending=True).iter_rows())
        for label in LANGUAGES
    }

    def scores(weigh: dict[str, float]) -> dict[str, dict[str, float]]:
        found: dict[str, dict[str, float]] = {}
        for name in LANGUAGES:
            right = confusion[name].get(name, 0) * weigh[name]
            taken = sum(confusion[label].get(name, 0) * weigh[label] for label in LANGUAGES)
            precision, recall = right / taken if taken else 0.0, right / (size[name] * weigh[name])
            f1 = 2 * precision * recall / (precision + recall) if right else 0.0
            found[name] = {"precision": round(precision, 4), "recall": round(recall, 4), "f1": round(f1, 4)}
        return found

    plain, balanced = scores(dict.fromkeys(LANGUAGES, 1.0)), scores({k: 1 / size[k] for k in LANGUAGES})
    sources = frame.group_by("label", pl.col("source").str.extract(r"^(\w+)")).agg(
        right=(pl.col("label") == pl.col("told")).mean(), lines=pl.len()
    )
    return {
        "languages": {name: {"lines": size[name], **plain[name]} for name in LANGUAGES},
        "macro_f1": _mean(plain),
        "languages_weighed_alike": balanced,
        "macro_f1_weighed_alike": _mean(balanced),
        "confusion": confusion,
        "right_by_source": sources.sort("label", "source").to_dicts(),
    }


def _mean(scores: dict[str, dict[str, float]]) -> float:
    return round(sum(one["f1"] for one in scores.values()) / len(scores), 4)


def read_by_hand(lines: pl.DataFrame) -> dict[str, Any]:
    """Which romanised rows of BanglaTLit are missed, and why; see heldout/NOTICE.md."""
    from ecomdata.languages.detecting import detect_languages

    rows = lines.filter(label="bn-Latn", source="banglatlit")
    told = detect_languages(rows["text"])
    frame = rows.with_columns(told.select("language", "parts"))
    notes: dict[str, str] = dict(_split("banglatlit_read.tsv", "id", "note").iter_rows())
    right = frame.filter(language="bn-Latn").height
    mixed = frame.filter(language="mixed")
    missed = frame.filter(~pl.col("language").is_in(["bn-Latn", "mixed"]))
    why = [notes.get(name, "missed") for name in missed["id"]]
    with_part = mixed.filter(pl.col("parts").list.contains("bn-Latn")).height
    return {
        "rows": rows.height,
        "bn-Latn": right,
        "mixed with bn-Latn": with_part,
        "mixed without": mixed.height - with_part,
        "else, no word of Bengali in Latin letters": len(why) - why.count("missed"),
        "else, missed": why.count("missed"),
        "recall of rows with such words in Latin letters alone": round(
            right / (right + why.count("missed")), 4
        ),
    }


def rates(texts: pl.Series, options: argparse.Namespace) -> tuple[Results, dict[str, int]]:
    """What tagging the texts took, each contender once a round; langdetect gets a hundredth of them."""
    from ecomdata.languages.detecting import detect_languages

    many = pl.concat([texts] * -(-options.texts // len(texts))).head(options.texts)
    few = many.head(max(1, options.texts // 100))
    contenders: dict[str, tuple[Callable[[], object], int]] = {
        "languages/detect-2": (lambda: detect_languages(many, threads=2), len(many)),
        "languages/detect-1": (lambda: detect_languages(many, threads=1), len(many)),
        "languages/fasttext": (_library(many), len(many)),
        "languages/langdetect": (lambda: peer(few), len(few)),
    }
    if options.lid:
        contenders["languages/lid"] = (lambda: detect_languages(many, lid=options.lid, threads=2), len(many))
    results: Results = {name: Measured() for name in contenders}
    names = list(contenders)
    contenders["languages/detect-2"][0]()  # compiled, and the model read
    for turn in range(options.repeats):
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            results[name].add(_timed(contenders[name][0]))
    return results, {name: size for name, (_, size) in contenders.items()}


def _library(texts: pl.Series) -> Callable[[], object]:
    """The library's predict on a list of strings, made beforehand: the words that the model reads."""
    from ecomdata.languages.arrowtext import texts_of_series
    from ecomdata.languages.detecting import latin_words

    _, words = latin_words(texts_of_series(texts))
    edges, data = words.edges.tolist(), words.data.tobytes()
    listed = [data[a:b].decode() for a, b in pairwise(edges)]
    model: Any = importlib.import_module("fasttext").load_model(
        str(ROOT / "ecomdata" / "languages" / "model.ftz")
    )
    return lambda: model.predict(listed)


def _timed(work: Callable[[], object]) -> Usage:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    took = time.perf_counter() - wall, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return Usage(*took, peak * (1 if sys.platform == "darwin" else 1024))


def report(options: argparse.Namespace) -> dict[str, Any]:
    """Everything that was measured."""
    lines = heldout(options.banglatlit)
    contenders: dict[str, Predictor] = {"ecomdata": ours, "langdetect": peer}
    if options.lid:
        contenders["lid.176"] = lid(options.lid)
    asked = lines if not options.quick else lines.gather_every(40)
    found = {name: quality(asked, tell(asked["text"])) for name, tell in contenders.items()}
    results, sizes = rates(lines.filter(label="bn-Latn")["text"], options)
    own = found["ecomdata"]
    rows = own["confusion"]["bn-Latn"]
    recall = asked.filter(label="bn-Latn", source="banglatlit")
    told = ours(recall["text"])
    entries = [figures(name, LABELS[name], results[name], sizes[name]) for name in results]
    fastest = entries[0]["rows_per_second"]
    return {
        "benchmark": "languages",
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "versions": versions(["polars", "pyarrow", "numba", "numpy", "fasttext-numpy2", "langdetect"]),
        "sizes": {"lines": asked.height, "texts": sizes},
        "lid": "given" if options.lid else "not given: lid.176 is not part of this run",
        "quality": found,
        "banglatlit_romanised": read_by_hand(lines),
        "taken_for_english": rows.get("en", 0),
        "measurements": entries,
        "ratios": [
            ratio(
                "languages/detect-1",
                results["languages/detect-1"].wall,
                "languages/fasttext",
                results["languages/fasttext"].wall,
            )
        ],
        "goals": _goals(own, round(told.count("bn-Latn") / len(told), 4), fastest),
    }


def _goals(own: dict[str, Any], recall: float, rate: int) -> list[dict[str, Any]]:
    """The aims of the project, each with what was reached."""
    return [
        goal("macro-F1, upstream's labels", own["macro_f1"], ">=", 0.97),
        goal("macro-F1, languages weighed alike", own["macro_f1_weighed_alike"], ">=", 0.97),
        goal(
            "recall of bn-Latn on BanglaTLit test, upstream's labels",
            recall,
            ">=",
            0.95,
        ),
        goal("short texts a second on 2 cores", rate, ">=", 100_000),
    ]


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0] if __doc__ else None)
    parser.add_argument("--banglatlit", type=Path, default=BANGLATLIT, help="folder of BanglaTLiT_test.csv")
    parser.add_argument("--lid", type=Path, help="lid.176.ftz or .bin, if you have it")
    parser.add_argument("--texts", type=int, default=500_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="few texts, once: to see that it works")
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    if not (options.banglatlit / "BanglaTLiT_test.csv").is_file():
        parser.error(f"{options.banglatlit} has no BanglaTLiT_test.csv; name its folder with --banglatlit")
    if options.quick:
        options.texts, options.repeats = 5_000, 1
    return options


def main() -> None:
    """Measure, print, and write the JSON."""
    options = arguments()
    found = report(options)
    for name, judged in found["quality"].items():
        print(f"{name}: macro-F1 {judged['macro_f1']}, weighed alike {judged['macro_f1_weighed_alike']}")
        for language, score in judged["languages"].items():
            print(f"  {language:8}", "  ".join(f"{key} {value}" for key, value in score.items()))
    print("BanglaTLit test, romanised:", found["banglatlit_romanised"])
    conclude(found, options.out)


if __name__ == "__main__":
    main()
