"""Certificates that courses give, and the page on which anybody can see that one is real."""

import base64
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from backend import journal
from backend.communities import Member
from backend.education.course_models import Course, Enrolment, MemberCertificate
from backend.education.models import Certificate
from backend.education.renewing import renewed_by
from backend.kit.clock import now
from backend.kit.errors import Conflict, Invalid, NotFound
from backend.outside import public_address, sign
from tenants.actor import Actor, system
from tenants.doors import target_of
from tenants.models import Agency, Membership
from tenants.rights import Right
from tenants.scope import agency_scope, current
from tenants.tokens import hash_of

DOOR: Final = "certificate"


@dataclass(frozen=True, slots=True)
class PublicCertificate:
    """`name` is None unless whoever holds it allowed it; `course` where a course gave it to a member. `url` is its page."""

    url: str
    agency_id: UUID
    agency: str
    kind: str
    course: str | None
    name: str | None
    valid_from: datetime
    valid_until: datetime
    revoked_at: datetime | None

    @property
    def state(self) -> str:
        if self.revoked_at is not None:
            return "revoked"
        return "valid" if self.valid_from <= now() < self.valid_until else "expired"


async def issue_certificate(enrolment: Enrolment) -> None:
    """For what was just completed, where its course gives one. The one before of the same kind is renewed by it."""
    course = await Course.get(id=enrolment.course_id, workspace_id=enrolment.workspace_id)
    if course.certificate_kind is None:
        return
    moment = now()
    given: dict[str, Any] = {
        "kind": course.certificate_kind,
        "valid_from": moment,
        "valid_until": moment + timedelta(days=course.certificate_days),
    }
    if enrolment.member_id is not None:
        whose: dict[str, Any] = {"workspace_id": course.workspace_id, "member_id": enrolment.member_id}
        before = await renewed_by(MemberCertificate, kind=course.certificate_kind, **whose)
        issued = await MemberCertificate.create(course_id=course.id, renews_id=before, **whose, **given)
        subject_kind, issued_id = "membercertificate", issued.id
    else:
        certificate = await Certificate.create(
            membership_id=enrolment.membership_id,
            proof=f"Completed the course {course.slug}.",
            renews_id=await renewed_by(
                Certificate, kind=course.certificate_kind, membership_id=enrolment.membership_id
            ),
            **given,
        )
        subject_kind, issued_id = "certificate", certificate.id
    await journal.record(
        "certificate.issued",
        subject_kind=subject_kind,
        subject_id=issued_id,
        workspace_id=course.workspace_id,
        kind=course.certificate_kind,
    )


async def revoke_member_certificate(actor: Actor, certificate_id: UUID) -> None:
    """Raises NotAllowed, NotFound, Conflict."""
    actor.must_hold(Right.PUBLISH_CONTENT)
    certificate = await MemberCertificate.filter(id=certificate_id).select_for_update().first()
    if certificate is None:
        raise NotFound(path=("input", "memberCertificateId"))
    if certificate.revoked_at is not None:
        raise Conflict("This certificate was revoked before.", path=("input", "memberCertificateId"))
    await MemberCertificate.filter(id=certificate.id, workspace_id=certificate.workspace_id).update(revoked_at=now())
    await journal.record(
        "certificate.revoked",
        subject_kind="membercertificate",
        subject_id=certificate.id,
        workspace_id=certificate.workspace_id,
        kind=certificate.kind,
    )


async def share_certificate(
    actor: Actor,
    *,
    certificate_id: UUID | None = None,
    member_certificate_id: UUID | None = None,
    shows_name: bool,
) -> str:
    """The address of its page: one's own, or a member's on their behalf; the same address each time. `shows_name`: whether
    the page has their name from now on. Raises NotAllowed, NotFound, Invalid, NoInstallationKey."""
    actor.must_hold(Right.LEARN)
    if (certificate_id is None) == (member_certificate_id is None):
        raise Invalid("Name one certificate.", path=("input", "certificateId"))
    shared = certificate_id or member_certificate_id
    assert shared is not None
    workspace_id = None
    if member_certificate_id is not None:
        certificate = await MemberCertificate.get_or_none(id=member_certificate_id)
        if certificate is None:
            raise NotFound(path=("input", "memberCertificateId"))
        workspace_id = certificate.workspace_id
        await MemberCertificate.filter(id=shared, workspace_id=workspace_id).update(is_name_shown=shows_name)
    else:
        own = (
            None
            if actor.membership_id is None
            else await Certificate.get_or_none(id=certificate_id, membership_id=actor.membership_id)
        )
        if own is None:
            raise NotFound(path=("input", "certificateId"))
        await Certificate.filter(id=shared).update(is_name_shown=shows_name)
    token = _token(actor.agency_id, shared)
    await current().execute(
        "insert into doors (kind, key_hash, agency_id, target_id) values ($1, $2, $3, $4) on conflict do nothing",
        DOOR,
        hash_of(token),
        actor.agency_id,
        shared,
    )
    await journal.record(
        "certificate.shared",
        subject_kind="certificate" if workspace_id is None else "membercertificate",
        subject_id=shared,
        workspace_id=workspace_id,
        with_name=shows_name,
    )
    return f"{public_address()}/certificate/{token}"


async def certificate_behind(token: str) -> PublicCertificate | None:
    """None for a code that opens nothing. Call outside any scope."""
    found = await target_of(DOOR, token)
    if found is None:
        return None
    agency_id, certificate_id = found
    async with agency_scope(system(agency_id), read_only=True):
        agency = await Agency.get_or_none(id=agency_id)
        of_staff = await Certificate.get_or_none(id=certificate_id)
        of_member = await MemberCertificate.get_or_none(id=certificate_id) if of_staff is None else None
        shown = of_staff or of_member
        if agency is None or shown is None:
            return None
        course = name = None
        if of_member is not None:
            course = (await Course.get(id=of_member.course_id)).title
            member = await Member.get(id=of_member.member_id)
            name = member.handle if member.erased_at is None else None
        elif of_staff is not None:
            name = (await Membership.get(id=of_staff.membership_id)).name
        return PublicCertificate(
            url=f"{public_address()}/certificate/{token}",
            agency_id=agency_id,
            agency=agency.name,
            kind=shown.kind,
            course=course,
            name=name if shown.is_name_shown else None,
            valid_from=shown.valid_from,
            valid_until=shown.valid_until,
            revoked_at=shown.revoked_at,
        )


def _token(agency_id: UUID, certificate_id: UUID) -> str:
    signature = sign(agency_id.bytes + certificate_id.bytes, purpose=DOOR)
    return base64.urlsafe_b64encode(signature).decode().rstrip("=")
