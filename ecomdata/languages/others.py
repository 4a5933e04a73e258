"""langdetect's word on texts in scripts that the model was not made for."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

_SEED: Final = 0
_LOOKED_AT: Final = 400
"""Characters; langdetect takes its time, and knows by then."""


@lru_cache(maxsize=1 << 14)
def detected(text: str) -> str | None:
    """The ISO 639-1 code that langdetect gives, the same one each time; None where it finds nothing."""
    from langdetect import DetectorFactory, LangDetectException, detect

    DetectorFactory.seed = _SEED  # without it, langdetect answers by chance
    try:
        return str(detect(text[:_LOOKED_AT]))
    except LangDetectException:
        return None
