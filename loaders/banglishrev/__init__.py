"""BanglishRev: 3.2 million ratings of products of Daraz Bangladesh, half of them with a text.

Upstream: https://huggingface.co/datasets/BanglishRev/bangla-english-and-code-mixed-ecommerce-review-dataset
and arXiv 2412.13161.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from ecomdata.declare import Dataset, Licence, Raw, Source, Table
from ecomdata.readers import JsonArray

from . import tables
from ._checks import COVERAGE_SQL, SCORE_CHECKS_SQL
from ._images import IMAGES, write_archive
from ._sample import NAME, write_sample

_REPOSITORY: Final = "BanglishRev/bangla-english-and-code-mixed-ecommerce-review-dataset"
_PAGE: Final = f"https://huggingface.co/datasets/{_REPOSITORY}"
_NAMES: Final = (NAME, "reviews_v1.json", "reviews%20v1.json")
"""Upstream's name has a space, which downloads turn into other things."""

_VERSIONS: Final = {
    "087ce3b545fbe53c4826e87770fd3a021c1bfbf07eae7310cafea91cdefc0c8a": (
        "the upload of 11 June 2024 (commit 2767619), which has invalid buyer ids"
    ),
    "bd25e055e4f1ad034112bbf758be22a84a6b5e4dfba8508af971d2faabc0d722": (
        "the upload with mended buyer ids (commit d7add77), which lacks the sizes of resized images"
    ),
}

_PRODUCTS: Final = Raw(
    files=_NAMES,
    reader=JsonArray(
        without="Reviews",
        key="Product ID",
        kinds={"reviews_kind": "Reviews"},
        others="other_keys",
        number="product_number",
        expected=("Reviews",),
        expected_inside=("Review Content",),
    ),
    schema=tables.RawProducts,
    normalize=tables.products,
    single=True,
    optional=(
        "Product ID",
        "Category",
        "Parent Category",
        "Root Category",
        "Average Rating",
        "Number Of Reviews",
        "Score Counts",
    ),
)

_REVIEWS: Final = Raw(
    files=_NAMES,
    reader=JsonArray(
        explode="Reviews",
        carry=("Product ID",),
        key="Product ID",
        kinds={"text_kind": "Review Content", "reply_kind": "Reply"},
        lists={"image_urls": ("Images", "Image URL")},
        others="other_keys",
        number="product_number",
        position="position",
        expected=("Review Content",),
    ),
    schema=tables.RawReviews,
    normalize=tables.reviews,
    single=True,
    optional=(
        "Product ID",
        "Buyer ID",
        "Current Rating",
        "Review Content",
        "Review Date",
        "Likes",
        "Dislikes",
        "Date Bought",
        "Reply",
        "Images",
    ),
)


def _sample(folder: Path, rows: int, seed: int) -> None:
    """Write the file of reviews, and a small archive of images beside it."""
    write_sample(folder, rows, seed)
    write_archive(folder, rows, seed)


DATASETS: Final = (
    Dataset(
        name="banglishrev",
        title="BanglishRev",
        summary=(
            "3.2 million ratings of 128 thousand products of Daraz Bangladesh, 1.74 million of them with a "
            "text in Banglish, English, Bangla or a mixture."
        ),
        homepage=_PAGE,
        licence=Licence(
            id="CC-BY-NC-SA-4.0",
            url="https://creativecommons.org/licenses/by-nc-sa/4.0/legalcode.en",
            redistribution=True,
            note=(
                "Sharing and adapting with attribution, for non-commercial purposes, under the same licence, "
                "which the dataset's card on the Hub names."
            ),
        ),
        citation="""@misc{shamael2024banglishrev,
  title={BanglishRev: A Large-Scale Bangla-English and Code-mixed Dataset of Product Reviews in E-Commerce},
  author={Shamael and Nawshin and Shatabda and Islam},
  year={2024},
  eprint={2412.13161},
  archivePrefix={arXiv},
  primaryClass={cs.CL}
}""",
        languages=("bn", "bn-Latn", "en"),
        access="open",
        sources=(
            Source(
                url=f"hf://datasets/{_REPOSITORY}@c5950dc",
                files=(NAME,),
                instructions=(
                    f"Download {NAME!r} (about 1.9 GB) from {_PAGE} and pass it with --source; the archives "
                    "of review images are not needed. Those that lie beside it are indexed."
                ),
            ),
        ),
        tables=(
            Table(
                name="products",
                kind="products",
                schema=tables.Products,
                grain="one product, as often as the file has it",
                raws=(_PRODUCTS,),
                key=("product_number",),
                units={"average_rating": "stars"},
            ),
            Table(
                name="reviews",
                kind="reviews",
                schema=tables.Reviews,
                grain="one rating of one product by one buyer",
                raws=(_REVIEWS,),
                key=("product_number", "position"),
                units={"rating": "stars"},
            ),
            IMAGES,
            Table(
                name="score_checks",
                schema=tables.ScoreChecks,
                grain="one product",
                derive=SCORE_CHECKS_SQL,
                key=("product_number",),
            ),
            Table(
                name="coverage",
                schema=tables.Coverage,
                grain="one state of one field",
                derive=COVERAGE_SQL,
                key=("field", "state"),
            ),
        ),
        sample=_sample,
        versions=dict.fromkeys(_NAMES, _VERSIONS),
    ),
)
