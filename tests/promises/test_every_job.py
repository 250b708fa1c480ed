"""What holds for every kind of job: run twice, and twice at once, it leaves what running it once leaves."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import nullcontext
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
import pytest
from cast import Cast
from filed import a_batch, a_service
from papers import a_definition, a_published
from reported import a_notice
from structlog.testing import capture_logs
from taught import a_version
from told import told

from backend.acting.thresholds import ATTEMPT_SECONDS
from backend.client_reports import ClientReportDefinition, make_client_report
from backend.communities import Connection, Post
from backend.customers import AccountContact, CustomerAccount, CustomerSubscription
from backend.education import Certificate, ContentItem, ContentPicture, ContentVersion, Course, TrainingNeed
from backend.evidence import Attachment
from backend.filing import draw_up_report
from backend.filing.thresholds import ANSWER_SECONDS
from backend.intake import PlatformDelivery, connect_community
from backend.kit.clock import now
from backend.kit.errors import Conflict
from backend.kit.ids import new_id
from backend.leaving import close_workspace, request_export
from backend.leaving.forgetting import prove
from backend.moderation import About, Case, Decision, Report, ask_member, claim_next, decide, raise_danger
from backend.notices import NoticeDelivery, NoticeSettings, Recipient, tell
from backend.operating import cancel_job, replay_job
from backend.operating.cancelling import CALLED_OFF
from backend.outbox import Job, Priority
from backend.outside import fetching, mailing, seal
from backend.people import (
    end,
    grant_token,
    invite,
    issue_credential,
    machine_with,
    new_access_token,
    register_api_client,
)
from backend.reporting import PublicNotice
from backend.retention import Definition, create_study, freeze_study, run_study
from backend.ruling import back_test_rule, create_rule
from backend.safety import Danger, Rota, RotaLayer, SafetyContact, SafetySettings, Takedown
from backend.stories import Introduction, StoryConsent
from backend.verification import (
    VerificationDesign,
    VerificationEvidence,
    VerificationProgramme,
    VerificationTask,
)
from backend.webhooks import Wanted, create_endpoint
from backend.webhooks.thresholds import TIMEOUT_SECONDS, TURN_SECONDS
from graphql_schema.schema import schema
from tenants.actor import system
from tenants.entering import acting_for
from tenants.erasing import treatments
from tenants.rights import Right, Role
from tenants.scope import agency_scope
from tenants.tables import TenantModel, is_nullable, sql_type, tenant_models
from tenants.treating import OUR_WORDS
from workers.calendar import CALENDAR
from workers.catalogue import CATALOGUE, MINUTE
from workers.running import run_job

# What there must be for a kind to have something to do: the payload, and the world around it.
Scene = Callable[[Cast, UUID, str], Awaitable[dict[str, Any]]]


NOT_COUNTED = {
    "api_clients": "no job makes any",
    "assignments": "no job makes any",
    "case_tallies": "their sum counts; they are as many as transactions once ran at the same time",
    "rule_runs": "likewise; and a job that ran twice has looked at its posts twice",
}
# Columns that are not the same after the same work; each with its reason.
NOT_THE_SAME = {
    "exports.byte_count": "ids and names are packed as tightly as their letters allow",
    "journal_links.seq": "a place in the chain of the agency",
    "webhook_events.sequence": "counted for the whole agency",
}
FOREIGN_KEYS = """
    select distinct conrelid::regclass::text as child, confrelid::regclass::text as parent, a.attname::text as column
      from pg_constraint
      join pg_attribute a on a.attrelid = conrelid and a.attnum = any(conkey) and a.attname <> 'agency_id'
      join pg_attribute w on w.attrelid = confrelid and w.attname = 'workspace_id'
     where contype = 'f' and a.attname <> 'workspace_id' order by 1, 2, 3"""


async def _decided(acme: Cast, client: UUID, slug: str) -> dict[str, Any]:
    case = await acme.case(workspace=slug, policy=f"{slug}:harassment", reporters=2)
    owner = acme.owner.narrowed_to(client)
    version = await acme.policy_version(client)
    async with agency_scope(owner):
        claim = await claim_next(owner, workspace_id=client)
        judged = await decide(
            owner,
            case.id,
            token=claim.token,
            outcome="violation",
            reason="x",
            policy_version_id=version.id,
            actions=("hide_post", "warn_member"),
        )
    return {"decision_id": str(judged.decision.id), "subject_id": str(case.id)}


async def _a_guilty_post_and_a_rule(acme: Cast, client: UUID, slug: str) -> dict[str, Any]:
    from backend.policies import Policy

    await acme.post("free crypto", workspace=slug)
    async with agency_scope(acme.system):
        policy = await Policy.get(workspace_id=client, slug="spam")
        await create_rule(acme.system, client, name="r", policy_id=policy.id, words=["crypto"])
    return {}


async def _a_back_test(acme: Cast, client: UUID, slug: str) -> dict[str, Any]:
    await _a_guilty_post_and_a_rule(acme, client, slug)
    async with agency_scope(acme.system):
        made = await back_test_rule(acme.system, workspace_id=client, conditions={"pattern": "crypto"})
    return {"back_test_id": str(made.id)}


async def _old_findings(acme: Cast, client: UUID, slug: str) -> dict[str, Any]:
    await _a_guilty_post_and_a_rule(acme, client, slug)
    await _run(acme, client, "apply_rules", {})
    async with agency_scope(acme.system) as scope:
        await scope.execute("update rule_firings set at = '2020-01-01' where workspace_id = $1", client)
    return {}


async def _an_ended_claim(acme: Cast, client: UUID, slug: str) -> dict[str, Any]:
    await acme.case(workspace=slug, policy=f"{slug}:harassment")
    owner = acme.owner.narrowed_to(client)
    async with agency_scope(owner):
        await claim_next(owner, workspace_id=client)
    await acme.end_leases(client)
    return {}


async def _an_overdue_escalation(acme: Cast, client: UUID, slug: str) -> dict[str, Any]:
    """Its first level did nothing, and the client has a contact."""
    case = await acme.case(workspace=slug, policy=f"{slug}:harassment")
    async with agency_scope(acme.system) as scope:
        await SafetyContact.create(workspace_id=client, email="safety@northwind.example")
        escalation_id, _ = await raise_danger(acme.system, About(case_id=case.id), Danger("violence", "x"))
        await scope.execute(
            "update escalations set next_at = now() - interval '1 minute' where agency_id = $1 and id = $2",
            acme.agency_id,
            escalation_id,
        )
    return {"escalation_id": str(escalation_id), "level": 2, "loop": 0, "target": "client_contact", "severity": 1}


async def _work_on_an_escalation(acme: Cast, client: UUID, slug: str) -> dict[str, Any]:
    """A request to take down that is over its time, and one of whom is to be answered."""
    case = await acme.case(workspace=slug, policy=f"{slug}:harassment")
    came = now() - timedelta(hours=49)
    async with agency_scope(acme.system):
        escalation_id, _ = await raise_danger(acme.system, About(case_id=case.id), Danger("intimate_images", "x"))
        takedown = await Takedown.create(
            workspace_id=client, escalation_id=escalation_id, by_id=acme.owner.membership_id, email="a@example.com",
            received_at=came, deadline_at=came + timedelta(hours=48), created_at=came,
            **dict.fromkeys(("signature", "identification", "location", "good_faith", "contact"), ""),
        )  # fmt: skip
    return {"takedown_id": str(takedown.id), "since": came.isoformat()}


async def _drills_are_wanted(acme: Cast, _client: UUID, _slug: str) -> dict[str, Any]:
    async with agency_scope(acme.system):
        await SafetySettings.get_or_create(defaults={"updated_at": now()})
        await SafetySettings.all().update(has_monthly_drills=True)
    return {}


async def _a_rota_of_nobody(acme: Cast, client: UUID, slug: str) -> dict[str, Any]:
    async with agency_scope(acme.system):
        rota = await Rota.create(workspace_id=client, name="nights", time_zone="UTC")
        await RotaLayer.create(
            rota_id=rota.id, level=1, position=1, starts_at=now() + timedelta(days=1), shift_hours=24,
            turns=[str(acme.owner.membership_id)],
        )  # fmt: skip
    return {}


async def _a_certificate_that_ends(acme: Cast, client: UUID, slug: str) -> dict[str, Any]:
    async with agency_scope(acme.system):
        who = await acme.hire(f"trained-{slug}", Role.SAFETY_RESPONDER, [client])
        await Certificate.create(
            membership_id=who.membership_id, kind="x", valid_from=now() - timedelta(days=1),
            valid_until=now() + timedelta(days=6), proof="x",
        )  # fmt: skip
    return {}


async def _somebody_who_lacks_a_certificate(acme: Cast, client: UUID, slug: str) -> dict[str, Any]:
    await acme.hire(f"untrained-{slug}", Role.EDUCATOR, [client])
    async with agency_scope(acme.system):
        await TrainingNeed.create(workspace_id=client, role="educator", kinds=["x"])
        await Course.create(
            workspace_id=client, slug="c-d", title="x", summary="", state="published", is_ordered=False,
            certificate_kind="x", writers=[],
        )  # fmt: skip
    return {}


async def _a_picture_nobody_uses(acme: Cast, client: UUID, slug: str) -> dict[str, Any]:
    async with agency_scope(acme.system):
        await ContentPicture.create(workspace_id=client, code=slug, created_at=now() - timedelta(days=31))
    return {}


async def _followed_content(acme: Cast, client: UUID, slug: str) -> dict[str, Any]:
    async with agency_scope(acme.system):
        item = await ContentItem.create(workspace_id=client, kind="article", slug="a-b", language="en")
        await ContentVersion.create(workspace_id=client, **a_version(item.id, "x"))
        await ContentItem.create(
            workspace_id=await acme.empty_workspace(), kind="article", slug="a-b", language="en", follows_id=item.id
        )
    return {"item_id": str(item.id)}


async def _posts_without_words(acme: Cast, client: UUID, slug: str) -> dict[str, Any]:
    for n in range(3):
        await acme.post(f"word {n}", workspace=slug)
    async with agency_scope(acme.system) as scope:
        await scope.execute("delete from post_words where agency_id = $1 and workspace_id = $2", acme.agency_id, client)
    return {}


async def _a_case_nobody_answered(acme: Cast, client: UUID, slug: str) -> dict[str, Any]:
    case = await acme.case(workspace=slug, policy=f"{slug}:harassment")
    owner = acme.owner.narrowed_to(client)
    async with agency_scope(owner) as scope:
        claim = await claim_next(owner, workspace_id=client)
        await ask_member(owner, case.id, token=claim.token, whom="author", question="x", days=1)
        await scope.execute("update cases set pending_until = now() where id = $1", case.id)
    return {"case_id": str(case.id)}


async def _nothing(_acme: Cast, _client: UUID, _slug: str) -> dict[str, Any]:
    return {}


async def _cases_without_tally(acme: Cast, client: UUID, slug: str) -> dict[str, Any]:
    await _an_ended_claim(acme, client, slug)
    await acme.case(workspace=slug, policy=f"{slug}:harassment")
    async with agency_scope(acme.system) as scope:
        await scope.execute(
            "delete from case_tallies where agency_id = $1 and workspace_id = $2", acme.agency_id, client
        )
    return {}


async def _held_by_somebody_who_left(acme: Cast, client: UUID, slug: str) -> dict[str, Any]:
    await acme.case(workspace=slug, policy=f"{slug}:harassment")
    who = await acme.hire(f"left-{new_id()}"[:40], Role.MODERATOR, [client])
    async with agency_scope(who):
        assert await claim_next(who, workspace_id=client)
    async with agency_scope(acme.owner):
        await end(acme.owner, who.membership_id)
    return {"membership_id": str(who.membership_id)}


async def _invited(acme: Cast, client: UUID, slug: str) -> dict[str, Any]:
    async with agency_scope(acme.owner):
        invited = await invite(
            acme.owner, email=f"{new_id()}@example.com", name="x", role=Role.LEAD, sees_all=False, workspaces=[client]
        )
    return {"membership_id": str(invited)}


async def _to_be_forgotten(acme: Cast, client: UUID, slug: str) -> dict[str, Any]:
    case = await acme.case(workspace=slug, policy=f"{slug}:harassment", reporters=2)
    return {"member_id": str(case.member_id), "grounds": "x"}


async def _forgotten_and_back(acme: Cast, client: UUID, slug: str) -> dict[str, Any]:
    case = await acme.case(workspace=slug, policy=f"{slug}:harassment")
    async with agency_scope(acme.system):
        await prove("member", case.member_id, workspace_id=client, counts={}, grounds="x", requested_by_id=None)
    return {"since": "2020-01-01T00:00:00+00:00", "rows": {}}


async def _closed(acme: Cast, client: UUID, slug: str) -> dict[str, Any]:
    await _decided(acme, client, slug)
    async with agency_scope(acme.owner) as scope:
        await close_workspace(acme.owner, client, grounds="x")
        await scope.execute("update workspaces set deletes_at = now() where id = $1", client)
    return {"workspace_id": str(client), "grounds": "x"}


async def _an_export(acme: Cast, client: UUID, slug: str) -> dict[str, Any]:
    await acme.post(workspace=slug)
    async with agency_scope(acme.owner):
        return {"export_id": str(await request_export(acme.owner, what="workspace", workspace_id=client))}


async def _an_old_export(acme: Cast, client: UUID, slug: str) -> dict[str, Any]:
    payload = await _an_export(acme, client, slug)
    await _run(acme, client, "write_export", payload)
    async with agency_scope(acme.system) as scope:
        await scope.execute("update exports set expires_at = now() where id = $1", UUID(payload["export_id"]))
    return {}


async def _a_webhook(acme: Cast, client: UUID, slug: str) -> dict[str, Any]:
    """To a server that may not be asked: the first try fails, and the second is promised."""
    async with agency_scope(acme.owner):
        wanted = Wanted("https://127.0.0.1/", "", ["case_reported"])
        issued = await create_endpoint(acme.owner, wanted, workspace_id=client)
    await acme.case(workspace=slug, policy=f"{slug}:harassment")
    return {"endpoint_id": str(issued.endpoint.id)}


async def _an_old_webhook(acme: Cast, client: UUID, slug: str) -> dict[str, Any]:
    await _a_webhook(acme, client, slug)
    async with agency_scope(acme.system) as scope:
        await scope.execute("update webhook_events set occurred_at = now() - interval '31 days'")
    return {}


async def _to_be_told(acme: Cast, client: UUID, _slug: str) -> dict[str, Any]:
    who = await acme.hire(f"told-{new_id()}"[:40], Role.MODERATOR, [client])
    async with agency_scope(acme.system):
        settings = await NoticeSettings.create(membership_id=who.membership_id)
        url = await seal("https://x.invalid/", table="notice_settings", column="chat_url", row_id=settings.id)
        await NoticeSettings.filter(id=settings.id).update(chat_url=url, has_chat=True)
        await tell(
            [Recipient(membership_id=who.membership_id)],
            kind="membership_changed",
            subject_id=new_id(),
            workspace_id=client,
            text="x",
            facts={"role": "moderator"},
        )
    return {"membership_id": str(who.membership_id), "channel": "mail"}


async def _a_message(acme: Cast, client: UUID, slug: str, *, channel: str) -> dict[str, Any]:
    payload = {**await _to_be_told(acme, client, slug), "channel": channel}
    await _run(acme, client, "gather_notices", payload)
    async with agency_scope(acme.system):
        delivery = await NoticeDelivery.get(membership_id=UUID(payload["membership_id"]), channel=channel)
        return {"message": str(delivery.message)}


async def _a_mail(acme: Cast, client: UUID, slug: str) -> dict[str, Any]:
    return await _a_message(acme, client, slug, channel="mail")


async def _a_chat_message(acme: Cast, client: UUID, slug: str) -> dict[str, Any]:
    """To somebody who named no chat any more: what takes messages is in tests/notices/test_chatting.py."""
    payload = await _a_message(acme, client, slug, channel="chat")
    async with agency_scope(acme.system) as scope:
        await scope.execute(
            "update notice_settings set chat_url = null, has_chat = false where agency_id = $1", acme.agency_id
        )
    return payload


async def _a_delivery_of_a_platform(acme: Cast, client: UUID, slug: str) -> dict[str, Any]:
    """A report of a post that is here."""
    post = await acme.post(workspace=slug)
    async with agency_scope(acme.system):
        community_id = acme.communities[slug]
        await connect_community(acme.system, community_id, platform="webhook", address=None, secret=None)
        await Post.filter(id=post.id).update(external_id="p1")
        told = {"post": {"id": "p1"}, "member": {"id": "m1", "handle": "ann"}, "reason": "rude"}
        delivery = await PlatformDelivery.create(
            workspace_id=client,
            connection_id=(await Connection.get(community_id=community_id)).id,
            key="x",
            kind="post.reported",
            body=orjson.dumps({"type": "post.reported", "timestamp": "2026-11-25T10:00:00Z", "data": told}),
        )
        return {"delivery_id": str(delivery.id)}


async def _an_old_delivery_of_a_platform(acme: Cast, client: UUID, slug: str) -> dict[str, Any]:
    await _a_delivery_of_a_platform(acme, client, slug)
    async with agency_scope(acme.system) as scope:
        await scope.execute(
            """update platform_deliveries set received_at = now() - interval '91 days', state = 'failed', ended_at = now()
                where agency_id = $1 and workspace_id = $2""",
            acme.agency_id,
            client,
        )
    return {}


async def _old_evidence(acme: Cast, client: UUID, slug: str) -> dict[str, Any]:
    await _decided(acme, client, slug)
    async with agency_scope(acme.system) as scope:
        await scope.execute(
            "update cases set closed_at = now() - interval '2 years' where agency_id = $1 and workspace_id = $2",
            acme.agency_id,
            client,
        )
        await scope.execute(
            """insert into evidence_snapshots (agency_id, workspace_id, id, case_id, position, post_id, member_id,
                                               post_version, is_context, content, hash, captured_at)
               select agency_id, workspace_id, gen_random_uuid(), case_id, 9, post_id, member_id, 1, true, '{}', 'x',
                      now() - interval '2 years'
                 from evidence_snapshots where agency_id = $1 and workspace_id = $2 limit 1""",
            acme.agency_id,
            client,
        )
    return {}


async def _a_notice_that_was_decided(acme: Cast, client: UUID, slug: str) -> dict[str, Any]:
    """A member of the case's reporters wrote a notice as well; what was decided is carried out."""
    said = await _decided(acme, client, slug)
    async with agency_scope(acme.system) as scope:
        decision = await Decision.get(id=UUID(said["decision_id"]))
        case = await Case.get(id=decision.case_id)
        report = await Report.filter(case_id=case.id).first()
        notice = await PublicNotice.create(
            **a_notice(
                client, acme.communities[slug], post_id=case.post_id, state="attached", attached_at=now(),
                reporter_key=report.reporter_key,
            )
        )  # fmt: skip
        await scope.execute("update actions set state = 'confirmed', confirmed_at = now() where case_id = $1", case.id)
    return {"decision_id": said["decision_id"], "notice_id": str(notice.id), "about": "received"}


async def _an_old_notice(acme: Cast, client: UUID, slug: str) -> dict[str, Any]:
    payload = await _a_notice_that_was_decided(acme, client, slug)
    await _run(acme, client, "follow_decision", payload)
    async with agency_scope(acme.system) as scope:
        await scope.execute(
            """update public_notices set received_at = now() - interval '2 years', decided_at = now() - interval '1 year'
                where agency_id = $1 and workspace_id = $2""",
            acme.agency_id,
            client,
        )
    return {}


# About the agency as a whole: they refuse a scope of one client.
OF_THE_AGENCY = {
    "anchor_journal",
    "chain_journal",
    "delete_workspace",
    "erase_member",
    "expire_exports",
    "repeat_erasures",
    "warn_of_ends",
    "enrol_who_lack",
    "spread_content",
}
# Done on behalf of somebody, who lends their rights.
ON_BEHALF = {"write_export"}


async def _ended_access_tokens(acme: Cast, client: UUID, slug: str) -> dict[str, Any]:
    async with agency_scope(acme.system) as scope:
        machine = await register_api_client(acme.system, name=slug, scopes=[Right.REPORT], workspace_id=client)
        secret = await issue_credential(acme.system, machine.id, kind="client_secret")
    found = await machine_with(secret.token)
    for _ in range(3):
        await grant_token(found, new_access_token(), scopes=[Right.REPORT])
    async with agency_scope(acme.system) as scope:
        await scope.execute(
            "update credentials set expires_at = now() - interval '4 days' where agency_id = $1 and parent_id = $2",
            acme.agency_id,
            secret.credential.id,
        )
    return {}


async def _statements_to_file(acme: Cast, client: UUID, slug: str) -> dict[str, Any]:
    await _decided(acme, client, slug)
    return {"service_id": str((await a_service(acme, client, slug)).id)}


async def _a_batch_without_a_token(acme: Cast, client: UUID, slug: str) -> dict[str, Any]:
    """What is sent, and sent again, is in tests/filing/test_submitting.py."""
    decision = (await _decided(acme, client, slug))["decision_id"]
    service = await a_service(acme, client, slug)
    async with agency_scope(acme.system):
        batch, _ = await a_batch(service, UUID(decision))
    return {"batch_id": str(batch.id)}


async def _a_report_to_write(acme: Cast, client: UUID, slug: str) -> dict[str, Any]:
    await _decided(acme, client, slug)
    service = await a_service(acme, client, slug)
    async with agency_scope(acme.system):
        report = await draw_up_report(acme.system, service.id, period_start="2026-01-01", period_end="2026-12-31")
    return {"report_id": str(report.id)}


async def _a_picture(acme: Cast, client: UUID, slug: str) -> dict[str, Any]:
    """At a server that may not be asked: the first try fails, and the second is promised."""
    post = await acme.post(workspace=slug)
    async with agency_scope(acme.system):
        found = await Attachment.create(workspace_id=client, post_id=post.id, url="https://127.0.0.1/", name="x")
    return {"attachment_id": str(found.id)}


async def _an_old_picture(acme: Cast, client: UUID, slug: str) -> dict[str, Any]:
    payload = await _a_picture(acme, client, slug)
    async with agency_scope(acme.system):
        await Attachment.filter(id=UUID(payload["attachment_id"])).update(
            state="stored", sha256="a", md5="b", byte_count=1, stored_at=now() - timedelta(days=31)
        )
    return {}


async def _evidence(acme: Cast, client: UUID, slug: str, **columns: Any) -> VerificationEvidence:
    post = await acme.post(workspace=slug)
    async with agency_scope(acme.system):
        programme = await VerificationProgramme.create(workspace_id=client, community_id=post.community_id, name="x")
        await VerificationDesign.create(
            workspace_id=client, programme_id=programme.id, version=1, claim="x", strong=["link"], weak=[], hosts=[]
        )
        task = await VerificationTask.create(
            workspace_id=client, programme_id=programme.id, programme_version=1, member_id=post.member_id,
            state="evidence_received", open_until=now(),
        )  # fmt: skip
        return await VerificationEvidence.create(
            workspace_id=client, task_id=task.id, member_id=post.member_id, is_strong=True, **columns
        )


async def _a_link(acme: Cast, client: UUID, slug: str) -> dict[str, Any]:
    """To a server that may not be asked."""
    evidence = await _evidence(acme, client, slug, kind="link", state="checked", url="https://127.0.0.1/")
    return {"evidence_id": str(evidence.id)}


async def _an_ended_verification(acme: Cast, client: UUID, slug: str) -> dict[str, Any]:
    await _a_link(acme, client, slug)
    return {}


async def _an_old_receipt(acme: Cast, client: UUID, slug: str) -> dict[str, Any]:
    await _evidence(
        acme, client, slug, kind="receipt", state="accepted", sha256="a", content_type="image/jpeg",
        decided_at=now() - timedelta(days=8),
    )  # fmt: skip
    return {}


async def _a_contact_who_wrote(acme: Cast, client: UUID, slug: str) -> dict[str, Any]:
    post = await acme.post(workspace=slug)
    async with agency_scope(acme.system):
        account = await CustomerAccount.create(workspace_id=client, external_id="a", name="x")
        await CustomerSubscription.create(
            workspace_id=client, account_id=account.id, external_id="s", plan="x", started_at=now() - timedelta(days=40)
        )
        await AccountContact.create(
            workspace_id=client, account_id=account.id, external_id="c", name="x", member_id=post.member_id
        )
    return {}


async def _a_report_to_make(acme: Cast, client: UUID, slug: str) -> dict[str, Any]:
    definition = await a_definition(acme, client, sections=["safety"])
    async with agency_scope(acme.owner):
        report = await make_client_report(acme.owner, definition.id)
    return {"report_id": str(report.id)}


async def _a_report_that_is_due(acme: Cast, client: UUID, slug: str) -> dict[str, Any]:
    definition = await a_definition(acme, client, sections=["safety"])
    async with agency_scope(acme.owner):
        await ClientReportDefinition.filter(id=definition.id).update(created_at=now() - timedelta(days=70))
    return {}


async def _a_report_to_typeset(acme: Cast, client: UUID, slug: str) -> dict[str, Any]:
    return {"report_id": str((await a_published(acme, client)).id)}


async def _a_study_to_run(acme: Cast, client: UUID, slug: str) -> dict[str, Any]:
    await _a_contact_who_wrote(acme, client, slug)
    async with agency_scope(acme.system):
        study = await create_study(acme.system, client, name="x", definition=Definition(["answered"]))
        await freeze_study(acme.system, study.id)
        await run_study(acme.system, study.id)
    return {"study_id": str(study.id)}


async def _told(acme: Cast, slug: str) -> dict[str, UUID]:
    case = await acme.case(workspace=slug, policy=f"{slug}:harassment")
    return {kind: UUID(id.rpartition("_")[2]) for kind, id in (await told(acme, case)).items()}


async def _an_introduction_nobody_answered(acme: Cast, client: UUID, slug: str) -> dict[str, Any]:
    ids = await _told(acme, slug)
    async with agency_scope(acme.system):
        await Introduction.filter(id=ids["introduction"]).update(open_until=now() - timedelta(days=1))
    return {}


async def _a_story_whose_consent_is_over(acme: Cast, client: UUID, slug: str) -> dict[str, Any]:
    ids = await _told(acme, slug)
    async with agency_scope(acme.system):
        await StoryConsent.filter(id=ids["storyconsent"]).update(expires_at=now() - timedelta(days=1))
    return {}


SCENES: dict[str, Scene] = {
    "anchor_journal": _nothing,
    "back_test": _a_back_test,
    "answer_takedown": _work_on_an_escalation,
    "apply_rules": _a_guilty_post_and_a_rule,
    "carry_out_actions": _decided,
    "chain_journal": _nothing,
    "check_link": _a_link,
    "chat_danger": _a_chat_message,
    "chat_notices": _a_chat_message,
    "count_cases_again": _cases_without_tally,
    "delete_workspace": _closed,
    "deliver_notices": _decided,
    "derive_exposures": _a_contact_who_wrote,
    "deliver_webhooks": _a_webhook,
    "follow_decision": _a_notice_that_was_decided,
    "mail_notifier": _a_notice_that_was_decided,
    "settle_notices": _an_old_notice,
    "forget_access_tokens": _ended_access_tokens,
    "end_introductions": _an_introduction_nobody_answered,
    "expire_consents": _a_story_whose_consent_is_over,
    "enrol_who_lack": _somebody_who_lacks_a_certificate,
    "erase_member": _to_be_forgotten,
    "repeat_erasures": _forgotten_and_back,
    "expire_exports": _an_old_export,
    "expire_verifications": _an_ended_verification,
    "forget_answers": _nothing,
    "forget_findings": _old_findings,
    "forget_platform_deliveries": _an_old_delivery_of_a_platform,
    "forget_webhooks": _an_old_webhook,
    "gather_danger": _to_be_told,
    "gather_notices": _to_be_told,
    "hand_over": _held_by_somebody_who_left,
    "mail_danger": _a_mail,
    "mail_notices": _a_mail,
    "prepare_statements": _statements_to_file,
    "submit_batch": _a_batch_without_a_token,
    "write_transparency_report": _a_report_to_write,
    "purge_attachments": _an_old_picture,
    "purge_pictures": _a_picture_nobody_uses,
    "page_escalation": _an_overdue_escalation,
    "page_outside": _an_overdue_escalation,
    "purge_evidence": _old_evidence,
    "purge_receipts": _an_old_receipt,
    "remove_ended_jobs": _nothing,
    "resume_case": _a_case_nobody_answered,
    "return_ended_claims": _an_ended_claim,
    "run_retention_study": _a_study_to_run,
    "make_client_report": _a_report_to_make,
    "make_due_reports": _a_report_that_is_due,
    "typeset_client_report": _a_report_to_typeset,
    "send_invitation": _invited,
    "spread_content": _followed_content,
    "store_attachment": _a_picture,
    "start_drills": _drills_are_wanted,
    "sweep_escalations": _an_overdue_escalation,
    "take_in_delivery": _a_delivery_of_a_platform,
    "warn_of_ends": _a_certificate_that_ends,
    "watch_deadlines": _work_on_an_escalation,
    "watch_coverage": _a_rota_of_nobody,
    "watch_rules": _a_guilty_post_and_a_rule,
    "write_export": _an_export,
    "write_words": _posts_without_words,
}


def test_every_kind_has_a_scene_and_the_calendar_names_kinds_that_exist() -> None:
    wrong = set(SCENES) ^ set(CATALOGUE)
    assert not wrong, f"write what there must be for it to have something to do, and name it in SCENES: {wrong}"
    assert {entry.kind for entry in CALENDAR} <= set(CATALOGUE), "the calendar names a kind that no worker knows"


def test_what_may_take_long_keeps_to_the_places_of_bulk_and_to_a_number_at_once() -> None:
    for name, kind in CATALOGUE.items():
        if kind.timeout > MINUTE:
            assert kind.priority is Priority.BULK, name
            assert kind.at_once is not None, name


# How long a kind waits for a server of somebody else before it says why nothing came of it.
WAITS = {
    "answer_takedown": mailing.WITHIN_SECONDS,
    "carry_out_actions": ATTEMPT_SECONDS,
    "chat_danger": fetching.WITHIN_SECONDS,
    "chat_notices": fetching.WITHIN_SECONDS,
    "deliver_webhooks": TURN_SECONDS + TIMEOUT_SECONDS,
    "mail_danger": mailing.WITHIN_SECONDS,
    "mail_notices": mailing.WITHIN_SECONDS,
    "mail_notifier": mailing.WITHIN_SECONDS,
    "page_outside": max(mailing.WITHIN_SECONDS, fetching.WITHIN_SECONDS),
    "send_invitation": mailing.WITHIN_SECONDS,
    "submit_batch": ANSWER_SECONDS,
}


@pytest.mark.parametrize("kind", sorted(WAITS))
def test_a_server_that_is_too_slow_is_given_up_while_the_job_can_still_say_so(kind: str) -> None:
    assert CATALOGUE[kind].timeout >= timedelta(seconds=WAITS[kind] + 10)


@pytest.mark.parametrize("kind", sorted(CATALOGUE))
@pytest.mark.parametrize("way", ["twice", "twice at once", "with a payload of tomorrow"])
async def test_a_job_run_twice_leaves_what_one_run_leaves(acme: Cast, kind: str, way: str) -> None:
    assert kind in SCENES, f"write what there must be for {kind} to have something to do, and name it in SCENES"
    once, again = await acme.empty_workspace(), await acme.empty_workspace()
    payloads = {}
    for client in (once, again):
        slug = next(slug for slug, id in acme.workspaces.items() if id == client)
        payloads[client] = await SCENES[kind](acme, client, slug)
        async with agency_scope(acme.system) as scope:
            await scope.execute("delete from jobs where agency_id = $1 and workspace_id = $2", acme.agency_id, client)
    await _run(acme, once, kind, payloads[once])
    if way == "twice":
        await _run(acme, again, kind, payloads[again])
        await _run(acme, again, kind, payloads[again])
    elif way == "twice at once":
        async with asyncio.timeout(30):
            await asyncio.gather(*(_run(acme, again, kind, payloads[again]) for _ in range(2)))
    else:
        await _run(acme, again, kind, {**payloads[again], "unknown_to_this_worker": 1})
    assert await _world(acme, again) == await _world(acme, once), (
        f"{kind} run {way} leaves something else than one run: let it look at what is there before it writes"
    )
    async with agency_scope(acme.system) as scope:  # what they promised in turn would run in other tests
        await scope.execute("delete from jobs where agency_id = $1 and kind = 'erase_member'", acme.agency_id)


# They need nothing to be said: whatever the payload, they do what is to be done.
SAYS_NOTHING = {name for name, kind in CATALOGUE.items() if name in {entry.kind for entry in CALENDAR}} | {
    *("apply_rules", "return_ended_claims", "count_cases_again", "write_words"),
}


@pytest.mark.parametrize("kind", sorted(CATALOGUE))
@pytest.mark.parametrize("way", ["fails", "killed its worker"])
async def test_a_job_with_a_payload_of_yesterday_ends_and_can_be_replayed(acme: Cast, kind: str, way: str) -> None:
    """Also where what waits for it cannot be found: it would be taken again for ever, and hold its place."""
    client = None if kind in OF_THE_AGENCY else await acme.empty_workspace()
    whose = acme.owner.membership_id if kind in ON_BEHALF else None
    attempt = CATALOGUE[kind].tries - (way == "fails")
    async with agency_scope(acme.system):
        job = await Job.create(
            kind=kind, state="sent", attempt=attempt, payload={}, workspace_id=client, on_behalf_of_id=whose
        )
    async with asyncio.timeout(30):
        await run_job(acme.agency_id, job.id)
    async with agency_scope(acme.owner):
        job = await Job.get(id=job.id)
        if way == "fails" and kind in SAYS_NOTHING:
            assert job.state == "done", job.last_error
            return
        assert (job.state, bool(job.last_error)) == ("dead", True)
        await replay_job(acme.owner, job.id, kinds=CATALOGUE)
        assert (await Job.get(id=job.id)).state == "ready"
        await Job.filter(id=job.id).delete()  # it would run in other tests


# Where whoever waits for it sees that it was called off, and asks for it again.
SEEN_IN = {
    "back_test": "BackTest.problem",
    "chat_danger": "NoticeDelivery.problem",
    "chat_notices": "NoticeDelivery.problem",
    "gather_danger": "NoticeDelivery.problem",
    "gather_notices": "NoticeDelivery.problem",
    "mail_danger": "NoticeDelivery.problem",
    "mail_notices": "NoticeDelivery.problem",
    "send_invitation": "Staff.invitationProblem",
    "run_retention_study": "RetentionStudy.problem",
    "make_client_report": "ClientReport.problem",
    "submit_batch": "FilingBatch.problem",
    "write_transparency_report": "TransparencyReport.problem",
    "write_export": "Export.problem",
}


@pytest.mark.parametrize("kind", sorted(CATALOGUE))
async def test_only_work_whose_end_is_seen_can_be_called_off(acme: Cast, kind: str) -> None:
    """Another case would stay with somebody who is gone, a member who was to be erased would never be."""
    async with agency_scope(acme.system):
        job = await Job.create(kind=kind, payload={}, run_at=now() + timedelta(hours=1))
    with nullcontext() if kind in SEEN_IN else pytest.raises(Conflict):
        async with agency_scope(acme.owner):
            await cancel_job(acme.owner, job.id, kinds=CATALOGUE)
    async with agency_scope(acme.owner):
        assert (await Job.get(id=job.id)).state == ("cancelled" if kind in SEEN_IN else "ready")
        await Job.filter(id=job.id).delete()


@pytest.mark.parametrize("kind", sorted(SEEN_IN))
async def test_what_waits_for_it_is_told_by_whoever_calls_it_off_and_by_whoever_replays_it(
    acme: Cast, kind: str
) -> None:
    """By the owner, who works for many clients, and not for this one alone."""
    client = await acme.empty_workspace()
    slug = next(slug for slug, id in acme.workspaces.items() if id == client)
    payload = await SCENES[kind](acme, client, slug)
    async with agency_scope(acme.system):
        job = await Job.create(kind=kind, payload=payload, workspace_id=client, run_at=now() + timedelta(hours=1))
    async with agency_scope(acme.owner):
        await cancel_job(acme.owner, job.id, kinds=CATALOGUE)
        assert (await Job.get(id=job.id)).last_error == CALLED_OFF
        await Job.filter(id=job.id).update(state="dead")
        with capture_logs() as logs:
            await replay_job(acme.owner, job.id, kinds=CATALOGUE)
        assert not [line for line in logs if line["event"] == "job.not_told"]
        await Job.filter(id=job.id).delete()


def test_where_the_end_of_work_is_seen_is_published() -> None:
    for field in SEEN_IN.values():
        type_, name = field.split(".")
        assert name in schema._schema.type_map[type_].fields


async def _run(acme: Cast, client: UUID, kind: str, payload: dict[str, Any]) -> None:
    actor = system(acme.agency_id, workspace_id=None if kind in OF_THE_AGENCY else client)
    if kind in ON_BEHALF:
        assert acme.owner.membership_id is not None
        actor = await acting_for(acme.agency_id, acme.owner.membership_id, client)
    async with agency_scope(actor):
        await CATALOGUE[kind].work(actor, payload)


async def _world(acme: Cast, client: UUID) -> dict[str, Any]:
    """What is the client's in every table: how many rows are in which state, and how many different things they name.
    States are Tend's own words, numbers, and whether something has happened."""
    async with agency_scope(acme.system) as scope:
        parents = await scope.fetch(FOREIGN_KEYS)
        found: dict[str, Any] = {}
        for model in tenant_models():
            table, kinds = model._meta.db_table, {name: sql_type(model, name) for name in model._meta.fields_map}
            theirs = ["workspace_id = $1"] if "workspace_id" in kinds else [
                f"{row['column']} in (select id from {row['parent']} where workspace_id = $1)"
                for row in parents
                if row["child"] == table
            ]  # fmt: skip
            if table in NOT_COUNTED or not theirs:
                continue
            states = [state for name in kinds if f"{table}.{name}" not in NOT_THE_SAME for state in _state(model, name)]
            named = [
                f"count(distinct {field.source_field or name})"
                for name, field in model._meta.fields_map.items()
                if kinds[name] == "uuid"
            ]
            rows = await scope.fetch(
                f"""select {", ".join(["count(*)", *states, *named])} from {table} where {" or ".join(theirs)}
                     group by {", ".join(states) or "()"} order by {", ".join(["count(*)", *states])}""",
                client,
            )
            found[table] = [tuple(row) for row in rows]
        tally = "select sum(queued), sum(in_review), sum(closed) from case_tallies where workspace_id = $1"
        return {**found, "case_tallies": tuple(await scope.fetchrow(tally, client))}


def _state(model: type[TenantModel], column: str) -> Iterator[str]:
    kind = sql_type(model, column)
    if kind == "timestamptz" and is_nullable(model, column):
        yield f"{column} is not null"
    elif kind in ("integer", "bigint", "boolean") or (column, OUR_WORDS) in treatments(model):
        yield column


async def test_a_job_that_is_not_waiting_is_left_alone(acme: Cast, globex: Cast) -> None:
    """Sent twice, of another agency, or never there: the message is only a key to the row."""
    async with agency_scope(acme.system):
        job = await Job.create(kind="remove_ended_jobs", state="ready")
    await run_job(acme.agency_id, job.id)
    await run_job(globex.agency_id, job.id)
    await run_job(acme.agency_id, new_id())
    async with agency_scope(acme.system):
        assert (await Job.get(id=job.id)).attempt == 0
        await Job.filter(id=job.id).delete()
