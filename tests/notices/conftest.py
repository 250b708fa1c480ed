"""Somebody to tell, at a client of their own."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from cast import Cast
from inbox import Inbox
from notices.readers import Reader

from backend.kit.ids import new_id
from tenants.rights import Role


@pytest.fixture
def hire(acme: Cast, inbox: Inbox) -> Callable[..., Any]:
    async def hire(
        role: Role = Role.MODERATOR, *, client: UUID | None = None, cast: Cast = acme, **options: Any
    ) -> Reader:
        who = f"r{str(new_id())[-12:]}"
        client = client or await cast.empty_workspace()
        actor = await cast.hire(who, role, () if options.get("sees_all") else [client], **options)
        return Reader(cast, actor, f"{who}@{cast.slug}.example", cast.tokens[who], client, inbox)

    return hire


@pytest.fixture
async def reader(hire: Callable[..., Any]) -> Reader:
    return await hire()
