"""Quizzes: drawn by a seed, limited, and without a word about answers."""

import json
from collections import Counter
from typing import Any
from uuid import UUID

import httpx
import pytest
from cast import ask
from education.conftest import School
from education.test_learning import a_course, of
from hypothesis import given
from hypothesis import strategies as st

from backend.education import (
    Course,
    Question,
    QuizAttempt,
    complete_lesson,
    draw,
    enrol,
    set_quiz,
    start_attempt,
    submit_attempt,
)
from backend.kit.errors import Conflict, Invalid
from backend.kit.ids import new_id
from tenants.provisioning import issue_api_key
from tenants.rights import Right
from tenants.scope import agency_scope

POOLS = [
    {"pool": pool, "text": f"{pool}{n}", "choices": ["right", "wrong", "also right", "no"], "right": [0, 2]}
    for pool in "ab"
    for n in range(6)
]


@given(st.uuids(), st.integers(1, 6), st.integers(1, 6))
def test_a_draw_is_the_same_for_its_seed_and_takes_of_each_pool_what_it_says(seed: UUID, a: int, b: int) -> None:
    drawn = draw(POOLS, {"a": a, "b": b}, seed)
    assert drawn == draw(POOLS, {"b": b, "a": a}, seed)
    assert Counter(each["text"][0] for each in drawn.questions) == {"a": a, "b": b}
    assert len({each["text"] for each in drawn.questions}) == a + b
    for question, key in zip(drawn.questions, drawn.key, strict=True):
        assert set(question) == {"text", "choices"}
        assert {question["choices"][each] for each in key} == {"right", "also right"}


def test_seeds_draw_differently() -> None:
    assert len({json.dumps(draw(POOLS, {"a": 3}, new_id()).questions) for _ in range(50)}) > 40


async def a_quiz(school: School, *, most_attempts: int | None = 2, **more: Any) -> tuple[Course, UUID, UUID]:
    """Of a course with one lesson; the lesson and an enrolment of the educator."""
    course, [item_id] = await a_course(school, lessons=1)
    questions = [Question(f"q{n}", ["good", "bad"], [0]) for n in range(4)]
    async with agency_scope(school.reviewer):
        await set_quiz(
            school.reviewer,
            course.id,
            **{
                "questions": questions,
                "draws": {"all": 2},
                "pass_percent": 100,
                "most_attempts": most_attempts,
                **more,
            },
        )
    async with agency_scope(school.educator):
        enrolment = await enrol(school.educator, course.id, membership_id=school.educator.membership_id)
    return course, item_id, enrolment.id


def answers_to(attempt: QuizAttempt, choice: str) -> list[list[int]]:
    return [[each["choices"].index(choice)] for each in attempt.questions]


async def attempt_it(school: School, enrolment_id: UUID, choice: str) -> QuizAttempt:
    async with agency_scope(school.educator):
        attempt = await start_attempt(school.educator, enrolment_id)
        await submit_attempt(school.educator, attempt.id, answers=answers_to(attempt, choice))
        return await QuizAttempt.get(id=attempt.id)


async def test_a_course_with_a_quiz_is_completed_when_it_is_passed(school: School) -> None:
    _, item_id, enrolment_id = await a_quiz(school)
    async with agency_scope(school.educator):
        await complete_lesson(school.educator, enrolment_id, item_id)
    assert (await of(school, enrolment_id)).state == "in_progress"
    failed = await attempt_it(school, enrolment_id, "bad")
    assert (failed.number, failed.right_count, failed.has_passed) == (1, 0, False)
    passed = await attempt_it(school, enrolment_id, "good")
    assert (passed.number, passed.right_count, passed.has_passed) == (2, 2, True)
    assert (await of(school, enrolment_id)).state == "completed"


async def test_attempts_are_limited_and_one_at_a_time(school: School) -> None:
    _, _, enrolment_id = await a_quiz(school)
    async with agency_scope(school.educator):
        one, again = [await start_attempt(school.educator, enrolment_id) for _ in range(2)]
    assert one.id == again.id
    async with agency_scope(school.educator):
        with pytest.raises(Invalid):
            await submit_attempt(school.educator, one.id, answers=[])
    for _ in range(2):
        await attempt_it(school, enrolment_id, "bad")
    with pytest.raises(Conflict, match="over"):
        async with agency_scope(school.educator):
            await submit_attempt(school.educator, one.id, answers=answers_to(one, "good"))
    with pytest.raises(Conflict, match="left"):
        async with agency_scope(school.educator):
            await start_attempt(school.educator, enrolment_id)
    assert (await of(school, enrolment_id)).state == "in_progress"


async def test_a_passed_quiz_is_not_attempted_again_and_a_new_one_asks_nothing_of_an_attempt_under_way(
    school: School,
) -> None:
    course, _, enrolment_id = await a_quiz(school)
    async with agency_scope(school.educator):
        attempt = await start_attempt(school.educator, enrolment_id)
    async with agency_scope(school.reviewer):
        await set_quiz(
            school.reviewer, course.id, questions=[Question("other", ["bad", "worse"], [1])], draws={}, pass_percent=1,
            most_attempts=None,
        )  # fmt: skip
    async with agency_scope(school.educator):
        await submit_attempt(school.educator, attempt.id, answers=answers_to(attempt, "good"))
    with pytest.raises(Conflict, match="passed"):
        async with agency_scope(school.educator):
            await start_attempt(school.educator, enrolment_id)


async def test_a_learner_can_ask_for_everything_and_finds_no_answer(school: School, api: httpx.AsyncClient) -> None:
    """A client's own frontend, which acts for members: all fields of all that leads from a course to an attempt."""
    course, _, _ = await a_quiz(school)
    key = await issue_api_key(
        school.cast.agency_id, name="site", scopes=[Right.READ_WORKSPACE, Right.LEARN], workspace_id=school.client
    )
    member = await school.member()
    enrolled = await ask(
        api, key, "mutation($i: EnrolInput!) { enrol(input: $i) { enrolment { id because } } }",
        i={"courseId": f"course_{course.id}", "memberId": f"member_{member}"},
    )  # fmt: skip
    assert enrolled["data"]["enrol"]["enrolment"]["because"] == "SELF"
    enrolment_id = enrolled["data"]["enrol"]["enrolment"]["id"]
    attempt = """id number questions passPercent answers rightCount hasPassed"""
    started = await ask(
        api, key, f"mutation($e: ID!) {{ startAttempt(input: {{ enrolmentId: $e }}) {{ attempt {{ {attempt} }} }} }}",
        e=enrolment_id,
    )  # fmt: skip
    shown = started["data"]["startAttempt"]["attempt"]
    assert {frozenset(each) for each in shown["questions"]} == {frozenset({"text", "choices"})}
    types = await ask(
        api, key, """{ quiz: __type(name: "Quiz") { fields { name } } attempt: __type(name: "QuizAttempt") { fields { name } } }"""
    )  # fmt: skip
    assert {each["name"] for each in types["data"]["quiz"]["fields"]} == {
        "id", "questions", "draws", "passPercent", "mostAttempts", "version",
    }  # fmt: skip
    asked = await ask(api, key, f'{{ node(id: "course_{course.id}") {{ ... on Course {{ quiz {{ questions }} }} }} }}')
    assert asked["data"]["node"] == {"quiz": {"questions": None}}  # they are for whoever writes them
    assert not {"key", "right"} & {each["name"] for each in types["data"]["attempt"]["fields"]}
    wrong = [[1 - each["choices"].index("good")] for each in shown["questions"]]
    submitted = await ask(
        api, key,
        f"mutation($i: SubmitAttemptInput!) {{ submitAttempt(input: $i) {{ attempt {{ {attempt} }} }} }}",
        i={"attemptId": shown["id"], "answers": wrong},
    )  # fmt: skip
    assert submitted["data"]["submitAttempt"]["attempt"] == {
        **shown, "answers": wrong, "rightCount": 0, "hasPassed": False,
    }  # fmt: skip


@pytest.mark.parametrize(
    "wrong",
    [
        {"questions": []},
        {"questions": [Question("x", ["a"], [0])]},
        {"questions": [Question("x", ["a", "b"], [])]},
        {"questions": [Question("x", ["a", "b"], [2])]},
        {"questions": [Question("x", ["a", "b"], [-1])]},
        {"draws": {"all": 5}},
        {"draws": {"all": 0}},
        {"draws": {"none": 1}},
        {"pass_percent": 0},
        {"pass_percent": 101},
        {"most_attempts": 0},
    ],
    ids=str,
)
async def test_what_cannot_be_a_quiz_is_refused(school: School, wrong: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        await a_quiz(school, **wrong)
