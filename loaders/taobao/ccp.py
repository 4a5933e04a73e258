r"""taobao/ccp: 87 million impressions on Taobao with clicks and purchases (Ali-CCP, Tianchi 408).

Facts: Merlin's merlin/datasets/ecommerce/aliccp/dataset.py at eb1e541, xidongbo/AITM and torch-rechub (files,
columns, separators, fields). The files have no header line. A list of features is joined by ``\x01``; a
feature is its field, ``\x02``, its id, ``\x03`` and its value.
"""

from __future__ import annotations

from typing import Final

import dataframely as dy
import polars as pl

from ecomdata.canonical import EVENT, EVENTS
from ecomdata.declare import Dataset, Raw, Table
from ecomdata.readers import Delimited

from . import _family as family
from ._ccp_sample import write_sample

SPLITS: Final = ("train", "test")

FIELDS: Final = {
    "101": "user",
    "121": "profile",
    "122": "profile",
    "124": "gender",
    "125": "age",
    "126": "consumption level",
    "127": "consumption level",
    "128": "occupation",
    "129": "geography",
    "109_14": "categories before",
    "110_14": "shops before",
    "127_14": "brands before",
    "150_14": "intentions before",
    "205": "item",
    "206": "category",
    "207": "shop",
    "210": "intention",
    "216": "brand",
    "301": "position",
    "508": "109_14 x 206",
    "509": "110_14 x 207",
    "702": "127_14 x 216",
    "853": "150_14 x 210",
}
"""What the fields hold; those ``before`` and 210 may occur several times in one list."""


class RawImpressions(dy.Schema):
    """The columns of sample_skeleton_{train,test}.csv."""

    sample_id = dy.Int64(nullable=True)
    click = dy.Int64(nullable=True)
    purchase = dy.Int64(nullable=True)
    common_feature_index = dy.String(nullable=True)
    feature_num = dy.Int64(nullable=True)
    feature_list = dy.String(nullable=True)


class RawCommon(dy.Schema):
    """The columns of common_features_{train,test}.csv."""

    common_feature_index = dy.String(nullable=True)
    feature_num = dy.Int64(nullable=True)
    feature_list = dy.String(nullable=True)


def _features() -> dy.List:
    inner: dict[str, dy.Column] = {
        "field": dy.String(min_length=1),
        "feature_id": dy.Int64(),
        "value": dy.Float64(),
    }
    return dy.List(dy.Struct(inner), nullable=True, description="Its features: field, id and value of each.")


class Impressions(dy.Schema):
    """Items shown to users, with whether they were clicked and bought; there are no times.

    ``event`` is how far it went: purchase, else click, else impression. Some rows have a purchase and no
    click: others leave them out, here they are kept and ``purchase_without_click`` marks them. ``item_id``,
    ``category_id`` and ``brand_id`` are the features of the fields 205, 206 and 216. What the user is lies in
    ``common_features`` of the same ``split`` and ``common_feature_index``, once for many rows.
    """

    item_id = dy.Int64(nullable=True)
    event = dy.Enum(EVENTS)
    category_id = dy.Int64(nullable=True)
    brand_id = dy.Int64(nullable=True)
    sample_id = dy.Int64(description="Upstream's number of the impression, within its split.")
    split = dy.Enum(SPLITS, description="The part of upstream's division that the file is.")
    click = dy.Int64(min=0, max=1, description="1 where it was clicked.")
    purchase = dy.Int64(min=0, max=1, description="1 where it was bought.")
    purchase_without_click = dy.Bool(
        description="Whether it was bought and not clicked; published results leave such rows out."
    )
    common_feature_index = dy.String(
        min_length=1, description="The row of common_features that belongs to it, in the same split."
    )
    feature_num = dy.Int64(nullable=True, description="How many features upstream says it has.")
    features = _features()


class CommonFeatures(dy.Schema):
    """The features that many impressions share: who the user is and what he did before.

    ``user_id`` is the feature of field 101. Values are often logarithms of counts.
    """

    split = dy.Enum(SPLITS, description="The part of upstream's division that the file is.")
    common_feature_index = dy.String(min_length=1, description="What impressions refer to it by.")
    user_id = dy.Int64(nullable=True, description="Who the user is, by the feature of field 101.")
    feature_num = dy.Int64(nullable=True, description="How many features upstream says it has.")
    features = _features()


def _parsed() -> pl.Expr:
    """The features as structs; what is not there or no number is null, which the schema refuses."""
    entry = pl.element()
    # Step by step, so that nothing is split twice.
    fields = pl.col("feature_list").str.strip_suffix("\x01").str.split("\x01")
    fields = fields.list.eval(entry.str.splitn("\x02", 2))
    rest = entry.struct[1].str.splitn("\x03", 2)
    fields = fields.list.eval(pl.struct(entry.struct[0].alias("field"), rest.alias("rest")))
    parts = entry.struct["rest"].struct
    feature = pl.struct(
        entry.struct["field"],
        parts[0].cast(pl.Int64, strict=False).alias("feature_id"),
        parts[1].cast(pl.Float64, strict=False).alias("value"),
    )
    return fields.list.eval(feature).alias("features")


def _first(field: str, name: str) -> pl.Expr:
    """The first feature of a field; null where the list has none."""
    found = pl.col("feature_list").str.extract(f"(?:^|\x01){field}\x02([^\x01\x03]*)\x03")
    return found.cast(pl.Int64, strict=False).alias(name)


def _split() -> pl.Expr:
    return pl.col("split").cast(pl.Enum(SPLITS))


def _event() -> pl.Expr:
    bought = pl.when(pl.col("purchase") == 1).then(pl.lit("purchase", dtype=EVENT))
    clicked = bought.when(pl.col("click") == 1).then(pl.lit("click", dtype=EVENT))
    return clicked.otherwise(pl.lit("impression", dtype=EVENT)).alias("event")


def normalize_impressions(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Raw rows of the skeleton as impressions."""
    return rows.select(
        _first("205", "item_id"),
        _event(),
        _first("206", "category_id"),
        _first("216", "brand_id"),
        "sample_id",
        _split(),
        "click",
        "purchase",
        ((pl.col("purchase") == 1) & (pl.col("click") == 0)).alias("purchase_without_click"),
        "common_feature_index",
        "feature_num",
        _parsed(),
    )


def normalize_common(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Raw common features with their list taken apart."""
    return rows.select(_split(), "common_feature_index", _first("101", "user_id"), "feature_num", _parsed())


_LINES: Final = Delimited(header="optional")

IMPRESSIONS: Final = Table(
    name="impressions",
    kind="interactions",
    schema=Impressions,
    grain="one item shown to one user",
    raws=(
        Raw(
            files=("sample_skeleton_train.csv", "sample_skeleton_test.csv"),
            reader=_LINES,
            schema=RawImpressions,
            normalize=normalize_impressions,
            path=r"sample_skeleton_(?P<split>train|test)\.csv",
        ),
    ),
)

COMMON_FEATURES: Final = Table(
    name="common_features",
    schema=CommonFeatures,
    grain="one index that impressions refer to",
    key=("split", "common_feature_index"),
    raws=(
        Raw(
            files=("common_features_train.csv", "common_features_test.csv"),
            reader=_LINES,
            schema=RawCommon,
            normalize=normalize_common,
            path=r"common_features_(?P<split>train|test)\.csv",
        ),
    ),
)

DATASET: Final = Dataset(
    name="taobao/ccp",
    title="Ali-CCP: Alibaba Click and Conversion Prediction",
    summary="87 million impressions of items to 400,000 Taobao users, each with click, purchase and the "
    "features of user, item and context.",
    homepage=family.tianchi_page(408),
    licence=family.tianchi_licence(408),
    # The year of the paper that it was released with, arXiv:1804.07931.
    citation=family.tianchi_citation(408, "Ali-CCP: Alibaba Click and Conversion Prediction", 2018),
    languages=(),
    access="login",
    sources=(
        family.tianchi_source(
            408, "sample_train.tar.gz", "sample_test.tar.gz", note="The archives can stay packed"
        ),
    ),
    tables=(IMPRESSIONS, COMMON_FEATURES),
    sample=write_sample,
)
