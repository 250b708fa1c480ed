"""Numbers about a client's communities, each with all that has to be known to believe it."""

from backend.client_metrics.attending import NeedsAttention, Reason, Why, clients_needing_attention
from backend.client_metrics.catalogue import CATALOGUE
from backend.client_metrics.defining import Better, Metric, Part, Section, Unit
from backend.client_metrics.drawing import chart, draw
from backend.client_metrics.measuring import Step, measure, series, window_of
from backend.client_metrics.opening import CountedRow, Rows, rows_behind
from backend.client_metrics.thresholds import LONGEST_WINDOW, MOST_STEPS
from backend.client_metrics.values import Status, Value, Window

__all__ = [
    "CATALOGUE",
    "LONGEST_WINDOW",
    "MOST_STEPS",
    "Better",
    "CountedRow",
    "Metric",
    "NeedsAttention",
    "Part",
    "Reason",
    "Rows",
    "Section",
    "Status",
    "Step",
    "Unit",
    "Value",
    "Why",
    "Window",
    "chart",
    "clients_needing_attention",
    "draw",
    "measure",
    "rows_behind",
    "series",
    "window_of",
]
