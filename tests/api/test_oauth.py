"""OAuth 2 for machines, over HTTP: a client secret buys access tokens, and everything that ends them."""

import asyncio
import base64
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx
import pytest
from authlib.integrations.httpx_client import AsyncOAuth2Client
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata
from cast import Cast, ask
from people.test_machines import SCOPES, key_of, machine_of

from backend.asgi import app
from backend.kit.clock import now
from backend.people import change_api_client, end_api_client, revoke_credential, rotate_credential
from backend.settings import Settings
from tenants.models import ApiClient, Credential
from tenants.rights import MACHINE_RIGHTS, Right
from tenants.scope import agency_scope

WORKSPACES = "{ workspaces { nodes { slug } } }"
TOKEN, INTROSPECT, REVOKE = "/oauth/token", "/oauth/introspect", "/oauth/revoke"


async def shop_of(cast: Cast, **facts: Any) -> tuple[ApiClient, str, Credential]:
    """A machine, its client secret, and what is kept of it."""
    until = facts.pop("expires_at", None)
    machine = await machine_of(cast, **facts)
    secret, credential = await key_of(cast, machine, "client_secret", expires_at=until)
    return machine, secret, credential


async def post(
    api: httpx.AsyncClient, path: str, machine: ApiClient | None = None, secret: str = "", **form: str
) -> httpx.Response:
    auth = None if machine is None else (f"apiclient_{machine.id}", secret)
    response = await api.post(path, data=form, auth=auth)
    assert response.headers["cache-control"] == "no-store"
    return response


async def bought(api: httpx.AsyncClient, machine: ApiClient, secret: str, **form: str) -> dict[str, Any]:
    response = await post(api, TOKEN, machine, secret, grant_type="client_credentials", **form)
    assert response.status_code == 200, response.text
    return response.json()


async def code_of(api: httpx.AsyncClient, token: str, **headers: str) -> str | None:
    answer = await ask(api, token, WORKSPACES, headers={name.replace("_", "-"): text for name, text in headers.items()})
    return answer["errors"][0]["extensions"]["code"] if "errors" in answer else None


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
async def test_a_common_client_buys_a_token_and_uses_it(api: httpx.AsyncClient, acme: Cast, method: str) -> None:
    machine, secret, _ = await shop_of(acme, workspace="forum")
    async with AsyncOAuth2Client(
        f"apiclient_{machine.id}",
        secret,
        token_endpoint_auth_method=method,
        transport=api._transport,
        base_url="https://tend.test",
        grant_type="client_credentials",
    ) as client:
        token = await client.fetch_token("https://tend.test/oauth/token", grant_type="client_credentials")
        assert token["access_token"].startswith("tend_access_")
        assert (token["token_type"], token["expires_in"], token["scope"]) == (
            "Bearer",
            3_600,
            "read_cases read_workspace",
        )
        assert "refresh_token" not in token
        answer = (await client.post("/graphql", json={"query": WORKSPACES})).json()
        assert answer["data"] == {"workspaces": {"nodes": [{"slug": "forum"}]}}
        found = (
            await client.introspect_token("https://tend.test/oauth/introspect", token=token["access_token"])
        ).json()
        assert found["active"]
        await client.revoke_token("https://tend.test/oauth/revoke", token=token["access_token"])
    assert await code_of(api, token["access_token"]) == "UNAUTHENTICATED"


async def test_a_token_may_be_asked_for_less(api: httpx.AsyncClient, acme: Cast) -> None:
    case = await acme.case(workspace="forum")
    machine, secret, _ = await shop_of(acme)
    document = "query($id: ID!) { case(id: $id) { id } }"
    for scope, expected in (
        (None, True),
        ("read_cases", True),
        ("read_workspace read_cases", True),
        ("read_workspace", False),
    ):
        token = await bought(api, machine, secret, **({} if scope is None else {"scope": scope}))
        assert set(token["scope"].split()) == (set(SCOPES) if scope is None else set(scope.split()))
        answer = await ask(api, token["access_token"], document, id=f"case_{case.id}")
        assert (answer["data"]["case"] is not None) == expected, scope


async def test_a_token_never_opens_more_than_its_machine_still_may(api: httpx.AsyncClient, acme: Cast) -> None:
    case = await acme.case(workspace="forum")
    machine, secret, _ = await shop_of(acme)
    token = (await bought(api, machine, secret, scope="read_cases"))["access_token"]
    document = "query($id: ID!) { case(id: $id) { id } }"
    assert (await ask(api, token, document, id=f"case_{case.id}"))["data"]["case"] is not None
    async with agency_scope(acme.owner):
        await change_api_client(acme.owner, machine.id, scopes=[Right.READ_WORKSPACE], ends_at=None)
    assert (await ask(api, token, document, id=f"case_{case.id}"))["data"]["case"] is None


@pytest.mark.parametrize("scope", ["import", "read_cases import", "nonsense", "own", " ", "", "READ_CASES"])
async def test_a_scope_that_is_not_the_machines_is_refused(api: httpx.AsyncClient, acme: Cast, scope: str) -> None:
    machine, secret, _ = await shop_of(acme)
    response = await post(api, TOKEN, machine, secret, grant_type="client_credentials", scope=scope)
    assert (response.status_code, response.json()["error"]) == (400, "invalid_scope")
    async with agency_scope(acme.system):
        assert not await Credential.exists(api_client_id=machine.id, kind="access_token")


async def test_a_wrong_secret_an_unknown_client_and_another_agencys_are_answered_alike(
    api: httpx.AsyncClient, acme: Cast, globex: Cast
) -> None:
    machine, secret, _ = await shop_of(acme)
    other, other_secret, _ = await shop_of(globex)
    api_key, _ = await key_of(acme, machine)
    answers = set()
    for client_id, shown in (
        (machine.id, secret[:-1] + ("x" if secret[-1] != "x" else "y")),
        (machine.id, "nonsense"),
        (machine.id, ""),
        (machine.id, other_secret),
        (machine.id, api_key),
        (machine.id, acme.tokens["owner"]),
        (other.id, secret),
        (acme.agency_id, secret),
    ):
        for path in (TOKEN, INTROSPECT, REVOKE):
            response = await api.post(
                path,
                data={"grant_type": "client_credentials", "token": api_key},
                auth=(f"apiclient_{client_id}", shown),
            )
            assert response.headers["www-authenticate"].startswith("Basic ")
            answers.add((response.status_code, response.content))
    [(status, body)] = answers
    assert status == 401
    assert b'"invalid_client"' in body
    for form in ({"client_id": str(machine.id), "client_secret": secret}, {}):  # no published id; nothing at all
        response = await api.post(TOKEN, data={"grant_type": "client_credentials", **form})
        assert (response.status_code, response.content) == (status, body)


@pytest.mark.parametrize(
    ("content", "headers", "error", "status"),
    [
        (b"grant_type=password&username=a&password=b", {}, "unsupported_grant_type", 400),
        (b"grant_type=authorization_code&code=a", {}, "unsupported_grant_type", 400),
        (b"", {}, "unsupported_grant_type", 400),
        (b"grant_type=client_credentials&grant_type=client_credentials", {}, "invalid_request", 400),
        (b"grant_type=client_credentials&client_secret=x", {}, "invalid_request", 400),
        (b"grant_type=%ff", {}, "invalid_request", 400),
        (b"grant_type=\xff", {}, "invalid_request", 400),
        (b"&".join(b"a%d=1" % n for n in range(50)), {}, "invalid_request", 400),
        (b"x=" + b"y" * 20_000, {}, "invalid_request", 413),
        (b'{"grant_type": "client_credentials"}', {"Content-Type": "application/json"}, "invalid_request", 400),
        (b"grant_type=client_credentials", {"Authorization": "Basic /w=="}, "invalid_client", 401),
        (b"grant_type=client_credentials", {"Authorization": "Basic x"}, "invalid_client", 401),
        (b"grant_type=client_credentials", {"Authorization": "Basic"}, "invalid_client", 401),
        (b"grant_type=client_credentials", {"Authorization": "Bearer x"}, "invalid_client", 401),
    ],
)
async def test_a_request_that_is_none_is_refused_as_the_standard_says(
    api: httpx.AsyncClient, acme: Cast, content: bytes, headers: dict[str, str], error: str, status: int
) -> None:
    machine, secret, _ = await shop_of(acme)
    basic = base64.b64encode(f"apiclient_{machine.id}:{secret}".encode()).decode()
    sent = {"Content-Type": "application/x-www-form-urlencoded", "Authorization": f"Basic {basic}", **headers}
    response = await api.post(TOKEN, content=content, headers=sent)
    assert (response.status_code, response.json()["error"]) == (status, error)
    assert response.headers["cache-control"] == "no-store"
    assert secret not in response.text


async def test_what_is_no_post_is_not_answered(api: httpx.AsyncClient) -> None:
    for path in (TOKEN, INTROSPECT, REVOKE):
        assert (await api.get(path)).status_code == 405


async def test_a_revoked_secret_takes_its_tokens_along_at_once(api: httpx.AsyncClient, acme: Cast) -> None:
    machine, secret, credential = await shop_of(acme)
    other, _ = await key_of(acme, machine, "client_secret")
    tokens = [(await bought(api, machine, each))["access_token"] for each in (secret, other)]
    assert [await code_of(api, token) for token in tokens] == [None, None]
    async with agency_scope(acme.owner):
        await revoke_credential(acme.owner, credential.id)
    assert [await code_of(api, token) for token in tokens] == ["UNAUTHENTICATED", None]
    assert (await post(api, TOKEN, machine, secret, grant_type="client_credentials")).status_code == 401
    for token, active in zip(tokens, (False, True), strict=True):
        assert (await post(api, INTROSPECT, machine, other, token=token)).json()["active"] is active


async def test_a_rotated_secret_buys_until_the_overlap_ends(api: httpx.AsyncClient, acme: Cast) -> None:
    machine, secret, credential = await shop_of(acme)
    async with agency_scope(acme.owner):
        issued = await rotate_credential(acme.owner, credential.id, overlap=timedelta(minutes=10))
    token = await bought(api, machine, secret)
    assert 590 <= token["expires_in"] <= 600
    assert (await bought(api, machine, issued.token))["expires_in"] == 3_600
    async with agency_scope(acme.owner) as scope:
        await scope.execute(
            "update credentials set expires_at = now() where agency_id = $1 and id = $2", acme.agency_id, credential.id
        )
    assert await code_of(api, token["access_token"]) == "UNAUTHENTICATED"
    assert (await post(api, TOKEN, machine, secret, grant_type="client_credentials")).status_code == 401


async def test_a_machine_that_has_ended_buys_nothing_and_its_tokens_end(api: httpx.AsyncClient, acme: Cast) -> None:
    machine, secret, _ = await shop_of(acme, ends_at=now() + timedelta(minutes=20))
    token = await bought(api, machine, secret)
    assert 1_190 <= token["expires_in"] <= 1_200
    async with agency_scope(acme.owner):
        await end_api_client(acme.owner, machine.id)
    assert await code_of(api, token["access_token"]) == "UNAUTHENTICATED"
    assert (await post(api, TOKEN, machine, secret, grant_type="client_credentials")).status_code == 401


async def test_a_token_ends_by_itself(api: httpx.AsyncClient, acme: Cast) -> None:
    machine, secret, _ = await shop_of(acme)
    token = (await bought(api, machine, secret))["access_token"]
    async with agency_scope(acme.system) as scope:
        kept = await Credential.get(api_client_id=machine.id, kind="access_token")
        assert timedelta(minutes=59) < kept.expires_at - now() <= timedelta(hours=1)
        await scope.execute(
            "update credentials set expires_at = now() where agency_id = $1 and id = $2", acme.agency_id, kept.id
        )
    assert await code_of(api, token) == "UNAUTHENTICATED"
    assert (await post(api, INTROSPECT, machine, secret, token=token)).json() == {"active": False}


async def test_a_header_for_another_workspace_is_refused(api: httpx.AsyncClient, acme: Cast) -> None:
    machine, secret, _ = await shop_of(acme, workspace="forum")
    token = (await bought(api, machine, secret))["access_token"]
    assert await code_of(api, token, X_Workspace_Id="forum") is None
    for header in ({"X_Workspace_Id": "chat"}, {"X_Agency_Id": "globex"}):
        assert await code_of(api, token, **header) == "WORKSPACE_MISMATCH"


async def test_a_machine_of_the_whole_agency_narrows_its_requests(api: httpx.AsyncClient, acme: Cast) -> None:
    machine, secret, _ = await shop_of(acme)
    token = (await bought(api, machine, secret, scope="read_workspace"))["access_token"]
    for _ in range(2):
        answer = await ask(api, token, WORKSPACES, headers={"X-Workspace-Id": "shop"})
        assert answer == {"data": {"workspaces": {"nodes": [{"slug": "shop"}]}}}


async def test_introspection_tells_a_machine_about_its_own_tokens(api: httpx.AsyncClient, acme: Cast) -> None:
    machine, secret, _ = await shop_of(acme, workspace="forum")
    token = await bought(api, machine, secret, scope="read_workspace")
    found = (await post(api, INTROSPECT, machine, secret, token=token["access_token"])).json()
    moment = int(time.time())
    assert abs(found["iat"] - moment) < 30
    assert abs(found["exp"] - moment - 3_600) < 30
    assert found == {
        "active": True,
        "token_type": "Bearer",
        "client_id": f"apiclient_{machine.id}",
        "sub": f"apiclient_{machine.id}",
        "iss": "http://localhost:8000",
        "scope": "read_workspace",
        "iat": found["iat"],
        "exp": found["exp"],
        "agency_id": f"agency_{acme.agency_id}",
        "workspace_id": f"workspace_{acme.workspaces['forum']}",
    }


async def test_what_is_no_token_of_the_machine_is_inactive_and_is_not_revoked(
    api: httpx.AsyncClient, acme: Cast, globex: Cast
) -> None:
    machine, secret, _ = await shop_of(acme)
    colleague, colleague_secret, _ = await shop_of(acme)
    stranger, stranger_secret, _ = await shop_of(globex)
    others = [
        (await bought(api, colleague, colleague_secret))["access_token"],
        (await bought(api, stranger, stranger_secret))["access_token"],
        (await key_of(acme, machine))[0],  # an API key is no token
        acme.tokens["owner"],
    ]
    for token in (*others, secret, "nonsense", ""):
        assert (await post(api, INTROSPECT, machine, secret, token=token)).json() == {"active": False}
        response = await post(api, REVOKE, machine, secret, token=token)
        assert (response.status_code, response.json()) == (200, {})
    assert [await code_of(api, token) for token in others] == [None] * 4
    assert (await bought(api, machine, secret))["expires_in"] == 3_600


async def test_a_revoked_token_opens_nothing_and_revoking_it_again_is_fine(api: httpx.AsyncClient, acme: Cast) -> None:
    machine, secret, _ = await shop_of(acme)
    tokens = [(await bought(api, machine, secret))["access_token"] for _ in range(2)]
    for hint in ({}, {"token_type_hint": "access_token"}, {"token_type_hint": "of another kind"}):
        assert (await post(api, REVOKE, machine, secret, token=tokens[0], **hint)).status_code == 200
    assert [await code_of(api, token) for token in tokens] == ["UNAUTHENTICATED", None]
    for path in (REVOKE, INTROSPECT):
        assert (await post(api, path, machine, secret)).json()["error"] == "invalid_request"


async def test_the_metadata_says_where_everything_is(api: httpx.AsyncClient) -> None:
    found = (await api.get("/.well-known/oauth-authorization-server")).json()
    assert found["issuer"] == "http://localhost:8000"
    AuthorizationServerMetadata(
        {name: text.replace("http://", "https://") if isinstance(text, str) else text for name, text in found.items()}
    ).validate()
    assert found["scopes_supported"] == sorted(MACHINE_RIGHTS)
    for name in ("token", "introspection", "revocation"):
        path = found[f"{name}_endpoint"].removeprefix(found["issuer"])
        assert (await api.post(path, data={"grant_type": "client_credentials"})).status_code == 401


@asynccontextmanager
async def with_limits(settings: Settings, **limits: int) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app(settings.model_copy(update=limits)))
    async with httpx.AsyncClient(transport=transport, base_url="http://tend.test") as client:
        yield client


async def test_a_machine_that_asks_too_much_waits_and_others_do_not(settings: Settings, acme: Cast) -> None:
    machine, secret, _ = await shop_of(acme)
    other, other_secret, _ = await shop_of(acme)
    async with with_limits(settings, oauth_requests_per_machine=3) as api:
        for _ in range(3):
            await bought(api, machine, secret)
        refused = await post(api, TOKEN, machine, secret, grant_type="client_credentials")
        assert (refused.status_code, refused.json()["error"]) == (429, "temporarily_unavailable")
        assert 1 <= int(refused.headers["retry-after"]) <= 60
        await bought(api, other, other_secret)
        # Whoever does not know the secret uses nothing of it up.
        for _ in range(10):
            await post(api, TOKEN, other, "wrong", grant_type="client_credentials")
        await bought(api, other, other_secret)


async def test_tokens_bought_at_once_are_all_good(api: httpx.AsyncClient, acme: Cast) -> None:
    machine, secret, _ = await shop_of(acme)
    async with asyncio.timeout(30):
        tokens = await asyncio.gather(*(bought(api, machine, secret) for _ in range(10)))
    assert len({token["access_token"] for token in tokens}) == 10
    assert [await code_of(api, token["access_token"]) for token in tokens] == [None] * 10
