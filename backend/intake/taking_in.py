"""What was told becomes members, posts, versions and reports; the delivery keeps none of its words."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final
from urllib.parse import urljoin
from uuid import UUID

from backend.acting import confirm_action
from backend.communities import (
    IncomingPost,
    follow_member,
    follow_post,
    meet_member,
    note_recovery,
    note_removal,
    note_thread_recovery,
    note_thread_removal,
    post_named,
)
from backend.intake.reading import things_in
from backend.intake.things import (
    MemberChanged,
    Recovered,
    Removed,
    Reported,
    Settled,
    Thing,
    ThreadRecovered,
    ThreadRemoved,
    Unreadable,
    Written,
)
from backend.intake.thresholds import PATIENCE
from backend.kit.clock import now
from backend.moderation import report_post
from backend.outbox import enqueue
from tenants.actor import Actor
from tenants.scope import current

_NOBODY: Final = "Nothing that Tend knows is part of it."
_UNKNOWN: Final = "The platform never told of the post that this is about."
_FORGOTTEN: Final = "Whoever reported was forgotten, and is not taken in again."


class _NotYet(Exception):
    """It is about a post that was not told so far: deliveries overtake each other."""


async def take_in_delivery(system: Actor, payload: Mapping[str, Any]) -> None:
    """Job: one delivery, all of it or nothing. What cannot be read has failed, and says why."""
    delivery = await _held(UUID(payload["delivery_id"]))
    if delivery is None or delivery["state"] != "waiting":
        return
    try:
        things = things_in(delivery["platform"], delivery["kind"], delivery["body"], delivery["received_at"])
        why_not = await _take_in(system, delivery, things, is_last_try=payload.get("waited", 0) >= len(PATIENCE))
    except Unreadable as unreadable:
        await _end(delivery, "failed", str(unreadable))
    except _NotYet:
        waited = int(payload.get("waited", 0))
        await enqueue(
            "take_in_delivery",
            {**payload, "waited": waited + 1},
            workspace_id=delivery["workspace_id"],
            run_at=now() + PATIENCE[waited],
        )
    else:
        await _end(delivery, "done" if why_not is None else "ignored", why_not)


async def give_up_delivery(_system: Actor, payload: Mapping[str, Any], _why: str) -> None:
    """Its job is dead: it has failed, and can be replayed once the fault in Tend is mended."""
    delivery = await _held(UUID(payload["delivery_id"]))
    if delivery is not None and delivery["state"] == "waiting":
        await _end(delivery, "failed", "Tend could not take it in: a fault of its own, which its job tells.")


async def _held(delivery_id: UUID) -> Any:
    """Locked, with what is known of its connection."""
    return await current().fetchrow(
        """select d.id, d.workspace_id, d.connection_id, d.kind, d.body, d.state, d.received_at, c.community_id, c.platform,
                  coalesce(k.address, c.address) as address
             from platform_deliveries d
             join connections c on c.agency_id = $1 and c.workspace_id = d.workspace_id and c.id = d.connection_id
             left join acting_keys k on k.agency_id = $1 and k.workspace_id = d.workspace_id and k.connection_id = c.id
            where d.agency_id = $1 and d.id = $2 for update of d""",
        current().actor.agency_id,
        delivery_id,
    )


async def _take_in(system: Actor, delivery: Any, things: Iterable[Thing], *, is_last_try: bool) -> str | None:
    """None where anything came of it, else why nothing did. Raises _NotYet before anything was written, and Unreadable
    for a report of a post that never came."""
    workspace_id, community_id = delivery["workspace_id"], delivery["community_id"]
    why_not: list[str | None] = []
    written: set[str] = set()
    for thing in things:
        if isinstance(thing, Written):
            await follow_post(workspace_id, community_id, _with_whole_addresses(thing.post, delivery["address"]))
            written.add(thing.post.external_id)
            why_not.append(None)
            continue
        if isinstance(thing, Settled):
            why_not.append(await confirm_action(delivery["connection_id"], thing.action_id, problem=thing.problem))
            continue
        if isinstance(thing, ThreadRemoved | ThreadRecovered | MemberChanged):
            why_not.append(None if await _follow(workspace_id, community_id, thing) else _NOBODY)
            continue
        post_id = await post_named(workspace_id, community_id, thing.post)
        if post_id is not None:
            why_not.append(await _note(system, delivery, post_id, thing))
        elif thing.post in written:
            why_not.append("Whoever wrote the post was forgotten, and is not taken in again.")
        elif not is_last_try:
            raise _NotYet
        elif isinstance(thing, Reported):
            raise Unreadable(_UNKNOWN)
        else:
            why_not.append(_UNKNOWN)
    return None if None in why_not else next(iter(why_not), "There is nothing in it.")


def _with_whole_addresses(post: IncomingPost, of_site: str | None) -> IncomingPost:
    if not post.attachments:
        return post
    whole = (replace(each, url=_joined(of_site, each.url)) for each in post.attachments)
    return replace(post, attachments=tuple(whole))


def _joined(of_site: str | None, url: str) -> str:
    """Without the site's address, what is relative to it stays so, and is no address that could be asked."""
    try:
        return urljoin(f"{of_site.rstrip('/')}/" if of_site else "https:", url)
    except ValueError:
        return url


async def _follow(
    workspace_id: UUID, community_id: UUID, thing: ThreadRemoved | ThreadRecovered | MemberChanged
) -> bool:
    """Whether anything is known of what it is about."""
    if isinstance(thing, MemberChanged):
        return await follow_member(
            workspace_id, community_id, external_id=thing.member, handle=thing.handle, trust_level=thing.trust_level
        )
    followed = note_thread_removal if isinstance(thing, ThreadRemoved) else note_thread_recovery
    return await followed(workspace_id, community_id, thing.thread, at=thing.at) > 0


async def _note(system: Actor, delivery: Any, post_id: UUID, thing: Removed | Recovered | Reported) -> str | None:
    if isinstance(thing, Removed):
        await note_removal(delivery["workspace_id"], post_id, at=thing.at)
        return None
    if isinstance(thing, Recovered):
        await note_recovery(delivery["workspace_id"], post_id, at=thing.at)
        return None
    return None if await _report(system, delivery, post_id, thing) else _FORGOTTEN


async def _report(system: Actor, delivery: Any, post_id: UUID, reported: Reported) -> bool:
    member_id = await meet_member(
        delivery["workspace_id"],
        delivery["community_id"],
        external_id=reported.reporter,
        handle=reported.handle,
        at=delivery["received_at"],
    )
    if member_id is None:
        return False
    await report_post(system, post_id, reason=reported.reason, member_id=member_id)
    return True


async def _end(delivery: Any, state: str, problem: str | None) -> None:
    """The words of one that has failed stay for a replay, unless somebody of the client was erased while it waited: they
    may be theirs."""
    await current().execute(
        """update platform_deliveries d set state = $4, problem = $5, ended_at = now(),
                  body = case when $4 = 'failed' and not exists (
                              select from erasures e where e.agency_id = $1 and e.workspace_id = $2
                                 and e.erased_at >= d.received_at) then d.body end
            where d.agency_id = $1 and d.workspace_id = $2 and d.id = $3""",
        current().actor.agency_id,
        delivery["workspace_id"],
        delivery["id"],
        state,
        problem,
    )
