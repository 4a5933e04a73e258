from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.campaigns import campaign
from tests.campaigns.trials import KINDS, SEED, Skipped, Trial, chance, groups

EVERY = [(kind, name) for kind in KINDS for name in groups(kind)]


@pytest.mark.parametrize(("kind", "name"), EVERY, ids=["/".join(one) for one in EVERY])
def test_what_is_promised_holds(kind: str, name: str, tmp_path: Path) -> None:
    """Each group's short form: its promise holds after every trial."""
    group = groups(kind)[name]
    try:
        found = list(group.trials(tmp_path, chance(SEED, name), "short"))
    except Skipped as why:
        pytest.skip(str(why))
    assert found, "a group that tries nothing shows nothing"
    assert [trial for trial in found if not trial.held] == []


@pytest.mark.parametrize(("kind", "name"), EVERY, ids=["/".join(one) for one in EVERY])
def test_a_group_says_what_it_is(kind: str, name: str) -> None:
    """Its name is its file's, and its promise is one sentence."""
    group = groups(kind)[name]
    assert name == group.NAME
    assert group.PROMISE.endswith(".")
    assert "\n" not in group.PROMISE


class _Broken:
    """A group in which one promise of two does not hold."""

    NAME = "broken"
    PROMISE = "It holds."

    def trials(self, folder: Path, rng: object, scale: object) -> list[Trial]:
        """Two trials."""
        assert folder.is_dir()
        assert rng
        assert scale == "short"
        return [
            Trial("broken", "load", "a nudge", held=True, detail="no harm"),
            Trial("broken", "sql", "a kick", held=False, detail="it fell"),
        ]


class _Failing(_Broken):
    """A group that ends half-way."""

    def trials(self, folder: Path, rng: object, scale: object) -> list[Trial]:
        """None."""
        raise OSError(f"nothing in {folder.name[:7]} {rng and scale}")


class _Elsewhere(_Broken):
    """A group for other machines."""

    def trials(self, folder: Path, rng: object, scale: object) -> list[Trial]:
        """None."""
        raise Skipped(f"no disk for {folder.name[:6]} {rng and scale}")


def test_a_report_counts_what_held_and_names_what_did_not(capsys: pytest.CaptureFixture[str]) -> None:
    """A group that breaks off counts as not held, and one that is skipped says why."""
    broken, failing, skipped = (
        campaign.tried(group, 1, "short") for group in (_Broken(), _Failing(), _Elsewhere())
    )
    assert (broken["tried"], broken["held"]) == (2, 1)
    assert broken["targets"] == {"load": {"tried": 1, "held": 1}, "sql": {"tried": 1, "held": 0}}
    assert broken["not_held"] == [{"target": "sql", "fault": "a kick", "detail": "it fell"}]
    assert broken["messages"] == [{"target": "load", "fault": "a nudge", "detail": "no harm"}]
    assert (failing["tried"], failing["held"]) == (1, 0)
    assert "nothing in broken- short" in failing["not_held"][0]["detail"]
    assert (skipped["tried"], skipped["skipped"]) == (0, "no disk for broken short")
    whole = campaign.report("faults", [broken, failing, skipped], 1, "short")
    assert (whole["tried"], whole["held"]) == (3, 1)
    campaign.show(broken)
    assert "sql, a kick: it fell" in capsys.readouterr().out


def test_only_one_group_writes_no_report_unless_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The exit code says whether all held; ``--out`` says where the report goes."""
    monkeypatch.setattr(campaign, "groups", lambda _: {"broken": _Broken()})
    monkeypatch.setattr(campaign, "ROOT", tmp_path)
    monkeypatch.setattr(campaign, "_apart", lambda: None)
    assert campaign.main(["faults", "--only", "broken", "--short"]) == 1
    assert list(tmp_path.iterdir()) == []
    out = tmp_path / "report.json"
    assert campaign.main(["faults", "--only", "broken", "--short", "--out", str(out)]) == 1
    assert json.loads(out.read_text())["groups"][0]["name"] == "broken"
    with pytest.raises(SystemExit):
        campaign.main(["faults", "--only", "nothing"])
