"""Pictures of how a number went: as Vega-Lite, for whoever draws them anew, and as SVG. What they say stands in a table beside
them, so they have no title of their own."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import orjson

from backend.client_metrics import CATALOGUE, Unit
from backend.client_reports.wording import Wording

_SCHEMA: Final = "https://vega.github.io/schema/vega-lite/v5.json"
_VEGA_LITE: Final = "5.21"
_INK: Final = "currentColor"  # of the page it stands on, light or dark
# Of Okabe and Ito: 5.2 against white, 3.4 against the dark page (WCAG 2.2, 1.4.11 asks for 3).
_COLOUR: Final = "#0072B2"


def draw(name: str, points: Sequence[Mapping[str, Any]], told: Wording) -> dict[str, Any]:
    """{name, title, points, specification, svg}; `points`: [{day, value, low, high}] as drawn, a value of None where there is
    no data."""
    import vl_convert  # brings an engine of its own; only whoever draws loads it

    shown = [_point(each) for each in points]
    specification = _chart(name, shown)
    svg = vl_convert.vegalite_to_svg(orjson.dumps(specification).decode(), vl_version=_VEGA_LITE, allowed_base_urls=[])
    return {
        "name": name,
        "title": told.metric(name)[0],
        "points": shown,
        "specification": specification,
        "svg": svg,
    }


def _point(told: Mapping[str, Any]) -> dict[str, Any]:
    window = told["window"]
    day = datetime.fromisoformat(window["since"]).astimezone(ZoneInfo(window["time_zone"])).date()
    is_there = told["status"] == "OK"
    return {
        "day": day.isoformat(),
        "value": told["value"] if is_there else None,
        "low": told["low"] if is_there else None,
        "high": told["high"] if is_there else None,
    }


def _chart(name: str, points: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    is_share = CATALOGUE[name].unit is Unit.SHARE
    day = {"field": "day", "type": "temporal", "title": None, "axis": {"format": "%-d.%-m.", "grid": False}}
    scale = {"scale": {"domain": [0, 1]}} if is_share else {"scale": {"zero": True}}
    axis = {"title": None, "format": "%"} if is_share else {"title": None, "tickMinStep": 1}
    value = {"type": "quantitative", **scale, "axis": axis}
    if is_share:
        layer: list[dict[str, Any]] = [
            {
                "mark": {"type": "area", "opacity": 0.2, "color": _COLOUR},
                "encoding": {"x": day, "y": {"field": "low", **value}, "y2": {"field": "high"}},
            },
            {
                "mark": {"type": "line", "color": _COLOUR, "point": {"color": _COLOUR}},
                "encoding": {"x": day, "y": {"field": "value", **value}},
            },
        ]
    else:
        layer = [
            {
                "mark": {"type": "bar", "color": _COLOUR, "width": {"band": 0.7}},
                "encoding": {"x": {**day, "timeUnit": "yearmonthdate"}, "y": {"field": "value", **value}},
            }
        ]
    return {
        "$schema": _SCHEMA,
        "background": None,
        "width": 400,
        "height": 150,
        "data": {"values": [*points]},
        "layer": layer,
        "config": {
            "aria": False,  # the page says what it is, and has the table
            "view": {"stroke": None},
            "axis": {
                "labelColor": _INK,
                "titleColor": _INK,
                "tickColor": _INK,
                "domainColor": _INK,
                "gridColor": _INK,
                "gridOpacity": 0.15,
                "labelFontSize": 13,
                "labelFont": "sans-serif",
            },
        },
    }
