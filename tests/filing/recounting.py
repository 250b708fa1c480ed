"""The report counted once more: plain Python over the rows, from the reference's table of cells, and nothing of the code
that it is compared with. Values by part, names in the first columns, and header."""

import csv
import io
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from statistics import median
from typing import Any

from filing.reference import CATEGORIES

from backend.policies import TAXONOMY

Key = tuple[int, tuple[str, ...], str]
NOT_NAMED = "sub-category not named"
SPECIAL = {"OTHER_VIOLATION_TC", "NOT_SPECIFIED_ORDER", "NOT_SPECIFIED_NOTICE"}
RESTRICTIONS = {
    "Visibility restriction Removal": lambda s: "DECISION_VISIBILITY_CONTENT_REMOVED" in s["decision_visibility"],
    "Visibility restriction Disable": lambda s: "DECISION_VISIBILITY_CONTENT_DISABLED" in s["decision_visibility"],
    "Provision of the service Suspension": lambda s: (s["decision_provision"] or "").endswith("SUSPENSION"),
    "Account restriction Suspension": lambda s: s["decision_account"] == "DECISION_ACCOUNT_SUSPENDED",
}
FLAGGED = " (Trusted Flagger notices)"


def hours(start: datetime, end: datetime | None) -> float | None:
    return None if end is None else (end - start).total_seconds() / 3600


def middle(values: Iterable[float | None]) -> float | None:
    found = [value for value in values if value is not None]
    return median(found) if found else None


def recounted(tables: dict[str, list[dict[str, Any]]]) -> dict[Key, float]:
    counts: dict[Key, float] = {}
    ordered = {row["case_id"] for row in tables["legal_orders"] if row["kind"] != "information"}
    _measures(counts, tables["statements_of_reasons"], ordered)
    _notices(counts, [row for row in tables["public_notices"] if row["kind"] == "illegal"])
    _orders(counts, tables["legal_orders"])
    _appeals(counts, tables)
    return counts


def _measures(counts: dict[Key, float], statements: list[dict[str, Any]], ordered: set[Any]) -> None:
    groups: dict[tuple[int, tuple[str, ...]], list[dict[str, Any]]] = defaultdict(list)
    automation = {"Total number": [0, 0], "Own-initiative": [0, 0]}
    for row in statements:
        if not (row["decision_visibility"] or row["decision_provision"] or row["decision_account"]):
            continue
        is_own = row["source"] in ("own_initiative", "other_notification") and row["case_id"] not in ordered
        for scope in ("Total number", "Own-initiative") if is_own else ("Total number",):
            automation[scope][0] += row["automation"] == "fully"
            automation[scope][1] += row["automation"] == "not_automated"
        if not is_own:
            continue
        category = row["category"].removeprefix("STATEMENT_CATEGORY_")
        part = 5 if row["ground"] == "illegal" and category not in SPECIAL else 6
        keyword = row["keywords"][0].removeprefix("KEYWORD_") if row["keywords"] else ""
        other = row["other_keyword"] if keyword == "OTHER" else ""
        if category == "NOT_SPECIFIED_NOTICE":
            category, keyword, other = "OTHER_VIOLATION_TC", "OTHER", NOT_NAMED
        for name in _above(category, keyword, other):
            groups[part, name].append(row)
    for (part, name), rows in groups.items():
        counts[part, name, "Number of measures taken at the provider's own initiative"] = len(rows)
        counts[part, name, "Number of measures taken after detection with solely automated means"] = sum(
            row["is_detected_automatically"] for row in rows
        )
        for field, is_so in RESTRICTIONS.items():
            counts[part, name, field] = sum(map(is_so, rows))
    for scope, (solely, not_by) in automation.items():
        counts[8, ("Number of measures solely taken by automated means", scope), "Value"] = solely
        counts[8, ("Number of measures not taken by automated means", scope), "Value"] = not_by


def _above(category: str, keyword: str, other: str) -> list[tuple[str, ...]]:
    names: list[tuple[str, ...]] = [("TOTAL",), (f"STATEMENT_CATEGORY_{category}",)]
    if keyword:
        names.append((f"STATEMENT_CATEGORY_{category}", f"KEYWORD_{keyword}", other))
    return names


def _where(row: dict[str, Any], last: str) -> list[tuple[str, ...]]:
    category, keyword, other = row["category"], row["keyword"] or "", ""
    if category in SPECIAL or category not in CATEGORIES:
        return _above(last, "", "")
    if keyword not in CATEGORIES[category].split():
        return _above(category, "OTHER", NOT_NAMED)
    if keyword == "OTHER":
        code = TAXONOMY.get(row["taxonomy_code"] or "")
        other = code.other if code is not None and code.other else NOT_NAMED
    return _above(category, keyword, other)


def _notices(counts: dict[Key, float], notices: list[dict[str, Any]]) -> None:
    groups: dict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
    for row in notices:
        for name in _where(row, "NOT_SPECIFIED_NOTICE"):
            groups[name].append(row)
    for name, rows in groups.items():
        flagged = [row for row in rows if row["trusted_flagger_id"]]
        counts[4, name, "Number of notices received"] = len(rows)
        counts[4, name, "Number of notices received from Trusted flaggers"] = len(flagged)
        items = "Number of specific items of information included in the total number of notices"
        for some, end, of in ((rows, "", ""), (flagged, FLAGGED, " by Trusted Flaggers")):
            counts[4, name, f"{items}{of}{end}"] = sum(max(1, len(row["items"])) for row in some)
            taken = [row for row in some if row["outcome"] == "violation"]
            actions = "Number of actions taken on the basis of the"
            counts[4, name, f"{actions} law{end}"] = sum(row["ground"] == "law" for row in taken)
            counts[4, name, f"{actions} terms and conditions of the service{end}"] = sum(
                row["ground"] == "terms" for row in taken
            )
            time = middle(hours(row["received_at"], row["implemented_at"]) for row in some)
            if time is not None:
                counts[4, name, f"Median time to take action{end}"] = time
    for scope, some in (
        ("NAM Total", notices),
        ("NAM Trusted Flagger", [row for row in notices if row["trusted_flagger_id"]]),
    ):
        solely = sum(row["is_solely_automated"] for row in some)
        counts[8, ("Number of notices solely processed by automated means", scope), "Value"] = solely
        counts[8, ("Number of notices not processed by automated means", scope), "Value"] = len(some) - solely


def _orders(counts: dict[Key, float], orders: list[dict[str, Any]]) -> None:
    groups: dict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
    for row in orders:
        state = "EL" if row["member_state"] == "GR" else row["member_state"]
        for name in _where(row, "NOT_SPECIFIED_ORDER"):
            groups["TOTAL", *name].append(row)
            groups[state, *name].append(row)
    for name, rows in groups.items():
        acts = [row for row in rows if row["kind"] != "information"]
        asks = [row for row in rows if row["kind"] == "information"]
        counts[3, name, "Number of orders to act against illegal content received"] = len(acts)
        counts[
            3,
            name,
            "Number of specific items of information included in the total number of orders to act against illegal content",
        ] = sum(max(1, len(row["urls"])) for row in acts)
        counts[3, name, "Number of orders to provide information"] = len(asks)
        for some, what in ((acts, "act against illegal content"), (asks, "provide information")):
            told = middle(hours(row["received_at"], row["acknowledged_at"]) for row in some)
            done = middle(hours(row["received_at"], row["effect_at"]) for row in some if row["effect"] != "none")
            if told is not None:
                counts[3, name, f"Median time to inform the authority of the receipt of the order to {what}"] = told
            if done is not None:
                counts[3, name, f"Median time to give effect to the order to {what}"] = done


def _appeals(counts: dict[Key, float], tables: dict[str, list[dict[str, Any]]]) -> None:
    stated = {row["decision_id"]: row for row in tables["statements_of_reasons"]}
    noticed = {row["id"]: row for row in tables["public_notices"] if row["kind"] == "illegal"}
    of: dict[str, list[dict[str, Any]]] = defaultdict(list)
    about = "Complaint regarding a decision "
    for row in tables["appeals"]:
        of["Number of complaints submitted to the internal-complaints mechanism"].append(row)
        statement = stated.get(row["decision_id"])
        if row["appellant"] == "author" and statement is not None:
            if statement["decision_visibility"]:
                of[f"{about}to remove or disable access to or restrict visibility of information"].append(row)
            if statement["decision_provision"]:
                of[f"{about}to suspend or terminate the provision of the service"].append(row)
            if statement["decision_account"]:
                of[f"{about}to suspend or terminate an account"].append(row)
        notice = noticed.get(row["report_id"]) if row["appellant"] == "reporter" else None
        if notice is not None:
            of[f"{about}not to take action on a notice submitted in accordance with Article 16"].append(row)
            if notice["trusted_flagger_id"]:
                of[
                    f"{about}not to take action on a notice submitted by a Trusted Flagger in accordance with Article 16"
                ].append(row)
    for indicator, rows in of.items():
        _outcomes(
            counts, indicator, [(row["state"], hours(row["filed_at"], row["answered_at"])) for row in rows],
            {"upheld": "upheld", "modified": "partially reversed", "overturned": "reversed"},
        )  # fmt: skip
    everything = tables["appeals"]
    name = "Number of complaints submitted to the internal-complaints mechanism"
    counts[7, (name, "Decision omitted"), "Value"] = sum(row["state"] == "inadmissible" for row in everything)
    counts[
        7, ("Number of restrictions newly imposed as a result of an internal complaint", "Total number"), "Value"
    ] = sum(row["appellant"] == "reporter" and _restricts(stated.get(row["new_decision_id"])) for row in everything)
    name, disputes = "Number of disputes submitted to out-of-court dispute settlement bodies", tables["disputes"]
    _outcomes(
        counts, name, [(row["outcome"], hours(row["received_at"], row["closed_at"])) for row in disputes],
        {"upheld": "upheld", "partially_reversed": "partially reversed", "reversed": "reversed"},
    )  # fmt: skip
    counts[7, (name, "Decision omitted"), "Value"] = sum(row["outcome"] == "omitted" for row in disputes)
    lost = [row for row in disputes if row["outcome"] in ("reversed", "partially_reversed")]
    if lost:
        share = sum(row["implemented_at"] is not None for row in lost) / len(lost)
        counts[7, (name, "Percentage of outcomes implemented"), "Value"] = share
    for because, what in (("illegal_content", "illegal content"), ("unfounded_notices", "unfounded notices")):
        counts[
            7, (f"Number of suspensions enacted for the provision of manifestly {what}", "Total number"), "Value"
        ] = sum(row["kind"] == "suspension" and row["because"] == because for row in tables["misuse_measures"])


def _restricts(statement: dict[str, Any] | None) -> bool:
    return statement is not None and bool(
        statement["decision_visibility"] or statement["decision_provision"] or statement["decision_account"]
    )


def _outcomes(
    counts: dict[Key, float], indicator: str, rows: list[tuple[str, float | None]], names: dict[str, str]
) -> None:
    counts[7, (indicator, "Total number"), "Value"] = len(rows)
    for state, said in names.items():
        counts[7, (indicator, f"Decisions {said}"), "Value"] = sum(each == state for each, _ in rows)
    time = middle(took for state, took in rows if state in names)
    if time is not None:
        counts[7, (indicator, "Median time"), "Value"] = time


def values_of(number: int, content: str) -> dict[Key, str]:
    """What a file says, by the same names; headers and names without the blanks around them."""
    rows = list(csv.reader(io.StringIO(content)))
    header = [name.strip() for name in rows[0]]
    found: dict[Key, str] = {}
    category = ""
    for row in rows[1:]:
        if number in (3, 4, 5, 6):
            if row[3].startswith("STATEMENT_CATEGORY_"):
                category = row[3]
            name = (category, row[3], row[4]) if row[3].startswith("KEYWORD_") else (row[3],)
            start = 6 if number == 3 else 5
            name = (row[5], *name) if number == 3 else name
        else:
            name, start = (row[4].strip(), row[5].strip()), 6
        for place in range(start, len(row)):
            if "ontextual" not in header[place] and row[place] != "":
                found[number, name, header[place]] = row[place]
    return found
