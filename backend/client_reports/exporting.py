"""Every number of a report, for programs: as CSV and as JSON."""

import csv
import io
from collections.abc import Mapping
from typing import Any, Final

import orjson

COLUMNS: Final = (
    *(
        "client",
        "period_start",
        "period_end",
        "report_version",
        "section",
        "span",
        "metric",
        "metric_version",
        "part",
    ),
    *("part_name", "status", "value", "unit", "numerator", "denominator", "n", "low", "high", "coverage", "sentence"),
    *("exclusions", "since", "until", "time_zone", "input_hash"),
)
# What a spreadsheet takes for the beginning of a formula, also as wide as East Asian letters. Source: OWASP, CSV Injection.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_WITHOUT: Final = frozenset({"logo", "colour"})


def as_csv(document: Mapping[str, Any]) -> bytes:
    """A line for each value: of the period, of the one it is compared with, and of each step of a series."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for section in document["sections"]:
        told = [("period", value) for value in section["values"]] + [("compared", value) for value in section["before"]]
        told += [("step", value) for points in section["series"].values() for value in points]
        for span, value in told:
            row = {
                "client": document["client"],
                "period_start": document["period"]["start"],
                "period_end": document["period"]["end"],
                "report_version": document["version"],
                "section": section["name"],
                "span": span,
                **value,
                "metric_version": value["version"],
                "part": value["of"],
                "part_name": section["names"].get(value["of"] or "", ""),
                "exclusions": "; ".join(value["exclusions"]),
                **value["window"],
                "input_hash": document["inputHash"],
            }
            writer.writerow([_cell(row[name]) for name in COLUMNS])
    return out.getvalue().encode()


def as_json(document: Mapping[str, Any]) -> bytes:
    """The document itself, without its pictures: their specifications draw them."""
    told = {name: value for name, value in document.items() if name not in _WITHOUT}
    told["sections"] = [
        {
            **section,
            "charts": [{name: of for name, of in chart.items() if name != "svg"} for chart in section["charts"]],
        }
        for section in document["sections"]
    ]
    return orjson.dumps(told, option=orjson.OPT_INDENT_2)


def _cell(value: Any) -> str:
    text = "" if value is None else str(value)
    is_number = isinstance(value, int | float)
    return f"'{text}" if not is_number and text.lstrip(" ").startswith(_FORMULA) else text
