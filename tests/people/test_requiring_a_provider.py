"""An agency that wants its own provider asked, and nobody else: from setting it up to taking it away."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
from cast import Cast, ask
from inbox import Inbox
from people.hostile_provider import HostileProvider, hostile_provider
from people.signers import DOMAIN, Signers, found_signers
from starlette.applications import Starlette

from backend import people
from backend.kit.ids import new_id
from backend.outside import allow_origins
from backend.people.setting_providers import opened
from tenants.doors import COOKIE
from tenants.models import SignInProvider
from tenants.provisioning import add_member
from tenants.rights import Role
from tenants.scope import agency_scope
from tenants.sessions import open_session

SET = """mutation($input: SetSignInProviderInput!) { setSignInProvider(input: $input) {
    signInProvider { issuer clientId domains isRequired firstRole version } userErrors { code path } } }"""
REMOVE = "mutation { removeSignInProvider(input: {}) { signInProvider { id } userErrors { code } } }"
MEMBERSHIPS = "{ viewer { memberships { agencySlug signInUrl workspaces { slug } } } }"


@pytest.fixture(scope="module")
def provider() -> Iterator[HostileProvider]:
    with hostile_provider() as found:
        allow_origins([found.issuer])
        yield found
        allow_origins([])


class Agency(Signers):
    """With an owner whom the provider knows, and their session by mail."""

    owner_email: str
    by_mail: str

    async def set(self, api: httpx.AsyncClient, token: str, issuer: str, **values: Any) -> Any:
        given = {"issuer": issuer, "clientId": "tend", "domains": [DOMAIN], **values}
        return (await ask(api, token, SET, input=given))["data"]["setSignInProvider"]


@pytest.fixture
async def agency(secure_app: Starlette, provider: HostileProvider) -> AsyncIterator[Agency]:
    made = await found_signers(secure_app)
    found = Agency(made.slug, made.agency_id, made.app)
    found.owner_email = f"owner-{str(new_id())[-12:]}@{DOMAIN}"
    person_id, _ = await add_member(found.agency_id, name="Ona", email=found.owner_email, role=Role.OWNER)
    found.by_mail = await open_session(person_id, method="mail")
    provider.behave()
    provider.account = {**provider.account, "sub": str(new_id()), "email": found.owner_email, "email_verified": True}
    account = dict(provider.account)
    yield found
    provider.account = account


async def test_requiring_it_waits_until_it_has_signed_somebody_in(
    api: httpx.AsyncClient, agency: Agency, provider: HostileProvider
) -> None:
    for is_there_already in (False, True):
        refused = await agency.set(api, agency.by_mail, provider.issuer, isRequired=True)
        assert refused == {
            "signInProvider": None,
            "userErrors": [{"code": "PROVIDER_UNPROVEN", "path": ["input", "isRequired"]}],
        }, is_there_already
        await agency.set(api, agency.by_mail, provider.issuer)


async def test_where_it_is_required_no_other_session_opens_the_agency(
    api: httpx.AsyncClient, agency: Agency, provider: HostileProvider
) -> None:
    optional = await agency.set(api, agency.by_mail, provider.issuer, firstRole="MODERATOR")
    assert optional["signInProvider"] == {
        "issuer": provider.issuer,
        "clientId": "tend",
        "domains": [DOMAIN],
        "isRequired": False,
        "firstRole": "MODERATOR",
        "version": 1,
    }
    async with agency.browser() as browser:
        assert (await agency.sign_in(browser)).status_code == 303
        by_provider = browser.cookies[COOKIE]
    required = await agency.set(api, by_provider, provider.issuer, isRequired=True, expectedVersion=1)
    assert required["signInProvider"]["isRequired"] is True
    refused = await api.post(
        "/graphql", json={"query": "{ agency { slug } }"}, headers={"Authorization": f"Bearer {agency.by_mail}"}
    )
    assert refused.status_code == 403
    assert refused.json()["errors"][0]["extensions"] == {
        "code": "SSO_REQUIRED",
        "signInUrl": f"/sign-in/{agency.slug}",
    }
    assert await ask(api, by_provider, "{ agency { slug } }") == {"data": {"agency": {"slug": agency.slug}}}
    # Another provider is as unproven as the first one was.
    for change in ({"clientId": "another"}, {}):
        issuer = provider.issuer if change else f"{provider.issuer}/other"
        again = await agency.set(api, by_provider, issuer, isRequired=True, **change)
        assert [error["code"] for error in again["userErrors"]] == ["PROVIDER_UNPROVEN"]
    conflict = await agency.set(api, by_provider, provider.issuer, expectedVersion=1)
    assert [error["code"] for error in conflict["userErrors"]] == ["CONFLICT"]
    removed = await ask(api, by_provider, REMOVE)
    assert removed["data"]["removeSignInProvider"] == {"signInProvider": None, "userErrors": []}
    assert "data" in await ask(api, agency.by_mail, "{ agency { slug } }")


async def test_a_person_of_another_agency_too_is_kept_out_of_this_one_alone(
    api: httpx.AsyncClient, agency: Agency, provider: HostileProvider, acme: Cast
) -> None:
    person_id, _ = await add_member(
        acme.agency_id, name="Ona", email=agency.owner_email, role=Role.SUPPORT, workspaces=[acme.workspaces["forum"]]
    )
    token = await open_session(person_id, method="mail")
    await _require(agency, provider)
    seen = (await ask(api, token, MEMBERSHIPS))["data"]["viewer"]["memberships"]
    assert {each["agencySlug"]: (each["signInUrl"], each["workspaces"]) for each in seen} == {
        "acme": (None, [{"slug": "forum"}]),
        agency.slug: (f"/sign-in/{agency.slug}", []),
    }
    forum = {"X-Workspace-Id": f"workspace_{acme.workspaces['forum']}"}
    for headers in ({}, {"X-Agency-Id": "acme"}, forum, {"X-Workspace-Id": "forum"}):
        answer = await ask(api, token, "{ agency { slug } }", headers=headers)
        assert answer == {"data": {"agency": {"slug": "acme"}}}, headers
    refused = await ask(api, token, "{ agency { slug } }", headers={"X-Agency-Id": agency.slug})
    assert refused["errors"][0]["extensions"]["code"] == "SSO_REQUIRED"


async def test_an_invitation_leads_to_the_provider(agency: Agency, provider: HostileProvider, inbox: Inbox) -> None:
    await _require(agency, provider)
    email = f"new-{str(new_id())[-12:]}@{DOMAIN}"
    async with agency_scope(agency.actor):
        staff_id = await people.invite(
            agency.actor, email=email, name="Nia", role=Role.LEAD, sees_all=True, workspaces=(), by_mail=False
        )
        link = await people.invitation_link(staff_id)
    token = link.partition("token=")[2]
    async with agency.browser() as browser:
        browser.headers["Sec-Fetch-Site"] = "same-origin"
        page = await browser.get("/join", params={"token": token})
        assert f'href="/sign-in/{agency.slug}"' in page.text
        refused = await browser.post("/join", data={"token": token})
        assert (refused.status_code, COOKIE in browser.cookies) == (403, False)
        provider.account = {**provider.account, "sub": str(new_id()), "email": email}
        assert (await agency.sign_in(browser)).status_code == 303
        assert (await agency.membership_of(browser))["role"] == "LEAD"


@pytest.mark.parametrize(
    ("values", "path"),
    [
        ({"issuer": "http://id.example"}, "issuer"),
        ({"issuer": "https://127.0.0.1"}, None),
        ({"issuer": "https://id.example?x=1"}, "issuer"),
        ({"issuer": "nonsense"}, "issuer"),
        ({"domains": []}, "domains"),
        ({"domains": ["example.com", "not a domain"]}, "domains"),
        ({"domains": ["*"]}, "domains"),
        ({"clientId": ""}, "clientId"),
        ({"firstRole": "OWNER"}, "firstRole"),
        ({"firstRole": "ADMIN"}, "firstRole"),
        ({"firstRole": "STAKEHOLDER"}, "firstRole"),
    ],
)
async def test_what_no_provider_can_be_is_refused(
    api: httpx.AsyncClient, agency: Agency, provider: HostileProvider, values: dict[str, Any], path: str | None
) -> None:
    """An address that leads inside is found out when it is asked: names may lead anywhere tomorrow."""
    answer = await agency.set(api, agency.by_mail, **{"issuer": provider.issuer, **values})
    if path is not None:
        assert answer["userErrors"] == [{"code": "INVALID", "path": ["input", path]}]
        return
    async with agency.browser() as browser:
        refused = await agency.ask(browser)
        assert refused.status_code == 403
        assert "cannot be asked" in refused.text


async def test_the_secret_is_sealed_and_told_nowhere(
    api: httpx.AsyncClient, agency: Agency, provider: HostileProvider
) -> None:
    secret = f"shh-{new_id()}"
    await agency.set(api, agency.by_mail, provider.issuer, clientSecret=secret)
    await agency.set(api, agency.by_mail, provider.issuer)  # which keeps it
    async with agency_scope(agency.actor) as scope:
        kept = await SignInProvider.get(issuer=provider.issuer)
        assert kept.client_secret is not None
        assert secret.encode() not in kept.client_secret
        assert (await opened(kept)).secret == secret
        for table in ("journal", "jobs", "sign_in_providers"):
            assert (
                await scope.fetchval(f"select count(*) from {table} t where t::text like '%' || $1 || '%'", secret) == 0
            )
    await agency.set(api, agency.by_mail, provider.issuer, clientId="another")
    async with agency_scope(agency.actor):
        assert (await SignInProvider.get(issuer=provider.issuer)).client_secret is None, "it was another client's"


async def _require(agency: Agency, provider: HostileProvider) -> None:
    """As if its owner had proved it."""
    await agency.use(provider.issuer)
    async with agency_scope(agency.actor):
        await SignInProvider.all().update(is_required=True)
