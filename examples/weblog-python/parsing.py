"""Entries of an access log, as they come: see world.wit."""

import re
from collections.abc import AsyncIterator

import wit_world
from componentize_py_async_support import spawn
from componentize_py_async_support.futures import FutureReader, FutureWriter
from componentize_py_async_support.streams import ByteStreamReader, ByteStreamWriter, StreamReader, StreamWriter
from componentize_py_types import Err, Ok, Result
from wit_world import exports
from wit_world.exports.parsing import Entry, Problem, Problem_Malformed

PIECE = 64 << 10  # bytes that are read at once

# A length of 19 digits fits into a u64.
LINE = re.compile(r'(?P<client>\S+) [^"]*"(?P<request>[^"]*)"\s+(?P<status>\d{3}) (?P<size>\d{1,19}|-)(?=\s|$)', re.ASCII)


class Parsing(exports.Parsing):
    """What the component exports: the class has the name of the interface, and its base what makes it asynchronous."""

    async def parse(
        self, log: ByteStreamReader
    ) -> tuple[StreamReader[Entry], FutureReader[Result[int, Problem]]]:
        entries, reader = wit_world.parsing_entry_stream()
        # The default is what a reader finds if nothing is ever written.
        total, end = wit_world.result_u64_parsing_problem_future(lambda: Ok(0))
        # What runs on after this function has returned.
        spawn(parse(log, entries, total))
        return reader, end

    async def redact(self, log: ByteStreamReader) -> ByteStreamReader:
        redacted, reader = wit_world.byte_stream()
        spawn(redact(log, redacted))
        return reader

    async def failures(self, entries: StreamReader[Entry]) -> list[Entry]:
        found: list[Entry] = []
        with entries:
            while not entries.writer_dropped:
                found += [entry for entry in await entries.read(64) if entry.status >= 400]
        return found


async def parse(
    log: ByteStreamReader, entries: StreamWriter[Entry], total: FutureWriter[Result[int, Problem]]
) -> None:
    number = 0
    end: Result[int, Problem] | None = None
    with total:
        with entries:
            async for some in lines(log):
                batch = []
                for line in some:
                    number += 1
                    entry = entry_of(line.decode(errors="replace"))
                    if entry is None:
                        end = Err(Problem_Malformed(number))
                        break
                    batch.append(entry)
                await entries.write_all(batch)
                if end or entries.reader_dropped:
                    break
        await total.write(end or Ok(number))


async def redact(log: ByteStreamReader, redacted: ByteStreamWriter) -> None:
    with redacted:
        async for some in lines(log):
            await redacted.write_all(b"".join(redacted_line(line) for line in some))
            if redacted.reader_dropped:
                break


async def lines(log: ByteStreamReader) -> AsyncIterator[list[bytes]]:
    """All lines that are here, with their ends, again and again. What has no end of line is a line at the end."""
    waiting = b""
    with log:
        while not log.writer_dropped:
            waiting += await log.read(PIECE)
            *whole, waiting = waiting.split(b"\n")
            if whole:
                yield [line + b"\n" for line in whole]
    if waiting:
        yield [waiting]


def entry_of(line: str) -> Entry | None:
    match = LINE.match(line)
    if match is None:
        return None
    size = None if match["size"] == "-" else int(match["size"])
    return Entry(match["client"], match["request"], int(match["status"]), size)


def redacted_line(line: bytes) -> bytes:
    client, space, rest = line.partition(b" ")
    if not space:
        return line
    keep = max(client.rfind(b"."), client.rfind(b":")) + 1
    return client[:keep] + b"x" + space + rest if keep else line
