"""What whoever reads by a link does not see, in no form."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Sight:
    """Everything, unless it says otherwise."""

    shows_staff: bool = True
    shows_words: bool = True
    hidden_sections: Collection[str] = ()

    @property
    def name(self) -> str:
        """The same for whoever sees the same: files are kept by it."""
        return "-".join(
            ["staff" if self.shows_staff else "", "words" if self.shows_words else "", *sorted(self.hidden_sections)]
        )


def seen(document: Mapping[str, Any], sight: Sight) -> dict[str, Any]:
    """The document without what is hidden, and whether something is."""
    left = [section for section in document["sections"] if section["name"] not in sight.hidden_sections]
    metrics = {value["metric"] for section in left for value in section["values"]}
    judged = document["judged"]
    has_words = document["words"] is not None or any(section["words"] is not None for section in document["sections"])
    return {
        **document,
        "staff": document["staff"] if sight.shows_staff else None,
        "words": document["words"] if sight.shows_words else None,
        "correction": document["correction"] if sight.shows_words or document["correction"] is None else "",
        "differences": [each for each in document["differences"] if each["metric"] in metrics],
        "judged": {
            what: [each for each in judged[what] if each["metric"] in metrics] for what in ("goals", "changes", "risks")
        },
        "sections": [section if sight.shows_words else {**section, "words": None} for section in left],
        "metrics": {name: told for name, told in document["metrics"].items() if name in metrics},
        "isPartial": len(left) < len(document["sections"]) or (has_words and not sight.shows_words),
    }
