"""Statements of reasons become files that the transparency database takes; what need not be filed is not, and says why."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import orjson

from backend import journal
from backend.filing.finding_names import OWN_SENTENCES, named_in, personal_data
from backend.filing.models import Filing, FilingBatch, ProviderEntity, Service
from backend.filing.owing import owes
from backend.filing.providing import find_service, provider_of
from backend.filing.stating import entry_of, free_words, is_restriction
from backend.filing.thresholds import CHECKED_AT_ONCE, STATEMENTS_PER_BATCH, STATEMENTS_PER_PIECE
from backend.filing.validating import Entry, Problem, problems_of
from backend.kit.clock import now
from backend.kit.errors import Conflict
from backend.kit.ids import new_id
from backend.outbox import enqueue, report_progress
from backend.outside import stored_files
from backend.statements import Statement
from tenants.actor import Actor
from tenants.rights import Right
from tenants.scope import current

SPAM: Final = "RU-SPAM"
_START: Final = (datetime(1970, 1, 1, tzinfo=UTC), UUID(int=0))


class NotOwed(Conflict):
    """Nothing is filed for a service that the client does not provide, or that owes no uploads."""


@dataclass(frozen=True, slots=True)
class Checked:
    """`exempt_because` is None for what is to be filed; then `problems` say what stands in its way."""

    statement: Statement
    entry: Entry
    exempt_because: str | None
    problems: Sequence[Problem]


@dataclass(frozen=True, slots=True)
class _Found:
    statement: Statement
    filing: Filing | None
    is_public: bool
    is_ordered: bool


async def prepare_statements(actor: Actor, service_id: UUID) -> Service:
    """Promise files of all statements of the service that are in none yet. Raises NotAllowed, NotFound, NotOwed."""
    actor.must_hold(Right.LEAD_QUEUE)
    service = await find_service(service_id)
    await _must_owe(service)
    await enqueue(
        "prepare_statements",
        {"service_id": str(service.id)},
        workspace_id=service.workspace_id,
        dedupe_key=f"prepare_statements:{service.id}",
    )
    await journal.record(
        "service.statements_asked", subject_kind="service", subject_id=service.id, workspace_id=service.workspace_id
    )
    return service


async def check_statements(actor: Actor, service_id: UUID, *, most: int = 100) -> Sequence[Checked]:
    """A dry run over the oldest statements that are in no file yet: writes nothing, sends nothing. Raises NotAllowed,
    NotFound, NotOwed."""
    actor.must_hold(Right.READ_CASES)
    service = await find_service(service_id)
    provider = await _must_owe(service)
    found = await _unfiled(service, after=_START, most=min(most, CHECKED_AT_ONCE))
    return await _checked(found, service, provider)


async def prepare_files(_system: Actor, payload: Mapping[str, Any]) -> None:
    """Job: a piece of a service's statements; promises the rest to its successor."""
    service = await Service.filter(id=UUID(payload["service_id"])).select_for_update().get_or_none()
    if service is None:
        return
    provider = await provider_of(service)
    after = _START
    if payload.get("after_at"):
        after = (datetime.fromisoformat(payload["after_at"]), UUID(payload["after_id"]))
    found = await _unfiled(service, after=after, most=STATEMENTS_PER_PIECE)
    if not found:
        return
    checked = await _checked(found, service, provider)
    filings = {each.statement.id: each.filing for each in found}
    ready = [each for each in checked if each.exempt_because is None and not each.problems]
    for start in range(0, len(ready), STATEMENTS_PER_BATCH):
        await _write_batch(service, ready[start : start + STATEMENTS_PER_BATCH], filings)
        await report_progress(start, len(ready))
    for each in checked:
        if each.exempt_because is not None:
            await _keep([each], filings, service, state="exempt")
        elif each.problems:
            await _keep([each], filings, service, state="blocked")
    if len(found) == STATEMENTS_PER_PIECE:
        last = found[-1].statement
        await enqueue(
            "prepare_statements",
            {**payload, "after_at": last.created_at.isoformat(), "after_id": str(last.id)},
            workspace_id=service.workspace_id,
        )


async def _must_owe(service: Service) -> ProviderEntity:
    """Raises NotOwed."""
    provider = await provider_of(service)
    duty = owes("UPLOADS", provider, service, on=now().date())
    if not duty.is_owed:
        raise NotOwed(duty.because, path=("input", "serviceId"))
    return provider


async def _unfiled(service: Service, *, after: tuple[datetime, UUID], most: int) -> list[_Found]:
    """The oldest first: those in no file, and those that wait or were blocked."""
    scope = current()
    rows = await scope.fetch(
        """select s.id, f.id as filing_id, c.is_public,
                  exists (select from legal_orders o where o.agency_id = $1 and o.workspace_id = $2
                             and o.case_id = s.case_id and o.kind <> 'information') as is_ordered
             from statements_of_reasons s
             join posts p on p.agency_id = $1 and p.workspace_id = $2 and p.id = s.post_id
             join service_communities c on c.agency_id = $1 and c.workspace_id = $2 and c.service_id = $3
              and c.community_id = p.community_id
             left join filings f on f.agency_id = $1 and f.workspace_id = $2 and f.statement_id = s.id
            where s.agency_id = $1 and s.workspace_id = $2 and (s.created_at, s.id) > ($4, $5)
              and (f.id is null or f.state in ('waiting', 'blocked'))
            order by s.created_at, s.id limit $6""",
        scope.actor.agency_id,
        service.workspace_id,
        service.id,
        *after,
        most,
    )
    ids = [row["id"] for row in rows]
    statements = {each.id: each for each in await Statement.filter(id__in=ids, workspace_id=service.workspace_id)}
    filings = {
        each.id: each
        for each in await Filing.filter(
            id__in=[row["filing_id"] for row in rows if row["filing_id"]], workspace_id=service.workspace_id
        )
    }
    return [
        _Found(statements[row["id"]], filings.get(row["filing_id"]), row["is_public"], row["is_ordered"])
        for row in rows
    ]


async def _checked(found: Sequence[_Found], service: Service, provider: ProviderEntity) -> list[Checked]:
    words = [free_words(each.statement, explanation=each.filing.explanation if each.filing else None) for each in found]
    handles = await named_in(
        [text for each in words for field, text in each.items() if field not in OWN_SENTENCES],
        workspace_id=service.workspace_id,
    )
    checked = []
    for each, said in zip(found, words, strict=True):
        entry = entry_of(
            each.statement,
            explanation=each.filing.explanation if each.filing else None,
            reference_url=service.terms_url,
        )
        because = _exempt(each, service, provider)
        problems = () if because else (*problems_of(entry), *personal_data(said, handles=handles))
        checked.append(Checked(each.statement, entry, because, problems))
    return checked


def _exempt(found: _Found, service: Service, provider: ProviderEntity) -> str | None:
    statement = found.statement
    if not is_restriction(statement):
        return "warning"
    if found.is_ordered:
        return "order"
    if statement.taxonomy_code == SPAM and service.spam_is_commercial:
        return "deceptive_commercial"
    if not found.is_public:
        return "closed_space"
    if not owes("UPLOADS", provider, service, on=statement.created_at.astimezone(UTC).date()).is_owed:
        return "no_duty"
    return None


async def _write_batch(service: Service, checked: Sequence[Checked], filings: Mapping[UUID, Filing | None]) -> None:
    """The file first: a row that names it is never without it."""
    id = new_id()
    path = f"{service.agency_id}/{service.workspace_id}/filings/{id}.json"
    content = orjson.dumps({"statements": [each.entry for each in checked]})
    await stored_files().put(path, content)
    await FilingBatch.create(
        id=id,
        workspace_id=service.workspace_id,
        service_id=service.id,
        statement_count=len(checked),
        path=path,
        byte_count=len(content),
    )
    await _keep(checked, filings, service, state="ready", batch_id=id)
    await journal.record(
        "filingbatch.written",
        subject_kind="filingbatch",
        subject_id=id,
        workspace_id=service.workspace_id,
        statements=len(checked),
    )


async def _keep(
    checked: Sequence[Checked],
    filings: Mapping[UUID, Filing | None],
    service: Service,
    *,
    state: str,
    batch_id: UUID | None = None,
) -> None:
    scope = current()
    new = []
    for each in checked:
        problems = [asdict(problem) for problem in each.problems]
        filing = filings[each.statement.id]
        if filing is None:
            new.append((each, problems))
        elif (filing.state, filing.problems, filing.batch_id) != (state, problems, batch_id):
            await filing.update_from_dict(
                {
                    "state": state,
                    "problems": problems,
                    "batch_id": batch_id,
                    "because": each.exempt_because,
                    "settled_at": now(),
                }
            ).save()
    if new:
        await scope.executemany(
            """insert into filings (agency_id, workspace_id, id, service_id, statement_id, batch_id, state, because, problems)
               values ($1, $2, $3, $4, $5, $6, $7, $8, $9::jsonb)
               on conflict (agency_id, workspace_id, statement_id) do nothing""",
            [
                (
                    scope.actor.agency_id,
                    service.workspace_id,
                    new_id(),
                    service.id,
                    each.statement.id,
                    batch_id,
                    state,
                    each.exempt_because,
                    orjson.dumps(problems).decode(),
                )
                for each, problems in new
            ],
        )
