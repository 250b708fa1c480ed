"""Who works here and for which clients: sign-in, invitations, memberships, machines."""

from backend.people.changing import LastOwner, change_membership, end, reinstate, set_reach, suspend
from backend.people.inviting import (
    AlreadyMember,
    AnotherAddress,
    Invitation,
    InvitationEnded,
    accept,
    invitation,
    invite,
    invite_again,
    send_invitation,
)

__all__ = [
    "AlreadyMember",
    "AnotherAddress",
    "Invitation",
    "InvitationEnded",
    "LastOwner",
    "accept",
    "change_membership",
    "end",
    "invitation",
    "invite",
    "invite_again",
    "reinstate",
    "send_invitation",
    "set_reach",
    "suspend",
]
