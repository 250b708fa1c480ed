"""Roles and rights as data: what each role may do. Everything else is refused."""

from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Right(StrEnum):
    """What somebody may do. The value is published in logs and tests."""

    READ_WORKSPACE = "read_workspace"  # the client, its communities, its policies, its counts
    READ_CONTENT = "read_content"  # members and their posts
    READ_CASES = "read_cases"  # cases, reports, decisions
    READ_JOURNAL = "read_journal"
    READ_STAFF = "read_staff"  # who works here, by name
    REPORT = "report"
    WORK_QUEUE = "work_queue"
    WRITE_POLICIES = "write_policies"  # policies and rules
    MANAGE_COMMUNITIES = "manage_communities"
    MANAGE_WORKSPACES = "manage_workspaces"
    SEE_ALL_WORKSPACES = "see_all_workspaces"
    IMPORT = "import"


class Role(StrEnum):
    OWNER = "owner"
    ADMIN = "admin"
    LEAD = "lead"
    MODERATOR = "moderator"
    CONTRACTOR = "contractor"
    STAKEHOLDER = "stakeholder"
    API_CLIENT = "api_client"
    SYSTEM = "system"


_STAKEHOLDER = frozenset({Right.READ_WORKSPACE})
_MODERATOR = _STAKEHOLDER | {
    Right.READ_CONTENT,
    Right.READ_CASES,
    Right.READ_STAFF,
    Right.READ_JOURNAL,
    Right.REPORT,
    Right.WORK_QUEUE,
}
_LEAD = _MODERATOR | {Right.WRITE_POLICIES, Right.MANAGE_COMMUNITIES, Right.IMPORT}
_ADMIN = _LEAD | {Right.MANAGE_WORKSPACES, Right.SEE_ALL_WORKSPACES}

RIGHTS_OF: Final = MappingProxyType(
    {
        Role.OWNER: _ADMIN,
        Role.ADMIN: _ADMIN,
        Role.LEAD: _LEAD,
        Role.MODERATOR: _MODERATOR,
        # A contractor does a moderator's work, for the workspaces assigned, until the membership ends.
        Role.CONTRACTOR: _MODERATOR - {Right.READ_JOURNAL},
        Role.STAKEHOLDER: _STAKEHOLDER,
        # A machine of the client: it brings content and complaints in and reads what came of them.
        Role.API_CLIENT: frozenset(
            {Right.READ_WORKSPACE, Right.READ_CONTENT, Right.READ_CASES, Right.REPORT, Right.IMPORT}
        ),
        Role.SYSTEM: frozenset(Right),
    }
)
PERSON_ROLES: Final = tuple(role for role in Role if role not in (Role.API_CLIENT, Role.SYSTEM))
# Roles that only make sense with an end: provisioning refuses them without one.
ROLES_WITH_AN_END: Final = frozenset({Role.CONTRACTOR})
