"""Which post an address means, as people copy it from their browser."""

import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit
from uuid import UUID

from backend.communities import Community, Connection, Post, post_named
from backend.kit.ids import parse_published
from backend.reporting.thresholds import MOST_ITEMS

_ADDRESS: Final = re.compile(r"https?://[^\s<>\"']{1,1000}", re.IGNORECASE)
_LONGEST_ID: Final = 200  # as of external ids


def items_in(location: str) -> list[str]:
    """The addresses in it, each once."""
    found = (address.rstrip(".,;:!?)]}") for address in _ADDRESS.findall(location))
    return list(dict.fromkeys(found))[:MOST_ITEMS]


async def post_at(community: Community, location: str) -> UUID | None:
    """The first post of the community that it means: a published id, the platform's own id, or its address on the
    platform's site. None where nothing fits, and for an address of another site whatever number stands in it."""
    connection = await Connection.get_or_none(community_id=community.id, workspace_id=community.workspace_id)
    platform = "built_in" if connection is None else connection.platform
    home = None if connection is None or connection.address is None else urlsplit(connection.address).hostname
    own = parse_published(location.strip())
    if own is not None and own[0] == "post":
        found = await Post.get_or_none(id=own[1], community_id=community.id, workspace_id=community.workspace_id)
        return None if found is None else found.id
    for name in _names(location, platform=platform, home=home):
        if name and len(name) <= _LONGEST_ID:
            post_id = await post_named(community.workspace_id, community.id, name)
            if post_id is not None:
                return post_id
    return None


def _names(location: str, *, platform: str, home: str | None) -> Iterator[str]:
    """What the platform might call the post."""
    if not any(each.isspace() for each in location.strip()):
        yield location.strip()
    for item in items_in(location):
        try:
            address = urlsplit(item)
            host = address.hostname or ""
        except ValueError:
            continue
        if platform == "slack":
            if host == "slack.com" or host.endswith(".slack.com"):
                yield from _in_slack(address)
        elif home is not None and host == home:
            yield from _on_site(address, platform)


def _in_slack(address: SplitResult) -> Iterator[str]:
    """https://team.slack.com/archives/C024BE91L/p1355517523000008"""
    found = re.fullmatch(r"/archives/([A-Z0-9]+)/p(\d{6,})", address.path)
    if found is not None:
        yield f"{found[1]}/{found[2][:-6]}.{found[2][-6:]}"


def _on_site(address: SplitResult, platform: str) -> Iterator[str]:
    parts = [unquote(part) for part in address.path.split("/") if part]
    if platform == "discourse":
        # The number of a post within its topic, as in /t/title/12/3, is not the post's own: Tend is not told it.
        if len(parts) >= 2 and parts[0] in {"p", "posts"}:
            yield parts[1].removesuffix(".json")
        return
    if parts:
        yield parts[-1]
    if address.fragment:
        yield address.fragment
        yield address.fragment.rpartition("-")[2]
