"""A report becomes a row: in a case, or in none."""

from dataclasses import dataclass
from uuid import UUID

from backend import journal
from backend.communities import Post
from backend.moderation.trusting import Reporter
from tenants.scope import current


@dataclass(frozen=True, slots=True)
class Filed:
    """A report that is not kept yet."""

    id: UUID
    reporter: Reporter
    reason: str
    policy_id: UUID | None
    credibility: float


async def keep(post: Post, filed: Filed, *, case_id: UUID | None, set_aside: str | None = None) -> tuple[UUID, bool]:
    """The report's id, and whether it is new: of one reporter a case has one report, the first; and of all that are in no
    case a post has one."""
    scope, reporter = current(), filed.reporter
    added = await scope.fetchval(
        """insert into reports (agency_id, workspace_id, id, case_id, post_id, channel, reporter_key, member_id,
                                membership_id, rule_id, api_client_id, policy_id, reason, credibility, trusted_flagger_id,
                                least_tier, origin, post_version, set_aside, is_trusted)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)
           on conflict do nothing returning id""",
        scope.actor.agency_id,
        post.workspace_id,
        filed.id,
        case_id,
        post.id,
        reporter.channel,
        reporter.key,
        reporter.member_id,
        reporter.membership_id,
        reporter.rule_id,
        reporter.api_client_id,
        filed.policy_id,
        filed.reason,
        filed.credibility,
        reporter.trusted_flagger_id,
        reporter.least_tier,
        reporter.origin,
        post.version,
        set_aside,
        reporter.is_trusted,
    )
    if added is not None:
        return filed.id, True
    first: UUID = await scope.fetchval(
        """select id from reports where agency_id = $1 and workspace_id = $2 and post_id = $3
              and case_id is not distinct from $4::uuid and reporter_key = $5""",
        scope.actor.agency_id,
        post.workspace_id,
        post.id,
        case_id,
        reporter.key,
    )
    return first, False


async def keep_out(post: Post, filed: Filed) -> UUID:
    """Of whoever is suspended: taken and counted, and in no queue."""
    report_id, is_new = await keep(post, filed, case_id=None, set_aside="suspended")
    if is_new:
        await journal.record(
            "report.set_aside",
            subject_kind="report",
            subject_id=report_id,
            workspace_id=post.workspace_id,
            because="suspended",
        )
    return report_id
