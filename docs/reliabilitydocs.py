"""Write docs/reliability.md, and the sentence in README.md, from what the last campaigns gave.

``make faults`` runs the campaigns and then this; ``make docs`` runs this alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[1]
RESULTS: Final = ROOT / "benchmarks" / "results"
BEGIN: Final = "<!-- what campaigns gave, by make faults -->"
END: Final = "<!-- end of what campaigns gave -->"
HEAD: Final = """\
# Reliability

What ecomdata promises when machines fail and when data are hostile, how often that was tried, and how often
it held. `make faults` tries it all again, in about an hour, and writes this page. Commands, signals, disks
and sockets are real (`tests/campaigns/`); moments and bytes are drawn by chance, from a seed.
"""
TITLES: Final = {
    "faults": ("Faults", "A fault is survived when all that the group promises holds after it."),
    "hostile": (
        "Hostile input",
        "A hostile input is refused when all that the group promises holds after it.",
    ),
}

SHOWN: Final = 40
"""What met the trials of a group; of more, a few are named."""
_NAMED: Final = 3

Report = Mapping[str, Any]


def reports(folder: Path = RESULTS) -> dict[str, Report]:
    """The campaigns that were run, by kind."""
    paths = {kind: folder / f"{kind}.json" for kind in TITLES}
    return {kind: json.loads(path.read_text("utf-8")) for kind, path in paths.items() if path.is_file()}


def page(found: Mapping[str, Report]) -> str:
    """The whole page as Markdown."""
    parts = [HEAD, *(line for kind, report in found.items() for line in _campaign(kind, report))]
    return "\n".join(parts)


def sentence(found: Mapping[str, Report]) -> str:
    """What README says of it: both counts, and whether anything was lost."""
    words = {"faults": "faults survived", "hostile": "hostile inputs refused"}
    counts = [f"{_of(report)} {words[kind]}" for kind, report in found.items()]
    whole = all(report["held"] == report["tried"] for report in found.values())
    lost = "nothing lost" if whole else "what did not hold is named there"
    return f"[Reliability](docs/reliability.md), by the last campaigns: {', '.join(counts)}; {lost}."


def with_sentence(readme: str, text: str) -> str:
    """README with the sentence between its two markers."""
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{text}\n{END}{after}"


def _of(counts: Mapping[str, int]) -> str:
    return f"{counts['held']:,} of {counts['tried']:,}"


def _campaign(kind: str, report: Report) -> Iterator[str]:
    title, meaning = TITLES[kind]
    machine = report["machine"]
    scale = "what the tests try alone" if report["scale"] == "short" else "in full"
    yield f"## {title}\n\n{meaning} **{_of(report)}** held ({scale}): in {report['seconds']:,.0f} s,"
    yield f"with seed {report['seed']}, on {machine['cores']} cores, Python {machine['python']},"
    yield f"{machine['os']}.\n"
    yield "| group | what met it: held of tried | what must hold |\n|---|---|---|"
    for group in report["groups"]:
        yield f"| {group['name']} | {_targets(group)} | {_cell(group['promise'])} |"
    yield ""
    yield from _listed("What users were told, for example:", _messages(report["groups"]))
    yield from _listed("What did not hold:", _not_held(report["groups"]))


def _targets(group: Mapping[str, Any]) -> str:
    if group["skipped"]:
        return f"skipped: {_cell(group['skipped'])}"
    targets: Mapping[str, Mapping[str, int]] = group["targets"]
    each = [f"{_cell(name)} {counts['held']}/{counts['tried']}" for name, counts in targets.items()]
    if len(each) > SHOWN:
        each[_NAMED:] = [f"and {len(each) - _NAMED:,} more, each of which the JSON names"]
    return f"**{_of(group)}**: {', '.join(each)}"


def _messages(groups: Sequence[Mapping[str, Any]]) -> list[str]:
    """One of each group, without the folders of the machine that it ran on."""
    told = [(group["name"], group["messages"][0]) for group in groups if group["messages"]]
    return [_told(name, trial) for name, trial in told]


def _not_held(groups: Sequence[Mapping[str, Any]]) -> list[str]:
    return [_told(group["name"], trial) for group in groups for trial in group["not_held"]]


def _told(group: str, trial: Mapping[str, str]) -> str:
    return f"- {group}, {_cell(trial['target'])}, {_cell(trial['fault'])}: {_cell(trial['detail'])}"


def _listed(title: str, lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield "\n".join([title, "", *lines, ""])


def _cell(text: str) -> str:
    """Text that stays in its cell, whatever hostile input it tells of."""
    plain = "".join(sign if sign.isprintable() else "?" for sign in text)
    for sign in "\\`*_[]<>|":
        plain = plain.replace(sign, f"\\{sign}")
    return plain


if __name__ == "__main__":
    made = reports()
    (ROOT / "docs" / "reliability.md").write_text(page(made), encoding="utf-8")
    readme = ROOT / "README.md"
    readme.write_text(with_sentence(readme.read_text("utf-8"), sentence(made)), encoding="utf-8")
