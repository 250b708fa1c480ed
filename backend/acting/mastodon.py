"""Mastodon's admin API (scopes `admin:read:accounts`, `admin:write:accounts`). It limits and suspends accounts; it has no
way to take a single status away, and no end after which a limit lifts by itself."""

from collections.abc import Mapping
from typing import Any, Final

from backend.acting.asking import Answer, ask
from backend.acting.looking_around import clock_finding
from backend.acting.platforms import Finding, Hand, Order, Unable

_IN_ITS_REPORTS: Final = "Mastodon lets no app do this: do it there by hand, under Moderation."
CANNOT: Final[Mapping[str, str]] = dict.fromkeys(
    ("hide_post", "unhide_post", "delete_post", "recover_post", "warn_member", "tell_member"), _IN_ITS_REPORTS
)
CONFIRMS_ITSELF: Final = False
_REFUSED: Final = (
    "Mastodon does not believe the token, or it may not look after accounts: it needs the scopes admin:read:accounts and "
    "admin:write:accounts, under Development, of somebody whose role may manage users."
)
# What does it, and what the account shows then.
_WAYS: Final = {
    "silence_member": ("action", "silenced", True),
    "suspend_member": ("action", "suspended", True),
    "unsilence_member": ("unsilence", "silenced", False),
    "unsuspend_member": ("unsuspend", "suspended", False),
}


async def is_done(hand: Hand, order: Order) -> bool:
    _, shown, wanted = _WAYS[order.kind]
    account = _read(await _ask(hand, "GET", _account(order)))
    return (account.get(shown) is True) == wanted


async def do(hand: Hand, order: Order) -> None:
    if order.until is not None:
        raise Unable("Mastodon knows no end of this: do it there by hand, and lift it when the time has come.")
    way, _, _ = _WAYS[order.kind]
    form = {"type": order.kind.removesuffix("_member"), "text": order.message or ""} if way == "action" else {}
    _accepted(await _ask(hand, "POST", f"{_account(order)}/{way}", form=form))


async def findings(hand: Hand) -> list[Finding]:
    answer = await _ask(hand, "GET", "/api/v1/admin/accounts?limit=1")
    if answer.status in (401, 403):
        return [Finding(False, _REFUSED), clock_finding(answer)]
    if not isinstance(answer.document, list):
        return [Finding(False, "There is no Mastodon at this address.")]
    return [Finding(True, "The token is believed, and may look after accounts."), clock_finding(answer)]


async def _ask(hand: Hand, method: str, path: str, *, form: Mapping[str, str] | None = None) -> Answer:
    headers = {"authorization": f"Bearer {hand.key}"}
    return await ask(hand, method, f"{hand.address}{path}", headers=headers, form=form)


def _account(order: Order) -> str:
    if order.member is None or not (order.member.isascii() and order.member.isdigit()):
        raise Unable("Tend does not know the number that Mastodon has for this account.")
    return f"/api/v1/admin/accounts/{order.member}"


def _read(answer: Answer) -> Mapping[str, Any]:
    _accepted(answer)
    if not isinstance(answer.document, dict):
        raise Unable("What answers at this address is no Mastodon.")
    return answer.document


def _accepted(answer: Answer) -> None:
    if 200 <= answer.status < 300:
        return
    if answer.status in (401, 403):
        raise Unable(_REFUSED)
    raise Unable(f"Mastodon does not do this ({answer.status}): do it there by hand, then say so here.")
