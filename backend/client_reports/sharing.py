"""Links by which somebody without an account reads one published report, until they expire or are taken back."""

import asyncio
import hashlib
import secrets
from collections.abc import Collection
from datetime import datetime
from typing import Final
from uuid import UUID

from backend import journal
from backend.client_reports.models import ClientReportLink
from backend.client_reports.moving import PUBLISHED, held_report
from backend.client_reports.thresholds import (
    LONGEST_LIFE,
    MOST_LINKS,
    SCRYPT,
    SHORTEST_PASSWORD,
    USUAL_LIFE,
)
from backend.kit.clock import now
from backend.kit.errors import Conflict, Invalid, NotFound
from backend.kit.texts import clean_line
from backend.outside import public_address
from tenants.actor import Actor
from tenants.rights import Right
from tenants.scope import current
from tenants.tokens import hash_of, new_link_token

DOOR: Final = "shared_report"
_MEMORY: Final = 64 * 1024 * 1024  # bytes that OpenSSL lets scrypt have


async def share_client_report(
    actor: Actor,
    report_id: UUID,
    *,
    label: str,
    password: str | None = None,
    expires_at: datetime | None = None,
    shows_staff: bool = False,
    shows_words: bool = True,
    hidden_sections: Collection[str] = (),
) -> tuple[ClientReportLink, str]:
    """The link and its address, which is told once. Raises NotAllowed, NotFound, Invalid, Conflict."""
    actor.must_hold(Right.LEAD_QUEUE)
    report = await held_report(report_id)
    if report.state not in PUBLISHED:
        raise Conflict("Only what is published is shared.", path=("input", "clientReportId"))
    if await ClientReportLink.filter(report_id=report.id, workspace_id=report.workspace_id).count() >= MOST_LINKS:
        raise Conflict(f"A report has {MOST_LINKS} links at most.", path=("input", "clientReportId"))
    if not set(hidden_sections) < set(report.definition["sections"]) and hidden_sections:
        raise Invalid("Sections of this report, and not all of them.", path=("input", "hiddenSections"))
    moment = now()
    ends = expires_at or moment + USUAL_LIFE
    if not moment < ends <= moment + LONGEST_LIFE:
        raise Invalid("A link ends within a year.", path=("input", "expiresAt"))
    link = await ClientReportLink.create(
        workspace_id=report.workspace_id,
        report_id=report.id,
        label=clean_line(label, field="label", longest=200),
        password_hash=None if not password else await _hashed(password),
        shows_staff=shows_staff,
        shows_words=shows_words,
        hidden_sections=[each for each in report.definition["sections"] if each in hidden_sections],
        created_by_id=actor.membership_id,
        expires_at=ends,
    )
    code = new_link_token()
    await current().execute(
        "insert into doors (kind, key_hash, agency_id, target_id) values ($1, $2, $3, $4)",
        DOOR,
        hash_of(code),
        actor.agency_id,
        link.id,
    )
    await _record("shared", link)
    return link, f"{public_address()}/shared/{code}"


async def revoke_client_report_link(actor: Actor, link_id: UUID) -> ClientReportLink:
    """It opens nothing from now on, also for whoever reads right now. Raises NotAllowed, NotFound, Conflict."""
    actor.must_hold(Right.LEAD_QUEUE)
    link = await ClientReportLink.filter(id=link_id).select_for_update().get_or_none()
    if link is None:
        raise NotFound(path=("input", "linkId"))
    if link.revoked_at is not None:
        raise Conflict("It was taken back before.", path=("input", "linkId"))
    link.revoked_at = now()
    await link.save(update_fields=("revoked_at",))
    await _record("revoked", link)
    return link


async def is_password(password: str, kept: str) -> bool:
    """A tenth of a second, in a thread."""
    salt, _, wanted = kept.partition(":")
    try:
        tried = await asyncio.to_thread(_derived, password, bytes.fromhex(salt))
    except UnicodeEncodeError:
        return False
    return secrets.compare_digest(tried, bytes.fromhex(wanted))


async def _hashed(password: str) -> str:
    """Raises Invalid."""
    try:
        is_short = len(password) < SHORTEST_PASSWORD or len(password.encode()) > 200
    except UnicodeEncodeError:
        is_short = True
    if is_short:
        raise Invalid(f"A password has {SHORTEST_PASSWORD} characters or more.", path=("input", "password"))
    salt = secrets.token_bytes(16)
    derived = await asyncio.to_thread(_derived, password, salt)
    return f"{salt.hex()}:{derived.hex()}"


def _derived(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, maxmem=_MEMORY, dklen=32, **SCRYPT)


async def _record(verb: str, link: ClientReportLink) -> None:
    await journal.record(
        f"clientreportlink.{verb}",
        subject_kind="clientreportlink",
        subject_id=link.id,
        workspace_id=link.workspace_id,
        report=f"clientreport_{link.report_id}",
        has_password=link.password_hash is not None,
    )
