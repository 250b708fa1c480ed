"""Queues, reports and rules, claims and decisions: from a complaint to an outcome that holds."""

from backend.moderation.claiming import Claim, ClaimLost, claim_next, extend, release, return_ended_claims, skip
from backend.moderation.deciding import CaseAlreadyClosed, decide
from backend.moderation.handing_over import hand_over
from backend.moderation.models import (
    Case,
    CaseTally,
    ClaimRecord,
    Decision,
    Queue,
    Report,
    Rule,
)
from backend.moderation.opening import open_workspace
from backend.moderation.reporting import report_post
from backend.moderation.ruling import apply_rules, create_rule
from backend.moderation.tallying import count_cases_again

__all__ = [
    "Case",
    "CaseAlreadyClosed",
    "CaseTally",
    "Claim",
    "ClaimLost",
    "ClaimRecord",
    "Decision",
    "Queue",
    "Report",
    "Rule",
    "apply_rules",
    "claim_next",
    "count_cases_again",
    "create_rule",
    "decide",
    "extend",
    "hand_over",
    "open_workspace",
    "release",
    "report_post",
    "return_ended_claims",
    "skip",
]
