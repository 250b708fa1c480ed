"""Every kind of notice: what it is about, who may know, and how it goes to whoever has not said otherwise."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from tenants.rights import RIGHTS_OF, Right

CHANNELS: Final = ("mail", "chat")
HOW: Final = ("at_once", "hourly", "daily", "never")


@dataclass(frozen=True, slots=True)
class Kind:
    """`needs` is the right without which nobody may know of it, also not what they were told while they held it; None: it
    is for that person alone, whatever they may do. `facts` are what its templates (`templates/<language>/<kind>.txt`) are
    made with; those among `sentences` are made by Tend of its own words and of numbers. Danger is told at once, whatever the hour, and cannot be switched off. `chat` counts for whoever has one."""

    subject_kind: str
    needs: Right | None
    facts: frozenset[str] = frozenset()
    is_danger: bool = False
    mail: str = "at_once"
    chat: str = "at_once"
    sentences: frozenset[str] = frozenset()

    def usual(self, channel: str) -> str:
        return self.mail if channel == "mail" else self.chat


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "report_decided": Kind("case", None, frozenset({"outcome"}), chat="never"),
        "appeal_decided": Kind("appeal", None, frozenset({"verdict"}), chat="never"),
        "action_failed": Kind("action", Right.WORK_QUEUE, frozenset({"action"})),
        "investigation_concluded": Kind("result", Right.READ_WORKSPACE, frozenset({"outcome"})),
        "membership_changed": Kind("staff", None, frozenset({"role"})),
        "export_done": Kind("export", Right.EXPORT, frozenset({"what"})),
        "export_failed": Kind("export", Right.EXPORT, frozenset({"what"})),
        "erasure_done": Kind("member", Right.ERASE),
        "escalation": Kind("escalation", Right.READ_CASES, frozenset({"severity", "danger"}), is_danger=True),
        "escalation_drill": Kind("escalation", Right.READ_CASES, frozenset({"severity", "danger"}), is_danger=True),
        "escalation_offered": Kind("escalation", Right.READ_CASES, frozenset({"severity", "drill"}), is_danger=True),
        "escalation_joined": Kind("escalation", Right.READ_CASES, frozenset({"drill"}), is_danger=True),
        "glass_broken": Kind("escalation", Right.READ_CASES, frozenset({"drill"}), is_danger=True),
        "deadline_missed": Kind("escalation", Right.READ_CASES, frozenset({"drill"}), is_danger=True),
        "review_overdue": Kind("escalation", Right.READ_CASES, frozenset({"drill"})),
        "recovery_proposed": Kind("escalation", None, frozenset({"drill"})),
        "turn_ends": Kind("escalation", Right.READ_CASES, frozenset({"drill"}), is_danger=True),
        "nobody_on_call": Kind("rota", Right.LEAD_QUEUE, is_danger=True),
        "coverage_gap": Kind("rota", Right.LEAD_QUEUE),
        "certificate_ends": Kind("certificate", None),
        "client_report_made": Kind("clientreport", Right.LEAD_QUEUE),
        "client_report_published": Kind(
            "clientreport",
            Right.READ_WORKSPACE,
            frozenset({"corrected", "language", "summary"}),
            sentences=frozenset({"summary"}),
        ),
        "course_assigned": Kind("enrolment", None),
        "rule_alarm": Kind("rule", Right.WRITE_POLICIES),
        "webhook_disabled": Kind("webhookendpoint", Right.MANAGE_MACHINES, frozenset({"because"})),
    }
)


def may_know(kind: str, role: str) -> str:
    """SQL, of SQL: whether somebody of this role may know of a notice of this kind."""
    cases = [
        f"when '{name}' then {role} = any('{{{','.join(each for each in RIGHTS_OF if about.needs in RIGHTS_OF[each])}}}')"
        for name, about in KINDS.items()
        if about.needs is not None
    ]
    return f"case {kind} {' '.join(cases)} else true end"
