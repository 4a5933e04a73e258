"""What was found, kept in the home, so that a release is scanned once.

HOME/personal-data/<dataset>/findings.json    of the release that was scanned last
"""

from __future__ import annotations

import contextlib
import json
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from ecomdata.declare import Dataset
from ecomdata.durable import write_durably
from ecomdata.errors import EcomdataError
from ecomdata.personaldata.findings import VERSION, Findings
from ecomdata.personaldata.scanning import regions_of, scan
from ecomdata.plainjson import read_json
from ecomdata.progress import Reporter, Silent
from ecomdata.registry import loader
from ecomdata.release import Release, open_release
from ecomdata.store import home_folder, writing
from ecomdata.tables import sha256_json

if TYPE_CHECKING:
    import os

_FINDINGS: Final = "findings.json"


def personal_data(
    name: str, *, home: str | os.PathLike[str] | None = None, reporter: Reporter | None = None
) -> Findings:
    """What of personal data, tokens and keys stands in the texts of a loaded dataset.

    A release is scanned once; what was found is kept in the home, as counts.

    Args:
        name: A loaded dataset.
        home: Where the store is.
        reporter: Hears of progress.

    Raises:
        UsageError: there is no such dataset, or it is not loaded.
    """
    dataset = loader(name)
    return findings_of(open_release(name, home=home), dataset, home=home, reporter=reporter)


def findings_of(
    release: Release,
    dataset: Dataset,
    *,
    home: str | os.PathLike[str] | None = None,
    reporter: Reporter | None = None,
) -> Findings:
    """What :func:`scan` finds in a release, or found when it was scanned before."""
    reporter = reporter or Silent()
    path = _folder(home, dataset) / _FINDINGS
    of = fingerprint(release, dataset)
    kept = _kept(path, of)
    if kept is not None:
        return kept
    findings = scan(release, dataset, reporter=reporter)
    value = {"of": of, "findings": findings.as_text()}
    try:
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            write_durably(path, json.dumps(value, indent=1))
    except EcomdataError as error:
        reporter.say(f"note: what was found is not kept: {error}")
    return findings


def _kept(path: Path, of: str) -> Findings | None:
    """Findings of just this content, or None; a file that is something else is scanned over."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError, EcomdataError):
        value = cast("dict[str, Any]", read_json(path))
        if value["of"] == of:
            return Findings.parse(value["findings"], str(path))
    return None


def fingerprint(release: Release, dataset: Dataset) -> str:
    """Of all that findings depend on: the content, the scanner, the phone number plans, the declaration."""
    files = {name: [file.sha256 for file in table.record.files] for name, table in release.items()}
    return sha256_json(
        {
            "release": release.manifest.release,
            "files": files,
            "scanner": VERSION,
            "plans": version("phonenumbers"),
            "regions": regions_of(dataset),
            "keys": {table.name: table.key for table in dataset.tables},
        }
    )


def _folder(home: str | os.PathLike[str] | None, dataset: Dataset) -> Path:
    return home_folder(home).joinpath("personal-data", *dataset.name.split("/"))
