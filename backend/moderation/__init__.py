"""Queues, reports and rules, claims and decisions: from a complaint to an outcome that holds."""

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
    Macro,
    Queue,
    Report,
    Rule,
    StrikeEntry,
    StrikeThreshold,
)
from backend.moderation.opening import open_workspace
from backend.moderation.reporting import report_post
from backend.moderation.ruling import apply_rules, create_rule
from backend.moderation.striking import (
    Standing,
    Strikes,
    Threshold,
    add_strikes,
    set_strike_thresholds,
    strikes_expected,
    strikes_for,
    strikes_of,
    take_back_strikes,
)
from backend.moderation.tallying import count_cases_again
from backend.moderation.writing_macros import delete_macro, macro_text, write_macro

__all__ = [
    "Action",
    "Case",
    "CaseAlreadyClosed",
    "CaseTally",
    "Claim",
    "ClaimLost",
    "ClaimRecord",
    "Decision",
    "Macro",
    "Queue",
    "Report",
    "Rule",
    "Standing",
    "StrikeEntry",
    "StrikeThreshold",
    "Strikes",
    "Threshold",
    "add_strikes",
    "apply_rules",
    "carry_out_actions",
    "claim_next",
    "count_cases_again",
    "create_rule",
    "decide",
    "delete_macro",
    "extend",
    "hand_over",
    "macro_text",
    "open_workspace",
    "release",
    "report_post",
    "return_ended_claims",
    "set_strike_thresholds",
    "skip",
    "strikes_expected",
    "strikes_for",
    "strikes_of",
    "take_back_strikes",
    "write_macro",
]
