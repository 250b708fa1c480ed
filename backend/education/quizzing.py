"""Quizzes: questions in pools, a draw that can be done again, attempts that are limited. Answers stay here."""

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from backend import journal
from backend.education.composing import held_course
from backend.education.course_models import Enrolment, Quiz, QuizAttempt
from backend.education.learning import complete_if_done, held_enrolment, must_be_open, note_start
from backend.education.thresholds import MOST_CHOICES, MOST_QUESTIONS
from backend.kit.clock import now
from backend.kit.errors import Conflict, Invalid, NotFound
from backend.kit.ids import new_id
from backend.kit.texts import clean
from tenants.actor import Actor
from tenants.rights import Right


@dataclass(frozen=True, slots=True)
class Question:
    """`right`: the numbers of the choices that are right, from 0."""

    text: str
    choices: Sequence[str]
    right: Sequence[int]
    pool: str = "all"


@dataclass(frozen=True, slots=True)
class Drawn:
    """`questions`: text and choices, in the order they are asked in; `key`: for each the numbers that are right there."""

    questions: list[dict[str, Any]]
    key: list[list[int]]


def draw(questions: Sequence[Mapping[str, Any]], draws: Mapping[str, int], seed: UUID) -> Drawn:
    """The same for the same seed: of every pool as many as `draws` says, in an order of its own, choices too."""
    chance = random.Random(seed.int)  # noqa: S311 - who guesses a seed knows no answer by it
    asked = []
    for pool in sorted(draws):
        asked += chance.sample([each for each in questions if each["pool"] == pool], draws[pool])
    chance.shuffle(asked)
    drawn, key = [], []
    for question in asked:
        order = list(range(len(question["choices"])))
        chance.shuffle(order)
        drawn.append({"text": question["text"], "choices": [question["choices"][each] for each in order]})
        key.append(sorted(order.index(each) for each in question["right"]))
    return Drawn(drawn, key)


async def set_quiz(
    actor: Actor,
    course_id: UUID,
    *,
    questions: Sequence[Question],
    draws: Mapping[str, int],
    pass_percent: int,
    most_attempts: int | None,
) -> Quiz:
    """What a course asks at its end, in place of what it asked before; attempts that have begun go on as they are. Pools
    that `draws` leaves out are asked whole. Raises NotAllowed, NotFound, Invalid, Conflict."""
    actor.must_hold(Right.TEACH)
    kept, drawn = _checked(questions, draws)
    if not 1 <= pass_percent <= 100:
        raise Invalid("Between 1 and 100 percent.", path=("input", "passPercent"))
    if most_attempts is not None and not 1 <= most_attempts <= 100:
        raise Invalid("Between 1 and 100 attempts.", path=("input", "mostAttempts"))
    course = await held_course(course_id)
    if course.state == "published":
        actor.must_hold(Right.PUBLISH_CONTENT)
    columns: dict[str, Any] = {
        "questions": kept,
        "draws": drawn,
        "pass_percent": pass_percent,
        "most_attempts": most_attempts,
    }
    quiz = await Quiz.get_or_none(course_id=course.id, workspace_id=course.workspace_id)
    if quiz is None:
        quiz = await Quiz.create(course_id=course.id, workspace_id=course.workspace_id, **columns)
    else:
        quiz.version += 1
        await quiz.update_from_dict(columns).save()
    await journal.record(
        "course.quiz_set",
        subject_kind="course",
        subject_id=course.id,
        workspace_id=course.workspace_id,
        questions=len(kept),
    )
    return quiz


async def start_attempt(actor: Actor, enrolment_id: UUID) -> QuizAttempt:
    """Questions drawn anew; or the attempt that has begun. Raises NotAllowed, NotFound, and Conflict where the course has
    no quiz, it is passed, or no attempt is left."""
    enrolment = await held_enrolment(actor, enrolment_id)
    must_be_open(enrolment)
    quiz = await Quiz.get_or_none(course_id=enrolment.course_id, workspace_id=enrolment.workspace_id)
    if quiz is None:
        raise Conflict("This course has no quiz.", path=("input", "enrolmentId"))
    before = await QuizAttempt.filter(enrolment_id=enrolment.id, workspace_id=enrolment.workspace_id).order_by("number")
    if before and before[-1].ended_at is None:
        return before[-1]
    if any(attempt.has_passed for attempt in before):
        raise Conflict("This quiz is passed.", path=("input", "enrolmentId"))
    if quiz.most_attempts is not None and len(before) >= quiz.most_attempts:
        raise Conflict("No attempt is left.", path=("input", "enrolmentId"))
    attempt_id = new_id()
    drawn = draw(quiz.questions, quiz.draws, attempt_id)
    attempt = await QuizAttempt.create(
        id=attempt_id,
        workspace_id=enrolment.workspace_id,
        enrolment_id=enrolment.id,
        number=len(before) + 1,
        questions=drawn.questions,
        key=drawn.key,
        pass_percent=quiz.pass_percent,
    )
    await note_start(enrolment)
    await _journal("attempt_started", enrolment, attempt)
    return attempt


async def submit_attempt(actor: Actor, attempt_id: UUID, *, answers: Sequence[Sequence[int]]) -> QuizAttempt:
    """`answers`: for each question the numbers of the choices, from 0; a question is right where they are exactly those
    that are. Raises NotAllowed, NotFound, Invalid, and Conflict for an attempt that is over."""
    actor.must_hold(Right.LEARN)
    found = await QuizAttempt.get_or_none(id=attempt_id)
    if found is None:
        raise NotFound(path=("input", "attemptId"))
    enrolment = await held_enrolment(actor, found.enrolment_id, field="attemptId")
    attempt = await QuizAttempt.filter(id=attempt_id, workspace_id=enrolment.workspace_id).select_for_update().get()
    if attempt.ended_at is not None:
        raise Conflict("This attempt is over.", path=("input", "attemptId"))
    must_be_open(enrolment)
    given = [sorted(set(each)) for each in answers]
    if len(given) != len(attempt.key):
        raise Invalid(f"There are {len(attempt.key)} questions.", path=("input", "answers"))
    right = sum(one == other for one, other in zip(given, attempt.key, strict=True))
    await QuizAttempt.filter(id=attempt.id, workspace_id=attempt.workspace_id).update(
        answers=given,
        right_count=right,
        has_passed=100 * right >= attempt.pass_percent * len(given),
        ended_at=now(),
    )
    await _journal("attempt_submitted", enrolment, attempt)
    await complete_if_done(enrolment)
    return attempt


def _checked(questions: Sequence[Question], draws: Mapping[str, int]) -> tuple[list[dict[str, Any]], dict[str, int]]:
    if not 1 <= len(questions) <= MOST_QUESTIONS:
        raise Invalid(f"Between one and {MOST_QUESTIONS} questions.", path=("input", "questions"))
    kept = []
    for each in questions:
        if not 2 <= len(each.choices) <= MOST_CHOICES or not set(each.right) <= set(range(len(each.choices))):
            raise Invalid(f"A question has two to {MOST_CHOICES} choices.", path=("input", "questions"))
        if not each.right:
            raise Invalid("One choice at least is right.", path=("input", "questions"))
        kept.append(
            {
                "pool": clean(each.pool, field="questions", longest=40),
                "text": clean(each.text, field="questions", longest=2_000),
                "choices": [clean(choice, field="questions", longest=500) for choice in each.choices],
                "right": sorted(set(each.right)),
            }
        )
    sizes = Counter(str(each["pool"]) for each in kept)
    for pool, wanted in draws.items():
        if not 1 <= wanted <= sizes[pool]:
            raise Invalid("No pool gives more questions than it has, or none.", path=("input", "draws"))
    return kept, {**sizes, **draws}


async def _journal(verb: str, enrolment: Enrolment, attempt: QuizAttempt) -> None:
    await journal.record(
        f"enrolment.{verb}",
        subject_kind="enrolment",
        subject_id=enrolment.id,
        workspace_id=enrolment.workspace_id,
        number=attempt.number,
    )
