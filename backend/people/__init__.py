"""Who works here and for which clients: sign-in, invitations, memberships, machines."""

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
from backend.people.issuing_credentials import (
    Issued,
    issue_credential,
    issue_keys_as,
    revoke_credential,
    rotate_credential,
)
from backend.people.registering_machines import change_api_client, end_api_client, register_api_client

__all__ = [
    "TOKEN_LIFETIME",
    "GrantedToken",
    "Issued",
    "Machine",
    "change_api_client",
    "end_api_client",
    "forget_access_tokens",
    "grant_token",
    "issue_credential",
    "issue_keys_as",
    "lifetime_of_token",
    "machine_with",
    "new_access_token",
    "register_api_client",
    "revoke_credential",
    "revoke_token",
    "rotate_credential",
    "token_of",
]
