"""A frozen study runs once, as a job; what it found never changes, and comes out again from the rows it kept."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import UUID

import orjson

from backend import journal
from backend.customers import derive_for
from backend.kit.clock import now
from backend.kit.errors import Conflict
from backend.outbox import enqueue, report_progress
from backend.retention.comparing import Json, Plan, after_landmark, naive, person_time
from backend.retention.defining import held_study
from backend.retention.drawing import draw
from backend.retention.gathering import gather, keep_input, kept_input, subjects_in
from backend.retention.models import RetentionStudy, StudyResult
from backend.retention.telling import SENTENCES, WHAT_PLACEBO_SAYS, WHY_NAIVE_MISLEADS, as_csv, caveats, grade_of
from tenants.actor import Actor
from tenants.rights import Right


@dataclass(frozen=True, slots=True)
class Found:
    """`is_enough`: at one landmark at least there was enough to compare."""

    result: Json
    caveats: list[str]
    charts: list[dict[str, Any]]
    csv: str
    is_enough: bool

    @property
    def result_hash(self) -> str:
        return sha256(orjson.dumps(self.result, option=orjson.OPT_SORT_KEYS)).hexdigest()


async def run_study(actor: Actor, study_id: UUID) -> RetentionStudy:
    """Promise it. Raises NotAllowed, NotFound, and Conflict for one that is not frozen, runs, or has run."""
    actor.must_hold(Right.WRITE_POLICIES)
    study = await held_study(study_id)
    if study.state != "frozen":
        raise Conflict(
            "Freeze it first." if study.state == "draft" else "It runs, or has run.", path=("input", "studyId")
        )
    await _run(study)
    await enqueue("run_retention_study", {"study_id": str(study.id)}, workspace_id=study.workspace_id)
    await journal.record(
        "retentionstudy.asked", subject_kind="retentionstudy", subject_id=study.id, workspace_id=study.workspace_id
    )
    return study


async def compare_arms(system: Actor, payload: Mapping[str, Any]) -> None:
    """Job: copies the rows, compares them, and says what came of it. What has run is left alone."""
    study = await (
        RetentionStudy.filter(id=UUID(payload["study_id"]), workspace_id=system.only_workspace)
        .select_for_update()
        .get()
    )
    if study.state != "running":
        return
    if study.input_hash is None:
        await derive_for(study.workspace_id)
        study.input_hash = await keep_input(study, await gather(study))
    await report_progress(1, 3)
    rows = await kept_input(study)
    found = await asyncio.to_thread(look_at, rows, study.definition, _named(study))
    await report_progress(2, 3)
    grade = grade_of(study.definition)
    await StudyResult.create(
        workspace_id=study.workspace_id,
        study_id=study.id,
        evidence_grade=grade,
        sentence=SENTENCES[grade],
        caveats=found.caveats,
        result=found.result,
        result_hash=found.result_hash,
        csv=found.csv,
        charts=found.charts,
    )
    study.state, study.ended_at = ("done" if found.is_enough else "insufficient_data"), now()
    await study.save(update_fields=("state", "ended_at", "input_hash"))
    await journal.record(
        "retentionstudy.ended",
        subject_kind="retentionstudy",
        subject_id=study.id,
        workspace_id=study.workspace_id,
        state=study.state,
        input_hash=study.input_hash,
        result_hash=found.result_hash,
    )


async def give_up_study(system: Actor, payload: Mapping[str, Any], _why: str) -> None:
    """Its job was given up, or called off: it is frozen as before, and can be run again."""
    await RetentionStudy.filter(
        id=UUID(payload["study_id"]), workspace_id=system.only_workspace, state="running"
    ).update(state="frozen", problem="It could not be run to its end. Run it again.")


async def go_on_with_study(system: Actor, payload: Mapping[str, Any]) -> None:
    """Its job is tried again."""
    study = await RetentionStudy.get(id=UUID(payload["study_id"]), workspace_id=system.only_workspace)
    if study.state == "frozen":
        await _run(study)


async def reproduce(study: RetentionStudy) -> str:
    """The hash of what comes out of the rows it kept; that of its result is the same. Raises InputChanged."""
    found = await asyncio.to_thread(look_at, await kept_input(study), study.definition, _named(study))
    return found.result_hash


def look_at(rows: bytes, definition: Mapping[str, Any], named: Mapping[str, Any]) -> Found:
    """Pure: everything that is said of a study follows from the rows and the definition."""
    subjects, linked = subjects_in(rows, definition)
    plan = Plan(definition["landmarkDays"], definition["horizonDays"], definition["fewestEvents"])
    landmarks = [after_landmark(subjects, plan, days) for days in plan.landmarks]
    grade = grade_of(definition)
    result: Json = {
        **named,
        "evidenceGrade": grade.upper(),
        "sentence": SENTENCES[grade],
        "definition": dict(definition),
        "coverage": {"accounts": len(subjects), "linked": linked},
        "landmarks": landmarks,
        "personTime": None if definition["isRandomised"] else person_time(subjects, plan),
        "naive": {**naive(subjects, plan), "whyItMisleads": WHY_NAIVE_MISLEADS},
    }
    for each in landmarks:
        if "sensitivity" in each:
            each["sensitivity"]["placebo"]["whatItSays"] = WHAT_PLACEBO_SAYS
    said = list(caveats(result, definition))
    result["caveats"] = said
    is_enough = any(each["status"] == "OK" for each in landmarks)
    result["status"] = "OK" if is_enough else "INSUFFICIENT_DATA"
    return Found(result, said, draw(result), as_csv(result), is_enough)


async def _run(study: RetentionStudy) -> None:
    study.state, study.problem = "running", None
    await study.save(update_fields=("state", "problem"))


def _named(study: RetentionStudy) -> Mapping[str, Any]:
    assert study.cut_off_at is not None
    return {
        "study": study.name,
        "cutOffAt": study.cut_off_at.isoformat(),
        "definitionHash": study.definition_hash,
        "inputHash": study.input_hash,
    }
