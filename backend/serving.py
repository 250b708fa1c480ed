"""The API as a process: it takes over a socket that is handed to it, and leaves without a failed request."""

import asyncio
import os
import signal
import socket
from typing import Any, Final

import uvicorn

from backend.asgi import app
from backend.settings import Settings

SYSTEMD_FD: Final = 3  # sd_listen_fds(3): the first socket that systemd hands over
LOOK_EVERY_SECONDS: Final = 0.05


def serve_until_stopped(settings: Settings) -> None:
    """SIGINT ends it at once, with what is being answered. After SIGTERM it goes on for `drain_seconds`: says that it is
    not ready, answers with `Connection: close`, and closes what is idle only then; so that a balancer, and clients that
    keep connections open, go elsewhere by themselves."""
    # uvicorn stops gracefully and then raises the signal again: a stop that was asked for is no failure.
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: None)
    handed = _handed_over(settings)
    application = app(settings)
    config = uvicorn.Config(
        application,
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http="httptools",
        ws="websockets-sansio",
        ws_max_size=100_000,
        ws_ping_interval=20,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=10,
    )
    _Server(config, application.state, settings.drain_seconds, is_handed=handed is not None).run(
        None if handed is None else [handed]
    )


def _handed_over(settings: Settings) -> socket.socket | None:
    """The socket of whoever started this process and starts the next one: who connects in between waits in it."""
    if settings.listen_fd is not None:
        return socket.socket(fileno=settings.listen_fd)
    return socket.socket(fileno=SYSTEMD_FD) if os.environ.get("LISTEN_PID") == str(os.getpid()) else None


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, state: Any, drain_seconds: float, *, is_handed: bool) -> None:
        super().__init__(config)
        self._state, self._drain_seconds, self._is_handed = state, drain_seconds, is_handed

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._state.is_stopping = True
        if signal.SIGINT not in self._captured_signals:
            await self._drain()
        await super().shutdown(sockets)

    async def _drain(self) -> None:
        if self._is_handed:
            for server in self.servers:
                server.close()  # whoever comes now is for the next one
        self.server_state.default_headers = [*self.server_state.default_headers, (b"connection", b"close")]
        ends_at = asyncio.get_running_loop().time() + self._drain_seconds
        while asyncio.get_running_loop().time() < ends_at and not self.force_exit:
            if self._is_handed and not self.server_state.connections:
                return
            await asyncio.sleep(LOOK_EVERY_SECONDS)
