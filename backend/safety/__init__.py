"""A person in danger reaches a responsible, trained human: escalations, who is on call, and who may see what."""

from backend.safety.acknowledging import acknowledge_escalation, note_on_escalation
from backend.safety.after_models import (
    EscalationReview,
    FollowUp,
    OptOut,
    Protocol,
    ResponderExposure,
    SafetySettings,
)
from backend.safety.breaking_glass import break_glass
from backend.safety.covering import Gap, OnCall, coverage_gaps, watch_coverage, who_is_on_call
from backend.safety.drafting import approve_filing, draft_filing, record_filed
from backend.safety.drilling import SCENE, drill_if_due, start_drill, start_drills
from backend.safety.ending_turns import Held, hand_over_list
from backend.safety.exposing import Load, responder_loads
from backend.safety.handing_over import accept_escalation, offer_escalation
from backend.safety.knowing_holidays import Calendar, regions_of
from backend.safety.listing_help import Help, set_crisis_resource
from backend.safety.looking_back import Happening, Record, Task, escalation_record
from backend.safety.measuring import Attainment, safety_numbers
from backend.safety.models import (
    CrisisResource,
    Escalation,
    EscalationBrief,
    EscalationPolicy,
    EscalationReader,
    EscalationStep,
    Restriction,
    SafetyContact,
    SafetyFiling,
    Takedown,
)
from backend.safety.opting_out import Untaken, my_opt_outs, set_opt_outs, untaken_dangers
from backend.safety.paging_outside import give_up_page, page_outside
from backend.safety.raising import KINDS, Danger, Subject, raise_escalation
from backend.safety.regrading import regrade_escalation
from backend.safety.resolving import OUTCOMES, resolve_escalation
from backend.safety.reviewing import finish_follow_up, set_follow_up, write_review
from backend.safety.rota_models import HolidayCalendar, Rota, RotaLayer, RotaOverride
from backend.safety.setting_calendars import holidays_in, set_holiday_calendar
from backend.safety.setting_contacts import set_safety_contacts
from backend.safety.setting_policies import Level, Target, WantedPolicy, policies_version, set_escalation_policies
from backend.safety.setting_promises import Caps, set_safety_settings
from backend.safety.setting_rotas import WantedLayer, WantedOverride, set_rota
from backend.safety.silencing import silence_escalation
from backend.safety.stepping import WORDS, page_escalation, sweep_escalations, take_step
from backend.safety.taking_down import (
    ASKED_FOR,
    Requested,
    answer_takedown,
    complete_takedown,
    give_up_answer,
    receive_takedown,
    settle_takedown,
)
from backend.safety.telling import record_contact
from backend.safety.ticking import tick_item
from backend.safety.watching_deadlines import tell_of_deadlines, watch_deadlines
from backend.safety.writing_cybertips import Account, CyberTip, IpCapture, Named, TipFile
from backend.safety.writing_notifications import Notification
from backend.safety.writing_protocols import BUILT_IN, Item, ProtocolVersion, protocol_versions, write_protocol

__all__ = [
    "ASKED_FOR",
    "BUILT_IN",
    "KINDS",
    "OUTCOMES",
    "SCENE",
    "WORDS",
    "Account",
    "Attainment",
    "Calendar",
    "Caps",
    "CrisisResource",
    "CyberTip",
    "Danger",
    "Escalation",
    "EscalationBrief",
    "EscalationPolicy",
    "EscalationReader",
    "EscalationReview",
    "EscalationStep",
    "FollowUp",
    "Gap",
    "Happening",
    "Held",
    "Help",
    "HolidayCalendar",
    "IpCapture",
    "Item",
    "Level",
    "Load",
    "Named",
    "Notification",
    "OnCall",
    "OptOut",
    "Protocol",
    "ProtocolVersion",
    "Record",
    "Requested",
    "ResponderExposure",
    "Restriction",
    "Rota",
    "RotaLayer",
    "RotaOverride",
    "SafetyContact",
    "SafetyFiling",
    "SafetySettings",
    "Subject",
    "Takedown",
    "Target",
    "Task",
    "TipFile",
    "Untaken",
    "WantedLayer",
    "WantedOverride",
    "WantedPolicy",
    "accept_escalation",
    "acknowledge_escalation",
    "answer_takedown",
    "approve_filing",
    "break_glass",
    "complete_takedown",
    "coverage_gaps",
    "draft_filing",
    "drill_if_due",
    "escalation_record",
    "finish_follow_up",
    "give_up_answer",
    "give_up_page",
    "hand_over_list",
    "holidays_in",
    "my_opt_outs",
    "note_on_escalation",
    "offer_escalation",
    "page_escalation",
    "page_outside",
    "policies_version",
    "protocol_versions",
    "raise_escalation",
    "receive_takedown",
    "record_contact",
    "record_filed",
    "regions_of",
    "regrade_escalation",
    "resolve_escalation",
    "responder_loads",
    "safety_numbers",
    "set_crisis_resource",
    "set_escalation_policies",
    "set_follow_up",
    "set_holiday_calendar",
    "set_opt_outs",
    "set_rota",
    "set_safety_contacts",
    "set_safety_settings",
    "settle_takedown",
    "silence_escalation",
    "start_drill",
    "start_drills",
    "sweep_escalations",
    "take_step",
    "tell_of_deadlines",
    "tick_item",
    "untaken_dangers",
    "watch_coverage",
    "watch_deadlines",
    "who_is_on_call",
    "write_protocol",
    "write_review",
]
