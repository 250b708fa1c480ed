"""Signing in with `oidc-provider` from npm, which the OpenID Foundation has certified. Skipped without Node.js."""

import json
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx
import pytest
from npm import installed
from people.signers import DOMAIN, Signers, found_signers
from starlette.applications import Starlette

from backend.outside import allow_origins
from backend.people import asking_providers
from tenants.models import Identity
from tenants.scope import agency_scope

SOURCES = Path(__file__).parent / "provider"
ACCOUNT = {"sub": "ada", "email": f"Ada@{DOMAIN}", "email_verified": True, "name": "Ada Lovelace"}


@pytest.fixture(scope="module")
def folder() -> Path:
    return installed(SOURCES, "provider")


@pytest.fixture
async def signers(secure_app: Starlette) -> Signers:
    return await found_signers(secure_app)


@pytest.fixture
async def browser(signers: Signers) -> AsyncIterator[httpx.AsyncClient]:
    async with signers.browser() as client:
        yield client


@contextmanager
def certified_provider(folder: Path, signers: Signers, *, secret: str | None, account: dict[str, Any]) -> Iterator[str]:
    """Its issuer."""
    told = {"clientId": "tend", "clientSecret": secret, "redirectUri": signers.callback, "account": account}
    node = shutil.which("node")
    assert node is not None
    with subprocess.Popen(
        [node, "server.mjs"],
        cwd=folder,
        env={"TEND_PROVIDER": json.dumps(told)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as running:
        assert running.stdout is not None
        issuer = running.stdout.readline().strip()
        assert issuer, "The provider does not start."
        allow_origins([issuer])
        asking_providers._known.clear()
        asking_providers._failed.clear()
        try:
            yield issuer
        finally:
            allow_origins([])
            running.terminate()


async def answer_of(outside: httpx.AsyncClient, address: str, *, until: str) -> str:
    """As a browser follows the provider's pages with its cookies, to where they lead back to us."""
    for _ in range(10):
        response = await outside.get(address)
        assert response.status_code in (302, 303), response.text
        address = urljoin(address, response.headers["location"])
        if address.startswith(until):
            return address
    raise AssertionError(address)


@pytest.mark.parametrize("secret", [None, "a secret of forty letters, signs: and/more"])
async def test_whom_it_names_is_in(
    folder: Path, signers: Signers, browser: httpx.AsyncClient, secret: str | None
) -> None:
    with certified_provider(folder, signers, secret=secret, account=ACCOUNT) as issuer:
        await signers.use(issuer, secret=secret)
        async with httpx.AsyncClient() as outside:
            asked = await signers.ask(browser, next="/docs/start")
            back = await answer_of(outside, asked.headers["location"], until=signers.callback)
            assert "iss=" in back  # RFC 9207, which it announces
            done = await signers.come_back(browser, back)
            assert (done.status_code, done.headers["location"]) == (303, "/docs/start"), done.text
            member = await signers.membership_of(browser)
            assert (member["email"], member["role"]) == (f"ada@{DOMAIN}", "SUPPORT")
            async with agency_scope(signers.actor):
                identity = await Identity.get(subject="ada")
            assert (identity.issuer, f"staff_{identity.membership_id}") == (issuer, member["id"])
            # Its own rules: a code once, and with its verifier only.
            browser.cookies.delete("__Host-tend_session")
            assert (await signers.come_back(browser, back)).status_code == 403
            again = await answer_of(outside, (await signers.ask(browser)).headers["location"], until=signers.callback)
            assert (await signers.come_back(browser, again)).status_code == 303
            assert (await signers.membership_of(browser))["id"] == member["id"]


async def test_what_it_says_is_not_verified_is_not_believed(
    folder: Path, signers: Signers, browser: httpx.AsyncClient
) -> None:
    account = ACCOUNT | {"email_verified": False}
    with certified_provider(folder, signers, secret=None, account=account) as issuer:
        await signers.use(issuer)
        async with httpx.AsyncClient() as outside:
            asked = await signers.ask(browser)
            back = await answer_of(outside, asked.headers["location"], until=signers.callback)
        before = await signers.rows()
        assert (await signers.come_back(browser, back)).status_code == 403
        assert await signers.rows() == before


async def test_a_wrong_secret_opens_nothing(folder: Path, signers: Signers, browser: httpx.AsyncClient) -> None:
    with certified_provider(folder, signers, secret="right-" * 8, account=ACCOUNT) as issuer:
        await signers.use(issuer, secret="wrong-" * 8)
        async with httpx.AsyncClient() as outside:
            asked = await signers.ask(browser)
            back = await answer_of(outside, asked.headers["location"], until=signers.callback)
        assert (await signers.come_back(browser, back)).status_code == 403
