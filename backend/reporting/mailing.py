"""What people without an account are written: by mail, in the language in which they reported."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final
from uuid import UUID

from backend import journal
from backend.communities import Community
from backend.kit.clock import now
from backend.moderation import Appeal, Decision
from backend.outside import Mail, MessageRefused, send_mail
from backend.reporting.models import MisuseMeasure, PublicNotice, TrustedFlagger
from backend.statements import with_link, worded
from tenants.actor import Actor
from tenants.models import Workspace

_SUBJECTS: Final = {
    "en": {
        "received": "We have your report",
        "rejected": "What became of your report",
        "decided": "What became of your report",
        "answered": "What became of your appeal",
        "warning": "Too many of your reports had no ground",
        "suspension": "Your reports are not looked at for a while",
    },
    "de": {
        "received": "Ihre Meldung ist angekommen",
        "rejected": "Was aus Ihrer Meldung wurde",
        "decided": "Was aus Ihrer Meldung wurde",
        "answered": "Was aus Ihrem Widerspruch wurde",
        "warning": "Zu viele Ihrer Meldungen waren grundlos",
        "suspension": "Ihre Meldungen werden eine Zeit lang nicht bearbeitet",
    },
}


async def mail_notifier(_system: Actor, payload: Mapping[str, Any]) -> None:
    """Job: one mail to whoever handed in the notice `notice_id`; `about`: received, rejected, decided (`decision_id`),
    answered (`appeal_id`) or measured (`measure_id`). Sent again, it has the same Message-ID. An address that takes none is
    journalled; MessageDelayed goes out, so that the job is tried again."""
    notice = await PublicNotice.filter(id=UUID(payload["notice_id"])).select_for_update().get_or_none()
    if notice is None:
        return
    about = str(payload["about"])
    said = await _SAID[about](notice, payload)
    to = notice.email
    if about == "measured" and notice.trusted_flagger_id is not None:
        flagger = await TrustedFlagger.get(id=notice.trusted_flagger_id, workspace_id=notice.workspace_id)
        to = flagger.email or to
    if said is None or to is None:
        return
    subject, text, of = said
    workspace = await Workspace.get(id=notice.workspace_id)
    mail = Mail(
        to=to,
        subject=_SUBJECTS[notice.language][subject],
        text=f"{text}\n",
        message_id=f"report-{notice.id}-{about}-{of}",
        thread=f"report-{notice.id}",
        sender_name=workspace.brand_sender or workspace.brand_name or workspace.name,
        reply_to=workspace.brand_reply_to,
    )
    try:
        await send_mail(mail)
    except MessageRefused:
        await _journal("unreachable", notice)
        return
    rows = PublicNotice.filter(id=notice.id, workspace_id=notice.workspace_id)
    if about == "received":
        await rows.update(acknowledged_at=now())
    elif about in {"decided", "rejected"} and notice.notified_at is None:
        await rows.update(notified_at=now())
    elif about == "measured":
        await MisuseMeasure.filter(id=UUID(of), workspace_id=notice.workspace_id).update(told_at=now())


_Said = tuple[str, str, str] | None  # subject, text, and what it is of


async def _received(notice: PublicNotice, _payload: Mapping[str, Any]) -> _Said:
    if notice.acknowledged_at is not None:
        return None
    return "received", await _linked("received.txt", notice), "x"


async def _rejected(notice: PublicNotice, _payload: Mapping[str, Any]) -> _Said:
    if notice.rejection is None or notice.notified_at is not None:
        return None
    return "rejected", await _linked("rejected.txt", notice, rejection=notice.rejection), "x"


async def _decided(notice: PublicNotice, payload: Mapping[str, Any]) -> _Said:
    decision = await Decision.get(id=UUID(payload["decision_id"]), workspace_id=notice.workspace_id)
    if notice.decision_id != decision.id:
        return None  # another one took its place before this could be told
    text = await _linked("reported.txt", notice, outcome=decision.outcome, is_again=bool(payload.get("is_again")))
    return "decided", text, str(decision.id)


async def _answered(notice: PublicNotice, payload: Mapping[str, Any]) -> _Said:
    appeal = await Appeal.get(id=UUID(payload["appeal_id"]), workspace_id=notice.workspace_id)
    verdict = worded(f"{notice.language}/answered.txt", notice.language, {"verdict": appeal.state})
    text = f"{verdict}\n\n{appeal.answer}"
    return "answered", await with_link(text, "report", notice.id, language=notice.language), str(appeal.id)


async def _measured(notice: PublicNotice, payload: Mapping[str, Any]) -> _Said:
    measure = await MisuseMeasure.get(id=UUID(payload["measure_id"]), workspace_id=notice.workspace_id)
    if measure.told_at is not None:
        return None
    return measure.kind, measure_text(measure, language=notice.language), str(measure.id)


_SAID: Final[Mapping[str, Callable[[PublicNotice, Mapping[str, Any]], Awaitable[_Said]]]] = {
    "received": _received,
    "rejected": _rejected,
    "decided": _decided,
    "answered": _answered,
    "measured": _measured,
}


def measure_text(measure: MisuseMeasure, *, language: str) -> str:
    return worded(
        f"{language}/misuse.txt",
        language,
        {
            "kind": measure.kind,
            "because": measure.because,
            "filed": measure.filed_count,
            "unfounded": measure.unfounded_count,
            "since": measure.counted_since,
            "until": measure.until,
            "reason": measure.reason,
        },
    )


async def _linked(name: str, notice: PublicNotice, **values: Any) -> str:
    community = await Community.get(id=notice.community_id, workspace_id=notice.workspace_id)
    said = {"reported_at": notice.received_at, "community": community.name, **values}
    text = worded(f"{notice.language}/{name}", notice.language, said)
    return await with_link(text, "report", notice.id, language=notice.language)


async def _journal(verb: str, notice: PublicNotice) -> None:
    await journal.record(
        f"notice.{verb}", subject_kind="publicnotice", subject_id=notice.id, workspace_id=notice.workspace_id
    )
