"""Asks a database of advisories about every locked version.

``python requirements/audit.py`` ends with 1 when a version has a known vulnerability that
``accepted.toml`` does not name, and with 0 otherwise. Indices that mirror PyPI often lack its
advisories, and then know of none. So a database is asked first about a version that everybody knows to
be vulnerable. Where none knows it, or none can be reached, that is said, with 0.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import tomllib
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
KNOWN = "django==2.0"
"""With dozens of advisories, in every database."""


def asked(lock: Path, service: list[str]) -> dict[str, list[dict[str, Any]]] | None:
    """The advisories of each version that has some; None when the database did not answer."""
    command = ["-m", "pip_audit", "--no-deps", "--disable-pip", "--progress-spinner=off", "--timeout=10"]
    done = subprocess.run(
        [sys.executable, *command, *service, "--format=json", "--requirement", lock],
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        found = json.loads(done.stdout)["dependencies"]
    except (json.JSONDecodeError, KeyError):
        return None
    return {f"{one['name']} {one['version']}": one["vulns"] for one in found if one.get("vulns")}


def knows(service: list[str]) -> bool:
    """Whether a database answers, and knows what everybody does."""
    with tempfile.TemporaryDirectory() as folder:
        lock = Path(folder) / "known.txt"
        lock.write_text(KNOWN + "\n", "utf-8")
        return bool(asked(lock, service))


def accepted(file: Path, today: date) -> set[str]:
    """The ids that are accepted today."""
    entries = tomllib.loads(file.read_text("utf-8"))["accepted"]
    return {entry["id"] for entry in entries if entry["reason"] and entry["until"] > today}


def main() -> None:
    """Ask, and print each advisory with the versions that mend it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--lock", type=Path, default=HERE / "dev.txt")
    parser.add_argument("--accepted", type=Path, default=HERE / "accepted.toml")
    parser.add_argument("--osv-url", help="ask this server alone, as api.osv.dev is asked")
    given = parser.parse_args()
    osv = ["--vulnerability-service=osv"]
    services = [[*osv, f"--osv-url={given.osv_url}"]] if given.osv_url else [[], osv]
    service = next(filter(knows, services), None)
    if service is None:
        print("audit: skipped, no database of advisories can be reached here")
        return
    found = asked(given.lock, service)
    if found is None:
        print("audit: skipped, the database of advisories stopped answering")
        return
    ignored = accepted(given.accepted, datetime.now(UTC).date())
    open_ones = 0
    for version, advisories in found.items():
        for one in advisories:
            if not ignored & {one["id"], *one["aliases"]}:
                open_ones += 1
                print(f"{version}: {one['id']}, mended in {', '.join(one['fix_versions']) or 'no version'}")
    if open_ones:
        sys.exit(
            "audit: make lock UPGRADE=--upgrade, or add to requirements/accepted.toml why it is of no concern"
        )
    print("audit: no locked version has a known vulnerability")


if __name__ == "__main__":
    main()
