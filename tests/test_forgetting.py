"""A member is forgotten: nothing of theirs is left anywhere, and nobody brings them back; a hold wins."""

import io
import json
import zipfile
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from cast import Cast
from filed import a_batch, a_service
from redis.asyncio import Redis
from reported import a_notice
from taught import a_version

from backend.communities import IncomingPost, Member, Post, PostVersion, take_in
from backend.customers import AccountContact, CustomerAccount, CustomerExposure
from backend.education import ContentFeedback, ContentItem, ContentVersion
from backend.evidence import OnHold, lift_hold, place_hold
from backend.filing import Filing
from backend.integrity import (
    ClientReference,
    Investigation,
    InvestigationEntry,
    InvestigationSubject,
    InvestigationTie,
)
from backend.journal import JournalEntry
from backend.kit.clock import now
from backend.kit.errors import Conflict, NotAllowed, NotFound
from backend.kit.ids import new_id
from backend.leaving import Erasure, Export, erase_member, erase_member_now, request_export
from backend.moderation import (
    Appeal,
    CaseQuestion,
    ConflictOfInterest,
    DecisionEvent,
    GoldenItem,
    Report,
    claim_next,
    decide,
    report_post,
)
from backend.outside import file_of_member, rotate_secrets, stored_files
from backend.reporting import LegalOrder, MisuseMeasure, PublicNotice, UnfoundedMark
from backend.safety import (
    Escalation,
    EscalationBrief,
    EscalationReview,
    EscalationStep,
    FollowUp,
    SafetyFiling,
    Takedown,
)
from backend.settings import Settings
from backend.stories import (
    BestPractice,
    Introduction,
    IntroductionSide,
    PracticeEvidence,
    PracticeFeedback,
    PracticeVersion,
    StoryConsent,
    StoryVersion,
    SuccessStory,
)
from backend.verification import VerificationEvidence, VerificationProgramme, VerificationTask
from tenants.erasing import treatments
from tenants.scope import agency_scope
from tenants.tables import sql_type, tenant_models
from tenants.treating import Keep

MARKER = "zanzibarquartz"  # stands nowhere else


async def incoming(cast: Cast, client: UUID, slug: str, **columns: Any) -> None:
    usual: dict[str, Any] = {
        "external_id": f"p-{new_id()}",
        "author_external_id": f"{MARKER}-author",
        "author_handle": f"{MARKER}-handle",
        "author_kind": "person",
        "identity_key": f"{MARKER}-identity",
        "text": f"my name is {MARKER}",
        "posted_at": now(),
    }
    async with agency_scope(cast.system):
        await take_in(client, cast.communities[slug], [IncomingPost(**{**usual, **columns})])


async def a_marked_member(cast: Cast) -> tuple[UUID, UUID, str]:
    """A member with the marker in everything that is about them: content, versions, words, what they reported, what was
    reported and decided about them, what they were told, holds, files. The client, the member, the client's slug."""
    client = await cast.empty_workspace()
    slug = next(slug for slug, id in cast.workspaces.items() if id == client)
    post_name = f"{MARKER}-{new_id()}"
    await incoming(cast, client, slug, external_id=post_name)
    await incoming(cast, client, slug, external_id=post_name, text=f"edited {MARKER}")
    owner = cast.owner.narrowed_to(client)
    other = await cast.post(workspace=slug)
    async with agency_scope(cast.system):
        member = await Member.get(handle=f"{MARKER}-handle", workspace_id=client)
        post = await Post.get(member_id=member.id)
        low, high = (cast.policies[f"{slug}:{policy}"] for policy in ("spam", "harassment"))
        await report_post(cast.system, other.id, reason=f"{MARKER} complains", policy_id=low, member_id=member.id)
    async with agency_scope(owner):
        await report_post(owner, post.id, reason=f"{MARKER} was rude", policy_id=high)
        claim = await claim_next(owner, workspace_id=client)
        assert claim is not None
    version = await cast.policy_version(client)
    async with agency_scope(owner):
        judged = await decide(
            owner,
            claim.case_id,
            token=claim.token,
            outcome="violation",
            reason=f"{MARKER} broke the rules",
            policy_version_id=version.id,
            actions=("hide_post", "warn_member"),
            explanation=f"You wrote {MARKER}.",
        )
    async with agency_scope(cast.system) as scope:
        await scope.execute(
            """insert into skips (agency_id, workspace_id, id, case_id, membership_id, reason, note)
               values ($1, $2, $3, $4, $5, 'other', $6)""",
            cast.agency_id,
            client,
            new_id(),
            claim.case_id,
            cast.colleague.membership_id,
            f"I know {MARKER}",
        )
        await scope.execute(
            """insert into warnings (agency_id, workspace_id, id, member_id, action_id, text)
               values ($1, $2, $3, $4, $3, $5)""",
            cast.agency_id,
            client,
            new_id(),
            member.id,
            f"dear {MARKER}",
        )
        for member_id, membership_id in ((member.id, None), (None, cast.colleague.membership_id)):
            await scope.execute(
                """insert into notices (agency_id, workspace_id, id, kind, subject_kind, subject_id, member_id, membership_id, text)
                   values ($1, $2, $3, 'test', 'case', $4, $5, $6, $7)""",
                cast.agency_id,
                client,
                new_id(),
                claim.case_id,
                member_id,
                membership_id,
                f"about {MARKER}",
            )
        await scope.execute(
            """insert into jobs (agency_id, id, workspace_id, kind, state, last_error)
               values ($1, $2, $3, 'test', 'dead', $4)""",
            cast.agency_id,
            new_id(),
            client,
            f"ValueError: {MARKER}",
        )
        await scope.execute(
            """update actions set message = $3, problem = $3, done_note = $3
                where agency_id = $1 and workspace_id = $2""",
            cast.agency_id,
            client,
            f"{MARKER} was told",
        )
        await scope.execute(
            """insert into media (agency_id, workspace_id, id, post_id, sha256, pdq, pdq_quality)
               values ($1, $2, $3, $4, $5, $5, 0)""",
            cast.agency_id,
            client,
            new_id(),
            post.id,
            MARKER,
        )
        await scope.execute(
            """insert into attachments (agency_id, workspace_id, id, post_id, url, name, sha256, md5, pdq, pdq_quality)
               values ($1, $2, $3, $4, $5, $5, $5, $5, $5, 0)""",
            cast.agency_id,
            client,
            new_id(),
            post.id,
            MARKER,
        )
        await stored_files().put(file_of_member(cast.agency_id, client, member.id, new_id()), MARKER.encode())
        programme = await VerificationProgramme.create(workspace_id=client, community_id=post.community_id, name="x")
        verification = await VerificationTask.create(
            workspace_id=client, programme_id=programme.id, programme_version=1, member_id=member.id,
            state="not_verified", open_until=now(), ended_at=now(), grounds=f"{MARKER} made it up",
        )  # fmt: skip
        await VerificationEvidence.create(
            workspace_id=client, task_id=verification.id, member_id=member.id, kind="link", is_strong=True,
            state="accepted", decided_at=now(), url=f"https://{MARKER}.example/", note=f"{MARKER} has a site",
        )  # fmt: skip
        await scope.execute(
            """insert into platform_deliveries (agency_id, workspace_id, id, connection_id, key, kind, body, state, ended_at)
               select agency_id, workspace_id, $3, id, 'x', 'post.created', $4, 'failed', now() from connections
                where agency_id = $1 and workspace_id = $2""",
            cast.agency_id,
            client,
            new_id(),
            f'{{"text": "{MARKER}"}}'.encode(),
        )
        judged_id, case_id = judged.decision.id, claim.case_id
        _, filing = await a_batch(await a_service(cast, client, slug), judged_id)
        await Filing.filter(id=filing.id).update(explanation=f"{MARKER} insulted somebody")
        await DecisionEvent.create(
            workspace_id=client, decision_id=judged_id, kind="undone", reason=f"{MARKER} is kind"
        )
        await CaseQuestion.create(
            workspace_id=client,
            case_id=case_id,
            member_id=member.id,
            question=f"why, {MARKER}?",
            answer=f"I am {MARKER}",
            answered_at=now(),
        )
        await GoldenItem.create(
            workspace_id=client, case_id=case_id, decision_id=judged_id, note=f"{MARKER} is a clear case"
        )
        await Appeal.create(
            workspace_id=client,
            decision_id=judged_id,
            case_id=case_id,
            appellant="author",
            member_id=member.id,
            text=f"I am {MARKER}",
            state="upheld",
            answer=f"no, {MARKER}",
            answered_at=now(),
        )
        await ClientReference.create(workspace_id=client, kind="account", value=f"{MARKER}!", member_id=member.id)
        of = await Investigation.create(
            workspace_id=client, title=f"{MARKER} again", question=f"is it {MARKER}?", finding=f"it is {MARKER}"
        )
        one, two = [
            await InvestigationSubject.create(
                workspace_id=client, investigation_id=of.id, kind=kind, key=f"{kind}:{id}", note=f"by {MARKER}",
                **{f"{kind}_id": id},
            )
            for kind, id in (("member", member.id), ("post", post.id))
        ]  # fmt: skip
        await InvestigationTie.create(
            workspace_id=client, investigation_id=of.id, one_id=one.id, other_id=two.id, kind="noted", is_strong=False,
            because=f"{MARKER} wrote it",
        )  # fmt: skip
        await InvestigationEntry.create(
            workspace_id=client, investigation_id=of.id, kind="noted", text=f"asked {MARKER}"
        )
        account = await CustomerAccount.create(workspace_id=client, external_id="a", name="x")
        theirs = {"workspace_id": client, "account_id": account.id, "member_id": member.id}
        await AccountContact.create(**theirs, external_id=f"c {MARKER}", name=MARKER)
        await CustomerExposure.create(**theirs, kind="read", at=now(), source="told", external_id=f"e {MARKER}")
        await reported_about(cast, client, slug, post, member.id)
        escalation = await Escalation.create(
            workspace_id=client, kind="violence", severity=1, promised_seconds=300, state="resolved", outcome="resolved", policy={},
            raised_at=now(), resolved_at=now(),
        )  # fmt: skip
        about = {"workspace_id": client, "escalation_id": escalation.id}
        await EscalationBrief.create(
            member_id=member.id, summary=f"{MARKER} will hurt somebody", is_open=False, is_drill=False, **about
        )
        await EscalationStep.create(kind="noted", note=f"I spoke with {MARKER}", at=now(), **about)
        written = {"by_id": cast.colleague.membership_id, "created_at": now(), **about}
        await SafetyFiling.create(
            kind="article_18", content={"x": MARKER}, documents=[{"text": MARKER}], due_at=now(), **written
        )
        await EscalationReview.create(
            **dict.fromkeys(("what_happened", "went_well", "to_change"), f"{MARKER} again"), changed_at=now(), **written
        )
        asked = {"due_at": now(), "asked_by_id": written["by_id"], "done_at": now()}
        await FollowUp.create(what=f"call {MARKER}", done_note=f"called {MARKER}", **asked, **written)
        said = ("signature", "identification", "location", "good_faith", "contact", "authority", "refusal")
        await Takedown.create(
            **dict.fromkeys(said, f"of {MARKER}"), email=f"{MARKER}@example.com", copies=[MARKER],
            settled_by_id=written["by_id"], received_at=(came := now()), deadline_at=came + timedelta(hours=48), **written,
        )  # fmt: skip
        item = await ContentItem.create(workspace_id=client, kind="article", slug="a-b", language="en")
        version = await ContentVersion.create(workspace_id=client, **a_version(item.id, "x"))
        await ContentFeedback.create(
            workspace_id=client, version_id=version.id, member_id=member.id, is_helpful=False, words=f"ask {MARKER}"
        )
        await ConflictOfInterest.create(
            workspace_id=client,
            membership_id=cast.colleague.membership_id,
            member_id=member.id,
            reason=f"{MARKER} is my cousin",
        )
        await told_by(client, member.id)
    async with agency_scope(cast.owner):
        hold = await place_hold(cast.owner, client, member_id=member.id, reason=f"{MARKER} sues")
        await lift_hold(cast.owner, hold, grounds="over")
        for what, named in (
            ("workspace", {"workspace_id": client}),
            ("member", {"member_id": member.id}),
            ("agency", {}),
        ):
            await request_export(cast.owner, what=what, **named)
    assert {job.state for job in await cast.run_jobs("write_export")} == {"done"}
    return client, member.id, slug


async def told_by(client: UUID, member_id: UUID) -> None:
    """A story, a best practice that quotes it, and an introduction."""
    of, said = {"workspace_id": client}, {**dict.fromkeys(("title", "text", "html"), MARKER), "writers": []}
    story = await SuccessStory.create(**of, member_id=member_id, language="en", why=MARKER, notes=MARKER)
    version = await StoryVersion.create(**of, story_id=story.id, version=1, uses=["name"], **said)
    await StoryConsent.create(
        **of, story_id=story.id, version_id=version.id, uses=["name"], channels=["site"], given_by="staff", proof=MARKER
    )
    practice = await BestPractice.create(**of, slug="a-b", language="en")
    quoting = await PracticeVersion.create(
        **of, practice_id=practice.id, version=1, summary=MARKER, reading_seconds=1, words=[MARKER], **said
    )
    await PracticeEvidence.create(
        **of, version_id=quoting.id, story_id=story.id, story_version_id=version.id, is_quoting=True
    )
    await PracticeFeedback.create(**of, version_id=quoting.id, member_id=member_id, is_helpful=False, words=MARKER)
    introduction = await Introduction.create(**of, reason=MARKER, outcome=MARKER, open_until=now())
    await IntroductionSide.create(**of, introduction_id=introduction.id, member_id=member_id, contact=MARKER)


async def reported_about(cast: Cast, client: UUID, slug: str, post: Post, member_id: UUID) -> None:
    """A notice, an order and a measure that name them."""
    community, said = cast.communities[slug], f"look at {MARKER}"
    await PublicNotice.create(
        **a_notice(
            client, community, post_id=post.id, state="rejected", rejected_at=now(),
            **dict.fromkeys(("location", "reason", "rejection"), said), items=[said],
        )
    )  # fmt: skip
    report = await Report.filter(post_id=post.id).first()
    assert report is not None
    await UnfoundedMark.create(
        workspace_id=client, kind="notice", reporter_key=report.reporter_key, report_id=report.id, reason=said
    )
    await LegalOrder.create(
        workspace_id=client, kind="act", community_id=community, post_id=post.id, authority="x", member_state="DE",
        legal_basis="x", category="x", language="DE", received_at=now(), effect="none", effect_at=now(),
        reasons=said, effect_note=said, urls=[said], account_identifiers=[said],
    )  # fmt: skip
    await MisuseMeasure.create(
        workspace_id=client, kind="suspension", because="illegal_content", member_id=member_id, filed_count=1,
        unfounded_count=1, counted_since=now(), proof=[], reason=said,
    )  # fmt: skip


async def everywhere(cast: Cast, settings: Settings) -> dict[str, int]:
    """Where the marker stands: rows by column of every table of the agency, its files, and all of Redis."""
    found: dict[str, int] = {}
    async with agency_scope(cast.system) as scope:
        for model in tenant_models():
            for name, field in model._meta.fields_map.items():
                column = field.source_field or name
                # Bytes are shown in hexadecimal, unless they are asked for as they are.
                text = f"encode(t.{column}, 'escape')" if sql_type(model, name) == "bytea" else f"t.{column}::text"
                rows = await scope.fetchval(
                    f"select count(*) from {model._meta.db_table} t where {text} like $1", f"%{MARKER}%"
                )
                if rows:
                    found[f"{model._meta.db_table}.{column}"] = rows
    for path in await stored_files().names(f"{cast.agency_id}/"):
        data = await stored_files().get(path) or b""
        if MARKER.encode() in data + unpacked(data):
            found[f"file {path.rsplit('/', maxsplit=1)[0]}"] = 1
    redis: Redis = Redis.from_url(settings.redis)
    async for key in redis.scan_iter("*"):
        value = await redis.dump(key)
        if MARKER.encode() in key + (value or b""):
            found[f"redis {key!r}"] = 1
    await redis.aclose()
    return found


def unpacked(data: bytes) -> bytes:
    if not data.startswith(b"PK"):
        return b""
    archive = zipfile.ZipFile(io.BytesIO(data))
    return b"".join(archive.read(name) for name in archive.namelist())


PLANTED = {
    "members.external_id",
    "members.handle",
    "members.identity_key",
    "posts.external_id",
    "posts.text",
    "post_versions.text",
    "media.sha256",
    "media.pdq",
    "verification_tasks.grounds",
    "verification_evidence.url",
    "verification_evidence.note",
    "attachments.url",
    "attachments.name",
    "attachments.sha256",
    "attachments.md5",
    "attachments.pdq",
    "post_words.word",
    "reports.reason",
    "account_contacts.external_id",
    "account_contacts.name",
    "customer_exposures.external_id",
    "decisions.reason",
    "decisions.explanation",
    "decision_events.reason",
    "reviews.reason",
    "case_questions.question",
    "case_questions.answer",
    "conflicts.reason",
    "golden_items.note",
    "appeals.text",
    "appeals.answer",
    *(f"public_notices.{column}" for column in ("location", "items", "reason", "rejection")),
    *(f"legal_orders.{column}" for column in ("reasons", "urls", "account_identifiers", "effect_note")),
    "misuse_measures.reason",
    "unfounded_marks.reason",
    "content_feedback.words",
    *("success_stories.why", "success_stories.notes", "story_consents.proof"),
    *(f"story_versions.{column}" for column in ("title", "text", "html")),
    *(f"practice_versions.{column}" for column in ("title", "summary", "text", "html", "words")),
    "practice_feedback.words",
    *("introductions.reason", "introductions.outcome", "introduction_sides.contact"),
    "escalation_briefs.summary",
    "escalation_steps.note",
    *("safety_filings.content", "safety_filings.documents"),
    *(f"takedowns.{column}" for column in ("signature", "identification", "location", "good_faith", "contact")),
    *(f"escalation_reviews.{column}" for column in ("what_happened", "went_well", "to_change")),
    *("follow_ups.what", "follow_ups.done_note"),
    *("takedowns.authority", "takedowns.email", "takedowns.copies", "takedowns.refusal"),
    "evidence_snapshots.content",
    "statements_of_reasons.explanation",
    "statements_of_reasons.text",
    "skips.note",
    "warnings.text",
    "notices.text",
    "holds.reason",
    "jobs.last_error",
    "platform_deliveries.body",
    "client_references.value",
    "investigation_entries.text",
    "investigation_subjects.note",
    "investigation_ties.because",
    "investigations.finding",
    "investigations.question",
    "investigations.title",
    "actions.message",
    "actions.problem",
    "actions.done_note",
    "filings.explanation",
}


async def test_a_forgotten_member_is_nowhere(acme: Cast, settings: Settings) -> None:
    client, member_id, _ = await a_marked_member(acme)
    planted = await everywhere(acme, settings)
    assert {name for name in planted if not name.startswith("file ")} == PLANTED
    assert any(name.startswith("file ") for name in planted)
    async with agency_scope(acme.owner):
        await erase_member(acme.owner, member_id, grounds="They asked for it.")
    [job] = await acme.run_jobs("erase_member")
    assert job.state == "done", job.last_error
    assert await everywhere(acme, settings) == {}
    async with agency_scope(acme.system):
        member = await Member.get(id=member_id)
        assert (member.handle, member.external_id, member.identity_key) == ("erased", f"erased-{member_id}", None)
        assert member.erased_at is not None
        [proof] = await Erasure.filter(workspace_id=client)
        assert (proof.subject_kind, proof.grounds, proof.requested_by_id) == (
            "member",
            "They asked for it.",
            acme.owner.membership_id,
        )
        assert (proof.counts["members"], proof.counts["posts"], proof.counts["post_versions"]) == (1, 1, 2)
        assert str(member_id) not in json.dumps(proof.counts)
        entry = await JournalEntry.get(subject_id=proof.id)
        assert (entry.action, entry.detail["subject_hash"]) == ("member.erased", proof.subject_hash.hex())
        # Files that may have held something of theirs are gone; the export of another client is left.
        assert {export.state for export in await Export.filter(workspace_id=client)} == {"expired"}


def test_every_column_that_is_treated_is_planted() -> None:
    treated = {
        f"{model._meta.db_table}.{column}"
        for model in tenant_models()
        for column, treatment in treatments(model)
        if not isinstance(treatment, Keep)
    }
    assert treated == PLANTED, (
        f"let a_marked_member write MARKER into it and name it in PLANTED, or take it out: {treated ^ PLANTED}"
    )


async def test_nobody_else_loses_anything(acme: Cast, settings: Settings) -> None:
    other = await acme.post("somebody else wrote this")
    _client, member_id, slug = await a_marked_member(acme)
    neighbour = await acme.post("and a neighbour this", workspace=slug)
    async with agency_scope(acme.owner):
        await erase_member(acme.owner, member_id, grounds="x")
    await acme.run_jobs("erase_member")
    async with agency_scope(acme.system):
        assert (await Post.get(id=other.id)).text == "somebody else wrote this"
        assert (await Post.get(id=neighbour.id)).text == "and a neighbour this"


async def test_they_do_not_come_back_with_the_next_import_even_after_the_keys_were_rotated(
    acme: Cast, settings: Settings
) -> None:
    client, member_id, slug = await a_marked_member(acme)
    async with agency_scope(acme.owner):
        await erase_member(acme.owner, member_id, grounds="x")
    await acme.run_jobs("erase_member")
    await rotate_secrets()
    await incoming(acme, client, slug)
    await incoming(
        acme, client, slug, author_external_id="somebody-else", author_handle="else", identity_key=None, text="hi"
    )
    assert await everywhere(acme, settings) == {}
    async with agency_scope(acme.system):
        assert await Post.filter(workspace_id=client, text="hi").count() == 1


async def test_a_hold_on_the_member_or_the_client_wins(acme: Cast) -> None:
    for on_client in (False, True):
        client = await acme.empty_workspace()
        slug = next(slug for slug, id in acme.workspaces.items() if id == client)
        post = await acme.post("evidence", workspace=slug)
        async with agency_scope(acme.owner):
            await place_hold(acme.owner, client, member_id=None if on_client else post.member_id, reason="x")
            with pytest.raises(OnHold):
                await erase_member(acme.owner, post.member_id, grounds="x")


async def test_a_hold_that_comes_between_asking_and_doing_wins(acme: Cast) -> None:
    post = await acme.post("evidence")
    async with agency_scope(acme.owner):
        await erase_member(acme.owner, post.member_id, grounds="x")
        await place_hold(acme.owner, post.workspace_id, member_id=post.member_id, reason="x")
    [job] = await acme.run_jobs("erase_member")
    assert job.state == "done"
    async with agency_scope(acme.system):
        assert (await Post.get(id=post.id)).text == "evidence"
        assert (await Member.get(id=post.member_id)).erased_at is None
        assert await JournalEntry.filter(subject_id=post.member_id, action="member.erasure_held").count() == 1


async def test_who_may_not_or_cannot_is_refused_and_nothing_is_promised(acme: Cast, globex: Cast) -> None:
    post, theirs = await acme.post(), await globex.post()
    async with agency_scope(acme.lead) as scope:
        with pytest.raises(NotAllowed):
            await erase_member(acme.lead, post.member_id, grounds="x")
        scope.doom()
    async with agency_scope(acme.owner):
        for member_id in (theirs.member_id, new_id()):
            with pytest.raises(NotFound):
                await erase_member(acme.owner, member_id, grounds="x")
        await erase_member(acme.owner, post.member_id, grounds="x")
    await acme.run_jobs("erase_member")
    async with agency_scope(acme.owner):
        with pytest.raises(Conflict):
            await erase_member(acme.owner, post.member_id, grounds="x")


async def test_it_waits_while_a_file_is_written(acme: Cast, settings: Settings) -> None:
    """Whatever is read for a file may be theirs: the file would hold it after they were forgotten."""
    post = await acme.post("still here")
    writer = await asyncpg.connect(settings.app_url)
    try:
        async with writer.transaction():
            await writer.execute("select pg_advisory_xact_lock_shared(hashtextextended($1, 7305))", str(acme.agency_id))
            with pytest.raises(asyncpg.LockNotAvailableError):
                async with agency_scope(acme.system) as scope:
                    await scope.execute("set local lock_timeout = '200ms'")
                    await erase_member_now(acme.system, {"member_id": str(post.member_id), "grounds": "x"})
    finally:
        await writer.close()
    async with agency_scope(acme.system):
        assert (await Post.get(id=post.id)).text == "still here"
        assert await PostVersion.filter(post_id=post.id).count() == 0
