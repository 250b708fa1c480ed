"""Why a report weighs what it weighs, in words: never as a score. And which reports of a case belong together."""

from collections import defaultdict
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from backend.kit.errors import NotFound
from backend.moderation import WEIGHED, Case, Report, clusters_of, record_of
from backend.reporting.models import TrustedFlagger
from backend.reporting.thresholds import REASONS_SHOWN
from tenants.actor import Actor
from tenants.rights import Right
from tenants.scope import current

_CLUSTERS: Final = {
    "copied_words": "The same words as {0} others who report this",
    "new_accounts": "An account made on the same day as {0} others who report this",
    "same_network": "From the same network as {0} others who report this",
}


@dataclass(frozen=True, slots=True)
class Reason:
    """`kind` is stable; `text` for people, in English."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Cluster:
    """Reports of one case that have something in common, the earliest first; two at least."""

    because: str
    report_ids: tuple[UUID, ...]


async def standing_of(actor: Actor, report_id: UUID) -> list[Reason]:
    """Of whoever made the report. Raises NotAllowed, NotFound."""
    actor.must_hold(Right.WORK_QUEUE)
    report = await Report.get_or_none(id=report_id)
    if report is None or not await _is_theirs(actor, report.case_id):
        raise NotFound
    if report.channel in {"rule", "staff", "order"}:
        return [Reason("of_tend", "No outsider: a rule, a colleague or an authority")]
    found = [*await _trust(report), *await _history(report), *await _misuse(report)]
    if report.case_id is not None:
        for cluster in await _clusters(report.case_id, workspace_id=report.workspace_id):
            if report.id in cluster.report_ids:
                text = _CLUSTERS[cluster.because].format(len(cluster.report_ids) - 1)
                found.append(Reason(cluster.because, text.replace("1 others who report", "one other who reports")))
    return found


async def clusters_of_case(actor: Actor, case_id: UUID) -> list[Cluster]:
    """The largest first. Raises NotAllowed, NotFound."""
    actor.must_hold(Right.WORK_QUEUE)
    case = await Case.get_or_none(id=case_id)
    if case is None or not await _is_theirs(actor, case.id):
        raise NotFound
    return await _clusters(case.id, workspace_id=case.workspace_id)


async def _is_theirs(actor: Actor, case_id: UUID | None) -> bool:
    """A case whose answer is known is there for whom it was made alone."""
    if case_id is None:
        return True
    case = await Case.get(id=case_id)
    return case.only_for_id is None or case.only_for_id == actor.membership_id


async def _clusters(case_id: UUID, *, workspace_id: UUID) -> list[Cluster]:
    rows: Any = await current().fetch(
        f"""select {WEIGHED} from reports r
              left join members m on m.agency_id = $1 and m.workspace_id = $2 and m.id = r.member_id
             where r.agency_id = $1 and r.workspace_id = $2 and r.case_id = $3 order by r.created_at, r.id""",
        current().actor.agency_id,
        workspace_id,
        case_id,
    )
    together: defaultdict[tuple[str, Hashable], list[UUID]] = defaultdict(list)
    for row in rows:
        for cluster in clusters_of(row):
            together[cluster].append(row["id"])
    found = [Cluster(because, tuple(ids)) for (because, _), ids in together.items() if len(ids) > 1]
    return sorted(found, key=lambda each: (-len(each.report_ids), each.because, each.report_ids))[:REASONS_SHOWN]


async def _trust(report: Report) -> list[Reason]:
    if report.trusted_flagger_id is not None:
        flagger = await TrustedFlagger.get(id=report.trusted_flagger_id, workspace_id=report.workspace_id)
        where = "in one of their areas" if report.is_trusted else "outside their areas"
        kind = "trusted_flagger" if report.is_trusted else "trusted_elsewhere"
        return [Reason(kind, f"The trusted flagger {flagger.entity}, {where}")]
    if report.channel in {"form", "legal"} and report.reporter_key == f"form:{report.id.hex}":
        return [Reason("anonymous", "Left no address: nobody knows who this is")]
    return []


async def _history(report: Report) -> list[Reason]:
    record = await record_of(report.reporter_key, workspace_id=report.workspace_id)
    judged = record.agreed + record.disagreed
    if judged == 0:
        return [Reason("unknown", "None of their reports has been decided yet")]
    were = "report was" if judged == 1 else "reports were"
    return [Reason("record", f"{record.agreed} of their last {judged} {were} right")]


async def _misuse(report: Report) -> list[Reason]:
    row = await current().fetchrow(
        """select (select count(*) from unfounded_marks where agency_id = $1 and workspace_id = $2 and reporter_key = $3
                      and kind = 'notice') as unfounded,
                  exists (select from misuse_measures where agency_id = $1 and workspace_id = $2 and reporter_key = $3
                             and kind = 'warning' and because = 'unfounded_notices') as is_warned""",
        current().actor.agency_id,
        report.workspace_id,
        report.reporter_key,
    )
    found = []
    if row["unfounded"]:
        were = "report was" if row["unfounded"] == 1 else "reports were"
        found.append(Reason("unfounded", f"{row['unfounded']} of their {were} manifestly unfounded"))
    if row["is_warned"]:
        found.append(Reason("warned", "They were warned of misuse"))
    if report.set_aside == "suspended":
        found.append(Reason("suspended", "They were suspended when they reported this"))
    return found
