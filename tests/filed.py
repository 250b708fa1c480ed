"""Rows of everything that belongs to filing: one of each kind, of one client."""

from uuid import UUID

from cast import Cast

from backend.filing import (
    AboutProvider,
    AboutService,
    Filing,
    FilingBatch,
    ProviderEntity,
    ReportEntry,
    Service,
    ServiceCommunity,
    TransparencyPart,
    TransparencyReport,
    describe_provider,
    describe_service,
    link_community,
)
from backend.kit.clock import now
from backend.kit.ids import new_id
from backend.moderation import Case, Decision
from backend.outside import stored_files
from backend.policies import PolicyVersion
from backend.statements import Statement
from tenants.scope import agency_scope


async def a_service(cast: Cast, client: UUID, slug: str) -> Service:
    """That owes everything; the same for the same client."""
    actor = cast.system
    async with agency_scope(actor):
        found = await Service.get_or_none(workspace_id=client, name="Known")
        if found is not None:
            return found
        about = AboutProvider("Known", True, "DE", "large", "2020-01-01", coordinator_country="DE")
        provider = await describe_provider(actor, client, about)
        service = await describe_service(actor, provider.id, AboutService("Known", "online_platform", True))
        await link_community(actor, cast.communities[slug], service_id=service.id)
        return service


async def a_batch(service: Service, decision_id: UUID) -> tuple[FilingBatch, Filing]:
    """Ready, of one statement about the decision. Call inside a scope."""
    decision = await Decision.get(id=decision_id)
    case = await Case.get(id=decision.case_id)
    version = await PolicyVersion.filter(workspace_id=service.workspace_id).first()
    assert version is not None
    statement = await Statement.get_or_none(decision_id=decision_id) or await Statement.create(
        workspace_id=service.workspace_id, decision_id=decision_id, case_id=case.id, member_id=case.member_id,
        post_id=case.post_id, policy_version_id=version.id, puid=f"tend-{new_id().hex}", language="en", text="x", facts="x",
        explanation="x", decision_visibility=["DECISION_VISIBILITY_CONTENT_DISABLED"], ground="incompatible", reference="x",
        source="own_initiative", is_detected_automatically=False, territorial_scope=["DE"], taxonomy_code="RU-COMM",
        taxonomy_version="1", category="STATEMENT_CATEGORY_OTHER_VIOLATION_TC", keywords=["KEYWORD_OTHER"],
        other_keyword="x", content_at=now(), appeal_until=now(),
    )  # fmt: skip
    id = new_id()
    path = f"{service.agency_id}/{service.workspace_id}/filings/{id}.json"
    content = b'{"statements":[{"puid":"%s"}]}' % statement.puid.encode()
    await stored_files().put(path, content)
    told = {"workspace_id": service.workspace_id, "service_id": service.id}
    batch = await FilingBatch.create(id=id, **told, statement_count=1, path=path, byte_count=len(content))
    filing = await Filing.create(**told, statement_id=statement.id, batch_id=batch.id, state="ready")
    return batch, filing


async def filed(cast: Cast, client: UUID, slug: str, decision: str) -> dict[str, str]:
    """Their published ids, by kind."""
    service = await a_service(cast, client, slug)
    async with agency_scope(cast.system):
        batch, filing = await a_batch(service, UUID(decision.partition("_")[2]))
        told = {
            "workspace_id": client,
            "service_id": service.id,
            "period_start": "2025-07-01",
            "period_end": "2025-12-31",
        }
        entry = await ReportEntry.create(**told, part=11, line=f"x {new_id()}", field="Value", value="x")
        version = 1 + await TransparencyReport.filter(service_id=service.id).count()
        report = await TransparencyReport.create(**told, version=version, state="done", finished_at=now())
        parts = [
            await TransparencyPart.create(
                workspace_id=client, report_id=report.id, part=number, name="x", row_count=0, content="x\r\n"
            )
            for number in range(2, 12)
        ]
        linked = await ServiceCommunity.get(community_id=cast.communities[slug])
        provider = await ProviderEntity.get(id=service.provider_id)
    return {
        "provider": f"provider_{provider.id}",
        "service": f"service_{service.id}",
        "servicecommunity": f"servicecommunity_{linked.id}",
        "filingbatch": f"filingbatch_{batch.id}",
        "filing": f"filing_{filing.id}",
        "statement": f"statement_{filing.statement_id}",
        "reportentry": f"reportentry_{entry.id}",
        "transparencyreport": f"transparencyreport_{report.id}",
        "transparencypart": f"transparencypart_{parts[0].id}",
    }
