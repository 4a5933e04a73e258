"""Running what is declared over the loaded release."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from ecomdata.columns import listed
from ecomdata.errors import DataError, EcomdataError, UsageError
from ecomdata.manifest import Manifest
from ecomdata.pathnames import file_to_write
from ecomdata.progress import Reporter, Silent
from ecomdata.registry import content_file, loader, members, siblings
from ecomdata.release import Release, open_release
from ecomdata.sqltext import quoted
from ecomdata.store import Store, home_folder
from ecomdata.validating.asking import Asker, NotRunError, asking
from ecomdata.validating.builtin import key_rules, release_checks
from ecomdata.validating.declared import Declared, Figure, Published, Rule, Severity, read_declared
from ecomdata.validating.profiling import profiled
from ecomdata.validating.report import write_report
from ecomdata.validating.results import FigureResult, RuleResult, Status, TableProfile, Validation
from ecomdata.validating.scope import Scope

if TYPE_CHECKING:
    import os

DEFAULT_MEMORY: Final = "1GB"
"""What DuckDB may hold while it validates, before it spills to disk."""

SHOWN_ROWS: Final = 5
"""How many breaking rows of a rule are kept."""

_DAMAGED: Final = "files of the release are missing or damaged"


def validate(
    name: str,
    *,
    distributions: bool = False,
    report: str | os.PathLike[str] | None = None,
    memory: str = DEFAULT_MEMORY,
    home: str | os.PathLike[str] | None = None,
    reporter: Reporter | None = None,
) -> Validation:
    """Compare a loaded dataset with its published figures, and look for rows that break its rules.

    Figures are compared on a full load only. Every dataset gets these checks as well: files are there with
    their size, every row is accounted for, none was rejected, declared keys are unique.

    Args:
        name: A loaded dataset.
        distributions: Whether to count how values are distributed, and not only nulls.
        report: Where to write an HTML page with all of it, distributions included.
        memory: What DuckDB may hold before it spills to disk, such as ``2GB``.
        home: Where the store is; default: ``$ECOMDATA_HOME``, else the user's data folder.
        reporter: Hears of progress.

    Raises:
        UsageError: no such dataset, or it is not loaded; or the report's folder is not there.
        DataError: the files in the store cannot be read.
        EcomdataError: the dataset's validation file is not of the form, or a query in it is wrong.
    """
    page = None if report is None else file_to_write(report)
    release = open_release(name, home=home)
    counted = distributions or page is not None
    found = validate_release(release, distributions=counted, memory=memory, reporter=reporter)
    if page is not None:
        write_report([found], page)
    return found


def validate_release(
    release: Release,
    *,
    distributions: bool = False,
    memory: str = DEFAULT_MEMORY,
    reporter: Reporter | None = None,
) -> Validation:
    """As :func:`validate`, of a release that is open, whether or not it is the visible one."""
    started = time.monotonic()
    manifest, folder = release.manifest, release.folder
    dataset = loader(manifest.dataset)
    declared = declared_of(dataset.name)
    checks = release_checks(folder, manifest)
    scope = Scope(manifest, [table.name for table in dataset.tables])
    rules = (*key_rules(dataset, manifest, declared.rules), *declared.rules)
    with _open(release, memory, whole=not checks[0].breaking) as asker:
        run = _Run(asker, manifest, scope, reporter or Silent())
        figures = [run.figure(group, figure) for group in declared.published for figure in group.figures]
        results = [run.rule(rule) for rule in rules]
        # As they are declared, and what an older declaration had.
        tables = dict.fromkeys(
            [*(t.name for t in dataset.tables if t.name in manifest.tables), *manifest.tables]
        )
        profiles = run.profiles(tables, distributions=distributions)
    return Validation(
        dataset=dataset.name,
        title=dataset.title,
        release=manifest.release,
        loaded=scope.words,
        figures=tuple(figures),
        rules=(*checks, *results),
        profiles=profiles,
        seconds=round(time.monotonic() - started, 3),
    )


def to_validate(name: str, *, home: str | os.PathLike[str] | None = None) -> list[str]:
    """A dataset, or the members of a family that are loaded.

    Raises:
        UsageError: nothing of that name is known, or none of the family is loaded.
    """
    names = [dataset.name for dataset in members(name)]
    if names == [name]:
        return names
    store = Store(home_folder(home))
    loaded = [member for member in names if member in set(store.loaded())]
    if not loaded:
        raise UsageError(
            f"nothing of {name} is loaded in {store.home}", hint=f"its members are {', '.join(names)}"
        )
    return loaded


def require_sound(found: Sequence[Validation]) -> None:
    """Go on only where nothing failed.

    Raises:
        DataError: a figure is missed, or a rule of severity error is broken.
        EcomdataError: something could not be computed.
    """
    failed = [f"{one.dataset}: {name}" for one in found for name in one.failed]
    if failed:
        raise DataError(
            f"{len(failed)} checks failed: {listed(failed)}",
            hint="--report FILE.html shows the rows; a part of the files may be missing, or loaded twice",
        )
    not_run = [f"{one.dataset}: {name}" for one in found for name in one.not_run]
    if not_run:
        raise EcomdataError(
            f"{len(not_run)} checks could not be run: {listed(not_run)}", hint="try --memory 4GB"
        )


def declared_of(name: str) -> Declared:
    """What a dataset's validation file says of it; nothing where it has no file.

    Raises:
        EcomdataError: the file is not of the form.
    """
    file = content_file(name, "validation", ".toml")
    return read_declared(file, siblings(name))[name] if file else Declared()


@contextmanager
def _open(release: Release, memory: str, *, whole: bool) -> Generator[Asker | None]:
    if not whole:
        yield None
        return
    with asking(release.folder, release.manifest, memory=memory, spill=release.home) as asker:
        yield asker


Rows = tuple[Mapping[str, str | None], ...]


class _Run:
    """One validation under way; without an asker nothing can be asked."""

    def __init__(self, asker: Asker | None, manifest: Manifest, scope: Scope, reporter: Reporter) -> None:
        self._asker = asker
        self._manifest = manifest
        self._scope = scope
        self._reporter = reporter

    def figure(self, group: Published, figure: Figure) -> FigureResult:
        """Measure a figure, where that says something."""
        with self._step(figure.name):
            status, measured, reason = self._measure(group, figure)
        return FigureResult(
            name=figure.name,
            status=status,
            published=figure.value,
            measured=measured,
            difference=_difference(measured, figure.value),
            tolerance=figure.tolerance,
            severity=figure.severity,
            mark=group.mark,
            standing=figure.status,
            source=group.source,
            sql=figure.sql,
            reason=reason,
            note="; ".join(note for note in (figure.note, group.note) if note),
        )

    def _measure(self, group: Published, figure: Figure) -> tuple[Status, float | None, str]:
        if self._asker is None:
            return "not run", None, _DAMAGED
        where = f"the figure {figure.name!r} of {group.dataset}"
        tables = self._asker.tables_read(where, figure.sql)
        if reason := self._scope.not_about(group, tables):
            return "not applicable", None, reason
        try:
            measured = self._asker.number(where, figure.sql)
        except NotRunError as error:
            return "not run", None, str(error)
        difference = _difference(measured, figure.value)
        hit = difference is not None and difference <= figure.tolerance
        return "passed" if hit else _broken(figure.severity), measured, ""

    def rule(self, rule: Rule) -> RuleResult:
        """Count the rows that break a rule, and keep the first."""
        sql = rule.sql or _duplicates(rule)
        with self._step(rule.name):
            status, breaking, rows, reason = self._broken_by(rule, sql)
        record = self._manifest.tables.get(rule.table)
        return RuleResult(
            table=rule.table,
            name=rule.name,
            status=status,
            breaking=breaking,
            checked=record.written if record else 0,
            rows=rows,
            severity=rule.severity,
            source=rule.source,
            sql=sql,
            reason=reason,
            note=rule.note,
        )

    def _broken_by(self, rule: Rule, sql: str) -> tuple[Status, int | None, Rows, str]:
        if self._asker is None:
            return "not run", None, (), _DAMAGED
        where = f"the rule {rule.name!r} of {rule.dataset}"
        tables = {rule.table, *self._asker.tables_read(where, sql)}
        if reason := self._scope.not_whole(rule, tables):
            return "not applicable", None, (), reason
        try:
            breaking = self._asker.count(where, sql)
            rows = self._asker.first(where, sql, SHOWN_ROWS) if breaking else ()
        except NotRunError as error:
            return "not run", None, (), str(error)
        return _broken(rule.severity) if breaking else "passed", breaking, rows, ""

    def profiles(self, tables: Iterable[str], *, distributions: bool) -> tuple[TableProfile, ...]:
        """How the tables are filled."""
        found: list[TableProfile] = []
        for table in tables if self._asker else ():
            with self._step(f"columns of {table}"):
                if self._asker:
                    found.append(profiled(self._asker, table, distributions=distributions))
        return tuple(found)

    @contextmanager
    def _step(self, title: str) -> Generator[None]:
        self._reporter.start(f"{self._manifest.dataset}: {title}", 0)
        try:
            yield
        finally:
            self._reporter.finish()


def _broken(severity: Severity) -> Status:
    return "failed" if severity == "error" else "warning"


def _difference(measured: float | None, published: float) -> float | None:
    """How far apart they are, as a share of what is published; absolute where that is zero."""
    if measured is None:
        return None
    return abs(measured - published) / (abs(published) or 1)


def _duplicates(rule: Rule) -> str:
    columns = ", ".join(map(quoted, rule.unique))
    return (
        f"SELECT {columns}, count(*) AS rows FROM {quoted(rule.table)} "  # noqa: S608 - declared names, quoted
        f"GROUP BY {columns} HAVING count(*) > 1"
    )
