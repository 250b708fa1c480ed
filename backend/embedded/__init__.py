"""PostgreSQL and Redis from Python wheels, run as children of Tend over Unix sockets only, and what keeps them alive."""

from backend.embedded.children import Child, spawn
from backend.embedded.failing import AlreadyRunning, EmbeddedServerFailed
from backend.embedded.locking import home_lock
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
    "home_lock",
    "spawn",
]
