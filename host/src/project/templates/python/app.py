"""Keeps a greeting in a file: see world.wit for what goes in and comes out."""

from componentize_py_types import Err
from wit_world.exports.task import Params, Report
from wit_world.imports import files
from wit_world.imports.files import Attributes, Content_Bytes
from wit_world.imports.types import Change, Failure, FailureKind, Mode, Outcome

LARGEST = 64 << 10  # bytes of a file that is there already


class Task:
    """What the component exports: the class has the name of the interface."""

    def run(self, params: Params, mode: Mode) -> Report:
        name = "World" if params.name is None else params.name
        after = f"Hello, {name}!\n"
        try:
            before = current(params.path)
            if before == after:
                return Report(Outcome(False, "greeted already", []))
            if mode == Mode.APPLY:
                files.replace(params.path, Content_Bytes(after.encode()), Attributes(None, None, None))
        except Err as error:
            raise failure(error.value) from error
        return Report(Outcome(True, "greeted", [Change(params.path, before, after)]))


def current(path: str) -> str | None:
    """The text that is there, or None."""
    if files.stat(path) is None:
        return None
    return files.read(path, LARGEST).decode(errors="replace")


def failure(error: files.Error) -> Err[Failure]:
    """The failure that tells of an error of the host."""
    kinds = {
        files.Error_Denied: FailureKind.DENIED,
        files.Error_NotFound: FailureKind.NOT_FOUND,
        files.Error_WrongKind: FailureKind.CONFLICT,
    }
    if isinstance(error, files.Error_TooLarge):
        return Err(Failure(FailureKind.CONFLICT, f"the file has more than {error.value} bytes", None))
    return Err(Failure(kinds.get(type(error), FailureKind.IO), error.value, None))
