"""What every resolver is given."""

from dataclasses import dataclass
from typing import Any, TypeAlias

import strawberry

from tenants.actor import Actor
from tenants.doors import Caller


@dataclass(slots=True)
class RequestContext:
    """`actor` is None where a person of several agencies named none."""

    caller: Caller | None
    actor: Actor | None
    request_id: str


Info: TypeAlias = strawberry.Info[RequestContext, Any]
