"""From level to level by time alone: the machine beside its table, over every shape of policy, by a clock of the test's own."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from backend.safety.climbing import Event, Ladder, Move, Place, begin, climb
from backend.safety.policies import Contacts
from backend.safety.sparing import reached_by
from backend.safety.staffing import Colleague, Staffing
from backend.safety.taking_turns import Layer, Turns
from backend.safety.thresholds import EXHAUSTED_AGAIN, NOBODY_AGAIN
from tenants.rights import Role

START = datetime(
    2026, 10, 25, 0, 30, tzinfo=UTC
)  # Paris puts its clock back half an hour later: nothing here may notice
PARIS = ZoneInfo("Europe/Paris")
ADA, BEN = UUID(int=1), UUID(int=2)
FREE = {date(2026, 10, 25), date(2026, 10, 27)}
STAFFING = Staffing(
    {who: Colleague(who, Role.SAFETY_RESPONDER, is_trained=True) for who in (ADA, BEN)},
    asks_for_training=True,
    rotas={
        UUID(int=9): Turns(
            PARIS,
            [
                Layer(1, START - timedelta(days=9), 24, [ADA], holidays="not_on", calendar=FREE),
                Layer(2, START - timedelta(days=9), 24, [BEN], holidays="only_on", calendar=FREE),
            ],
        )
    },
)
POLICY = {"levels": [{"targets": [{"kind": "ON_CALL", "level": level}]} for level in range(1, 6)]}
LADDERS = st.builds(
    Ladder,
    st.lists(st.integers(60, 3600), min_size=1, max_size=5).map(tuple),
    st.one_of(st.none(), st.integers(0, 3)),
    st.sampled_from((0, 0, 120)),
)


class Escalating(RuleBasedStateMachine):
    """The model keeps what the table of backend/safety/climbing.py says in the plainest way: a list of who is still to be
    paged, and when."""

    @initialize(ladder=LADDERS, covered=st.lists(st.booleans(), min_size=5, max_size=5))
    def raise_it(self, ladder: Ladder, covered: list[bool]) -> None:
        self.ladder, self.now = ladder, START
        self.covered = covered[: len(ladder.waits)]
        self.pages: list[tuple[int, int, datetime]] = []
        self._follow(begin(ladder, moment=self.now, covered=self.covered), loop=0, entered=1)

    @rule(seconds=st.integers(0, 4000))
    def time_passes(self, seconds: int) -> None:
        """Steps come when they are due, or later: after an outage."""
        self.now += timedelta(seconds=seconds)
        self._step()

    @rule(backwards=st.integers(1, 4000))
    def the_clock_jumps_back(self, backwards: int) -> None:
        """A step that is asked for before its time does nothing."""
        before = self.place
        if before.next_at is None or self.now - timedelta(seconds=backwards) >= before.next_at:
            return
        assert climb(before, self.ladder, moment=self.now - timedelta(seconds=backwards), covered=self.covered) is None

    @rule(covered=st.lists(st.booleans(), min_size=5, max_size=5))
    def people_come_and_go(self, covered: list[bool]) -> None:
        self.covered = covered[: len(self.ladder.waits)]

    @precondition(lambda self: self.place.state in ("triggered", "exhausted", "pending_repeat"))
    @rule(seconds=st.integers(60, 3600), state=st.sampled_from(("acknowledged", "silenced")))
    def somebody_takes_it(self, seconds: int, state: str) -> None:
        self.place = replace(self.place, state=state, next_at=self.now + timedelta(seconds=seconds))

    @rule()
    def two_workers_have_one_timer(self) -> None:
        """The second finds the next step not due."""
        self._step()
        assert self.place.next_at is not None
        assert self.place.next_at > self.now

    @invariant()
    def no_page_has_the_key_of_another(self) -> None:
        keys = [(loop, level) for loop, level, _ in self.pages]
        assert len(keys) == len(set(keys))

    @invariant()
    def somebody_always_comes_back_to_it(self) -> None:
        """Until it is resolved there is always a next moment, and it is in the future once a step was taken."""
        assert self.place.next_at is not None

    def _step(self) -> None:
        before = self.place
        move = climb(before, self.ladder, moment=self.now, covered=self.covered)
        if before.next_at is None or self.now < before.next_at:
            assert move is None
            return
        assert move is not None
        if before.state in ("acknowledged", "silenced"):
            word = "decayed" if before.state == "acknowledged" else "sound_again"
            assert move.events[0] == Event(word, before.level, before.loop)
            move = replace(move, events=move.events[1:])
            assert move.place.began_loop == before.loop + 1
            self._follow(move, loop=before.loop + 1, entered=1, began=before.loop + 1)
        elif before.state == "exhausted":
            assert move.events == (Event("exhausted", len(self.ladder.waits) + 1, before.loop + 1),)
            assert move.place == self._exhausted(before.loop + 1, before.began_loop)
            self.place = move.place
            self.pages.append((before.loop + 1, before.level, self.now))
        else:
            entered = before.level + 1 if before.state == "triggered" else 1
            self._follow(move, loop=before.loop, entered=entered, began=before.began_loop)

    def _follow(self, move: Move, *, loop: int, entered: int, began: int = 0) -> None:
        """What the table says comes of entering a level."""
        expected: list[Event] = []
        levels, level = len(self.ladder.waits), entered
        place: Place | None = None
        while place is None:
            reached = next((each for each in range(level, levels + 1) if self.covered[each - 1]), None)
            expected += [Event("skipped", each, loop) for each in range(level, reached or levels + 1)]
            if reached is not None:
                expected.append(Event("paged", reached, loop))
                wait = timedelta(seconds=self.ladder.waits[reached - 1])
                place = Place("triggered", reached, loop, began, self.now + wait)
            elif self._is_last(loop, began) or (self.ladder.repeats is not None and not any(self.covered)):
                expected.append(Event("exhausted", levels + 1, loop))
                place = self._exhausted(loop, began)
            else:
                loop += 1
                level = 1
                pause = self.ladder.repeat_after if any(self.covered) else max(self.ladder.repeat_after, NOBODY_AGAIN)
                if pause:
                    place = Place("pending_repeat", 1, loop, began, self.now + timedelta(seconds=pause))
        assert list(move.events) == expected
        assert move.place == place
        self.place = place
        self.pages += [(each.loop, each.level, self.now) for each in expected if each.kind in ("paged", "exhausted")]

    def _exhausted(self, loop: int, began: int) -> Place:
        again = self.now + timedelta(seconds=EXHAUSTED_AGAIN)
        return Place("exhausted", len(self.ladder.waits) + 1, loop, began, again)

    def _is_last(self, loop: int, began: int) -> bool:
        return self.ladder.repeats is not None and loop - began >= self.ladder.repeats


class OverHolidays(Escalating):
    """Who comes and goes are two people of a rota in Paris: one has the days, at level 1, the other the holidays, at level 2.
    The machine learns of it as Tend does; the model looks at the calendar on the wall."""

    @initialize(ladder=LADDERS)
    def raise_it(self, ladder: Ladder) -> None:
        super().raise_it(ladder=ladder, covered=[])

    @rule(covered=st.none())
    def people_come_and_go(self, covered: None) -> None:
        """By the calendar alone."""

    @property
    def covered(self) -> list[bool]:
        contacts = Contacts(has_email=False, has_telephony=False)
        reached = [
            bool(reached_by(POLICY, level, kind="other", staffing=STAFFING, contacts=contacts, moment=self.now).pages)
            for level in range(1, 6)
        ]
        local = self.now.astimezone(PARIS)
        is_free = (local.month, local.day) in {(10, 25), (10, 27)}
        assert reached == [not is_free, is_free, False, False, False], local
        return reached[: len(self.ladder.waits)]

    @covered.setter
    def covered(self, _: list[bool]) -> None:
        """Nobody sets it."""


TestEscalating = Escalating.TestCase
TestOverHolidays = OverHolidays.TestCase
TestEscalating.settings = settings(
    max_examples=150, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)

TestOverHolidays.settings = settings(TestEscalating.settings, max_examples=40)

ALWAYS = (True, True, True)
LADDER = Ladder((300, 300, 600), 1)


def after(place: Place, seconds: int, *, covered: tuple[bool, ...] = ALWAYS) -> tuple[Place, list[str]]:
    move = climb(place, LADDER, moment=START + timedelta(seconds=seconds), covered=covered)
    assert move is not None
    return move.place, [f"{event.kind} {event.level}.{event.loop}" for event in move.events]


def test_each_level_has_its_time_and_the_last_pass_ends_with_the_owners() -> None:
    place = begin(LADDER, moment=START, covered=ALWAYS).place
    told = []
    for seconds in (300, 600, 1200, 1500, 1800, 2400):
        assert climb(place, LADDER, moment=START + timedelta(seconds=seconds - 1), covered=ALWAYS) is None
        place, events = after(place, seconds)
        told += events
    assert told == ["paged 2.0", "paged 3.0", "paged 1.1", "paged 2.1", "paged 3.1", "exhausted 4.1"]
    assert place.next_at == START + timedelta(seconds=2400 + EXHAUSTED_AGAIN)


def test_a_step_that_comes_late_skips_no_level_and_gives_the_next_its_whole_time() -> None:
    place = begin(LADDER, moment=START, covered=ALWAYS).place
    place, events = after(place, 5_000)
    assert (events, place.next_at) == (["paged 2.0"], START + timedelta(seconds=5_300))


def test_where_no_level_reaches_anybody_owners_are_paged_at_once() -> None:
    move = begin(LADDER, moment=START, covered=(False, False, False))
    assert [event.kind for event in move.events] == ["skipped", "skipped", "skipped", "exhausted"]
    assert move.place.state == "exhausted"


def test_a_policy_that_never_ends_looks_again_after_a_while() -> None:
    move = begin(Ladder((300,), None), moment=START, covered=(False,))
    assert (move.place.state, move.place.next_at) == ("pending_repeat", START + timedelta(seconds=NOBODY_AGAIN))
