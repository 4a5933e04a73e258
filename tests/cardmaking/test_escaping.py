from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from ecomdata.cardmaking.escaping import address, block, code, plain

MARKDOWN = MarkdownIt("gfm-like", {"html": True, "linkify": False}).disable("linkify")
HOSTILE = [
    "<script>alert(1)</script>",
    "[x](javascript:alert(1))",
    "![x](https://example.org/track.png)",
    "a | b | c",
    "`` a ` b ```",
    "\x1b[2J\x00\u202egnp.exe",
    "x\n\n# heading\n---\n| a |",
    "<!-- notes: begin -->",
    "&lt;b&gt; &amp;",
    "https://example.org/<b>",
    "*a* _b_ ~~c~~ \\",
    "{{ 7 * 7 }} {% raw %}",
    "",
    " ",
]


def tokens(text: str) -> list[Token]:
    """What a reader of Markdown sees, inline tokens among the others."""
    found: list[Token] = []
    for token in MARKDOWN.parse(text):
        found += [token, *(token.children or ())]
    return found


def kinds(text: str) -> set[str]:
    """The kinds of markup in a text."""
    return {token.type for token in tokens(text)}


PARAGRAPH = {"paragraph_open", "paragraph_close", "inline", "text"}
SIGNS = "`\\<>b&|[]()!*_~#- \n1.ahtps:/"
values = st.text(max_size=60) | st.text(alphabet=SIGNS, max_size=30) | st.sampled_from(HOSTILE)


@given(values)
@example("`")
@example("``a")
def test_a_value_is_code_and_nothing_else(value: str) -> None:
    """Whatever it holds, in a line of text and in the cell of a table."""
    assert kinds(f"x {code(value)} y") <= {*PARAGRAPH, "code_inline"}
    cells = [
        token for token in tokens(f"| a | b |\n|---|---|\n| {code(value)} | z |") if token.type == "td_open"
    ]
    assert len(cells) == 2


@pytest.mark.parametrize("value", HOSTILE)
def test_no_control_character_gets_through(value: str) -> None:
    """None that moves a cursor or turns the order of letters round."""
    for text in (code(value), plain(value), block(value).replace("\n", ""), address(value)):
        assert text.isprintable()


def test_a_value_reads_as_it_is() -> None:
    """Signs of Markdown stand in code as they are; a long value is cut."""
    (shown,) = [token.content for token in tokens(code("a `b` <c> [d]")) if token.type == "code_inline"]
    assert shown == "a `b` <c> [d]"
    assert len(code("x" * 500)) < 100


def test_declared_code_is_shown_as_it_is() -> None:
    """What stands between backticks keeps its signs, one pair or two; what does not is escaped."""
    shown = [
        token.content
        for token in tokens(plain("``<list>_x`` and `a & b` <c>"))
        if token.type == "code_inline"
    ]
    assert shown == ["<list>_x", "a & b"]
    assert "&lt;c&gt;" in plain("``<list>_x`` and `a & b` <c>")


@given(values)
@example("\\`<b>`")
@example("``<b>`")
@example("# heading")
@example("1. list")
@example("- list")
@example("* * *")
@example("``````")
@example(">a")
@example("~~~")
def test_declared_text_has_no_html_links_or_blocks(text: str) -> None:
    """It may have code and emphasis, but no tag, link, image, heading, list or cell."""
    forbidden = {"html_inline", "html_block", "link_open", "image", "heading_open", "fence", "code_block"}
    forbidden |= {"bullet_list_open", "ordered_list_open", "blockquote_open", "table_open"}
    assert not kinds(plain(text)) & forbidden
    assert not kinds(f"x {plain(text)}") & forbidden
    cells = [
        token for token in tokens(f"| a | b |\n|---|---|\n| {plain(text)} | z |") if token.type == "td_open"
    ]
    assert len(cells) == 2


@given(values)
def test_only_a_web_address_becomes_a_link(text: str) -> None:
    """Anything else is code."""
    links = [token.attrs["href"] for token in tokens(address(text)) if token.type == "link_open"]
    assert all(str(link).startswith(("http://", "https://")) for link in links)
    assert kinds(address("https://example.org/a_b")) >= {"link_open"}
    assert "link_open" not in kinds(address("javascript:alert(1)"))


@given(values)
def test_a_block_ends_where_its_fence_does(text: str) -> None:
    """A text in it cannot end it."""
    found = [token.type for token in MARKDOWN.parse(f"```bash\n{block(text)}\n```\n\nend\n")]
    assert found == ["fence", "paragraph_open", "inline", "paragraph_close"]
