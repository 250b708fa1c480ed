"""Verification programmes, what members were asked to show, and what they showed."""

from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Final

import strawberry

from backend import verification
from graphql_schema.describing import optional, value
from graphql_schema.orders import CreationOrder, VersionOrder
from graphql_schema.projection import Connection, Each, Filters, Node, column, many, one, publish, sql
from graphql_schema.staff import Staff
from tenants.rights import Right

if TYPE_CHECKING:
    from graphql_schema.communities import Community, Member, Post


@strawberry.enum(description="How a claim can be shown to be true.")
class EvidenceKind(Enum):
    BOOKING = value("booking", "A booking that the client has told of; checked by Tend.")
    RECEIPT = value("receipt", "A file; somebody looks at it, and it is deleted some days later.")
    MAIL_DOMAIN = value("mail_domain", "A mailbox at one of `hosts`; checked by Tend with a code.")
    LINK = value("link", "A page on a site that the member controls, of `hosts` where there are some; checked by Tend.")
    SITE_CODE = value("site_code", "A code that is printed where members come by; checked by Tend.")
    MODERATOR = value("moderator", "A moderator's word.")


@strawberry.enum(description="Where a verification is.")
class VerificationState(Enum):
    INVITED = value("invited", "The member was asked, and has shown nothing yet.")
    EVIDENCE_RECEIVED = value("evidence_received", "They have; Tend looks by itself, or more is needed.")
    CHECKING = value("checking", "Something waits for somebody to look.")
    VERIFIED = value("verified", "The claim is true, until `validUntil`.")
    NOT_VERIFIED = value("not_verified", "Somebody found that it is not.")
    UNVERIFIABLE = value("unverifiable", "It cannot be told, or too little was shown in time.")
    EXPIRED = value("expired", "Nothing was shown in time, or it was verified too long ago.")


@strawberry.enum(description="What became of a piece of evidence.")
class EvidenceState(Enum):
    ASKED = value("asked", "A code was mailed, and is waited for.")
    CHECKED = value("checked", "Tend is looking.")
    WAITING = value("waiting", "Somebody has to look.")
    ACCEPTED = value("accepted", "It counts for the claim.")
    REFUSED = value("refused", "It does not; `problem` says why.")


@strawberry.enum(description="Why a piece of evidence does not count.")
class EvidenceProblem(Enum):
    NO_MATCH = value("no_match", "There is no such booking or code, or it is not good now.")
    USED_BEFORE = value("used_before", "Another member has shown the same: see `firstUse`.")
    NOT_FOUND_THERE = value("not_found_there", "The code did not stand on the site.")
    REFUSED_BY_REVIEWER = value("refused_by_reviewer", "Somebody looked and refused it.")
    NOT_NEEDED = value("not_needed", "The verification had ended before anybody looked.")


@strawberry.input(description="Which evidence; a field that is left out or null asks for nothing.")
class EvidenceFilter:
    state: list[EvidenceState] | None = optional("In one of these states: WAITING is what somebody has to look at.")
    problem: list[EvidenceProblem] | None = optional("With one of these problems: USED_BEFORE is what to investigate.")


EVIDENCE_FILTERS: Final = Filters(EvidenceFilter, {"state": Each("state"), "problem": Each("problem")})
NOW_VALID: Final = "{row}.state = 'verified' and ({row}.valid_until is null or {row}.valid_until > now())"


@publish(verification.VerificationDesign, needs=Right.READ_WORKSPACE)
class VerificationDesign:
    """What a programme claims and what it takes for proof, from a time on. Never changed."""

    version: int = column(description="1 for the first, one more with every revision.")
    claim: str = column(description="What a badge says, in the members' words.")
    strong: list[str] = column(description="Kinds of evidence of which one is enough, as `EvidenceKind` in lower case.")
    weak: list[str] = column(description="Kinds of evidence of which it takes two.")
    hosts: list[str] = column(description="Whose mail addresses and sites count; any site, where there are none.")
    valid_days: int | None = column(description="How long a verification lasts; null: for good.")
    created_at: datetime = column(description="Since when new tasks get it.")
    made_by: Staff | None = one("made_by_id", description="Who wrote it; null where you may not see staff.")


@publish(verification.VerificationEvidence, kind="evidence", needs=Right.READ_CASES)
class VerificationEvidence(Node):
    """Something that a member showed. References, addresses and files are nowhere in the API; `openReceipt` leads to a file."""

    id: strawberry.ID
    kind: EvidenceKind = column(description="What it is.")
    is_strong: bool = column(description="Whether it is enough alone.")
    state: EvidenceState = column(description="What became of it.")
    problem: EvidenceProblem | None = column(description="Why it does not count; null unless REFUSED.")
    url: str | None = column(description="Of LINK: where the code is to stand; null for others.")
    content_type: str | None = column(description="Of RECEIPT: what the file is as it is kept; null for others.")
    byte_count: int | None = column(description="Of RECEIPT: the size of the file as it is kept.")
    sha256: str | None = column(description="Of RECEIPT: SHA-256 of the file as it came; stays when the file goes.")
    note: str = column(description="What whoever decided wrote; empty for Tend itself.")
    created_at: datetime = column(description="When it was shown.")
    decided_at: datetime | None = column(description="When it was accepted or refused; null until then.")
    purged_at: datetime | None = column(description="When the file was deleted; null while there is one, or never was.")
    decided_by: Staff | None = one("decided_by_id", description="Who decided; null for Tend itself.")
    member: Annotated["Member", strawberry.lazy("graphql_schema.communities")] | None = one(
        "member_id", description="Who showed it."
    )
    verification: Annotated["VerificationTask", strawberry.lazy("graphql_schema.verification")] | None = one(
        "task_id", description="What it is to show."
    )
    first_use: Annotated["VerificationEvidence", strawberry.lazy("graphql_schema.verification")] | None = one(
        "first_use_id", description="Of USED_BEFORE: the evidence of the other member, who showed the same first."
    )


@publish(verification.VerificationTask, kind="verification", needs=Right.READ_CONTENT)
class VerificationTask(Node):
    """A member was asked to show that a claim is true: of themselves, or of a post of theirs."""

    id: strawberry.ID
    state: VerificationState = column(description="Where it is.")
    is_valid: bool = sql(NOW_VALID, description="Whether a badge may be shown now.")
    created_at: datetime = column(description="When the member was asked.")
    open_until: datetime = column(description="Until when they can show something.")
    verified_at: datetime | None = column(description="When it was verified; null where it never was.")
    valid_until: datetime | None = column(description="Until when it is; null: for good, or not verified.")
    ended_at: datetime | None = column(description="When it came to where it stays; null while it is open.")
    grounds: str = column(
        description="Why somebody closed it; empty where nobody did, and once the member is forgotten."
    )
    programme_version: int = column(description="The `version` of the design that it goes by.")
    programme: Annotated["VerificationProgramme", strawberry.lazy("graphql_schema.verification")] | None = one(
        "programme_id", description="What is claimed."
    )
    member: Annotated["Member", strawberry.lazy("graphql_schema.communities")] | None = one(
        "member_id", description="Who was asked."
    )
    post: Annotated["Post", strawberry.lazy("graphql_schema.communities")] | None = one(
        "post_id", description="The post that the claim is about; null where it is about the member."
    )
    evidence: Connection[VerificationEvidence] = many(
        "task_id", order=CreationOrder, description="What was shown; nothing for whoever may not read cases."
    )


@publish(verification.VerificationProgramme, kind="programme", needs=Right.READ_WORKSPACE)
class VerificationProgramme(Node):
    """What is made sure of in a community."""

    id: strawberry.ID
    name: str = column(description="Unique within the client, at most 200 characters.")
    version: int = column(description="Of its newest design; for `expectedVersion`.")
    created_at: datetime = column(description="When it was made.")
    archived_at: datetime | None = column(description="Since when nobody is invited any more; null while it is in use.")
    community: Annotated["Community", strawberry.lazy("graphql_schema.communities")] | None = one(
        "community_id", description="Whose members it asks."
    )
    designs: Connection[VerificationDesign] = many(
        "programme_id", order=VersionOrder, description="What it claims and takes for proof, over time."
    )
    verifications: Connection[VerificationTask] = many(
        "programme_id", order=CreationOrder, description="Whom it has asked."
    )
