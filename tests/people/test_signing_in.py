"""Signing in by mail, cookies, sessions that are seen and ended, and the demo's door that is nowhere else."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from cast import Cast, ask
from inbox import Inbox
from people.conftest import open_browser
from starlette.applications import Starlette

from backend.asgi import app
from backend.kit.ids import new_id
from backend.people.mailing_links import MOST
from backend.settings import Settings
from backend.web.speaking import WORDS
from tenants import database
from tenants.doors import COOKIE
from tenants.models import Membership
from tenants.scope import agency_scope
from tenants.sessions import note_presence, open_session, revoke_session
from tenants.tokens import hash_of

VIEWER = "{ viewer { person { email } } }"


async def person_of(cast: Cast, who: str) -> Any:
    async with agency_scope(cast.system):
        return (await Membership.get(id=cast.actors[who].membership_id)).person_id


async def link_for(browser: httpx.AsyncClient, inbox: Inbox, email: str) -> str:
    before = len(inbox.to(email))
    answer = await browser.post("/sign-in", data={"email": email})
    assert answer.status_code == 200
    async with asyncio.timeout(5):
        while len(inbox.to(email)) == before:
            await asyncio.sleep(0.01)
    return inbox.link_to(email)


async def test_a_link_that_was_mailed_signs_in_once(browser: httpx.AsyncClient, acme: Cast, inbox: Inbox) -> None:
    link = await link_for(browser, inbox, "lead@acme.example")
    answer = await browser.get(link)
    assert (answer.status_code, answer.headers["location"]) == (303, "/signed-in")
    cookie = next(value for value in answer.headers.get_list("set-cookie") if value.startswith(COOKIE))
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=lax"} <= set(cookie.split("; "))
    seen = await browser.post("/graphql", json={"query": VIEWER})
    assert seen.json()["data"] == {"viewer": {"person": {"email": "lead@acme.example"}}}
    page = await browser.get("/signed-in")
    assert "lead@acme.example" in page.text
    assert "Acme" in page.text
    browser.cookies.delete(COOKIE)
    again = await browser.get(link)
    assert again.status_code == 403
    assert COOKIE not in browser.cookies


async def test_a_link_opens_in_no_other_browser_and_stays_open_in_its_own(
    browser: httpx.AsyncClient, secure_app: Starlette, acme: Cast, inbox: Inbox
) -> None:
    """Programs that look into mails open links as well."""
    link = await link_for(browser, inbox, "colleague@acme.example")
    async with open_browser(secure_app) as other:
        assert (await other.get(link)).status_code == 403
        other.cookies.set("__Host-tend_browser", "x" * 43, domain="tend.test", path="/")
        assert (await other.get(link)).status_code == 403
        assert COOKIE not in other.cookies
    assert (await browser.get(link)).status_code == 303


async def test_a_link_ends_after_ten_minutes(
    browser: httpx.AsyncClient, acme: Cast, settings: Settings, inbox: Inbox
) -> None:
    link = await link_for(browser, inbox, "support@acme.example")
    key_hash = hash_of(link.partition("token=")[2])
    owner = await asyncpg.connect(settings.owner_url)
    left = await owner.fetchval("select expires_at - now() from app.mail_links where key_hash = $1", key_hash)
    assert timedelta(minutes=9) < left <= timedelta(minutes=10)
    await owner.execute("update app.mail_links set expires_at = now() where key_hash = $1", key_hash)
    await owner.close()
    assert (await browser.get(link)).status_code == 403


async def test_nobody_learns_who_is_known_here(browser: httpx.AsyncClient, acme: Cast, inbox: Inbox) -> None:
    answers = []
    for email in ("educator@acme.example", "nobody@acme.example"):
        answer = await browser.post("/sign-in", data={"email": email})
        answers.append((answer.status_code, answer.text.replace(email, "…"), sorted(answer.headers)))
    assert answers[0] == answers[1]
    async with asyncio.timeout(5):
        while not inbox.to("educator@acme.example"):
            await asyncio.sleep(0.01)
    assert inbox.to("nobody@acme.example") == []


async def test_whoever_knows_an_address_cannot_flood_it(browser: httpx.AsyncClient, acme: Cast, inbox: Inbox) -> None:
    for _ in range(MOST + 3):
        await browser.post("/sign-in", data={"email": "safety_responder@acme.example"})
    await asyncio.sleep(0.5)
    mails = [mail.as_string() for mail in inbox.to("safety_responder@acme.example")]
    assert sum("mail-link" in mail for mail in mails) == MOST, "beside what else they are told"


async def test_signing_in_ends_what_the_browser_had_before(
    browser: httpx.AsyncClient, acme: Cast, inbox: Inbox
) -> None:
    """A session that somebody planted does not become theirs."""
    planted = await open_session(await person_of(acme, "contractor"))
    browser.cookies.set(COOKIE, planted, domain="tend.test", path="/")
    await browser.get(await link_for(browser, inbox, "client_contributor@acme.example"))
    assert browser.cookies.get(COOKIE) != planted
    assert "errors" in await ask(browser, planted, VIEWER)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "cross-site"}, 401),
        ({"Sec-Fetch-Site": "same-site"}, 401),
        ({"Sec-Fetch-Site": "", "Origin": "https://evil.example"}, 401),
    ],
)
async def test_a_cookie_counts_for_pages_of_this_very_site(
    secure_app: Starlette, acme: Cast, headers: dict[str, str], status: int
) -> None:
    token = await open_session(await person_of(acme, "moderator"))
    sent = {name: value for name, value in headers.items() if value}
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(secure_app), base_url="https://tend.test", cookies={COOKIE: token}
    ) as client:
        answer = await client.post("/graphql", json={"query": VIEWER}, headers=sent)
        assert answer.status_code == status
        for read in ({"query": VIEWER}, {"query": "{ __typename }"}):
            got = await client.get("/graphql", params=read, headers={**sent, "GraphQL-Require-Preflight": "1"})
            assert got.status_code == 401, "no cookie has authority over a GET"


async def test_one_sees_and_ends_ones_own_sessions(api: httpx.AsyncClient, acme: Cast, globex: Cast) -> None:
    person_id = await person_of(acme, "deputy")
    tokens = [await open_session(person_id, method="mail", device=f"device {n}") for n in range(3)]
    query = "{ viewer { sessions { id method device agencyId isCurrent } } }"
    seen = (await ask(api, tokens[0], query))["data"]["viewer"]["sessions"]
    assert [each["device"] for each in seen[:3]] == ["device 2", "device 1", "device 0"]
    assert [each["isCurrent"] for each in seen[:3]] == [False, False, True]
    assert {each["method"] for each in seen[:3]} == {"MAIL"}
    revoke = (
        "mutation($input: RevokeSessionsInput!) { revokeSessions(input: $input) { sessionIds userErrors { code } } }"
    )
    theirs = (await ask(api, globex.tokens["moderator"], query))["data"]["viewer"]["sessions"][0]["id"]
    for wrong in (theirs, f"session_{new_id()}", "nonsense"):
        refused = await ask(api, tokens[0], revoke, input={"sessionIds": [seen[0]["id"], wrong]})
        assert refused["data"]["revokeSessions"] == {"sessionIds": None, "userErrors": [{"code": "NOT_FOUND"}]}
    assert "errors" not in await ask(api, tokens[2], VIEWER)
    done = await ask(api, tokens[0], revoke, input={"sessionIds": [seen[0]["id"], seen[1]["id"]]})
    assert done["data"]["revokeSessions"]["userErrors"] == []
    for token in tokens[1:]:
        assert (await ask(api, token, VIEWER))["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert "errors" not in await ask(api, tokens[0], VIEWER)


async def test_a_session_of_one_agency_sees_and_ends_only_such(
    api: httpx.AsyncClient, acme: Cast, globex: Cast
) -> None:
    person_id = await person_of(acme, "both")
    free = await open_session(person_id, method="mail")
    bound = await open_session(person_id, method="provider", agency_id=acme.agency_id)
    query = "{ viewer { memberships { agencySlug } sessions { id agencyId } } }"
    seen = (await ask(api, bound, query))["data"]["viewer"]
    assert seen["memberships"] == [{"agencySlug": "acme"}]
    assert {each["agencyId"] for each in seen["sessions"]} == {f"agency_{acme.agency_id}"}
    revoke = "mutation($input: RevokeSessionsInput!) { revokeSessions(input: $input) { userErrors { code } } }"
    all_of_them = (await ask(api, free, query))["data"]["viewer"]["sessions"]
    other = next(each["id"] for each in all_of_them if each["agencyId"] is None)
    refused = await ask(api, bound, revoke, input={"sessionIds": [other]})
    assert refused["data"]["revokeSessions"]["userErrors"] == [{"code": "NOT_FOUND"}]
    refused = await ask(api, bound, "{ agency { slug } }", headers={"X-Agency-Id": "globex"})
    assert refused["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_a_session_ends_by_itself_when_nobody_uses_it_and_at_its_latest(
    api: httpx.AsyncClient, acme: Cast
) -> None:
    person_id = await person_of(acme, "lead")

    async def left(token: str) -> tuple[timedelta, timedelta]:
        async with database.unscoped() as connection:
            return tuple(
                await connection.fetchrow(
                    """select idle_until - now(), expires_at - now() from sessions
                        where id = (select target_id from doors where key_hash = $1)""",
                    hash_of(token),
                )
            )

    token = await open_session(person_id)
    idle, latest = await left(token)
    assert (timedelta(hours=23) < idle <= timedelta(days=1), timedelta(days=29) < latest) == (True, True)
    async with database.unscoped() as connection:
        session = "id = (select target_id from doors where key_hash = $1)"
        await connection.execute(
            f"update sessions set idle_until = now() + interval '1 minute' where {session}", hash_of(token)
        )
        await ask(api, token, VIEWER)
        await note_presence()
        assert (await left(token))[0] > timedelta(hours=23), "whoever uses it keeps it"
        await connection.execute(f"update sessions set idle_until = now() where {session}", hash_of(token))
    assert (await ask(api, token, VIEWER))["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    await note_presence()
    assert (await ask(api, token, VIEWER))["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED", "it stays ended"


async def test_a_renewed_session_ends_when_the_old_one_would_have(acme: Cast, api: httpx.AsyncClient) -> None:
    token = await open_session(await person_of(acme, "lead"), lifetime=timedelta(hours=1))
    answer = await api.post("/session/renew", headers={"Authorization": f"Bearer {token}"})
    fresh = answer.json()["token"]
    assert answer.headers["cache-control"] == "no-store"
    async with database.unscoped() as connection:
        left = await connection.fetchval(
            "select expires_at - now() from sessions where id = (select target_id from doors where key_hash = $1)",
            hash_of(fresh),
        )
    assert left <= timedelta(hours=1)
    assert (await api.post("/session/renew", headers={"Authorization": f"Bearer {token}"})).status_code == 401
    assert (await api.post("/session/renew")).status_code == 401


async def test_a_page_of_another_site_asks_for_no_link_and_renews_nothing(
    browser: httpx.AsyncClient, acme: Cast, inbox: Inbox
) -> None:
    elsewhere, before = {"Sec-Fetch-Site": "cross-site"}, len(inbox.to("owner@acme.example"))
    refused = await browser.post("/sign-in", data={"email": "owner@acme.example"}, headers=elsewhere)
    assert refused.status_code == 403
    await asyncio.sleep(0.2)
    assert len(inbox.to("owner@acme.example")) == before
    token = await open_session(await person_of(acme, "lead"))
    browser.cookies.set(COOKIE, token, domain="tend.test", path="/")
    assert (await browser.post("/session/renew", headers=elsewhere)).status_code == 401
    assert "errors" not in await ask(browser, token, VIEWER)
    assert (await browser.post("/session/renew")).status_code == 204


async def test_signing_out_kills_the_token(browser: httpx.AsyncClient, acme: Cast, inbox: Inbox) -> None:
    token = await open_session(await person_of(acme, "lead"))
    browser.cookies.set(COOKIE, token, domain="tend.test", path="/")
    elsewhere = await browser.post("/sign-out", headers={"Sec-Fetch-Site": "cross-site"})
    assert elsewhere.status_code == 303
    assert "errors" not in await ask(browser, token, VIEWER), "no page of another site signs anybody out"
    await browser.post("/sign-out")
    assert COOKIE not in browser.cookies
    assert (await ask(browser, token, VIEWER))["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("/docs/start?x=1", "/docs/start?x=1"),
        ("//evil.example", "/signed-in"),
        ("/\\evil.example", "/signed-in"),
        ("https://evil.example", "/signed-in"),
        ("/docs\r\nSet-Cookie: x=1", "/signed-in"),
        ("javascript:alert(1)", "/signed-in"),
        ("", "/signed-in"),
    ],
)
async def test_one_goes_on_to_a_page_of_this_site_only(
    browser: httpx.AsyncClient, acme: Cast, wanted: str, expected: str
) -> None:
    page = await browser.get("/sign-in", params={"next": wanted})
    assert f'name="next" value="{expected}"' in page.text


async def test_pages_cannot_be_framed_or_scripted(browser: httpx.AsyncClient, acme: Cast) -> None:
    page = await browser.get("/sign-in", params={"agency": '"><script>alert(1)</script>'})
    assert "<script" not in page.text
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert page.headers["cache-control"] == "no-store"


async def test_the_demo_signs_in_as_anybody_and_is_there_in_the_demo_only(
    settings: Settings, browser: httpx.AsyncClient, acme: Cast, tmp_path: Path
) -> None:
    assert (await browser.get("/demo")).status_code == 404
    assert (await browser.post("/demo", data={"who": "acme.lead"})).status_code == 404
    person = {"email": "lead@acme.example", "agencies": ["acme"], "workspaces": ["forum"], "token": "secret-token"}
    (tmp_path / "demo.json").write_text(json.dumps({"people": {"acme.lead": person}}))
    application = app(settings.model_copy(update={"demo": True, "development": True, "home": tmp_path}))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(application), base_url="http://127.0.0.1:8000") as demo:
        page = await demo.get("/demo")
        assert "acme.lead" in page.text
        assert "secret-token" not in page.text
        assert (await demo.post("/demo", data={"who": "nobody"})).status_code == 403
        from_elsewhere = await demo.post("/demo", data={"who": "acme.lead"}, headers={"Origin": "https://evil.example"})
        assert (from_elsewhere.status_code, list(demo.cookies)) == (403, [])
        assert (await demo.post("/demo", data={"who": "acme.lead"})).status_code == 303
        seen = await demo.post("/graphql", json={"query": VIEWER})
        assert seen.json()["data"]["viewer"]["person"]["email"] == "lead@acme.example"


@pytest.mark.parametrize("token", ["tend_s_", "tend_s_" + "A" * 43, "tend_s_" + "A" * 42 + "\n", "x" * 10_000])
async def test_a_made_up_or_mangled_token_opens_nothing(browser: httpx.AsyncClient, acme: Cast, token: str) -> None:
    for made_up in (token, acme.tokens["lead"][:-1], acme.tokens["lead"] + "A", acme.tokens["lead"].upper()):
        answer = await browser.post(
            "/graphql", json={"query": VIEWER}, headers={"Authorization": f"Bearer {made_up}".replace("\n", "")}
        )
        assert answer.status_code == 401
    await revoke_session(token)  # which is nobody's


async def test_a_browser_that_speaks_german_is_answered_in_german(
    browser: httpx.AsyncClient, acme: Cast, inbox: Inbox
) -> None:
    assert WORDS["de"].keys() == WORDS["en"].keys()
    browser.headers["accept-language"] = "de-AT,de;q=0.9,en;q=0.5"
    asked = await browser.get("/sign-in")
    before = len(inbox.to("stakeholder@acme.example"))
    sent = await browser.post("/sign-in", data={"email": "stakeholder@acme.example"})
    opened = await browser.get("/mail-link?token=made-up")
    for page, words in ((asked, "Anmelden"), (sent, "Postfach"), (opened, "Dieser Link öffnet nichts")):
        assert 'lang="de"' in page.text
        assert words in page.text
        assert not [english for english in WORDS["en"].values() if english in page.text]
    async with asyncio.timeout(5):
        while len(inbox.to("stakeholder@acme.example")) == before:
            await asyncio.sleep(0.01)
    assert inbox.to("stakeholder@acme.example")[-1]["Subject"] == "Anmeldung bei Tend"
