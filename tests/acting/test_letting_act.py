"""The key with which Tend acts: who may give it, that nobody reads it again, and what is missing on the way."""

import logging
from datetime import timedelta
from typing import Any

import httpx
import pytest
from acting.conftest import Place, let, place
from acting.fake_discourse import KEY, STAFF, FakeDiscourse
from acting.fake_slack import SCOPES, FakeSlack
from cast import Cast, ask

from backend.acting import (
    ActingKey,
    check_connection,
    let_tend_act,
    retry_action,
    settle_action,
    stop_acting,
)
from backend.intake import connect_community, disconnect_community
from backend.kit.errors import Conflict, Invalid, NotAllowed, NotFound
from backend.notices import Notice
from tenants.scope import agency_scope

LET = """mutation($input: LetTendActInput!) { letTendAct(input: $input) {
  secret community { id connection { platform canAct address } } userErrors { code message } } }"""
CHECK = "mutation($id: ID!) { checkConnection(input: { communityId: $id }) { findings { isFine text } userErrors { code } } }"


async def findings(where: Place) -> list[tuple[bool, str]]:
    async with agency_scope(where.cast.owner):
        return [(each.is_fine, each.text) for each in await check_connection(where.cast.owner, where.community_id)]


async def test_a_key_is_given_once_and_stands_nowhere_in_the_clear(
    forum: Place, discourse: FakeDiscourse, api: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    given = {"communityId": f"community_{forum.community_id}", "apiKey": KEY, "apiUser": STAFF}
    async with agency_scope(forum.cast.system):
        address = (await ActingKey.get(connection_id=forum.connection_id)).address
    answer = await ask(api, forum.cast.tokens["owner"], LET, input={**given, "address": address})
    assert answer["data"]["letTendAct"]["community"]["connection"]["canAct"] is True
    await forum.order("hide_post")
    discourse.refuses = True
    await forum.turn()
    await findings(forum)
    async with agency_scope(forum.cast.system) as scope:
        found = [key.api_key for key in await ActingKey.filter(workspace_id=forum.workspace_id)]
        rows = await scope.fetch(
            """select t::text as row from journal t where workspace_id = $1 union all
               select t::text from actions t where workspace_id = $1 union all
               select t::text from notices t where workspace_id = $1 union all
               select t::text from jobs t where workspace_id = $1""",
            forum.workspace_id,
        )
    assert len(found) == 1
    assert KEY.encode() not in found[0]
    assert KEY not in f"{answer}{[row['row'] for row in rows]}{caplog.text}"


async def test_without_the_right_or_in_another_agency_nobody_gives_takes_or_checks_a_key(
    forum: Place, globex: Cast
) -> None:
    where = forum.community_id
    for actor, refusal in ((forum.cast.moderator, NotAllowed), (globex.owner, NotFound)):
        for attempt in (
            lambda actor=actor: let_tend_act(actor, where, api_key=KEY, api_user=STAFF, address=None),
            lambda actor=actor: stop_acting(actor, where),
            lambda actor=actor: check_connection(actor, where),
        ):
            with pytest.raises(refusal):
                async with agency_scope(actor):
                    await attempt()
    async with agency_scope(forum.cast.system):
        assert await ActingKey.filter(connection_id=forum.connection_id).count() == 1


@pytest.mark.parametrize(
    ("platform", "given", "field"),
    [
        ("discourse", {"api_key": None, "api_user": STAFF}, "apiKey"),
        ("discourse", {"api_key": KEY, "api_user": None}, "apiUser"),
        ("discourse", {"api_key": "line\nbreak", "api_user": STAFF}, "apiKey"),
        ("discourse", {"api_key": KEY, "api_user": STAFF, "address": "http://forum.example"}, "address"),
        ("webhook", {"api_key": "whsec_short", "api_user": None}, "apiKey"),
    ],
)
async def test_what_cannot_be_a_key_is_refused(acme: Cast, platform: str, given: dict[str, Any], field: str) -> None:
    where = await place(acme, platform)
    with pytest.raises(Invalid) as refused:
        await let(where, **given)
    assert refused.value.path == ("input", field)
    async with agency_scope(acme.system):
        assert not await ActingKey.exists(connection_id=where.connection_id)


async def test_a_key_ends_with_its_connection_and_does_not_serve_the_next(forum: Place) -> None:
    waiting = await forum.order("hide_post")
    async with agency_scope(forum.cast.owner) as scope:
        await disconnect_community(forum.cast.owner, forum.community_id)
        assert await scope.fetchval("select count(*) from acting_keys where workspace_id = $1", forum.workspace_id) == 0
    await forum.turn()
    assert (await forum.read(waiting)).problem == (
        "Tend may not act there any more: do it there by hand, then say so here."
    )
    async with agency_scope(forum.cast.owner):
        await connect_community(forum.cast.owner, forum.community_id, platform="webhook", address=None, secret=None)
    action = await forum.order("hide_post")
    assert (action.state, action.problem) == (
        "failed",
        "Tend has no key to act on the site: give it one and retry, or do it there by hand, then say so here.",
    )


async def test_without_a_key_a_human_is_asked_who_retries_or_does_it_by_hand(
    acme: Cast, the_discourse: Any, api: httpx.AsyncClient
) -> None:
    fake, origin = the_discourse
    fake.reset()
    fake.add_post(4711)
    where = await place(acme, "discourse")
    action, other = await where.order("hide_post"), await where.order("warn_member")
    async with agency_scope(acme.system):
        told = await Notice.get(kind="action_failed", subject_id=action.id)
        assert told.membership_id == acme.owner.membership_id
        assert told.text == f"Tend could not do what was decided, hiding a post. {action.problem}"
    listed = await ask(
        api,
        acme.tokens["owner"],
        """query($id: ID!) { node(id: $id) { ... on Workspace { actions(filter: { state: [FAILED] }) {
             totalCount nodes { kind problem orderedBy { name } case { id } } } } } }""",
        id=f"workspace_{where.workspace_id}",
    )
    assert listed["data"]["node"]["actions"]["totalCount"] == 2
    async with agency_scope(acme.owner):
        with pytest.raises(Conflict, match="Tend has no key"):
            await retry_action(acme.owner, action.id)
    await let(where, api_key=KEY, api_user=STAFF, address=origin)
    async with agency_scope(acme.owner):
        await retry_action(acme.owner, action.id)
        settled = await settle_action(acme.owner, other.id, note="Spoke to them.")
    assert (settled.state, settled.done_by_id, settled.done_note) == (
        "confirmed", acme.owner.membership_id, "Spoke to them.",
    )  # fmt: skip
    await where.turn()
    assert await where.all() == [("hide_post", "confirmed"), ("warn_member", "confirmed")]
    assert len(fake.topics) == 0
    async with agency_scope(acme.owner):
        with pytest.raises(Conflict):
            await settle_action(acme.owner, other.id, note="again")


async def test_the_way_to_discourse_is_looked_at_in_plain_words(
    forum: Place, discourse: FakeDiscourse, api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = await ask(api, forum.cast.tokens["owner"], CHECK, id=f"community_{forum.community_id}")
    assert [each["text"] for each in answer["data"]["checkConnection"]["findings"]] == [
        "A Discourse answers there, with a certificate that holds.",
        "Its clock agrees with ours.",
        "The key is believed, and mod is of the staff.",
        "The key may look after users.",
    ]
    discourse.is_staff = False
    assert (await findings(forum))[-1] == (
        False,
        "The account mod is neither moderator nor admin: grant it under Admin, Users.",
    )
    discourse.refuses = True
    [*_, (is_fine, text)] = await findings(forum)
    assert (is_fine, "Admin, API, Keys" in text) == (False, True)
    monkeypatch.setattr("backend.acting.looking_around.CLOCK_MAY_DIFFER", timedelta(0))
    assert (await findings(forum))[1][1].startswith("Its clock and ours differ by 0 minutes")


async def test_the_way_to_slack_is_looked_at_too(chat: Place, slack_there: FakeSlack) -> None:
    assert {is_fine for is_fine, _ in await findings(chat)} == {True}
    slack_there.scopes, slack_there.bot = SCOPES.replace("im:write,", ""), True
    missing = [text for is_fine, text in await findings(chat) if not is_fine]
    assert missing == [
        "The token lacks im:write: add them under OAuth & Permissions, and install the app again.",
        "It is the token of a bot, which deletes only its own messages: give Tend the user token of an admin.",
    ]


async def test_a_platform_that_is_not_there_says_so(acme: Cast) -> None:
    where = await place(acme, "webhook")
    assert await findings(where) == [(False, "Tend has no key to act there: give it one with `letTendAct`.")]
    await let(where, api_key=None, address="https://127.0.0.1/")
    assert await findings(where) == [(False, "The address leads to no public server.")]
