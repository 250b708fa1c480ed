"""The demo client's customers, as a list that its own system would give, and the question whether who uses the community stays."""

import csv
import io
import random
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from backend.communities import Member
from backend.customers import CustomerAccount, import_customers
from backend.kit.clock import now
from backend.retention import Definition, create_study, freeze_study, run_study
from tenants.actor import Actor
from tenants.scope import agency_scope

ACCOUNTS: Final = 400
WATCHED_DAYS: Final = 720
MANAGER: Final = "acme.lead@example.com"
# Of each, what it costs a month in cents and the chance to end within one.
PLANS: Final = {"starter": (1_900, 0.035), "club": (4_900, 0.02), "shop": (14_900, 0.012)}
ENGAGED: Final = 0.6  # how much of that chance is left to those who use the community


async def keep_customers(owner: Actor) -> None:
    """Once, for their only client."""
    client = owner.only_workspace
    async with agency_scope(owner):
        if await CustomerAccount.exists(workspace_id=client):
            return
        riders = await Member.filter(workspace_id=client, kind="person").order_by("handle").limit(ACCOUNTS // 2)
        for what, rows in _lists(now(), riders):
            taken = await import_customers(owner, client, what=what, text=_csv(rows))
            assert not taken.bad, taken.problems
        study = await create_study(
            owner,
            client,
            name="Do riders who use the community stay?",
            definition=Definition(["posted", "read", "course_completed"], strata=["plan", "size", "tenure"]),
        )
        await freeze_study(owner, study.id)
        await run_study(owner, study.id)


def _csv(rows: Iterable[Sequence[object]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


def _lists(until: datetime, riders: Sequence[Member]) -> Iterable[tuple[str, list[Sequence[object]]]]:
    chance = random.Random(400)  # noqa: S311 - the same demo everywhere
    accounts: list[Sequence[object]] = [("external_id", "name", "size", "customer_since", "manager")]
    subscriptions: list[Sequence[object]] = [
        ("external_id", "account", "plan", "started_at", "ended_at", "ending", "reason", "monthly_minor", "currency")
    ]
    exposures: list[Sequence[object]] = [("external_id", "account", "kind", "at")]
    for number in range(ACCOUNTS):
        id, plan = f"C-{number:04}", chance.choice([*PLANS])
        amount, risk = PLANS[plan]
        since = until - timedelta(days=chance.uniform(30, WATCHED_DAYS))
        uses_from = since + timedelta(days=chance.expovariate(1 / 30)) if chance.random() < 0.5 else None
        at, ended = since, None
        while ended is None and (at := at + timedelta(days=30)) < until:
            is_engaged = uses_from is not None and uses_from < at
            if chance.random() < risk * (ENGAGED if is_engaged else 1):
                ended = at - timedelta(days=chance.uniform(0, 30))
            elif is_engaged:
                kind = chance.choice(["posted", "read", "read", "course_completed"])
                exposures.append((f"E-{len(exposures)}", id, kind, at.isoformat()))
        accounts.append((id, f"Account {number:04}", chance.randint(1, 200), since.isoformat(), MANAGER))
        ending = (
            () if ended is None else (ended.isoformat(), chance.choice(["voluntary", "voluntary", "involuntary"]), "")
        )
        subscriptions.append((f"S-{number:04}", id, plan, since.isoformat(), *(ending or ("", "", "")), amount, "EUR"))
    yield "accounts", accounts
    heading = ("external_id", "account", "name", "member")
    yield (
        "contacts",
        [heading, *((f"P-{n:04}", f"C-{n:04}", each.handle, each.external_id) for n, each in enumerate(riders))],
    )
    yield "subscriptions", subscriptions
    yield "exposures", exposures
