"""Pages to others than colleagues: the client's own contact by mail, and what calls people by telephone. Client, severity,
kind and a link: no word of what happened, and nobody it happened to."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import orjson

from backend.kit.clock import now
from backend.kit.ids import published
from backend.outside import (
    Mail,
    MessageDelayed,
    MessageRefused,
    Unreachable,
    fetch,
    open_sealed,
    public_address,
    send_mail,
)
from backend.safety.models import Escalation, SafetyContact
from backend.safety.stepping import note_page
from backend.webhooks import signed
from tenants.actor import Actor
from tenants.models import Agency, Workspace
from tenants.scope import current


async def page_outside(_system: Actor, payload: Mapping[str, Any]) -> None:
    """Job: one page. Tried again, also after a kill, it has the same id and Message-ID, so that whoever gets it twice can
    tell. Sent is a step of its own; run again after that, it sends nothing."""
    escalation = await Escalation.get(id=UUID(payload["escalation_id"]))
    contact = await SafetyContact.get_or_none(workspace_id=escalation.workspace_id)
    if await _was_sent(escalation, payload):
        return
    try:
        if payload["target"] == "client_contact":
            await _mail(escalation, contact, payload)
        else:
            await _post(escalation, contact, payload)
    except MessageRefused as problem:
        await note_page(escalation, "not_sent", payload, note=str(problem), moment=await current().now())
    else:
        await note_page(escalation, "sent", payload, note="", moment=await current().now())


async def give_up_page(_system: Actor, payload: Mapping[str, Any], problem: str) -> None:
    """The job is dead: its step says so. The next level is on its way in any case."""
    escalation = await Escalation.get(id=UUID(payload["escalation_id"]))
    await note_page(escalation, "not_sent", payload, note=problem, moment=await current().now())


async def _was_sent(escalation: Escalation, payload: Mapping[str, Any]) -> bool:
    scope = current()
    found: bool = await scope.fetchval(
        """select exists (select from escalation_steps where agency_id = $1 and workspace_id = $2 and escalation_id = $3
                             and loop = $4 and level = $5 and target = $6 and kind in ('sent', 'not_sent'))""",
        scope.actor.agency_id,
        escalation.workspace_id,
        escalation.id,
        payload["loop"],
        payload["level"],
        payload["target"],
    )
    return found


async def _mail(escalation: Escalation, contact: SafetyContact | None, payload: Mapping[str, Any]) -> None:
    """Raises MessageRefused, MessageDelayed."""
    if contact is None or contact.email is None:
        raise MessageRefused("The client has no safety contact any more.")
    client = await Workspace.get(id=escalation.workspace_id)
    agency = await Agency.get(id=escalation.agency_id)
    drill = "Drill: " if escalation.is_drill else ""
    kind = escalation.kind.replace("_", " ")
    await send_mail(
        Mail(
            to=contact.email,
            subject=f"{drill}{client.name}: severity {payload['severity']}, {kind}",
            text=(
                f"{drill}{agency.name} asks you to get in touch at once: {kind}, severity {payload['severity']}, at {client.name}."
                f"\n\n{_link(escalation)}\n\nWhat it is about is told to you by its responders, and in no mail.\n"
            ),
            message_id=_key(escalation, payload),
            sender_name=agency.name,
        )
    )


async def _post(escalation: Escalation, contact: SafetyContact | None, payload: Mapping[str, Any]) -> None:
    """Standard Webhooks. Raises MessageRefused, MessageDelayed."""
    if contact is None or contact.telephony_url is None or contact.telephony_secret is None:
        raise MessageRefused("The client has no telephony any more.")
    secret = await open_sealed(
        contact.telephony_secret, table="safety_contacts", column="telephony_secret", row_id=contact.id
    )
    client = await Workspace.get(id=escalation.workspace_id)
    body = orjson.dumps(
        {
            "type": "escalation.paged",
            "data": {
                "id": published("escalation", escalation.id),
                "client": client.name,
                "severity": payload["severity"],
                "kind": escalation.kind,
                "level": payload["level"],
                "isDrill": escalation.is_drill,
                "url": _link(escalation),
            },
        }
    )
    headers = signed([secret], id=_key(escalation, payload), moment=now(), body=body)
    try:
        answer = await fetch(
            "POST",
            contact.telephony_url,
            headers={**headers, "content-type": "application/json", "user-agent": "Tend-Webhooks/1"},
            content=body,
            largest=10_000,
        )
    except Unreachable as problem:
        raise MessageDelayed(f"The telephony cannot be reached. {problem.message}") from None
    if not 200 <= answer.status < 300:
        raise MessageDelayed(f"The telephony does not take pages now ({answer.status}).")


def _key(escalation: Escalation, payload: Mapping[str, Any]) -> str:
    """The same for every try at the same step."""
    return f"escalation-{escalation.id}-{payload['loop']}-{payload['level']}-{payload['target']}"


def _link(escalation: Escalation) -> str:
    return f"{public_address()}/escalations/escalation_{escalation.id}"
