"""The client tells of bookings: as a list or one by one, with errors by line, and again without harm; nothing is kept of them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cast import Cast, ask
from verification.conftest import Restaurant, show

from backend.communities import Member
from backend.kit.errors import Conflict, Invalid, NotAllowed
from backend.verification import (
    BadLine,
    Booking,
    Design,
    Noted,
    VerificationReference,
    archive_programme,
    import_bookings,
    issue_site_codes,
    note_bookings,
    revise_programme,
    verified_by_week,
)
from backend.verification.thresholds import REFERENCES_AT_ONCE
from tenants.scope import agency_scope

LIST = """\ufeffReference;Visited_on;Contact
AB-1;2026-11-20;ann@guest.example
AB-1 ;2026-11-20;ANN@guest.example
AB-12;2026-11-20;+49 170 1234567

AB-12;2026-11-20;0170 1234567
AB-13;20.11.2026;
ABC;;x
ABCD;;bob
"quoted; with sign";;
AB-12;2026-11-21;0170 1234567
AB-14;2026-11-20
"""


async def test_a_list_is_taken_in_with_its_errors_by_line_and_again_changes_nothing(restaurant: Restaurant) -> None:
    lead = restaurant.lead
    bad = [
        BadLine(2, "A reference has four letters or digits at least."),
        BadLine(3, "A reference has four letters or digits at least."),
        BadLine(7, "The day of the visit is not written as 2026-11-25."),
        BadLine(8, "A reference has four letters or digits at least."),
        BadLine(9, "The contact is neither a mail address nor a telephone number."),
        BadLine(11, "The list has this reference before, with something else."),
        BadLine(12, "The line has more or fewer cells than the first."),
    ]
    async with agency_scope(lead):
        assert await import_bookings(lead, restaurant.programme.id, LIST) == Noted(new=2, known=1, bad=bad)
        assert await import_bookings(lead, restaurant.programme.id, LIST) == Noted(new=0, known=3, bad=bad)
        kept = await VerificationReference.filter(workspace_id=restaurant.client)
        assert len(kept) == 2
        assert "quoted" not in repr([each.__dict__ for each in kept])


@pytest.mark.parametrize(
    "text", ["", "name,contact\nx,y", "reference,reference\na,b", 'reference\n"open', "reference\n" + "x\n" * 5_001]
)
async def test_what_is_no_such_list_is_refused_whole(restaurant: Restaurant, text: str) -> None:
    with pytest.raises(Invalid):
        async with agency_scope(restaurant.lead):
            await import_bookings(restaurant.lead, restaurant.programme.id, text)
    async with agency_scope(restaurant.lead):
        assert await VerificationReference.filter(workspace_id=restaurant.client).count() == 0


async def test_a_long_list_comes_in_at_once(restaurant: Restaurant) -> None:
    lead = restaurant.lead
    text = "reference\n" + "".join(f"LONG-{number:06}\n" for number in range(REFERENCES_AT_ONCE))
    async with agency_scope(lead):
        assert (await import_bookings(lead, restaurant.programme.id, text)).new == REFERENCES_AT_ONCE


async def test_a_telephone_number_is_known_with_and_without_its_country(restaurant: Restaurant, api: Any) -> None:
    await restaurant.book(Booking("PHONE-1", "+49 170 1234567"))
    task, path, _ = await restaurant.invited()
    await show(api, path, "booking", reference="phone1", contact="0170/123 45 67")
    assert (await restaurant.task(task)).state == "verified"


async def test_without_the_right_nothing_is_told_and_an_archived_programme_takes_nothing(
    acme: Cast, restaurant: Restaurant
) -> None:
    for role, verb in (("moderator", note_bookings), ("support", note_bookings)):
        with pytest.raises(NotAllowed):
            async with agency_scope(acme.actors[role]):
                await verb(acme.actors[role], restaurant.programme.id, [Booking("ABCD")])
    lead = restaurant.lead
    async with agency_scope(lead):
        await archive_programme(lead, restaurant.programme.id)
    for refused in (
        lambda: note_bookings(lead, restaurant.programme.id, [Booking("ABCD")]),
        lambda: issue_site_codes(lead, restaurant.programme.id, count=1, days=1),
    ):
        with pytest.raises(Conflict):
            async with agency_scope(lead):
                await refused()


async def test_whoever_was_invited_keeps_what_they_were_promised(restaurant: Restaurant, api: Any) -> None:
    lead = restaurant.lead
    await restaurant.book(Booking("PROMISED"))
    task, path, _ = await restaurant.invited()
    async with agency_scope(lead):
        await revise_programme(
            lead, restaurant.programme.id, expected_version=1, design=Design("Another claim", ("receipt",))
        )
        with pytest.raises(Conflict):
            await revise_programme(lead, restaurant.programme.id, expected_version=1, design=Design("x", ("receipt",)))
    _, other, _ = await restaurant.invited()
    assert "Really ate there" in (await api.get(path)).text
    assert "Another claim" in (await api.get(other)).text
    await show(api, path, "booking", reference="PROMISED", contact="")
    assert (await restaurant.task(task)).state == "verified"
    assert (await show(api, other, "booking", reference="PROMISED", contact="")).status_code == 409


@pytest.mark.parametrize(
    "design",
    [
        Design("x", ()),
        Design("x", (), ("receipt",)),
        Design("x", ("receipt",), ("receipt", "link")),
        Design("x", ("mail_domain",)),
        Design("x", ("link",), hosts=("https://example.com",)),
        Design("x", ("link",), valid_days=0),
        Design(" ", ("link",)),
    ],
)
async def test_a_design_that_proves_nothing_is_refused(restaurant: Restaurant, design: Design) -> None:
    with pytest.raises(Invalid):
        async with agency_scope(restaurant.lead):
            await revise_programme(restaurant.lead, restaurant.programme.id, expected_version=1, design=design)


async def test_how_much_is_verified_is_told_week_by_week(acme: Cast, restaurant: Restaurant, api: Any) -> None:
    monday = datetime(2026, 11, 2, tzinfo=UTC)
    await restaurant.book(Booking("WEEK-1"), Booking("WEEK-2"))
    posts = [
        await acme.post(workspace=restaurant.slug, posted_at=monday + timedelta(days=days)) for days in (0, 3, 8, 20)
    ]
    async with agency_scope(restaurant.system):
        first, second = [await Member.get(id=post.member_id) for post in posts[:2]]
    _, path, _ = await restaurant.invited(first)
    await show(api, path, "booking", reference="WEEK-1", contact="")
    _, path, _ = await restaurant.invited(second, post_id=posts[1].id)
    await show(api, path, "booking", reference="WEEK-2", contact="")
    async with agency_scope(restaurant.lead):
        weeks = await verified_by_week(
            restaurant.lead,
            restaurant.programme.id,
            since=monday,
            until=monday + timedelta(days=21),
        )
    assert [(week.begins_at.day, week.verified, week.posts) for week in weeks] == [(2, 2, 2), (9, 0, 1), (16, 0, 1)]


async def test_numbers_of_another_agency_or_client_are_not_there(
    acme: Cast, globex: Cast, restaurant: Restaurant, api: Any
) -> None:
    """Nor does a window that ends before it begins bring any."""
    query = """query ($id: ID!, $until: DateTime!) {
        verifiedByWeek(programmeId: $id, since: "2026-11-02T00:00:00Z", until: $until) { verified { denominator } } }"""
    week = "2026-11-09T00:00:00Z"
    for token, id in (
        (globex.tokens["owner"], f"programme_{restaurant.programme.id}"),
        (acme.tokens["moderator"], f"programme_{restaurant.programme.id}"),
        (acme.tokens["owner"], f"programme_{restaurant.client}"),
        (acme.tokens["owner"], f"member_{restaurant.programme.id}"),
    ):
        assert await ask(api, token, query, id=id, until=week) == {"data": {"verifiedByWeek": None}}
    own = f"programme_{restaurant.programme.id}"
    assert (await ask(api, acme.tokens["owner"], query, id=own, until=week))["data"]["verifiedByWeek"] == [
        {"verified": {"denominator": 0}}
    ]
    refused = await ask(api, acme.tokens["owner"], query, id=own, until="2026-11-01T00:00:00Z")
    assert refused["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
