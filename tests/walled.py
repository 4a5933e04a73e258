"""Runs ecomdata's commands where nothing can reach a network: ``python -m tests.walled COMMANDS.json``.

The kernel ends this process, and whatever it starts, at the first socket that is not a Unix one, opened by
compiled code in a thread of its own or by Python. IPv6 alone is answered as on a machine without it: urllib3
tries at its import whether there is any, and who wants a network then takes IPv4. A question for an address
is the end too, as a service of this machine may pass it on. The traceback says who it was. Exit code 77: this
machine has no such filter.
"""

from __future__ import annotations

import ctypes
import errno
import faulthandler
import json
import os
import platform
import signal
import struct
import sys
from pathlib import Path

# linux/audit.h, and the number of socket(2).
_SYSTEMS = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}
_LOAD, _JUMP_IF_EQUAL, _RETURN = 0x20, 0x15, 0x06  # linux/bpf_common.h
_ALLOW, _TRAP, _FAIL = 0x7FFF0000, 0x00030000, 0x00050000  # linux/seccomp.h
_SET_SECCOMP, _NO_NEW_PRIVILEGES, _FILTER = 22, 38, 2  # linux/prctl.h
_UNIX, _IPV6 = 1, 10
NONE_HERE = 77


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def wall() -> None:
    """Allow Unix sockets alone, from here on and for ever; exits where that cannot be had."""
    if sys.platform != "linux" or platform.machine() not in _SYSTEMS:
        sys.exit(NONE_HERE)
    system, socket = _SYSTEMS[platform.machine()]
    # Each: the operation, how many to skip if so and if not, and its value; offsets of struct seccomp_data.
    steps = (
        (_LOAD, 0, 0, 4),
        (_JUMP_IF_EQUAL, 0, 5, system),
        (_LOAD, 0, 0, 0),
        (_JUMP_IF_EQUAL, 0, 3, socket),
        (_LOAD, 0, 0, 16),
        (_JUMP_IF_EQUAL, 2, 0, _IPV6),
        (_JUMP_IF_EQUAL, 0, 2, _UNIX),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _FAIL | errno.EAFNOSUPPORT),
        (_RETURN, 0, 0, _TRAP),
    )
    code = b"".join(struct.pack("HBBI", *step) for step in steps)
    program = _Program(len(steps), code)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) or libc.prctl(
        _SET_SECCOMP, _FILTER, ctypes.byref(program), 0, 0
    ):
        sys.exit(NONE_HERE)
    faulthandler.register(signal.SIGSYS, all_threads=True, chain=True)
    sys.addaudithook(_refuse)


def _refuse(event: str, arguments: tuple[object, ...]) -> None:
    if event in {"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"}:
        sys.stderr.write(f"asked for an address: {event}{arguments}\n")
        faulthandler.dump_traceback()
        os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    """Wall this process in, then run the commands one after the other, each named before it starts."""
    commands: list[list[str]] = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    wall()
    from ecomdata.cli import main as run

    for command in commands:
        print("ecomdata", *command, file=sys.stderr, flush=True)  # noqa: T201
        sys.argv = ["ecomdata", *command]
        try:
            run()
        except SystemExit as end:
            if end.code:
                sys.exit(f"exit code {end.code}")


if __name__ == "__main__":
    main()
