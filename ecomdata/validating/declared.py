"""What ``validation/<stem>.toml`` declares: published figures, and rules; read strictly.

A group of ``[[published]]`` is one source and the figures that stand there; ``[[rules]]`` are queries that
select the rows which break them. The queries see the dataset's tables under their bare names.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any, Final, Literal, TypeVar, cast, get_args, get_type_hints

from ecomdata.declare import Dataset
from ecomdata.errors import EcomdataError

Severity = Literal["error", "warning"]
Mark = Literal["confirmed", "likely"]
Standing = Literal["verified", "published, not reproduced"]

_HINT: Final = "docs/add-a-dataset.md shows the form"
_ARTICLE: Final = {str: "a text", float: "a number", bool: "true or false"}


class _FormError(ValueError):
    """An entry is not of the form; the message says how."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One published figure.

    Attributes:
        name: What it counts; unique in its dataset.
        sql: A query that gives it: one row of one number.
        value: What is published.
        tolerance: How far the measured value may lie from it, as a share of it; its rounding, for example.
        status: ``verified`` when it was reproduced from the whole raw files.
        severity: Whether missing it fails the data, or is a finding.
        note: What else is to be known.
    """

    name: str
    sql: str
    value: float
    tolerance: float = 0.0
    status: Standing = "published, not reproduced"
    severity: Severity = "error"
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """Figures that stand in one source.

    Attributes:
        dataset: Whose figures they are.
        source: Where they stand.
        mark: ``confirmed`` by upstream itself, or ``likely``: a third party, or a deduction.
        figures: The figures.
        files: Globs; the figures are about a load in which each has a raw file.
        only: A glob; the figures are about a load of no other raw files than these.
        note: What else is to be known of all of them.
    """

    dataset: str
    source: str
    mark: Mark
    figures: tuple[Figure, ...]
    files: tuple[str, ...] = ()
    only: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What holds for every row, and no column type can say.

    Attributes:
        dataset: Whose rule it is.
        table: The table whose rows are checked.
        name: What holds; unique in its dataset.
        severity: Whether a breaking row fails the data, or is a finding.
        source: Why it holds.
        sql: A query that selects the breaking rows.
        unique: Instead of ``sql``: columns that no two rows share.
        whole: Whether it holds only where everything was loaded; a rule over several tables always does.
        note: What else is to be known.
    """

    dataset: str
    table: str
    name: str
    severity: Severity
    source: str
    sql: str = ""
    unique: tuple[str, ...] = ()
    whole: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class Declared:
    """What a validation file says of one dataset."""

    published: tuple[Published, ...] = ()
    rules: tuple[Rule, ...] = ()


def read_declared(path: Path, datasets: Mapping[str, Dataset]) -> dict[str, Declared]:
    """Read a validation file.

    Args:
        path: The file.
        datasets: The datasets it may speak of: those of its loader.

    Returns:
        For each of the datasets, what the file says of it.

    Raises:
        EcomdataError: the file is not TOML, or an entry has a field too many, one too few, or a wrong one.
    """
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except (ValueError, OSError, RecursionError) as error:
        raise EcomdataError(f"{path} cannot be read: {error}", hint=_HINT) from error
    try:
        published, rules = _parsed(content, datasets)
    except _FormError as error:
        raise EcomdataError(f"{path}: {error}", hint=_HINT) from error
    return {
        name: Declared(
            tuple(group for group in published if group.dataset == name),
            tuple(rule for rule in rules if rule.dataset == name),
        )
        for name in datasets
    }


def _parsed(
    content: Mapping[str, object], datasets: Mapping[str, Dataset]
) -> tuple[list[Published], list[Rule]]:
    if unknown := sorted(set(content) - {"published", "rules"}):
        raise _FormError(f"has nothing called {unknown[0]!r}, only [[published]] and [[rules]]")
    published = [_published(where, entry) for where, entry in _entries(content, "published")]
    rules = [_build(Rule, where, entry) for where, entry in _entries(content, "rules")]
    for rule in rules:
        _check_rule(rule, datasets)
    _check_names(published, rules, datasets)
    return published, rules


def _entries(content: Mapping[str, object], part: str) -> Iterator[tuple[str, dict[str, Any]]]:
    listed = content.get(part, [])
    if not isinstance(listed, list):
        raise _FormError(f"{part} is written [[{part}]]")
    for number, entry in enumerate(cast("list[object]", listed), start=1):
        if not isinstance(entry, dict):
            raise _FormError(f"{part} is written [[{part}]]")
        named = cast("dict[str, Any]", entry)
        yield f"[[{part}]] {number}" + (f" ({named['name']!r})" if "name" in named else ""), named


def _published(where: str, entry: dict[str, Any]) -> Published:
    listed = entry.get("figures")
    if listed is None:
        raise _FormError(f"{where} lacks figures")
    figures = tuple(
        _build(Figure, f"{where}, {of}", figure) for of, figure in _entries({"figures": listed}, "figures")
    )
    if not figures:
        raise _FormError(f"{where} has no figure")
    group = _build(Published, where, {**entry, "figures": figures})
    for figure in figures:
        if figure.tolerance < 0:
            raise _FormError(f"{where}: the tolerance of {figure.name!r} is negative")
        if figure.tolerance >= 1 and figure.value:
            raise _FormError(
                f"{where}: the tolerance of {figure.name!r} is a share, such as 0.01 for one in a hundred; "
                f"with {figure.tolerance:g} nothing at all would do"
            )
    return group


_Entry = TypeVar("_Entry", Published, Figure, Rule)


def _build(form: type[_Entry], where: str, entry: dict[str, Any]) -> _Entry:
    known = {item.name: item.default is MISSING for item in fields(form)}
    for name in entry:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            raise _FormError(
                f"{where} has no field {name!r}; "
                + (f"did you mean {near[0]!r}?" if near else _listed(known))
            )
    if lacking := [name for name, required in known.items() if required and name not in entry]:
        raise _FormError(f"{where} lacks {' and '.join(lacking)}")
    hints = get_type_hints(form)
    values: dict[str, Any] = {
        name: _value(f"{where}: {name}", hints[name], value) for name, value in entry.items()
    }
    return form(**values)


def _value(where: str, kind: object, value: object) -> object:
    """A field's value as its type has it."""
    if words := get_args(kind):
        if words[-1] is ...:
            return _many(where, value)
        if value not in words:
            raise _FormError(f"{where} is {' or '.join(map(repr, words))}, not {value!r}")
    elif kind is float:
        if isinstance(value, bool) or not isinstance(value, int | float) or value != value:  # noqa: PLR0124 - NaN
            raise _FormError(f"{where} is a number, not {value!r}")
    elif not isinstance(value, cast("type", kind)):
        raise _FormError(f"{where} is {_ARTICLE[cast('type', kind)]}, not {value!r}")
    elif value == "":
        raise _FormError(f"{where} is empty")
    return value


def _many(where: str, value: object) -> tuple[object, ...]:
    if isinstance(value, tuple):
        return cast("tuple[object, ...]", value)  # figures, which are built already
    texts = cast("list[object]", value) if isinstance(value, list) else []
    if not texts or not all(isinstance(text, str) and text for text in texts):
        raise _FormError(f"{where} is a list of texts, not {value!r}")
    return tuple(texts)


def _listed(known: Mapping[str, bool]) -> str:
    return f"it may have {', '.join(known)}"


def _check_rule(rule: Rule, datasets: Mapping[str, Dataset]) -> None:
    if bool(rule.sql) == bool(rule.unique):
        raise _FormError(f"rule {rule.name!r} has sql or unique, one of the two")
    dataset = datasets.get(rule.dataset)
    if dataset is None:
        return  # said by _check_names, with the others
    tables = {table.name: table for table in dataset.tables}
    if rule.table not in tables:
        raise _FormError(
            f"rule {rule.name!r}: {rule.dataset} has no table {rule.table!r}, only {', '.join(tables)}"
        )
    if unknown := sorted(set(rule.unique) - set(tables[rule.table].schema.column_names())):
        raise _FormError(f"rule {rule.name!r}: {rule.table} has no column {unknown[0]!r}")


def _check_names(published: list[Published], rules: list[Rule], datasets: Mapping[str, Dataset]) -> None:
    for name in [group.dataset for group in published] + [rule.dataset for rule in rules]:
        if name not in datasets:
            raise _FormError(f"{name!r} is not a dataset of the loader; those are {', '.join(datasets)}")
    figures = [("figure", group.dataset, figure.name) for group in published for figure in group.figures]
    seen: set[tuple[str, str, str]] = set()
    for key in (*figures, *(("rule", rule.dataset, rule.name) for rule in rules)):
        if key in seen:
            raise _FormError(f"two {key[0]}s of {key[1]} are called {key[2]!r}")
        seen.add(key)
