"""What to write next: by how many readers went away without an answer, with why."""

import httpx
from cast import Cast, ask
from education.conftest import School

from backend.education import ContentFeedback, content_to_write, search_content
from tenants.rights import Role
from tenants.scope import agency_scope


async def looked_for(school: School, text: str, times: int) -> None:
    async with agency_scope(school.educator):
        for _ in range(times):
            await search_content(school.educator, school.client, text=text)


async def voted(school: School, version_id: object, *, helpful: int, unhelpful: int) -> None:
    async with agency_scope(school.system):
        for number in range(helpful + unhelpful):
            await ContentFeedback.create(
                workspace_id=school.client, version_id=version_id, is_helpful=number < helpful,
                has_solved=None if number < helpful else False,
            )  # fmt: skip


async def test_what_leaves_most_readers_without_an_answer_comes_first(school: School, api: httpx.AsyncClient) -> None:
    await looked_for(school, "refund invoice", 3)
    await looked_for(school, "two factor", 7)
    bad, version = await school.published("Turn it off and on.")
    await voted(school, version.id, helpful=1, unhelpful=5)
    _, few = await school.published("Read this.")
    await voted(school, few.id, helpful=0, unhelpful=4)  # too few to say
    _, fine = await school.published("And that.")
    await voted(school, fine.id, helpful=30, unhelpful=6)  # one in six may be chance
    async with agency_scope(school.educator):
        found = await content_to_write(school.educator, school.client)
    assert [(each.kind, each.unserved, each.of, each.words, each.item_id, each.unsolved) for each in found] == [
        ("search", 7, 7, "factor two", None, 0),
        ("article", 5, 6, None, bad.id, 5),
        ("search", 3, 3, "invoice refund", None, 0),
    ]
    query = "query($w: ID!) { contentToWrite(workspaceId: $w) { reason unserved content { id } } }"
    answer = await ask(api, school.token("educator"), query, w=f"workspace_{school.client}")
    assert answer["data"]["contentToWrite"][1] == {"reason": "ARTICLE", "unserved": 5, "content": {"id": f"content_{bad.id}"}}  # fmt: skip


async def test_what_was_written_meanwhile_is_not_suggested_again(school: School) -> None:
    await looked_for(school, "refund", 2)
    item, version = await school.published("How to get a refund.")
    await voted(school, version.id, helpful=0, unhelpful=9)
    async with agency_scope(school.educator):
        assert [each.item_id for each in await content_to_write(school.educator, school.client)] == [item.id]


async def test_who_does_not_teach_and_who_is_elsewhere_are_told_nothing(
    school: School, api: httpx.AsyncClient, globex: Cast
) -> None:
    await looked_for(school, "refund", 2)
    await school.hire("helper", Role.SUPPORT)
    query = "query($w: ID!) { contentToWrite(workspaceId: $w) { words } }"
    for token in (school.token("helper"), globex.tokens["owner"]):
        answer = await ask(api, token, query, w=f"workspace_{school.client}")
        assert answer["data"] == {"contentToWrite": []}
