"""What a machine shows: API keys and client secrets, told once, replaced and revoked."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal
from uuid import UUID

from backend import journal
from backend.kit.clock import now
from backend.kit.errors import Conflict, Invalid, NotFound
from backend.people.registering_machines import held_api_client, must_hold_all
from tenants.actor import Actor
from tenants.models import ApiClient, Credential
from tenants.provisioning import keep_credential
from tenants.rights import Right
from tenants.scope import current
from tenants.tokens import new_credential

Kind = Literal["api_key", "client_secret"]

MOST_CREDENTIALS: Final = 20  # of one API client that open something
LONGEST_OVERLAP: Final = timedelta(days=7)

_prefixes: dict[Kind, str] = {"api_key": "tend_live_", "client_secret": "tend_secret_"}


def issue_keys_as(installation: Literal["live", "test"]) -> None:
    """Whether keys say that they are of an installation that counts; the roof says it."""
    _prefixes["api_key"] = f"tend_{installation}_"


@dataclass(frozen=True, slots=True)
class Issued:
    """`token` is told here and nowhere else."""

    credential: Credential
    token: str


async def issue_credential(
    actor: Actor, api_client_id: UUID, *, kind: Kind, expires_at: datetime | None = None
) -> Issued:
    """Raises NotAllowed for a machine that may do more than the actor, NotFound, Invalid, Conflict."""
    client = await held_api_client(actor, api_client_id)
    must_hold_all(actor, client)
    if expires_at is not None and expires_at <= now():
        raise Invalid("The end lies in the past.", path=("input", "expiresAt"))
    await _refuse_too_many(client)
    issued = await _issue(client, kind, expires_at)
    await _record("issued", client, issued.credential)
    return issued


async def rotate_credential(actor: Actor, credential_id: UUID, *, overlap: timedelta) -> Issued:
    """Another one of its kind, for as long as the old one was made for; the old one opens what it does for `overlap`
    more, so that nothing stops while the machine learns the new one.

    Raises NotAllowed for a machine that may do more than the actor, NotFound, Invalid, Conflict.
    """
    client, old = await _held(actor, credential_id)
    must_hold_all(actor, client)
    if not timedelta(0) <= overlap <= LONGEST_OVERLAP:
        raise Invalid(f"Both work for at most {LONGEST_OVERLAP.days} days.", path=("input", "overlapMinutes"))
    if _has_ended(old):
        raise Conflict("This has ended: issue a new one.", path=("input", "credentialId"))
    if old.replaced_at is not None:
        raise Conflict("This was replaced before: rotate what has replaced it.", path=("input", "credentialId"))
    await _refuse_too_many(client)
    lifetime = None if old.expires_at is None else old.expires_at - old.created_at
    kind: Kind = "api_key" if old.kind == "api_key" else "client_secret"
    issued = await _issue(client, kind, None if lifetime is None else _after(lifetime))
    until = await current().now() + overlap
    old.expires_at = until if old.expires_at is None else min(old.expires_at, until)
    old.replaced_at = now()
    await old.save(update_fields=("expires_at", "replaced_at"))
    await _record("rotated", client, issued.credential, replaced_id=old.id, replaced_until=old.expires_at)
    return issued


async def revoke_credential(actor: Actor, credential_id: UUID) -> Credential:
    """It opens nothing any more, and neither do the access tokens that were bought with it. Raises NotAllowed,
    NotFound."""
    client, credential = await _held(actor, credential_id)
    if credential.revoked_at is None:
        credential.revoked_at = now()
        await credential.save(update_fields=("revoked_at",))
        await _record("revoked", client, credential)
    return credential


async def _held(actor: Actor, credential_id: UUID) -> tuple[ApiClient, Credential]:
    """Both locked, the machine first: as everybody does. Access tokens are nobody's to look after."""
    actor.must_hold(Right.MANAGE_MACHINES)
    found = await Credential.filter(id=credential_id).exclude(kind="access_token").get_or_none()
    if found is None:
        raise NotFound(path=("input", "credentialId"))
    client = await held_api_client(actor, found.api_client_id, field="credentialId")
    return client, await Credential.filter(id=credential_id).select_for_update().get()


async def _refuse_too_many(client: ApiClient) -> None:
    kept = await Credential.filter(api_client_id=client.id, revoked_at=None).exclude(kind="access_token")
    if sum(not _has_ended(each) for each in kept) >= MOST_CREDENTIALS:
        raise Conflict(f"An API client has at most {MOST_CREDENTIALS} keys and secrets: revoke one first.")


def _after(lifetime: timedelta) -> datetime:
    """That long from now, as far as there are dates."""
    moment = now()
    return moment + min(lifetime, datetime.max.replace(tzinfo=UTC) - moment)


def _has_ended(credential: Credential) -> bool:
    return credential.revoked_at is not None or (credential.expires_at is not None and credential.expires_at <= now())


async def _issue(client: ApiClient, kind: Kind, expires_at: datetime | None) -> Issued:
    token = new_credential(_prefixes[kind])
    return Issued(await keep_credential(client.id, token, kind=kind, expires_at=expires_at), token)


async def _record(verb: str, client: ApiClient, credential: Credential, **detail: Any) -> None:
    await journal.record(
        f"credential.{verb}",
        subject_kind="apiclient",
        subject_id=client.id,
        workspace_id=client.workspace_id,
        credential_id=credential.id,
        kind=credential.kind,
        hint=credential.hint,
        expires_at=credential.expires_at,
        **detail,
    )
