"""Courses are taken by colleagues and members, completed, and certified; who needs a certificate claims nothing without it."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from cast import Cast, ask
from education.conftest import School

from backend.education import (
    STATES,
    Certificate,
    ContentItem,
    Course,
    CourseNumbers,
    Enrolment,
    MemberCertificate,
    TrainingGap,
    WantedCourse,
    archive_course,
    change_course,
    complete_lesson,
    course_numbers,
    create_course,
    enrol,
    enrol_who_lack,
    publish_course,
    set_training_need,
    set_training_requirement,
    share_certificate,
    training_gaps,
    withdraw,
)
from backend.kit.clock import now
from backend.kit.errors import Conflict, Invalid, NotAllowed, NotFound
from backend.moderation import Queue, claim_next
from backend.notices import Notice
from tenants.provisioning import SlugTaken
from tenants.rights import Role
from tenants.scope import agency_scope


async def a_course(
    school: School, *, lessons: int = 2, slug: str = "basics", **wanted: Any
) -> tuple[Course, list[UUID]]:
    """Published, with lessons that are."""
    items = [(await school.published(kind="lesson"))[0].id for _ in range(lessons)]
    async with agency_scope(school.educator):
        course = await create_course(
            school.educator, school.client, WantedCourse(slug=slug, title=slug, lessons=items, **wanted)
        )
    async with agency_scope(school.reviewer):
        await publish_course(school.reviewer, course.id)
    return course, items


async def of(school: School, enrolment_id: UUID) -> Enrolment:
    async with agency_scope(school.system):
        return await Enrolment.get(id=enrolment_id)


async def take(school: School, course: Course, items: list[UUID], **who: Any) -> UUID:
    """All of it, by the educator themselves or a member."""
    async with agency_scope(school.educator):
        enrolment = await enrol(school.educator, course.id, **(who or {"membership_id": school.educator.membership_id}))
        for item_id in items:
            await complete_lesson(school.educator, enrolment.id, item_id)
    return enrolment.id


async def test_a_colleague_completes_a_course_and_is_certified(school: School) -> None:
    course, items = await a_course(school, certificate_kind="crisis", certificate_days=30)
    async with agency_scope(school.educator):
        enrolment = await enrol(school.educator, course.id, membership_id=school.educator.membership_id)
    assert (enrolment.state, enrolment.because) == ("enrolled", "self")
    states = []
    for item_id in (items[1], items[1], items[0]):  # in no order, and once more
        async with agency_scope(school.educator):
            await complete_lesson(school.educator, enrolment.id, item_id)
        states.append((await of(school, enrolment.id)).state)
    assert states == ["in_progress", "in_progress", "completed"]
    async with agency_scope(school.cast.system):
        [certificate] = await Certificate.filter(membership_id=school.educator.membership_id)
    assert certificate.kind == "crisis"
    assert certificate.valid_until - certificate.valid_from == timedelta(days=30)
    with pytest.raises(Conflict, match="over"):
        async with agency_scope(school.educator):
            await complete_lesson(school.educator, enrolment.id, items[0])


async def test_a_member_is_certified_and_found_by_no_other_client(school: School) -> None:
    course, items = await a_course(school, lessons=1, certificate_kind="power_user")
    member = await school.member()
    await take(school, course, items, member_id=member)
    async with agency_scope(school.system):
        [certificate] = await MemberCertificate.filter(workspace_id=school.client)
    assert (certificate.member_id, certificate.kind, certificate.is_name_shown) == (member, "power_user", False)
    stranger = school.cast.actors["educator"]
    async with agency_scope(stranger):
        assert not await MemberCertificate.exists(id=certificate.id)


async def test_nobody_learns_for_a_colleague_nor_assigns_without_teaching(school: School) -> None:
    course, items = await a_course(school, lessons=1)
    support = await school.hire("support", Role.SUPPORT)
    async with agency_scope(school.reviewer):
        enrolment = await enrol(school.reviewer, course.id, membership_id=support.membership_id)
    assert enrolment.because == "assigned"
    async with agency_scope(school.system):
        [notice] = await Notice.filter(membership_id=support.membership_id)
    assert (notice.kind, notice.subject_id) == ("course_assigned", enrolment.id)
    for attempt in (
        lambda: complete_lesson(school.reviewer, enrolment.id, items[0]),
        lambda: enrol(support, course.id, membership_id=school.educator.membership_id),
    ):
        actor = school.reviewer if attempt.__code__.co_names[0] == "complete_lesson" else support
        with pytest.raises(NotAllowed):
            async with agency_scope(actor):
                await attempt()
    async with agency_scope(support):
        await complete_lesson(support, enrolment.id, items[0])
    assert (await of(school, enrolment.id)).state == "completed"


async def test_lessons_in_order_come_one_after_the_other(school: School) -> None:
    course, items = await a_course(school, lessons=2, is_ordered=True)
    async with agency_scope(school.educator):
        enrolment = await enrol(school.educator, course.id, membership_id=school.educator.membership_id)
    with pytest.raises(Conflict, match="first"):
        async with agency_scope(school.educator):
            await complete_lesson(school.educator, enrolment.id, items[1])
    assert (await of(school, enrolment.id)).state == "enrolled"
    async with agency_scope(school.educator):
        for item_id in items:
            await complete_lesson(school.educator, enrolment.id, item_id)


async def test_what_comes_before_is_completed_before_and_never_in_a_circle(school: School) -> None:
    first, items = await a_course(school, lessons=1, slug="first")
    second, _ = await a_course(school, lessons=1, slug="second", prerequisites=[first.id])
    who = {"membership_id": school.educator.membership_id}
    with pytest.raises(Conflict, match="before"):
        async with agency_scope(school.educator):
            await enrol(school.educator, second.id, **who)
    await take(school, first, items)
    async with agency_scope(school.educator):
        await enrol(school.educator, second.id, **who)
    circle = WantedCourse(slug="first", title="x", lessons=items, prerequisites=[second.id])
    with pytest.raises(Invalid, match="before itself"):
        async with agency_scope(school.educator):
            await change_course(school.educator, first.id, circle, expected_version=2)


LEADS = {
    ("enrolled", "lesson"): "completed",
    ("in_progress", "lesson"): "completed",
    ("completed", "lesson"): None,
    ("withdrawn", "lesson"): None,
    ("enrolled", "withdraw"): "withdrawn",
    ("in_progress", "withdraw"): "withdrawn",
    ("completed", "withdraw"): None,
    ("withdrawn", "withdraw"): None,
}


async def test_an_enrolment_goes_where_the_table_says_and_nowhere_else(school: School) -> None:
    course, [item_id] = await a_course(school, lessons=1)
    assert {state for state, _ in LEADS} == set(STATES)
    for (state, verb), wanted in LEADS.items():
        member = await school.member()
        async with agency_scope(school.educator):
            enrolment = await enrol(school.educator, course.id, member_id=member)
        async with agency_scope(school.system):
            await Enrolment.filter(id=enrolment.id).update(state=state)
        act = (
            withdraw(school.educator, enrolment.id)
            if verb == "withdraw"
            else complete_lesson(school.educator, enrolment.id, item_id)
        )
        try:
            async with agency_scope(school.educator):
                await act
            done = True
        except Conflict:
            done = False
        assert (done, (await of(school, enrolment.id)).state) == (wanted is not None, wanted or state), (state, verb)


async def test_a_course_is_published_by_somebody_else_and_with_published_lessons_only(school: School) -> None:
    draft_id, _ = await school.draft(kind="lesson")
    article, _ = await school.published()
    async with agency_scope(school.educator):
        course = await create_course(
            school.educator, school.client, WantedCourse(slug="raw", title="x", lessons=[draft_id])
        )
    for actor, match in ((school.educator, "somebody else"), (school.reviewer, "lessons are published")):
        with pytest.raises(Conflict, match=match):
            async with agency_scope(actor):
                await publish_course(actor, course.id)
    with pytest.raises(Conflict, match="take this course"):
        async with agency_scope(school.educator):
            await enrol(school.educator, course.id, membership_id=school.educator.membership_id)
    with pytest.raises(NotFound):  # an article is no lesson
        async with agency_scope(school.educator):
            await create_course(
                school.educator, school.client, WantedCourse(slug="art", title="x", lessons=[article.id])
            )
    with pytest.raises(SlugTaken):
        async with agency_scope(school.educator):
            await create_course(school.educator, school.client, WantedCourse(slug="raw", title="x"))


async def test_an_archived_course_is_begun_by_nobody_and_completed_by_who_had_begun(school: School) -> None:
    course, [item_id] = await a_course(school, lessons=1)
    async with agency_scope(school.educator):
        enrolment = await enrol(school.educator, course.id, membership_id=school.educator.membership_id)
    async with agency_scope(school.reviewer):
        await archive_course(school.reviewer, course.id)
        with pytest.raises(Conflict):
            await enrol(school.reviewer, course.id, membership_id=school.reviewer.membership_id)
    async with agency_scope(school.educator):
        await complete_lesson(school.educator, enrolment.id, item_id)
    assert (await of(school, enrolment.id)).state == "completed"


async def test_nobody_is_enrolled_twice_at_once(school: School) -> None:
    course, items = await a_course(school, lessons=1)
    await take(school, course, items)
    async with agency_scope(school.educator):
        await enrol(school.educator, course.id, membership_id=school.educator.membership_id)  # again: to renew it
    with pytest.raises(Conflict, match="enrolled"):
        async with agency_scope(school.educator):
            await enrol(school.educator, course.id, membership_id=school.educator.membership_id)


async def test_a_stakeholder_sees_numbers_and_no_names(school: School, api: httpx.AsyncClient) -> None:
    course, items = await a_course(school, lessons=1, certificate_kind="power_user")
    await take(school, course, items, member_id=await school.member())
    member = await school.member()
    async with agency_scope(school.educator):
        gone = await enrol(school.educator, course.id, member_id=member)
        await withdraw(school.educator, gone.id)
        assert await course_numbers(school.educator, course.id) == CourseNumbers(2, 1, 1, 1)
    await school.hire("stakeholder", Role.STAKEHOLDER)
    answer = await ask(
        api,
        school.token("stakeholder"),
        """query($c: ID!, $w: ID!) { courseNumbers(courseId: $c) { enrolled completed withdrawn certified }
             workspace(id: $w) { courses { nodes { title enrolments { totalCount } } } memberCertificates { totalCount } } }""",
        c=f"course_{course.id}",
        w=f"workspace_{school.client}",
    )
    assert answer["data"] == {
        "courseNumbers": {"enrolled": 2, "completed": 1, "withdrawn": 1, "certified": 1},
        "workspace": {
            "courses": {"nodes": [{"title": "basics", "enrolments": {"totalCount": 0}}]},
            "memberCertificates": {"totalCount": 0},
        },
    }


async def test_an_lms_hears_where_somebody_is_without_their_name(school: School, api: httpx.AsyncClient) -> None:
    course, items = await a_course(school, lessons=1)
    member = await school.member()
    enrolment_id = await take(school, course, items, member_id=member)
    ended_at = (await of(school, enrolment_id)).ended_at
    assert ended_at is not None
    answer = await ask(
        api,
        school.token("educator"),
        "query($i: ID!) { node(id: $i) { ... on Enrolment { statement } } }",
        i=f"enrolment_{enrolment_id}",
    )
    statement = answer["data"]["node"]["statement"]
    assert UUID(statement.pop("id"))
    assert statement == {
        "actor": {"objectType": "Agent", "account": {"homePage": "urn:tend", "name": f"member_{member}"}},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/completed"},
        "object": {
            "objectType": "Activity",
            "id": f"urn:uuid:{course.id}",
            "definition": {"type": "http://adlnet.gov/expapi/activities/course"},
        },
        "timestamp": ended_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


@pytest.mark.parametrize("by", ["queue", "role"])
async def test_nobody_claims_from_a_queue_without_the_certificate_it_needs(school: School, by: str) -> None:
    moderator = await school.hire("moderator", Role.MODERATOR)
    await school.cast.case(workspace=school.slug, policy=f"{school.slug}:harassment")
    async with agency_scope(school.system):
        queue = await Queue.get(workspace_id=school.client)
    need: dict[str, Any] = {"queue_id": queue.id} if by == "queue" else {"role": Role.MODERATOR}
    async with agency_scope(school.lead):
        await set_training_need(school.lead, school.client, kinds=["crisis"], **need)
    async with agency_scope(moderator):
        assert await claim_next(moderator, workspace_id=school.client) is None
    async with agency_scope(school.cast.system):
        certificate = await Certificate.create(
            membership_id=moderator.membership_id, kind="crisis", valid_from=now() - timedelta(days=9),
            valid_until=now() - timedelta(seconds=1), proof="x",
        )  # fmt: skip
    async with agency_scope(moderator):
        assert await claim_next(moderator, workspace_id=school.client) is None  # it has ended
    async with agency_scope(school.cast.system):
        await Certificate.filter(id=certificate.id).update(valid_until=now() + timedelta(days=1), revoked_at=now())
    async with agency_scope(moderator):
        assert await claim_next(moderator, workspace_id=school.client) is None  # it was revoked
    async with agency_scope(school.cast.system):
        await Certificate.filter(id=certificate.id).update(revoked_at=None)
    async with agency_scope(moderator):
        assert await claim_next(moderator, workspace_id=school.client) is not None


async def test_a_need_of_a_role_counts_in_danger_too(school: School) -> None:
    responder = await school.hire("responder", Role.SAFETY_RESPONDER)
    asked = "select app.is_trained($1, $2, now())"
    async with agency_scope(school.lead) as scope:
        assert await scope.fetchval(asked, responder.membership_id, school.client)
        await set_training_need(school.lead, school.client, role=Role.SAFETY_RESPONDER, kinds=["crisis"])
        assert not await scope.fetchval(asked, responder.membership_id, school.client)
        assert await scope.fetchval(asked, responder.membership_id, school.cast.workspaces["forum"])
        await set_training_need(school.lead, school.client, role=Role.SAFETY_RESPONDER, kinds=[])
        assert await scope.fetchval(asked, responder.membership_id, school.client)


async def test_gaps_are_told_and_lead_into_the_course_that_closes_them(school: School) -> None:
    moderator = await school.hire("moderator", Role.MODERATOR)
    responder = await school.hire("responder", Role.SAFETY_RESPONDER)
    course, _ = await a_course(school, certificate_kind="crisis")
    async with agency_scope(school.system):
        queue = await Queue.get(workspace_id=school.client)
    ends = now() + timedelta(days=10)
    async with agency_scope(school.cast.system):
        await Certificate.create(
            membership_id=moderator.membership_id, kind="bias", valid_from=now(), valid_until=ends, proof="x"
        )
    async with agency_scope(school.lead):
        await set_training_need(school.lead, school.client, role=Role.MODERATOR, kinds=["crisis", "bias"])
        await set_training_requirement(school.lead, school.client, kinds=["crisis"])
        await set_training_need(school.lead, school.client, queue_id=queue.id, kinds=["first_aid"])
        theirs = {moderator.membership_id, responder.membership_id}
        gaps = [gap for gap in await training_gaps(school.lead, school.client) if gap.membership_id in theirs]
    assert set(gaps) == {
        TrainingGap(moderator.membership_id, "crisis", "role", None, None),
        TrainingGap(moderator.membership_id, "bias", "role", None, ends),
        TrainingGap(moderator.membership_id, "first_aid", "queue", queue.id, None),
        TrainingGap(responder.membership_id, "crisis", "danger", None, None),
        TrainingGap(responder.membership_id, "first_aid", "queue", queue.id, None),
    }
    for _ in range(2):
        async with agency_scope(school.system):
            await enrol_who_lack(school.system, {})
    async with agency_scope(school.system):
        rows = await Enrolment.filter(course_id=course.id)
    assert {(row.membership_id, row.because, row.state) for row in rows} == {
        (who, "rule", "enrolled") for who in theirs
    }


async def test_nobody_else_finds_a_course_or_enrols(school: School, globex: Cast) -> None:
    course, items = await a_course(school, lessons=1)
    foreign = await globex.post()
    for stranger in (globex.owner, school.cast.actors["educator"]):
        async with agency_scope(stranger):
            assert await course_numbers(stranger, course.id) is None
            for attempt in (
                enrol(stranger, course.id, membership_id=stranger.membership_id),
                publish_course(stranger, course.id),
                training_gaps(stranger, school.client),
                create_course(stranger, school.client, WantedCourse(slug="x-y", title="x")),
                share_certificate(stranger, certificate_id=course.id, shows_name=True),
            ):
                with pytest.raises(NotFound):
                    await attempt
    other, _ = await a_course(school, lessons=1, slug="other")
    for wanted in (
        WantedCourse(slug="x-y", title="x", lessons=[other.id]),
        WantedCourse(slug="x-y", title="x", lessons=items, prerequisites=[items[0]]),
    ):
        with pytest.raises(NotFound):
            async with agency_scope(school.educator):
                await create_course(school.educator, school.client, wanted)
    for who in ({"member_id": foreign.member_id}, {"membership_id": globex.owner.membership_id}):
        with pytest.raises(NotFound):
            async with agency_scope(school.educator):
                await enrol(school.educator, course.id, **who)
    async with agency_scope(school.system):
        assert not await Enrolment.filter(course_id=course.id).exists()
        assert await ContentItem.filter(workspace_id=school.client).count() == 2
