"""Investigations: what they are about, what connects it, what was found."""

from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Annotated

import strawberry

from backend import integrity
from graphql_schema.communities import Member, Post
from graphql_schema.describing import value
from graphql_schema.orders import AddedOrder, FoundOrder, MoveOrder, ProofOrder
from graphql_schema.projection import Connection, Node, column, count, many, one, publish
from graphql_schema.staff import Staff
from tenants.rights import Right

if TYPE_CHECKING:
    from graphql_schema.cases import Case


@strawberry.enum(description="Whether somebody works on an investigation.")
class InvestigationState(Enum):
    OPEN = value("open", "Somebody still does.")
    CONCLUDED = value("concluded", "It has an outcome; `reopenInvestigation` opens it again.")


@strawberry.enum(description="What came of an investigation.")
class InvestigationOutcome(Enum):
    CONFIRMED = value("confirmed", "What was suspected is true.")
    UNFOUNDED = value("unfounded", "It is not.")
    INCONCLUSIVE = value("inconclusive", "Nobody can say for certain.")


@strawberry.enum(description="What a subject of an investigation is.")
class SubjectKind(Enum):
    MEMBER = value("member", "A member of a community.")
    POST = value("post", "A post of a member.")
    CASE = value("case", "A case of moderation.")
    ACCOUNT = value("account", "An account somewhere, by its name.")
    LINK = value("link", "Where links lead, or a part of it.")
    PAYMENT = value("payment", "A payment, by its reference.")
    BOOKING = value("booking", "A booking, by its reference.")


@strawberry.enum(description="What connects two subjects. Those that Tend finds have evidence.")
class TieKind(Enum):
    WROTE = value("wrote", "The first, a member, wrote the second, a post. Strong.")
    IS_ABOUT = value("is_about", "The first, a case, is about the second, a post or its author. Strong.")
    REPORTED = value("reported", "The first, a member, reported the second, or something of theirs.")
    IS_SAME_PERSON = value("is_same_person", "Both are one person, in two communities of the client. Strong.")
    SHARES_REFERENCE = value(
        "shares_reference", "The client knows the same payment, booking or account of both. Strong."
    )
    USES = value("uses", "The client knows the second, a payment, booking or account, of the first. Strong.")
    POSTED = value("posted", "The first has the second, a link, in its words. Strong.")
    SHARES_WORDS = value("shares_words", "Both wrote the same, or nearly.")
    SHARES_LINK = value("shares_link", "Both link to the same page.")
    ANSWERED = value("answered", "The first answered the second.")
    WAS_SEEN_WITH = value("was_seen_with", "Both were first seen in one community within the same hour.")
    NOTED = value("noted", "Somebody who works on it says so; `because` tells why.")


@publish(integrity.ClientReference, kind="reference", needs=Right.READ_CASES)
class ClientReference(Node):
    """A payment, booking or account that the client says is a member's."""

    id: strawberry.ID
    kind: SubjectKind = column(description="ACCOUNT, PAYMENT or BOOKING.")
    value: str = column(description="As the client calls it, without blanks and in lower case.")
    told_at: datetime = column(description="When the client said so first.")
    member: Member | None = one("member_id", description="Whose it is; null for whoever may not read content.")


@publish(integrity.TieEvidence, kind="tieevidence", needs=Right.READ_CASES)
class TieEvidence(Node):
    """One thing that shows a tie."""

    id: strawberry.ID
    position: int = column(description="From 1; the newest first.")
    post: Post | None = one("post_id", description="A post that shows it; null for another kind of evidence.")
    case: Annotated["Case", strawberry.lazy("graphql_schema.cases")] | None = one(
        "case_id", description="A case that shows it; null for another kind of evidence."
    )
    reference: ClientReference | None = one(
        "reference_id", description="What the client knows; null for another kind of evidence."
    )


@publish(integrity.InvestigationSubject, kind="subject", needs=Right.READ_CASES)
class InvestigationSubject(Node):
    """Something an investigation is about."""

    id: strawberry.ID
    kind: SubjectKind = column(description="What it is.")
    value: str | None = column(description="Of an account, link, payment or booking; null for others.")
    note: str = column(description="Why it is here, at most 2,000 characters; may be empty.")
    added_at: datetime = column(description="When it was added.")
    member: Member | None = one("member_id", description="Of kind MEMBER; null for others.")
    post: Post | None = one("post_id", description="Of kind POST; null for others.")
    case: Annotated["Case", strawberry.lazy("graphql_schema.cases")] | None = one(
        "case_id", description="Of kind CASE; null for others."
    )
    added_by: Staff | None = one("added_by_id", description="Who added it; null where you may not see staff.")


@publish(integrity.InvestigationTie, kind="tie", needs=Right.READ_CASES)
class InvestigationTie(Node):
    """An edge of the graph of an investigation: what connects two of its subjects."""

    id: strawberry.ID
    kind: TieKind = column(description="What connects them.")
    is_strong: bool = column(description="Whether it says much by itself; weak ones say something together.")
    because: str = column(description="The words of whoever noted it; empty where Tend found it.")
    found_at: datetime = column(description="Since when it is known.")
    first: InvestigationSubject | None = one("one_id", description="The first of the two.")
    second: InvestigationSubject | None = one("other_id", description="The second of the two.")
    evidence: Connection[TieEvidence] = many(
        "tie_id", order=ProofOrder, description="What shows it: the newest ten of what there is."
    )
    evidence_count: int = count(
        integrity.TieEvidence, "tie_id", description="How many of these there are, at most ten."
    )
    noted_by: Staff | None = one(
        "added_by_id", description="Who noted it; null where Tend found it, and where you may not see staff."
    )


@publish(integrity.InvestigationEntry, kind="investigationentry", needs=Right.READ_CASES)
class InvestigationEntry(Node):
    """Something that was done in an investigation."""

    id: strawberry.ID
    kind: str = column(
        description="One of opened, subject_added, subject_removed, looked, tie_noted, noted, referred, concluded or reopened."
    )
    text: str = column(description="The words of whoever did it; may be empty.")
    at: datetime = column(description="When it was done.")
    staff: Staff | None = one("membership_id", description="Who did it; null where you may not see staff.")


@publish(integrity.Investigation, kind="investigation", needs=Right.READ_CASES)
class Investigation(Node):
    """An enquiry into something that links several members, posts and cases of a client."""

    id: strawberry.ID
    title: str = column(description="What people call it, at most 200 characters.")
    question: str = column(description="What is suspected, at most 5,000 characters.")
    taxonomy_code: str | None = column(description="What it would be, such as IN-CIB; null where nobody has said.")
    state: InvestigationState = column(description="Whether somebody works on it.")
    outcome: InvestigationOutcome | None = column(description="What came of it; null while open.")
    finding: str | None = column(description="What was found, for colleagues; of the last time while open again.")
    client_summary: str | None = column(description="What the client reads of it; null where it reads nothing.")
    opened_at: datetime = column(description="When it was opened.")
    concluded_at: datetime | None = column(description="When it was concluded; null while open.")
    version: int = column(description="For `expectedVersion`; concluding and reopening add one.")
    subjects: Connection[InvestigationSubject] = many(
        "investigation_id", order=AddedOrder, description="What it is about: the nodes of its graph."
    )
    ties: Connection[InvestigationTie] = many(
        "investigation_id",
        order=FoundOrder,
        description="What ties them, 2,000 at most of what Tend finds, strong ones first: the edges of its graph.",
    )
    entries: Connection[InvestigationEntry] = many(
        "investigation_id", order=MoveOrder, description="What was done in it."
    )
    lead: Staff | None = one("lead_id", description="Who leads it; null where you may not see staff.")
    opened_by: Staff | None = one("opened_by_id", description="Who opened it; null where you may not see staff.")
    concluded_by: Staff | None = one(
        "concluded_by_id", description="Who concluded it; null while open, and where you may not see staff."
    )


@publish(
    integrity.Investigation,
    kind="result",
    needs=Right.READ_WORKSPACE,
    row="({row}.state = 'concluded' and {row}.client_summary is not null)",
)
class InvestigationResult(Node):
    """What the client is told of an investigation, without anybody's name."""

    id: strawberry.ID
    outcome: InvestigationOutcome | None = column(description="What came of it; here never null.")
    summary: str | None = column(
        "client_summary", description="What was looked into, found and done, at most 5,000 characters; here never null."
    )
    taxonomy_code: str | None = column(description="What it was, such as IN-CIB; null where nobody has said.")
    concluded_at: datetime | None = column(description="When it was concluded; here never null.")
