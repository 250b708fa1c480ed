"""What somebody tries who wants more than their membership says, or to break things for everybody else."""

from typing import Any

import httpx
from cast import Cast, ask

from tenants.models import SignInProvider
from tenants.scope import agency_scope

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
