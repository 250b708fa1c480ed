"""A document in words: what a page and a PDF lay out, so that both say the same. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from backend.client_reports.wording import Wording

# What a reader asks for first, of each section; where it was counted.
_FIGURES: Final = (
    "active_members", "newcomers", "cases_closed", "closed_in_time", "investigations_opened", "escalations_raised",
    "published_items", "course_completion",
)  # fmt: skip
_FIRST_CHANGES: Final = 5  # the rest is a step away: who reads thirty lines has read none
Json = Mapping[str, Any]


def present(document: Json) -> dict[str, Any]:
    """Of a document as whoever reads it sees it (hiding.py). Texts are ready to be shown, and none is markup."""
    told = Wording(document["language"])
    words, zone = told.words["page"], document["timeZone"]
    period = told.period(document["period"]["kind"], document["period"]["start"])
    return {
        "language": told.language,
        "words": words,
        "title": words["title"].format(client=document["client"], period=period),
        "client": document["client"],
        "period": period,
        "made_by": words["made_by"].format(agency=document["agency"]),
        "about": words["about"].format(
            name=document["name"],
            start=told.day(document["period"]["start"]),
            end=told.day(document["period"]["end"]),
            zone=zone,
        ),
        "published": None
        if document["publishedAt"] is None
        else words["published"].format(day=told.day_at(document["publishedAt"], zone)),
        "version": words["version"].format(version=document["version"]),
        "staff": _staff(document["staff"], told),
        "correction": None if document["correction"] is None else _correction(document, told),
        "is_partial": document["isPartial"],
        "gist": told.gist(document),
        "figures": [*_figures(document, told)],
        "goals": _goals(document, told),
        "changes": _changes(document, told),
        "risks": [told.risk(risk) for risk in document["judged"]["risks"]],
        "blocks": None if document["words"] is None else document["words"]["blocks"],
        "sections": [_section(section, document, told) for section in document["sections"]],
        "fingerprint": words["fingerprint"].format(hash=document["inputHash"]),
    }


def _staff(staff: Json | None, told: Wording) -> str | None:
    if staff is None or staff["publishedBy"] is None:
        return None
    people = ", ".join(staff["writers"]) or staff["publishedBy"]
    return str(told.words["page"]["prepared_by"].format(people=people, person=staff["publishedBy"]))


def _correction(document: Json, told: Wording) -> dict[str, Any]:
    names = {of: name for section in document["sections"] for of, name in section["names"].items()}
    change = told.words["change"]["corrected"]
    return {
        "text": document["correction"],
        "rows": [
            {
                "title": _title(each["metric"], each["of"], names, told),
                "text": change.format(before=told.value(each["before"]), now=told.value(each["now"])),
            }
            for each in document["differences"]
        ],
    }


def _figures(document: Json, told: Wording) -> Iterator[dict[str, str]]:
    values = {
        value["metric"]: value for section in document["sections"] for value in section["values"] if not value["of"]
    }
    before = {each["metric"]: each for section in document["sections"] for each in section["before"] if not each["of"]}
    for name in _FIGURES:
        value, was = values.get(name), before.get(name)
        if value is not None and _has_value(value):
            is_compared = was is not None and _has_value(was) and document["knownSince"] is None
            yield {
                "title": told.metric(name)[0],
                "now": told.value(value),
                "before": told.words["page"]["figure_before"].format(before=told.value(was))
                if was and is_compared
                else "",
            }


def _has_value(value: Json) -> bool:
    return value["status"] == "OK" and value["value"] is not None


def _goals(document: Json, told: Wording) -> dict[str, Any]:
    names = {of: name for section in document["sections"] for of, name in section["names"].items()}
    goals, words = document["judged"]["goals"], told.words["goal"]
    met = sum(goal["status"] == "met" for goal in goals)
    return {
        "count": told.words["page"]["goals_count"].format(met=met, all=len(goals)),
        "rows": [
            {
                "title": _title(goal["metric"], goal["of"], names, told),
                "status": goal["status"],
                "verdict": words[goal["status"]],
                "value": told.value(goal["value"]),
                "target": told.target(goal),
                "sure": told.sure(goal["value"]),
                "note": words["close"] if goal["is_close"] else "",
                "since": words["since"].format(day=told.day(goal["since"])),
            }
            for goal in goals
        ],
    }


def _changes(document: Json, told: Wording) -> dict[str, Any]:
    words, compared, known_since = told.words["page"], document["compared"], document["knownSince"]
    if compared is None:
        text = words["no_comparison"]
    elif known_since is not None:
        period, day = told.period(compared["kind"], compared["start"]), told.day(known_since)
        text = words["too_young"].format(period=period, day=day)
    else:
        text = words["compared"].format(period=told.period(compared["kind"], compared["start"]))
    rows = [
        {"title": told.metric(each["metric"])[0], "text": told.change(each), "verdict": each["verdict"]}
        for each in document["judged"]["changes"]
    ]
    return {
        "compared": text,
        "is_compared": compared is not None and known_since is None,
        "rows": rows[:_FIRST_CHANGES],
        "more": rows[_FIRST_CHANGES:],
        "how_many_more": words["more"].format(n=len(rows) - _FIRST_CHANGES),
    }


def _section(section: Json, document: Json, told: Wording) -> dict[str, Any]:
    before = {(each["metric"], each["of"]): each for each in section["before"] if document["knownSince"] is None}

    def is_there(value: Json) -> bool:
        both = (value, before.get((value["metric"], value["of"])))
        return any(each is not None and each["status"] != "NO_DATA" for each in both)

    wholes = [value for value in section["values"] if value["of"] is None]
    known = {value["metric"] for value in wholes}
    nothing = [document["metrics"][value["metric"]]["title"] for value in wholes if not is_there(value)]
    communities = {value["of"] for value in section["values"] if (value["of"] or "").startswith("community_")}
    # Of the only community there is no more to say than of all of the client.
    alike = communities if len(communities) == 1 else set()
    parts = [value for value in section["values"] if value["of"] not in (None, *alike) and is_there(value)]
    return {
        "name": section["name"],
        "heading": told.words["sections"][section["name"]],
        "blocks": None if section["words"] is None else section["words"]["blocks"],
        "rows": [
            {
                **_row(value, before, document["metrics"][value["metric"]]["title"], told),
                "parts": [
                    _row(part, before, told.part(part["metric"], part["of"], section["names"]), told)
                    for part in parts
                    if part["metric"] == value["metric"]
                ],
            }
            for value in wholes
            if is_there(value) or any(part["metric"] == value["metric"] for part in parts)
        ],
        "nothing": told.words["page"]["nothing"].format(what=", ".join(nothing)) if nothing else "",
        "has_parts": bool(parts),
        "is_compared": bool(before),
        "is_empty": not parts and len(nothing) == len(wholes),
        "charts": [_picture(chart, section, told) for chart in section["charts"]],
        "definitions": [*_definitions(known, document, told)],
    }


def _row(value: Json, before: Mapping[Any, Json], title: str, told: Wording) -> dict[str, Any]:
    was = before.get((value["metric"], value["of"]))
    return {
        "title": title,
        "now": told.value(value),
        "has_value": _has_value(value),
        "before": "" if was is None else told.value(was),
        "had_value": was is not None and _has_value(was),
        "sure": told.sure(value),
        "sentence": value["sentence"],  # it has to stand wherever the number stands
    }


def _picture(chart: Json, section: Json, told: Wording) -> dict[str, Any]:
    unit = next((each["unit"] for each in section["values"] if each["metric"] == chart["name"]), "")
    shown = [point for point in chart["points"] if point["value"] is not None]
    return {
        "title": chart["title"],
        "svg": chart["svg"],
        "rows": [{"day": told.day(point["day"]), "value": told.amount(point["value"], unit)} for point in shown],
        "no_data": told.words["status"]["NO_DATA"],
    }


def _definitions(names: set[str], document: Json, told: Wording) -> Iterator[dict[str, str]]:
    for name, metric in document["metrics"].items():
        if name in names:
            left_out = ", ".join(metric["excludes"])
            text = told.words["page"]["definition"].format(
                formula=metric["formula"], sources=", ".join(metric["sources"]), version=metric["version"]
            )
            if left_out:
                text = f"{text} {told.words['page']['without'].format(what=left_out)}"
            yield {"title": metric["title"], "text": text}


def _title(metric: str, of: str | None, names: Mapping[str, str], told: Wording) -> str:
    title = told.metric(metric)[0]
    return title if of is None else f"{title}: {told.part(metric, of, names)}"
