"""Somebody is invited by mail, and accepts: until then their membership has no person."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import asyncpg
from email_validator import EmailNotValidError, validate_email
from tortoise.exceptions import IntegrityError

from backend import journal
from backend.kit.errors import Conflict, Invalid, Refusal
from backend.kit.texts import clean_line, one_line
from backend.outbox import enqueue
from backend.outside import Mail, MessageDelayed, MessageRefused, public_address, send_mail
from backend.people.changing import assign
from backend.people.ending import close_links, has_ended
from backend.people.granting import held, may_act_on, may_grant, may_manage
from tenants.actor import Actor, system
from tenants.database import unscoped
from tenants.doors import Caller, register_person, target_of
from tenants.models import Agency, Membership, SignInProvider
from tenants.provisioning import check_membership, let_enter
from tenants.rights import Role
from tenants.scope import agency_scope, current
from tenants.sessions import open_session, renew_session
from tenants.tokens import hash_of, new_link_token

LIFETIME: Final = timedelta(days=7)


class AlreadyMember(Conflict):
    code = "ALREADY_MEMBER"

    def __init__(self) -> None:
        super().__init__("Somebody with this address belongs to the agency.", path=("input", "email"))


class InvitationEnded(Refusal):
    """Accepted, withdrawn, too old, or never made: the four are not told apart."""

    code = "INVITATION_ENDED"

    def __init__(self) -> None:
        super().__init__("This invitation is no longer open. Ask for a new one.")


class AnotherAddress(Refusal):
    """An invitation is for one address."""

    code = "ANOTHER_ADDRESS"

    def __init__(self) -> None:
        super().__init__("This invitation is for another address than yours. Sign out, and open it again.")


@dataclass(frozen=True, slots=True)
class Invitation:
    """What whoever holds the link may know before accepting."""

    agency_id: UUID
    agency_slug: str
    agency_name: str
    membership_id: UUID
    email: str
    name: str
    needs_provider: bool


async def invite(
    actor: Actor,
    *,
    email: str,
    name: str,
    role: Role,
    sees_all: bool,
    workspaces: Collection[UUID],
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
    by_mail: bool = True,
) -> UUID:
    """The membership, which begins when they accept. Who has left comes back this way. Whoever asks for no mail hands
    over the link themselves.

    Raises NotAllowed for more than the actor may do, Invalid, NotFound for a client, AlreadyMember.
    """
    may_manage(actor)
    email, name = address(email), clean_line(name, field="name", longest=200)
    check_membership(role, sees_all=sees_all, ends_at=ends_at)
    if ends_at is not None and starts_at is not None and ends_at <= starts_at:
        raise Invalid("A membership ends after it begins.", path=("input", "endsAt"))
    await may_grant(actor, role=role, sees_all=sees_all, workspaces=workspaces)
    membership = await Membership.filter(email=email).select_for_update().first()
    moment = await current().now()
    if membership is not None and not has_ended(membership, moment):
        raise AlreadyMember
    if membership is None:
        membership = Membership(email=email)
    elif not may_act_on(actor, Role(membership.role), sees_all=membership.sees_all):
        raise AlreadyMember
    # Whoever accepts proves again who they are; what they were to the agency's provider counts no more.
    membership.update_from_dict(
        {
            "person_id": None,
            "name": name,
            "role": role.value,
            "sees_all": sees_all,
            "starts_at": starts_at,
            "ends_at": ends_at,
            "suspended_at": None,
            "invited_until": moment + LIFETIME,
            "invitation_problem": None,
        }
    )
    try:
        await membership.save()
    except IntegrityError:  # somebody has invited them at the same moment
        raise AlreadyMember from None
    await current().execute(
        "delete from identities where agency_id = $1 and membership_id = $2", actor.agency_id, membership.id
    )
    await assign(membership.id, frozenset(workspaces))
    if by_mail:
        await _promise_mail(membership.id)
    await journal.record(
        "membership.invited",
        subject_kind="staff",
        subject_id=membership.id,
        workspace_id=None,
        role=role.value,
        sees_all=sees_all,
        workspaces=sorted(map(str, workspaces)),
    )
    return membership.id


async def invite_again(actor: Actor, membership_id: UUID) -> None:
    """Another mail; the link of the one before opens nothing. Raises NotAllowed, NotFound, Conflict."""
    may_manage(actor)
    membership = await held(actor, membership_id)
    moment = await current().now()
    if membership.person_id is not None or has_ended(membership, moment):
        raise Conflict("Nothing waits to be accepted here.", path=("input", "staffId"))
    membership.invited_until, membership.invitation_problem = moment + LIFETIME, None
    await membership.save(update_fields=["invited_until", "invitation_problem"])
    await _promise_mail(membership.id)
    await journal.record("membership.invited_again", subject_kind="staff", subject_id=membership.id, workspace_id=None)


async def send_invitation(_system: Actor, payload: Mapping[str, Any]) -> None:
    """Job: the link is made here, so that no job and no table ever holds what opens it. Run again it sends another
    link, and only the last one opens. An address that takes no mail ends it in sight of who may invite again."""
    membership = await Membership.get_or_none(id=UUID(payload["membership_id"]))
    if membership is None or membership.person_id is not None or membership.invited_until is None:
        return
    agency = await Agency.get(id=membership.agency_id)
    by, link = one_line(agency.name), await invitation_link(membership.id)
    mail = Mail(
        to=membership.email,
        subject=f"{by} invites you to Tend",
        text=(
            f"Hello {one_line(membership.name)},\n\n{by} would like you to work with them in Tend.\n\n"
            f"To accept, open this link until {membership.invited_until:%d %B %Y, %H:%M} UTC:\n\n"
            f"{link}\n\nIf you do not know {by}, there is nothing you need to do.\n"
        ),
    )
    try:
        await send_mail(mail)
    except MessageRefused as problem:
        await close_links(membership.id)
        await _say_of_mail(membership.id, str(problem))
    else:
        await _say_of_mail(membership.id, None)


async def fail_invitation(_system: Actor, payload: Mapping[str, Any], problem: str) -> None:
    """The job is dead, or called off."""
    await _say_of_mail(UUID(payload["membership_id"]), problem.removeprefix(f"{MessageDelayed.__name__}: "))


async def invitation_link(membership_id: UUID) -> str:
    """An address that opens the invitation; earlier ones open nothing from the commit of the scope on."""
    scope, token = current(), new_link_token()
    agency_id = scope.actor.agency_id
    await close_links(membership_id)
    await scope.execute(
        "insert into doors (kind, key_hash, agency_id, target_id) values ('invitation', $1, $2, $3)",
        *(hash_of(token), agency_id, membership_id),
    )
    return f"{public_address()}/join?token={token}"


async def invitation(token: str) -> Invitation:
    """What this link opens. Call outside any scope. Raises InvitationEnded."""
    target = await target_of("invitation", token)
    if target is None:
        raise InvitationEnded
    agency_id, membership_id = target
    async with agency_scope(system(agency_id), read_only=True):
        return await _open(membership_id)


async def accept(token: str, *, caller: Caller | None, session: str | None, device: str) -> str:
    """The membership is that of the person from now on; the token of a session that opens it.

    Without a session whoever holds the link is whom it was mailed to, as far as this agency goes: their session opens
    this agency alone. With one, it must be theirs whom it was mailed to, and it goes on under a new token. Call outside
    any scope. Raises InvitationEnded, AnotherAddress, and Conflict where the agency's provider must be asked.
    """
    person_id = None if caller is None else caller.person_id
    opened = await invitation(token)
    if opened.needs_provider:
        raise Conflict("This agency lets in only who signs in with its own provider.")
    if caller is not None and caller.person_email.lower() != opened.email:
        raise AnotherAddress
    if person_id is None:
        async with unscoped() as connection:
            person_id = await register_person(connection, name=opened.name, email=opened.email)
    await take_up(opened.agency_id, opened.membership_id, person_id)
    if session is not None and caller is not None and caller.bound_to is None:
        renewed = await renew_session(session)
        if renewed is not None:
            return renewed
    return await open_session(person_id, method="invitation", agency_id=opened.agency_id, device=device)


async def take_up(agency_id: UUID, membership_id: UUID, person_id: UUID) -> None:
    """The membership is this person's. Call outside any scope. Raises InvitationEnded when somebody was faster."""
    async with agency_scope(system(agency_id)):
        await _open(membership_id, locked=True)
        await take_up_here(membership_id, person_id)
        await close_links(membership_id)


async def take_up_here(membership_id: UUID, person_id: UUID) -> None:
    """As `take_up`, in the open scope and without an invitation: sessions that are open by now renew themselves before
    they open it. Raises Conflict for a second membership."""
    scope = current()
    if await Membership.filter(person_id=person_id).exclude(id=membership_id).exists():
        raise Conflict("You belong to this agency already, under another address.")
    try:
        await scope.execute(
            """update memberships set person_id = $3, invited_until = null, grown_at = now(), version = version + 1
                where agency_id = $1 and id = $2""",
            *(scope.actor.agency_id, membership_id, person_id),
        )
    except asyncpg.UniqueViolationError:
        raise Conflict("You have just joined this agency under another address.") from None
    await let_enter(person_id)
    await journal.record("membership.accepted", subject_kind="staff", subject_id=membership_id, workspace_id=None)


def address(email: str) -> str:
    """In lower case. Raises Invalid for what no mail can be sent to."""
    try:
        found = validate_email(email, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        raise Invalid("This is no e-mail address.", path=("input", "email")) from None
    return found.normalized.lower()


async def _open(membership_id: UUID, *, locked: bool = False) -> Invitation:
    """Raises InvitationEnded."""
    rows = Membership.filter(id=membership_id)
    membership = await (rows.select_for_update() if locked else rows).first()
    moment = await current().now()
    if (
        membership is None
        or membership.person_id is not None
        or membership.invited_until is None
        or membership.invited_until <= moment
        or has_ended(membership, moment)
    ):
        raise InvitationEnded
    agency = await Agency.get(id=membership.agency_id)
    return Invitation(
        agency_id=agency.id,
        agency_slug=agency.slug,
        agency_name=agency.name,
        membership_id=membership.id,
        email=membership.email,
        name=membership.name,
        needs_provider=await SignInProvider.exists(is_required=True),
    )


async def _say_of_mail(membership_id: UUID, problem: str | None) -> None:
    await current().execute(
        """update memberships set invitation_problem = $3
            where agency_id = $1 and id = $2 and invitation_problem is distinct from $3""",
        current().actor.agency_id,
        membership_id,
        problem,
    )


async def _promise_mail(membership_id: UUID) -> None:
    await enqueue(
        "send_invitation", {"membership_id": str(membership_id)}, dedupe_key=f"send_invitation:{membership_id}"
    )
