"""Exports, and what is kept although somebody wants it gone."""

from datetime import datetime
from enum import Enum

import strawberry
from strawberry.scalars import JSON

from backend import evidence, leaving
from graphql_schema.describing import value
from graphql_schema.projection import Node, column, one, publish, sql
from graphql_schema.staff import Staff
from tenants.rights import Right


@strawberry.enum(description="What a legal hold is on.")
class HoldSubject(Enum):
    MEMBER = value("member", "One member: nothing of theirs is erased.")
    WORKSPACE = value("workspace", "The whole client: none of its members is erased, and it is not deleted.")


@publish(evidence.Hold, kind="hold", needs=Right.HOLD)
class Hold(Node):
    """A legal hold: something may be needed as evidence, so nobody erases it."""

    id: strawberry.ID
    subject_kind: HoldSubject = column(description="Whether it is on a member or on the client.")
    subject_id: strawberry.ID = sql(
        "{row}.subject_kind || '_' || {row}.subject_id", description="The id of what it is on, for `node`."
    )
    reason: str = column(description="Why, in the words of whoever placed it.")
    placed_by: Staff | None = one("placed_by_id", description="Who placed it.")
    placed_at: datetime = column(description="Since when nothing is erased.")
    preserved_until: datetime | None = column(
        description="Law asks for it until then, and nobody lifts it before; null where no law does."
    )
    lifted_by: Staff | None = one("lifted_by_id", description="Who lifted it; null while it holds.")
    lifted_at: datetime | None = column(description="When it was lifted; null while it holds.")


@strawberry.enum(description="What an export is of.")
class ExportKind(Enum):
    AGENCY = value("agency", "Everything of the agency: a zip with a file of JSON lines for each kind of thing.")
    WORKSPACE = value("workspace", "Everything of one client, likewise.")
    MEMBER = value("member", "What is known about one member, to be given to them: a zip of JSON that people can read.")
    JOURNAL = value("journal", "Who did what, of one client or of the whole agency: JSON lines or CSV.")


@strawberry.enum(description="The form of an export.")
class ExportFormat(Enum):
    ZIP = value("zip", "Several files in one; everything but a journal.")
    NDJSON = value("ndjson", "One object in each line; a journal.")
    CSV = value("csv", "For spreadsheets: cells that they would run as a formula begin with an apostrophe; a journal.")


@strawberry.enum(description="Where an export is.")
class ExportState(Enum):
    QUEUED = value("queued", "It will be written.")
    RUNNING = value("running", "It is being written.")
    DONE = value("done", "There is a file, until `expiresAt`.")
    FAILED = value("failed", "There will be none: `problem` says why.")
    EXPIRED = value("expired", "The file is gone: its time was over, or somebody in it was erased.")


@publish(leaving.Export, kind="export", needs=Right.EXPORT)
class Export(Node):
    """Everything there is of something, as a file to take along."""

    id: strawberry.ID
    kind: ExportKind = column("what", description="What it is of.")
    format: ExportFormat = column(description="The form of the file.")
    state: ExportState = column(description="Where it is.")
    requested_by: Staff | None = one(
        "requested_by_id", description="Who asked for it; it holds what they might see while it was written."
    )
    requested_at: datetime = column(description="When it was asked for.")
    row_count: int = sql(
        "least({row}.row_count, 2147483647)::int", description="Rows written so far, or in the whole file."
    )
    counts: JSON = column(description="The same by kind of thing, an object.")
    byte_count: float | None = sql(
        "{row}.byte_count::float8", description="The size of the file; null until it is done."
    )
    problem: str | None = column(description="Why it has failed, for people; null otherwise.")
    finished_at: datetime | None = column(description="When it was done or failed; null until then.")
    expires_at: datetime | None = column(description="When its file is deleted; null until it is done.")
