"""What a decision did is taken back: its actions reversed, its strikes answered by negative ones."""

from backend.acting import reverse_actions
from backend.moderation.decision_models import Decision
from backend.moderation.models import Case
from backend.moderation.striking import take_back_strikes


async def take_back(case: Case, decision: Decision) -> None:
    """Call in the transaction that ends the decision. What cannot be taken back, as a warning that was read, stays."""
    await reverse_actions(case.workspace_id, decision.id)
    await take_back_strikes(decision.id, workspace_id=case.workspace_id)
