"""What an account uses: told by whoever sees it, and read off what its people do in the community."""

from datetime import timedelta

import pytest
from customers.conftest import Client, day

from backend.customers import (
    AccountContact,
    CustomerExposure,
    SubscriptionChange,
    derive_exposures,
    derive_for,
    link_contact,
    record_exposure,
    record_subscription_change,
)
from backend.kit.clock import now
from backend.kit.errors import Conflict, Invalid, NotAllowed, NotFound
from tenants.scope import agency_scope

LISTS = {
    "accounts": "external_id,name\na1,Acme\na2,Bolt\n",
    "contacts": "external_id,account,name\nc1,a1,Ann\nc2,a1,Bob\nc3,a2,Cy\n",
}


@pytest.fixture
async def known(client: Client) -> Client:
    for what, text in LISTS.items():
        await client.takes_in(what, text)
    return client


async def linked(client: Client, contact: str, **columns: object):
    member = await client.member(contact, **columns)
    async with agency_scope(client.lead):
        found = await AccountContact.get(workspace_id=client.id, external_id=contact)
        await link_contact(client.lead, found.id, member_id=member.id)
    return member


async def test_what_members_do_is_what_their_account_uses_a_day_at_a_time(known: Client) -> None:
    ann, bob = await linked(known, "c1", identity_key="ann"), await linked(known, "c2")
    stranger, bot = await known.member("stranger"), await known.member("bot", kind="bot")
    elsewhere = await known.member("ann-elsewhere", identity_key="ann")
    question = await known.says(ann, "2026-03-01T10:00:00")
    await known.says(ann, "2026-03-01T12:00:00")
    await known.says(elsewhere, "2026-03-02T08:00:00")
    await known.says(bob, "2026-03-03T10:00:00", to=question)  # a colleague is no help from the community
    await known.says(bot, "2026-03-03T10:00:00", to=question)
    await known.says(stranger, "2026-03-05T10:00:00", to=question)
    await known.says(stranger, "2026-03-05T11:00:00", to=question)
    for new in (4, 0):
        async with agency_scope(known.system):
            assert await derive_for(known.id) == new
            found = await CustomerExposure.filter(workspace_id=known.id).order_by("at")
    account = await known.account("a1")
    assert [(each.account_id, each.kind, each.at, each.member_id) for each in found] == [
        (account.id, "posted", day("2026-03-01T10:00:00"), ann.id),
        (account.id, "posted", day("2026-03-02T08:00:00"), elsewhere.id),
        (account.id, "posted", day("2026-03-03T10:00:00"), bob.id),
        (account.id, "answered", day("2026-03-05T10:00:00"), ann.id),
    ]


async def test_the_job_does_it_for_every_client_with_a_link(known: Client) -> None:
    ann = await linked(known, "c1")
    await known.says(ann, "2026-03-01T10:00:00")
    async with agency_scope(known.cast.system):
        await derive_exposures(known.cast.system, {})
        assert await CustomerExposure.filter(workspace_id=known.id).count() == 1


async def test_whoever_is_somebody_else_takes_along_nothing_of_whom_they_were_taken_for(known: Client) -> None:
    ann = await linked(known, "c1")
    await known.says(ann, "2026-03-01T10:00:00")
    for relink in (True, False):
        async with agency_scope(known.system):
            assert await derive_for(known.id) == 1
        other = await known.member("other", identity_key=f"other {relink}")
        if relink:
            async with agency_scope(known.lead):
                contact = await AccountContact.get(workspace_id=known.id, external_id="c1")
                await link_contact(known.lead, contact.id, member_id=other.id)
        else:
            await known.takes_in("contacts", f"external_id,account,name,member\nc1,a1,Ann,{other.identity_key}\n")
        async with agency_scope(known.lead):
            assert await CustomerExposure.filter(workspace_id=known.id).count() == 0
            if relink:
                await link_contact(known.lead, contact.id, member_id=ann.id)


async def test_an_exposure_is_told_once_and_stays_as_it_was_told(known: Client) -> None:
    account = await known.account("a1")
    async with agency_scope(known.lead):
        for at in ("2026-03-01", "2026-03-09"):
            found = await record_exposure(known.lead, account.id, kind="read", at=day(at), external_id="r1")
            assert found.at == day("2026-03-01")
        with pytest.raises(Invalid):
            await record_exposure(known.lead, account.id, kind="read", at=now() + timedelta(days=2), external_id="r2")
        contact = await AccountContact.get(workspace_id=known.id, external_id="c3")
        with pytest.raises(NotFound):  # of another account
            await record_exposure(
                known.lead, account.id, kind="read", at=day("2026-03-01"), external_id="r3", contact_id=contact.id
            )
        assert await CustomerExposure.filter(workspace_id=known.id).count() == 1


async def test_a_subscription_goes_its_way_and_no_other(known: Client) -> None:
    account, other = await known.account("a1"), await known.account("a2")

    async def told(kind: str, at: str, *, of=account, **what):
        async with agency_scope(known.lead):
            return await record_subscription_change(known.lead, of.id, external_id="s1", kind=kind, at=day(at), **what)

    with pytest.raises(NotFound):
        await told("renewed", "2025-01-01")
    with pytest.raises(Invalid):
        await told("started", "2025-01-01")
    await told("started", "2025-01-01", plan="basic")
    for kind, at, what, problem in (
        ("started", "2025-02-01", {"plan": "basic"}, Conflict),
        ("renewed", "2024-12-31", {}, Invalid),
        ("resumed", "2025-02-01", {}, Conflict),
        ("ended", "2025-02-01", {}, Invalid),
        ("renewed", "2025-02-01", {"ending": "voluntary"}, Invalid),
        ("renewed", "2025-02-01", {"of": other}, Conflict),
    ):
        with pytest.raises(problem):
            await told(kind, at, **what)
    await told("changed", "2025-02-01", plan="pro")
    await told("renewed", "2026-01-01")
    await told("renewed", "2026-01-01")
    ended = await told("ended", "2026-02-01", ending="involuntary", reason="card")
    assert (ended.plan, ended.ended_at, ended.ending, ended.reason) == ("pro", day("2026-02-01"), "involuntary", "card")
    with pytest.raises(Conflict):
        await told("renewed", "2026-03-01")
    assert (await told("resumed", "2026-03-01")).ended_at is None
    async with agency_scope(known.system):
        changes = await SubscriptionChange.filter(workspace_id=known.id).order_by("at")
        assert [(each.kind, each.plan) for each in changes] == [
            ("started", "basic"), ("changed", "pro"), ("renewed", "pro"), ("ended", "pro"), ("resumed", "pro"),
        ]  # fmt: skip


async def test_a_contact_is_a_person_of_the_same_client(known: Client) -> None:
    async with agency_scope(known.system):
        contact = await AccountContact.get(workspace_id=known.id, external_id="c1")
    bot = await known.member("bot", kind="bot")
    elsewhere = await known.cast.post(workspace="forum")
    for member_id, problem in ((bot.id, Invalid), (elsewhere.member_id, NotFound)):
        with pytest.raises(problem):
            async with agency_scope(known.cast.owner):
                await link_contact(known.cast.owner, contact.id, member_id=member_id)
    with pytest.raises(NotAllowed):
        async with agency_scope(known.lead):
            await link_contact(known.cast.moderator.narrowed_to(known.id), contact.id, member_id=None)
    async with agency_scope(known.lead):
        assert (await link_contact(known.lead, contact.id, member_id=None)).member_id is None
