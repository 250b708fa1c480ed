"""Chained by a job, anchored outside: whoever changes the journal is found out, even with all power over the database."""

import json
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from cast import Cast

from backend import journal
from backend.journal import Count, Finding, anchor_journal, anchoring, chain_journal, hashing, verify
from backend.kit.clock import now
from backend.kit.ids import new_id
from backend.outside import stored_files, use_installation_keys
from backend.settings import Settings, as_role
from tenants.actor import system
from tenants.provisioning import provision_agency
from tenants.scope import agency_scope


@pytest.fixture
async def superuser(servers: Settings, settings: Settings) -> AsyncIterator[asyncpg.Connection]:
    if Settings().database_url is not None:
        pytest.skip("only the embedded server lets its account be the superuser")
    connection = await asyncpg.connect(as_role(settings.app_url, "postgres"), server_settings={"search_path": "app"})
    await connection.execute("set session_replication_role = replica")  # no foreign key stands in the way
    yield connection
    await connection.close()


@dataclass
class Books:
    """The journal of an agency of its own, and a clock for its anchors: six hours ago it began."""

    agency_id: UUID
    monkeypatch: pytest.MonkeyPatch
    began: datetime = field(default_factory=lambda: now() - timedelta(hours=6))

    async def write(self, hour: float, *, entries: int = 3) -> list[UUID]:
        """Entries a second apart from each other, that long after the beginning."""
        ids = [new_id() for _ in range(entries)]
        async with agency_scope(system(self.agency_id)) as scope:
            await scope.executemany(
                """insert into journal (agency_id, id, at, actor_kind, action, subject_kind, subject_id, grounds, detail)
                   values ($1, $2, $3, 'system', 'test.tried', 'case', $2, 'Because.', '{"count": 1}')""",
                [(self.agency_id, id, self.began + timedelta(hours=hour, seconds=n)) for n, id in enumerate(ids)],
            )
        return ids

    async def chain(self) -> None:
        async with agency_scope(system(self.agency_id)) as scope:
            await chain_journal(scope.actor, {})

    async def anchor(self, hour: float) -> None:
        self.monkeypatch.setattr(anchoring, "now", lambda: self.began + timedelta(hours=hour))
        for _ in range(2):  # the first turn may find that it must chain
            async with agency_scope(system(self.agency_id)) as scope:
                await anchor_journal(scope.actor, {})

    async def keep(self, until: int) -> dict[int, list[UUID]]:
        """An hour's entries by the hour, each hour anchored at its end."""
        ids = {}
        for hour in range(until):
            ids[hour] = await self.write(hour + 0.5)
            await self.chain()
            await self.anchor(hour + 1)
        return ids

    async def findings(self) -> list[Finding]:
        return [finding async for finding in verify(self.agency_id, count=Count())]

    async def anchors(self) -> list[str]:
        return await anchoring.anchor_paths(self.agency_id)

    async def rechain(self, superuser: asyncpg.Connection) -> None:
        """What somebody does who knows how it works: all links anew, over what is there now."""
        rows = await superuser.fetch(
            f"select j.id, {hashing.CANONICAL} from journal j where j.agency_id = $1 order by j.at, j.id",
            self.agency_id,
        )
        await superuser.execute("delete from journal_links where agency_id = $1", self.agency_id)
        hash_ = hashing.GENESIS
        for seq, row in enumerate(rows, 1):
            hash_ = hashing.link_hash(hash_, row)
            await superuser.execute(
                "insert into journal_links (agency_id, id, entry_id, seq, hash) values ($1, $2, $3, $4, $5)",
                self.agency_id,
                new_id(),
                row["id"],
                seq,
                hash_,
            )


@pytest.fixture
async def books(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Books:
    agency_id = await provision_agency(slug=f"b-{str(new_id())[-12:]}", name="Books")
    return Books(agency_id, monkeypatch)


async def test_an_untouched_journal_has_no_findings(books: Books) -> None:
    await books.keep(6)
    await books.write(5.99)
    count = Count()
    assert [finding async for finding in verify(books.agency_id, count=count)] == []
    assert (count.links, count.anchors, count.waiting) == (18, 6, 3)


async def test_what_a_real_deed_writes_is_chained_and_proven(acme: Cast) -> None:
    async with agency_scope(acme.owner) as scope:
        await journal.record(
            "test.tried",
            subject_kind="case",
            subject_id=new_id(),
            workspace_id=acme.workspaces["forum"],
            before={"x": 1e300},
            after={"x": "ä☃\u2028"},
            grounds="\x01",
        )
    for _ in range(2):
        async with agency_scope(acme.system) as scope:
            await anchor_journal(scope.actor, {})
            await chain_journal(scope.actor, {})
    count = Count()
    assert [finding async for finding in verify(acme.agency_id, count=count)] == []
    assert count.links > 0
    assert count.waiting == 0


async def test_chaining_goes_on_where_it_stopped(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = await books.write(1, entries=7)
    for expected in (3, 3, 1, 0):
        async with agency_scope(system(books.agency_id)) as scope:
            assert await journal.chaining.link_waiting_entries(scope.actor, most=3) == expected
    async with agency_scope(system(books.agency_id)) as scope:
        rows = await scope.fetch(
            "select entry_id, seq from journal_links where agency_id = $1 order by seq", books.agency_id
        )
    assert [(row["entry_id"], row["seq"]) for row in rows] == list(zip(ids, range(1, 8), strict=True))


async def test_an_entry_that_is_committed_late_is_chained_all_the_same(books: Books) -> None:
    await books.write(1)
    await books.chain()
    await books.write(1 - 2 / 60)  # two minutes older than what is chained already
    await books.chain()
    await books.anchor(6)
    count = Count()
    assert [finding async for finding in verify(books.agency_id, count=count)] == []
    assert count.links == 6


async def test_writers_never_wait_for_whoever_chains(books: Books) -> None:
    await books.write(1)
    async with agency_scope(system(books.agency_id)) as scope:
        await chain_journal(scope.actor, {})  # holds the lock until the scope ends
        other = await asyncpg.connect(await _address(scope), server_settings={"search_path": "app"})
        try:
            async with other.transaction():
                await other.execute(f"set local app.agency_id = '{books.agency_id}'; set local app.sees_all = 'on'")
                await other.execute("set local lock_timeout = '100ms'")
                await other.execute(
                    """insert into journal (agency_id, id, actor_kind, action, subject_kind, subject_id)
                       values ($1, $2, 'system', 'test.tried', 'case', $2)""",
                    books.agency_id,
                    new_id(),
                )
        finally:
            await other.close()


async def _address(_scope: Any) -> str:
    from tenants.database import client

    return str(client().extra["dsn"])


COLUMNS = {
    "workspace_id": "gen_random_uuid()",
    "at": "at + interval '1 microsecond'",
    "actor_kind": "'staff'",
    "membership_id": "gen_random_uuid()",
    "api_client_id": "gen_random_uuid()",
    "on_behalf_of_id": "gen_random_uuid()",
    "request_id": "'another'",
    "action": "'test.undone'",
    "subject_kind": "'member'",
    "subject_id": "gen_random_uuid()",
    "grounds": "null",
    "changes": """'{"a": [1, 2]}'""",
    "detail": """'{"count": 1.0}'""",
}


def test_every_column_of_an_entry_is_hashed() -> None:
    assert {*COLUMNS, "agency_id", "id"} == set(journal.JournalEntry._meta.fields_map)


@pytest.mark.parametrize("column", COLUMNS)
async def test_an_edited_entry_is_found(books: Books, superuser: asyncpg.Connection, column: str) -> None:
    ids = await books.keep(6)
    await superuser.execute(f"update journal set {column} = {COLUMNS[column]} where id = $1", ids[2][1])
    assert await books.findings() == [
        Finding("The entry is not what it was when it was chained: it was edited.", ids[2][1], 8)
    ]


async def test_a_deleted_entry_is_found(books: Books, superuser: asyncpg.Connection) -> None:
    ids = await books.keep(6)
    await superuser.execute("delete from journal where id = $1", ids[2][1])
    assert await books.findings() == [Finding("The entry was deleted.", ids[2][1], 8)]


async def test_entries_deleted_with_their_links_are_found(books: Books, superuser: asyncpg.Connection) -> None:
    ids = await books.keep(6)
    for table, column in (("journal", "id"), ("journal_links", "entry_id")):
        await superuser.execute(f"delete from {table} where {column} = any($1)", ids[2])
    first, *more = await books.findings()
    assert first == Finding("The chain has no place 7 to 9: entries and their links were deleted.", None, 7)
    assert [finding.seq for finding in more] == [10]  # whose hash was over what is gone


async def test_a_deleted_tail_is_found(books: Books, superuser: asyncpg.Connection) -> None:
    ids = await books.keep(6)
    for table, column in (("journal", "id"), ("journal_links", "entry_id")):
        await superuser.execute(f"delete from {table} where {column} = any($1)", [*ids[4], *ids[5]])
    assert await books.findings() == [
        Finding("The chain was cut off: it ends at 12, and was anchored up to 18.", None, 13)
    ]


async def test_a_tail_that_is_cut_and_written_anew_is_found(books: Books, superuser: asyncpg.Connection) -> None:
    ids = await books.keep(6)
    for table, column in (("journal", "id"), ("journal_links", "entry_id")):
        await superuser.execute(f"delete from {table} where {column} = any($1)", [*ids[4], *ids[5]])
    await books.write(4.5)
    await books.write(5.5)
    await books.rechain(superuser)
    [finding] = await books.findings()
    assert finding.seq == 15
    assert finding.what.startswith("The chain between 13 and 15 is not the one that was anchored on")


async def test_history_that_is_chained_anew_is_found(books: Books, superuser: asyncpg.Connection) -> None:
    ids = await books.keep(6)
    await superuser.execute("update journal set action = 'test.undone' where id = $1", ids[2][1])
    await books.rechain(superuser)
    [finding] = await books.findings()
    assert finding.seq == 9
    assert finding.what.startswith("The chain between 7 and 9 is not the one that was anchored on")


async def test_an_entry_put_into_the_past_is_found(books: Books) -> None:
    """It is older than anything a transaction could still commit, so the job never chains it."""
    await books.keep(6)
    [entry] = await books.write(2.5, entries=1)
    await books.chain()
    [finding] = await books.findings()
    assert finding.entry_id == entry
    assert "is in no chain" in finding.what


async def test_an_entry_put_into_the_past_with_a_link_of_its_own_is_found(
    books: Books, superuser: asyncpg.Connection
) -> None:
    await books.keep(6)
    [entry] = await books.write(2.5, entries=1)
    [row] = await superuser.fetch(f"select {hashing.CANONICAL} from journal j where j.id = $1", entry)
    head = await superuser.fetchval("select hash from journal_links where agency_id = $1 and seq = 18", books.agency_id)
    await superuser.execute(
        "insert into journal_links (agency_id, id, entry_id, seq, hash) values ($1, $2, $3, 19, $4)",
        books.agency_id,
        new_id(),
        entry,
        hashing.link_hash(head, row),
    )
    [finding] = await books.findings()
    assert (finding.entry_id, finding.seq) == (entry, 19)
    assert "put into the past" in finding.what


async def test_an_entry_put_into_a_quiet_hour_is_found_by_the_anchors_of_that_time(books: Books) -> None:
    """Nothing newer was chained before it; but at the end of that hour nothing was waiting."""
    await books.write(0.5)
    await books.chain()
    for hour in range(1, 7):
        await books.anchor(hour)
    [entry] = await books.write(2.5, entries=1)
    await books.chain()
    [finding] = await books.findings()
    assert finding.entry_id == entry
    assert "put into the past" in finding.what


async def test_a_pause_of_the_worker_is_no_finding(books: Books) -> None:
    """Hours of entries, chained and anchored at last."""
    for hour in range(5):
        await books.write(hour + 0.5)
    await books.anchor(5.6)
    count = Count()
    assert [finding async for finding in verify(books.agency_id, count=count)] == []
    assert (count.links, count.anchors) == (15, 1)


async def test_a_link_that_was_deleted_is_found(books: Books, superuser: asyncpg.Connection) -> None:
    await books.keep(6)
    await superuser.execute("delete from journal_links where agency_id = $1 and seq > 3", books.agency_id)
    assert await books.findings() == [
        Finding("The chain was cut off: it ends at 3, and was anchored up to 18.", None, 4)
    ]


async def test_an_anchor_that_was_altered_is_found(books: Books) -> None:
    await books.keep(6)
    path = (await books.anchors())[2]
    data = json.loads(await stored_files().get(path) or b"")
    await stored_files().put(path, json.dumps({**data, "seq": 8}).encode())
    assert [finding.what for finding in await books.findings()] == [
        f"The anchor {path} is not one that was written: its signature does not fit.",
        f"The anchor before {(await books.anchors())[3]} is not the one that was there when it was written.",
    ]


async def test_an_anchor_of_another_agency_is_no_anchor(books: Books, acme: Cast) -> None:
    await books.keep(6)
    async with agency_scope(acme.system) as scope:
        await anchor_journal(scope.actor, {})
    theirs = await anchoring.anchor_paths(acme.agency_id) or [""]
    path = (await books.anchors())[5]
    await stored_files().put(path, await stored_files().get(theirs[0]) or b"")
    assert f"The anchor {path} is not one that was written: its signature does not fit." in [
        f.what for f in await books.findings()
    ]


async def test_a_missing_anchor_is_found(books: Books) -> None:
    await books.keep(6)
    paths = await books.anchors()
    await stored_files().delete(paths[2])
    assert await books.findings() == [Finding(f"Anchors are missing before {paths[3]}: number 4 follows number 2.")]


async def test_the_last_anchors_missing_is_found(books: Books) -> None:
    await books.keep(6)
    for path in (await books.anchors())[2:]:
        await stored_files().delete(path)
    [finding] = await books.findings()
    assert finding.what.startswith("The last anchor is of")


async def test_a_journal_without_any_anchor_proves_nothing_and_says_so(books: Books) -> None:
    await books.write(1)
    await books.chain()
    [finding] = await books.findings()
    assert finding.what.startswith("There is no anchor")


async def test_an_anchor_is_never_written_over_and_not_written_twice(books: Books) -> None:
    await books.keep(1)
    [path] = await books.anchors()
    data = await stored_files().get(path)
    await books.anchor(1.01)
    assert await books.anchors() == [path]
    assert await stored_files().get(path) == data


async def test_what_waits_is_committed_before_it_is_anchored(books: Books) -> None:
    """The turn that chains writes no file: were it rolled back, the file would accuse everybody."""
    await books.write(1)
    async with agency_scope(system(books.agency_id)) as scope:
        await anchor_journal(scope.actor, {})
        asked = await scope.fetch(
            "select kind from jobs where agency_id = $1 and kind = 'anchor_journal'", books.agency_id
        )
        assert len(asked) == 1
        scope.doom()
    assert await books.anchors() == []


async def test_anchors_of_a_key_that_was_replaced_are_proven_by_those_of_the_new_one(
    books: Books, settings: Settings
) -> None:
    await books.keep(4)
    try:
        use_installation_keys([secrets.token_bytes(32)])
        assert len([f for f in await books.findings() if "signature" in f.what]) == 4  # nothing of the new key yet
        await books.write(5.5)
        await books.chain()
        await books.anchor(6)
        assert await books.findings() == []
        path = (await books.anchors())[1]
        data = json.loads(await stored_files().get(path) or b"")
        await stored_files().put(path, json.dumps({**data, "seq": 1}).encode())
        assert f"The anchor {path} is not one that was written: its signature does not fit." in [
            finding.what for finding in await books.findings()
        ]
    finally:
        use_installation_keys(settings.installation_keys)
