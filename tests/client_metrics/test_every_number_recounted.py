"""Every metric of the catalogue against a recount in plain Python, over histories at random; and opened down to its rows."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from cast import Cast
from lived import History, Row
from recounted import Number, Said, by_part, count, lasting, share

from backend.client_metrics import CATALOGUE, Status, Unit, Value, Window, measure, rows_behind
from backend.education import Certificate, TrainingNeed
from backend.kit.clock import now
from backend.kit.errors import Conflict, Invalid, NotAllowed, NotFound
from backend.kit.ids import new_id
from backend.retention import RetentionStudy, StudyResult
from tenants.scope import agency_scope

pytestmark = pytest.mark.asyncio(loop_scope="session")
UNTIL = datetime(2024, 6, 1, tzinfo=UTC)  # long ago, wherever clocks stand
SINCE = UNTIL - timedelta(days=120)
WINDOW = Window(SINCE, UNTIL, "Europe/Berlin")
# What no history here holds; each has a test of its own.
ELSEWHERE = {"certified_share", "retention_difference"}
Found = dict[tuple[str, str | None], Number | None]


@pytest.fixture(scope="module", params=range(4))
async def history(request: pytest.FixtureRequest, acme: Cast) -> History:
    client = await acme.empty_workspace()
    history = History(acme, client, SINCE, UNTIL, Random(request.param))
    await history.live()
    return history


def inside(moment: datetime | None) -> bool:
    return moment is not None and SINCE <= moment < UNTIL


def before(moment: datetime | None) -> bool:
    return moment is not None and moment < UNTIL


def split(rows: Sequence[Row], by: Callable[[Row], str] | None) -> dict[str | None, list[Row]]:
    parts: dict[str | None, list[Row]] = defaultdict(list, {None: list(rows)})
    for row in rows if by is not None else ():
        parts[by(row)].append(row)
    return parts


def code_of(row: Row) -> str:
    """Of the decision's policy, or of the first that a report named."""
    named = {"scam": "FR-SCAM", "own": "RU-COMM"}
    if row["policy"] is not None:
        return named[row["policy"]]
    return next((told["code"] for told in row["reports"] if told["code"] != "UN-NOTICE"), "UN-NOTICE")


def policed(row: Row) -> bool:
    return bool(row["reports"]) and row["reports"][0]["channel"] == "member"


def recounted(history: History) -> Found:
    rows, found = history.rows, Found()

    def counts(name: str, of: Sequence[Row], by: Callable[[Row], str] | None = None) -> None:
        found.update({(name, part): count(len(each)) for part, each in split(of, by).items()})

    def shares(
        name: str, of: Sequence[Row], counted: Callable[[Row], Any], by: Callable[[Row], str] | None = None
    ) -> None:
        for part, each in split(of, by).items():
            found[name, part] = share(sum(bool(counted(row)) for row in each), len(each))

    cases = [row for row in rows["cases"] if row["kind"] == "moderation"]
    opened, closed = [r for r in cases if inside(r["opened"])], [r for r in cases if inside(r["closed"])]
    appeals = [r for r in rows["cases"] if r["kind"] == "appeal"]
    still = [r for r in (*cases, *appeals) if r["opened"] < UNTIL and not before(r["closed"])]
    touched = [r for r in (*cases, *appeals) if inside(r["touch_due"])]
    tier = lambda row: row["tier"]  # noqa: E731
    reports = [told for told in rows["reports"] if inside(told["at"])]
    counts("reports_received", reports)
    counts("reports_by_code", reports, lambda told: told["code"])
    shares("rule_reports_share", reports, lambda told: told["channel"] == "rule", lambda told: told["code"])
    counts("cases_opened", opened, tier)
    counts("cases_closed", closed, tier)
    shares("closed_in_time", closed, lambda r: r["closed"] <= r["due"], tier)
    shares("touched_in_time", touched, lambda r: r["touched"] is not None and r["touched"] <= r["touch_due"], tier)
    shares("appeals_in_time", [r for r in appeals if inside(r["closed"])], lambda r: r["closed"] <= r["due"], tier)
    counts("open_cases", still, tier)
    counts("open_past_due", [r for r in still if r["due"] < UNTIL], tier)
    for name, by in (("found_share", tier), ("found_by_code", code_of)):
        shares(name, closed, lambda r: r["outcome"] == "violation", by)
    for name, by in (("reversed_share", tier), ("reversed_by_code", code_of)):
        shares(name, closed, lambda r: r["reversed"], by)
    counts("restricted_cases", [r for r in closed if "hide_post" in r["actions"]], code_of)
    shares(
        "own_initiative_share", closed,
        lambda r: {told["channel"] for told in r["reports"]} <= {"rule", "staff"}, code_of,
    )  # fmt: skip
    shares("self_policing_share", [r for r in closed if r["outcome"] == "violation"], policed)
    shares("self_policing_reversed", [r for r in closed if policed(r)], lambda r: r["reversed"])
    for part, each in split(opened, tier).items():
        found["time_to_decision", part] = median_wait(each)
    for part, each in split([r for r in closed if r["claims"]], tier).items():
        found["handle_time", part] = handled(each)
    answered = [r for r in rows["appeals"] if inside(r["answered"]) and r["state"] != "inadmissible"]
    shares("appeals_granted", answered, lambda r: r["state"] == "overturned")
    counts("investigations_opened", [r for r in rows["investigations"] if inside(r["opened"])])
    concluded = [r for r in rows["investigations"] if inside(r["concluded"])]
    shares("investigations_confirmed", concluded, lambda r: r["outcome"] == "confirmed")
    dangers, severity = [r for r in rows["dangers"] if not r["is_drill"]], lambda r: str(r["severity"])
    raised = [r for r in dangers if inside(r["raised"])]
    counts("escalations_raised", raised, severity)
    settled = [r for r in raised if before(r["taken"]) or r["due"] < UNTIL]
    shares("acknowledged_in_time", settled, lambda r: r["taken"] is not None and r["taken"] <= r["due"], severity)
    going = [r for r in dangers if r["raised"] < UNTIL and not before(r["over"])]
    counts("escalations_open", going, severity)
    counts("escalations_late", [r for r in going if not before(r["taken"]) and r["due"] < UNTIL], severity)
    enrolled = [r for r in rows["enrolments"] if inside(r["at"])]
    shares(
        "course_completion", enrolled, lambda r: r["ends"] == "completed" and before(r["ended"]),
        lambda r: f"course_{r['course']}",
    )  # fmt: skip
    there = [r for r in rows["items"] if before(r["at"]) and not before(r["archived"])]
    counts("published_items", there)
    authored = [r["authors"] for r in there if any(r["authors"])]
    by_members = sum(members / (staff + members) for staff, members in authored)
    found["member_authored_share", None] = Number(by_members / len(authored), by_members, len(authored), len(authored))
    found.update(of_talk(history))
    return found


def median_wait(rows: Sequence[Row]) -> Number | None:
    """The first moment by which half is left, and when the interval of what is left holds one half."""
    lives = [((min(r["closed"] or UNTIL, UNTIL) - r["opened"]).total_seconds(), before(r["closed"])) for r in rows]
    times = sorted({seconds for seconds, ended in lives if ended})
    left = [(seconds, lasting(lives, seconds)) for seconds in times]
    value, low, high = (
        next((s for s, each in left if each is not None and (each[field] or 0) <= 0.5 + 1e-12), None)
        for field in (0, 4, 5)
    )
    return Number(value, None, len(rows), len(rows), low, high) if rows else None


def handled(rows: Sequence[Row]) -> Number | None:
    seconds = [sum(r["claims"]) for r in rows]
    if not seconds:
        return None
    n, mean = len(seconds), sum(seconds) / len(seconds)
    if n == 1:
        return Number(mean, mean, 1, 1)
    half = 1.959963984540054 * (sum((each - mean) ** 2 for each in seconds) / (n - 1) / n) ** 0.5
    return Number(mean, sum(seconds), n, n, max(0.0, mean - half), mean + half)


def of_talk(history: History) -> Found:
    parts = {room: id for id, room in history.rooms.items()}
    found: Found = {
        (name, room if room is None else parts[room]): number
        for room, numbers in by_part(history.said, SINCE, UNTIL).items()
        for name, number in numbers.items()
    }
    threads = defaultdict(list)
    for post in sorted((post for post in history.said if post.thread), key=lambda post: post.at):
        threads[post.thread].append(post)
    waits = [answer(posts) for posts in threads.values() if inside(posts[0].at) and not posts[0].is_bot]
    known = [by for by, _ in waits if by is not None and by.trust is not None]
    lives = [(seconds, by is not None) for by, seconds in waits]
    within = lasting(lives, 86_400.0)
    assert within is not None
    assert None not in (within.value, within.low, within.high)
    for part in (None, parts["forum"]):
        found["peer_answer_share", part] = share(sum(by.trust != 5 for by in known), len(known))
        found["unanswered_share", part] = share(sum(by is None for by, _ in waits), len(waits))
        found["answered_within_day", part] = Number(
            1 - within.value, None, len(waits), len(waits), 1 - within.high, 1 - within.low
        )
    forum = [post for post in history.said if post.room == "forum" and inside(post.at)]
    [programme] = history.rows["verified"]
    for part in (None, f"programme_{programme['programme']}"):
        found["verified_share", part] = share(sum(post.id in programme["posts"] for post in forum), len(forum))
    return found


def answer(posts: Sequence[Said]) -> tuple[Said | None, float]:
    """Whose it is, and after how long; or how long there was none."""
    later = [p for p in posts[1:] if p.at < UNTIL and not p.is_bot and p.person != posts[0].person]
    if not later:
        return None, (UNTIL - posts[0].at).total_seconds()
    return later[0], (later[0].at - posts[0].at).total_seconds()


async def opened(history: History, name: str, of: str | None = None) -> list[tuple[str, bool | None]]:
    """All rows, two to a page."""
    found: list[tuple[str, bool | None]] = []
    after = None
    async with agency_scope(history.cast.owner):
        while True:
            page = await rows_behind(history.cast.owner, history.client, name, WINDOW, of=of, after=after, limit=20)
            found += [(str(row.id), row.counts) for row in page.rows]
            if not page.has_more:
                return found
            after = page.rows[-1].id


async def test_every_number_is_what_a_plain_recount_gives(history: History) -> None:
    names = [name for name in CATALOGUE if name not in ELSEWHERE]
    async with agency_scope(history.cast.owner):
        told = await measure(history.cast.owner, history.client, WINDOW, names)
    expected = recounted(history)
    assert {value.metric for value in told} == set(names)
    seen = set()
    for value in told:
        number = expected.get((value.metric, value.of))
        agrees(value, number)
        seen.add((value.metric, value.of))
    assert {key for key, number in expected.items() if number and (number.n or key[1] is None)} <= seen
    assert sum(value.value is not None for value in told) > 60


def agrees(told: Value, counted: Number | None) -> None:
    if (
        counted is None
        or counted.value is None
        or (counted.n < CATALOGUE[told.metric].fewest and told.status is not Status.OK)
    ):
        assert told.value is None, told
        return
    for field, expected in counted._asdict().items():
        found = getattr(told, field)
        assert found == (None if expected is None else pytest.approx(expected, rel=1e-9, abs=1e-9)), (field, told)


async def test_every_number_that_counts_rows_opens_to_as_many_rows(history: History) -> None:
    async with agency_scope(history.cast.owner):
        told = await measure(history.cast.owner, history.client, WINDOW, list(CATALOGUE))
    checked = 0
    for value in told:
        metric = CATALOGUE[value.metric]
        if metric.counted is None:
            with pytest.raises(Conflict):
                await opened(history, metric.name)
            continue
        rows = await opened(history, metric.name, value.of)
        assert len({id for id, _ in rows}) == len(rows)
        if metric.unit is Unit.SHARE and metric.counted.counts is not None:
            assert (sum(counts or False for _, counts in rows), len(rows)) == (
                value.numerator or 0,
                value.denominator or 0,
            )
        elif metric.counted.counts is None:
            assert len(rows) == (value.denominator or 0), value
        else:
            assert len(rows) == value.value, value
        checked += len(rows) > 0
    assert checked > 60


async def test_the_same_numbers_are_told_to_everybody_who_may_read_them(history: History) -> None:
    """An owner, and somebody of the client's side."""
    cast, answers = history.cast, []
    stakeholder = cast.stakeholder.narrowed_to(history.client)
    for reader in (cast.owner, stakeholder):
        async with agency_scope(reader):
            answers.append(await measure(reader, history.client, WINDOW, list(CATALOGUE)))
    assert answers[0] == answers[1]
    async with agency_scope(stakeholder):
        for name in ("contributions", "cases_closed"):
            with pytest.raises(NotAllowed):
                await rows_behind(stakeholder, history.client, name, WINDOW)


async def test_a_value_is_the_same_after_it_was_kept(history: History) -> None:
    async with agency_scope(history.cast.owner):
        told = await measure(history.cast.owner, history.client, WINDOW, list(CATALOGUE))
    assert [Value.from_json(value.as_json()) for value in told] == list(told)


async def test_an_empty_window_has_no_data_and_no_number(acme: Cast) -> None:
    client = await acme.empty_workspace()
    async with agency_scope(acme.owner):
        told = await measure(acme.owner, client, WINDOW, list(CATALOGUE))
    assert [(value.metric, value.status, value.value, value.n, value.of) for value in told] == [
        (name, Status.NO_DATA, None, 0, None) for name in CATALOGUE
    ]


async def test_a_silent_window_counts_nothing_and_shares_nothing(history: History) -> None:
    """There was something before: then zero is a number, and a share of nothing still none."""
    later = Window(UNTIL + timedelta(days=900), UNTIL + timedelta(days=901), "UTC")
    async with agency_scope(history.cast.owner):
        told = {
            v.metric: v
            for v in await measure(history.cast.owner, history.client, later, list(CATALOGUE))
            if v.of is None
        }
    assert (told["contributions"].value, told["contributions"].status) == (0, Status.OK)
    assert (told["cases_closed"].value, told["escalations_raised"].value) == (0, 0)
    assert {told[name].status for name in ("closed_in_time", "gini", "top_share", "handle_time")} == {Status.NO_DATA}


async def test_what_is_no_metric_no_window_and_no_client_is_refused(history: History, globex: Cast) -> None:
    owner = history.cast.owner
    async with agency_scope(owner):
        for window, name in ((WINDOW, "nonsense"), (Window(UNTIL, UNTIL, "UTC"), "gini")):
            with pytest.raises(Invalid):
                await measure(owner, history.client, window, [name])
        for client in (globex.workspaces["forum"], new_id()):
            with pytest.raises(NotFound):
                await measure(owner, client, WINDOW, ["gini"])
            with pytest.raises(NotFound):
                await rows_behind(owner, client, "contributions", WINDOW)


async def test_who_needs_a_certificate_and_holds_it(acme: Cast) -> None:
    """An owner needs two kinds and has held one since a year ago, until two days ago."""
    client, kind, moment = await acme.empty_workspace(), f"k_{new_id().hex[-12:]}", now()
    async with agency_scope(acme.system):
        await TrainingNeed.create(workspace_id=client, role="owner", kinds=[kind, f"{kind}_2"])
        await Certificate.create(
            membership_id=acme.owner.membership_id, kind=kind, proof="x", valid_from=moment - timedelta(days=365),
            valid_until=moment - timedelta(days=2),
        )  # fmt: skip
    told = []
    for days in (400, 5, 1, -9):
        window = Window(moment - timedelta(days=1_000), moment - timedelta(days=days), "UTC")
        async with agency_scope(acme.owner):
            [value] = await measure(acme.owner, client, window, ["certified_share"])
        told.append((value.numerator, value.denominator))
    assert told == [(0, 2), (1, 2), (0, 2), (0, 2)]


async def test_the_newest_study_says_its_sentence_with_its_number(acme: Cast) -> None:
    client, told = await acme.empty_workspace(), []
    difference = {"value": 0.05, "low": -0.01, "high": 0.11}
    shown = [{"days": 182, "difference": {"value": 1}}, {"days": 365, "difference": difference}]
    landmarks = [
        {"landmarkDays": 30, "status": "INSUFFICIENT_DATA", "numbers": {"exposed": 5, "unexposed": 4}},
        {"landmarkDays": 90, "status": "OK", "numbers": {"exposed": 50, "unexposed": 40}, "survivalDifference": shown},
    ]
    for days, result in ((2, {"landmarks": landmarks[:1]}), (1, {"landmarks": landmarks})):
        async with agency_scope(acme.system):
            study = await RetentionStudy.create(
                workspace_id=client, name="x", definition={}, definition_hash="x", state="done", cut_off_at=UNTIL,
                input_hash="x", frozen_at=UNTIL, ended_at=UNTIL - timedelta(days=days),
            )  # fmt: skip
            await StudyResult.create(
                workspace_id=client, study_id=study.id, evidence_grade="association", sentence="An association, not an effect.",
                caveats=[], result=result, result_hash="x", csv="x", charts=[],
            )  # fmt: skip
    for window in (WINDOW, Window(SINCE, UNTIL - timedelta(days=1.5), "UTC")):
        async with agency_scope(acme.owner):
            values = await measure(acme.owner, client, window, ["retention_difference"])
        told.append([(each.of, each.status, each.value, each.low, each.high, each.n) for each in values])
        assert all(each.of is None or "An association, not an effect." in (each.sentence or "") for each in values)
    assert told == [
        [
            (None, Status.OK, 0.05, -0.01, 0.11, 90),
            ("30", Status.INSUFFICIENT_DATA, None, None, None, 9),
            ("90", Status.OK, 0.05, -0.01, 0.11, 90),
        ],
        [(None, Status.NO_DATA, None, None, None, 0), ("30", Status.INSUFFICIENT_DATA, None, None, None, 9)],
    ]
