from typing import Any, Final
from uuid import UUID

from email_validator import EmailNotValidError, validate_email

from backend import journal
from backend.kit.clock import now
from backend.kit.errors import Invalid
from backend.kit.ids import new_id
from backend.kit.texts import clean
from backend.outside import is_askable, seal
from backend.safety.models import Escalation, SafetyContact
from backend.webhooks import new_secret
from tenants import locks
from tenants.actor import Actor
from tenants.finding import find_workspace
from tenants.rights import Right
from tenants.scope import current

TABLE: Final = "safety_contacts"


async def set_safety_contacts(
    actor: Actor,
    workspace_id: UUID,
    *,
    email: str | None,
    telephony_url: str | None,
    no_authorities: str | None = None,
) -> tuple[UUID, str | None]:
    """Where policies reach the client's own people, and what calls people by telephone. Its id, and the new secret by which the
    telephony knows a page as Tend's, told here and nowhere else; None without an address. `no_authorities`: the client's
    instruction not to contact any, in its words, shown with each escalation that is open; it stops nothing. Raises NotAllowed, NotFound,
    Invalid."""
    actor.must_hold(Right.LEAD_QUEUE)
    await find_workspace(workspace_id)
    if email is not None:
        email = _address(email)
    if telephony_url is not None and (len(telephony_url) > 2_000 or not is_askable(telephony_url)):
        raise Invalid("This is no address that Tend may ask.", path=("input", "telephonyUrl"))
    if no_authorities is not None:
        no_authorities = clean(no_authorities, field="noAuthorities", longest=2_000)
    await current().lock(locks.ESCALATING, f"contacts of {workspace_id}")  # of two first ones at once
    known = await SafetyContact.get_or_none(workspace_id=workspace_id)
    id = new_id() if known is None else known.id
    secret = None if telephony_url is None else new_secret()
    columns: dict[str, Any] = {
        "email": email,
        "telephony_url": telephony_url,
        "no_authorities": no_authorities,
        "telephony_secret": None
        if secret is None
        else await seal(secret, table=TABLE, column="telephony_secret", row_id=id),
    }
    if known is None:
        await SafetyContact.create(id=id, workspace_id=workspace_id, **columns)
    else:
        await SafetyContact.filter(id=id).update(**columns, updated_at=now())
    open_ = Escalation.filter(workspace_id=workspace_id).exclude(state="resolved")
    await open_.update(client_instruction=no_authorities)
    await journal.record(
        "workspace.safety_contacts_set",
        subject_kind="workspace",
        subject_id=workspace_id,
        workspace_id=workspace_id,
        has_email=email is not None,
        has_telephony=telephony_url is not None,
        forbids_authorities=no_authorities is not None,
    )
    return id, secret


def _address(text: str) -> str:
    """Raises Invalid."""
    try:
        return validate_email(text.strip(), check_deliverability=False).normalized
    except EmailNotValidError:
        raise Invalid("This is no mail address.", path=("input", "email")) from None
