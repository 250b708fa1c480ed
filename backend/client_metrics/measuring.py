"""Numbers of one client in one window, of many windows, of many clients."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final, TypeAlias
from uuid import UUID
from zoneinfo import ZoneInfo

from backend.client_metrics.catalogue import CATALOGUE
from backend.client_metrics.contributing import how_posts_are_spread, whether_newcomers_stay
from backend.client_metrics.conversing import how_threads_are_answered, who_names_whom, who_replies_to_whom
from backend.client_metrics.counting import how_many
from backend.client_metrics.deciding import how_long_decisions_take
from backend.client_metrics.defining import Base, Metric, Section
from backend.client_metrics.places import Place
from backend.client_metrics.teaching import whether_customers_stay, who_is_certified, whose_knowledge_it_is
from backend.client_metrics.thresholds import LONGEST_WINDOW, MOST_STEPS
from backend.client_metrics.values import Found, Status, Value, Window
from backend.kit.errors import Invalid
from tenants.actor import Actor
from tenants.database import PLANS_OF_COUNTS
from tenants.finding import find_workspace
from tenants.rights import Right
from tenants.scope import current

_Asked: TypeAlias = Callable[[Sequence[Place]], Awaitable[list[dict[str, list[Found]]]]]


class Step(StrEnum):
    DAY = "day"
    WEEK = "week"  # from Monday
    MONTH = "month"


# What is more than a number of rows, and the one statement that tells it.
_TOLD_BY: Final[Mapping[str, _Asked]] = {
    **dict.fromkeys(
        (
            *("active_members", "contributors", "contributions", "one_time_share"),
            *("gini", "absence_factor", "top_share"),
        ),
        how_posts_are_spread,
    ),
    **dict.fromkeys(("newcomers", "newcomer_survival", "newcomer_return"), whether_newcomers_stay),
    **dict.fromkeys(("peer_answer_share", "unanswered_share", "answered_within_day"), how_threads_are_answered),
    "reciprocity": who_replies_to_whom,
    "mention_reciprocity": who_names_whom,
    "time_to_decision": how_long_decisions_take,
    "certified_share": who_is_certified,
    "member_authored_share": whose_knowledge_it_is,
    "retention_difference": whether_customers_stay,
}


async def measure(actor: Actor, workspace_id: UUID, window: Window, names: Sequence[str]) -> tuple[Value, ...]:
    """In the order of `names`, each first of the whole client, then of its parts, by name. Raises NotAllowed, NotFound,
    Invalid for names that are none and windows that end before they begin."""
    actor.must_hold(Right.READ_WORKSPACE)
    await find_workspace(workspace_id)
    metrics = [metric_called(name) for name in names]
    check_window(window)
    [told] = await measure_places([Place(workspace_id, window)], metrics)
    return tuple(told)


async def series(actor: Actor, workspace_id: UUID, name: str, window: Window, step: Step) -> tuple[Value, ...]:
    """Of the whole client, one for each day, week or month of the client's calendar that the window touches; the first and
    the last may be cut. Raises as `measure`."""
    actor.must_hold(Right.READ_WORKSPACE)
    await find_workspace(workspace_id)
    metric = metric_called(name)
    check_window(window)
    places = [Place(workspace_id, each) for each in cut(window, step)]
    return tuple(values[0] for values in await measure_places(places, [metric]))


async def window_of(workspace_id: UUID, *, since: datetime, until: datetime) -> Window:
    """In the client's time zone. Raises NotFound."""
    return Window(since, until, (await find_workspace(workspace_id)).time_zone)


async def measure_places(places: Sequence[Place], metrics: Sequence[Metric]) -> list[list[Value]]:
    """Of each place. The same numbers for everybody who may read them: nothing in them is about anybody in particular. The
    caller has asked for the right."""
    found: list[dict[str, list[Found]]] = [{} for _ in places]
    async with current().past_restrictions(), current().planned(PLANS_OF_COUNTS):
        for together in _by_statement(metrics):
            _add(found, await how_many(together, places))
        for ask in dict.fromkeys(_TOLD_BY[metric.name] for metric in metrics if metric.name in _TOLD_BY):
            _add(found, await ask(places))
    return [
        [value for metric in metrics for value in _values(metric, place.window, each.get(metric.name, []))]
        for place, each in zip(places, found, strict=True)
    ]


def _by_statement(metrics: Sequence[Metric]) -> list[list[Metric]]:
    """Those that are numbers of rows: a statement for each section, in which a base stands where it is asked for first."""
    homes: dict[Base, Section] = {}
    found: dict[Section, list[Metric]] = {}
    for metric in metrics:
        if metric.name not in _TOLD_BY and metric.counted is not None:
            section = homes.setdefault(metric.counted.base, metric.section)
            found.setdefault(section, []).append(metric)
    return list(found.values())


def metric_called(name: str) -> Metric:
    """Raises Invalid."""
    metric = CATALOGUE.get(name)
    if metric is None:
        raise Invalid(f"There is no metric {name!r}.", path=("names",))
    return metric


def check_window(window: Window) -> None:
    """Raises Invalid."""
    if not timedelta(0) < window.until - window.since <= LONGEST_WINDOW:
        raise Invalid(
            f"A window ends after it begins, and is at most {LONGEST_WINDOW.days} days long.", path=("until",)
        )


def cut(window: Window, step: Step) -> list[Window]:
    """Into the days, weeks or months of its time zone: a day on which clocks change has 23 or 25 hours. Raises Invalid for
    too many."""
    zone = ZoneInfo(window.time_zone)
    first = window.since.astimezone(zone).replace(tzinfo=None, hour=0, minute=0, second=0, microsecond=0)
    begins = first - timedelta(days=first.weekday()) if step is Step.WEEK else first
    begins = begins.replace(day=1) if step is Step.MONTH else begins
    pieces: list[Window] = []
    # In UTC: the difference of two moments of one zone would be that of its clocks, and leave the changed hour out.
    while (since := begins.replace(tzinfo=zone).astimezone(UTC)) < window.until:
        begins = _next(begins, step)
        until = begins.replace(tzinfo=zone).astimezone(UTC)
        whole = (window.since.astimezone(UTC), window.until.astimezone(UTC))
        pieces.append(Window(max(since, whole[0]), min(until, whole[1]), window.time_zone))
        if len(pieces) > MOST_STEPS:
            raise Invalid(f"A series has at most {MOST_STEPS} values.", path=("step",))
    return pieces


def _next(day: datetime, step: Step) -> datetime:
    if step is Step.MONTH:
        return (day + timedelta(days=31)).replace(day=1)
    return day + timedelta(days=7 if step is Step.WEEK else 1)


def _add(found: list[dict[str, list[Found]]], more: Sequence[Mapping[str, list[Found]]]) -> None:
    for each, told in zip(found, more, strict=True):
        each.update(told)


def _values(metric: Metric, window: Window, found: Sequence[Found]) -> list[Value]:
    """The whole first; it is there even where nothing is."""
    whole = [each for each in found if each.of is None] or [Found(None)]
    parts = [each for each in found if each.of is not None] if metric.by is not None else []
    return [_value(metric, window, each) for each in (*whole, *sorted(parts, key=_by_name))]


def _by_name(found: Found) -> tuple[int, str]:
    name = found.of or ""
    return (int(name) if name.isdigit() else 0, name)


def _value(metric: Metric, window: Window, found: Found) -> Value:
    status = found.status
    if found.n == 0 and found.value is None:
        status = Status.NO_DATA
    elif status is None:
        status = Status.OK if found.n >= metric.fewest and found.value is not None else Status.INSUFFICIENT_DATA
    is_told = status is Status.OK
    return Value(
        metric=metric.name,
        version=metric.version,
        status=status,
        unit=metric.unit.value,
        window=window,
        value=found.value if is_told else None,
        numerator=found.numerator,
        denominator=found.denominator,
        n=found.n,
        low=found.low if is_told else None,
        high=found.high if is_told else None,
        coverage=found.coverage,
        exclusions=metric.excludes,
        sentence=found.sentence,
        of=found.of,
    )
