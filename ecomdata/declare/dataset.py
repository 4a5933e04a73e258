"""Declarations of views, and of a dataset as a whole."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, get_args

from ecomdata.declare.checking import TABLE, frozen_map, require, require_many, require_text
from ecomdata.declare.tables import Table
from ecomdata.declare.terms import Licence, Source
from ecomdata.sqltext import names_of_this, schema_name

Access = Literal["open", "gated", "login", "agreement"]
Sampler = Callable[[Path, int, int], None]

_NAME: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*(/[a-z][a-z0-9]*(-[a-z0-9]+)*)?")
_BIBTEX: Final = re.compile(r"@\w+\{[^,\s]+,.*\}", re.DOTALL)
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A question that the catalog answers beside a dataset's tables, in SQL that stays in the release.

    Attributes:
        name: Its name in SQL.
        description: What one row is, in a sentence.
        sql: A DuckDB query; the dataset's tables and the views before this one are ``this.<name>``.
        parameters: Names that the query uses as values; then it is called like a function:
            ``SELECT * FROM dataset.name(1, 2)``.
        labels: Columns that are to be predicted, the usual one first.
        features: Columns to predict them from.
    """

    name: str
    description: str
    sql: str
    parameters: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    features: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        where = f"view {self.name!r}"
        require_many(where, self)
        require_text(where, self)
        require(self.description.endswith("."), f"{where}: the description is a sentence")
        require(self.reads, f"{where}: names no table of the dataset; write this.<table>")
        require(bool(self.labels) == bool(self.features), f"{where}: labels and features go together")
        for name in (self.name, *self.parameters):
            require(TABLE.fullmatch(name), f"{where}: {name!r} is not lower_snake_case")

    @property
    def reads(self) -> frozenset[str]:
        """The tables and views that it uses."""
        return names_of_this(self.sql)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """One dataset: what it is, under which terms, where it comes from, and its tables.

    Attributes:
        name: Path-like, ``family`` or ``family/member``.
        title: Its name in full.
        summary: One or two sentences on what it holds.
        homepage: Where upstream presents it.
        licence: Its terms.
        citation: BibTeX.
        languages: BCP 47 tags such as ``en`` or ``bn-Latn``.
        access: What the user must do before the raw files can be had.
        sources: Where they are, best first.
        tables: Its tables, those that others derive from first.
        sample: Writes seeded synthetic raw files: ``sample(folder, rows, seed)``.
        derived_from: Instead of ``sample``: another dataset, whose tables its queries see as
            ``<dataset>.<table>``; it has no raw files of its own.
        views: Questions that the catalog answers beside the tables.
        lookalikes: Name of a known derivative -> columns that give it away.
        versions: File name -> sha256 -> what that version is, where upstream replaced a file under its
            name; another hash is loaded too, with a warning.
    """

    name: str
    title: str
    summary: str
    homepage: str
    licence: Licence
    citation: str
    languages: tuple[str, ...]
    access: Access
    sources: tuple[Source, ...]
    tables: tuple[Table, ...]
    sample: Sampler | None = None
    derived_from: str = ""
    views: tuple[View, ...] = ()
    lookalikes: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    versions: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])

    def __post_init__(self) -> None:
        where = f"dataset {self.name!r}"
        require(_NAME.fullmatch(self.name), f"{where}: names are like 'family' or 'family/member-name'")
        require_many(where, self)
        require_text(where, self)
        require(self.title and self.summary, f"{where}: needs a title and a summary")
        require(self.homepage.startswith("https://"), f"{where}: homepage must be https")
        require(_BIBTEX.fullmatch(self.citation.strip()), f"{where}: citation is not BibTeX")
        require(self.access in get_args(Access), f"{where}: access is one of {get_args(Access)}")
        require(self.sources, f"{where}: needs a source")
        require(self.tables, f"{where}: needs a table")
        for tag in self.languages:
            require(_LANGUAGE.fullmatch(tag), f"{where}: {tag!r} is not a BCP 47 tag such as en or bn-Latn")
        names = [table.name for table in self.tables]
        names += [view.name for view in self.views]
        require(len(set(names)) == len(names), f"{where}: two tables or views have one name")
        self._check_derived(where)
        for name, known in self.versions.items():
            for digest in known:
                require(re.fullmatch(r"[0-9a-f]{64}", digest), f"sha256 of {name!r} is not 64 hex digits")
        object.__setattr__(self, "lookalikes", frozen_map(self.lookalikes))
        object.__setattr__(self, "versions", frozen_map(self.versions))

    def _check_derived(self, where: str) -> None:
        require(
            (self.sample is None) == bool(self.derived_from),
            f"{where}: give sample or derived_from, one of the two",
        )
        read = [table.name for table in self.tables if table.raws]
        require(
            not (self.derived_from and read),
            f"{where}: is derived, but {', '.join(read)} is read from raw files",
        )
        known = {table.name for table in self.tables}
        for view in self.views:
            unknown = sorted(view.reads - known)
            require(not unknown, f"{where}: view {view.name!r} uses {', '.join(unknown)}, which is not there")
            known.add(view.name)

    @property
    def family(self) -> str:
        """The first part of the name."""
        return self.name.split("/")[0]

    @property
    def schema_name(self) -> str:
        """Its schema in SQL: ``taobao/user-behavior`` is ``taobao_user_behavior``."""
        return schema_name(self.name)

    def table(self, name: str) -> Table:
        """The table of that name; KeyError when there is none."""
        for table in self.tables:
            if table.name == name:
                return table
        raise KeyError(name)
