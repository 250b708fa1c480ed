from typing import Final
from urllib.parse import urlsplit

from backend.acting.reaching import reach
from backend.communities import Connection, Post

# Files of a Slack workspace are open to whoever shows a token of it; elsewhere an address is all it takes.
_SLACK: Final = "files.slack.com"


async def headers_for(url: str, post: Post) -> dict[str, str]:
    """What to show to whoever keeps a file of the post; nothing to anybody but the platform itself."""
    if urlsplit(url).hostname != _SLACK:
        return {}
    connection = await Connection.get_or_none(community_id=post.community_id, workspace_id=post.workspace_id)
    if connection is None or connection.platform != "slack" or connection.disconnected_at is not None:
        return {}
    found = await reach(connection.id)
    return {} if found is None else {"Authorization": f"Bearer {found.hand.key}"}
