"""Notices by mail, over a real SMTP server: what is in them, who gets them, and what becomes of those that do not go."""

import asyncio
from collections.abc import Callable
from email.message import EmailMessage
from typing import Any

import pytest
from cast import Cast
from notices.readers import Reader, mail_server

from backend.kit.errors import Conflict, NotAllowed, NotFound
from backend.moderation import claim_next, decide, report_post
from backend.notices import (
    Notice,
    NoticeDelivery,
    Preference,
    Recipient,
    mark_read,
    replay_delivery,
    set_preferences,
    tell,
)
from backend.operating import cancel_job, replay_job
from backend.outbox import Job
from backend.outside import mailing
from backend.people import end, suspend
from tenants.actor import system
from tenants.models import Assignment, Workspace
from tenants.rights import Role
from tenants.scope import agency_scope
from workers.catalogue import CATALOGUE

MARKER = "gurkensalat-77"


def body(mail: EmailMessage, kind: str = "plain") -> str:
    part = mail.get_body((kind,))
    assert part is not None
    return part.get_content()


async def test_a_notice_is_one_mail_in_text_and_html_with_a_link(reader: Reader) -> None:
    await reader.is_told()
    [mail] = await reader.mails()
    async with agency_scope(reader.cast.system):
        client = await Workspace.get(id=reader.client)
        notice = await Notice.get(membership_id=reader.id)
    link = f"/notices/acme/notice_{notice.id}"
    assert mail["Subject"] == f"{client.name}: a report of yours was decided"
    assert mail["From"].addresses[0].display_name == "Acme"
    assert mail["From"].addresses[0].addr_spec == "tend@localhost"
    for kind in ("plain", "html"):
        text = body(mail, kind)
        assert "You reported a post. It breaks the rules of the community. Thank you." in text
        assert reader.actor.name in text
        assert link in text
    assert mail.get_content_type() == "multipart/alternative"
    assert await reader.states() == [("mail", "sent", None)]


async def test_no_content_is_in_a_message(acme: Cast, hire: Callable[..., Any]) -> None:
    """Whatever a reported post says: the mail to who reported it has a sentence of ours and a link."""
    reader = await hire(Role.LEAD)
    slug = next(slug for slug, id in acme.workspaces.items() if id == reader.client)
    post = await acme.post(f"secret {MARKER}", workspace=slug)
    async with agency_scope(reader.actor):
        await report_post(reader.actor, post.id, reason=MARKER, policy_id=acme.policies[f"{slug}:harassment"])
    owner = acme.owner.narrowed_to(reader.client)
    version = await acme.policy_version(reader.client)
    async with agency_scope(owner):
        claim = await claim_next(owner, workspace_id=reader.client)
        await decide(
            owner,
            claim.case_id,
            token=claim.token,
            outcome="violation",
            reason=MARKER,
            policy_version_id=version.id,
        )
    await reader.is_told(text=MARKER)
    first, second = await reader.mails(even_later=True), reader.inbox.to(reader.email)
    assert len(first) == len(second) == 1
    for mail in second:
        assert MARKER not in mail.as_string() + body(mail) + body(mail, "html")
        assert "You reported a post" in body(mail)


@pytest.mark.parametrize("facts", [{"outcome": "Ada wrote it"}, {"handle": "ada"}, {"outcome": "x" * 41}])
async def test_what_is_no_word_of_our_own_cannot_be_told(reader: Reader, facts: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="is no fact"):
        await reader.is_told(facts=facts)
    assert await reader.states() == []


async def test_mails_about_one_subject_are_a_thread_and_of_another_are_none(reader: Reader) -> None:
    subject = await reader.is_told(occasion="1")
    await reader.mails()
    await reader.is_told(subject, occasion="2")
    await reader.mails(even_later=True)
    await reader.is_told()
    first, second, third = await reader.mails(even_later=True)
    assert first["References"] == first["In-Reply-To"] == second["References"] != third["References"]
    assert len({mail["Message-ID"] for mail in (first, second, third)}) == 3
    assert first["References"] != first["Message-ID"]


async def test_telling_the_same_again_sends_nothing_again(reader: Reader) -> None:
    subject = await reader.is_told()
    await reader.is_told(subject)
    assert len(await reader.mails()) == 1
    await reader.is_told(subject)
    assert len(await reader.mails(even_later=True)) == 1


async def test_a_burst_of_one_kind_is_one_mail_and_other_kinds_are_their_own(reader: Reader) -> None:
    await reader.is_told()
    assert len(await reader.mails()) == 1
    for _ in range(3):
        await reader.is_told()
    await reader.is_told(kind="membership_changed")
    assert len(await reader.mails()) == 2, "what follows within minutes waits, another kind does not"
    *_, bundle = await reader.mails(even_later=True)
    assert bundle["Subject"] == "3 notices"
    assert body(bundle).count("a report of yours was decided") == 3
    assert bundle["References"] is None
    assert len({each.message for each in await reader.deliveries()}) == 3


async def test_hundreds_at_once_are_mails_of_fifty(reader: Reader) -> None:
    for _ in range(60):
        await reader.is_told()
    await reader.mails(even_later=True)
    mails = await reader.mails(even_later=True)
    assert sum(body(mail).count("http") - 1 for mail in mails) == 60
    assert max(body(mail).count("http") - 1 for mail in mails) == 50


@pytest.mark.parametrize("why", ["left", "suspended", "lost the client", "closed", "read"])
async def test_whoever_may_not_be_told_any_more_gets_nothing(acme: Cast, reader: Reader, why: str) -> None:
    await reader.is_told()
    async with agency_scope(acme.owner) as scope:
        if why == "left":
            await end(acme.owner, reader.id)
        elif why == "suspended":
            await suspend(acme.owner, reader.id)
        elif why == "lost the client":
            await Assignment.filter(membership_id=reader.id).delete()
        elif why == "closed":
            await scope.execute("update workspaces set deletes_at = now() where id = $1", reader.client)
    if why == "read":
        async with agency_scope(reader.actor):
            await mark_read(reader.actor, [(await Notice.get(membership_id=reader.id)).id])
    assert await reader.mails() == []
    [(_, state, problem)] = await reader.states()
    assert state == "dropped"
    assert problem
    if why == "closed":
        async with agency_scope(acme.owner) as scope:
            await scope.execute("update workspaces set deletes_at = null where id = $1", reader.client)


class Refusing:
    async def handle_RCPT(self, *_: Any) -> str:  # noqa: N802
        return f"550 no such user {MARKER}"


class Hanging:
    async def handle_RCPT(self, *_: Any) -> str:  # noqa: N802
        await asyncio.sleep(30)
        return "250 OK"


class Dropping:
    """Breaks off after it has taken the mail: nobody knows whether it will arrive."""

    def __init__(self) -> None:
        self.ids: list[str] = []

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        self.ids += [line for line in envelope.content.decode().splitlines() if line.startswith("Message-ID")]
        server.transport.abort()
        return "250 never said"


async def test_an_address_that_is_refused_ends_in_sight_and_can_be_replayed(acme: Cast, reader: Reader) -> None:
    await reader.is_told()
    async with mail_server(Refusing()):
        assert await reader.mails() == []
    [(_, state, problem)] = await reader.states()
    assert (state, problem) == ("failed", "The mail server takes no mail for this address (550).")
    [delivery] = await reader.deliveries()
    async with agency_scope(acme.admin):
        await replay_delivery(acme.admin, delivery.id)
    assert await reader.states() == [("mail", "waiting", None)]
    [mail] = await reader.mails()
    assert mail["Message-ID"] == f"<notices-{delivery.message}@localhost>"
    assert await reader.states() == [("mail", "sent", None)]
    async with agency_scope(acme.admin):
        with pytest.raises(Conflict):
            await replay_delivery(acme.admin, delivery.id)


@pytest.mark.parametrize("server", [Hanging(), Dropping()], ids=["hangs", "drops"])
async def test_a_server_that_hangs_or_drops_is_tried_again_under_the_same_message_id(
    acme: Cast, reader: Reader, server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailing, "SECONDS_PER_STEP", 0.5)
    await reader.is_told()
    async with mail_server(server):
        assert await reader.mails() == []
        [delivery] = await reader.deliveries()
        assert (delivery.state, delivery.attempt) == ("waiting", 1)
        assert delivery.problem.startswith("The mail server cannot be used")
    await acme.run_jobs("mail_notices", even_later=True)
    [mail] = reader.inbox.to(reader.email)
    assert mail["Message-ID"] == f"<notices-{delivery.message}@localhost>"
    if isinstance(server, Dropping):
        assert server.ids == [f"Message-ID: <notices-{delivery.message}@example.com>"]
    assert await reader.states() == [("mail", "sent", None)]


async def test_a_server_that_stays_away_ends_in_sight_with_the_reason(acme: Cast, reader: Reader) -> None:
    await reader.is_told()
    await acme.run_jobs("gather_notices")
    async with agency_scope(acme.system):
        await Job.filter(kind="mail_notices", state="ready").update(attempt=CATALOGUE["mail_notices"].tries - 1)
    usual = mailing._sender
    mailing.send_with(None)
    try:
        [job] = await acme.run_jobs("mail_notices")
    finally:
        mailing.send_with(usual)
    assert job.state == "dead"
    assert await reader.states() == [("mail", "failed", "No mail server is set: TEND_SMTP_URL.")]


async def test_a_job_that_is_replayed_sends_what_had_failed_with_it(acme: Cast, reader: Reader) -> None:
    """Once it ended as done, and nothing was sent."""
    await reader.is_told()
    for kind, state in (("gather_notices", None), ("mail_notices", "sent")):
        job = await _its_last_try_fails(acme, kind)
        [(_, failed, problem)] = await reader.states()
        assert (failed, problem) == ("failed", "The worker died each time this job ran.")
        async with agency_scope(acme.owner):
            await replay_job(acme.owner, job.id, kinds=CATALOGUE)
        assert await reader.states() == [("mail", "waiting", None)]
        assert [job.state for job in await acme.run_jobs(kind)] == ["done"]
        assert await reader.states() == [("mail", state or "waiting", None)]
    assert len(reader.inbox.to(reader.email)) == 1


async def _its_last_try_fails(acme: Cast, kind: str) -> Job:
    async with agency_scope(acme.system):
        await Job.filter(kind=kind, state="ready").update(attempt=CATALOGUE[kind].tries)
    [job] = await acme.run_jobs(kind)
    assert job.state == "dead"
    return job


async def test_a_digest_that_is_called_off_fails_in_sight_alone_and_is_replayed_whole(
    acme: Cast, reader: Reader
) -> None:
    wanted = [Preference(kind, "mail", "daily") for kind in ("report_decided", "membership_changed")]
    async with agency_scope(reader.actor):
        await set_preferences(reader.actor, wanted)
    await reader.is_told()
    await reader.is_told(kind="membership_changed")
    async with agency_scope(acme.system):
        [job] = await Job.filter(
            kind="gather_notices", state="ready", payload__contains={"membership_id": str(reader.id)}
        )
    async with agency_scope(reader.actor):
        await set_preferences(reader.actor, [Preference("report_decided", "mail", "at_once")])
    await reader.is_told()
    async with agency_scope(acme.owner):
        await cancel_job(acme.owner, job.id, kinds=CATALOGUE)
    failed = ("mail", "failed", "Somebody called it off.")
    assert await reader.states() == [failed, failed, ("mail", "waiting", None)]
    assert len(await reader.mails()) == 1
    [delivery, *_] = await reader.deliveries()
    async with agency_scope(acme.admin):
        await replay_delivery(acme.admin, delivery.id)
    _, digest = await reader.mails()
    assert digest["Subject"] == "2 notices of today"
    assert await reader.states() == [("mail", "sent", None)] * 3


async def test_a_template_that_misses_a_variable_fails_in_sight_and_says_which(acme: Cast, reader: Reader) -> None:
    await reader.is_told(facts={})
    assert await reader.mails() == []
    [(_, state, problem)] = await reader.states()
    assert (state, problem) == ("failed", "The template en/report_decided.txt: 'outcome' is undefined")
    async with agency_scope(acme.system) as scope:
        await scope.execute(
            """update notices set facts = '{"outcome": "violation"}' where membership_id = $1""", reader.id
        )
    [delivery] = await reader.deliveries()
    async with agency_scope(acme.admin):
        await replay_delivery(acme.admin, delivery.id)
    assert len(await reader.mails()) == 1


@pytest.mark.parametrize("at_once", [False, True])
async def test_a_message_sent_twice_or_twice_at_once_arrives_once(acme: Cast, reader: Reader, at_once: bool) -> None:
    await reader.is_told()
    await acme.run_jobs("gather_notices")
    [delivery] = await reader.deliveries()

    async def send() -> None:
        actor = system(acme.agency_id)
        async with agency_scope(actor):
            await CATALOGUE["mail_notices"].work(actor, {"message": str(delivery.message)})

    async with asyncio.timeout(20):
        if at_once:
            await asyncio.gather(send(), send(), send())
        else:
            await send()
            await send()
    assert len(await reader.mails()) == 1


async def test_nobody_replays_what_is_another_agencys_or_without_the_right(
    acme: Cast, globex: Cast, reader: Reader
) -> None:
    await reader.is_told(facts={})
    await reader.mails()
    [delivery] = await reader.deliveries()
    async with agency_scope(globex.owner):
        with pytest.raises(NotFound):
            await replay_delivery(globex.owner, delivery.id)
    async with agency_scope(acme.lead):
        with pytest.raises(NotAllowed):
            await replay_delivery(acme.lead, delivery.id)
    [after] = await reader.deliveries()
    assert after.state == "failed"


async def test_what_is_about_the_agency_reaches_who_sees_all_and_who_works_for_a_client(
    acme: Cast, hire: Callable[..., Any], reader: Reader
) -> None:
    admin = await hire(Role.ADMIN, sees_all=True)
    for each in (admin, reader):
        await each.is_told(kind="membership_changed", workspace_id=None)
        assert len(await each.mails()) == 1
    async with agency_scope(acme.system):
        assert (await Notice.get(membership_id=admin.id)).workspace_id is None
        assert (await Notice.get(membership_id=reader.id)).workspace_id == reader.client


async def test_nothing_goes_to_a_member_by_mail(acme: Cast) -> None:
    case = await acme.case()
    async with agency_scope(acme.system):
        await tell(
            [Recipient(member_id=case.member_id)],
            kind="report_decided",
            subject_id=case.id,
            workspace_id=case.workspace_id,
            text="x",
            facts={"outcome": "violation"},
        )
        notice = await Notice.get(member_id=case.member_id)
        assert not await NoticeDelivery.filter(notice_id=notice.id).exists()
