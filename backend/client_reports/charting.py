"""Pictures of how a number went. What they say stands in a table beside them, and what they are in the line above."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from backend.client_metrics import Unit, Value, chart
from backend.client_metrics import draw as drawn
from backend.client_reports.wording import Wording

# What a screen reader would read of each mark: the table says it better.
_ROLES: Final = re.compile(r' (?:role|aria-[a-z]+|class)="[^"]*"')
# Of the picture: letters are still read where it is as wide as a phone.
_SIZE: Final = {"width": 400, "height": 150}


def draw(name: str, points: Sequence[Mapping[str, Any]], told: Wording) -> dict[str, Any]:
    """{name, title, points, specification, svg}; `points`: [{day, value, low, high}] as drawn, a value of None where there is
    no data."""
    title = told.metric(name)[0]
    unit = "hours" if points[0]["unit"] == Unit.SECONDS else points[0]["unit"]
    specification = chart([Value.from_json(each) for each in points], title=title, axis=told.words["units"][unit])
    specification["description"] = title
    specification["config"]["locale"] = {"number": _separators(told)}
    bare = {
        **specification,
        **_SIZE,
        "title": None,
        "layer": [_plain(layer, told) for layer in specification["layer"]],
        "config": {**specification["config"], "axis": {**specification["config"]["axis"], "labelFontSize": 13}},
    }
    return {
        "name": name,
        "title": title,
        "points": [_point(each) for each in points],
        "specification": specification,
        "svg": _ROLES.sub("", drawn(bare)),
    }


def _plain(layer: Mapping[str, Any], told: Wording) -> dict[str, Any]:
    """With days as the report writes them, and without names of axes: the line above has them."""
    encoding = layer["encoding"]
    days = {**encoding["x"], "axis": {**encoding["x"]["axis"], "format": told.words["axis"]}}
    number = {**encoding["y"], "title": None, "axis": {"tickMinStep": 1, **encoding["y"]["axis"]}}
    if "format" in number["axis"]:  # a share
        del number["axis"]["tickMinStep"]
    return {**layer, "encoding": {**encoding, "x": days, "y": number}}


def _separators(told: Wording) -> dict[str, Any]:
    """As Vega asks for them."""
    return {
        "decimal": told.words["decimal"],
        "thousands": told.words["thousands"],
        "grouping": [3],
        "currency": ["", ""],
    }


def _point(told: Mapping[str, Any]) -> dict[str, Any]:
    window, is_there = told["window"], told["status"] == "OK"
    day = datetime.fromisoformat(window["since"]).astimezone(ZoneInfo(window["time_zone"])).date()
    return {
        "day": day.isoformat(),
        **{what: told[what] if is_there else None for what in ("value", "low", "high")},
    }
