"""Short reviews in Banglish, Bengali and English, some of them near-duplicates of others, always the same.

``python benchmarks/dedup_texts.py OUT.parquet ROWS`` writes ``text`` and ``source``: the row that a planted
near-duplicate was made of, else null. Reviews are drawn from phrases that people in online shops use, with
words of their own between, so that many share n-grams without being near.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

PLANTED: Final = 0.15
SEED: Final = 20
_BLOCK: Final = 100_000
_PHRASE_TEXT: Final = """
product ta khub valo | darun product | valo laglo | dam onujayi thik ase | dam ektu beshi |
delivery onek fast chilo | delivery dite deri korse | packaging valo chilo | packaging ektu kharap |
seller er behaviour valo | abar kinbo inshallah | chobir moto e | chobi r sathe mil nai |
color ta ektu alada | size ta ektu choto | size ta thik moto hoise | kapor ta onek norom |
quality ta average | original product peyechi | copy product diyeche | battery backup valo na |
charge taratari sesh hoye jay | sound quality osadharon | 5 star dilam | recommend korchi sobai ke |
onek dhonnobad daraz | thanks seller vai | eto kom dame eto valo | gift hisebe diyechi |
ammu onek khushi | very good product | highly recommended | value for money | fast delivery |
the quality is good | not as described | exactly like the picture | the fabric is soft |
it broke after two days | works as expected | would buy again | seller was very helpful |
packaging was intact | a bit small for me | smells really nice | good for daily use |
the colour is different from the photo | i am happy with this purchase | arrived one day late |
worth the price | খুব ভালো প্রোডাক্ট | দাম অনুযায়ী ঠিক আছে | ডেলিভারি দ্রুত পেয়েছি |
আলহামদুলিল্লাহ | সবাই নিতে পারেন | ধন্যবাদ |
"""
_WORD_TEXT: Final = """
vai apu sir onek khub ektu abar ajke kalke order parcel box phone case shirt panjabi saree juta
lotion cream watch strap cable charger earphone bag wallet cap glass plate spoon oil honey soap 😍 👍
❤ ok nice best valo kharap mota chikon lal nil kalo sada boro choto notun purano used gift bondhu
baba ma bhai bon office basha
"""
_PHRASES: Final = [phrase.strip() for phrase in _PHRASE_TEXT.split("|") if phrase.strip()]
_WORDS: Final = _WORD_TEXT.split()


def _review(rng: np.random.Generator) -> list[str]:
    """The words of a review of about a hundred characters."""
    words: list[str] = []
    size = int(rng.normal(100, 25))
    while sum(map(len, words)) + len(words) < size or len(words) < 3:
        if rng.random() < 0.45:
            words += _PHRASES[int(rng.random() ** 1.5 * len(_PHRASES))].split()
        else:
            words.append(_WORDS[int(rng.random() ** 1.5 * len(_WORDS))])
    return words


def _changed(words: list[str], rng: np.random.Generator) -> list[str]:
    """The same review as somebody would post it again: with a word more, less or other, mostly at an end."""
    words = list(words)
    word = _WORDS[int(rng.integers(len(_WORDS)))]
    match int(rng.integers(5)):
        case 0:
            words.append(word)
        case 1:
            words = words[1:] if len(words) > 3 else [word, *words]
        case 2:
            words[-1] = word + "!"
        case 3:
            words = [word, *words, "!!"]
        case _:
            words[int(rng.integers(len(words)))] = word
    return words


def write(path: Path, rows: int) -> None:
    """Write the reviews, block by block."""
    path.parent.mkdir(parents=True, exist_ok=True)
    frames = [pl.DataFrame(schema={"text": pl.String, "source": pl.Int64})]
    for start in range(0, rows, _BLOCK):
        rng = np.random.default_rng([SEED, start])
        reviews: list[list[str]] = []
        sources: list[int | None] = []
        for number in range(min(_BLOCK, rows - start)):
            planted = number > 100 and rng.random() < PLANTED
            source = int(rng.integers(number)) if planted else None
            reviews.append(_review(rng) if source is None else _changed(reviews[source], rng))
            sources.append(None if source is None else start + source)
        texts = [" ".join(words) for words in reviews]
        frames.append(pl.DataFrame({"text": texts, "source": pl.Series(sources, dtype=pl.Int64)}))
    pl.concat(frames).write_parquet(path, row_group_size=1 << 16)


if __name__ == "__main__":
    write(Path(sys.argv[1]), int(sys.argv[2]))
