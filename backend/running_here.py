"""Everything on one machine, until Ctrl-C: servers, migrations, perhaps the demo, API and worker."""

import asyncio
import json
import os
import socket
import sys
from collections.abc import Callable
from typing import Final

from backend.embedded import (
    EmbeddedPostgres,
    EmbeddedRedis,
    EmbeddedServerFailed,
    Process,
    Supervisor,
    home_lock,
    spawn,
)
from backend.equipping import equip
from backend.installing import DATABASE, bring_up_to_date, make_roles_and_database
from backend.keeping_the_key import with_a_key
from backend.settings import Settings

BACKLOG: Final = 2_048


def run_here(settings: Settings, *, say: Callable[[str], None], with_demo: bool = False) -> None:
    """Blocks until Ctrl-C or SIGTERM. Raises EmbeddedServerFailed, AlreadyRunning, NotConfigured, TooMuchPower."""
    home = settings.home.resolve()
    with home_lock(home):
        listening = _take_port(settings)
        settings = with_a_key(settings)
        equip(settings)
        servers: list[EmbeddedPostgres | EmbeddedRedis] = []
        try:
            if settings.database_url is None:
                postgres = EmbeddedPostgres(home, settings.postgres_major, archive=settings.backups / "wal")
                servers.append(postgres)
                postgres.start()
                make_roles_and_database(postgres)
                settings = settings.model_copy(update={"database_url": postgres.address("tend_app", DATABASE)})
            if settings.redis_url is None:
                redis = EmbeddedRedis(home)
                servers.append(redis)
                redis.start()
                settings = settings.model_copy(update={"redis_url": redis.url})
            for name in asyncio.run(bring_up_to_date(settings)):
                say(f"Migrated: {name}.")
            if with_demo:
                _load_demo(settings, say)
                settings = settings.model_copy(update={"demo": True})
            _note_addresses(settings)
            say(f"Tend is coming up at {settings.served_at}/graphql (Ctrl-C stops it).")
            listening.listen(BACKLOG)  # and from now on nobody is refused, whoever of the processes lives
            Supervisor([*servers, *_processes(settings, listening)], say).run()
        finally:
            listening.close()
            (home / "running.json").unlink(missing_ok=True)
            for server in reversed(servers):
                server.stop()


def _processes(settings: Settings, listening: socket.socket) -> list[Process]:
    assert settings.installation_key is not None  # with_a_key
    environment = os.environ | {
        "TEND_DATABASE_URL": settings.app_url,
        "TEND_OWNER_DATABASE_URL": settings.owner_url,
        "TEND_RELAY_DATABASE_URL": settings.relay_url,
        "TEND_REDIS_URL": settings.redis,
        "TEND_INSTALLATION_KEY": settings.installation_key.get_secret_value(),
        "TEND_DEVELOPMENT": str(settings.development),
        "TEND_DEMO": str(settings.demo),
        "TEND_HOST": settings.host,
        "TEND_PORT": str(settings.port),
        "TEND_LISTEN_FD": str(listening.fileno()),
    }
    logs = settings.home.resolve() / "log"

    def process(name: str, command: str, *fds: int) -> Process:
        argv = [sys.executable, "-m", "backend.cli", command]
        log = logs / f"{command}.log"
        return Process(name, lambda: spawn(argv, name=name, env=environment, log=log, pass_fds=fds))

    return [process("The API", "serve", listening.fileno()), process("The worker", "work")]


def _load_demo(settings: Settings, say: Callable[[str], None]) -> None:
    from backend.demo import load_demo

    people = asyncio.run(load_demo(settings))
    base = settings.served_at
    path = settings.home / "demo.json"
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump({"url": base, "graphql": f"{base}/graphql", "people": people}, file, indent=2)
        file.write("\n")
    say(f"Two agencies are at work: {', '.join(people)}. Their tokens: {path}.")
    say(f"Sign in as any of them: {base}/demo")
    say(f"GraphiQL as a moderator: {base}/dev/sign-in?token={people['acme.moderator']['token']}")


def _note_addresses(settings: Settings) -> None:
    """So that `tend import` and `tend doctor` in this folder find what runs here."""
    of_it = {"database_url": settings.app_url, "redis_url": settings.redis, "development": settings.development}
    (settings.home / "running.json").write_text(json.dumps({"pid": os.getpid(), **of_it}))


def _take_port(settings: Settings) -> socket.socket:
    """Bound, and not yet listening."""
    taken = socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET)
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taken.bind((settings.host, settings.port))
    except OSError:
        taken.close()
        raise EmbeddedServerFailed(
            f"Port {settings.port} of {settings.host} is taken: choose another one with TEND_PORT=…"
        ) from None
    return taken
