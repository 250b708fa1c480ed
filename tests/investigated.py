"""Rows of everything that belongs to an investigation: one of each kind, of one client."""

from cast import Cast

from backend.integrity import (
    ClientReference,
    InvestigationEntry,
    InvestigationSubject,
    InvestigationTie,
    Subject,
    TieEvidence,
    add_subjects,
    conclude,
    open_investigation,
)
from backend.moderation import Case
from tenants.scope import agency_scope


async def investigated(cast: Cast, case: Case) -> dict[str, str]:
    """Their published ids, by kind: an open one with a member and their post, and one whose result the client reads."""
    client = case.workspace_id
    async with agency_scope(cast.system):
        reference, _ = await ClientReference.get_or_create(
            workspace_id=client, kind="booking", value="b-1", member_id=case.member_id
        )
        ids = []
        for _ in range(2):
            opened = await open_investigation(cast.system, client, title="Raid", question="Who is behind it?")
            subjects = [
                Subject("member", case.member_id),
                Subject("post", case.post_id),
                Subject("case", case.id),
                Subject("booking", value="B-1"),
            ]
            await add_subjects(cast.system, opened, subjects)
            ids.append(opened)
        await conclude(cast.system, ids[1], outcome="confirmed", finding="x", client_summary="We stopped a raid.")
        subject = await InvestigationSubject.get(investigation_id=ids[0], kind="member")
        tie = await InvestigationTie.get(investigation_id=ids[0], kind="uses")
        evidence = await TieEvidence.get(tie_id=tie.id)
        entry = await InvestigationEntry.filter(investigation_id=ids[0]).first()
    return {
        "investigation": f"investigation_{ids[0]}",
        "result": f"result_{ids[1]}",
        "subject": f"subject_{subject.id}",
        "tie": f"tie_{tie.id}",
        "tieevidence": f"tieevidence_{evidence.id}",
        "investigationentry": f"investigationentry_{entry.id}",
        "reference": f"reference_{reference.id}",
    }
