"""Which member of a community somebody at an account is."""

from uuid import UUID

from backend import journal
from backend.communities import Member
from backend.customers.deriving import derive_anew
from backend.customers.models import AccountContact
from backend.kit.errors import Invalid, NotFound
from tenants.actor import Actor
from tenants.rights import Right


async def link_contact(actor: Actor, contact_id: UUID, *, member_id: UUID | None) -> AccountContact:
    """None: nobody that is known. Whoever the contact is in other communities of the client (`identity_key`) counts as
    well. Raises NotAllowed, NotFound, and Invalid for a bot."""
    actor.must_hold(Right.IMPORT)
    contact = await AccountContact.get_or_none(id=contact_id)
    if contact is None:
        raise NotFound(path=("input", "contactId"))
    if member_id is not None:
        member = await Member.get_or_none(id=member_id, workspace_id=contact.workspace_id, erased_at=None)
        if member is None:
            raise NotFound(path=("input", "memberId"))
        if member.kind != "person":
            raise Invalid("A bot is nobody's contact.", path=("input", "memberId"))
    if contact.member_id not in (None, member_id):
        await derive_anew(contact.workspace_id, [contact.account_id])
    contact.member_id = member_id
    await contact.save(update_fields=("member_id",))
    await journal.record(
        "customer.contact_linked",
        subject_kind="accountcontact",
        subject_id=contact.id,
        workspace_id=contact.workspace_id,
        is_linked=member_id is not None,
    )
    return contact
