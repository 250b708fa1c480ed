"""Digital coverage, accounts per manager, and revenue kept: values with what they are made of, and nothing of nothing."""

from typing import Any
from uuid import uuid4

import httpx
import pytest
from cast import Cast, ask
from customers.conftest import Client, day

from backend.customers import (
    AccountTouch,
    CustomerAccount,
    CustomerNumbers,
    CustomerSubscription,
    SubscriptionChange,
    assign_manager,
    customer_numbers,
    record_subscription_change,
    record_touch,
    revenue_kept,
)
from backend.kit.errors import Invalid, NotAllowed, NotFound
from backend.kit.ids import new_id
from backend.kit.statistics import ratio_of_sums
from tenants.rights import Role
from tenants.scope import agency_scope

SINCE, UNTIL = day("2026-01-01"), day("2026-07-01")
LISTS = {
    "accounts": "external_id,name,manager\na,A,{mail}\nb,B,{mail}\nc,C,\nd,D,\ngone,Gone,{mail}\n",
    "subscriptions": """external_id,account,plan,started_at,ended_at,ending,monthly_minor,currency
a1,a,basic,2025-01-01,,,10000,EUR
b1,b,basic,2025-01-01,2026-03-01,voluntary,20000,EUR
c1,c,basic,2025-01-01,,,30000,EUR
c2,c,basic,2025-01-01,,,700,USD
d1,d,basic,2026-02-01,,,99999,EUR
gone1,gone,basic,2024-01-01,2025-06-01,voluntary,50000,EUR
""",
    "exposures": "external_id,account,kind,at\n1,a,read,2026-02-01\n2,b,read,2026-02-01\n3,c,read,2025-02-01\n",
    "touches": "external_id,account,kind,at\n1,b,call,2026-02-02\n1,b,call,2026-02-02\n2,d,visit,2026-03-01\n",
}


async def numbers(client: Client) -> CustomerNumbers:
    async with agency_scope(client.lead):
        return await customer_numbers(client.lead, client.id, since=SINCE, until=UNTIL)


@pytest.fixture
async def known(client: Client) -> Client:
    async with agency_scope(client.system) as scope:
        mail = await scope.fetchval(
            "select email from memberships where agency_id = $1 and id = $2",
            client.cast.agency_id,
            client.cast.colleague.membership_id,
        )
    for what, text in LISTS.items():
        taken = await client.takes_in(what, text.format(mail=mail.upper()))
        assert not taken.problems, taken.problems
    return client


async def test_coverage_counts_accounts_that_are_reached_and_that_nobody_speaks_with(known: Client) -> None:
    found = (await numbers(known)).coverage
    assert [(each.numerator, each.denominator) for each in (found.reached, found.touched, found.digital)] == [
        (2, 4),  # one had left before the window, and one read before it
        (2, 4),
        (1, 4),
    ]
    assert (found.digital.value, found.digital.status) == (0.25, "ok")
    assert found.digital.low == pytest.approx(0.0456, abs=1e-4)
    assert found.digital.high == pytest.approx(0.6994, abs=1e-4)
    colleague = known.cast.colleague.membership_id
    assert [(each.membership_id, each.accounts, each.reached, each.touched) for each in found.managers] == [
        (colleague, 2, 2, 1),
        (None, 2, 0, 1),
    ]
    assert (found.per_manager.value, found.per_manager.n, found.per_manager.status) == (2.0, 1, "insufficient_data")


async def test_revenue_is_kept_by_those_who_paid_at_the_beginning_each_currency_by_itself(known: Client) -> None:
    account = await known.account("a")
    async with agency_scope(known.lead):
        await record_subscription_change(
            known.lead, account.id, external_id="a1", kind="changed", at=day("2026-04-01"), monthly_minor=15000, currency="EUR"
        )  # fmt: skip
        await record_subscription_change(
            known.lead, account.id, external_id="a1", kind="changed", at=day("2026-08-01"), monthly_minor=1, currency="EUR"
        )  # fmt: skip
        await CustomerSubscription.create(
            workspace_id=known.id, account_id=account.id, external_id="?", plan="x", started_at=day("2025-01-01")
        )
    found = await numbers(known)
    euro, dollar = found.revenue
    # 10,000 -> 15,000; 20,000 -> 0; 30,000 -> 30,000; the account that came in February is in neither.
    assert (euro.currency, euro.gross.numerator, euro.gross.denominator, euro.gross.n) == ("EUR", 40_000, 60_000, 3)
    assert (euro.net.numerator, euro.net.denominator, euro.net.value) == (45_000, 60_000, 0.75)
    assert (dollar.currency, dollar.net.value, dollar.net.status) == ("USD", 1.0, "insufficient_data")
    assert found.unknown_amounts == 1


async def test_a_subscription_that_was_resumed_paid_nothing_in_its_gap(client: Client) -> None:
    lists = {
        "accounts": "external_id,name\na,A\nb,B\nc,C\n",
        "subscriptions": """external_id,account,plan,started_at,ended_at,ending,monthly_minor,currency
a1,a,basic,2025-01-01,,,10000,EUR
b1,b,basic,2025-01-01,,,20000,EUR
c1,c,basic,2025-01-01,,,30000,EUR
""",
    }
    for what, text in lists.items():
        assert not (await client.takes_in(what, text)).problems

    async def told(of: str, kind: str, at: str, **more: str) -> None:
        account = await client.account(of)
        async with agency_scope(client.lead):
            await record_subscription_change(
                client.lead, account.id, external_id=f"{of}1", kind=kind, at=day(at), **more
            )

    async with agency_scope(client.system):  # an end that was told wrongly first, and then as below
        wrong = await CustomerSubscription.get(workspace_id=client.id, external_id="c1")
        await SubscriptionChange.create(
            workspace_id=client.id, subscription_id=wrong.id, kind="ended", at=day("2025-12-01"), plan="basic",
            monthly_minor=30_000, currency="EUR", ending="outside",
        )  # fmt: skip
    await told("a", "ended", "2026-06-01", ending="voluntary")
    await told("a", "resumed", "2026-07-15")  # in its gap at the end: lost, as if it had not come back
    await told("b", "ended", "2025-12-01", ending="voluntary")
    await told("b", "resumed", "2026-02-01")  # in its gap at the beginning: new since, in neither
    await told("c", "ended", "2026-03-01", ending="voluntary")
    await told("c", "resumed", "2026-05-01")  # in its gap between the two: there at both
    with pytest.raises(Invalid):
        await told("c", "ended", "2026-08-01", ending="voluntary")
        await told("c", "resumed", "2026-07-31")
    [euro] = (await numbers(client)).revenue
    assert (euro.gross.numerator, euro.gross.denominator, euro.gross.n) == (30_000, 40_000, 2)
    assert (euro.net.numerator, euro.net.denominator) == (30_000, 40_000)
    assert (await numbers(client)).coverage.reached.denominator == 3
    async with agency_scope(client.lead):
        [later] = (
            await customer_numbers(client.lead, client.id, since=day("2026-07-16"), until=day("2026-07-20"))
        ).revenue
    assert later.gross.denominator == 60_000


def test_gross_never_counts_what_some_pay_more() -> None:
    one, two, new = uuid4(), uuid4(), uuid4()
    [kept] = revenue_kept({"EUR": {one: 100, two: 100}}, {"EUR": {one: 300, two: 50, new: 999}, "USD": {two: 1}})
    assert (kept.gross.value, kept.net.value) == (0.75, 1.75)
    assert kept.gross.high is not None
    assert kept.gross.high <= 1.0
    assert revenue_kept({}, {"EUR": {one: 1}}) == []


@pytest.mark.parametrize(
    ("over", "under", "interval"),
    [
        ([], [], None),
        ([1], [1], None),
        ([0, 0], [0, 0], None),
        ([2, 2], [1, 1], (2.0, 2.0)),
        ([1, 0], [1, 1], (0.5 - 0.979982, 0.5 + 0.979982)),  # sqrt(2 * 0.5) / 2 * 1.959964
    ],
)
def test_the_interval_of_a_ratio_of_sums(over: list[float], under: list[float], interval: Any) -> None:
    found = ratio_of_sums(over, under)
    assert found == (None if interval is None else pytest.approx(interval, abs=1e-6))


async def test_of_nothing_there_is_no_number(client: Client, api: httpx.AsyncClient) -> None:
    found = await numbers(client)
    for each in (found.coverage.digital, found.coverage.per_manager):
        assert (each.value, each.low, each.high, each.status) == (None, None, None, "no_data")
    assert (found.revenue, found.coverage.managers) == ([], [])
    query = """query($w: ID!) { customerNumbers(workspaceId: $w, since: "2026-01-01T00:00:00Z", until: "2026-07-01T00:00:00Z") {
        digitalCoverage { n value low status } } }"""
    answer = await ask(api, client.cast.tokens["owner"], query, w=f"workspace_{client.id}")
    assert answer["data"] == {
        "customerNumbers": {"digitalCoverage": {"n": 0, "value": None, "low": None, "status": "NO_DATA"}}
    }


async def test_stakeholders_see_numbers_and_nobodys_name(known: Client, api: httpx.AsyncClient, globex: Cast) -> None:
    for who, role in (("reader", Role.STAKEHOLDER), ("helper", Role.SUPPORT)):
        await known.cast.hire(f"{who}-{known.slug}", role, [known.id], sees_all=False)
    query = """query($w: ID!) { customerNumbers(workspaceId: $w, since: "2026-01-01T00:00:00Z", until: "2026-07-01T00:00:00Z") {
        managers { staff { id } isNobody accounts } accountsPerManager { value } revenue { currency gross { value status } } } }"""
    seen = {}
    for who in ("reader", "helper"):
        answer = await ask(api, known.cast.tokens[f"{who}-{known.slug}"], query, w=f"workspace_{known.id}")
        seen[who] = answer["data"]["customerNumbers"]
    staff = {"id": f"staff_{known.cast.colleague.membership_id}"}
    assert [each["staff"] for each in seen["reader"]["managers"]] == [None, None]
    assert [each["staff"] for each in seen["helper"]["managers"]] == [staff, None]
    assert seen["reader"]["managers"][0]["isNobody"] is False
    assert seen["reader"]["revenue"][0] == {"currency": "EUR", "gross": {"value": pytest.approx(2 / 3), "status": "OK"}}
    answer = await ask(api, globex.tokens["owner"], query, w=f"workspace_{known.id}")
    assert answer["data"] == {"customerNumbers": None}


async def test_a_touch_told_twice_is_one_and_lists_say_what_is_wrong(known: Client) -> None:
    account = await known.account("a")
    async with agency_scope(known.lead):
        for at in ("2026-02-01", "2026-02-02"):
            await record_touch(known.lead, account.id, kind="call", at=day(at), external_id="x")
        assert [each.at for each in await AccountTouch.filter(account_id=account.id)] == [day("2026-02-01")]
        with pytest.raises(Invalid):
            await record_touch(known.lead, account.id, kind="call", at=day("2999-01-01"), external_id="y")
    bad = await known.takes_in("accounts", "external_id,name,manager\nz,Z,nobody@example.com\n")
    assert [(each.line, each.column) for each in bad.problems] == [(2, "manager")]
    bad = await known.takes_in(
        "subscriptions",
        "external_id,account,plan,started_at,monthly_minor,currency\n"
        "y1,a,x,2025-01-01,10.50,EUR\ny2,a,x,2025-01-01,10,euro\ny3,a,x,2025-01-01,10,\ny4,a,x,2025-01-01,9999999999,EUR\n",
    )
    assert [(each.line, each.column) for each in bad.problems] == [
        (2, "monthly_minor"), (3, "currency"), (4, "currency"), (5, "monthly_minor"),
    ]  # fmt: skip


async def test_refused_is_who_may_not_and_what_is_not_there(known: Client, globex: Cast) -> None:
    account = await known.account("c")
    helper = await known.cast.hire(f"asker-{known.slug}", Role.SUPPORT, [known.id], sees_all=False)
    async with agency_scope(helper):
        with pytest.raises(NotAllowed):
            await assign_manager(helper, account.id, membership_id=helper.membership_id)
    async with agency_scope(known.lead):
        for membership_id in (new_id(), globex.colleague.membership_id):
            with pytest.raises(NotFound):
                await assign_manager(known.lead, account.id, membership_id=membership_id)
        await assign_manager(known.lead, account.id, membership_id=helper.membership_id)
        assert (await CustomerAccount.get(id=account.id)).manager_id == helper.membership_id
        with pytest.raises(Invalid):
            await customer_numbers(known.lead, known.id, since=UNTIL, until=SINCE)
    async with agency_scope(globex.owner):
        for verb in (
            assign_manager(globex.owner, account.id, membership_id=None),
            record_touch(globex.owner, account.id, kind="call", at=SINCE, external_id="x"),
            customer_numbers(globex.owner, known.id, since=SINCE, until=UNTIL),
        ):
            with pytest.raises(NotFound):
                await verb
