"""One's own sessions: seen through `viewer`, ended here."""

from typing import Final

import strawberry

from backend.kit.errors import Invalid, NotAllowed
from graphql_schema.answering import UserError, own_verb, user_errors, uuid_of
from graphql_schema.context import Info
from graphql_schema.describing import Input
from tenants.sessions import revoke_own

MOST_AT_ONCE: Final = 100


@strawberry.input(description="Sessions of yours, all of which are ended.")
class RevokeSessionsInput:
    session_ids: list[strawberry.ID] = strawberry.field(
        description="As in `viewer.sessions`, the one you ask with included; 100 at most."
    )


@strawberry.type(description="The sessions that open nothing any more.")
class RevokeSessionsPayload:
    session_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="As they were given; null when refused, and then none was ended."
    )
    user_errors: list[UserError] = user_errors()


@strawberry.type
class OwnSessions:
    @own_verb(
        RevokeSessionsPayload,
        "End sessions of yours: from the next request on they open nothing, and open sockets close within seconds.",
    )
    async def revoke_sessions(self, info: Info, input: Input[RevokeSessionsInput]) -> RevokeSessionsPayload:
        caller = info.context.caller
        if caller is None or caller.person_id is None:
            raise NotAllowed("A machine has no sessions.")
        if len(input.session_ids) > MOST_AT_ONCE:
            raise Invalid(f"At most {MOST_AT_ONCE} at once.", path=("input", "sessionIds"))
        ids = [uuid_of("session", id, field="sessionIds") for id in input.session_ids]
        await revoke_own(caller.person_id, ids, agency_id=caller.bound_to)
        return RevokeSessionsPayload(session_ids=input.session_ids)
