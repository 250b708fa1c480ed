"""Article 23: what is manifestly unfounded is marked, who does it often is warned, then suspended, with the proof."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from reporting.conftest import Place

from backend.communities import MemberWarning
from backend.kit.clock import now
from backend.kit.errors import Conflict, Invalid, NotAllowed
from backend.moderation import Appeal, Report, file_appeal
from backend.policies import Detail, create_policy
from backend.reporting import (
    MisuseMeasure,
    lift_suspension,
    mark_unfounded,
    reject_notice,
    suspend_reporter,
    warn_reporter,
)
from tenants.scope import agency_scope


async def unfounded(place: Place, member_id: UUID, *, times: int = 3) -> UUID:
    """As many reports that were judged fine and marked; the last mark."""
    for _ in range(times):
        post = await place.post()
        report_id = await place.report(post, member_id)
        await place.decide("no_violation")
        async with agency_scope(place.lead):
            mark = await mark_unfounded(place.lead, report_id=report_id, reason="There is nothing of that in it.")
    return mark


async def warned(place: Place, mark: UUID) -> UUID:
    async with agency_scope(place.lead):
        return await warn_reporter(place.lead, mark, reason="Please look before you report.")


async def suspended(place: Place, mark: UUID, **span: Any) -> UUID:
    async with agency_scope(place.lead):
        until = now() + timedelta(**(span or {"days": 30}))
        return await suspend_reporter(place.lead, mark, reason="You went on.", until=until)


async def measure_of(place: Place, id: UUID) -> MisuseMeasure:
    async with agency_scope(place.system):
        return await MisuseMeasure.get(id=id)


async def test_a_warning_comes_first_then_a_suspension_that_says_what_was_counted_and_ends_by_itself(
    place: Place,
) -> None:
    member_id = await place.member(since=now() - timedelta(days=400))
    mark = await unfounded(place, member_id)
    with pytest.raises(Conflict, match="warned first"):
        await suspended(place, mark)
    warning = await measure_of(place, await warned(place, mark))
    assert (warning.filed_count, warning.unfounded_count, len(warning.proof)) == (3, 3, 3)
    assert warning.told_at is not None
    with pytest.raises(Conflict, match="Too few"):  # nothing came since
        await suspended(place, mark)
    mark = await unfounded(place, member_id)
    suspension = await measure_of(place, await suspended(place, mark))
    assert (suspension.warning_id, suspension.because, suspension.until is not None) == (
        warning.id, "unfounded_notices", True,
    )  # fmt: skip
    assert (suspension.filed_count, suspension.unfounded_count, suspension.counted_since) == (3, 3, warning.starts_at)
    assert set(suspension.proof).isdisjoint(warning.proof)
    await place.cast.run_jobs("carry_out_actions")
    async with agency_scope(place.system):
        told = [each.text for each in await MemberWarning.filter(member_id=member_id) if "Article 23" in each.text]
    assert sorted(("This is a warning" in text, "3 of them were manifestly unfounded" in text) for text in told) == [
        (False, True), (True, True),
    ]  # fmt: skip
    with pytest.raises(Conflict, match="suspended already"):
        await suspended(place, mark)
    # Taken, kept and counted, and in no queue.
    post, cases = await place.post(), len(await place.cases())
    report_id = await place.report(post, member_id)
    assert await place.report(post, member_id) == report_id
    async with agency_scope(place.system) as scope:
        kept = await Report.get(id=report_id)
        assert (kept.case_id, kept.set_aside, len(await place.cases())) == (None, "suspended", cases)
        await scope.execute("update misuse_measures set until = now(), starts_at = now() - interval '1 day' where id = $1",
                            suspension.id)  # fmt: skip
    await place.report(post, member_id)
    assert len(await place.cases()) == cases + 1


async def test_who_is_mostly_right_is_not_warned(place: Place) -> None:
    member_id = await place.member(since=now() - timedelta(days=400))
    for _ in range(4):
        await place.report(await place.post(), member_id)
        await place.decide("violation")
    with pytest.raises(Conflict, match="3 of 7"):
        await warned(place, await unfounded(place, member_id))


async def test_only_what_changed_nothing_can_be_unfounded_and_once(place: Place) -> None:
    member_id = await place.member()
    report_id = await place.report(await place.post(), member_id)
    async with agency_scope(place.lead):
        with pytest.raises(Conflict):
            await mark_unfounded(place.lead, report_id=report_id, reason="x")
        with pytest.raises(Invalid):
            await mark_unfounded(place.lead, reason="x")
    await place.decide("no_violation")
    async with agency_scope(place.lead):
        await mark_unfounded(place.lead, report_id=report_id, reason="x")
    async with agency_scope(place.lead):
        with pytest.raises(Conflict, match="already"):
            await mark_unfounded(place.lead, report_id=report_id, reason="x")


async def test_leads_alone_warn_and_suspend_and_not_for_ever(place: Place) -> None:
    mark = await unfounded(place, await place.member(since=now() - timedelta(days=400)))
    async with agency_scope(place.second):
        with pytest.raises(NotAllowed):
            await warn_reporter(place.second, mark, reason="x")
    await warned(place, mark)
    with pytest.raises(Invalid):
        await suspended(place, mark, days=200)


async def test_who_has_no_account_is_warned_by_mail_and_suspended_once_they_were(
    place: Place, api: httpx.AsyncClient, somebody: str
) -> None:
    async def mark_three() -> UUID:
        for _ in range(3):
            notice, _link = await place.heard(api, email=somebody)
            async with agency_scope(place.lead):
                await reject_notice(place.lead, notice.id, reason="Nothing of ours.")
                mark = await mark_unfounded(place.lead, notice_id=notice.id, reason="x")
        return mark

    warning = await warned(place, await mark_three())
    mark = await mark_three()
    with pytest.raises(Conflict, match="to be told"):
        await suspended(place, mark)
    assert "Too many of your reports had no ground" in await place.mailed(somebody)
    assert (await measure_of(place, warning)).told_at is not None
    measure = await suspended(place, mark)
    assert (await place.mailed(somebody))[-1] == "Your reports are not looked at for a while"
    post = await place.post()
    notice, link = await place.heard(api, email=somebody, location=f"post_{post.id}")
    assert (notice.state, await place.cases()) == ("attached", [])
    assert (await api.get(link)).status_code == 200
    async with agency_scope(place.lead):
        await lift_suspension(place.lead, measure)
        with pytest.raises(Conflict):
            await lift_suspension(place.lead, measure)
    await place.heard(api, email=somebody, location=f"post_{post.id}")
    assert len(await place.cases()) == 1


async def test_nobody_is_warned_whom_nobody_can_tell(place: Place, api: httpx.AsyncClient) -> None:
    notice, _ = await place.heard(api)
    async with agency_scope(place.lead):
        await reject_notice(place.lead, notice.id, reason="x")
        mark = await mark_unfounded(place.lead, notice_id=notice.id, reason="x")
    with pytest.raises(Conflict, match="Too few"):  # whoever leaves no address is never the same twice
        await warned(place, mark)


async def test_appeals_that_are_unfounded_are_counted_for_themselves(place: Place, api: httpx.AsyncClient) -> None:
    member_id = await place.member(since=now() - timedelta(days=400))

    async def appeal() -> UUID:
        post = await place.post()
        await place.report(post, member_id)
        decision = await place.decide("no_violation")
        async with agency_scope(place.lead):
            return await file_appeal(place.lead, decision.id, member_id=member_id, text="x")

    async def mark_three() -> UUID:
        for _ in range(3):
            appeal_id = await appeal()
            await place.answer_appeal("upheld")
            async with agency_scope(place.lead):
                mark = await mark_unfounded(place.lead, appeal_id=appeal_id, reason="x")
        return mark

    await warned(place, await mark_three())
    await suspended(place, await mark_three())
    with pytest.raises(Conflict, match="for a while none are taken"):
        await appeal()
    async with agency_scope(place.system):
        assert await Appeal.filter(member_id=member_id).count() == 6
    await place.report(await place.post(), member_id)  # reports are another thing
    assert [case.state for case in await place.cases() if case.state != "closed"] == ["queued"]


async def test_a_suspension_for_illegal_content_is_kept_for_the_report_and_ends_with_its_decision(place: Place) -> None:
    from reporting.test_hearing_notices import settle

    from backend.moderation import undo_decision

    async with agency_scope(place.cast.owner):
        await create_policy(
            place.cast.owner, place.client, slug="law", title="x", text="x", severity="high", tier="high",
            detail=Detail(taxonomy_code="HA-HATE", ground="illegal", legal_reference="§ 130 StGB"),
        )  # fmt: skip
    post = await place.post()
    await place.report(post, await place.member())
    decision = await place.decide("violation", policy="law", actions=("suspend_member",), days=30)
    await place.cast.run_jobs("follow_decision", of=[place.client])
    async with agency_scope(place.system):
        [measure] = await MisuseMeasure.filter(workspace_id=place.client)
    assert (measure.kind, measure.because, measure.member_id) == ("suspension", "illegal_content", post.member_id)
    assert (measure.filed_count, measure.unfounded_count, measure.proof) == (1, 1, [str(decision.id)])
    assert measure.until is not None
    async with agency_scope(place.lead):
        await undo_decision(place.lead, decision.id, reason="x")
    await settle(place)
    assert (await measure_of(place, measure.id)).lifted_at is not None
