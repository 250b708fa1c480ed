"""What cases were decided upon."""

from datetime import datetime

from backend import evidence
from graphql_schema.communities import Post
from graphql_schema.projection import column, one, publish, sql
from tenants.rights import Right


def _told(member: str) -> str:
    return f"case when {{row}}.content is json then {{row}}.content::jsonb {member} end"


@publish(evidence.EvidenceSnapshot, needs=Right.READ_CONTENT)
class EvidenceSnapshot:
    """A post as it was when a case was decided. Never changed."""

    hash: str = column(description="SHA-256 of what was captured, in hexadecimal; stays when the words go.")
    captured_at: datetime = column(description="When it was captured, right before the decision.")
    is_context: bool = column(description="False for the post that was judged, true for those before it.")
    text: str | None = sql(
        _told("->> 'text'"), description="The words; null once their author is forgotten or their time is over."
    )
    author_handle: str | None = sql(
        _told("-> 'author' ->> 'handle'"), description="The name that was shown then; null once the words are gone."
    )
    attachment_hashes: list[str] | None = sql(
        "case when {row}.content is json then array(select a.value ->> 'sha256' from jsonb_array_elements("
        "coalesce({row}.content::jsonb -> 'attachments', '[]')) a where a.value ->> 'sha256' is not null) end",
        description="SHA-256 of the pictures and files it had; null once the words are gone.",
    )
    post_version: int = column(description="Which version of the post it was; `Post.versions` has others.")
    is_intact: bool | None = sql(
        evidence.INTACT,
        description="Whether words, hash and the link to the snapshot before agree; null once the words are gone.",
    )
    post: Post | None = one("post_id", description="The post as it is now.")
