"""How a client's customers are looked after, and what they go on paying: numbers without anybody's name."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from backend.customers.thresholds import LONGEST_WINDOW
from backend.kit.errors import Invalid
from backend.kit.statistics import ratio_of_sums, wilson
from tenants.actor import Actor
from tenants.finding import find_workspace
from tenants.rights import Right
from tenants.scope import current

# Whether the subscription `s` had ended by then and was resumed later: of several ends that were told before it was, the last
# one told is right. For str.format.
_PAUSED: Final = """exists (select from subscription_changes r
     where r.agency_id = $1 and r.workspace_id = $2 and r.subscription_id = s.id and r.kind = 'resumed' and {until}
       and (select e.at from subscription_changes e
             where e.agency_id = $1 and e.workspace_id = $2 and e.subscription_id = s.id and e.kind = 'ended'
               and (e.recorded_at, e.id) < (r.recorded_at, r.id) order by e.recorded_at desc, e.id desc limit 1) <= {since})"""
# Customers in the window: with a subscription that ran in it, or without any that is known.
_ACCOUNTS: Final = f"""
    select a.id, a.manager_id,
           exists (select from customer_exposures e where e.agency_id = $1 and e.workspace_id = $2 and e.account_id = a.id
                      and e.at >= $3 and e.at < $4) as is_reached,
           exists (select from account_touches t where t.agency_id = $1 and t.workspace_id = $2 and t.account_id = a.id
                      and t.at >= $3 and t.at < $4) as is_touched
      from customer_accounts a
     where a.agency_id = $1 and a.workspace_id = $2
       and (not exists (select from customer_subscriptions s where s.agency_id = $1 and s.workspace_id = $2 and s.account_id = a.id)
            or exists (select from customer_subscriptions s where s.agency_id = $1 and s.workspace_id = $2 and s.account_id = a.id
                          and s.started_at < $4 and (s.ended_at is null or s.ended_at > $3)
                          and not {_PAUSED.format(since="$3", until="r.at >= $4")}))"""
# What each subscription cost at the two moments: the last change by then says it; nothing before it began, once it ended, and until it was
# resumed.
_PAID: Final = f"""
    select s.account_id, m.at,
           (select c.currency from subscription_changes c where c.agency_id = $1 and c.workspace_id = $2
               and c.subscription_id = s.id and c.at <= m.at order by c.at desc, c.recorded_at desc, c.id desc limit 1) as currency,
           (select c.monthly_minor from subscription_changes c where c.agency_id = $1 and c.workspace_id = $2
               and c.subscription_id = s.id and c.at <= m.at order by c.at desc, c.recorded_at desc, c.id desc limit 1) as amount
      from customer_subscriptions s cross join (values ($3::timestamptz), ($4::timestamptz)) m (at)
     where s.agency_id = $1 and s.workspace_id = $2 and s.started_at <= m.at and (s.ended_at is null or s.ended_at > m.at)
       and not {_PAUSED.format(since="m.at", until="r.at > m.at")}"""


@dataclass(frozen=True, slots=True)
class Measure:
    """`numerator` of `denominator`, of `n` things, with its 95 % interval. No value of nothing; no interval of fewer than two
    things where the numbers are sums."""

    n: int
    numerator: int
    denominator: int
    low: float | None
    high: float | None

    @property
    def value(self) -> float | None:
        return self.numerator / self.denominator if self.denominator else None

    @property
    def status(self) -> Literal["ok", "insufficient_data", "no_data"]:
        if not self.denominator:
            return "no_data"
        return "insufficient_data" if self.low is None else "ok"


@dataclass(frozen=True, slots=True)
class Managed:
    """The accounts of one colleague; of nobody where `membership_id` is None."""

    membership_id: UUID | None
    accounts: int
    reached: int
    touched: int


@dataclass(frozen=True, slots=True)
class Coverage:
    """`digital`: accounts that used something of the community, and nobody was in touch with one to one."""

    reached: Measure
    touched: Measure
    digital: Measure
    per_manager: Measure
    managers: Sequence[Managed]


@dataclass(frozen=True, slots=True)
class RevenueKept:
    """Of accounts that paid at the beginning, in one currency, a month. `gross` without what some pay more, `net` with it."""

    currency: str
    gross: Measure
    net: Measure


@dataclass(frozen=True, slots=True)
class CustomerNumbers:
    """`unknown_amounts`: subscriptions that ran at the beginning and whose amount nobody has said: they are in none of it."""

    coverage: Coverage
    revenue: Sequence[RevenueKept]
    unknown_amounts: int


async def customer_numbers(actor: Actor, workspace_id: UUID, *, since: datetime, until: datetime) -> CustomerNumbers:
    """In a window of LONGEST_WINDOW at most; `until` is no part of it. Raises NotAllowed, NotFound, Invalid."""
    actor.must_hold(Right.READ_WORKSPACE)
    await find_workspace(workspace_id)
    if not since < until <= since + LONGEST_WINDOW:
        raise Invalid("A window ends after it begins, and has three years at most.")
    scope = current()
    accounts = await scope.fetch(_ACCOUNTS, actor.agency_id, workspace_id, since, until)
    paid = await scope.fetch(_PAID, actor.agency_id, workspace_id, since, until)
    unknown = sum(row["amount"] is None and row["at"] == since for row in paid)
    return CustomerNumbers(
        _covered(accounts), revenue_kept(_by_account(paid, since), _by_account(paid, until)), unknown
    )


Amounts = Mapping[str, Mapping[UUID, int]]  # by currency, of each account


def revenue_kept(before: Amounts, after: Amounts) -> list[RevenueKept]:
    """Gross: (start - churn - contraction) / start; net: with expansion. New accounts are in neither, and currencies are never
    added up."""
    kept = []
    for currency in sorted(before):
        started = before[currency]
        ends = {account: after.get(currency, {}).get(account, 0) for account in started}
        pairs = [(amount, ends[account]) for account, amount in sorted(started.items())]
        gross = [(amount, min(amount, end)) for amount, end in pairs]
        kept.append(RevenueKept(currency, _of_sums(gross, highest=1.0), _of_sums(pairs)))
    return kept


def _of_sums(pairs: Sequence[tuple[int, int]], *, highest: float | None = None) -> Measure:
    interval = ratio_of_sums([end for _, end in pairs], [start for start, _ in pairs])
    low, high = (None, None) if interval is None else (max(0.0, interval[0]), interval[1])
    if high is not None and highest is not None:
        high = min(high, highest)
    return Measure(len(pairs), sum(end for _, end in pairs), sum(start for start, _ in pairs), low, high)


def _by_account(rows: Sequence[Mapping[str, object]], at: datetime) -> dict[str, dict[UUID, int]]:
    amounts: dict[str, dict[UUID, int]] = defaultdict(lambda: defaultdict(int))
    for row in rows:
        account, amount = row["account_id"], row["amount"]
        if row["at"] == at and isinstance(account, UUID) and isinstance(amount, int) and amount > 0:
            amounts[str(row["currency"])][account] += amount
    return amounts


def _covered(rows: Sequence[Mapping[str, object]]) -> Coverage:
    of: dict[object, list[Mapping[str, object]]] = defaultdict(list)
    for row in rows:
        of[row["manager_id"]].append(row)
    managers = [
        Managed(
            manager if isinstance(manager, UUID) else None,
            len(theirs),
            sum(bool(row["is_reached"]) for row in theirs),
            sum(bool(row["is_touched"]) for row in theirs),
        )
        for manager, theirs in of.items()
    ]
    managers.sort(key=lambda each: (-each.accounts, str(each.membership_id)))
    by_somebody = [each for each in managers if each.membership_id is not None]
    loads = [each.accounts for each in by_somebody]
    interval = ratio_of_sums(loads, [1] * len(loads))
    return Coverage(
        reached=_share([bool(row["is_reached"]) for row in rows]),
        touched=_share([bool(row["is_touched"]) for row in rows]),
        digital=_share([bool(row["is_reached"]) and not row["is_touched"] for row in rows]),
        per_manager=Measure(len(loads), sum(loads), len(loads), *((None, None) if interval is None else (max(0.0, interval[0]), interval[1]))),
        managers=managers,
    )  # fmt: skip


def _share(found: Sequence[bool]) -> Measure:
    low, high = wilson(sum(found), len(found)) if found else (None, None)
    return Measure(len(found), sum(found), len(found), low, high)
