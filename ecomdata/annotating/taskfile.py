"""Reading task files: TOML, strictly. An entry that is not known is a mistake, and said so by name."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, fields, replace
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, Literal, TypeVar, cast, get_args, get_origin, get_type_hints

from ecomdata.annotating.task import RESERVED_HOTKEYS, Field, Label, Score, Task
from ecomdata.errors import UsageError

_HINT: Final = (
    "docs/annotate.md has a table of every field; ecomdata annotate tasks lists those that are shipped"
)
_KEY: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_DIGITS: Final = "1234567890"
_MOST_STEPS: Final = 101
_LONGEST: Final = 1_000_000
"""Bytes of a task file, and of its guidelines."""
_WORDS: Final = {str: "a text", int: "a whole number", bool: "true or false"}

_Entry = TypeVar("_Entry", Task, Label, Field, Score)


class _FormError(ValueError):
    """An entry is not of the form; the message says how."""


def shipped_tasks() -> list[str]:
    """The names of the tasks that come with the package."""
    folder = files("ecomdata.annotating").joinpath("tasks")
    return sorted(path.name.removesuffix(".toml") for path in folder.iterdir() if path.name.endswith(".toml"))


def shipped_text(name: str) -> str:
    """The file of a shipped task.

    Raises:
        UsageError: there is none of that name.
    """
    shipped = shipped_tasks()
    if name in shipped:
        return files("ecomdata.annotating").joinpath("tasks", f"{name}.toml").read_text("utf-8")
    near = difflib.get_close_matches(name, shipped, n=1)
    raise UsageError(
        f"there is no task {name}" + (f"; did you mean {near[0]}?" if near else ""),
        hint=f"give a file, or one of {', '.join(shipped)}",
    )


def read_task(source: str | Path) -> Task:
    """Read a task from a file, or by the name of one that is shipped.

    Args:
        source: A path such as ``mine/helpfulness.toml``, or a name such as ``helpfulness``; a file of that
            name comes first.

    Raises:
        UsageError: it is not there, is not TOML, or has an entry that is not of the form, which is named.
    """
    path = Path(source)
    text, folder = _text_of(path)
    try:
        content = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{source} is not TOML: {error}", hint=_HINT) from error
    return task_of(_with_guidelines(content, path, folder), where=str(source))


def _text_of(path: Path) -> tuple[str, Path | None]:
    """The file's text and its folder; a shipped task has none."""
    if path.is_file():
        return _read(path), path.parent
    if path.parent != Path():
        raise UsageError(f"there is no task file {path}", hint=f"shipped are {', '.join(shipped_tasks())}")
    return shipped_text(path.name.removesuffix(".toml")), None


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > _LONGEST:
            raise UsageError(f"{path} has more than {_LONGEST:,} bytes", hint="is it the right file?")
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}", hint="it is a text file in UTF-8") from error


def _with_guidelines(content: Mapping[str, Any], path: Path, folder: Path | None) -> dict[str, Any]:
    """The entries, with the text of ``guidelines_file`` as ``guidelines``."""
    entries = dict(content)
    name = entries.pop("guidelines_file", None)
    if name is None:
        return entries
    if "guidelines" in entries:
        raise UsageError(f"{path}: it has guidelines or guidelines_file, one of the two", hint=_HINT)
    if folder is None or not isinstance(name, str) or Path(name).name != name:
        raise UsageError(f"{path}: guidelines_file {name!r} is not the name of a file beside it", hint=_HINT)
    return {**entries, "guidelines": _read(folder / name)}


def task_of(content: Mapping[str, Any], *, where: str) -> Task:
    """The task that the entries of a file, or of a project, make.

    Raises:
        UsageError: one of them is not of the form; the message begins with ``where``.
    """
    try:
        task = _build(Task, "the task", dict(content))
        _check(task)
        return replace(task, labels=_with_hotkeys(task.labels))
    except _FormError as error:
        raise UsageError(f"{where}: {error}", hint=_HINT) from error


def _build(form: type[_Entry], where: str, entry: Mapping[str, Any]) -> _Entry:
    known = {item.name: item.default is MISSING for item in fields(form)}
    for name in entry:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            tip = f"did you mean {near[0]!r}?" if near else f"it may have {', '.join(known)}"
            raise _FormError(f"{where} has no field {name!r}; {tip}")
    if lacking := [name for name, required in known.items() if required and name not in entry]:
        raise _FormError(f"{where} lacks {' and '.join(lacking)}")
    hints = get_type_hints(form)
    values = {name: _value(_place(where, name), hints[name], value) for name, value in entry.items()}
    return form(**values)


def _place(where: str, name: str) -> str:
    return name if where == "the task" else f"{where}: {name}"


def _value(where: str, kind: Any, value: Any) -> Any:  # noqa: ANN401 - any of TOML's values
    """A field's value as its type has it."""
    if get_origin(kind) is tuple:
        return _many(where, get_args(kind)[0], value)
    if get_origin(kind) is Literal:
        if value not in get_args(kind):
            raise _FormError(f"{where} is {' or '.join(map(repr, get_args(kind)))}, not {value!r}")
        return value
    if kind not in _WORDS:
        return _build(Score, where, _table(where, value))  # the only table that is not in a list
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise _FormError(f"{where} is {_WORDS[kind]}, not {value!r}")
    return value


def _many(where: str, kind: Any, value: object) -> tuple[Any, ...]:  # noqa: ANN401 - texts, or entries
    if not isinstance(value, (list, tuple)):
        raise _FormError(f"{where} is a list, not {value!r}")
    listed = list(cast("Iterable[object]", value))
    if kind is str:
        return tuple(_value(where, str, one) for one in listed)
    places = [f"[[{where}]] {number}" for number in range(1, len(listed) + 1)]
    return tuple(_build(kind, place, _table(place, one)) for place, one in zip(places, listed, strict=True))


def _table(where: str, value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _FormError(f"{where} is a table, not {value!r}")
    return cast("dict[str, Any]", value)


def _check(task: Task) -> None:
    """What no type says."""
    _check_key("name", task.name)
    if not task.question.strip():
        raise _FormError("the question is empty")
    _check_fields(task)
    {"labels": _check_labels, "score": _check_score, "spans": _check_spans}[task.kind](task)


def _check_fields(task: Task) -> None:
    if not task.fields:
        raise _FormError("[[fields]] is empty: name at least one column to show")
    _check_once("fields", "column", task.columns)
    if not task.texts and not task.images:
        raise _FormError("no field holds a text, and there are no images: there is nothing to look at")


def _check_labels(task: Task) -> None:
    _no_score(task)
    _check_set(task)
    if len(task.labels) < (1 if task.multiple else 2):
        raise _FormError(f"{len(task.labels)} labels leave no choice: write at least two [[labels]]")


def _check_spans(task: Task) -> None:
    _no_score(task)
    _check_set(task)
    if task.multiple:
        raise _FormError("multiple is for kind = 'labels'; there may always be several spans")
    if not task.labels:
        raise _FormError("spans need labels: write at least one [[labels]]")
    if not task.texts:
        raise _FormError("spans need a field that holds a text")


def _check_score(task: Task) -> None:
    score = task.score
    if score is None:
        raise _FormError("kind = 'score' needs [score] with low and high")
    if task.labels or task.multiple:
        raise _FormError("kind = 'score' has no labels; [score] may say what each number means in steps")
    if not score.low < score.high < score.low + _MOST_STEPS:
        raise _FormError(
            f"[score] goes from {score.low} to {score.high}; low is less than high, by at most 100"
        )
    if score.steps and len(score.steps) != len(score.values):
        raise _FormError(
            f"[score] has {len(score.values)} numbers, and {len(score.steps)} steps say what they mean"
        )


def _no_score(task: Task) -> None:
    if task.score is not None:
        raise _FormError(f"[score] is for kind = 'score', and this is {task.kind!r}")


def _check_set(task: Task) -> None:
    for label in task.labels:
        _check_key("label key", label.key)
        hotkey = label.hotkey.lower()
        if hotkey and not (len(hotkey) == 1 and hotkey.isascii() and hotkey.isalnum()):
            raise _FormError(f"label {label.key!r}: the hotkey is one letter or digit, not {label.hotkey!r}")
        if hotkey in RESERVED_HOTKEYS:
            raise _FormError(
                f"label {label.key!r}: the page uses the key {hotkey!r} to {RESERVED_HOTKEYS[hotkey]}"
            )
    _check_once("labels", "key", task.label_keys)
    _check_once("labels", "name", [label.name or label.key for label in task.labels])
    _check_once("labels", "hotkey", [label.hotkey for label in task.labels if label.hotkey])


def _check_key(what: str, key: str) -> None:
    if not _KEY.fullmatch(key):
        raise _FormError(f"the {what} {key!r} is not one: letters, digits, _ and -, 64 at most")


def _check_once(part: str, what: str, values: Iterable[str]) -> None:
    # Two that differ by their case alone are mistaken for one another.
    twice = [value for value, count in Counter(value.casefold() for value in values).items() if count > 1]
    if twice:
        raise _FormError(f"two of [[{part}]] have the {what} {twice[0]!r}")


def _with_hotkeys(labels: tuple[Label, ...]) -> tuple[Label, ...]:
    """The labels, the first ten of them with a digit each where the file gives no hotkey."""
    taken = {label.hotkey.lower() for label in labels}
    free = (digit for digit in _DIGITS if digit not in taken)
    return tuple(
        replace(label, name=label.name or label.key, hotkey=label.hotkey.lower() or next(free, ""))
        for label in labels
    )
