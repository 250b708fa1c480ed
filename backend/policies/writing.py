from uuid import UUID

from tortoise.exceptions import IntegrityError

from backend import journal
from backend.kit.clock import now
from backend.kit.errors import Conflict, NotFound
from backend.kit.texts import clean, clean_line
from backend.policies.detailing import Detail, checked, detail_of
from backend.policies.models import Policy, PolicyExample, PolicyVersion
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
    detail: Detail | None = None,
) -> Policy:
    """A policy with its first version. Raises NotAllowed, NotFound, Invalid, SlugTaken."""
    actor.must_hold(Right.WRITE_POLICIES)
    workspace = await find_workspace(workspace_id)
    check_slug(slug)
    title = clean_line(title, field="title", longest=200)
    text = clean(text, field="text", longest=20_000)
    detail = checked(detail or Detail())
    try:
        policy = await Policy.create(workspace_id=workspace.id, slug=slug, title=title)
    except IntegrityError:
        raise SlugTaken("Another policy of this workspace has this short name.", path=("input", "slug")) from None
    await _add_version(policy, 1, text=text, severity=severity, tier=tier, detail=detail)
    return policy


async def revise_policy(
    actor: Actor,
    policy_id: UUID,
    *,
    expected_version: int,
    text: str,
    severity: str,
    tier: str,
    detail: Detail | None = None,
) -> Policy:
    """A new version; decisions made under earlier ones keep pointing at them. Without `detail` that of the version before
    goes on. Raises NotAllowed, NotFound, Invalid, and Conflict for a policy that was revised meanwhile or archived."""
    policy = await _held(actor, policy_id)
    text = clean(text, field="text", longest=20_000)
    newest = await current_version(policy.id)
    if newest is None or newest.version != expected_version:
        raise Conflict("Somebody has revised this policy since you read it.", path=("input", "expectedVersion"))
    detail = await detail_of(newest) if detail is None else checked(detail)
    await _add_version(policy, newest.version + 1, text=text, severity=severity, tier=tier, detail=detail)
    return policy


async def archive_policy(actor: Actor, policy_id: UUID) -> Policy:
    """From now on nobody reports or decides by it; what was decided stays. Raises NotAllowed, NotFound, Conflict."""
    policy = await _held(actor, policy_id)
    await Policy.filter(id=policy.id).update(archived_at=now())
    await journal.record(
        "policy.archived", subject_kind="policy", subject_id=policy.id, workspace_id=policy.workspace_id
    )
    return policy


async def current_version(policy_id: UUID) -> PolicyVersion | None:
    """The words in force now; None for a policy that is not there for the scope's actor."""
    return await PolicyVersion.filter(policy_id=policy_id).order_by("-version").first()


async def usable_version(version_id: UUID, *, workspace_id: UUID) -> PolicyVersion:
    """To decide by. Raises NotFound, and Conflict where its policy was archived."""
    version = await PolicyVersion.get_or_none(id=version_id, workspace_id=workspace_id)
    if version is None:
        raise NotFound(path=("input", "policyVersionId"))
    if not await Policy.exists(id=version.policy_id, workspace_id=workspace_id, archived_at=None):
        raise Conflict("This policy was archived.", path=("input", "policyVersionId"))
    return version


async def _held(actor: Actor, policy_id: UUID) -> Policy:
    """Locked."""
    actor.must_hold(Right.WRITE_POLICIES)
    policy = await Policy.filter(id=policy_id).select_for_update().get_or_none()
    if policy is None:
        raise NotFound(path=("input", "policyId"))
    if policy.archived_at is not None:
        raise Conflict("This policy was archived.", path=("input", "policyId"))
    return policy


async def _add_version(policy: Policy, version: int, *, text: str, severity: str, tier: str, detail: Detail) -> None:
    made = await PolicyVersion.create(
        workspace_id=policy.workspace_id,
        policy_id=policy.id,
        version=version,
        text=text,
        severity=severity,
        tier=tier,
        **detail.columns,
    )
    for example in detail.examples:
        await PolicyExample.create(
            workspace_id=policy.workspace_id,
            policy_version_id=made.id,
            text=example.text,
            is_violation=example.is_violation,
            note=example.note,
        )
    await journal.record(
        "policy.revised" if version > 1 else "policy.created",
        subject_kind="policy",
        subject_id=policy.id,
        workspace_id=policy.workspace_id,
        version=version,
    )
