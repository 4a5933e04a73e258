"""What may be said of uploads: their addresses are signed, and who has one may write."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator
from contextlib import contextmanager

from huggingface_hub.utils import (  # documented, but not in its __all__
    are_progress_bars_disabled,
    disable_progress_bars,
    enable_progress_bars,
)

from ecomdata.sources.hub_calls import status_of


def reason(error: BaseException) -> str:
    """The cause in few words, without addresses."""
    cause = error.__cause__ or error
    if status := status_of(error) or status_of(cause):
        return f"status {status}"
    first = (str(cause).splitlines() or [""])[0]
    return type(cause).__name__ if "://" in first or not first else f"{type(cause).__name__}: {first}"


def _says_no_address(record: logging.LogRecord) -> bool:
    return "://" not in record.getMessage()


@contextmanager
def hushed() -> Generator[None]:
    """No bars of huggingface_hub beside ours, and no signed addresses in what it says about retries."""
    had_bars: Callable[[], object] | None = None if are_progress_bars_disabled() else enable_progress_bars
    logger = logging.getLogger("huggingface_hub.utils._http")
    logger.addFilter(_says_no_address)
    disable_progress_bars()
    try:
        yield
    finally:
        logger.removeFilter(_says_no_address)
        if had_bars:
            had_bars()
