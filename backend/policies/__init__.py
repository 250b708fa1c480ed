"""What a client's community does not accept, in dated versions, and the kinds of harm there are."""

from backend.policies.detailing import Detail, Example
from backend.policies.models import Policy, PolicyExample, PolicyVersion
from backend.policies.taxonomy import CATEGORIES, ONLY_IN_REPORTS, TAXONOMY, Code, Pair
from backend.policies.taxonomy import VERSION as TAXONOMY_VERSION
from backend.policies.writing import archive_policy, create_policy, current_version, revise_policy, usable_version

__all__ = [
    "CATEGORIES",
    "ONLY_IN_REPORTS",
    "TAXONOMY",
    "TAXONOMY_VERSION",
    "Code",
    "Detail",
    "Example",
    "Pair",
    "Policy",
    "PolicyExample",
    "PolicyVersion",
    "archive_policy",
    "create_policy",
    "current_version",
    "revise_policy",
    "usable_version",
]
