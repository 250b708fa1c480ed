"""A restaurant whose guests say that they ate there; none of them has an account of Tend."""

import io
import re
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import pytest
from cast import Cast
from PIL import Image, ImageDraw

from backend.communities import Member
from backend.kit.clock import now
from backend.kit.ids import new_id
from backend.outside import public_address
from backend.verification import (
    Booking,
    Design,
    VerificationEvidence,
    VerificationProgramme,
    VerificationTask,
    create_programme,
    invite,
    note_bookings,
)
from tenants.actor import Actor, system
from tenants.scope import agency_scope

ALL_WEAK = ("receipt", "mail_domain", "link", "moderator")


@dataclass
class Restaurant:
    cast: Cast
    client: UUID
    slug: str
    programme: VerificationProgramme

    @property
    def lead(self) -> Actor:
        return self.cast.owner.narrowed_to(self.client)

    @property
    def system(self) -> Actor:
        return system(self.cast.agency_id, workspace_id=self.client)

    async def guest(self, **columns: Any) -> Member:
        async with agency_scope(self.system):
            return await Member.create(
                workspace_id=self.client,
                community_id=self.programme.community_id,
                external_id=f"g-{new_id()}",
                handle="guest",
                first_seen_at=now(),
                **columns,
            )

    async def invited(self, member: Member | None = None, **what: Any) -> tuple[VerificationTask, str, str]:
        """The task, and the paths of its page and its badge."""
        member = member or await self.guest()
        async with agency_scope(self.lead):
            made = await invite(self.lead, self.programme.id, member.id, **what)
        return (
            made.task,
            made.address.removeprefix(public_address()),
            made.badge_address.removeprefix(public_address()),
        )

    async def book(self, *bookings: Booking) -> None:
        async with agency_scope(self.lead):
            await note_bookings(self.lead, self.programme.id, bookings)

    async def task(self, task: VerificationTask) -> VerificationTask:
        async with agency_scope(self.system):
            return await VerificationTask.get(id=task.id)

    async def evidence(self, task: VerificationTask) -> list[VerificationEvidence]:
        async with agency_scope(self.system):
            return await VerificationEvidence.filter(task_id=task.id).order_by("created_at", "id")


async def opened(cast: Cast, **design: Any) -> Restaurant:
    client = await cast.empty_workspace()
    slug = next(slug for slug, id in cast.workspaces.items() if id == client)
    usual: dict[str, Any] = {
        "claim": "Really ate there",
        "strong": ("booking", "site_code"),
        "weak": ALL_WEAK,
        "hosts": ("guild.example",),
        "valid_days": 30,
    }
    owner = cast.owner.narrowed_to(client)
    async with agency_scope(owner):
        programme = await create_programme(
            owner, cast.communities[slug], name="Ate there", design=Design(**(usual | design))
        )
    return Restaurant(cast, client, slug, programme)


@pytest.fixture
async def restaurant(acme: Cast) -> Restaurant:
    return await opened(acme)


async def show(api: httpx.AsyncClient, path: str, kind: str, **fields: str) -> httpx.Response:
    """As a browser does, from the page itself."""
    return await api.post(path, data={"kind": kind, **fields}, headers={"Sec-Fetch-Site": "same-origin"})


async def upload(api: httpx.AsyncClient, path: str, data: bytes, *, name: str = "r.jpg") -> httpx.Response:
    return await api.post(
        path, files={"file": (name, data)}, data={"kind": "receipt"}, headers={"Sec-Fetch-Site": "same-origin"}
    )


def receipt(text: str = "12 EUR", *, format: str = "PNG", **how: Any) -> bytes:
    picture = Image.new("RGB", (200, 300), "white")
    ImageDraw.Draw(picture).text((20, 20), text, "black")
    out = io.BytesIO()
    picture.save(out, format, **how)
    return out.getvalue()


def status_of(html: str) -> str:
    [status] = re.findall(r'<p role="status"><strong>(.*?)</strong>', html)
    return str(status)
