"""A batch goes to the transparency database, by Tend or by hand; what became of it is kept, and nothing is sent twice."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import orjson

from backend import journal
from backend.filing.finding_names import named_in, personal_data
from backend.filing.models import Filing, FilingBatch, Service
from backend.filing.providing import find_service
from backend.filing.stating import free_words
from backend.filing.thresholds import ANSWER_SECONDS, DATABASE, LARGEST_ANSWER, LONGEST_EXPLANATION
from backend.kit.clock import now
from backend.kit.errors import Conflict, Invalid, NotFound
from backend.kit.texts import clean
from backend.outbox import enqueue
from backend.outside import fetch, open_sealed, stored_files
from backend.statements import Statement
from tenants.actor import Actor
from tenants.rights import Right

TAKEN, UNKNOWN, UNFIT, TOO_MANY = 201, 401, 422, 429
_PROBLEMS: Final = {
    UNKNOWN: "The database does not know the token: give Tend another one.",
    403: "The token may not file for this platform.",
    TOO_MANY: "The database asks for patience: submit it again in a minute.",
}
_LONGEST_MESSAGE: Final = 300


class Later(RuntimeError):
    """The database could not be asked, or asks for patience: the job is tried again."""


async def submit_batch(actor: Actor, batch_id: UUID) -> FilingBatch:
    """Promise to send it. Raises NotAllowed, NotFound, Conflict."""
    actor.must_hold(Right.LEAD_QUEUE)
    batch = await _ready(batch_id)
    if (await find_service(batch.service_id)).token is None:
        raise Conflict("Tend has no token of this service: submit the file by hand, and record what the answer was.")
    await enqueue(
        "submit_batch",
        {"batch_id": str(batch.id)},
        workspace_id=batch.workspace_id,
        dedupe_key=f"submit_batch:{batch.id}",
    )
    await journal.record(
        "filingbatch.submitted", subject_kind="filingbatch", subject_id=batch.id, workspace_id=batch.workspace_id
    )
    return batch


async def record_submission(actor: Actor, batch_id: UUID, *, status: int, answer: str | None = None) -> FilingBatch:
    """Somebody has submitted the file by hand: `status` and body of what the database answered. Raises NotAllowed,
    NotFound, Invalid, Conflict."""
    actor.must_hold(Right.LEAD_QUEUE)
    batch = await _ready(batch_id)
    if status not in (TAKEN, UNFIT, *_PROBLEMS):
        raise Invalid("The database answers 201, 401, 403, 422 or 429.", path=("input", "status"))
    said = _parsed((answer or "{}").encode())
    if status == UNFIT and not said:
        raise Invalid("Give the body of the answer: it says what was refused.", path=("input", "answer"))
    await _settle(batch, status, said)
    return batch


async def send_batch(_system: Actor, payload: Mapping[str, Any]) -> None:
    """Job: POST of a batch that is ready. Killed between answer and commit, it is sent again: the database then knows
    every puid, and that is success. Raises Later, Unreachable."""
    batch = await FilingBatch.filter(id=UUID(payload["batch_id"])).select_for_update().get_or_none()
    if batch is None or batch.state != "ready":
        return
    service = await Service.get(id=batch.service_id, workspace_id=batch.workspace_id)
    if service.token is None:
        return
    token = await open_sealed(service.token, table="services", column="token", row_id=service.id)
    answer = await fetch(
        "POST",
        f"{service.database_address or DATABASE}/statements",
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json", "Accept": "application/json"},
        content=await content_of(batch),
        largest=LARGEST_ANSWER,
        within_seconds=ANSWER_SECONDS,
    )
    if answer.status == TOO_MANY or answer.status >= 500:
        raise Later(f"The database answered {answer.status}.")
    await _settle(batch, answer.status, _parsed(answer.body))


async def give_up_batch(_system: Actor, payload: Mapping[str, Any], why: str) -> None:
    """Its job was given up, or called off: it is ready still."""
    await FilingBatch.filter(id=UUID(payload["batch_id"]), state="ready").update(problem=f"It was not sent. {why}")


async def correct_statement(actor: Actor, statement_id: UUID, *, explanation: str) -> Filing:
    """Other words for the database in the place of a statement's explanation; what the member was told stays. Raises
    NotAllowed, NotFound, Conflict; Invalid, by the field of the database, for personal data."""
    actor.must_hold(Right.LEAD_QUEUE)
    explanation = clean(explanation, field="explanation", longest=LONGEST_EXPLANATION)
    statement = await Statement.get_or_none(id=statement_id)
    filing = None if statement is None else await Filing.filter(statement_id=statement.id).select_for_update().first()
    if statement is None or filing is None:
        raise NotFound(path=("input", "statementId"))
    if filing.state not in ("waiting", "blocked", "refused"):
        raise Conflict("Only what is in no file, or was refused, is corrected.", path=("input", "statementId"))
    words = free_words(statement, explanation=explanation)
    [(field, text), *_] = words.items()
    handles = await named_in([text], workspace_id=statement.workspace_id)
    for problem in personal_data({field: text}, handles=handles):
        raise Invalid(f"{problem.field}: {problem.message}", path=("input", "explanation"))
    await filing.update_from_dict(
        {"explanation": explanation, "state": "waiting", "problems": [], "batch_id": None, "settled_at": now()}
    ).save()
    await journal.record(
        "statement.corrected", subject_kind="statement", subject_id=statement.id, workspace_id=statement.workspace_id
    )
    return filing


async def content_of(batch: FilingBatch) -> bytes:
    """Raises Conflict where the file is gone."""
    content = await stored_files().get(batch.path)
    if content is None:
        raise Conflict("The file of this batch is gone: prepare the statements anew.")
    return content


async def _ready(batch_id: UUID) -> FilingBatch:
    batch = await FilingBatch.filter(id=batch_id).select_for_update().get_or_none()
    if batch is None:
        raise NotFound(path=("input", "batchId"))
    if batch.state != "ready":
        raise Conflict("What became of this batch is known already.", path=("input", "batchId"))
    return batch


async def _settle(batch: FilingBatch, status: int, answer: Mapping[str, Any]) -> None:
    """Of a batch that was refused, what was fine waits for the next file; what is there already was taken before."""
    sent = orjson.loads(await content_of(batch))["statements"]
    if status == TAKEN:
        given = _by_puid(answer.get("statements"))
        links = {entry["puid"]: given.get(entry["puid"], {}).get("permalink") for entry in sent}
        await _accept(batch, links)
        await _close(batch, "accepted", None)
    elif status == UNFIT:
        refused, existing = _refused(answer, sent), _existing(answer, sent)
        await _refuse(batch, refused)
        await _accept(batch, dict.fromkeys(existing - set(refused)))
        rest = {entry["puid"] for entry in sent} - set(refused) - existing
        await _mark(batch, list(rest), state="waiting", batch_id=None)
        await _close(batch, "refused" if refused or rest else "accepted", _said(refused, existing, rest))
    else:
        batch.problem = _PROBLEMS.get(status, f"The database answered {status}.")
        await batch.save(update_fields=("problem",))
    await journal.record(
        "filingbatch.answered",
        subject_kind="filingbatch",
        subject_id=batch.id,
        workspace_id=batch.workspace_id,
        status=status,
    )


def _refused(answer: Mapping[str, Any], sent: Sequence[Mapping[str, Any]]) -> dict[str, list[dict[str, str]]]:
    """By puid: `errors` of a batch are called `statement_<place>`. What is there already, and is something else, is refused
    as well: it was not this."""
    refused: dict[str, list[dict[str, str]]] = {}
    for name, fields in _object(answer.get("errors")).items():
        place = name.removeprefix("statement_")
        if name.startswith("statement_") and place.isdecimal() and int(place) < len(sent):
            refused[sent[int(place)]["puid"]] = [
                {"field": str(field), "message": str(message)[:_LONGEST_MESSAGE]}
                for field, messages in _object(fields).items()
                for message in (messages if isinstance(messages, list) else [messages])
            ]
    own = _by_puid(sent)
    for puid, other in _told(answer).items():
        if puid in own and any(own[puid].get(name, value) != value for name, value in other.items()):
            refused[puid] = [{"field": "puid", "message": "The database has another statement under this name."}]
    return refused


def _existing(answer: Mapping[str, Any], sent: Sequence[Mapping[str, Any]]) -> set[str]:
    named = _object(answer.get("errors")).get("existing_puids")
    puids = {*(named if isinstance(named, list) else ()), *_told(answer)}
    return {entry["puid"] for entry in sent} & {str(puid) for puid in puids}


def _told(answer: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    """`existing`: one statement, or several."""
    existing = answer.get("existing")
    return _by_puid(existing if isinstance(existing, list) else [existing])


def _said(refused: Mapping[str, Any], existing: set[str], rest: set[str]) -> str | None:
    parts = [
        f"{len(refused)} refused" if refused else "",
        f"{len(existing - set(refused))} were there already" if existing - set(refused) else "",
        f"{len(rest)} wait for the next file" if rest else "",
    ]
    return ", ".join(filter(None, parts)) or None


async def _accept(batch: FilingBatch, links: Mapping[str, Any]) -> None:
    plain = [puid for puid, link in links.items() if not isinstance(link, str)]
    await _mark(batch, plain, state="accepted")
    for puid, link in links.items():
        if isinstance(link, str):
            await _mark(batch, [puid], state="accepted", permalink=link[:500])


async def _refuse(batch: FilingBatch, refused: Mapping[str, list[dict[str, str]]]) -> None:
    for puid, problems in refused.items():
        await _mark(batch, [puid], state="refused", problems=problems)


async def _mark(batch: FilingBatch, puids: Sequence[str], **columns: Any) -> None:
    if not puids:
        return
    ids = await Statement.filter(puid__in=list(puids), workspace_id=batch.workspace_id).values_list("id", flat=True)
    await Filing.filter(statement_id__in=list(ids), batch_id=batch.id, workspace_id=batch.workspace_id).update(
        settled_at=now(), **columns
    )


async def _close(batch: FilingBatch, state: str, problem: str | None) -> None:
    batch.state, batch.problem, batch.settled_at = state, problem, now()
    await batch.save(update_fields=("state", "problem", "settled_at"))


def _parsed(body: bytes) -> Mapping[str, Any]:
    try:
        return _object(orjson.loads(body))
    except orjson.JSONDecodeError:
        return {}


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _by_puid(values: Any) -> dict[str, Mapping[str, Any]]:
    found = values if isinstance(values, (list, tuple)) else ()
    return {str(each["puid"]): each for each in found if isinstance(each, dict) and "puid" in each}
