"""Every kind of job, who does it, and how hard it is tried."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import Any, Final

import structlog

from backend.acting import carry_out_actions, give_up_action, queue_again
from backend.client_reports import (
    count_next_section,
    give_up_report,
    make_due_reports,
    make_report_again,
    typeset_client_report,
)
from backend.communities import write_words
from backend.customers import derive_exposures
from backend.education import enrol_who_lack, purge_pictures, spread_content, warn_of_ends
from backend.evidence import purge_attachments, purge_evidence
from backend.filing import (
    fail_transparency_report,
    give_up_batch,
    prepare_files,
    send_batch,
    write_report_again,
    write_transparency_report,
)
from backend.idempotency import forget_answers
from backend.intake import (
    find_attachment_again,
    forget_deliveries,
    give_up_attachment,
    give_up_delivery,
    store_attachment,
    take_in_delivery,
)
from backend.journal import anchor_journal, chain_journal
from backend.leaving import (
    delete_workspace,
    erase_member_now,
    expire_exports,
    fail_export,
    repeat_erasures,
    write_export,
)
from backend.moderation import (
    count_cases_again,
    hand_over,
    resume_case,
    return_ended_claims,
)
from backend.notices import (
    chat_notices,
    deliver_notices,
    gather_again,
    gather_notices,
    give_up_gathering,
    give_up_message,
    mail_notices,
    send_again,
)
from backend.outbox import Priority, remove_ended_jobs
from backend.people import fail_invitation, forget_access_tokens, send_invitation
from backend.reporting import follow_decision, mail_notifier, settle_notices
from backend.retention import compare_arms, give_up_study, go_on_with_study
from backend.ruling import (
    apply_rules,
    back_test,
    fail_back_test,
    forget_findings,
    go_on_with_back_test,
    watch_rules,
)
from backend.safety import (
    answer_takedown,
    give_up_answer,
    give_up_page,
    page_escalation,
    page_outside,
    start_drills,
    sweep_escalations,
    watch_coverage,
    watch_deadlines,
)
from backend.stories import end_introductions, expire_consents
from backend.verification import check_link, expire_verifications, give_up_link, purge_receipts
from backend.webhooks import deliver_webhooks, forget_webhooks, give_up_turn
from tenants.actor import Actor
from tenants.database import is_busy
from tenants.scope import current

log = structlog.get_logger()

Work = Callable[[Actor, Mapping[str, Any]], Awaitable[None]]
GivenUp = Callable[[Actor, Mapping[str, Any], str], Awaitable[None]]
Replayed = Callable[[Actor, Mapping[str, Any]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Kind:
    """`work` runs in the agency's scope, in one transaction with the job's end; it must stand being run twice, and
    accept payload members it does not know (old workers meet new jobs during a deploy).

    `timeout` ends one try; `tries` is how often before the job is dead; `back_off` doubles with each try. `given_up` is
    told why the job is dead or called off, and `replayed` that it is tried again after all, in the transaction that says
    so. `priority` says who goes first; `at_once` is how many of the kind one agency may have under way. What
    `reaches_outside` waits for servers of other people: of all such kinds together an agency has OUTSIDE_AT_ONCE under way.
    `may_be_called_off`: whoever waits for it sees its end and can ask again (an export, a mail); of the rest somebody would
    wait for ever, as for a case whose claim has ended.
    """

    work: Work
    tries: int = 8
    timeout: timedelta = timedelta(seconds=15)
    given_up: GivenUp | None = None
    replayed: Replayed | None = None
    back_off: timedelta = timedelta(seconds=2)
    priority: Priority = Priority.NORMAL
    at_once: int | None = None
    reaches_outside: bool = False
    may_be_called_off: bool = False

    async def give_up(self, actor: Actor, payload: Mapping[str, Any], why: str) -> str:
        """Tell whatever waits for the job that it will not be done; what to say of its end. A job ends also where that
        cannot be done, as with a payload of an older Tend: it would be taken again for ever."""
        problem = await _tell(self.given_up, actor, payload, why)
        return why if problem is None else f"{why} What waits for it could not be told ({type(problem).__name__})."

    async def replay(self, actor: Actor, payload: Mapping[str, Any]) -> None:
        """Make whatever has failed with the job wait for it again. Where that cannot be done, the job will say why."""
        await _tell(self.replayed, actor, payload)


async def _tell(tell: Callable[..., Awaitable[None]] | None, *what: Any) -> Exception | None:
    """What it raised, and then nothing of it is left."""
    if tell is None:
        return None
    try:
        async with current().part():
            await tell(*what)
    except Exception as problem:
        if is_busy(problem):
            raise
        log.exception("job.not_told", by=getattr(tell, "__name__", tell))
        return problem
    return None


# Fewer than a worker has places (workers/consuming.py): whatever one agency's servers do, others are served.
OUTSIDE_AT_ONCE: Final = 5
MINUTE: Final = timedelta(seconds=60)
_MESSAGE: Final[Mapping[str, Any]] = {
    "tries": 12,
    "timeout": timedelta(seconds=30),
    "given_up": give_up_message,
    "may_be_called_off": True,
    "replayed": send_again,
    "at_once": 4,
    "reaches_outside": True,
}

# One at a time of each: fewer than a worker has places for danger, so that no server that hangs stands before a timer.
_DANGER: Final[Mapping[str, Any]] = {**_MESSAGE, "at_once": 1, "priority": Priority.DANGER}

CATALOGUE: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        "anchor_journal": Kind(anchor_journal, timeout=MINUTE, priority=Priority.BULK),
        "answer_takedown": Kind(
            answer_takedown,
            tries=12,
            timeout=timedelta(seconds=30),
            given_up=give_up_answer,
            at_once=4,
            reaches_outside=True,
        ),
        "apply_rules": Kind(apply_rules, timeout=MINUTE, at_once=4),
        "carry_out_actions": Kind(
            carry_out_actions,
            tries=12,
            timeout=timedelta(seconds=45),
            given_up=give_up_action,
            replayed=queue_again,
            at_once=4,
            reaches_outside=True,
        ),
        "back_test": Kind(
            back_test,
            timeout=MINUTE,
            given_up=fail_back_test,
            replayed=go_on_with_back_test,
            may_be_called_off=True,
            priority=Priority.BULK,
            at_once=2,
        ),
        "chat_danger": Kind(chat_notices, **_DANGER),
        "chat_notices": Kind(chat_notices, **_MESSAGE),
        "chain_journal": Kind(chain_journal, timeout=MINUTE, priority=Priority.BULK),
        "count_cases_again": Kind(count_cases_again, timeout=MINUTE, priority=Priority.BULK, at_once=4),
        "delete_workspace": Kind(delete_workspace, tries=12, timeout=30 * MINUTE, priority=Priority.BULK, at_once=1),
        "deliver_notices": Kind(deliver_notices, tries=12),
        "check_link": Kind(
            check_link, timeout=timedelta(seconds=30), given_up=give_up_link, at_once=4, reaches_outside=True
        ),
        "deliver_webhooks": Kind(
            deliver_webhooks, timeout=timedelta(seconds=45), given_up=give_up_turn, at_once=4, reaches_outside=True
        ),
        "derive_exposures": Kind(derive_exposures, tries=4, timeout=30 * MINUTE, priority=Priority.BULK, at_once=1),
        "follow_decision": Kind(follow_decision),
        "forget_access_tokens": Kind(forget_access_tokens, priority=Priority.BULK),
        "expire_consents": Kind(expire_consents, timeout=MINUTE),
        "end_introductions": Kind(end_introductions, timeout=MINUTE, priority=Priority.BULK),
        "enrol_who_lack": Kind(enrol_who_lack, timeout=MINUTE, priority=Priority.BULK),
        "erase_member": Kind(erase_member_now, tries=12, timeout=30 * MINUTE, priority=Priority.BULK, at_once=4),
        "expire_verifications": Kind(expire_verifications, timeout=MINUTE, priority=Priority.BULK),
        "expire_exports": Kind(expire_exports, timeout=MINUTE, priority=Priority.BULK),
        "forget_answers": Kind(forget_answers, priority=Priority.BULK),
        "forget_findings": Kind(forget_findings, timeout=MINUTE, priority=Priority.BULK),
        "forget_platform_deliveries": Kind(forget_deliveries, timeout=MINUTE, priority=Priority.BULK),
        "forget_webhooks": Kind(forget_webhooks, priority=Priority.BULK),
        "gather_danger": Kind(
            gather_notices,
            tries=12,
            given_up=give_up_gathering,
            replayed=gather_again,
            may_be_called_off=True,
            priority=Priority.DANGER,
        ),
        "gather_notices": Kind(
            gather_notices, tries=12, given_up=give_up_gathering, replayed=gather_again, may_be_called_off=True
        ),
        "hand_over": Kind(hand_over),
        # A section at a time; a slow one has two of an agency's places for work that nobody waits for, and no more.
        "make_client_report": Kind(
            count_next_section,
            tries=6,
            timeout=10 * MINUTE,
            given_up=give_up_report,
            replayed=make_report_again,
            may_be_called_off=True,
            priority=Priority.BULK,
            at_once=2,
        ),
        "make_due_reports": Kind(make_due_reports, timeout=MINUTE, priority=Priority.BULK),
        "mail_danger": Kind(mail_notices, **_DANGER),
        "mail_notices": Kind(mail_notices, **_MESSAGE),
        "mail_notifier": Kind(mail_notifier, tries=12, timeout=timedelta(seconds=30), at_once=4, reaches_outside=True),
        "prepare_statements": Kind(prepare_files, timeout=5 * MINUTE, priority=Priority.BULK, at_once=2),
        "purge_attachments": Kind(purge_attachments, timeout=MINUTE, priority=Priority.BULK),
        # The lease of a try is short (workers/running.py) and so is its pause: a page is late by no more than that.
        "page_escalation": Kind(page_escalation, tries=20, back_off=timedelta(seconds=1), priority=Priority.DANGER),
        "page_outside": Kind(
            page_outside,
            tries=8,
            timeout=timedelta(seconds=30),
            given_up=give_up_page,
            priority=Priority.DANGER,
            at_once=1,
            reaches_outside=True,
        ),
        "purge_evidence": Kind(purge_evidence, timeout=MINUTE, priority=Priority.BULK),
        "purge_receipts": Kind(purge_receipts, timeout=MINUTE, priority=Priority.BULK),
        "remove_ended_jobs": Kind(remove_ended_jobs, priority=Priority.BULK),
        "repeat_erasures": Kind(repeat_erasures, tries=12, timeout=MINUTE),
        "resume_case": Kind(resume_case),
        "return_ended_claims": Kind(return_ended_claims),
        "run_retention_study": Kind(
            compare_arms,
            tries=4,
            timeout=30 * MINUTE,
            given_up=give_up_study,
            replayed=go_on_with_study,
            may_be_called_off=True,
            priority=Priority.BULK,
            at_once=1,
        ),
        "send_invitation": Kind(
            send_invitation,
            tries=12,
            timeout=timedelta(seconds=30),
            given_up=fail_invitation,
            may_be_called_off=True,
            at_once=4,
            reaches_outside=True,
        ),
        "settle_notices": Kind(settle_notices, timeout=MINUTE, priority=Priority.BULK),
        "submit_batch": Kind(
            send_batch,
            tries=12,
            timeout=timedelta(seconds=45),
            back_off=timedelta(seconds=30),
            given_up=give_up_batch,
            may_be_called_off=True,
            at_once=2,
            reaches_outside=True,
        ),
        "purge_pictures": Kind(purge_pictures, timeout=MINUTE, priority=Priority.BULK),
        "spread_content": Kind(spread_content, timeout=MINUTE, priority=Priority.BULK),
        "store_attachment": Kind(
            store_attachment,
            timeout=timedelta(seconds=120),
            given_up=give_up_attachment,
            replayed=find_attachment_again,
            priority=Priority.BULK,
            at_once=2,
            reaches_outside=True,
        ),
        "start_drills": Kind(start_drills, timeout=MINUTE),
        "sweep_escalations": Kind(sweep_escalations, priority=Priority.DANGER),
        "typeset_client_report": Kind(typeset_client_report, timeout=MINUTE, priority=Priority.BULK, at_once=2),
        "take_in_delivery": Kind(take_in_delivery, given_up=give_up_delivery, at_once=32),
        "warn_of_ends": Kind(warn_of_ends, timeout=MINUTE, priority=Priority.BULK),
        "watch_coverage": Kind(watch_coverage, timeout=MINUTE),
        "watch_deadlines": Kind(watch_deadlines, timeout=MINUTE, priority=Priority.DANGER),
        "watch_rules": Kind(watch_rules, timeout=MINUTE),
        "write_export": Kind(
            write_export,
            tries=4,
            timeout=60 * MINUTE,
            given_up=fail_export,
            may_be_called_off=True,
            priority=Priority.BULK,
            at_once=2,
        ),
        "write_transparency_report": Kind(
            write_transparency_report,
            tries=4,
            timeout=30 * MINUTE,
            given_up=fail_transparency_report,
            replayed=write_report_again,
            may_be_called_off=True,
            priority=Priority.BULK,
            at_once=1,
        ),
        "write_words": Kind(write_words, priority=Priority.BULK, at_once=4),
    }
)
