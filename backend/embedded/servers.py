"""What the embedded servers share: one per folder, its own log, started until it answers."""

import signal
import subprocess
import time
from abc import abstractmethod
from pathlib import Path

from backend.embedded.children import Child, bare_environment, end_leftovers, spawn
from backend.embedded.failing import EmbeddedServerFailed, could_not_start, plain_failures
from backend.embedded.folders import make_sockets_folder, servers_account, sockets_folder
from backend.embedded.locking import give_back, take

START_SECONDS = 60
# A server that reports its own crash recovery is left to it: killed and started again, it would begin anew for ever.
RECOVERY_SECONDS = 600


class EmbeddedServer(Child):
    """A server whose files are in `home/<folder>`, with its socket in `sockets_folder(home)` and never on the network.

    Start it from the main thread: it is shut down when the thread that started it ends (see `children.spawn`).
    """

    programs: tuple[str, ...]
    recovery_sign: str | None = None  # part of what a server answers while it recovers from a crash

    def __init__(self, name: str, home: Path, folder: str) -> None:
        super().__init__(name)
        self.home = home.expanduser().resolve()
        self.folder = self.home / folder
        self.sockets = sockets_folder(self.home)
        self._kind = folder.partition("-")[0]
        self.log = self.home / "log" / f"{self._kind}.log"
        self._lock: int | None = None
        self._log_begins_at = 0

    def start(self) -> None:
        """Returns when the server can be used; a no-op when it runs.

        Waits for a server of an earlier Tend to go, 60 s for the new one to answer, and up to 10 minutes while that
        says it recovers from a crash. Raises EmbeddedServerFailed, and AlreadyRunning when the folder is in use.
        """
        try:
            with plain_failures(self.name):
                if not self.is_alive():
                    self._launch()
                self._wait_for_an_answer()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        super().stop()
        if self._lock is not None:
            give_back(self._lock)
            self._lock = None

    @abstractmethod
    def _prepare(self) -> list[str]:
        """Makes the files the server needs and returns the command that runs it; no other server uses the folder."""

    @abstractmethod
    def _trouble(self) -> str | None:
        """None when the server answers a real question, else what came instead."""

    def _launch(self) -> None:
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self._lock is None:
            self._lock = take(self.home / f"{self._kind}.lock", self.name, self.home)
        self._log_begins_at = self.log.stat().st_size if self.log.exists() else 0
        # Other versions too: they use the same socket, and one that ends late would remove the new server's.
        for folder in {self.folder, *self.home.glob(f"{self._kind}-*")}:
            end_leftovers(folder, self.programs, politely=self.stop_signal, firmly=self.kill_signal)
        make_sockets_folder(self.home, servers_account())
        self._run(self._prepare(), cwd=self.folder, death_signal=self.stop_signal)

    def _run(self, argv: list[str], *, cwd: Path, death_signal: signal.Signals) -> subprocess.Popen[bytes]:
        self._process = spawn(
            argv,
            name=self.name,
            env=bare_environment(),
            log=self.log,
            cwd=cwd,
            account=servers_account(),
            death_signal=death_signal,
        )
        return self._process

    def _wait_for_an_answer(self) -> None:
        began = time.monotonic()
        while (trouble := self._trouble()) is not None:
            if not self.is_alive():
                raise self._failure(f"it {self.ending()}")
            recovers = self.recovery_sign is not None and self.recovery_sign in trouble
            limit = RECOVERY_SECONDS if recovers else START_SECONDS
            if time.monotonic() - began > limit:
                raise self._failure(f"it did not answer within {limit} s ({trouble.strip()})")
            time.sleep(0.05)

    def _failure(self, cause: str) -> EmbeddedServerFailed:
        """With what the server wrote since this start."""
        with self.log.open("rb") as log:
            # A log that was put aside at this start begins anew.
            log.seek(self._log_begins_at if self._log_begins_at <= self.log.stat().st_size else 0)
            output = log.read().decode(errors="replace")
        return could_not_start(self.name, cause, output=output, log=self.log)
