"""Which commands meet, and which cannot."""

from __future__ import annotations

from tests.campaigns.faults.clocks import TRIED
from tests.campaigns.faults.readonly import READING, SAYS
from tests.campaigns.meetings import CALLS, WAIVED, commands, pairs, untried


def test_every_command_meets_others_or_says_why_not() -> None:
    """A new command is added to CALLS, with arguments that suit the folder, or to WAIVED with its reason."""
    assert untried() == []
    assert [name for name in WAIVED if name not in {*commands()}] == []
    assert [name for name in WAIVED if name in CALLS] == []


def test_two_readers_or_two_that_share_nothing_do_not_meet() -> None:
    """All others do, each with itself too."""
    found = pairs()
    assert ("load", "load") in found
    assert ("load", "sql") in found
    assert ("info", "sql") not in found
    assert ("annotate train", "load") not in found
    assert len(found) == len({frozenset(pair) for pair in found}) > 300


def test_what_is_expected_is_expected_of_calls() -> None:
    """No name is misspelt in the groups that go by it."""
    assert {*READING, *SAYS} | {name for names in TRIED.values() for name in names} <= CALLS.keys()
