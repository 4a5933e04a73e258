"""Where a release comes from: upstream's files, and the command that reads them again."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Any, Final

from ecomdata.cardmaking.escaping import Markdown, address, code, plain
from ecomdata.declare import Dataset
from ecomdata.manifest import Manifest
from ecomdata.published import Published

_FLAGS: Final = {"strict": "--strict", "keep_partial": "--keep-partial"}


def origin_words(dataset: Dataset, published: Published) -> Markdown:
    """Upstream, revision, and what read it."""
    source = ""
    if published.origin and not published.sample:
        revision = f" at revision {code(published.revision)}" if published.revision else ""
        source = f" Raw files: {address(published.origin)}{revision}."
    derived = f" Made from {code(dataset.derived_from)}." if dataset.derived_from else ""
    layout = f"{plain(published.layout)} " if published.layout else ""
    return Markdown(
        f"{address(dataset.homepage)}.{source}{derived} Typed and checked by ecomdata "
        f"{published.tool_version} as release {code(published.release)}; "
        f"`ecomdata.json` has the hash of every raw file and of every data file. {layout}"
        "This command reads the same files again:"
    )


def load_command(dataset: Dataset, manifest: Manifest) -> str:
    """The ``ecomdata load`` that gives this release; a folder of the publisher's own is left open."""
    parts = ["ecomdata", "load", dataset.name, *_options(dict(manifest.options))]
    if not (manifest.sample or dataset.derived_from):
        if not manifest.origin.startswith(("hf://", "https://")):
            parts += ["--source", "FOLDER"]
        elif manifest.origin not in {source.url for source in dataset.sources}:
            parts += ["--source", manifest.origin]
    return shlex.join(parts)


def _options(options: dict[str, Any]) -> Iterator[str]:
    if options.get("sample"):
        yield "--sample"
    if options.get("only"):
        yield from ("--only", str(options["only"]))
    for table in options.get("tables") or ():
        yield from ("--table", str(table))
    if options.get("limit"):
        yield from ("--limit", str(options["limit"]))
    yield from (flag for name, flag in _FLAGS.items() if options.get(name))
    aliases: dict[str, list[str]] = options.get("aliases") or {}
    for column, names in sorted(aliases.items()):
        for name in names:
            yield from ("--alias", f"{column}={name}")
