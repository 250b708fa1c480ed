"""Programmes: what is claimed in a community, and what is taken for proof."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from tortoise.exceptions import IntegrityError

from backend import journal
from backend.communities import Community
from backend.kit.clock import now
from backend.kit.errors import Conflict, Invalid, NotFound
from backend.kit.texts import clean, clean_line
from backend.verification.models import VerificationDesign, VerificationProgramme
from backend.verification.thresholds import HOSTS_PER_PROGRAMME, PROGRAMMES_PER_WORKSPACE
from tenants.actor import Actor
from tenants.rights import Right

KINDS: Final = ("booking", "receipt", "mail_domain", "link", "site_code", "moderator")


@dataclass(frozen=True, slots=True)
class Design:
    """`claim` in the members' words: what a badge says. `hosts` are those of mail addresses and sites; for mail there must be
    one. Without `valid_days` a verification stays."""

    claim: str
    strong: Sequence[str]
    weak: Sequence[str] = ()
    hosts: Sequence[str] = ()
    valid_days: int | None = None


async def create_programme(actor: Actor, community_id: UUID, *, name: str, design: Design) -> VerificationProgramme:
    """Raises NotAllowed, NotFound, Invalid, Conflict."""
    actor.must_hold(Right.MANAGE_COMMUNITIES)
    community = await Community.filter(id=community_id).select_for_update(no_key=True).get_or_none()
    if community is None:
        raise NotFound(path=("input", "communityId"))
    name, checked = clean_line(name, field="name", longest=200), _checked(design)
    if await VerificationProgramme.filter(workspace_id=community.workspace_id).count() >= PROGRAMMES_PER_WORKSPACE:
        raise Conflict(f"A client has at most {PROGRAMMES_PER_WORKSPACE} programmes.")
    try:
        programme = await VerificationProgramme.create(
            workspace_id=community.workspace_id, community_id=community.id, name=name
        )
    except IntegrityError:
        raise Conflict("Another programme of this client has this name.", path=("input", "name")) from None
    await _design(actor, programme, checked)
    await _record("created", programme, name=name, version=1)
    return programme


async def revise_programme(
    actor: Actor, programme_id: UUID, *, expected_version: int, design: Design
) -> VerificationProgramme:
    """For tasks from now on: those that are under way keep what they were promised. Raises NotAllowed, NotFound, Invalid,
    Conflict."""
    programme = await held_programme(actor, programme_id)
    checked = _checked(design)
    if programme.version != expected_version:
        raise Conflict("Somebody has changed it meanwhile.", path=("input", "expectedVersion"))
    programme.version += 1
    await VerificationProgramme.filter(id=programme.id, workspace_id=programme.workspace_id).update(
        version=programme.version
    )
    await _design(actor, programme, checked)
    await _record("revised", programme, version=programme.version)
    return programme


async def archive_programme(actor: Actor, programme_id: UUID) -> VerificationProgramme:
    """Nobody is invited any more; what was verified stays so. Raises NotAllowed, NotFound, Conflict."""
    programme = await held_programme(actor, programme_id)
    await VerificationProgramme.filter(id=programme.id, workspace_id=programme.workspace_id).update(archived_at=now())
    await _record("archived", programme)
    return programme


async def held_programme(
    actor: Actor, programme_id: UUID, *, needs: Right = Right.MANAGE_COMMUNITIES
) -> VerificationProgramme:
    """Locked. Raises NotAllowed, NotFound, and Conflict for one that is archived."""
    actor.must_hold(needs)
    programme = await VerificationProgramme.filter(id=programme_id).select_for_update(no_key=True).get_or_none()
    if programme is None:
        raise NotFound(path=("input", "programmeId"))
    if programme.archived_at is not None:
        raise Conflict("This programme is archived.", path=("input", "programmeId"))
    return programme


def _checked(design: Design) -> Design:
    """Raises Invalid."""
    strong, weak = (tuple(dict.fromkeys(kinds)) for kinds in (design.strong, design.weak))
    if not strong and len(weak) < 2:
        raise Invalid("Take one kind of evidence as strong, or two as weak.", path=("input", "strong"))
    if set(strong) & set(weak):
        raise Invalid("A kind of evidence is strong or weak.", path=("input", "weak"))
    hosts = tuple(dict.fromkeys(_host(each) for each in design.hosts))
    if len(hosts) > HOSTS_PER_PROGRAMME:
        raise Invalid(f"At most {HOSTS_PER_PROGRAMME} hosts.", path=("input", "hosts"))
    if "mail_domain" in strong + weak and not hosts:
        raise Invalid("Name the domains whose mail addresses count.", path=("input", "hosts"))
    if design.valid_days is not None and not 1 <= design.valid_days <= 3_650:
        raise Invalid("A verification lasts for 1 to 3,650 days.", path=("input", "validDays"))
    return Design(clean(design.claim, field="claim", longest=500), strong, weak, hosts, design.valid_days)


def _host(text: str) -> str:
    try:
        host = clean_line(text, field="hosts", longest=253).lower().encode("idna").decode()
    except UnicodeError:
        host = ""
    if "." not in host or not set(host) <= set("abcdefghijklmnopqrstuvwxyz0123456789-."):
        raise Invalid("A host is written as example.com.", path=("input", "hosts"))
    return host


async def _design(actor: Actor, programme: VerificationProgramme, design: Design) -> None:
    await VerificationDesign.create(
        workspace_id=programme.workspace_id,
        programme_id=programme.id,
        version=programme.version,
        claim=design.claim,
        strong=list(design.strong),
        weak=list(design.weak),
        hosts=list(design.hosts),
        valid_days=design.valid_days,
        made_by_id=actor.membership_id,
    )


async def _record(verb: str, programme: VerificationProgramme, **detail: Any) -> None:
    await journal.record(
        f"programme.{verb}",
        subject_kind="programme",
        subject_id=programme.id,
        workspace_id=programme.workspace_id,
        **detail,
    )
