"""The pages of docs/ as programs: their blocks run in order, and print what the page says they print."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from ecomdata.cli import cli

NOT_RUN = "<!-- not run"
_BLOCK = re.compile(
    r"(?P<before>[^\n]*\n|\A)```(?P<language>bash|python)\n(?P<code>.*?)```\n(?:\n```text\n(?P<answer>.*?)```\n)?",
    re.DOTALL,
)


@dataclass(frozen=True)
class Block:
    """A block of commands or of Python, and where on the page the answer after it stands, if there is one."""

    language: str
    code: str
    answer: str | None
    span: tuple[int, int]


def blocks(text: str) -> list[Block]:
    """The blocks of a page that run."""
    return [
        Block(match["language"], match["code"], match["answer"], match.span("answer"))
        for match in _BLOCK.finditer(text)
        if not match["before"].startswith(NOT_RUN)
    ]


def printed(page: list[Block]) -> Iterator[str]:
    """What each block prints on stdout, the names of the Python before it in reach."""
    names: dict[str, Any] = {"__name__": "__main__"}
    for block in page:
        yield _commands(block.code) if block.language == "bash" else _python(block.code, names)


def _commands(code: str) -> str:
    said = ""
    for command in re.split(r"^(?=ecomdata )", code, flags=re.MULTILINE)[1:]:
        done = CliRunner().invoke(cli, shlex.split(command, comments=True)[1:], catch_exceptions=False)
        assert done.exit_code == 0, f"{command}\n{done.output}"
        said += done.stdout
    return said


def _python(code: str, names: dict[str, Any]) -> str:
    with contextlib.redirect_stdout(io.StringIO()) as out:
        exec(compile(code, "page", "exec"), names)  # noqa: S102 - the page's own code, as a reader would type it
    return out.getvalue()


def tidy(text: str) -> str:
    """Without blanks at the ends of lines, which editors and Markdown drop."""
    return "\n".join(line.rstrip() for line in text.strip("\n").splitlines())


def check(path: Path, *, renew: bool) -> None:
    """Run a page; each answer is what was printed, or is made so."""
    text = path.read_text(encoding="utf-8")
    page = blocks(text)
    answers = [tidy(one) for one in printed(page)]
    if renew:
        for block, answer in reversed(list(zip(page, answers, strict=True))):
            if block.answer is not None:
                start, end = block.span
                text = f"{text[:start]}{answer}\n{text[end:]}"
        path.write_text(text, encoding="utf-8")
        return
    for block, answer in zip(page, answers, strict=True):
        if block.answer is not None:
            assert answer == tidy(block.answer), f"{path.name} shows another answer to\n{block.code}"
