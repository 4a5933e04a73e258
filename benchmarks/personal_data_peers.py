"""What ``personal_data.py`` measures: ``python personal_data_peers.py WHAT ...``."""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # the planted texts and the made-up board are the tests'

_TEXT: Final = (
    "ভালো প্রোডাক্ট ডেলিভারি দ্রুত পেয়েছি valo product onek sundor thanks bhai amar pochondo hoise sản phẩm"
    " rất tốt giao hàng nhanh đóng gói cẩn thận shop nhiệt tình 质量 很好 物流 很快 包装 不错 卖家 推荐 the"
    " quality is great fast delivery iPhone 13 128GB 2023-05-01 price 1,299.00 tk 4.5 stars SM-A525F/DS order"
    " 2305011234 100% #1 size XL"
)
WORDS: Final = _TEXT.split()
LANGUAGES: Final = ("BD", "CN", "US", "VN")


def make(folder: str, rows: str, findings: str) -> None:
    """Raw files of the board: texts in four languages, one in ``findings`` with something planted."""
    import polars as pl

    from tests.personaldata.boards import SCHEMA
    from tests.personaldata.planted import planted

    rng = random.Random(5)  # noqa: S311 - made-up texts
    found = planted(5, 20)
    texts: list[str] = [" ".join(rng.choices(WORDS, k=rng.randint(2, 40))) for _ in range(int(rows))]
    for place in range(0, len(texts), int(findings)):
        texts[place] += " " + rng.choice(found).text
    nothing = {name: pl.lit(None, dtype) for name, dtype in SCHEMA.items() if name != "text"}
    frame = pl.DataFrame({"text": texts}).select(
        pl.col("text") if name == "text" else nothing[name].alias(name) for name in SCHEMA
    )
    Path(folder).mkdir(parents=True)
    frame.write_parquet(Path(folder) / "posts.parquet")
    pl.DataFrame({"number": [1]}).write_parquet(Path(folder) / "counts.parquet")


def scan(home: str) -> None:
    """Scan the release, and print how much was found."""
    import ecomdata as ed
    from ecomdata.personaldata import scan as look

    print(len(look(ed.open("board", home=home), ed.loader("board"))))


def read(home: str) -> None:
    """The floor: every text column is read, and its bytes counted."""
    import polars as pl

    import ecomdata as ed

    paths = list(ed.open("board", home=home)["posts"].paths)
    print(
        pl.scan_parquet(paths).select(pl.col("text").str.len_bytes().sum()).collect(engine="streaming").item()
    )


def mask(home: str) -> None:
    """Write a masked copy of all that was found, which was scanned before."""
    import shutil

    import ecomdata as ed
    from ecomdata.personaldata import KINDS, personal_data
    from ecomdata.progress import Silent
    from ecomdata.published import PersonalData
    from ecomdata.publishing.copying import Copier
    from ecomdata.publishing.personal import Treated

    found = personal_data("board", home=home)
    treated = Treated(PersonalData(columns=0, rows=0, found=()), found, {"posts": {"text": frozenset(KINDS)}})
    release = ed.open("board", home=home)
    with Copier(release, ed.loader("board"), treated, as_stored=True, home=home).made(Silent()):
        pass
    shutil.rmtree(Path(home) / "uploads")


def copy(home: str, out: str) -> None:
    """The floor of masking: the same rows written again as they are, by the store's own writer."""
    import polars as pl

    import ecomdata as ed
    from ecomdata.shards import write_shards

    lazy = pl.scan_parquet(list(ed.open("board", home=home)["posts"].paths))
    frames = lazy.collect_batches(maintain_order=True, engine="streaming")
    write_shards(iter(frames), lazy.collect_schema(), Path(out))


def _some(home: str, rows: str) -> list[str]:
    import polars as pl

    import ecomdata as ed

    paths = list(ed.open("board", home=home)["posts"].paths)
    return pl.scan_parquet(paths).head(int(rows)).select("text").collect()["text"].to_list()


def matcher(home: str, rows: str) -> None:
    """The finder of phonenumbers, over the first rows, for the four countries."""
    import phonenumbers

    for text in _some(home, rows):
        for region in LANGUAGES:
            for _ in phonenumbers.PhoneNumberMatcher(text, region):
                pass


def few(home: str, rows: str) -> None:
    """Ours, over the same first rows."""
    import polars as pl

    from ecomdata.personaldata import Look

    look = Look(LANGUAGES)
    texts = pl.Series(_some(home, rows))
    for text in texts.filter(texts.str.contains(look.prefilter())).to_list():
        look.masked(text)


def quality() -> None:
    """Print how many planted numbers are found, and how many decoys are taken for one, by each way."""
    import phonenumbers

    from ecomdata.personaldata import Look
    from tests.personaldata.planted import decoys, planted

    look = Look(LANGUAGES)

    def finder(leniency: int) -> Callable[[str], bool]:
        def finds(text: str) -> bool:
            return any(
                phonenumbers.PhoneNumberMatcher(text, region, leniency=leniency).has_next()
                for region in LANGUAGES
            )

        return finds

    ways: dict[str, Callable[[str], bool]] = {
        "ecomdata": lambda text: any(one.kind == "phone" for one in look.masked(text)[1]),
        "phonenumbers, valid": finder(phonenumbers.Leniency.VALID),
        "phonenumbers, strict grouping": finder(phonenumbers.Leniency.STRICT_GROUPING),
    }
    phones = [one for one in planted(101, 20) if one.kind == "phone"]
    others = decoys(101, 20)
    report = {
        name: {
            "planted": len(phones),
            "found": sum(finds(one.text) for one in phones),
            "decoys": len(others),
            "taken_for_one": sum(finds(one.text) for one in others),
        }
        for name, finds in ways.items()
    }
    print(json.dumps(report))


def main(arguments: Sequence[str]) -> None:
    """Run what the first argument names."""
    what: dict[str, Callable[..., None]] = {
        "make": make,
        "scan": scan,
        "read": read,
        "mask": mask,
        "copy": copy,
        "matcher": matcher,
        "few": few,
        "quality": quality,
    }
    what[arguments[0]](*arguments[1:])


if __name__ == "__main__":
    main(sys.argv[1:])
