"""The directories of the two agencies."""

from uuid import UUID

import httpx
import pytest
from cast import Cast
from directory.asking import Directory

from tenants.provisioning import issue_api_key
from tenants.rights import Right


@pytest.fixture(scope="session")
async def directories(api: httpx.AsyncClient, acme: Cast, globex: Cast) -> dict[UUID, Directory]:
    return {
        cast.agency_id: Directory(api, await issue_api_key(cast.agency_id, name="directory", scopes=[Right.PROVISION]))
        for cast in (acme, globex)
    }


@pytest.fixture
def entra(directories: dict[UUID, Directory], acme: Cast) -> Directory:
    """Of acme."""
    return directories[acme.agency_id]


@pytest.fixture
def okta(directories: dict[UUID, Directory], globex: Cast) -> Directory:
    """Of globex."""
    return directories[globex.agency_id]
