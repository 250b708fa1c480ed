"""Tend as a newcomer starts it: the command line, and `tend demo` in a folder of its own."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
from api.test_journey import free_port

ROOT = Path(__file__).parent.parent
TEND = [sys.executable, "-m", "backend.cli"]


def tend(*words: str, timeout: float = 60, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TEND_")}
    return subprocess.run(
        [*TEND, *words], env=clean | {"PYTHONPATH": str(ROOT)} | environment, cwd=ROOT, capture_output=True, text=True,
        timeout=timeout, check=False,
    )  # fmt: skip


def one_sentence(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 1, done
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("tend: ")
    assert done.stderr.count("\n") == 1
    return done.stderr


@contextmanager
def begun(*words: str, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TEND_")}
    process = subprocess.Popen([*TEND, *words], env=clean | {"PYTHONPATH": str(ROOT)} | environment, cwd=ROOT)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def wait_for(look: Callable[[], object], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if look():
                return
        except (httpx.HTTPError, OSError, KeyError):
            pass
        time.sleep(0.1)
    raise AssertionError("It did not come in time.")


class Up:
    """`tend demo` in a folder of its own."""

    def __init__(self, home: Path) -> None:
        self.home, self.port = home, free_port()
        self.start()

    def start(self) -> None:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("TEND_")}
        self.process = subprocess.Popen(
            [*TEND, "demo"],
            env=environment | {"PYTHONPATH": str(ROOT), "TEND_HOME": str(self.home), "TEND_PORT": str(self.port)},
            cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip

    def ask(self, who: str, document: str) -> dict:
        token = json.loads((self.home / "demo.json").read_text())["people"][who]["token"]
        answer = httpx.post(
            f"http://127.0.0.1:{self.port}/graphql", json={"query": document}, headers={"Authorization": f"Bearer {token}"}, timeout=30
        )  # fmt: skip
        return answer.json()

    def do(self, who: str, mutation: str, wanted: str = "") -> dict:
        """Its payload; nothing was refused."""
        name, answer = (
            mutation.partition("(")[0],
            self.ask(who, f"mutation {{ {mutation} {{ {wanted} userErrors {{ message }} }} }}"),
        )
        assert not answer.get("errors"), answer
        assert not answer["data"][name]["userErrors"], answer
        return answer["data"][name]

    def wait_until_ready(self, seconds: float = 90) -> None:
        self.wait_for(lambda: httpx.get(f"http://127.0.0.1:{self.port}/health/ready").status_code == 200, seconds)

    def wait_for(self, look: Callable[[], object], seconds: float = 60) -> None:
        def looked() -> object:
            assert self.process.poll() is None, self.process.stderr.read()
            return look()

        wait_for(looked, seconds)

    def children(self, *words: str) -> list[psutil.Process]:
        def line(child: psutil.Process) -> str:
            try:
                return " ".join(child.cmdline())
            except psutil.NoSuchProcess:  # ended between the two looks, or not yet waited for
                return ""

        found = psutil.Process(self.process.pid).children(recursive=False)
        return [child for child in found if any(word in line(child) for word in words)]

    def stop(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(60)


@contextmanager
def running() -> Iterator[Up]:
    with tempfile.TemporaryDirectory(prefix="tend-demo-") as folder:
        up = Up(Path(folder) / "home")
        try:
            up.wait_until_ready()
            yield up
        finally:
            if up.process.poll() is None:
                up.process.kill()
                up.process.wait(10)
                time.sleep(3)
