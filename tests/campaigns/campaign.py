"""Try all faults, or all hostile inputs, and write down what happened.

    python -m tests.campaigns.campaign faults|hostile [--only NAME] [--short] [--seed N] [--out FILE]

A table goes to stdout, and the report to benchmarks/results/<kind>.json unless only one group is asked for.
The exit code is 1 when a promise did not hold.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from benchmarks.measuring import machine, versions
from tests.campaigns.trials import KINDS, SEED, Group, Scale, Skipped, Trial, chance, groups
from tests.conftest import ROOT

MESSAGES: Final = 3
"""How many messages of a group are kept, to be read."""


def tried(group: Group, seed: int, scale: Scale) -> dict[str, Any]:
    """Try a group; how often, how often its promise held, and what did not hold."""
    began, found, skipped = time.monotonic(), list[Trial](), ""
    with tempfile.TemporaryDirectory(prefix=f"{group.NAME}-", ignore_cleanup_errors=True) as folder:
        try:
            for trial in group.trials(Path(folder), chance(seed, group.NAME), scale):
                found.append(replace(trial, detail=trial.detail.replace(folder, "")))
        except Skipped as why:
            skipped = str(why)
        except Exception as error:  # noqa: BLE001 - the other groups are tried all the same
            found.append(Trial(group.NAME, "the campaign", "itself", held=False, detail=repr(error)))
    return {
        "name": group.NAME,
        "promise": group.PROMISE,
        **_counts(found),
        "seconds": round(time.monotonic() - began, 1),
        "skipped": skipped,
        "targets": {
            target: _counts([trial for trial in found if trial.target == target])
            for target in dict.fromkeys(trial.target for trial in found)
        },
        "messages": _messages(found),
        "not_held": [_shown(trial) for trial in found if not trial.held],
    }


def _counts(found: Sequence[Trial]) -> dict[str, int]:
    return {"tried": len(found), "held": sum(trial.held for trial in found)}


def _messages(found: Sequence[Trial]) -> list[dict[str, str]]:
    """A few of what users were told, of different targets where there are."""
    told = {trial.target: trial for trial in found if trial.held and trial.detail}
    return [_shown(trial) for trial in list(told.values())[:MESSAGES]]


def _shown(trial: Trial) -> dict[str, str]:
    return {"target": trial.target, "fault": trial.fault, "detail": trial.detail}


def report(kind: str, found: Sequence[Mapping[str, Any]], seed: int, scale: Scale) -> dict[str, Any]:
    """What the campaign was, what it ran on, and what each group gave."""
    return {
        "campaign": kind,
        "scale": scale,
        "seed": seed,
        "machine": machine(),
        "versions": versions(["polars", "duckdb", "pyarrow", "huggingface_hub"]),
        "tried": sum(group["tried"] for group in found),
        "held": sum(group["held"] for group in found),
        "seconds": round(sum(group["seconds"] for group in found), 1),
        "groups": list(found),
    }


def show(group: Mapping[str, Any]) -> None:
    """One line of a group, and one for each trial that did not hold."""
    why = f"   skipped: {group['skipped']}" if group["skipped"] else ""
    line = (
        f"{group['name']:<20}{group['tried']:>6} tried{group['held']:>6} held{group['seconds']:>8.1f} s{why}"
    )
    sys.stdout.write(f"{line}\n")
    for trial in group["not_held"]:
        sys.stdout.write(f"    {trial['target']}, {trial['fault']}: {trial['detail']}\n")
    sys.stdout.flush()


def _apart() -> None:
    """Keep the user's own home, tokens and settings out of it."""
    os.environ |= {"ECOMDATA_HOME": "/nonexistent/ecomdata", "NO_COLOR": "1", "PYTHONPATH": str(ROOT)}
    for name in ("HF_TOKEN", "HF_ENDPOINT", "HF_HUB_OFFLINE", "ECOMDATA_LOADERS"):
        os.environ.pop(name, None)


def main(args: Sequence[str] | None = None) -> int:
    """Run a campaign; the exit code."""
    parser = argparse.ArgumentParser(prog="campaign", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("--only", metavar="NAME", help="this group alone")
    parser.add_argument("--short", action="store_true", help="what the tests try")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--out", type=Path, help="where the report goes")
    asked = parser.parse_args(args)
    _apart()
    known = groups(asked.kind)
    if asked.only and asked.only not in known:
        parser.error(f"there is no group {asked.only!r}; there are {', '.join(known)}")
    scale: Scale = "short" if asked.short else "full"
    found: list[dict[str, Any]] = []
    for group in [known[asked.only]] if asked.only else known.values():
        found.append(tried(group, asked.seed, scale))
        show(found[-1])
    whole = report(asked.kind, found, asked.seed, scale)
    sys.stdout.write(f"{whole['held']} of {whole['tried']} held, in {whole['seconds']} s\n")
    out = asked.out or (None if asked.only else ROOT / "benchmarks" / "results" / f"{asked.kind}.json")
    if out:
        out.write_text(json.dumps(whole, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return int(whole["held"] != whole["tried"])


if __name__ == "__main__":
    sys.exit(main())
