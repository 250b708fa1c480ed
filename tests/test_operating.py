"""Jobs in the hands of people: who may look, what replaying and calling off do, and how far a long job is."""

import asyncio
from functools import partial
from uuid import UUID

import httpx
import pytest
from cast import Cast, ask
from up import one_sentence, tend

from backend.kit.errors import Conflict, NotAllowed, NotFound
from backend.kit.ids import new_id
from backend.leaving import Export, request_export
from backend.operating import cancel_job, look_at_job, replay_job
from backend.outbox import Job, enqueue, report_progress
from backend.settings import Settings
from tenants.scope import agency_scope
from workers.catalogue import CATALOGUE, Kind
from workers.running import run_job

FIELDS = "id kind state priority workspaceId attempt endedAt lastError progressDone progressTotal"


async def a_job(cast: Cast, *, workspace: str | None = "forum", kind: str = "test", **columns: object) -> UUID:
    async with agency_scope(cast.system):
        workspace_id = None if workspace is None else cast.workspaces[workspace]
        return (await Job.create(kind=kind, workspace_id=workspace_id, **columns)).id


async def state(cast: Cast, job_id: UUID) -> tuple[str, int]:
    async with agency_scope(cast.system):
        job = await Job.get(id=job_id)
        return job.state, job.attempt


async def test_a_dead_job_is_replayed_under_its_id_and_the_journal_knows_by_whom(acme: Cast) -> None:
    job_id = await a_job(acme, state="dead", attempt=8)
    async with agency_scope(acme.owner) as scope:
        await replay_job(acme.owner, job_id, kinds=CATALOGUE)
        assert await scope.fetchval(
            "select action from journal where agency_id = $1 and subject_id = $2 and membership_id = $3",
            acme.agency_id,
            job_id,
            acme.owner.membership_id,
        ) == ("job.replayed")
    assert await state(acme, job_id) == ("ready", 0)


@pytest.mark.parametrize("was", ["ready", "sent", "running", "done", "cancelled"])
async def test_what_is_not_dead_is_not_replayed(acme: Cast, was: str) -> None:
    job_id = await a_job(acme, state=was, attempt=1)
    with pytest.raises(Conflict):
        async with agency_scope(acme.owner):
            await replay_job(acme.owner, job_id, kinds=CATALOGUE)
    assert await state(acme, job_id) == (was, 1)


@pytest.mark.parametrize("was", ["ready", "sent"])
async def test_a_job_that_was_called_off_is_not_done(acme: Cast, was: str) -> None:
    job_id = await a_job(acme, state=was, dedupe_key=str(new_id()))
    async with agency_scope(acme.owner):
        await cancel_job(acme.owner, job_id, kinds=CATALOGUE)
    await run_job(acme.agency_id, job_id)
    assert await state(acme, job_id) == ("cancelled", 0)


@pytest.mark.parametrize("was", ["running", "done", "dead", "cancelled"])
async def test_what_has_begun_is_not_called_off(acme: Cast, was: str) -> None:
    job_id = await a_job(acme, state=was, attempt=1)
    with pytest.raises(Conflict):
        async with agency_scope(acme.owner):
            await cancel_job(acme.owner, job_id, kinds=CATALOGUE)
    assert await state(acme, job_id) == (was, 1)


async def test_an_export_whose_job_is_called_off_has_failed(acme: Cast) -> None:
    async with agency_scope(acme.owner):
        export_id = await request_export(acme.owner, what="workspace", workspace_id=acme.workspaces["forum"])
        job = await Job.filter(kind="write_export").order_by("-created_at").first()
        await cancel_job(acme.owner, job.id, kinds=CATALOGUE)
        export = await Export.get(id=export_id)
    assert (export.state, export.problem) == ("failed", "Somebody called it off.")


async def test_jobs_of_other_agencies_other_clients_and_the_whole_agency_are_not_there(
    acme: Cast, globex: Cast
) -> None:
    """`deputy` is an admin of forum and chat."""
    hidden = [
        await a_job(globex, state="dead"),
        await a_job(acme, workspace="shop", state="dead"),
        await a_job(acme, workspace=None, state="dead"),
    ]
    for job_id in hidden:
        for verb in (look_at_job, partial(replay_job, kinds=CATALOGUE)):
            with pytest.raises(NotFound):
                async with agency_scope(acme.deputy):
                    await verb(acme.deputy, job_id)
    job_id = await a_job(acme, state="dead")
    with pytest.raises(NotAllowed):
        async with agency_scope(acme.lead):
            await replay_job(acme.lead, job_id, kinds=CATALOGUE)


async def test_admins_see_jobs_without_the_words_of_their_errors(api: httpx.AsyncClient, acme: Cast) -> None:
    kind = f"k-{new_id()}"
    mine = await a_job(acme, kind=kind, state="dead", last_error="ValueError: what a member wrote", attempt=3)
    whole = await a_job(acme, kind=kind, workspace=None, last_error="The worker was stopped.")
    query = f"query($kind: String) {{ agency {{ jobs(filter: {{kind: $kind}}) {{ nodes {{ {FIELDS} }} }} }} }}"
    forum = {
        "id": f"job_{mine}",
        "kind": kind,
        "state": "DEAD",
        "priority": "NORMAL",
        "workspaceId": f"workspace_{acme.workspaces['forum']}",
        "attempt": 3,
        "endedAt": None,
        "lastError": "ValueError",
        "progressDone": None,
        "progressTotal": None,
    }
    agencys = {**forum, "id": f"job_{whole}", "state": "READY", "workspaceId": None, "attempt": 0}
    agencys["lastError"] = "The worker was stopped."
    for who, seen in (("owner", [agencys, forum]), ("deputy", [forum]), ("lead", [])):
        answer = await ask(api, acme.tokens[who], query, kind=kind)
        assert answer["data"]["agency"]["jobs"]["nodes"] == seen, who


async def test_how_far_a_long_job_is_can_be_seen_before_it_ends(acme: Cast) -> None:
    told, go_on = asyncio.Event(), asyncio.Event()

    async def long(_actor, _payload) -> None:
        await report_progress(3, 10)
        await report_progress(4, 10)  # too soon to be written
        told.set()
        await go_on.wait()

    job_id = await a_job(acme, kind="long", state="sent")
    running = asyncio.create_task(run_job(acme.agency_id, job_id, catalogue={"long": Kind(long)}))
    async with asyncio.timeout(10):
        await told.wait()
    async with agency_scope(acme.system):
        assert (await Job.get(id=job_id)).progress == {"done": 3, "total": 10}
    go_on.set()
    await running
    assert await state(acme, job_id) == ("done", 1)


async def test_outside_a_job_progress_is_told_to_nobody(acme: Cast) -> None:
    async with agency_scope(acme.system):
        await report_progress(1)


async def test_the_command_line_lists_shows_replays_and_cancels(settings: Settings, acme: Cast) -> None:
    kind = f"k{str(new_id())[-8:]}"
    dead = await a_job(acme, kind=kind, state="dead", last_error="ValueError: x")
    where = {"TEND_DATABASE_URL": settings.app_url}
    of = ("--agency", "acme")
    listed = tend("jobs", "list", *of, "--kind", kind, "--state", "dead", **where)
    assert listed.stdout.startswith(f"job_{dead} dead      {kind}"), listed
    assert "last error   ValueError: x" in tend("jobs", "show", *of, f"job_{dead}", **where).stdout
    assert tend("jobs", "replay", *of, f"job_{dead}", **where).stdout == f"job_{dead} is ready\n"
    assert tend("jobs", "cancel", *of, f"job_{dead}", **where).stdout == f"job_{dead} is cancelled\n"
    assert await state(acme, dead) == ("cancelled", 0)
    assert "can be replayed" in one_sentence(tend("jobs", "replay", *of, f"job_{dead}", **where))
    assert "no id of a job" in one_sentence(tend("jobs", "show", *of, "nonsense", **where))


async def test_what_is_promised_by_one_who_asks_goes_on_after_a_job_was_called_off(acme: Cast) -> None:
    """The key of a job that was called off is free."""
    key = str(new_id())
    async with agency_scope(acme.system):
        await enqueue("test", {}, dedupe_key=key)
        job = await Job.get(dedupe_key=key)
    async with agency_scope(acme.system):
        await cancel_job(acme.system, job.id, kinds=CATALOGUE)
        await enqueue("test", {}, dedupe_key=key)
        assert (await Job.get(dedupe_key=key)).state == "ready"
