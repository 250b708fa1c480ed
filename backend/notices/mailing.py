import hashlib
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from backend.notices import catalogue
from backend.notices.sending import Message, delayed, failed, opened, sent
from backend.notices.unsubscribing import unsubscribe_address
from backend.notices.writing import Unwritable, around, lines
from backend.outside import Mail, MessageDelayed, MessageRefused, send_mail
from tenants.actor import Actor

_PLAIN_COLOUR: Final = "#1f2937"


async def mail_notices(system: Actor, payload: Mapping[str, Any]) -> None:
    """Job: one mail. A mail that cannot be written, or that nobody takes, ends here in sight of the agency's admins; one
    that may go later raises MessageDelayed, so that the job is tried again, under the same Message-ID."""
    message = await opened(payload)
    if message is None:
        return
    try:
        await send_mail(_mail(system, message))
    except (Unwritable, MessageRefused) as problem:
        await failed(message, problem)
    except MessageDelayed as problem:
        await delayed(message, problem)
        raise
    else:
        await sent(message)


def _mail(system: Actor, message: Message) -> Mail:
    """Raises Unwritable."""
    written = lines(message.items, message.language)
    kinds = sorted({item.kind for item in message.items})
    stops = not any(catalogue.KINDS[kind].is_danger for kind in kinds)
    unsubscribe = unsubscribe_address(system.agency_id, message.membership_id, kinds) if stops else None
    values: dict[str, Any] = {
        "name": message.name,
        "brand": message.brand.name,
        "colour": message.brand.colour or _PLAIN_COLOUR,
        "how": message.how,
        "lines": written,
        "unsubscribe": unsubscribe,
    }
    subjects = {item.subject for item in message.items}
    return Mail(
        to=message.email,
        subject=written[0].subject if len(written) == 1 else around("subject.txt", message.language, **values).strip(),
        text=around("mail.txt", message.language, **values),
        html=around("mail.html", message.language, **values),
        message_id=f"notices-{message.id}",
        reply_to=message.brand.reply_to,
        thread=_thread(subjects.pop(), message.membership_id) if len(subjects) == 1 else None,
        sender_name=message.brand.sender,
        unsubscribe=unsubscribe,
    )


def _thread(subject: str, membership_id: UUID) -> str:
    """The same for every mail about it to this reader. A hash: who a member was stands in nobody's mailbox."""
    return f"thread-{hashlib.sha256(f'{subject} {membership_id}'.encode()).hexdigest()[:32]}"
