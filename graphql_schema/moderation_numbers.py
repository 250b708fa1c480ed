"""Numbers for leads, computed in Python: how much waits, how fast and how well it is judged."""

from datetime import datetime

import strawberry

from backend import moderation
from graphql_schema.projection import ref
from graphql_schema.staff import Staff


@strawberry.type(description="Some of many, with how sure that is.")
class Share:
    numerator: int = strawberry.field(description="How many of them.")
    denominator: int = strawberry.field(description="Of how many there are.")
    value: float | None = strawberry.field(description="Their quotient; null of nothing.")
    low: float | None = strawberry.field(description="Lower end of Wilson's 95 % interval; null of nothing.")
    high: float | None = strawberry.field(description="Upper end of Wilson's 95 % interval; null of nothing.")


@strawberry.type(description="How long things took.")
class Durations:
    count: int = strawberry.field(description="Of how many things.")
    median_seconds: float | None = strawberry.field(description="Half took no longer; null of nothing.")
    ninetieth_seconds: float | None = strawberry.field(description="Nine of ten took no longer; null of nothing.")


@strawberry.type(description="How far two who judged the same case, blind, said the same of outcome and policy.")
class Agreement:
    pairs: int = strawberry.field(description="How many cases were judged twice, blind.")
    alike: Share = strawberry.field(description="Those of which both said the same.")
    kappa: float | None = strawberry.field(
        description="Cohen's kappa: 0 for chance, 1 for always; null below 30 pairs."
    )
    alpha: float | None = strawberry.field(description="Krippendorff's alpha, nominal; null below 30 pairs.")


@strawberry.type(description="What a colleague has to do and has done for the client.")
class Workload:
    staff: Staff | None = strawberry.field(description="Who it is.")
    held_count: int = strawberry.field(description="Cases they have claimed now.")
    review_count: int = strawberry.field(description="Reviews they gave in the window.")
    handle_seconds: float = strawberry.field(description="For how long they had cases in the window.")
    exposure: float = strawberry.field(
        description="Weighted seconds in sight in this shift, of all clients: to look after them, no measure of work."
    )
    soft_limit: int = strawberry.field(description="Of exposure: beyond it they are offered lighter cases first.")
    hard_limit: int = strawberry.field(description="Of exposure: beyond it they are offered no severe cases.")


@strawberry.type(description="How the cases of one client do. What is open is as of now, all else is of the window.")
class ModerationNumbers:
    since: datetime = strawberry.field(description="When the window begins.")
    until: datetime = strawberry.field(description="When it ends, which is no part of it.")
    queued: int = strawberry.field(description="Open cases that wait for somebody.")
    in_review: int = strawberry.field(description="Open cases that somebody has claimed.")
    pending_info: int = strawberry.field(description="Open cases that wait for an answer.")
    held: int = strawberry.field(description="Open cases whose decision waits for a second person.")
    overdue: int = strawberry.field(description="Open cases whose `dueAt` has passed; no part of `inTime`.")
    age: Durations = strawberry.field(description="Of open cases, since they were opened.")
    in_time: Share = strawberry.field(description="Of cases closed in the window, those closed by their `dueAt`.")
    appeals_in_time: Share = strawberry.field(description="Of appeals answered in the window, those by their `dueAt`.")
    touched_in_time: Share = strawberry.field(
        description="Of cases that somebody was to look at in the window, those that somebody did look at by then."
    )
    handle_time: Durations = strawberry.field(description="Of cases closed in the window, how long they were claimed.")
    violations: Share = strawberry.field(description="Of decisions made in the window, those that found a violation.")
    judged_twice: Share = strawberry.field(description="Of cases closed in the window, those that two have judged.")
    overturned: Share = strawberry.field(description="Of decisions made in the window, those an appeal overturned.")
    undone: Share = strawberry.field(description="Of decisions made in the window, those taken back within minutes.")
    golden: Share = strawberry.field(
        description="Of golden cases judged in the window, those that were judged as is known to be right."
    )
    agreement: Agreement = strawberry.field(description="How far reviewers agree.")
    workload: list[Workload] = strawberry.field(
        description="Whoever had a case of the client in the window, by name and never by exposure."
    )


def told(numbers: moderation.Numbers) -> ModerationNumbers:
    return ModerationNumbers(
        since=numbers.since,
        until=numbers.until,
        queued=numbers.queued,
        in_review=numbers.in_review,
        pending_info=numbers.pending_info,
        held=numbers.held,
        overdue=numbers.overdue,
        age=durations(numbers.age),
        in_time=share(numbers.in_time),
        appeals_in_time=share(numbers.appeals_in_time),
        touched_in_time=share(numbers.touched_in_time),
        handle_time=durations(numbers.handle_time),
        violations=share(numbers.violations),
        judged_twice=share(numbers.judged_twice),
        overturned=share(numbers.overturned),
        undone=share(numbers.undone),
        golden=share(numbers.golden),
        agreement=Agreement(
            pairs=numbers.agreement.pairs,
            alike=share(numbers.agreement.alike),
            kappa=numbers.agreement.kappa,
            alpha=numbers.agreement.alpha,
        ),
        workload=[
            Workload(
                staff=ref(Staff, load.membership_id),
                held_count=load.held,
                review_count=load.reviews,
                handle_seconds=load.handle_seconds,
                exposure=load.exposure,
                soft_limit=load.soft_limit,
                hard_limit=load.hard_limit,
            )
            for load in numbers.loads
        ],
    )


def share(share: moderation.Share) -> Share:
    low, high = share.interval or (None, None)
    return Share(numerator=share.numerator, denominator=share.denominator, value=share.value, low=low, high=high)


def durations(of: moderation.Durations) -> Durations:
    return Durations(count=of.count, median_seconds=of.median, ninetieth_seconds=of.ninetieth)
