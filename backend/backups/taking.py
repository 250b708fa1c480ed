"""A whole copy of the embedded server while it works; from the first one on, every moment since can be had."""

import subprocess
import time
from typing import Final

from backend.backups.archiving import Archive, Base
from backend.embedded import EmbeddedPostgres, EmbeddedServerFailed, bare_environment, make_private, servers_account

ARCHIVED_SECONDS: Final = 60


def take_backup(server: EmbeddedPostgres, archive: Archive) -> Base:
    """Raises EmbeddedServerFailed, also when what the server writes does not reach the archive."""
    make_private(archive.wal, servers_account())
    reach_the_archive(server, archive)
    folder = archive.begin()
    argv = [
        server.program("pg_basebackup"),
        f"--dbname={server.address('postgres', 'postgres')}",
        f"--pgdata={folder}",
        "--format=tar",
        "--compress=client-gzip:1",
        "--wal-method=stream",
        "--checkpoint=fast",
        "--no-password",
    ]
    done = subprocess.run(argv, env=bare_environment(), capture_output=True, encoding="utf-8", check=False)
    if done.returncode != 0:
        raise EmbeddedServerFailed(f"The backup failed: {done.stderr.strip()}")
    return archive.keep(folder)


def reach_the_archive(server: EmbeddedPostgres, archive: Archive) -> None:
    """All that was committed so far, and one transaction after it, is in the archive when this returns."""
    # The transaction marks the end: recovery to a moment stops at the first commit after it, and fails without one.
    server.sql("select pg_current_xact_id()")
    name = server.sql("select pg_walfile_name(pg_switch_wal())").strip()
    deadline = time.monotonic() + ARCHIVED_SECONDS
    while not (archive.wal / f"{name}.gz").exists():
        if time.monotonic() > deadline:
            raise EmbeddedServerFailed(
                f"{name} did not reach {archive.wal} within {ARCHIVED_SECONDS} s: what PostgreSQL says about it "
                f"stands in {server.log}."
            )
        time.sleep(0.1)
