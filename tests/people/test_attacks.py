"""What somebody tries who wants more than their membership says, or to break things for everybody else."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from api.fuzz_serving import serving
from cast import Cast, ask
from directory.asking import Directory
from inbox import Inbox
from joserfc import jwt
from joserfc.jwk import RSAKey
from people.conftest import open_browser
from people.test_changing import AGENCY, CHANGE, END, code, do, hire
from people.test_inviting import INVITE, address, invite, mail_it, membership
from people.test_signing_in import link_for
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from backend.asgi import app
from backend.kit.clock import now
from backend.kit.errors import Conflict
from backend.kit.ids import new_id
from backend.moderation import Case, claim_next
from backend.outbox import Job
from backend.outside import allow_origins, seal
from backend.people import asking_providers, issue_credential, register_api_client, rotate_credential, suspend
from backend.people import invite as invite_person
from backend.people.mailing_links import MOST
from backend.settings import Settings
from tenants.doors import COOKIE
from tenants.models import Membership, SignInProvider
from tenants.provisioning import issue_api_key
from tenants.rights import Right, Role
from tenants.scope import agency_scope
from tenants.sessions import open_session
from workers.catalogue import CATALOGUE

SET_PROVIDER = """mutation($input: SetSignInProviderInput!) { setSignInProvider(input: $input) {
    signInProvider { id } userErrors { code path } } }"""
PROVIDER = {"issuer": "https://id.example", "clientId": "tend", "domains": ["globex.example"]}


def codes(payload: Any) -> list[str]:
    return [error["code"] for error in payload["userErrors"]]


async def test_an_admin_names_no_provider_that_could_sign_in_owners(api: httpx.AsyncClient, globex: Cast) -> None:
    """It would say that the admin has the owner's address."""
    answer = await ask(api, globex.tokens["admin"], SET_PROVIDER, input=PROVIDER)
    assert codes(answer["data"]["setSignInProvider"]) == ["NOT_ALLOWED"]
    async with agency_scope(globex.system):
        assert not await SignInProvider.exists()


@dataclass
class Provider:
    """Of an agency that means harm: whatever it is told to say. `seconds`: how long it thinks about who it is."""

    origin: str = ""
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "k"}, private=True))
    metadata: dict[str, Any] = field(default_factory=dict)
    claims: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    asked: int = 0
    told: int = 0

    async def discover(self, _request: Request) -> JSONResponse:
        self.asked += 1
        await asyncio.sleep(self.seconds)
        names = {"authorization_endpoint": "/ask", "token_endpoint": "/token", "jwks_uri": "/keys"}
        found = {"issuer": self.origin} | {name: self.origin + path for name, path in names.items()}
        return JSONResponse(found | self.metadata)

    async def tell_keys(self, _request: Request) -> JSONResponse:
        return JSONResponse({"keys": [self.key.as_dict(private=False)]})

    async def tell(self, request: Request) -> JSONResponse:
        self.told += 1
        moment = int(time.time())
        claims = {"iss": self.origin, "aud": "tend", "iat": moment, "exp": moment + 60, "sub": "1"} | self.claims
        return JSONResponse({"id_token": jwt.encode({"alg": "RS256", "kid": "k"}, claims, self.key)})

    def served(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self.discover),
                Route("/keys", self.tell_keys),
                Route("/token", self.tell, methods=["POST"]),
            ]
        )


@pytest.fixture
async def provider(globex: Cast) -> AsyncIterator[Provider]:
    """Of globex."""
    made = Provider()
    async with serving(made.served()) as at:
        made.origin = f"http://{at}"
        allow_origins([made.origin])
        async with agency_scope(globex.system):
            await SignInProvider.create(
                issuer=made.origin, client_id="tend", domains=["globex.example"], first_role="support"
            )
        yield made
        async with agency_scope(globex.system):
            await SignInProvider.all().delete()
        allow_origins([])


async def begin(browser: httpx.AsyncClient) -> dict[str, str]:
    """What the provider was asked with."""
    asked = await browser.get("/sign-in/globex")
    assert asked.status_code == 303, asked.text
    return {name: values[0] for name, values in parse_qs(urlsplit(asked.headers["location"]).query).items()}


@pytest.mark.parametrize("state", ["é", "\x00", "x" * 5_000, ""])
async def test_an_odd_state_is_another_attempt(browser: httpx.AsyncClient, provider: Provider, state: str) -> None:
    await begin(browser)
    answer = await browser.get("/sign-in/globex/callback", params={"state": state, "code": "c"})
    assert (answer.status_code, "another attempt" in answer.text) == (403, True)


async def test_an_attempt_is_used_once_whatever_became_of_it(browser: httpx.AsyncClient, provider: Provider) -> None:
    """Whoever keeps a cookie would have the agency's secret sent to the provider with every guess of a code."""
    asked = await begin(browser)
    kept = dict(browser.cookies)
    texts = []
    for n in range(5):
        browser.cookies.update(kept)
        answer = await browser.get("/sign-in/globex/callback", params={"state": asked["state"], "code": f"c{n}"})
        assert answer.status_code == 403
        texts.append(answer.text)
    assert provider.told == 1
    assert ["was used before" in text for text in texts] == [False, True, True, True, True]
    browser.cookies.clear()
    another = await begin(browser)
    await browser.get("/sign-in/globex/callback", params={"state": another["state"], "code": "c"})
    assert provider.told == 2


@pytest.mark.parametrize(
    "claims",
    [
        {"sub": "a\x00b"},
        {"sub": "1", "email": "a\x00b@globex.example"},
        {"sub": "1", "email": "a\r\nBcc: b@globex.example"},
        {"sub": "1", "email": ["a@globex.example"]},
        {"nonce": "é"},
        {"nonce": ["n"]},
        {"aud": {"tend": 1}},
        {"aud": [["tend"], "tend"], "azp": ["tend"]},
        {"exp": float("nan")},
        {"iat": True},
        {"email_verified": "false"},
    ],
    ids=repr,
)
async def test_odd_claims_sign_nobody_in(
    browser: httpx.AsyncClient, globex: Cast, provider: Provider, claims: dict[str, Any]
) -> None:
    asked = await begin(browser)
    provider.claims = {"nonce": asked["nonce"], "email": "new@globex.example"} | claims
    async with agency_scope(globex.system):
        before = await Membership.all().count()
    answer = await browser.get("/sign-in/globex/callback", params={"state": asked["state"], "code": "c"})
    assert (answer.status_code, COOKIE in browser.cookies) == (403, False)
    async with agency_scope(globex.system):
        assert await Membership.all().count() == before


async def test_what_is_odd_of_a_name_is_left_out(browser: httpx.AsyncClient, globex: Cast, provider: Provider) -> None:
    for name, kept in (("a\x00b", "ab"), (7, None), (" ", None)):
        asked = await begin(browser)
        email = f"{new_id()}@globex.example"
        provider.claims = {"nonce": asked["nonce"], "sub": email, "email": email, "name": name}
        answer = await browser.get("/sign-in/globex/callback", params={"state": asked["state"], "code": "c"})
        assert answer.status_code == 303, answer.text
        async with agency_scope(globex.system):
            assert (await Membership.get(email=email)).name == (kept or email.partition("@")[0])


@pytest.mark.parametrize(
    "metadata",
    [
        {"token_endpoint_auth_methods_supported": None},
        {"token_endpoint_auth_methods_supported": 7},
        {"authorization_endpoint": "https://id.example/\r\nSet-Cookie: a=b"},
        {"authorization_endpoint": ["https://id.example"]},
        {"jwks_uri": "https://id.example/\x00"},
        {"token_endpoint": "file:///etc/passwd"},
    ],
    ids=repr,
)
async def test_odd_metadata_break_nothing(
    browser: httpx.AsyncClient, globex: Cast, provider: Provider, metadata: dict[str, Any]
) -> None:
    provider.metadata = metadata
    async with agency_scope(globex.system) as scope:
        secret = await seal(
            "s", table="sign_in_providers", column="client_secret", row_id=(await SignInProvider.get()).id
        )
        await scope.execute("update sign_in_providers set client_secret = $1", secret)
    answer = await browser.get("/sign-in/globex")
    assert answer.status_code in (303, 403)
    assert "set-cookie: a" not in str(answer.headers.raw).lower()
    if answer.status_code == 303:
        asked = parse_qs(urlsplit(answer.headers["location"]).query)
        provider.claims = {"nonce": asked["nonce"][0], "email": "somebody@globex.example"}
        done = await browser.get("/sign-in/globex/callback", params={"state": asked["state"][0], "code": "c"})
        assert done.status_code in (303, 403)


async def test_a_slow_provider_is_asked_once_however_many_call(
    secure_app: Starlette, globex: Cast, provider: Provider
) -> None:
    """Nobody makes Tend ask a server over and over by calling its sign-in page."""
    provider.seconds = 0.3
    async with open_browser(secure_app) as anybody:
        answers = await asyncio.gather(*(anybody.get("/sign-in/globex") for _ in range(20)))
    assert {answer.status_code for answer in answers} == {303}
    assert provider.asked == 1


@pytest.mark.parametrize(
    "content", [b"email=" + b"x" * 30_000, b"\xff\xfe", b"&".join(b"a%d=1" % n for n in range(99))]
)
async def test_a_form_that_cannot_be_read_is_refused(browser: httpx.AsyncClient, content: bytes) -> None:
    for path in ("/sign-in", "/join"):
        answer = await browser.post(path, content=content)
        assert (answer.status_code, "This form" in answer.text) == (403, True)


async def test_two_who_invite_the_same_address_at_once_make_one_membership(api: httpx.AsyncClient, acme: Cast) -> None:
    email = address()
    answers = await asyncio.gather(*(invite(api, acme, email=email) for _ in range(5)))
    assert sorted(map(str, map(codes, answers))) == [str(["ALREADY_MEMBER"])] * 4 + ["[]"]
    async with agency_scope(acme.system):
        assert await Membership.filter(email=email).count() == 1


async def test_two_who_set_a_provider_at_once_set_one(api: httpx.AsyncClient, globex: Cast) -> None:
    set_it = [
        ask(api, globex.tokens["owner"], SET_PROVIDER, input={**PROVIDER, "expectedVersion": 0}) for _ in range(5)
    ]
    answers = [answer["data"]["setSignInProvider"] for answer in await asyncio.gather(*set_it)]
    assert sorted(map(str, map(codes, answers))) == [str(["CONFLICT"])] * 4 + ["[]"]
    async with agency_scope(globex.system):
        assert await SignInProvider.all().delete() == 1


async def test_why_a_provider_is_removed_is_a_text(api: httpx.AsyncClient, globex: Cast) -> None:
    remove = """mutation($input: RemoveSignInProviderInput!) { removeSignInProvider(input: $input) {
        userErrors { code path } } }"""
    async with agency_scope(globex.system):
        await SignInProvider.create(issuer="https://id.example", client_id="x", domains=["globex.example"])
    for reason in ("a\x00b", "x" * 2_001):
        answer = await ask(api, globex.tokens["admin"], remove, input={"reason": reason})
        assert answer["data"]["removeSignInProvider"]["userErrors"] == [
            {"code": "INVALID", "path": ["input", "reason"]}
        ]
    async with agency_scope(globex.system):
        assert await SignInProvider.all().delete() == 1


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
async def test_a_moment_outside_all_years_is_refused(api: httpx.AsyncClient, acme: Cast, moment: str) -> None:
    values = {"email": address(), "name": "N", "role": "CONTRACTOR", "endsAt": moment}
    answer = await ask(api, acme.tokens["admin"], INVITE, input=values)
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["BAD_USER_INPUT"]


async def test_a_key_that_is_to_last_for_ever_can_be_replaced(acme: Cast) -> None:
    for_ever = datetime.max.replace(tzinfo=UTC)
    async with agency_scope(acme.admin):
        client = await register_api_client(acme.admin, name="m", scopes=[Right.REPORT])
        first = await issue_credential(acme.admin, client.id, kind="api_key", expires_at=for_ever)
        second = await rotate_credential(acme.admin, first.credential.id, overlap=timedelta(0))
        assert second.credential.expires_at == for_ever


async def test_a_stale_form_does_not_bring_back_who_has_left(api: httpx.AsyncClient, acme: Cast) -> None:
    """Ended for good: whoever comes back is invited, and proves again who they are."""
    who, actor = await hire(acme, Role.MODERATOR)
    await do(api, acme, END, "admin", actor)
    forum = [f"workspace_{acme.workspaces['forum']}"]
    assert codes(await do(api, acme, CHANGE, "owner", actor, role="MODERATOR", workspaceIds=forum)) == ["CONFLICT"]
    assert code(await ask(api, acme.tokens[who], AGENCY)) == "FORBIDDEN"


async def test_who_saw_all_clients_hands_over_what_they_hold_in_those_they_see_no_more(
    api: httpx.AsyncClient, acme: Cast
) -> None:
    client = await acme.empty_workspace()
    slug = next(slug for slug, id in acme.workspaces.items() if id == client)
    case = await acme.case(workspace=slug, policy=f"{slug}:harassment")
    who = f"m-{new_id()}"
    actor = await acme.hire(who, Role.MODERATOR, (), sees_all=True)
    async with agency_scope(actor):
        assert await claim_next(actor, workspace_id=client) is not None
    await do(api, acme, CHANGE, "admin", actor, role="MODERATOR", workspaceIds=[f"workspace_{acme.workspaces['chat']}"])
    async with agency_scope(acme.system):
        [job] = await Job.filter(kind="hand_over", dedupe_key=f"hand_over:{actor.membership_id}")
        await CATALOGUE["hand_over"].work(acme.system, job.payload)
        assert (await Case.get(id=case.id)).state == "queued"


async def test_more_sessions_than_can_be_ended_at_once_are_refused(api: httpx.AsyncClient, acme: Cast) -> None:
    """An answer that names a session says that it is over."""
    revoke = "mutation($input: RevokeSessionsInput!) { revokeSessions(input: $input) { sessionIds userErrors { code path } } }"
    who, _ = await hire(acme, Role.SUPPORT)
    answer = await ask(api, acme.tokens[who], revoke, input={"sessionIds": [f"session_{new_id()}"] * 101})
    assert answer["data"]["revokeSessions"] == {
        "sessionIds": None,
        "userErrors": [{"code": "INVALID", "path": ["input", "sessionIds"]}],
    }
    foreign = await ask(api, acme.tokens[who], revoke, input={"sessionIds": [f"session_{new_id()}"]})
    assert foreign["data"]["revokeSessions"]["userErrors"] == [{"code": "NOT_FOUND", "path": ["input", "sessionIds"]}]


async def test_a_stolen_session_does_not_grow_when_its_person_joins_elsewhere(
    api: httpx.AsyncClient, browser: httpx.AsyncClient, acme: Cast, globex: Cast, inbox: Inbox
) -> None:
    who, _ = await hire(globex, Role.SUPPORT)
    email, stolen = f"{who}@globex.example", globex.tokens[who]
    answer = await invite(api, acme, email=email, role="ADMIN", seesAll=True, workspaceIds=[])
    await mail_it(acme, answer["staff"]["id"])
    joined = await browser.post("/join", data={"token": inbox.link_to(email).partition("token=")[2]})
    assert joined.status_code == 303
    in_acme = {"X-Agency-Id": "acme"}
    assert "errors" not in (await browser.post("/graphql", json={"query": AGENCY})).json()
    assert code(await ask(api, stolen, AGENCY, headers=in_acme)) == "SESSION_OUTDATED"
    assert "errors" not in await ask(api, stolen, AGENCY, headers={"X-Agency-Id": "globex"})


async def test_a_deputy_opens_no_invitation_again_for_clients_that_are_not_theirs(
    api: httpx.AsyncClient, acme: Cast
) -> None:
    answer = await invite(api, acme, workspaceIds=[f"workspace_{acme.workspaces['shop']}"])
    async with agency_scope(acme.system):
        await Membership.filter(id=answer["staff"]["id"].removeprefix("staff_")).update(invited_until=None)
    again = "mutation($input: StaffInput!) { invitePersonAgain(input: $input) { userErrors { code path } } }"
    refused = await ask(api, acme.tokens["deputy"], again, input={"staffId": answer["staff"]["id"]})
    assert codes(refused["data"]["invitePersonAgain"]) == ["NOT_ALLOWED"]
    assert (await membership(acme, answer["staff"]["id"])).invited_until is None


async def test_a_provider_that_names_somebody_of_another_agency_learns_nothing_of_them(
    browser: httpx.AsyncClient, acme: Cast, globex: Cast, provider: Provider
) -> None:
    async with agency_scope(globex.system):
        await SignInProvider.filter().update(domains=["acme.example"])
    for who in ("support", "nobody"):
        asked = await begin(browser)
        email = f"{who}@acme.example"
        provider.claims = {"nonce": asked["nonce"], "sub": who, "email": email, "name": "Whoever"}
        await browser.get("/sign-in/globex/callback", params={"state": asked["state"], "code": "c"})
        query = "{ viewer { person { name email } memberships { agencySlug } sessions { method } } }"
        seen = (await browser.post("/graphql", json={"query": query})).json()["data"]["viewer"]
        assert seen == {
            "person": {"name": "Whoever", "email": email},
            "memberships": [{"agencySlug": "globex"}],
            "sessions": [{"method": "PROVIDER"}],
        }
        assert "support of acme" not in (await browser.get("/signed-in")).text
    async with agency_scope(globex.system) as scope:  # as it was
        for table in ("identities", "memberships"):
            which = "membership_id" if table == "identities" else "id"
            emails = "select id from memberships where email like '%@acme.example'"
            await scope.execute(f"delete from {table} where {which} in ({emails})")
        await scope.execute(
            """delete from person_agency where agency_id = $1
                  and person_id in (select id from persons where email like '%@acme.example')""",
            globex.agency_id,
        )


async def test_a_link_that_was_mailed_opens_nothing_once_the_directory_changes_the_address(
    api: httpx.AsyncClient, browser: httpx.AsyncClient, acme: Cast, inbox: Inbox
) -> None:
    """Whoever reads the old one would become the person with the new one."""
    answer = await invite(api, acme, email=(email := address()), role="SUPPORT", workspaceIds=[])
    staff_id = answer["staff"]["id"]
    await mail_it(acme, staff_id)
    link = inbox.link_to(email)
    directory = Directory(api, await issue_api_key(acme.agency_id, name="directory", scopes=[Right.PROVISION]))
    user = f"/Users/{staff_id.removeprefix('staff_')}"
    await directory.patch(user, {"op": "replace", "path": "displayName", "value": "Another name"})
    assert (await browser.get(link)).status_code == 200
    await directory.patch(
        user, {"op": "replace", "path": 'emails[type eq "work"].value', "value": (other := address())}
    )
    assert (await membership(acme, staff_id)).email == other
    assert (await browser.get(link)).status_code == 403
    assert (await browser.post("/join", data={"token": link.partition("token=")[2]})).status_code == 403
    assert (await membership(acme, staff_id)).person_id is None


async def test_a_session_of_one_agency_spends_nothing_of_what_its_person_has_elsewhere(
    settings: Settings, acme: Cast, globex: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its provider may say that it signs in anybody, and use up what they may ask for."""
    monkeypatch.setattr("backend.asgi.publish_with", lambda _publish: None)  # events stay with the other tests' channel
    sparing = settings.model_copy(update={"points_per_person": 100, "redis_queue": f"tend:{new_id()}"})
    async with agency_scope(acme.system):
        person_id = (await Membership.get(id=acme.both.membership_id)).person_id
    assert person_id is not None
    bound = await open_session(person_id, method="provider", agency_id=globex.agency_id)
    transport = httpx.ASGITransport(app(sparing))
    async with httpx.AsyncClient(transport=transport, base_url="http://tend.test") as sparing_api:
        spent = [await ask(sparing_api, bound, AGENCY) for _ in range(120)]
        assert code(spent[-1]) == "RATE_LIMITED"
        assert "errors" not in await ask(
            sparing_api, await open_session(person_id), AGENCY, headers={"X-Agency-Id": "acme"}
        )


async def test_a_provider_that_is_down_is_asked_once_and_nothing_of_whoever_called_is_kept(
    browser: httpx.AsyncClient, provider: Provider
) -> None:
    """An exception that is raised again and again keeps every request that it went through."""
    provider.metadata = {"issuer": "https://somebody.example"}
    answers = [await browser.get("/sign-in/globex") for _ in range(20)]
    assert {(answer.status_code, "another name" in answer.text) for answer in answers} == {(403, True)}
    assert provider.asked == 1
    assert not any(isinstance(part, BaseException) for kept in asking_providers._failed.values() for part in kept)


async def test_no_domain_is_longer_than_a_domain_can_be(api: httpx.AsyncClient, globex: Cast) -> None:
    answer = await ask(
        api, globex.tokens["owner"], SET_PROVIDER, input={**PROVIDER, "domains": ["a." * 200_000 + "example"]}
    )
    assert answer["data"]["setSignInProvider"]["userErrors"] == [{"code": "INVALID", "path": ["input", "domains"]}]


@pytest.mark.parametrize("role", [Role.ADMIN, Role.SUPPORT])
async def test_a_directory_moves_nobody_to_an_address_who_has_more_than_it_gave_them(
    api: httpx.AsyncClient, globex: Cast, role: Role
) -> None:
    """Its key and any account at the provider would be enough to become them."""
    _, actor = await hire(globex, role)
    directory = Directory(api, await issue_api_key(globex.agency_id, name="directory", scopes=[Right.PROVISION]))
    change = {"op": "replace", "path": 'emails[type eq "work"].value', "value": f"{new_id()}@globex.example"}
    async with agency_scope(globex.system):
        before = (await Membership.get(id=actor.membership_id)).email
    assert (await directory.patch(f"/Users/{actor.membership_id}", change)).status_code == 409
    async with agency_scope(globex.system):
        assert (await Membership.get(id=actor.membership_id)).email == before


async def test_a_key_is_replaced_once(acme: Cast) -> None:
    """Its second successor would live as long as the overlap of the first."""
    async with agency_scope(acme.owner):
        machine = await register_api_client(acme.owner, name="m", scopes=[Right.REPORT])
        issued = await issue_credential(acme.owner, machine.id, kind="api_key")
        first = await rotate_credential(acme.owner, issued.credential.id, overlap=timedelta(hours=1))
        assert first.credential.expires_at is None
        with pytest.raises(Conflict, match="replaced before"):
            await rotate_credential(acme.owner, issued.credential.id, overlap=timedelta(hours=1))


async def test_an_invitation_that_is_too_old_makes_nobody_anybody(
    browser: httpx.AsyncClient, globex: Cast, provider: Provider
) -> None:
    email = f"{str(new_id())[-12:]}@globex.example"
    async with agency_scope(globex.owner):
        invited = await invite_person(
            globex.owner, email=email, name="x", role=Role.ADMIN, sees_all=True, workspaces=()
        )
        await Membership.filter(id=invited).update(invited_until=now() - timedelta(days=90))
    asked = await begin(browser)
    provider.claims = {"nonce": asked["nonce"], "sub": email, "email": email}
    answer = await browser.get("/sign-in/globex/callback", params={"state": asked["state"], "code": "c"})
    assert (answer.status_code, COOKIE in browser.cookies) == (403, False)
    async with agency_scope(globex.system):
        assert (await Membership.get(id=invited)).person_id is None


async def test_a_directory_lifts_no_suspension_but_its_own(api: httpx.AsyncClient, globex: Cast) -> None:
    directory = Directory(api, await issue_api_key(globex.agency_id, name="directory", scopes=[Right.PROVISION]))
    for by_hand in (True, False):
        _, actor = await hire(globex, Role.SUPPORT)
        user = f"/Users/{actor.membership_id}"
        if by_hand:
            async with agency_scope(globex.owner):
                await suspend(globex.owner, actor.membership_id)
        else:
            await directory.patch(user, {"op": "replace", "path": "active", "value": False})
        answer = await directory.patch(user, {"op": "replace", "path": "active", "value": True})
        assert answer.status_code == 200
        async with agency_scope(globex.system):
            assert ((await Membership.get(id=actor.membership_id)).suspended_at is not None) == by_hand


async def test_nobody_keeps_a_person_out_of_their_own_browser_by_asking_for_links(
    browser: httpx.AsyncClient, secure_app: Starlette, acme: Cast, inbox: Inbox
) -> None:
    email = "deputy@acme.example"
    await browser.get(await link_for(browser, inbox, email))
    async with open_browser(secure_app) as other:
        for _ in range(MOST + 2):
            other.cookies.clear()
            await other.post("/sign-in", data={"email": email})
    assert (await browser.get(await link_for(browser, inbox, email))).status_code == 303


async def test_another_provider_ends_what_the_one_before_let_in(
    api: httpx.AsyncClient, browser: httpx.AsyncClient, globex: Cast, provider: Provider
) -> None:
    email = f"{str(new_id())[-12:]}@globex.example"
    asked = await begin(browser)
    provider.claims = {"nonce": asked["nonce"], "sub": email, "email": email}
    await browser.get("/sign-in/globex/callback", params={"state": asked["state"], "code": "c"})
    token = browser.cookies[COOKIE]
    assert "errors" not in await ask(api, token, "{ agency { slug } }")
    await ask(api, globex.tokens["owner"], SET_PROVIDER, input={**PROVIDER, "clientId": "another"})
    assert "errors" in await ask(api, token, "{ agency { slug } }")
