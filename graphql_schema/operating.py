"""Trying jobs again and calling them off: the mutations of who keeps the work going."""

import strawberry

from backend import operating
from graphql_schema.answering import UserError, user_errors, uuid_of, verb
from graphql_schema.context import Info
from graphql_schema.describing import Input
from graphql_schema.jobs import Job
from graphql_schema.projection import ref
from graphql_schema.projection.serving import actor_of
from tenants.rights import Right
from workers.catalogue import CATALOGUE


@strawberry.input(description="A job that was given up.")
class ReplayJobInput:
    job_id: strawberry.ID = strawberry.field(description="Which one; CONFLICT unless it is DEAD.")


@strawberry.input(description="A job that nobody has begun.")
class CancelJobInput:
    job_id: strawberry.ID = strawberry.field(
        description="Which one; CONFLICT unless it is READY or SENT, and for work that others count on: exports and what is "
        "mailed can be called off."
    )


@strawberry.type(description="The job as it is now.")
class JobPayload:
    job: Job | None = strawberry.field(default=None, description="The one in question; null when refused.")
    user_errors: list[UserError] = user_errors()


@strawberry.type
class Operating:
    @verb(
        JobPayload,
        "Try a job again that was given up, under the same id; what has failed with it waits for it again.",
        needs=Right.OPERATE,
    )
    async def replay_job(self, info: Info, input: Input[ReplayJobInput]) -> JobPayload:
        job_id = uuid_of("job", input.job_id, field="jobId")
        await operating.replay_job(actor_of(info.context), job_id, kinds=CATALOGUE)
        return JobPayload(job=ref(Job, job_id))

    @verb(JobPayload, "Call a job off before it begins.", needs=Right.OPERATE)
    async def cancel_job(self, info: Info, input: Input[CancelJobInput]) -> JobPayload:
        job_id = uuid_of("job", input.job_id, field="jobId")
        await operating.cancel_job(actor_of(info.context), job_id, kinds=CATALOGUE)
        return JobPayload(job=ref(Job, job_id))
