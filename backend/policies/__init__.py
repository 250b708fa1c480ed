"""What a client's community does not accept, in dated versions."""

from backend.policies.models import Policy, PolicyVersion
from backend.policies.writing import create_policy, current_version, revise_policy

__all__ = ["Policy", "PolicyVersion", "create_policy", "current_version", "revise_policy"]
