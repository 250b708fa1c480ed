"""What every resolver is given."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias
from uuid import UUID

import orjson
import strawberry

from backend.idempotency import IdempotencyConflict, IdempotencyKeyReused, Kept
from backend.outbox import Event
from graphql_schema.projection.serving import EndsRequest
from tenants.actor import Actor
from tenants.admitting import confirm
from tenants.belonging import OwnMembership, own_memberships
from tenants.doors import Caller
from tenants.sessions import OwnSession, sessions_of


class Refused(EndsRequest):
    """The whole request is refused. `code` is one of ErrorCode."""

    def __init__(
        self,
        code: str,
        message: str,
        *,
        headers: Mapping[str, str] | None = None,
        facts: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.code, self.message, self.headers, self.facts = code, message, dict(headers or {}), dict(facts or {})

    @property
    def extensions(self) -> dict[str, Any]:
        wait = self.headers.get("Retry-After")
        found = {"code": self.code, **self.facts}
        return found if wait is None else {**found, "retryAfter": int(wait)}


class Hear(Protocol):
    """Events of one agency from now on, as they are committed anywhere; None when some may have been missed."""

    def __call__(
        self, agency_id: UUID, wanted: Callable[[Event], bool]
    ) -> AsyncGenerator[tuple[Event, ...] | None, None]: ...


async def _free_of_charge(_cost: int) -> None:
    return None


@dataclass(slots=True)
class RequestContext:
    """`actor` is None where a person of several agencies named none."""

    caller: Caller | None
    actor: Actor | None
    request_id: str
    workspace: str | None = None  # as the request names it
    pay: Callable[[int], Awaitable[None]] = _free_of_charge
    kept: Kept | None = None
    hear: Hear | None = None
    memberships: list[OwnMembership] | None = None
    sessions: list[OwnSession] | None = None
    only_reads: bool = False  # it may be stopped at any moment: nobody waits for what it changes
    cost: int | None = field(default=None, init=False)

    async def before_running(self, cost: int) -> None:
        """Asked once per operation, as soon as its cost is known. Raises Refused."""
        self.cost = cost
        await self.pay(cost)

    async def before_scope(self, root_fields: set[str]) -> None:
        """Asked once per operation, before its transaction takes a connection: what `viewer` needs spans agencies, and
        a request that waits for a second connection while it holds one can starve the pool.

        Raises NoLongerAdmitted.
        """
        if "viewer" in root_fields and self.memberships is None and self.caller is not None and self.caller.person_id:
            if self.actor is not None:
                await confirm(self.actor)
            self.memberships = await own_memberships(self.caller)
            self.sessions = await sessions_of(self.caller.person_id, agency_id=self.caller.bound_to)

    async def confirm_caller(self) -> None:
        """Before a deed that is about the caller alone and opens no scope. Raises NoLongerAdmitted."""
        if self.actor is not None:
            await confirm(self.actor)

    async def kept_answer(self, field_key: str) -> bytes | None:
        """What this mutation has answered before. Call in its scope. Raises Refused."""
        if self.kept is None:
            return None
        try:
            return await self.kept.kept(field_key)
        except (IdempotencyConflict, IdempotencyKeyReused) as refusal:
            raise Refused(refusal.code, refusal.message) from None

    async def keep_answer(self, field_key: str, answer: Any) -> None:
        """Call in the mutation's scope, so that the answer is kept when, and only when, the deed is."""
        if self.kept is not None:
            await self.kept.keep(field_key, orjson.dumps(answer))


Info: TypeAlias = strawberry.Info[RequestContext, Any]
