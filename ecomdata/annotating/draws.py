"""Numbers that look random and are the same whenever they are asked for: what a seed decides.

Who sees a suggestion, which items are for several people, and the order of items must be the same in every
process and after every restart, and with every version of every library. So they are hashes, not a stream.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_WORD: Final = (1 << 64) - 1
_GAMMA: Final = 0x9E3779B97F4A7C15


def draw(seed: int, purpose: str, *numbers: int) -> float:
    """A number from 0 to below 1, decided by the seed, the purpose and the numbers."""
    state = _start(seed, purpose)
    for number in numbers:
        state = _mixed((state ^ (number & _WORD)) + _GAMMA)
    return (state >> 11) / (1 << 53)


def draws(seed: int, purpose: str, numbers: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """:func:`draw` for each of many numbers."""
    import numpy as np

    mixed = numbers.astype(np.uint64) ^ np.uint64(_start(seed, purpose))
    mixed += np.uint64(_GAMMA)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    return (mixed >> np.uint64(11)).astype(np.float64) / (1 << 53)


def library_seed(seed: int) -> int:
    """The seed as NumPy and scikit-learn take it, which know none below 0, nor from 2^32 on."""
    return seed % (1 << 32)


def _start(seed: int, purpose: str) -> int:
    state = _mixed(seed & _WORD)
    for byte in purpose.encode():
        state = _mixed((state ^ byte) + _GAMMA)
    return state


def _mixed(value: int) -> int:
    """SplitMix64's last step (Steele, Lea and Flood, "Fast splittable pseudorandom number generators")."""
    value &= _WORD
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & _WORD
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & _WORD
    return value ^ (value >> 31)
