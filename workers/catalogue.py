"""Every kind of job, who does it, and how hard it is tried."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import Any, Final

from backend.communities import write_words
from backend.idempotency import forget_answers
from backend.intake import forget_deliveries, give_up_delivery, take_in_delivery
from backend.journal import anchor_journal, chain_journal
from backend.leaving import (
    delete_workspace,
    erase_member_now,
    expire_exports,
    fail_export,
    repeat_erasures,
    write_export,
)
from backend.moderation import apply_rules, carry_out_actions, count_cases_again, hand_over, return_ended_claims
from backend.notices import chat_notices, deliver_notices, gather_notices, give_up_message, mail_notices
from backend.outbox import Priority, remove_ended_jobs
from backend.people import forget_access_tokens, send_invitation
from backend.webhooks import deliver_webhooks, forget_webhooks
from tenants.actor import Actor

Work = Callable[[Actor, Mapping[str, Any]], Awaitable[None]]
GivenUp = Callable[[Actor, Mapping[str, Any], str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Kind:
    """`work` runs in the agency's scope, in one transaction with the job's end; it must stand being run twice, and
    accept payload members it does not know (old workers meet new jobs during a deploy).

    `timeout` ends one try; `tries` is how often before the job is dead; `back_off` doubles with each try. `given_up` is
    told why the job is dead, in the transaction that says so. `priority` says who goes first; `at_once` is how many of
    the kind one agency may have under way.
    """

    work: Work
    tries: int = 8
    timeout: timedelta = timedelta(seconds=15)
    given_up: GivenUp | None = None
    back_off: timedelta = timedelta(seconds=2)
    priority: Priority = Priority.NORMAL
    at_once: int | None = None


MINUTE: Final = timedelta(seconds=60)

CATALOGUE: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        "anchor_journal": Kind(anchor_journal, timeout=MINUTE, priority=Priority.BULK),
        "apply_rules": Kind(apply_rules, timeout=MINUTE, at_once=4),
        "carry_out_actions": Kind(carry_out_actions, tries=12),
        "chat_notices": Kind(
            chat_notices, tries=12, timeout=timedelta(seconds=30), given_up=give_up_message, at_once=4
        ),
        "chain_journal": Kind(chain_journal, timeout=MINUTE, priority=Priority.BULK),
        "count_cases_again": Kind(count_cases_again, timeout=MINUTE, priority=Priority.BULK, at_once=4),
        "delete_workspace": Kind(delete_workspace, tries=12, timeout=30 * MINUTE, priority=Priority.BULK, at_once=1),
        "deliver_notices": Kind(deliver_notices, tries=12),
        "deliver_webhooks": Kind(deliver_webhooks, timeout=timedelta(seconds=45), at_once=6),
        "forget_access_tokens": Kind(forget_access_tokens, priority=Priority.BULK),
        "erase_member": Kind(erase_member_now, tries=12, timeout=30 * MINUTE, priority=Priority.BULK, at_once=4),
        "expire_exports": Kind(expire_exports, timeout=MINUTE, priority=Priority.BULK),
        "forget_answers": Kind(forget_answers, priority=Priority.BULK),
        "forget_platform_deliveries": Kind(forget_deliveries, timeout=MINUTE, priority=Priority.BULK),
        "forget_webhooks": Kind(forget_webhooks, priority=Priority.BULK),
        "gather_notices": Kind(gather_notices, tries=12),
        "hand_over": Kind(hand_over),
        "mail_notices": Kind(
            mail_notices, tries=12, timeout=timedelta(seconds=30), given_up=give_up_message, at_once=4
        ),
        "remove_ended_jobs": Kind(remove_ended_jobs, priority=Priority.BULK),
        "repeat_erasures": Kind(repeat_erasures, tries=12, timeout=MINUTE),
        "return_ended_claims": Kind(return_ended_claims),
        "send_invitation": Kind(send_invitation, tries=12, timeout=timedelta(seconds=30), at_once=4),
        "take_in_delivery": Kind(take_in_delivery, given_up=give_up_delivery, at_once=32),
        "write_export": Kind(
            write_export, tries=4, timeout=60 * MINUTE, given_up=fail_export, priority=Priority.BULK, at_once=2
        ),
        "write_words": Kind(write_words, priority=Priority.BULK, at_once=4),
    }
)


async def give_up(actor: Actor, kind: str, payload: Mapping[str, Any], why: str) -> None:
    """Tell whatever waits for a job that it will not be done, in the transaction that says so."""
    found = CATALOGUE.get(kind)
    if found is not None and found.given_up is not None:
        await found.given_up(actor, payload, why)
