"""scim2-tester against the running application: discovery, and every attribute that the schemas publish."""

import asyncio
import socket
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import uvicorn
from scim2_client import BaseSyncSCIMClient
from scim2_tester import Status, check_server

from backend.asgi import app
from backend.kit.ids import new_id
from backend.settings import Settings
from tenants.provisioning import issue_api_key, provision_agency
from tenants.rights import Right

CHECKS = 70
# Checks that we fail on purpose: what they say, and why.
EXEMPT = {
    "PATCH modify() did not remove attribute 'active'": "a user is active or is not: without the attribute they still are"
}


class Client(BaseSyncSCIMClient):
    """The library's own needs a package of its own; this one has what it asks for."""

    def __init__(self, client: httpx.Client) -> None:
        super().__init__()
        self._client = client

    def _stays_under_base_url(self, _endpoint: str) -> bool:
        return True

    def _parse_json(self, response: Any) -> Any:
        return response.json()

    def request(self, method: str, url: str, **kwargs: Any) -> Any:
        return self._client.request(method, url, **kwargs)


@pytest.fixture(scope="module")
async def address(settings: Settings) -> AsyncIterator[str]:
    """The application on a port, in this loop; its pool is the session's."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app(settings), lifespan="off", log_config=None))
        serving = asyncio.create_task(server.serve([listening]))
        async with asyncio.timeout(10):
            while not server.started:
                await asyncio.sleep(0.01)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/scim/v2"
        server.should_exit = True
        await serving


@pytest.fixture
async def token(settings: Settings) -> str:
    """Of an agency of its own: the tester looks for what it has made on the first page of everything."""
    agency_id = await provision_agency(slug=f"a-{str(new_id())[-12:]}", name="Tested")
    return await issue_api_key(agency_id, name="directory", scopes=[Right.PROVISION])


async def test_scim2_tester_finds_nothing_wrong(address: str, token: str) -> None:
    def check() -> list[Any]:
        with httpx.Client(base_url=address, headers={"Authorization": f"Bearer {token}"}, timeout=30) as client:
            return check_server(Client(client))

    async with asyncio.timeout(300):
        results = await asyncio.to_thread(check)
    failed = [
        result
        for result in results
        if result.status in (Status.ERROR, Status.CRITICAL, Status.DEVIATION) and result.reason not in EXEMPT
    ]
    assert not failed, "\n".join(f"{each.resource_type} {each.title}: {each.reason}" for each in failed)
    counted = Counter(result.status.name for result in results)
    assert counted == {"SUCCESS": CHECKS - len(EXEMPT), "ERROR": len(EXEMPT)}
