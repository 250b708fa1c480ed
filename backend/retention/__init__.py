"""Whether customers who use the community stay: studies that are defined, frozen, run once, and never say more than they know."""

from backend.retention.defining import Definition, create_study, freeze_study
from backend.retention.gathering import InputChanged
from backend.retention.models import RetentionStudy, StudyResult
from backend.retention.running import (
    compare_arms,
    give_up_study,
    go_on_with_study,
    reproduce,
    run_study,
)

__all__ = [
    "Definition",
    "InputChanged",
    "RetentionStudy",
    "StudyResult",
    "compare_arms",
    "create_study",
    "freeze_study",
    "give_up_study",
    "go_on_with_study",
    "reproduce",
    "run_study",
]
