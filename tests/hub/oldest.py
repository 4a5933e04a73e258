"""Runs the tests in this folder that meet a Hub with the oldest huggingface_hub that datasets accepts.

``python tests/hub/oldest.py FOLDER`` makes an environment in FOLDER: that huggingface_hub with what it needs,
and behind it everything this Python has. Where no package registry answers, it says so and ends with 0.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
from importlib.metadata import requires
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BEFORE_THE_HUB = ("test_copies.py", "test_cutting.py")
"""What is written for it, whatever its client is."""
UV = Path(sys.executable).with_name("uv")


def oldest() -> str:
    """The version, as the installed datasets declares it."""
    for line in requires("datasets") or []:
        if match := re.match(r"huggingface[-_]hub\b[^;]*>=\s*([\d.]+)", line):
            return match[1]
    sys.exit("datasets names no oldest huggingface_hub")


def environment(folder: Path, version: str) -> Path | None:
    """The Python of the environment; None where the packages cannot be had."""
    subprocess.run([UV, "venv", "--quiet", "--clear", "--python", sys.executable, folder], check=True)
    python = folder / "bin" / "python"
    install = [UV, "pip", "install", "--quiet", "--python", python, f"huggingface_hub=={version}"]
    done = subprocess.run(install, capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"skipped: huggingface_hub {version} cannot be installed here:\n{done.stderr}")  # noqa: T201
        return None
    where = [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    site = Path(subprocess.run(where, capture_output=True, text=True, check=True).stdout.strip())
    # Behind the environment's own packages. Lines in .pth files of that folder are not followed.
    (site / "others.pth").write_text(sysconfig.get_path("purelib") + "\n", "utf-8")
    return python


def main() -> None:
    """Make the environment, check that it has the old version, and run the tests in it."""
    version = oldest()
    python = environment(Path(sys.argv[1]), version)
    if python is None:
        return
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    code = f"import huggingface_hub as h; assert h.__version__ == {version!r}, h.__version__"
    subprocess.run([python, "-c", code], env=env, check=True)
    print(f"tests/hub with huggingface_hub {version}", flush=True)  # noqa: T201
    tests = ["tests/hub", *(f"--ignore=tests/hub/{name}" for name in BEFORE_THE_HUB)]
    command = [python, "-m", "pytest", "-q", "-n", "2", *tests]
    sys.exit(subprocess.run(command, cwd=ROOT, env=env, check=False).returncode)


if __name__ == "__main__":
    main()
