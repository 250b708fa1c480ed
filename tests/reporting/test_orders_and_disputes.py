"""What authorities order and what bodies out of court find: written down with all that the transparency report needs."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from cast import Cast
from reporting.conftest import Place

from backend.kit.clock import now
from backend.kit.errors import Conflict, Invalid, NotAllowed, NotFound
from backend.moderation import Report
from backend.reporting import (
    Dispute,
    Followed,
    LegalOrder,
    Ordered,
    Settled,
    follow_order,
    record_dispute,
    record_order,
    settle_dispute,
)
from backend.safety import Escalation, EscalationBrief
from tenants.scope import agency_scope

HOUR = timedelta(hours=1)


def ordered(**said: Any) -> Ordered:
    usual = {
        "kind": "act", "authority": "Landgericht Köln", "member_state": "DE", "legal_basis": "§ 130 StGB",
        "language": "DE", "received_at": now() - HOUR / 2, "urls": ["https://forum.example/p/1"],
    }  # fmt: skip
    return Ordered(**{**usual, **said})


async def recorded(place: Place, *, post_id: UUID | None = None, **said: Any) -> LegalOrder:
    async with agency_scope(place.lead):
        order_id = await record_order(place.lead, place.community, ordered(**said), post_id=post_id)
        return await LegalOrder.get(id=order_id)


async def followed(place: Place, order: LegalOrder, version: int, **done: Any) -> LegalOrder:
    async with agency_scope(place.lead):
        await follow_order(place.lead, order.id, Followed(**done), expected_version=version)
        return await LegalOrder.get(id=order.id)


@pytest.mark.parametrize(
    ("kind", "tier"), [("act", "severe"), ("information", "severe"), ("terrorist_content", "danger")]
)
async def test_an_order_about_a_post_waits_before_nearly_everything(place: Place, kind: str, tier: str) -> None:
    post = await place.post()
    order = await recorded(place, kind=kind, post_id=post.id)
    [case] = await place.cases()
    assert (order.case_id, case.tier) == (case.id, tier)
    async with agency_scope(place.system):
        [report] = await Report.filter(case_id=case.id)
    assert (report.channel, report.reporter_key) == ("order", f"order:{order.id}")
    assert (order.due_at == order.received_at + HOUR) == (kind == "terrorist_content")
    assert order.category == ("RISK_FOR_PUBLIC_SECURITY" if kind == "terrorist_content" else "NOT_SPECIFIED_ORDER")


async def test_a_removal_order_pages_whoever_is_on_call_whether_the_post_is_known_or_not(place: Place) -> None:
    post = await place.post()
    known = await recorded(place, kind="terrorist_content", post_id=post.id)
    await recorded(place, kind="terrorist_content")
    await recorded(place, kind="act")
    async with agency_scope(place.system):
        raised = await Escalation.filter(workspace_id=place.client).order_by("raised_at")
        briefs = await EscalationBrief.filter(workspace_id=place.client)
    assert [(each.kind, each.severity, each.legal_basis) for each in raised] == [("terrorism", 1, "tco_order")] * 2
    assert {(each.post_id, each.case_id) for each in briefs} == {(post.id, known.case_id), (None, None)}
    assert all("https://forum.example/p/1" in each.summary for each in briefs)


async def test_each_moment_is_written_down_once_and_in_order(place: Place) -> None:
    order = await recorded(place, kind="terrorist_content")
    order = await followed(place, order, 1, acknowledged_at=now())
    removed = now()
    order = await followed(place, order, 2, effect="removed", effect_at=removed, authority_told_at=now())
    assert (order.effect, order.preserved_until, order.version) == ("removed", removed + timedelta(days=184), 3)
    for wrong, refusal in (
        ({"acknowledged_at": now()}, Conflict),
        ({"recipient_informed_at": order.received_at - HOUR}, Invalid),
        ({"recipient_informed_at": now() + HOUR}, Invalid),
        ({}, Invalid),
    ):
        with pytest.raises(refusal):
            await followed(place, order, 3, **wrong)
    with pytest.raises(Conflict, match="since you read it"):
        await followed(place, order, 2, recipient_informed_at=now())
    other = await recorded(place)
    for wrong in ({"effect": "removed"}, {"effect_at": now()}, {"effect": "none", "effect_at": now()}):
        with pytest.raises(Invalid):
            await followed(place, other, 1, **wrong)
    none = await followed(place, other, 1, effect="none", effect_at=now(), effect_note="The address is not ours.")
    assert (none.effect, none.preserved_until) == ("none", None)


@pytest.mark.parametrize(
    "wrong",
    [{"member_state": "EL"}, {"member_state": "UK"}, {"language": "de"}, {"territorial_scope": ["EU"]}, {"urls": []},
     {"taxonomy_code": "XX"}, {"authority": ""}, {"legal_basis": " "}, {"received_at": "later"}, {"due_at": "before"}],
    ids=lambda wrong: next(iter(wrong)) + str(next(iter(wrong.values()))),
)  # fmt: skip
async def test_what_the_report_could_not_say_is_refused(place: Place, wrong: dict[str, Any]) -> None:
    moments = {"later": now() + HOUR, "before": now() - timedelta(days=9)}
    said = {name: moments.get(value, value) if isinstance(value, str) else value for name, value in wrong.items()}
    with pytest.raises(Invalid):
        await recorded(place, **said)


async def test_orders_are_for_whoever_works_the_queue_of_the_client(place: Place, acme: Cast, globex: Cast) -> None:
    async with agency_scope(acme.stakeholder):
        with pytest.raises(NotAllowed):
            await record_order(acme.stakeholder, acme.communities["forum"], ordered())
    for foreign in (place.community, globex.communities["forum"]):
        async with agency_scope(acme.moderator):
            with pytest.raises(NotFound):
                await record_order(acme.moderator, foreign, ordered())


async def disputed(place: Place, **said: Any) -> Dispute:
    await place.report(await place.post(), await place.member())
    decision = await place.decide("violation")
    usual = {"body": "User Rights", "country": "IE", "claimant": "author", "received_at": decision.decided_at}
    async with agency_scope(place.lead):
        dispute_id = await record_dispute(place.lead, decision.id, **{**usual, **said})
        return await Dispute.get(id=dispute_id)


async def settled(place: Place, dispute: Dispute, version: int, **said: Any) -> Dispute:
    async with agency_scope(place.lead):
        await settle_dispute(place.lead, dispute.id, Settled(**said), expected_version=version)
        return await Dispute.get(id=dispute.id)


async def test_a_body_has_ninety_days_or_twice_as_many_and_what_it_finds_is_put_into_effect_or_not(
    place: Place,
) -> None:
    dispute, complex_one = await disputed(place), await disputed(place, is_highly_complex=True)
    assert dispute.due_at - dispute.received_at == timedelta(days=90)
    assert complex_one.due_at - complex_one.received_at == timedelta(days=180)
    with pytest.raises(Invalid):
        await settled(place, dispute, 1, implemented_at=now())
    with pytest.raises(Invalid):
        await settled(place, dispute, 1, outcome="reversed")
    dispute = await settled(place, dispute, 1, outcome="reversed", closed_at=now(), fees_cents=9_500)
    dispute = await settled(place, dispute, 2, implemented_at=now())
    assert (dispute.outcome, dispute.implemented_at is not None, dispute.fees_cents) == ("reversed", True, 9_500)
    with pytest.raises(Conflict):
        await settled(place, dispute, 3, outcome="upheld", closed_at=now())
    complex_one = await settled(place, complex_one, 1, outcome="upheld", closed_at=now())
    with pytest.raises(Invalid):
        await settled(place, complex_one, 2, implemented_at=now())
