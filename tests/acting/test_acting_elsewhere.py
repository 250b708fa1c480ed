"""Slack, a site that confirms by itself, and communities that live in Tend: each does what it can, and says what it cannot."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import orjson
import pytest
from acting.conftest import Place, let, place, served
from acting.fake_discourse import FakeDiscourse
from acting.fake_slack import FakeSlack
from cast import Cast
from standardwebhooks.webhooks import Webhook
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from backend.acting import check_connection
from backend.communities import Member, MemberWarning, create_community
from backend.intake import connect_community
from backend.kit.clock import now
from backend.kit.ids import new_id
from backend.outside import allow_origins
from tenants.scope import agency_scope

MESSAGE = ("C1", "1700000000.000100")


async def test_a_message_is_deleted_on_slack_and_nobody_can_bring_it_back(chat: Place, slack_there: FakeSlack) -> None:
    action = await chat.order("delete_post")
    await chat.turn()
    assert ((await chat.read(action)).state, MESSAGE in slack_there.messages) == ("confirmed", False)
    [back] = await chat.take_back()
    assert (back.state, back.problem) == (
        "failed",
        "What is deleted on Slack is gone: nobody can bring it back. Say here when it is done.",
    )


async def test_a_member_of_slack_is_told_once(chat: Place, slack_there: FakeSlack) -> None:
    action = await chat.order("tell_member", message="Not <!channel>")
    await chat.turn()
    assert (await chat.read(action)).state == "confirmed"
    [told] = [each for (channel, _), each in slack_there.messages.items() if channel == "DU17"]
    assert told["text"] == "Not &lt;!channel&gt;"
    async with agency_scope(chat.cast.system) as scope:
        await scope.execute("update actions set state = 'queued', confirmed_at = null where id = $1", action.id)
    await chat.as_if_due()
    assert len(slack_there.messages) == 2


@pytest.mark.parametrize("kind", ["hide_post", "silence_member", "suspend_member"])
async def test_what_slack_cannot_do_is_for_a_human_at_once(chat: Place, kind: str) -> None:
    action = await chat.order(kind)
    assert (action.state, action.tries) == ("failed", 0)
    assert (action.problem or "").startswith("Slack ")
    assert await chat.take_back() == []
    assert await chat.all() == [(kind, "cancelled")]


async def test_slack_that_lies_or_asks_for_rest_is_waited_for(chat: Place, slack_there: FakeSlack) -> None:
    slack_there.limited = 1
    action = await chat.order("delete_post")
    await chat.turn()
    assert (await chat.read(action)).tries == 0
    slack_there.lies = True
    await chat.as_if_due()
    assert (await chat.read(action)).state == "sent"
    slack_there.lies = False
    await chat.as_if_due()
    assert (await chat.read(action)).state == "confirmed"


async def test_a_bot_deletes_nothing_of_others(chat: Place, slack_there: FakeSlack) -> None:
    slack_there.bot = True
    action = await chat.order("delete_post")
    await chat.turn()
    assert (await chat.read(action)).problem == (
        "The token may not delete messages of others: it takes the user token of an admin."
    )


class Site:
    """What it was sent, verified; `status` is what it answers."""

    def __init__(self) -> None:
        self.told: list[Any] = []
        self.secret = ""
        self.status = 204

    def app(self) -> Starlette:
        return Starlette(routes=[Route("/orders", self._take, methods=["POST"])])

    async def _take(self, request: Request) -> Response:
        self.told.append(Webhook(self.secret).verify(await request.body(), dict(request.headers)))
        return Response("", self.status)


@pytest.fixture
async def site(acme: Cast) -> Any:
    there = Site()
    async with served(there.app()) as origin:
        allow_origins([origin])
        where = await place(acme, "webhook")
        there.secret = await let(where, api_key=None, address=f"{origin}/orders") or ""
        yield where, there


async def say(api: httpx.AsyncClient, where: Place, type: str, action: Any, **data: Any) -> None:
    body = orjson.dumps({"type": type, "timestamp": now(), "data": {"action": {"id": f"action_{action.id}"}, **data}})
    id, moment = f"msg_{new_id()}", now()
    headers = {
        "webhook-id": id,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": Webhook(where.secret).sign(id, moment, body.decode()),
    }
    answer = await api.post(where.path, content=body, headers=headers)
    assert answer.status_code == 200, answer.text
    await where.cast.run_jobs("take_in_delivery")


async def test_a_site_is_asked_by_a_signed_webhook_and_its_echo_confirms(site: Any, api: httpx.AsyncClient) -> None:
    where, there = site
    until = now() + timedelta(days=1)
    action = await where.order("silence_member", until=until, message="Rude.")
    await where.turn()
    assert (await where.read(action)).state == "sent"
    [told] = there.told
    assert (told["type"], told["data"]["member"]["id"], told["data"]["post"]) == (
        "action.ordered",
        "17",
        {"id": "4711"},
    )
    assert told["data"]["action"] == {
        "id": f"action_{action.id}",
        "kind": "SILENCE_MEMBER",
        "until": until.isoformat(),
        "message": "Rude.",
        "reverses": None,
    }
    await say(api, where, "action.confirmed", action)
    await say(api, where, "action.confirmed", action)
    assert (await where.read(action)).state == "confirmed"
    await where.as_if_due()
    assert len(there.told) == 1


async def test_a_site_that_says_why_not_or_stays_silent_for_a_day_is_for_a_human(
    site: Any, api: httpx.AsyncClient
) -> None:
    where, there = site
    refused, silent = await where.order("hide_post"), await where.order("delete_post")
    await where.turn()
    await say(api, where, "action.failed", refused, reason="It is gone.")
    assert ((await where.read(refused)).state, (await where.read(refused)).problem) == (
        "failed",
        "The site could not do it: It is gone.",
    )
    await where.as_if_due()
    assert (await where.read(silent)).problem == "The site took it, and did not confirm within a day that it is done."
    await say(api, where, "action.confirmed", silent)
    assert ((await where.read(silent)).state, (await where.post()).removed_at is not None) == ("confirmed", True)
    assert len(there.told) == 2


async def test_no_site_confirms_what_another_was_asked(
    site: Any, acme: Cast, globex: Cast, api: httpx.AsyncClient
) -> None:
    where, _ = site
    action = await where.order("hide_post")
    await where.turn()
    async with agency_scope(acme.owner):
        neighbour = await create_community(acme.owner, where.workspace_id, slug="second", name="Second")
        made = await connect_community(acme.owner, neighbour.id, platform="webhook", address=None, secret=None)
    beside = replace(where, path=urlsplit(made.deliver_to or "").path, secret=made.secret or "")
    for other in (beside, await place(acme, "webhook"), await place(globex, "webhook")):
        await say(api, other, "action.confirmed", action)
        await say(api, other, "action.failed", action, reason="x")
    assert (await where.read(action)).state == "sent"


async def test_a_site_that_does_not_take_it_is_asked_again(site: Any) -> None:
    where, there = site
    there.status = 400
    action = await where.order("hide_post")
    await where.turn()
    assert (await where.read(action)).problem == "The site does not take what it is asked (400)."
    there.status = 200
    await where.as_if_due()
    assert ((await where.read(action)).state, len(there.told)) == ("sent", 2)


class Mastodon:
    def __init__(self) -> None:
        self.account: dict[str, Any] = {"id": "17", "silenced": False, "suspended": False}
        self.texts: list[str] = []

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/api/v1/admin/accounts", self._list),
                Route("/api/v1/admin/accounts/17", self._show),
                Route("/api/v1/admin/accounts/17/{way}", self._change, methods=["POST"]),
            ]
        )

    async def _list(self, request: Request) -> Response:
        if request.headers["authorization"] != "Bearer a-token":
            return JSONResponse({"error": "The access token is invalid"}, 401)
        return JSONResponse([self.account])

    async def _show(self, _request: Request) -> Response:
        return JSONResponse(self.account)

    async def _change(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode()))
        way = request.path_params["way"]
        kind = form["type"] if way == "action" else way.removeprefix("un")
        self.account[{"silence": "silenced", "suspend": "suspended"}[kind]] = way == "action"
        self.texts.append(form.get("text", ""))
        return JSONResponse({})


async def test_mastodon_silences_and_suspends_without_end_and_lets_in_again(acme: Cast) -> None:
    there = Mastodon()
    async with served(there.app()) as origin:
        allow_origins([origin])
        where = await place(acme, "mastodon")
        await let(where, api_key="a-token", address=origin)
        await where.order("silence_member", message="Rude.")
        await where.order("suspend_member")
        await where.turn()
        assert there.account == {"id": "17", "silenced": True, "suspended": True}
        assert there.texts == ["Rude.", ""]
        await where.take_back()
        await where.turn()
        assert there.account == {"id": "17", "silenced": False, "suspended": False}
        assert {state for _, state in await where.all()} == {"confirmed"}
        for_a_while = await where.order("silence_member", until=now() + timedelta(days=1))
        deleted = await where.order("delete_post")
        await where.turn()
        assert ((await where.read(for_a_while)).problem or "").startswith("Mastodon knows no end of this")
        assert deleted.state == "failed"
        async with agency_scope(acme.owner):
            assert [each.is_fine for each in await check_connection(acme.owner, where.community_id)] == [True, True]
        await let(where, api_key="another-token", address=origin)
        async with agency_scope(acme.owner):
            assert not (await check_connection(acme.owner, where.community_id))[0].is_fine


async def test_nothing_is_done_to_whoever_was_forgotten(forum: Place, discourse: FakeDiscourse) -> None:
    action = await forum.order("silence_member")
    async with agency_scope(forum.cast.system):
        await Member.filter(id=forum.member_id).update(erased_at=now())
    await forum.turn()
    assert ((await forum.read(action)).state, discourse.calls) == ("failed", [])


async def test_a_community_that_lives_in_tend_shows_it_at_once(acme: Cast) -> None:
    where = await place(acme, "built_in")
    hidden, deleted = await where.order("hide_post"), await where.order("delete_post")
    told = await where.order("warn_member", message="Please.")
    silenced = await where.order("silence_member")
    await where.turn()
    assert {(await where.read(each)).state for each in (hidden, deleted, told)} == {"confirmed"}
    assert ((await where.read(silenced)).state, (await where.post()).hidden_at is None) == ("failed", False)
    async with agency_scope(acme.system):
        assert (await MemberWarning.get(action_id=told.id)).text == "Please."
    assert [each.kind for each in await where.take_back()] == ["unhide_post", "recover_post"]
    await where.turn()
    post = await where.post()
    assert (post.hidden_at, post.removed_at) == (None, None)
