"""Rows of everything that belongs to safety and training: one of each kind, of one client, and what is about nobody's case."""

from datetime import timedelta

from cast import Cast

from backend.education import Certificate, TrainingRequirement
from backend.kit.clock import now
from backend.moderation import About, Case, raise_danger
from backend.safety import (
    CrisisResource,
    Danger,
    EscalationPolicy,
    EscalationReview,
    FollowUp,
    HolidayCalendar,
    Rota,
    RotaLayer,
    RotaOverride,
    SafetyContact,
    SafetyFiling,
    SafetySettings,
    Takedown,
)
from backend.safety.writing_notifications import Notification, checked_notification
from tenants.scope import agency_scope

TOLD = checked_notification(Notification("x", "now", "x", ("DE",), "x", "x", "x"))


async def in_danger(cast: Cast, case: Case) -> dict[str, str]:
    """Their published ids, by kind. The escalation is an exercise, so that everybody still sees the case."""
    client, colleague = case.workspace_id, cast.colleague.membership_id
    async with agency_scope(cast.system) as scope:
        escalation_id, _ = await raise_danger(
            cast.system, About(case_id=case.id), Danger("medical", "x", is_drill=True)
        )
        # Nobody is paged while other tests count jobs.
        await scope.execute("delete from jobs where agency_id = $1 and kind = 'page_escalation'", cast.agency_id)
        certificate = await Certificate.get_or_none(
            membership_id=colleague, kind="first_aid", revoked_at=None
        ) or await Certificate.create(
            membership_id=colleague,
            kind="first_aid",
            valid_from=now(),
            valid_until=now() + timedelta(days=300),
            proof="x",
        )
        calendar, _ = await HolidayCalendar.get_or_create(
            workspace_id=client, name="of the cast", defaults={"country": "AT"}
        )
        rota = await Rota.get_or_none(workspace_id=client, name="nights")
        if rota is None:
            rota = await Rota.create(workspace_id=client, name="nights", time_zone="Europe/Paris")
            named = {"rota_id": rota.id, "level": 5}
            await RotaLayer.create(
                position=1, starts_at=now(), shift_hours=24, turns=[str(colleague)], holidays="not_on",
                calendar_id=calendar.id, **named,
            )  # fmt: skip
            await RotaOverride.create(
                membership_id=colleague, starts_at=now(), ends_at=now() + timedelta(days=1), **named
            )
        policy = await EscalationPolicy.filter(workspace_id=client).order_by("-version").first()
        if policy is None:
            policy = await EscalationPolicy.create(
                workspace_id=client,
                version=1,
                position=1,
                max_severity=5,
                levels=[],
                repeats=0,
                on_exhausted="page_owners",
            )
        help_, _ = await CrisisResource.get_or_create(
            country="AT", kind="suicide", name="of the cast",
            defaults={
                "phone": "1", "hours": "always", "languages": ["de"], "is_free": True, "is_confidential": True,
                "source_url": "https://example.com/", "verified_at": now(), "verify_before": now() + timedelta(days=300),
            },
        )  # fmt: skip
        settings, _ = await SafetySettings.get_or_create(defaults={"updated_at": now()})
        contact, _ = await SafetyContact.get_or_create(workspace_id=client)
        requirement, _ = await TrainingRequirement.get_or_create(workspace_id=client, defaults={"kinds": []})
    about = {"workspace_id": client, "escalation_id": escalation_id, "by_id": colleague, "created_at": now()}
    async with agency_scope(cast.system):
        filing = await SafetyFiling.create(kind="article_18", content=TOLD, documents=[], due_at=now(), **about)
        review = {"what_happened": "x", "went_well": "x", "to_change": "x", "changed_at": now()}
        await EscalationReview.create(**review, **about)
        follow_up = await FollowUp.create(what="x", due_at=now(), asked_by_id=colleague, **about)
        takedown = await Takedown.create(
            **dict.fromkeys(("signature", "identification", "location", "good_faith"), "x"),
            contact="",
            received_at=(received_at := now()),
            deadline_at=received_at + timedelta(hours=48),
            **about,
        )
    return {
        "crisisresource": f"crisisresource_{help_.id}",
        "safetyfiling": f"safetyfiling_{filing.id}",
        "followup": f"followup_{follow_up.id}",
        "safetysettings": f"safetysettings_{settings.id}",
        "takedown": f"takedown_{takedown.id}",
        "escalation": f"escalation_{escalation_id}",
        "certificate": f"certificate_{certificate.id}",
        "rota": f"rota_{rota.id}",
        "holidaycalendar": f"holidaycalendar_{calendar.id}",
        "escalationpolicy": f"escalationpolicy_{policy.id}",
        "safetycontact": f"safetycontact_{contact.id}",
        "trainingrequirement": f"trainingrequirement_{requirement.id}",
    }
