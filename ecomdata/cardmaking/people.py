"""What a card says about people: what is known of the data, and what was found in their texts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from ecomdata.cardmaking.escaping import Markdown, code, plain
from ecomdata.cardmaking.prose import Prose
from ecomdata.personaldata import Finding, Findings
from ecomdata.published import PersonalData, PublishedFinding

KNOWN: Final = {
    "none": "No data about people are known to be in it.",
    "pseudonymous": "People stand in it under ids that do not name them.",
    "possible": "There may be data about people in it: names, or what they wrote or show.",
    "unknown": "Whether there are data about people in it is not known.",
}
_KINDS: Final = {
    "email": "e-mail addresses",
    "phone": "telephone numbers",
    "token": "tokens",
    "key": "private keys",
}
_BECAME: Final = {
    "masked": "masked",
    "accepted": "published as they are",
    "withheld": "not published",
    "found": "",
}


def recorded(findings: Findings, treatment: Callable[[Finding], str] = lambda _: "found") -> PersonalData:
    """What was found in a release, and what becomes of each; of one that stays here, nothing."""
    return PersonalData(
        columns=findings.columns,
        rows=findings.rows,
        found=tuple(
            PublishedFinding(
                table=one.table,
                column=one.column,
                kind=one.kind,
                sort=one.sort,
                rows=one.rows,
                occurrences=one.occurrences,
                treatment=treatment(one),
            )
            for one in findings
        ),
    )


def people_words(prose: Prose, looked: PersonalData | None) -> Markdown:
    """The section on personal data: what is known, what is written, what was found."""
    written = prose.sections.get("Personal data", "")
    parts = [KNOWN[prose.personal_data], *([written] if written else [])]
    if looked is not None:
        parts += _found(looked)
    return Markdown("\n\n".join(parts))


def _found(looked: PersonalData) -> Iterator[str]:
    if not looked.columns:
        return
    where = f"{looked.columns:,} text columns, of tables with {looked.rows:,} rows"
    what = "were looked through for telephone numbers, e-mail addresses, tokens and private keys"
    if not looked.found:
        yield f"{where}, {what}: none was found. What has another form is not found."
        return
    yield f"{where}, {what}. What has another form is not found; some of these may be something else."
    lines = (
        f"| {code(one.table)} | {code(one.column)} | {_kind(one)} | {one.rows:,} | {one.occurrences:,} "
        f"| {_BECAME.get(one.treatment, plain(one.treatment))} |"
        for one in looked.found
    )
    head = "| table | column | found | rows | how often | what became of them |\n|---|---|---|---|---|---|"
    yield "\n".join([head, *lines])


def _kind(one: PublishedFinding) -> str:
    name = _KINDS.get(one.kind, plain(one.kind))
    return f"{name} ({plain(one.sort)})" if one.sort else name
