"""What may leave this machine: only data whose terms allow it."""

from __future__ import annotations

from typing import Final

from ecomdata.declare import Dataset
from ecomdata.errors import AccessError
from ecomdata.manifest import Manifest
from ecomdata.published import ALLOWED, SYNTHETIC

HELD: Final = (
    "Whoever published this declared to hold the rights to pass these data on (--i-hold-the-rights)."
)
NO_DATA: Final = "No data are published here, only what describes them."


def check_rights(dataset: Dataset, manifest: Manifest, *, card_only: bool, hold_rights: bool) -> str:
    """Why this may be published, as the card and the published manifest say it.

    Args:
        dataset: Its terms count.
        manifest: What was loaded; samples are ecomdata's own rows, whatever the terms of the real ones.
        card_only: Whether no row is to be published.
        hold_rights: Whether the user declares to hold the rights.

    Raises:
        AccessError: the terms forbid passing the data on, or are not known; with the clause and its source.
    """
    licence = dataset.licence
    if card_only:
        return NO_DATA
    if manifest.sample:
        return SYNTHETIC
    if licence.redistribution:
        return ALLOWED
    if hold_rights:
        return HELD
    known = (
        "forbid passing it on" if licence.redistribution is False else "are not known to allow passing it on"
    )
    clause = f" {licence.note}" if licence.note else ""
    raise AccessError(
        f"{dataset.name} is not published: its terms ({licence.title}) {known}.{clause} See {licence.url}",
        hint="--card-only publishes the card without data; --i-hold-the-rights, if you do, is recorded in it",
    )
