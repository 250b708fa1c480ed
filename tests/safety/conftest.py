"""A client of its own, with responders, a lead and somebody who only supports; escalations of it at hours that are given."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from cast import Cast

from backend.education import Certificate
from backend.kit.clock import now
from backend.moderation import About, Case, raise_danger
from backend.safety import Danger, Escalation, EscalationStep, take_step
from tenants.actor import Actor, system
from tenants.rights import Role
from tenants.scope import agency_scope


@dataclass
class House:
    cast: Cast
    client: UUID
    slug: str
    people: dict[str, Actor] = field(default_factory=dict)

    @property
    def system(self) -> Actor:
        return system(self.cast.agency_id, workspace_id=self.client)

    def __getattr__(self, name: str) -> Actor:
        try:
            return self.__dict__["people"][name]
        except KeyError:
            raise AttributeError(name) from None

    def token(self, who: str) -> str:
        return self.cast.tokens[f"{who}-{self.slug}"]

    async def hire(self, who: str, role: Role) -> Actor:
        ends_at = now() + timedelta(days=30) if role is Role.CONTRACTOR else None
        self.people[who] = await self.cast.hire(
            f"{who}-{self.slug}", role, [self.client], sees_all=False, ends_at=ends_at
        )
        return self.people[who]

    async def case(self) -> Case:
        return await self.cast.case(workspace=self.slug, policy=f"{self.slug}:harassment")

    async def raised(self, case: Case | None = None, *, by: Actor | None = None, **danger: Any) -> UUID:
        """About a case, a new one unless it is given."""
        case, who = case or await self.case(), by or self.moderator
        async with agency_scope(who):
            about = Danger(**{"kind": "self_harm", "summary": "He has a rope.", **danger})
            escalation_id, _ = await raise_danger(who, About(case_id=case.id), about)
            return escalation_id

    async def of(self, escalation_id: UUID) -> Escalation:
        async with agency_scope(self.system):
            return await Escalation.get(id=escalation_id)

    async def step_at(self, escalation_id: UUID, moment: datetime) -> Escalation:
        """What time alone does, by a clock of the test's own."""
        async with agency_scope(self.system):
            await take_step(escalation_id, moment)
        return await self.of(escalation_id)

    async def steps(self, escalation_id: UUID) -> list[tuple[str, int | None, int | None, str]]:
        """Kind, level, loop and who; of pages those in Tend alone."""
        names = {actor.membership_id: name for name, actor in [*self.cast.actors.items(), *self.people.items()]}
        async with agency_scope(self.system):
            rows = await EscalationStep.filter(escalation_id=escalation_id).order_by("at", "id")
        return [
            (row.kind, row.level, row.loop, names.get(row.membership_id) or row.target)
            for row in rows
            if row.channel in (None, "in_app") or row.membership_id is None
        ]

    async def certify(self, who: str, kind: str = "crisis", *, days: float = 90) -> Certificate:
        async with agency_scope(self.cast.system):
            return await Certificate.create(
                membership_id=self.people[who].membership_id,
                kind=kind,
                valid_from=now() - timedelta(days=1),
                valid_until=now() + timedelta(days=days),
                proof="x",
            )


@pytest.fixture
async def house(acme: Cast) -> House:
    client = await acme.empty_workspace()
    slug = next(slug for slug, id in acme.workspaces.items() if id == client)
    made = House(acme, client, slug)
    for who, role in (
        ("responder", Role.SAFETY_RESPONDER),
        ("second", Role.SAFETY_RESPONDER),
        ("lead", Role.LEAD),
        ("moderator", Role.MODERATOR),
        ("supporter", Role.SUPPORT),
    ):
        await made.hire(who, role)
    return made
