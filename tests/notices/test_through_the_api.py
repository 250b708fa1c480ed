"""Being told, through the API: one's own notices, wishes and settings, and what admins see of messages that did not go."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from cast import Cast, ask
from notices.readers import Reader

from backend.journal import JournalEntry
from backend.notices import NoticeSettings
from backend.outside import open_sealed
from tenants.rights import Role
from tenants.scope import agency_scope

NOTICES = """{ notices(orderBy: OLDEST) { nodes { id kind urgency text readAt subjectId subject { id } } }
               unread: notices(filter: { isUnread: true }, first: 0) { totalCount } }"""
READ = (
    "mutation($i: MarkNoticesReadInput!) { markNoticesRead(input: $i) { notices { id readAt } userErrors { code } } }"
)
PREFER = """mutation($i: SetNoticePreferencesInput!) { setNoticePreferences(input: $i) {
              preferences { kind channel how workspaceId } userErrors { code path } } }"""
SET = """mutation($i: SetNoticeSettingsInput!) { setNoticeSettings(input: $i) {
           settings { timeZone language digestHour quietFrom quietUntil hasChat } userErrors { code path } } }"""
MINE = "{ noticePreferences { nodes { kind channel how } } noticeSettings { timeZone hasChat } }"


async def test_a_notice_is_unread_until_its_reader_says_so_and_nobody_else_can(
    api: httpx.AsyncClient, globex: Cast, hire: Callable[..., Any]
) -> None:
    reader = await hire()
    other = await hire(client=reader.client)
    subject = await reader.is_told()
    seen = (await ask(api, reader.token, NOTICES))["data"]
    [notice] = seen["notices"]["nodes"]
    assert notice == {
        "id": notice["id"],
        "kind": "report_decided",
        "urgency": "NORMAL",
        "text": "for you",
        "readAt": None,
        "subjectId": f"case_{subject}",
        "subject": None,
    }
    assert seen["unread"] == {"totalCount": 1}
    for token in (other.token, reader.cast.tokens["owner"], globex.tokens["owner"]):
        answer = await ask(api, token, READ, i={"noticeIds": [notice["id"]]})
        assert answer["data"]["markNoticesRead"] == {"notices": None, "userErrors": [{"code": "NOT_FOUND"}]}
        assert await ask(api, token, "query($id: ID!) { node(id: $id) { id } }", id=notice["id"]) == {
            "data": {"node": None}
        }
    assert (await ask(api, reader.token, NOTICES))["data"]["unread"] == {"totalCount": 1}
    answer = await ask(api, reader.token, READ, i={"noticeIds": [notice["id"]]})
    read_at = answer["data"]["markNoticesRead"]["notices"][0]["readAt"]
    assert read_at is not None
    again = await ask(api, reader.token, READ, i={"noticeIds": [notice["id"], notice["id"]]})
    assert again["data"]["markNoticesRead"]["notices"] == [{"id": notice["id"], "readAt": read_at}]
    assert (await ask(api, reader.token, NOTICES))["data"]["unread"] == {"totalCount": 0}


async def test_of_several_notices_one_of_which_is_not_theirs_none_is_read(
    api: httpx.AsyncClient, hire: Callable[..., Any]
) -> None:
    reader = await hire()
    other = await hire(client=reader.client)
    for each in (reader, other):
        await each.is_told()
    [own] = (await ask(api, reader.token, NOTICES))["data"]["notices"]["nodes"]
    [foreign] = (await ask(api, other.token, NOTICES))["data"]["notices"]["nodes"]
    answer = await ask(api, reader.token, READ, i={"noticeIds": [own["id"], foreign["id"]]})
    assert answer["data"]["markNoticesRead"]["notices"] is None
    for each in (reader, other):
        assert (await ask(api, each.token, NOTICES))["data"]["unread"] == {"totalCount": 1}


async def test_wishes_and_settings_are_ones_own_and_the_chat_is_shown_to_nobody(
    api: httpx.AsyncClient, acme: Cast, hire: Callable[..., Any]
) -> None:
    reader, other = await hire(), await hire()
    wanted = {"kind": "report_decided", "channel": "MAIL", "how": "NEVER"}
    for how in ("DAILY", "NEVER"):
        answer = await ask(api, reader.token, PREFER, i={"preferences": [{**wanted, "how": how}]})
        assert answer["data"]["setNoticePreferences"] == {
            "preferences": [{**wanted, "how": how, "workspaceId": None}],
            "userErrors": [],
        }
    settings = {"timeZone": "Europe/Berlin", "language": "DE", "digestHour": 9, "quietFrom": 22, "quietUntil": 7}
    url = "https://hooks.slack.example/services/secret-part"
    answer = await ask(api, reader.token, SET, i={**settings, "chatUrl": url})
    assert answer["data"]["setNoticeSettings"] == {"settings": {**settings, "hasChat": True}, "userErrors": []}
    answer = await ask(api, reader.token, SET, i={"timeZone": "UTC"})
    assert answer["data"]["setNoticeSettings"]["settings"]["hasChat"], "what is left out stays"
    assert (await ask(api, reader.token, MINE))["data"] == {
        "noticePreferences": {"nodes": [wanted]},
        "noticeSettings": {"timeZone": "UTC", "hasChat": True},
    }
    assert (await ask(api, other.token, MINE))["data"] == {"noticePreferences": {"nodes": []}, "noticeSettings": None}
    async with agency_scope(acme.system):
        kept = await NoticeSettings.get(membership_id=reader.id)
        assert b"secret-part" not in kept.chat_url
        place = {"table": "notice_settings", "column": "chat_url", "row_id": kept.id}
        assert await open_sealed(kept.chat_url, **place) == url
    answer = await ask(api, reader.token, SET, i={"chatUrl": ""})
    assert not answer["data"]["setNoticeSettings"]["settings"]["hasChat"]
    async with agency_scope(acme.system):
        lines = await JournalEntry.filter(subject_id=reader.id, action__startswith="membership.chat").order_by("at")
        assert [(line.action, line.detail) for line in lines] == [
            ("membership.chat_set", {"host": urlsplit(url).hostname}),
            ("membership.chat_removed", {"host": None}),
        ]


@pytest.mark.parametrize("whose", ["another client's", "another agency's", "nobody's"])
async def test_no_wish_names_a_client_that_is_not_ones_own(
    api: httpx.AsyncClient, acme: Cast, globex: Cast, reader: Reader, whose: str
) -> None:
    client = {
        "another client's": f"workspace_{acme.workspaces['shop']}",
        "another agency's": f"workspace_{globex.workspaces['forum']}",
        "nobody's": "workspace_01900000-0000-7000-8000-000000000000",
    }[whose]
    wanted = {"kind": "report_decided", "channel": "MAIL", "how": "NEVER", "workspaceId": client}
    answer = await ask(api, reader.token, PREFER, i={"preferences": [wanted]})
    assert answer["data"]["setNoticePreferences"] == {
        "preferences": None,
        "userErrors": [{"code": "NOT_FOUND", "path": ["input", "preferences"]}],
    }


async def test_admins_see_what_did_not_go_and_replay_it(
    api: httpx.AsyncClient, acme: Cast, globex: Cast, hire: Callable[..., Any]
) -> None:
    reader = await hire(Role.STAKEHOLDER)
    await reader.is_told(facts={})
    await reader.mails()
    query = """query($staff: ID!) { agency { noticeDeliveries(filter: { state: FAILED, staffId: $staff }) {
                 nodes { id channel state problem recipient { email } } } } }"""
    staff = f"staff_{reader.id}"
    [failed] = (await ask(api, acme.tokens["admin"], query, staff=staff))["data"]["agency"]["noticeDeliveries"]["nodes"]
    assert failed == {
        "id": failed["id"],
        "channel": "MAIL",
        "state": "FAILED",
        "problem": "The template en/report_decided.txt: 'outcome' is undefined",
        "recipient": {"email": reader.email},
    }
    for token in (acme.tokens["lead"], acme.tokens["deputy"], globex.tokens["admin"], reader.token):
        answer = await ask(api, token, query, staff=staff)
        assert answer["data"]["agency"]["noticeDeliveries"]["nodes"] == []
    replay = """mutation($id: ID!) { replayNoticeDelivery(input: { noticeDeliveryId: $id }) {
                  delivery { state problem } userErrors { code } } }"""
    answer = await ask(api, acme.tokens["admin"], replay, id=failed["id"])
    assert answer["data"]["replayNoticeDelivery"] == {
        "delivery": {"state": "WAITING", "problem": None},
        "userErrors": [],
    }
    again = await ask(api, acme.tokens["admin"], replay, id=failed["id"])
    assert again["data"]["replayNoticeDelivery"]["userErrors"] == [{"code": "CONFLICT"}]
