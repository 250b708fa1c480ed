"""Queues, reports, claims and decisions: from a complaint to an outcome that holds."""

from backend.moderation.appealing import appealable_until, file_appeal
from backend.moderation.approving import approve_decision, deny_decision
from backend.moderation.asking import ask_member, record_answer, resume, resume_case
from backend.moderation.checking_quality import set_quality_plan
from backend.moderation.claiming import claim_next
from backend.moderation.corresponding import (
    Correspondence,
    answer_behind,
    appeal_behind,
    correspondence_behind,
)
from backend.moderation.crediting import WEIGHED, clusters_of, record_of
from backend.moderation.deciding import CaseAlreadyClosed, Judged, decide
from backend.moderation.deciding_appeals import decide_appeal
from backend.moderation.deciding_many import Previewed, decide_many
from backend.moderation.decision_models import (
    Appeal,
    Decision,
    DecisionEvent,
    GoldenAnswer,
    GoldenItem,
    Review,
    StrikeEntry,
)
from backend.moderation.handing_over import hand_over
from backend.moderation.leasing import Claim, ClaimLost, extend, release, return_ended_claims, skip
from backend.moderation.measuring import Durations, Numbers, Share, numbers_of
from backend.moderation.measuring_exposure import CLAIMED_SECONDS
from backend.moderation.mixing_in import make_golden, retire_golden
from backend.moderation.models import Case, CaseMove, CaseQuestion, CaseTally, ClaimRecord, Report
from backend.moderation.opening import open_workspace
from backend.moderation.queue_models import (
    ConflictOfInterest,
    DayOff,
    Macro,
    QualityPlan,
    Queue,
    Reviewer,
    RoutingRule,
    ServiceLevel,
    StrikeThreshold,
    WorkingHours,
)
from backend.moderation.raising import About, raise_danger
from backend.moderation.reopening import reopen_case, undo_decision
from backend.moderation.reporting import file_report, report_post
from backend.moderation.routing import Route, move_case, set_routing
from backend.moderation.setting_clocks import Promise, Span, set_service_levels, set_working_hours
from backend.moderation.setting_queues import archive_queue, create_queue, revise_queue
from backend.moderation.setting_reviewers import declare_conflict, end_conflict, set_own_limits, set_skills
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
from backend.moderation.thresholds import AT_RISK_SHARE, LONGEST_LETTER
from backend.moderation.timing import clock_of
from backend.moderation.trusting import Reporter, is_suspended
from backend.moderation.weighing import FLAG_EFFECTS, FLAG_SENSITIVITIES, Weight, flag_threshold, weigh_reports
from backend.moderation.writing_macros import delete_macro, macro_text, write_macro

__all__ = [
    "AT_RISK_SHARE",
    "CLAIMED_SECONDS",
    "FLAG_EFFECTS",
    "FLAG_SENSITIVITIES",
    "LONGEST_LETTER",
    "WEIGHED",
    "About",
    "Appeal",
    "Case",
    "CaseAlreadyClosed",
    "CaseMove",
    "CaseQuestion",
    "CaseTally",
    "Claim",
    "ClaimLost",
    "ClaimRecord",
    "ConflictOfInterest",
    "Correspondence",
    "DayOff",
    "Decision",
    "DecisionEvent",
    "Durations",
    "GoldenAnswer",
    "GoldenItem",
    "Judged",
    "Macro",
    "Numbers",
    "Previewed",
    "Promise",
    "QualityPlan",
    "Queue",
    "Report",
    "Reporter",
    "Review",
    "Reviewer",
    "Route",
    "RoutingRule",
    "ServiceLevel",
    "Share",
    "Span",
    "Standing",
    "StrikeEntry",
    "StrikeThreshold",
    "Strikes",
    "Threshold",
    "Weight",
    "WorkingHours",
    "add_strikes",
    "answer_behind",
    "appeal_behind",
    "appealable_until",
    "approve_decision",
    "archive_queue",
    "ask_member",
    "claim_next",
    "clock_of",
    "clusters_of",
    "correspondence_behind",
    "count_cases_again",
    "create_queue",
    "decide",
    "decide_appeal",
    "decide_many",
    "declare_conflict",
    "delete_macro",
    "deny_decision",
    "end_conflict",
    "extend",
    "file_appeal",
    "file_report",
    "flag_threshold",
    "hand_over",
    "is_suspended",
    "macro_text",
    "make_golden",
    "move_case",
    "numbers_of",
    "open_workspace",
    "raise_danger",
    "record_answer",
    "record_of",
    "release",
    "reopen_case",
    "report_post",
    "resume",
    "resume_case",
    "retire_golden",
    "return_ended_claims",
    "revise_queue",
    "set_own_limits",
    "set_quality_plan",
    "set_routing",
    "set_service_levels",
    "set_skills",
    "set_strike_thresholds",
    "set_working_hours",
    "skip",
    "strikes_expected",
    "strikes_for",
    "strikes_of",
    "take_back_strikes",
    "undo_decision",
    "weigh_reports",
    "write_macro",
]
