"""The agency's own OpenID provider: who may be asked who somebody is, and whether anybody else may say it."""

import re
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from tortoise.exceptions import IntegrityError

from backend import journal
from backend.kit.errors import Conflict, Invalid, NotFound
from backend.kit.ids import new_id
from backend.kit.texts import clean
from backend.outside import is_askable, open_sealed, seal
from backend.people.asking_providers import Provider
from tenants.actor import Actor
from tenants.models import Identity, SignInProvider
from tenants.rights import Right, Role
from tenants.scope import current

FIRST_ROLES: Final = (Role.LEAD, Role.MODERATOR, Role.SAFETY_RESPONDER, Role.SUPPORT, Role.EDUCATOR)
LONGEST_DOMAIN: Final = 253  # characters, as RFC 1035 has it
_DOMAIN: Final = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")


class ProviderUnproven(Conflict):
    """Requiring what has never worked would lock everybody out."""

    code = "PROVIDER_UNPROVEN"

    def __init__(self) -> None:
        super().__init__(
            "Sign in with this provider yourself before you require it of everybody.", path=("input", "isRequired")
        )


async def set_provider(
    actor: Actor,
    *,
    issuer: str,
    client_id: str,
    client_secret: str | None,
    domains: Sequence[str],
    is_required: bool,
    first_role: Role | None,
    expected_version: int | None = None,
) -> UUID:
    """From now on it signs in whoever has an address of `domains`, owners too: so only an owner names it. Where it
    `is_required`, sessions that were opened any other way open this agency no more. Without a secret the one that is
    kept stays, for the same issuer and client.

    Raises NotAllowed, Invalid, Conflict, ProviderUnproven.
    """
    actor.must_hold(Right.OWN)
    _sees_all(actor)
    issuer, client_id = _issuer(issuer), clean(client_id, field="clientId", longest=500)
    chosen = sorted({domain.strip().lower() for domain in domains})
    if not 0 < len(chosen) <= 50 or any(
        len(domain) > LONGEST_DOMAIN or _DOMAIN.fullmatch(domain) is None for domain in chosen
    ):
        raise Invalid("Name 1 to 50 domains, such as example.com.", path=("input", "domains"))
    if first_role is not None and first_role not in FIRST_ROLES:
        raise Invalid("Nobody becomes this by signing in.", path=("input", "firstRole"))
    found = await SignInProvider.all().select_for_update().first()
    if expected_version is not None and expected_version != (found.version if found is not None else 0):
        raise Conflict("Somebody has changed the provider since you looked.", path=("input", "expectedVersion"))
    is_same = found is not None and (found.issuer, found.client_id) == (issuer, client_id)
    if is_required and not (is_same and await _has_signed_in_with(actor, issuer)):
        raise ProviderUnproven
    before = None if found is None else _shown(found)
    provider = found or SignInProvider(id=new_id(), version=0)
    provider.update_from_dict(
        {
            "issuer": issuer,
            "client_id": client_id,
            "domains": chosen,
            "is_required": is_required,
            "first_role": None if first_role is None else first_role.value,
            "version": provider.version + 1,
        }
    )
    if client_secret is not None:
        secret = clean(client_secret, field="clientSecret", longest=1_000)
        provider.client_secret = await seal(
            secret, table="sign_in_providers", column="client_secret", row_id=provider.id
        )
    elif not is_same:
        provider.client_secret = None
    try:
        await provider.save()
    except IntegrityError:
        raise Conflict("Somebody has set a provider at the same moment.") from None
    if found is not None and not is_same:
        await _end_sessions_of_before(actor)
    await journal.record(
        "sign_in_provider.set",
        subject_kind="agency",
        subject_id=actor.agency_id,
        workspace_id=None,
        before=before,
        after=_shown(provider),
    )
    return provider.id


async def remove_provider(actor: Actor, *, grounds: str = "") -> None:
    """People sign in by mail again. Raises NotAllowed, NotFound, Invalid."""
    actor.must_hold(Right.MANAGE_SIGN_IN)
    _sees_all(actor)
    grounds = clean(grounds, field="reason", longest=2_000, may_be_empty=True)
    found = await SignInProvider.all().select_for_update().first()
    if found is None:
        raise NotFound("The agency has no provider.")
    await found.delete()
    await _end_sessions_of_before(actor)
    await journal.record(
        "sign_in_provider.removed",
        subject_kind="agency",
        subject_id=actor.agency_id,
        workspace_id=None,
        grounds=grounds or None,
    )


async def opened(found: SignInProvider) -> Provider:
    """With its secret, to be asked. Call in the agency's scope."""
    secret = None
    if found.client_secret is not None:
        secret = await open_sealed(
            found.client_secret, table="sign_in_providers", column="client_secret", row_id=found.id
        )
    return Provider(found.agency_id, found.issuer, found.client_id, secret)


def _sees_all(actor: Actor) -> None:
    """Raises Invalid."""
    if not actor.sees_all:
        raise Invalid("How people sign in concerns the whole agency: leave out X-Workspace-Id.")


async def _end_sessions_of_before(actor: Actor) -> None:
    """Whoever another provider has let in proves anew who they are; all but who has just changed it."""
    await current().execute(
        """update sessions set revoked_at = now()
            where agency_id = $1 and method = 'provider' and revoked_at is null
              and id is distinct from (select target_id from doors where kind = 'session' and key_hash = $2)""",
        actor.agency_id,
        None if actor.proof is None else actor.proof.key_hash,
    )


async def _has_signed_in_with(actor: Actor, issuer: str) -> bool:
    """Their session is by the provider, and they are somebody there."""
    if actor.membership_id is None or actor.proof is None:
        return False
    by_provider = await current().fetchval(
        """select s.method = 'provider' from doors d join sessions s on s.id = d.target_id
            where d.kind = 'session' and d.key_hash = $1 and s.agency_id = $2""",
        actor.proof.key_hash,
        actor.agency_id,
    )
    return bool(by_provider) and await Identity.exists(membership_id=actor.membership_id, issuer=issuer)


def _issuer(text: str) -> str:
    issuer = clean(text, field="issuer", longest=500)
    if not is_askable(issuer) or "?" in issuer or "#" in issuer:
        raise Invalid(
            "An issuer is an https address without ? and #, as its metadata has it.", path=("input", "issuer")
        )
    return issuer


def _shown(provider: SignInProvider) -> dict[str, object]:
    """For the journal: never the secret."""
    return {
        name: getattr(provider, name) for name in ("issuer", "client_id", "domains", "is_required", "first_role")
    } | {"has_secret": provider.client_secret is not None}
