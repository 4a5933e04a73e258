"""ROPE: product pages, short videos and clips of live streams that show the same products, from Kuaishou.

Upstream: https://github.com/adxcreative/COPE, for the paper arXiv 2308.05550. The files come by mail.
"""

from __future__ import annotations

from typing import Final

from ecomdata.declare import Dataset, Licence, Raw, Source, Table
from ecomdata.readers import SplitOnce

from . import tables as t
from ._sample import sample


def _files(*names: str) -> tuple[str, ...]:
    return tuple(f"{part}_{name}.txt" for name in names for part in ("training", "test"))


PAIRS: Final = Table(
    name="pairs",
    schema=t.Pairs,
    grain="one product with one page, video or live clip",
    raws=(
        Raw(
            files=_files("product_pages_pair", "product_videos_pair", "product_lives_pair"),
            reader=SplitOnce(),
            schema=t.RawPairs,
            path=t.PATH,
            single=True,
            normalize=t.pairs,
        ),
    ),
)

TEXTS: Final = Table(
    name="texts",
    schema=t.Texts,
    grain="one title or speech text",
    raws=(
        Raw(
            files=_files("page_titles", "video_asrs", "live_asrs"),
            reader=SplitOnce(continued=True),
            schema=t.RawTexts,
            path=t.PATH,
            single=True,
            normalize=t.texts,
        ),
    ),
)

IMAGES: Final = Table(
    name="images",
    schema=t.Images,
    grain="one image of a page, or frame of a video or live clip",
    units={"position": "frames (video), milliseconds (live)"},
    raws=(
        Raw(
            files=_files("page_images"),
            reader=SplitOnce(),
            schema=t.RawPageImages,
            path=t.PATH,
            single=True,
            normalize=t.images,
        ),
        Raw(
            files=_files("video_frames", "live_clips"),
            reader=SplitOnce(),
            schema=t.RawFrames,
            path=t.PATH,
            single=True,
            normalize=t.frames,
        ),
    ),
)

MEDIA: Final = Table(
    name="media",
    kind="media",
    schema=t.Media,
    grain="one page, short video or live clip",
    derive=t.FACTS_SQL,
    gather=("section", "number"),
    assemble=t.media,
    key=("media_id", "split"),
    units={"frame_positions": "frames (video), milliseconds (live)"},
)

DATASETS: Final = (
    Dataset(
        name="rope",
        title="ROPE",
        summary=(
            "Titles, speech texts and image addresses of 3 million product pages, 5.8 million short videos "
            "and 3.5 million clips of live streams on Kuaishou, and which of 187,431 products they show."
        ),
        homepage="https://github.com/adxcreative/COPE",
        licence=Licence(
            id="other",
            name="Licensing Agreement of ROPE Dataset",
            url="https://github.com/adxcreative/COPE",
            redistribution=None,
            note=(
                "A form to be signed by an institution: non-profit or academic purposes, as is, each request "
                "reviewed. It states no right to pass the data on, so treat them as not redistributable."
            ),
        ),
        citation="""@inproceedings{bai2023cross,
  title={Cross-Domain Product Representation Learning for Rich-Content E-Commerce},
  author={Bai and Li and Cheng and Yang and Chen and Li},
  booktitle={ICCV},
  pages={5697--5706},
  year={2023},
  eprint={2308.05550},
  archivePrefix={arXiv}
}""",
        languages=("zh",),
        access="agreement",
        sources=(
            Source(
                instructions=(
                    "Fill in 'Licensing Agreement of ROPE Dataset.docx' from "
                    "https://github.com/adxcreative/COPE and mail it to jiajian@kuaishou.com or "
                    "chenquan06@kuaishou.com (the address in the form itself bounces). Pass the folder with "
                    "the nine training_*.txt files with --source; the link that comes may expire."
                ),
            ),
        ),
        tables=(PAIRS, TEXTS, IMAGES, MEDIA),
        sample=sample,
    ),
)
