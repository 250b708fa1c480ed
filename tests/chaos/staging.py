"""`python tests/chaos/staging.py POSTS`: an agency at work, whose tokens and posts are printed as JSON."""

import asyncio
import sys

import orjson
from cast import Cast, _agency

from backend import models
from backend.communities import Member, Post
from backend.equipping import equip
from backend.kit.clock import now
from backend.kit.ids import new_id
from backend.settings import Settings
from tenants import database
from tenants.scope import agency_scope


async def stage(posts: int) -> None:
    settings = Settings()
    equip(settings)
    models.load()
    await database.connect(settings.app_url, models=models.MODEL_MODULES)
    cast = await _agency("chaos")
    written = await write_posts(cast, posts)
    version = await cast.policy_version(cast.workspaces["forum"])
    await database.disconnect()
    told = {
        "agency": str(cast.agency_id),
        "workspace": f"workspace_{cast.workspaces['forum']}",
        "policy": f"policy_{cast.policies['harassment']}",
        "version": f"policyversion_{version.id}",
        "tokens": cast.tokens,
        "posts": [f"post_{post.id}" for post in written],
    }
    sys.stdout.write(orjson.dumps(told).decode())


async def write_posts(cast: Cast, count: int) -> list[Post]:
    """Each by a member of its own."""
    forum = {"workspace_id": cast.workspaces["forum"], "community_id": cast.communities["forum"]}
    members = [
        Member(
            agency_id=cast.agency_id, external_id=f"m-{n}", handle=f"m-{n}", first_seen_at=now(), id=new_id(), **forum
        )
        for n in range(count)
    ]
    posts = [
        Post(
            agency_id=cast.agency_id,
            member_id=member.id,
            external_id=f"p-{n}",
            text="x",
            posted_at=now(),
            id=new_id(),
            **forum,
        )
        for n, member in enumerate(members)
    ]
    async with agency_scope(cast.system):
        await Member.bulk_create(members)
        await Post.bulk_create(posts)
    return posts


if __name__ == "__main__":
    asyncio.run(stage(int(sys.argv[1])))
