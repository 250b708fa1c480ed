"""What was judged fine stays closed until its author edits it: whoever reports it again is answered at once.

It is opened again all the same by a kind of danger that nobody had named, by an order of an authority, and by reports that
weigh more than REPEATED_MASS times what was judged: a crowd that is first with empty reports buries nothing.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from backend import journal
from backend.communities import Post
from backend.kit.clock import now
from backend.moderation.answering_reporters import answer_reporters
from backend.moderation.crediting import WEIGHED, mass_of
from backend.moderation.decision_models import Decision
from backend.moderation.keeping_reports import Filed, keep
from backend.moderation.models import Case, Report
from backend.moderation.thresholds import REPEATED_MASS
from tenants.scope import current


@dataclass(frozen=True, slots=True)
class Fine:
    """The closed case whose decision found nothing wrong with the post as it is."""

    case_id: UUID
    decision_id: UUID
    stays_quiet: bool


async def judged_fine(post: Post, filed: Filed) -> Fine | None:
    """None where a case about the post is open, the last one found a violation, or the words have changed since. Holds
    the lock on the closed case until the commit."""
    scope = current()
    last = await scope.fetchrow(
        """select c.id, c.state, c.outcome, c.decision_id,
                  (select e.post_version from evidence_snapshots e
                    where e.agency_id = $1 and e.workspace_id = $2 and e.case_id = c.id and e.post_id = $3
                      and not e.is_context order by e.position desc limit 1) as judged_version
             from cases c where c.agency_id = $1 and c.workspace_id = $2 and c.post_id = $3 and c.kind = 'moderation'
            order by (c.state <> 'closed') desc, c.closed_at desc nulls last, c.id desc limit 1 for update""",
        scope.actor.agency_id,
        post.workspace_id,
        post.id,
    )
    if (
        last is None
        or last["state"] != "closed"
        or last["outcome"] != "no_violation"
        or last["decision_id"] is None
        or last["judged_version"] != post.version
    ):
        return None
    opens = (
        filed.reporter.channel == "order"
        or await _is_new_danger(filed, case_id=last["id"], workspace_id=post.workspace_id)
        or await _weighs_more(filed, case_id=last["id"], workspace_id=post.workspace_id)
    )
    return Fine(last["id"], last["decision_id"], stays_quiet=not opens)


async def answer_at_once(post: Post, filed: Filed, fine: Fine) -> UUID:
    """The id of the report, which is kept in the closed case and counted there."""
    report_id, is_new = await keep(post, filed, case_id=fine.case_id, set_aside="judged_fine")
    if not is_new:
        return report_id
    case = await Case.get(id=fine.case_id, workspace_id=post.workspace_id)
    decision = await Decision.get(id=fine.decision_id, workspace_id=post.workspace_id)
    report = await Report.get(id=report_id, workspace_id=post.workspace_id)
    await answer_reporters(case, decision, [report])
    await journal.record(
        "report.set_aside",
        subject_kind="report",
        subject_id=report_id,
        workspace_id=post.workspace_id,
        because="judged_fine",
        decision=str(decision.id),
    )
    return report_id


async def bring_back(fine: Fine, *, into: UUID, workspace_id: UUID) -> None:
    """Whoever was answered at once is heard after all, in the case that is open now."""
    await current().execute(
        """update reports set case_id = $4, set_aside = null
            where agency_id = $1 and workspace_id = $2 and case_id = $3 and set_aside = 'judged_fine'""",
        current().actor.agency_id,
        workspace_id,
        fine.case_id,
        into,
    )


async def hear_those_set_aside(case_id: UUID, *, workspace_id: UUID) -> None:
    """The case itself is judged again."""
    await current().execute(
        """update reports set set_aside = null
            where agency_id = $1 and workspace_id = $2 and case_id = $3 and set_aside = 'judged_fine'""",
        current().actor.agency_id,
        workspace_id,
        case_id,
    )


async def _is_new_danger(filed: Filed, *, case_id: UUID, workspace_id: UUID) -> bool:
    """Of a policy that nobody had named when it was judged."""
    if filed.policy_id is None:
        return False
    found: bool = await current().fetchval(
        """select coalesce((select v.tier = 'danger' from policy_versions v
                             where v.agency_id = $1 and v.workspace_id = $2 and v.policy_id = $4
                             order by v.version desc limit 1), false)
              and not exists (select from reports r where r.agency_id = $1 and r.workspace_id = $2 and r.case_id = $3
                                 and r.policy_id = $4 and r.set_aside is null)""",
        current().actor.agency_id,
        workspace_id,
        case_id,
        filed.policy_id,
    )
    return found


async def _weighs_more(filed: Filed, *, case_id: UUID, workspace_id: UUID) -> bool:
    """Those since, this one among them, against those that were judged. Who has been heard adds nothing."""
    scope, reporter = current(), filed.reporter
    rows = await scope.fetch(
        f"""select {WEIGHED}, r.reporter_key from reports r
              left join members m on m.agency_id = $1 and m.workspace_id = $2 and m.id = r.member_id
             where r.agency_id = $1 and r.workspace_id = $2 and r.case_id = $3 order by r.created_at, r.id""",
        scope.actor.agency_id,
        workspace_id,
        case_id,
    )
    if any(row["reporter_key"] == reporter.key for row in rows):
        return False
    since = await scope.fetchval(
        "select first_seen_at from members where agency_id = $1 and workspace_id = $2 and id = $3",
        scope.actor.agency_id,
        workspace_id,
        reporter.member_id,
    )
    this: dict[str, Any] = {
        "credibility": filed.credibility,
        "reason": filed.reason,
        "created_at": now(),
        "origin": reporter.origin,
        "first_seen_at": since,
    }
    judged = mass_of(row for row in rows if row["set_aside"] is None)
    repeated = mass_of([*(row for row in rows if row["set_aside"] is not None), this])
    return repeated > REPEATED_MASS * max(judged, 1.0)
