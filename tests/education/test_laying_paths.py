"""Learning paths, courses copied for another client, and questions that their authors can read again."""

import httpx
import pytest
from cast import Cast, ask
from education.conftest import School
from education.test_learning import a_course

from backend.education import (
    ContentDraft,
    ContentItem,
    Course,
    CourseLesson,
    CoursePrerequisite,
    LearningPath,
    LearningPathCourse,
    Question,
    Quiz,
    archive_path,
    complete_lesson,
    copy_course,
    enrol_in_path,
    lay_path,
    set_quiz,
)
from backend.kit.errors import Conflict, Invalid, NotAllowed, NotFound
from tenants.provisioning import SlugTaken
from tenants.rights import Role
from tenants.scope import agency_scope


async def test_a_path_leads_from_course_to_course(school: School) -> None:
    (one, items), (two, others) = await a_course(school, lessons=1), await a_course(school, lessons=1, slug="next")
    member = await school.member()
    async with agency_scope(school.reviewer):
        path = await lay_path(school.reviewer, school.client, slug="start", title="Start", courses=[one.id, two.id])
    who = school.educator
    for course, lesson in ((one, items[0]), (two, others[0])):
        async with agency_scope(who):
            enrolment = await enrol_in_path(who, path.id, member_id=member)
            assert enrolment.course_id == course.id
        async with agency_scope(who) as scope:
            with pytest.raises(Conflict):  # they are enrolled in it
                await enrol_in_path(who, path.id, member_id=member)
            scope.doom()
        async with agency_scope(who):
            await complete_lesson(who, enrolment.id, lesson)
    async with agency_scope(who):
        with pytest.raises(Conflict):
            await enrol_in_path(who, path.id, member_id=member)
        with pytest.raises(Invalid):
            await enrol_in_path(who, path.id)


async def test_a_path_is_laid_anew_and_archived(school: School) -> None:
    (one, _), (two, _) = await a_course(school, lessons=1), await a_course(school, lessons=1, slug="next")
    async with agency_scope(school.reviewer):
        path = await lay_path(school.reviewer, school.client, slug="start", title="Start", courses=[one.id])
        await lay_path(
            school.reviewer, school.client, path_id=path.id, slug="start", title="Again", courses=[two.id, one.id]
        )
        steps = await LearningPathCourse.filter(path_id=path.id).order_by("position")
        assert [step.course_id for step in steps] == [two.id, one.id]
        assert (await LearningPath.get(id=path.id)).title == "Again"
        await archive_path(school.reviewer, path.id)
        with pytest.raises(Conflict):
            await enrol_in_path(school.reviewer, path.id, membership_id=school.reviewer.membership_id)


async def test_refused_is_a_path_that_cannot_be_gone_or_is_not_theirs(school: School, globex: Cast) -> None:
    (one, _), (two, _) = await a_course(school, lessons=1), await a_course(school, lessons=1, slug="next")
    async with agency_scope(school.system):
        await CoursePrerequisite.create(workspace_id=school.client, course_id=one.id, required_id=two.id, position=1)
    wrong = (
        (Invalid, {"courses": [one.id, two.id]}),
        (Invalid, {"courses": []}),
        (Invalid, {"courses": [one.id, one.id]}),
        (NotFound, {"courses": [school.client]}),
    )
    for refusal, given in wrong:
        async with agency_scope(school.reviewer) as scope:
            with pytest.raises(refusal):
                await lay_path(school.reviewer, school.client, slug="a-b", title="x", **given)
            scope.doom()
    async with agency_scope(school.reviewer):
        path = await lay_path(school.reviewer, school.client, slug="a-b", title="x", courses=[two.id, one.id])
    async with agency_scope(school.reviewer) as scope:
        with pytest.raises(SlugTaken):
            await lay_path(school.reviewer, school.client, slug="a-b", title="x", courses=[one.id])
        scope.doom()
    async with agency_scope(globex.owner):
        for verb in (
            archive_path(globex.owner, path.id),
            enrol_in_path(globex.owner, path.id, membership_id=globex.owner.membership_id),
            lay_path(globex.owner, globex.workspaces["forum"], slug="a-b", title="x", courses=[one.id]),
        ):
            with pytest.raises(NotFound):
                await verb


async def test_a_copied_course_has_its_lessons_its_quiz_and_a_life_of_its_own(school: School) -> None:
    course, items = await a_course(school, lessons=2, certificate_kind="power_user")
    owner = school.cast.owner
    async with agency_scope(owner):
        await set_quiz(
            owner, course.id, questions=[Question("Why?", ["a", "b"], [1])], draws={}, pass_percent=50, most_attempts=2
        )
    elsewhere = await school.cast.empty_workspace()
    async with agency_scope(owner):
        copied = await copy_course(owner, course.id, workspace_id=elsewhere, slug="the-copy")
    async with agency_scope(school.cast.system):
        made = await Course.get(id=copied.id)
        assert (made.workspace_id, made.state, made.certificate_kind) == (elsewhere, "draft", "power_user")
        lessons = await CourseLesson.filter(course_id=made.id).order_by("position")
        slugs = [(await ContentItem.get(id=each.item_id)).slug for each in lessons]
        assert slugs == ["the-copy-1", "the-copy-2"]
        assert await ContentDraft.filter(workspace_id=elsewhere).count() == 2
        assert not {each.item_id for each in lessons} & set(items)
        assert (await Quiz.get(course_id=made.id)).questions == (await Quiz.get(course_id=course.id)).questions
    async with agency_scope(school.educator):  # who works for one client copies into no other
        with pytest.raises(NotFound):
            await copy_course(school.educator, course.id, workspace_id=elsewhere, slug="another")
    support = await school.hire("support", Role.SUPPORT)
    async with agency_scope(support):
        with pytest.raises(NotAllowed):
            await copy_course(support, course.id, workspace_id=elsewhere, slug="another")


async def test_authors_read_questions_again_and_nobody_an_answer(school: School, api: httpx.AsyncClient) -> None:
    course, _ = await a_course(school, lessons=1)
    async with agency_scope(school.reviewer):
        quiz = await set_quiz(
            school.reviewer, course.id, questions=[Question("Why?", ["a", "b"], [1])], draws={}, pass_percent=50, most_attempts=None
        )  # fmt: skip
    await school.hire("learner", Role.SUPPORT)
    query = f'{{ node(id: "quiz_{quiz.id}") {{ ... on Quiz {{ passPercent questions }} }} }}'
    seen = {who: await ask(api, school.token(who), query) for who in ("educator", "learner")}
    assert seen["educator"]["data"]["node"]["questions"] == [{"pool": "all", "text": "Why?", "choices": ["a", "b"]}]
    assert seen["learner"]["data"]["node"] == {"passPercent": 50, "questions": None}
