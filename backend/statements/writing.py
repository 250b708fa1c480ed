"""What a member is told about a decision: written with it, in its transaction, and never changed."""

import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from backend.acting import Action
from backend.communities import Community, Member, Post
from backend.kit.clock import now
from backend.kit.errors import Invalid
from backend.kit.texts import clean
from backend.policies import TAXONOMY, TAXONOMY_VERSION, Code, Policy, PolicyVersion
from backend.statements.blanking import names_one_of, without_personal_data
from backend.statements.models import Statement
from backend.statements.thresholds import (
    APPEAL_WINDOW,
    LONGEST_EXCERPT,
    LONGEST_EXPLANATION,
    LONGEST_RULE,
    SHORTEST_QUOTE,
)
from backend.statements.wording import worded
from tenants.scope import current

# What restricts somebody, by kind of action. A warning restricts nobody: the member is told, and nothing is filed.
_VISIBILITY: Final = {
    "hide_post": "DECISION_VISIBILITY_CONTENT_DISABLED",
    "delete_post": "DECISION_VISIBILITY_CONTENT_REMOVED",
}
_PROVISION: Final = {"silence_member": "DECISION_PROVISION_PARTIAL_SUSPENSION"}
_ACCOUNT: Final = {"suspend_member": "DECISION_ACCOUNT_SUSPENDED"}
STATED: Final = frozenset({*_VISIBILITY, *_PROVISION, *_ACCOUNT, "warn_member"})
# The European Economic Area as the transparency database writes it.
EEA: Final = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IS IT LI LT LU LV MT NL NO PL PT RO SE SI SK".split()
_USUAL_CODE: Final = "RU-COMM"
# By the channel of a complaint, the first that there was one of; what staff and rules find is the provider's own.
_SOURCES: Final = (
    ("trusted", "trusted_flagger"),
    ("legal", "notice"),
    ("member", "other_notification"),
    ("form", "other_notification"),
    ("order", "other_notification"),  # not filed: Article 17(5)
    ("api", "other_notification"),
)
_WRITTEN_BY_HAND: Final = frozenset({"member", "form", "legal", "trusted"})


@dataclass(frozen=True, slots=True)
class Restriction:
    """A kind of action; `until` None: without end, or without duration."""

    kind: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Complaint:
    """What led to the decision. Who complained and in which words never reaches the member."""

    channel: str
    words: str
    member_id: UUID | None = None


async def write_statement(
    *,
    workspace_id: UUID,
    decision_id: UUID,
    case_id: UUID,
    post_id: UUID,
    version: PolicyVersion,
    restrictions: Sequence[Restriction],
    complaints: Sequence[Complaint],
    explanation: str = "",
    content_language: str | None = None,
) -> Statement | None:
    """None where nothing of it concerns the member. `explanation`: a moderator's words to the member; `content_language`:
    of the post by ISO 639-1, where it is known. Call it in the transaction of the decision.

    Raises Invalid for an explanation that is too long, names who complained, or quotes them.
    """
    stated = sorted((each for each in restrictions if each.kind in STATED), key=lambda each: each.kind)
    if not stated:
        return None
    explanation = clean(explanation, field="explanation", longest=LONGEST_EXPLANATION, may_be_empty=True)
    await keep_reporters_out(explanation, complaints, workspace_id=workspace_id, field="explanation")
    post = await Post.get(id=post_id, workspace_id=workspace_id)
    member = await Member.get(id=post.member_id, workspace_id=workspace_id)
    community = await Community.get(id=post.community_id, workspace_id=workspace_id)
    policy = await Policy.get(id=version.policy_id, workspace_id=workspace_id)
    code, at = _code_of(version), now()
    pair = code.filed_as
    assert pair is not None
    said: dict[str, Any] = {
        "at": at,
        "content_at": post.posted_at,
        "community": community.name,
        "excerpt": _shortened(post.text, LONGEST_EXCERPT),
        "restrictions": stated,
        "is_restriction": any(each.kind != "warn_member" for each in stated),
        "ground": version.ground,
        "reference": _reference(version, policy),
        "rule": _shortened(version.text, LONGEST_RULE),
        "explanation": explanation,
        "source": _source([each.channel for each in complaints]),
        "is_detected_automatically": bool(complaints) and all(each.channel == "rule" for each in complaints),
        "appeal_until": at + APPEAL_WINDOW,
    }
    names = {name for name in (member.handle, member.external_id, member.identity_key) if name}
    breach = f"It does not go with {said['reference']}. {explanation}".strip()
    ends = {each.kind: each.until for each in stated}
    return await Statement.create(
        workspace_id=workspace_id,
        decision_id=decision_id,
        case_id=case_id,
        member_id=member.id,
        post_id=post.id,
        policy_version_id=version.id,
        puid=f"tend-{secrets.token_hex(16)}",
        language=community.language,
        text=worded(f"{community.language}/statement.txt", community.language, said),
        facts=without_personal_data(worded("facts.txt", "en", said), names=names),
        explanation=_shortened(without_personal_data(breach, names=names), 2_000),
        decision_visibility=[_VISIBILITY[kind] for kind in ends if kind in _VISIBILITY],
        decision_provision=next((_PROVISION[kind] for kind in ends if kind in _PROVISION), None),
        decision_account=next((_ACCOUNT[kind] for kind in ends if kind in _ACCOUNT), None),
        provision_until=ends.get("silence_member"),
        account_until=ends.get("suspend_member"),
        territorial_scope=EEA,
        content_types=await _content_types(post),
        content_language=content_language,
        automation=await _automation(case_id, workspace_id=workspace_id),
        taxonomy_code=code.code,
        taxonomy_version=TAXONOMY_VERSION,
        category=f"STATEMENT_CATEGORY_{pair.category}",
        keywords=[f"KEYWORD_{pair.keyword}"] if pair.keyword else [],
        other_keyword=(code.other or policy.title) if pair.keyword == "OTHER" else None,
        created_at=at,
        **{
            name: said[name]
            for name in ("ground", "reference", "source", "is_detected_automatically", "content_at", "appeal_until")
        },
    )


async def keep_reporters_out(text: str, complaints: Collection[Complaint], *, workspace_id: UUID, field: str) -> None:
    """Raises Invalid for a `text` to the member that names who complained, or quotes them."""
    who = [each.member_id for each in complaints if each.member_id is not None]
    handles = await Member.filter(id__in=who, workspace_id=workspace_id).values_list("handle", flat=True)
    if names_one_of(text, [str(handle) for handle in handles]):
        raise Invalid("This names somebody who complained.", path=("input", field))
    for each in complaints:
        if (
            each.channel in _WRITTEN_BY_HAND
            and len(each.words) >= SHORTEST_QUOTE
            and each.words.lower() in text.lower()
        ):
            raise Invalid("This quotes somebody who complained.", path=("input", field))


async def _content_types(post: Post) -> list[str]:
    has_media = await current().fetchval(
        "select exists (select from media where agency_id = $1 and workspace_id = $2 and post_id = $3)",
        current().actor.agency_id,
        post.workspace_id,
        post.id,
    )
    text = ["CONTENT_TYPE_TEXT"] if post.text.strip() or not has_media else []
    return text + (["CONTENT_TYPE_IMAGE"] if has_media else [])


async def _automation(case_id: UUID, *, workspace_id: UUID) -> str:
    """A person decides; partially automated is what a rule had hidden before they looked."""
    was_hidden = await Action.exists(
        workspace_id=workspace_id,
        case_id=case_id,
        decision_id=None,
        reverses_id=None,
        ordered_by_id=None,
        kind__in=list(_VISIBILITY),
    )
    return "partially" if was_hidden else "not_automated"


def _code_of(version: PolicyVersion) -> Code:
    code = TAXONOMY.get(version.taxonomy_code or _USUAL_CODE, TAXONOMY[_USUAL_CODE])
    return code if code.filed_as is not None else TAXONOMY[_USUAL_CODE]


def _reference(version: PolicyVersion, policy: Policy) -> str:
    return version.legal_reference or f"{policy.title}, version {version.version}"


def _source(channels: Collection[str]) -> str:
    return next((source for channel, source in _SOURCES if channel in channels), "own_initiative")


def _shortened(text: str, longest: int) -> str:
    text = " ".join(text.split())
    return text if len(text) <= longest else f"{text[: longest - 1].rstrip()}…"
