"""Where members of archives are unpacked to, for formats that are read at any offset."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO

from ecomdata.errors import EcomdataError
from ecomdata.sources.guarded import CHUNK


def scratch(home: Path) -> Path:
    """Where members are extracted to that a format must read at any offset."""
    # By process: a load that ends must not take away what another one is reading.
    return home / "raw" / ".scratch" / str(os.getpid())


def clear_scratch(home: Path) -> None:
    """Remove what this process extracted, and what killed ones left; call it when reading is over."""
    shutil.rmtree(scratch(home), ignore_errors=True)
    for folder in scratch(home).parent.glob("[0-9]*"):
        if folder.name.isdigit() and not _is_running(int(folder.name)):
            shutil.rmtree(folder, ignore_errors=True)
    with suppress(OSError):
        scratch(home).parent.rmdir()


def _is_running(process: int) -> bool:
    if os.name != "posix":
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # it is another user's
    return True


def extract(container: Path, name: str, opener: Callable[[], IO[bytes]], home: Path) -> Path:
    """Write what ``opener`` opens under the name of a member of ``container``, unless it is there already.

    Raises:
        EcomdataError: there is no room for it.
    """
    state = container.stat()
    key = f"{container.resolve()}\n{state.st_mtime_ns}\n{state.st_size}\n{name}"
    folder = scratch(home) / hashlib.sha256(key.encode()).hexdigest()[:16]
    target = folder / name.rsplit("/", 1)[-1].removesuffix(".gz")
    if target.is_file():
        return target
    folder.mkdir(parents=True, exist_ok=True)
    handle, aside = tempfile.mkstemp(dir=folder, prefix=".part-")
    try:
        with os.fdopen(handle, "wb") as out, opener() as content:
            shutil.copyfileobj(content, out, CHUNK)
        Path(aside).replace(target)
    except OSError as error:
        raise EcomdataError(
            f"cannot extract {name} to {folder}: {error.strerror or error}",
            hint="free some space, or unpack the archive yourself and give the folder with --source",
        ) from error
    finally:
        Path(aside).unlink(missing_ok=True)
    return target
