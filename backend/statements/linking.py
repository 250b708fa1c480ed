"""The link to a statement: whoever has it reads it, without an account."""

import base64
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from backend.outside import public_address, sign
from backend.statements.models import Statement
from backend.statements.wording import Section, sections, worded
from tenants.actor import system
from tenants.doors import target_of
from tenants.models import Workspace
from tenants.scope import agency_scope, current
from tenants.tokens import hash_of


@dataclass(frozen=True, slots=True)
class Shown:
    """What the page shows."""

    language: str
    sections: tuple[Section, ...]
    client: str
    written_at: datetime
    appeal_until: datetime


async def message_for(statement: Statement) -> str:
    """Its text, and where it stays. Raises NoInstallationKey."""
    address = await address_of(statement.id)
    return f"{statement.text}\n\n{worded(f'{statement.language}/link.txt', statement.language, {'address': address})}"


async def address_of(statement_id: UUID) -> str:
    """The same as long as the installation's key is; after another one came, a second one beside it. Raises
    NoInstallationKey."""
    scope = current()
    agency_id = scope.actor.agency_id
    signature = sign(agency_id.bytes + statement_id.bytes, purpose="statement")
    token = base64.urlsafe_b64encode(signature).decode().rstrip("=")
    await scope.execute(
        """insert into doors (kind, key_hash, agency_id, target_id) values ('statement', $1, $2, $3)
           on conflict do nothing""",
        hash_of(token),
        agency_id,
        statement_id,
    )
    return f"{public_address()}/statement/{token}"


async def statement_behind(token: str) -> Shown | None:
    """None for a link that was made up, and for a statement whose member was forgotten. Call outside any scope."""
    found = await target_of("statement", token)
    if found is None:
        return None
    agency_id, statement_id = found
    async with agency_scope(system(agency_id), read_only=True):
        statement = await Statement.get_or_none(id=statement_id)
        if statement is None or not statement.text:
            return None
        workspace = await Workspace.get(id=statement.workspace_id)
        return Shown(
            language=statement.language,
            sections=sections(statement.text),
            client=workspace.brand_name or workspace.name,
            written_at=statement.created_at,
            appeal_until=statement.appeal_until,
        )
