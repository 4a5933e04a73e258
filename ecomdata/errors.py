"""Every error a user can meet: what went wrong, where, and what to do next."""

from __future__ import annotations

import re
from typing import Final

LOADER_FAULT: Final = "this is a fault in the loader; ecomdata --debug shows where"
"""The hint where the code of a loader fails."""
INTERRUPTED: Final = 130
"""The exit code after Ctrl-C."""
_PASSWORD: Final = re.compile(r"(?<=://)[^/?#\s]*@")
"""Of an address, as HF_ENDPOINT and a proxy may have it; messages are copied into issues."""


class EcomdataError(Exception):
    """A failure with a plain message and, where one helps, a hint.

    The command line prints the message, then ``hint: ...``, and exits with :attr:`exit_code`.
    """

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(_PASSWORD.sub("***@", message))
        self.hint = _PASSWORD.sub("***@", hint)


class UsageError(EcomdataError):
    """The request itself is wrong: an unknown name, a path that does not exist."""

    exit_code = 2


class DataError(EcomdataError):
    """The data failed its checks: schema drift, a damaged file, ``--strict`` with rejected rows."""

    exit_code = 3


class AccessError(EcomdataError):
    """The data needs access that the user must get first: a login, an agreement, a token."""

    exit_code = 4
