from backend import journal
from backend.kit.clock import now
from backend.kit.ids import new_id
from backend.verification.models import VerificationEvidence, VerificationTask, VerificationUse
from tenants.scope import current


async def take_for(task: VerificationTask, evidence: VerificationEvidence, fingerprint: str) -> bool:
    """Whether what was shown is theirs: nobody else has shown it. Otherwise the evidence is refused and names whose it was
    first, for whoever investigates. Of two who show it at once, the second waits until the first is done."""
    scope = current()
    evidence.fingerprint = fingerprint
    await scope.execute(
        """insert into verification_uses (agency_id, workspace_id, id, fingerprint, member_id, evidence_id)
           values ($1, $2, $3, $4, $5, $6) on conflict (agency_id, workspace_id, fingerprint) do nothing""",
        scope.actor.agency_id,
        task.workspace_id,
        new_id(),
        fingerprint,
        task.member_id,
        evidence.id,
    )
    first = await VerificationUse.get(workspace_id=task.workspace_id, fingerprint=fingerprint)
    if first.member_id == task.member_id or await _is_one_person(task, first):
        return True
    evidence.state, evidence.problem, evidence.decided_at = "refused", "used_before", now()
    evidence.first_use_id = first.evidence_id
    await journal.record(
        "verification.used_before",
        subject_kind="verification",
        subject_id=task.id,
        workspace_id=task.workspace_id,
        kind=evidence.kind,
    )
    return False


async def _is_one_person(task: VerificationTask, first: VerificationUse) -> bool:
    """In two communities of the client."""
    found: bool = await current().fetchval(
        """select count(distinct identity_key) = 1 and count(identity_key) = 2 from members
            where agency_id = $1 and workspace_id = $2 and id in ($3, $4)""",
        current().actor.agency_id,
        task.workspace_id,
        task.member_id,
        first.member_id,
    )
    return found
