"""Somebody may come to harm: what is known of it, to everybody who may raise it, and to its readers alone."""

from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Annotated

import strawberry
from strawberry.scalars import JSON

from backend import safety
from graphql_schema.cases import Case
from graphql_schema.communities import Member, Post
from graphql_schema.describing import value
from graphql_schema.escalation_reviews import EscalationReview, FollowUp
from graphql_schema.on_call import DangerKind
from graphql_schema.orders import CreationOrder, MoveOrder
from graphql_schema.projection import Connection, Node, column, many, one, publish, sql
from graphql_schema.safety_filings import SafetyFiling, Takedown
from graphql_schema.staff import Staff
from tenants.rights import Right

if TYPE_CHECKING:
    from graphql_schema.agencies import Workspace


@strawberry.enum(description="Where an escalation is.")
class EscalationState(Enum):
    TRIGGERED = value("triggered", "People are paged, level by level; nobody has taken it.")
    ACKNOWLEDGED = value("acknowledged", "Its owner has it, until `ackExpiresAt` unless they give a sign of life.")
    PENDING_REPEAT = value("pending_repeat", "Nobody has taken it; it begins anew at `nextAt`.")
    SILENCED = value("silenced", "Nobody is paged until `silencedUntil`.")
    RESOLVED = value("resolved", "It is over; `outcome` says how.")
    EXHAUSTED = value("exhausted", "Nobody has taken it after every repeat: owners are paged every hour.")


@strawberry.enum(description="How an escalation ended.")
class EscalationOutcome(Enum):
    STOOD_DOWN = value("stood_down", "There was no danger.")
    RESOLVED = value("resolved", "The danger is averted.")
    HANDED_OFF = value("handed_off", "Somebody else has it: an authority, the client, a doctor.")
    JOINED = value("joined", "It was told twice: `joinedTo` goes on. Nobody resolves one so.")


@strawberry.enum(description="What law says about it, which makes it at least so grave.")
class LegalBasis(Enum):
    TCO_ORDER = value("tco_order", "A removal order under (EU) 2021/784: severity 1.")
    TAKE_IT_DOWN = value("take_it_down", "A request under 47 U.S.C. 223a: severity 2, and 1 after 36 hours.")
    UK_PRIORITY = value("uk_priority", "Priority content under the UK's Online Safety Act: severity 1.")
    DSA_ORDER = value("dsa_order", "An order under article 9 or 10 of (EU) 2022/2065: severity 2.")


@strawberry.enum(description="What happened to an escalation.")
class EscalationStepKind(Enum):
    RAISED = value("raised", "Somebody raised it.")
    JOINED = value("joined", "Somebody raised it once more; their words are the note.")
    PAGED = value("paged", "Somebody was paged: once for each person, channel, level and loop.")
    SENT = value("sent", "A page to the client or the telephony has gone.")
    NOT_SENT = value("not_sent", "A page to the client or the telephony could not go; the note says why.")
    SKIPPED = value("skipped", "The level reached nobody at that moment.")
    EXHAUSTED = value("exhausted", "Nobody has taken it after every repeat.")
    ACKNOWLEDGED = value("acknowledged", "Somebody has taken it.")
    DECAYED = value("decayed", "Its owner gave no sign of life, or left: it began anew.")
    NOTED = value("noted", "Somebody said what was done or found out.")
    OFFERED = value("offered", "Its owner asked a colleague to take it over.")
    HANDED_OVER = value("handed_over", "The colleague accepted.")
    SILENCED = value("silenced", "Nobody is paged for a while.")
    SOUND_AGAIN = value("sound_again", "The silence is over: it began anew.")
    SEVERITY_RAISED = value("severity_raised", "It is graver than was thought.")
    LOWERING_ASKED = value("lowering_asked", "Somebody finds it less grave; another one has to say so too.")
    SEVERITY_LOWERED = value("severity_lowered", "It is less grave than was thought.")
    GLASS_BROKEN = value("glass_broken", "Somebody looked at it without being its responder.")
    RESOLVED = value("resolved", "It is over.")
    FILING_DRAFTED = value("filing_drafted", "Somebody wrote what an authority is to be told, or wrote it anew.")
    FILING_APPROVED = value("filing_approved", "A second person approved it.")
    FILED = value("filed", "The authority was told.")
    TAKEDOWN_RECEIVED = value("takedown_received", "A request under 47 U.S.C. 223a was written down.")
    TAKEDOWN_ANSWERED = value("takedown_answered", "Whoever asked was answered by mail; a note says why not.")
    TAKEDOWN_COMPLETED = value("takedown_completed", "Something of what was missing has come.")
    TAKEDOWN_SETTLED = value("takedown_settled", "What was asked for is gone, or refused.")
    ITEM_DONE = value("item_done", "An item of its protocol is done; `target` is the item's key.")
    ITEM_UNDONE = value("item_undone", "It is not done after all; the note says why.")
    REVIEWED = value("reviewed", "Its review was written, or changed.")
    FOLLOW_UP_SET = value("follow_up_set", "Something is to change after it; `staff` does it.")
    FOLLOW_UP_DONE = value("follow_up_done", "What was to change has changed; `staff` did it.")
    PASSED_OVER = value("passed_over", "It was the turn of `staff`, and somebody else was paged; `target` says why.")
    NOBODY_ELSE = value(
        "nobody_else",
        "Nobody else is there, or has come: `staff` was paged, and `target` says why they would be spared.",
    )
    SUBJECT_FOUND = value("subject_found", "Somebody found which post it is about.")
    JOINED_TO = value("joined_to", "It was told twice: another one goes on.")
    CONTACTED = value("contacted", "Somebody was told: `target` says who, `channel` by what, `at` when.")


@strawberry.enum(description="By what somebody was paged or told.")
class PageChannel(Enum):
    IN_APP = value("in_app", "By a notice in Tend, and in their chat where they have one.")
    MAIL = value("mail", "To the address of their membership, or of the client.")
    WEBHOOK = value("webhook", "By what calls people by telephone.")
    TELEPHONE = value("telephone", "By telephone, from person to person.")
    FORM = value("form", "By a form of theirs.")
    CHAT = value("chat", "By a message in a chat.")
    IN_PERSON = value("in_person", "Face to face.")


@publish(safety.EscalationStep, needs=Right.REPORT)
class EscalationStep:
    """Something that happened to an escalation. Shown to its readers, and to whoever did it."""

    kind: EscalationStepKind = column(description="What it was.")
    at: datetime = column(description="When it was.")
    level: int | None = column(description="On which level; of a wish to lower, the wished severity; else null.")
    loop: int | None = column(description="In which pass through the levels, from 0; null for what is of none.")
    target: str = column(
        description="Of a page: whose it was, also client_contact and telephony; of CONTACTED a `ContactedWhom`; of an item its "
        "key; of PASSED_OVER and NOBODY_ELSE `rests`, `capped` or `opted_out`; else empty."
    )
    channel: PageChannel | None = column(description="Of a page, and of CONTACTED: by what it went; else null.")
    note: str = column(description="In the words of staff, at most 5,000 characters; may be empty.")
    staff: Staff | None = one("membership_id", description="Whom it concerns; null for nobody in particular.")
    by: Staff | None = one("by_id", description="Who did it; null for Tend itself, and where you may not see staff.")


@publish(safety.EscalationBrief, needs=Right.REPORT)
class EscalationBrief:
    """What an escalation is about. Shown to its readers, and to whoever wrote it."""

    summary: str = column(description="In the words of whoever raised it, at most 5,000 characters.")
    member: Member | None = one("member_id", description="Whom it is about; null for a drill about nobody.")
    post: Post | None = one("post_id", description="What they wrote; null for none, and for whoever may not open it.")
    case: Case | None = one("case_id", description="The case about it; null for none, and for whoever may not open it.")
    by: Staff | None = one("by_id", description="Who wrote it; null for a machine, and where you may not see staff.")


@publish(safety.Escalation, kind="escalation", needs=Right.REPORT)
class Escalation(Node):
    """Somebody may come to harm, and a trained human must know now. No word of what happened: that is its `brief`."""

    id: strawberry.ID
    kind: DangerKind = column(description="What danger it is.")
    severity: int = column(description="1 for the gravest to 5, by impact, urgency and law.")
    impact: int | None = column(
        description="1 a life or a child's safety, 2 serious harm, 3 limited, 4 a breach of rules; null: unknown, as 1."
    )
    urgency: int | None = column(description="1 now, 2 within a day, 3 within days, 4 none; null: unknown, as 1.")
    legal_basis: LegalBasis | None = column(description="What law says about it; null for nothing.")
    is_at_risk: bool = column(description="Whether whom it is about is a minor or otherwise at risk.")
    is_drill: bool = column(description="Whether it is a drill: counted apart, and nothing is restricted by it.")
    state: EscalationState = column(description="Where it is.")
    level: int = column(description="Which level of its policy is paged; one more than there are when exhausted.")
    loop: int = column(description="In which pass through the levels it is, from 0.")
    policy: JSON = column(description="What it follows, as that was when it was raised or its severity changed.")
    protocol: JSON = column(
        description="What is to be done, as that was when it was raised: `version`, 0 for Tend's own, and `items` of `key` "
        "and `text`."
    )
    raised_at: datetime = column(description="When it was raised.")
    first_paged_at: datetime | None = column(description="When somebody was first paged; null until then.")
    acknowledged_at: datetime | None = column(description="When somebody first took it; null until then.")
    acted_at: datetime | None = column(description="When its owner first did something; null until then.")
    next_at: datetime | None = column(description="When time alone will change something; null once it is over.")
    ack_expires_at: datetime | None = column(description="When its owner loses it without a sign of life; else null.")
    silenced_until: datetime | None = column(description="When it begins anew; null unless SILENCED.")
    resolved_at: datetime | None = column(description="When it was over; null until then.")
    outcome: EscalationOutcome | None = column(description="How it ended; null until then.")
    version: int = column(description="Goes up with each change.")
    clock_from: datetime | None = column(
        description="Since when law's clock runs, where that is earlier than `raisedAt`; else null."
    )
    client_instruction: str | None = column(
        description="The client's instruction not to contact authorities, in its words; null for none. What law asks for is "
        "done all the same: nothing is blocked by it."
    )
    promised_seconds: int = column(
        description="Within which somebody takes it, as was promised when it was raised or its severity changed."
    )
    is_late: bool = sql(
        "{row}.acknowledged_at is null and {row}.state <> 'resolved' and now() > {row}.raised_at + "
        "make_interval(secs => {row}.promised_seconds)",
        description="Whether nobody has taken it, and the time that is promised for its severity is over.",
    )
    review_due_at: datetime | None = column(
        description="By when its review should be written: 72 hours after one of severity 1 is over, 7 days after one of 2; "
        "null for others, and until then."
    )
    reviewed_at: datetime | None = column(description="When its review was first written; null until then.")
    is_review_overdue: bool = sql(
        "{row}.reviewed_at is null and coalesce({row}.review_due_at < now(), false)",
        description="Whether `reviewDueAt` is over, and nobody has written one.",
    )
    joined_to: Annotated["Escalation", strawberry.lazy("graphql_schema.escalations")] | None = one(
        "joined_to_id", description="The one that goes on, where the same danger was told twice; else null."
    )
    owner: Staff | None = one("owner_id", description="Who has it, or had it last; null for nobody.")
    raised_by: Staff | None = one("raised_by_id", description="Who raised it; null for a machine or Tend itself.")
    brief: EscalationBrief | None = one(
        "escalation_id", reverse=True, description="What it is about; null for whoever is no reader of it."
    )
    steps: Connection[EscalationStep] = many(
        "escalation_id", order=MoveOrder, description="Everything that happened; for its readers, and one's own."
    )
    filings: Connection[SafetyFiling] = many(
        "escalation_id", order=CreationOrder, description="What authorities are told; for its readers, and one's own."
    )
    takedowns: Connection[Takedown] = many(
        "escalation_id",
        order=CreationOrder,
        description="Requests under 47 U.S.C. 223a; for its readers, and one's own.",
    )
    review: EscalationReview | None = one(
        "escalation_id", reverse=True, description="What was learned; null until then, and for whoever is no reader."
    )
    follow_ups: Connection[FollowUp] = many(
        "escalation_id", order=CreationOrder, description="What is to change; for its readers, and one's own."
    )
    workspace: Annotated["Workspace", strawberry.lazy("graphql_schema.agencies")] | None = one(
        "workspace_id", description="The client it is about."
    )
