"""Every kind of notice: what it is about, how grave it is, and how it goes to whoever has not said otherwise."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

CHANNELS: Final = ("mail", "chat")
HOW: Final = ("at_once", "hourly", "daily", "never")


@dataclass(frozen=True, slots=True)
class Kind:
    """`facts` are what its templates (`templates/<language>/<kind>.txt`) are made with. Danger is told at once, whatever
    the hour, and cannot be switched off. `chat` counts for whoever has one."""

    subject_kind: str
    facts: frozenset[str] = frozenset()
    is_danger: bool = False
    mail: str = "at_once"
    chat: str = "at_once"

    def usual(self, channel: str) -> str:
        return self.mail if channel == "mail" else self.chat


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "report_decided": Kind("case", frozenset({"outcome"}), chat="never"),
        "membership_changed": Kind("staff", frozenset({"role"})),
        "export_done": Kind("export", frozenset({"what"})),
        "export_failed": Kind("export", frozenset({"what"})),
        "erasure_done": Kind("member"),
        "webhook_disabled": Kind("webhookendpoint", frozenset({"because"})),
    }
)
