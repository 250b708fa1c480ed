"""A second execution of the same schema, written to be obviously right: plain resolvers, one simple query per list, everything
else in Python. It knows the declarations (which column, which relation) and nothing of the engine's SQL."""

import base64
import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cmp_to_key
from inspect import isawaitable
from typing import Any
from uuid import UUID

from graphql import GraphQLError, GraphQLResolveInfo, build_schema, execute, get_named_type, parse
from strawberry.utils.str_converters import to_snake_case

from backend.acting import ActingKey
from backend.communities import Member
from backend.education import ContentDraft, ContentItem, ContentVersion
from backend.evidence import verify_snapshots
from backend.intake import PlatformDelivery
from backend.kit.clock import now
from backend.kit.statistics import wilson
from backend.moderation import Case, DecisionEvent, RoutingRule, StrikeEntry
from backend.notices import KINDS, readable
from backend.outside import public_address
from backend.policies import PolicyVersion
from backend.ruling import PostTag, RuleFiring, RuleVersion
from backend.safety import EscalationPolicy
from backend.stories import (
    BestPractice,
    PracticeEvidence,
    PracticeVersion,
    StoryConsent,
    StoryVersion,
    StoryWithdrawal,
    SuccessStory,
)
from graphql_schema.projection import published_kinds
from graphql_schema.projection.declaring import (
    Aggregate,
    Count,
    Expression,
    Groups,
    Identity,
    OneOf,
    Published,
    SameRow,
    ToMany,
    ToOne,
    published,
)
from graphql_schema.schema import schema
from tenants import models
from tenants.actor import Actor
from tenants.rights import CLIENT_ROLES, Right, Role
from tenants.scope import agency_scope

STRAWBERRY = schema._schema


@dataclass(frozen=True)
class Row:
    entry: Published
    values: Any


# SQL expressions of the declarations, said again in Python.
EXPRESSIONS: dict[tuple[str, str], Callable[[Any], Any]] = {}
FILTERS: dict[tuple[str, str], Callable[[Any, Any, Actor], bool]] = {
    ("members", "communityId"): lambda row, value, _: row.community_id == value,
    ("members", "kind"): lambda row, value, _: row.kind.upper() == value,
    ("members", "handle"): lambda row, value, _: row.handle == value,
    ("posts", "communityId"): lambda row, value, _: row.community_id == value,
    ("posts", "memberId"): lambda row, value, _: row.member_id == value,
    ("posts", "isHidden"): lambda row, value, _: (row.hidden_at is not None) == value,
    ("posts", "text"): lambda row, value, _: bool(words(value)) and words(value) <= words(row.text),
    ("actions", "state"): lambda row, value, _: row.state.upper() in value,
    ("filings", "state"): lambda row, value, _: row.state.upper() == value,
    ("rules", "state"): lambda row, value, _: row.state.upper() == value,
    ("cases", "state"): lambda row, value, _: row.state.upper() in value,
    ("cases", "tier"): lambda row, value, _: row.tier.upper() in value,
    ("cases", "queueId"): lambda row, value, _: row.queue_id == value,
    ("cases", "isMine"): lambda row, value, actor: (row.claimed_by_id == actor.membership_id) == value,
    ("jobs", "state"): lambda row, value, _: row.state.upper() in value,
    ("jobs", "kind"): lambda row, value, _: row.kind == value,
    ("journal", "staffId"): lambda row, value, _: value is not None and row.membership_id == value,
    ("journal", "action"): lambda row, value, _: row.action == value,
    ("journal", "subjectId"): lambda row, value, _: row.subject_id == value,
    ("journal", "since"): lambda row, value, _: row.at >= _moment(value),
    ("journal", "until"): lambda row, value, _: row.at < _moment(value),
    ("deliveries", "state"): lambda row, value, _: row.state.upper() == value,
    ("platform_deliveries", "state"): lambda row, value, _: row.state.upper() == value,
    ("notices", "isUnread"): lambda row, value, _: (row.read_at is None) == value,
    ("notice_deliveries", "state"): lambda row, value, _: row.state.upper() == value,
    ("notice_deliveries", "staffId"): lambda row, value, _: value is not None and row.membership_id == value,
    ("cases", "isOverdue"): lambda row, value, _: (row.state != "closed" and row.due_at < now()) == value,
}
FILTERS["public_notices", "state"] = lambda row, value, _: row.state.upper() == value
FILTERS["public_notices", "kind"] = lambda row, value, _: row.kind.upper() == value
FILTERS["verification_evidence", "state"] = lambda row, value, _: row.state.upper() in value
FILTERS["verification_evidence", "problem"] = lambda row, value, _: (
    row.problem is not None and row.problem.upper() in value
)
FILTERS["customer_accounts", "externalId"] = lambda row, value, _: row.external_id == value
FILTERS["content", "kind"] = lambda row, value, _: row.kind.upper() == value
FILTERS["content", "isPublished"] = lambda row, value, _: (
    (row.current_version_id is not None and row.archived_at is None) == value
)
FILTERS["cases", "isAppeal"] = lambda row, value, _: (row.kind == "appeal") == value
AGGREGATES: dict[str, Callable[[list[Any]], Any]] = {
    "count": len,
    "overdueCount": lambda rows: len([row for row in rows if row.state != "closed" and row.due_at < now()]),
    "oldestDueAt": lambda rows: min((row.due_at for row in rows if row.state != "closed"), default=None),
}
WHERES: dict[str, Callable[[Any, Actor], bool]] = {
    "{row}.membership_id = {membership}": lambda row, actor: (
        actor.membership_id is not None and row.membership_id == actor.membership_id
    ),
    readable("{row}", agency="{agency}", membership="{membership}"): lambda row, actor: (
        actor.membership_id is not None
        and row.membership_id == actor.membership_id
        and (KINDS[row.kind].needs is None or KINDS[row.kind].needs in actor.rights)
    ),
    "(app.sees_all() or {row}.workspace_id = any(app.workspaces()))": lambda row, actor: (
        actor.workspaces is None or row.workspace_id in actor.workspaces
    ),
    "{row}.deleted_at is null": lambda row, _: row.deleted_at is None,
    "{row}.state <> 'closed'": lambda row, _: row.state != "closed",
    "{row}.outcome = 'violation'": lambda row, _: row.outcome == "violation",
    "{row}.role not in ('stakeholder', 'client_contributor')": lambda row, _: Role(row.role) not in CLIENT_ROLES,
    "{row}.role in ('stakeholder', 'client_contributor')": lambda row, _: Role(row.role) in CLIENT_ROLES,
    "({sees_all} or {row}.workspace_id = any({workspaces}))": (
        lambda row, actor: actor.workspaces is None or row.workspace_id in actor.workspaces
    ),
    "((select app.sees_all()) or {row}.workspace_id = any((select app.workspaces())::uuid[]))": (
        lambda row, actor: actor.workspaces is None or row.workspace_id in actor.workspaces
    ),
}


WHERES["{row}.is_right is not null"] = lambda row, _: row.is_right is not None
WHERES["{row}.is_helpful"] = lambda row, _: row.is_helpful
WHERES["not {row}.is_helpful"] = lambda row, _: not row.is_helpful
WHERES["{row}.has_solved"] = lambda row, _: bool(row.has_solved)
WHERES["{row}.is_right"] = lambda row, _: bool(row.is_right)
WHERES["{row}.state <> 'closed' and {row}.kind <> 'golden'"] = lambda row, _: (
    row.state != "closed" and row.kind != "golden"
)
WHERES["({row}.only_for_id is null or {row}.only_for_id = {membership})"] = lambda row, actor: (
    row.only_for_id is None or row.only_for_id == actor.membership_id
)
WHERES["{row}.state = 'queued'"] = lambda row, _: row.state == "queued"
WHERES["({row}.state = 'concluded' and {row}.client_summary is not null)"] = lambda row, _: (
    row.state == "concluded" and row.client_summary is not None
)
WHERES["{row}.only_for_id is null"] = lambda row, _: row.only_for_id is None
WHERES["{row}.state <> 'closed' and {row}.kind <> 'golden' and {row}.due_at < now()"] = lambda row, _: (
    row.state != "closed" and row.kind != "golden" and row.due_at < now()
)


async def _is_theirs_or_a_lead_asks(row: Any, actor: Actor) -> bool:
    lead = actor.membership_id and await models.Membership.get_or_none(id=actor.membership_id)
    is_lead = bool(lead) and lead.role in ("owner", "admin", "lead")
    return is_lead or (actor.membership_id is not None and row.membership_id == actor.membership_id)


async def _is_not_blind(row: Any, actor: Actor) -> bool:
    case = await Case.get(id=row.case_id)
    open_to_all = case.state in ("held", "closed") or case.slot == 3
    return open_to_all or (actor.membership_id is not None and row.membership_id == actor.membership_id)


async def _is_in_force(row: Any, _: Actor) -> bool:
    return row.version == max(r.version for r in await RoutingRule.filter(workspace_id=row.workspace_id))


for name, condition in (
    ("Reviewer", _is_theirs_or_a_lead_asks),
    ("ConflictOfInterest", _is_theirs_or_a_lead_asks),
    ("Review", _is_not_blind),
    ("RoutingRule", _is_in_force),
):
    WHERES[published(name).row] = condition


def _is_of_their_clients(row: Any, actor: Actor) -> bool:
    return row.workspace_id is None or actor.workspaces is None or row.workspace_id in actor.workspaces


async def _is_the_policy_in_force(row: Any, actor: Actor) -> bool:
    return _is_of_their_clients(row, actor) and row.version == max(
        r.version for r in await EscalationPolicy.filter(workspace_id=row.workspace_id)
    )


WHERES[published("EscalationPolicy").row] = _is_the_policy_in_force
WHERES[published("Rota").row] = _is_of_their_clients


async def _is_told(row: Any, _: Actor | None = None, *, channel: str | None = None) -> bool:
    """A version of a story, to readers."""
    story = await SuccessStory.get(id=row.story_id)
    member = story.member_id and await Member.get(id=story.member_id)
    consent = await StoryConsent.get_or_none(story_id=story.id, ended_at=None)
    return (
        story.state == "published"
        and story.current_version_id == row.id
        and consent is not None
        and consent.version_id == row.id
        and set(row.uses) <= set(consent.uses)
        and (channel is None or channel in consent.channels)
        and (consent.expires_at is None or consent.expires_at > now())
        and not (member and member.erased_at)
        and not await StoryWithdrawal.exists(subject_id=story.id)
    )


async def _is_practised(row: Any, _: Actor) -> bool:
    practice = await BestPractice.get(id=row.practice_id)
    if practice.current_version_id != row.id or practice.archived_at is not None:
        return False
    quoted = await PracticeEvidence.filter(version_id=row.id, is_quoting=True)
    return all([await _is_told(await StoryVersion.get(id=e.story_version_id), channel="practice") for e in quoted])


async def _is_not_withdrawn(row: Any, _: Actor) -> bool:
    return not await StoryWithdrawal.exists(subject_id=row.story_id)


async def _quotes_nothing_withdrawn(row: Any, actor: Actor) -> bool:
    quoted = await PracticeEvidence.filter(version_id=row.id, is_quoting=True)
    return all([await _is_not_withdrawn(each, actor) for each in quoted])


WHERES[published("PublishedStory").row] = _is_told
WHERES[published("PublishedPractice").row] = _is_practised
WHERES[published("StoryVersion").row] = _is_not_withdrawn
WHERES[published("PracticeVersion").row] = _quotes_nothing_withdrawn
WHERES[published("ClientReport").row] = lambda row, actor: (
    row.published_at is not None or (actor.membership_id is not None and actor.holds(Right.LEAD_QUEUE))
)
WHERES["{row}.verify_before > now()"] = lambda row, _: row.verify_before > now()
WHERES["{row}.workspace_id is null"] = lambda row, _: row.workspace_id is None


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def words(text: str) -> set[str]:
    return set(re.findall(r"[a-zäöü0-9]+|[一-龯]", text.lower()))


def expression(type_name: str, field: str) -> Callable[[Any], Any]:
    def register(function: Any) -> Any:
        EXPRESSIONS[type_name, field] = function
        return function

    return register


async def _cases(row: Any) -> list[Any]:
    return await Case.filter(workspace_id=row.id).exclude(kind="golden")


def _of_reporting(type_name: str, name: str, said: Callable[[Any], Any]) -> None:
    @expression(type_name, name)
    async def _say(row: Any) -> Any:
        return said(row)


_of_reporting("ReportPage", "url", lambda row: None if row.trusted_flagger_id else row.url)
_of_reporting("ReportPage", "privateUrl", lambda row: row.url if row.trusted_flagger_id else None)
_of_reporting(
    "ReportPage", "embedUrl", lambda row: f"{row.url}/embedded" if row.origins and not row.trusted_flagger_id else None
)
_of_reporting("ReportPage", "isOpen", lambda row: row.closed_at is None)
for _type in ("PublicNotice", "LegalOrder"):
    _of_reporting(_type, "category", lambda row: f"STATEMENT_CATEGORY_{row.category}")
_of_reporting(
    "LegalOrder", "isOverdue", lambda row: row.effect_at is None and row.due_at is not None and row.due_at < now()
)
_of_reporting("Dispute", "isOverdue", lambda row: row.closed_at is None and row.due_at < now())
_of_reporting(
    "MisuseMeasure",
    "proof",
    lambda row: [f"{'decision' if row.because == 'illegal_content' else 'unfoundedmark'}_{id}" for id in row.proof],
)
_of_reporting(
    "MisuseMeasure",
    "isInForce",
    lambda row: row.kind == "suspension" and row.lifted_at is None and (row.until is None or row.until > now()),
)


@expression("RotaLayer", "staffIds")
async def _turns(row: Any) -> list[str]:
    return [f"staff_{each}" for each in row.turns]


@expression("Certificate", "proof")
async def _proof(row: Any) -> str:
    return row.proof


@expression("Escalation", "isLate")
async def _is_late(row: Any) -> bool:
    promised = timedelta(seconds=row.promised_seconds)
    return row.acknowledged_at is None and row.state != "resolved" and now() > row.raised_at + promised


for _type in ("PublishedStory", "PracticeEvidence"):
    _of_reporting(_type, "storyId", lambda row: f"story_{row.story_id}")


async def _certificate_state(row: Any) -> str:
    if row.revoked_at is not None:
        return "revoked"
    if await type(row).exists(renews_id=row.id, revoked_at=None):
        return "renewed"
    if row.valid_until <= now():
        return "expired"
    return "expiring" if row.valid_until <= now() + timedelta(days=30) else "issued"


for _type in ("Certificate", "MemberCertificate"):
    expression(_type, "state")(_certificate_state)


@expression("Quiz", "questions")
async def _questions_without_answers(row: Any) -> Any:
    return [{name: each[name] for name in ("pool", "text", "choices")} for each in row.questions]


@expression("PublishedStory", "language")
async def _language_of_a_story(row: Any) -> str:
    return (await SuccessStory.get(id=row.story_id)).language


@expression("PublishedStory", "toldUntil")
async def _told_until(row: Any) -> Any:
    consent = await StoryConsent.get_or_none(story_id=row.story_id, ended_at=None)
    return consent and consent.expires_at


@expression("ContentItem", "state")
async def _content_state(row: Any) -> str:
    if row.archived_at is not None:
        return "archived"
    if row.current_version_id is not None:
        return "published"
    return "in_review" if await ContentDraft.exists(item_id=row.id, state="in_review") else "draft"


@expression("ContentItem", "isFollowing")
async def _is_following(row: Any) -> bool:
    return row.follows_id is not None


@expression("Enrolment", "statement")
async def _as_xapi(row: Any) -> Any:
    verb = {
        "enrolled": "http://adlnet.gov/expapi/verbs/registered",
        "in_progress": "http://adlnet.gov/expapi/verbs/initialized",
        "completed": "http://adlnet.gov/expapi/verbs/completed",
        "withdrawn": "https://w3id.org/xapi/adl/verbs/abandoned",
    }[row.state]
    at = row.ended_at or row.started_at or row.enrolled_at
    who = f"member_{row.member_id}" if row.member_id else f"staff_{row.membership_id}"
    return {  # in the order in which PostgreSQL keeps the names of an object: shorter ones first
        "id": str(UUID(hashlib.md5(f"{row.id}{row.state}".encode()).hexdigest())),
        "verb": {"id": verb},
        "actor": {"account": {"name": who, "homePage": "urn:tend"}, "objectType": "Agent"},
        "object": {
            "id": f"urn:uuid:{row.course_id}",
            "definition": {"type": "http://adlnet.gov/expapi/activities/course"},
            "objectType": "Activity",
        },
        "timestamp": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


@expression("ContentVersion", "isStale")
async def _is_stale(row: Any) -> bool:
    if row.source_version is None:
        return False
    original = (await ContentItem.get(id=row.item_id)).language
    return row.source_version < max(
        v.version for v in await ContentVersion.filter(item_id=row.item_id, language=original)
    )


async def _practice_of(row: Any) -> Any:
    return await BestPractice.get(id=row.practice_id)


@expression("PublishedPractice", "practiceId")
async def _practice_id(row: Any) -> str:
    return f"practice_{row.practice_id}"


@expression("PublishedPractice", "language")
async def _language_of_a_practice(row: Any) -> str:
    return (await _practice_of(row)).language


@expression("PublishedPractice", "isStale")
async def _is_a_practice_stale(row: Any) -> bool:
    practice = await _practice_of(row)
    if practice.of_id is None or row.source_version is None:
        return False
    current = (await BestPractice.get(id=practice.of_id)).current_version_id
    return current is not None and row.source_version < (await PracticeVersion.get(id=current)).version


@expression("SuccessStory", "consentState")
async def _consent_state(row: Any) -> str:
    if await StoryWithdrawal.exists(subject_id=row.id):
        return "withdrawn"
    for consent in await StoryConsent.filter(story_id=row.id, version_id=row.current_version_id, ended_at=None):
        if row.current_version_id and (consent.expires_at is None or consent.expires_at > now()):
            return "given"
    return "asked" if row.state in ("member_review", "approved", "published") else "none"


async def _says(row: Any, text: str, actor: Actor) -> bool:
    if row.current_version_id is None:
        return False
    version = await StoryVersion.get(id=row.current_version_id)
    if text.lower() not in f"{version.title} {version.text}".lower():
        return False
    teaches = actor.membership_id is not None and actor.holds(Right.TEACH)
    return await _is_told(version) or (teaches and await _is_not_withdrawn(version, actor))


async def _has_consent_state(row: Any, value: str, _: Actor) -> bool:
    return (await _consent_state(row)).upper() == value


FILTERS["stories", "state"] = lambda row, value, _: row.state.upper() in value
FILTERS["stories", "consentState"] = _has_consent_state
FILTERS["stories", "memberId"] = lambda row, value, _: value is not None and row.member_id == value
FILTERS["stories", "accountId"] = lambda row, value, _: value is not None and row.account_id == value
FILTERS["stories", "text"] = _says


@expression("ContentVersion", "html")
async def _html(row: Any) -> str:
    return row.html.replace('<img src="/pictures/', f'<img src="{public_address()}/pictures/')


@expression("ContentPicture", "isShown")
async def _is_shown(row: Any) -> bool:
    versions = await ContentVersion.filter(workspace_id=row.workspace_id)
    newest = {(v.item_id, v.language): v for v in sorted(versions, key=lambda v: v.version)}
    found = {
        i.id for i in await ContentItem.filter(workspace_id=row.workspace_id, archived_at=None) if i.current_version_id
    }
    return any(v.item_id in found and str(row.id) in v.pictures for v in newest.values())


@expression("CaseCounts", "queued")
async def _queued(row: Any) -> int:
    return len([c for c in await _cases(row) if c.state == "queued"])


@expression("ClientReportDefinition", "hasLogo")
async def _has_logo(row: Any) -> bool:
    return row.logo is not None


@expression("ClientReportLink", "hasPassword")
async def _has_password(row: Any) -> bool:
    return row.password_hash is not None


@expression("ClientReport", "name")
async def _name_of_report(row: Any) -> str:
    return row.definition["name"]


@expression("ClientReport", "sectionCount")
async def _sections_of_report(row: Any) -> int:
    return len(row.definition["sections"])


@expression("CaseCounts", "inReview")
async def _in_review(row: Any) -> int:
    return len([c for c in await _cases(row) if c.state == "in_review"])


@expression("CaseCounts", "pendingInfo")
async def _pending(row: Any) -> int:
    return len([c for c in await _cases(row) if c.state == "pending_info"])


@expression("CaseCounts", "held")
async def _waits_for_approval(row: Any) -> int:
    return len([c for c in await _cases(row) if c.state == "held"])


@expression("Case", "kind")
async def _shown_kind(row: Any) -> str:
    return "moderation" if row.kind == "golden" else row.kind


@expression("Case", "isAboutToBeLate")
async def _about_to_be_late(row: Any) -> bool:
    left = row.due_at - now()
    return row.state != "closed" and left.total_seconds() >= 0 and left < 0.2 * (row.due_at - row.opened_at)


@expression("Queue", "oldestOpenedAt")
async def _oldest_opened(row: Any) -> Any:
    return min(
        (c.opened_at for c in await Case.filter(queue_id=row.id).exclude(kind="golden") if c.state != "closed"),
        default=None,
    )


@expression("Decision", "state")
async def _decision_state(row: Any) -> str:
    kinds = {event.kind for event in await DecisionEvent.filter(decision_id=row.id)}
    for ended in ("denied", "undone", "overturned", "superseded"):
        if ended in kinds:
            return ended
    return "held" if row.is_held and "approved" not in kinds else "effective"


@expression("CaseCounts", "closed")
async def _closed(row: Any) -> int:
    return len([c for c in await _cases(row) if c.state == "closed"])


@expression("CaseCounts", "overdue")
async def _overdue(row: Any) -> int:
    return len([c for c in await _cases(row) if c.state != "closed" and c.due_at < now()])


@expression("CaseCounts", "oldestDueAt")
async def _oldest(row: Any) -> Any:
    return min((c.due_at for c in await _cases(row) if c.state != "closed"), default=None)


@expression("Escalation", "isReviewOverdue")
async def _is_a_review_overdue(row: Any) -> bool:
    return row.reviewed_at is None and row.review_due_at is not None and row.review_due_at < now()


@expression("FollowUp", "isOverdue")
async def _is_a_follow_up_overdue(row: Any) -> bool:
    return row.done_at is None and row.due_at < now()


@expression("SafetyFiling", "isOverdue")
async def _is_a_filing_overdue(row: Any) -> bool:
    return row.state != "filed" and row.due_at < now()


@expression("Takedown", "isOverdue")
async def _is_a_takedown_overdue(row: Any) -> bool:
    return row.settled_by_id is None and row.deadline_at < now()


@expression("Takedown", "missing")
async def _what_a_takedown_lacks(row: Any) -> list[str]:
    return [
        name for name in ("signature", "identification", "location", "good_faith", "contact") if not getattr(row, name)
    ]


@expression("Case", "isOverdue")
async def _is_overdue(row: Any) -> bool:
    return row.state != "closed" and row.due_at < now()


@expression("Staff", "state")
async def _state(row: Any) -> str:
    if row.ends_at is not None and row.ends_at <= now():
        return "ended"
    if row.suspended_at is not None:
        return "suspended"
    if row.person_id is None:
        return "invited"
    return "upcoming" if row.starts_at is not None and row.starts_at > now() else "active"


@expression("Staff", "invitationProblem")
async def _invitation_problem(row: Any) -> str | None:
    return None if row.invited_until is None else row.invitation_problem


@expression("Post", "isHidden")
async def _is_hidden(row: Any) -> bool:
    return row.hidden_at is not None


@expression("Post", "tags")
async def _tags(row: Any) -> list[str]:
    return sorted(tag.tag for tag in await PostTag.filter(post_id=row.id))


@expression("Rule", "conditions")
async def _conditions(row: Any) -> Any:
    return (await RuleVersion.get(rule_id=row.id, version=row.version)).conditions


async def _record(row: Any) -> tuple[int, int, int]:
    """Posts that a version found, those of them that were decided, and those with a violation."""
    posts = {firing.post_id for firing in await RuleFiring.filter(rule_id=row.rule_id, version=row.version)}
    outcomes = []
    for post_id in posts:
        closed = await Case.filter(post_id=post_id, state="closed", outcome__in=("violation", "no_violation")).order_by(
            "-closed_at"
        )
        outcomes += [closed[0].outcome] if closed else []
    return len(posts), len(outcomes), outcomes.count("violation")


@expression("RuleRecord", "found")
async def _found(row: Any) -> int:
    return (await _record(row))[0]


@expression("RuleRecord", "decided")
async def _decided(row: Any) -> int:
    return (await _record(row))[1]


@expression("RuleRecord", "upheld")
async def _upheld(row: Any) -> int:
    return (await _record(row))[2]


@expression("RuleRecord", "precisionAtLeast")
async def _precision_at_least(row: Any) -> float | None:
    _, decided, upheld = await _record(row)
    return wilson(upheld, decided)[0] if decided else None


@expression("RuleRecord", "precisionAtMost")
async def _precision_at_most(row: Any) -> float | None:
    _, decided, upheld = await _record(row)
    return wilson(upheld, decided)[1] if decided else None


def _of_back_test(name: str, said: Callable[[Any], Any]) -> None:
    @expression("BackTest", name)
    async def _say(row: Any) -> Any:
        return said(row)


_of_back_test("postCount", lambda row: float(row.post_count))
_of_back_test("lookedAt", lambda row: float(row.looked_at))
_of_back_test("found", lambda row: float(row.fired))
_of_back_test("rate", lambda row: row.fired / row.looked_at if row.looked_at else None)
_of_back_test("failed", lambda row: float(row.failed))
_of_back_test("decided", lambda row: float(row.decided))
_of_back_test("upheld", lambda row: float(row.upheld))
_of_back_test("precisionAtLeast", lambda row: wilson(row.upheld, row.decided)[0] if row.decided else None)
_of_back_test("precisionAtMost", lambda row: wilson(row.upheld, row.decided)[1] if row.decided else None)
_of_back_test("examplePostIds", lambda row: [f"post_{id}" for id in row.examples])
_of_back_test(
    "overlaps",
    lambda row: [
        {
            "ruleId": f"rule_{rule}",
            "both": both,
            "other": other,
            "jaccard": both / (row.fired + other - both) if row.fired + other - both else None,
        }
        for rule, (both, other) in sorted(row.overlap.items(), key=lambda item: (-item[1][0], item[0]))
    ],
)


@expression("PlatformDelivery", "canBeReplayed")
async def _can_be_replayed(row: Any) -> bool:
    return row.state == "failed" and row.body is not None


@expression("MemberStrikes", "active")
async def _active(row: Any) -> int:
    return sum(e.points for e in await StrikeEntry.filter(member_id=row.id) if e.expires_at > now())


@expression("MemberStrikes", "total")
async def _total(row: Any) -> int:
    return sum(e.points for e in await StrikeEntry.filter(member_id=row.id))


@expression("StrikeEntry", "isActive")
async def _is_active(row: Any) -> bool:
    return row.expires_at > now()


@expression("StatementOfReasons", "isDecidedAutomatically")
async def _is_decided_automatically(_row: Any) -> bool:
    return False


@expression("EvidenceSnapshot", "text")
async def _captured_text(row: Any) -> str | None:
    return None if row.content is None else json.loads(row.content)["text"]


@expression("EvidenceSnapshot", "authorHandle")
async def _captured_handle(row: Any) -> str | None:
    return None if row.content is None else json.loads(row.content)["author"]["handle"]


@expression("EvidenceSnapshot", "attachmentHashes")
async def _captured_attachments(row: Any) -> list[str] | None:
    if row.content is None:
        return None
    return [each["sha256"] for each in json.loads(row.content).get("attachments", []) if each["sha256"] is not None]


@expression("VerificationTask", "isValid")
async def _is_valid(row: Any) -> bool:
    return row.state == "verified" and (row.valid_until is None or row.valid_until > now())


@expression("EvidenceSnapshot", "isIntact")
async def _is_intact(row: Any) -> bool | None:
    [found] = [each for each in await verify_snapshots(row.case_id) if each.id == row.id]
    return found.is_intact


@expression("PlatformLink", "canAct")
async def _can_act(row: Any) -> bool:
    has_key = await ActingKey.filter(connection_id=row.id).exists()
    return row.platform == "built_in" or (row.disconnected_at is None and has_key)


@expression("PlatformLink", "lastReceivedAt")
async def _last_received(row: Any) -> Any:
    return max((d.received_at for d in await PlatformDelivery.filter(connection_id=row.id)), default=None)


@expression("Policy", "version")
async def _version(row: Any) -> int:
    return max(v.version for v in await PolicyVersion.filter(policy_id=row.id))


@expression("JournalEntry", "apiClientId")
async def _api_client(row: Any) -> str | None:
    return None if row.api_client_id is None else f"apiclient_{row.api_client_id}"


@expression("Hold", "subjectId")
async def _held(row: Any) -> str:
    return f"{row.subject_kind}_{row.subject_id}"


@expression("Job", "priority")
async def _priority(row: Any) -> str:
    return ("danger", "normal", "bulk")[row.priority]


@expression("Job", "workspaceId")
async def _about(row: Any) -> str | None:
    return None if row.workspace_id is None else f"workspace_{row.workspace_id}"


@expression("Job", "lastError")
async def _last_error(row: Any) -> str | None:
    named = re.match(r"([A-Za-z_]\w*): ", row.last_error or "")
    return row.last_error if named is None else named[1]


@expression("Job", "progressDone")
async def _done(row: Any) -> float | None:
    return None if row.progress is None else float(row.progress["done"])


@expression("Job", "progressTotal")
async def _of(row: Any) -> float | None:
    return None if row.progress is None or row.progress["total"] is None else float(row.progress["total"])


@expression("Export", "rowCount")
async def _row_count(row: Any) -> int:
    return row.row_count


@expression("Export", "byteCount")
async def _byte_count(row: Any) -> float | None:
    return None if row.byte_count is None else float(row.byte_count)


@expression("WebhookEvent", "subjectId")
async def _happened_to(row: Any) -> str:
    return f"{row.subject_kind}_{row.subject_id}"


@expression("WebhookEvent", "sequence")
async def _sequence(row: Any) -> float:
    return float(row.sequence)


@expression("NoticePreference", "workspaceId")
async def _preferred_for(row: Any) -> str | None:
    return None if row.workspace_id is None else f"workspace_{row.workspace_id}"


@expression("Notice", "subjectId")
@expression("JournalEntry", "subjectId")
async def _subject(row: Any) -> str:
    return f"{row.subject_kind}_{row.subject_id}"


async def run(actor: Actor, document: str, variables: dict[str, Any]) -> dict[str, Any]:
    async with agency_scope(actor, read_only=True):
        result = execute(NAIVE, parse(document), context_value=actor, variable_values=variables)
        if hasattr(result, "__await__"):
            result = await result
    return {"data": result.data, "errors": result.errors}


def text_of(value: Any) -> Any:
    """As PostgreSQL writes it into JSON."""
    if isinstance(value, datetime):
        text = value.strftime("%Y-%m-%dT%H:%M:%S")
        return text + (f".{value.microsecond:06}".rstrip("0") if value.microsecond else "") + "+00:00"
    return value


def columns_of(order: str) -> list[tuple[str, bool]]:
    """Each column of an order, and whether it descends."""
    return [(part.removeprefix("-"), part.startswith("-")) for part in order.split(", ")]


def cursor_of(info_name: str, order: str, row: Any) -> str:
    keys = [text_of(getattr(row, column)) for column, _ in columns_of(order)]
    text = json.dumps(keys, ensure_ascii=False, separators=(",", ":"))
    return base64.b64encode(f"{info_name} {order} {text} {row.id}".encode()).decode()


def compared(order: str) -> Callable[[Any, Any], int]:
    """Rows without a value come last; the id breaks ties, in the direction of the last column."""
    columns = columns_of(order)

    def compare(a: Any, b: Any) -> int:
        for column, descending in [*columns, ("id", columns[-1][1])]:
            x, y = getattr(a, column), getattr(b, column)
            if x is None or y is None:
                if (x is None) != (y is None):
                    return 1 if x is None else -1
                continue
            if isinstance(x, str):  # the server sorts by code point
                x, y = x.encode(), y.encode()
            if x != y:
                return (1 if x > y else -1) * (-1 if descending else 1)
        return 0

    return compare


def _allowed(entry: Published, actor: Actor) -> bool:
    return entry.needs is None or actor.holds(entry.needs)


async def _rows(entry: Published, actor: Actor, **where: Any) -> list[Any]:
    if not _allowed(entry, actor):
        return []
    rows = await entry.model.all()
    if entry.row is not None:
        rows = [row for row in rows if await _is_so(WHERES[entry.row](row, actor))]
    return [row for row in rows if all(getattr(row, name) == value for name, value in where.items())]


async def _is_so(answer: Any) -> bool:
    return await answer if isawaitable(answer) else answer


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text.rpartition("_")[2])
    except ValueError:
        return None


async def _leaf(row: Row, type_name: str, field: str, source: Any, actor: Actor, target: str) -> Any:
    if isinstance(source, Identity):
        return f"{row.entry.kind}_{row.values.id}"
    if isinstance(source, Expression):
        value = await EXPRESSIONS[type_name, field](row.values)
    elif isinstance(source, Count):
        where: dict[str, Any] = {source.key: row.values.id}
        rows = [r for r in await source.model.all() if all(getattr(r, k) == v for k, v in where.items())]
        value = len([r for r in rows if source.where is None or WHERES[source.where](r, actor)])
    else:
        value = getattr(row.values, source.name)
    if value is not None and target not in ("String", "Int", "Float", "Boolean", "DateTime", "ID", "JSON"):
        value = [each.upper() for each in value] if isinstance(value, list) else value.upper()
    return text_of(value)


async def _to_one(row: Row, source: ToOne, target: Published, actor: Actor) -> Row | None:
    key = row.values.id if source.reverse else getattr(row.values, source.key)
    if key is None:
        return None
    found = await _rows(target, actor, **{source.key if source.reverse else "id": key})
    if source.newest is not None:
        found.sort(key=lambda each: getattr(each, source.newest), reverse=True)
    return Row(target, found[0]) if found else None


async def _one_of(row: Row, source: OneOf, actor: Actor) -> Row | None:
    for name, key in source.choices.items():
        entry = published(name)
        if source.kind is None or getattr(row.values, source.kind) == entry.kind:
            found = await _to_one(row, ToOne(key), entry, actor)
            if found is not None:
                return found
    return None


@dataclass(frozen=True)
class Group:
    """What its rows share, by column; None for columns they were not grouped by."""

    rows: list[Any]
    shared: dict[str, Any]

    def __getattr__(self, name: str) -> Any:
        return self.shared.get(name)


async def _groups(row: Row, name: str, source: Groups, target: Published, actor: Actor, args: dict[str, Any]) -> list[Row]:  # fmt: skip
    if not _allowed(target, actor):
        return []
    rows = await _filtered(await _rows(target, actor, **{source.key: row.values.id}), "cases", args, actor)
    by = [source.by[chosen].value for chosen in dict.fromkeys(args["by"])]
    found: dict[tuple[Any, ...], list[Any]] = {} if by else {(): []}
    for each in rows:
        found.setdefault(tuple(getattr(each, column) for column in by), []).append(each)
    ordered = sorted(found, key=lambda key: tuple((value is None, value or "") for value in key))
    return [Row(target, Group(found[key], dict(zip(by, key, strict=True)))) for key in ordered]


async def _filtered(rows: list[Any], name: str, args: dict[str, Any], actor: Actor) -> list[Any]:
    for key, value in (args.get("filter") or {}).items():
        if value is not None:
            wanted = _uuid(value) if key.endswith("Id") else value
            verdicts = [FILTERS[to_snake_case(name), key](row, wanted, actor) for row in rows]
            rows = [
                row
                for row, verdict in zip(rows, verdicts, strict=True)
                if (await verdict if isawaitable(verdict) else verdict)
            ]
    return rows


async def _connection(parent: Row | None, name: str, type_name: str, source: ToMany, target: Published, actor: Actor, args: dict[str, Any]) -> dict[str, Any]:  # fmt: skip
    first, last = args.get("first"), args.get("last")
    size = last if last is not None else first if first is not None else 50
    if (first is not None and last is not None) or not 0 <= size <= 100:
        raise GraphQLError("page")
    chosen = args.get("orderBy")
    order = source.order[chosen].value if chosen else next(iter(source.order)).value
    where = {} if source.key is None else {source.key: getattr(parent.values, source.own)}
    rows = await _rows(target, actor, **where)
    if source.where is not None:
        rows = [row for row in rows if WHERES[source.where](row, actor)]
    rows = await _filtered(rows, name, args, actor)
    total = len(rows)
    compare = compared(order)
    rows.sort(key=cmp_to_key(compare))
    list_name = f"{type_name}.{to_snake_case(name)}"
    cursors = [cursor_of(list_name, order, row) for row in rows]
    for which in ("after", "before"):
        if args.get(which) is not None:
            rows, cursors = _cut(which, args[which], rows, cursors, list_name, order, compare)
    more = len(rows) > size
    pairs = list(zip(rows, cursors, strict=True))
    pairs = (pairs[-size:] if size else []) if last is not None else pairs[:size]
    backward = last is not None
    return {
        "nodes": [Row(target, row) for row, _ in pairs],
        "edges": [{"cursor": cursor, "node": Row(target, row)} for row, cursor in pairs],
        "totalCount": total,
        "pageInfo": {
            "hasNextPage": args.get("before") is not None if backward else more,
            "hasPreviousPage": more if backward else args.get("after") is not None,
            "startCursor": pairs[0][1] if pairs else None,
            "endCursor": pairs[-1][1] if pairs else None,
        },
    }


def _cut(which: str, cursor: str, rows: list[Any], cursors: list[str], name: str, order: str, compare: Any) -> Any:
    text = base64.b64decode(cursor).decode()
    prefix = f"{name} {order} "
    if not text.startswith(prefix):
        raise GraphQLError("cursor")

    class At:
        id = UUID(text[-36:])

    for (column, _), key in zip(columns_of(order), json.loads(text[len(prefix) : -37]), strict=True):
        moment = isinstance(key, str) and (column.endswith("_at") or column in ("at", "virtual_deadline"))
        setattr(At, column, datetime.fromisoformat(key) if moment else key)
    keep = [(compare(row, At) > 0) if which == "after" else (compare(row, At) < 0) for row in rows]
    return [r for r, k in zip(rows, keep, strict=True) if k], [c for c, k in zip(cursors, keep, strict=True) if k]


def _resolver(type_name: str, field_name: str) -> Any:
    definition = STRAWBERRY.type_map[type_name].fields[field_name]
    source = definition.extensions["strawberry-definition"].source
    target = get_named_type(definition.type).name

    needs = definition.extensions["strawberry-definition"].needs

    async def resolve(row: Any, info: GraphQLResolveInfo, **args: Any) -> Any:
        actor = info.context
        if needs is not None and not actor.holds(needs):
            return None
        if isinstance(source, OneOf):
            return await _one_of(row, source, actor)
        if isinstance(source, Groups):
            return await _groups(row, field_name, source, published(target), actor, args)
        if isinstance(source, Aggregate):
            return text_of(AGGREGATES[field_name](row.values.rows))
        if isinstance(source, SameRow):
            return Row(published(target), row.values) if _allowed(published(target), actor) else None
        if isinstance(source, ToOne):
            return await _to_one(row, source, published(target), actor)
        if isinstance(source, ToMany):
            row_type = get_named_type(STRAWBERRY.type_map[target].fields["nodes"].type).name
            return await _connection(row, field_name, type_name, source, published(row_type), actor, args)
        return await _leaf(row, type_name, field_name, source, actor, target)

    return resolve


async def _by_id(info: GraphQLResolveInfo, id: str, kind: str | None = None) -> Row | None:
    prefix, _, rest = id.rpartition("_")
    if (kind is not None and prefix != kind) or prefix not in published_kinds() or str(_uuid(rest)) != rest:
        return None
    entry = published_kinds()[prefix]
    found = await _rows(entry, info.context, id=UUID(rest))
    return Row(entry, found[0]) if found else None


def _build() -> Any:
    built = build_schema(schema.as_str())
    for name, type_ in built.type_map.items():
        entry = published(name)
        if entry is not None:
            for field_name, field in type_.fields.items():
                field.resolve = _resolver(name, field_name)
    query = built.query_type
    for name in ("workspaces", "cases", "notices", "noticePreferences", "clientReports"):
        query.fields[name].resolve = _resolver("Query", name)
    for kind in ("case", "post", "member"):
        query.fields[kind].resolve = lambda _root, info, kind=kind, **args: _by_id(info, args["id"], kind)
    query.fields["node"].resolve = lambda _root, info, **args: _by_id(info, args["id"])

    async def nodes(_root: Any, info: GraphQLResolveInfo, ids: list[str]) -> list[Row | None]:
        return [await _by_id(info, id) for id in ids]

    async def agency(_root: Any, info: GraphQLResolveInfo) -> Row | None:
        return await _by_id(info, f"agency_{info.context.agency_id}")

    async def notice_settings(_root: Any, info: GraphQLResolveInfo) -> Row | None:
        found = await _rows(published("NoticeSettings"), info.context)
        return Row(published("NoticeSettings"), found[0]) if found else None

    query.fields["noticeSettings"].resolve = notice_settings

    async def workspace(
        _root: Any, info: GraphQLResolveInfo, id: str | None = None, slug: str | None = None
    ) -> Row | None:
        if bool(id) == bool(slug):
            raise GraphQLError("one")
        if id:
            return await _by_id(info, id, "workspace")
        found = await _rows(published("Workspace"), info.context, slug=slug)
        return Row(published("Workspace"), found[0]) if found else None

    query.fields["nodes"].resolve, query.fields["agency"].resolve, query.fields["workspace"].resolve = (
        nodes,
        agency,
        workspace,
    )
    built.type_map["Reporter"].resolve_type = lambda value, _info, _type: value.entry.cls.__name__
    built.type_map["Node"].resolve_type = lambda value, _info, _type: value.entry.cls.__name__
    return built


NAIVE = _build()
