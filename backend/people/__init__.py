"""Who works here and for which clients: sign-in, invitations, memberships, machines."""

from backend.people.arriving import arrive, provider_called
from backend.people.asking_providers import Asked, SignInFailed, ask, hear
from backend.people.changing import change_membership, set_reach
from backend.people.ending import close_links, end
from backend.people.granting_tokens import (
    TOKEN_LIFETIME,
    GrantedToken,
    Machine,
    forget_access_tokens,
    grant_token,
    lifetime_of_token,
    machine_with,
    new_access_token,
    revoke_token,
    token_of,
)
from backend.people.inviting import (
    AnotherAddress,
    accept,
    address,
    fail_invitation,
    invitation,
    invitation_link,
    invite,
    invite_again,
    send_invitation,
)
from backend.people.issuing_credentials import (
    issue_credential,
    issue_keys_as,
    revoke_credential,
    rotate_credential,
)
from backend.people.mailing_links import REMEMBERED as BROWSERS_REMEMBERED
from backend.people.mailing_links import mail_link, use_link
from backend.people.registering_machines import change_api_client, end_api_client, register_api_client
from backend.people.setting_providers import remove_provider, set_provider
from backend.people.suspending import reinstate, suspend

__all__ = [
    "BROWSERS_REMEMBERED",
    "TOKEN_LIFETIME",
    "AnotherAddress",
    "Asked",
    "GrantedToken",
    "Machine",
    "SignInFailed",
    "accept",
    "address",
    "arrive",
    "ask",
    "change_api_client",
    "change_membership",
    "close_links",
    "end",
    "end_api_client",
    "fail_invitation",
    "forget_access_tokens",
    "grant_token",
    "hear",
    "invitation",
    "invitation_link",
    "invite",
    "invite_again",
    "issue_credential",
    "issue_keys_as",
    "lifetime_of_token",
    "machine_with",
    "mail_link",
    "new_access_token",
    "provider_called",
    "register_api_client",
    "reinstate",
    "remove_provider",
    "revoke_credential",
    "revoke_token",
    "rotate_credential",
    "send_invitation",
    "set_provider",
    "set_reach",
    "suspend",
    "token_of",
    "use_link",
]
