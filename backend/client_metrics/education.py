"""What is told of education, and of whether customers who use the community stay."""

from typing import Final

from backend.client_metrics.defining import Better, Counted, Metric, Part, Section, Unit
from backend.client_metrics.teaching import ENROLLED, PUBLISHED

METRICS: Final = (
    Metric(
        "course_completion",
        "Courses completed",
        Section.EDUCATION,
        "Do people finish what they begin?",
        "Of enrolments of the window, those completed by its end; whoever withdrew stays among them.",
        Unit.SHARE,
        Better.UP,
        ("enrolments",),
        "education",
        counted=Counted(ENROLLED, counts="is_done"),
        by=Part.COURSE,
    ),
    Metric(
        "certified_share",
        "Colleagues certified",
        Section.EDUCATION,
        "Are those who work here trained for it?",
        "Of the certificates that colleagues need at this client, those that were valid at the window's end, or now if that "
        "is earlier; who needs which is as of now.",
        Unit.SHARE,
        Better.UP,
        ("memberships", "certificates", "training_needs", "training_requirements"),
        "education",
    ),
    Metric(
        "published_items",
        "Articles and lessons",
        Section.EDUCATION,
        "How much is written down?",
        "Articles and lessons that readers had at the window's end.",
        Unit.ITEMS,
        Better.UP,
        ("content_items", "content_versions"),
        "education",
        counted=Counted(PUBLISHED),
    ),
    Metric(
        "member_authored_share",
        "Written by members",
        Section.EDUCATION,
        "Is the knowledge the community's own?",
        "Of articles and lessons that readers had at the window's end and whose authors are known, those of members; what "
        "members and colleagues wrote together counts one half.",
        Unit.SHARE,
        Better.UP,
        ("content_items", "content_authors"),
        "education",
        counted=Counted(PUBLISHED, among="by_members is not null", counts=None),
    ),
    Metric(
        "retention_difference",
        "Customers who stay: difference",
        Section.RETENTION,
        "Do customers who use the community stay longer?",
        "Of the newest study that ended with a result before the window's end: the share of exposed accounts still there "
        "after the longest time it shows, less that of unexposed ones, by landmark.",
        Unit.DIFFERENCE,
        Better.UP,
        ("retention_studies", "study_results"),
        "retention",
        by=Part.LANDMARK,
    ),
)
