"""Lines that can be read become rows: new ones, others that changed, and most that are known."""

from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Protocol, TypeAlias
from uuid import UUID

from backend.customers.deriving import derive_anew
from backend.customers.looking_up import members_of
from backend.customers.models import (
    AccountContact,
    AccountTouch,
    CustomerAccount,
    CustomerExposure,
    CustomerSubscription,
    SubscriptionChange,
)
from backend.kit.clock import now
from tenants.locks import CUSTOMERS
from tenants.scope import current

Row: TypeAlias = dict[str, Any]


@dataclass(slots=True)
class Counts:
    new: int = 0
    changed: int = 0
    known: int = 0


class Keeper(Protocol):
    def __call__(self, workspace_id: UUID, rows: Sequence[Row], *, writes: bool) -> Awaitable[Counts]: ...


async def _keep_accounts(workspace_id: UUID, rows: Sequence[Row], *, writes: bool) -> Counts:
    for row in rows:
        if "manager" in row:
            row["manager_id"] = row.pop("manager")
    return (await _keep(CustomerAccount, workspace_id, rows, writes=writes)).counts


async def _keep_contacts(workspace_id: UUID, rows: Sequence[Row], *, writes: bool) -> Counts:
    for row in rows:
        row["account_id"] = row.pop("account")
        if "member" in row:
            row["member_id"] = row.pop("member")
    kept = await _keep(AccountContact, workspace_id, rows, writes=writes)
    if writes:
        moved = [(each, before) for each, before in kept.written if {"member_id", "account_id"} & set(before)]
        accounts: set[UUID] = {each.account_id for each, _ in moved}
        accounts |= {before["account_id"] for _, before in moved if "account_id" in before}
        await derive_anew(workspace_id, accounts)
    return kept.counts


async def _keep_subscriptions(workspace_id: UUID, rows: Sequence[Row], *, writes: bool) -> Counts:
    for row in rows:
        row["account_id"] = row.pop("account")
        if "reason" in row:
            row["reason"] = row["reason"] or ""
    kept = await _keep(CustomerSubscription, workspace_id, rows, writes=writes)
    if writes:
        await _batched(SubscriptionChange, [change for one in kept.written for change in _changes(*one)])
    return kept.counts


async def _keep_exposures(workspace_id: UUID, rows: Sequence[Row], *, writes: bool) -> Counts:
    """What was told first stays."""
    await current().lock(CUSTOMERS, workspace_id)
    members = await members_of({row["contact"] for row in rows if row.get("contact")}, workspace_id)
    known = {
        tuple(each)
        for each in await CustomerExposure.filter(
            workspace_id=workspace_id, source="told", external_id__in=[row["external_id"] for row in rows]
        ).values_list("account_id", "kind", "external_id")
    }
    new = [row for row in rows if (row["account"], row["kind"], row["external_id"]) not in known]
    if writes:
        made = [
            CustomerExposure(
                workspace_id=workspace_id,
                account_id=row["account"],
                member_id=members.get(row.get("contact")),  # type: ignore[arg-type]
                kind=row["kind"],
                at=row["at"],
                is_cancelling=bool(row.get("is_cancelling")),
                source="told",
                external_id=row["external_id"],
            )
            for row in new
        ]
        await _batched(CustomerExposure, made)
    return Counts(new=len(new), known=len(rows) - len(new))


async def _keep_touches(workspace_id: UUID, rows: Sequence[Row], *, writes: bool) -> Counts:
    """What was told first stays."""
    await current().lock(CUSTOMERS, workspace_id)
    known = {
        tuple(each)
        for each in await AccountTouch.filter(
            workspace_id=workspace_id, external_id__in=[row["external_id"] for row in rows]
        ).values_list("account_id", "kind", "external_id")
    }
    new = [row for row in rows if (row["account"], row["kind"], row["external_id"]) not in known]
    if writes:
        made = [
            AccountTouch(
                workspace_id=workspace_id, account_id=row["account"], kind=row["kind"], at=row["at"], external_id=row["external_id"]
            )
            for row in new
        ]  # fmt: skip
        await _batched(AccountTouch, made)
    return Counts(new=len(new), known=len(rows) - len(new))


KEEPERS: Final[Mapping[str, Keeper]] = MappingProxyType(
    {
        "accounts": _keep_accounts,
        "contacts": _keep_contacts,
        "subscriptions": _keep_subscriptions,
        "exposures": _keep_exposures,
        "touches": _keep_touches,
    }
)


@dataclass(slots=True)
class _Kept:
    counts: Counts
    written: list[tuple[Any, Row]]  # the row as it is now, and what it was where it differs ({} for a new one)


async def _keep(model: Any, workspace_id: UUID, rows: Sequence[Row], *, writes: bool) -> _Kept:
    # Of two lists at once the second sees what the first has kept.
    await current().lock(CUSTOMERS, workspace_id)
    ids = [row["external_id"] for row in rows]
    known = {each.external_id: each for each in await model.filter(workspace_id=workspace_id, external_id__in=ids)}
    kept, new, changed = _Kept(Counts(), []), [], []
    for row in rows:
        found = known.get(row["external_id"])
        if found is None:
            made = model(workspace_id=workspace_id, **row)
            new.append(made)
            kept.written.append((made, {}))
            continue
        before = {name: getattr(found, name) for name, value in row.items() if getattr(found, name) != value}
        if before:
            changed.append(found.update_from_dict(row))
            kept.written.append((found, before))
    kept.counts = Counts(len(new), len(changed), len(rows) - len(new) - len(changed))
    if writes:
        await _batched(model, new)
        for each in changed:
            await each.save()
    return kept


async def _batched(model: Any, rows: Sequence[Any]) -> None:
    if rows:
        await model.bulk_create(rows, batch_size=500)


def _changes(subscription: CustomerSubscription, before: Row) -> list[SubscriptionChange]:
    """What a list has told by saying how it is."""
    told: list[tuple[str, Any]] = []
    if not before:
        told.append(("started", subscription.started_at))
    elif {"plan", "monthly_minor", "currency"} & set(before):
        told.append(("changed", now()))
    if subscription.ended_at is not None and (not before or {"ended_at", "ending", "reason"} & set(before)):
        told.append(("ended", subscription.ended_at))
    elif subscription.ended_at is None and before.get("ended_at") is not None:
        told.append(("resumed", now()))
    return [
        SubscriptionChange(
            workspace_id=subscription.workspace_id,
            subscription_id=subscription.id,
            kind=kind,
            at=at,
            plan=subscription.plan,
            monthly_minor=subscription.monthly_minor,
            currency=subscription.currency,
            ending=subscription.ending if kind == "ended" else None,
            reason=subscription.reason if kind == "ended" else "",
        )
        for kind, at in told
    ]
