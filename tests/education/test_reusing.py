"""One client's article in another: copied once, or followed; and nothing of either client seen from elsewhere."""

from uuid import UUID

import pytest
from cast import Cast
from education.conftest import School

from backend.education import (
    ContentItem,
    ContentVersion,
    Words,
    copy_content,
    draft_content,
    follow_content,
    publish_draft,
    stop_following,
    submit_draft,
)
from backend.kit.errors import Conflict, NotFound
from backend.kit.ids import new_id
from tenants.actor import Actor
from tenants.scope import agency_scope


@pytest.fixture
async def other(acme: Cast) -> UUID:
    return await acme.empty_workspace()


def whole(school: School) -> Actor:
    return school.cast.owner


async def titles(school: School, item_id: UUID) -> list[tuple[str, int, str]]:
    async with agency_scope(school.cast.system):
        rows = await ContentVersion.filter(item_id=item_id).order_by("language", "version")
    return [(row.language, row.version, row.title) for row in rows]


async def test_a_copy_goes_its_own_way(school: School, other: UUID) -> None:
    item, _ = await school.published("Words.")
    async with agency_scope(whole(school)):
        copied, draft = await copy_content(whole(school), item.id, workspace_id=other, slug="the-copy")
    assert (copied.workspace_id, copied.slug, draft.text, draft.state) == (other, "the-copy", "Words.", "draft")
    async with agency_scope(school.educator):
        again = await draft_content(school.educator, item.id, language="en", words=Words("Later", "Later."))
    await school.publish(again.id)
    assert await titles(school, copied.id) == []


async def test_what_follows_has_each_version_in_every_language(school: School, other: UUID) -> None:
    item, _ = await school.published("Words.")
    async with agency_scope(whole(school)):
        follower = await follow_content(whole(school), item.id, workspace_id=other)
    assert await titles(school, follower.id) == [("en", 1, "A title")]
    for language, title, source in (("en", "Anew", None), ("de", "Neu", 2)):
        async with agency_scope(school.educator):
            draft = await draft_content(
                school.educator, item.id, language=language, words=Words(title, "x"), source_version=source
            )
        await school.publish(draft.id)
        assert {job.state for job in await school.cast.run_jobs("spread_content")} == {"done"}
    assert await titles(school, follower.id) == [("de", 1, "Neu"), ("en", 1, "A title"), ("en", 2, "Anew")]
    async with agency_scope(school.cast.system):
        followed = await ContentItem.get(id=follower.id)
        current = await ContentVersion.get(id=followed.current_version_id)
    assert (current.title, current.workspace_id, current.published_by_id) == ("Anew", other, None)


async def test_what_follows_is_written_only_after_it_has_stopped(school: School, other: UUID) -> None:
    item, _ = await school.published()
    owner = whole(school)
    async with agency_scope(owner):
        follower = await follow_content(owner, item.id, workspace_id=other)
    with pytest.raises(Conflict, match="follows"):
        async with agency_scope(owner):
            await draft_content(owner, follower.id, language="en", words=Words("a", "a"))
    async with agency_scope(owner):
        await stop_following(owner, follower.id)
        draft = await draft_content(owner, follower.id, language="en", words=Words("Own", "a"))
        await submit_draft(owner, draft.id)
    admin = school.cast.actors["admin"]
    async with agency_scope(admin):
        await publish_draft(admin, draft.id)
    assert await titles(school, follower.id) == [("en", 1, "A title"), ("en", 2, "Own")]


async def test_nothing_is_followed_twice_from_itself_or_in_a_chain(school: School, other: UUID) -> None:
    item, _ = await school.published()
    owner, third = whole(school), await school.cast.empty_workspace()
    async with agency_scope(owner):
        follower = await follow_content(owner, item.id, workspace_id=other)
    for item_id, client in ((item.id, other), (item.id, school.client), (follower.id, third)):
        with pytest.raises(Conflict):
            async with agency_scope(owner):
                await follow_content(owner, item_id, workspace_id=client)
    unpublished, _ = await school.draft()
    with pytest.raises(Conflict, match="nothing"):
        async with agency_scope(owner):
            await follow_content(owner, unpublished, workspace_id=other)


async def test_only_who_sees_both_clients_copies_or_follows(school: School, other: UUID, globex: Cast) -> None:
    item, _ = await school.published()
    foreign = globex.workspaces["forum"]
    for actor, item_id, client in (
        (school.educator, item.id, other),  # sees the source alone
        (school.cast.owner.narrowed_to(other), item.id, other),  # sees the target alone
        (globex.owner, item.id, foreign),
        (whole(school), item.id, foreign),
        (whole(school), new_id(), other),
    ):
        for attempt in (
            lambda who, what, where: follow_content(who, what, workspace_id=where),
            lambda who, what, where: copy_content(who, what, workspace_id=where, slug="x-y"),
        ):
            with pytest.raises(NotFound):
                async with agency_scope(actor):
                    await attempt(actor, item_id, client)
