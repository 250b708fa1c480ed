"""What an authority is told of a threat to life or safety: article 18 of Regulation (EU) 2022/2065, as JSON and to be read."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any, Final

import orjson

from backend.kit.errors import Invalid
from backend.kit.texts import clean
from backend.statements import EEA

TAKING_PLACE: Final = ("past", "now", "likely")
_OPTIONAL: Final = ("person_notified", "identity_of_persons", "location_clues", "weapons_or_means", "withheld_because")
_NEEDED: Final = ("suspected_offence", "threat_summary", "member_states_because", "authority", "channel")


@dataclass(frozen=True, slots=True)
class Notification:
    """`member_states`: two capitals each. `withheld`: what could have been said and was not, `withheld_because` why."""

    suspected_offence: str
    taking_place: str
    threat_summary: str
    member_states: Sequence[str]
    member_states_because: str
    authority: str
    channel: str
    person_notified: str = ""
    information_provided: Sequence[str] = ()
    withheld: Sequence[str] = ()
    withheld_because: str = ""
    europol_copied: bool = False
    identity_of_persons: str = ""
    last_seen_at: datetime | None = None
    location_clues: str = ""
    weapons_or_means: str = ""
    minors_involved: bool | None = None
    reporter_contact_consent: bool = False


def checked_notification(said: Notification) -> dict[str, Any]:
    """As it is stored. Raises Invalid."""
    if said.taking_place not in TAKING_PLACE:
        raise Invalid("This is past, now or likely.", path=("input", "takingPlace"))
    if not said.member_states or not set(said.member_states) <= set(EEA):
        raise Invalid("Name the countries it concerns, written as AT, GR, SE.", path=("input", "memberStates"))
    if said.withheld and not said.withheld_because.strip():
        raise Invalid("Say why something is withheld.", path=("input", "withheldBecause"))
    content = asdict(said)
    for name in (*_NEEDED, *_OPTIONAL):
        content[name] = clean(content[name], field=_camel(name), longest=5_000, may_be_empty=name in _OPTIONAL)
    for name in ("information_provided", "withheld"):
        content[name] = [clean(each, field=_camel(name), longest=5_000) for each in content[name]]
    content["member_states"] = sorted(set(said.member_states))
    made: dict[str, Any] = orjson.loads(orjson.dumps(content))
    return made


def notification_documents(
    content: dict[str, Any], *, approver: str | None, preserved_until: datetime, is_drill: bool
) -> dict[str, tuple[str, str]]:
    """By name: its media type and its text. What is only known once it was sent stands in the record of it."""
    told = {
        **({"drill": "Drill: nothing is to be done."} if is_drill else {}),
        **{_camel(field.name): content[field.name] for field in fields(Notification)},
        "preservedUntil": preserved_until.isoformat(),
        "approver": approver,
    }
    told["takingPlace"] = content["taking_place"].upper()
    return {
        "notification.json": ("application/json", orjson.dumps(told, option=orjson.OPT_INDENT_2).decode()),
        "notification.txt": ("text/plain", _readable(told)),
    }


def _readable(told: dict[str, Any]) -> str:
    lines = ["Notification of suspected criminal offences, article 18 of Regulation (EU) 2022/2065", ""]
    for name, value in told.items():
        label = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name).capitalize()
        if isinstance(value, list):
            shown = "; ".join(value) or "none"
        elif isinstance(value, bool):
            shown = "yes" if value else "no"
        else:
            shown = "unknown" if value in (None, "") else str(value)
        lines.append(f"{label}: {shown}")
    return "\n".join(lines) + "\n"


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
