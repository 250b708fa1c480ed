"""Statements become files of a hundred; what need not be filed is not, what cannot be says which field stands in its way."""

import asyncio
import json
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from cast import ask
from filing.commission import errors_of
from filing.conftest import Desk, a_provider, a_service, open_desk
from statements.conftest import Place

from backend.filing import (
    Filing,
    FilingBatch,
    NotOwed,
    Service,
    check_statements,
    describe_service,
    link_to_batch,
    open_batch,
    prepare_files,
    prepare_statements,
)
from backend.filing.downloading import COLUMNS
from backend.filing.submitting import content_of
from backend.kit.errors import Conflict, NotAllowed
from backend.moderation import Decision
from backend.policies import TAXONOMY, PolicyVersion
from backend.statements import Complaint, Restriction, write_statement
from tenants.scope import agency_scope, current


async def prepared(desk: Desk) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """Every entry of every file, and how many filings are in each state."""
    async with agency_scope(desk.lead):
        await prepare_statements(desk.lead, desk.service.id)
    while await desk.run("prepare_statements"):
        pass
    async with agency_scope(desk.place.system):
        batches = await FilingBatch.filter(service_id=desk.service.id).order_by("made_at", "id")
        entries = [entry for batch in batches for entry in json.loads(await content_of(batch))["statements"]]
        assert [len(json.loads(await content_of(batch))["statements"]) for batch in batches] == [
            batch.statement_count for batch in batches
        ]
        states = await Filing.filter(service_id=desk.service.id).values_list("state", flat=True)
    return entries, {state: list(states).count(state) for state in set(states)}


async def test_a_thousand_generated_decisions_are_stated_filed_and_taken(desk: Desk) -> None:
    """By decisions of every code, ground, restriction and source, with words that people would write."""
    chance = random.Random(7)
    await desk.fill(1_000, with_statements=False)
    codes = [code for code in TAXONOMY.values() if code.filed_as is not None]
    versions = {}
    for number, code in enumerate(codes):
        ground = {"ground": "illegal", "legal_reference": f"Section {number} StGB"} if number % 3 == 0 else {}
        policy = await desk.place.policy(taxonomy_code=code.code, **ground)
        async with agency_scope(desk.place.system):
            versions[number] = await PolicyVersion.get(policy_id=policy)
    kinds = ("hide_post", "delete_post", "silence_member", "suspend_member", "warn_member")
    async with agency_scope(desk.place.system):
        decisions = await Decision.filter(workspace_id=desk.client).order_by("id")
        cases = {case["id"]: case["post_id"] for case in await _cases(desk)}
        for number, decision in enumerate(decisions):
            until = datetime.now(UTC) + timedelta(days=chance.randrange(1, 90))
            await write_statement(
                workspace_id=desk.client,
                decision_id=decision.id,
                case_id=decision.case_id,
                post_id=cases[decision.case_id],
                version=versions[number % len(codes)],
                restrictions=[
                    Restriction(kind, until if kind in ("silence_member", "suspend_member") and number % 2 else None)
                    for kind in chance.sample(kinds, k=chance.randrange(1, 4))
                ],
                complaints=[Complaint(chance.choice(("member", "rule", "staff", "legal", "trusted", "api")), "rude")],
                explanation=chance.choice(
                    ("", "You called them names.", "Mail a@b.example or +49 30 1234567!", "é" * 1_400)
                ),
                content_language=chance.choice((None, "en", "de", "zh")),
            )
    entries, states = await prepared(desk)
    assert {name: sum(1 for entry in entries if errors_of(entry)) for name in ("wrong",)} == {"wrong": 0}
    assert sum(states.values()) == 1_000
    assert set(states) == {"ready", "exempt"}
    assert len(entries) == states["ready"] > 800
    assert len({entry["puid"] for entry in entries}) == len(entries)
    assert {len(entry["territorial_scope"]) for entry in entries} == {30}


async def _cases(desk: Desk) -> Any:
    return await current().fetch("select id, post_id from cases where workspace_id = $1", desk.client)


async def test_again_prepares_nothing_and_nothing_is_in_two_files(desk: Desk) -> None:
    await desk.fill(250)
    entries, states = await prepared(desk)
    assert (len(entries), states) == (222, {"ready": 222, "exempt": 3}), "three came of orders"
    assert await prepared(desk) == (entries, states)
    assert [errors_of(entry) for entry in entries if errors_of(entry)] == []
    async with agency_scope(desk.place.system):
        sizes = (
            await FilingBatch.filter(service_id=desk.service.id)
            .order_by("made_at", "id")
            .values_list("statement_count", flat=True)
        )
    assert sorted(sizes) == [22, 100, 100]


async def test_what_need_not_be_filed_is_not_and_says_why(place: Place) -> None:
    desk = await open_desk(place, service=a_service(spam_is_commercial=True))
    ann = await place.member("annabel")
    spam, rude = await place.policy(taxonomy_code="RU-SPAM"), await place.policy(taxonomy_code="HA-BULLY")
    decisions = {
        "deceptive_commercial": await place.decide(await place.post(ann), spam),
        "warning": await place.decide(await place.post(ann), rude, actions=("warn_member",)),
        "order": await place.decide(await place.post(ann), rude),
        None: await place.decide(await place.post(ann), rude),
    }
    async with agency_scope(place.system) as scope:
        await scope.execute(
            """insert into legal_orders (agency_id, workspace_id, id, kind, community_id, case_id, authority, member_state,
                                         legal_basis, category, language, received_at)
               values ($1, $2, gen_random_uuid(), 'act', $3, $4, 'x', 'DE', 'x', 'NOT_SPECIFIED_ORDER', 'DE', now())""",
            place.cast.agency_id,
            place.client,
            place.community,
            decisions["order"].case_id,
        )
    async with agency_scope(desk.lead):
        checked = await check_statements(desk.lead, desk.service.id)
    assert {each.statement.decision_id: each.exempt_because for each in checked} == {
        decision.id: because for because, decision in decisions.items()
    }
    entries, states = await prepared(desk)
    assert (len(entries), states) == (1, {"ready": 1, "exempt": 3})


async def test_closed_spaces_and_days_of_grace_are_not_filed(place: Place) -> None:
    desk = await open_desk(place, is_public=False)
    ann, rude = await place.member("annabel"), await place.policy()
    await place.decide(await place.post(ann), rude)
    assert await _exemptions(desk) == ["closed_space"]
    lost = (datetime.now(UTC) - timedelta(days=366)).date().isoformat()
    grown = a_provider(size_class="large", size_class_since=lost, size_class_lost_on=lost, statutory_name="Grown GmbH")
    other = await open_desk(place, provider=grown, service=a_service(name="Grown"))
    assert await _exemptions(other) == [None], "the year is over today"


async def _exemptions(desk: Desk) -> list[str | None]:
    async with agency_scope(desk.lead):
        return [each.exempt_because for each in await check_statements(desk.lead, desk.service.id)]


@pytest.mark.parametrize(
    ("provider", "service", "because"),
    [
        ({"is_client": False}, {}, "provides this service, not the client"),
        ({"size_class": "micro"}, {}, "micro or small"),
        ({}, {"kind": "hosting", "is_public": False}, "Only a provider of online platforms"),
    ],
    ids=["somebody else's", "micro", "closed"],
)
async def test_nothing_is_filed_for_a_service_that_owes_nothing(
    place: Place, provider: dict[str, Any], service: dict[str, Any], because: str
) -> None:
    desk = await open_desk(place, provider=a_provider(**provider), service=a_service(**service))
    async with agency_scope(desk.lead):
        with pytest.raises(NotOwed, match=because):
            await prepare_statements(desk.lead, desk.service.id)
        with pytest.raises(NotOwed, match=because):
            await check_statements(desk.lead, desk.service.id)
    assert await desk.run("prepare_statements") == []


async def test_the_job_may_be_run_twice_at_once(desk: Desk) -> None:
    await desk.fill(30)

    async def run() -> None:
        async with agency_scope(desk.place.system):
            await prepare_files(desk.place.system, {"service_id": str(desk.service.id)})

    async with asyncio.timeout(20):
        await asyncio.gather(run(), run())
    async with agency_scope(desk.place.system):
        assert await FilingBatch.filter(service_id=desk.service.id).values_list("statement_count", flat=True) == [26]
        assert await Filing.filter(service_id=desk.service.id, state="ready").count() == 26


async def test_without_the_right_nothing_is_prepared(desk: Desk) -> None:
    moderator = desk.cast.moderator
    async with agency_scope(moderator):
        with pytest.raises(NotAllowed):
            await prepare_statements(moderator, desk.service.id)
        with pytest.raises(NotAllowed):
            await describe_service(moderator, desk.service.provider_id, a_service(), service_id=desk.service.id)


async def test_the_file_comes_by_a_link_as_json_and_as_csv(desk: Desk, api: httpx.AsyncClient) -> None:
    await desk.fill(20)
    entries, _ = await prepared(desk)
    async with agency_scope(desk.lead):
        [batch] = await FilingBatch.filter(service_id=desk.service.id)
        link = await link_to_batch(desk.lead, batch.id)
        as_csv = await link_to_batch(desk.lead, batch.id, format="csv")
    answer = await api.get(link.path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert answer.json() == {"statements": entries}
    lines = (await api.get(as_csv.path)).text.split("\r\n")
    assert lines[0] == ",".join(COLUMNS)
    assert len(COLUMNS) == 38
    assert len(lines) == 1 + 17 + 1
    assert (await api.get(f"/filings/filingbatch_{batch.id}?token=x")).status_code == 404
    assert await open_batch(desk.service.id, link.path.partition("token=")[2]) is None


async def test_what_was_filed_is_read_over_the_api(desk: Desk, api: httpx.AsyncClient) -> None:
    await desk.fill(10)
    await prepared(desk)
    answer = await ask(
        api,
        desk.cast.tokens["owner"],
        """query($id: ID!) { node(id: $id) { ... on Service { name filesItself publicPath
             provider { statutoryName } communities { nodes { community { name } isPublic } }
             batches { nodes { state statementCount problem filings { totalCount } } }
             filings(filter: { state: READY }) { nodes { state because problems statement { category } } } } }
           serviceDuties(serviceId: $id) { name isOwed } checkStatements(serviceId: $id) { decisionId } }""",
        id=f"service_{desk.service.id}",
    )
    shown = answer["data"]["node"]
    assert (shown["name"], shown["filesItself"], shown["publicPath"]) == ("Northwind Forum", False, None)
    assert shown["provider"] == {"statutoryName": "Northwind GmbH"}
    assert shown["communities"]["nodes"] == [{"community": {"name": "Main"}, "isPublic": True}]
    assert shown["batches"]["nodes"] == [
        {"state": "READY", "statementCount": 8, "problem": None, "filings": {"totalCount": 8}}
    ]
    assert len(shown["filings"]["nodes"]) == 8
    assert {"name": "UPLOADS", "isOwed": True} in answer["data"]["serviceDuties"]
    assert answer["data"]["checkStatements"] == []


async def test_a_service_is_described_anew_and_two_have_no_name_in_common(desk: Desk) -> None:
    async with agency_scope(desk.lead):
        await describe_service(desk.lead, desk.service.provider_id, a_service(name="Forum"), service_id=desk.service.id)
        assert (await Service.get(id=desk.service.id)).name == "Forum"
    async with agency_scope(desk.lead):
        with pytest.raises(Conflict):
            await describe_service(desk.lead, desk.service.provider_id, a_service(name="Forum"))
