"""The links that members are sent: whoever has one reads and answers behind it, without an account."""

import base64
from typing import Literal
from uuid import UUID

from backend.outside import NoInstallationKey, public_address, sign
from backend.statements.models import Statement
from backend.statements.wording import worded
from tenants.scope import current
from tenants.tokens import hash_of

LinkKind = Literal["statement", "report", "question"]


async def message_for(statement: Statement) -> str:
    """Its text, and where it stays."""
    return await with_link(statement.text, "statement", statement.id, language=statement.language)


async def with_link(text: str, kind: LinkKind, target_id: UUID, *, language: str) -> str:
    """`text`, and below it where to read on."""
    try:
        address = await address_of(kind, target_id)
    except NoInstallationKey:  # without one there are no links, and members are told all the same
        return text
    return f"{text}\n\n{worded(f'{language}/{kind}_link.txt', language, {'address': address})}"


async def address_of(
    kind: LinkKind | Literal["verify", "badge", "consent", "story", "introduction"], target_id: UUID
) -> str:
    """The same as long as the installation's key is; after another one came, a second one beside it. Raises
    NoInstallationKey."""
    scope = current()
    agency_id = scope.actor.agency_id
    signature = sign(agency_id.bytes + target_id.bytes, purpose=kind)
    token = base64.urlsafe_b64encode(signature).decode().rstrip("=")
    await scope.execute(
        "insert into doors (kind, key_hash, agency_id, target_id) values ($1, $2, $3, $4) on conflict do nothing",
        kind,
        hash_of(token),
        agency_id,
        target_id,
    )
    return f"{public_address()}/{kind}/{token}"
