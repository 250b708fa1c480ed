"""Legal holds: what may be needed as evidence is not erased."""

from typing import Any

import httpx
import pytest
from cast import Cast, ask

from backend.evidence import Hold, is_held, lift_hold, place_hold
from backend.journal import JournalEntry
from backend.kit.errors import Conflict, NotAllowed, NotFound
from backend.kit.ids import new_id
from tenants.scope import agency_scope


async def test_a_member_is_held_until_the_hold_is_lifted(acme: Cast) -> None:
    post = await acme.post()
    async with agency_scope(acme.owner):
        hold_id = await place_hold(acme.owner, post.workspace_id, member_id=post.member_id, reason="A lawsuit.")
        assert await is_held(post.workspace_id, member_id=post.member_id)
        assert not await is_held(post.workspace_id, member_id=new_id())
        await lift_hold(acme.owner, hold_id, grounds="It is over.")
        assert not await is_held(post.workspace_id, member_id=post.member_id)
        hold = await Hold.get(id=hold_id)
        assert (hold.subject_kind, hold.subject_id, hold.reason) == ("member", post.member_id, "A lawsuit.")
        assert (hold.placed_by_id, hold.lifted_by_id) == (acme.owner.membership_id, acme.owner.membership_id)
        entries = await JournalEntry.filter(subject_id=hold_id).order_by("id")
        assert [(entry.action, entry.grounds) for entry in entries] == [
            ("hold.placed", None),
            ("hold.lifted", "It is over."),
        ]


async def test_a_hold_on_a_client_is_on_all_its_members(acme: Cast) -> None:
    client = await acme.empty_workspace()
    async with agency_scope(acme.owner):
        await place_hold(acme.owner, client, reason="x")
        assert await is_held(client)
        assert await is_held(client, member_id=new_id())


async def test_the_same_hold_is_placed_once_and_lifted_once(acme: Cast) -> None:
    client = await acme.empty_workspace()
    async with agency_scope(acme.owner):
        hold_id = await place_hold(acme.owner, client, reason="x")
        with pytest.raises(Conflict):
            await place_hold(acme.owner, client, reason="x")
        await lift_hold(acme.owner, hold_id, grounds="x")
        with pytest.raises(Conflict):
            await lift_hold(acme.owner, hold_id, grounds="x")


async def test_only_who_has_the_right_places_holds_and_only_on_what_is_theirs(acme: Cast, globex: Cast) -> None:
    theirs = await globex.post()
    shop = await acme.post(workspace="shop")
    async with agency_scope(acme.lead):
        with pytest.raises(NotAllowed):
            await place_hold(acme.lead, acme.workspaces["forum"], reason="x")
    async with agency_scope(acme.deputy):
        for workspace_id, member_id in (
            (theirs.workspace_id, theirs.member_id),
            (shop.workspace_id, shop.member_id),
            (acme.workspaces["forum"], shop.member_id),
            (new_id(), None),
        ):
            with pytest.raises(NotFound):
                await place_hold(acme.deputy, workspace_id, member_id=member_id, reason="x")


async def test_through_the_api_a_hold_is_seen_and_keeps_a_member_from_being_erased(
    api: httpx.AsyncClient, acme: Cast
) -> None:
    post = await acme.post()
    member, workspace = f"member_{post.member_id}", f"workspace_{post.workspace_id}"

    async def do(document: str, **variables: str) -> dict[str, Any]:
        answer = await ask(api, acme.tokens["owner"], document, **variables)
        assert "errors" not in answer, answer
        return answer["data"]

    placed = await do(
        """mutation($w: ID!, $m: ID) { placeHold(input: { workspaceId: $w, memberId: $m, reason: "A lawsuit." }) {
            hold { id subjectKind subjectId reason placedBy { name } liftedAt } userErrors { code } } }""",
        w=workspace,
        m=member,
    )
    hold = placed["placeHold"]["hold"]
    assert hold == {
        "id": hold["id"],
        "subjectKind": "MEMBER",
        "subjectId": member,
        "reason": "A lawsuit.",
        "placedBy": {"name": "owner of acme"},
        "liftedAt": None,
    }
    erase = """mutation($m: ID!) { eraseMember(input: { memberId: $m, grounds: "x" }) {
        member { id erasedAt } userErrors { code } } }"""
    assert await do(erase, m=member) == {"eraseMember": {"member": None, "userErrors": [{"code": "ON_HOLD"}]}}
    holds = "query($w: ID!) { workspace(id: $w) { holds(first: 1) { nodes { id } } } }"
    assert await do(holds, w=workspace) == {"workspace": {"holds": {"nodes": [{"id": hold["id"]}]}}}
    seen = await ask(api, acme.tokens["lead"], holds, w=workspace)
    assert seen == {"data": {"workspace": {"holds": {"nodes": []}}}}
    await do(
        'mutation($h: ID!) { liftHold(input: { holdId: $h, grounds: "over" }) { hold { liftedAt } userErrors { code } } }',
        h=hold["id"],
    )
    assert await do(erase, m=member) == {"eraseMember": {"member": {"id": member, "erasedAt": None}, "userErrors": []}}
    [job] = await acme.run_jobs("erase_member")
    assert job.state == "done", job.last_error
    answer = await do("query($m: ID!) { member(id: $m) { handle erasedAt posts { nodes { text } } } }", m=member)
    assert answer["member"]["erasedAt"] is not None
    assert (answer["member"]["handle"], answer["member"]["posts"]) == ("erased", {"nodes": [{"text": ""}]})
