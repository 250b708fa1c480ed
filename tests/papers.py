"""Reports of clients, in every state, as the people of the cast make them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from cast import Cast

from backend.client_metrics import CATALOGUE, Part, Section, Status, Unit, Value, Window
from backend.client_reports import (
    SECTIONS,
    ClientReport,
    ClientReportDefinition,
    ClientReportLink,
    ClientReportSection,
    ClientReportSnapshot,
    ClientReportView,
    WantedReport,
    comment_on_client_report,
    compose,
    define_client_report,
    make_client_report,
    publish_client_report,
    share_client_report,
    submit_client_report,
)
from backend.client_reports.charting import draw
from backend.client_reports.counting import DRAWN
from backend.client_reports.wording import Wording
from backend.kit.clock import now
from backend.moderation import Case
from backend.policies import TAXONOMY
from backend.retention.telling import SENTENCES
from tenants.scope import agency_scope


async def a_definition(cast: Cast, client: UUID, **wanted: Any) -> ClientReportDefinition:
    async with agency_scope(cast.owner):
        return await define_client_report(cast.owner, client, WantedReport(**{"name": "Monthly", **wanted}))


async def a_draft(cast: Cast, client: UUID, *, period_start: str | None = None, **wanted: Any) -> ClientReport:
    """Of two sections, unless it says otherwise: each is counted by a job of its own."""
    definition = await a_definition(cast, client, **{"sections": ["moderation", "safety"], **wanted})
    async with agency_scope(cast.owner):
        report = await make_client_report(cast.owner, definition.id, period_start=period_start)
    await made(cast, client)
    async with agency_scope(cast.owner):
        return await ClientReport.get(id=report.id)


# Enough to have a report that says everything that one can say.
_PARTS: Final[dict[Part | None, Sequence[str]]] = {
    None: (),
    Part.CODE: tuple(TAXONOMY),
    Part.TIER: ("danger", "severe", "high", "medium", "low"),
    Part.SEVERITY: ("1", "2"),
    Part.LANDMARK: ("30",),
}
SEPTEMBER: Final = (datetime(2026, 9, 1, tzinfo=UTC), datetime(2026, 10, 1, tzinfo=UTC))
AUGUST: Final = (datetime(2026, 8, 1, tzinfo=UTC), SEPTEMBER[0])


def everything(section: Section, language: str) -> dict[str, Any]:
    """What counting a section of September gives where there is something of each kind; every fifth number has no data, every
    seventh too little."""
    metrics = [name for name, metric in CATALOGUE.items() if metric.section == section]
    now_and_before = [
        [
            _number(name, of, *window, more)
            for name in metrics
            for of in (None, *_PARTS.get(CATALOGUE[name].by, ("Main",)))
        ]
        for window, more in ((SEPTEMBER, 3), (AUGUST, 1))
    ]
    days = [(SEPTEMBER[0] + timedelta(days=day), SEPTEMBER[0] + timedelta(days=day + 1)) for day in range(30)]
    steps = {name: [_number(name, None, *day, day[0].day * 7 % 5) for day in days] for name in DRAWN.get(section, ())}
    return {
        "values": now_and_before[0],
        "before": now_and_before[1],
        "series": steps,
        "charts": [draw(name, points, Wording(language)) for name, points in steps.items()],
        "names": {code: TAXONOMY[code].title for code in TAXONOMY},
        "knownSince": "2026-01-01",
    }


def _number(name: str, of: str | None, since: datetime, until: datetime, more: int) -> dict[str, Any]:
    metric, place = CATALOGUE[name], [*CATALOGUE].index(name)
    status = Status.NO_DATA if place % 5 == 4 else Status.INSUFFICIENT_DATA if place % 7 == 6 else Status.OK
    is_share = metric.unit in (Unit.SHARE, Unit.DIFFERENCE, Unit.INDEX)
    number = (more * 20 + place % 7) / 100 if is_share else more * 1_111.0 + place
    whole = 4_000 if is_share else None
    value = Value(
        name, metric.version, status, metric.unit.value, Window(since, until, "Europe/Berlin"), of=of,
        n=3 if status is Status.INSUFFICIENT_DATA else whole or int(number), exclusions=metric.excludes,
    )  # fmt: skip
    if status is not Status.OK:
        return value.as_json()
    return {
        **value.as_json(), "value": number, "numerator": number * whole if whole else number, "denominator": whole,
        **({"low": number - 0.015, "high": number + 0.015} if is_share else {}),
        "coverage": 0.75 if place % 2 else None,
        "sentence": f"Accounts still there 90 days after day 30 of their subscription. {SENTENCES['association']}"
        if metric.section is Section.RETENTION
        else None,
    }  # fmt: skip


async def a_full_draft(cast: Cast, client: UUID, **wanted: Any) -> ClientReport:
    """Of September 2026, as if everything had been counted."""
    definition = await a_definition(cast, client, **{"sections": SECTIONS, **wanted})
    async with agency_scope(cast.owner):
        report = await make_client_report(cast.owner, definition.id, period_start="2026-09-01")
    async with agency_scope(cast.system):
        for section in report.definition["sections"]:
            await ClientReportSection.create(
                workspace_id=client,
                report_id=report.id,
                section=section,
                content=everything(section, report.definition["language"]),
            )
    await made(cast, client)
    return report


async def made(cast: Cast, client: UUID) -> None:
    while await cast.run_jobs("make_client_report", of=[client]):
        pass


async def a_published(cast: Cast, client: UUID, *, words: str | None = "A good month.", **wanted: Any) -> ClientReport:
    """The owner writes and submits it, the admin publishes it."""
    report = await a_draft(cast, client, **wanted)
    await publish(cast, report.id, words=words)
    async with agency_scope(cast.owner):
        return await ClientReport.get(id=report.id)


async def publish(cast: Cast, report_id: UUID, *, words: str | None = None) -> None:
    async with agency_scope(cast.owner):
        if words is not None:
            await comment_on_client_report(cast.owner, report_id, text=words)
        await submit_client_report(cast.owner, report_id)
    async with agency_scope(cast.admin):
        await publish_client_report(cast.admin, report_id)


async def a_case_opened(cast: Cast, client: UUID, at: datetime) -> None:
    """As if it had been opened then."""
    slug = next(slug for slug, id in cast.workspaces.items() if id == client)
    case = await cast.case(workspace=slug, policy=f"{slug}:harassment")
    async with agency_scope(cast.system) as scope:
        await scope.execute(
            """update cases set opened_at = $3::timestamptz, due_at = $3::timestamptz + interval '1 day'
                where agency_id = $1 and id = $2""",
            cast.agency_id,
            case.id,
            at,
        )
        await scope.execute(
            "update reports set created_at = $3 where agency_id = $1 and case_id = $2", cast.agency_id, case.id, at
        )


async def a_link(cast: Cast, report_id: UUID, **how: Any) -> tuple[UUID, str]:
    """The link, and its path."""
    async with agency_scope(cast.owner):
        link, url = await share_client_report(
            cast.owner, report_id, **{"label": "The board", "expires_at": now() + timedelta(days=1), **how}
        )
    return link.id, "/shared/" + url.rpartition("/")[2]


def paths(report_id: UUID, *, forms: Sequence[str] = ("pdf", "csv", "json")) -> list[str]:
    page = f"/client-reports/clientreport_{report_id}"
    return [page, *(f"{page}/report.{form}" for form in forms)]


async def papered(cast: Cast, case: Case) -> dict[str, str]:
    """One of each kind, of one client: the report is a draft, the link is of another that is published."""
    client = case.workspace_id
    of = {"workspace_id": client}
    async with agency_scope(cast.system):
        definition = await ClientReportDefinition.create(
            **of, name="x", sections=["safety"], period="month", comparison="none", goals=[{"metric": "x"}], language="en",
            shows_staff=False, is_scheduled=False, logo="x", created_by_id=cast.colleague.membership_id,
        )  # fmt: skip
        frozen = {"name": "x", "sections": ["safety"], "period": "month", "comparison": "none", "goals": [],
                  "language": "en", "showsStaff": False, "logo": None, "version": 1}  # fmt: skip
        about = {**of, "definition_id": definition.id, "period_start": "2026-01-01", "period_end": "2026-01-31"}
        by = dict.fromkeys(("asked_by_id", "submitted_by_id", "published_by_id"), cast.colleague.membership_id)
        words = {"summary": {"text": "x", "version": 1, "writers": [str(cast.colleague.membership_id)], "at": "x"}}
        earlier = await ClientReport.create(
            **about, **by, version=1, state="published", definition=frozen, words=words, made_at=now(), submitted_at=now(),
            published_at=now(), problem="x",
        )  # fmt: skip
        draft = await ClientReport.create(
            **about, version=2, state="draft", definition=frozen, words=words, made_at=now(), corrects_id=earlier.id,
            correction="x", problem="x",
        )  # fmt: skip
        counted = {"values": [], "before": [], "series": {}, "charts": [], "names": {}, "knownSince": None}
        for report in (earlier, draft):
            await ClientReportSection.create(**of, report_id=report.id, section="safety", content=counted)
        await ClientReportSnapshot.create(
            **of, report_id=earlier.id, document=await compose(earlier), input_hash="x", document_hash="x"
        )
        link = await ClientReportLink.create(
            **of, report_id=earlier.id, label="x", password_hash="x", shows_staff=False, shows_words=True,
            hidden_sections=["safety"], created_by_id=cast.colleague.membership_id, expires_at=now() + timedelta(days=1),
        )  # fmt: skip
        for reader in ({"link_id": link.id}, {"membership_id": cast.colleague.membership_id}):
            await ClientReportView.create(**of, report_id=earlier.id, form="page", **reader)
    return {
        "clientreportdefinition": f"clientreportdefinition_{definition.id}",
        "clientreport": f"clientreport_{draft.id}",
        "clientreportlink": f"clientreportlink_{link.id}",
    }
