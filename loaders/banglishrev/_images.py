"""The archives of resized review images: an index of what is in them. No image is unpacked.

Facts: the tree pages of the dataset on the Hub and the commits of its PR #5. There are 109 archives,
``Review Images 1.zip`` to ``Review Images 109.zip``, of 482 to 493 MB each.
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Final

import dataframely as dy
import polars as pl

from ecomdata.declare import Raw, Table
from ecomdata.readers import ZipIndex
from ecomdata.sampling import stream

_NUMBERS: Final = ("number_1", "number_2", "number_3")
_MEMBER: Final = r"(?:^|/)review-" + "-".join(f"(?<{name}>[0-9]{{1,18}})" for name in _NUMBERS) + r"\.jpg$"
_MOST_IN_SAMPLE: Final = 200


class RawMembers(dy.Schema):
    """What the directory of an archive says of a member."""

    member = dy.String()
    size = dy.Int64()
    packed_size = dy.Int64()
    crc32 = dy.UInt32()


class Images(dy.Schema):
    """The members of the image archives that were given, in the order of their directories.

    ``member`` is the path inside ``archive``, ``size`` its bytes when unpacked, ``crc32`` their checksum.
    ``number_1`` to ``number_3`` are the numbers in a name such as ``review-1306023-1-2.jpg``, all null where
    the name has another form. They are likely a product's id, a review's number and an image's; upstream
    does not say, and whether reviews are numbered from 0 or from 1 is not known either.
    """

    archive = dy.String(description="The image archive.")
    member = dy.String(description="The path of a file in it.")
    size = dy.Int64(min=0, description="The file's bytes when unpacked.")
    crc32 = dy.UInt32(description="The file's checksum, as the archive has it.")
    number_1 = dy.Int64(nullable=True, description="The first number in the file's name, likely a product's.")
    number_2 = dy.Int64(nullable=True, description="The second, likely a review's.")
    number_3 = dy.Int64(nullable=True, description="The third, likely an image's.")


def images(raw: pl.LazyFrame) -> pl.LazyFrame:
    """Members (:class:`RawMembers`) as :class:`Images`."""
    found = pl.col("member").str.extract_groups(_MEMBER).struct
    numbers = [found.field(name).cast(pl.Int64) for name in _NUMBERS]
    return raw.select("archive", "member", "size", "crc32", *numbers)


def write_archive(folder: Path, rows: int, seed: int) -> None:
    """Write an archive of at most 200 made-up members; they hold a few bytes and no picture."""
    rng = stream(seed, "images")
    count = min(rows, _MOST_IN_SAMPLE)
    products = sorted(rng.integers(1_000_000, 1_000_000 + count, count).tolist())
    names = [
        f"review-{product}-{place % 4 + 1}-{place + 1}.jpg" for place, product in enumerate(products[:-1])
    ]
    with zipfile.ZipFile(folder / "Review Images 1.zip", "w") as archive:
        for name in [*names, "Thumbs.db"]:
            # Without a date the archive would hold the time at which it is made.
            archive.writestr(zipfile.ZipInfo(name), b"\xff\xd8" + rng.bytes(8) + b"\xff\xd9")


IMAGES: Final = Table(
    name="images",
    schema=Images,
    grain="one member of an archive of review images",
    raws=(
        Raw(
            files=("Review Images *.zip", "Review_Images_*.zip", "Review%20Images%20*.zip"),
            reader=ZipIndex(),
            schema=RawMembers,
            normalize=images,
            path=r"(?P<archive>[^/]+)$",
        ),
    ),
    key=("archive", "member"),
    units={"size": "bytes"},
)
