"""A directory at work: its key, and the two lines in which it asks."""

from dataclasses import dataclass
from typing import Any

import httpx

from backend.kit.ids import new_id

CORE = "urn:ietf:params:scim:schemas:core:2.0"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


@dataclass(frozen=True)
class Directory:
    """Entra or Okta, as far as Tend can tell."""

    api: httpx.AsyncClient
    token: str

    async def ask(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        return await self.api.request(
            method,
            f"/scim/v2{path}",
            json=body,
            headers={"Authorization": f"Bearer {self.token}"}
            | {name.replace("_", "-"): value for name, value in headers.items()},
        )

    async def hire(self, called: str | None = None, **more: Any) -> dict[str, Any]:
        """A user; `called` is the beginning of the address."""
        address = f"{called or new_id()}@directory.example"
        response = await self.ask(
            "POST", "/Users", {"schemas": [f"{CORE}:User"], "userName": address, "active": True} | more
        )
        assert response.status_code == 201, response.text
        return response.json()

    async def group(self, *members: str, name: str | None = None) -> dict[str, Any]:
        response = await self.ask(
            "POST",
            "/Groups",
            {
                "schemas": [f"{CORE}:Group"],
                "displayName": name or f"group {new_id()}",
                "members": [{"value": member} for member in members],
            },
        )
        assert response.status_code == 201, response.text
        return response.json()

    async def patch(self, path: str, *operations: Any, **headers: str) -> httpx.Response:
        return await self.ask("PATCH", path, {"schemas": [PATCH], "Operations": list(operations)}, **headers)

    async def read(self, path: str) -> dict[str, Any]:
        response = await self.ask("GET", path)
        assert response.status_code == 200, response.text
        return response.json()
