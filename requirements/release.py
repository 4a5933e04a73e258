"""Makes what a release consists of: ``python requirements/release.py FOLDER``.

An sdist, the wheel that is built from it, a bill of materials (CycloneDX) of what users get who install
``run.txt``, and SHA256SUMS of the three. The same commit gives the same bytes.
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
UV = Path(sys.executable).with_name("uv")


def run(*command: str | Path) -> None:
    """Run a program, whose messages go to stderr."""
    subprocess.run([*map(str, command)], check=True, stdout=sys.stderr)


def environment(folder: Path) -> Path:
    """The Python of an environment that has run.txt and nothing else."""
    python = folder / "bin" / "python"
    lock = HERE / "run.txt"
    run(UV, "venv", "--quiet", "--python", sys.executable, folder)
    run(
        UV,
        "pip",
        "install",
        "--quiet",
        "--python",
        python,
        "--require-hashes",
        "-r",
        lock,
        "-b",
        HERE / "dev.txt",
    )
    return python


def bill_of_materials(python: Path, out: Path) -> None:
    """Write what an environment consists of, checked against CycloneDX's schema, without time and chance."""
    project = ["--pyproject", ROOT / "pyproject.toml", "--mc-type", "library"]
    form = ["--output-reproducible", "--validate", "--spec-version", "1.6", "--output-file", out]
    run(sys.executable, "-m", "cyclonedx_py", "environment", *project, *form, python)


def release(folder: Path, python: Path | None) -> list[Path]:
    """Make the files; ``python`` is that of an environment with run.txt, when there is one already."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    shutil.rmtree(folder, ignore_errors=True)
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT)
    with tempfile.TemporaryDirectory() as aside:
        described = folder / f"{project['name']}-{project['version']}.cdx.json"
        bill_of_materials(python or environment(Path(aside) / "run"), described)
    files = sorted(folder.iterdir())
    lines = [f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in files]
    (folder / "SHA256SUMS").write_text("".join(lines), "utf-8")
    return files


def main() -> None:
    """Make the files, and name them."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--environment", type=Path, help="its Python, instead of a new one")
    given = parser.parse_args()
    for file in release(given.folder, given.environment):
        print(file)


if __name__ == "__main__":
    main()
