"""Posts written straight into the tables, as an import would leave them."""

from collections.abc import Sequence
from uuid import UUID

from recounted import Said

from backend.kit.ids import new_id
from tenants.scope import current


async def plant(workspace_id: UUID, said: Sequence[Said]) -> dict[str, str]:
    """The rooms by their published ids. Call inside a scope that may do everything."""
    agency_id, scope = current().actor.agency_id, current()
    rooms = {room: new_id() for room in dict.fromkeys(post.room for post in said)}
    authors = {
        (post.room, post.person): post for post in sorted(said, key=lambda post: post.at, reverse=True)
    }  # the first
    members, posts = {key: new_id() for key in authors}, {post.id: new_id() for post in said}
    place = (agency_id, workspace_id)
    await scope.execute(
        """insert into communities (agency_id, workspace_id, id, slug, name)
           select $1, $2, id, id::text, name from unnest($3::uuid[], $4::text[]) as t (id, name)""",
        *place, list(rooms.values()), list(rooms),
    )  # fmt: skip
    await scope.execute(
        """insert into members (agency_id, workspace_id, id, community_id, external_id, handle, identity_key, kind,
                                trust_level, first_seen_at)
           select $1, $2, id, community, id::text, handle, person, case when bot then 'bot' else 'person' end, trust, at
             from unnest($3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::bool[], $8::int[], $9::timestamptz[])
               as t (id, community, handle, person, bot, trust, at)""",
        *place, list(members.values()), [rooms[room] for room, _ in members], [each.handle for each in authors.values()],
        [each.person for each in authors.values()], [each.is_bot for each in authors.values()],
        [each.trust for each in authors.values()], [each.at for each in authors.values()],
    )  # fmt: skip
    for start in range(0, len(said), 10_000):
        some = said[start : start + 10_000]
        await scope.execute(
            """insert into posts (agency_id, workspace_id, id, community_id, member_id, external_id, text, posted_at, thread,
                                  reply_to_id)
               select $1, $2, t.* from unnest($3::uuid[], $4::uuid[], $5::uuid[], $6::text[], $7::text[], $8::timestamptz[],
                                              $9::text[], $10::uuid[]) as t""",
            *place, [posts[post.id] for post in some], [rooms[post.room] for post in some],
            [members[post.room, post.person] for post in some], [post.id for post in some], [post.text for post in some],
            [post.at for post in some], [post.thread for post in some],
            [None if post.reply_to is None else posts[post.reply_to] for post in some],
        )  # fmt: skip
    return {f"community_{id}": room for room, id in rooms.items()}
