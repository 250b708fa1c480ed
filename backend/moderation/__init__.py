"""Queues, reports, claims and decisions: from a complaint to an outcome that holds."""

from backend.moderation.carrying_out import carry_out_actions
from backend.moderation.claiming import Claim, ClaimLost, claim_next, extend, release, return_ended_claims, skip
from backend.moderation.deciding import CaseAlreadyClosed, decide
from backend.moderation.handing_over import hand_over
from backend.moderation.models import (
    Action,
    Case,
    CaseTally,
    ClaimRecord,
    Decision,
    Queue,
    Report,
)
from backend.moderation.opening import open_workspace
from backend.moderation.reporting import Reporter, file_report, report_post
from backend.moderation.tallying import count_cases_again

__all__ = [
    "Action",
    "Case",
    "CaseAlreadyClosed",
    "CaseTally",
    "Claim",
    "ClaimLost",
    "ClaimRecord",
    "Decision",
    "Queue",
    "Report",
    "Reporter",
    "carry_out_actions",
    "claim_next",
    "count_cases_again",
    "decide",
    "extend",
    "file_report",
    "hand_over",
    "open_workspace",
    "release",
    "report_post",
    "return_ended_claims",
    "skip",
]
