"""Charts of what a study found: as Vega-Lite, for whoever draws them anew, and as SVG. Each title says what it is."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

from backend.retention.comparing import ARMS, Json
from backend.retention.telling import CAUSAL, WHY_NAIVE_MISLEADS

_SCHEMA: Final = "https://vega.github.io/schema/vega-lite/v5.json"
_VEGA_LITE: Final = "5.21"
# Blue and orange of Okabe and Ito, which nobody confuses.
_COLOURS: Final[Mapping[str, str]] = {"exposed": "#0072B2", "unexposed": "#E69F00"}
_POINTS: Final = ("t", "survival", "low", "high")
_LINE_CHARACTERS: Final = 90


def draw(result: Json) -> list[dict[str, Any]]:
    """[{name, title, specification, svg}]; none of what was not compared."""
    import vl_convert  # brings an engine of its own; only whoever draws loads it

    charts = []
    compared = [(f"landmark_{each['landmarkDays']}", each) for each in result["landmarks"]]
    for name, each in (*compared, ("naive", result["naive"])):
        if each["status"] == "OK":
            specification = _chart(name, each, result)
            svg = vl_convert.vegalite_to_svg(
                orjson.dumps(specification).decode(), vl_version=_VEGA_LITE, allowed_base_urls=[]
            )
            title = " ".join(specification["title"]["text"])
            charts.append({"name": name, "title": title, "specification": specification, "svg": svg})
    return charts


def _chart(name: str, compared: Json, result: Json) -> dict[str, Any]:
    values = [
        {"arm": arm, **{column: round(point[column], 5) for column in _POINTS}}
        for arm in ARMS
        for point in compared["curves"][arm]
    ]
    colour = {
        "field": "arm",
        "type": "nominal",
        "title": None,
        "scale": {"domain": list(ARMS), "range": [_COLOURS[arm] for arm in ARMS]},
    }
    days = {"field": "t", "type": "quantitative", "title": _axis(name, compared)}
    share = {"scale": {"domain": [0, 1]}, "axis": {"format": "%", "title": "Still customers"}}
    return {
        "$schema": _SCHEMA,
        "description": result["sentence"],
        "title": {
            "text": _lines(_heading(name, compared, result)),
            "subtitle": _lines(WHY_NAIVE_MISLEADS if name == "naive" else result["sentence"]),
            "anchor": "start",
        },
        "width": 640,
        "height": 320,
        "data": {"values": values},
        "layer": [
            {
                "mark": {"type": "area", "interpolate": "step-after", "opacity": 0.2},
                "encoding": {
                    "x": days,
                    "y": {"field": "low", "type": "quantitative", **share},
                    "y2": {"field": "high"},
                    "color": colour,
                },
            },
            {
                "mark": {"type": "line", "interpolate": "step-after"},
                "encoding": {"x": days, "y": {"field": "survival", "type": "quantitative", **share}, "color": colour},
            },
        ],
    }


def _heading(name: str, compared: Json, result: Json) -> str:
    if name == "naive":
        return "Misleading: whoever ever used the community against whoever never did"
    what = "Effect of the offer" if result["evidenceGrade"] == CAUSAL.upper() else "Association, not an effect"
    numbers = compared["numbers"]
    return (
        f"{what}: customers from day {compared['landmarkDays']} on, {numbers['exposed']:,} exposed and "
        f"{numbers['unexposed']:,} not"
    )


def _axis(name: str, compared: Json) -> str:
    return "Days since the subscription began" if name == "naive" else f"Days after day {compared['landmarkDays']}"


def _lines(text: str) -> Sequence[str]:
    lines, line = [], ""
    for word in text.split():
        if line and len(line) + len(word) >= _LINE_CHARACTERS:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}".strip()
    return [*lines, line]
