"""Certificates from the day they are issued until they end: renewed by a new one, and told of before."""

from datetime import timedelta
from uuid import UUID

import httpx
import pytest
from cast import Cast, ask
from education.conftest import School
from education.test_certificate_page import certified
from education.test_learning import a_course, take

from backend.education import (
    Certificate,
    MemberCertificate,
    record_certificate,
    renew_certificate,
    renew_member_certificate,
    revoke_certificate,
    revoke_member_certificate,
    warn_of_ends,
)
from backend.journal import JournalEntry
from backend.kit.clock import now
from backend.kit.errors import Conflict, Invalid, NotAllowed, NotFound
from tenants.scope import agency_scope


async def recorded(school: School, *, days: int) -> Certificate:
    owner = school.cast.owner
    async with agency_scope(owner):
        assert school.educator.membership_id is not None
        return await record_certificate(
            owner, school.educator.membership_id, kind="crisis", valid_from=now() - timedelta(days=40),
            valid_until=now() + timedelta(days=days), proof="x",
        )  # fmt: skip


async def state_of(api: httpx.AsyncClient, school: School, kind: str, id: UUID) -> str:
    type_ = {"certificate": "Certificate", "membercertificate": "MemberCertificate"}[kind]
    query = f'{{ node(id: "{kind}_{id}") {{ ... on {type_} {{ state }} }} }}'
    answer = await ask(api, school.cast.tokens["owner"], query)
    return str(answer["data"]["node"]["state"])


async def test_a_certificate_is_where_the_clock_says(school: School, api: httpx.AsyncClient) -> None:
    certificate = await recorded(school, days=31)
    for left, state in (
        (timedelta(days=31), "ISSUED"),
        (timedelta(days=29, hours=23), "EXPIRING"),
        (timedelta(hours=1), "EXPIRING"),
        (timedelta(seconds=-1), "EXPIRED"),
    ):
        async with agency_scope(school.cast.system):
            await Certificate.filter(id=certificate.id).update(valid_until=now() + left)
        assert await state_of(api, school, "certificate", certificate.id) == state


async def test_a_renewed_one_counts_until_its_end_and_the_new_one_says_which_it_renews(
    school: School, api: httpx.AsyncClient
) -> None:
    before, owner = await recorded(school, days=10), school.cast.owner
    until = now() + timedelta(days=300)
    async with agency_scope(owner) as scope:
        for bad in (before.valid_until, now() + timedelta(days=4_000)):
            with pytest.raises(Invalid):
                await renew_certificate(owner, before.id, valid_until=bad, proof="x")
        renewed = await renew_certificate(owner, before.id, valid_until=until, proof="x")
        assert (renewed.renews_id, renewed.kind, renewed.membership_id) == (before.id, "crisis", before.membership_id)
        assert await scope.fetchval("select app.is_certified($1, 'crisis', $2)", before.membership_id, until - timedelta(seconds=1))  # fmt: skip
        with pytest.raises(Conflict):
            await renew_certificate(owner, before.id, valid_until=until, proof="x")
    assert await state_of(api, school, "certificate", before.id) == "RENEWED"
    assert await state_of(api, school, "certificate", renewed.id) == "ISSUED"
    async with agency_scope(owner):
        await revoke_certificate(owner, renewed.id)
        again = await renew_certificate(owner, before.id, valid_until=until, proof="x")
        await revoke_certificate(owner, before.id)
        assert again.id != renewed.id
        with pytest.raises(Conflict):
            await renew_certificate(owner, before.id, valid_until=until, proof="x")
    assert await state_of(api, school, "certificate", before.id) == "REVOKED"


async def test_a_member_who_takes_the_course_again_has_a_certificate_that_follows(
    school: School, api: httpx.AsyncClient
) -> None:
    course, items = await a_course(school, lessons=1, certificate_kind="power_user")
    member = await school.member()
    for _ in range(3):
        await take(school, course, items, member_id=member)
    async with agency_scope(school.system):
        first, second, third = await MemberCertificate.filter(workspace_id=school.client).order_by("valid_from", "id")
    assert (first.renews_id, second.renews_id, third.renews_id) == (None, first.id, second.id)
    async with agency_scope(school.reviewer):
        fourth = await renew_member_certificate(school.reviewer, third.id)
        with pytest.raises(Conflict):
            await renew_member_certificate(school.reviewer, first.id)
        await revoke_member_certificate(school.reviewer, fourth.id)
    states = [await state_of(api, school, "membercertificate", each.id) for each in (first, second, third, fourth)]
    assert states == ["RENEWED", "RENEWED", "ISSUED", "REVOKED"]
    assert fourth.valid_until > third.valid_until


async def test_a_clients_server_hears_once_at_each_of_the_days_and_not_of_what_goes_on(school: School) -> None:
    _, certificate_id = await certified(school)

    async def told() -> list[int]:
        async with agency_scope(school.cast.system):
            await warn_of_ends(school.cast.system, {})
            lines = await JournalEntry.filter(subject_id=certificate_id, action="membercertificate.expiring").order_by(
                "at", "id"
            )
        return [line.detail["days"] for line in lines]

    heard = []
    for days in (31, 29, 28, 13, 6):
        async with agency_scope(school.system):
            await MemberCertificate.filter(id=certificate_id).update(valid_until=now() + timedelta(days=days, hours=1))
        heard.append(await told())
    assert heard == [[], [30], [30], [30, 14], [30, 14, 7]]
    async with agency_scope(school.reviewer):
        await renew_member_certificate(school.reviewer, certificate_id)
    async with agency_scope(school.system):
        await MemberCertificate.filter(id=certificate_id).update(valid_until=now() + timedelta(hours=1))
    assert await told() == [30, 14, 7]


async def test_refused_is_who_may_not_and_what_is_elsewhere(school: School, globex: Cast) -> None:
    before = await recorded(school, days=10)
    _, certificate_id = await certified(school)
    until = now() + timedelta(days=300)
    async with agency_scope(school.educator):
        with pytest.raises(NotAllowed):
            await renew_certificate(school.educator, before.id, valid_until=until, proof="x")
    async with agency_scope(globex.owner):
        with pytest.raises(NotFound):
            await renew_certificate(globex.owner, before.id, valid_until=until, proof="x")
        with pytest.raises(NotFound):
            await renew_member_certificate(globex.owner, certificate_id)
    async with agency_scope(school.cast.system):
        assert await Certificate.filter(renews_id=before.id).count() == 0
