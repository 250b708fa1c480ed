from collections.abc import Mapping
from typing import Any, Final

from backend.ruling.thresholds import (
    LIKENESSES_KEPT_FOR,
    LIVE_FIRINGS_KEPT_FOR,
    RUNS_KEPT_FOR,
    SHADOW_FIRINGS_KEPT_FOR,
)
from tenants.actor import Actor
from tenants.scope import current

AT_ONCE: Final = 50_000  # rows of a statement, which may take 15 seconds


async def forget_findings(system: Actor, _payload: Mapping[str, Any]) -> None:
    """Job: what rules found and what was kept for finding copies goes, each after its time."""
    for table, key, where, kept_for in (
        ("rule_firings", "id", "mode = 'shadow' and at", SHADOW_FIRINGS_KEPT_FOR),
        ("rule_firings", "id", "mode = 'live' and at", LIVE_FIRINGS_KEPT_FOR),
        ("rule_firings", "id", "mode = 'old' and at", LIVE_FIRINGS_KEPT_FOR),
        ("rule_runs", "id", "hour", RUNS_KEPT_FOR),
        ("post_likenesses", "post_id", "posted_at", LIKENESSES_KEPT_FOR),
    ):
        statement = f"""delete from {table} where agency_id = $1 and {key} = any(array(
            select {key} from {table} where agency_id = $1 and {where} < now() - $2::interval limit {AT_ONCE}))"""
        while await current().change(statement, system.agency_id, kept_for) >= AT_ONCE:
            pass
