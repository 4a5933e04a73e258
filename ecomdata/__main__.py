"""The command line in a process of its own: ``ecomdata`` and ``python -m ecomdata``."""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path
from typing import Final, NoReturn

from ecomdata.errors import INTERRUPTED

_SELDOM: Final = 10_000
"""New objects after which Python looks for cycles. Nearly all that a start makes stay, and to look through
them after each 700 takes a twelfth of a short command's time."""


def main() -> NoReturn:
    """Run the command line, and end the process at once.

    All files are closed and all work is done when a command returns. Python would go on for 0.1 s, and for
    0.3 s with compiled code in use, to take apart what goes with the process anyway.
    """
    code: object = 0
    gc.set_threshold(_SELDOM)
    _open_streams()
    try:
        from ecomdata.cli import main as run

        run()
    except SystemExit as end:
        code = end.code
    except KeyboardInterrupt:
        # It came while the command line was still being imported; from then on that takes it.
        print("interrupted before anything was done", file=sys.stderr)  # noqa: T201
        code = INTERRUPTED
    if not isinstance(code, int | None):
        sys.exit(str(code))
    os._exit(_flushed() or code or 0)


def _open_streams() -> None:
    """Have streams that were closed (``>&-``) lead nowhere; a file of ours must not get their numbers."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            stream = Path(os.devnull).open(mode, encoding="utf-8")  # noqa: SIM115 - as long as the process
            setattr(sys, name, stream)


def _flushed() -> int:
    """Write out what is buffered; 1 when that cannot be done."""
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except BrokenPipeError:
        return 0  # who reads has seen enough
    except OSError as error:
        print(f"error: the output could not be written: {error.strerror}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    main()
