"""Structs in Thrift's compact protocol, which page headers are written in, within limits.

Source: https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
"""

from __future__ import annotations

from typing import Final

Struct = dict[int, object]
"""Field id -> value; a field that is a struct has a Struct."""

_TRUE: Final = 1
_FALSE: Final = 2
_BYTE: Final = 3
_INTEGERS: Final = frozenset({4, 5, 6})
_DOUBLE: Final = 7
_BINARY: Final = 8
_LISTS: Final = frozenset({9, 10})
_STRUCT: Final = 12
_MORE: Final = 0x80
_LONG_LIST: Final = 15
_VARINT_BITS: Final = 63
_DEEPEST: Final = 8
"""Page headers nest three deep."""


class TooShortError(Exception):
    """The bytes end inside the struct."""


class Reader:
    """Reads one struct after the other.

    Args:
        data: The bytes.

    Attributes:
        at: Where the next byte is.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.at = 0

    def struct(self, depth: int = 0) -> Struct:
        """The struct that begins here.

        Raises:
            TooShortError: the bytes end before it does.
            ValueError: it is none.
        """
        if depth > _DEEPEST:
            raise ValueError(f"structs are nested more than {_DEEPEST} deep")
        fields: Struct = {}
        number = 0
        while header := self._byte():
            number = number + (header >> 4) if header >> 4 else self._integer()
            fields[number] = self._value(header & 15, depth)
        return fields

    def _value(self, kind: int, depth: int) -> object:
        if kind in _INTEGERS:
            return self._integer()
        if kind == _STRUCT:
            return self.struct(depth + 1)
        if kind in _LISTS:
            return self._list(depth)
        return self._plain(kind)

    def _plain(self, kind: int) -> object:
        """A value that has nothing in it."""
        if kind in {_TRUE, _FALSE}:
            return kind == _TRUE
        if kind == _BYTE:
            return self._byte()
        if kind == _DOUBLE:
            return self._take(8)
        if kind == _BINARY:
            return self._take(self._varint())
        raise ValueError(f"there is no type {kind}")

    def _list(self, depth: int) -> list[object]:
        header = self._byte()
        kind, length = header & 15, header >> 4
        if length == _LONG_LIST:
            length = self._varint()
        if depth >= _DEEPEST:
            raise ValueError(f"lists are nested more than {_DEEPEST} deep")
        if kind in {_TRUE, _FALSE}:
            kind = _BYTE
        # Every item takes a byte at least: a claim of more than there are ends here, however large.
        return [self._value(kind, depth + 1) for _ in range(length)]

    def _integer(self) -> int:
        number = self._varint()
        return (number >> 1) ^ -(number & 1)

    def _varint(self) -> int:
        number = shift = 0
        while (byte := self._byte()) & _MORE:
            number |= (byte & ~_MORE) << shift
            shift += 7
            if shift > _VARINT_BITS:
                raise ValueError("an integer of more than 64 bits")
        return number | byte << shift

    def _byte(self) -> int:
        if self.at >= len(self._data):
            raise TooShortError
        self.at += 1
        return self._data[self.at - 1]

    def _take(self, size: int) -> bytes:
        if size > len(self._data) - self.at:
            raise TooShortError
        self.at += size
        return self._data[self.at - size : self.at]
