"""What becomes of personal data before a release is published: masked, accepted by name, or a full stop."""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ecomdata.cardmaking import recorded
from ecomdata.declare import Dataset
from ecomdata.errors import DataError, UsageError
from ecomdata.personaldata import KINDS, Finding, Findings, Kind, Masks, findings_of
from ecomdata.progress import Reporter
from ecomdata.published import PersonalData, PublishedFinding
from ecomdata.release import Release

if TYPE_CHECKING:
    import os

_NAMES: Final = {
    "email": ("e-mail address", "e-mail addresses"),
    "phone": ("telephone number", "telephone numbers"),
    "token": ("token", "tokens"),
    "key": ("private key", "private keys"),
}


@dataclass(frozen=True, slots=True)
class Treated:
    """What becomes of personal data.

    Attributes:
        record: What ``ecomdata.json`` says of it.
        findings: What was found.
        masks: What of that is masked.
    """

    record: PersonalData
    findings: Findings
    masks: Masks


def treated(
    release: Release,
    dataset: Dataset,
    *,
    mask: bool,
    accepted: Sequence[str],
    card_only: bool,
    home: str | os.PathLike[str] | None,
    reporter: Reporter,
) -> Treated:
    """Look for personal data in a release, and say what becomes of them.

    Args:
        release: What is to be published.
        dataset: Its declaration.
        mask: Whether to mask what is not accepted.
        accepted: ``TABLE.COLUMN`` or ``TABLE.COLUMN:KIND``, published as they are.
        card_only: Whether no row is published.
        home: Where findings are kept.
        reporter: Hears of progress.

    Raises:
        DataError: something was found that is neither masked nor accepted; with the counts.
        UsageError: a name that is accepted does not exist.
    """
    findings = findings_of(release, dataset, home=home, reporter=reporter)
    allowed = {pair for name in accepted for pair in _accepted(name, findings)}
    left = [one for one in findings if not card_only and (one.place, one.kind) not in allowed]
    if left and not mask:
        raise _stop(findings.dataset, left)
    masks: dict[str, dict[str, frozenset[Kind]]] = defaultdict(lambda: defaultdict(frozenset[Kind]))
    for one in left:
        masks[one.table][one.column] = masks[one.table][one.column].union((one.kind,))
    became = "withheld" if card_only else "accepted"
    record = recorded(findings, lambda one: "masked" if one in left else became)
    return Treated(record, findings, masks)


def _accepted(name: str, findings: Findings) -> Iterable[tuple[str, Kind]]:
    """The places and kinds that a name on the command line means."""
    places = {f"{table}.{column}" for table, one in findings.scanned.items() for column in one.columns}
    place, sign, kind = name.rpartition(":")
    if name in places or not sign:
        place, kind = name, ""
    if kind and kind not in KINDS:
        raise UsageError(f"{kind!r} is no kind of personal data", hint=f"there are {', '.join(KINDS)}")
    if place not in places:
        near = difflib.get_close_matches(place, places, n=3) or sorted(places)[:5]
        raise UsageError(
            f"{findings.dataset} has no text column {place!r}",
            hint=f"write TABLE.COLUMN or TABLE.COLUMN:KIND; {', '.join(near) or 'it has no text columns'}",
        )
    kinds = (kind,) if kind else KINDS
    return [(place, one) for one in kinds]


def counts_text(findings: Iterable[Finding | PublishedFinding]) -> str:
    """Findings in words: ``reviews.text has 3 telephone numbers, 1 token; ...``."""
    counts: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for one in findings:
        counts[f"{one.table}.{one.column}"][one.kind] += one.occurrences
    return "; ".join(
        f"{place} has {', '.join(f'{n:,} {_NAMES[kind][n != 1]}' for kind, n in sorted(kinds.items()))}"
        for place, kinds in counts.items()
    )


def _stop(dataset: str, left: Sequence[Finding]) -> DataError:
    example = f"{left[0].place}:{left[0].kind}"
    return DataError(
        f"{dataset} is not published: its texts hold personal data: {counts_text(left)}",
        hint=(
            f"--mask publishes a copy with [{left[0].kind}] and the like in their place; "
            f"--accept-personal-data {example} publishes those as they are, which is recorded; "
            f"ecomdata personal-data {dataset} shows what was found"
        ),
    )
