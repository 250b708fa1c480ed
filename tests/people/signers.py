"""An agency that signs in with a provider of its own, and the browser of somebody who does."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import httpx
from starlette.applications import Starlette

from backend import people
from backend.kit.ids import new_id
from backend.outside import served_at
from tenants.actor import Actor, system
from tenants.doors import COOKIE
from tenants.provisioning import provision_agency
from tenants.rights import Role
from tenants.scope import agency_scope

DOMAIN = "signers.example"
PUBLIC = "https://tend.test"


@dataclass
class Signers:
    """`app` is behind TLS."""

    slug: str
    agency_id: UUID
    app: Starlette

    @property
    def actor(self) -> Actor:
        return system(self.agency_id)

    @property
    def callback(self) -> str:
        return f"{PUBLIC}/sign-in/{self.slug}/callback"

    def browser(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app),
            base_url=PUBLIC,
            headers={"Sec-Fetch-Site": "cross-site", "User-Agent": "A browser of the tests"},
        )

    async def use(
        self, issuer: str, *, secret: str | None = None, first_role: Role | None = Role.SUPPORT, client_id: str = "tend"
    ) -> None:
        async with agency_scope(self.actor):
            await people.set_provider(
                self.actor,
                issuer=issuer,
                client_id=client_id,
                client_secret=secret,
                domains=[DOMAIN],
                is_required=False,
                first_role=first_role,
            )

    async def rows(self) -> Mapping[str, Any]:
        """What signing in could leave behind."""
        async with agency_scope(self.actor) as scope:
            return {
                table: await scope.fetchval(f"select count(*) from {table}")
                for table in ("memberships", "identities", "journal")
            } | {
                "sessions": await scope.fetchval("select count(*) from sessions"),
                "persons": await scope.fetchval("select count(*) from persons"),
            }

    async def ask(self, browser: httpx.AsyncClient, **query: str) -> httpx.Response:
        """The first step: where the browser is sent."""
        return await browser.get(f"/sign-in/{self.slug}", params=query)

    async def answer_for(self, browser: httpx.AsyncClient, **query: str) -> str:
        """Two steps: the address of the callback with which the provider sends the browser back."""
        asked = await self.ask(browser, **query)
        assert asked.status_code == 303, asked.text
        async with httpx.AsyncClient() as outside:
            sent_back = await outside.get(asked.headers["location"])
        assert sent_back.status_code == 302, sent_back.text
        return sent_back.headers["location"]

    async def sign_in(self, browser: httpx.AsyncClient, **query: str) -> httpx.Response:
        """All of it: the answer of the callback."""
        return await self.come_back(browser, await self.answer_for(browser, **query))

    async def come_back(self, browser: httpx.AsyncClient, address: str) -> httpx.Response:
        parts = urlsplit(address)
        assert f"{parts.scheme}://{parts.netloc}{parts.path}" == self.callback
        return await browser.get(f"{parts.path}?{parts.query}")

    async def membership_of(self, browser: httpx.AsyncClient) -> Mapping[str, Any]:
        """Whom the browser's session is of, here."""
        token = browser.cookies[COOKIE]
        answer = await browser.post(
            "/graphql",
            json={"query": "{ viewer { person { email } memberships { id agencySlug role } } }"},
            headers={"Authorization": f"Bearer {token}"},
        )
        viewer = answer.json()["data"]["viewer"]
        [membership] = viewer["memberships"]
        return {"email": viewer["person"]["email"], **membership}


async def found_signers(app: Starlette) -> Signers:
    served_at(PUBLIC)
    slug = f"signers-{str(new_id())[-12:]}"
    return Signers(slug, await provision_agency(slug=slug, name="Signers"), app)
