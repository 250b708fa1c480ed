"""As whom somebody reports: what they are to Tend, whether they are a trusted flagger, whether they are suspended."""

from dataclasses import dataclass, replace
from uuid import UUID

from backend.moderation.thresholds import TRUSTED_TIER
from tenants.scope import current


@dataclass(frozen=True, slots=True)
class Reporter:
    """Exactly one of the first four ids, or a `given_key` of whoever is nobody of Tend. `origin`: a hash of the network
    they came from. `area`: the group of the taxonomy that they chose, where they named no policy. `least_tier`: how soon
    their report is due at least. `is_trusted`: a trusted flagger in one of their areas."""

    channel: str
    member_id: UUID | None = None
    membership_id: UUID | None = None
    rule_id: UUID | None = None
    api_client_id: UUID | None = None
    given_key: str | None = None
    trusted_flagger_id: UUID | None = None
    origin: str | None = None
    area: str | None = None
    least_tier: str | None = None
    is_trusted: bool = False

    @property
    def key(self) -> str:
        if self.given_key is not None:
            return self.given_key
        return f"{self.channel}:{self.member_id or self.membership_id or self.rule_id or self.api_client_id}"


async def recognised(reporter: Reporter, *, workspace_id: UUID, policy_id: UUID | None) -> Reporter:
    """A trusted flagger as such (Article 22 of the DSA): by their own page, or by their API key. Outside their areas they
    are heard as everybody is."""
    if reporter.trusted_flagger_id is None and reporter.api_client_id is None:
        return reporter
    scope = current()
    flagger = await scope.fetchrow(
        """select f.id, coalesce($5, split_part(v.taxonomy_code, '-', 1)) = any(f.areas) as is_trusted
             from trusted_flaggers f
             left join lateral (
                  select pv.taxonomy_code from policy_versions pv
                   where pv.agency_id = $1 and pv.workspace_id = $2 and pv.policy_id = $6
                   order by pv.version desc limit 1) v on true
            where f.agency_id = $1 and f.workspace_id = $2 and (f.id = $3 or f.api_client_id = $4) and f.state = 'active'
              and f.since_at <= now() and (f.until is null or f.until > now())""",
        scope.actor.agency_id,
        workspace_id,
        reporter.trusted_flagger_id,
        reporter.api_client_id,
        reporter.area,
        policy_id,
    )
    if flagger is None:
        return replace(reporter, trusted_flagger_id=None)
    is_trusted = bool(flagger["is_trusted"])
    return replace(
        reporter,
        channel="trusted",
        given_key=f"trusted:{flagger['id']}",
        trusted_flagger_id=flagger["id"],
        is_trusted=is_trusted,
        least_tier=TRUSTED_TIER if is_trusted else reporter.least_tier,
    )


async def is_suspended(reporter_key: str, *, workspace_id: UUID, because: str) -> bool:
    """Article 23 of the DSA: they were warned, and went on with what is manifestly unfounded. `because`:
    unfounded_notices, unfounded_complaints."""
    scope = current()
    found: bool = await scope.fetchval(
        """select exists (select from misuse_measures where agency_id = $1 and workspace_id = $2 and reporter_key = $3
                             and because = $4 and kind = 'suspension' and lifted_at is null
                             and starts_at <= now() and until > now())""",
        scope.actor.agency_id,
        workspace_id,
        reporter_key,
        because,
    )
    return found
