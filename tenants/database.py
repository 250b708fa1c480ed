"""The connection to PostgreSQL: one pool, and no query outside a scope.

Stock Tortoise (1.1.9) hands a connection to any query and, when a task is cancelled in BEGIN, loses a pooled connection
for ever and leaves its context variable set (reference: tortoise/backends/base/client.py:362-385). So Tend opens
transactions only in `tenants.scope`, and this client refuses everything else.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any, NoReturn

import asyncpg
from asyncpg.pool import Pool
from tortoise import Tortoise, connections
from tortoise.backends.asyncpg.client import AsyncpgDBClient, TransactionWrapper
from tortoise.backends.base.client import ConnectionWrapper, NestedTransactionContext

from backend.kit import spans
from tenants.tracing import TracedConnection

CONNECTION = "default"
ACQUIRE_TIMEOUT_SECONDS = 5
STATEMENT_SECONDS = 15  # of a job; somebody who waits for an answer gets fewer
LOCK_SECONDS = 4  # less than any statement may take, so that a wait for somebody else is called that
# How reads are planned: once per text and connection, along indexes, row by row. They are projections, texts without
# values that ask for a page of keys, and the right plan of such a text does not depend on statistics. Left to choose,
# PostgreSQL plans many of them anew for every request (case detail: 1.6 ms of planning for 0.2 ms of work), and reads
# and sorts a whole history where the average one is short (decision 0008).
PLANS_OF_READS = {
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_bitmapscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "enable_material": "off",
}
_PLANNED_BY_VALUES = {name: "auto" if value == "force_generic_plan" else "on" for name, value in PLANS_OF_READS.items()}
PLANS_OF_WRITES = "; ".join(f"SET LOCAL {name} = {value}" for name, value in _PLANNED_BY_VALUES.items())
# What counts all rows of a client reads no page along an index: the plans of reads took minutes for a million posts. Hashes
# and sorts of so many rows had gone to the disk, several times each.
PLANS_OF_COUNTS = {**_PLANNED_BY_VALUES, "work_mem": "32MB"}


class NoScope(RuntimeError):
    """A query was sent outside any agency scope: a bug in Tend, never an empty answer."""

    def __init__(self) -> None:
        super().__init__("A query needs an agency scope: open one with tenants.scope.agency_scope(actor).")


class TooMuchPower(RuntimeError):
    """The role that should run Tend could switch row-level security off."""


class ScopedClient(AsyncpgDBClient):
    """Tortoise's client without any way to the database but a scope."""

    async def create_connection(self, with_db: bool) -> None:  # noqa: ARG002 - Tortoise's signature
        self._pool = await asyncpg.create_pool(
            dsn=self.extra["dsn"],
            connection_class=TracedConnection if spans.are_made() else asyncpg.Connection,
            min_size=self.pool_minsize,
            max_size=self.pool_maxsize,
            # A prepared statement holds about 200 kB per connection, and asyncpg does not cache texts over 15 kB by
            # itself: projections are longer than that and worth keeping (99 against 259 microseconds each).
            statement_cache_size=256,
            max_cacheable_statement_size=64 * 1024,
            # A scope leaves nothing behind (SET LOCAL only), so RESET ALL would be a round trip for nothing; a
            # transaction left open by a cancelled task is still rolled back by asyncpg before this is called.
            reset=_nothing_to_reset,
            server_settings={
                "search_path": "app",
                "TimeZone": "UTC",
                "application_name": "tend",
                "statement_timeout": f"{self.extra['statement_seconds']}s",
                "lock_timeout": f"{LOCK_SECONDS}s",
                "idle_in_transaction_session_timeout": "30000",
                "jit": "off",
                **PLANS_OF_READS,
            },
        )

    def acquire_connection(self) -> NoReturn:
        raise NoScope

    def _in_transaction(self) -> NoReturn:
        raise NoScope


class ScopedTransaction(TransactionWrapper):
    """What Tortoise talks to inside a scope: one connection, its transaction already open."""

    def __init__(self, client: AsyncpgDBClient, connection: Any) -> None:
        super().__init__(client)
        self._connection = connection

    def acquire_connection(self) -> Any:
        held = _held.get()
        return ConnectionWrapper(held[1] if held is not None and held[0] is self else self._lock, self)

    def is_held(self) -> bool:
        """Whether the caller is inside `hold`."""
        held = _held.get()
        return held is not None and held[0] is self

    @asynccontextmanager
    async def hold(self) -> AsyncIterator[None]:
        """Inside, statements of the caller alone: the other fields of a query, which are answered in the same transaction,
        wait until the end."""
        async with self._lock:
            token = _held.set((self, asyncio.Lock()))
            try:
                yield
            finally:
                _held.reset(token)

    def _in_transaction(self) -> Any:
        return _Join(self)


_held: ContextVar[tuple[ScopedTransaction, asyncio.Lock] | None] = ContextVar("held", default=None)


class _Join(NestedTransactionContext):
    """Tortoise's own nested transactions (bulk_create) join the scope's: asyncpg refuses a savepoint here anyway."""

    async def __aenter__(self) -> Any:
        return self.client

    async def __aexit__(self, *_: object) -> None:
        return None


_connected: ScopedClient | None = None
client_class = ScopedClient  # found by Tortoise through the name of this module


async def _nothing_to_reset(_connection: object) -> None:
    return None


async def connect(
    database_url: str, *, models: Sequence[str], pool_size: int = 10, statement_seconds: int = STATEMENT_SECONDS
) -> None:
    """Open the pool and make the models usable. `models` are module paths; a statement may run `statement_seconds`.

    Raises TooMuchPower when the role is a superuser, bypasses row-level security or owns a table; OSError or an
    asyncpg error when the server cannot be reached.
    """
    await Tortoise.init(
        config={
            "connections": {
                CONNECTION: {
                    "engine": "tenants.database",
                    "credentials": {
                        "dsn": database_url,
                        "minsize": 1,
                        "maxsize": pool_size,
                        "statement_seconds": statement_seconds,
                    },
                }
            },
            "apps": {"tend": {"models": list(models), "default_connection": CONNECTION}},
            "use_tz": True,
            "timezone": "UTC",
        },
        # Lifespan and requests run in different tasks.
        _enable_global_fallback=True,
    )
    found = connections.get(CONNECTION)
    assert isinstance(found, ScopedClient)
    await found.create_connection(with_db=True)
    # Kept here: asking Tortoise for it costs 15 µs, four times a request.
    global _connected  # noqa: PLW0603
    _connected = found
    try:
        await refuse_power()
    except BaseException:
        await disconnect()
        raise


async def disconnect() -> None:
    global _connected  # noqa: PLW0603
    _connected = None
    await Tortoise.close_connections()
    await Tortoise._reset_apps()


def client() -> ScopedClient:
    if _connected is None:
        raise RuntimeError("Not connected: call tenants.database.connect first.")
    return _connected


def pool() -> Pool:
    found = client()._pool
    assert found is not None
    return found


@asynccontextmanager
async def unscoped() -> Any:
    """A bare connection for the doors and for start-up checks: row-level security shows it no row of any agency."""
    connection = await pool().acquire(timeout=ACQUIRE_TIMEOUT_SECONDS)
    try:
        yield connection
    finally:
        await pool().release(connection)


async def refuse_power() -> None:
    """Raises TooMuchPower unless the role can do no more than run Tend."""
    async with unscoped() as connection:
        await refuse_power_of(connection)


async def refuse_power_of(connection: Any) -> None:
    """Raises TooMuchPower unless the connection's role can do no more than run Tend."""
    row = await connection.fetchrow(
        """select current_user as name, rolsuper, rolbypassrls,
                      exists (select from pg_class c where c.relowner = r.oid
                               and c.relnamespace = to_regnamespace('app')) as owns,
                      (select string_agg(o.rolname, ', ') from pg_roles o
                        where o.oid <> r.oid and pg_has_role(r.oid, o.oid, 'member')
                          and (o.rolsuper or o.rolbypassrls or exists (
                               select from pg_class c where c.relowner = o.oid
                                  and c.relnamespace = to_regnamespace('app')))) as may_become
                 from pg_roles r where rolname = current_user"""
    )
    for holds, what in (
        (row["rolsuper"], "is a superuser"),
        (row["rolbypassrls"], "bypasses row-level security"),
        (row["owns"], "owns Tend's tables"),
        (row["may_become"], f"may become {row['may_become']}"),
    ):
        if holds:
            raise TooMuchPower(
                f"Tend will not start: the database role {row['name']} {what}, "
                "so it could read every agency's rows. Use the role tend_app."
            )


def rows_touched(tag: str) -> int:
    """How many rows the statement of this command tag inserted, changed or removed."""
    return int(tag.rsplit(" ", maxsplit=1)[1])


def is_busy(problem: BaseException | None) -> bool:
    """Whether somebody else held a lock for too long, or the other way round: worth trying again at once."""
    return isinstance(problem, asyncpg.LockNotAvailableError | asyncpg.DeadlockDetectedError)


def is_too_slow(problem: BaseException | None) -> bool:
    """Whether the database ended a statement that ran for too long."""
    return isinstance(problem, asyncpg.QueryCanceledError)


def is_outage(problem: BaseException | None) -> bool:
    """Whether the database could not be reached or could not write: nobody's bug, and worth trying again."""
    return isinstance(
        problem,
        OSError
        | TimeoutError
        | asyncpg.PostgresConnectionError
        | asyncpg.InsufficientResourcesError
        | asyncpg.OperatorInterventionError
        | asyncpg.ReadOnlySQLTransactionError
        | asyncpg.InterfaceError
        # "cannot switch to state 12": what asyncpg says when a server dies between two of its messages.
        | asyncpg.InternalClientError,
    )
