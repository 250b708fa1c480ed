"""Who works here and for which clients: sign-in, invitations, memberships, machines."""

from backend.people.arriving import NotLetIn, arrive, provider_called
from backend.people.asking_providers import Asked, SignInFailed, ask, hear
from backend.people.changing import LastOwner, change_membership, end, reinstate, set_reach, suspend
from backend.people.inviting import (
    AlreadyMember,
    AnotherAddress,
    Invitation,
    InvitationEnded,
    accept,
    address,
    invitation,
    invitation_link,
    invite,
    invite_again,
    send_invitation,
)
from backend.people.mailing_links import LIFETIME as LINK_LIFETIME
from backend.people.mailing_links import mail_link, use_link
from backend.people.setting_providers import ProviderUnproven, remove_provider, set_provider

__all__ = [
    "LINK_LIFETIME",
    "AlreadyMember",
    "AnotherAddress",
    "Asked",
    "Invitation",
    "InvitationEnded",
    "LastOwner",
    "NotLetIn",
    "ProviderUnproven",
    "SignInFailed",
    "accept",
    "address",
    "arrive",
    "ask",
    "change_membership",
    "end",
    "hear",
    "invitation",
    "invitation_link",
    "invite",
    "invite_again",
    "mail_link",
    "provider_called",
    "reinstate",
    "remove_provider",
    "send_invitation",
    "set_provider",
    "set_reach",
    "suspend",
    "use_link",
]
