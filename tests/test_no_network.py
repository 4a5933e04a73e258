"""Nothing reaches for a network unless it is asked to: no telemetry, no extensions, no look for updates."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest

import ecomdata as ed
from tests import walled
from tests.annotating.simulated import simulate
from tests.test_docs import ROOT, blocks, calls

README = [args for code, runs in blocks(ROOT / "README.md", "bash") if runs for args in calls(code)]
MORE = [
    ["load", "banglishrev", "--sample", "--force"],
    ["load", "lead-lag/merrec"],
    ["load", "merrec", "--only", "2023*", "--sample", "--jobs", "2", "--force"],
    ["info", "merrec", "--json"],
    ["sql", "select count(*) from merrec.items", "--format", "parquet", "--output", "counts.parquet"],
    ["catalog", "all.duckdb"],
    ["validate", "merrec", "--json"],
    ["personal-data", "banglishrev"],
    ["card", "merrec", "--check"],
    ["dedup", "merrec", "--table", "items", "--column", "title", "--report", "same.html"],
    ["dedup", "merrec", "--table", "items", "--column", "title", "--method", "semantic"],
    ["stats", "merrec", "--report", "vectors.html"],
    ["verify", "merrec"],
    ["annotate", "tasks", "sentiment"],
    ["annotate", "init", "merrec", "--table", "items", "--task", "attributes", "--out", "spans"],
    ["annotate", "people", "add", "spans", "Ana"],
    ["annotate", "status", "said"],
    ["annotate", "suggest", "said"],
    ["annotate", "report", "said", "--report", "said.html"],
    ["annotate", "export", "said"],
    ["annotate", "train", "said"],
    ["annotate", "people", "renew", "spans", "Ana"],
    ["doctor", "--offline", "--prune"],
]

ELSEWHERE = {
    "annotate serve",  # a server on this machine; tests/annotating/serving/ looks at whom it speaks to
    "languages train",  # as slow as it is rare; it reads files of the package
    "publish",  # is asked to reach the Hub
}


def test_every_command_is_tried() -> None:
    """A new command goes into the list above, or says why not."""
    from ecomdata.cli import cli

    left = {(name,): command for name, command in cli.commands.items()}
    names: set[str] = set()
    while left:
        path, command = left.popitem()
        if isinstance(command, click.Group):
            left |= {(*path, name): one for name, one in command.commands.items()}
        else:
            names.add(" ".join(path).removesuffix(" NAME"))
    tried = {name for name in names for args in README + MORE if " ".join(args).startswith(name)}
    assert tried | ELSEWHERE >= names


def run_walled(folder: Path, commands: list[list[str]], **env: str) -> subprocess.CompletedProcess[str]:
    """Run the commands in a process that can open no socket, with nothing of this user's settings."""
    listed = folder / "commands.json"
    listed.write_text(json.dumps(commands), "utf-8")
    home = folder / "user"
    done = subprocess.run(
        [sys.executable, "-m", "tests.walled", listed],
        # A new user's: no caches, no login, and none of the variables that turn telemetry off.
        env={
            **{name: value for name, value in os.environ.items() if not name.startswith(("HF_", "XDG_"))},
            "HOME": str(home),
            "PYTHONPATH": str(ROOT),
            **env,
        },
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )
    if done.returncode == walled.NONE_HERE:
        pytest.skip("this machine cannot forbid sockets (seccomp on Linux, x86-64 or arm64)")
    return done


def test_no_offline_command_opens_a_socket(home: Path, tmp_path: Path) -> None:
    """Every line of the README's Use block, and every other command that has no need of a network."""
    release = ed.load("banglishrev", sample=True, home=home)
    pool = ("banglishrev", release.manifest.release, "reviews")
    with simulate(tmp_path / "said", "sentiment", items=40, dataset=pool):
        pass
    done = run_walled(tmp_path, README + MORE)
    assert done.returncode == 0, done.stderr[-5000:]


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:9", "http://nowhere.invalid"])
def test_the_wall_stands(tmp_path: Path, endpoint: str) -> None:
    """A command that does need a network dies at its first address or name, so the test above can fail."""
    done = run_walled(tmp_path, [["load", "merrec", "-y"]], HF_ENDPOINT=endpoint)
    assert done.returncode in {-signal.SIGSYS, -signal.SIGKILL}, done.stderr[-2000:]
    assert "hub_client.py" in done.stderr
