"""Roles and rights as data: what each role may do. Everything else is refused."""

from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Right(StrEnum):
    """What somebody may do. The value is published in logs, tests and as the scope of machines."""

    READ_WORKSPACE = "read_workspace"  # the client, its communities, its policies, its counts
    READ_CONTENT = "read_content"  # members and their posts
    READ_CASES = "read_cases"  # cases, reports, decisions
    READ_JOURNAL = "read_journal"
    READ_STAFF = "read_staff"  # who works here, by name
    REPORT = "report"
    WORK_QUEUE = "work_queue"
    LEAD_QUEUE = "lead_queue"  # queues, routing, who judges what; approve, reopen, judge last
    WRITE_POLICIES = "write_policies"  # policies and rules
    TEACH = "teach"  # write articles, lessons, courses, the glossary; read drafts and what readers say
    PUBLISH_CONTENT = "publish_content"  # let readers have what somebody else has written; take it away
    LEARN = "learn"  # on behalf of members: search, say what helped, be enrolled, finish lessons, attempt quizzes
    MANAGE_COMMUNITIES = "manage_communities"
    IMPORT = "import"
    MANAGE_WORKSPACES = "manage_workspaces"  # open and close clients
    MANAGE_PEOPLE = "manage_people"  # invite, change, suspend, end
    MANAGE_MACHINES = "manage_machines"  # API clients and their credentials
    MANAGE_SIGN_IN = "manage_sign_in"  # do without the agency's identity provider, what its directory's groups mean
    PROVISION = "provision"  # people and groups as the agency's directory has them (SCIM)
    EXPORT = "export"  # everything there is, as files
    ERASE = "erase"  # subject access, erasure of members
    HOLD = "hold"  # legal holds
    OPERATE = "operate"  # jobs: look, replay, cancel
    OWN = "own"  # make and unmake owners, name the identity provider: it could say that anybody is one


class Role(StrEnum):
    OWNER = "owner"
    ADMIN = "admin"
    LEAD = "lead"
    MODERATOR = "moderator"
    SAFETY_RESPONDER = "safety_responder"
    SUPPORT = "support"
    EDUCATOR = "educator"
    CONTRACTOR = "contractor"
    STAKEHOLDER = "stakeholder"
    CLIENT_CONTRIBUTOR = "client_contributor"
    API_CLIENT = "api_client"
    SYSTEM = "system"


_STAKEHOLDER = frozenset({Right.READ_WORKSPACE})
_SUPPORT = _STAKEHOLDER | {Right.READ_CONTENT, Right.READ_STAFF, Right.REPORT, Right.LEARN}
_EDUCATOR = _SUPPORT | {Right.TEACH, Right.PUBLISH_CONTENT}
_MODERATOR = _SUPPORT | {Right.READ_CASES, Right.READ_JOURNAL, Right.WORK_QUEUE}
_LEAD = _MODERATOR | _EDUCATOR | {Right.LEAD_QUEUE, Right.WRITE_POLICIES, Right.MANAGE_COMMUNITIES, Right.IMPORT}
_ADMIN = frozenset(Right) - {Right.OWN}

RIGHTS_OF: Final = MappingProxyType(
    {
        Role.OWNER: _ADMIN | {Right.OWN},
        Role.ADMIN: _ADMIN,
        Role.LEAD: _LEAD,
        Role.MODERATOR: _MODERATOR,
        Role.SAFETY_RESPONDER: _MODERATOR,
        Role.SUPPORT: _SUPPORT,
        Role.EDUCATOR: _EDUCATOR,
        # A contractor does a moderator's work, for the workspaces assigned, until the membership ends.
        Role.CONTRACTOR: _MODERATOR - {Right.READ_JOURNAL},
        Role.STAKEHOLDER: _STAKEHOLDER,
        Role.CLIENT_CONTRIBUTOR: _STAKEHOLDER,
        Role.API_CLIENT: frozenset(),  # what its scopes say
        Role.SYSTEM: frozenset(Right),
    }
)
PERSON_ROLES: Final = tuple(role for role in Role if role not in (Role.API_CLIENT, Role.SYSTEM))
CLIENT_ROLES: Final = frozenset({Role.STAKEHOLDER, Role.CLIENT_CONTRIBUTOR})  # of the client's side, never over all
# Roles that only make sense with an end: provisioning refuses them without one.
ROLES_WITH_AN_END: Final = frozenset({Role.CONTRACTOR})
# What a machine can be given. It never makes people, machines or the way in: whoever steals its key stays within it.
MACHINE_RIGHTS: Final = frozenset(Right) - {
    *(
        Right.WORK_QUEUE,
        Right.LEAD_QUEUE,
        Right.PUBLISH_CONTENT,
        Right.MANAGE_PEOPLE,
        Right.MANAGE_MACHINES,
        Right.MANAGE_SIGN_IN,
        Right.MANAGE_WORKSPACES,
    ),
    *(Right.EXPORT, Right.ERASE, Right.HOLD, Right.OPERATE, Right.OWN),
}
# A machine of the client: it brings content and complaints in and reads what came of them.
USUAL_SCOPES: Final = frozenset(
    {Right.READ_WORKSPACE, Right.READ_CONTENT, Right.READ_CASES, Right.REPORT, Right.IMPORT}
)
