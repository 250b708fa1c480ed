"""What the person at the terminal is told when an embedded server does not run."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LAST_LINES = 15

# What servers and libc write, and the same in the words of somebody who has never run a server.
KNOWN_CAUSES = {
    "No space left on device": "the disk is full",
    "Disk quota exceeded": "your disk quota is used up",
    "Read-only file system": "the folder is on a read-only file system",
    "Cannot allocate memory": "there is not enough free memory",
    "File name too long": "the path of the folder is too long",
    "incompatible with server": "the data was written by another version of the server",
    "Permission denied": "the account of the server may not use one of its folders",
}


class EmbeddedServerFailed(RuntimeError):  # a fact, in words
    """An embedded server cannot be used. The text is one plain sentence, then the last log lines if there are any."""


class AlreadyRunning(EmbeddedServerFailed):
    """Another process works in the same folder; `pid` is None when it has not yet written its number down."""

    def __init__(self, what: str, folder: Path, pid: int | None) -> None:
        self.pid = pid
        super().__init__(f"{what} is already running in {folder} ({f'process {pid}' if pid else 'another process'}).")


def could_not_start(name: str, cause: str, *, output: str = "", log: Path | None = None) -> EmbeddedServerFailed:
    """The failure to raise; `cause` is replaced by a plainer one when `output` shows it."""
    known = next((plain for sign, plain in KNOWN_CAUSES.items() if sign in output), cause)
    lines = output.strip().splitlines()[-LAST_LINES:]
    end_of_log = "\n".join(["", f"The end of {log or 'its output'}:", *lines]) if lines else ""
    return EmbeddedServerFailed(f"{name} could not be started: {known}.{end_of_log}")


@contextmanager
def plain_failures(name: str) -> Iterator[None]:
    """What the system refuses inside (a folder, a program, a change of account) becomes EmbeddedServerFailed."""
    try:
        yield
    except OSError as error:
        place = error.filename2 or error.filename
        raise could_not_start(name, f"{error.strerror or error}{f': {place}' if place else ''}") from error
    except subprocess.SubprocessError as error:
        raise could_not_start(name, str(error).rstrip(".")) from error
