"""What a release was loaded from, and so which figures and rules say something about it."""

from __future__ import annotations

import re
from collections.abc import Collection

from ecomdata.manifest import Manifest
from ecomdata.sources import matches_tail
from ecomdata.validating.declared import Published, Rule


class Scope:
    """The part of a dataset that a release holds.

    Args:
        manifest: The release's manifest.
        tables: The tables that the dataset declares.
    """

    def __init__(self, manifest: Manifest, tables: Collection[str]) -> None:
        self._manifest = manifest
        self._absent = frozenset(tables) - set(manifest.tables)
        options = manifest.options
        self._only = str(options.get("only") or "")
        limit = f"at most {options['limit']:,} rows a table were read" if options.get("limit") else ""
        partial = "files that break off were kept as far as they go" if options.get("keep_partial") else ""
        duplicates = "duplicates were left out" if options.get("dedup") else ""
        self._cut = [part for part in (limit, partial, duplicates) if part]
        chosen = options.get("tables")
        named = ", ".join(map(str, chosen)) if isinstance(chosen, list) else ""
        self._tables = f"only these tables were loaded: {named}" if named else ""

    @property
    def words(self) -> str:
        """What was loaded, in words."""
        if self._manifest.sample:
            return "a synthetic sample"
        only = [f"only {self._only} was loaded"] if self._only else []
        parts = [*only, *([self._tables] if self._tables else []), *self._cut] or [self._whole]
        if self._absent and not self._tables:
            parts.append(f"without {', '.join(sorted(self._absent))}")
        return "; ".join(parts)

    @property
    def _whole(self) -> str:
        """What was loaded where no option left anything out."""
        origin = self._manifest.origin
        # Wherever it is, there may be less than upstream has. Cards name no folder, nor a server without TLS.
        named = origin.startswith(("hf://", "https://")) or origin.endswith(" in the store")
        return f"all of {origin}" if named else "all that was given"

    def without(self, tables: Collection[str]) -> str:
        """Why a query over these tables cannot be asked, or nothing."""
        lacking = sorted(self._absent & set(tables))
        return f"not loaded: {', '.join(lacking)}" if lacking else ""

    def not_about(self, group: Published, tables: Collection[str]) -> str:
        """Why figures say nothing about this release, or nothing."""
        if self._manifest.sample:
            return "a synthetic sample was loaded, and figures are about the real data"
        for shortfall in (*self._cut, self._tables):
            if shortfall:
                return f"{shortfall}, and figures are about all of it"
        if self._only and _chosen(self._only) != _chosen(group.only):
            about = group.only or "all of it"
            return f"only {self._only} was loaded, and this is about {about}"
        names = [file.name for file in self._manifest.raw]
        for glob in group.files:
            if not any(matches_tail(name, glob) for name in names):
                return f"no raw file {glob} was loaded"
        if group.only:
            for name in self._raw_files(tables):
                if not matches_tail(name, group.only):
                    return f"this is about {group.only} alone, and {name} was loaded too"
        return self.without(tables)

    def not_whole(self, rule: Rule, tables: Collection[str]) -> str:
        """Why a rule cannot be expected to hold, or nothing."""
        if lacking := self.without(tables):
            return lacking
        declared = (set(self._manifest.tables) | self._absent) & set(tables)
        shortfall = [f"only {self._only} was loaded"] if self._only else []
        shortfall += self._cut
        if shortfall and (rule.whole or len(declared) > 1):
            return f"{shortfall[0]}, and the rule needs all of it"
        return ""

    def _raw_files(self, tables: Collection[str]) -> list[str]:
        """The raw files that gave rows to some tables; all of them where one of the tables is derived."""
        files = self._manifest.raw
        read = {table for file in files for table in file.rows}
        if not (set(tables) & set(self._manifest.tables)) <= read:
            return [file.name for file in files]
        return [file.name for file in files if any(file.rows.get(table) for table in tables)]


def _chosen(only: str) -> str:
    """What ``--only`` chooses, by one spelling: a folder's name alone stands for all that is in it."""
    return re.sub(r"/+\*{0,2}$", "", only)
