"""PostgreSQL and Redis from Python wheels, run as children of Tend over Unix sockets only, and what keeps them alive."""

from backend.embedded.children import Child, bare_environment, spawn
from backend.embedded.failing import AlreadyRunning, EmbeddedServerFailed
from backend.embedded.folders import make_private, servers_account
from backend.embedded.locking import home_lock, one_at_a_time
from backend.embedded.postgres import EmbeddedPostgres
from backend.embedded.redis import EmbeddedRedis
from backend.embedded.supervising import Process, Supervisor

__all__ = [
    "AlreadyRunning",
    "Child",
    "EmbeddedPostgres",
    "EmbeddedRedis",
    "EmbeddedServerFailed",
    "Process",
    "Supervisor",
    "bare_environment",
    "home_lock",
    "make_private",
    "one_at_a_time",
    "servers_account",
    "spawn",
]
