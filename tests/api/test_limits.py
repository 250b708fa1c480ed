"""How large a document may be, what it costs, and how much may be asked in a minute."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from cast import Cast, ask
from graphql import get_introspection_query, parse
from hypothesis import given
from hypothesis import strategies as st

from backend.asgi import app
from backend.kit.ids import new_id
from backend.settings import Settings
from graphql_schema.context import Refused
from graphql_schema.transport.rates import LARGEST_BLOCK, Rates
from graphql_schema.transport.sizing import SpreadsItself, TooLarge, check_size
from tenants.scope import current

POINTS = {"token": 1_000, "person": 1_500, "agency": 4_000}


def nested(levels: int, field: str = "member") -> str:
    return "{ case(id: 1) { " + f"{field} {{ " * (levels - 2) + "id" + " }" * levels


@pytest.mark.parametrize(
    ("document", "fits"),
    [
        (nested(12), True),
        (nested(13), False),
        ("{ cases { edges { node { reports { nodes { member { cases { nodes { id } } } } } } } } }", True),
        ("{ " + " ".join(f"a{n}: __typename" for n in range(50)) + " }", True),
        ("{ " + " ".join(f"a{n}: __typename" for n in range(51)) + " }", False),
        ("{ agency " + "@skip(if: false) " * 50 + "{ id } }", True),
        ("{ agency " + "@skip(if: false) " * 51 + "{ id } }", False),
        ("query A " + "@x " * 51 + "{ agency { id } }", False),
        (" ".join(f"query Q{n} {{ agency {{ id }} }}" for n in range(20)), True),
        (" ".join(f"query Q{n} {{ agency {{ id }} }}" for n in range(21)), False),
        ("{ agency { " + "id " * 20 + "} }", True),
        ("{ agency { " + "id " * 21 + "} }", False),
        # Ten times ten times ten fields through fragments: a thousand and more, in a few hundred characters.
        (
            "{ ...A } fragment A on Query { " + " ".join(f"f{n}: agency {{ ...B }}" for n in range(10)) + " } "
            "fragment B on Agency { " + " ".join(f"g{n}: name" for n in range(10)) + " }",
            False,
        ),
        ("{ ...Missing }", True),
    ],
)
def test_the_size_of_a_document(document: str, *, fits: bool) -> None:
    if fits:
        check_size(parse(document))
    else:
        with pytest.raises(TooLarge):
            check_size(parse(document))


@pytest.mark.parametrize(
    "document",
    [
        "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }",
        "{ ...A } fragment A on Query { agency { ...A } }",
        "{ agency { id } } fragment A on Query { ...A }",
    ],
)
def test_a_fragment_that_contains_itself_is_not_measured(document: str) -> None:
    with pytest.raises(SpreadsItself):
        check_size(parse(document))


@pytest.mark.parametrize(("outer", "inner", "fits"), [(3, 5, True), (20, 20, False), (1, 21, False), (21, 1, False)])
def test_fields_that_answer_in_one_place_are_counted_wherever_they_stand(outer: int, inner: int, *, fits: bool) -> None:
    """Validation compares each with each: twenty times twenty took most of a second."""
    document = "{ " + ("agency { " + "...F " + "id " * inner + "} ") * outer + "} fragment F on Agency { id }"
    if fits:
        check_size(parse(document))
    else:
        with pytest.raises(TooLarge, match="one place"):
            check_size(parse(document))


def test_the_standard_introspection_fits() -> None:
    check_size(parse(get_introspection_query(input_value_deprecation=True, specified_by_url=True)))


@pytest.mark.parametrize("levels", [24, 60, 200])
def test_a_bomb_of_fragments_costs_milliseconds(levels: int) -> None:
    """Limiters that follow every spread take 25 s for 24 levels."""
    document = (
        "{ ...F0 } "
        + " ".join(f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}" for n in range(levels))
        + f" fragment F{levels} on Query {{ __typename }}"
    )
    parsed = parse(document)
    begin = time.perf_counter()
    with pytest.raises(TooLarge):
        for _ in range(10):
            check_size(parsed)
    assert time.perf_counter() - begin < 1


@given(st.recursive(st.just("id"), lambda inner: st.lists(inner, min_size=1, max_size=4).map(lambda parts: "x { " + " ".join(parts) + " }"), max_leaves=40))  # fmt: skip
def test_fragments_measure_as_what_they_stand_for(selection: str) -> None:
    """Written out, or behind a fragment in each place: the same document is refused or not."""

    def refused(document: str) -> bool:
        try:
            check_size(parse(document))
        except TooLarge:
            return True
        return False

    behind = f"{{ a {{ ...F }} b {{ ...F }} }} fragment F on X {{ {selection} }}"
    assert refused(behind) == refused(f"{{ a {{ {selection} }} b {{ {selection} }} }}")


async def cost_of(api: httpx.AsyncClient, acme: Cast, query: str, **variables: Any) -> Any:
    response = await api.post(
        "/graphql",
        json={"query": query, "variables": variables},
        headers={"Authorization": f"Bearer {acme.tokens['owner']}"},
    )
    return response.json()


async def test_every_answer_says_what_it_cost_from_its_real_variables(api: httpx.AsyncClient, acme: Cast) -> None:
    query = "query($n: Int = 7) { cases(first: $n) { nodes { id reports { nodes { id } } } } }"
    for _ in range(3):  # through the executor, and straight
        for given_, rows in (({"n": 3}, 3), ({}, 7), ({"n": 100}, 100)):
            answer = await cost_of(api, acme, query, **given_)
            assert answer["extensions"]["cost"] == {"requested": 1 + rows * (1 + 1 + 50), "maximum": 10_000}


@pytest.mark.parametrize(
    ("query", "cost"),
    [
        ("{ __typename }", 0),
        ("{ agency { slug } }", 1),
        ("{ a: agency { slug } b: agency { slug } }", 2),
        ("{ cases { totalCount } }", 6),
        ("{ __schema { queryType { name } } }", 1),
        ("{ viewer { person { name } memberships { workspaces { id } } } }", 4),
        ('{ node(id: "x") { id } }', 1),
        ('{ nodes(ids: ["x", "y"]) { id ... on Case { reports { nodes { id } } } } }', 2 * (1 + 51)),
        ("mutation { claimNextCase(input: {}) { case { id reports(first: 2) { nodes { id } } } userErrors { code } } }", 1 + 1 + 3 + 1),
    ],
)  # fmt: skip
async def test_what_costs_what(api: httpx.AsyncClient, acme: Cast, query: str, cost: int) -> None:
    answer = await cost_of(api, acme, query)
    assert answer["extensions"]["cost"]["requested"] == cost


async def test_tools_read_the_schema_and_nobody_freezes_the_process_with_it(api: httpx.AsyncClient, acme: Cast) -> None:
    for options in ({}, {"input_value_deprecation": True, "specified_by_url": True, "schema_description": True}):
        answer = await cost_of(api, acme, get_introspection_query(**options))
        assert answer["data"]["__schema"]["types"], answer
        assert answer["extensions"]["cost"]["requested"] < 6_000
    for bomb in ("fields { name }", "fields { type { fields { name } } }"):
        answer = await cost_of(
            api, acme, "{ __schema { types { " + " ".join(f"a{n}: {bomb}" for n in range(45)) + " } } }"
        )
        assert answer["errors"][0]["extensions"]["code"] == "QUERY_TOO_COMPLEX"


async def test_what_costs_too_much_is_refused_before_anything_runs(
    api: httpx.AsyncClient, acme: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever root the cost is in, however it is repeated, and for a mutation before it is done."""

    async def nothing(*_a: Any, **_k: Any) -> None:
        raise AssertionError("it ran")

    monkeypatch.setattr("graphql_schema.working_cases.moderation.claim_next", nothing)
    monkeypatch.setattr("graphql_schema.projection.reading.Reading.list", nothing)
    dear = "cases(first: 100) { nodes { reports(first: 100) { nodes { id } } } }"
    for query in (
        "{ agency { slug } " + dear + " }",
        "query($n: Int!) { cases(first: $n) { nodes { reports(first: $n) { nodes { id } } } } }",
        "{ ...F } fragment F on Query { " + dear + " }",
        "mutation { claimNextCase(input: {}) { case { member { " + dear + " } } } }",
        "{ nodes(ids: [" + ", ".join('"x"' for _ in range(100)) + "]) { ... on Case { reports(first: 100) { nodes { id } } } } }",
    ):  # fmt: skip
        answer = await cost_of(api, acme, query, n=100)
        assert "data" not in answer, query
        assert answer["errors"][0]["extensions"]["code"] == "QUERY_TOO_COMPLEX"
        assert answer["errors"][0]["extensions"]["cost"] > answer["errors"][0]["extensions"]["maximumCost"] == 10_000


@pytest.fixture
async def limited(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Callable[[], httpx.AsyncClient]]:
    """API processes that share a Redis, with few points."""
    monkeypatch.setattr("backend.asgi.publish_with", lambda _publish: None)  # events stay with the other tests' channel
    few = settings.model_copy(
        update={f"points_per_{kind}": most for kind, most in POINTS.items()} | {"redis_queue": f"limits:{new_id()}"}
    )
    opened = []

    def process() -> httpx.AsyncClient:
        client = httpx.AsyncClient(transport=httpx.ASGITransport(app(few)), base_url="http://tend.test", timeout=30)
        opened.append(client)
        return client

    yield process
    for client in opened:
        await client.aclose()


async def spend(api: httpx.AsyncClient, token: str, times: int, *, query: str = "{ cases(first: 99) { nodes { id } } }") -> list[httpx.Response]:  # fmt: skip
    """100 points each."""
    headers = {"Authorization": f"Bearer {token}"}
    return [await api.post("/graphql", json={"query": query}, headers=headers) for _ in range(times)]


async def test_a_token_that_has_spent_its_points_waits(
    limited: Callable[[], httpx.AsyncClient], acme: Cast, globex: Cast
) -> None:
    api = limited()
    answers = await spend(api, acme.tokens["owner"], 12)
    assert [answer.status_code for answer in answers] == [200] * 10 + [429] * 2
    refused = answers[-1]
    assert refused.json()["errors"][0]["extensions"]["code"] == "RATE_LIMITED"
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    policy = '"token";q=1000;w=60, "person";q=1500;w=60, "agency";q=4000;w=60'
    assert answers[0].headers["ratelimit-policy"] == policy
    assert answers[0].headers["ratelimit"].startswith('"token";r=900;t=60, "person";r=1400;t=60, "agency";r=3900;t=')
    assert refused.headers["ratelimit-policy"] == '"token";q=1000;w=60'
    assert refused.headers["ratelimit"].startswith('"token";r=0;t=')
    # Nobody else is touched.
    assert [a.status_code for a in await spend(api, acme.tokens["moderator"], 2)] == [200, 200]
    assert [a.status_code for a in await spend(api, globex.tokens["owner"], 2)] == [200, 200]


async def test_processes_count_together(limited: Callable[[], httpx.AsyncClient], acme: Cast) -> None:
    first, second = limited(), limited()
    statuses = []
    for _ in range(10):
        statuses += [a.status_code for api in (first, second) for a in await spend(api, acme.tokens["owner"], 1)]
    # Each process may hold back one block.
    assert 10 - 2 * 1_000 // LARGEST_BLOCK // 100 - 1 <= statuses.count(200) <= 10


async def test_an_agency_has_its_own_bound_and_starves_no_other(
    limited: Callable[[], httpx.AsyncClient], acme: Cast, globex: Cast
) -> None:
    api = limited()
    statuses = [
        answer.status_code
        for who in ("owner", "lead", "moderator", "colleague", "contractor")
        for answer in await spend(api, acme.tokens[who], 10)
    ]
    assert 39 <= statuses.count(200) <= 40
    assert statuses[-5:] == [429] * 5
    assert [a.status_code for a in await spend(api, globex.tokens["owner"], 3)] == [200] * 3


async def test_what_cannot_run_costs_as_well(limited: Callable[[], httpx.AsyncClient], acme: Cast) -> None:
    api = limited()
    answers = await spend(api, acme.tokens["lead"], 1_100, query="{ nonsense }")
    assert answers[0].status_code == 200
    assert answers[-1].status_code == 429


async def test_without_redis_each_process_counts_alone_and_goes_on_answering(acme: Cast) -> None:
    rates = Rates("unix:///nonexistent/redis.sock", {"token": 100}, prefix="x")
    payer = rates.payer(token="a")
    for _ in range(10):
        await payer.pay(10)
    with pytest.raises(Refused):
        await payer.pay(10)


async def test_in_the_last_second_of_a_window_nobody_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Redis rounds the time that is left down to nothing."""
    rates = Rates(None, {"token": 100})

    async def none_left(*_: Any) -> tuple[float, int]:
        return time.time(), 50

    monkeypatch.setattr(rates._together, "get_window_stats", none_left)
    await rates.payer(token="a").pay(10)


async def test_many_idle_processes_hold_next_to_nothing_back() -> None:
    rates = Rates(None, {"token": 100_000})
    others = [Rates(None, {"token": 100_000}) for _ in range(100)]
    for other in others:
        other._together = rates._together  # as over one Redis
        await other.payer(token="a").pay(1)
    spent = 0
    with pytest.raises(Refused):
        while True:
            await rates.payer(token="a").pay(100)
            spent += 100
    assert spent >= 85_000


async def test_nobody_takes_the_points_that_another_has_just_fetched(settings: Settings) -> None:
    """Whoever comes between the answer of Redis and the one who waited for it."""
    rates = Rates(settings.redis, {"token": 600}, prefix=str(new_id()))

    async def pays(turn: int) -> None:
        for _ in range(turn % 50):
            await asyncio.sleep(0)
        await rates.payer(token="a").pay(1)

    async with asyncio.timeout(30):
        await asyncio.gather(*(pays(turn) for turn in range(500)))


async def test_many_at_once_take_no_more_than_there_is() -> None:
    import asyncio

    rates = Rates(None, {"token": 1_000})

    async def one() -> bool:
        try:
            await rates.payer(token="a").pay(7)
        except Refused:
            return False
        return True

    served = sum(await asyncio.gather(*(one() for _ in range(300))))
    assert 1_000 // 7 - 3 <= served <= 1_000 // 7


async def test_a_slow_statement_ends_and_says_so(
    api: httpx.AsyncClient, acme: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under everything else: the database itself lets nothing run for ever."""

    async def slow(*_a: Any, **_k: Any) -> None:
        assert await current().fetchval("show statement_timeout") == "15s"
        await current().execute("set local statement_timeout = '100ms'")
        await current().execute("select pg_sleep(20)")

    monkeypatch.setattr("graphql_schema.working_cases.moderation.claim_next", slow)
    answer = await ask(api, acme.tokens["owner"], "mutation { claimNextCase(input: {}) { case { id } } }")
    assert answer["errors"][0]["extensions"]["code"] == "TIMEOUT"
