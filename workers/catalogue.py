"""Every kind of job, who does it, and how hard it is tried."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import Any, Final

from backend.communities import write_words
from backend.idempotency import forget_answers
from backend.journal import anchor_journal, chain_journal
from backend.leaving import delete_workspace, erase_member_now, expire_exports, fail_export, write_export
from backend.moderation import apply_rules, carry_out_actions, count_cases_again, hand_over, return_ended_claims
from backend.notices import chat_notices, deliver_notices, gather_notices, give_up_message, mail_notices
from backend.outbox import remove_ended_jobs
from backend.people import forget_access_tokens, send_invitation
from tenants.actor import Actor

Work = Callable[[Actor, Mapping[str, Any]], Awaitable[None]]
GivenUp = Callable[[Actor, Mapping[str, Any], str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Kind:
    """`work` runs in the agency's scope, in one transaction with the job's end; it must stand being run twice, and
    accept payload members it does not know (old workers meet new jobs during a deploy).

    `timeout` ends one try, and a worker that dies delays its job by that long: keep it short. `tries` is how often before the job is dead; `back_off` doubles with each try.
    `given_up` is told why the job is dead, in the transaction that says so.
    """

    work: Work
    tries: int = 8
    timeout: timedelta = timedelta(seconds=15)
    given_up: GivenUp | None = None
    back_off: timedelta = timedelta(seconds=2)


CATALOGUE: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        "anchor_journal": Kind(anchor_journal, timeout=timedelta(seconds=60)),
        "apply_rules": Kind(apply_rules, timeout=timedelta(seconds=60)),
        "carry_out_actions": Kind(carry_out_actions, tries=12),
        "chat_notices": Kind(chat_notices, tries=12, timeout=timedelta(seconds=30), given_up=give_up_message),
        "chain_journal": Kind(chain_journal, timeout=timedelta(seconds=60)),
        "count_cases_again": Kind(count_cases_again, timeout=timedelta(seconds=60)),
        "delete_workspace": Kind(delete_workspace, tries=12, timeout=timedelta(minutes=10)),
        "deliver_notices": Kind(deliver_notices, tries=12),
        "forget_access_tokens": Kind(forget_access_tokens),
        "erase_member": Kind(erase_member_now, tries=12, timeout=timedelta(minutes=10)),
        "expire_exports": Kind(expire_exports, timeout=timedelta(seconds=60)),
        "forget_answers": Kind(forget_answers),
        "gather_notices": Kind(gather_notices, tries=12),
        "hand_over": Kind(hand_over),
        "mail_notices": Kind(mail_notices, tries=12, timeout=timedelta(seconds=30), given_up=give_up_message),
        "remove_ended_jobs": Kind(remove_ended_jobs),
        "return_ended_claims": Kind(return_ended_claims),
        "send_invitation": Kind(send_invitation, tries=12, timeout=timedelta(seconds=30)),
        "write_export": Kind(write_export, tries=4, timeout=timedelta(minutes=60), given_up=fail_export),
        "write_words": Kind(write_words),
    }
)
