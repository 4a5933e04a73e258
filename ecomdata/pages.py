"""What the HTML pages share: how they are rendered, and what a text from the data looks like in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import jinja2


def page_environment(keep: str = "\n") -> jinja2.Environment:
    """What pages are rendered with: no text is markup, none has characters that cannot be seen.

    Characters of ``keep`` stay, as in :func:`shown`.
    """
    import jinja2

    def visible(value: object) -> object:
        # What a macro gives is markup and says so; any other text may come from the data.
        return shown(value, keep) if isinstance(value, str) and not hasattr(value, "__html__") else value

    return jinja2.Environment(
        autoescape=True,
        finalize=visible,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def shown(text: str, keep: str = "\n") -> str:
    """The text with what cannot be seen, or puts other characters in another order, as its number in hex.

    Characters of ``keep`` stay.
    """
    return "".join(c if c.isprintable() or c in keep else f"\\u{{{ord(c):04x}}}" for c in text)
