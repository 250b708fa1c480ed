"""The integrity report of a client, computed in Python."""

from datetime import datetime
from enum import Enum

import strawberry

from backend import integrity
from backend.policies import TAXONOMY
from graphql_schema.describing import value
from graphql_schema.moderation_numbers import Durations, Share, durations, share


@strawberry.type(description="What was reported under one code of the taxonomy, or under all, and what became of it.")
class IntegrityLine:
    code: str | None = strawberry.field(description="One of the 49 codes, such as FR-SCAM; null for all of them.")
    title: str = strawberry.field(description="What the code means, in plain words.")
    reported: int = strawberry.field(description="Reports that came in the window, those of rules included.")
    reported_before: int = strawberry.field(description="Reports that came in the window of the same length before.")
    by_rules: int = strawberry.field(description="Reports in the window that rules made.")
    found: Share = strawberry.field(description="Of cases closed in the window, those that were violations.")
    restricted: int = strawberry.field(description="Cases closed in the window by which somebody was restricted.")
    own_initiative: Share = strawberry.field(
        description="Of cases closed in the window, those that only rules and staff had reported."
    )
    in_time: Share = strawberry.field(description="Of cases closed in the window, those closed by their `dueAt`.")
    time_to_decision: Durations = strawberry.field(description="From the first report to the end of the case.")
    reversed: Share = strawberry.field(
        description="Of cases closed in the window, those of which an appeal reversed a decision."
    )


@strawberry.enum(description="What to change.")
class AdviceKind(Enum):
    NAME_POLICIES = value(
        "name_policies", "More than half of the reports name no policy: offer them where people report."
    )
    LOOK_INTO_RISE = value(
        "look_into_rise", "Far more is reported than in the window before: `share` is of both windows."
    )
    REVISE_POLICY = value("revise_policy", "Decisions are reversed often: say more clearly what is not accepted.")
    DECIDE_SOONER = value("decide_sooner", "Too few are decided in time: more people, or another promise.")
    EXPLAIN_POLICY = value(
        "explain_policy", "Little of what is reported is found: explain to members what is accepted."
    )


@strawberry.type(description="Something to change; told only where the numbers carry it.")
class Advice:
    kind: AdviceKind = strawberry.field(description="What it is.")
    code: str | None = strawberry.field(description="The code it is about; null for all of it.")
    share: Share = strawberry.field(description="The numbers that say so.")


@strawberry.type(description="How much of what was written in the community of a programme is verified.")
class VerifiedShare:
    programme: str = strawberry.field(description="What the programme is called.")
    share: Share = strawberry.field(description="Of posts in the window, those that are verified.")
    before: Share = strawberry.field(description="The same of the window of the same length before.")


@strawberry.type(
    description="How the integrity of a client's communities is doing. What is open is as of now, all else of the window."
)
class IntegrityReport:
    since: datetime = strawberry.field(description="When the window begins.")
    until: datetime = strawberry.field(description="When it ends, which is no part of it.")
    total: IntegrityLine = strawberry.field(description="All codes together.")
    lines: list[IntegrityLine] = strawberry.field(description="By code, those under which there was anything.")
    appeals: Share = strawberry.field(
        description="Of appeals answered in the window, those after which the decision was another one."
    )
    investigations_opened: int = strawberry.field(description="Investigations opened in the window.")
    investigations_confirmed: Share = strawberry.field(
        description="Of investigations concluded in the window, those that confirmed what was suspected."
    )
    open_cases: int = strawberry.field(description="Cases that are not closed.")
    open_overdue: int = strawberry.field(description="Of these, whose `dueAt` has passed.")
    open_grave: int = strawberry.field(description="Of these, in the tiers DANGER and SEVERE.")
    oldest_open_at: datetime | None = strawberry.field(description="When the oldest was opened; null for none.")
    open_investigations: int = strawberry.field(description="Investigations that somebody works on.")
    verified: list[VerifiedShare] = strawberry.field(
        description="By programme in use, how much of what was written is verified."
    )
    advice: list[Advice] = strawberry.field(description="What to change.")


def integrity_told(of: integrity.IntegrityReport) -> IntegrityReport:
    return IntegrityReport(
        since=of.since,
        until=of.until,
        total=_line(of.total),
        lines=[_line(line) for line in of.lines],
        appeals=share(of.appeals),
        investigations_opened=of.investigations_opened,
        investigations_confirmed=share(of.investigations_confirmed),
        open_cases=of.open_cases,
        open_overdue=of.open_overdue,
        open_grave=of.open_grave,
        oldest_open_at=of.oldest_open_at,
        open_investigations=of.open_investigations,
        verified=[
            VerifiedShare(programme=each.name, share=share(each.share), before=share(each.before))
            for each in of.verified
        ],
        advice=[Advice(kind=AdviceKind(each.kind), code=each.code, share=share(each.share)) for each in of.advice],
    )


def _line(line: integrity.Line) -> IntegrityLine:
    return IntegrityLine(
        code=line.code or None,
        title=TAXONOMY[line.code].title if line.code else "All codes",
        reported=line.reported,
        reported_before=line.reported_before,
        by_rules=line.by_rules,
        found=share(line.found),
        restricted=line.restricted,
        own_initiative=share(line.own_initiative),
        in_time=share(line.in_time),
        time_to_decision=durations(line.time_to_decision),
        reversed=share(line.reversed),
    )
