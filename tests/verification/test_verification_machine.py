"""Random walks through a verification, beside the table of its states."""

import itertools
import os
from datetime import timedelta
from typing import Any

import pytest
from cast import Cast
from hypothesis import HealthCheck, Phase, example, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from verification.conftest import Restaurant, opened, receipt

from backend.kit.clock import now
from backend.kit.errors import Refusal
from backend.verification import (
    Booking,
    VerificationTask,
    ask_for_mail,
    close_task,
    decide_evidence,
    expire_verifications,
    show_booking,
    show_mailed_code,
    show_receipt,
    vouch,
)
from tenants.scope import agency_scope

# What becomes of a state by an event; ENOUGH where this is the second piece that is weak, or one that is strong. What is not
# here is refused, and changes nothing.
ENOUGH = "verified"
TABLE: dict[tuple[str, str], str] = {
    **{("invited", event): "evidence_received" for event in ("guess", "vouch", "mail")},
    ("invited", "receipt"): "checking",
    ("invited", "late"): "expired",
    **{("evidence_received", event): "evidence_received" for event in ("guess", "vouch", "mail")},
    ("evidence_received", "receipt"): "checking",
    ("evidence_received", "late"): "unverifiable",
    **{("checking", event): "checking" for event in ("guess", "vouch", "mail", "late")},
    **{("checking", event): "evidence_received" for event in ("accept", "refuse")},
    **{(state, "book"): ENOUGH for state in ("invited", "evidence_received", "checking")},
    **{(state, "deny"): "not_verified" for state in ("invited", "evidence_received", "checking", "verified")},
    **{(state, "give_up"): "unverifiable" for state in ("invited", "evidence_received", "checking")},
    ("verified", "old"): "expired",
    ("verified", "late"): "verified",
}
EVENTS = (
    "book",
    "guess",
    "guess",
    "receipt",
    "receipt",
    "accept",
    "accept",
    "refuse",
    "vouch",
    "mail",
    "deny",
    "give_up",
    "late",
    "old",
)
WEAK = {"vouch": "moderator", "mail": "mail_domain", "accept": "receipt"}
WALKS = int(os.environ.get("TEND_WALKS", "12"))
_numbers = itertools.count()


@pytest.fixture(scope="module")
async def place(acme: Cast) -> Restaurant:
    return await opened(acme, strong=("booking",))


async def do(place: Restaurant, task: VerificationTask, token: str, event: str) -> None:
    lead = place.lead
    if event == "book":
        reference = f"walk-{next(_numbers)}"
        await place.book(Booking(reference))
        await show_booking(token, reference=reference, contact="")
    elif event == "guess":
        await show_booking(token, reference="nothing", contact="")
    elif event == "receipt":
        await show_receipt(token, data=receipt(f"walk {next(_numbers)}"))
    elif event == "mail":
        asked = await ask_for_mail(token, address=f"w{next(_numbers)}@guild.example")
        assert asked.letter is not None
        await show_mailed_code(token, code=asked.letter.code)
    elif event in ("late", "old"):
        async with agency_scope(place.system) as scope:
            column = "open_until" if event == "late" else "valid_until"
            await scope.execute(
                f"update verification_tasks set {column} = $3 where agency_id = $1 and id = $2 and {column} is not null",
                *(place.cast.agency_id, task.id, now() - timedelta(seconds=1)),
            )
            await expire_verifications(place.system, {})
    else:
        waiting: Any = [each for each in await place.evidence(task) if each.state == "waiting"]
        async with agency_scope(lead):
            if event in ("accept", "refuse"):
                await decide_evidence(lead, waiting[0].id if waiting else task.id, is_accepted=event == "accept")
            elif event == "vouch":
                await vouch(lead, task.id, note="x")
            else:
                outcome: Any = "not_verified" if event == "deny" else "unverifiable"
                await close_task(lead, task.id, outcome=outcome, grounds="x")


@examples(
    max_examples=WALKS, deadline=None, derandomize=WALKS == 12, database=None,
    suppress_health_check=list(HealthCheck), print_blob=False, phases=[Phase.explicit, Phase.generate],
)  # fmt: skip
@given(events=st.lists(st.sampled_from(EVENTS), min_size=6, max_size=14))
@example(events=["receipt", "vouch", "accept", "old", "deny"])
@example(events=["receipt", "book", "accept", "deny", "book"])
@example(events=["receipt", "refuse", "receipt", "late", "guess", "accept"])
@example(events=["guess", "mail", "mail", "vouch"])
@example(events=["late", "guess", "old"])
async def test_whatever_happens_in_whatever_order_the_state_is_that_of_the_table(
    place: Restaurant, events: list[str]
) -> None:
    task, path, _ = await place.invited()
    token, state, accepted, is_late = path.rpartition("/")[2], "invited", set[str](), False
    for event in events:
        expected = TABLE.get((state, event))
        if event in ("book", "guess", "receipt", "mail", "vouch") and (is_late and state != "checking"):
            expected = None
        if event in accepted or (event == "receipt" and ("accept" in accepted or state == "checking")):
            expected = None  # shown already
        if event in WEAK and expected is not None:
            accepted.add(event)
            expected = ENOUGH if len(accepted) == 2 else expected
        before = len(await place.evidence(task))
        try:
            await do(place, task, token, event)
        except Refusal:
            assert expected is None, (state, event)
            assert len(await place.evidence(task)) == before
        else:
            assert expected is not None or event in ("late", "old"), (state, event)
        is_late = is_late or event == "late"
        state = expected or state
        found, evidence = await place.task(task), await place.evidence(task)
        assert found.state == state, (event, events)
        assert any(each.state == "waiting" for each in evidence) == (state == "checking")
        assert (found.ended_at is None) == (state in ("invited", "evidence_received", "checking"))
