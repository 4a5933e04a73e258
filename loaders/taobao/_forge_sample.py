"""Synthetic FORGE files in the layout of the repository, the Hub and the object storage.

Of the rows, about 70 % are item codes, 25 % sequences, 3 % vectors and 1 % demo vectors. Items in histories
are long-tailed; histories are up to 100 long. Quirks: TAB in ``train_data.csv`` and no newline at its end,
the same rows again as JSON lines, ids only there, origin behaviour newest first, base62 ids with leading
zeros, test answers that are item ids, 1 % of items with empty codes, a header line in the middle of a
vector file. Rejected on load: one prompt in 200 with a blank user or answer (at least one), and one
vector a file that is too short. One liberty: upstream pickles ``itemEncID`` of the contrastive demo, which
a load refuses by default, so here it is a plain array of ids (``write_contrastive`` writes either).
"""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from ecomdata import sampling
from ecomdata.readers.vectors import base64_texts

_SYSTEM: Final = (
    "你是一个推荐系统，根据用户的历史行为，预测用户在电商场景的下一步行为。"
    "我会给你一串连续行为的语义编码，按照用户点击的时间顺序排列，每个行为用三个词表示。"
)
_BEFORE: Final = "当前用户的历史行为如下："
_AFTER: Final = "，请预测用户在电商推荐场景后续行为的语义编码"
_ALPHABET: Final = np.frombuffer(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", np.uint8)
_SLAB: Final = 50_000
_DIM: Final = 512

_PROMPTS: Final = {
    "algr/data/train_data.csv": ("final", False, 1),
    "AL-GR/s1_splits/part_01.csv": ("base", False, 2),
    "AL-GR/s2_splits/part_01.csv": ("base", False, 1),
    "AL-GR-v1/s1_splits/part_01.csv": ("final", False, 2),
    "AL-GR-Tiny/train_data/s1_tiny.csv": ("final", False, 3),
    "AL-GR-Tiny/train_data/s2_tiny.csv": ("final", False, 2),
    "AL-GR-Tiny/train_data/s3_tiny.csv": ("final", False, 2),
    "AL-GR-Tiny/test_data/s1_tiny_test.csv": ("final", True, 1),
}
"""File -> codebook, whether it is a test file, share."""

_BEHAVIOR: Final = {
    "AL-GR-Tiny/origin_behavior/s1_tiny.csv": 3,
    "AL-GR-Tiny/origin_behavior/s1_tiny_test.csv": 1,
    "Origin-Sequence-Data/s1_splits/part_01.csv": 2,
}


class _Items(NamedTuple):
    """Items by rank: base62 id, and in each codebook the codes and the token triple."""

    ids: pl.Series
    codes: dict[str, sampling.Ints]
    tokens: dict[str, pl.Series]


class _Histories(NamedTuple):
    """Ranks of the items of all histories one after the other, their lengths, and the next item's rank."""

    ranks: sampling.Ints
    sizes: sampling.Ints
    target: sampling.Ints


def write_sample(folder: Path, rows: int, seed: int) -> None:
    """Write every kind of file, about ``rows`` rows in all."""
    items = _items(seed, max(20, int(rows * 0.175)))
    for name, (codebook, test, share) in _PROMPTS.items():
        _write_prompts(folder / name, max(2, rows * share // 100), seed, items, codebook, test=test)
    _write_json_lines(folder / "algr/data")
    for name, share in _BEHAVIOR.items():
        _write_behavior(folder / name, max(2, rows * share // 60), seed, items)
    _write_codes(folder / "AL-GR-Tiny/item_info", "tiny_item_sid", items, seed)
    _write_codes(folder / "Item-SID", "sid", items, seed)
    _write_vectors(folder / "Item-EMB/final_feature/part_01.csv", max(4, rows // 36), seed, items)
    write_reconstruct(folder / "reconstruct_data_mask.npz", max(2, rows // 200), seed)
    write_contrastive(folder / "contrastive_data_mask.npz", max(2, rows // 600), seed, pickled=False)


def _items(seed: int, count: int) -> _Items:
    rng = sampling.stream(seed, "items")
    # The first ranks start with zeros, as real ids do.
    numbers = sampling.scattered_ids(rng, count, 0, 62**5 - 1)
    numbers[:2] %= 62**3
    digits = numbers[:, None] // 62 ** np.arange(4, -1, -1) % 62
    ids = pl.Series(_ALPHABET[digits].view("S5").ravel().astype("U5"), dtype=pl.String)
    codes = {codebook: rng.integers(0, 8192, (count, 3)) for codebook in ("base", "final")}
    return _Items(ids, codes, {codebook: _tokens(levels) for codebook, levels in codes.items()})


def _tokens(levels: sampling.Ints) -> pl.Series:
    frame = pl.DataFrame(levels + np.array([0, 8192, 16384]), schema=["a", "b", "c"])
    return frame.select(pl.format("C{}C{}C{}", "a", "b", "c")).to_series()


def _histories(rng: np.random.Generator, count: int, items: _Items) -> _Histories:
    sizes = np.clip(np.rint(rng.beta(2.2, 0.7, count) * 104), 1, 100).astype(np.int64)
    ranks = sampling.long_tail(rng, len(items.ids), int(sizes.sum()), 0.8)
    return _Histories(ranks, sizes, sampling.long_tail(rng, len(items.ids), count, 0.8))


def _joined(words: pl.Series, ranks: sampling.Ints, sizes: sampling.Ints, separator: str) -> pl.Series:
    frame = pl.DataFrame({"row": sampling.groups(sizes), "word": words.gather(ranks)})
    return frame.group_by("row", maintain_order=True).agg(pl.col("word").str.join(separator))["word"]


def _answers(
    rng: np.random.Generator, target: sampling.Ints, items: _Items, *, test: bool, codebook: str
) -> pl.Series:
    """The next item's triple; in a test file the ids of one to five items."""
    if not test:
        return items.tokens[codebook].gather(target)
    sizes = rng.integers(1, 6, len(target), dtype=np.int64)
    ranks = sampling.long_tail(rng, len(items.ids), int(sizes.sum()), 0.8)
    return _joined(items.ids, ranks, sizes, ";")


def _write_prompts(path: Path, rows: int, seed: int, items: _Items, codebook: str, *, test: bool) -> None:
    sample = path.name == "train_data.csv"
    for number, size in enumerate(sampling.slabs(rows, _SLAB)):
        rng = sampling.stream(seed, "/".join(path.parts[-3:]), number)
        histories = _histories(rng, size, items)
        text = _joined(items.tokens[codebook], histories.ranks, histories.sizes, "")
        user = text.to_frame("h").select(pl.lit(_BEFORE) + pl.col("h") + _AFTER).to_series()
        answer = _answers(rng, histories.target, items, test=test, codebook=codebook)
        frame = pl.DataFrame({"system": [_SYSTEM], "user": [""]}).select(
            pl.lit(_SYSTEM).alias("system"), user.alias("user"), answer.alias("answer")
        )
        if sample:
            ids = pl.Series("id", [str(uuid.UUID(bytes=rng.bytes(16), version=4)) for _ in range(size)])
            frame = frame.select(ids.sort(), pl.all())
        else:
            frame = _some_blank(rng, frame)
        separator = "\t" if sample else ","
        sampling.write_csv(frame, path, header=number == 0, separator=separator, append=number > 0)
    if sample:
        path.write_bytes(path.read_bytes().removesuffix(b"\n"))


def _some_blank(rng: np.random.Generator, frame: pl.DataFrame) -> pl.DataFrame:
    blank = pl.Series(sampling.dirty(rng, frame.height, 0.005))
    which = pl.Series(rng.random(frame.height) < 0.5)
    return frame.with_columns(
        pl.when(~blank | which).then("user").alias("user"),
        pl.when(~blank | ~which).then("answer").alias("answer"),
    )


def _write_json_lines(folder: Path) -> None:
    rows = pl.read_csv(folder / "train_data.csv", separator="\t", quote_char=None, glob=False)
    rows = rows.rename({"system": "instruction", "user": "input", "answer": "output"})
    rows.write_ndjson(folder / "qwen_finetune_data.jsonl")


def _write_behavior(path: Path, rows: int, seed: int, items: _Items) -> None:
    for number, size in enumerate(sampling.slabs(rows, _SLAB)):
        rng = sampling.stream(seed, "/".join(path.parts[-3:]), number)
        histories = _histories(rng, size, items)
        frame = pl.DataFrame(
            {
                "user_history": _joined(items.ids, histories.ranks, histories.sizes, ";"),
                "target_item": _answers(rng, histories.target, items, test=True, codebook=""),
            }
        )
        sampling.write_csv(frame, path, header=number == 0, append=number > 0)


def _write_codes(folder: Path, stem: str, items: _Items, seed: int) -> None:
    levels = [f"codebook_lv{level}" for level in (1, 2, 3)]
    for codebook, name in (("base", "base62_string"), ("final", "item_id")):
        empty = pl.Series(sampling.dirty(sampling.stream(seed, stem, codebook), len(items.ids), 0.01))
        frame = pl.DataFrame(items.codes[codebook], schema=levels)
        frame = frame.select(items.ids.alias(name), pl.when(~empty).then(pl.col(levels)))
        sampling.write_csv(frame, folder / f"{stem}_{codebook}.csv")


def _write_vectors(path: Path, rows: int, seed: int, items: _Items) -> None:
    """Vectors in two parts with a header each, so that it recurs; the last vector lacks one value."""
    written = 0
    half = -(-min(rows, len(items.ids)) // 2)
    for number, size in enumerate(sampling.slabs(2 * half, min(half, _SLAB))):
        rng = sampling.stream(seed, "vectors", number)
        texts = base64_texts(rng.standard_normal((size, _DIM), dtype=np.float32))
        frame = pl.DataFrame({"base62_string": items.ids.slice(written, size), "feature": texts.head(size)})
        written += size
        if written >= min(rows, len(items.ids)):
            short = base64_texts(np.zeros((1, _DIM - 1), np.float32))[0]
            last = pl.int_range(pl.len()) == pl.len() - 1
            frame = frame.with_columns(
                pl.when(last).then(pl.lit(short)).otherwise("feature").alias("feature")
            )
        sampling.write_csv(frame, path, append=number > 0)


def write_reconstruct(path: Path, rows: int, seed: int) -> None:
    """Write the reconstruction demo: ids and vectors."""
    rng = sampling.stream(seed, path.name)
    ids = sampling.scattered_ids(rng, rows, 500_000_000_000, 999_999_999_999)
    _savez(path, ids=ids, embeds=rng.standard_normal((rows, _DIM), dtype=np.float32))


def write_contrastive(path: Path, rows: int, seed: int, *, pickled: bool) -> None:
    """Write the contrastive demo: pairs, vectors, and ids: upstream's pickled dict of id -> row, or plain."""
    rng = sampling.stream(seed, path.name)
    ids = sampling.scattered_ids(rng, rows, 500_000_000_000, 999_999_999_999)
    index = np.array({int(item): row for row, item in enumerate(ids)}, dtype=object) if pickled else ids
    pairs = ids[rng.integers(0, rows, (rows * 2, 2))]
    _savez(path, itemEncID=index, pairs=pairs, embeds=rng.standard_normal((rows, _DIM), dtype=np.float32))


def _savez(path: Path, **arrays: npt.NDArray[Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        np.savez(file, allow_pickle=True, **arrays)
