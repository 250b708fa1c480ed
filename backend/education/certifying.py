import re
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from backend import journal
from backend.education.models import Certificate
from backend.education.thresholds import LONGEST_DAYS
from backend.kit.clock import now
from backend.kit.errors import Conflict, Invalid, NotFound
from backend.kit.texts import clean
from tenants.actor import Actor
from tenants.models import Membership
from tenants.rights import CLIENT_ROLES, Right, Role

_KIND: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")


async def record_certificate(
    actor: Actor, membership_id: UUID, *, kind: str, valid_from: datetime, valid_until: datetime, proof: str
) -> Certificate:
    """Somebody has shown that they have learned it. Raises NotAllowed, NotFound for whoever is no colleague, Invalid."""
    actor.must_hold(Right.MANAGE_PEOPLE)
    colleague = await Membership.get_or_none(id=membership_id)
    if colleague is None or Role(colleague.role) in CLIENT_ROLES:
        raise NotFound(path=("input", "staffId"))
    kind = kind_of(kind, field="kind")
    proof = clean(proof, field="proof", longest=2_000)
    if not timedelta(0) < valid_until - valid_from <= timedelta(days=LONGEST_DAYS):
        raise Invalid("A certificate ends after it begins, within ten years.", path=("input", "validUntil"))
    certificate = await Certificate.create(
        membership_id=membership_id,
        kind=kind,
        valid_from=valid_from,
        valid_until=valid_until,
        proof=proof,
        recorded_by_id=actor.membership_id,
    )
    await _journal("recorded", certificate)
    return certificate


async def revoke_certificate(actor: Actor, certificate_id: UUID) -> None:
    """From now on it counts for nothing. Raises NotAllowed, NotFound, and Conflict for one that was revoked before."""
    actor.must_hold(Right.MANAGE_PEOPLE)
    certificate = await Certificate.filter(id=certificate_id).select_for_update().first()
    if certificate is None:
        raise NotFound(path=("input", "certificateId"))
    if certificate.revoked_at is not None:
        raise Conflict("This certificate was revoked before.")
    await Certificate.filter(id=certificate_id).update(revoked_at=now(), revoked_by_id=actor.membership_id)
    await _journal("revoked", certificate)


def kind_of(text: str, *, field: str) -> str:
    """Raises Invalid."""
    if _KIND.fullmatch(text) is None:
        raise Invalid(
            "A kind of certificate is a short word of small letters, digits and underscores.", path=("input", field)
        )
    return text


async def _journal(verb: str, certificate: Certificate) -> None:
    await journal.record(
        f"certificate.{verb}",
        subject_kind="certificate",
        subject_id=certificate.id,
        workspace_id=None,
        of=f"staff_{certificate.membership_id}",
        kind=certificate.kind,
    )
