from uuid import UUID

from backend import journal
from backend.communities import Post, hide_post
from backend.kit.ids import new_id
from backend.moderation import Reporter, file_report
from backend.ruling.compiling import Finding
from tenants.scope import current


async def react(workspace_id: UUID, finding: Finding) -> None:
    """Do to the post what the rule says."""
    actions = finding.entry.actions
    if actions.report:
        await _report(workspace_id, finding)
    if actions.hide:
        await _hide(workspace_id, finding)
    for tag in actions.tags:
        await _tag(workspace_id, finding, tag)


async def _report(workspace_id: UUID, finding: Finding) -> None:
    entry = finding.entry
    post = await Post.get(id=finding.post.id, workspace_id=workspace_id)
    await file_report(
        post,
        Reporter("rule", rule_id=entry.rule_id),
        reason=f"Found by the rule “{entry.name}”.",
        policy_id=entry.policy_id,
    )
    if entry.actions.queue_id is not None:
        await _route(workspace_id, post.id, entry.actions.queue_id)


async def _route(workspace_id: UUID, post_id: UUID, queue_id: UUID) -> None:
    """The case about the post waits in that queue; one that somebody is working on stays where it is."""
    scope = current()
    await scope.execute(
        """update cases set queue_id = $4
            where agency_id = $1 and workspace_id = $2 and post_id = $3 and state = 'queued'""",
        scope.actor.agency_id,
        workspace_id,
        post_id,
        queue_id,
    )


async def _hide(workspace_id: UUID, finding: Finding) -> None:
    """A precaution: nobody has decided anything yet."""
    await hide_post(finding.post.id, workspace_id=workspace_id)
    await journal.record(
        "post.hidden_as_precaution",
        subject_kind="post",
        subject_id=finding.post.id,
        workspace_id=workspace_id,
        rule=str(finding.entry.rule_id),
    )


async def _tag(workspace_id: UUID, finding: Finding, tag: str) -> None:
    scope = current()
    await scope.execute(
        """insert into post_tags (agency_id, workspace_id, id, post_id, tag, rule_id) values ($1, $2, $3, $4, $5, $6)
           on conflict (agency_id, workspace_id, post_id, tag) do nothing""",
        scope.actor.agency_id,
        workspace_id,
        new_id(),
        finding.post.id,
        tag,
        finding.entry.rule_id,
    )
