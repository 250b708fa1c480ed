"""Slack's Web API. A bot's token deletes only its own messages: for those of members it takes the user token of an admin
of the Slack workspace (`xoxp-`) whose app has the scopes below."""

from collections.abc import Mapping
from typing import Any, Final

import orjson

from backend.acting.asking import Answer, ask
from backend.acting.looking_around import clock_finding
from backend.acting.platforms import TOLD, Finding, Hand, Later, Order, Unable

ADDRESS: Final = "https://slack.com/api"
_NO_HIDING: Final = "Slack cannot hide a message: delete it, or have its author change it."
_BY_HAND: Final = "Slack lets no app do this: an owner does it there by hand, under Manage members."
CANNOT: Final[Mapping[str, str]] = {
    **dict.fromkeys(("hide_post", "unhide_post"), _NO_HIDING),
    "recover_post": "What is deleted on Slack is gone: nobody can bring it back.",
    **dict.fromkeys(("silence_member", "unsilence_member", "suspend_member", "unsuspend_member"), _BY_HAND),
}
CONFIRMS_ITSELF: Final = False
_SCOPES: Final = ("chat:write", "channels:history", "groups:history", "im:write", "im:history")
_GONE: Final = ("message_not_found", "thread_not_found")
_EVENT: Final = "tend_action"
_USUAL_WARNING: Final = "A message of yours broke the rules of this community. Please read them before you write again."
# What people can mend, in their words; of any other refusal only Slack's code for it is told.
_MEANINGS: Final = {
    "invalid_auth": "Slack does not believe the token: install the app again, and give its new token to Tend.",
    "not_authed": "Slack does not believe the token: install the app again, and give its new token to Tend.",
    "token_revoked": "The token was revoked: install the app again, and give its new token to Tend.",
    "account_inactive": "Whoever the token is of has left: give Tend the token of somebody else.",
    "missing_scope": f"The token lacks a scope. It needs {', '.join(_SCOPES)}: OAuth & Permissions of the app.",
    "cant_delete_message": "The token may not delete messages of others: it takes the user token of an admin.",
    "channel_not_found": "The token sees no such channel: invite its owner to it.",
    "not_in_channel": "Whoever the token is of is not in the channel: invite them to it.",
}
_AGAIN: Final = ("internal_error", "fatal_error", "service_unavailable", "request_timeout")


async def is_done(hand: Hand, order: Order) -> bool:
    if order.kind in TOLD:
        return await _was_told(hand, order)
    channel, time = _place(order)
    # Asked for an answer in a thread, it gives that answer alone; history has only the beginnings of threads.
    answer = await _call(hand, "conversations.replies", channel=channel, ts=time, limit="1")
    if answer.at("error") in _GONE:
        return True
    found = _messages(_taken(answer))
    return not any(each.get("ts") == time and each.get("subtype") != "tombstone" for each in found)


async def do(hand: Hand, order: Order) -> None:
    if order.kind in TOLD:
        await _tell(hand, order)
        return
    channel, time = _place(order)
    answer = await _call(hand, "chat.delete", channel=channel, ts=time)
    if answer.at("error") not in _GONE:
        _taken(answer)


async def findings(hand: Hand) -> list[Finding]:
    answer = await _call(hand, "auth.test")
    if answer.at("ok") is not True:
        return [Finding(False, _meaning(answer))]
    found = [Finding(True, "Slack believes the token."), clock_finding(answer)]
    held = {scope.strip() for scope in answer.headers.get("x-oauth-scopes", "").split(",")}
    missing = [scope for scope in _SCOPES if scope not in held]
    if missing:
        text = f"The token lacks {', '.join(missing)}: add them under OAuth & Permissions, and install the app again."
        found.append(Finding(False, text))
    else:
        found.append(Finding(True, "The token has every scope that it needs."))
    if answer.at("bot_id") is not None:
        text = "It is the token of a bot, which deletes only its own messages: give Tend the user token of an admin."
        found.append(Finding(False, text))
    return found


async def _tell(hand: Hand, order: Order) -> None:
    metadata = {"event_type": _EVENT, "event_payload": {"action_id": str(order.id)}}
    text = (order.message or _USUAL_WARNING).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    channel = await _conversation(hand, order)
    _taken(await _call(hand, "chat.postMessage", channel=channel, text=text, metadata=orjson.dumps(metadata).decode()))


async def _was_told(hand: Hand, order: Order) -> bool:
    """By what Tend wrote beside its messages there; among the last hundred."""
    channel = await _conversation(hand, order)
    found = _taken(
        await _call(hand, "conversations.history", channel=channel, include_all_metadata="true", limit="100")
    )
    return any(
        isinstance(beside := message.get("metadata"), dict)
        and beside.get("event_type") == _EVENT
        and beside.get("event_payload") == {"action_id": str(order.id)}
        for message in _messages(found)
    )


async def _conversation(hand: Hand, order: Order) -> str:
    if order.member is None:
        raise Unable("It names nobody who could be told.")
    opened = _taken(await _call(hand, "conversations.open", users=order.member))
    return str(opened.at("channel.id"))


async def _call(hand: Hand, method: str, **form: str) -> Answer:
    return await ask(
        hand, "POST", f"{hand.address}/{method}", headers={"authorization": f"Bearer {hand.key}"}, form=form
    )


def _taken(answer: Answer) -> Answer:
    if answer.at("ok") is True:
        return answer
    if answer.at("error") in _AGAIN:
        raise Later("Slack failed to answer.")
    raise Unable(_meaning(answer))


def _meaning(answer: Answer) -> str:
    error = answer.at("error")
    if not isinstance(error, str) or not error.replace("_", "").isalnum() or len(error) > 60:
        return "What answers at this address is no Slack."
    return _MEANINGS.get(error, f"Slack does not do this ({error}).")


def _messages(answer: Answer) -> list[Mapping[str, Any]]:
    found = answer.at("messages")
    return [message for message in found if isinstance(message, dict)] if isinstance(found, list) else []


def _place(order: Order) -> tuple[str, str]:
    channel, _, time = (order.post or "").partition("/")
    if not channel or not time:
        raise Unable("Tend does not know where on Slack this message is.")
    return channel, time
