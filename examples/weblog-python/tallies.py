"""Counts that live as long as their caller wants: the module has the name of the interface, the class that of the
resource."""

from typing import Self

from componentize_py_async_support.streams import ByteStreamReader
from wit_world.exports import tallies

PIECE = 64 << 10  # bytes that are read at once


class Tally(tallies.Tally):
    def __init__(self, name: str) -> None:
        self._name = name
        self._lines = 0

    def name(self) -> str:
        return self._name

    async def add(self, log: ByteStreamReader) -> int:
        with log:
            while not log.writer_dropped:
                # Other calls go on meanwhile, perhaps with the same tally.
                piece = await log.read(PIECE)
                self._lines += piece.count(b"\n")
        return self._lines

    @classmethod
    def merge(cls, first: Self, second: Self) -> Self:
        both = cls(f"{first._name} and {second._name}")
        both._lines = first._lines + second._lines
        return both
