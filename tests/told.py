"""Rows of everything that belongs to stories: one of each kind, of one client."""

from datetime import timedelta

from cast import Cast

from backend.kit.clock import now
from backend.kit.ids import new_id
from backend.moderation import Case
from backend.stories import (
    BestPractice,
    Introduction,
    IntroductionSide,
    PracticeEvidence,
    PracticeFeedback,
    PracticeVersion,
    StoryConsent,
    StoryVersion,
    SuccessStory,
)
from tenants.scope import agency_scope


async def told(cast: Cast, case: Case) -> dict[str, str]:
    """Their published ids, by kind. The story is published and may be told anywhere; the practice that quotes it has a draft."""
    of = {"workspace_id": case.workspace_id}
    said = {"title": "x", "text": "x", "html": "<p>x</p>", "writers": []}
    async with agency_scope(cast.system):
        story = await SuccessStory.create(
            **of, member_id=case.member_id, language="en", why="x", state="published", published_at=now()
        )
        version = await StoryVersion.create(**of, story_id=story.id, version=1, uses=["quote"], **said)
        await SuccessStory.filter(id=story.id).update(current_version_id=version.id)
        consent = await StoryConsent.create(
            **of, story_id=story.id, version_id=version.id, uses=["quote"], given_by="member",
            channels=["site", "page", "practice"], expires_at=now() + timedelta(days=300),
        )  # fmt: skip
        practice = await BestPractice.create(**of, slug=f"p-{new_id()}", language="en", draft_state=None)
        versions = [
            await PracticeVersion.create(
                **of, practice_id=practice.id, version=number, summary="", reading_seconds=1, **said
            )
            for number in (1, 2)
        ]
        for each in versions:
            await PracticeEvidence.create(
                **of, version_id=each.id, story_id=story.id, story_version_id=version.id, is_quoting=True
            )
        await BestPractice.filter(id=practice.id).update(
            current_version_id=versions[0].id, draft_version_id=versions[1].id, draft_state="draft"
        )
        feedback = await PracticeFeedback.create(
            **of, version_id=versions[0].id, member_id=case.member_id, is_helpful=True, has_solved=True, words="x"
        )
        translation = await BestPractice.create(**of, slug=f"p-{new_id()}", language="de", of_id=practice.id)
        translated = await PracticeVersion.create(
            **of, practice_id=translation.id, version=1, summary="", reading_seconds=1, source_version=1, **said
        )
        await BestPractice.filter(id=translation.id).update(current_version_id=translated.id)
        other = await cast.post(workspace=next(slug for slug, id in cast.workspaces.items() if id == case.workspace_id))
        introduction = await Introduction.create(**of, reason="x", open_until=now() + timedelta(days=30))
        for member_id in (case.member_id, other.member_id):
            await IntroductionSide.create(**of, introduction_id=introduction.id, member_id=member_id)
    return {
        "story": f"story_{story.id}",
        "storyversion": f"storyversion_{version.id}",
        "storyconsent": f"storyconsent_{consent.id}",
        "practice": f"practice_{practice.id}",
        "practiceversion": f"practiceversion_{versions[0].id}",
        "practicefeedback": f"practicefeedback_{feedback.id}",
        "introduction": f"introduction_{introduction.id}",
    }
