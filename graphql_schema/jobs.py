"""Work in the background, for who keeps it going."""

from datetime import datetime
from enum import Enum
from typing import Final

import strawberry

from backend import outbox
from graphql_schema.describing import optional, value
from graphql_schema.projection import Each, Filters, Node, column, one, publish, sql
from graphql_schema.staff import Staff
from tenants.rights import Right


@strawberry.enum(description="Where a job is.")
class JobState(Enum):
    READY = value("ready", "It waits for its time, or for a place.")
    SENT = value("sent", "It is on its way to a worker.")
    RUNNING = value("running", "A worker does it.")
    DONE = value("done", "Its effect is there.")
    DEAD = value("dead", "It was tried as often as its kind is tried, or refused: `lastError` says why.")
    CANCELLED = value("cancelled", "Somebody called it off before it began.")


@strawberry.enum(description="Which jobs go first.")
class JobPriority(Enum):
    DANGER = value("danger", "Somebody may come to harm.")
    NORMAL = value("normal", "Somebody waits for it.")
    BULK = value("bulk", "Nobody waits for it.")


# Jobs about the agency as a whole are there for who sees all of it.
_OF_MY_CLIENTS: Final = "((select app.sees_all()) or {row}.workspace_id = any((select app.workspaces())::uuid[]))"


@publish(outbox.Job, kind="job", needs=Right.OPERATE, row=_OF_MY_CLIENTS)
class Job(Node):
    """A unit of background work. What is in it is not shown."""

    id: strawberry.ID
    kind: str = column(description="What is to be done, such as write_export; new ones may come.")
    state: JobState = column(description="Where it is.")
    priority: JobPriority = sql(
        "(array['danger', 'normal', 'bulk'])[{row}.priority + 1]", description="What it goes before or behind."
    )
    workspace_id: strawberry.ID | None = sql(
        "'workspace_' || {row}.workspace_id", description="The client it is about; null for the agency as a whole."
    )
    attempt: int = column(description="How often it was begun.")
    run_at: datetime = column(description="When it is due, or was.")
    created_at: datetime = column(description="When it was promised.")
    ended_at: datetime | None = column(description="When it was done, given up or called off; null until then.")
    last_error: str | None = sql(
        r"coalesce(substring({row}.last_error from '^([A-Za-z_]\w*): '), {row}.last_error)",
        description="Why the last try failed: a sentence, or the name of an error whose words stay in the log.",
    )
    progress_done: float | None = sql(
        "({row}.progress->>'done')::float8", description="How much a long job has done; null where it does not say."
    )
    progress_total: float | None = sql(
        "({row}.progress->>'total')::float8", description="Of how much; null where it does not know."
    )
    on_behalf_of: Staff | None = one(
        "on_behalf_of_id", description="Whose rights it is done with; null where it is Tend's own."
    )


@strawberry.input(description="Which jobs; a field that is left out or null asks for nothing.")
class JobFilter:
    state: list[JobState] | None = optional("In one of these states.")
    kind: str | None = optional("Of exactly this kind.")


JOB_FILTERS: Final = Filters(JobFilter, {"state": Each("state"), "kind": "{row}.kind = {value}::text"})
