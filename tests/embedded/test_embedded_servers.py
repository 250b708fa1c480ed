"""What the embedded servers promise, with real servers: every process and file here is the test's own."""

import asyncio
import contextlib
import ctypes
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import psutil  # type: ignore[import-untyped]  # no types in its wheel
import pytest
import redis
from arq.connections import RedisSettings, create_pool

from backend.embedded import (
    AlreadyRunning,
    EmbeddedPostgres,
    EmbeddedRedis,
    EmbeddedServerFailed,
    Process,
    Supervisor,
    home_lock,
    spawn,
)
from backend.embedded.folders import servers_account, sockets_folder

REPOSITORY = Path(__file__).parents[2]
SUPERVISOR = """
    import sys
    from pathlib import Path
    from backend.embedded import EmbeddedPostgres, EmbeddedRedis, Process, Supervisor, home_lock, spawn
    home = Path(sys.argv[1])
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); signal.signal(signal.SIGINT, signal.SIG_IGN); print('deaf', flush=True); time.sleep(99)"
    code = deaf if "deaf" in sys.argv else "import time; time.sleep(99)"
    worker = Process("worker", lambda: spawn([sys.executable, "-c", code], name="worker"))
    children = [worker] if "deaf" in sys.argv else [EmbeddedPostgres(home), EmbeddedRedis(home), worker]
    with home_lock(home):
        Supervisor(children, lambda line: print(line, flush=True)).run()
    print("done", flush=True)
"""


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """One data folder for the tests that do not need a fresh one."""
    # Not pytest's tmp_path: under root the servers run as nobody, and every other pytest of root that starts meanwhile
    # closes /tmp/pytest-of-root to others again.
    with tempfile.TemporaryDirectory(prefix="tend-test-") as folder:
        yield Path(folder).resolve()


@pytest.fixture
def fresh() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="tend-test-") as folder:
        yield Path(folder).resolve()


@pytest.fixture
def postgres(home: Path) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(home)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def redis_server(home: Path) -> Iterator[EmbeddedRedis]:
    server = EmbeddedRedis(home)
    server.start()
    yield server
    server.stop()


def test_the_data_is_kept_from_one_run_to_the_next(postgres: EmbeddedPostgres) -> None:
    postgres.sql("create table kept as select 7 as value")
    postgres.stop()
    assert not postgres.is_alive()
    assert _working_in(postgres.folder) == []
    postgres.start()
    assert postgres.sql("table kept; drop table kept") == "7\n"


def test_a_second_start_changes_nothing(postgres: EmbeddedPostgres) -> None:
    before = _working_in(postgres.folder)[0].pid
    postgres.start()
    assert _postmaster(postgres) == before


def test_a_second_owner_is_told_who_runs_the_server(home: Path, postgres: EmbeddedPostgres) -> None:
    with pytest.raises(AlreadyRunning) as refused:
        EmbeddedPostgres(home).start()
    assert str(refused.value) == f"PostgreSQL is already running in {home} (process {os.getpid()})."
    with pytest.raises(AlreadyRunning):
        EmbeddedPostgres(home, major=16).start()
    assert postgres.sql("select 1") == "1\n"


def test_after_a_kill_of_the_postmaster_the_next_start_recovers(postgres: EmbeddedPostgres) -> None:
    postgres.sql("create table survivor as select 8 as value")
    os.kill(_postmaster(postgres), signal.SIGKILL)
    assert _until(lambda: not postgres.is_alive())
    postgres.start()
    assert postgres.sql("table survivor; drop table survivor") == "8\n"
    assert "automatic recovery in progress" in postgres.log.read_text()


def test_the_number_of_another_process_in_the_pid_file_is_not_believed(postgres: EmbeddedPostgres) -> None:
    postgres.stop()
    account = servers_account() if os.geteuid() == 0 else None
    other = spawn(["sleep", "60"], name="sleep", account=account, cwd=postgres.folder)
    try:
        for lock in (postgres.folder / "postmaster.pid", postgres.sockets / ".s.PGSQL.5432.lock"):
            lock.write_text(f"{other.pid}\n{postgres.folder}\n1700000000\n5432\n{postgres.sockets}\n\n1 1\nready\n")
        postgres.start()
        assert postgres.sql("select 1") == "1\n"
        assert other.poll() is None
    finally:
        other.kill()
        other.wait(5)


def test_each_role_of_tend_logs_in_through_asyncpg(postgres: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPORT", "1")
    roles = ("tend_owner", "tend_app", "tend_relay")
    for role in roles:
        postgres.sql(f"drop role if exists {role}; create role {role} login")
    assert [_ask(postgres.address(role, "postgres"), "select current_user") for role in roles] == list(roles)


def test_a_role_outside_the_map_is_refused(postgres: EmbeddedPostgres) -> None:
    postgres.sql("drop role if exists stranger; create role stranger login superuser")
    with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
        _ask(postgres.address("stranger", "postgres"), "select 1")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as another account")
def test_another_account_is_refused_even_where_it_reaches_the_socket(postgres: EmbeddedPostgres) -> None:
    nobody = pwd.getpwnam("nobody")
    psql = str(postgres._programs_folder / "psql")
    done = subprocess.run(
        [psql, postgres.address("postgres", "postgres"), "-c", "select 1"],
        user=nobody.pw_uid,
        group=nobody.pw_gid,
        extra_groups=[],
        capture_output=True,
        text=True,
        timeout=10,
        check=False,
    )
    assert done.returncode == 2
    assert 'Peer authentication failed for user "postgres"' in done.stderr


def test_nothing_is_trusted_and_nothing_listens_on_the_network(
    postgres: EmbeddedPostgres, redis_server: EmbeddedRedis
) -> None:
    rules = [line for line in (postgres.folder / "pg_hba.conf").read_text().splitlines() if not line.startswith("#")]
    assert rules == ["local all all peer map=tend", "local replication postgres peer map=tend"]
    assert postgres.sql("select auth_method from pg_hba_file_rules") == "peer\npeer\n"
    assert postgres.sql("show listen_addresses") == "\n"
    for process in (*_working_in(postgres.folder), *_working_in(redis_server.folder)):
        assert process.net_connections(kind="inet") == []
    assert postgres.sockets.stat().st_mode & 0o777 == 0o700


def test_the_settings_a_reader_would_expect(postgres: EmbeddedPostgres) -> None:
    shown = postgres.sql(
        "select name, current_setting(name) from pg_settings where name in ('fsync', 'data_checksums', 'TimeZone',"
        " 'log_timezone', 'max_connections', 'shared_buffers', 'server_encoding') order by lower(name)"
    )
    assert shown.splitlines() == [
        "data_checksums|on",
        "fsync|on",
        "log_timezone|UTC",
        "max_connections|200",
        "server_encoding|UTF8",
        "shared_buffers|128MB",
        "TimeZone|UTC",
    ]
    locale = "select datlocprovider, datlocale from pg_database where datname = 'postgres'"
    assert postgres.sql(locale) == "b|C.UTF-8\n"


def test_refused_sql_raises_with_the_message(postgres: EmbeddedPostgres) -> None:
    with pytest.raises(EmbeddedServerFailed, match='relation "nowhere" does not exist'):
        postgres.sql("table nowhere")


def test_a_server_that_cannot_start_shows_the_end_of_its_log(postgres: EmbeddedPostgres) -> None:
    postgres.sql("alter system set shared_preload_libraries = 'not_there'")
    postgres.stop()
    try:
        with pytest.raises(EmbeddedServerFailed) as failed:
            postgres.start()
    finally:
        (postgres.folder / "postgresql.auto.conf").write_text("")
    assert str(failed.value).splitlines()[:2] == [
        "PostgreSQL could not be started: it ended with exit status 1.",
        f"The end of {postgres.log}:",
    ]
    assert "not_there" in str(failed.value).splitlines()[2]
    assert not postgres.is_alive()


def test_a_folder_that_cannot_be_made_is_named(fresh: Path) -> None:
    (fresh / "file").touch()
    with pytest.raises(EmbeddedServerFailed) as failed:
        EmbeddedPostgres(fresh / "file" / "home").start()
    assert str(failed.value) == f"PostgreSQL could not be started: Not a directory: {fresh}/file/home."


def test_a_kill_in_the_middle_of_initdb_leaves_no_half_data_folder(fresh: Path) -> None:
    code = "import sys; from pathlib import Path; from backend.embedded import *; EmbeddedPostgres(Path(sys.argv[1])).start()"
    starting = subprocess.Popen([sys.executable, "-c", code, str(fresh)], cwd=REPOSITORY)
    assert _until(lambda: any(fresh.glob(".initdb-18-*/base/1/*")))
    starting.kill()
    starting.wait(5)
    assert not (fresh / "postgres-18").exists()
    server = EmbeddedPostgres(fresh)
    with _stopped_at_the_end(server):
        server.start()
        assert server.sql("select 1") == "1\n"
        assert not any(fresh.glob(".initdb-*"))


def test_sockets_are_in_the_home_when_their_path_fits_and_needs_no_escaping() -> None:
    assert sockets_folder(Path("/srv/tend")) == Path("/srv/tend/run")
    longest = Path("/" + "x" * (103 - len("/" + "/run/.s.PGSQL.5432")))
    assert sockets_folder(longest) == longest / "run"
    for home in (Path(f"{longest}x"), Path("/srv/a,b"), Path("/srv/a b")):
        elsewhere = sockets_folder(home)
        assert elsewhere.parent.parent == Path(tempfile.gettempdir())
        assert elsewhere.parent.name.startswith(f"tend-{os.geteuid()}-")


def test_a_long_home_with_odd_letters_works_with_postgres_16_too(fresh: Path) -> None:
    home = fresh / ("long, odd & ünusual " + "x" * 90) / "y"
    postgres, redis_server = EmbeddedPostgres(home, major=16), EmbeddedRedis(home)
    with _stopped_at_the_end(redis_server), _stopped_at_the_end(postgres):
        postgres.start()
        redis_server.start()
        assert postgres.sockets.parent.name.startswith(f"tend-{os.geteuid()}-")
        assert _ask(postgres.address("postgres", "postgres"), "show server_version").startswith("16.")
        assert _ask(postgres.address("postgres", "postgres"), "show data_checksums") == "on"
        assert _client(redis_server).ping()
    postgres.sockets.parent.chmod(0o777)
    with pytest.raises(EmbeddedServerFailed, match="should be a folder closed to others, and is not"):
        postgres.start()
    shutil.rmtree(postgres.sockets.parent)


def test_redis_answers_redis_py_and_arq_and_forgets_at_the_end(redis_server: EmbeddedRedis) -> None:
    client = _client(redis_server)
    client.set("word", "kept for now")

    async def through_arq() -> object:
        async with asyncio.timeout(5):
            pool = await create_pool(RedisSettings.from_dsn(redis_server.url))
            try:
                return await pool.get("word")
            finally:
                await pool.aclose()

    assert asyncio.run(through_arq()) == b"kept for now"
    with pytest.raises(redis.exceptions.NoPermissionError):
        client.config_get("dir")
    before = _working_in(redis_server.folder)[0].pid
    redis_server.start()
    assert [process.pid for process in _working_in(redis_server.folder)] == [before]
    redis_server.stop()
    redis_server.start()
    assert client.get("word") is None
    assert list(redis_server.folder.iterdir()) == []


def test_redis_starts_again_after_a_kill(redis_server: EmbeddedRedis) -> None:
    os.kill(_working_in(redis_server.folder)[0].pid, signal.SIGKILL)
    assert _until(lambda: not redis_server.is_alive())
    redis_server.start()
    assert _client(redis_server).ping()


def test_one_home_has_one_tend(fresh: Path) -> None:
    with home_lock(fresh), pytest.raises(AlreadyRunning) as refused, home_lock(fresh):
        pass
    assert refused.value.pid == os.getpid()
    with home_lock(fresh):
        pass


def test_the_supervisor_restarts_what_dies_and_stops_everything_on_sigterm(home: Path) -> None:
    with _supervisor(home) as running:
        assert _lines_until(running, "worker runs.") == ["PostgreSQL runs.", "Redis runs.", "worker runs."]
        assert all(os.getsid(child.pid) == child.pid for child in psutil.Process(running.pid).children())
        postgres, server, worker = sorted(psutil.Process(running.pid).children(), key=psutil.Process.create_time)
        for victim, name in ((worker, "worker"), (postgres, "PostgreSQL"), (server, "Redis")):
            victim.kill()
            assert _lines_until(running, f"{name} runs.") == [
                f"{name} was ended by SIGKILL; starting it again in 0.2 s.",
                f"{name} runs.",
            ]
        children = psutil.Process(running.pid).children(recursive=True)
        running.terminate()
        assert _lines_until(running, "done") == ["worker stopped.", "Redis stopped.", "PostgreSQL stopped.", "done"]
        assert running.wait(5) == 0
        assert not any(_is_running(child) for child in children)


def test_a_kill_of_the_supervisor_takes_its_children_with_it(home: Path) -> None:
    with _supervisor(home) as running:
        _lines_until(running, "worker runs.")
        children = psutil.Process(running.pid).children(recursive=True)
        assert len(children) > 5
        running.kill()
        assert _until(lambda: not any(_is_running(child) for child in children))


def test_a_start_just_after_a_kill_of_the_supervisor_waits_for_the_old_servers(home: Path) -> None:
    with _orphans_stay_zombies(), _supervisor(home) as running:
        _lines_until(running, "worker runs.")
        children = psutil.Process(running.pid).children(recursive=True)
        # The old server is slow to go: it hears of the death only when it goes on.
        postgres = EmbeddedPostgres(home)
        old = psutil.Process(_postmaster(postgres))
        old.suspend()
        running.kill()
        with _supervisor(home) as again:
            try:
                time.sleep(1)
                assert {process.pid for process in _working_in(postgres.folder)} <= {child.pid for child in children}
            finally:
                old.resume()
            assert _lines_until(again, "worker runs.") == ["PostgreSQL runs.", "Redis runs.", "worker runs."]
            assert not any(_is_running(child) for child in children)
            again.send_signal(signal.SIGINT)
            assert _lines_until(again, "done")[-1] == "done"


def test_a_second_ctrl_c_does_not_wait(fresh: Path) -> None:
    with _supervisor(fresh, "deaf") as running:
        _lines_until(running, "deaf")
        running.send_signal(signal.SIGINT)
        time.sleep(0.3)
        assert running.poll() is None
        began = time.monotonic()
        running.send_signal(signal.SIGINT)
        assert running.wait(5) == 0
        assert time.monotonic() - began < 2


def test_a_child_that_keeps_dying_is_restarted_less_and_less_often() -> None:
    said: list[tuple[float, str]] = []

    def say(line: str) -> None:
        said.append((time.monotonic(), line))
        if line.endswith("0.8 s.") or len(said) > 10:
            os.kill(os.getpid(), signal.SIGTERM)

    Supervisor([Process("api", lambda: spawn(["false"], name="api"))], say).run()
    deaths = [line for _, line in said if line != "api runs."]
    assert deaths == [
        f"api ended with exit status 1; starting it again in {delay} s." for delay in ("0.2", "0.4", "0.8")
    ]
    assert 0.6 < said[-1][0] - said[0][0] < 3


def test_a_program_that_is_missing_stops_the_first_start(fresh: Path) -> None:
    first = Process("first", lambda: spawn(["sleep", "60"], name="first"))
    second = Process("second", lambda: spawn(["/not/there"], name="second"))
    with pytest.raises(EmbeddedServerFailed) as failed:
        Supervisor([first, second], lambda line: None).run()
    assert str(failed.value) == "second could not be started: No such file or directory: /not/there."
    assert not first.is_alive()


def _ask(address: str, question: str) -> str:
    async def ask() -> str:
        async with asyncio.timeout(10):
            connection = await asyncpg.connect(address)
            try:
                return str(await connection.fetchval(question))
            finally:
                await connection.close()

    return asyncio.run(ask())


def _client(server: EmbeddedRedis) -> redis.Redis:
    return redis.from_url(server.url)  # type: ignore[no-untyped-call,no-any-return]  # redis-py does not type from_url


def _working_in(folder: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.cwd() == str(folder):
                found.append(process)
    return found


def _postmaster(server: EmbeddedPostgres) -> int:
    return int((server.folder / "postmaster.pid").read_text().split("\n", 1)[0])


def _is_running(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    return False


def _until(condition: Callable[[], bool], seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.005)
    return True


@contextlib.contextmanager
def _stopped_at_the_end(server: EmbeddedPostgres | EmbeddedRedis) -> Iterator[None]:
    try:
        yield
    finally:
        server.stop()


@contextlib.contextmanager
def _supervisor(home: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    argv = [sys.executable, "-c", textwrap.dedent(SUPERVISOR), str(home), *options]
    with subprocess.Popen(argv, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as running:
        try:
            yield running
        finally:
            if running.poll() is None:
                running.kill()


def _lines_until(running: subprocess.Popen[str], last: str, seconds: int = 15) -> list[str]:
    """The lines up to `last`; fails when it does not come in time."""
    assert running.stdout is not None
    lines: list[str] = []

    def too_late(number: int, frame: object) -> None:
        raise TimeoutError(f"{last!r} did not come; came {lines}")

    before = signal.signal(signal.SIGALRM, too_late)
    signal.alarm(seconds)
    try:
        for line in running.stdout:
            lines.append(line.rstrip("\n"))
            if lines[-1] == last:
                return lines
        raise AssertionError(f"{last!r} did not come; came {lines}")
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@contextlib.contextmanager
def _orphans_stay_zombies() -> Iterator[None]:
    """Orphans become ours and we do not collect them, as in a container whose first process is no init."""
    set_child_subreaper = 36  # linux/prctl.h
    libc = ctypes.CDLL(None)
    assert libc.prctl(set_child_subreaper, 1, 0, 0, 0) == 0
    ours = {child.pid for child in psutil.Process().children()}
    try:
        yield
    finally:
        libc.prctl(set_child_subreaper, 0, 0, 0, 0)
        for child in psutil.Process().children():
            if child.pid not in ours and child.status() == psutil.STATUS_ZOMBIE:
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(child.pid, os.WNOHANG)
