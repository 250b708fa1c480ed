"""What is told of safety: how often somebody was in danger, and whether a human took it in time."""

from typing import Final

from backend.client_metrics.defining import Better, Counted, Metric, Part, Section, Unit
from backend.client_metrics.guarding import DANGERS, RAISED

METRICS: Final = (
    Metric(
        "escalations_raised",
        "Escalations",
        Section.SAFETY,
        "How often was somebody in danger?",
        "Escalations raised in the window; exercises left out, and a danger that was told twice counts once.",
        Unit.ESCALATIONS,
        Better.NEITHER,
        ("escalations",),
        "safety",
        counted=Counted(RAISED),
        by=Part.SEVERITY,
        excludes=("exercises",),
    ),
    Metric(
        "acknowledged_in_time",
        "Taken in time",
        Section.SAFETY,
        "Did a human take it in time?",
        "Of escalations raised in the window that were taken, or whose time to be taken was over at its end, those taken in "
        "the time promised when they were raised; exercises left out.",
        Unit.SHARE,
        Better.UP,
        ("escalations",),
        "safety",
        counted=Counted(RAISED, among="is_settled", counts="in_time"),
        by=Part.SEVERITY,
        excludes=("exercises",),
    ),
    Metric(
        "escalations_open",
        "Open escalations",
        Section.SAFETY,
        "What is still going on?",
        "Escalations that were not resolved at the window's end, or now if that is earlier; exercises left out.",
        Unit.ESCALATIONS,
        Better.DOWN,
        ("escalations",),
        "safety",
        counted=Counted(DANGERS),
        by=Part.SEVERITY,
        excludes=("exercises",),
    ),
    Metric(
        "escalations_late",
        "Escalations nobody has taken in time",
        Section.SAFETY,
        "Does anybody wait for a human?",
        "Of open escalations, those that nobody had taken and whose time to be taken was over.",
        Unit.ESCALATIONS,
        Better.DOWN,
        ("escalations",),
        "safety",
        counted=Counted(DANGERS, among="is_late"),
        by=Part.SEVERITY,
        excludes=("exercises",),
    ),
)
