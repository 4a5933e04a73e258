"""taobao/ifashion: clicks on outfits of Taobao's iFashion, the outfits and their items (POG).

Facts: wenyuer/POG's README (files, columns, separators) and DataRec's registry at 843969e (names of the
downloads). The files have no header line.
"""

from __future__ import annotations

from typing import Final

import dataframely as dy
import polars as pl

from ecomdata.canonical import EVENT, EVENTS
from ecomdata.declare import Dataset, Licence, Raw, Source, Table
from ecomdata.readers import Delimited

from ._ifashion_sample import write_sample

_HOME: Final = "https://github.com/wenyuer/POG"


class RawClicks(dy.Schema):
    """The columns of user_data.txt; items are joined by ``;``."""

    user_id = dy.String(nullable=True)
    item_ids = dy.String(nullable=True)
    outfit_id = dy.String(nullable=True)


class RawItems(dy.Schema):
    """The columns of item_data.txt; the title is all that follows the third comma."""

    item_id = dy.String(nullable=True)
    cate_id = dy.String(nullable=True)
    pic_url = dy.String(nullable=True)
    title = dy.String(nullable=True)


class RawOutfits(dy.Schema):
    """The columns of outfit_data.txt; items are joined by ``;``."""

    outfit_id = dy.String(nullable=True)
    item_ids = dy.String(nullable=True)


class Clicks(dy.Schema):
    """A user, items and an outfit, as a line of user_data.txt has them.

    Upstream counts clicks but does not say what a line is: neither how its items and its outfit hang
    together, nor in which order the items stand, which is kept. So no ``item_id`` is singled out.
    """

    user_id = dy.String(min_length=1)
    event = dy.Enum(EVENTS)
    item_ids = dy.List(
        dy.String(min_length=1), nullable=True, description="The items that the line names, in its order."
    )
    outfit_id = dy.String(nullable=True, description="The outfit that the line names.")


class Items(dy.Schema):
    """The items: title in Chinese, category, and where its picture was; the address is kept as it stands."""

    item_id = dy.String(min_length=1)
    title = dy.String(nullable=True)
    category_id = dy.String(nullable=True)
    image_url = dy.String(nullable=True, description="The address of its picture, as it stands in the file.")


class Outfits(dy.Schema):
    """The outfits, each with the items it is made of."""

    outfit_id = dy.String(min_length=1, description="Upstream's id of the outfit.")
    item_ids = dy.List(dy.String(min_length=1), nullable=True, description="The items that it is made of.")


def _listed() -> pl.Expr:
    """The ids of a list; a separator at its end adds none."""
    return pl.col("item_ids").str.strip_suffix(";").str.split(";")


def normalize_clicks(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Raw lines of users, with their items as lists."""
    return rows.select("user_id", pl.lit("click", dtype=EVENT).alias("event"), _listed(), "outfit_id")


def normalize_items(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Raw items under the canonical names."""
    return rows.select(
        "item_id",
        "title",
        pl.col("cate_id").alias("category_id"),
        pl.col("pic_url").alias("image_url"),
    )


def normalize_outfits(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Raw outfits, with their items as lists."""
    return rows.select("outfit_id", _listed())


_LINES: Final = Delimited(header="optional")
_LISTS: Final = {"item_ids": ("item_id", "item_id;item_id", "item_id;item_id...", "item_id;item_id…")}
"""What the column of lists may be called in a header line that someone made of the README's words."""
_TITLES: Final = Delimited(header="optional", rest=True)

CLICKS: Final = Table(
    name="clicks",
    kind="interactions",
    schema=Clicks,
    grain="one line of user_data.txt: a user, items and an outfit",
    raws=(
        Raw(
            files=("user_data.txt",),
            reader=_LINES,
            schema=RawClicks,
            aliases=_LISTS,
            normalize=normalize_clicks,
        ),
    ),
)

ITEMS: Final = Table(
    name="items",
    kind="items",
    schema=Items,
    grain="one item",
    key=("item_id",),
    raws=(Raw(files=("item_data.txt",), reader=_TITLES, schema=RawItems, normalize=normalize_items),),
)

OUTFITS: Final = Table(
    name="outfits",
    schema=Outfits,
    grain="one outfit",
    key=("outfit_id",),
    raws=(
        Raw(
            files=("outfit_data.txt",),
            reader=_LINES,
            schema=RawOutfits,
            aliases=_LISTS,
            normalize=normalize_outfits,
        ),
    ),
)

DATASET: Final = Dataset(
    name="taobao/ifashion",
    title="Alibaba iFashion (POG)",
    summary="Clicks of 3.6 million Taobao users on fashion items and outfits, the outfits with their items, "
    "and the items with picture, category and Chinese title.",
    homepage=_HOME,
    licence=Licence(
        id="other",
        name="none stated",
        url=_HOME,
        redistribution=None,
        note="Neither the repository nor its README names terms; treat the data as not redistributable.",
    ),
    citation="""@inproceedings{chen2019pog,
  title = {{POG}: Personalized Outfit Generation for Fashion Recommendation at Alibaba {iFashion}},
  author = {Chen, Wen and Huang, Pipei and Xu, Jiaming and Guo, Xin and Guo, Cheng and Sun, Fei and Li, Chao
            and Pfadler, Andreas and Zhao, Huan and Zhao, Binqiang},
  booktitle = {Proceedings of the 25th ACM SIGKDD Conference on Knowledge Discovery and Data Mining},
  year = {2019}
}""",
    languages=("zh",),
    access="open",
    sources=(
        Source(
            files=("user_data.7z", "item_data.txt.zip", "outfit_data.txt.zip"),
            instructions="Download user_data.7z, item_data.txt.zip and outfit_data.txt.zip from the "
            f"Google Drive folder that {_HOME} links to. Unpack user_data.7z to user_data.txt "
            "(7z x user_data.7z); the zips can stay packed.",
        ),
    ),
    tables=(CLICKS, ITEMS, OUTFITS),
    sample=write_sample,
)
