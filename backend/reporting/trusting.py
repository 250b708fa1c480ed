"""Trusted flaggers (Article 22 of the DSA): who they are, for what, and how their status went."""

from datetime import datetime
from typing import Final
from uuid import UUID

from tortoise.exceptions import IntegrityError

from backend import journal
from backend.kit.clock import now
from backend.kit.errors import Conflict, Invalid, NotFound
from backend.kit.texts import clean, clean_line
from backend.people import address
from backend.reporting.areas import AREAS
from backend.reporting.models import TrustedFlagger, TrustedFlaggerState
from backend.reporting.thresholds import LONGEST_TEXT
from backend.statements import EEA
from tenants.actor import Actor
from tenants.finding import find_workspace
from tenants.models import ApiClient
from tenants.rights import Right
from tenants.scope import current

STATES: Final = ("active", "suspended", "revoked")


async def name_trusted_flagger(
    actor: Actor,
    workspace_id: UUID,
    *,
    entity: str,
    coordinator: str,
    country: str,
    areas: list[str],
    email: str | None = None,
    api_client_id: UUID | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> UUID:
    """From now on, or from `since`, their notices come first in their areas. Raises NotAllowed, NotFound, Invalid, and
    Conflict where the key is another flagger's."""
    actor.must_hold(Right.LEAD_QUEUE)
    await find_workspace(workspace_id)
    if country not in EEA:
        raise Invalid("Countries are written as AT, GR, SE.", path=("input", "country"))
    if not areas or not set(areas) <= set(AREAS):
        raise Invalid("Areas are groups of the taxonomy, such as CS or HA.", path=("input", "areas"))
    since = since or now()
    if until is not None and until <= since:
        raise Invalid("It ends after it begins.", path=("input", "until"))
    if api_client_id is not None and not await ApiClient.exists(id=api_client_id, workspace_id=workspace_id):
        raise NotFound(path=("input", "apiClientId"))
    try:
        async with current().part():
            flagger = await TrustedFlagger.create(
                workspace_id=workspace_id,
                entity=clean_line(entity, field="entity", longest=300),
                coordinator=clean_line(coordinator, field="coordinator", longest=300),
                country=country,
                areas=sorted(set(areas)),
                email=address(email) if email else None,
                api_client_id=api_client_id,
                since_at=since,
                until=until,
            )
    except IntegrityError:
        raise Conflict("This key is another flagger's.", path=("input", "apiClientId")) from None
    await _note(actor, flagger, "active", "")
    return flagger.id


async def set_trusted_flagger_state(
    actor: Actor, flagger_id: UUID, *, state: str, reason: str, expected_version: int
) -> UUID:
    """The coordinator suspended, revoked or gave back the status. Raises NotAllowed, NotFound, Invalid, Conflict."""
    actor.must_hold(Right.LEAD_QUEUE)
    reason = clean(reason, field="reason", longest=LONGEST_TEXT)
    flagger = await TrustedFlagger.filter(id=flagger_id).select_for_update().get_or_none()
    if flagger is None:
        raise NotFound(path=("input", "trustedFlaggerId"))
    if flagger.version != expected_version:
        raise Conflict("Somebody has changed this since you read it.", path=("input", "expectedVersion"))
    if flagger.state in (state, "revoked"):
        raise Conflict("This is their status already, or it is gone for good.", path=("input", "state"))
    await TrustedFlagger.filter(id=flagger.id, workspace_id=flagger.workspace_id).update(
        state=state,
        version=flagger.version + 1,
        until=now() if state == "revoked" and flagger.since_at < now() else flagger.until,
    )
    await _note(actor, flagger, state, reason)
    return flagger.id


async def _note(actor: Actor, flagger: TrustedFlagger, state: str, reason: str) -> None:
    await TrustedFlaggerState.create(
        workspace_id=flagger.workspace_id,
        trusted_flagger_id=flagger.id,
        state=state,
        reason=reason,
        membership_id=actor.membership_id,
    )
    await journal.record(
        f"trusted_flagger.{state}",
        subject_kind="trustedflagger",
        subject_id=flagger.id,
        workspace_id=flagger.workspace_id,
        entity=flagger.entity,
    )
