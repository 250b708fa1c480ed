"""In which orders lists may be asked for: columns, `-` in front for descending. Each has an index that serves it."""

from enum import Enum

import strawberry


@strawberry.enum(description="Orders of workspaces.")
class WorkspaceOrder(Enum):
    SLUG = "slug"
    NEWEST = "-created_at"


@strawberry.enum(description="Orders of people at the agency.")
class StaffOrder(Enum):
    NAME = "name"
    NEWEST = "-created_at"


@strawberry.enum(description="Orders of communities.")
class CommunityOrder(Enum):
    SLUG = "slug"
    NEWEST = "-created_at"


@strawberry.enum(description="Orders of members.")
class MemberOrder(Enum):
    NEWEST = "-first_seen_at"
    OLDEST = "first_seen_at"
    HANDLE = "handle"


@strawberry.enum(description="Orders of posts.")
class PostOrder(Enum):
    NEWEST = "-posted_at"
    OLDEST = "posted_at"


@strawberry.enum(description="Orders of the versions of a post or a policy.")
class VersionOrder(Enum):
    NEWEST = "-version"
    OLDEST = "version"


@strawberry.enum(description="Orders of cases. Open ones come last where it is about closing.")
class CaseOrder(Enum):
    MOST_URGENT = "virtual_deadline"
    NEWEST = "-opened_at"
    OLDEST = "opened_at"
    MOST_REPORTED = "-report_count, opened_at"
    RECENTLY_CLOSED = "-closed_at"


@strawberry.enum(description="Orders of the cases of one member.")
class MemberCaseOrder(Enum):
    NEWEST = "-opened_at"
    OLDEST = "opened_at"


@strawberry.enum(description="Orders of reports, warnings, notices, rules and queues.")
class CreationOrder(Enum):
    OLDEST = "created_at"
    NEWEST = "-created_at"


@strawberry.enum(description="Orders of policies.")
class PolicyOrder(Enum):
    TITLE = "title"
    NEWEST = "-created_at"


@strawberry.enum(description="Orders of the journal.")
class JournalOrder(Enum):
    NEWEST = "-at"
    OLDEST = "at"
