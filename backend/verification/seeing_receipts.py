from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from backend import journal
from backend.kit.clock import now
from backend.kit.errors import Conflict, NotAllowed, NotFound
from backend.outside import NoInstallationKey, file_of_member, open_from_browser, seal_for_browser, stored_files
from backend.verification.deciding import must_not_be_close
from backend.verification.models import VerificationEvidence, VerificationTask
from backend.verification.thresholds import RECEIPT_LINK_SECONDS
from tenants.actor import Actor
from tenants.entering import acting_for
from tenants.rights import Right
from tenants.scope import agency_scope

LINK: Final = "link to a receipt"


@dataclass(frozen=True, slots=True)
class Link:
    path: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Receipt:
    content_type: str
    data: bytes


async def link_to_receipt(actor: Actor, evidence_id: UUID) -> Link:
    """For whoever may decide about it, open for RECEIPT_LINK_SECONDS. Raises NotAllowed, NotFound, Conflict."""
    actor.must_hold(Right.WORK_QUEUE)
    evidence = await VerificationEvidence.get_or_none(id=evidence_id)
    task = None if evidence is None else await VerificationTask.get_or_none(id=evidence.task_id)
    if evidence is None or task is None:  # of a post that an escalation restricts, the task is not there either
        raise NotFound(path=("input", "evidenceId"))
    if evidence.content_type is None or evidence.purged_at is not None:
        raise Conflict("There is no file, or no longer.", path=("input", "evidenceId"))
    await must_not_be_close(actor, task)
    told = {"agency": actor.agency_id, "membership": actor.membership_id, "evidence": evidence.id}
    try:
        token = seal_for_browser(
            {name: str(value) for name, value in told.items()}, purpose=LINK, seconds=RECEIPT_LINK_SECONDS
        )
    except NoInstallationKey:
        raise Conflict("This installation has no key for secrets yet, and without one there are no links.") from None
    return Link(f"/receipts/{token}", now() + timedelta(seconds=RECEIPT_LINK_SECONDS))


async def open_receipt(token: str) -> Receipt | None:
    """What is behind a link, for whom it was made, if they may still see it; written down before anything leaves. None for
    everything else. Call outside any scope."""
    named = open_from_browser(token, purpose=LINK)
    if named is None:
        return None
    try:
        actor = await acting_for(UUID(named["agency"]), UUID(named["membership"]), None)
        async with agency_scope(replace(actor, by_job=False)) as scope:
            scope.actor.must_hold(Right.WORK_QUEUE)
            evidence = await VerificationEvidence.get_or_none(id=UUID(named["evidence"]), purged_at=None)
            if evidence is None or evidence.content_type is None:
                return None
            if not await VerificationTask.exists(id=evidence.task_id, workspace_id=evidence.workspace_id):
                return None
            path = file_of_member(actor.agency_id, evidence.workspace_id, evidence.member_id, evidence.id)
            data = await stored_files().get(path)
            if data is None:
                return None
            await journal.record_access("verification", evidence.task_id, workspace_id=evidence.workspace_id)
            return Receipt(evidence.content_type, data)
    except NotAllowed:
        return None
