"""Templates and the files beside them: read once, when the server starts."""

from __future__ import annotations

import hashlib
from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from ecomdata.annotating.serving.texts import KEPT
from ecomdata.pages import page_environment, shown

if TYPE_CHECKING:
    import jinja2
    from markdown_it.renderer import RendererHTML
    from markdown_it.token import Token
    from markdown_it.utils import OptionsDict
    from markupsafe import Markup

_OWN: Final = "ecomdata.annotating.serving"
_FONTS: Final = ("EcomdataSansBengali.ttf", "EcomdataSansSC.otf")
"""Shipped for the pictures of cards; a browser asks for one where no font of the system has the letters."""
_KINDS: Final = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
    "ttf": "font/ttf",
    "otf": "font/otf",
}
_SCHEMES: Final = ("https://", "http://", "mailto:")


@dataclass(frozen=True, slots=True)
class Static:
    """A file that the page loads: its bytes and its media type."""

    content: bytes
    kind: str


def static_files() -> dict[str, Static]:
    """All files that the page loads, by name; what a request names is looked up here and nowhere else."""
    paths = [*files(_OWN).joinpath("static").iterdir()]
    # Not files("ecomdata.cardmaking"): that would import the package, which takes a second.
    paths += [files("ecomdata").joinpath("cardmaking", "fonts", name) for name in _FONTS]
    return {
        path.name: Static(path.read_bytes(), kind)
        for path in paths
        if (kind := _KINDS.get(path.name.rpartition(".")[2]))
    }


def stamp_of(statics: dict[str, Static]) -> str:
    """A name for all of them as they are: browsers may keep them under it for good."""
    digest = hashlib.sha256()
    for name in sorted(statics):
        digest.update(name.encode() + hashlib.sha256(statics[name].content).digest())
    return digest.hexdigest()[:16]


def templates() -> jinja2.Environment:
    """What the pages are rendered with; every text is escaped."""
    import jinja2

    folder = files(_OWN).joinpath("templates")
    sources = {path.name: path.read_text("utf-8") for path in folder.iterdir()}
    environment = page_environment(KEPT)
    environment.loader = jinja2.DictLoader(sources)
    environment.auto_reload = False
    return environment


def guidelines_html(markdown: str) -> Markup:
    """Guidelines as HTML: HTML in them is text, an image is its words, and links lead to the web."""
    from markdown_it import MarkdownIt
    from markupsafe import Markup

    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    parser.add_render_rule("image", _image)
    parser.add_render_rule("link_open", _link_open)
    return Markup(parser.render(shown(markdown, KEPT)))  # noqa: S704 - the parser escapes


def _image(
    _self: RendererHTML,
    tokens: Sequence[Token],
    at: int,
    _options: OptionsDict,
    _env: MutableMapping[str, Any],
) -> str:
    from markupsafe import escape

    return str(escape(tokens[at].content))


def _link_open(
    self: RendererHTML, tokens: Sequence[Token], at: int, options: OptionsDict, env: MutableMapping[str, Any]
) -> str:
    if not str(tokens[at].attrGet("href") or "").lower().startswith(_SCHEMES):
        return "<a>"
    tokens[at].attrSet("rel", "noreferrer noopener")
    tokens[at].attrSet("target", "_blank")
    return self.renderToken(tokens, at, options, env)
