"""Saved answers: what is often decided, with words that are filled in."""

import re
from collections.abc import Collection
from typing import Any, Final
from uuid import UUID

from tortoise.exceptions import IntegrityError

from backend import journal
from backend.kit.errors import Conflict, Invalid, NotFound
from backend.kit.texts import clean, clean_line, one_line
from backend.moderation.queue_models import Macro
from backend.policies import Policy
from tenants.actor import Actor
from tenants.finding import find_workspace
from tenants.rights import Right
from tenants.scope import current

PLACEHOLDERS: Final = ("member", "policy", "community")
MACROS_PER_WORKSPACE: Final = 500
_BRACES: Final = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)


async def write_macro(
    actor: Actor,
    workspace_id: UUID,
    *,
    macro_id: UUID | None = None,
    name: str,
    outcome: str,
    policy_id: UUID | None,
    actions: Collection[str],
    text: str,
) -> Macro:
    """A new one, or with `macro_id` all of that one anew. Raises NotAllowed, NotFound, Conflict, and Invalid also for a
    placeholder that nothing is known for."""
    actor.must_hold(Right.WRITE_POLICIES)
    await find_workspace(workspace_id)
    text = _checked(clean(text, field="text", longest=5_000))
    if outcome == "no_violation" and (actions or policy_id is not None):
        raise Invalid("Without a violation there is no policy to name and nothing to do.", path=("input", "outcome"))
    if policy_id is not None and not await Policy.exists(id=policy_id, workspace_id=workspace_id, archived_at=None):
        raise NotFound(path=("input", "policyId"))
    columns = {
        "name": clean_line(name, field="name", longest=200),
        "outcome": outcome,
        "policy_id": policy_id,
        "actions": sorted(set(actions)),
        "text": text,
    }
    macro = Macro(workspace_id=workspace_id) if macro_id is None else await _find(macro_id, workspace_id)
    if macro_id is None and await Macro.filter(workspace_id=workspace_id).count() >= MACROS_PER_WORKSPACE:
        raise Conflict(f"A client has at most {MACROS_PER_WORKSPACE} saved answers.")
    try:
        await macro.update_from_dict(columns).save()
    except IntegrityError:
        raise Conflict("Another saved answer of this client has this name.", path=("input", "name")) from None
    await _record("written", macro)
    return macro


async def delete_macro(actor: Actor, macro_id: UUID) -> UUID:
    """The client it was of. Raises NotAllowed, NotFound."""
    actor.must_hold(Right.WRITE_POLICIES)
    macro = await _find(macro_id)
    await macro.delete()
    await _record("deleted", macro)
    return macro.workspace_id


async def macro_text(actor: Actor, macro_id: UUID, case_id: UUID) -> str | None:
    """Filled in for the case; None where one of them is not there, or not of the same client."""
    actor.must_hold(Right.READ_CASES)
    # Each row by its own key, one after the other: asked to join them all, PostgreSQL has begun with every post of a client.
    row = await current().fetchrow(
        """with m as materialized (
               select workspace_id, text, policy_id from macros
                where agency_id = $1 and ($2 or workspace_id = any($3)) and id = $4),
             k as materialized (
               select k.workspace_id, k.post_id, k.member_id from cases k, m
                where k.agency_id = $1 and k.workspace_id = m.workspace_id and k.id = $5)
           select m.text,
                  (select b.handle from members b
                    where b.agency_id = $1 and b.workspace_id = k.workspace_id and b.id = k.member_id) as member,
                  (select c.name from communities c
                    where c.agency_id = $1 and c.workspace_id = k.workspace_id and c.id = (
                          select o.community_id from posts o
                           where o.agency_id = $1 and o.workspace_id = k.workspace_id and o.id = k.post_id)) as community,
                  (select p.title from policies p
                    where p.agency_id = $1 and p.workspace_id = m.workspace_id and p.id = m.policy_id) as policy
             from m, k""",
        actor.agency_id,
        actor.sees_all,
        list(actor.workspaces or ()),
        macro_id,
        case_id,
    )
    if row is None:
        return None
    return _BRACES.sub(lambda found: one_line(row[found[1].strip()] or ""), row["text"])


def _checked(text: str) -> str:
    """Raises Invalid."""
    named = [found.strip() for found in _BRACES.findall(text)]
    unknown = sorted(set(named) - set(PLACEHOLDERS))
    if unknown or _BRACES.sub("", text).count("{{") or _BRACES.sub("", text).count("}}"):
        known = ", ".join(f"{{{{{name}}}}}" for name in PLACEHOLDERS)
        raise Invalid(f"Only {known} can be filled in.", path=("input", "text"))
    return text


async def _find(macro_id: UUID, workspace_id: UUID | None = None) -> Macro:
    where: dict[str, Any] = {} if workspace_id is None else {"workspace_id": workspace_id}
    macro = await Macro.filter(id=macro_id, **where).select_for_update().get_or_none()
    if macro is None:
        raise NotFound(path=("input", "macroId"))
    return macro


async def _record(verb: str, macro: Macro) -> None:
    await journal.record(
        f"macro.{verb}", subject_kind="macro", subject_id=macro.id, workspace_id=macro.workspace_id, name=macro.name
    )
