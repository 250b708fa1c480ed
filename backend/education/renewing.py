"""Certificates that go on: a new one that says which it renews. What was renewed counts until its own end."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from backend import journal
from backend.education.course_models import Course, MemberCertificate
from backend.education.models import Certificate
from backend.education.thresholds import LONGEST_DAYS, WARNED_DAYS
from backend.kit.clock import now
from backend.kit.errors import Conflict, Invalid, NotFound
from backend.kit.texts import clean
from tenants.actor import Actor
from tenants.rights import Right

# SQL about a row of either table; `{table}` is its own. By the clock: no job has to have run.
STATE: Final = (
    "case when {{row}}.revoked_at is not null then 'revoked' "
    "when exists (select from {table} n where n.agency_id = {{agency}} and n.renews_id = {{row}}.id and n.revoked_at is null) "
    "then 'renewed' when {{row}}.valid_until <= now() then 'expired' "
    f"when {{{{row}}}}.valid_until <= now() + interval '{max(WARNED_DAYS)} days' then 'expiring' else 'issued' end"
)


async def renew_certificate(actor: Actor, certificate_id: UUID, *, valid_until: datetime, proof: str) -> Certificate:
    """A colleague's, from now on. Raises NotAllowed, NotFound, Invalid, and Conflict for one that was revoked or renewed."""
    actor.must_hold(Right.MANAGE_PEOPLE)
    proof = clean(proof, field="proof", longest=2_000)
    before = await Certificate.filter(id=certificate_id).select_for_update().first()
    if before is None:
        raise NotFound(path=("input", "certificateId"))
    _must_go_on(before.revoked_at, await Certificate.exists(renews_id=before.id, revoked_at=None))
    moment = now()
    if not max(moment, before.valid_until) < valid_until <= moment + timedelta(days=LONGEST_DAYS):
        raise Invalid("It ends later than the one before, within ten years.", path=("input", "validUntil"))
    renewed = await Certificate.create(
        membership_id=before.membership_id,
        kind=before.kind,
        valid_from=moment,
        valid_until=valid_until,
        proof=proof,
        recorded_by_id=actor.membership_id,
        renews_id=before.id,
    )
    await journal.record(
        "certificate.renewed",
        subject_kind="certificate",
        subject_id=renewed.id,
        workspace_id=None,
        of=f"staff_{before.membership_id}",
        kind=before.kind,
        renews=f"certificate_{before.id}",
    )
    return renewed


async def renew_member_certificate(actor: Actor, certificate_id: UUID) -> MemberCertificate:
    """For as long again as its course gives. Raises NotAllowed, NotFound, and Conflict for one that was revoked or renewed."""
    actor.must_hold(Right.PUBLISH_CONTENT)
    before = await MemberCertificate.filter(id=certificate_id).select_for_update().first()
    if before is None:
        raise NotFound(path=("input", "memberCertificateId"))
    _must_go_on(
        before.revoked_at,
        await MemberCertificate.exists(renews_id=before.id, workspace_id=before.workspace_id, revoked_at=None),
    )
    course = await Course.get(id=before.course_id, workspace_id=before.workspace_id)
    moment = now()
    renewed = await MemberCertificate.create(
        workspace_id=before.workspace_id,
        member_id=before.member_id,
        course_id=before.course_id,
        kind=before.kind,
        valid_from=moment,
        valid_until=max(moment, before.valid_until) + timedelta(days=course.certificate_days),
        is_name_shown=before.is_name_shown,
        renews_id=before.id,
    )
    await journal.record(
        "certificate.renewed",
        subject_kind="membercertificate",
        subject_id=renewed.id,
        workspace_id=before.workspace_id,
        kind=before.kind,
        renews=f"membercertificate_{before.id}",
    )
    return renewed


async def renewed_by(model: type[Certificate] | type[MemberCertificate], **whose: object) -> UUID | None:
    """What a certificate that is about to be issued renews: the last of the same kind that nothing has renewed; None for the
    first. `whose`: columns of the row to be."""
    moved_on = list(await model.filter(revoked_at=None, renews_id__isnull=False).filter(**whose).values_list("renews_id", flat=True))  # fmt: skip
    last = await model.filter(revoked_at=None).filter(**whose).exclude(id__in=moved_on).order_by("-valid_until", "-id").first()  # fmt: skip
    return None if last is None else last.id


def _must_go_on(revoked_at: datetime | None, is_renewed: bool) -> None:
    if revoked_at is not None:
        raise Conflict("This certificate was revoked: it has to be earned again.")
    if is_renewed:
        raise Conflict("This certificate was renewed already.")
