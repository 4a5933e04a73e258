"""libsvm files: ``label index:value ...`` a line, indexes ascending from 1, with the map of features.

A column of floating-point numbers is one feature with its value; of any other column each value is a feature
of its own, with 1. What is null has no entry. The grammar is that of LIBSVM's README and of scikit-learn's
load_svmlight_file.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from ecomdata.errors import DataError, UsageError
from ecomdata.exporting.parts import Part
from ecomdata.sqltext import literal, quoted

Rows = Callable[[str], list[tuple[Any, ...]]]
"""Asks a query for all its rows."""

_MOST_SPLITS: Final = 255
"""More values are no splits: each is a file, and a reading of all rows."""
_FLOATS: Final = ("DOUBLE", "FLOAT", "DECIMAL")
_LABEL: Final = re.compile(r"BOOLEAN|U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|FLOAT|DOUBLE|DECIMAL\(\d+,\d+\)")
"""The types of numbers: those of lists and structs have their names inside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Examples:
    """What becomes lines.

    Attributes:
        relation: A table or a view, as the catalog calls it, such as ``merrec.ctr_mtl``.
        name: Its bare name.
        label: The column that is to be predicted.
        features: The columns to predict it from, in the order of their indexes.
        split: The column whose values go to files of their own, or empty.
    """

    relation: str
    name: str
    label: str
    features: tuple[str, ...]
    split: str = ""


def libsvm_parts(examples: Examples, ask: Rows) -> list[Part]:
    """A file for each split and one for the map; makes the tables that their queries need.

    Raises:
        UsageError: a column is not there or is named twice, the label holds no numbers, or there are too many
            splits.
        DataError: no row has a label.
    """
    types = {str(name): str(kind) for name, kind, *_ in ask(f"DESCRIBE SELECT * FROM {examples.relation}")}  # noqa: S608
    _check(examples, types)
    label, split = quoted(examples.label), quoted(examples.split) if examples.split else "''"
    features = ", ".join(f"{quoted(name)} AS f{at}" for at, name in enumerate(examples.features))
    names = ", ".join(f"f{at}" for at in range(len(examples.features)))
    # Sorted by all that a line is made of: the view itself promises no order.
    ask(
        f"CREATE TEMP TABLE examples AS SELECT row_number() OVER () AS row, * FROM ("  # noqa: S608 - quoted names
        f"SELECT coalesce({split}::VARCHAR, 'null') AS split, {label} AS label, {features} "
        f"FROM {examples.relation} WHERE {label} IS NOT NULL ORDER BY {names}, label, split)"
    )
    splits = ask("SELECT DISTINCT split FROM examples ORDER BY split")
    if not splits:
        raise DataError(
            f"no row of {examples.name} has a {examples.label}",
            hint="look at it: ecomdata info says which rows a view is of, and ecomdata sql shows them",
        )
    if len(splits) > _MOST_SPLITS:
        raise UsageError(
            f"{examples.split} has {len(splits):,} values, each of which would be a file",
            hint=f"name a column of splits, with at most {_MOST_SPLITS}",
        )
    _number_features(examples, types, ask)
    parts = [_lines(examples, types, split) for (split,) in splits]
    missing = f"SELECT count(*) FROM {examples.relation} WHERE {label} IS NULL"  # noqa: S608 - quoted names
    return [*parts, _map(examples, {f"rows without {examples.label}, left out": missing})]


def _check(examples: Examples, types: dict[str, str]) -> None:
    wanted = [examples.label, *examples.features, *([examples.split] if examples.split else [])]
    unknown = [name for name in wanted if name not in types]
    if unknown:
        raise UsageError(
            f"{examples.relation} has no column {', '.join(unknown)}", hint=f"its columns: {', '.join(types)}"
        )
    if not _LABEL.fullmatch(types[examples.label]):
        raise UsageError(
            f"the label {examples.label} holds {types[examples.label]}, no numbers",
            hint=f"columns that do: {', '.join(name for name in types if _LABEL.fullmatch(types[name]))}",
        )
    if not examples.features or examples.label in examples.features:
        raise UsageError(
            "features are one column at least, and the label is none", hint="name them: --features"
        )
    again = [name for name in dict.fromkeys(examples.features) if examples.features.count(name) > 1]
    if again:
        raise UsageError(f"{', '.join(again)} is named twice among the features", hint="name each once")
    lists = [name for name in examples.features if types[name].endswith("]")]
    if lists:
        raise UsageError(f"{', '.join(lists)} holds lists, which have no one feature", hint="leave it out")


def _number_features(examples: Examples, types: dict[str, str], ask: Rows) -> None:
    """Make a table ``features`` of all, and ``numbers<i>`` for each column of categories."""
    ask("CREATE TEMP TABLE features (index BIGINT, name VARCHAR, value VARCHAR)")
    for at, name in enumerate(examples.features):
        ((before,),) = ask("SELECT coalesce(max(index), 0) FROM features")
        if _is_number(types[name]):
            ask(f"INSERT INTO features VALUES ({before + 1}, {literal(name)}, NULL)")  # noqa: S608
            ask(f"CREATE TEMP TABLE numbers{at} AS SELECT {before + 1} AS index")
            continue
        ask(
            f"CREATE TEMP TABLE numbers{at} AS SELECT f{at}, {before} + row_number() OVER (ORDER BY f{at}) "  # noqa: S608
            f"AS index FROM (SELECT DISTINCT f{at} FROM examples WHERE f{at} IS NOT NULL)"
        )
        ask(
            f"INSERT INTO features SELECT index, {literal(name)}, f{at}::VARCHAR "  # noqa: S608
            f"FROM numbers{at} ORDER BY index"
        )


def _lines(examples: Examples, types: dict[str, str], split: str) -> Part:
    terms: list[str] = []
    joins: list[str] = []
    for at, name in enumerate(examples.features):
        if _is_number(types[name]):
            known = f"isfinite(f{at}::DOUBLE) AND f{at} <> 0"
            terms.append(f"CASE WHEN {known} THEN numbers{at}.index || ':' || f{at}::DOUBLE END")
            joins.append(f"CROSS JOIN numbers{at}")
        else:
            terms.append(f"numbers{at}.index || ':1'")
            joins.append(f"LEFT JOIN numbers{at} USING (f{at})")
    label = "label::TINYINT" if types[examples.label] == "BOOLEAN" else "label"
    query = (
        f"SELECT concat_ws(' ', {label}, {', '.join(terms)}) AS line FROM examples "  # noqa: S608 - our names
        f"{' '.join(joins)} WHERE split = {literal(split)} ORDER BY row"
    )
    return Part(
        file=f"{examples.name}.{_word(split)}.libsvm" if examples.split else f"{examples.name}.libsvm",
        query=query,
        columns=(examples.label, *examples.features),
        sources=(examples.name,),
    )


def _map(examples: Examples, notes: dict[str, str]) -> Part:
    columns = ("index", "column", "value")
    return Part(
        file=f"{examples.name}.features.tsv",
        query="SELECT index, name, value FROM features ORDER BY index",
        columns=columns,
        sources=(examples.name,),
        head="\t".join(columns),
        separator="\t",
        notes=notes,
    )


def _is_number(kind: str) -> bool:
    return kind.startswith(_FLOATS)


def _word(split: str) -> str:
    """A value as part of a file's name.

    Raises:
        UsageError: it has other than letters, digits, ``-`` and ``_``.
    """
    if not split.replace("-", "").replace("_", "").isalnum() or not split.isascii():
        raise UsageError(
            f"the split {split!r} cannot be part of a file's name", hint="choose another --split"
        )
    return split
