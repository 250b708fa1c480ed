"""Rows of everything that belongs to judging: one of each kind, of one client."""

from datetime import timedelta
from uuid import UUID

from cast import Cast

from backend.communities import Post
from backend.evidence import Attachment
from backend.kit.clock import now
from backend.kit.ids import new_id
from backend.moderation import (
    Appeal,
    Case,
    CaseQuestion,
    ClaimRecord,
    ConflictOfInterest,
    DayOff,
    Decision,
    DecisionEvent,
    GoldenItem,
    Judged,
    QualityPlan,
    Report,
    Review,
    Reviewer,
    RoutingRule,
    ServiceLevel,
    WorkingHours,
    claim_next,
    decide,
)
from backend.verification import (
    VerificationDesign,
    VerificationEvidence,
    VerificationProgramme,
    VerificationTask,
)
from tenants.scope import agency_scope


async def judged(cast: Cast, case: Case) -> dict[str, str]:
    """Their published ids, by kind. The decision is about a case that is closed, by a colleague."""
    client, colleague = case.workspace_id, cast.colleague.membership_id
    async with agency_scope(cast.system) as scope:
        closed = await Case.create(
            workspace_id=client,
            queue_id=case.queue_id,
            post_id=case.post_id,
            member_id=case.member_id,
            state="closed",
            outcome="no_violation",
            tier="low",
            severity="low",
            opened_at=now(),
            due_at=now() + timedelta(days=1),
            virtual_deadline=now(),
            closed_at=now(),
        )
        await scope.execute(
            """insert into case_tallies (agency_id, workspace_id, id, queued, in_review, closed)
               values ($1, $2, $3, 0, 0, 1)""",
            cast.agency_id,
            client,
            new_id(),
        )
        claim = await ClaimRecord.create(
            workspace_id=client,
            case_id=closed.id,
            membership_id=colleague,
            token_hash=new_id().bytes * 2,
            expires_at=now(),
            ended_at=now(),
            ended_by="decided",
        )
        said = {
            "workspace_id": client,
            "case_id": closed.id,
            "claim_id": claim.id,
            "membership_id": colleague,
            "outcome": "no_violation",
            "reason": "x",
        }
        review = await Review.create(slot=1, purpose="first", **said)
        decision = await Decision.create(**said)
        await DecisionEvent.create(workspace_id=client, decision_id=decision.id, kind="superseded")
        await Case.filter(id=closed.id).update(decision_id=decision.id)
        question = await CaseQuestion.create(
            workspace_id=client, case_id=closed.id, member_id=case.member_id, asked_by_id=colleague, question="x"
        )
        conflict = await ConflictOfInterest.create(
            workspace_id=client, membership_id=colleague, member_id=case.member_id, reason="x", ended_at=now()
        )
        route = await RoutingRule.get_or_none(workspace_id=client)
        if route is None:
            route = await RoutingRule.create(workspace_id=client, version=1, position=1, queue_id=case.queue_id)
        await Reviewer.get_or_create(membership_id=colleague)
        await QualityPlan.get_or_create(workspace_id=client)
        await ServiceLevel.get_or_create(
            workspace_id=client,
            tier="low",
            defaults={"first_touch_minutes": 60, "decision_minutes": 4320, "appeal_minutes": 10080},
        )
        for weekday in range(7):
            await WorkingHours.get_or_create(
                workspace_id=client, weekday=weekday, opens_minute=0, defaults={"closes_minute": 1440}
            )
        await DayOff.get_or_create(workspace_id=client, day="2000-01-01")
        golden = await GoldenItem.create(
            workspace_id=client, case_id=closed.id, decision_id=decision.id, made_by_id=colleague, note="x"
        )
        appeal = await Appeal.create(
            workspace_id=client, decision_id=decision.id, case_id=closed.id, appellant="reporter",
            member_id=case.member_id, text="x", state="upheld", answer="x", answered_at=now(),
        )  # fmt: skip
        post = await Post.get(id=case.post_id, workspace_id=client)
        attachment = await Attachment.create(
            workspace_id=client, post_id=case.post_id, url=f"https://a.example/{new_id()}", name="x"
        )
        programme = await VerificationProgramme.create(
            workspace_id=client, community_id=post.community_id, name=f"programme {new_id()}"
        )
        await VerificationDesign.create(
            workspace_id=client, programme_id=programme.id, version=1, claim="x", strong=["receipt"],
            weak=["moderator"], hosts=[], made_by_id=colleague,
        )  # fmt: skip
        verification = await VerificationTask.create(
            workspace_id=client, programme_id=programme.id, programme_version=1, member_id=case.member_id,
            state="checking", open_until=now() + timedelta(days=1),
        )  # fmt: skip
        evidence = await VerificationEvidence.create(
            workspace_id=client, task_id=verification.id, member_id=case.member_id, kind="receipt", is_strong=True,
            state="waiting", content_type="image/jpeg", byte_count=1, sha256="ab" * 32,
        )  # fmt: skip
        report = await Report.filter(workspace_id=client).order_by("-created_at").first()
    return {
        "decision": f"decision_{decision.id}",
        "programme": f"programme_{programme.id}",
        "verification": f"verification_{verification.id}",
        "evidence": f"evidence_{evidence.id}",
        "appeal": f"appeal_{appeal.id}",
        "attachment": f"attachment_{attachment.id}",
        "golden": f"golden_{golden.id}",
        "review": f"review_{review.id}",
        "question": f"question_{question.id}",
        "conflict": f"conflict_{conflict.id}",
        "report": f"report_{report.id}",
        "route": f"route_{route.id}",
    }


async def decided(cast: Cast, client: UUID, *, by: str, is_held: bool = False) -> Judged:
    """The most urgent case of the client, decided by somebody; `is_held`: so that somebody else has to approve it."""
    who = cast.actors[by].narrowed_to(client)
    version = await cast.policy_version(client)
    async with agency_scope(cast.system):
        await QualityPlan.get_or_create(workspace_id=client)
        await QualityPlan.filter(workspace_id=client).update(held_actions=["hide_post"] if is_held else [])
    async with agency_scope(who):
        claim = await claim_next(who, workspace_id=client)
        assert claim is not None
        return await decide(
            who,
            claim.case_id,
            token=claim.token,
            outcome="violation",
            reason="x",
            policy_version_id=version.id,
            actions=["hide_post"],
        )
