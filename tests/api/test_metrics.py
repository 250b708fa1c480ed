"""What an operator sees of a process, and nobody else."""

import json
from collections.abc import AsyncIterator

import httpx
import pytest
import structlog
from cast import Cast, ask
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr

from backend import logging
from backend.asgi import app
from backend.settings import Settings

TOKEN = "only-for-operators"


@pytest.fixture(scope="module")
async def measured(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    chosen = settings.model_copy(update={"metrics_token": SecretStr(TOKEN)})
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app(chosen)), base_url="http://tend.test") as client:
        yield client


async def figures(measured: httpx.AsyncClient) -> dict[str, float]:
    answer = await measured.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    return {
        f"{sample.name}{json.dumps(sample.labels, sort_keys=True)}": sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


@pytest.mark.parametrize("given", [None, "", "Bearer", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}x"])
async def test_without_its_token_there_is_no_such_page(
    api: httpx.AsyncClient, measured: httpx.AsyncClient, given: str | None
) -> None:
    headers = {} if given is None else {"Authorization": given}
    assert (await measured.get("/metrics", headers=headers)).status_code == 404
    assert (await api.get("/metrics", headers={"Authorization": "Bearer None"})).status_code == 404


async def test_requests_and_statements_are_counted_and_timed(measured: httpx.AsyncClient, acme: Cast) -> None:
    before = await figures(measured)
    await ask(measured, acme.tokens["lead"], "{ agency { slug } }")
    await measured.post("/graphql", json={"query": "{ agency { slug } }"})
    after = await figures(measured)

    def grown(name: str, **labels: str) -> float:
        key = f"{name}{json.dumps(labels, sort_keys=True)}"
        return after[key] - before.get(key, 0.0)

    assert grown("tend_requests_total", place="graphql", status="200") == 1
    assert grown("tend_requests_total", place="graphql", status="401") == 1
    assert grown("tend_request_seconds_count", place="graphql") == 2
    assert grown("tend_statement_seconds_count") >= 1


async def test_requests_are_counted_by_the_first_part_of_their_route(
    measured: httpx.AsyncClient, settings: Settings
) -> None:
    before = await figures(measured)
    for path in ("/notices/unsubscribe", "/scim/v2/Users", "/.well-known/oauth-authorization-server"):
        await measured.get(path)
    after = await figures(measured)
    grown = {
        json.loads(name.removeprefix("tend_request_seconds_count"))["place"]
        for name, count in after.items()
        if name.startswith("tend_request_seconds_count") and count > before.get(name, 0)
    }
    assert grown == {"notices", "scim", ".well-known", "metrics"}


async def test_what_somebody_makes_up_becomes_no_label(measured: httpx.AsyncClient, acme: Cast) -> None:
    for n in range(50):
        await measured.get(f"/made-up-{n}/{acme.agency_id}")
    names = await figures(measured)
    assert not any("made-up" in name or str(acme.agency_id) in name for name in names)
    assert sum(name.startswith("tend_requests_total") for name in names) < 60


async def test_a_line_in_the_log_knows_request_and_agency(
    measured: httpx.AsyncClient, acme: Cast, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    logging.configure()
    monkeypatch.setattr("graphql_schema.queries.workspace_called", _broken)
    await ask(measured, acme.tokens["lead"], '{ workspace(slug: "forum") { id } }', headers={"X-Request-Id": "mine-1"})
    [line] = [json.loads(line) for line in capsys.readouterr().err.splitlines() if "graphql.bug" in line]
    assert (line["request_id"], line["agency_id"]) == ("mine-1", str(acme.agency_id))
    assert len(line["error_id"]) == 32
    structlog.contextvars.clear_contextvars()


async def _broken(_slug: str) -> None:
    raise RuntimeError("a bug")
