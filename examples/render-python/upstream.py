"""An nginx `upstream`, rendered from parameters: see world.wit for what they mean."""

import re
from ipaddress import IPv6Address

from componentize_py_types import Err
from wit_world.exports.task import Params, Report, Server
from wit_world.imports import files
from wit_world.imports.files import Attributes, Content_Bytes
from wit_world.imports.types import Change, Failure, FailureKind, Mode, Outcome

LARGEST = 1 << 20  # bytes of a file that is there already

# What goes into the file unquoted must not end the line, or its argument.
ADDRESS = re.compile(r"(?:[\w.-]+|\[(?P<ipv6>[\da-fA-F:.]+)\]):(?P<port>\d{1,5})", re.ASCII)


class Task:
    """What the component exports: the class has the name of the interface."""

    def run(self, params: Params, mode: Mode) -> Report:
        after = render(params)
        try:
            before = current(params.path)
            if before != after and mode == Mode.APPLY:
                files.replace(params.path, Content_Bytes(after.encode()), Attributes(None, None, None))
        except Err as error:
            raise unreachable(error.value) from error
        return Report(outcome(params.path, before, after), len(params.servers))


def render(params: Params) -> str:
    if not re.fullmatch(r"[\w-]+", params.name, re.ASCII):
        raise invalid(f"`{params.name}` is no name of an upstream", "letters, digits, `_` and `-`")
    if not params.servers:
        raise invalid(f"upstream `{params.name}` has no server", "nginx wants at least one")
    lines = [f"server {server_arguments(server)};" for server in params.servers]
    if params.keepalive is not None:
        lines.append(f"keepalive {params.keepalive};")
    body = "\n".join(f"    {line}" for line in lines)
    return f"upstream {params.name} {{\n{body}\n}}\n"


def server_arguments(server: Server) -> str:
    words = [checked(server.address)]
    if server.weight is not None:
        words.append(f"weight={server.weight}")
    if server.backup:
        words.append("backup")
    return " ".join(words)


def checked(address: str) -> str:
    match = ADDRESS.fullmatch(address)
    try:
        if match is None or not 0 < int(match["port"]) < 65536:
            raise ValueError(address)
        if match["ipv6"] is not None:
            IPv6Address(match["ipv6"])
    except ValueError as error:
        raise invalid(f"`{address}` is no address of a server", "for example `10.0.0.7:8080`") from error
    return address


def current(path: str) -> str | None:
    """The text that is there, or None."""
    if files.stat(path) is None:
        return None
    return files.read(path, LARGEST).decode(errors="replace")


def outcome(path: str, before: str | None, after: str) -> Outcome:
    if before == after:
        return Outcome(False, "already as asked", [])
    summary = "created" if before is None else "rewritten"
    return Outcome(True, summary, [Change(path, before, after)])


def invalid(message: str, hint: str) -> Err[Failure]:
    return Err(Failure(FailureKind.INVALID_PARAMS, message, hint))


def unreachable(error: files.Error) -> Err[Failure]:
    """The failure that tells of an error of the host."""
    kinds = {
        files.Error_Denied: FailureKind.DENIED,
        files.Error_NotFound: FailureKind.NOT_FOUND,
        files.Error_WrongKind: FailureKind.CONFLICT,
    }
    if isinstance(error, files.Error_TooLarge):
        return Err(Failure(FailureKind.CONFLICT, f"the file has more than {error.value} bytes", None))
    return Err(Failure(kinds.get(type(error), FailureKind.IO), error.value, None))
