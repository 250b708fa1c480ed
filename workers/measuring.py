"""What waits, for Prometheus. It is the same whichever worker is asked."""

from backend.measuring import JOBS_OLDEST_SECONDS, JOBS_WAITING, WEBHOOKS_OLDEST_SECONDS, WEBHOOKS_WAITING
from tenants.actor import system
from tenants.doors import every_agency
from tenants.scope import agency_scope


async def measure_waiting() -> None:
    for gauge in (JOBS_WAITING, JOBS_OLDEST_SECONDS, WEBHOOKS_WAITING, WEBHOOKS_OLDEST_SECONDS):
        gauge.clear()
    for agency_id in await every_agency():
        async with agency_scope(system(agency_id)) as scope:
            rows = await scope.fetch(
                """select kind, count(*) as jobs, extract(epoch from now() - min(run_at))::float8 as oldest from jobs
                    where agency_id = $1 and state in ('ready', 'sent') and run_at <= now() group by kind""",
                agency_id,
            )
            webhooks = await scope.fetchrow(
                """select count(*) as due, coalesce(extract(epoch from now() - min(d.next_at)), 0)::float8 as oldest
                     from webhook_deliveries d join webhook_endpoints e on e.agency_id = $1 and e.id = d.endpoint_id
                    where d.agency_id = $1 and d.state = 'waiting' and d.next_at <= now() and e.disabled_at is null""",
                agency_id,
            )
        for row in rows:
            JOBS_WAITING.labels(str(agency_id), row["kind"]).set(row["jobs"])
            JOBS_OLDEST_SECONDS.labels(str(agency_id), row["kind"]).set(row["oldest"])
        WEBHOOKS_WAITING.labels(str(agency_id)).set(webhooks["due"])
        WEBHOOKS_OLDEST_SECONDS.labels(str(agency_id)).set(webhooks["oldest"])
