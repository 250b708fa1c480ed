"""Rows of everything that belongs to teaching: one of each kind, of one client."""

from datetime import timedelta
from uuid import UUID

from cast import Cast

from backend.education import (
    BadgeKey,
    ContentAuthor,
    ContentDraft,
    ContentFeedback,
    ContentItem,
    ContentPicture,
    ContentSearch,
    ContentVersion,
    Course,
    CourseLesson,
    CoursePrerequisite,
    Enrolment,
    GlossaryTerm,
    LearningPath,
    LearningPathCourse,
    LessonMark,
    MemberCertificate,
    Quiz,
    QuizAttempt,
    TrainingNeed,
)
from backend.education.rendering import render
from backend.kit.clock import now
from backend.kit.ids import new_id
from tenants.scope import agency_scope


async def taught(cast: Cast, client: UUID, member_id: UUID) -> dict[str, str]:
    """Their published ids, by kind. The item is published, and its next draft is in nobody's review."""
    colleague = cast.colleague.membership_id
    async with agency_scope(cast.system):
        item = await ContentItem.create(workspace_id=client, kind="article", slug=f"a-{new_id()}", language="en")
        version = await ContentVersion.create(
            workspace_id=client, published_by_id=colleague, **a_version(item.id, "# One\n\nsome text")
        )
        translation = await ContentVersion.create(
            workspace_id=client, published_by_id=colleague, **a_version(item.id, "x", language="de", source_version=1)
        )
        await ContentItem.filter(id=item.id).update(current_version_id=version.id)
        key = await BadgeKey.create(public_key={"kty": "RSA"}, retired_at=now())
        picture = await ContentPicture.create(
            workspace_id=client, code=str(new_id()), content_type="image/png", width=1, height=1, byte_count=1,
            sha256="0" * 64, uploaded_at=now(), created_by_id=colleague,
        )  # fmt: skip
        draft = await ContentDraft.create(
            workspace_id=client,
            item_id=item.id,
            language="en",
            title="x",
            summary="",
            text="x",
            writers=[str(colleague)],
        )
        await ContentAuthor.create(workspace_id=client, item_id=item.id, membership_id=colleague)
        feedback = await ContentFeedback.create(
            workspace_id=client, version_id=translation.id, member_id=member_id, is_helpful=True, words="x"
        )
        await ContentSearch.get_or_create(workspace_id=client, words="x", defaults={"times": 2, "empty_count": 1})
        term, _ = await GlossaryTerm.get_or_create(
            workspace_id=client, language="en", term="churn", defaults={"definition": "Who leaves."}
        )
        about = {"workspace_id": client, "course_id": (course := await a_course(client)).id}
        lesson = await ContentItem.create(workspace_id=client, kind="lesson", slug=f"l-{new_id()}", language="en")
        lesson_version = await ContentVersion.create(workspace_id=client, **a_version(lesson.id, "x"))
        await ContentItem.filter(id=lesson.id).update(current_version_id=lesson_version.id)
        await CourseLesson.create(item_id=lesson.id, position=1, **about)
        await CoursePrerequisite.create(required_id=(await a_course(client)).id, position=1, **about)
        path = await LearningPath.create(workspace_id=client, slug=f"p-{new_id()}", title="x", summary="")
        await LearningPathCourse.create(path_id=path.id, position=1, **about)
        quiz = await Quiz.create(
            questions=[{"pool": "all", "text": "x", "choices": ["a", "b"], "right": [0]}], draws={"all": 1},
            pass_percent=50, **about,
        )  # fmt: skip
        enrolment = await Enrolment.create(member_id=member_id, because="assigned", **about)
        await LessonMark.create(workspace_id=client, enrolment_id=enrolment.id, item_id=lesson.id)
        attempt = await QuizAttempt.create(
            workspace_id=client, enrolment_id=enrolment.id, number=1, questions=[{"text": "x", "choices": ["a", "b"]}],
            key=[[0]], pass_percent=50,
        )  # fmt: skip
        certificate = await MemberCertificate.create(
            member_id=member_id, kind="x", valid_until=now() + timedelta(days=300), **about
        )
        need, _ = await TrainingNeed.get_or_create(workspace_id=client, role="educator", defaults={"kinds": ["x"]})
    return {
        "course": f"course_{course.id}",
        "lesson": f"content_{lesson.id}",
        "quiz": f"quiz_{quiz.id}",
        "learningpath": f"learningpath_{path.id}",
        "enrolment": f"enrolment_{enrolment.id}",
        "quizattempt": f"quizattempt_{attempt.id}",
        "membercertificate": f"membercertificate_{certificate.id}",
        "trainingneed": f"trainingneed_{need.id}",
        "content": f"content_{item.id}",
        "contentversion": f"contentversion_{translation.id}",
        "picture": f"picture_{picture.id}",
        "badgekey": f"badgekey_{key.id}",
        "contentdraft": f"contentdraft_{draft.id}",
        "contentfeedback": f"contentfeedback_{feedback.id}",
        "term": f"term_{term.id}",
    }


async def a_course(client: UUID) -> Course:
    return await Course.create(
        workspace_id=client,
        slug=f"c-{new_id()}",
        title="x",
        summary="",
        state="published",
        is_ordered=False,
        writers=[],
    )


def a_version(item_id: UUID, text: str, **columns: object) -> dict[str, object]:
    shown = render(text)
    return {
        "item_id": item_id, "language": "en", "version": 1, "title": "x", "summary": "", "text": text, "html": shown.html,
        "contents": shown.contents, "words": text.split(), "word_count": shown.word_count,
        "reading_seconds": shown.reading_seconds, "writers": [], **columns,
    }  # fmt: skip
