"""A backup is what can be restored: one agency as it was, every other byte for byte as it is; or everything."""

import asyncio
import json
from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

import asyncpg
import pytest
from up import Up, one_sentence, running, tend, wait_for

from backend import models
from backend.embedded import EmbeddedPostgres
from tenants.scope import hold_off_writers
from tenants.tables import tenant_models

# Rows of the restored agency that may differ from then: what says that it happened.
TELL_OF_IT = {"agencies", "jobs", "journal", "journal_links"}


@pytest.fixture(scope="module")
def demo() -> Iterator[Up]:
    with running() as up:
        done = tend("backup", TEND_HOME=str(up.home))
        assert done.returncode == 0, done
        yield up


def look(up: Up, *statements: str) -> list[str]:
    """As the superuser, whom no wall binds."""
    return EmbeddedPostgres(up.home).sql(";\n".join(statements), "tend").splitlines()


def state(up: Up) -> dict[tuple[str, str], str]:
    """(agency, table) -> a hash of its rows, of where they are and of who wrote them last."""
    models.load()
    keys = {m._meta.db_table: "id" if m._meta.db_table == "agencies" else "agency_id" for m in tenant_models()}
    statements = (
        f"""select '{table}', {key}, md5(string_agg(t::text, '|' order by t::text)),
                   md5(string_agg(t::text || t.ctid || t.xmin, '|' order by t::text)) from app.{table} t group by {key}"""
        for table, key in keys.items()
    )
    found = {}
    for table, agency, rows, places in (line.split("|") for line in look(up, *statements)):
        found[agency, table] = rows if agency == agency_id(up, "acme") else places
    return found


_ids: dict[tuple[Up, str], str] = {}


def agency_id(up: Up, slug: str) -> str:
    if (up, slug) not in _ids:
        [_ids[up, slug]] = look(up, f"select id from app.agencies where slug = '{slug}'")
    return _ids[up, slug]


def now(up: Up) -> str:
    [moment] = look(up, "select to_json(clock_timestamp()) #>> '{}'")
    return moment


def restore(up: Up, *words: str) -> str:
    done = tend("restore", *words, TEND_HOME=str(up.home), timeout=120)
    assert done.returncode == 0, done
    return done.stdout


def at_rest(up: Up) -> None:
    up.wait_for(
        lambda: look(up, "select count(*) from app.jobs where state in ('sent', 'running') or (state = 'ready' and run_at < now())") == ["0"]
    )  # fmt: skip


def paused(up: Up) -> Iterator[None]:
    """Without workers: nothing moves that the test does not move."""
    [worker] = up.children("backend.cli work")
    worker.suspend()
    try:
        yield
    finally:
        worker.resume()


@pytest.fixture
def quiet(demo: Up) -> Iterator[Up]:
    at_rest(demo)
    yield from ((demo, None)[0] for _ in paused(demo))


DAMAGE = """
    update app.posts set text = 'mangled' where agency_id = '{acme}';
    delete from app.post_words where agency_id = '{acme}';
    delete from app.reports where agency_id = '{acme}';
    update app.memberships set suspended_at = now() where agency_id = '{acme}' and role = 'moderator';
    insert into app.workspaces (agency_id, id, slug, name) values ('{acme}', gen_random_uuid(), 'later', 'Later');
    update app.workspaces set slug = 'was-lumen' where agency_id = '{acme}' and slug = 'lumen';
    insert into app.workspaces (agency_id, id, slug, name) values ('{acme}', gen_random_uuid(), 'lumen', 'Other');
    update app.posts set view_count = view_count + 1 where agency_id = '{globex}'
"""


def test_one_agency_is_as_it_was_and_no_row_of_another_is_touched(quiet: Up) -> None:
    before, moment = state(quiet), now(quiet)
    acme, globex = agency_id(quiet, "acme"), agency_id(quiet, "globex")
    look(quiet, DAMAGE.format(acme=acme, globex=globex))
    damaged = state(quiet)
    tried = restore(quiet, "--agency", "acme", "--at", moment, "--dry-run")
    assert "dry run" in tried
    assert state(quiet) == damaged
    told = restore(quiet, "--agency", "acme", "--at", moment)
    assert "Mara Moreau" in told
    after = state(quiet)
    assert {key: rows for key, rows in after.items() if key[0] == globex} == {
        key: rows for key, rows in damaged.items() if key[0] == globex
    }
    differs = {table for (agency, table), rows in after.items() if agency == acme and before[agency, table] != rows}
    assert differs == {"agencies", "jobs", "workspaces"}
    names = "select slug like 'deleted-%', deleted_at is null from app.workspaces where agency_id = '{}' order by 1, 2"
    assert look(quiet, names.format(acme)) == ["f|t"] * 3 + ["t|f"] * 2
    undone = restore(quiet, *told.splitlines()[-1].partition("tend restore ")[2].split())
    assert "no row of anybody else" in undone
    assert {key for key, rows in state(quiet).items() if damaged[key] != rows} == {(acme, "agencies"), (acme, "jobs")}
    restore(quiet, "--agency", "acme", "--at", moment)


def test_the_journal_says_so_and_still_fits_its_anchors(demo: Up) -> None:
    demo.wait_for(lambda: look(demo, "select count(*) from app.journal where action = 'agency.taken_back'") != ["0"])
    done = tend("journal", "verify", "--agency", "acme", TEND_HOME=str(demo.home))
    assert done.returncode == 0, done.stdout


def test_whoever_was_forgotten_since_is_forgotten_again_and_what_was_revoked_stays_so(demo: Up) -> None:
    at_rest(demo)
    acme = agency_id(demo, "acme")
    client = demo.do("acme.owner", 'createApiClient(input: {name: "m", scopes: [READ_CONTENT]})', "apiClient { id }")
    wanted = f'issueCredential(input: {{apiClientId: "{client["apiClient"]["id"]}", kind: API_KEY}})'
    key = demo.do("acme.owner", wanted, "credential { id }")["credential"]["id"]
    [member] = look(demo, f"select id from app.members where agency_id = '{acme}' order by id limit 1")
    [handle] = look(demo, f"select handle from app.members where agency_id = '{acme}' and id = '{member}'")
    moment = now(demo)
    demo.do("acme.owner", f'eraseMember(input: {{memberId: "member_{member}", grounds: "asked"}})')
    demo.do("acme.owner", f'revokeCredential(input: {{credentialId: "{key}"}})')
    is_erased = f"select erased_at is not null from app.members where agency_id = '{acme}' and id = '{member}'"
    demo.wait_for(lambda: look(demo, is_erased) == ["t"])
    [worker] = demo.children("backend.cli work")
    worker.suspend()
    restore(demo, "--agency", "acme", "--at", moment)
    assert look(demo, is_erased) == ["f"], "it is what was there then"
    assert look(demo, f"select handle from app.members where id = '{member}'") == [handle]
    worker.resume()
    demo.wait_for(lambda: look(demo, is_erased) == ["t"])
    assert look(demo, f"select handle = '{handle}' from app.members where id = '{member}'") == ["f"]
    assert look(demo, "select detail ->> 'erased_again' from app.journal where action = 'agency.taken_back' order by at desc limit 1") == ["1"]  # fmt: skip
    assert look(demo, f"select revoked_at is null from app.credentials where id = '{key.partition('_')[2]}'") == ["f"]


def test_the_agencys_writers_wait_and_others_do_not(demo: Up) -> None:
    """What holds while the rows are put back, held by hand."""

    async def tried() -> None:
        owner = await asyncpg.connect(EmbeddedPostgres(demo.home).address("tend_owner", "tend"))
        async with owner.transaction():
            await owner.execute(hold_off_writers(UUID(agency_id(demo, "acme"))))
            document = "mutation { claimNextCase(input: {}) { case { id } userErrors { code } } }"
            held = await asyncio.to_thread(demo.ask, "acme.moderator", document)
            assert held["errors"][0]["extensions"]["code"] == "BUSY", held
            assert (await asyncio.to_thread(demo.ask, "globex.moderator", document))["data"]["claimNextCase"]["case"]
            read = await asyncio.to_thread(demo.ask, "acme.moderator", "{ workspaces { nodes { slug } } }")
            assert read["data"]["workspaces"]["nodes"]
        await owner.close()

    asyncio.run(tried())


def test_what_cannot_be_had_is_said_in_one_sentence(demo: Up) -> None:
    def refused(*words: str, **environment: str) -> str:
        return one_sentence(tend(*words, TEND_HOME=str(demo.home), **environment))

    assert "the oldest backup is of" in refused("restore", "--agency", "acme", "--at", "2020-01-01T00:00:00Z")
    assert "has not come yet" in refused("restore", "--agency", "acme", "--at", "2120-01-01")
    assert "is no moment" in refused("restore", "--agency", "acme", "--at", "yesterday")
    assert "no agency" in refused("restore", "--agency", "nobody", "--at", now(demo))
    assert "Say either" in refused("restore", "--at", now(demo))
    assert "already running" in refused("restore", "--everything")
    assert "somebody else's server" in refused("backup", TEND_DATABASE_URL="postgresql://x/y")


def test_the_doctor_says_how_old_the_last_copy_is_and_what_does_not_reach_the_archive(demo: Up) -> None:
    assert "goes on with all that is written" in tend("doctor", TEND_HOME=str(demo.home)).stdout
    empty = tend("doctor", TEND_HOME=str(demo.home), TEND_BACKUPS_FOLDER=str(demo.home / "elsewhere"))
    assert "There is no backup" in empty.stdout
    wal = demo.home / "backups" / "wal"
    wal.rename(demo.home / "moved")
    wal.write_text("no folder")
    try:
        wal.unlink()
        wal.mkdir(mode=0o500)
        look(demo, "select pg_current_xact_id()", "select pg_switch_wal()")
        wait_for(lambda: "does not reach" in tend("doctor", TEND_HOME=str(demo.home)).stdout, 30)
    finally:
        wal.rmdir()
        (demo.home / "moved").rename(wal)


def test_old_copies_go_and_what_the_latest_needs_stays(demo: Up) -> None:
    assert "1 older ones removed" in tend("backup", "--keep", "1", TEND_HOME=str(demo.home)).stdout
    acme = agency_id(demo, "acme")
    moment = now(demo)
    look(demo, f"update app.posts set text = 'mangled' where agency_id = '{acme}'")
    restore(demo, "--agency", "acme", "--at", moment)
    assert look(demo, f"select count(*) from app.posts where agency_id = '{acme}' and text = 'mangled'") == ["0"]


def test_everything_is_as_it_was_when_the_machine_is_started_again(demo: Up) -> None:
    before, moment = look(demo, "select count(*) from app.posts"), now(demo)
    assert datetime.fromisoformat(moment)
    look(demo, "update app.posts set text = 'mangled'")
    assert demo.stop() == 0
    assert "All is as it was" in restore(demo, "--everything", "--at", moment)
    demo.start()
    demo.wait_until_ready()
    assert look(demo, "select count(*) from app.posts") == before
    assert look(demo, "select count(*) from app.posts where text = 'mangled'") == ["0"]
    assert json.loads((demo.home / "demo.json").read_text())["people"]
