"""The document: everything that is shown of a report, in whatever form. It follows from what was counted, what was agreed and
what was written."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any, Final

import orjson

from backend.client_metrics import CATALOGUE
from backend.client_reports.commenting import SUMMARY, writers_of
from backend.client_reports.judging import differences, judge
from backend.client_reports.making import period_of
from backend.client_reports.models import ClientReport, ClientReportSection, ClientReportSnapshot
from backend.client_reports.reading_words import blocks_of
from backend.client_reports.wording import Wording
from backend.kit.ids import parse_published
from tenants.models import Agency, Membership, Workspace

FORMAT: Final = 1  # of the document
Json = Mapping[str, Any]


async def compose(report: ClientReport) -> dict[str, Any]:
    """Of a draft as it is now, or of what is being published."""
    workspace = await Workspace.get(id=report.workspace_id)
    agency = await Agency.get(id=report.agency_id)
    counted = await _sections(report)
    told = Wording(report.definition["language"])
    sections = {name: _in_words(content, told) for name, content in counted.items()}
    values = _all(sections, "values")
    period = period_of(report)
    compared = period.compared(report.definition["comparison"])
    known_since = min((day for each in sections.values() if (day := each["knownSince"])), default=None)
    is_too_young = compared is not None and known_since is not None and known_since > str(compared.start)
    before = [] if is_too_young else _all(sections, "before")
    return {
        "format": FORMAT,
        "id": f"clientreport_{report.id}",
        "version": report.version,
        "client": workspace.brand_name or workspace.name,
        "agency": agency.name,
        "colour": workspace.brand_colour,
        "logo": report.definition["logo"],
        "name": report.definition["name"],
        "language": told.language,
        "timeZone": workspace.time_zone,
        "period": {"kind": period.kind, "start": str(period.start), "end": str(period.end)},
        "compared": None
        if compared is None
        else {"kind": compared.kind, "start": str(compared.start), "end": str(compared.end)},
        "madeAt": _moment(report.made_at),
        "publishedAt": _moment(report.published_at),
        "inputHash": hash_of(_inputs(report, counted)),
        "correction": report.correction,
        "differences": await _differences(report, values),
        "staff": await _staff(report) if report.definition["showsStaff"] else None,
        "knownSince": known_since if is_too_young else None,
        "judged": judge(values, before, report.definition["goals"], until=period.end),
        "words": _words(report, SUMMARY),
        "sections": [
            {"name": section, "words": _words(report, section), **sections[section]}
            for section in report.definition["sections"]
            if section in sections
        ],
        "metrics": {name: _defined(name, told) for name in CATALOGUE if name in {value["metric"] for value in values}},
    }


async def inputs_of(report: ClientReport) -> dict[str, Any]:
    """What a document follows from: what was counted, and what was agreed."""
    return _inputs(report, await _sections(report))


def hash_of(told: Json) -> str:
    return sha256(orjson.dumps(told, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _inputs(report: ClientReport, sections: Mapping[str, Json]) -> dict[str, Any]:
    return {
        "definition": report.definition,
        "periodStart": report.period_start,
        "periodEnd": report.period_end,
        "sections": sections,
    }


async def _sections(report: ClientReport) -> dict[str, dict[str, Any]]:
    rows = await ClientReportSection.filter(report_id=report.id, workspace_id=report.workspace_id)
    return {row.section: row.content for row in rows}


def _in_words(content: Json, told: Wording) -> dict[str, Any]:
    """What was counted for a section, with what is said beside its numbers in the language of the report."""

    def said(values: Sequence[Json]) -> list[dict[str, Any]]:
        return [
            {
                **value,
                "exclusions": [told.left_out(each) for each in value["exclusions"]],
                "sentence": told.sentence(value["sentence"]),
            }
            for value in values
        ]

    return {
        **content,
        "values": said(content["values"]),
        "before": said(content["before"]),
        "series": {name: said(steps) for name, steps in content["series"].items()},
        "names": {of: told.words["harms"].get(of, name) for of, name in content["names"].items()},
    }


def _all(sections: Mapping[str, Json], what: str) -> list[Json]:
    return [value for content in sections.values() for value in content[what]]


async def _differences(report: ClientReport, values: Sequence[Json]) -> list[dict[str, Any]]:
    if report.corrects_id is None:
        return []
    corrected = await ClientReportSnapshot.get_or_none(report_id=report.corrects_id, workspace_id=report.workspace_id)
    if corrected is None:
        return []
    return differences(values, [value for each in corrected.document["sections"] for value in each["values"]])


async def _staff(report: ClientReport) -> dict[str, Any]:
    ids = [parsed[1] for who in writers_of(report) if (parsed := parse_published(who)) is not None]
    names = {row.id: row.name for row in await Membership.filter(id__in=[*ids, report.published_by_id or report.id])}
    return {
        "writers": sorted(names[id] for id in ids if id in names),
        "publishedBy": None if report.published_by_id is None else names.get(report.published_by_id),
    }


def _words(report: ClientReport, section: str) -> dict[str, Any] | None:
    words = report.words.get(section)
    if words is None or not words["text"]:
        return None
    return {"text": words["text"], "blocks": blocks_of(words["text"])}


def _defined(name: str, told: Wording) -> dict[str, Any]:
    metric = CATALOGUE[name]
    title, formula = told.metric(name)
    return {
        "title": title,
        "formula": formula,
        "unit": metric.unit.value,
        "better": metric.better.value,
        "sources": [told.source(table) for table in metric.sources],
        "excludes": [told.left_out(each) for each in metric.excludes],
        "version": metric.version,
    }


def _moment(at: Any) -> str | None:
    return None if at is None else at.isoformat(timespec="seconds")
