"""FORGE's tables: upstream's columns on one side, ours on the other, and the way between.

Facts: selous123/al_sid at b01bd8b (README, algr/calc_hr.py, u2i/data/process.py and csv2json.py,
SID_generation/infer_SID.py) and the cards of huggingface.co/datasets/AL-GR.
"""

from __future__ import annotations

from typing import Final, Literal

import dataframely as dy
import polars as pl

from ecomdata.canonical import CODEBOOK
from ecomdata.readers.vectors import float32_vectors

DIM: Final = 512
CODES: Final = 8192
"""Codes in each of the three codebooks; token k of a semantic id is the code plus k * 8192."""

VOCABULARY: Final = pl.Enum(["semantic_id", "item_id"])
STAGES: Final = pl.Enum(["s1", "s2", "s3"])
SPLITS: Final = pl.Enum(["train", "test"])

TRIPLE: Final = r"C\d+C\d+C\d+"
_BASE62_LIST: Final = "^[0-9A-Za-z]+(?:;[0-9A-Za-z]+)*$"

PATH: Final = (
    r"^(?=(?:.*(?:^|/)(?P<repo>AL-GR(?:-v1)?)/s[123]_splits/)?)"
    r"(?=(?:.*(?P<stage>s[123])_(?:splits/|tiny))?)"
    r"(?=(?:.*s[123](?P<tiny>_tiny(?:_test)?)\.csv)?)"
    r"(?=(?:.*(?P<split>train|test)_data(?:/|\.csv))?)"
)
"""What the path of a file of sequences says: the Hub repository, the stage and the split."""

EMBEDDING_PATH: Final = r"(?P<codebook>base|final)(?:_feature)?/part_[^/]*$"


class RawPrompts(dy.Schema):
    """Training and test prompts in the Hub's CSV files; the repository's sample has an id as well."""

    id = dy.String(nullable=True)
    system = dy.String(nullable=True)
    user = dy.String(nullable=True)
    answer = dy.String(nullable=True)


class RawInstructions(dy.Schema):
    """The same prompts as JSON lines for fine-tuning."""

    id = dy.String(nullable=True)
    instruction = dy.String(nullable=True)
    input = dy.String(nullable=True)
    output = dy.String(nullable=True)


class RawBehavior(dy.Schema):
    """The same histories as item ids joined by ``;``, the newest first."""

    user_history = dy.String(nullable=True)
    target_item = dy.String(nullable=True)


class RawCodes(dy.Schema):
    """The three codes of an item; the first column goes by base62_string or item_id."""

    base62_string = dy.String()
    codebook_lv1 = dy.Int32(nullable=True)
    codebook_lv2 = dy.Int32(nullable=True)
    codebook_lv3 = dy.Int32(nullable=True)


class RawInferredCodes(dy.Schema):
    """What infer_SID.py writes: the codes joined by commas, in quotes."""

    item_id = dy.String()
    SID = dy.String(nullable=True)


class RawFeatures(dy.Schema):
    """Base64 of 512 raw float32 values."""

    base62_string = dy.String()
    feature = dy.String(nullable=True)


class RawReconstruct(dy.Schema):
    """The arrays of reconstruct_data_mask.npz."""

    ids = dy.Int64()
    embeds = dy.Array(dy.Float32(), shape=DIM)


class RawPairs(dy.Schema):
    """Pairs of items in contrastive_data_mask.npz."""

    pairs = dy.Array(dy.Int64(), shape=2)


class RawContrast(dy.Schema):
    """Vectors in contrastive_data_mask.npz; itemEncID is a pickled dict of item id -> row."""

    itemEncID = dy.Int64()  # noqa: N815 - upstream's name
    embeds = dy.Array(dy.Float32(), shape=DIM)


class Sequences(dy.Schema):
    """A user's last clicks, at most 100, and what the user clicked next, from every text form upstream has.

    ``history`` is oldest first: prompts come so, and origin behaviour, which upstream stores newest first,
    is turned round. Tokens are semantic ids such as ``C1442C14117C19114`` or base62 item ids such as
    ``0WIlv`` (the vocabulary columns say which); the targets of a test prompt are item ids. ``codebook``
    says which semantic ids a prompt speaks; never mix the two.

    Nothing of the text is lost: user = prompt_prefix + history joined + prompt_suffix, answer = target
    joined (item ids by ``;``), user_history = history reversed and joined by ``;``. Rows whose user or
    answer is blank are rejected. Upstream has no user id and no time. The forms overlap: the JSON lines
    repeat train_data.csv, and the tiny prompts and the tiny origin behaviour tell of the same clicks.
    """

    sequence_id = dy.String(nullable=True)
    stage = dy.Enum(STAGES.categories, nullable=True)
    split = dy.Enum(SPLITS.categories, nullable=True)
    history = dy.List(dy.String(), nullable=True)
    target = dy.List(dy.String(), nullable=True)
    history_vocabulary = dy.Enum(
        VOCABULARY.categories, description="Whether the history holds semantic ids or item ids."
    )
    target_vocabulary = dy.Enum(
        VOCABULARY.categories, description="Whether the target holds semantic ids or item ids."
    )
    codebook = dy.Enum(
        CODEBOOK.categories,
        nullable=True,
        description="The codebook of the semantic ids; null where the file's path does not say.",
    )
    system = dy.String(nullable=True, description="The prompt's system message.")
    prompt_prefix = dy.String(nullable=True, description="What the prompt says before the history.")
    prompt_suffix = dy.String(nullable=True, description="What the prompt says after the history.")

    @dy.rule()
    def history_is_neither_blank_nor_malformed(cls) -> pl.Expr:  # noqa: N805 - dataframely's form
        """Every row has a history."""
        return pl.col("history").is_not_null()

    @dy.rule()
    def target_is_neither_blank_nor_malformed(cls) -> pl.Expr:  # noqa: N805
        """Every row has a target."""
        return pl.col("target").is_not_null()


class SemanticIdsBase(dy.Schema):
    """An item's three codes, coarse to fine, each 0 to 8191, in the base codebook.

    They belong to the repository AL-GR/AL-GR only. An empty code is null inside the list, and an item
    without any code has no list.
    """

    item_id = dy.String()
    codes = dy.List(dy.Int32(nullable=True, min=0, max=CODES - 1), nullable=True, min_length=3, max_length=3)
    codebook = dy.Enum(CODEBOOK.categories)


class SemanticIdsFinal(SemanticIdsBase):
    """An item's three codes, coarse to fine, each 0 to 8191, in the final codebook.

    They belong to AL-GR-v1 and AL-GR-Tiny. An empty code is null inside the list, and an item without
    any code has no list.
    """


class Embeddings(dy.Schema):
    """An item's multimodal vector of 512 values, under its base62 id.

    ``codebook`` says which codebook it was quantised with, where the folder says so. Rows whose feature
    does not hold exactly 512 float32 values are rejected.
    """

    item_id = dy.String()
    vector = dy.Array(dy.Float32(nullable=True), shape=DIM, nullable=True)
    dim = dy.Int64()
    codebook = dy.Enum(
        CODEBOOK.categories,
        nullable=True,
        description="The codebook that it was quantised with, where the folder says so.",
    )

    @dy.rule()
    def feature_holds_512_float32(cls) -> pl.Expr:  # noqa: N805
        """Every row has a vector of the right length."""
        return pl.col("vector").is_not_null()


class DemoEmbeddings(dy.Schema):
    """Vectors of the reconstruction demo; the ids are plain numbers, with no public way to the base62 ids."""

    item_id = dy.Int64()
    vector = dy.Array(dy.Float32(nullable=True), shape=DIM)
    dim = dy.Int64()


class DemoPairEmbeddings(DemoEmbeddings):
    """Vectors of the contrastive demo; their ids are pickled in the file, so it takes ``--allow-pickle``."""


class DemoPairs(dy.Schema):
    """Pairs of items that belong together, of the contrastive demo."""

    item_id = dy.Int64(description="One item of the pair, by the demo's own number.")
    paired_item_id = dy.Int64(description="The other item.")


def prompts(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Prompts as sequences."""
    parts = pl.col("parts").struct
    before, after = parts.field("field_0"), parts.field("field_1")
    code = pl.lit(r"C\d")
    # The triples must be all the codes there are, one after the other: then nothing is lost or guessed.
    whole = (
        (pl.col("history").list.len() > 0)
        & after.is_not_null()
        & ~before.str.contains(code)
        & ~after.str.contains(code)
    )
    answer = pl.col("answer")
    spoken = answer.str.contains(f"^(?:{TRIPLE})+$")
    listed = answer.str.contains(_BASE62_LIST)
    return (
        rows.with_columns(history=pl.col("user").str.extract_all(TRIPLE))
        .with_columns(parts=pl.col("user").str.splitn(pl.col("history").list.join(""), 2))
        .select(
            pl.col("id").alias("sequence_id"),
            _stage(),
            _split(),
            pl.when(whole).then("history").alias("history"),
            pl.when(spoken)
            .then(answer.str.extract_all(TRIPLE))
            .when(listed)
            .then(answer.str.split(";"))
            .alias("target"),
            pl.lit("semantic_id", VOCABULARY).alias("history_vocabulary"),
            pl.when(spoken)
            .then(pl.lit("semantic_id", VOCABULARY))
            .otherwise(pl.lit("item_id", VOCABULARY))
            .alias("target_vocabulary"),
            _codebook(),
            "system",
            before.alias("prompt_prefix"),
            after.alias("prompt_suffix"),
        )
    )


def instructions(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Instructions as sequences: they are prompts under other names."""
    return prompts(rows.rename({"instruction": "system", "input": "user", "output": "answer"}))


def behavior(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Origin behaviour as sequences, turned round to oldest first."""
    history, target = pl.col("user_history"), pl.col("target_item")
    nothing = pl.lit(None, dtype=pl.String)
    return rows.select(
        nothing.alias("sequence_id"),
        _stage(),
        _split(),
        pl.when(history.str.contains(_BASE62_LIST))
        .then(history.str.split(";").list.reverse())
        .alias("history"),
        pl.when(target.str.contains(_BASE62_LIST)).then(target.str.split(";")).alias("target"),
        pl.lit("item_id", VOCABULARY).alias("history_vocabulary"),
        pl.lit("item_id", VOCABULARY).alias("target_vocabulary"),
        pl.lit(None, dtype=CODEBOOK).alias("codebook"),
        nothing.alias("system"),
        nothing.alias("prompt_prefix"),
        nothing.alias("prompt_suffix"),
    )


def _stage() -> pl.Expr:
    return pl.col("stage").cast(STAGES)


def _split() -> pl.Expr:
    """The tiny files say it in their own names, the others in their folder's."""
    return (
        pl.when(pl.col("tiny") == "_tiny_test")
        .then(pl.lit("test", SPLITS))
        .when(pl.col("tiny") == "_tiny")
        .then(pl.lit("train", SPLITS))
        .otherwise(pl.col("split").cast(SPLITS))
        .alias("split")
    )


def _codebook() -> pl.Expr:
    """AL-GR speaks base, AL-GR-v1 and AL-GR-Tiny speak final (the author's table in issue 27)."""
    final = pl.col("tiny").is_not_null() | (pl.col("repo") == "AL-GR-v1")
    said = pl.when(final).then(pl.lit("final", CODEBOOK))
    return said.when(pl.col("repo") == "AL-GR").then(pl.lit("base", CODEBOOK)).alias("codebook")


def base_codes(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Codes of the base codebook."""
    return _codes(rows, "base")


def final_codes(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Codes of the final codebook."""
    return _codes(rows, "final")


def base_inferred(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Inferred codes of the base codebook."""
    return _inferred(rows, "base")


def final_inferred(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Inferred codes of the final codebook."""
    return _inferred(rows, "final")


def _codes(rows: pl.LazyFrame, codebook: Literal["base", "final"]) -> pl.LazyFrame:
    levels = [f"codebook_lv{level}" for level in (1, 2, 3)]
    return rows.select(
        pl.col("base62_string").alias("item_id"),
        pl.when(pl.any_horizontal(pl.col(levels).is_not_null())).then(pl.concat_list(levels)).alias("codes"),
        pl.lit(codebook, CODEBOOK).alias("codebook"),
    )


def _inferred(rows: pl.LazyFrame, codebook: Literal["base", "final"]) -> pl.LazyFrame:
    # A malformed SID becomes an empty list, which the schema rejects; only a blank one becomes null.
    triple = pl.col("SID").str.contains(r"^\d{1,5},\d{1,5},\d{1,5}$")
    numbers = pl.col("SID").str.split(",").cast(pl.List(pl.Int32), strict=False)
    return rows.select(
        "item_id",
        pl.when(triple).then(numbers).when(pl.col("SID") != "").then(numbers.list.head(0)).alias("codes"),
        pl.lit(codebook, CODEBOOK).alias("codebook"),
    )


def features(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Base64 features as vectors."""
    return rows.select(
        pl.col("base62_string").alias("item_id"),
        float32_vectors(pl.col("feature"), DIM).alias("vector"),
        _dim(),
        pl.col("codebook").cast(CODEBOOK),
    )


def reconstruct(rows: pl.LazyFrame) -> pl.LazyFrame:
    """The reconstruction demo."""
    return rows.select(pl.col("ids").alias("item_id"), pl.col("embeds").alias("vector"), _dim())


def contrast(rows: pl.LazyFrame) -> pl.LazyFrame:
    """The contrastive demo's vectors."""
    return rows.select(pl.col("itemEncID").alias("item_id"), pl.col("embeds").alias("vector"), _dim())


def pairs(rows: pl.LazyFrame) -> pl.LazyFrame:
    """The contrastive demo's pairs."""
    pair = pl.col("pairs").arr
    return rows.select(pair.get(0).alias("item_id"), pair.get(1).alias("paired_item_id"))


def _dim() -> pl.Expr:
    return pl.lit(DIM, dtype=pl.Int64).alias("dim")
