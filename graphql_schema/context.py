"""What every resolver is given."""

from dataclasses import dataclass
from typing import Any, TypeAlias

import strawberry

from tenants.actor import Actor
from tenants.doors import Caller
from tenants.entering import OwnMembership, confirm, own_memberships


@dataclass(slots=True)
class RequestContext:
    """`actor` is None where a person of several agencies named none."""

    caller: Caller | None
    actor: Actor | None
    request_id: str
    memberships: list[OwnMembership] | None = None
    only_reads: bool = False  # it may be stopped at any moment: nobody waits for what it changes

    async def before_scope(self, root_fields: set[str]) -> None:
        """Asked once per operation, before its transaction takes a connection: what `viewer` needs spans agencies, and
        a request that waits for a second connection while it holds one can starve the pool.

        Raises NoLongerAdmitted.
        """
        if "viewer" in root_fields and self.memberships is None and self.caller is not None and self.caller.person_id:
            if self.actor is not None:
                await confirm(self.actor)
            self.memberships = await own_memberships(self.caller)


Info: TypeAlias = strawberry.Info[RequestContext, Any]
