from typing import Any
from uuid import UUID

from tortoise.exceptions import IntegrityError

from backend import journal
from backend.kit.errors import Conflict, NotFound
from backend.kit.texts import clean, clean_line
from backend.policies.models import Policy, PolicyVersion
from tenants.actor import Actor
from tenants.finding import find_workspace
from tenants.provisioning import SlugTaken, check_slug
from tenants.rights import Right


async def create_policy(
    actor: Actor,
    workspace_id: UUID,
    *,
    slug: str,
    title: str,
    text: str,
    severity: str,
    tier: str,
    needs_second_review: bool = False,
) -> Policy:
    """A policy with its first version. Raises NotAllowed, NotFound, Invalid, SlugTaken."""
    actor.must_hold(Right.WRITE_POLICIES)
    workspace = await find_workspace(workspace_id)
    check_slug(slug)
    title = clean_line(title, field="title", longest=200)
    text = clean(text, field="text", longest=20_000)
    try:
        policy = await Policy.create(workspace_id=workspace.id, slug=slug, title=title)
    except IntegrityError:
        raise SlugTaken("Another policy of this workspace has this short name.", path=("input", "slug")) from None
    await _add_version(policy, 1, text=text, severity=severity, tier=tier, needs_second_review=needs_second_review)
    return policy


async def revise_policy(
    actor: Actor,
    policy_id: UUID,
    *,
    expected_version: int,
    text: str,
    severity: str,
    tier: str,
    needs_second_review: bool = False,
) -> Policy:
    """A new version; decisions made under earlier ones keep pointing at them. Raises NotAllowed, NotFound, Conflict."""
    actor.must_hold(Right.WRITE_POLICIES)
    policy = await Policy.filter(id=policy_id).select_for_update().get_or_none()
    if policy is None:
        raise NotFound(path=("input", "policyId"))
    text = clean(text, field="text", longest=20_000)
    newest = await current_version(policy.id)
    if newest is None or newest.version != expected_version:
        raise Conflict("Somebody has revised this policy since you read it.", path=("input", "expectedVersion"))
    await _add_version(
        policy,
        newest.version + 1,
        text=text,
        severity=severity,
        tier=tier,
        needs_second_review=needs_second_review,
    )
    return policy


async def current_version(policy_id: UUID) -> PolicyVersion | None:
    """The words in force now; None for a policy that is not there for the scope's actor."""
    return await PolicyVersion.filter(policy_id=policy_id).order_by("-version").first()


async def _add_version(policy: Policy, version: int, **columns: Any) -> None:
    await PolicyVersion.create(workspace_id=policy.workspace_id, policy_id=policy.id, version=version, **columns)
    await journal.record(
        "policy.revised" if version > 1 else "policy.created",
        subject_kind="policy",
        subject_id=policy.id,
        workspace_id=policy.workspace_id,
        version=version,
    )
