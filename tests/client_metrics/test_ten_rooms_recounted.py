"""Ten real chat rooms as an agency's clients: every number is what plain Python counts, and what the literature of the house
says of the whole."""

import gzip
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import orjson
import pytest
from planted import plant
from recounted import Number, Said, by_part, recount

from backend.client_metrics import CATALOGUE, Status, Step, Value, Window, measure, series
from backend.kit.ids import new_id
from backend.settings import Settings
from infra.bench.loading import settle
from tenants.actor import Actor, system
from tenants.provisioning import create_workspace, provision_agency
from tenants.scope import agency_scope

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.skipif("TEND_CHAT_DIR" not in os.environ, reason="set TEND_CHAT_DIR to the folder with the chat rooms"),
]
CLIENTS = {
    "campus": ("Casual", "Contributors", "DataScience"),
    "games": ("GameDev", "LocalLeaders"),
    "systems": ("SQL", "java", "linux"),
    "languages": ("python", "ruby"),
}
NAMES = [
    "active_members", "contributors", "contributions", "newcomers", "newcomer_survival", "newcomer_return", "one_time_share",
    "gini", "absence_factor", "top_share", "reciprocity", "mention_reciprocity",
]  # fmt: skip


# Community.md, 4.2: messages, members, Gini, absence factor, share of the most active in %, who wrote once.
GOLDEN = {
    "Casual": (9_233, 505, 0.8250, 12, 8.68, 167),
    "Contributors": (3_070, 177, 0.7120, 13, 9.45, 34),
    "DataScience": (6_824, 216, 0.8528, 5, 33.91, 64),
    "GameDev": (6_339, 139, 0.9094, 2, 37.07, 45),
    "LocalLeaders": (891, 73, 0.7471, 4, 26.49, 20),
    "SQL": (1_534, 96, 0.7933, 3, 21.45, 33),
    "java": (5_674, 270, 0.8415, 6, 22.93, 83),
    "linux": (8_211, 227, 0.8217, 9, 13.55, 55),
    "python": (5_996, 308, 0.7836, 12, 10.07, 67),
    "ruby": (4_672, 106, 0.8250, 4, 28.10, 25),
    None: (52_444, 1_786, 0.8547, 35, 5.06, 496),
}


@dataclass
class Client:
    id: UUID
    rooms: dict[str, str]  # by published id
    said: list[Said]

    @property
    def whole(self) -> Window:
        """From the first post to just after the last."""
        times = [post.at for post in self.said]
        return Window(min(times), max(times) + timedelta(microseconds=1), "UTC")


@dataclass
class House:
    actor: Actor
    clients: dict[str, Client]


def read(rooms: Sequence[str]) -> list[Said]:
    found: dict[str, Said] = {}
    for room in rooms:
        with gzip.open(Path(os.environ["TEND_CHAT_DIR"]) / f"{room}.jsonl.gz") as lines:
            for line in map(orjson.loads, lines):
                at, author = datetime.fromisoformat(line["sent_at"]).astimezone(UTC), line["author"]
                found[line["id"]] = Said(line["id"], room, author, author, at, line["text"], author == "camperbot")
    return list(found.values())


@pytest.fixture(scope="module")
async def house(settings: Settings) -> House:
    slug = f"rooms-{new_id().hex[-8:]}"
    actor = system(await provision_agency(slug=slug, name=slug))
    house = House(actor, {})
    for name, rooms in {**CLIENTS, "all": sum(CLIENTS.values(), ())}.items():
        said = read(rooms)
        async with agency_scope(actor):
            workspace = await create_workspace(actor, slug=name, name=name)
            house.clients[name] = Client(workspace.id, await plant(workspace.id, said), said)
    await settle(settings.owner_url)  # as a database knows itself that has been there for a minute
    return house


def agrees(told: Value, counted: Number | None) -> None:
    """Every part of it; what cannot be told is not told."""
    if counted is None or counted.value is None:
        assert told.value is None, told
        return
    if told.status is Status.INSUFFICIENT_DATA:
        assert counted.n < CATALOGUE[told.metric].fewest, told
        return
    for field, expected in counted._asdict().items():
        found = getattr(told, field)
        assert found == (None if expected is None else pytest.approx(expected, rel=1e-9, abs=1e-12)), (field, told)


async def test_every_number_of_every_room_is_what_a_plain_recount_gives(house: House) -> None:
    for client in map(house.clients.__getitem__, CLIENTS):
        window = client.whole
        async with agency_scope(house.actor):
            told = await measure(house.actor, client.id, window, NAMES)
        counted = by_part(client.said, window.since, window.until)
        assert {value.of for value in told} == {None, *client.rooms}
        for value in told:
            agrees(value, counted[None if value.of is None else client.rooms[value.of]][value.metric])


async def test_every_month_of_every_client_is_what_a_plain_recount_gives(house: House) -> None:
    for client in map(house.clients.__getitem__, CLIENTS):
        counted: dict[Window, dict[str, Number | None]] = {}
        for name in NAMES:
            async with agency_scope(house.actor):
                told = await series(house.actor, client.id, name, client.whole, Step.MONTH)
            assert len(told) >= 10
            for value in told:
                if value.window not in counted:
                    counted[value.window] = recount(client.said, value.window.since, value.window.until)
                agrees(value, counted[value.window][name])


async def test_all_rooms_together_give_the_numbers_of_the_reference(house: House) -> None:
    client = house.clients["all"]
    async with agency_scope(house.actor):
        told = await measure(house.actor, client.id, client.whole, NAMES)
    found = {(value.metric, None if value.of is None else client.rooms[value.of]): value for value in told}
    for room, (posts, members, gini, factor, top, once) in GOLDEN.items():
        assert (found["contributions", room].value, found["contributors", room].value) == (posts, members)
        assert found["gini", room].value == pytest.approx(gini, abs=0.00005)
        assert found["absence_factor", room].value == factor
        assert found["top_share", room].value == pytest.approx(top / 100, abs=0.00005)
        assert found["one_time_share", room].numerator == once
    survival, back, pairs = (
        found[name, None] for name in ("newcomer_survival", "newcomer_return", "mention_reciprocity")
    )
    assert (survival.n, *(round(100 * (each or 0), 2) for each in (survival.value, survival.low, survival.high))) == (
        1_394, 18.88, 16.84, 21.00)  # fmt: skip
    assert (back.numerator, *(round(100 * (each or 0), 1) for each in (back.value, back.low, back.high))) == (
        282, 20.2, 18.2, 22.4)  # fmt: skip
    assert (pairs.numerator, pairs.denominator) == (1_242, 2_806)
