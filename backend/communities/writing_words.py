from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from backend.communities.models import Post
from backend.communities.searching import words_of
from backend.communities.writing_rows import insert, word_rows
from backend.outbox import enqueue
from tenants.actor import Actor

POSTS_PER_WORDS_JOB: Final = 500
WORDS_PER_WORDS_JOB: Final = 50_000  # or fewer posts: a try has 15 seconds, and a post may have 2,000 words


async def write_words(system: Actor, payload: Mapping[str, Any]) -> None:
    """Job: the words of the client's posts from `first_id` on, where they are missing: those of posts that were here
    before there was a search. Does a piece and promises the rest to its successor."""
    workspace_id = system.only_workspace
    posts = Post.filter(workspace_id=workspace_id)
    if payload.get("first_id"):
        posts = posts.filter(id__gte=UUID(payload["first_id"]))
    page = await posts.order_by("id").limit(POSTS_PER_WORDS_JOB + 1).select_for_update()
    words: list[tuple[str, datetime, UUID]] = []
    for number, post in enumerate(page):
        if number == POSTS_PER_WORDS_JOB or len(words) > WORDS_PER_WORDS_JOB:
            await enqueue("write_words", {"first_id": str(post.id)}, workspace_id=workspace_id)
            break
        words += ((word, post.posted_at, post.id) for word in words_of(post.text))
    await insert(word_rows, sorted(words), workspace_id)
