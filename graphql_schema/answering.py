"""How a mutation answers: with the thing by its name, or with the reasons why not."""

from collections.abc import Awaitable, Callable
from enum import Enum
from functools import wraps
from typing import Any
from uuid import UUID

import strawberry
from strawberry.utils.str_converters import to_camel_case

from backend.kit.errors import NotFound, Refusal
from backend.kit.ids import parse_published
from graphql_schema.describing import value
from graphql_schema.permissions import who_may
from graphql_schema.projection.declaring import NEEDS
from graphql_schema.projection.serving import actor_of
from tenants.rights import Right
from tenants.scope import current


@strawberry.enum(description="Every reason a mutation may give for refusing.")
class UserErrorCode(Enum):
    NOT_FOUND = value("NOT_FOUND", "Not there, or not yours: the two are never told apart.")
    NOT_ALLOWED = value("NOT_ALLOWED", "Your role, or that of your API key, may not do this.")
    INVALID = value("INVALID", "The input cannot be accepted, whoever sends it.")
    CONFLICT = value("CONFLICT", "Somebody was faster or has the name already, or a limit is reached: read again.")
    SLUG_TAKEN = value("SLUG_TAKEN", "Another one has this short name.")
    CLAIM_LOST = value("CLAIM_LOST", "The case is no longer yours: the claim ended, or the token is of another one.")
    ALREADY_MEMBER = value("ALREADY_MEMBER", "Somebody with this address belongs to the agency, or is invited.")
    LAST_OWNER = value("LAST_OWNER", "Nobody else could do everything: make somebody else an owner first.")
    PROVIDER_UNPROVEN = value(
        "PROVIDER_UNPROVEN", "Nobody can require a provider of everybody before they have signed in with it."
    )
    ON_HOLD = value("ON_HOLD", "A legal hold is on it: nothing may be erased until the hold is lifted.")
    RULE_UNPROVEN = value(
        "RULE_UNPROVEN", "Too little of what the rule finds was decided, or too much of that was no violation."
    )
    CASE_ALREADY_CLOSED = value("CASE_ALREADY_CLOSED", "Somebody has decided the case.")


@strawberry.type(description="Why Tend did not do it. Nothing was changed.")
class UserError:
    code: UserErrorCode = strawberry.field(description="Stable; decide by this.")
    message: str = strawberry.field(description="For the person reading, in English; may be worded anew.")
    path: list[str] | None = strawberry.field(
        description="The field of the input, from the argument down; null where no single one is to blame."
    )


def user_errors() -> Any:
    return strawberry.field(default_factory=list, description="Empty when it was done.")


def verb(
    payload: type[Any], description: str, *, needs: Right, or_on_oneself: bool = False
) -> Callable[[Callable[..., Awaitable[Any]]], Any]:
    """A mutation: one call into a domain operation. A refusal becomes data and rolls the transaction back, its jobs with
    it; anything else is a bug and crashes.

    Without the right `needs` the operation is not even called; it asks again, since others call it as well.
    `or_on_oneself`: it alone can tell, since nobody needs a right for what concerns themselves.
    """

    def decorate(resolver: Callable[..., Awaitable[Any]]) -> Any:
        @wraps(resolver)
        async def answer(*args: Any, info: Any, **kwargs: Any) -> Any:
            try:
                if not or_on_oneself:
                    actor_of(info.context).must_hold(needs)
                return await resolver(*args, info=info, **kwargs)
            except Refusal as refusal:
                current().doom()
                return payload(user_errors=[_as_data(refusal)])

        return strawberry.mutation(answer, description=f"{description} {who_may(needs)}", metadata={NEEDS: needs})

    return decorate


def own_verb(payload: type[Any], description: str) -> Callable[[Callable[..., Awaitable[Any]]], Any]:
    """A mutation about what is the caller's own, whichever agency they work for: it needs no right and has no scope."""

    def decorate(resolver: Callable[..., Awaitable[Any]]) -> Any:
        @wraps(resolver)
        async def answer(*args: Any, **kwargs: Any) -> Any:
            try:
                return await resolver(*args, **kwargs)
            except Refusal as refusal:
                return payload(user_errors=[_as_data(refusal)])

        return strawberry.mutation(answer, description=f"{description} Needs no scope.", metadata={NEEDS: None})

    return decorate


def _as_data(refusal: Refusal) -> UserError:
    return UserError(
        code=UserErrorCode(refusal.code),
        message=refusal.message,
        path=[to_camel_case(part) for part in refusal.path] or None,
    )


def uuid_of(kind: str, text: str, *, field: str) -> UUID:
    """Raises NotFound for an id of another kind or shape: the same answer as for one that nobody has."""
    parsed = parse_published(text)
    if parsed is None or parsed[0] != kind:
        raise NotFound(path=("input", field))
    return parsed[1]


def optional_uuid_of(kind: str, text: str | None, *, field: str) -> UUID | None:
    return uuid_of(kind, text, field=field) if text else None
