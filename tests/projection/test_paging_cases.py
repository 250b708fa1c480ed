"""Pages in orders that are harder: rows without a value, columns that run different ways, clients put together."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from cast import Cast, ask

from backend.moderation import Case, count_cases_again
from tenants.actor import system
from tenants.rights import Role
from tenants.scope import agency_scope

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
QUERY = """query($first: Int, $after: String, $last: Int, $before: String, $order: CaseOrder, $filter: CaseFilter) {
    cases(first: $first, after: $after, last: $last, before: $before, orderBy: $order, filter: $filter) {
      totalCount edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"""


@pytest.fixture(scope="module")
async def clients(acme: Cast) -> tuple[str, list[UUID]]:
    """A contractor of two clients with 30 cases in all: a third closed, at four moments, many with as many reports."""
    workspaces = [await acme.empty_workspace() for _ in range(2)]
    who = f"pager-{workspaces[0]}"  # made anew where half of the module moves to another process
    await acme.hire(who, Role.CONTRACTOR, workspaces, ends_at=datetime(2100, 1, 1, tzinfo=UTC))
    slugs = {id: slug for slug, id in acme.workspaces.items()}
    for n in range(30):
        workspace_id = workspaces[n % 2]
        post = await acme.post(workspace=slugs[workspace_id])
        queue_id = await acme.queue_id(workspace_id)
        closed = n % 3 == 0
        async with agency_scope(acme.system):
            await Case.create(
                workspace_id=workspace_id,
                queue_id=queue_id,
                post_id=post.id,
                member_id=post.member_id,
                state="closed" if closed else "queued",
                outcome="no_violation" if closed else None,
                closed_at=EPOCH + timedelta(days=n % 4) if closed else None,
                tier=("high", "low", "danger")[n % 3],
                severity="low",
                report_count=n % 5,
                opened_at=EPOCH + timedelta(hours=n % 7),
                due_at=EPOCH,
                virtual_deadline=EPOCH + timedelta(hours=n % 6),
            )
    for workspace_id in workspaces:
        counting = system(acme.agency_id, workspace_id=workspace_id)
        async with agency_scope(counting):
            await count_cases_again(counting, {})
    return acme.tokens[who], workspaces


async def page(api: httpx.AsyncClient, token: str, **arguments: Any) -> Any:
    answer = await ask(api, token, QUERY, **arguments)
    assert "errors" not in answer, answer
    return answer["data"]["cases"]


LAST = datetime.max.replace(tzinfo=UTC)
ORDERS = {
    "RECENTLY_CLOSED": lambda case: (
        case.closed_at is None,
        -(case.closed_at or EPOCH).timestamp(),
        -case.id.int,
    ),
    "MOST_REPORTED": lambda case: (-case.report_count, case.opened_at, case.id.int),
    "MOST_URGENT": lambda case: (case.virtual_deadline, case.id.int),
    "NEWEST": lambda case: (-case.opened_at.timestamp(), -case.id.int),
}
FILTERS: list[tuple[dict[str, Any] | None, Any]] = [
    (None, lambda case: True),
    ({"state": ["QUEUED", "CLOSED", "IN_REVIEW"]}, lambda case: True),
    ({"state": ["CLOSED"], "tier": ["HIGH", "LOW"]}, lambda case: case.state == "closed" and case.tier != "danger"),
    ({"tier": []}, lambda case: False),
    ({"isOverdue": False}, lambda case: case.state == "closed"),
]


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize(("given", "meets"), FILTERS)
@pytest.mark.parametrize("size", [1, 4, 100])
async def test_both_ways_meet_every_case_once_and_in_order(
    api: httpx.AsyncClient, acme: Cast, clients: tuple[str, list[UUID]], order: str, given: Any, meets: Any, size: int
) -> None:
    token, workspaces = clients
    async with agency_scope(acme.system):
        cases = [case for case in await Case.filter(workspace_id__in=workspaces) if meets(case)]
    expected = [f"case_{case.id}" for case in sorted(cases, key=ORDERS[order])]
    forward: list[str] = []
    after = None
    while True:
        found = await page(api, token, first=size, after=after, order=order, filter=given)
        assert found["totalCount"] == len(expected)
        forward += [edge["node"]["id"] for edge in found["edges"]]
        if not found["pageInfo"]["hasNextPage"]:
            break
        after = found["pageInfo"]["endCursor"]
    assert forward == expected
    backward: list[str] = []
    before = None
    while True:
        found = await page(api, token, last=size, before=before, order=order, filter=given)
        backward = [edge["node"]["id"] for edge in found["edges"]] + backward
        if not found["pageInfo"]["hasPreviousPage"]:
            break
        before = found["pageInfo"]["startCursor"]
    assert backward == expected


async def test_between_a_closed_case_and_an_open_one(api: httpx.AsyncClient, clients: tuple[str, list[UUID]]) -> None:
    token, _ = clients
    everything = (await page(api, token, first=100, order="RECENTLY_CLOSED"))["edges"]
    for start, stop in ((3, 20), (0, 5), (12, 29)):
        arguments = {"after": everything[start]["cursor"], "before": everything[stop]["cursor"]}
        ahead = await page(api, token, first=100, order="RECENTLY_CLOSED", **arguments)
        assert ahead["edges"] == everything[start + 1 : stop]
        back = await page(api, token, last=3, order="RECENTLY_CLOSED", **arguments)
        assert back["edges"] == everything[max(start + 1, stop - 3) : stop]


async def test_what_a_cursor_may_not_say(api: httpx.AsyncClient, clients: tuple[str, list[UUID]]) -> None:
    """Values of other types, too many, too few, null where there is none: refused, never an error of ours."""
    import base64

    token, _ = clients
    id = "01a1fc00-c867-73f0-80a2-b0de5136d0f1"
    for keys in (
        "[null]",
        "[1]",
        '["x"]',
        '["2026-01-01"]',
        "[]",
        "[1, 2]",
        "{}",
        "null",
        "[1e400]",
        '[[""]]',
        '["',
        "[true]",
    ):
        cursor = base64.b64encode(f"Query.cases virtual_deadline {keys} {id}".encode()).decode()
        answer = await ask(api, token, QUERY, first=1, after=cursor)
        assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT", keys
