"""ViMRHP: Vietnamese product reviews with images and a helpfulness score, in four domains.

Upstream: https://github.com/trng28/ViMRHP (named in the abstract of arXiv 2505.07416) and the first
author's https://huggingface.co/datasets/trucmtnguyen/ViMRHP.
"""

from __future__ import annotations

from typing import Final

from ecomdata.declare import Dataset, Licence, Raw, Source, Table
from ecomdata.readers import JsonArray

from ._sample import sample
from .tables import PATH, SPLITS, UNVERIFIED_SQL, RawReviews, Reviews, UnverifiedKeys, normalize

_FILES: Final = tuple(f"*-{split}.json" for split in SPLITS)

DATASETS: Final = (
    Dataset(
        name="vimrhp",
        title="ViMRHP",
        summary=(
            "46 thousand Vietnamese reviews of 2 thousand products in four domains, with ratings and "
            "helpfulness scores that people and a model made together."
        ),
        homepage="https://github.com/trng28/ViMRHP",
        licence=Licence(
            id="other",
            name="no licence known",
            url="https://github.com/trng28/ViMRHP",
            redistribution=None,
            note=(
                "Neither a licence file nor a licence in the card could be read; treat the data as not "
                "redistributable, and ask the authors."
            ),
        ),
        citation="""@inproceedings{nguyen2025vimrhp,
  title={{ViMRHP}: A {Vietnamese} Benchmark Dataset for Multimodal Review Helpfulness Prediction via
    Human-{AI} Collaborative Annotation},
  author={Nguyen, Truc Mai-Thanh and Nguyen, Dat Minh and Luu, Son T. and Nguyen, Kiet Van},
  booktitle={NLDB},
  year={2025},
  doi={10.1007/978-3-031-97141-9_20},
  eprint={2505.07416},
  archivePrefix={arXiv}
}""",
        languages=("vi",),
        access="open",
        sources=(
            Source(
                url="hf://datasets/trucmtnguyen/ViMRHP@0ff548e",
                files=tuple(f"**/{name}" for name in _FILES),
                instructions=(
                    "Get the JSON files from https://github.com/trng28/ViMRHP or "
                    "https://huggingface.co/datasets/trucmtnguyen/ViMRHP and pass the folder that holds "
                    "<Domain>/<Domain>-<split>.json, such as HomeLifestyle/HomeLifestyle-dev.json, with "
                    "--source. The loading script that upstream once had no longer runs."
                ),
            ),
        ),
        tables=(
            Table(
                name="reviews",
                kind="reviews",
                schema=Reviews,
                grain="one review",
                raws=(
                    Raw(
                        files=_FILES,
                        reader=JsonArray(
                            expected=("Comment", "Rating"),
                            others="unverified",
                            verbatim=("Rating", "Helpfulness_Score"),
                            texts=("Comment",),
                        ),
                        schema=RawReviews,
                        optional=("Comment", "Rating", "Helpfulness_Score", "unverified"),
                        path=PATH,
                        # Two sets of labels, or two versions, could not be told apart.
                        single=True,
                        normalize=normalize,
                    ),
                ),
                units={"rating": "stars"},
            ),
            Table(
                name="unverified_keys",
                schema=UnverifiedKeys,
                grain="one key of one raw file that upstream does not document",
                derive=UNVERIFIED_SQL,
                key=("domain", "split", "key"),
            ),
        ),
        sample=sample,
    ),
)
