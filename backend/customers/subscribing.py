"""What happens to subscriptions: they start, are renewed, change, end, and are resumed."""

from datetime import datetime
from uuid import UUID

from backend import journal
from backend.customers.models import CustomerAccount, CustomerSubscription, SubscriptionChange
from backend.customers.thresholds import CURRENCY, FUTURE, LARGEST_AMOUNT, LONGEST_ID, LONGEST_PLAN, LONGEST_REASON
from backend.kit.clock import now
from backend.kit.errors import Conflict, Invalid, NotFound
from backend.kit.texts import clean_line
from tenants.actor import Actor
from tenants.rights import Right


async def record_subscription_change(
    actor: Actor,
    account_id: UUID,
    *,
    external_id: str,
    kind: str,
    at: datetime,
    plan: str | None = None,
    monthly_minor: int | None = None,
    currency: str | None = None,
    ending: str | None = None,
    reason: str = "",
) -> CustomerSubscription:
    """`kind`: started (which needs a plan), renewed, changed (a plan or an amount), ended (which needs an `ending`), resumed.
    `monthly_minor`: what it costs a month from then on, in the smallest unit of `currency`. The same change told again
    changes nothing. Raises NotAllowed, NotFound, Invalid, and Conflict for what cannot follow upon
    what is known."""
    actor.must_hold(Right.IMPORT)
    account = await CustomerAccount.filter(id=account_id).select_for_update().get_or_none()
    if account is None:
        raise NotFound(path=("input", "accountId"))
    external_id = clean_line(external_id, field="externalId", longest=LONGEST_ID)
    reason = clean_line(reason, field="reason", longest=LONGEST_REASON, may_be_empty=True)
    if plan is not None:
        plan = clean_line(plan, field="plan", longest=LONGEST_PLAN)
    if at > now() + FUTURE:
        raise Invalid("This has not happened yet.", path=("input", "at"))
    if (kind == "ended") != (ending is not None):
        raise Invalid("Say how it ended where it has, and only there.", path=("input", "ending"))
    if plan is None and (kind == "started" or (kind == "changed" and monthly_minor is None)):
        raise Invalid("Say which plan.", path=("input", "plan"))
    _check_amount(monthly_minor, currency)
    subscription = (
        await CustomerSubscription.filter(workspace_id=account.workspace_id, external_id=external_id)
        .select_for_update()
        .get_or_none()
    )
    if subscription is None:
        if kind != "started":
            raise NotFound("No subscription is known under that id.", path=("input", "externalId"))
        assert plan is not None
        subscription = await CustomerSubscription.create(
            workspace_id=account.workspace_id, account_id=account.id, external_id=external_id, plan=plan, started_at=at,
            monthly_minor=monthly_minor, currency=currency,
        )  # fmt: skip
    elif subscription.account_id != account.id:
        raise Conflict("Another account has the subscription with that id.", path=("input", "externalId"))
    elif await _is_known(subscription, kind, at):
        return subscription
    else:
        _change(subscription, kind, at, plan=plan, ending=ending, reason=reason)
        if monthly_minor is not None:
            subscription.monthly_minor, subscription.currency = monthly_minor, currency
        await subscription.save()
    await SubscriptionChange.create(
        workspace_id=account.workspace_id,
        subscription_id=subscription.id,
        kind=kind,
        at=at,
        plan=subscription.plan,
        monthly_minor=subscription.monthly_minor,
        currency=subscription.currency,
        ending=ending,
        reason=reason,
    )
    await journal.record(
        f"subscription.{kind}",
        subject_kind="customersubscription",
        subject_id=subscription.id,
        workspace_id=account.workspace_id,
    )
    return subscription


async def _is_known(subscription: CustomerSubscription, kind: str, at: datetime) -> bool:
    return await SubscriptionChange.filter(
        workspace_id=subscription.workspace_id, subscription_id=subscription.id, kind=kind, at=at
    ).exists()


def _check_amount(monthly_minor: int | None, currency: str | None) -> None:
    if (monthly_minor is None) != (currency is None):
        raise Invalid("An amount and its currency go together.", path=("input", "currency"))
    if monthly_minor is not None and not 0 <= monthly_minor <= LARGEST_AMOUNT:
        raise Invalid(f"Between 0 and {LARGEST_AMOUNT:,}.", path=("input", "monthlyMinor"))
    if currency is not None and CURRENCY.fullmatch(currency) is None:
        raise Invalid("Three capital letters of ISO 4217, as EUR.", path=("input", "currency"))


def _change(
    subscription: CustomerSubscription, kind: str, at: datetime, *, plan: str | None, ending: str | None, reason: str
) -> None:
    if kind == "started":
        raise Conflict("It has started already, at another time.", path=("input", "kind"))
    if at < subscription.started_at:
        raise Invalid("It had not started then.", path=("input", "at"))
    if kind == "resumed":
        if subscription.ended_at is None:
            raise Conflict("It has not ended.", path=("input", "kind"))
        if at < subscription.ended_at:
            raise Invalid("It had not ended then.", path=("input", "at"))
        subscription.ended_at = subscription.ending = None
        subscription.reason = ""
        return
    if subscription.ended_at is not None:
        raise Conflict("It has ended. Resume it first.", path=("input", "kind"))
    if plan is not None:
        subscription.plan = plan
    if kind == "ended":
        subscription.ended_at, subscription.ending, subscription.reason = at, ending, reason
