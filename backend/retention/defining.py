"""What a study compares is said before anybody looks, and then frozen."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

import orjson

from backend import journal
from backend.customers import KINDS
from backend.kit.clock import now
from backend.kit.errors import Conflict, Invalid, NotFound
from backend.kit.texts import clean_line
from backend.retention.models import RetentionStudy
from backend.retention.thresholds import (
    FEWEST_EVENTS,
    LANDMARK_DAYS,
    LONGEST_HORIZON_DAYS,
    SHORTEST_HORIZON_DAYS,
)
from tenants.actor import Actor
from tenants.finding import find_workspace
from tenants.rights import Right

STRATA: Final = ("plan", "size", "tenure", "activity")
ENDINGS: Final = ("voluntary", "involuntary")
# Of the protocol that is followed: a study says by which it was made.
PROTOCOL_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class Definition:
    """`exposures`: which kinds put an account into the exposed arm. `endings`: which count as churn; the others, what ended
    from outside and what ended for one of `outside_reasons` is censored. `is_randomised`: arms are as lots were drawn."""

    exposures: Sequence[str]
    endings: Sequence[str] = ENDINGS
    outside_reasons: Sequence[str] = ()
    strata: Sequence[str] = STRATA
    horizon_days: int = 365
    fewest_events: int = FEWEST_EVENTS
    is_randomised: bool = False

    def written(self) -> dict[str, Any]:
        return {
            "protocolVersion": PROTOCOL_VERSION,
            "exposures": list(self.exposures),
            "endings": list(self.endings),
            "outsideReasons": list(self.outside_reasons),
            "strata": list(self.strata),
            "landmarkDays": list(LANDMARK_DAYS),
            "horizonDays": self.horizon_days,
            "fewestEvents": self.fewest_events,
            "isRandomised": self.is_randomised,
        }


async def create_study(
    actor: Actor, workspace_id: UUID, *, name: str, definition: Definition, study_id: UUID | None = None
) -> RetentionStudy:
    """A draft, or one that is written anew (`study_id`). Raises NotAllowed, NotFound, Invalid, and Conflict for one that is
    frozen."""
    actor.must_hold(Right.WRITE_POLICIES)
    await find_workspace(workspace_id)
    study = RetentionStudy(workspace_id=workspace_id, created_by_id=actor.membership_id)
    if study_id is not None:
        study = await held_study(study_id)
        if study.workspace_id != workspace_id:
            raise NotFound(path=("input", "studyId"))
        if study.state != "draft":
            raise Conflict("A study that is frozen never changes: create another one.", path=("input", "studyId"))
    study.name = clean_line(name, field="name", longest=200)
    study.definition = _checked(definition).written()
    await study.save()
    await _record("created" if study_id is None else "changed", study)
    return study


async def freeze_study(actor: Actor, study_id: UUID) -> RetentionStudy:
    """From now on it is what it is, and looks at nothing that happens later. Raises NotAllowed, NotFound, Conflict."""
    actor.must_hold(Right.WRITE_POLICIES)
    study = await held_study(study_id)
    if study.state != "draft":
        raise Conflict("It is frozen already.", path=("input", "studyId"))
    study.state, study.frozen_at = "frozen", now()
    study.cut_off_at = study.frozen_at
    study.definition_hash = hash_of(study)
    await study.save(update_fields=("state", "frozen_at", "cut_off_at", "definition_hash"))
    await _record("frozen", study, definition_hash=study.definition_hash)
    return study


def hash_of(study: RetentionStudy) -> str:
    """Of the definition and the cut-off."""
    assert study.cut_off_at is not None
    written = {"definition": study.definition, "cutOffAt": study.cut_off_at.isoformat()}
    return sha256(orjson.dumps(written, option=orjson.OPT_SORT_KEYS)).hexdigest()


async def held_study(study_id: UUID) -> RetentionStudy:
    """Locked. Raises NotFound."""
    study = await RetentionStudy.filter(id=study_id).select_for_update().get_or_none()
    if study is None:
        raise NotFound(path=("input", "studyId"))
    return study


def _checked(told: Definition) -> Definition:
    """Raises Invalid."""
    for field, given, known in (
        ("exposures", told.exposures, KINDS),
        ("endings", told.endings, ENDINGS),
    ):
        if not given:
            raise Invalid("Name one at least.", path=("input", "definition", field))
        assert set(given) <= set(known)
    if "posted" in told.exposures and "activity" in told.strata:
        raise Invalid(
            "Their own activity cannot be both what is compared and what is held equal: leave one of the two out.",
            path=("input", "definition", "strata"),
        )
    if not SHORTEST_HORIZON_DAYS <= told.horizon_days <= LONGEST_HORIZON_DAYS:
        raise Invalid(
            f"{SHORTEST_HORIZON_DAYS} to {LONGEST_HORIZON_DAYS:,} days.", path=("input", "definition", "horizonDays")
        )
    if not FEWEST_EVENTS <= told.fewest_events <= 1_000_000:
        raise Invalid(f"{FEWEST_EVENTS} at least.", path=("input", "definition", "fewestEvents"))
    if len(told.outside_reasons) > 50:
        raise Invalid("50 reasons at most.", path=("input", "definition", "outsideReasons"))
    reasons = [clean_line(each, field="outsideReasons", longest=200).casefold() for each in told.outside_reasons]
    return Definition(
        sorted(set(told.exposures)),
        sorted(set(told.endings)),
        sorted(set(reasons)),
        [each for each in STRATA if each in told.strata],
        told.horizon_days,
        told.fewest_events,
        told.is_randomised,
    )


async def _record(verb: str, study: RetentionStudy, **detail: Any) -> None:
    await journal.record(
        f"retentionstudy.{verb}",
        subject_kind="retentionstudy",
        subject_id=study.id,
        workspace_id=study.workspace_id,
        **detail,
    )
