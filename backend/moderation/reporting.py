import asyncio
from typing import Any
from uuid import UUID

from backend import journal
from backend.communities import Member, Post
from backend.kit.clock import now
from backend.kit.errors import NotFound
from backend.kit.ids import new_id
from backend.kit.languages import language_of
from backend.kit.texts import clean
from backend.moderation.crediting import WEIGHED, credibility_of, mass_of
from backend.moderation.keeping_reports import Filed, keep, keep_out
from backend.moderation.moving import moved
from backend.moderation.ordering import risk
from backend.moderation.routing import Facts, route_anew, send_to
from backend.moderation.staying_quiet import answer_at_once, bring_back, judged_fine
from backend.moderation.thresholds import PENALTY, TARGET
from backend.moderation.timing import clock_of
from backend.moderation.trusting import Reporter, is_suspended, recognised
from backend.outbox import enqueue
from backend.policies import Policy
from tenants.actor import Actor
from tenants.rights import Right
from tenants.scope import current


async def report_post(
    actor: Actor, post_id: UUID, *, reason: str, policy_id: UUID | None = None, member_id: UUID | None = None
) -> UUID:
    """The id of the report, merged into the one open case about the post. With `member_id` the actor passes on that
    member's complaint; without, it is the actor's own. Reporting again returns the first report.

    Raises NotAllowed, NotFound, Invalid.
    """
    actor.must_hold(Right.REPORT)
    reason = clean(reason, field="reason", longest=2_000)
    # One more complaint about what an escalation restricts comes in like any other, and is shown to its readers alone.
    async with current().past_restrictions():
        return await _report(actor, post_id, reason=reason, policy_id=policy_id, member_id=member_id)


async def _report(actor: Actor, post_id: UUID, *, reason: str, policy_id: UUID | None, member_id: UUID | None) -> UUID:
    post = await Post.get_or_none(id=post_id)
    if post is None:
        raise NotFound(path=("input", "postId"))
    if policy_id is not None and not await Policy.exists(
        id=policy_id, workspace_id=post.workspace_id, archived_at=None
    ):
        raise NotFound(path=("input", "policyId"))
    if member_id is not None:
        if not await Member.exists(id=member_id, workspace_id=post.workspace_id):
            raise NotFound(path=("input", "memberId"))
        reporter = Reporter("member", member_id=member_id)
    elif actor.membership_id is not None:
        reporter = Reporter("staff", membership_id=actor.membership_id)
    else:
        reporter = Reporter("api", api_client_id=actor.api_client_id)
    return await file_report(post, reporter, reason=reason, policy_id=policy_id)


async def file_report(
    post: Post,
    reporter: Reporter,
    *,
    reason: str,
    policy_id: UUID | None,
    queue_id: UUID | None = None,
    report_id: UUID | None = None,
) -> UUID:
    """Open or find the case, add the report, order and route the case anew; a rule may name the queue. Holds the lock on
    the case until the commit. What was judged fine as it is stays closed, and the reporter is answered at once; of whoever
    is suspended the report is kept, and in no case. `report_id`: of a notice that becomes this report."""
    reporter = await recognised(reporter, workspace_id=post.workspace_id, policy_id=policy_id)
    filed = Filed(
        report_id or new_id(),
        reporter,
        reason,
        policy_id,
        await credibility_of(reporter, workspace_id=post.workspace_id),
    )
    if await is_suspended(reporter.key, workspace_id=post.workspace_id, because="unfounded_notices"):
        return await keep_out(post, filed)
    fine = await judged_fine(post, filed)
    if fine is not None and fine.stays_quiet:
        return await answer_at_once(post, filed, fine)
    case = await _open_case_locked(post)
    if fine is not None:
        await bring_back(fine, into=case["id"], workspace_id=post.workspace_id)
    added, is_new = await keep(post, filed, case_id=case["id"])
    if not is_new:
        return added
    await _order_anew({**case, "language": await _language(case, post)}, post)
    if queue_id is not None and case["state"] == "queued":
        await send_to(case["id"], workspace_id=post.workspace_id, queue_id=queue_id)
    await journal.record(
        "case.reported",
        subject_kind="case",
        subject_id=case["id"],
        workspace_id=post.workspace_id,
        report=str(added),
        channel=reporter.channel,
    )
    await _ask_rules_that_count(post, reporter)
    return added


async def _ask_rules_that_count(post: Post, reporter: Reporter) -> None:
    """Rules that count reports (backend/ruling, above) look at the post again."""
    scope = current()
    counts = reporter.channel != "rule" and await scope.fetchval(
        """select exists (select from rules where agency_id = $1 and workspace_id = $2 and state in ('live', 'shadow')
                             and counts_reports)""",
        scope.actor.agency_id,
        post.workspace_id,
    )
    if counts:
        payload = {"first_id": str(post.id), "last_id": str(post.id), "reported": True}
        await enqueue("apply_rules", payload, workspace_id=post.workspace_id)


async def _open_case_locked(post: Post) -> Any:
    """The one open case about `post`, locked. Two reporters at once meet in the unique index and then in the lock; a
    case that is decided between the two steps makes the loop go round once more."""
    scope = current()
    agency_id = scope.actor.agency_id
    while True:
        case = await scope.fetchrow(
            """select id, state, queue_id, routing_version, opened_at, paused_seconds, language from cases
                where agency_id = $1 and workspace_id = $2 and post_id = $3 and kind = 'moderation' and state <> 'closed'
                  for update""",
            agency_id,
            post.workspace_id,
            post.id,
        )
        if case is not None:
            return case
        opened_at, case_id = now(), new_id()
        opened = await scope.change(
            """insert into cases (agency_id, workspace_id, id, queue_id, post_id, member_id, tier, severity, opened_at,
                                  due_at, virtual_deadline)
               select $1, $2, $3, q.id, $4, $5, 'low', 'low', $6, $7, $7 from queues q
                where q.agency_id = $1 and q.workspace_id = $2 order by q.created_at, q.id limit 1
               on conflict (agency_id, workspace_id, post_id, kind) where state <> 'closed' and kind <> 'golden'
               do nothing""",
            agency_id,
            post.workspace_id,
            case_id,
            post.id,
            post.member_id,
            opened_at,
            opened_at + TARGET["low"],
        )
        if opened:
            await moved(case_id, workspace_id=post.workspace_id, of=None, to="queued", because="reported")


async def _language(case: Any, post: Post) -> str | None:
    """Of the post, told once, and only where routing or a reviewer asks: a process needs 100 MB to tell it."""
    scope = current()
    if case["language"] is not None or not await scope.fetchval(
        """select exists (select from reviewers where agency_id = $1 and languages <> '{}')
               or exists (select from routing_rules where agency_id = $1 and workspace_id = $2 and languages <> '{}')""",
        scope.actor.agency_id,
        post.workspace_id,
    ):
        known: str | None = case["language"]
        return known
    return await asyncio.to_thread(language_of, post.text)


async def _order_anew(case: Any, post: Post) -> None:
    """The worst policy anybody named decides severity and tier; a report without one counts as low. Then the case goes
    where the client's routing sends such cases."""
    scope = current()
    agency_id = scope.actor.agency_id
    reports = await scope.fetch(
        f"""select {WEIGHED}, r.channel, r.policy_id, r.least_tier, v.severity, v.tier
             from reports r
             left join members m on m.agency_id = $1 and m.workspace_id = $2 and m.id = r.member_id
             left join lateral (
                  select pv.severity, pv.tier from policy_versions pv
                   where pv.agency_id = $1 and pv.workspace_id = $2 and pv.policy_id = r.policy_id
                   order by pv.version desc limit 1) v on true
            where r.agency_id = $1 and r.workspace_id = $2 and r.case_id = $3 order by r.created_at, r.id""",
        agency_id,
        post.workspace_id,
        case["id"],
    )
    severity = max((row["severity"] or "low" for row in reports), key=PENALTY.__getitem__)
    tiers = (each for row in reports for each in (row["tier"], row["least_tier"]) if each)
    tier = min(tiers, key=TARGET.__getitem__, default="low")
    is_at_risk = await Member.filter(id=post.member_id, workspace_id=post.workspace_id, is_at_risk=True).exists()
    points = risk(
        severity=severity,
        evidence_mass=mass_of(reports),
        is_at_risk=is_at_risk,
        views=post.view_count,
    )
    clock = await clock_of(post.workspace_id)
    by = clock.deadlines(case["opened_at"], tier=tier, risk=points, paused_seconds=case["paused_seconds"])
    await scope.execute(
        """update cases set severity = $4, tier = $5, risk = $6, report_count = $7, due_at = $8, virtual_deadline = $9,
                            first_touch_due_at = $10, is_at_risk = $11, language = $12, version = version + 1
            where agency_id = $1 and workspace_id = $2 and id = $3""",
        agency_id,
        post.workspace_id,
        case["id"],
        severity,
        tier,
        points,
        len(reports),
        by.due_at,
        by.virtual,
        by.first_touch_at,
        is_at_risk,
        case["language"],
    )
    facts = Facts(
        tier=tier,
        severity=severity,
        channels=frozenset(row["channel"] for row in reports),
        policies=frozenset(row["policy_id"] for row in reports if row["policy_id"]),
        language=case["language"],
        community_id=post.community_id,
        is_at_risk=is_at_risk,
        is_appeal=False,
    )
    await route_anew(case, facts, workspace_id=post.workspace_id)
