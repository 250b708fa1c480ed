"""Every metric there is, in the order in which they are told."""

from collections.abc import Mapping
from typing import Final

from backend.client_metrics import community, education, integrity, moderation, safety
from backend.client_metrics.defining import Metric

CATALOGUE: Final[Mapping[str, Metric]] = {
    metric.name: metric
    for metric in (
        *community.METRICS,
        *moderation.METRICS,
        *integrity.METRICS,
        *safety.METRICS,
        *education.METRICS,
    )
}
