"""What is done about an escalation beyond the agency: told to authorities, or taken down on request."""

from datetime import datetime
from enum import Enum

import strawberry
from strawberry.scalars import JSON

from backend import safety
from graphql_schema.describing import value
from graphql_schema.projection import Node, column, one, publish, sql
from graphql_schema.staff import Staff
from tenants.rights import Right


@strawberry.enum(description="What is told to whom.")
class SafetyFilingKind(Enum):
    ARTICLE_18 = value("article_18", "A threat to life or safety, to the police: article 18 of (EU) 2022/2065.")
    CYBERTIP = value("cybertip", "A child that is exploited, to NCMEC's CyberTipline: 18 U.S.C. 2258A.")


@strawberry.enum(description="How far it is.")
class SafetyFilingState(Enum):
    DRAFTED = value("drafted", "Written; somebody else has to approve it.")
    APPROVED = value("approved", "Approved by a second person: to be sent as `documents` are.")
    FILED = value("filed", "Sent; never changed any more.")


@publish(safety.SafetyFiling, kind="safetyfiling", needs=Right.WORK_QUEUE)
class SafetyFiling(Node):
    """What an authority is told. Shown to the escalation's readers, and to whoever wrote it."""

    id: strawberry.ID
    kind: SafetyFilingKind = column(description="What is told to whom.")
    state: SafetyFilingState = column(description="How far it is.")
    content: JSON = column(
        description="As it was written, with the names of the input in snake_case; {} once forgotten."
    )
    documents: JSON = column(
        description="What is to be sent, or was: a list of `name`, `mediaType`, `text` and `sha256`. No picture is in it."
    )
    created_at: datetime = column(description="When it was first written.")
    due_at: datetime = column(description="By when it should be filed.")
    is_overdue: bool = sql(
        "{row}.state <> 'filed' and {row}.due_at < now()", description="Whether that is over, and it is not filed."
    )
    approved_at: datetime | None = column(description="When a second person approved it; null until then.")
    filed_at: datetime | None = column(description="When it was sent; null until then.")
    reference: str | None = column(description="The authority's own; null until it is filed.")
    proof: str | None = column(description="Where it can be looked up that it was sent; null until then.")
    preserved_until: datetime | None = column(
        description="Until when what it is about is kept: nobody lifts the hold before. Null until it is filed."
    )
    version: int = column(description="For `expectedVersion`: goes up with every change.")
    drafted_by: Staff | None = one("by_id", description="Who wrote it last; null where you may not see staff.")
    approved_by: Staff | None = one("approved_by_id", description="Who approved it: somebody else; null until then.")
    filed_by: Staff | None = one("filed_by_id", description="Who sent it; null until then.")


@strawberry.enum(description="What a request under 47 U.S.C. 223a has to have.")
class TakedownPart(Enum):
    SIGNATURE = value("signature", "The signature of whoever is shown, or of who speaks for them.")
    IDENTIFICATION = value("identification", "What shows which picture or video it is.")
    LOCATION = value("location", "Where it can be found.")
    GOOD_FAITH = value("good_faith", "A statement in good faith that nobody consented.")
    CONTACT = value("contact", "How whoever asks can be reached.")


@publish(safety.Takedown, kind="takedown", needs=Right.WORK_QUEUE)
class Takedown(Node):
    """A request that an intimate picture be taken down. Shown to the escalation's readers, and to who wrote it down."""

    id: strawberry.ID
    signature: str = column(description="As it came; empty while it is missing.")
    identification: str = column(description="Which picture or video it is; empty while that is missing.")
    location: str = column(description="Where it can be found; empty while that is missing.")
    good_faith: str = column(description="The statement that nobody consented; empty while it is missing.")
    contact: str = column(description="How whoever asks can be reached; empty while that is missing.")
    authority: str = column(description="By which a representative speaks for whoever is shown; may be empty.")
    email: str | None = column(description="Where they are answered; null where they left no address.")
    missing: list[TakedownPart] = sql(
        "array_remove(array["
        + ", ".join(f"case when {{row}}.{part} = '' then '{part}' end" for part in safety.ASKED_FOR)
        + "], null)",
        description="What it lacks; empty for a valid one.",
    )
    received_at: datetime = column(description="When it came: its 48 hours run from here, complete or not.")
    valid_at: datetime | None = column(description="When nothing was missing any more; null until then.")
    deadline_at: datetime = column(description="48 hours after it came.")
    is_overdue: bool = sql(
        "{row}.settled_by_id is null and {row}.deadline_at < now()", description="Whether that is over, and it is open."
    )
    created_at: datetime = column(description="When it was written down.")
    answered_at: datetime | None = column(description="When they were last answered by mail; null until then.")
    removed_at: datetime | None = column(description="When it was removed; null until then, and where it is refused.")
    copies: list[str] = column(description="Identical copies that were found and removed.")
    hash_types: list[str] = column(description="By which types of hashes copies were looked for.")
    refusal: str | None = column(description="Why it is refused; null unless it is.")
    version: int = column(description="For `expectedVersion`: goes up with every change.")
    received_by: Staff | None = one("by_id", description="Who wrote it down; null where you may not see staff.")
    settled_by: Staff | None = one("settled_by_id", description="Who removed or refused it; null until then.")
