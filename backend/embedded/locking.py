"""One at a time: locks that the kernel releases when their process dies, however it dies."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from backend.embedded.failing import AlreadyRunning


@contextmanager
def home_lock(home: Path) -> Iterator[None]:
    """Holds `home/lock`, so that two `tend up` in one folder do not fight over its servers; makes `home` if missing.

    Raises AlreadyRunning with the process that holds it, OSError when the folder cannot be written.
    """
    with one_at_a_time(home / "lock", "Tend"):
        yield


@contextmanager
def one_at_a_time(file: Path, what: str) -> Iterator[None]:
    """The same for something else that is done in the folder of `file`."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = take(file, what, file.parent)
    try:
        yield
    finally:
        give_back(descriptor)


def take(file: Path, what: str, folder: Path) -> int:
    """The descriptor that holds the lock; raises AlreadyRunning. Children started by exec do not inherit it."""
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    except BlockingIOError:
        pid = os.pread(descriptor, 20, 0).strip()
        os.close(descriptor)
        raise AlreadyRunning(what, folder, int(pid) if pid.isdigit() else None) from None
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def give_back(descriptor: int) -> None:
    """The file stays: removing it would let a third process lock a new file while a second one waits for the old."""
    # Unlocked by name and not by closing alone, because a fork of this process may hold a copy of the descriptor.
    fcntl.flock(descriptor, fcntl.LOCK_UN)
    os.close(descriptor)
