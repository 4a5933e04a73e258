"""taobao/forge: FORGE (AL-GR), Taobao click sequences as semantic ids, with item codes and vectors.

Nothing is declared for AL-GR/Item-Info and AL-GR-Tiny's search_data, whose columns are not known: such
files are reported as not recognised. See ``_forge_tables.py`` for the columns and their sources.
"""

from __future__ import annotations

from typing import Final

from ecomdata.declare import Dataset, Licence, Raw, Source, Table
from ecomdata.readers import Delimited, JsonLines, Npz

from . import _forge_tables as t
from ._forge_sample import write_sample

# No field of the Hub's files holds a comma, so none needs quotes; a copy written again may have them.
_CSV: Final = Delimited(quote=True)

_SHARDS: Final = ("s[123]_splits/part_*.csv", "s[123]_tiny.csv", "s[123]_tiny_test.csv")
_RECONSTRUCT: Final = ("reconstruct_data_mask.npz", "5mold_80msideinfo_feat.npz")
_CONTRAST: Final = ("contrastive_data_mask.npz", "10m_80msideinfo_feat.npz")

SEQUENCES: Final = Table(
    name="sequences",
    kind="sequences",
    schema=t.Sequences,
    grain="one user's history and what the user clicked next",
    raws=(
        Raw(
            files=("train_data.csv", *_SHARDS),
            reader=Delimited(delimiters=("\t", ","), quote=True),
            schema=t.RawPrompts,
            optional=("id",),
            path=t.PATH,
            normalize=t.prompts,
        ),
        Raw(files=_SHARDS, reader=_CSV, schema=t.RawBehavior, path=t.PATH, normalize=t.behavior),
        Raw(
            files=("qwen_finetune_data.jsonl",),
            reader=JsonLines(),
            schema=t.RawInstructions,
            path=t.PATH,
            normalize=t.instructions,
        ),
    ),
)


def _codes(codebook: str, schema: type[t.SemanticIdsBase], codes: Raw, inferred: Raw) -> Table:
    return Table(
        name=f"semantic_ids_{codebook}",
        kind="semantic_ids",
        schema=schema,
        grain=f"one item in the {codebook} codebook",
        raws=(codes, inferred),
    )


_BASE_FILES: Final = ("tiny_item_sid_base.csv", "sid_base.csv")
_FINAL_FILES: Final = ("tiny_item_sid_final.csv", "sid_final.csv")

SEMANTIC_IDS_BASE: Final = _codes(
    "base",
    t.SemanticIdsBase,
    Raw(
        files=_BASE_FILES,
        reader=_CSV,
        schema=t.RawCodes,
        aliases={"base62_string": ("item_id",)},
        by_position=("base62_string",),
        normalize=t.base_codes,
    ),
    Raw(files=_BASE_FILES, reader=_CSV, schema=t.RawInferredCodes, normalize=t.base_inferred),
)
SEMANTIC_IDS_FINAL: Final = _codes(
    "final",
    t.SemanticIdsFinal,
    Raw(
        files=_FINAL_FILES,
        reader=_CSV,
        schema=t.RawCodes,
        aliases={"base62_string": ("item_id",)},
        by_position=("base62_string",),
        normalize=t.final_codes,
    ),
    Raw(files=_FINAL_FILES, reader=_CSV, schema=t.RawInferredCodes, normalize=t.final_inferred),
)

EMBEDDINGS: Final = Table(
    name="embeddings",
    kind="embeddings",
    schema=t.Embeddings,
    grain="one item",
    raws=(
        Raw(
            # Upstream names the folder in three ways; the README's snippets leave it out.
            files=tuple(
                f"{folder}/part_*.csv" for folder in ("*_feature", "final", "base", "Item-EMB", "Item-EMB/*")
            ),
            reader=_CSV,
            schema=t.RawFeatures,
            path=t.EMBEDDING_PATH,
            normalize=t.features,
        ),
    ),
)

DEMO: Final = (
    Table(
        name="demo_embeddings",
        kind="embeddings",
        schema=t.DemoEmbeddings,
        grain="one item of the reconstruction demo",
        raws=(Raw(files=_RECONSTRUCT, reader=Npz(), schema=t.RawReconstruct, normalize=t.reconstruct),),
    ),
    Table(
        name="demo_pairs",
        schema=t.DemoPairs,
        grain="one pair of items of the contrastive demo",
        raws=(
            Raw(
                files=_CONTRAST,
                reader=Npz(others=("itemEncID", "embeds")),
                schema=t.RawPairs,
                normalize=t.pairs,
            ),
        ),
    ),
    Table(
        name="demo_pair_embeddings",
        kind="embeddings",
        schema=t.DemoPairEmbeddings,
        grain="one item of the contrastive demo",
        raws=(
            Raw(
                files=_CONTRAST,
                reader=Npz(others=("pairs",), indexes=("itemEncID",)),
                schema=t.RawContrast,
                normalize=t.contrast,
            ),
        ),
    ),
)

DATASET: Final = Dataset(
    name="taobao/forge",
    title="FORGE (AL-GR): Forming Semantic Identifiers for Generative Retrieval in Industrial Datasets",
    summary="Click sequences of Taobao users as semantic ids and as item ids, with the semantic ids of the "
    "items in two codebooks and their multimodal vectors: 14 billion interactions with 250 million items.",
    homepage="https://github.com/selous123/al_sid",
    licence=Licence(
        id="Apache-2.0",
        url="https://huggingface.co/datasets/AL-GR/AL-GR-Tiny",
        redistribution=True,
        note="Cards of the Hub datasets, where seen. The code repository and its sample stand under "
        "MIT-style terms, Copyright (c) 2025 Alibaba, Inc.; none are known for the demo files.",
    ),
    citation="@misc{fu2025forge,\n"
    "  title = {FORGE: Forming Semantic Identifiers for Generative Retrieval in Industrial Datasets},\n"
    "  author = {Fu, Kairui and Zhang, Tao and Xiao, Shuwen and others},\n"
    "  year = {2025},\n  eprint = {2509.20904},\n  archivePrefix = {arXiv}\n}",
    languages=("zh",),
    access="open",
    sources=(
        # No commit of the Hub repositories is known, so main it is; the load records the commit it got.
        Source(
            url="hf://datasets/AL-GR/AL-GR-Tiny@main",
            files=("train_data/*.csv", "test_data/*.csv", "origin_behavior/*.csv", "item_info/*.csv"),
            instructions="AL-GR-Tiny holds a tenth of the items. For more, give "
            "--source hf://datasets/AL-GR/NAME with NAME one of AL-GR (base codebook), AL-GR-v1 (final "
            "codebook), Origin-Sequence-Data, Item-SID and Item-EMB; or download several of them into one "
            "folder, each under its own name, and give that folder. Demo files: "
            "https://mvap-public-data.oss-cn-zhangjiakou.aliyuncs.com/ICLR_2026_data/"
            "reconstruct_data_mask.npz and contrastive_data_mask.npz",
        ),
    ),
    tables=(SEQUENCES, SEMANTIC_IDS_BASE, SEMANTIC_IDS_FINAL, EMBEDDINGS, *DEMO),
    sample=write_sample,
)
