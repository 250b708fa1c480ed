"""Whom an agency's provider names gets a session: found by issuer and subject, by an open membership, or let in anew."""

from uuid import UUID

from tortoise.exceptions import IntegrityError

from backend import journal
from backend.kit.errors import Refusal
from backend.people.asking_providers import Provider, Told
from backend.people.ending import has_ended
from backend.people.inviting import take_up_here
from backend.people.setting_providers import opened
from tenants.actor import system
from tenants.doors import agency_by_slug, register_person
from tenants.models import Agency, Identity, Membership, SignInProvider
from tenants.scope import agency_scope, current
from tenants.sessions import open_session


class NotLetIn(Refusal):
    """The provider knows them, and the agency does not."""

    code = "NOT_LET_IN"

    def __init__(self, message: str = "You do not belong to this agency. Ask somebody there to invite you.") -> None:
        super().__init__(message)


async def provider_called(agency_slug: str) -> tuple[str, Provider] | None:
    """The agency's name and its provider; None without either. Call outside any scope."""
    agency_id = await agency_by_slug(agency_slug)
    if agency_id is None:
        return None
    async with agency_scope(system(agency_id), read_only=True):
        found = await SignInProvider.get_or_none(agency_id=agency_id)
        if found is None:
            return None
        return (await Agency.get(id=agency_id)).name, await opened(found)


async def arrive(provider: Provider, told: Told, *, device: str) -> str:
    """The token of a session that opens this agency alone. Call outside any scope. Raises NotLetIn."""
    async with agency_scope(system(provider.agency_id)):
        person_id = await _person_of(provider, told)
    return await open_session(person_id, method="provider", agency_id=provider.agency_id, device=device)


async def _person_of(provider: Provider, told: Told) -> UUID:
    configured = await SignInProvider.all().select_for_update().get_or_none(agency_id=provider.agency_id)
    if configured is None or (configured.issuer, configured.client_id) != (provider.issuer, provider.client_id):
        raise NotLetIn("The agency has changed its provider meanwhile. Please start again.")
    if told.email.rpartition("@")[2] not in configured.domains:
        raise NotLetIn("The agency lets in nobody with an address of this domain.")
    membership = await _membership_of(configured, told)
    moment = await current().now()
    if membership.suspended_at is not None or has_ended(membership, moment):
        raise NotLetIn("Your membership of this agency is suspended or has ended.")
    if membership.person_id is None and membership.invited_until is not None and membership.invited_until <= moment:
        raise NotLetIn("Your invitation is no longer open. Ask somebody at the agency for a new one.")
    if membership.person_id is None:
        person_id = await register_person(current(), name=membership.name, email=membership.email)
        await take_up_here(membership.id, person_id)
        return person_id
    return membership.person_id


async def _membership_of(provider: SignInProvider, told: Told) -> Membership:
    """Linked to who they are at the provider, for good: an address alone is asked once. Raises NotLetIn."""
    known = await Identity.get_or_none(issuer=told.issuer, subject=told.subject)
    if known is not None:
        return await Membership.get(id=known.membership_id)
    membership = await Membership.filter(email=told.email).select_for_update().first()
    if membership is None:
        if provider.first_role is None:
            raise NotLetIn
        try:
            membership = await Membership.create(
                person_id=None, role=provider.first_role, sees_all=False, name=told.name, email=told.email
            )
        except IntegrityError:
            raise NotLetIn("Somebody has just made you a member. Please start again.") from None
        await journal.record(
            "membership.joined",
            subject_kind="staff",
            subject_id=membership.id,
            workspace_id=None,
            role=provider.first_role,
        )
    elif await Identity.exists(membership_id=membership.id, issuer=told.issuer):
        # The address has gone over to somebody else at the provider; what it belonged to has not.
        raise NotLetIn("This address belongs to somebody else here. Ask somebody at the agency.")
    await Identity.create(membership_id=membership.id, issuer=told.issuer, subject=told.subject)
    return membership
