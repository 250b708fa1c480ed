"""Rows of everything that belongs to reporting: one of each kind, of one client."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from cast import Cast

from backend.kit.clock import now
from backend.kit.ids import new_id
from backend.moderation import Case, Report
from backend.reporting import (
    Dispute,
    LegalOrder,
    MisuseMeasure,
    PublicNotice,
    ReportPage,
    TrustedFlagger,
    TrustedFlaggerState,
    UnfoundedMark,
)
from tenants.scope import agency_scope


def a_notice(client: UUID, community: UUID, **columns: Any) -> dict[str, Any]:
    return {
        "workspace_id": client,
        "community_id": community,
        "channel": "form",
        "kind": "illegal",
        "location": "x",
        "items": ["https://forum.example/x"],
        "reason": "x",
        "category": "NOT_SPECIFIED_NOTICE",
        "language": "en",
        "is_in_good_faith": True,
        "reporter_key": f"form:{new_id().hex}",
        "name": "Nadia",
        "email": "nadia@example.com",
        **columns,
    }


async def reported(cast: Cast, case: Case, community: UUID, decision: UUID) -> dict[str, str]:
    """Their published ids, by kind. The mark is of the client's latest report, and suspends whoever made it."""
    client, colleague = case.workspace_id, cast.colleague.membership_id
    async with agency_scope(cast.system):
        page = await ReportPage.get_or_none(community_id=community, trusted_flagger_id=None, closed_at=None)
        if page is None:
            page = await ReportPage.create(
                workspace_id=client, community_id=community, url="https://tend.example/report-to/x",
                origins=["https://forum.example"], opened_by_id=colleague,
            )  # fmt: skip
        flagger = await TrustedFlagger.create(
            workspace_id=client, entity="Watch", coordinator="BNetzA", country="DE", areas=["HA"], since_at=now()
        )
        await TrustedFlaggerState.create(
            workspace_id=client, trusted_flagger_id=flagger.id, state="active", membership_id=colleague
        )
        notice = await PublicNotice.create(**a_notice(client, community, page_id=page.id))
        report = await Report.filter(workspace_id=client).order_by("-created_at").first()
        assert report is not None
        mark = await UnfoundedMark.get_or_none(report_id=report.id) or await UnfoundedMark.create(
            workspace_id=client, kind="notice", reporter_key=report.reporter_key, report_id=report.id, reason="x"
        )
        counted = {
            "workspace_id": client,
            "because": "unfounded_notices",
            "reporter_key": f"form:{new_id().hex}",
            "filed_count": 3,
            "unfounded_count": 3,
            "counted_since": now() - timedelta(days=1),
            "proof": [str(mark.id)],
            "reason": "x",
            "imposed_by_id": colleague,
        }
        warning = await MisuseMeasure.create(kind="warning", **counted)
        measure = await MisuseMeasure.create(
            kind="suspension", warning_id=warning.id, until=now() + timedelta(days=30), **counted
        )
        order = await LegalOrder.create(
            workspace_id=client, kind="act", community_id=community, post_id=case.post_id, case_id=case.id,
            authority="x", member_state="DE", legal_basis="x", category="NOT_SPECIFIED_ORDER",
            urls=["https://forum.example/x"], language="DE", received_at=now(), entered_by_id=colleague,
        )  # fmt: skip
        dispute = await Dispute.create(
            workspace_id=client, decision_id=decision, body="x", country="DE", claimant="author", received_at=now(),
            due_at=now() + timedelta(days=90), entered_by_id=colleague,
        )  # fmt: skip
    return {
        "reportpage": f"reportpage_{page.id}",
        "trustedflagger": f"trustedflagger_{flagger.id}",
        "publicnotice": f"publicnotice_{notice.id}",
        "unfoundedmark": f"unfoundedmark_{mark.id}",
        "misusemeasure": f"misusemeasure_{measure.id}",
        "legalorder": f"legalorder_{order.id}",
        "dispute": f"dispute_{dispute.id}",
    }
