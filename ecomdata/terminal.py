"""What the commands show on a terminal. Data is hostile: no control character of it gets through."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from ecomdata.doctor import Check
    from ecomdata.duplicates.searching import Deduplication
    from ecomdata.languages.summaries import ColumnLanguages
    from ecomdata.personaldata import Findings
    from ecomdata.published import PersonalData
    from ecomdata.publishing import Publication
    from ecomdata.release import Release
    from ecomdata.validating import Validation
    from ecomdata.verifying import Verification

_PIPED: Final = 1000
"""Columns where there is no terminal; a table is only as wide as what is in it."""
_GROUPS: Final = 10
"""Values of a column that are shown, by how much of them goes."""
_CONTROL: Final = {
    code: "\N{REPLACEMENT CHARACTER}"
    for code in (*range(0x20), *range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A))
    if code not in {ord("\n"), ord("\t")}
}


def plain(text: str) -> str:
    """The text without control characters, which could move the cursor, hide text or retitle the window."""
    return text.translate(_CONTROL)


def human_bytes(size: int) -> str:
    """Bytes in decimal units: ``21.6 GB``."""
    from ecomdata.sources import human

    return human(size)


def _console(*, err: bool = False) -> Console:
    from rich.console import Console

    stream = sys.stderr if err else sys.stdout
    # Piped tables are read by programs and pagers: do not fold them.
    return Console(stderr=err, soft_wrap=False, highlight=False, width=None if stream.isatty() else _PIPED)


def _table(*columns: str, right: Sequence[str] = (), title: str | None = None) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False)
    for column in columns:
        number = column in right
        table.add_column(column, justify="right" if number else "left", no_wrap=number, overflow="fold")
    return table


def _escaped(value: object) -> str:
    from rich.markup import escape

    return escape(plain(str(value)))


def print_overview(rows: Sequence[Mapping[str, Any]]) -> None:
    """The registry, one dataset a line."""
    table = _table("name", "title", "licence", "access", "loaded", "rows", "size", right=("rows", "size"))
    for row in rows:
        loaded = "sample" if row["sample"] else ("yes" if row["loaded"] else "")
        count = f"{row['rows']:,}" if row["loaded"] else ""
        size = human_bytes(row["bytes"]) if row["loaded"] else ""
        table.add_row(
            *(
                _escaped(v)
                for v in (row["name"], row["title"], row["licence"], row["access"], loaded, count, size)
            )
        )
    _console().print(table)


def print_info(facts: Mapping[str, Any]) -> None:
    """Everything that is declared and stored of a dataset or of a family."""
    console = _console()
    for dataset in facts.get("members", [facts]):
        licence = dataset["licence"]
        redistribution = {
            True: "may be passed on",
            False: "may not be passed on",
            None: "passing on: unknown",
        }
        console.print(f"[bold]{_escaped(dataset['name'])}[/]  {_escaped(dataset['title'])}")
        for line in (
            dataset["summary"],
            f"home      {dataset['homepage']}",
            f"licence   {licence['title']} ({redistribution[licence['redistribution']]}), {licence['url']}",
            f"access    {dataset['access']}",
            f"languages {', '.join(dataset['languages']) or 'none'}",
            *(f"source    {source['url'] or source['instructions']}" for source in dataset["sources"]),
            f"loaded    {_loaded(dataset['loaded'])}",
        ):
            console.print(_escaped(line), soft_wrap=True)
        for table in dataset["tables"]:
            kind = f", canonical {table['kind']}" if table["kind"] else ""
            console.print(f"\n[bold]{_escaped(table['sql'])}[/]: {_escaped(table['grain'])}{kind}")
            console.print(_escaped(table["description"]), soft_wrap=True)
            columns = _table("column", "type", "null", "unit")
            for column in table["columns"]:
                null = "yes" if column["nullable"] else ""
                columns.add_row(
                    *(_escaped(v) for v in (column["name"], column["type"], null, column["unit"]))
                )
            console.print(columns)
        for view in dataset["views"]:
            called = f"({', '.join(view['parameters'])})" if view["parameters"] else ""
            console.print(
                f"[bold]{_escaped(view['sql'] + called)}[/]: {_escaped(view['description'])}", soft_wrap=True
            )
        console.print(_escaped(dataset["citation"]), soft_wrap=True)


def _loaded(loaded: Mapping[str, Any] | None) -> str:
    if not loaded:
        return "no"
    kind = "a synthetic sample, " if loaded["sample"] else ""
    return f"{kind}release {loaded['release']}, {loaded['rows']:,} rows, {human_bytes(loaded['bytes'])}"


def print_release(release: Release) -> None:
    """The closing table of a load, on stderr."""
    manifest = release.manifest
    console = _console(err=True)
    numbers = ("read", "written", "rejected", "dropped", "seconds", "rows/s")
    table = _table("table", *numbers, right=numbers)
    for name, record in manifest.tables.items():
        rate = f"{record.read / record.seconds:,.0f}" if record.seconds else ""
        dropped = sum(record.dropped.values())
        counts = (record.read, record.written, record.rejected, dropped)
        table.add_row(_escaped(name), *(f"{count:,}" for count in counts), f"{record.seconds:.1f}", rate)
    console.print(table)
    for name, record in manifest.tables.items():
        for reason, count in record.reasons.items():
            console.print(f"  {_escaped(name)} rejected: {count:,} x {_escaped(reason)}", soft_wrap=True)
        for rule, count in record.dropped.items():
            console.print(f"  {_escaped(name)} dropped: {count:,} x {_escaped(rule)}", soft_wrap=True)
    if manifest.rejected:
        console.print(f"  rejected rows are in {_escaped(release.folder / 'quarantine')}", soft_wrap=True)
    memory = f", peak memory {human_bytes(manifest.peak_memory)}" if manifest.peak_memory else ""
    console.print(
        f"{_escaped(manifest.dataset)}: release {manifest.release}, {manifest.rows:,} rows, "
        f"{human_bytes(manifest.size)}, {manifest.seconds:.1f} s{memory}",
        soft_wrap=True,
    )


def print_checks(checks: Sequence[Check]) -> None:
    """What the doctor found."""
    console = _console()
    marks = {"ok": "[green]ok[/]", "note": "note", "problem": "[red]problem[/]"}
    table = _table("check", "", "found")
    for check in checks:
        detail = check.detail + (f"\nhint: {check.hint}" if check.hint else "")
        table.add_row(_escaped(check.name), marks[check.status], _escaped(detail))
    console.print(table)


def print_validation(found: Validation) -> None:
    """Figures and rules, those that are not as they should be with what was found."""
    from ecomdata.validating.results import number_text, share_text

    console = _console()
    console.print(
        f"[bold]{_escaped(found.dataset)}[/]: release {_escaped(found.release)}, {_escaped(found.loaded)}",
        soft_wrap=True,
    )
    if found.figures:
        columns = ("published", "measured", "differs", "may differ")
        table = _table("figure", *columns, "status", right=columns)
        for figure in found.figures:
            values = (number_text(figure.published), number_text(figure.measured))
            shares = (share_text(figure.difference), share_text(figure.tolerance))
            table.add_row(_escaped(figure.name), *values, *shares, _status(figure.status))
        console.print(table)
    numbers = ("breaking", "of")
    table = _table("rule", *numbers, "status", right=numbers)
    for rule in found.rules:
        breaking = "" if rule.breaking is None else f"{rule.breaking:,}"
        table.add_row(_escaped(rule.label), breaking, f"{rule.checked:,}", _status(rule.status))
    console.print(table)
    reasons = Counter(figure.reason for figure in found.figures) + Counter(
        rule.reason for rule in found.rules
    )
    for reason, count in reasons.items():
        if reason:
            console.print(f"  not compared or not run, {count}: {_escaped(reason)}", soft_wrap=True)
    for rule in found.rules:
        for row in rule.rows if rule.breaking else ():
            cells = ", ".join(f"{name}={'null' if value is None else value}" for name, value in row.items())
            console.print(f"  {_escaped(rule.label)}: {_escaped(cells)}", soft_wrap=True)
    counted = ", ".join(f"{count} {status}" for status, count in sorted(found.counts.items()))
    console.print(f"{_escaped(found.dataset)}: {counted}, {found.seconds:.1f} s\n", soft_wrap=True)


def _status(status: str) -> str:
    colours = {"passed": "green", "warning": "yellow", "failed": "red", "not run": "red"}
    return f"[{colours[status]}]{status}[/]" if status in colours else status


def print_publication(publication: Publication, *, err: bool) -> None:
    """What publishing will do: each file and what becomes of it, then all in few lines."""
    console = _console(err=err)
    plan = publication.plan
    table = _table("file", "size", "", right=("size",))
    sizes = {content.path: human_bytes(content.size) for content in plan.contents}
    for path, status in plan.status.items():
        table.add_row(_escaped(path), sizes.get(path, ""), status)
    console.print(table)
    count = len(plan.sent)
    where = f"{publication.url}, branch {plan.branch}, {'private' if publication.private else 'PUBLIC'}"
    what = f"{count:,} files to send, {human_bytes(plan.size)}, {len(plan.deleted):,} to delete, one commit"
    for line in (
        f"{publication.dataset}: release {publication.release} to {where}",
        "everything is there already" if plan.done else what,
        publication.rights,
        *_personal(publication.personal_data),
    ):
        console.print(_escaped(line), soft_wrap=True)


def _personal(record: PersonalData) -> Iterator[str]:
    from ecomdata.publishing.personal import counts_text

    if not record.found:
        yield f"no personal data found in {record.columns:,} text columns"
    for treatment in sorted({one.treatment for one in record.found}):
        found = [one for one in record.found if one.treatment == treatment]
        yield f"personal data {treatment}: {counts_text(found)}"


def print_findings(found: Findings) -> None:
    """What was found in the texts, by column and kind."""
    console = _console()
    if found:
        numbers = ("rows", "times")
        table = _table("column", "kind", "whose", *numbers, "such as", right=numbers)
        for one in found:
            counts = (f"{one.rows:,}", f"{one.occurrences:,}")
            examples = _escaped(", ".join(one.examples))
            table.add_row(_escaped(one.place), one.kind, _escaped(one.sort), *counts, examples)
        console.print(table)
    rows = sum(table.rows for table in found.scanned.values() if table.columns)
    countries = f"; numbers as written in {', '.join(found.regions)}, or with a +" if found.regions else ""
    total = sum(one.occurrences for one in found)
    console.print(
        f"{_escaped(found.dataset)}: release {_escaped(found.release)}, {total:,} found in "
        f"{found.columns:,} text columns of {rows:,} rows{countries}",
        soft_wrap=True,
    )


def print_verification(found: Verification) -> None:
    """What differs, if anything, and what was compared."""
    console = _console()
    if found.differences:
        table = _table("file", "what", "expected", "found")
        for one in found.differences:
            table.add_row(*(_escaped(v) for v in (one.path, one.what, one.expected, one.found)))
        console.print(table)
    verdict = f"{len(found.differences):,} differences" if found.differences else "as its manifest says"
    how = "hashed" if found.hashed else "hashes as the Hub lists them"
    console.print(
        f"{_escaped(found.dataset)}: release {_escaped(found.release)}, {found.files:,} files, "
        f"{human_bytes(found.size)} ({how}), {found.rows:,} rows: {verdict}",
        soft_wrap=True,
    )
    console.print(_escaped(found.place), soft_wrap=True)


def print_languages(found: ColumnLanguages) -> None:
    """The languages of a column and what it is written with; where the tags are, on stderr."""
    title = f"{found.dataset} {found.table}.{found.column}: {found.rows:,} rows, {found.nulls:,} without text"
    table = _table(
        "language",
        "rows",
        "share",
        "confidence",
        right=("rows", "share", "confidence"),
        title=_escaped(title),
    )
    for one in found.languages:
        table.add_row(one.language, f"{one.rows:,}", f"{one.share:.1%}", f"{one.confidence:.2f}")
        for part in found.mixed if one.language == "mixed" else ():
            table.add_row(
                f"  {part.language}", f"{part.rows:,}", f"{part.share:.1%}", f"{part.confidence:.2f}"
            )
    _console().print(table)
    scripts = _table("written with", "share", right=("share",))
    for name, share in found.scripts.items():
        scripts.add_row(name.replace("_", " "), f"{share:.1%}")
    _console().print(scripts)
    print(f"the tags of each row: {plain(found.path)}", file=sys.stderr)  # noqa: T201


def print_deduplication(found: Deduplication) -> None:
    """What would go, in all and by source and category, and where the tables are."""
    counts: Any = found.as_dict()["counts"]
    seen = Counter[str]()
    console = _console()
    numbers = ("rows", "going", "share")
    table = _table("by", "value", *numbers, right=numbers)
    for group in counts:
        seen[group["by"]] += 1
        if seen[group["by"]] > _GROUPS:
            continue
        values = (f"{group['rows']:,}", f"{group['removed']:,}", f"{group['share']:.1%}")
        table.add_row(_escaped(group["by"]), _escaped(group["value"]), *values)
    console.print(table)
    hidden = sum(max(0, count - _GROUPS) for count in seen.values())
    stopped = [f"{group.by} {group.value} would lose {group.share:.1%}" for group in found.stopped]
    went = f"the rest is release {found.applied}" if found.applied else "nothing goes without --apply"
    what = (
        f"{found.dataset} {found.table}.{found.column}: {found.texts:,} texts ({found.empty:,} empty), "
        f"{found.clusters:,} clusters, {found.removed:,} rows are duplicates; {went}"
    )
    found_of = f"of pairs right at the threshold {found.recall:.1%} are found; "
    how = f"computed on {found.device} in {found.seconds:.1f} s"
    for line in (
        *([f"  {hidden:,} more in counts.parquet"] if hidden else []),
        what,
        how if found.recall == 1.0 else found_of + how,
        *([f"more than may go: {', '.join(stopped[:5])}"] if stopped else []),
        found.folder,
    ):
        console.print(_escaped(line), soft_wrap=True)
