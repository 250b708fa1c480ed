"""Random walks through everything that can happen to a case, its decisions, appeals and actions, beside a model of them."""

import os

import pytest
from cast import Cast
from hypothesis import HealthCheck, Phase, example, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from walks.casebook import LEADS, STAFF
from walks.fake_site import FakeSite
from walks.seeing import check_platform
from walks.walking import Walk

from backend.acting import site
from tenants.actor import Actor
from tenants.rights import Role

# Often what brings work forward, seldom what only interrupts it.
VERBS = (
    *("report",) * 3, *("work",) * 7, *("claim",) * 2, *("decide",) * 3, "release", "skip", "expire", "ask", "hear",
    "move", "bulk", *("approve",) * 2, *("deny",) * 2, *("undo",) * 3, *("reopen",) * 3, *("appeal",) * 3,
    *("turn",) * 3, *("confirm",) * 2, "see_to",
)  # fmt: skip
NUMBER = st.integers(0, 11)
Steps = list[tuple[str, int, int, int]]
# Walks that once led astray, and where to.
ASTRAY: tuple[Steps, ...] = (
    # Many were decided at once, one of them while it waited for its blind second look: a crash.
    [("work", 11, 9, 2), ("bulk", 2, 1, 7)],
    # A decision that was denied stood between the first and the last: the first went on for ever.
    [("bulk", 8, 8, 7), ("reopen", 8, 10, 10), ("work", 1, 4, 6), ("deny", 8, 4, 7)],
    # A post stayed hidden because a new decision asked for it too, which was undone before anybody had hidden anything.
    [("work", 7, 8, 0), ("work", 11, 11, 7), ("report", 11, 9, 10), ("work", 8, 9, 9), ("work", 7, 6, 2),
     ("turn", 10, 10, 0), ("report", 6, 0, 4), ("work", 2, 3, 4), ("reopen", 2, 7, 3), ("work", 1, 8, 2),
     ("undo", 5, 3, 10)],
    # What was taken back late took back what had been decided anew meanwhile.
    [("claim", 2, 2, 3), ("work", 8, 9, 3), ("turn", 0, 6, 11), ("undo", 6, 10, 6), ("turn", 4, 4, 7),
     ("decide", 6, 6, 11)],
    # Of two decisions to hide a post one had failed: taking back the other showed it.
    [("report", 2, 4, 11), ("bulk", 10, 2, 8), ("report", 5, 4, 1), ("work", 7, 8, 3), ("turn", 7, 1, 3),
     ("turn", 6, 0, 6), ("reopen", 2, 4, 11), ("work", 9, 2, 4)],
    # Whoever decided after a first appeal was offered the second; and one verdict was for decisions it was not about.
    [("work", 5, 8, 4), ("work", 2, 0, 4), ("appeal", 5, 9, 3), ("claim", 9, 9, 6), ("work", 6, 9, 4),
     ("report", 0, 2, 0), ("appeal", 4, 6, 11), ("work", 5, 10, 0), ("appeal", 3, 7, 8), ("report", 2, 1, 9),
     ("claim", 11, 9, 1), ("claim", 10, 7, 3)],
    # What the site had done and not confirmed was tried again, undone before that, and stayed done.
    [("bulk", 0, 0, 6), ("approve", 0, 4, 0), ("turn", 0, 1, 0), ("turn", 0, 0, 0), ("see_to", 1, 0, 0), ("undo", 1, 1, 0)],
)  # fmt: skip
WALKS = int(os.environ.get("TEND_WALKS", "6"))


@pytest.fixture(scope="session")
async def people(acme: Cast) -> dict[str, Actor]:
    return {
        name: await acme.hire(f"{name}-walks", Role.LEAD if name in LEADS else Role.MODERATOR, [], sees_all=True)
        for name in STAFF
    }


@examples(
    max_examples=WALKS, deadline=None, derandomize=WALKS == 6, database=None,
    suppress_health_check=list(HealthCheck), print_blob=False, phases=[Phase.explicit, Phase.generate],
)  # fmt: skip
@given(steps=st.lists(st.tuples(st.sampled_from(VERBS), NUMBER, NUMBER, NUMBER), min_size=40, max_size=60))
@example(steps=ASTRAY[0])
@example(steps=ASTRAY[1])
@example(steps=ASTRAY[2])
@example(steps=ASTRAY[3])
@example(steps=ASTRAY[4])
@example(steps=ASTRAY[5])
@example(steps=ASTRAY[6])
async def test_whatever_is_done_in_whatever_order_tend_does_what_the_tables_say(
    acme: Cast, people: dict[str, Actor], steps: Steps
) -> None:
    fake = FakeSite()
    walk = Walk(acme, await acme.empty_workspace(), people, fake)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(site, "do", fake.do)
        await walk.begin()
        await walk.do("report", 0, 0, 0)
        await walk.do("report", 1, 0, 0)
        for verb, *numbers in steps:
            await walk.do(verb, *numbers)
        await walk.come_to_rest()
    check_platform(walk)
