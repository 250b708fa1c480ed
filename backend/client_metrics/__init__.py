"""Numbers about a client's communities, each with all that has to be known to believe it."""

from backend.client_metrics.catalogue import CATALOGUE
from backend.client_metrics.defining import Better, Metric, Part, Section, Unit
from backend.client_metrics.measuring import Step, measure, series
from backend.client_metrics.values import Status, Value, Window

__all__ = [
    "CATALOGUE",
    "Better",
    "Metric",
    "Part",
    "Section",
    "Status",
    "Step",
    "Unit",
    "Value",
    "Window",
    "measure",
    "series",
]
