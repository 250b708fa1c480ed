"""Numbers read whole windows, so their price follows how many there are, how long the window is and into how many it is cut."""

from typing import Any

import httpx
import pytest
from cast import Cast, ask

from backend.client_metrics import CATALOGUE
from graphql_schema.needing_attention import ATTENTION_PRICE
from graphql_schema.projection.pricing import MOST_EXPENSIVE
from graphql_schema.reading_metrics import METRIC_PRICE, STEP_PRICE
from tenants import scope as scope_module

WINDOW = "workspaceId: $w, since: $since, until: $until"
HEAD = "query($w: ID!, $since: DateTime!, $until: DateTime!, $names: [String!])"
NUMBERS = f"{HEAD} {{ metrics({WINDOW}, names: $names) {{ value }} }}"
MONTH, QUARTER, YEAR = (
    {"since": "2024-01-01T00:00:00Z", "until": f"{day}T00:00:00Z"} for day in ("2024-01-31", "2024-03-31", "2024-12-31")
)
ALL = len(CATALOGUE)


async def cost_of(api: httpx.AsyncClient, cast: Cast, document: str, **variables: Any) -> int:
    """Where the client is not there for the caller nothing is read, and it costs the same."""
    response = await api.post(
        "/graphql",
        json={"query": document, "variables": {"w": "workspace_nobody", **variables}},
        headers={"Authorization": f"Bearer {cast.tokens['owner']}"},
    )
    answer = response.json()
    assert "errors" not in answer, answer
    cost: int = answer["extensions"]["cost"]["requested"]
    return cost


async def test_each_number_costs_by_the_months_of_its_window(api: httpx.AsyncClient, acme: Cast) -> None:
    for window, months in ((MONTH, 1), (QUARTER, 3), (YEAR, 13)):
        assert await cost_of(api, acme, NUMBERS, names=["gini"], **window) == 1 + METRIC_PRICE * months
        assert await cost_of(api, acme, NUMBERS, names=["gini", "gini"], **window) == 2 + METRIC_PRICE * 2 * months
        assert await cost_of(api, acme, NUMBERS, **window) == 1 + METRIC_PRICE * ALL * months  # all of the catalogue
    rows = (
        f'query($w: ID!, $since: DateTime!, $until: DateTime!) {{ metricRows({WINDOW}, name: "gini") {{ endCursor }} }}'
    )
    assert await cost_of(api, acme, rows, **QUARTER) == 1 + METRIC_PRICE * 3
    assert await cost_of(api, acme, "{ clientsNeedingAttention { reasons { count } } }") == 2 + ATTENTION_PRICE


async def test_a_series_costs_by_its_window_and_by_its_values(api: httpx.AsyncClient, acme: Cast) -> None:
    for step, values in (("DAY", 91), ("WEEK", 14), ("MONTH", 5)):  # the first and the last may be cut
        series = f'query($w: ID!, $since: DateTime!, $until: DateTime!) {{ metricSeries({WINDOW}, name: "gini", step: {step}) {{ chart }} }}'
        assert await cost_of(api, acme, series, **QUARTER) == 1 + METRIC_PRICE * 3 + STEP_PRICE * values


async def test_whoever_asks_for_everything_many_times_is_refused_before_anything_is_read(
    api: httpx.AsyncClient, acme: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []
    for name in ("fetch", "fetchrow", "fetchval"):
        original = getattr(scope_module.agency_scope, name)

        async def counted(self: Any, sql: str, *values: Any, original: Any = original) -> Any:
            sent.append(sql)
            return await original(self, sql, *values)

        monkeypatch.setattr(scope_module.agency_scope, name, counted)
    client = {"w": f"workspace_{acme.workspaces['forum']}"}
    long = {"since": "2024-01-01T00:00:00Z", "until": "2025-02-04T00:00:00Z"}  # 400 days
    ages = {"since": "0001-01-01T00:00:00Z", "until": "9999-12-31T00:00:00Z"}
    every = " ".join(f"n{n}: metrics({WINDOW}, names: $names) {{ value }}" for n in range(2))
    series = " ".join(
        f'n{n}: metricSeries({WINDOW}, name: "{name}", step: DAY) {{ chart }}' for n, name in enumerate(CATALOGUE)
    )
    assert "errors" not in await ask(api, acme.tokens["owner"], f"{HEAD} {{ {every} }}", **client, **MONTH)
    assert [sql for sql in sent if "from posts" in sql]
    sent.clear()
    for fields, window in ((every, long), (series, long), (every, ages)):
        document = f"{HEAD if 'names' in fields else HEAD.replace(', $names: [String!]', '')} {{ {fields} }}"
        answer = await ask(api, acme.tokens["owner"], document, **client, **window)
        [error] = answer["errors"]
        assert error["extensions"]["code"] == "QUERY_TOO_COMPLEX"
        assert error["extensions"]["cost"] > MOST_EXPENSIVE
    assert not [sql for sql in sent if "from posts" in sql or "from workspaces" in sql]


async def test_all_numbers_of_a_year_fit_and_of_ten_years_do_not(api: httpx.AsyncClient, acme: Cast) -> None:
    assert await cost_of(api, acme, NUMBERS, **YEAR) < MOST_EXPENSIVE
    ten = {"since": "2014-01-01T00:00:00Z", "until": "2024-01-01T00:00:00Z"}
    answer = await ask(api, acme.tokens["owner"], NUMBERS, w="workspace_nobody", **ten)
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["QUERY_TOO_COMPLEX"]
    assert await cost_of(api, acme, NUMBERS, names=["gini", "contributions"], **ten) < MOST_EXPENSIVE
    backwards = {"since": MONTH["until"], "until": MONTH["since"]}
    assert await cost_of(api, acme, NUMBERS, names=["gini"], **backwards) == 1 + METRIC_PRICE
