"""Into a chat, by the incoming webhook that Slack and Mattermost have: `{"text": ...}` to an address that is a secret."""

from collections.abc import Mapping
from typing import Any

import orjson

from backend.notices.sending import Message, delayed, failed, opened, sent
from backend.notices.writing import Unwritable, around, lines
from backend.outside import MessageDelayed, MessageRefused, Unreachable, fetch, open_sealed
from tenants.actor import Actor

_AGAIN = (408, 425, 429)  # and everything from 500 on


async def chat_notices(_system: Actor, payload: Mapping[str, Any]) -> None:
    """Job: one message. As `mail_notices`."""
    message = await opened(payload)
    if message is None:
        return
    try:
        await _post(message)
    except (Unwritable, MessageRefused) as problem:
        await failed(message, problem)
    except MessageDelayed as problem:
        await delayed(message, problem)
        raise
    else:
        await sent(message)


async def _post(message: Message) -> None:
    """Raises Unwritable, MessageRefused, MessageDelayed. Nothing of an answer is kept."""
    if message.chat_url is None or message.settings_id is None:
        raise MessageRefused("They have named no chat, or none any more.")
    text = around("chat.txt", message.language, lines=lines(message.items, message.language)).strip()
    url = await open_sealed(message.chat_url, table="notice_settings", column="chat_url", row_id=message.settings_id)
    try:
        answer = await fetch(
            "POST",
            url,
            headers={"Content-Type": "application/json"},
            content=orjson.dumps({"text": _plain(text)}),
            largest=10_000,
        )
    except Unreachable as problem:
        raise MessageDelayed(f"The chat cannot be reached. {problem.message}") from None
    if answer.status >= 500 or answer.status in _AGAIN:
        raise MessageDelayed(f"The chat does not take messages now ({answer.status}).")
    if not 200 <= answer.status < 300:
        raise MessageRefused(f"The chat takes no messages here ({answer.status}).")


def _plain(text: str) -> str:
    """The name of a client is no mention of everybody (`<!channel>`) and no link."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
