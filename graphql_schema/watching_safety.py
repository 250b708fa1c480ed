"""Who is on call, when nobody will be, and whether escalations were taken in time: answered in Python."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import strawberry

from backend import safety
from backend.kit.errors import Invalid, NotAllowed, NotFound
from backend.kit.ids import parse_published
from graphql_schema.context import Info
from graphql_schema.escalations import Escalation
from graphql_schema.moderation_numbers import Share
from graphql_schema.on_call import DangerKind, Rota
from graphql_schema.projection import ref
from graphql_schema.projection.declaring import NEEDS
from graphql_schema.projection.paging import bad_input
from graphql_schema.projection.serving import actor_of
from graphql_schema.staff import Staff
from tenants.rights import Right

_Client = Annotated[strawberry.ID, strawberry.argument(description="The client it is about.")]


@strawberry.type(description="A time at which nobody is on call.")
class CoverageGap:
    rota: Rota | None = strawberry.field(description="By which rota.")
    level: int = strawberry.field(description="On which of its levels.")
    starts_at: datetime = strawberry.field(description="From when nobody is.")
    ends_at: datetime = strawberry.field(description="Until when; it is looked for 14 days ahead.")
    holidays: list[str] = strawberry.field(
        description="Names of the holidays for which nobody is; empty where nobody would be on another day either."
    )


@strawberry.type(description="Who is on call at this moment.")
class OnCall:
    rota: Rota | None = strawberry.field(description="By which rota.")
    level: int = strawberry.field(description="On which of its levels.")
    staff: Staff | None = strawberry.field(description="Who it is; null for nobody.")


@strawberry.type(description="Whether escalations of one severity were taken in time, and how many are open.")
class SafetyNumbers:
    severity: int = strawberry.field(description="1 for the gravest to 5.")
    is_drill: bool = strawberry.field(description="Whether these are drills, which are counted apart.")
    promised_seconds: int = strawberry.field(
        description="Within which somebody takes it, as is promised now; each counts by its own `promisedSeconds`."
    )
    in_time: Share = strawberry.field(
        description="Of those raised in the window that were taken or whose time is over, those taken in time."
    )
    median_seconds_to_page: float | None = strawberry.field(description="Until somebody was paged; null of nothing.")
    median_seconds_to_acknowledge: float | None = strawberry.field(description="Until it was taken; null of nothing.")
    median_seconds_to_act: float | None = strawberry.field(
        description="Until its owner did something; null of nothing."
    )
    open: int = strawberry.field(description="Those that are not resolved now, whenever raised.")
    open_late: int = strawberry.field(description="Of these, those that nobody has taken in time.")


@strawberry.type(description="What somebody had of escalations; drills are none.")
class ResponderLoad:
    staff: Staff | None = strawberry.field(description="Who it is.")
    taken: int = strawberry.field(description="How many they had.")
    seconds: float = strawberry.field(description="How long they had them, together.")
    weighted_seconds: float = strawberry.field(
        description="The same, each second weighted by severity: 4, 2, 1, a half and a quarter."
    )
    has_one: bool = strawberry.field(description="Whether they have one now.")
    rests_until: datetime | None = strawberry.field(
        description="Until when they should rest, a day after severity 1 and 11 hours after 2; null where they need not. Until "
        "then somebody else who is on call is paged first."
    )
    is_capped: bool = strawberry.field(
        description="Whether they have had enough now, by the numbers of `SafetySettings`: somebody else is paged first."
    )


@strawberry.type(description="A time at which everybody who is on call for a client has opted out of a kind of danger.")
class UntakenDanger:
    kind: DangerKind = strawberry.field(description="Which kind it is.")
    starts_at: datetime = strawberry.field(description="From when nobody takes it.")
    ends_at: datetime = strawberry.field(description="Until when; it is looked for 14 days ahead.")


@strawberry.type(description="An open escalation that somebody has, and when their turn ends.")
class HeldEscalation:
    escalation: Escalation | None = strawberry.field(description="Which; its `isDrill` says whether it is a drill.")
    owner: Staff | None = strawberry.field(description="Who has it.")
    turn_ends_at: datetime | None = strawberry.field(
        description="When they are no longer on call, or were last, within a day; null where no turn of theirs ends."
    )
    is_over: bool = strawberry.field(description="Whether they are not on call now.")
    next: Staff | None = strawberry.field(description="Who is on call then in their place; null for nobody.")


@strawberry.type
class WatchingSafety:
    @strawberry.field(
        description="When nobody will be on call for a client, within 14 days, the earliest first.",
        metadata={NEEDS: Right.READ_STAFF},
    )
    async def coverage_gaps(self, info: Info, workspace_id: _Client) -> list[CoverageGap] | None:
        found = _id(workspace_id)
        if found is None:
            return None
        try:
            gaps = await safety.coverage_gaps(actor_of(info.context), found)
        except (NotAllowed, NotFound):
            return None
        return [
            CoverageGap(
                rota=ref(Rota, gap.rota_id),
                level=gap.level,
                starts_at=gap.starts_at,
                ends_at=gap.ends_at,
                holidays=list(gap.holidays),
            )
            for gap in gaps
        ]

    @strawberry.field(
        description="Who is on call for a client now, by rota and level.", metadata={NEEDS: Right.READ_STAFF}
    )
    async def on_call(self, info: Info, workspace_id: _Client) -> list[OnCall] | None:
        found = _id(workspace_id)
        if found is None:
            return None
        try:
            seats = await safety.who_is_on_call(actor_of(info.context), found)
        except (NotAllowed, NotFound):
            return None
        return [
            OnCall(
                rota=ref(Rota, seat.rota_id),
                level=seat.level,
                staff=None if seat.membership_id is None else ref(Staff, seat.membership_id),
            )
            for seat in seats
        ]

    @strawberry.field(
        description="Whether a client's escalations were taken in time, by severity; drills after what was real. A "
        "window of 366 days at most.",
        metadata={NEEDS: Right.READ_WORKSPACE},
    )
    async def safety_numbers(
        self,
        info: Info,
        workspace_id: _Client,
        since: Annotated[datetime, strawberry.argument(description="When the window begins.")],
        until: Annotated[datetime, strawberry.argument(description="When it ends, which is no part of it.")],
    ) -> list[SafetyNumbers] | None:
        found = _id(workspace_id)
        if found is None:
            return None
        try:
            rows = await safety.safety_numbers(actor_of(info.context), found, since=since, until=until)
        except (NotAllowed, NotFound):
            return None
        except Invalid as refusal:
            raise bad_input(refusal.message) from None
        return [_shown(row) for row in rows]

    @strawberry.field(
        description="What is to be handed over: escalations of severity 1 to 3 of a client that somebody has, the turn that "
        "ends first before others.",
        metadata={NEEDS: Right.WORK_QUEUE},
    )
    async def hand_over_list(self, info: Info, workspace_id: _Client) -> list[HeldEscalation] | None:
        found = _id(workspace_id)
        if found is None:
            return None
        try:
            rows = await safety.hand_over_list(actor_of(info.context), found)
        except (NotAllowed, NotFound):
            return None
        return [
            HeldEscalation(
                escalation=ref(Escalation, held.escalation_id),
                owner=ref(Staff, held.owner_id),
                turn_ends_at=held.turn_ends_at,
                is_over=held.is_over,
                next=None if held.next_id is None else ref(Staff, held.next_id),
            )
            for held in rows
        ]

    @strawberry.field(
        description="What responders had of the escalations of clients you see, the most first: everybody's for who plans "
        "shifts, for others their own. A window of 366 days at most.",
        metadata={NEEDS: Right.WORK_QUEUE},
    )
    async def responder_loads(
        self,
        info: Info,
        since: Annotated[datetime, strawberry.argument(description="When the window begins.")],
        until: Annotated[datetime, strawberry.argument(description="When it ends, which is no part of it.")],
    ) -> list[ResponderLoad] | None:
        try:
            loads = await safety.responder_loads(actor_of(info.context), since=since, until=until)
        except NotAllowed:
            return None
        except Invalid as refusal:
            raise bad_input(refusal.message) from None
        return [
            ResponderLoad(
                staff=ref(Staff, load.membership_id),
                taken=load.taken,
                seconds=load.seconds,
                weighted_seconds=load.weighted_seconds,
                has_one=load.has_one,
                rests_until=load.rests_until,
                is_capped=load.is_capped,
            )
            for load in loads
        ]

    @strawberry.field(
        description="Kinds of danger that nobody who is on call for a client takes, within 14 days, the earliest first. They are "
        "paged for all the same; when nobody is on call at all, `coverageGaps` says so.",
        metadata={NEEDS: Right.LEAD_QUEUE},
    )
    async def untaken_dangers(self, info: Info, workspace_id: _Client) -> list[UntakenDanger] | None:
        found = _id(workspace_id)
        if found is None:
            return None
        try:
            rows = await safety.untaken_dangers(actor_of(info.context), found)
        except (NotAllowed, NotFound):
            return None
        return [UntakenDanger(kind=DangerKind(row.kind), starts_at=row.starts_at, ends_at=row.ends_at) for row in rows]

    @strawberry.field(
        description="Which kinds of danger you do not take, unless nobody else is there; for you alone.",
        metadata={NEEDS: Right.WORK_QUEUE},
    )
    async def my_opt_outs(self, info: Info) -> list[DangerKind] | None:
        try:
            kinds = await safety.my_opt_outs(actor_of(info.context))
        except NotAllowed:
            return None
        return [DangerKind(kind) for kind in kinds]


def _shown(row: safety.Attainment) -> SafetyNumbers:
    low, high = row.interval or (None, None)
    return SafetyNumbers(
        severity=row.severity,
        is_drill=row.is_drill,
        promised_seconds=row.promised_seconds,
        in_time=Share(numerator=row.in_time, denominator=row.count, value=row.share, low=low, high=high),
        median_seconds_to_page=row.median_seconds_to_page,
        median_seconds_to_acknowledge=row.median_seconds_to_acknowledge,
        median_seconds_to_act=row.median_seconds_to_act,
        open=row.open,
        open_late=row.open_late,
    )


def _id(text: str) -> UUID | None:
    parsed = parse_published(text)
    return parsed[1] if parsed is not None and parsed[0] == "workspace" else None
