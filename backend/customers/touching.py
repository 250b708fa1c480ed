"""Who looks after an account, and when somebody was in touch with it one to one."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from backend import journal
from backend.customers.models import AccountTouch, CustomerAccount
from backend.customers.thresholds import FUTURE, LONGEST_ID
from backend.kit.clock import now
from backend.kit.errors import Invalid, NotFound
from backend.kit.texts import clean_line
from tenants.actor import Actor
from tenants.models import Membership
from tenants.rights import CLIENT_ROLES, Right, Role

TOUCHES: Final = ("call", "meeting", "message", "visit")


async def assign_manager(actor: Actor, account_id: UUID, *, membership_id: UUID | None) -> CustomerAccount:
    """None: nobody looks after it. Raises NotAllowed, NotFound."""
    actor.must_hold(Right.IMPORT)
    account = await CustomerAccount.filter(id=account_id).select_for_update().get_or_none()
    if account is None:
        raise NotFound(path=("input", "accountId"))
    if membership_id is not None:
        colleague = await Membership.get_or_none(id=membership_id)
        if colleague is None or Role(colleague.role) in CLIENT_ROLES:
            raise NotFound(path=("input", "staffId"))
    await CustomerAccount.filter(id=account.id, workspace_id=account.workspace_id).update(manager_id=membership_id)
    await journal.record(
        "customer.manager_assigned",
        subject_kind="customeraccount",
        subject_id=account.id,
        workspace_id=account.workspace_id,
        to=None if membership_id is None else f"staff_{membership_id}",
    )
    return account


async def record_touch(actor: Actor, account_id: UUID, *, kind: str, at: datetime, external_id: str) -> AccountTouch:
    """Told again under the same `external_id` it is known already, and stays as it was told first. Raises NotAllowed,
    NotFound, Invalid."""
    actor.must_hold(Right.IMPORT)
    account = await CustomerAccount.get_or_none(id=account_id)
    if account is None:
        raise NotFound(path=("input", "accountId"))
    if at > now() + FUTURE:
        raise Invalid("This has not happened yet.", path=("input", "at"))
    external_id = clean_line(external_id, field="externalId", longest=LONGEST_ID)
    told: dict[str, Any] = {"account_id": account.id, "kind": kind, "external_id": external_id}
    await AccountTouch.bulk_create(
        [AccountTouch(**told, workspace_id=account.workspace_id, at=at)], ignore_conflicts=True
    )
    await journal.record(
        "customer.touched",
        subject_kind="customeraccount",
        subject_id=account.id,
        workspace_id=account.workspace_id,
        kind=kind,
    )
    return await AccountTouch.get(**told, workspace_id=account.workspace_id)
