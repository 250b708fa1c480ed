"""Reports are made beside each other: a slow or failing one delays no other, and how far each is can be seen meanwhile."""

import asyncio
from collections.abc import AsyncGenerator
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import httpx
import pytest
from cast import Cast, ask
from papers import a_definition, made

from backend.client_reports import ClientReport, make_client_report, making
from backend.operating import replay_job
from backend.outbox import Event, Job, announcing
from graphql_schema.hearing import Subscription
from graphql_schema.projection import Ref
from tenants.scope import agency_scope
from workers.catalogue import CATALOGUE

SECTIONS = ["moderation", "safety", "education"]
FAR = "query($id: ID!) { node(id: $id) { ... on ClientReport { state countedSectionCount sectionCount } } }"


async def asked_for(cast: Cast) -> ClientReport:
    definition = await a_definition(cast, await cast.empty_workspace(), sections=SECTIONS)
    async with agency_scope(cast.owner):
        return await make_client_report(cast.owner, definition.id)


async def state_of(cast: Cast, report: ClientReport) -> str:
    async with agency_scope(cast.owner):
        return (await ClientReport.get(id=report.id)).state


async def far(api: httpx.AsyncClient, cast: Cast, report: ClientReport, *, who: str = "owner") -> Any:
    answer = await ask(api, cast.tokens[who], FAR, id=f"clientreport_{report.id}")
    return answer["data"]["node"] and tuple(answer["data"]["node"].values())


async def test_a_failing_report_delays_no_other_and_goes_on_when_it_is_tried_again(
    acme: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing, other = await asked_for(acme), await asked_for(acme)
    both, counted = [failing.workspace_id, other.workspace_id], making.count_section

    async def fails_there(actor: Any, report: Any, section: str) -> Any:
        if report.id == failing.id and section == "safety":
            raise RuntimeError("the disk is full")
        return await counted(actor, report, section)

    monkeypatch.setattr(making, "count_section", fails_there)
    for _ in SECTIONS:  # as many rounds as it has sections: the other waits for nobody
        await acme.run_jobs("make_client_report", of=both)
    assert (await state_of(acme, other), await state_of(acme, failing)) == ("draft", "making")
    while await acme.run_jobs("make_client_report", of=both, even_later=True):
        pass
    assert await state_of(acme, failing) == "failed"
    monkeypatch.setattr(making, "count_section", counted)
    async with agency_scope(acme.owner):
        [job] = await Job.filter(kind="make_client_report", workspace_id=failing.workspace_id, state="dead")
        await replay_job(acme.owner, job.id, kinds=CATALOGUE)
    await made(acme, failing.workspace_id)
    assert await state_of(acme, failing) == "draft"


async def test_a_report_is_made_while_another_is_still_being_counted(
    acme: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow, other = await asked_for(acme), await asked_for(acme)
    counted, has_begun, may_end = making.count_section, asyncio.Event(), asyncio.Event()

    async def waits_there(actor: Any, report: Any, section: str) -> Any:
        if report.id == slow.id:
            has_begun.set()
            await may_end.wait()
        return await counted(actor, report, section)

    monkeypatch.setattr(making, "count_section", waits_there)
    async with asyncio.timeout(60):
        counting = asyncio.create_task(acme.run_jobs("make_client_report", of=[slow.workspace_id]))
        await has_begun.wait()
        await made(acme, other.workspace_id)
        assert (await state_of(acme, other), await state_of(acme, slow)) == ("draft", "making")
        assert not counting.done()
        may_end.set()
        await counting
        await made(acme, slow.workspace_id)
    assert await state_of(acme, slow) == "draft"


async def test_how_far_a_report_is_is_seen_while_it_is_made_by_who_leads(api: httpx.AsyncClient, acme: Cast) -> None:
    report = await asked_for(acme)
    for counted in range(3):
        assert await far(api, acme, report) == ("MAKING", counted, 3)
        assert await far(api, acme, report, who="stakeholder") is None
        await acme.run_jobs("make_client_report", of=[report.workspace_id])
    assert await far(api, acme, report) == ("DRAFT", 3, 3)


async def test_each_section_and_each_change_of_state_is_told(acme: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Event] = []
    monkeypatch.setattr(announcing, "_publish", told.append)
    report, other = await asked_for(acme), await asked_for(acme)
    await made(acme, report.workspace_id)
    about = [each for each in told if each.topic == "clientreport" and each.subject_id == report.id]
    assert len(about) == 1 + len(SECTIONS) + 1  # asked for, each section, made
    assert {each.workspace_id for each in about} == {report.workspace_id}

    async def hear(_agency_id: UUID, wanted: Any) -> AsyncGenerator[tuple[Event, ...] | None, None]:
        yield ()  # listening has begun
        for event in filter(wanted, told):
            yield (event,)

    info: Any = SimpleNamespace(context=SimpleNamespace(actor=acme.owner, hear=hear))
    heard = await Subscription().client_report_changed(info, f"clientreport_{report.id}")  # type: ignore[arg-type]
    assert [each async for each in heard] == [Ref("ClientReport", str(report.id))] * len(about)
    assert other.id != report.id
