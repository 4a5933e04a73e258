"""MerRec: six months of what users of Mercari US, a marketplace between consumers, did with its listings.

Upstream: https://huggingface.co/datasets/mercari-us/merrec (data) and
https://github.com/mercari/mercari-ml-merrec-pub-us (code, figures, citation).
"""

from __future__ import annotations

from typing import Final

from ecomdata.declare import Dataset, Licence, Raw, Source, Table
from ecomdata.readers import Parquet

from ._items import ITEMS_SQL
from ._recipes import RECIPES
from ._sample import sample
from .tables import Events, Items, RawEvents, normalize

_SHARD: Final = f"{'[0-9]' * 12}.parquet"

# Columns of salmon1802/MerRec on the Hub that upstream does not have.
_SALMON1802: Final = frozenset({"user_index", "item_index", "seq_len", "day_of_week", "is_weekend"})

DATASETS: Final = (
    Dataset(
        name="merrec",
        title="MerRec",
        summary=(
            "1.27 billion views, likes, offers and purchases by 5.56 million users of Mercari US, May to "
            "October 2023, each with the listing as it was at that moment."
        ),
        homepage="https://huggingface.co/datasets/mercari-us/merrec",
        licence=Licence(
            id="CC-BY-NC-4.0",
            url="https://creativecommons.org/licenses/by-nc/4.0/legalcode.en",
            redistribution=True,
            note=(
                "Sharing and adapting with attribution, for non-commercial purposes only (section 2(a)(1) "
                "of the licence that upstream's README names for the data; its code is MIT)."
            ),
        ),
        citation="""@misc{li2024merrec,
  title={MerRec: A Large-scale Multipurpose Mercari Dataset for Consumer-to-Consumer Recommendation Systems},
  author={Lichi Li and Zainul Abi Din and Zhen Tan and Sam London and Tianlong Chen and Ajay Daptardar},
  year={2024},
  eprint={2402.14230},
  archivePrefix={arXiv},
  primaryClass={cs.IR}
}""",
        languages=("en",),
        access="open",
        sources=(
            Source(
                url="hf://datasets/mercari-us/merrec@749469b",
                files=("2023[0-9][0-9]01/*.parquet",),
                size=166_000_000_000,
                instructions=(
                    "Download the month folders (20230501 to 20231001) from "
                    "https://huggingface.co/datasets/mercari-us/merrec and pass the folder with --source; "
                    "--only '20230501/*' takes one month."
                ),
            ),
        ),
        tables=(
            Table(
                name="events",
                kind="interactions",
                schema=Events,
                grain="one event of one user on one listing",
                raws=(
                    Raw(
                        # With the month, so that a shard's name has it where the month's own folder is given.
                        files=(f"2023[0-9][0-9]01/{_SHARD}", _SHARD),
                        reader=Parquet(),
                        schema=RawEvents,
                        normalize=normalize,
                    ),
                ),
                time_zone="UTC",
                units={"price": "USD", "sequence_length": "events"},
            ),
            Table(
                name="items",
                kind="items",
                schema=Items,
                grain="one listing at its first or its last event",
                derive=ITEMS_SQL,
                key=("item_id", "snapshot"),
                time_zone="UTC",
                units={"price": "USD"},
            ),
        ),
        sample=sample,
        views=RECIPES,
        lookalikes={"salmon1802/MerRec (a processed derivative)": _SALMON1802},
    ),
)
