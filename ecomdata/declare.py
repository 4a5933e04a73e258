"""The declarations a loader is made of. All are frozen, and checked when they are made."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal, get_args

import dataframely as dy
import polars as pl
from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

from ecomdata.canonical import CANONICAL, canonical_columns, conforms
from ecomdata.canonical import described as canonical_description
from ecomdata.columns import Columns
from ecomdata.readers.base import Reader
from ecomdata.sqltext import names_of_this, schema_name

Access = Literal["open", "gated", "login", "agreement"]
Normalize = Callable[[pl.LazyFrame], pl.LazyFrame]
Sampler = Callable[[Path, int, int], None]

_NAME: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*(/[a-z][a-z0-9]*(-[a-z0-9]+)*)?")
_TABLE: Final = re.compile(r"[a-z][a-z0-9_]*")
_URL: Final = re.compile(r"https?://\S+|hf://datasets/[\w.-]+/[\w.-]+@[\w.-]+(/\S*)?")
_BIBTEX: Final = re.compile(r"@\w+\{[^,\s]+,.*\}", re.DOTALL)
_GATHER: Final = "gather and assemble go together, and with derive"
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?")


class DeclarationError(ValueError):
    """A loader declares something that cannot be; the message names the field and the fix."""


def _require(ok: object, message: str) -> None:
    if not ok:
        raise DeclarationError(message)


def _frozen(mapping: Mapping[str, object]) -> Mapping[str, object]:
    return MappingProxyType(dict(mapping))


@dataclass(frozen=True, slots=True, kw_only=True)
class Licence:
    """The terms of a dataset.

    Attributes:
        id: An SPDX id such as ``CC-BY-NC-4.0``, or ``other`` for terms that have none.
        name: What the terms are called, required for ``other``.
        url: Where they can be read.
        redistribution: Whether the data may be passed on: True, False, or None when that is unknown.
        note: The clause that says so, and where it stands.
    """

    id: str
    url: str
    redistribution: bool | None
    name: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        _require(self.url.startswith("https://"), f"licence url must be https, not {self.url!r}")
        if self.id == "other":
            _require(self.name, "licence id 'other' needs a name")
            return
        try:
            canonical = canonicalize_license_expression(self.id)
        except InvalidLicenseExpression as error:
            raise DeclarationError(
                f"licence id {self.id!r} is not an SPDX id; use 'other' with a name"
            ) from error
        _require(canonical == self.id, f"licence id {self.id!r} is spelt {canonical!r} in SPDX")

    @property
    def title(self) -> str:
        """The SPDX id, or the name of terms without one."""
        return self.name if self.id == "other" else self.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where raw files come from when the user has none.

    Attributes:
        url: ``hf://datasets/OWNER/NAME@REVISION[/FOLDER]``, ``https://...``, or empty where
            nothing can be downloaded.
        files: Globs on the paths below the url (Hub) that belong to the dataset.
        sha256: Known hashes, by file name.
        size: Bytes of the whole download when known, else 0.
        instructions: How to get the files by hand: where, what to accept, which names to expect.
    """

    url: str = ""
    files: tuple[str, ...] = ("**",)
    sha256: Mapping[str, str] = field(default_factory=dict[str, str])
    size: int = 0
    instructions: str = ""

    def __post_init__(self) -> None:
        _require(self.url or self.instructions, "a source needs a url or instructions")
        _require(
            not self.url or _URL.fullmatch(self.url),
            f"source url {self.url!r} is neither https://... nor hf://datasets/OWNER/NAME@REVISION",
        )
        _require(self.size >= 0, "source size is negative")
        for name, digest in self.sha256.items():
            _require(re.fullmatch(r"[0-9a-f]{64}", digest), f"sha256 of {name!r} is not 64 hex digits")
        object.__setattr__(self, "sha256", _frozen(self.sha256))


@dataclass(frozen=True, slots=True, kw_only=True)
class Raw:
    """One kind of raw file: how to find it, read it, and turn its rows into a table's rows.

    Attributes:
        files: Globs on the end of the path, such as ``s1_splits/part_*.csv``; upstream's own names.
        reader: The format.
        schema: Upstream's columns, misspellings included.
        normalize: Raw rows -> the table's rows, one for one and in order. Pure.
        optional: Raw columns that some files lack.
        aliases: Raw column -> other names upstream gives it.
        by_position: Raw columns that may have any name.
        one_of: Optional raw columns of which a file has one at least.
        path: A regular expression searched in the file's path; each named group becomes a text column
            that ``normalize`` can use (null where it does not match).
        drops: Rule -> expression over the raw columns; rows for which it is true are left out and counted.
    """

    files: tuple[str, ...]
    reader: Reader
    schema: type[dy.Schema]
    normalize: Normalize
    optional: tuple[str, ...] = ()
    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    by_position: tuple[str, ...] = ()
    one_of: tuple[str, ...] = ()
    path: str = ""
    drops: Mapping[str, pl.Expr] = field(default_factory=dict[str, pl.Expr])

    def __post_init__(self) -> None:
        names = set(self.schema.column_names())
        _require(self.files, "raw files need at least one glob")
        for part in ("optional", "by_position", "aliases", "one_of"):
            unknown = set(getattr(self, part)) - names
            _require(not unknown, f"{part}: {sorted(unknown)} not in {self.schema.__name__}")
        groups = set(re.compile(self.path).groupindex)
        _require(not groups & names, f"path groups {sorted(groups & names)} are raw columns too")
        object.__setattr__(self, "aliases", _frozen(self.aliases))
        object.__setattr__(self, "drops", _frozen(self.drops))

    @property
    def columns(self) -> Columns:
        """What the reader checks a file against."""
        return Columns(
            schema=self.schema,
            optional=self.optional,
            aliases=self.aliases,
            by_position=self.by_position,
            one_of=self.one_of,
        )

    def path_columns(self, path: str) -> dict[str, str | None]:
        """The text columns that the path itself gives."""
        if not self.path:
            return {}
        pattern = re.compile(self.path)
        match = pattern.search(path)
        return dict(match.groupdict()) if match else dict.fromkeys(pattern.groupindex)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One table of a dataset.

    Attributes:
        name: Its name in SQL.
        kind: The canonical table it is one of, or empty for a table of the dataset's own.
        schema: The normalised schema; its docstring describes the table.
        grain: What one row is.
        raws: The kinds of raw file it is read from; a file belongs to the first whose columns fit.
        derive: Instead of ``raws``: a DuckDB query over the dataset's other tables.
        gather: Columns of the query's rows; rows with the same values there stand one after the other and
            become rows of the table together, as ``assemble`` makes them. For lists of any total length,
            which DuckDB cannot group out of core, while it can sort.
        gather_rows: Rows of the query to gather at a time; fewer where each becomes much. (With 16 Ki the
            peak was 90 MB lower than with 128 Ki, and the time the same.)
        assemble: The query's rows -> the table's rows, given whole groups of ``gather``. Pure.
        drops: With ``derive``: rule -> expression over the table's columns before the check; rows for which
            it is true are left out and counted.
        key: Columns that identify a row, where upstream has such columns.
        time_zone: The zone that upstream's clock times are in; stored times are UTC.
        units: Column -> unit.
    """

    name: str
    schema: type[dy.Schema]
    grain: str
    kind: str = ""
    raws: tuple[Raw, ...] = ()
    derive: str = ""
    gather: tuple[str, ...] = ()
    gather_rows: int = 16 * 1024
    assemble: Normalize | None = None
    drops: Mapping[str, pl.Expr] = field(default_factory=dict[str, pl.Expr])
    key: tuple[str, ...] = ()
    time_zone: str = ""
    units: Mapping[str, str] = field(default_factory=dict[str, str])

    def __post_init__(self) -> None:
        where = f"table {self.name!r}"
        _require(_TABLE.fullmatch(self.name), f"{where}: names are lower_snake_case")
        _require(self.schema.__doc__, f"{where}: {self.schema.__name__} needs a docstring")
        _require(self.grain, f"{where}: say what one row is (grain)")
        _require(bool(self.raws) != bool(self.derive), f"{where}: give raws or derive, one of the two")
        gathers = bool(self.gather), self.assemble is not None
        _require(gathers in {(False, False), (bool(self.derive), True)}, f"{where}: {_GATHER}")
        _require(self.derive or not self.drops, f"{where}: a table that is read has its drops in raws")
        names = self.schema.column_names()
        for part in ("key", "units"):
            unknown = set(getattr(self, part)) - set(names)
            _require(not unknown, f"{where}: {part} {sorted(unknown)} not in {self.schema.__name__}")
        if self.kind:
            _require(self.kind in CANONICAL, f"{where}: kind {self.kind!r} is not a canonical table")
            self._check_canonical(where)
        object.__setattr__(self, "units", _frozen(self.units))
        object.__setattr__(self, "drops", _frozen(self.drops))

    def _check_canonical(self, where: str) -> None:
        names = self.schema.column_names()
        shared = canonical_columns(self.kind, names)
        _require(
            names[: len(shared)] == list(shared),
            f"{where}: canonical columns come first, in this order: {', '.join(shared)}",
        )
        columns = self.schema.columns()
        for name, wanted in shared.items():
            dtype = columns[name].dtype
            _require(
                conforms(dtype, wanted),
                f"{where}: {name} is {dtype}, the canonical {self.kind} table has {wanted}",
            )

    @property
    def canonical(self) -> tuple[str, ...]:
        """Its columns that the canonical table of its kind has too, in order."""
        return tuple(canonical_columns(self.kind, self.schema.column_names()))

    @property
    def described(self) -> Mapping[str, str]:
        """Column -> what it holds: the schema's own words (``description=``), else the canonical ones."""
        return {
            name: column.description or canonical_description(self.kind, name)
            for name, column in self.schema.columns().items()
        }

    @property
    def description(self) -> str:
        """The first paragraph of the schema's docstring."""
        return self.paragraphs[0]

    @property
    def paragraphs(self) -> tuple[str, ...]:
        """The schema's docstring: what the table is, and then what is to be known of its columns."""
        text = (self.schema.__doc__ or "").strip()
        return tuple(" ".join(part.split()) for part in text.split("\n\n"))


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
        _require(self.description.endswith("."), f"{where}: the description is a sentence")
        _require(self.reads, f"{where}: names no table of the dataset; write this.<table>")
        _require(bool(self.labels) == bool(self.features), f"{where}: labels and features go together")
        for name in (self.name, *self.parameters):
            _require(_TABLE.fullmatch(name), f"{where}: {name!r} is not lower_snake_case")

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
        _require(_NAME.fullmatch(self.name), f"{where}: names are like 'family' or 'family/member-name'")
        _require(self.title and self.summary, f"{where}: needs a title and a summary")
        _require(self.homepage.startswith("https://"), f"{where}: homepage must be https")
        _require(_BIBTEX.fullmatch(self.citation.strip()), f"{where}: citation is not BibTeX")
        _require(self.access in get_args(Access), f"{where}: access is one of {get_args(Access)}")
        _require(self.sources, f"{where}: needs a source")
        _require(self.tables, f"{where}: needs a table")
        for tag in self.languages:
            _require(_LANGUAGE.fullmatch(tag), f"{where}: {tag!r} is not a BCP 47 tag such as en or bn-Latn")
        names = [table.name for table in self.tables]
        names += [view.name for view in self.views]
        _require(len(set(names)) == len(names), f"{where}: two tables or views have one name")
        self._check_derived(where)
        for name, known in self.versions.items():
            for digest in known:
                _require(re.fullmatch(r"[0-9a-f]{64}", digest), f"sha256 of {name!r} is not 64 hex digits")
        object.__setattr__(self, "lookalikes", _frozen(self.lookalikes))
        object.__setattr__(self, "versions", _frozen(self.versions))

    def _check_derived(self, where: str) -> None:
        _require(
            (self.sample is None) == bool(self.derived_from),
            f"{where}: give sample or derived_from, one of the two",
        )
        read = [table.name for table in self.tables if table.raws]
        _require(
            not (self.derived_from and read),
            f"{where}: is derived, but {', '.join(read)} is read from raw files",
        )
        known = {table.name for table in self.tables}
        for view in self.views:
            unknown = sorted(view.reads - known)
            _require(
                not unknown, f"{where}: view {view.name!r} uses {', '.join(unknown)}, which is not there"
            )
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
