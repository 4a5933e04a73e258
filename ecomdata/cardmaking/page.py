"""The card as one HTML page that needs nothing but itself. What is HTML in the README is text on the page."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, MutableMapping, Sequence
from html import escape
from importlib.resources import files
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from ecomdata.cardmaking.subject import Picture
from ecomdata.pages import page_environment, shown
from ecomdata.webfonts import with_letters

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.renderer import RendererHTML
    from markdown_it.token import Token
    from markdown_it.utils import OptionsDict

_FRONT: Final = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)
_COMMENTS: Final = re.compile(r"\s*(?:<!--(?:(?!-->).)*-->\s*)+", re.DOTALL)
_SCHEMES: Final = ("https://", "http://", "mailto:", "#")
_PICTURE: Final = re.compile(r"(?:\./)?pictures/([a-z0-9-]+)\.png")
_KEPT: Final = "\n\t\u00a0\u200c\u200d"
"""Not printable, yet harmless: joiners say how Bengali letters are written."""


def card_page(readme: str, pictures: Sequence[Picture], *, title: str) -> str:
    """The page.

    Pictures stand where the README shows ``pictures/<name>.png``; those that it does not show follow at the
    end. Images from elsewhere become links, and links go to the web, to an address or within the page.

    Args:
        readme: A card in Markdown, with its front matter or without.
        pictures: The pictures of the dataset.
        title: What the page is called.
    """
    text = _FRONT.sub("", readme.replace("\r\n", "\n"), count=1)
    markdown = _markdown()
    shelf: dict[str, Any] = {"pictures": {one.name: one for one in pictures}, "shown": set[str]()}
    tokens = markdown.parse(shown(text, _KEPT), shelf)
    headings = _anchored(tokens)
    _set_apart(tokens)
    body = markdown.renderer.render(tokens, markdown.options, shelf)
    left = [one for one in pictures if one.name not in shelf["shown"]]
    if left:
        body += '<h2 id="pictures-at-the-end">Pictures</h2>\n' + "".join(map(_figure, left))
        headings.append(("pictures-at-the-end", "Pictures"))
    source = files("ecomdata.cardmaking").joinpath("page.html.j2").read_text("utf-8")
    style = files("ecomdata").joinpath("page.css").read_text("utf-8")
    template = page_environment(_KEPT).from_string(source)
    return with_letters(template.render(title=title, body=body, headings=headings, style=style))


def _markdown() -> MarkdownIt:
    """A parser in which HTML is text, but for comments on lines of their own, which are not shown."""
    from markdown_it import MarkdownIt

    markdown = MarkdownIt("commonmark", {"html": True}).enable("table").disable("html_inline")
    for name, rule in (
        ("html_block", _html_block),
        ("image", _image),
        ("link_open", _link_open),
        ("table_open", _table_open),
        ("table_close", _table_close),
    ):
        markdown.add_render_rule(name, rule)
    return markdown


def _anchored(tokens: Sequence[Token]) -> list[tuple[str, str]]:
    """Give every heading an id as the Hub does; those of the second level are returned, with their text."""
    taken: dict[str, int] = {}
    found: list[tuple[str, str]] = []
    for token, content in pairwise(tokens):
        if token.type != "heading_open":
            continue
        words = "".join(child.content for child in content.children or ())
        slug = re.sub(r"[^\w\- ]", "", words.lower()).strip().replace(" ", "-") or "section"
        taken[slug] = taken.get(slug, 0) + 1
        slug = slug if taken[slug] == 1 else f"{slug}-{taken[slug] - 1}"
        token.attrSet("id", slug)
        if token.tag == "h2":
            found.append((slug, words))
    return found


def _set_apart(tokens: Sequence[Token]) -> None:
    """Where a paragraph is nothing but images, let them stand without it."""
    for before, content, after in zip(tokens, tokens[1:], tokens[2:], strict=False):
        children = content.children or []
        kinds = {child.type for child in children if child.type != "text" or child.content.strip()}
        if before.type == "paragraph_open" and kinds <= {"image", "softbreak"}:
            before.hidden = after.hidden = True
            for child in children:
                child.meta["apart"] = True


def _img(picture: Picture) -> str:
    """A picture in the page itself."""
    data = base64.b64encode(picture.png).decode("ascii")
    return f'<img src="data:image/png;base64,{data}" alt="{escape(shown(picture.alt))}" width="700">'


def _figure(picture: Picture) -> str:
    """A picture, and its words for those who would rather read."""
    title, alt = escape(shown(picture.title)), escape(shown(picture.alt))
    return (
        f"<figure>{_img(picture)}"
        f"<figcaption><details><summary>{title}, in words</summary><p>{alt}</p></details></figcaption>"
        "</figure>\n"
    )


def _html_block(
    _self: RendererHTML,
    tokens: Sequence[Token],
    at: int,
    _options: OptionsDict,
    _env: MutableMapping[str, Any],
) -> str:
    content = tokens[at].content
    return "" if _COMMENTS.fullmatch(content) else f"<p>{escape(content.strip())}</p>\n"


def _image(
    _self: RendererHTML,
    tokens: Sequence[Token],
    at: int,
    _options: OptionsDict,
    env: MutableMapping[str, Any],
) -> str:
    source, words = str(tokens[at].attrGet("src") or ""), escape(tokens[at].content)
    ours = _PICTURE.fullmatch(source)
    known: Mapping[str, Picture] = env["pictures"]
    if ours and ours[1] in known:
        env["shown"].add(ours[1])
        return (_figure if tokens[at].meta.get("apart") else _img)(known[ours[1]])
    if source.startswith("https://"):
        words = f'<a href="{escape(source)}" rel="noreferrer">{words or escape(source)}</a>'
    return f"<p>{words}</p>" if tokens[at].meta.get("apart") else words


def _link_open(
    self: RendererHTML, tokens: Sequence[Token], at: int, options: OptionsDict, env: MutableMapping[str, Any]
) -> str:
    target = str(tokens[at].attrGet("href") or "")
    if target.lower().startswith(_SCHEMES):
        tokens[at].attrSet("rel", "noreferrer")
        return self.renderToken(tokens, at, options, env)
    # A file beside the README is not beside this page: a link without a target.
    return "<a>"


def _table_open(*_: object) -> str:
    return '<div class="scroll" role="region" aria-label="table" tabindex="0"><table>\n'


def _table_close(*_: object) -> str:
    return "</table></div>\n"
