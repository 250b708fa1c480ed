"""Trusted flaggers come first, in their areas, as long as their status lasts."""

from datetime import timedelta

import httpx
import pytest
from reporting.conftest import Place

from backend.kit.clock import now
from backend.kit.errors import Conflict, Invalid, NotFound
from backend.moderation import Report, report_post
from backend.outside import public_address
from backend.people import register_api_client
from backend.policies import Detail, create_policy
from backend.reporting import (
    PublicNotice,
    ReportPage,
    TrustedFlaggerState,
    name_trusted_flagger,
    open_report_page,
    set_trusted_flagger_state,
    standing_of,
)
from backend.statements import Statement
from tenants.actor import Actor
from tenants.rights import Right, Role
from tenants.scope import agency_scope

ABOUT = {"entity": "HateWatch e.V.", "coordinator": "Bundesnetzagentur", "country": "DE"}


async def named(place: Place, **said: object) -> object:
    async with agency_scope(place.lead):
        return await name_trusted_flagger(place.lead, place.client, **{**ABOUT, "areas": ["HA"], **said})


async def own_page(place: Place, flagger_id: object) -> str:
    async with agency_scope(place.lead):
        page_id = await open_report_page(
            place.lead, place.community, allows_anonymous=False, origins=[], trusted_flagger_id=flagger_id
        )
        return (await ReportPage.get(id=page_id)).url.removeprefix(public_address())


async def report_of(place: Place, notice: PublicNotice) -> Report:
    async with agency_scope(place.system):
        return await Report.get(id=notice.id)


async def test_in_their_areas_they_weigh_the_most_and_are_due_sooner_elsewhere_as_anybody(
    place: Place, api: httpx.AsyncClient
) -> None:
    flagger_id = await named(place)
    path = await own_page(place, flagger_id)
    weighed = []
    for topic in ("HA", "FR"):
        post = await place.post()
        # They are known, so the law's name and address are not asked for again.
        response = await place.hand_in(api, path, kind="illegal", faith="yes", topic=topic, location=f"post_{post.id}")
        assert response.status_code == 303
        notice = (await place.notices())[-1]
        report = await report_of(place, notice)
        [case] = [case for case in await place.cases() if case.post_id == post.id]
        weighed.append((report.channel, report.reporter_key, report.credibility, case.tier))
        async with agency_scope(place.lead):
            first = (await standing_of(place.lead, report.id))[0]
        assert (
            first.text
            == f"The trusted flagger HateWatch e.V., {'in one of' if topic == 'HA' else 'outside'} their areas"
        )
    key = f"trusted:{flagger_id}"
    assert weighed == [("trusted", key, 2.0, "high"), ("trusted", key, 1.0, "high")]


async def test_their_status_ends_and_with_it_their_weight(place: Place, api: httpx.AsyncClient) -> None:
    flagger_id = await named(place)
    path = await own_page(place, flagger_id)
    heard = {}
    for state in ("active", "suspended", "active ", "revoked"):
        if state != "active":
            async with agency_scope(place.lead):
                version = {"suspended": 1, "active ": 2, "revoked": 3}[state]
                await set_trusted_flagger_state(
                    place.lead,
                    flagger_id,
                    state=state.strip(),
                    reason="The coordinator said so.",
                    expected_version=version,
                )
        post = await place.post()
        await place.hand_in(api, path, topic="HA", location=f"post_{post.id}")
        report = await report_of(place, (await place.notices())[-1])
        heard[state] = (report.channel, report.credibility)
    assert heard == {
        "active": ("trusted", 2.0), "suspended": ("form", 1.0), "active ": ("trusted", 2.0), "revoked": ("form", 1.0),
    }  # fmt: skip
    async with agency_scope(place.lead):
        history = await TrustedFlaggerState.filter(trusted_flagger_id=flagger_id).order_by("at")
        assert [each.state for each in history] == ["active", "suspended", "active", "revoked"]
        with pytest.raises(Conflict):
            await set_trusted_flagger_state(place.lead, flagger_id, state="active", reason="x", expected_version=4)


async def test_by_their_own_key_they_are_themselves_and_the_statement_says_so(place: Place) -> None:
    async with agency_scope(place.cast.owner):
        machine = await register_api_client(
            place.cast.owner, name=place.slug, scopes=[Right.REPORT], workspace_id=place.client
        )
        policy = await create_policy(
            place.cast.owner, place.client, slug="hate", title="x", text="x", severity="high", tier="medium",
            detail=Detail(taxonomy_code="HA-HATE"),
        )  # fmt: skip
    await named(place, api_client_id=machine.id)
    post = await place.post()
    actor = Actor(
        agency_id=place.cast.agency_id, role=Role.API_CLIENT, rights=frozenset({Right.REPORT}),
        workspaces=frozenset({place.client}), name="x", api_client_id=machine.id,
    )  # fmt: skip
    async with agency_scope(actor):
        report_id = await report_post(actor, post.id, reason="x", policy_id=policy.id)
    async with agency_scope(place.system):
        report = await Report.get(id=report_id)
    assert (report.channel, report.credibility, report.api_client_id) == ("trusted", 2.0, machine.id)
    [case] = await place.cases()
    assert case.tier == "high"
    await place.decide("violation", policy="hate")
    async with agency_scope(place.system):
        assert (await Statement.get(workspace_id=place.client)).source == "trusted_flagger"


async def test_who_is_named_is_what_a_coordinator_names(place: Place, globex: object) -> None:
    for wrong in ({"areas": []}, {"areas": ["XX"]}, {"country": "EL"}, {"country": "US"}, {"entity": " "}, {"email": "x"},
                  {"until": now() - timedelta(days=1)}):  # fmt: skip
        with pytest.raises(Invalid):
            await named(place, **wrong)
    async with agency_scope(place.cast.lead):
        with pytest.raises(NotFound):
            await name_trusted_flagger(place.cast.lead, place.client, areas=["HA"], **ABOUT)
