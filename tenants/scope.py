"""The scope: one connection, one transaction, one agency. The only way to an agency's rows."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from contextvars import Context, ContextVar, Token
from datetime import datetime
from time import perf_counter
from typing import Any, Final
from uuid import UUID
from weakref import WeakValueDictionary

import asyncpg
from tortoise import connections

from tenants import locks
from tenants.actor import Actor, Proof
from tenants.database import (
    ACQUIRE_TIMEOUT_SECONDS,
    CONNECTION,
    PLANS_OF_WRITES,
    NoScope,
    ScopedTransaction,
    client,
    pool,
    rows_touched,
)
from tenants.rights import Role

NO_LONGER_ADMITTED: Final = "TN001"  # what app.admit() raises

_AS_WRITER: Final = f"SELECT pg_advisory_xact_lock_shared({locks.WRITING}, hashtext('{{}}'))"

_turns: WeakValueDictionary[UUID, asyncio.Semaphore] = WeakValueDictionary()
_current: ContextVar["agency_scope | None"] = ContextVar("agency_scope", default=None)


class AnotherScopeIsOpen(RuntimeError):
    """A scope was opened inside the scope of somebody else: a bug, since the inner one would be the outer one."""


class NoLongerAdmitted(Exception):
    """What the actor was let in by has changed since: a revoked session, another role, a client taken away."""


class NotCommitted(RuntimeError):
    """PostgreSQL rolled back where a commit was asked for: an earlier statement failed and its error was swallowed."""


class agency_scope:  # noqa: N801 - a context manager, read as a verb: `async with agency_scope(actor):`
    """Everything inside runs as `actor`, in one transaction: committed at the end, rolled back by any exception.

    A scope of the same actor inside it joins it. Raises AnotherScopeIsOpen inside the scope of another actor,
    NoLongerAdmitted when the actor's proof does not hold any more, and TimeoutError when no connection came free within
    ACQUIRE_TIMEOUT_SECONDS. Safe against cancellation at any await:
    the context variables are reset before the first await of the exit, and a connection whose state is unknown is
    closed, not returned.
    """

    __slots__ = (
        "_actor",
        "_afterwards",
        "_connection",
        "_doomed",
        "_joined",
        "_read_only",
        "_scope_token",
        "_tortoise_token",
        "_turn",
        "_tx",
        "request_id",
    )

    _connection: Any
    _scope_token: "Token[agency_scope | None]"
    _tortoise_token: Any
    _turn: asyncio.Semaphore
    _tx: ScopedTransaction

    def __init__(self, actor: Actor, *, read_only: bool = False, request_id: str | None = None) -> None:
        self._actor = actor
        self.request_id = request_id  # of whatever asked for this: the journal keeps it
        self._read_only = read_only
        self._doomed = False
        self._afterwards: list[Callable[[], None]] = []
        self._joined: agency_scope | None = None

    @property
    def actor(self) -> Actor:
        return self._actor

    def afterwards(self, call: Callable[[], None]) -> None:
        """Done once the scope has committed, and never otherwise. It must not wait and must not fail."""
        self._afterwards.append(call)

    @property
    def is_doomed(self) -> bool:
        return self._doomed

    def doom(self) -> None:
        """Roll back at the end, although no exception leaves the scope: a refusal was answered as data."""
        self._doomed = True

    async def __aenter__(self) -> "agency_scope":
        outer = _current.get()
        if outer is not None:
            if outer._actor != self._actor:
                raise AnotherScopeIsOpen
            self._joined = outer
            return outer
        turn = await _turn_of(self._actor.agency_id)
        try:
            connection = await pool().acquire(timeout=ACQUIRE_TIMEOUT_SECONDS)
        except BaseException:
            turn.release()
            raise
        try:
            await connection.execute(_begin(self._actor, read_only=self._read_only))
        except asyncpg.PostgresError as problem:
            turn.release()
            await _give_back(connection)
            if problem.sqlstate == NO_LONGER_ADMITTED:
                raise NoLongerAdmitted from None
            raise
        except BaseException:
            turn.release()
            connection.terminate()
            await pool().release(connection)
            raise
        # No await from here to the end: a task cancelled now already owns a complete scope.
        self._connection = connection
        self._turn = turn
        self._tx = ScopedTransaction(client(), connection)
        self._tortoise_token = connections.set(CONNECTION, self._tx)
        self._scope_token = _current.set(self)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, _trace: object) -> None:
        if self._joined is not None:
            return
        _current.reset(self._scope_token)
        connections.reset(self._tortoise_token)
        try:
            await self._end(failed=kind is not None)
        finally:
            try:
                await pool().release(self._connection)
            finally:
                self._turn.release()

    async def _end(self, *, failed: bool) -> None:
        connection = self._connection
        if failed or self._doomed or self._read_only:
            try:
                await connection.execute("ROLLBACK")
            except (Exception, asyncio.CancelledError) as problem:
                connection.terminate()
                if isinstance(problem, asyncio.CancelledError) or not (failed or self._read_only):
                    raise
            return
        try:
            tag = await connection.execute("COMMIT")
        except BaseException:
            connection.terminate()
            raise
        if tag != "COMMIT":
            raise NotCommitted
        for call in self._afterwards:
            call()

    async def fetch(self, sql: str, *values: Any) -> Sequence[Any]:
        async with self._tx.acquire_connection() as connection:
            with _timed():
                rows: Sequence[Any] = await connection.fetch(sql, *values)
            return rows

    async def fetchrow(self, sql: str, *values: Any) -> Any:
        async with self._tx.acquire_connection() as connection:
            with _timed():
                return await connection.fetchrow(sql, *values)

    async def fetchval(self, sql: str, *values: Any) -> Any:
        async with self._tx.acquire_connection() as connection:
            with _timed():
                return await connection.fetchval(sql, *values)

    async def now(self) -> datetime:
        """When the transaction began, by the clock that admission goes by: what ends by it has ended for every later
        request, whatever the time is here."""
        moment: datetime = await self.fetchval("select now()")
        return moment

    async def execute(self, sql: str, *values: Any) -> str:
        """The command tag, such as `UPDATE 1`."""
        async with self._tx.acquire_connection() as connection:
            with _timed():
                tag: str = await connection.execute(sql, *values)
            return tag

    async def change(self, sql: str, *values: Any) -> int:
        """How many rows the statement inserted, changed or removed."""
        return rows_touched(await self.execute(sql, *values))

    async def executemany(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        async with self._tx.acquire_connection() as connection:
            await connection.executemany(sql, rows)

    async def lock(self, number: int, name: object, *, shared: bool = False) -> None:
        """One of tenants/locks.py, until the transaction ends; waits for whoever holds it. Those who share it wait only
        for one who does not."""
        form = "pg_advisory_xact_lock_shared" if shared else "pg_advisory_xact_lock"
        await self.execute(f"select {form}(hashtextextended($1, $2))", str(name), number)

    async def lock_if_free(self, number: int, name: object) -> bool:
        """As `lock`; False at once where somebody holds it."""
        is_free: bool = await self.fetchval(
            "select pg_try_advisory_xact_lock(hashtextextended($1, $2))", str(name), number
        )
        return is_free

    @asynccontextmanager
    async def past_restrictions(self) -> AsyncIterator[None]:
        """Inside, what escalations restrict is there as for Tend itself, and nothing else of the wall opens: for operations
        that take something in about it (one more complaint), or ask by themselves who may (backend/safety). What is
        answered afterwards is read as the actor."""
        if self._tx.is_held():
            yield
            return
        async with self._tx.hold():  # or what is asked beside it in the same query would see it too
            await self.execute("SET LOCAL app.reads = 'all'")
            try:
                yield
            finally:
                with suppress(
                    asyncpg.InFailedSQLTransactionError
                ):  # then the transaction is lost, or its savepoint undoes this
                    await self.execute(f"SET LOCAL app.reads = '{_reads(self._actor)}'; SET LOCAL app.restricts = ''")

    @asynccontextmanager
    async def planned(self, settings: Mapping[str, str]) -> AsyncIterator[None]:
        """Inside, statements are planned by these settings (constants of our own); what is asked beside them in the same query
        waits."""
        if not self._tx.is_held():
            async with self._tx.hold(), self.planned(settings):
                yield
            return
        named = ", ".join(f"current_setting('{name}') AS {name}" for name in settings)
        before = await self.fetchrow(f"SELECT {named}")
        await self.execute(_set_local(settings))
        try:
            yield
        finally:
            with suppress(asyncpg.InFailedSQLTransactionError):  # as above
                await self.execute(_set_local(dict(before)))

    @asynccontextmanager
    async def part(self) -> AsyncIterator[None]:
        """An exception undoes what was done inside, and the scope can go on."""
        promised = len(self._afterwards)
        await self.execute("SAVEPOINT part")
        try:
            yield
        except Exception:
            await self.execute("ROLLBACK TO SAVEPOINT part")
            del self._afterwards[promised:]
            raise
        await self.execute("RELEASE SAVEPOINT part")


class _timed:  # noqa: N801 - a context manager, and a generator would cost ten times as much
    __slots__ = ("_began",)

    def __enter__(self) -> None:
        self._began = perf_counter()

    def __exit__(self, *_: object) -> None:
        _observe(perf_counter() - self._began)


def _nobody_looks(_seconds: float) -> None:
    return None


_observe: Callable[[float], None] = _nobody_looks


def observe_with(observe: Callable[[float], None]) -> None:
    """Who is told how long each statement took, in this process; it must not wait."""
    global _observe  # noqa: PLW0603
    _observe = observe


async def _turn_of(agency_id: UUID) -> asyncio.Semaphore:
    """One of the scopes that an agency may have open at once in this process: a quarter of the connections is left for
    the others, so that nobody waits behind the thousand requests of somebody else. Raises TimeoutError."""
    turns = _turns.get(agency_id)
    if turns is None:
        most = pool().get_max_size()
        turns = _turns[agency_id] = asyncio.Semaphore(most - most // 4)
    if turns.locked():
        async with asyncio.timeout(ACQUIRE_TIMEOUT_SECONDS):
            await turns.acquire()
    else:
        await turns.acquire()
    return turns


async def beside(deed: Coroutine[Any, Any, None]) -> None:
    """Done while the caller's scope stays open, and out of its reach: in scopes of its own, which commit even where the
    caller's is rolled back."""
    await asyncio.create_task(deed, context=Context())


def current() -> agency_scope:
    """The open scope. Raises NoScope outside any."""
    scope = _current.get()
    if scope is None:
        raise NoScope
    return scope


def current_agency() -> UUID:
    return current().actor.agency_id


def _begin(actor: Actor, *, read_only: bool) -> str:
    """One round trip. SET takes no parameter and set_config() is not propagated on a Citus cluster, so values are
    written into the text: only the canonical form of UUID objects and constants of our own."""
    settings = f"SET LOCAL app.agency_id = '{_text(actor.agency_id)}'; "
    if actor.workspaces is None:
        settings += "SET LOCAL app.sees_all = 'on'; "
    else:
        settings += f"SET LOCAL app.workspaces = '{{{','.join(sorted(map(_text, actor.workspaces)))}}}'; "
        settings += "SET LOCAL app.of_agency = 'on'; " if actor.of_agency else ""
    settings += f"SET LOCAL app.reads = '{_reads(actor)}'; "
    begin = "BEGIN READ ONLY" if read_only else f"BEGIN; {PLANS_OF_WRITES}; {_AS_WRITER.format(_text(actor.agency_id))}"
    return f"{begin}; {settings}{'' if actor.proof is None else _ask_again(actor.proof)}"


def _set_local(settings: Mapping[str, str]) -> str:
    return "; ".join(f"SET LOCAL {name} = '{value}'" for name, value in settings.items())


def _reads(actor: Actor) -> str:
    """Who the wall takes them for at what an escalation restricts: Tend itself reads everything, a machine nothing."""
    if actor.role is Role.SYSTEM:
        return "all"
    return "" if actor.membership_id is None else _text(actor.membership_id)


def hold_off_writers(agency_id: UUID) -> str:
    """A statement that waits for every writer of the agency to end; others begin once the transaction is over. What an
    agency is taken back with (backend/backups): nothing may be written beside it."""
    return f"SELECT pg_advisory_xact_lock({locks.WRITING}, hashtext('{_text(agency_id)}'))"


def _ask_again(proof: Proof) -> str:
    """Raises in PostgreSQL unless the proof holds. Nothing here is text of a client: hashes, ids, our own words, and a
    short name of letters, digits and hyphens."""
    workspace = "null" if proof.workspace_id is None else f"'{_text(proof.workspace_id)}'"
    assert proof.workspace_slug is None or proof.workspace_slug.replace("-", "").isalnum()
    slug = "null" if proof.workspace_slug is None else f"'{proof.workspace_slug}'"
    kind, key, mark = proof.token_kind, proof.key_hash.hex(), proof.mark
    return f"SELECT app.admit('{kind}', '\\x{key}', {workspace}, {slug}, '{mark}')"


def _text(id: UUID) -> str:
    """Raises TypeError for anything but a UUID, whose text is always the canonical one."""
    if not isinstance(id, UUID):
        raise TypeError(id)
    return str(id)


async def _give_back(connection: Any) -> None:
    """A connection whose transaction failed at its very beginning."""
    try:
        await connection.execute("ROLLBACK")
    except BaseException:
        connection.terminate()
        raise
    finally:
        await pool().release(connection)
