"""What a member who is no user of Tend finds behind the link they were given."""

import base64
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from backend.communities import Community, Member
from backend.kit.clock import now
from backend.kit.errors import NotFound
from backend.outside import sign
from backend.verification.models import (
    VerificationDesign,
    VerificationEvidence,
    VerificationProgramme,
    VerificationTask,
)
from backend.verification.settling import OPEN, design_of
from backend.verification.thresholds import EVIDENCE_PER_TASK
from tenants.actor import system
from tenants.doors import target_of
from tenants.models import Workspace
from tenants.scope import agency_scope, current

_BY_MEMBERS: Final = ("booking", "site_code", "receipt", "mail_domain", "link")


@dataclass(frozen=True, slots=True)
class Opened:
    """`kinds`: what the member may show now; `code`: what stands on their site; `is_mailed`: a code waits to be typed in."""

    language: str
    client: str
    community: str
    claim: str
    state: str
    open_until: datetime
    valid_until: datetime | None
    kinds: Sequence[str]
    hosts: Sequence[str]
    code: str
    is_mailed: bool
    evidence: Sequence[VerificationEvidence]


@dataclass(frozen=True, slots=True)
class Badge:
    """Without anybody's name: whose it is, the platform knows that shows it."""

    claim: str
    community: str
    is_verified: bool
    verified_at: datetime | None
    valid_until: datetime | None


@asynccontextmanager
async def opened_task(token: str, *, kind: Literal["verify", "badge"] = "verify", read_only: bool = False) -> AsyncIterator[VerificationTask]:  # fmt: skip
    """In a scope of the system in that client; locked unless `read_only`. Raises NotFound for a link that was made up, a
    member who was forgotten, a client that is closed. Call outside any scope."""
    found = await target_of(kind, token)
    if found is None:
        raise NotFound
    agency_id, task_id = found
    workspace_id = await _workspace_of(agency_id, task_id)
    async with agency_scope(system(agency_id, workspace_id=workspace_id), read_only=read_only):
        rows = VerificationTask.filter(id=task_id)
        task = await (rows if read_only else rows.select_for_update()).get_or_none()
        if task is None:
            raise NotFound
        member = await Member.get(id=task.member_id, workspace_id=task.workspace_id)
        if member.erased_at is not None:
            raise NotFound
        yield task


async def open_page(token: str) -> Opened | None:
    """None where it opens nothing. Call outside any scope."""
    try:
        async with opened_task(token, read_only=True) as task:
            return await _page(task)
    except NotFound:
        return None


async def open_badge(token: str) -> Badge | None:
    """None where it opens nothing. Call outside any scope."""
    try:
        async with opened_task(token, kind="badge", read_only=True) as task:
            design = await design_of(task)
            is_verified = is_valid(task)
            return Badge(
                claim=design.claim,
                community=(await _community(task)).name,
                is_verified=is_verified,
                verified_at=task.verified_at if is_verified else None,
                valid_until=task.valid_until if is_verified else None,
            )
    except NotFound:
        return None


def is_valid(task: VerificationTask) -> bool:
    """Also in the hour before somebody has noticed that it is too old."""
    return task.state == "verified" and (task.valid_until is None or task.valid_until > now())


def site_code(task_id: UUID) -> str:
    """What a site says that the member controls: theirs alone. Raises NoInstallationKey."""
    signature = sign(task_id.bytes, purpose="verification of a site")
    return f"tend-verify-{base64.b32encode(signature).decode().rstrip('=').lower()[-32:]}"


async def _workspace_of(agency_id: UUID, task_id: UUID) -> UUID:
    async with agency_scope(system(agency_id), read_only=True):
        row = await current().fetchrow(
            """select t.workspace_id from verification_tasks t
                 join workspaces w on w.agency_id = $1 and w.id = t.workspace_id and w.deletes_at is null
                where t.agency_id = $1 and t.id = $2""",
            agency_id,
            task_id,
        )
        if row is None:
            raise NotFound
        workspace_id: UUID = row["workspace_id"]
        return workspace_id


async def _page(task: VerificationTask) -> Opened:
    design, community = await design_of(task), await _community(task)
    evidence = await VerificationEvidence.filter(task_id=task.id, workspace_id=task.workspace_id).order_by(
        "created_at", "id"
    )
    workspace = await Workspace.get(id=task.workspace_id)
    return Opened(
        language=community.language,
        client=workspace.brand_name or workspace.name,
        community=community.name,
        claim=design.claim,
        state="expired" if task.state == "verified" and not is_valid(task) else task.state,
        open_until=task.open_until,
        valid_until=task.valid_until,
        kinds=_kinds(task, design, evidence),
        hosts=design.hosts,
        code=site_code(task.id),
        is_mailed=any(each.state == "asked" for each in evidence),
        evidence=evidence,
    )


def _kinds(
    task: VerificationTask, design: VerificationDesign, evidence: Sequence[VerificationEvidence]
) -> tuple[str, ...]:
    if task.state not in OPEN or task.open_until <= now() or len(evidence) >= EVIDENCE_PER_TASK:
        return ()
    has = {each.kind for each in evidence if each.state in ("accepted", "waiting", "checked")}
    return tuple(kind for kind in _BY_MEMBERS if kind in (*design.strong, *design.weak) and kind not in has)


async def _community(task: VerificationTask) -> Community:
    programme = await VerificationProgramme.get(id=task.programme_id, workspace_id=task.workspace_id)
    return await Community.get(id=programme.community_id, workspace_id=task.workspace_id)
