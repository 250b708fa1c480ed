"""Every module with tables; the roof hands the list to Tortoise and to the wall."""

from importlib import import_module
from typing import Final

MODEL_MODULES: Final = (
    "tenants.models",
    "backend.outside.models",
    "backend.outbox.models",
    "backend.idempotency.models",
    "backend.journal.models",
    "backend.notices.models",
    "backend.webhooks.models",
    "backend.evidence.models",
    "backend.leaving.models",
    "backend.communities.models",
    "backend.customers.models",
    "backend.retention.models",
    "backend.policies.models",
    "backend.statements.models",
    "backend.education.models",
    "backend.education.course_models",
    "backend.stories.models",
    "backend.safety.models",
    "backend.safety.rota_models",
    "backend.safety.after_models",
    "backend.acting.models",
    "backend.moderation.queue_models",
    "backend.moderation.models",
    "backend.moderation.decision_models",
    "backend.reporting.models",
    "backend.filing.models",
    "backend.verification.models",
    "backend.ruling.models",
    "backend.integrity.models",
    "backend.client_reports.models",
    "backend.intake.models",
    "backend.directory.models",
)


def load() -> None:
    for module in MODEL_MODULES:
        import_module(module)
