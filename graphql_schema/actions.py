"""What is done in communities, and what needs a human there."""

from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Final

import strawberry

from backend import acting
from graphql_schema.communities import Member, Post
from graphql_schema.describing import optional, value
from graphql_schema.projection import Each, Filters, Node, column, one, publish
from graphql_schema.staff import Staff
from tenants.rights import Right

if TYPE_CHECKING:
    from graphql_schema.cases import Case
    from graphql_schema.decisions import Decision


@strawberry.enum(description="What is done in a community.")
class ActionKind(Enum):
    HIDE_POST = value("hide_post", "Members no longer see the post.")
    DELETE_POST = value("delete_post", "The post is taken away; many platforms can bring it back.")
    SILENCE_MEMBER = value("silence_member", "The member can read and not write, until `untilAt` or without end.")
    SUSPEND_MEMBER = value("suspend_member", "The member cannot come in, until `untilAt` or without end.")
    WARN_MEMBER = value("warn_member", "The member is told, once, that they broke the rules.")
    TELL_MEMBER = value("tell_member", "The member is told something else: reasons, or an answer.")
    UNHIDE_POST = value("unhide_post", "Takes HIDE_POST back.")
    RECOVER_POST = value("recover_post", "Takes DELETE_POST back.")
    UNSILENCE_MEMBER = value("unsilence_member", "Takes SILENCE_MEMBER back.")
    UNSUSPEND_MEMBER = value("unsuspend_member", "Takes SUSPEND_MEMBER back.")


@strawberry.enum(description="An action is done only when it was read back from the community.")
class ActionState(Enum):
    QUEUED = value("queued", "Ordered, and not taken by the platform yet; tried again and again.")
    SENT = value("sent", "Taken by the platform, which does not show it or has not confirmed it yet.")
    CONFIRMED = value("confirmed", "Seen in the community, or done there by hand: then `doneBy` says by whom.")
    FAILED = value("failed", "It needs a human; `problem` says why. `retryAction` or `settleAction`.")
    CANCELLED = value("cancelled", "Called off before it was seen there.")


@strawberry.input(description="Which actions; a field that is left out or null asks for nothing.")
class ActionFilter:
    state: list[ActionState] | None = optional("In one of these states; FAILED are those that need a human.")


ACTION_FILTERS: Final = Filters(ActionFilter, {"state": Each("state")})


@publish(acting.Action, kind="action", needs=Right.READ_CASES)
class Action(Node):
    """Something that is done in the community."""

    id: strawberry.ID
    kind: ActionKind = column(description="What is done there.")
    state: ActionState = column(description="How far it has come.")
    problem: str | None = column(
        description="Why it needs a human, or what its last try met with; null where nothing is in the way."
    )
    until_at: datetime | None = column(
        description="When it ends by itself; null for without end, and for what has none."
    )
    message: str | None = column(description="What the member is told with it; null for the platform's usual words.")
    tries: int = column(description="How often the platform was asked.")
    created_at: datetime = column(description="When it was ordered.")
    sent_at: datetime | None = column(
        description="When the platform took it; null until then, and where it only looked."
    )
    confirmed_at: datetime | None = column(description="When it was seen in the community; null until then.")
    failed_at: datetime | None = column(description="When it failed last; null where it never did.")
    taken_back_at: datetime | None = column(
        description="When what asked for it was taken back; null while it stands. Another action may undo it then."
    )
    done_note: str | None = column(description="What whoever did it by hand says; null for what Tend did.")
    done_by: Staff | None = one("done_by_id", description="Who did it by hand; null for what Tend did.")
    ordered_by: Staff | None = one(
        "ordered_by_id",
        description="Who decided it, and is told when it fails; null for Tend, and where you may not see staff.",
    )
    post: Post | None = one("post_id", description="The post that it is done to, or because of.")
    member: Member | None = one("member_id", description="The member that it is done to, or the author of the post.")
    decision: Annotated["Decision", strawberry.lazy("graphql_schema.decisions")] | None = one(
        "decision_id", description="What it follows from; null for a precaution before anybody had decided."
    )
    case: Annotated["Case", strawberry.lazy("graphql_schema.cases")] | None = one(
        "case_id", description="The case in which it was ordered."
    )
    reverses: Annotated["Action", strawberry.lazy("graphql_schema.actions")] | None = one(
        "reverses_id", description="The action that it takes back; null for the others."
    )
