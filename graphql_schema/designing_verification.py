"""Programmes of verification, and what they check against: bookings and codes."""

from uuid import UUID

import strawberry

from backend import verification
from graphql_schema.answering import UserError, user_errors, uuid_of, verb
from graphql_schema.context import Info
from graphql_schema.describing import Input, optional
from graphql_schema.projection import ref
from graphql_schema.projection.serving import actor_of
from graphql_schema.verification import (
    EvidenceKind,
    VerificationProgramme,
)
from tenants.rights import Right


@strawberry.input(description="What a programme claims, and what it takes for proof.")
class DesignInput:
    claim: str = strawberry.field(description="What a badge says, in the members' words; at most 500 characters.")
    strong: list[EvidenceKind] = strawberry.field(description="Of these one is enough.")
    weak: list[EvidenceKind] = strawberry.field(default_factory=list, description="Of these it takes two.")
    hosts: list[str] = strawberry.field(
        default_factory=list, description="Whose mail addresses and sites count, such as example.com; 50 at most."
    )
    valid_days: int | None = optional("How long a verification lasts, 3,650 at most; for good when left out.")


@strawberry.input(description="A new programme.")
class CreateVerificationProgrammeInput:
    community_id: strawberry.ID = strawberry.field(description="Whose members it asks.")
    name: str = strawberry.field(description="Unique within the client, at most 200 characters.")
    design: DesignInput = strawberry.field(description="What it claims and takes for proof.")


@strawberry.input(description="A programme as it is for whoever is invited from now on.")
class ReviseVerificationProgrammeInput:
    programme_id: strawberry.ID = strawberry.field(description="The programme that changes.")
    expected_version: int = strawberry.field(
        description="The version you read; refused with CONFLICT if it has changed."
    )
    design: DesignInput = strawberry.field(description="What it claims and takes for proof.")


@strawberry.input(description="A programme that is used no longer.")
class ArchiveVerificationProgrammeInput:
    programme_id: strawberry.ID = strawberry.field(description="Nobody is invited any more; what is verified stays so.")


@strawberry.type(description="A programme that was made or changed.")
class VerificationProgrammePayload:
    programme: VerificationProgramme | None = strawberry.field(
        default=None, description="As it is now; null when refused."
    )
    user_errors: list[UserError] = user_errors()


@strawberry.input(description="A booking. Tend keeps hashes of it alone.")
class BookingInput:
    reference: str = strawberry.field(description="As the guest knows it: four letters or digits at least.")
    contact: str | None = optional("The mail address or telephone number that the guest has to know as well.")
    visited_on: str | None = optional("The day of the visit, 2026-11-25: it can be shown from then on, for a year.")


@strawberry.input(description="Bookings, one by one.")
class NoteBookingsInput:
    programme_id: strawberry.ID = strawberry.field(description="Whose members show them.")
    bookings: list[BookingInput] = strawberry.field(description="1 to 5,000; those that are known change nothing.")


@strawberry.input(description="Bookings as a list.")
class ImportBookingsInput:
    programme_id: strawberry.ID = strawberry.field(description="Whose members show them.")
    csv: str = strawberry.field(
        description="Comma or semicolon separated, 5,000 lines at most. The first line names the columns: reference, and "
        "perhaps contact and visited_on."
    )


@strawberry.type(description="A booking that could not be read.")
class BadLine:
    line: int = strawberry.field(description="Of the list, counted from 1; the first line is the heading of a CSV.")
    problem: str = strawberry.field(description="What is wrong, without repeating it.")


@strawberry.type(description="What became of the bookings.")
class BookingsPayload:
    programme: VerificationProgramme | None = strawberry.field(default=None, description="Whose; null when refused.")
    new_count: int | None = strawberry.field(default=None, description="How many were new; null when refused.")
    known_count: int | None = strawberry.field(default=None, description="How many were known; null when refused.")
    bad_lines: list[BadLine] | None = strawberry.field(
        default=None, description="Those that were left out; null when refused."
    )
    user_errors: list[UserError] = user_errors()


@strawberry.input(description="Codes to print where members come by.")
class IssueSiteCodesInput:
    programme_id: strawberry.ID = strawberry.field(description="Whose members show them.")
    count: int = strawberry.field(description="1 to 1,000; each is good for one member.")
    days: int = strawberry.field(description="For how long they are good, 3,650 at most.")


@strawberry.type(description="The codes, which nobody can read again.")
class SiteCodesPayload:
    programme: VerificationProgramme | None = strawberry.field(default=None, description="Whose; null when refused.")
    codes: list[str] | None = strawberry.field(
        default=None, description="In three groups of four: ABCD-EFGH-JKMN; null when refused."
    )
    user_errors: list[UserError] = user_errors()


@strawberry.type
class DesigningVerification:
    @verb(VerificationProgrammePayload, "Make a programme.", needs=Right.MANAGE_COMMUNITIES)
    async def create_verification_programme(
        self, info: Info, input: Input[CreateVerificationProgrammeInput]
    ) -> VerificationProgrammePayload:
        made = await verification.create_programme(
            actor_of(info.context),
            uuid_of("community", input.community_id, field="communityId"),
            name=input.name,
            design=_design(input.design),
        )
        return VerificationProgrammePayload(programme=ref(VerificationProgramme, made.id))

    @verb(VerificationProgrammePayload, "Change a programme.", needs=Right.MANAGE_COMMUNITIES)
    async def revise_verification_programme(
        self, info: Info, input: Input[ReviseVerificationProgrammeInput]
    ) -> VerificationProgrammePayload:
        made = await verification.revise_programme(
            actor_of(info.context),
            _programme(input.programme_id),
            expected_version=input.expected_version,
            design=_design(input.design),
        )
        return VerificationProgrammePayload(programme=ref(VerificationProgramme, made.id))

    @verb(VerificationProgrammePayload, "Invite nobody to it any more.", needs=Right.MANAGE_COMMUNITIES)
    async def archive_verification_programme(
        self, info: Info, input: Input[ArchiveVerificationProgrammeInput]
    ) -> VerificationProgrammePayload:
        made = await verification.archive_programme(actor_of(info.context), _programme(input.programme_id))
        return VerificationProgrammePayload(programme=ref(VerificationProgramme, made.id))

    @verb(BookingsPayload, "Tell of bookings.", needs=Right.IMPORT)
    async def note_bookings(self, info: Info, input: Input[NoteBookingsInput]) -> BookingsPayload:
        bookings = [
            verification.Booking(each.reference, each.contact or None, each.visited_on or None)
            for each in input.bookings
        ]
        programme_id = _programme(input.programme_id)
        return _noted(programme_id, await verification.note_bookings(actor_of(info.context), programme_id, bookings))

    @verb(BookingsPayload, "Tell of bookings with a list.", needs=Right.IMPORT)
    async def import_bookings(self, info: Info, input: Input[ImportBookingsInput]) -> BookingsPayload:
        programme_id = _programme(input.programme_id)
        return _noted(programme_id, await verification.import_bookings(actor_of(info.context), programme_id, input.csv))

    @verb(SiteCodesPayload, "Make codes to print.", needs=Right.MANAGE_COMMUNITIES)
    async def issue_site_codes(self, info: Info, input: Input[IssueSiteCodesInput]) -> SiteCodesPayload:
        programme_id = _programme(input.programme_id)
        codes = await verification.issue_site_codes(
            actor_of(info.context), programme_id, count=input.count, days=input.days
        )
        return SiteCodesPayload(programme=ref(VerificationProgramme, programme_id), codes=codes)


def _programme(text: str) -> UUID:
    return uuid_of("programme", text, field="programmeId")


def _design(told: DesignInput) -> verification.Design:
    return verification.Design(
        claim=told.claim,
        strong=[each.value for each in told.strong],
        weak=[each.value for each in told.weak],
        hosts=told.hosts,
        valid_days=told.valid_days if type(told.valid_days) is int else None,
    )


def _noted(programme_id: UUID, noted: verification.Noted) -> BookingsPayload:
    return BookingsPayload(
        programme=ref(VerificationProgramme, programme_id),
        new_count=noted.new,
        known_count=noted.known,
        bad_lines=[BadLine(line=each.line, problem=each.problem) for each in noted.bad],
    )
