from dataclasses import replace
from uuid import UUID

from backend import journal
from backend.acting import order_action
from backend.communities import Post
from backend.kit.ids import new_id
from backend.moderation import About, Case, Reporter, file_report, raise_danger
from backend.ruling.compiling import Finding
from backend.safety import Danger
from tenants.scope import current


async def react(workspace_id: UUID, finding: Finding, *, is_old: bool = False) -> None:
    """Do to the post what the rule says. What was there before the rule is no danger of now: nobody is paged for it."""
    actions = finding.entry.actions
    if actions.report:
        await _report(workspace_id, finding)
    if actions.hide:
        await _hide(workspace_id, finding)
    if actions.raises is not None and not is_old:
        await _raise(workspace_id, finding, actions.raises)
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
        queue_id=entry.actions.queue_id,
    )


async def _hide(workspace_id: UUID, finding: Finding) -> None:
    """A precaution, until somebody has decided the case that the report opened; what was judged fine opens none."""
    case = await Case.get_or_none(
        post_id=finding.post.id, workspace_id=workspace_id, kind="moderation", state__not="closed"
    )
    if case is None:
        return
    await order_action(
        workspace_id=workspace_id,
        case_id=case.id,
        post_id=case.post_id,
        member_id=case.member_id,
        kind="hide_post",
    )
    await journal.record(
        "post.hidden_as_precaution",
        subject_kind="post",
        subject_id=finding.post.id,
        workspace_id=workspace_id,
        rule=str(finding.entry.rule_id),
    )


async def _raise(workspace_id: UUID, finding: Finding, danger: Danger) -> None:
    """For the case that the report opened; what was judged fine as it is opens none."""
    case = await Case.get_or_none(
        post_id=finding.post.id, workspace_id=workspace_id, kind="moderation", state__not="closed"
    )
    if case is not None:
        said = replace(danger, summary=f"Found by the rule “{finding.entry.name}”.")
        await raise_danger(current().actor, About(case_id=case.id), said)


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
