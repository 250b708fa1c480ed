"""Rotas as leads set them: who is on call, when nobody will be, who is told; and the promise board."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from cast import Cast, ask
from safety.conftest import House

from backend.education import Certificate, set_training_requirement
from backend.kit.clock import now
from backend.kit.errors import Invalid, NotFound
from backend.notices import Notice
from backend.outbox import enqueue
from backend.people import suspend
from backend.safety import (
    Calendar,
    Level,
    Target,
    WantedLayer,
    WantedOverride,
    WantedPolicy,
    acknowledge_escalation,
    coverage_gaps,
    note_on_escalation,
    policies_version,
    safety_numbers,
    set_escalation_policies,
    set_holiday_calendar,
    set_rota,
    set_safety_contacts,
    who_is_on_call,
)
from tenants.rights import Role
from tenants.scope import agency_scope

HOUR = timedelta(hours=1)


async def a_rota(house: House, *who: str, level: int = 1, overrides: Any = (), **layer: Any) -> Any:
    start = layer.pop("starts_at", now() - HOUR)
    turns = [house.people[each].membership_id for each in who]
    wanted = WantedLayer(level=level, starts_at=start, shift_hours=layer.pop("shift_hours", 24), turns=turns, **layer)
    async with agency_scope(house.lead):
        return await set_rota(
            house.lead,
            workspace_id=house.client,
            name=f"level {level}",
            time_zone="Europe/Paris",
            layers=[wanted],
            overrides=overrides,
        )


async def on_call(house: House, moment: datetime | None = None) -> list[str | None]:
    names = {actor.membership_id: name for name, actor in house.people.items()}
    async with agency_scope(house.lead):
        return [names.get(seat.membership_id) for seat in await who_is_on_call(house.lead, house.client, moment=moment)]


async def test_who_is_on_call_is_paged_first_and_whoever_stands_in_instead(house: House) -> None:
    await a_rota(house, "second", "responder")
    assert await on_call(house) == ["second"]
    assert await on_call(house, now() + 24 * HOUR) == ["responder"]
    first = await house.raised()
    assert [who.split("-")[0] for kind, _, _, who in await house.steps(first) if kind == "paged"] == ["second"]
    swap = WantedOverride(2, house.responder.membership_id, now() - HOUR, now() + HOUR)
    await a_rota(house, "moderator", level=2, overrides=[swap])
    assert await on_call(house) == ["second", "responder"]


async def test_whoever_is_on_call_takes_it_without_having_been_paged(house: House) -> None:
    escalation_id = await house.raised()
    await a_rota(house, "moderator", level=3)
    async with agency_scope(house.moderator):
        await acknowledge_escalation(house.moderator, escalation_id)
    assert (await house.of(escalation_id)).owner_id == house.moderator.membership_id


async def test_an_expired_acknowledgement_pages_who_is_on_call_by_then(house: House) -> None:
    await a_rota(house, "second", "responder", starts_at=now() - 23 * HOUR - timedelta(minutes=50))
    escalation_id = await house.raised()
    start = (await house.of(escalation_id)).raised_at
    async with agency_scope(house.second):
        await acknowledge_escalation(house.second, escalation_id, moment=start)
    await house.step_at(escalation_id, start + timedelta(minutes=15))
    paged = [
        who.split("-")[0] for kind, _, loop, who in await house.steps(escalation_id) if (kind, loop) == ("paged", 1)
    ]
    assert paged == ["responder"]


async def test_gaps_are_seen_two_weeks_ahead_to_the_minute(house: House) -> None:
    """From nine to five by the clock in Paris, also on the day on which it is put back."""
    sunday = datetime(2026, 10, 25, 6, tzinfo=UTC)
    await a_rota(house, "responder", starts_at=datetime(2026, 10, 1, tzinfo=UTC), from_minute=540, until_minute=1020)
    async with agency_scope(house.lead):
        gaps = await coverage_gaps(house.lead, house.client, moment=sunday - 24 * HOUR)
    assert [(gap.starts_at, gap.ends_at) for gap in gaps[:3]] == [
        (datetime(2026, 10, 24, 6, tzinfo=UTC), datetime(2026, 10, 24, 7, tzinfo=UTC)),
        (datetime(2026, 10, 24, 15, tzinfo=UTC), datetime(2026, 10, 25, 8, tzinfo=UTC)),
        (datetime(2026, 10, 25, 16, tzinfo=UTC), datetime(2026, 10, 26, 8, tzinfo=UTC)),
    ]
    assert len(gaps) == 15


async def test_a_certificate_that_ends_opens_a_gap_from_that_moment(house: House) -> None:
    async with agency_scope(house.lead):
        await set_training_requirement(house.lead, house.client, kinds=["crisis"])
    certificate = await house.certify("responder", days=3)
    await a_rota(house, "responder")
    async with agency_scope(house.lead):
        [gap] = await coverage_gaps(house.lead, house.client)
    assert gap.starts_at == certificate.valid_until
    assert await on_call(house) == ["responder"]
    async with agency_scope(house.cast.system):
        await Certificate.filter(id=certificate.id).update(revoked_at=now())
    assert await on_call(house) == [None]


async def test_a_gap_to_come_is_told_once_and_one_of_now_is_paged(house: House) -> None:
    rota_id = await a_rota(house, "responder", ends_at=now() + 48 * HOUR)
    for _ in range(2):
        async with agency_scope(house.cast.system):
            await enqueue("watch_coverage", {}, workspace_id=house.client)
        await house.cast.run_jobs("watch_coverage", of=[house.client])
    async with agency_scope(house.cast.owner):
        await suspend(house.cast.owner, house.responder.membership_id)
    async with agency_scope(house.cast.system):
        await enqueue("watch_coverage", {}, workspace_id=house.client)
    await house.cast.run_jobs("watch_coverage", of=[house.client])
    async with agency_scope(house.cast.system):
        told = await Notice.filter(subject_id=rota_id).order_by("created_at")
    assert [(notice.kind, notice.urgency, notice.membership_id) for notice in told] == [
        ("coverage_gap", "normal", house.lead.membership_id),
        ("nobody_on_call", "danger", house.lead.membership_id),
    ]


async def test_a_certificate_that_ends_is_told_weeks_ahead_unless_another_follows(house: House) -> None:
    ending, followed = await house.certify("responder", days=20), await house.certify("second", days=20)
    await house.certify("second", days=200)
    for _ in range(2):
        async with agency_scope(house.cast.system):
            await enqueue("warn_of_ends", {})
        await house.cast.run_jobs("warn_of_ends")
    async with agency_scope(house.cast.system):
        assert await Notice.filter(kind="certificate_ends", subject_id=ending.id).count() == 1
        assert not await Notice.exists(kind="certificate_ends", subject_id=followed.id)


@pytest.mark.parametrize(
    ("layer", "refused"),
    [
        ({"level": 6}, Invalid),
        ({"shift_hours": 0}, Invalid),
        ({"weekdays": ["someday"]}, Invalid),
        ({"from_minute": 60, "until_minute": 60}, Invalid),
        ({"ends_at": datetime(2000, 1, 1, tzinfo=UTC)}, Invalid),
        # Or nobody could raise anything any more: no local time of New York is that early.
        ({"starts_at": datetime(1, 1, 1, tzinfo=UTC)}, Invalid),
        ({"starts_at": datetime(9999, 12, 31, tzinfo=UTC)}, Invalid),
    ],
)
async def test_a_rota_that_cannot_be_is_refused(house: House, layer: dict[str, Any], refused: type[Exception]) -> None:
    with pytest.raises(refused):
        await a_rota(house, "responder", **layer)


async def test_nobody_of_a_client_and_nobody_who_works_no_cases_is_put_on_a_rota(house: House) -> None:
    await house.hire("stakeholder", Role.STAKEHOLDER)
    for who in ("stakeholder", "supporter"):
        with pytest.raises(NotFound):
            await a_rota(house, who)


async def test_a_policy_that_pages_nobody_in_particular_is_refused(house: House) -> None:
    async with agency_scope(house.lead):
        for target in (Target("on_call"), Target("staff"), Target("leads", level=1), Target("on_call", level=9)):
            with pytest.raises(Invalid):
                await set_escalation_policies(
                    house.lead,
                    house.client,
                    expected_version=0,
                    policies=[WantedPolicy(1, [Level(60, [target])])],
                )


async def test_of_two_leads_who_set_something_first_at_once_neither_crashes(house: House) -> None:
    layer = WantedLayer(level=1, starts_at=now(), shift_hours=1, turns=[house.responder.membership_id])

    async def set_all() -> None:
        async with agency_scope(house.lead):
            await set_training_requirement(house.lead, house.client, kinds=["crisis"])
            await set_safety_contacts(house.lead, house.client, email="a@example.com", telephony_url=None)
            await set_holiday_calendar(house.lead, workspace_id=house.client, name="x", calendar=Calendar())
            await set_rota(house.lead, workspace_id=house.client, name="x", time_zone="UTC", layers=[layer])

    async with asyncio.timeout(20):
        done = await asyncio.gather(*(set_all() for _ in range(3)), return_exceptions=True)
    assert sorted(type(each).__name__ for each in done) == ["Conflict", "Conflict", "NoneType"], done


async def test_the_board_counts_by_severity_and_exercises_apart(house: House) -> None:
    start = now()
    for minutes in (1, 4, 6):
        escalation_id = await house.raised()
        raised_at = (await house.of(escalation_id)).raised_at
        async with agency_scope(house.responder):
            moment = raised_at + timedelta(minutes=minutes)
            await acknowledge_escalation(house.responder, escalation_id, moment=moment)
            await note_on_escalation(house.responder, escalation_id, note="x", moment=moment + timedelta(minutes=2))
    late = await house.raised()
    await house.raised(is_drill=True)
    moment = (await house.of(late)).raised_at + timedelta(minutes=5, seconds=1)
    async with agency_scope(house.lead):
        rows = await safety_numbers(
            house.lead,
            house.client,
            since=start - HOUR,
            until=start + HOUR,
            moment=moment,
        )
    assert [(row.severity, row.is_drill) for row in rows] == [
        (n, drill) for drill in (False, True) for n in range(1, 6)
    ]
    gravest, drill = rows[0], rows[5]
    assert (gravest.in_time, gravest.count, gravest.open, gravest.open_late) == (2, 4, 4, 1)
    assert gravest.interval is not None
    assert [round(each, 3) for each in gravest.interval] == [0.15, 0.85]
    assert (gravest.median_seconds_to_page, gravest.median_seconds_to_acknowledge, gravest.median_seconds_to_act) == (
        0,
        240,
        360,
    )
    assert (drill.count, drill.open) == (1, 1)


async def test_what_python_answers_is_for_who_may_and_like_nothing_for_others(
    api: httpx.AsyncClient, house: House, globex: Cast
) -> None:
    await a_rota(house, "responder")
    query = """query($w: ID!, $s: DateTime!, $u: DateTime!) {
        coverageGaps(workspaceId: $w) { level } onCall(workspaceId: $w) { level staff { id } rota { name } }
        safetyNumbers(workspaceId: $w, since: $s, until: $u) { severity inTime { denominator } } }"""
    window = {"s": "2026-01-01T00:00:00Z", "u": "2026-12-31T00:00:00Z"}
    nothing = {"data": {"coverageGaps": None, "onCall": None, "safetyNumbers": None}}
    mine = await ask(api, house.token("lead"), query, w=f"workspace_{house.client}", **window)
    assert mine["data"]["onCall"] == [
        {"level": 1, "staff": {"id": f"staff_{house.responder.membership_id}"}, "rota": {"name": "level 1"}}
    ]
    assert len(mine["data"]["safetyNumbers"]) == 10
    theirs = f"workspace_{globex.workspaces['forum']}"
    for other in (theirs, f"workspace_{house.client}"[:-4] + "0000", "nonsense"):
        assert await ask(api, house.token("lead"), query, w=other, **window) == nothing
    assert await ask(api, globex.tokens["owner"], query, w=f"workspace_{house.client}", **window) == nothing


async def test_the_agencys_rota_and_policy_hold_for_whoever_raises(house: House) -> None:
    """Somebody who works for one client alone as well: what is of the whole agency is not hidden from who needs it."""
    owner = house.cast.owner
    layer = WantedLayer(level=1, starts_at=now() - HOUR, shift_hours=24, turns=[house.second.membership_id])
    async with agency_scope(owner):
        rota_id = await set_rota(owner, workspace_id=None, name="all", time_zone="UTC", layers=[layer])
        policy = WantedPolicy(5, [Level(120, [Target("on_call", level=1, rota_id=rota_id)])], kinds=["stalking"])
        before = await policies_version(None)
        await set_escalation_policies(owner, None, expected_version=before, policies=[policy])
    escalation = await house.of(await house.raised(kind="stalking"))
    assert escalation.policy["levels"][0]["waitSeconds"] == 120
    paged = [who.split("-")[0] for kind, _, _, who in await house.steps(escalation.id) if kind == "paged"]
    async with agency_scope(owner) as scope:
        await set_rota(owner, workspace_id=None, name="all", time_zone="UTC", layers=[], rota_id=rota_id)
        await set_escalation_policies(owner, None, expected_version=before + 1, policies=[])
        await scope.execute("delete from rotas where agency_id = $1 and id = $2", owner.agency_id, rota_id)
    assert paged == ["second"]
