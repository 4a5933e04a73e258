"""A dataset whose every text is hostile: what its rows say, what it says of itself, and names of files."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import polars as pl

CANARY: Final = "canary"
TERMINAL: Final = {
    "CSI": "\x1b[48;5;77m",
    "window title": "\x1b]0;canary\x07",
    "clipboard": "\x1b]52;c;Y2FuYXJ5\x07",
    "link": "\x1b]8;;https://canary.example\x1b\\here",
    "device control": "\x1bPcanary\x1b\\",
    "C1": "\x9b48;5;77m\x9d0;canary\x9c",
    "bell and backspaces": "\x07ok\x08\x08no",
    "overwritten line": "safe\rcanary",
    "direction": "\u202egpj.exe\u2066\u061c\u200f",
    "no width": "a\u200bb\u2060c\ufeffd\u00ade",
    "tags": "\U000e0063\U000e0061",
    "line separators": "a\u2028b\u2029c\x85d\x0be\x0cf",
    "NUL and DEL": "a\x00b\x7fc",
}
"""What a terminal would obey, by what it does; nothing of it may be printed."""
MARKUP: Final = {
    "script": "<script>document.title='canary'</script>",
    "handler": "<img src=x onerror=\"document.title='canary'\">",
    "attribute": "\" onmouseover=\"document.title='canary'\" x='",
    "end of all": "</td></table></style></script></title><canary-el>",
    "SVG": "<svg/onload=document.title='canary'>",
    "entity": "&lt;canary-el&gt;&#60;canary-el>",
    "template": "{{ 7 * 7 }}{% raw %}${canary}",
    "Markdown link": "[canary](javascript:document.title='canary')",
    "Markdown image": "![canary](https://canary.example/x.png)",
    "address": "<javascript:canary> <https://canary.example>",
    "table": "| canary | canary |\n|---|---|\n| a | b |",
    "fence": "```\n# canary\n~~~\n- canary",
    "comment": "<!-- notes: end --> canary",
    "YAML": "---\nlicense: canary\ncanary: &a [*a]\n---",
    "YAML tag": "!!python/object/apply:os.system ['canary']",
    "rich": "[bold red]canary[/][/nothing]",
    "mathtext": "$\\frac{canary}$ $x_1",
    "formula": '=HYPERLINK("https://canary.example")',
}
"""What a page, a card, a picture or a spreadsheet would take for its own."""
ALL: Final = {**TERMINAL, **MARKUP}

LOADER: Final = '''
"""A shop of which nothing can be trusted."""

import dataframely as dy
import polars as pl

from ecomdata.declare import Dataset, Licence, Raw, Source, Table
from ecomdata.readers import Parquet

WORDS = {words}


class RawItems(dy.Schema):
    """An item."""

    item = dy.Int64(nullable=True)
    title = dy.String(nullable=True)
    shelf = dy.String(nullable=True)


class Items(dy.Schema):
    """The items."""

    item_id = dy.Int64(nullable=False)
    title = dy.String(nullable=True)
    category_path = dy.List(dy.String(nullable=True), nullable=True)
    brand = dy.String(nullable=True, max_length=60)


def items(raw: pl.LazyFrame) -> pl.LazyFrame:
    """As they are."""
    path = pl.concat_list("shelf")
    return raw.select(item_id="item", title="title", category_path=path, brand="shelf")


DATASETS = (
    Dataset(
        name="canary",
        title="Canary",
        summary=WORDS,
        homepage="https://example.org/canary",
        licence=Licence(id="CC0-1.0", url="https://example.org/licence", redistribution=True),
        citation="@misc{{canary, title={{{{" + WORDS.replace("{{", "").replace("}}", "") + "}}}}}}",
        languages=("en",),
        access="open",
        sources=(Source(instructions=WORDS),),
        tables=(
            Table(
                name="items",
                kind="items",
                schema=Items,
                grain=WORDS,
                raws=(Raw(files=("*.parquet",), reader=Parquet(), schema=RawItems, normalize=items),),
            ),
        ),
        sample=lambda folder, rows, seed: None,
    ),
)
'''


def lay(folder: Path) -> tuple[Path, Path]:
    """The folder of the loader, and that of a raw file: two rows of each text, and some that are rejected."""
    loaders, raw = folder / "loaders", folder / "raw \x1b[48;5;77m <canary-el>"
    loaders.mkdir()
    raw.mkdir()
    (loaders / "canary.py").write_text(LOADER.format(words=ascii(" ".join(ALL.values()))), "utf-8")
    texts = [f"{text} number {turn}" for text in ALL.values() for turn in range(2)]
    shelves = [text for text in ALL.values() for _ in range(2)]
    items = [None, *range(1, len(texts))]
    pl.DataFrame({"item": items, "title": texts, "shelf": shelves}).write_parquet(
        raw / "items \x1b[48;5;77m.parquet"
    )
    return loaders, raw
