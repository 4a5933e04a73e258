"""The compiled loops over the bytes of texts: tidying, and hashing n-grams.

Texts stand one after the other in ``data``; text i has the bytes from ``edges[i]`` to ``edges[i + 1]``. They
are UTF-8, and where they are not, their bytes are taken as they are.
"""

from __future__ import annotations

import numpy as np

from ecomdata.compiled import as_int64, compiled, inlined
from ecomdata.texts import gramhashes
from ecomdata.texts.gramhashes import (
    BASIS,
    DATA,
    INTS,
    PRIME,
    Bytes,
    Ints,
    Longs,
    blank,
    distinct,
    grams_of,
    mixed,
)


@inlined
def _bengali(data: Bytes, at: int, start: int, digits: bool) -> int:  # noqa: FBT001
    """The bytes of a Bengali character that is neither moved nor joined in NFC, or 0.

    Those that NFC takes apart (U+09DC, U+09DD, U+09DF) count as such: :func:`_tidied` takes them apart.
    """
    middle, last = data[at + 1], data[at + 2]
    after_e = at >= start + 3 and data[at - 3] == 0xE0 and data[at - 2] == 0xA7 and data[at - 1] == 0x87
    if middle == 0xA6:
        after_virama = (
            at >= start + 3 and data[at - 3] == 0xE0 and data[at - 2] == 0xA7 and data[at - 1] == 0x8D
        )
        return 0 if last < 0x80 or (last == 0xBC and after_virama) or (last == 0xBE and after_e) else 3
    if middle != 0xA7 or last < 0x80 or last == 0xBE or (last == 0x97 and after_e):
        return 0
    return 0 if digits and 0xA6 <= last <= 0xAF else 3


@inlined
def _inert(data: Bytes, at: int, start: int, stop: int, digits: bool) -> int:  # noqa: FBT001, PLR0911
    """The bytes of a character beyond ASCII that tidying leaves as it is, or 0 where that is not known.

    Bengali, Han, emoji and punctuation are: neither capital, nor moved or joined in Unicode's form C.
    """
    lead = data[at]
    if lead == 0xF0:
        return 4 if at + 3 < stop and data[at + 1] == 0x9F and 0x80 <= data[at + 2] <= 0xAB else 0
    if lead < 0xE0 or at + 2 >= stop:
        return 0
    middle, last = data[at + 1], data[at + 2]
    if lead == 0xE0:
        return _bengali(data, at, start, digits)
    if 0xE4 <= lead <= 0xE9:
        return 3 if middle >= 0x80 and last >= 0x80 else 0
    if lead == 0xE2:
        return 3 if (middle == 0x80 and last >= 0x82) or 0x98 <= middle <= 0x9E else 0
    if lead == 0xE3:
        return 3 if middle == 0x80 and 0x80 <= last <= 0xA9 else 0
    if lead == 0xEF:
        return 3 if (middle == 0xB8 and last == 0x8F) or (middle == 0xBC and 0x81 <= last <= 0x8F) else 0
    return 0


@compiled(f"int64({DATA}, int64[::1], boolean, uint8[::1])", gramhashes)
def unusual(data: Bytes, edges: Ints, digits: bool, flags: Bytes) -> int:  # noqa: FBT001
    """Mark the texts that have characters that :func:`tidy` does not know, and return how many there are."""
    count = 0
    for text in range(len(edges) - 1):
        start, stop = edges[text], edges[text + 1]
        at = start
        flags[text] = 0
        while at < stop:
            if data[at] < 0x80:
                at += 1
                continue
            size = _inert(data, at, start, stop, digits)
            if not size:
                flags[text] = 1
                count += 1
                break
            at += size
    return count


@inlined
def _taken_apart(data: Bytes, at: int, stop: int, out: Bytes, to: int) -> bool:
    """Whether a Bengali letter that NFC takes apart stands here; then its parts, six bytes, are written."""
    if data[at] != 0xE0 or at + 2 >= stop or data[at + 1] != 0xA7:
        return False
    last = data[at + 2]
    if last not in (0x9C, 0x9D, 0x9F):
        return False
    out[to + 2] = 0xA1 if last == 0x9C else (0xA2 if last == 0x9D else 0xAF)
    out[to + 5] = 0xBC
    out[to] = out[to + 3] = 0xE0
    out[to + 1] = out[to + 4] = 0xA6
    return True


@inlined
def _tidied(
    data: Bytes,
    start: int,
    stop: int,
    fold: bool,  # noqa: FBT001
    squeeze: bool,  # noqa: FBT001
    compose: bool,  # noqa: FBT001
    out: Bytes,
    to: int,
) -> int:
    begin = to
    at = start
    while at < stop:
        byte = data[at]
        if 32 < byte < 0x80:
            out[to] = byte + 32 if fold and 65 <= byte <= 90 else byte
            to += 1
            at += 1
            continue
        size = blank(data, at, stop) if squeeze else 0
        if size:
            if to > begin and out[to - 1] != 32:
                out[to] = 32
                to += 1
            at += size
            continue
        if compose and _taken_apart(data, at, stop, out, to):
            to += 6
            at += 3
            continue
        out[to] = byte
        to += 1
        at += 1
    if squeeze and to > begin and out[to - 1] == 32:
        to -= 1
    return to


@compiled(
    f"int64({DATA}, int64[::1], uint8[::1], {DATA}, int64[::1], boolean, boolean, boolean, "
    "uint8[::1], int64[::1])",
    gramhashes,
)
def tidy(  # noqa: PLR0913, PLR0917
    data: Bytes,
    edges: Ints,
    replaced: Bytes,
    others: Bytes,
    other_edges: Ints,
    fold: bool,  # noqa: FBT001
    squeeze: bool,  # noqa: FBT001
    compose: bool,  # noqa: FBT001
    out: Bytes,
    out_edges: Ints,
) -> int:
    """Copy texts, if asked for with the letters of ASCII made small, white space made one space, and in NFC.

    Texts marked in ``replaced`` are taken, in order, from ``others``; all else must be without what
    :func:`unusual` marks. Returns how many bytes were written, at most twice as many as there were.
    """
    to = as_int64(0)
    other = 0
    out_edges[0] = 0
    for text in range(len(edges) - 1):
        if replaced[text]:
            to = _tidied(others, other_edges[other], other_edges[other + 1], fold, squeeze, compose, out, to)
            other += 1
        else:
            to = _tidied(data, edges[text], edges[text + 1], fold, squeeze, compose, out, to)
        out_edges[text + 1] = to
    return to


@compiled(f"int64({DATA}, {INTS}, int64[::1], int64, uint64[::1], int64[::1])", gramhashes)
def word_grams(data: Bytes, edges: Ints, texts: Ints, n: int, out: Longs, out_edges: Ints) -> int:
    """The sets of word n-grams of some texts, one after the other in ``out``, each sorted.

    Words are what stands between white space. ``out`` has room for as many values as there are words.
    Returns how many values were written.
    """
    total = as_int64(0)
    out_edges[0] = 0
    for number in range(len(texts)):
        at, stop = int(edges[texts[number]]), int(edges[texts[number] + 1])
        words = 0
        while at < stop:
            size = blank(data, at, stop)
            if size:
                at += size
                continue
            found = BASIS
            while at < stop:
                byte = data[at]
                if (byte <= 32 or byte >= 0xC2) and blank(data, at, stop):
                    break
                found = (found ^ np.uint64(byte)) * PRIME
                at += 1
            out[total + words] = mixed(found)
            words += 1
        total += grams_of(out, total, words, n)
        out_edges[number + 1] = total
    return total


@compiled(f"int64({DATA}, {INTS}, int64[::1], int64, uint64[::1], int64[::1])", gramhashes)
def character_grams(data: Bytes, edges: Ints, texts: Ints, n: int, out: Longs, out_edges: Ints) -> int:
    """The same with n-grams of characters (code points); ``out`` has room for as many as there are bytes."""
    total = as_int64(0)
    out_edges[0] = 0
    for number in range(len(texts)):
        at, stop = edges[texts[number]], edges[texts[number] + 1]
        end = at
        for _ in range(n):
            if end < stop:
                end += 1
                while end < stop and data[end] & 0xC0 == 0x80:
                    end += 1
        to = total
        while at < end:
            found = BASIS
            for place in range(at, end):
                found = (found ^ np.uint64(data[place])) * PRIME
            out[to] = mixed(found)
            to += 1
            if end == stop:
                break
            at += 1
            while at < stop and data[at] & 0xC0 == 0x80:
                at += 1
            end += 1
            while end < stop and data[end] & 0xC0 == 0x80:
                end += 1
        total += distinct(out, total, to)
        out_edges[number + 1] = total
    return total
