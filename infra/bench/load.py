"""Requests over kept connections, each connection asking again as soon as it is answered: wrk, or a small stand-in.

`python -m infra.bench.load` is the stand-in: it reads a Load as JSON and writes a Measured as JSON.
"""

import asyncio
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import cycle
from typing import Final, cast
from urllib.parse import urlsplit

from infra.bench.results import percentile

WRK: Final = shutil.which("wrk")
GENERATOR: Final = "wrk" if WRK else "asyncio (install wrk for a faster one)"
_REPORT: Final = """
done = function(summary, latency, requests)
  io.write(string.format('\\n{"requests":%d,"seconds":%.6f,"failures":%d,"p50_ms":%.3f,"p99_ms":%.3f}\\n',
    summary.requests, summary.duration / 1e6,
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.status + summary.errors.timeout,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """A POST of `body`, or a GET where there is none."""

    path: str
    headers: dict[str, str]
    body: str | None = None


@dataclass(frozen=True, slots=True)
class Load:
    """`asked` one after the other, over and over. `base_url` is HTTP on a loopback address."""

    base_url: str
    asked: list[Asked]
    connections: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Measured:
    requests: int
    seconds: float
    failures: int  # answers other than 200, and broken connections
    p50_ms: float
    p99_ms: float

    @property
    def requests_per_second(self) -> float:
        return self.requests / self.seconds


def run(load: Load) -> Measured:
    """Blocks for `load.seconds`; the load comes from another process. Raises RuntimeError when answers fail."""
    measured = _wrk(load) if WRK else _stand_in(load)
    if measured.failures or not measured.requests:
        raise RuntimeError(f"{measured.failures} of {measured.requests} requests to {load.base_url} failed")
    return measured


def _wrk(load: Load) -> Measured:
    assert WRK is not None
    lines = ["local asked, at = {}, 0", "init = function(args)"]
    for number, one in enumerate(load.asked, 1):
        headers = ", ".join(f"[{_lua(name)}] = {_lua(value)}" for name, value in one.headers.items())
        method, body = ("GET", "nil") if one.body is None else ("POST", _lua(one.body))
        lines.append(f"  asked[{number}] = wrk.format({_lua(method)}, {_lua(one.path)}, {{ {headers} }}, {body})")
    lines += ["end", "request = function()", "  at = at % #asked + 1", "  return asked[at]", "end"]
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write("\n".join(lines) + _REPORT)
        script.flush()
        argv = [
            WRK,
            "-t1",
            f"-c{load.connections}",
            f"-d{load.seconds:.0f}s",
            "--timeout=10s",
            "-s",
            script.name,
            load.base_url,
        ]
        done = subprocess.run(argv, check=True, capture_output=True, text=True, timeout=load.seconds + 30)
    return Measured(**json.loads(done.stdout.strip().splitlines()[-1]))


def _lua(text: str) -> str:
    return '"' + "".join(f"\\{byte:03d}" for byte in text.encode()) + '"'


def _stand_in(load: Load) -> Measured:
    argv = [sys.executable, "-m", "infra.bench.load"]
    done = subprocess.run(
        argv, input=json.dumps(asdict(load)), check=True, stdout=subprocess.PIPE, text=True, timeout=load.seconds + 30
    )
    return Measured(**json.loads(done.stdout))


class _Connection(asyncio.Protocol):
    """Asks again and again until `until` (of time.perf_counter)."""

    def __init__(self, requests: Iterator[bytes], until: float) -> None:
        self.requests, self.until = requests, until
        self.milliseconds: list[float] = []
        self.failures = 0
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._received = bytearray()
        self._length = -1

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by inheritance
        self._ask()

    def data_received(self, data: bytes) -> None:
        self._received += data
        if self._length < 0:
            end = self._received.find(b"\r\n\r\n")
            if end < 0:
                return
            head = bytes(self._received[:end]).lower()
            self.failures += not head.startswith(b"http/1.1 200")
            self._length = end + 4 + int(head.partition(b"content-length:")[2].split(b"\r\n")[0])
        if len(self._received) < self._length:
            return
        asked_until = time.perf_counter()
        self.milliseconds.append((asked_until - self._asked_at) * 1e3)
        if asked_until < self.until:
            self._ask()
        else:
            self._transport.close()

    def connection_lost(self, _problem: Exception | None) -> None:
        self.failures += self._length < 0 or len(self._received) < self._length
        if not self.ended.done():
            self.ended.set_result(None)

    def _ask(self) -> None:
        self._received.clear()
        self._length = -1
        self._asked_at = time.perf_counter()
        self._transport.write(next(self.requests))


async def _generate(load: Load) -> Measured:
    parts = urlsplit(load.base_url)
    assert parts.port is not None
    assert parts.hostname in ("127.0.0.1", "::1"), "loads go to this machine only"
    requests = cycle([_bytes_of(asked, parts.netloc) for asked in load.asked])
    started = time.perf_counter()
    loop = asyncio.get_running_loop()
    made = [
        (
            await loop.create_connection(
                lambda: _Connection(requests, started + load.seconds), parts.hostname, parts.port
            )
        )[1]
        for _ in range(load.connections)
    ]
    async with asyncio.timeout(load.seconds + 20):
        await asyncio.gather(*(connection.ended for connection in made))
    seconds = time.perf_counter() - started
    each = [value for connection in made for value in connection.milliseconds]
    return Measured(
        requests=len(each),
        seconds=seconds,
        failures=sum(connection.failures for connection in made),
        p50_ms=round(percentile(each, 0.5), 3),
        p99_ms=round(percentile(each, 0.99), 3),
    )


def _bytes_of(asked: Asked, host: str) -> bytes:
    body = (asked.body or "").encode()
    lines = [f"{'GET' if asked.body is None else 'POST'} {asked.path} HTTP/1.1", f"Host: {host}"]
    lines += [f"{name}: {value}" for name, value in asked.headers.items()]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def main() -> None:
    import uvloop

    told = json.load(sys.stdin)
    load = Load(**{**told, "asked": [Asked(**asked) for asked in told["asked"]]})
    print(json.dumps(asdict(uvloop.run(_generate(load)))))


if __name__ == "__main__":
    main()
