"""Rows of everything that belongs to customers and studies: one of each kind, of one client."""

from cast import Cast

from backend.customers import (
    AccountContact,
    CustomerAccount,
    CustomerExposure,
    CustomerSubscription,
    SubscriptionChange,
)
from backend.kit.clock import now
from backend.kit.ids import new_id
from backend.moderation import Case
from backend.retention import Definition, RetentionStudy, StudyResult, create_study
from tenants.scope import agency_scope


async def studied(cast: Cast, case: Case) -> dict[str, str]:
    """Their published ids, by kind. The study is a draft; another one has a result."""
    of, name = {"workspace_id": case.workspace_id}, str(new_id())
    async with agency_scope(cast.system):
        account = await CustomerAccount.create(**of, external_id=name, name="x", size=1, assigned_arm="offered")
        contact = await AccountContact.create(
            **of, account_id=account.id, external_id=name, name="x", member_id=case.member_id
        )
        subscription = await CustomerSubscription.create(
            **of, account_id=account.id, external_id=name, plan="x", started_at=now()
        )
        change = await SubscriptionChange.create(
            **of, subscription_id=subscription.id, kind="ended", at=now(), plan="x", ending="outside"
        )
        exposure = await CustomerExposure.create(
            **of,
            account_id=account.id,
            member_id=case.member_id,
            kind="read",
            at=now(),
            source="told",
            external_id=name,
        )
        draft = await create_study(cast.system, case.workspace_id, name="x", definition=Definition(["read"]))
        ended = await RetentionStudy.create(
            **of, name="x", definition=draft.definition, definition_hash="x", state="done", cut_off_at=now(),
            input_hash="x", frozen_at=now(), ended_at=now(), created_by_id=cast.colleague.membership_id,
        )  # fmt: skip
        result = await StudyResult.create(
            **of, study_id=ended.id, evidence_grade="association", sentence="x", caveats=["x"], result={"landmarks": []},
            result_hash="x", csv="x", charts=[],
        )  # fmt: skip
    return {
        "customeraccount": f"customeraccount_{account.id}",
        "accountcontact": f"accountcontact_{contact.id}",
        "customersubscription": f"customersubscription_{subscription.id}",
        "subscriptionchange": f"subscriptionchange_{change.id}",
        "customerexposure": f"customerexposure_{exposure.id}",
        "retentionstudy": f"retentionstudy_{draft.id}",
        "studyresult": f"studyresult_{result.id}",
    }
