"""What waits, for Prometheus. It is the same whichever worker is asked."""

from backend.measuring import JOBS_OLDEST_SECONDS, JOBS_WAITING
from tenants.actor import system
from tenants.doors import every_agency
from tenants.scope import agency_scope


async def measure_waiting() -> None:
    for gauge in (JOBS_WAITING, JOBS_OLDEST_SECONDS):
        gauge.clear()
    for agency_id in await every_agency():
        async with agency_scope(system(agency_id)) as scope:
            rows = await scope.fetch(
                """select kind, count(*) as jobs, extract(epoch from now() - min(run_at))::float8 as oldest from jobs
                    where agency_id = $1 and state in ('ready', 'sent') and run_at <= now() group by kind""",
                agency_id,
            )
        for row in rows:
            JOBS_WAITING.labels(str(agency_id), row["kind"]).set(row["jobs"])
            JOBS_OLDEST_SECONDS.labels(str(agency_id), row["kind"]).set(row["oldest"])
