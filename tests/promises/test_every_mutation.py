"""What holds for every mutation that is done: the journal says so. And the operation behind it asks for the right itself."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import httpx
import pytest
from cast import Cast, _agency, ask
from judged import decided
from promises.test_the_api import MUTATIONS, NEEDS, document, ids_of, input_of, value_for
from reported import a_notice

from backend.acting import Action, let_tend_act
from backend.client_reports import ClientReport, discard_client_report
from backend.education import ContentDraft, ContentItem, Course, CoursePrerequisite, QuizAttempt
from backend.evidence import Hold
from backend.filing import Filing, let_file
from backend.intake import connect_community
from backend.integrity import InvestigationSubject
from backend.kit.clock import now
from backend.kit.ids import new_id
from backend.leaving import Export, close_workspace
from backend.moderation import Case, ask_member, claim_next, create_queue, declare_conflict, file_appeal
from backend.notices import Notice
from backend.outbox import Job
from backend.people import invite, suspend
from backend.reporting import MisuseMeasure, PublicNotice, mark_unfounded, reject_notice, warn_reporter
from backend.retention import freeze_study
from backend.ruling import BackTest, shadow_rule
from backend.safety import (
    Escalation,
    EscalationReview,
    SafetyFiling,
    SafetySettings,
    Takedown,
    acknowledge_escalation,
    offer_escalation,
    protocol_versions,
    resolve_escalation,
    tick_item,
)
from backend.stories import BestPractice, Introduction, StoryConsent, SuccessStory
from backend.webhooks import WebhookEndpoint, enable_endpoint
from graphql_schema import answering
from tenants.models import SignInProvider
from tenants.provisioning import issue_api_key
from tenants.rights import PERSON_ROLES, RIGHTS_OF, Right, Role
from tenants.scope import agency_scope

# Mutations that leave nothing in the journal; each with its reason.
UNRECORDED = {
    "extendClaim": "a sign of life every few minutes; the claim says until when, and how it ended is recorded",
    "linkToExport": "nothing is handed out yet: fetching the file is recorded",
    "linkToBatch": "likewise",
    "linkToPicture": "whoever writes looks at a picture of what they write",
    "openReceipt": "nothing is handed out yet: fetching the file is recorded",
    "markNoticesRead": "what somebody has read is theirs alone",
    "revokeSessions": "sessions are a person's and of no agency, so no agency's journal can hold it",
    "searchContent": "what somebody looked for is counted without who they are",
    "setNoticePreferences": "how somebody wants to be told is theirs alone; what was sent is kept",
}


@dataclass
class Scene:
    """A client of its own, where its owner is about to do something; `ids` has one of every kind."""

    cast: Cast
    client: UUID
    ids: dict[str, str]

    def id(self, kind: str) -> UUID:
        return UUID(self.ids[kind].partition("_")[2])


async def _nothing(_: Scene) -> dict[str, Any]:
    return {}


async def _a_claim(scene: Scene) -> dict[str, Any]:
    owner = scene.cast.owner
    async with agency_scope(owner):
        claim = await claim_next(owner, workspace_id=scene.client)
        assert claim is not None
        return {"caseId": f"case_{claim.case_id}", "claimToken": claim.token, "expectedVersion": None}


async def _a_closed_client(scene: Scene) -> dict[str, Any]:
    async with agency_scope(scene.cast.owner):
        await close_workspace(scene.cast.owner, scene.client, grounds="x")
    return {}


async def _a_connection(scene: Scene) -> dict[str, Any]:
    async with agency_scope(scene.cast.owner):
        community_id = scene.id("community")
        await connect_community(scene.cast.owner, community_id, platform="webhook", address=None, secret=None)
    return {"secret": None}


async def _a_site(scene: Scene) -> dict[str, Any]:
    return {**await _a_connection(scene), "apiKey": None, "apiUser": None, "address": "https://site.example/orders"}


async def _a_site_that_is_acted_on(scene: Scene) -> dict[str, Any]:
    given = await _a_site(scene)
    async with agency_scope(scene.cast.owner):
        await let_tend_act(
            scene.cast.owner, scene.id("community"), api_key=None, api_user=None, address=given["address"]
        )
    return {}


async def _an_action_that_can_be_done(scene: Scene) -> dict[str, Any]:
    async with agency_scope(scene.cast.system):
        await Action.filter(id=scene.id("action")).update(kind="hide_post")
    return {}


async def _a_file(scene: Scene) -> dict[str, Any]:
    async with agency_scope(scene.cast.system):
        await Export.filter(id=scene.id("export")).update(state="done", expires_at=now() + timedelta(days=1))
    return {}


async def _a_hold(scene: Scene) -> dict[str, Any]:
    async with agency_scope(scene.cast.system):
        await Hold.filter(id=scene.id("hold")).update(lifted_at=None)
    return {}


async def _a_notice(scene: Scene) -> dict[str, Any]:
    async with agency_scope(scene.cast.system):
        await Notice.filter(id=scene.id("notice")).update(membership_id=scene.cast.owner.membership_id)
    return {"noticeIds": [scene.ids["notice"]]}


async def _a_held_decision(scene: Scene) -> dict[str, Any]:
    held = (await decided(scene.cast, scene.client, by="colleague", is_held=True)).decision
    return {"decisionId": f"decision_{held.id}", "outcome": "NO_VIOLATION", "policyVersionId": None, "days": None}


async def _an_own_decision(scene: Scene) -> dict[str, Any]:
    judged = await decided(scene.cast, scene.client, by="owner")
    return {"decisionId": f"decision_{judged.decision.id}", "caseId": f"case_{judged.decision.case_id}"}


async def _a_waiting_case(scene: Scene) -> dict[str, Any]:
    claim = await _a_claim(scene)
    async with agency_scope(scene.cast.owner):
        case_id = UUID(claim["caseId"].partition("_")[2])
        question_id = await ask_member(
            scene.cast.owner, case_id, token=claim["claimToken"], whom="author", question="x", days=1
        )
    return {"caseId": claim["caseId"], "questionId": f"question_{question_id}"}


async def _a_claim_to_ask_about(scene: Scene) -> dict[str, Any]:
    return {**await _a_claim(scene), "reportId": None}


async def _cases_that_wait(scene: Scene) -> dict[str, Any]:
    cases = [{"caseId": scene.ids["case"], "version": 2}]
    return {"cases": cases, "outcome": "NO_VIOLATION", "policyVersionId": None, "days": None}


async def _an_own_conflict(scene: Scene) -> dict[str, Any]:
    async with agency_scope(scene.cast.owner):
        conflict_id = await declare_conflict(scene.cast.owner, scene.client)
    return {"conflictId": f"conflict_{conflict_id}"}


async def _an_own_case_to_appeal_about(scene: Scene) -> dict[str, Any]:
    judged = await decided(scene.cast, scene.client, by="colleague")
    async with agency_scope(scene.cast.system):
        case = await Case.get(id=judged.decision.case_id)
    return {"decisionId": f"decision_{judged.decision.id}", "memberId": f"member_{case.member_id}"}


async def _an_appeal(scene: Scene) -> dict[str, Any]:
    given = await _an_own_case_to_appeal_about(scene)
    decision_id, member_id = (UUID(given[name].partition("_")[2]) for name in ("decisionId", "memberId"))
    async with agency_scope(scene.cast.system):
        await file_appeal(scene.cast.system, decision_id, member_id=member_id, text="x")
    return {**await _a_claim(scene), "verdict": "UPHELD", "policyVersionId": None, "days": None}


async def _an_empty_queue(scene: Scene) -> dict[str, Any]:
    async with agency_scope(scene.cast.owner):
        queue = await create_queue(scene.cast.owner, scene.client, name="empty")
    return {"queueId": f"queue_{queue.id}"}


async def _a_provider(scene: Scene) -> dict[str, Any]:
    async with agency_scope(scene.cast.system):
        await SignInProvider.create(issuer="https://id.example", client_id="x", domains=["initech.example"])
    return {}


async def _a_waiting_job(scene: Scene) -> dict[str, Any]:
    async with agency_scope(scene.cast.system):
        await Job.filter(id=scene.id("job")).update(state="ready", ended_at=None)
    return {}


async def _an_enabled_endpoint(scene: Scene) -> dict[str, Any]:
    async with agency_scope(scene.cast.owner):
        await enable_endpoint(scene.cast.owner, scene.id("webhookendpoint"))
    return {"since": "2026-01-01T00:00:00Z", "until": None}


async def _an_invitation(scene: Scene) -> dict[str, Any]:
    async with agency_scope(scene.cast.owner):
        email = f"{scene.client}@example.com"
        invited = await invite(
            scene.cast.owner, email=email, name="x", role=Role.LEAD, sees_all=False, workspaces=[scene.client]
        )
    return {"staffId": f"staff_{invited}"}


async def _a_suspension(scene: Scene) -> dict[str, Any]:
    async with agency_scope(scene.cast.owner):
        await suspend(scene.cast.owner, scene.id("staff"))
    return {}


async def _an_own_escalation(scene: Scene) -> dict[str, Any]:
    async with agency_scope(scene.cast.owner):
        await acknowledge_escalation(scene.cast.owner, scene.id("escalation"))
    return {}


async def _a_draft(scene: Scene) -> dict[str, Any]:
    """By the colleague (tests/endangered.py) where it is there already."""
    return {**await _an_own_escalation(scene), "filingId": None, "expectedVersion": None, "memberStates": ["DE"]}


async def _an_approved_filing(scene: Scene) -> dict[str, Any]:
    async with agency_scope(scene.cast.system):
        await SafetyFiling.filter(id=scene.id("safetyfiling")).update(
            state="approved",
            approved_by_id=scene.cast.owner.membership_id,
            approved_at=datetime(2025, 1, 1, tzinfo=UTC),
        )
    return await _an_own_escalation(scene)


async def _an_own_takedown(scene: Scene) -> dict[str, Any]:
    return {**await _an_own_escalation(scene), "request": {"contact": "x"}, "removedAt": None}


async def _a_protocol(scene: Scene) -> dict[str, Any]:
    async with agency_scope(scene.cast.owner):
        newest, *_ = await protocol_versions(scene.cast.owner, kind="stalking")
    return {"kind": "STALKING", "expectedVersion": newest.version, "items": [{"key": "x", "text": "x"}]}


async def _nothing_to_take_down(scene: Scene) -> dict[str, Any]:
    async with agency_scope(scene.cast.system):
        await Takedown.filter(escalation_id=scene.id("escalation")).update(
            refusal="x", settled_by_id=scene.cast.owner.membership_id
        )
    return await _an_own_escalation(scene)


async def _a_resolved_escalation(scene: Scene) -> dict[str, Any]:
    await _nothing_to_take_down(scene)
    async with agency_scope(scene.cast.owner):
        await resolve_escalation(
            scene.cast.owner, scene.id("escalation"), outcome="resolved", note="x", lifts_restriction=True
        )
    async with agency_scope(scene.cast.system):
        await EscalationReview.filter(escalation_id=scene.id("escalation")).delete()
    return {"expectedVersion": 0}


async def _a_day_from_now(scene: Scene) -> dict[str, Any]:
    return {**await _an_own_escalation(scene), "dueAt": (now() + timedelta(days=1)).isoformat()}


async def _the_settings(scene: Scene) -> dict[str, Any]:
    async with agency_scope(scene.cast.system):
        settings = await SafetySettings.get(id=scene.id("safetysettings"))
    return {"expectedVersion": settings.version, "acknowledgeWithin": None}


async def _an_item(scene: Scene) -> dict[str, Any]:
    return {**await _an_own_escalation(scene), "key": "follow"}


async def _a_ticked_item(scene: Scene) -> dict[str, Any]:
    await _an_own_escalation(scene)
    async with agency_scope(scene.cast.owner):
        await tick_item(scene.cast.owner, scene.id("escalation"), key="follow", is_done=True, note="")
    return {"key": "follow"}


async def _an_offered_escalation(scene: Scene) -> dict[str, Any]:
    """By the colleague, who is on call (tests/endangered.py)."""
    colleague, owner = scene.cast.colleague, scene.cast.owner
    async with agency_scope(colleague):
        await acknowledge_escalation(colleague, scene.id("escalation"))
        await offer_escalation(colleague, scene.id("escalation"), to_id=owner.membership_id, note="x")
    return {}


async def _a_lesser_escalation(scene: Scene) -> dict[str, Any]:
    async with agency_scope(scene.cast.system):
        await Escalation.filter(id=scene.id("escalation")).update(severity=3)
    return {}


async def _a_draft_in_review(scene: Scene) -> dict[str, Any]:
    async with agency_scope(scene.cast.system):
        await ContentDraft.filter(id=scene.id("contentdraft")).update(state="in_review")
    return {}


async def _a_course_with_a_lesson(scene: Scene) -> dict[str, Any]:
    return {
        "course": {
            "slug": "a-course",
            "title": "x",
            "prerequisiteIds": [],
            "isOrdered": False,
            "lessonIds": [scene.ids["lesson"]],
        }
    }


async def _a_course_in_draft(scene: Scene) -> dict[str, Any]:
    async with agency_scope(scene.cast.system):
        await Course.filter(id=scene.id("course")).update(state="draft")
    return {}


async def _nothing_before_the_course(scene: Scene) -> dict[str, Any]:
    async with agency_scope(scene.cast.system):
        await CoursePrerequisite.filter(course_id=scene.id("course")).delete()
    return {"memberId": None}


async def _no_attempt(scene: Scene) -> dict[str, Any]:
    async with agency_scope(scene.cast.system):
        await QuizAttempt.filter(enrolment_id=scene.id("enrolment")).delete()
    return {}


def _a_story(state: str, **given: Any) -> Callable[[Scene], Awaitable[dict[str, Any]]]:
    """In that state, and without consent unless it is approved."""

    async def story(scene: Scene) -> dict[str, Any]:
        async with agency_scope(scene.cast.system):
            await SuccessStory.filter(id=scene.id("story")).update(state=state)
            if state not in ("approved", "published"):
                await StoryConsent.filter(story_id=scene.id("story")).delete()
        return {"expiresAt": None, "until": None, **given}

    return story


def _an_introduction(state: str) -> Callable[[Scene], Awaitable[dict[str, Any]]]:
    async def introduction(scene: Scene) -> dict[str, Any]:
        async with agency_scope(scene.cast.system):
            await Introduction.filter(id=scene.id("introduction")).update(state=state)
        return {}

    return introduction


async def _a_second_member(scene: Scene) -> dict[str, Any]:
    slug = next(slug for slug, id in scene.cast.workspaces.items() if id == scene.client)
    return {"secondMemberId": f"member_{(await scene.cast.post(workspace=slug)).member_id}"}


async def _a_course_to_lay(scene: Scene) -> dict[str, Any]:
    return {"courseIds": [scene.ids["course"]]}


async def _a_story_to_distil(scene: Scene) -> dict[str, Any]:
    return {
        "evidence": [{"storyId": scene.ids["story"]}], "language": "en", "expectedVersion": 1, "translationOf": None,
        "sourceVersion": None,
    }  # fmt: skip


async def _a_practice_in_review(scene: Scene) -> dict[str, Any]:
    async with agency_scope(scene.cast.system):
        await BestPractice.filter(id=scene.id("practice")).update(draft_state="in_review")
    return {}


async def _another_client(scene: Scene) -> dict[str, Any]:
    return {"workspaceId": f"workspace_{await scene.cast.empty_workspace()}"}


async def _followed_content(scene: Scene) -> dict[str, Any]:
    async with agency_scope(scene.cast.system):
        await ContentItem.filter(id=scene.id("content")).update(follows_id=new_id())
    return {}


async def _a_lesson(scene: Scene) -> dict[str, Any]:
    return {"itemId": scene.ids["lesson"]}


async def _archived_content(scene: Scene) -> dict[str, Any]:
    async with agency_scope(scene.cast.system):
        await ContentItem.filter(id=scene.id("content")).update(archived_at=now())
    return {}


async def _a_running_back_test(scene: Scene) -> dict[str, Any]:
    async with agency_scope(scene.cast.system):
        await BackTest.filter(id=scene.id("backtest")).update(state="running", ended_at=None)
    return {}


async def _a_rule_in_the_shadow(scene: Scene) -> dict[str, Any]:
    async with agency_scope(scene.cast.owner):
        await shadow_rule(scene.cast.owner, scene.id("rule"))
    return {}


async def _two_subjects(scene: Scene) -> dict[str, Any]:
    async with agency_scope(scene.cast.system):
        post = await InvestigationSubject.get(investigation_id=scene.id("investigation"), kind="post")
    id = f"subject_{post.id}"
    return {"secondSubjectId": id, "subjectIds": [id], "policyId": None}


async def _a_known_booking(scene: Scene) -> dict[str, Any]:
    return {"references": [{"kind": "BOOKING", "value": "B 7", "memberId": scene.ids["member"]}]}


async def _a_concluded_investigation(scene: Scene) -> dict[str, Any]:
    return {"investigationId": f"investigation_{scene.id('result')}"}


async def _a_token(scene: Scene) -> dict[str, Any]:
    async with agency_scope(scene.cast.system):
        await let_file(scene.cast.system, scene.id("service"), token="x")
    return {}


async def _a_frozen_study(scene: Scene) -> dict[str, Any]:
    async with agency_scope(scene.cast.owner):
        await freeze_study(scene.cast.owner, scene.id("retentionstudy"))
    return {}


def _a_report(state: str) -> Callable[[Scene], Awaitable[dict[str, Any]]]:
    async def prepare(scene: Scene) -> dict[str, Any]:
        async with agency_scope(scene.cast.system):
            draft = await ClientReport.get(id=scene.id("clientreport"))
            if state == "published":
                return {"clientReportId": f"clientreport_{draft.corrects_id}", "expiresAt": None, "hiddenSections": []}
            await ClientReport.filter(id=draft.id).update(
                state=state, submitted_by_id=scene.cast.colleague.membership_id
            )
        return {}

    return prepare


async def _a_report_to_correct(scene: Scene) -> dict[str, Any]:
    async with agency_scope(scene.cast.owner):
        await discard_client_report(scene.cast.owner, scene.id("clientreport"))
    return await _a_report("published")(scene)


async def _a_blocked_statement(scene: Scene) -> dict[str, Any]:
    async with agency_scope(scene.cast.system):
        await Filing.filter(id=scene.id("filing")).update(state="blocked", batch_id=None)
    return {}


async def _a_rejected_notice(scene: Scene) -> dict[str, Any]:
    async with agency_scope(scene.cast.owner):
        await reject_notice(scene.cast.owner, scene.id("publicnotice"), reason="x")
    return {"reportId": None, "appealId": None, "noticeId": scene.ids["publicnotice"]}


async def _misuse(scene: Scene) -> dict[str, Any]:
    """Three notices of one person, all manifestly unfounded."""
    owner, key = scene.cast.owner, f"form:{new_id().hex}"
    async with agency_scope(owner):
        for _ in range(3):
            notice = await PublicNotice.create(**a_notice(scene.client, scene.id("community"), reporter_key=key))
            await reject_notice(owner, notice.id, reason="x")
            mark = await mark_unfounded(owner, notice_id=notice.id, reason="x")
    return {"markId": f"unfoundedmark_{mark}"}


async def _misuse_after_a_warning(scene: Scene) -> dict[str, Any]:
    given = await _misuse(scene)
    async with agency_scope(scene.cast.owner):
        warned = await warn_reporter(scene.cast.owner, UUID(given["markId"].partition("_")[2]), reason="x")
        since = now() - timedelta(days=1)
        await MisuseMeasure.filter(id=warned).update(starts_at=since, told_at=since)
    return {**given, "until": str(now() + timedelta(days=30))}


async def _an_order_that_came(scene: Scene) -> dict[str, Any]:
    nothing = dict.fromkeys(("effectAt", "effect", "authorityToldAt", "recipientInformedAt"))
    return {**nothing, "acknowledgedAt": str(now())}


async def _a_dispute(scene: Scene) -> dict[str, Any]:
    return {"receivedAt": str(now() + timedelta(seconds=1))}


def _with(**values: Any) -> Callable[[Scene], Awaitable[dict[str, Any]]]:
    async def given(_: Scene) -> dict[str, Any]:
        return values

    return given


# What must be there first, and what is given where tests/promises/test_the_api.py knows nothing valid.
FIRST: dict[str, Callable[[Scene], Awaitable[dict[str, Any]]]] = {
    "approveDecision": _a_held_decision,
    "followOrder": _an_order_that_came,
    "markUnfounded": _a_rejected_notice,
    "nameTrustedFlagger": _with(areas=["HA"], since=None),
    "recordDispute": _a_dispute,
    "recordOrder": _with(urls=["https://forum.example/x"]),
    "setTrustedFlaggerState": _with(state="SUSPENDED"),
    "settleDispute": _with(outcome=None, closedAt=None, implementedAt=None),
    "suspendReporter": _misuse_after_a_warning,
    "warnReporter": _misuse,
    "archiveQueue": _an_empty_queue,
    "askMember": _a_claim_to_ask_about,
    "backTestRule": _with(workspaceId=None, conditions=None, since=None, until=None),
    "bankHashes": _with(hashes=[{"kind": "PDQ", "hash": "ab" * 32, "opinion": "NEGATIVE"}]),
    "correctStatement": _a_blocked_statement,
    "describeProvider": _with(sizeClass="LARGE"),
    "letFile": _with(token="x", address=None),
    "submitBatch": _a_token,
    "recordSubmission": _with(status=201, answer=None),
    "cancelBackTest": _a_running_back_test,
    "cancelJob": _a_waiting_job,
    "changeApiClient": _with(scopes=["REPORT"]),
    "changeWebhookEndpoint": _with(kinds=["HOLD_LIFTED"]),
    "connectCommunity": _with(platform="WEBHOOK", address=None, secret=None),
    "createApiClient": _with(scopes=["REPORT"]),
    "createWebhookEndpoint": _with(kinds=["HOLD_LIFTED"]),
    "decideAppeal": _an_appeal,
    "decideCase": _a_claim,
    "decideCases": _cases_that_wait,
    "declareConflict": _with(communityId=None),
    "denyDecision": _a_held_decision,
    "endConflict": _an_own_conflict,
    "disableWebhookEndpoint": _an_enabled_endpoint,
    "disconnectCommunity": _a_connection,
    "rotateConnectionSecret": _a_connection,
    "extendClaim": _a_claim,
    "fileAppeal": _an_own_case_to_appeal_about,
    "invitePersonAgain": _an_invitation,
    "liftHold": _a_hold,
    "letTendAct": _a_site,
    "importCustomers": _with(csv="external_id,name\nnew,New", what="ACCOUNTS"),
    "linkToExport": _a_file,
    "makeGolden": _an_own_decision,
    "markNoticesRead": _a_notice,
    "importBookings": _with(csv="reference\nABCD"),
    "noteBookings": _with(bookings=[{"reference": "ABCD"}]),
    "noteMedia": _with(media=[{"sha256": "ab" * 32}]),
    "pauseRule": _a_rule_in_the_shadow,
    "reinstateMembership": _a_suspension,
    "recordAnswer": _a_waiting_case,
    "releaseClaim": _a_claim,
    "reopenCase": _an_own_decision,
    "resumeCase": _a_waiting_case,
    "setQualityPlan": _with(expectedVersion=1),
    "setRouting": _with(expectedVersion=1),
    "retryAction": _an_action_that_can_be_done,
    "stopActing": _a_site_that_is_acted_on,
    "removeSignInProvider": _a_provider,
    "reopenWorkspace": _a_closed_client,
    "replayWebhookDeliveries": _an_enabled_endpoint,
    "replayWebhookDelivery": _an_enabled_endpoint,
    "requestExport": _with(memberId=None, workspaceId=None),
    "recordSubscriptionChange": _with(kind="STARTED", ending=None, currency="EUR"),
    "runRetentionStudy": _a_frozen_study,
    "defineClientReport": _with(logo=None),
    "correctClientReport": _a_report_to_correct,
    "publishClientReport": _a_report("in_review"),
    "returnClientReport": _a_report("in_review"),
    "shareClientReport": _a_report("published"),
    "sendWebhookTest": _an_enabled_endpoint,
    "setEvidenceDays": _with(days=365),
    "setNoticeSettings": _with(chatUrl="https://chat.example/hook"),
    "setSignInProvider": _with(
        issuer="https://id.example", domains=["initech.example"], firstRole="MODERATOR", expectedVersion=None
    ),
    "setWorkspaceBrand": _with(colour="#1f2937", replyTo="help@example.com"),
    "skipCase": _a_claim,
    "undoDecision": _an_own_decision,
    "addInvestigationSubjects": _with(subjects=[{"kind": "LINK", "value": "spam.example"}]),
    "noteTie": _two_subjects,
    "noteReferences": _a_known_booking,
    "referToModeration": _two_subjects,
    "reopenInvestigation": _a_concluded_investigation,
    "raiseEscalation": _with(postId=None, memberId=None, workspaceId=None),
    "offerEscalation": _an_own_escalation,
    **dict.fromkeys(("draftNotification", "draftCybertip"), _a_draft),
    "setCrisisResource": _with(languages=["de"]),
    "setHolidayCalendar": _with(region="", calendarId=None, expectedVersion=None),
    "resolveEscalation": _nothing_to_take_down,
    "writeReview": _a_resolved_escalation,
    "setFollowUp": _a_day_from_now,
    "setSafetySettings": _the_settings,
    "recordContact": _an_own_escalation,
    "tickItem": _an_item,
    "reopenItem": _a_ticked_item,
    "writeProtocol": _a_protocol,
    "approveFiling": _an_own_escalation,
    "recordFiled": _an_approved_filing,
    **dict.fromkeys(("receiveTakedown", "completeTakedown", "settleTakedown"), _an_own_takedown),
    "acceptEscalation": _an_offered_escalation,
    "silenceEscalation": _a_lesser_escalation,
    "regradeEscalation": _with(impact=4, urgency=4),
    "setSafetyContacts": _with(telephonyUrl=None),
    "followContent": _another_client,
    "stopFollowing": _followed_content,
    "changeCourse": _a_course_with_a_lesson,
    "publishCourse": _a_course_in_draft,
    "setQuiz": _with(
        questions=[{"text": "x", "choices": ["a", "b"], "right": [0]}], draws=[], passPercent=50, mostAttempts=None
    ),
    "enrol": _nothing_before_the_course,
    "completeLesson": _a_lesson,
    "startAttempt": _no_attempt,
    "submitAttempt": _with(answers=[[0]]),
    "shareCertificate": _with(certificateId=None),
    "setTrainingNeed": _with(role=None, kinds=["x"]),
    "startContent": _with(language="en"),
    "layPath": _a_course_to_lay,
    "enrolInPath": _nothing_before_the_course,
    "copyCourse": _another_client,
    "nominateStory": _with(language="en"),
    "advanceStory": _a_story("nominated", to="QUALIFIED"),
    "draftStory": _a_story("interviewed", expectedVersion=1),
    "requestConsent": _a_story("drafted", channels=["SITE"]),
    "recordConsent": _a_story("member_review", version=1, channels=["SITE"]),
    "publishStory": _a_story("approved"),
    **dict.fromkeys(("distilBestPractice", "rewritePractice"), _a_story_to_distil),
    "returnPractice": _a_practice_in_review,
    "publishPractice": _a_practice_in_review,
    "proposeIntroduction": _a_second_member,
    "makeIntroduction": _an_introduction("both_accepted"),
    "followUpIntroduction": _an_introduction("made"),
    "draftContent": _with(language="fr"),
    "defineTerm": _with(language="en"),
    "returnDraft": _a_draft_in_review,
    "publishDraft": _a_draft_in_review,
    "restoreContent": _archived_content,
    "recordCertificate": _with(kind="first_aid"),
}


@pytest.fixture(scope="module")
async def initech(stage: Any) -> Cast:
    """An agency for these tests alone: what is done here closes clients and ends people."""
    return await _agency(f"initech-{str(new_id())[-12:]}")


@pytest.fixture
async def scene(initech: Cast) -> AsyncIterator[Scene]:
    client = await initech.empty_workspace()
    slug = next(slug for slug, id in initech.workspaces.items() if id == client)
    initech.actors["colleague"] = await initech.hire(f"colleague-{slug}", Role.MODERATOR, [client])
    yield Scene(initech, client, await ids_of(initech, slug))
    async with agency_scope(initech.system):
        await SignInProvider.all().delete()
        await WebhookEndpoint.all().delete()  # an agency has a hundred at most


async def ready(scene: Scene, mutation: str) -> dict[str, Any]:
    """Its input, with what there has to be for it."""
    fields = input_of(mutation).fields
    values = {name: value_for(field.type, name, scene.ids) for name, field in fields.items()}
    first = await FIRST.get(mutation, _nothing)(scene)
    return values | {name: value for name, value in first.items() if name in fields}


async def do(
    api: httpx.AsyncClient, scene: Scene, mutation: str, given: dict[str, Any], *, token: str
) -> tuple[dict[str, Any], list[Any]]:
    """What it answered, and what stands in the journal since."""
    async with agency_scope(scene.cast.system) as scope:
        last = await scope.fetchval("select id from journal order by id desc limit 1")
    answer = await ask(api, token, document(mutation), input=given)
    assert "errors" not in answer, answer
    async with agency_scope(scene.cast.system) as scope:
        rows = await scope.fetch("select action, subject_id, membership_id from journal where id > $1", last)
    return answer["data"][mutation], rows


@pytest.mark.parametrize("mutation", MUTATIONS)
async def test_the_operation_itself_refuses_who_lacks_the_right_and_what_is_done_stands_in_the_journal(
    api: httpx.AsyncClient, scene: Scene, mutation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`@verb` asks for the right first; jobs, the command line and other operations call without it."""
    given, needs = await ready(scene, mutation), NEEDS[mutation]
    if needs is not None:
        token = await _somebody_without(needs, scene)
        with monkeypatch.context() as patched:
            patched.setattr(answering, "actor_of", lambda _: SimpleNamespace(must_hold=lambda _: None))
            payload, rows = await do(api, scene, mutation, given, token=token)
        assert [error["code"] for error in payload["userErrors"]] == ["NOT_ALLOWED"], (
            f"{mutation} needs {needs.value}: begin its operation with actor.must_hold"
        )
        assert not rows
    payload, rows = await do(api, scene, mutation, given, token=scene.cast.tokens["owner"])
    assert payload["userErrors"] == [], f"say in FIRST what {mutation} needs to be done: {payload}"
    lines = [row["action"] for row in rows if row["membership_id"] == scene.cast.owner.membership_id]
    if mutation in UNRECORDED:
        assert not lines, f"take {mutation} out of UNRECORDED"
        return
    assert lines, f"{mutation} was done and nobody can see by whom: call journal.record in its operation"


async def _somebody_without(right: Right, scene: Scene) -> str:
    """A token of whoever holds the most without this right, and works for the client."""
    roles = [role for role in PERSON_ROLES if right not in RIGHTS_OF[role]]
    if not roles:
        return await issue_api_key(scene.cast.agency_id, name="x", scopes=[Right.REPORT])
    role = max(roles, key=lambda role: len(RIGHTS_OF[role]))
    await scene.cast.hire(f"other-{scene.client}", role, [scene.client], sees_all=role is Role.ADMIN)
    return scene.cast.tokens[f"other-{scene.client}"]


def test_every_exemption_names_a_mutation_that_exists() -> None:
    assert set(UNRECORDED) | set(FIRST) <= set(MUTATIONS)
