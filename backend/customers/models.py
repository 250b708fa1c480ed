from datetime import datetime
from typing import Final
from uuid import UUID

from tortoise import fields

from tenants.tables import APPEND_ONLY, WorkspaceModel
from tenants.treating import OF_THE_AGENCY, OUR_WORDS, Keep, Remove

_A_REASON: Final = Keep("a reason of the client's list, of an account and not of a person")


class CustomerAccount(WorkspaceModel):
    """A customer of the client: a company, mostly. `assigned_arm`: where lots were drawn who is offered the community."""

    forgetting = {
        **dict.fromkeys(("external_id", "name"), OF_THE_AGENCY),
        "assigned_arm": OUR_WORDS,
    }
    external_id = fields.CharField(max_length=200)
    name = fields.CharField(max_length=200)
    size: int | None = fields.IntField(null=True)
    customer_since: datetime | None = fields.DatetimeField(null=True)
    assigned_arm: str | None = fields.TextField(null=True)
    manager_id: UUID | None = fields.UUIDField(null=True)
    created_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "customer_accounts"


class AccountContact(WorkspaceModel):
    """Somebody at an account; with `member_id`, what that member does in a community counts as what the account uses."""

    forgetting = {
        "external_id": Remove("t.member_id = $3"),
        "name": Remove("t.member_id = $3"),
    }
    of_member = "t.member_id = $3"
    account_id: UUID = fields.UUIDField()
    external_id = fields.CharField(max_length=200)
    name = fields.CharField(max_length=200)
    member_id: UUID | None = fields.UUIDField(null=True)
    created_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "account_contacts"


class CustomerSubscription(WorkspaceModel):
    """As it is by now. `ending`: voluntary, involuntary (a card that failed), or outside (the customer closed down)."""

    forgetting = {
        **dict.fromkeys(("external_id", "plan"), OF_THE_AGENCY),
        **dict.fromkeys(("ending", "currency"), OUR_WORDS),
        "reason": _A_REASON,
    }
    account_id: UUID = fields.UUIDField()
    external_id = fields.CharField(max_length=200)
    plan = fields.CharField(max_length=100)
    monthly_minor: int | None = fields.IntField(null=True)
    currency: str | None = fields.TextField(null=True)
    started_at: datetime = fields.DatetimeField()
    ended_at: datetime | None = fields.DatetimeField(null=True)
    ending: str | None = fields.TextField(null=True)
    reason = fields.CharField(max_length=200, default="")
    created_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "customer_subscriptions"


class SubscriptionChange(WorkspaceModel):
    """What happened to a subscription: started, renewed, changed its plan, ended, resumed."""

    forgetting = {
        **dict.fromkeys(("kind", "ending", "currency"), OUR_WORDS),
        "plan": OF_THE_AGENCY,
        "reason": _A_REASON,
    }
    grants = APPEND_ONLY
    subscription_id: UUID = fields.UUIDField()
    kind = fields.CharField(max_length=20)
    at: datetime = fields.DatetimeField()
    plan = fields.CharField(max_length=100)
    monthly_minor: int | None = fields.IntField(null=True)
    currency: str | None = fields.TextField(null=True)
    ending: str | None = fields.TextField(null=True)
    reason = fields.CharField(max_length=200, default="")
    recorded_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "subscription_changes"


class AccountTouch(WorkspaceModel):
    """Somebody of the client or the agency was in touch with an account, one to one."""

    forgetting = {"kind": OUR_WORDS, "external_id": OF_THE_AGENCY}
    account_id: UUID = fields.UUIDField()
    kind = fields.CharField(max_length=20)
    at: datetime = fields.DatetimeField()
    external_id = fields.CharField(max_length=200)
    recorded_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "account_touches"


class CustomerExposure(WorkspaceModel):
    """What somebody of an account used, and when. From the community it is one of a kind and a day."""

    forgetting = {
        **dict.fromkeys(("kind", "source"), OUR_WORDS),
        "external_id": Remove("t.member_id = $3"),
    }
    of_member = "t.member_id = $3"
    account_id: UUID = fields.UUIDField()
    member_id: UUID | None = fields.UUIDField(null=True)
    kind = fields.CharField(max_length=20)
    at: datetime = fields.DatetimeField()
    is_cancelling = fields.BooleanField(default=False)
    source = fields.CharField(max_length=20)
    external_id = fields.CharField(max_length=200)
    recorded_at: datetime = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "customer_exposures"
