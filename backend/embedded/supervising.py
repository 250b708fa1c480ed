"""Keeping the servers, the API and the workers of one machine alive until Ctrl-C."""

import contextlib
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import FrameType

from backend.embedded.children import Child
from backend.embedded.failing import EmbeddedServerFailed

FIRST_DELAY_SECONDS = 0.2
LONGEST_DELAY_SECONDS = 5.0
# Having lived this long, a child has recovered, and its next death is a new story.
STEADY_SECONDS = 10.0
LOOK_EVERY_SECONDS = 0.1


class Process(Child):
    """A child of our own, such as the API: `launch` starts it, usually through `spawn`, and returns at once. When all
    stops it is told so by SIGINT; after SIGTERM it would see to it that nobody notices."""

    stop_signal = signal.SIGINT

    def __init__(self, name: str, launch: Callable[[], subprocess.Popen[bytes]]) -> None:
        super().__init__(name)
        self._launch = launch

    def start(self) -> None:
        if not self.is_alive():
            self._process = self._launch()


@dataclass
class _Watch:
    child: Child
    delay_seconds: float = FIRST_DELAY_SECONDS
    started_at: float = 0.0
    start_again_at: float | None = None


class Supervisor:
    """Starts `children` in order, restarts those that die, and stops all in reverse order.

    `say` gets one plain line for each thing that happens.
    """

    def __init__(self, children: Sequence[Child], say: Callable[[str], None]) -> None:
        self._watches = [_Watch(child) for child in children]
        self._say = say
        self._stopping = False
        self._starting: Child | None = None

    def run(self) -> None:
        """Blocks until Ctrl-C, SIGTERM or SIGHUP, and returns when every child is gone; a second Ctrl-C kills them.

        Call from the main thread: signals are only heard there, and children die with the thread that started them.
        Raises EmbeddedServerFailed when something cannot be started the first time; then the others are stopped.
        While a server starts again, which blocks, the other children are not looked after.
        """
        with self._hearing_signals():
            try:
                self._start_all()
                while not self._stopping:
                    for watch in self._watches:
                        self._look_after(watch)
                    time.sleep(LOOK_EVERY_SECONDS)
            finally:
                self._stop_all()

    def _start_all(self) -> None:
        for watch in self._watches:
            if self._stopping:
                return
            try:
                self._start(watch)
            except EmbeddedServerFailed:
                # Asked to stop in the middle of its start, a server reports that it did not start.
                if not self._stopping:
                    raise

    def _start(self, watch: _Watch) -> None:
        self._starting = watch.child
        try:
            watch.child.start()
        finally:
            self._starting = None
        watch.started_at = time.monotonic()
        watch.start_again_at = None
        self._tell(f"{watch.child.name} runs.")

    def _look_after(self, watch: _Watch) -> None:
        now = time.monotonic()
        if self._stopping:
            return
        if watch.start_again_at is None:
            if watch.child.is_alive():
                if now - watch.started_at > STEADY_SECONDS:
                    watch.delay_seconds = FIRST_DELAY_SECONDS
                return
            self._start_later(watch, f"{watch.child.name} {watch.child.ending()}")
        elif now >= watch.start_again_at:
            try:
                self._start(watch)
            except (EmbeddedServerFailed, OSError) as failure:
                if not self._stopping:
                    self._start_later(watch, str(failure).rstrip("."))

    def _start_later(self, watch: _Watch, what_happened: str) -> None:
        self._tell(f"{what_happened}; starting it again in {watch.delay_seconds:g} s.")
        watch.start_again_at = time.monotonic() + watch.delay_seconds
        watch.delay_seconds = min(watch.delay_seconds * 2, LONGEST_DELAY_SECONDS)

    def _stop_all(self) -> None:
        # From here on a Ctrl-C is the second one, also when a failure brought us here.
        self._stopping = True
        for watch in reversed(self._watches):
            if watch.child.is_alive():
                watch.child.stop()
                self._tell(f"{watch.child.name} stopped.")
            else:
                watch.child.stop()

    def _tell(self, line: str) -> None:
        # The terminal may be gone (SIGHUP), and the children must be stopped all the same.
        with contextlib.suppress(OSError):
            self._say(line)

    @contextlib.contextmanager
    def _hearing_signals(self) -> Iterator[None]:
        wanted = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        before = {number: signal.signal(number, self._on_signal) for number in wanted}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        # No printing here: it may have interrupted a print. Nor an exception: it could hit between fork and note.
        if not self._stopping:
            self._stopping = True
            if self._starting is not None:
                self._starting.ask_to_stop()
        elif number == signal.SIGINT:
            for watch in self._watches:
                watch.child.kill()
