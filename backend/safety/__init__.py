"""A person in danger reaches a responsible, trained human: escalations, who is on call, and who may see what."""

from backend.safety.acknowledging import acknowledge_escalation, note_on_escalation
from backend.safety.breaking_glass import break_glass
from backend.safety.covering import Gap, OnCall, coverage_gaps, watch_coverage, who_is_on_call
from backend.safety.handing_over import accept_escalation, offer_escalation
from backend.safety.measuring import PROMISED_SECONDS, Attainment, safety_numbers
from backend.safety.models import (
    Escalation,
    EscalationBrief,
    EscalationPolicy,
    EscalationReader,
    EscalationStep,
    Restriction,
    Rota,
    RotaLayer,
    RotaOverride,
    SafetyContact,
)
from backend.safety.paging_outside import give_up_page, page_outside
from backend.safety.raising import KINDS, Danger, Subject, raise_escalation
from backend.safety.regrading import regrade_escalation
from backend.safety.resolving import OUTCOMES, resolve_escalation
from backend.safety.setting_contacts import set_safety_contacts
from backend.safety.setting_policies import Level, Target, WantedPolicy, policies_version, set_escalation_policies
from backend.safety.setting_rotas import WantedLayer, WantedOverride, set_rota
from backend.safety.silencing import silence_escalation
from backend.safety.stepping import WORDS, page_escalation, sweep_escalations, take_step

__all__ = [
    "KINDS",
    "OUTCOMES",
    "PROMISED_SECONDS",
    "WORDS",
    "Attainment",
    "Danger",
    "Escalation",
    "EscalationBrief",
    "EscalationPolicy",
    "EscalationReader",
    "EscalationStep",
    "Gap",
    "Level",
    "OnCall",
    "Restriction",
    "Rota",
    "RotaLayer",
    "RotaOverride",
    "SafetyContact",
    "Subject",
    "Target",
    "WantedLayer",
    "WantedOverride",
    "WantedPolicy",
    "accept_escalation",
    "acknowledge_escalation",
    "break_glass",
    "coverage_gaps",
    "give_up_page",
    "note_on_escalation",
    "offer_escalation",
    "page_escalation",
    "page_outside",
    "policies_version",
    "raise_escalation",
    "regrade_escalation",
    "resolve_escalation",
    "safety_numbers",
    "set_escalation_policies",
    "set_rota",
    "set_safety_contacts",
    "silence_escalation",
    "sweep_escalations",
    "take_step",
    "watch_coverage",
    "who_is_on_call",
]
