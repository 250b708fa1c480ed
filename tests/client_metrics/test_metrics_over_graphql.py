"""Numbers over GraphQL: one query draws a dashboard, a number opens to its rows, and the agency sees which client is first."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from cast import Cast, ask

from backend.client_metrics import CATALOGUE, Why, clients_needing_attention
from backend.education import TrainingNeed
from backend.kit.clock import now
from backend.kit.errors import NotAllowed
from backend.moderation import Case, CaseTally, Report
from backend.safety import Escalation, Restriction, Rota, RotaLayer
from tenants.scope import agency_scope

pytestmark = pytest.mark.asyncio(loop_scope="session")
DASHBOARD = """query($w: ID!, $since: DateTime!, $until: DateTime!) {
  metricCatalogue { name title section question formula unit better sources owner version parts rows fewest }
  metrics(workspaceId: $w, since: $since, until: $until) {
    metric of status value unit numerator denominator n low high coverage exclusions sentence since until version }
  metricSeries(workspaceId: $w, name: "contributions", since: $since, until: $until, step: DAY) {
    values { since until status value } chart }
  metricRows(workspaceId: $w, name: "contributions", since: $since, until: $until) { rows { id counts } endCursor } }"""
ROWS = """query($w: ID!, $name: String!, $of: String, $after: ID, $since: DateTime!, $until: DateTime!) {
  metricRows(workspaceId: $w, name: $name, of: $of, afterRow: $after, since: $since, until: $until) {
    rows { id counts } endCursor } }"""
ATTENTION = """{ clientsNeedingAttention {
  workspace { id } reasons { kind count value { metric value } before { value } } } }"""


@pytest.fixture(scope="module")
async def client(acme: Cast) -> UUID:
    return await acme.empty_workspace()


@pytest.fixture(scope="module")
async def posts(acme: Cast, client: UUID) -> list[str]:
    slug = next(slug for slug, id in acme.workspaces.items() if id == client)
    at = [now() - timedelta(days=days) for days in (1, 1, 2)]
    return [f"post_{(await acme.post(workspace=slug, posted_at=moment)).id}" for moment in at]


def window(days: int = 3) -> dict[str, str]:
    until = now() + timedelta(minutes=1)
    return {"since": (until - timedelta(days=days)).isoformat(), "until": until.isoformat()}


async def test_one_query_draws_a_dashboard(api: httpx.AsyncClient, acme: Cast, client: UUID, posts: list[str]) -> None:
    answer = await ask(api, acme.tokens["owner"], DASHBOARD, w=f"workspace_{client}", **window())
    assert "errors" not in answer, answer
    data = answer["data"]
    assert [each["name"] for each in data["metricCatalogue"]] == list(CATALOGUE)
    told = {(each["metric"], each["of"]): each for each in data["metrics"]}
    assert {name for name, _ in told} == set(CATALOGUE)
    assert (told["contributions", None]["value"], told["contributions", None]["status"]) == (3, "OK")
    assert (told["closed_in_time", None]["value"], told["closed_in_time", None]["status"]) == (None, "NO_DATA")
    series = data["metricSeries"]
    assert sum(each["value"] or 0 for each in series["values"]) == 3
    assert len(series["chart"]["data"]["values"]) == len(series["values"]) in (3, 4)
    assert {each["id"] for each in data["metricRows"]["rows"]} == set(posts)
    assert data["metricRows"]["endCursor"] is None


async def test_a_number_opens_page_by_page_for_whoever_may_read_its_rows(
    api: httpx.AsyncClient, acme: Cast, client: UUID, posts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(_defaults(), "limit", 2)
    asked = {"w": f"workspace_{client}", "name": "contributions", **window()}
    first = (await ask(api, acme.tokens["owner"], ROWS, **asked))["data"]["metricRows"]
    rest = (await ask(api, acme.tokens["owner"], ROWS, after=first["endCursor"], **asked))["data"]["metricRows"]
    assert {each["id"] for each in first["rows"] + rest["rows"]} == set(posts)
    assert (len(first["rows"]), rest["endCursor"]) == (2, None)
    community = f"community_{acme.communities[next(s for s, id in acme.workspaces.items() if id == client)]}"
    for of, count in ((community, 2), ("community_00000000-0000-7000-8000-000000000000", 0)):
        rows = (await ask(api, acme.tokens["owner"], ROWS, of=of, **asked))["data"]["metricRows"]["rows"]
        assert len(rows) == count


def _defaults() -> dict[str, Any]:
    from backend.client_metrics import rows_behind

    found: dict[str, Any] = rows_behind.__kwdefaults__
    return found


async def test_the_clients_own_people_read_numbers_and_no_rows(api: httpx.AsyncClient, acme: Cast) -> None:
    asked = {"w": f"workspace_{acme.workspaces['forum']}", **window()}
    answer = await ask(api, acme.tokens["stakeholder"], DASHBOARD, **asked)
    assert answer["data"]["metrics"]
    assert answer["data"]["metricRows"] is None
    assert (await ask(api, acme.tokens["stakeholder"], ATTENTION))["data"] == {"clientsNeedingAttention": []}
    async with agency_scope(acme.stakeholder):
        with pytest.raises(NotAllowed):
            await clients_needing_attention(acme.stakeholder)


async def test_another_agencys_client_is_like_one_that_nobody_has(
    api: httpx.AsyncClient, acme: Cast, globex: Cast, client: UUID
) -> None:
    nothing = {"metrics": None, "metricSeries": None, "metricRows": None}
    for other in (f"workspace_{globex.workspaces['forum']}", f"workspace_{client}"[:-4] + "0000", "nonsense"):
        answer = await ask(api, acme.tokens["owner"], DASHBOARD, w=other, **window())
        del answer["data"]["metricCatalogue"]
        assert answer == {"data": nothing}


@pytest.mark.parametrize(
    "changed",
    [{"name": "nonsense"}, {"name": "reciprocity"}, {"after": "nonsense"}, {"until": "2000-01-01T00:00:00Z"}],
    ids=["no_metric", "no_rows", "no_cursor", "no_window"],
)
async def test_what_cannot_be_asked_is_said(
    api: httpx.AsyncClient, acme: Cast, client: UUID, changed: dict[str, str]
) -> None:
    asked = {"w": f"workspace_{client}", "name": "contributions", **window(), **changed}
    answer = await ask(api, acme.tokens["owner"], ROWS, **asked)
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


class Agency:
    """What makes clients need attention, and the list of those that do."""

    def __init__(self, cast: Cast, moment: datetime) -> None:
        self.cast, self.moment = cast, moment

    async def client(self) -> UUID:
        return await self.cast.empty_workspace()

    async def first(self, *clients: UUID) -> list[tuple[UUID, list[tuple[Why, int]]]]:
        async with agency_scope(self.cast.owner):
            found = await clients_needing_attention(self.cast.owner, moment=self.moment)
        return [
            (each.workspace_id, [(reason.why, reason.count) for reason in each.reasons])
            for each in found
            if each.workspace_id in clients
        ]

    async def escalate(self, client: UUID, *, minutes_ago: int) -> None:
        raised = self.moment - timedelta(minutes=minutes_ago)
        async with agency_scope(self.cast.system):
            await Escalation.create(
                workspace_id=client, kind="violence", severity=1, promised_seconds=300, policy={}, raised_at=raised, state="exhausted",
                next_at=self.moment + timedelta(days=9_999),
            )  # fmt: skip

    async def cases(self, client: UUID, *, late: int = 0, closed_late: int = 0, closed_in_time: int = 0) -> None:
        slug = next(slug for slug, id in self.cast.workspaces.items() if id == client)
        queue = await self.cast.queue_id(client)
        for n in range(late + closed_late + closed_in_time):
            post = await self.cast.post(workspace=slug, posted_at=self.moment - timedelta(days=90))
            is_closed = n >= late
            async with agency_scope(self.cast.system):
                await Case.create(
                    workspace_id=client, queue_id=queue, post_id=post.id, member_id=post.member_id, tier="low",
                    severity="low", opened_at=self.moment - timedelta(days=5), due_at=self.moment - timedelta(days=2 if n < late + closed_late else 0),
                    virtual_deadline=self.moment, state="closed" if is_closed else "queued",
                    outcome="no_violation" if is_closed else None,
                    closed_at=self.moment - timedelta(days=1) if is_closed else None,
                )  # fmt: skip
        async with agency_scope(self.cast.system):
            await CaseTally.create(workspace_id=client, queued=late, in_review=0, closed=closed_late + closed_in_time)

    async def reports(self, client: UUID, *, this_week: int, last_week: int) -> None:
        slug = next(slug for slug, id in self.cast.workspaces.items() if id == client)
        case = await self.cast.case(workspace=slug, policy=f"{slug}:harassment")
        async with agency_scope(self.cast.system):
            await Report.filter(case_id=case.id).update(created_at=self.moment - timedelta(days=99))
            for n in range(this_week + last_week):
                await Report.create(
                    workspace_id=client, case_id=case.id, post_id=case.post_id, channel="form", reporter_key=f"x:{n}",
                    reason="x", created_at=self.moment - timedelta(days=1 if n < this_week else 8),
                )  # fmt: skip
        async with agency_scope(self.cast.system):
            await Case.filter(id=case.id).update(due_at=self.moment + timedelta(days=9))


@pytest.fixture(scope="module")
async def agency(acme: Cast) -> Agency:
    return Agency(acme, now())


async def test_clients_are_ranked_by_their_gravest_reason(agency: Agency) -> None:
    quick, waiting, many, two, slow, danger, fresh = [await agency.client() for _ in range(7)]
    await agency.cases(quick, closed_late=1, closed_in_time=19)
    await agency.cases(many, late=3)
    await agency.cases(two, late=1, closed_late=12)
    await agency.cases(waiting, late=2)
    await agency.cases(slow, closed_late=12)
    await agency.escalate(danger, minutes_ago=30)
    await agency.cases(danger, late=1)
    await agency.escalate(fresh, minutes_ago=1)
    assert await agency.first(quick, waiting, many, two, slow, danger, fresh) == [
        (danger, [(Why.ESCALATION_LATE, 1), (Why.ESCALATION_OPEN, 1), (Why.OPEN_PAST_DUE, 1)]),
        (fresh, [(Why.ESCALATION_OPEN, 1)]),
        (two, [(Why.OPEN_PAST_DUE, 1), (Why.BELOW_GOAL, 12)]),
        (many, [(Why.OPEN_PAST_DUE, 3)]),
        (waiting, [(Why.OPEN_PAST_DUE, 2)]),
        (slow, [(Why.BELOW_GOAL, 12)]),
    ]


async def test_a_rise_is_told_only_beyond_chance(agency: Agency) -> None:
    rising, steady = await agency.client(), await agency.client()
    await agency.reports(rising, this_week=25, last_week=5)
    await agency.reports(steady, this_week=15, last_week=10)
    assert await agency.first(rising, steady) == [(rising, [(Why.REPORTS_RISING, 25)])]


async def test_people_who_fall_silent_and_certificates_that_are_missing(agency: Agency) -> None:
    silent, untaught = await agency.client(), await agency.client()
    slug = next(slug for slug, id in agency.cast.workspaces.items() if id == silent)
    for n in range(30):
        await agency.cast.post(workspace=slug, posted_at=agency.moment - timedelta(days=1 if n < 4 else 8))
    async with agency_scope(agency.cast.system):
        await TrainingNeed.create(workspace_id=untaught, role="owner", kinds=["never_given"])
    assert await agency.first(silent, untaught) == [
        (silent, [(Why.ACTIVITY_FALLING, 22)]),
        (untaught, [(Why.CERTIFICATES_MISSING, 1)]),
    ]


async def test_a_rota_without_anybody_is_a_reason(agency: Agency) -> None:
    client = await agency.client()
    async with agency_scope(agency.cast.system):
        rota = await Rota.create(workspace_id=client, name="x", time_zone="UTC")
        await RotaLayer.create(
            rota_id=rota.id, level=1, position=1, starts_at=agency.moment, shift_hours=24,
            turns=[str(agency.cast.support.membership_id)],
        )  # fmt: skip
    [(found, [(why, count)])] = await agency.first(client)
    assert (found, why) == (client, Why.NOBODY_ON_CALL)
    assert count >= 1


async def test_everybody_sees_their_own_clients_alone(api: httpx.AsyncClient, agency: Agency) -> None:
    client, moderator = await agency.client(), agency.cast.moderator
    await agency.escalate(client, minutes_ago=60)
    owners = await ask(api, agency.cast.tokens["owner"], ATTENTION)
    assert f"workspace_{client}" in {each["workspace"]["id"] for each in owners["data"]["clientsNeedingAttention"]}
    theirs = await ask(api, agency.cast.tokens["moderator"], ATTENTION)
    seen = {UUID(each["workspace"]["id"].partition("_")[2]) for each in theirs["data"]["clientsNeedingAttention"]}
    assert seen <= (moderator.workspaces or set())


async def test_what_an_escalation_restricts_is_counted_for_all_and_shown_to_its_readers(
    api: httpx.AsyncClient, acme: Cast
) -> None:
    client = await acme.empty_workspace()
    slug = next(slug for slug, id in acme.workspaces.items() if id == client)
    hidden, other = [await acme.post(workspace=slug, posted_at=now() - timedelta(days=1)) for _ in range(2)]
    async with agency_scope(acme.system):
        escalation = await Escalation.create(
            workspace_id=client, kind="violence", severity=1, promised_seconds=300, policy={}, raised_at=now(), state="exhausted", next_at=now(),
        )  # fmt: skip
        await Restriction.create(workspace_id=client, post_id=hidden.id, escalation_id=escalation.id)
    answer = await ask(api, acme.tokens["owner"], DASHBOARD, w=f"workspace_{client}", **window())
    told = {each["metric"]: each["value"] for each in answer["data"]["metrics"] if each["of"] is None}
    assert (told["contributions"], told["contributors"]) == (2, 2)
    assert [each["id"] for each in answer["data"]["metricRows"]["rows"]] == [f"post_{other.id}"]
