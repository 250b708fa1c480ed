"""Discourse, through its API with the key of a moderator or an admin (`Api-Key`, `Api-Username`).

It has no plain "hide". A flag by staff with `take_action` hides at once and settles what waits for review about the post
(`lib/post_action_creator.rb`); as *inappropriate*, since *spam* may silence its author too. Forms, not JSON: it compares
`take_action` with the text "true".
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import quote

from backend.acting.asking import Answer, ask
from backend.acting.looking_around import clock_finding
from backend.acting.platforms import OF_POSTS, TOLD, Finding, Hand, Order, Unable
from backend.acting.thresholds import END_MAY_DIFFER, FOREVER, LONGEST_REASON
from backend.kit.clock import now

CANNOT: Final[Mapping[str, str]] = {}
CONFIRMS_ITSELF: Final = False

_INAPPROPRIATE: Final = "4"  # `PostActionType`
_USUAL_REASON: Final = "Decided by the moderators of this community."
_TITLES: Final = {"warn_member": "A warning from the moderators", "tell_member": "From the moderators"}
# Of a penalty: where it is set and lifted, what its end is called there, and how the user shows it.
_PENALTIES: Final = {
    "silence_member": ("silence", "unsilence", "silenced_till"),
    "suspend_member": ("suspend", "unsuspend", "suspend_until"),
}
_LIFTED: Final = {"unsilence_member": "silence_member", "unsuspend_member": "suspend_member"}
_KEY_REFUSED: Final = (
    "Discourse does not believe the key, or the key may not do this. Make one under Admin, API, Keys: User Level "
    "“Single User” with a moderator or an admin, Scope “Global”."
)


async def is_done(hand: Hand, order: Order) -> bool:
    if order.kind in OF_POSTS:
        return await _shows_post(hand, order)
    if order.kind in TOLD:
        return await _has_topic(hand, order)
    ends_at = _end_shown(await _user(hand, order), order.kind)
    if order.kind in _LIFTED:
        return ends_at is None
    if ends_at is None:
        return False
    wanted = _end(order)
    is_enough = ends_at >= wanted - END_MAY_DIFFER
    return is_enough and (ends_at <= wanted + END_MAY_DIFFER or not order.is_exact)


async def do(hand: Hand, order: Order) -> None:
    if order.kind in OF_POSTS:
        await _change_post(hand, order)
    elif order.kind in TOLD:
        await _write(hand, order)
    else:
        await _change_user(hand, order)


async def findings(hand: Hand) -> list[Finding]:
    """Asked without the key first: Discourse answers 403 to a wrong key, whatever is asked."""
    about = await ask(hand, "GET", f"{hand.address}/site/basic-info.json", headers={})
    if about.at("title") is None:
        return [Finding(False, "There is no Discourse at this address.")]
    found = [Finding(True, "A Discourse answers there, with a certificate that holds."), clock_finding(about)]
    session = await _ask(hand, "GET", "/session/current.json")
    user = session.at("current_user")
    if not isinstance(user, dict):
        return [*found, Finding(False, _KEY_REFUSED)]
    if not (user.get("admin") is True or user.get("moderator") is True):
        text = f"The account {hand.username} is neither moderator nor admin: grant it under Admin, Users."
        return [*found, Finding(False, text)]
    found.append(Finding(True, f"The key is believed, and {hand.username} is of the staff."))
    return [*found, await _scope_finding(hand)]


async def _scope_finding(hand: Hand) -> Finding:
    """No granular scope holds flags and what takes them back, so only a key without any can do everything. -1 is the
    forum's own account, which every Discourse has."""
    status = (await _ask(hand, "GET", "/admin/users/-1.json")).status
    if status == 200:
        return Finding(True, "The key may look after users.")
    return Finding(False, f"The key may not look after users ({status}). {_KEY_REFUSED}")


async def _shows_post(hand: Hand, order: Order) -> bool:
    answer = await _ask(hand, "GET", f"/posts/{_number(order.post, 'post')}.json")
    if answer.status == 404 and order.kind == "delete_post":
        return True
    post = _read(answer, "post")
    if order.kind in ("delete_post", "recover_post"):
        return (post.get("deleted_at") is not None) == (order.kind == "delete_post")
    return (post.get("hidden") is True) == (order.kind == "hide_post")


async def _change_post(hand: Hand, order: Order) -> None:
    id = _number(order.post, "post")
    if order.kind == "hide_post":
        form = {"id": id, "post_action_type_id": _INAPPROPRIATE, "take_action": "true"}
        _accepted(
            await _ask(hand, "POST", "/post_actions.json", form=form),
            "Discourse does not let this account hide the post: an account flags a post once, and posts of staff only "
            "where the site allows it. Hide it there by hand, or decide to delete it.",
        )
    elif order.kind == "unhide_post":
        _accepted(await _ask(hand, "PUT", f"/posts/{id}/unhide.json"))
    else:
        # The first post goes and comes back with its topic (`lib/guardian/post_guardian.rb`).
        post = _read(await _ask(hand, "GET", f"/posts/{id}.json"), "post")
        where = f"/t/{post.get('topic_id')}" if post.get("post_number") == 1 else f"/posts/{id}"
        if order.kind == "delete_post":
            _accepted(await _ask(hand, "DELETE", f"{where}.json"))
        else:
            _accepted(await _ask(hand, "PUT", f"{where}/recover.json"))


async def _change_user(hand: Hand, order: Order) -> None:
    penalty, lifted, end = _PENALTIES[_LIFTED.get(order.kind, order.kind)]
    where = f"/admin/users/{_number(order.member, 'member')}"
    # Discourse answers 409 for whoever is silenced already: for another end it is lifted first.
    if order.kind in _LIFTED or _end_shown(await _user(hand, order), order.kind) is not None:
        _accepted(await _ask(hand, "PUT", f"{where}/{lifted}.json"))
    if order.kind in _LIFTED:
        return
    message = order.message or ""
    form = {end: _end(order).isoformat(), "reason": (message or _USUAL_REASON)[:LONGEST_REASON]}
    if message:
        form["message"] = message  # by mail
    _accepted(await _ask(hand, "PUT", f"{where}/{penalty}.json", form=form))


async def _write(hand: Hand, order: Order) -> None:
    """A message, as an official warning where it is one. Under its `external_id` there is one topic, however often it is
    asked for."""
    user = await _user(hand, order)
    form = {
        "title": _TITLES[order.kind],
        "raw": order.message or _USUAL_REASON,
        "archetype": "private_message",
        "target_recipients": str(user.get("username")),
        "external_id": str(order.id),
        "is_warning": "true" if order.kind == "warn_member" else "false",
    }
    _accepted(await _ask(hand, "POST", "/posts.json", form=form))


async def _has_topic(hand: Hand, order: Order) -> bool:
    """Discourse answers with a redirect to the topic."""
    status = (await _ask(hand, "GET", f"/t/external_id/{order.id}.json")).status
    if status in (401, 403):
        raise Unable(_KEY_REFUSED)
    return 200 <= status < 400


async def _user(hand: Hand, order: Order) -> Mapping[str, Any]:
    return _read(await _ask(hand, "GET", f"/admin/users/{_number(order.member, 'member')}.json"), "member")


async def _ask(hand: Hand, method: str, path: str, *, form: Mapping[str, str] | None = None) -> Answer:
    headers = {"Api-Key": hand.key, "Api-Username": quote(hand.username)}
    return await ask(hand, method, f"{hand.address}{path}", headers=headers, form=form)


def _read(answer: Answer, what: str) -> Mapping[str, Any]:
    if answer.status == 404:
        raise Unable(f"Discourse shows no such {what} to this account: it is gone, or the account is not of the staff.")
    _accepted(answer)
    if not isinstance(answer.document, dict):
        raise Unable("What answers at this address is no Discourse.")
    return answer.document


def _accepted(answer: Answer, when_refused: str = _KEY_REFUSED) -> None:
    if 200 <= answer.status < 300:
        return
    if answer.status in (401, 403):
        raise Unable(when_refused)
    raise Unable(f"Discourse does not do this ({answer.status}): do it there by hand, then say so here.")


def _number(id: str | None, what: str) -> str:
    if id is None or not (id.isascii() and id.isdigit()):
        raise Unable(f"Tend does not know the number that Discourse has for this {what}.")
    return id


def _end(order: Order) -> datetime:
    return order.until or now() + FOREVER


def _end_shown(user: Mapping[str, Any], kind: str) -> datetime | None:
    """None where it has ended, or never was."""
    is_silence = "silence" in kind
    text = user.get("silenced_till" if is_silence else "suspended_till")
    try:
        shown = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return shown if shown is not None and shown > now() + timedelta(0) else None
