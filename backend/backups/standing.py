"""A second server beside the real one that stands at a moment of the past; or the real one itself, taken back."""

import os
import shlex
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from backend.backups.archiving import Archive
from backend.backups.taking import reach_the_archive
from backend.embedded import EmbeddedPostgres, one_at_a_time, servers_account


@contextmanager
def standing_at(moment: datetime, archive: Archive, *, server: EmbeddedPostgres) -> Iterator[EmbeddedPostgres]:
    """The copy can be written to, and nobody sees that; it goes at the end. Raises NoSuchMoment, EmbeddedServerFailed."""
    base = archive.base_before(moment)
    with one_at_a_time(server.home / "restore.lock", "A restore"):
        reach_the_archive(server, archive)
        home = server.home / "standing"
        shutil.rmtree(home, ignore_errors=True)
        copy = EmbeddedPostgres(home, server.major)
        try:
            base.unpack(copy.folder)
            _recover(copy.folder, archive, moment)
            copy.start()
            yield copy
        finally:
            copy.stop()
            shutil.rmtree(home, ignore_errors=True)


def everything_at(moment: datetime | None, archive: Archive, *, server: EmbeddedPostgres) -> Path:
    """The server, which must not run, as it was at the moment, or as late as anything is known. Where its data of today
    is kept afterwards. Raises NoSuchMoment, EmbeddedServerFailed; then all is as before."""
    base = archive.base_before(moment or datetime.now(UTC))
    today = server.folder.with_name(f"before-{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{server.folder.name}")
    copy = server.folder.with_suffix(".part")
    shutil.rmtree(copy, ignore_errors=True)
    base.unpack(copy)
    _recover(copy, archive, moment, also=today / "pg_wal")
    if server.folder.exists():
        server.folder.rename(today)
    copy.rename(server.folder)
    try:
        server.start()
    except BaseException:
        shutil.rmtree(server.folder)
        if today.exists():
            today.rename(server.folder)
        raise
    settings = ("restore_command", "recovery_target_time", "recovery_target_action", "hot_standby")
    server.sql("".join(f"alter system reset {name};" for name in settings))
    server.stop()
    return today


def _recover(folder: Path, archive: Archive, moment: datetime | None, *, also: Path | None = None) -> None:
    """At its start the server in `folder` goes on to the moment, and answers nobody before it is there."""
    command = f"gzip -dc {_quoted(archive.wal)}/%f.gz > %p 2>/dev/null"
    if also is not None:
        command += f" || cp {_quoted(also)}/%f %p 2>/dev/null"  # what had not reached the archive
    settings = {"restore_command": command, "recovery_target_action": "promote", "hot_standby": "off"}
    if moment is not None:
        settings["recovery_target_time"] = moment.astimezone(UTC).isoformat(sep=" ")
    with (folder / "postgresql.auto.conf").open("a") as file:
        for name, value in settings.items():
            quoted = value.replace("'", "''")
            file.write(f"{name} = '{quoted}'\n")
    (folder / "recovery.signal").touch()
    account = servers_account()
    if account.uid != os.geteuid():
        for path in (folder, *folder.rglob("*")):
            os.chown(path, account.uid, account.gid, follow_symlinks=False)


def _quoted(path: Path) -> str:
    return shlex.quote(str(path).replace("%", "%%"))
