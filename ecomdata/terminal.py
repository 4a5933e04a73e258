"""What the commands show on a terminal: tables and closing lines."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from ecomdata.console import escaped, human_bytes, new_console, new_table, plain

if TYPE_CHECKING:
    from ecomdata.doctor import Check
    from ecomdata.duplicates.deduplication import Deduplication
    from ecomdata.embeddings.sets import EmbeddingSet
    from ecomdata.languages.summaries import ColumnLanguages
    from ecomdata.personaldata import Findings
    from ecomdata.published import PersonalData
    from ecomdata.publishing import Publication
    from ecomdata.release import Release
    from ecomdata.validating import Validation
    from ecomdata.verifying import Verification

_OVERVIEW: Final = {"name": 0, "title": 100, "licence": 80, "access": 70}
"""What is listed of a dataset, and how many columns a terminal has for it to be read at all."""
_GROUPS: Final = 10
"""Values of a column that are shown, by how much of them goes."""


def print_overview(rows: Sequence[Mapping[str, Any]]) -> None:
    """The registry, one dataset a line."""
    console = new_console()
    declared = [name for name, width in _OVERVIEW.items() if console.width >= width]
    columns = (*declared, "loaded", "rows", "size")
    table = new_table(*columns, right=("rows", "size"), whole=("name", "access", "loaded"))
    table.collapse_padding = True  # on 80 columns the longest licence of a name just fits
    for row in rows:
        loaded = "sample" if row["sample"] else ("yes" if row["loaded"] else "")
        count = f"{row['rows']:,}" if row["loaded"] else ""
        size = human_bytes(row["bytes"]) if row["loaded"] else ""
        table.add_row(*(escaped(v) for v in (*(row[column] for column in declared), loaded, count, size)))
    console.print(table)


def print_info(facts: Mapping[str, Any]) -> None:
    """Everything that is declared and stored of a dataset or of a family."""
    from ecomdata.declare import PASSING_ON

    console = new_console()
    for dataset in facts.get("members", [facts]):
        licence = dataset["licence"]
        console.print(f"[bold]{escaped(dataset['name'])}[/]  {escaped(dataset['title'])}")
        for line in (
            dataset["summary"],
            f"home      {dataset['homepage']}",
            f"licence   {licence['title']} ({PASSING_ON[licence['redistribution']]}), {licence['url']}",
            f"access    {dataset['access']}",
            f"languages {', '.join(dataset['languages']) or 'none'}",
            *(f"source    {source['url'] or source['instructions']}" for source in dataset["sources"]),
            f"loaded    {_loaded(dataset['loaded'])}",
        ):
            console.print(escaped(line), soft_wrap=True)
        for table in dataset["tables"]:
            kind = f", canonical {table['kind']}" if table["kind"] else ""
            console.print(f"\n[bold]{escaped(table['sql'])}[/]: {escaped(table['grain'])}{kind}")
            console.print(escaped(table["description"]), soft_wrap=True)
            columns = new_table("column", "type", "null", "unit")
            for column in table["columns"]:
                null = "yes" if column["nullable"] else ""
                columns.add_row(*(escaped(v) for v in (column["name"], column["type"], null, column["unit"])))
            console.print(columns)
        for view in dataset["views"]:
            called = f"({', '.join(view['parameters'])})" if view["parameters"] else ""
            console.print(
                f"[bold]{escaped(view['sql'] + called)}[/]: {escaped(view['description'])}", soft_wrap=True
            )
        console.print(escaped(dataset["citation"]), soft_wrap=True)


def _loaded(loaded: Mapping[str, Any] | None) -> str:
    if not loaded:
        return "no"
    kind = "a synthetic sample, " if loaded["sample"] else ""
    return f"{kind}release {loaded['release']}, {loaded['rows']:,} rows, {human_bytes(loaded['bytes'])}"


def print_release(release: Release) -> None:
    """The closing table of a load, on stderr."""
    manifest = release.manifest
    console = new_console(err=True)
    numbers = ("read", "written", "rejected", "dropped", "seconds", "rows/s")
    table = new_table("table", *numbers, right=numbers, whole=("table",))
    for name, record in manifest.tables.items():
        rate = f"{record.read / record.seconds:,.0f}" if record.seconds else ""
        dropped = sum(record.dropped.values())
        counts = (record.read, record.written, record.rejected, dropped)
        table.add_row(escaped(name), *(f"{count:,}" for count in counts), f"{record.seconds:.1f}", rate)
    console.print(table)
    for name, record in manifest.tables.items():
        for reason, count in record.reasons.items():
            console.print(f"  {escaped(name)} rejected: {count:,} x {escaped(reason)}", soft_wrap=True)
        for rule, count in record.dropped.items():
            console.print(f"  {escaped(name)} dropped: {count:,} x {escaped(rule)}", soft_wrap=True)
    if manifest.rejected:
        console.print(f"  rejected rows are in {escaped(release.folder / 'quarantine')}", soft_wrap=True)
    memory = f", peak memory {human_bytes(manifest.peak_memory)}" if manifest.peak_memory else ""
    console.print(
        f"{escaped(manifest.dataset)}: release {manifest.release}, {manifest.rows:,} rows, "
        f"{human_bytes(manifest.size)}, {manifest.seconds:.1f} s{memory}",
        soft_wrap=True,
    )


def print_checks(checks: Sequence[Check]) -> None:
    """What the doctor found."""
    console = new_console()
    marks = {"ok": "[green]ok[/]", "note": "note", "problem": "[red]problem[/]"}
    table = new_table("check", "", "found")
    for check in checks:
        detail = check.detail + (f"\nhint: {check.hint}" if check.hint else "")
        table.add_row(escaped(check.name), marks[check.status], escaped(detail))
    console.print(table)


def print_validation(found: Validation) -> None:
    """Figures and rules, those that are not as they should be with what was found."""
    from ecomdata.validating.results import number_text, share_text

    console = new_console()
    console.print(
        f"[bold]{escaped(found.dataset)}[/]: release {escaped(found.release)}, {escaped(found.loaded)}",
        soft_wrap=True,
    )
    if found.figures:
        columns = ("published", "measured", "differs", "may differ")
        table = new_table("figure", *columns, "status", right=columns)
        for figure in found.figures:
            values = (number_text(figure.published), number_text(figure.measured))
            shares = (share_text(figure.difference), share_text(figure.tolerance))
            table.add_row(escaped(figure.name), *values, *shares, _status(figure.status))
        console.print(table)
    numbers = ("breaking", "of")
    table = new_table("rule", *numbers, "status", right=numbers)
    for rule in found.rules:
        breaking = "" if rule.breaking is None else f"{rule.breaking:,}"
        table.add_row(escaped(rule.label), breaking, f"{rule.checked:,}", _status(rule.status))
    console.print(table)
    reasons = Counter(figure.reason for figure in found.figures) + Counter(
        rule.reason for rule in found.rules
    )
    for reason, count in reasons.items():
        if reason:
            console.print(f"  not compared or not run, {count}: {escaped(reason)}", soft_wrap=True)
    for rule in found.rules:
        for row in rule.rows if rule.breaking else ():
            cells = ", ".join(f"{name}={'null' if value is None else value}" for name, value in row.items())
            console.print(f"  {escaped(rule.label)}: {escaped(cells)}", soft_wrap=True)
    counted = ", ".join(f"{count} {status}" for status, count in sorted(found.counts.items()))
    console.print(f"{escaped(found.dataset)}: {counted}, {found.seconds:.1f} s\n", soft_wrap=True)


def _status(status: str) -> str:
    colours = {"passed": "green", "warning": "yellow", "failed": "red", "not run": "red"}
    return f"[{colours[status]}]{status}[/]" if status in colours else status


def print_publication(publication: Publication, *, err: bool) -> None:
    """What publishing will do: each file and what becomes of it, then all in few lines."""
    console = new_console(err=err)
    plan = publication.plan
    table = new_table("file", "size", "", right=("size",))
    sizes = {content.path: human_bytes(content.size) for content in plan.contents}
    pending = {content.path for content in plan.contents if content.pending}
    for path, status in plan.status.items():
        table.add_row(
            escaped(path), sizes.get(path, ""), status + (", to be written" if path in pending else "")
        )
    console.print(table)
    count = len(plan.sent)
    made = plan.state.commit and not plan.state.branch_there
    branch = f"{plan.branch} (new)" if made else plan.branch
    where = f"{publication.url}, branch {branch}, {'private' if publication.private else 'PUBLIC'}"
    what = f"{count:,} files to send, {human_bytes(plan.size)}, {len(plan.deleted):,} to delete, one commit"
    for line in (
        f"{publication.dataset}: release {publication.release} to {where}",
        "everything is there already" if plan.done else what,
        *_layout(publication, len(pending)),
        publication.rights,
        *_personal(publication.personal_data),
    ):
        console.print(escaped(line), soft_wrap=True)


def _layout(publication: Publication, pending: int) -> Iterator[str]:
    """How the files relate to the store's, or will."""
    if pending:
        yield (
            f"{pending:,} files are to be written for the Hub first, cut by content and with a page index; "
            "until then sizes are the store's"
        )
    elif publication.layout:
        yield publication.layout


def _personal(record: PersonalData) -> Iterator[str]:
    from ecomdata.publishing.personal import counts_text

    if not record.found:
        yield f"no personal data found in {record.columns:,} text columns"
    for treatment in sorted({one.treatment for one in record.found}):
        found = [one for one in record.found if one.treatment == treatment]
        yield f"personal data {treatment}: {counts_text(found)}"


def print_findings(found: Findings) -> None:
    """What was found in the texts, by column and kind."""
    console = new_console()
    if found:
        numbers = ("rows", "times")
        table = new_table("column", "kind", "whose", *numbers, "such as", right=numbers)
        for one in found:
            counts = (f"{one.rows:,}", f"{one.occurrences:,}")
            examples = escaped(", ".join(one.examples))
            table.add_row(escaped(one.place), one.kind, escaped(one.sort), *counts, examples)
        console.print(table)
    countries = f"; numbers as written in {', '.join(found.regions)}, or with a +" if found.regions else ""
    total = sum(one.occurrences for one in found)
    console.print(
        f"{escaped(found.dataset)}: release {escaped(found.release)}, {total:,} found in "
        f"{found.columns:,} text columns of {found.rows:,} rows{countries}",
        soft_wrap=True,
    )


def print_verification(found: Verification) -> None:
    """What differs, if anything, and what was compared."""
    console = new_console()
    if found.differences:
        table = new_table("file", "what", "expected", "found")
        for one in found.differences:
            table.add_row(*(escaped(v) for v in (one.path, one.what, one.expected, one.found)))
        console.print(table)
    verdict = f"{len(found.differences):,} differences" if found.differences else "as its manifest says"
    how = "hashed" if found.hashed else "hashes as the Hub lists them"
    console.print(
        f"{escaped(found.dataset)}: release {escaped(found.release)}, {found.files:,} files, "
        f"{human_bytes(found.size)} ({how}), {found.rows:,} rows: {verdict}",
        soft_wrap=True,
    )
    console.print(escaped(found.place), soft_wrap=True)


def print_languages(found: ColumnLanguages) -> None:
    """The languages of a column and what it is written with; where the tags are, on stderr."""
    title = f"{found.dataset} {found.table}.{found.column}: {found.rows:,} rows, {found.nulls:,} without text"
    console = new_console()
    console.print(escaped(title), soft_wrap=True)
    numbers = ("rows", "share", "confidence")
    table = new_table("language", *numbers, right=numbers)
    for one in found.languages:
        table.add_row(one.language, f"{one.rows:,}", f"{one.share:.1%}", f"{one.confidence:.2f}")
        for part in found.mixed if one.language == "mixed" else ():
            table.add_row(
                f"  {part.language}", f"{part.rows:,}", f"{part.share:.1%}", f"{part.confidence:.2f}"
            )
    console.print(table)
    scripts = new_table("written with", "share", right=("share",))
    for name, share in found.scripts.items():
        scripts.add_row(name.replace("_", " "), f"{share:.1%}")
    console.print(scripts)
    print(f"the tags of each row: {plain(found.path)}", file=sys.stderr)  # noqa: T201


def print_embeddings(found: EmbeddingSet) -> None:
    """What the set is, and how to ask for it; where it lies, on stderr."""
    from ecomdata.sqltext import schema_name

    unit = "length 1" if found.normalised else "not normalised"
    view = f"{schema_name(found.dataset)}.embeddings_{found.name}"
    line = (
        f"{found.dataset} {found.table}.{found.column}: {found.rows:,} rows, {found.nulls:,} without text, "
        f"{found.dim} values ({unit}) by {found.encoder} {found.revision[:12]}; in SQL {view}"
    )
    new_console().print(escaped(line), soft_wrap=True)
    print(plain(str(found.paths[0].parent)), file=sys.stderr)  # noqa: T201


def print_deduplication(found: Deduplication) -> None:
    """What would go, in all and by source and category, and where the tables are."""
    counts: Any = found.as_dict()["counts"]
    seen = Counter[str]()
    console = new_console()
    numbers = ("rows", "going", "share")
    table = new_table("by", "value", *numbers, right=numbers)
    for group in counts:
        seen[group["by"]] += 1
        if seen[group["by"]] > _GROUPS:
            continue
        values = (f"{group['rows']:,}", f"{group['removed']:,}", f"{group['share']:.1%}")
        table.add_row(escaped(group["by"]), escaped(group["value"]), *values)
    console.print(table)
    hidden = sum(max(0, count - _GROUPS) for count in seen.values())
    stopped = [f"{group.by} {group.value} would lose {group.share:.1%}" for group in found.stopped]
    idle = "nothing goes without --apply" if found.removed else "nothing goes"
    went = f"the rest is release {found.applied}" if found.applied else idle
    what = (
        f"{found.dataset} {found.table}.{found.column}: {found.texts:,} texts ({found.empty:,} empty), "
        f"{found.clusters:,} clusters, {found.removed:,} rows are duplicates; {went}"
    )
    of_which = "near pairs" if found.options["method"] == "semantic" else "pairs right at the threshold"
    found_of = f"of {of_which} {found.recall:.1%} are found; "
    how = f"computed on {found.device} in {found.seconds:.1f} s"
    for line in (
        *([f"  {hidden:,} more in counts.parquet"] if hidden else []),
        what,
        how if found.recall == 1.0 else found_of + how,
        *([f"more than may go: {', '.join(stopped[:5])}"] if stopped else []),
        found.folder,
    ):
        console.print(escaped(line), soft_wrap=True)
