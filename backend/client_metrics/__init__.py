"""Numbers about a client's communities, each with all that has to be known to believe it."""

from backend.client_metrics.catalogue import CATALOGUE
from backend.client_metrics.defining import Better, Metric, Part, Section, Unit
from backend.client_metrics.drawing import chart, draw
from backend.client_metrics.measuring import Step, measure, series
from backend.client_metrics.opening import CountedRow, Rows, rows_behind
from backend.client_metrics.values import Status, Value, Window

__all__ = [
    "CATALOGUE",
    "Better",
    "CountedRow",
    "Metric",
    "Part",
    "Rows",
    "Section",
    "Status",
    "Step",
    "Unit",
    "Value",
    "Window",
    "chart",
    "draw",
    "measure",
    "rows_behind",
    "series",
]
