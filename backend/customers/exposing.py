"""What of the community an account used is told by whoever sees it: a site that counts readers, a platform of courses."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from backend import journal
from backend.customers.models import AccountContact, CustomerAccount, CustomerExposure
from backend.customers.thresholds import FUTURE, LONGEST_ID
from backend.kit.clock import now
from backend.kit.errors import Invalid, NotFound
from backend.kit.texts import clean_line
from tenants.actor import Actor
from tenants.rights import Right

# Posted: it wrote; answered: somebody else answered it.
KINDS: Final = ("posted", "answered", "read", "course_completed", "event_attended")


async def record_exposure(
    actor: Actor,
    account_id: UUID,
    *,
    kind: str,
    at: datetime,
    external_id: str,
    contact_id: UUID | None = None,
    is_cancelling: bool = False,
) -> CustomerExposure:
    """Told again under the same `external_id` it is known already, and stays as it was told first. Raises NotAllowed,
    NotFound, Invalid."""
    actor.must_hold(Right.IMPORT)
    account = await CustomerAccount.get_or_none(id=account_id)
    if account is None:
        raise NotFound(path=("input", "accountId"))
    member_id = None
    if contact_id is not None:
        contact = await AccountContact.get_or_none(id=contact_id, account_id=account.id)
        if contact is None:
            raise NotFound(path=("input", "contactId"))
        member_id = contact.member_id
    if at > now() + FUTURE:
        raise Invalid("This has not happened yet.", path=("input", "at"))
    external_id = clean_line(external_id, field="externalId", longest=LONGEST_ID)
    told: dict[str, Any] = {"account_id": account.id, "kind": kind, "source": "told", "external_id": external_id}
    # Twice at once: the second waits for the first's commit, and finds it.
    await CustomerExposure.bulk_create(
        [
            CustomerExposure(
                **told, workspace_id=account.workspace_id, member_id=member_id, at=at, is_cancelling=is_cancelling
            )
        ],
        ignore_conflicts=True,
    )
    exposure = await CustomerExposure.get(**told, workspace_id=account.workspace_id)
    await journal.record(
        "customer.exposed",
        subject_kind="customeraccount",
        subject_id=account.id,
        workspace_id=account.workspace_id,
        kind=kind,
    )
    return exposure
