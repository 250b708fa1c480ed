"""A selection is the shape of the payload: read when it is sent, with no more than whoever made it may see."""

from typing import Any
from uuid import UUID

import pytest
from cast import Cast
from webhooks.conftest import attempts, deliveries, endpoint, make_due, run_turns, server

from backend.kit.errors import Invalid
from backend.leaving import close_workspace, reopen_workspace
from backend.moderation import claim_next
from backend.webhooks import Wanted, WebhookEndpoint, change_endpoint, create_endpoint, shaping
from tenants.actor import Actor
from tenants.rights import Role
from tenants.scope import agency_scope, current


async def test_data_is_what_the_selection_answers_when_it_is_sent(acme: Cast) -> None:
    async with server() as there:
        await endpoint(acme, there.url, selection="{ __typename ... on Case { id state post { text } } }")
        case = await acme.case()
        who = acme.owner.narrowed_to(case.workspace_id)
        async with agency_scope(who) as scope:
            await scope.execute("update cases set virtual_deadline = '2000-01-01' where id = $1", case.id)
            await claim_next(who)
        await run_turns(acme)
    [sent] = there.sent
    assert sent.told["data"] == {
        "__typename": "Case",
        "id": f"case_{case.id}",
        "state": "IN_REVIEW",
        "post": {"text": "hello"},
    }


async def test_a_subject_of_a_type_that_is_not_named_gives_an_empty_object(acme: Cast) -> None:
    async with server() as there:
        await endpoint(acme, there.url, selection="{ ... on Export { id } }")
        await acme.case()
        await run_turns(acme)
    assert there.sent[0].told["data"] == {}


@pytest.mark.parametrize(
    "selection",
    [
        "id",
        "{ nonsense }",
        "{ id",
        "{ id } }",
        '{ id } other: node(id: "case_00000000-0000-7000-8000-000000000000") { id }',
        "{ id } } query Other { agency { id }",
        "{ id } } mutation M { claimNextCase(input: {}) { claimToken }",
        "{ ...Other } } fragment Other on Node { id",
        "{ ... on Case { id post { text replies(first: $n) { nodes { id } } } } }",
        "{ ... on Case { reports(first: 101) { nodes { id } } } }",
        "{ ... on Case { reports(first: -1) { nodes { id } } } }",
        '{ ... on Case { reports(after: "nonsense") { nodes { id } } } }',
        "{ ... on Case { reports(after: $id) { nodes { id } } } }",
        '{ ... on Case { workspace { members(filter: { handle: "\\u0000" }) { nodes { id } } } } }',
        '{ ... on Workspace { members(filter: { handle: "\\ud800" }) { nodes { id } } } }',
        "{ ... on Workspace { members(first: 100) { nodes { posts(first: 5) { nodes { id } } } } } }",
        "{ ... on Workspace { cases(first: 100) { nodes { post { member { posts(first: 100) { nodes { id } } } } } } } }",
        "{ ... on Case { queue { cases { nodes { queue { cases { nodes { queue { cases { nodes { id } } } } } } } } } } }",
    ],
)
async def test_what_is_no_selection_or_too_much_of_one_is_refused(acme: Cast, selection: str) -> None:
    with pytest.raises(Invalid) as refused:
        await endpoint(acme, "https://example.com/", selection=selection)
    assert refused.value.path == ("input", "selection")


async def test_a_selection_that_cannot_be_served_any_more_gives_ids_alone(acme: Cast) -> None:
    async with server() as there:
        issued = await endpoint(acme, there.url, selection="{ ... on Case { id } }")
        async with agency_scope(acme.system):
            await WebhookEndpoint.filter(id=issued.endpoint.id).update(
                selection="{ ... on Case { reports(first: 101) { nodes { id } } } }"
            )
        case = await acme.case()
        await run_turns(acme)
    [sent] = there.sent
    assert (sent.told["data"], sent.told["isReduced"]) == ({"id": f"case_{case.id}"}, True)


class Slow:
    """Its statements take longer than any selection may."""

    def check(self, selection: str) -> None:
        pass

    async def read(self, actor: Actor, selection: str, *, kind: str, id: UUID) -> bytes | None:
        await current().execute("select pg_sleep(30)")
        return b"{}"


class Broken(Slow):
    async def read(self, actor: Actor, selection: str, *, kind: str, id: UUID) -> bytes | None:
        await current().execute("select 1 / 0")
        return b"{}"


@pytest.mark.parametrize(("shaper", "why"), [(Slow(), "takes too long"), (Broken(), "fails")])
async def test_a_selection_that_cannot_be_read_is_a_failed_attempt_and_holds_up_nothing(
    acme: Cast, monkeypatch: pytest.MonkeyPatch, shaper: Slow, why: str
) -> None:
    monkeypatch.setattr(shaping, "_shaper", shaper)
    monkeypatch.setattr(shaping, "READ_SECONDS", 1)
    async with server() as there:
        unreadable = await endpoint(acme, there.url, selection="{ ... on Case { id } }")
        plain = await endpoint(acme, there.url)
        await acme.case()
        await run_turns(acme)
        assert len(there.sent) == 1
        [arrived], [failed] = await deliveries(acme, plain), await deliveries(acme, unreadable)
        assert (arrived.state, failed.state, failed.attempt) == ("delivered", "waiting", 1)
        assert await attempts(acme, failed) == [(None, f"Nothing was sent: to read what the selection asks for {why}.")]
        monkeypatch.undo()
        await make_due(acme, unreadable)
        await run_turns(acme)
        assert len(there.sent) == 2


async def test_what_is_too_large_is_its_id_alone(acme: Cast) -> None:
    async with server() as there:
        await endpoint(acme, there.url, selection="{ ... on Case { id post { text } } }")
        post = await acme.post("x" * 20_000)
        from backend.moderation import Case, report_post

        async with agency_scope(acme.owner):
            await report_post(acme.owner, post.id, reason="long", policy_id=acme.policies["harassment"])
            case = await Case.get(post_id=post.id)
        await run_turns(acme)
    [sent] = there.sent
    assert len(sent.body) < 1_000
    assert sent.told["data"] == {"id": f"case_{case.id}"}
    assert sent.told["isReduced"] is True


async def test_it_reads_only_what_its_scopes_say(acme: Cast) -> None:
    """As they were when it was made: whoever made it could not read content."""
    async with server() as there:
        issued = await endpoint(acme, there.url, selection="{ ... on Case { id post { id text } } }")
        async with agency_scope(acme.system):
            await WebhookEndpoint.filter(id=issued.endpoint.id).update(scopes=["read_workspace", "read_cases"])
        case = await acme.case()
        await run_turns(acme)
        async with agency_scope(acme.system):
            await WebhookEndpoint.filter(id=issued.endpoint.id).update(scopes=["read_workspace"])
        await acme.case()
        await run_turns(acme)
    assert there.sent[0].told["data"] == {"id": f"case_{case.id}", "post": None}
    assert there.sent[1].told["isReduced"] is True


async def test_whoever_made_it_lends_it_no_more_than_they_have(acme: Cast) -> None:
    """Narrowed, demoted, suspended, gone: told of less and less, and told all the same. Who changes it lends it theirs."""
    maker = await acme.hire("maker", Role.ADMIN, [])
    selection = "{ ... on Case { id journal(first: 1) { totalCount } post { text } } }"
    async with server() as there:
        async with agency_scope(maker):
            wanted = Wanted(there.url, "", ["case_reported"], selection=selection)
            issued = await create_endpoint(maker, wanted, workspace_id=None)

        async def told_after(change: str) -> Any:
            async with agency_scope(acme.system) as scope:
                await scope.execute(
                    f"update memberships set {change} where agency_id = $1 and id = $2",
                    acme.agency_id,
                    maker.membership_id,
                )
            case = await acme.case()
            await run_turns(acme)
            told = there.sent[-1].told
            assert told["data"]["id"] == f"case_{case.id}"
            return told if "isReduced" in told else told["data"]

        whole = {"post": {"text": "hello"}, "journal": {"totalCount": 1}}
        assert {**await told_after("name = name"), "id": 0} == {**whole, "id": 0}
        contractor = await told_after("role = 'contractor', sees_all = true, ends_at = now() + interval '1 hour'")
        assert contractor["journal"] == {"totalCount": 0}
        for change in (
            "role = 'support'",
            "role = 'lead', sees_all = false",
            "sees_all = true, suspended_at = now()",
            "suspended_at = null, ends_at = null, starts_at = now() + interval '1 hour'",
            "starts_at = null, ends_at = now() - interval '1 hour'",
        ):
            assert (await told_after(change))["isReduced"] is True, change
        async with agency_scope(acme.owner):
            await change_endpoint(acme.owner, issued.endpoint.id, wanted)
        assert "isReduced" not in await told_after("name = name")
        assert {delivery.state for delivery in await deliveries(acme, issued)} == {"delivered"}


async def test_scopes_are_what_whoever_made_it_may_read(acme: Cast) -> None:
    issued = await endpoint(acme, "https://example.com/")
    assert issued.endpoint.scopes == ["read_cases", "read_content", "read_journal", "read_staff", "read_workspace"]


async def test_an_endpoint_of_one_client_reads_nothing_of_another(acme: Cast) -> None:
    async with server() as there:
        selection = "{ ... on Case { journal(first: 1) { totalCount } assignee { assignments(first: 9) { nodes { workspace { slug } } } } } }"
        await endpoint(acme, there.url, "case.claimed", selection=selection)
        case = await acme.case()
        moderator = acme.moderator.narrowed_to(case.workspace_id)
        async with agency_scope(moderator) as scope:
            await scope.execute("update cases set virtual_deadline = '2000-01-01' where id = $1", case.id)
            await claim_next(moderator)
        await run_turns(acme)
    nodes = there.sent[0].told["data"]["assignee"]["assignments"]["nodes"]
    assert [node["workspace"] for node in nodes if node["workspace"]] == [{"slug": "forum"}]


async def test_of_a_closed_client_only_ids_are_told(acme: Cast) -> None:
    client = await acme.empty_workspace()
    async with server() as there:
        await endpoint(
            acme, there.url, "workspace.closed", workspace=None, selection="{ ... on Workspace { id slug } }"
        )
        async with agency_scope(acme.owner):
            await close_workspace(acme.owner, client, grounds="x")
        await run_turns(acme)
        async with agency_scope(acme.owner):
            await reopen_workspace(acme.owner, client)
    assert there.sent[0].told["data"] == {"id": f"workspace_{client}"}
    assert there.sent[0].told["isReduced"] is True


async def test_an_endpoint_of_the_whole_agency_reads_nothing_of_a_client_that_is_closed(acme: Cast) -> None:
    """The scope of the job would reach it: what the endpoint reads is held back by its own reach."""
    closed = await acme.empty_workspace()
    slug = next(slug for slug, id in acme.workspaces.items() if id == closed)
    who = await acme.hire("both-clients", Role.MODERATOR, [acme.workspaces["forum"], closed])
    selection = "{ ... on Case { assignee { assignments(first: 9) { totalCount nodes { workspace { slug } } } } } }"
    seen = []
    async with server() as there:
        await endpoint(acme, there.url, "case.claimed", workspace=None, selection=selection)
        for is_closed in (False, True):
            if is_closed:
                async with agency_scope(acme.owner):
                    await close_workspace(acme.owner, closed, grounds="x")
            case = await acme.case()
            one = who.narrowed_to(case.workspace_id)
            async with agency_scope(one) as scope:
                await scope.execute("update cases set virtual_deadline = '2000-01-01' where id = $1", case.id)
                await claim_next(one)
            await run_turns(acme)
            found = there.sent[-1].told["data"]["assignee"]["assignments"]
            seen.append(
                (found["totalCount"], {node["workspace"] and node["workspace"]["slug"] for node in found["nodes"]})
            )
        async with agency_scope(acme.owner):
            await reopen_workspace(acme.owner, closed)
    assert seen == [(2, {"forum", slug}), (1, {"forum"})]
