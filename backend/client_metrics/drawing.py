"""A series as a chart: as Vega-Lite, for whoever draws it anew, and as SVG. What has no data is a gap, and no zero."""

from collections.abc import Sequence
from typing import Any, Final
from zoneinfo import ZoneInfo

import orjson

from backend.client_metrics.catalogue import CATALOGUE
from backend.client_metrics.defining import Unit
from backend.client_metrics.values import Value

_SCHEMA: Final = "https://vega.github.io/schema/vega-lite/v5.json"
_VEGA_LITE: Final = "5.21"
# 5.2 : 1 on white, 3.6 : 1 on #121212: what is drawn needs 3 (WCAG 2.2, 1.4.11).
_COLOUR: Final = "#0072B2"
# 4.6 : 1 on white and 4.5 : 1 on black, where the specification is drawn by others; an SVG takes the colour of the page.
_TEXT: Final = "#757575"
_SHARES: Final = (Unit.SHARE, Unit.DIFFERENCE)
_SECONDS_PER_HOUR: Final = 3_600


def chart(values: Sequence[Value], *, title: str | None = None, axis: str | None = None) -> dict[str, Any]:
    """A specification of one metric over time, as `series` tells it; bars of what is counted, a line with its interval of
    what is a share. `title` and `axis`: in another language. Raises ValueError for no values."""
    if not values:
        raise ValueError("A chart has values.")
    metric = CATALOGUE[values[0].metric]
    is_count = metric.unit not in (*_SHARES, Unit.INDEX, Unit.SECONDS)
    title, axis = title or metric.title, axis or ("hours" if metric.unit is Unit.SECONDS else metric.unit.value)
    when = {
        "field": "begins",
        "type": "temporal",
        "title": None,
        "scale": {"type": "utc"},  # days of the client, not of whoever looks
        "axis": {"labelOverlap": True, "tickCount": min(len(values), 12)},
    }
    scale = {"zero": metric.unit is not Unit.DIFFERENCE}
    number = {"type": "quantitative", "title": axis, "scale": scale, "axis": {"tickCount": 5}}
    if metric.unit in _SHARES:
        number["axis"] = {"tickCount": 5, "format": ".0%"}
    drawn: list[dict[str, Any]] = [
        {
            "mark": {"type": "area", "opacity": 0.2, "color": _COLOUR},
            "encoding": {"x": when, "y": {"field": "low", **number}, "y2": {"field": "high"}},
        },
        {
            "mark": {"type": "line", "point": {"filled": True, "color": _COLOUR}, "color": _COLOUR},
            "encoding": {"x": when, "y": {"field": "value", **number}},
        },
    ]
    if is_count:
        drawn = [
            {
                "mark": {"type": "rect", "color": _COLOUR, "stroke": _COLOUR, "fillOpacity": 0.6},  # a zero is a line
                "encoding": {
                    "x": when,
                    "x2": {"field": "ends"},
                    "y": {"field": "value", **number},
                    "y2": {"datum": 0},
                },
            }
        ]
    return {
        "$schema": _SCHEMA,
        "description": f"{title}: {metric.question}",
        "title": {"text": title, "anchor": "start", "color": _TEXT},
        "width": 560,
        "height": 200,
        "background": "transparent",
        "data": {"values": [_point(value) for value in values]},
        "layer": drawn,
        "config": {
            "view": {"stroke": None},
            "font": "sans-serif",
            "axis": {
                **dict.fromkeys(("labelColor", "titleColor", "domainColor", "tickColor", "gridColor"), _TEXT),
                "gridOpacity": 0.25,
            },
        },
    }


def draw(specification: dict[str, Any]) -> str:
    """As SVG, in the colour of the text around it."""
    import vl_convert  # brings an engine of its own; only whoever draws loads it

    svg: str = vl_convert.vegalite_to_svg(
        orjson.dumps(specification).decode(), vl_version=_VEGA_LITE, allowed_base_urls=[]
    )
    return svg.replace(_TEXT, "currentColor")


def _point(value: Value) -> dict[str, Any]:
    per = _SECONDS_PER_HOUR if value.unit == Unit.SECONDS else 1
    zone = ZoneInfo(value.window.time_zone)
    told = {"value": value.value, "low": value.low, "high": value.high}
    return {
        "begins": value.window.since.astimezone(zone).date().isoformat(),
        "ends": value.window.until.astimezone(zone).date().isoformat(),
        **{name: None if number is None else round(number / per, 5) for name, number in told.items()},
    }
