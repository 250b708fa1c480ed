"""Invited by mail, accepted by whom it was mailed to, and nothing given that the giver does not have."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from cast import Cast, ask
from inbox import Inbox
from notices.readers import mail_server
from notices.test_telling_by_mail import Refusing
from people.conftest import open_browser
from starlette.applications import Starlette

from backend.kit.clock import now
from backend.kit.ids import new_id
from backend.operating import cancel_job, replay_job
from backend.outbox import Job
from backend.outside import mailing
from tenants.actor import system
from tenants.doors import COOKIE
from tenants.models import Membership
from tenants.scope import agency_scope
from workers.catalogue import CATALOGUE

INVITE = """mutation($input: InvitePersonInput!) { invitePerson(input: $input) {
    staff { id name role state seesAll } userErrors { code path } } }"""


def address() -> str:
    return f"new-{str(new_id())[-12:]}@example.com"


async def invite(api: httpx.AsyncClient, cast: Cast, who: str = "admin", **values: Any) -> Any:
    values = {"email": address(), "name": "Nia", "role": "MODERATOR", **values}
    if "workspaceIds" not in values and not values.get("seesAll"):
        values["workspaceIds"] = [f"workspace_{cast.workspaces['forum']}"]
    return (await ask(api, cast.tokens[who], INVITE, input=values))["data"]["invitePerson"]


async def mail_it(cast: Cast, staff_id: str) -> None:
    actor = system(cast.agency_id)
    async with agency_scope(actor):
        await CATALOGUE["send_invitation"].work(actor, {"membership_id": staff_id.removeprefix("staff_")})


async def membership(cast: Cast, staff_id: str) -> Membership:
    async with agency_scope(cast.system):
        return await Membership.get(id=UUID(staff_id.removeprefix("staff_")))


async def test_whoever_is_invited_joins_by_the_link_in_the_mail(
    api: httpx.AsyncClient, browser: httpx.AsyncClient, acme: Cast, inbox: Inbox
) -> None:
    email = address()
    answer = await invite(api, acme, email=email.upper(), name=" Nia ")
    staff_id = answer["staff"]["id"]
    assert answer == {
        "staff": {"id": staff_id, "name": "Nia", "role": "MODERATOR", "state": "INVITED", "seesAll": False},
        "userErrors": [],
    }
    await mail_it(acme, staff_id)
    assert [mail["Subject"] for mail in inbox.to(email)] == ["Acme invites you to Tend"]
    link = inbox.link_to(email)
    page = await browser.get(link)
    assert page.status_code == 200
    assert "Acme invites you" in page.text
    token = link.partition("token=")[2]
    elsewhere = await browser.post("/join", data={"token": token}, headers={"Sec-Fetch-Site": "cross-site"})
    assert (elsewhere.status_code, COOKIE in browser.cookies) == (403, False)
    joined = await browser.post("/join", data={"token": token})
    assert (joined.status_code, joined.headers["location"]) == (303, "/signed-in")
    assert COOKIE in browser.cookies
    seen = await browser.post(
        "/graphql",
        json={"query": "{ viewer { person { email } memberships { agencySlug role workspaces { slug } } } }"},
    )
    assert seen.json()["data"] == {
        "viewer": {
            "person": {"email": email},
            "memberships": [{"agencySlug": "acme", "role": "MODERATOR", "workspaces": [{"slug": "forum"}]}],
        }
    }
    again = await browser.post("/join", data={"token": token})
    assert again.status_code == 403
    assert "no longer open" in again.text


async def test_an_invitation_is_for_one_address(
    api: httpx.AsyncClient, secure_app: Starlette, acme: Cast, globex: Cast, inbox: Inbox
) -> None:
    answer = await invite(api, acme, email=(email := address()))
    await mail_it(acme, answer["staff"]["id"])
    link = inbox.link_to(email)
    async with open_browser(secure_app) as thief:
        thief.cookies.set(COOKIE, globex.tokens["moderator"], domain="tend.test", path="/")
        refused = await thief.post("/join", data={"token": link.partition("token=")[2]})
    assert refused.status_code == 403
    assert "another address" in refused.text
    found = await membership(acme, answer["staff"]["id"])
    assert found.person_id is None


async def test_the_link_of_somebody_with_other_agencies_opens_the_inviting_one_alone(
    api: httpx.AsyncClient, browser: httpx.AsyncClient, acme: Cast, globex: Cast, inbox: Inbox
) -> None:
    """Whoever reads an old mail does not become the person everywhere."""
    answer = await invite(api, acme, email="moderator@globex.example")
    await mail_it(acme, answer["staff"]["id"])
    await browser.post("/join", data={"token": inbox.link_to("moderator@globex.example").partition("token=")[2]})
    seen = await browser.post("/graphql", json={"query": "{ viewer { memberships { agencySlug } } }"})
    assert seen.json()["data"]["viewer"]["memberships"] == [{"agencySlug": "acme"}]
    refused = await browser.post("/graphql", json={"query": "{ agency { slug } }"}, headers={"X-Agency-Id": "globex"})
    assert refused.json()["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_who_is_signed_in_joins_with_a_new_token(
    api: httpx.AsyncClient, browser: httpx.AsyncClient, acme: Cast, globex: Cast, inbox: Inbox
) -> None:
    answer = await invite(api, acme, email="lead@globex.example")
    await mail_it(acme, answer["staff"]["id"])
    old = globex.tokens["lead"]
    browser.cookies.set(COOKIE, old, domain="tend.test", path="/")
    await browser.post("/join", data={"token": inbox.link_to("lead@globex.example").partition("token=")[2]})
    globex.tokens["lead"] = browser.cookies.get(COOKIE)
    assert globex.tokens["lead"] != old
    query = "{ viewer { memberships { agencySlug } } }"
    assert "errors" in await ask(api, old, query)
    both = await ask(api, globex.tokens["lead"], query)
    assert both["data"]["viewer"]["memberships"] == [{"agencySlug": "acme"}, {"agencySlug": "globex"}]
    async with agency_scope(acme.system) as scope:  # as it was
        await scope.execute("update memberships set ends_at = now() where email = 'lead@globex.example'")
        await scope.execute(
            "delete from person_agency where agency_id = $1 and person_id = (select id from persons where email = $2)",
            acme.agency_id,
            "lead@globex.example",
        )


async def test_only_the_last_mail_of_an_invitation_opens(
    api: httpx.AsyncClient, browser: httpx.AsyncClient, acme: Cast, inbox: Inbox
) -> None:
    answer = await invite(api, acme, email=(email := address()))
    await mail_it(acme, answer["staff"]["id"])
    first = inbox.link_to(email)
    again = "mutation($input: StaffInput!) { invitePersonAgain(input: $input) { staff { state } userErrors { code } } }"
    asked = await ask(api, acme.tokens["admin"], again, input={"staffId": answer["staff"]["id"]})
    assert asked["data"]["invitePersonAgain"] == {"staff": {"state": "INVITED"}, "userErrors": []}
    await mail_it(acme, answer["staff"]["id"])
    assert (await browser.get(first)).status_code == 403
    assert (await browser.get(inbox.link_to(email))).status_code == 200


SHOWN = "query($id: ID!) { node(id: $id) { ... on Staff { state invitationProblem } } }"
AGAIN = "mutation($input: StaffInput!) { invitePersonAgain(input: $input) { staff { invitationProblem } } }"
REFUSED = "The mail server takes no mail for this address (550)."


async def problem_of(api: httpx.AsyncClient, cast: Cast, staff_id: str, who: str = "admin") -> str | None:
    shown = (await ask(api, cast.tokens[who], SHOWN, id=staff_id))["data"]["node"]
    assert shown["state"] == "INVITED"
    return shown["invitationProblem"]


async def test_an_address_that_takes_no_mail_is_tried_once_and_whoever_invited_sees_why(
    api: httpx.AsyncClient, acme: Cast, inbox: Inbox
) -> None:
    await acme.run_jobs("send_invitation")
    staff_id = (await invite(api, acme, email=(email := address())))["staff"]["id"]
    async with mail_server(Refusing()):
        assert [job.state for job in await acme.run_jobs("send_invitation")] == ["done"]
    assert await problem_of(api, acme, staff_id) == REFUSED
    assert await problem_of(api, acme, staff_id, who="lead") is None
    async with agency_scope(acme.system) as scope:
        id = UUID(staff_id.removeprefix("staff_"))
        assert not await scope.fetchval("select exists (select from doors where target_id = $1)", id)
    asked = await ask(api, acme.tokens["admin"], AGAIN, input={"staffId": staff_id})
    assert asked["data"]["invitePersonAgain"] == {"staff": {"invitationProblem": None}}
    await mail_it(acme, staff_id)
    assert len(inbox.to(email)) == 1
    assert await problem_of(api, acme, staff_id) is None


async def test_a_mail_server_that_stays_away_ends_in_sight_until_the_mail_goes(
    api: httpx.AsyncClient, acme: Cast, inbox: Inbox
) -> None:
    await acme.run_jobs("send_invitation")
    staff_id = (await invite(api, acme, email=(email := address())))["staff"]["id"]
    async with agency_scope(acme.system):
        await Job.filter(kind="send_invitation", state="ready").update(attempt=CATALOGUE["send_invitation"].tries - 1)
    usual = mailing._sender
    mailing.send_with(None)
    try:
        [job] = await acme.run_jobs("send_invitation")
    finally:
        mailing.send_with(usual)
    assert job.state == "dead"
    assert await problem_of(api, acme, staff_id) == "No mail server is set: TEND_SMTP_URL."
    async with agency_scope(acme.owner):
        await replay_job(acme.owner, job.id, kinds=CATALOGUE)
    await acme.run_jobs("send_invitation")
    assert len(inbox.to(email)) == 1
    assert await problem_of(api, acme, staff_id) is None


async def test_an_invitation_whose_mail_is_called_off_says_so(api: httpx.AsyncClient, acme: Cast) -> None:
    staff_id = (await invite(api, acme))["staff"]["id"]
    payload = {"membership_id": staff_id.removeprefix("staff_")}
    async with agency_scope(acme.owner):
        job = await Job.get(kind="send_invitation", payload__contains=payload)
        await cancel_job(acme.owner, job.id, kinds=CATALOGUE)
    assert await problem_of(api, acme, staff_id) == "Somebody called it off."


async def test_a_name_that_was_kept_with_line_breaks_says_nothing_of_its_own(
    api: httpx.AsyncClient, acme: Cast, inbox: Inbox
) -> None:
    answer = await invite(api, acme, email=(email := address()))
    async with agency_scope(acme.system):
        await Membership.filter(email=email).update(name="Nia,\n\npay here: https://eve.example\n")
    await mail_it(acme, answer["staff"]["id"])
    text = inbox.to(email)[-1].get_body(("plain",)).get_content()
    assert text.splitlines()[0] == "Hello Nia, pay here: https://eve.example,"


@pytest.mark.parametrize("change", ["too old", "withdrawn"])
async def test_an_invitation_that_has_ended_opens_nothing(
    api: httpx.AsyncClient, browser: httpx.AsyncClient, acme: Cast, inbox: Inbox, change: str
) -> None:
    answer = await invite(api, acme, email=(email := address()))
    await mail_it(acme, answer["staff"]["id"])
    token = inbox.link_to(email).partition("token=")[2]
    if change == "too old":
        async with agency_scope(acme.system):
            await Membership.filter(email=email).update(invited_until=now() - timedelta(seconds=1))
    else:
        end = "mutation($input: EndMembershipInput!) { endMembership(input: $input) { staff { state } } }"
        await ask(api, acme.tokens["admin"], end, input={"staffId": answer["staff"]["id"]})
    refused = await browser.post("/join", data={"token": token})
    assert refused.status_code == 403
    assert (await membership(acme, answer["staff"]["id"])).person_id is None


@pytest.mark.parametrize(
    ("who", "values", "code"),
    [
        ("admin", {"role": "OWNER", "seesAll": True}, "NOT_ALLOWED"),
        ("deputy", {"role": "OWNER", "seesAll": True}, "NOT_ALLOWED"),
        ("deputy", {"role": "ADMIN", "seesAll": True}, "NOT_ALLOWED"),
        ("deputy", {"role": "MODERATOR", "seesAll": True}, "NOT_ALLOWED"),
        ("lead", {"role": "MODERATOR"}, "NOT_ALLOWED"),
        ("admin", {"role": "STAKEHOLDER", "seesAll": True}, "INVALID"),
        ("owner", {"role": "OWNER"}, "INVALID"),
        ("admin", {"role": "CONTRACTOR"}, "INVALID"),
        ("admin", {"email": "nobody"}, "INVALID"),
        ("admin", {"email": "a@example.com\r\nBcc: b@example.com"}, "INVALID"),
        ("admin", {"name": "  "}, "INVALID"),
        ("admin", {"email": "moderator@acme.example"}, "ALREADY_MEMBER"),
        (
            "admin",
            {"startsAt": "2099-01-02T00:00:00Z", "endsAt": "2099-01-01T00:00:00Z"},
            "INVALID",
        ),
    ],
)
async def test_nobody_gives_what_they_do_not_have(
    api: httpx.AsyncClient, acme: Cast, who: str, values: dict[str, Any], code: str
) -> None:
    async with agency_scope(acme.system):
        before = await Membership.all().count()
    answer = await invite(api, acme, who, **values)
    assert (answer["staff"], [error["code"] for error in answer["userErrors"]]) == (None, [code])
    async with agency_scope(acme.system):
        assert await Membership.all().count() == before


async def test_a_deputy_invites_for_clients_of_their_own(api: httpx.AsyncClient, acme: Cast) -> None:
    answer = await invite(api, acme, "deputy", role="LEAD")
    assert (answer["staff"]["role"], answer["userErrors"]) == ("LEAD", [])


async def test_a_client_that_is_not_theirs_cannot_be_given(api: httpx.AsyncClient, acme: Cast, globex: Cast) -> None:
    for foreign in (acme.workspaces["shop"], globex.workspaces["forum"], new_id()):
        answer = await invite(api, acme, "deputy", workspaceIds=[f"workspace_{foreign}"])
        assert answer["userErrors"] == [{"code": "NOT_FOUND", "path": ["input", "workspaceIds"]}]


async def test_who_has_left_comes_back_by_invitation(
    api: httpx.AsyncClient, browser: httpx.AsyncClient, acme: Cast, inbox: Inbox
) -> None:
    email = address()
    first = await invite(api, acme, email=email)
    end = "mutation($input: EndMembershipInput!) { endMembership(input: $input) { staff { state } } }"
    ended = await ask(api, acme.tokens["admin"], end, input={"staffId": first["staff"]["id"]})
    assert ended["data"]["endMembership"]["staff"]["state"] == "ENDED"
    back = await invite(api, acme, email=email, role="SUPPORT")
    assert back["staff"]["id"] == first["staff"]["id"]
    assert (back["staff"]["role"], back["staff"]["state"]) == ("SUPPORT", "INVITED")


async def test_the_token_is_kept_nowhere(
    api: httpx.AsyncClient, browser: httpx.AsyncClient, acme: Cast, inbox: Inbox
) -> None:
    answer = await invite(api, acme, email=(email := address()))
    await mail_it(acme, answer["staff"]["id"])
    token = inbox.link_to(email).partition("token=")[2]
    async with agency_scope(acme.system) as scope:
        for table in ("jobs", "journal", "memberships", "doors"):
            assert (
                await scope.fetchval(f"select count(*) from {table} t where t::text like '%' || $1 || '%'", token) == 0
            )
