"""Where a case goes, and by when it is due: routing in versions, promises by tier, working hours."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from cast import Cast

from backend.kit.calendars import WorkingTime
from backend.kit.errors import Conflict, Invalid, NotFound
from backend.moderation import (
    Case,
    Promise,
    Route,
    Span,
    archive_queue,
    create_queue,
    move_case,
    report_post,
    revise_queue,
    set_routing,
    set_service_levels,
    set_working_hours,
)
from backend.moderation.routing import Facts, fits
from tenants.actor import Actor
from tenants.scope import agency_scope

FACTS = Facts(
    tier="high",
    severity="high",
    channels=frozenset({"member", "rule"}),
    policies=frozenset({UUID(int=1)}),
    language="de",
    community_id=UUID(int=2),
    is_at_risk=True,
    is_appeal=False,
)
BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = WorkingTime(BERLIN, {day: [(540, 1020)] for day in range(5)}, frozenset({date(2026, 12, 25)}))


@pytest.fixture
async def client(acme: Cast) -> UUID:
    return await acme.empty_workspace()


@pytest.fixture
def lead(acme: Cast, client: UUID) -> Actor:
    return acme.owner.narrowed_to(client)


def slug_of(acme: Cast, client: UUID) -> str:
    return next(slug for slug, id in acme.workspaces.items() if id == client)


@pytest.mark.parametrize(
    ("asks", "it_fits"),
    [
        ({}, True),
        ({"tiers": ["low", "high"]}, True),
        ({"tiers": ["low"]}, False),
        ({"severities": ["severe"]}, False),
        ({"channels": ["rule"]}, True),
        ({"channels": ["staff"]}, False),
        ({"languages": ["de", "fr"]}, True),
        ({"languages": ["en"]}, False),
        ({"policy_id": UUID(int=1)}, True),
        ({"policy_id": UUID(int=9)}, False),
        ({"community_id": UUID(int=2)}, True),
        ({"community_id": UUID(int=1)}, False),
        ({"is_at_risk": True}, True),
        ({"is_at_risk": False}, False),
        ({"is_appeal": True}, False),
        ({"tiers": ["high"], "languages": ["en"]}, False),
    ],
)
def test_a_route_fits_when_all_it_asks_is_so(asks: dict, it_fits: bool) -> None:
    assert fits(Route(UUID(int=3), **asks), FACTS) is it_fits


async def test_the_first_route_that_fits_decides_and_the_version_is_kept(acme: Cast, client: UUID, lead: Actor) -> None:
    slug = slug_of(acme, client)
    first = await acme.queue_id(client)
    async with agency_scope(lead):
        hard = await create_queue(lead, client, name="Hard")
        spam = await create_queue(lead, client, name="Spam")
        routes = [Route(spam.id, policy_id=acme.policies[f"{slug}:spam"]), Route(hard.id, severities=["high"])]
        assert await set_routing(lead, client, expected_version=0, routes=routes) == 1
    a = await acme.case(workspace=slug, policy=f"{slug}:spam")
    b = await acme.case(workspace=slug, policy=f"{slug}:harassment")
    assert [(case.queue_id, case.routing_version) for case in (a, b)] == [(spam.id, 1), (hard.id, 1)]
    async with agency_scope(lead):
        with pytest.raises(Conflict):
            await set_routing(lead, client, expected_version=0, routes=[])
        assert await set_routing(lead, client, expected_version=1, routes=[Route(first)]) == 2
        await report_post(lead, a.post_id, reason="again")  # with a new report it goes where such cases go now
        again = await Case.get(id=a.id)
    assert (again.queue_id, again.routing_version) == (first, 2)


async def test_a_case_that_a_person_moved_stays_where_it_is(acme: Cast, client: UUID, lead: Actor) -> None:
    slug = slug_of(acme, client)
    case = await acme.case(workspace=slug, policy=f"{slug}:spam")
    async with agency_scope(lead):
        mine = await create_queue(lead, client, name="Mine")
        await set_routing(lead, client, expected_version=0, routes=[Route(case.queue_id)])
        await move_case(lead, case.id, queue_id=mine.id)
        await report_post(lead, case.post_id, reason="again")
        moved = await Case.get(id=case.id)
        with pytest.raises(NotFound):
            await move_case(lead, case.id, queue_id=UUID(int=0))
    assert (moved.queue_id, moved.routing_version) == (mine.id, 0)


async def test_routes_lead_to_queues_of_the_same_client(acme: Cast, globex: Cast, client: UUID, lead: Actor) -> None:
    elsewhere = await acme.queue_id(acme.workspaces["forum"])
    theirs = await globex.queue_id(globex.workspaces["forum"])
    for foreign in (elsewhere, theirs, UUID(int=0)):
        with pytest.raises(NotFound):
            async with agency_scope(acme.owner):
                await set_routing(acme.owner, client, expected_version=0, routes=[Route(foreign)])


async def test_a_queue_is_archived_when_nothing_waits_in_it_and_never_the_first(
    acme: Cast, client: UUID, lead: Actor
) -> None:
    slug = slug_of(acme, client)
    case = await acme.case(workspace=slug, policy=f"{slug}:spam")
    async with agency_scope(lead):
        queue = await create_queue(lead, client, name="Other")
        await move_case(lead, case.id, queue_id=queue.id)
        with pytest.raises(Conflict, match="move them first"):
            await archive_queue(lead, queue.id)
        with pytest.raises(Conflict, match="no route fits"):
            await archive_queue(lead, case.queue_id)
        await move_case(lead, case.id, queue_id=case.queue_id)
        archived = await archive_queue(lead, queue.id)
        with pytest.raises(NotFound):
            await move_case(lead, case.id, queue_id=queue.id)
        with pytest.raises(Conflict):
            await revise_queue(
                lead, queue.id, expected_version=1, name="x", description="", skills=[], is_for_leads=False
            )
    assert archived.archived_at is not None


@pytest.mark.parametrize(
    ("start", "hours", "end"),
    [
        (datetime(2026, 11, 26, 10, tzinfo=BERLIN), 2, datetime(2026, 11, 26, 12, tzinfo=BERLIN)),
        (datetime(2026, 11, 26, 16, tzinfo=BERLIN), 2, datetime(2026, 11, 27, 10, tzinfo=BERLIN)),
        (datetime(2026, 11, 27, 16, tzinfo=BERLIN), 2, datetime(2026, 11, 30, 10, tzinfo=BERLIN)),  # over a weekend
        (datetime(2026, 12, 24, 16, tzinfo=BERLIN), 2, datetime(2026, 12, 28, 10, tzinfo=BERLIN)),  # and Christmas
        (datetime(2026, 11, 28, 3, tzinfo=BERLIN), 8, datetime(2026, 11, 30, 17, tzinfo=BERLIN)),
        (datetime(2026, 11, 26, 3, tzinfo=BERLIN), 0, datetime(2026, 11, 26, 3, tzinfo=BERLIN)),
    ],
)
def test_working_time_passes_only_while_somebody_works(start: datetime, hours: int, end: datetime) -> None:
    assert OFFICE.after(start, timedelta(hours=hours)) == end
    assert OFFICE.between(start, end) == timedelta(hours=hours)


def test_a_day_on_which_the_clock_changes_is_as_long_as_it_is() -> None:
    whole = WorkingTime(BERLIN, {day: [(0, 1440)] for day in range(7)})
    assert whole.between(datetime(2026, 3, 29, tzinfo=BERLIN), datetime(2026, 3, 30, tzinfo=BERLIN)) == timedelta(
        hours=23
    )
    assert whole.between(datetime(2026, 10, 25, tzinfo=BERLIN), datetime(2026, 10, 26, tzinfo=BERLIN)) == timedelta(
        hours=25
    )
    always = WorkingTime()
    assert always.after(datetime(2026, 1, 1, tzinfo=UTC), timedelta(days=3)) == datetime(2026, 1, 4, tzinfo=UTC)


async def test_what_a_client_was_promised_counts_in_its_working_hours(acme: Cast, client: UUID, lead: Actor) -> None:
    slug = slug_of(acme, client)
    usual = await acme.case(workspace=slug, policy=f"{slug}:spam")
    async with agency_scope(lead) as scope:
        zone = ZoneInfo(await scope.fetchval("select time_zone from workspaces where id = $1", client))
        await set_service_levels(lead, client, promises=[Promise("low", 30, 120, 600)])
        spans = [Span(day, 540, 1020) for day in range(5)]
        await set_working_hours(lead, client, spans=spans, days_off=[("2026-12-25", "Christmas")])
        await report_post(lead, usual.post_id, reason="again")
        case = await Case.get(id=usual.id)
    office = WorkingTime(zone, {day: [(540, 1020)] for day in range(5)}, frozenset({date(2026, 12, 25)}))
    assert case.tier == "low"
    assert case.due_at == office.after(case.opened_at, timedelta(minutes=120))
    assert case.first_touch_due_at == office.after(case.opened_at, timedelta(minutes=30))
    assert case.virtual_deadline <= case.due_at
    async with agency_scope(lead):
        await set_service_levels(lead, client, promises=[])
        await set_working_hours(lead, client, spans=[], days_off=[])
        await report_post(acme.system, usual.post_id, reason="x", member_id=usual.member_id)
        case = await Case.get(id=usual.id)
    assert case.due_at == case.opened_at + timedelta(hours=72)


async def test_danger_waits_for_no_office(acme: Cast, client: UUID, lead: Actor) -> None:
    from backend.moderation.timing import clock_of

    async with agency_scope(lead):
        await set_working_hours(lead, client, spans=[Span(0, 540, 541)], days_off=[])
        clock = await clock_of(client)
    opened = datetime(2026, 11, 28, 3, tzinfo=UTC)
    by = clock.deadlines(opened, tier="danger", risk=0.0)
    assert by.due_at == opened + timedelta(minutes=15)
    assert clock.deadlines(opened, tier="severe", risk=0.0).due_at > opened + timedelta(days=200)


@pytest.mark.parametrize(
    "spans",
    [[Span(7, 0, 10)], [Span(0, 10, 10)], [Span(0, 0, 1441)], [Span(0, 0, 100), Span(0, 50, 200)]],
)
async def test_hours_that_make_no_sense_are_refused(acme: Cast, client: UUID, lead: Actor, spans: list[Span]) -> None:
    with pytest.raises(Invalid):
        async with agency_scope(lead):
            await set_working_hours(lead, client, spans=spans, days_off=[])


@pytest.mark.parametrize(
    "promises",
    [[Promise("low", 10, 5, 60)], [Promise("low", 0, 5, 60)], [Promise("low", 1, 5, 60), Promise("low", 1, 6, 60)]],
)
async def test_promises_that_make_no_sense_are_refused(
    acme: Cast, client: UUID, lead: Actor, promises: list[Promise]
) -> None:
    with pytest.raises(Invalid):
        async with agency_scope(lead):
            await set_service_levels(lead, client, promises=promises)
