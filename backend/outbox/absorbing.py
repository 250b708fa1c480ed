from typing import LiteralString
from uuid import UUID

from tenants.scope import current


async def absorb(kind: LiteralString, member: LiteralString, id: UUID) -> int:
    """Jobs of the kind that are due and have this id as `member` of their payload end with the job that asks: call in
    one that does what they would, before it looks for what is to be done. How many there were.

    A deed that promises such jobs one by one, without a dedupe key, never waits for another; and a thousand of them do
    not run one by one. The constants are written into the text, so that a partial index serves them.
    """
    scope = current()
    return await scope.change(
        f"""update jobs set state = 'done', ended_at = now(), dedupe_key = null
             where agency_id = $1 and id = any(array(
                   select id from jobs where agency_id = $1 and kind = '{kind}' and state = 'ready'
                      and payload->>'{member}' = $2 and run_at <= now() for update skip locked))""",
        scope.actor.agency_id,
        str(id),
    )
