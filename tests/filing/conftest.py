"""A client with a service of its own, whose statements are filed."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from cast import Cast
from statements.conftest import Place, place  # noqa: F401 - a fixture

from backend.filing import AboutProvider, AboutService, Service, describe_provider, describe_service, link_community
from backend.moderation import Queue, count_cases_again
from infra.bench.year import Where, fill_year
from tenants.scope import agency_scope

START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Desk:
    place: Place
    service: Service

    @property
    def cast(self) -> Cast:
        return self.place.cast

    @property
    def client(self) -> UUID:
        return self.place.client

    @property
    def lead(self) -> Any:
        return self.place.moderator  # the owner, narrowed to the client

    async def run(self, kind: str) -> list[str]:
        return [job.state for job in await self.cast.run_jobs(kind, even_later=True, of=[self.client])]

    async def fill(self, decisions: int, **named: Any) -> None:
        version = await self.cast.policy_version(self.client)
        async with agency_scope(self.place.system):
            queue = await Queue.get(workspace_id=self.client)
        assert self.lead.membership_id is not None
        where = Where(
            self.cast.agency_id, self.client, self.place.community, queue.id, self.lead.membership_id, version.id
        )
        await fill_year(where, decisions=decisions, since=START, **named)
        async with agency_scope(self.place.system):
            await count_cases_again(self.place.system, {})


def a_provider(**columns: Any) -> AboutProvider:
    return AboutProvider(
        **{
            "statutory_name": "Northwind GmbH",
            "is_client": True,
            "establishment_country": "DE",
            "size_class": "large",
            "size_class_since": "2020-01-01",
            **columns,
        }
    )


def a_service(**columns: Any) -> AboutService:
    return AboutService(
        **{
            "name": "Northwind Forum",
            "kind": "online_platform",
            "is_public": True,
            "sor_platform_name": "Northwind",
            "spam_is_commercial": False,
            **columns,
        }
    )


async def open_desk(
    place: Place,  # noqa: F811
    *,
    provider: AboutProvider | None = None,
    service: AboutService | None = None,
    is_public: bool = True,
) -> Desk:
    lead = place.moderator
    async with agency_scope(lead):
        whose = await describe_provider(lead, place.client, provider or a_provider())
        made = await describe_service(lead, whose.id, service or a_service())
        await link_community(lead, place.community, service_id=made.id, is_public=is_public)
    return Desk(place, made)


@pytest.fixture
async def desk(place: Place) -> Desk:  # noqa: F811
    return await open_desk(place)
