"""The command line: one plain sentence when something is wrong."""

from pathlib import Path

import asyncpg
import httpx
import pytest
from api.test_journey import free_port
from cast import Cast, ask
from papers import a_definition
from up import begun, one_sentence, tend, wait_for

from backend import journal
from backend.kit.ids import new_id
from backend.outbox import beat, leave
from backend.settings import Settings, as_role
from tenants.actor import system
from tenants.provisioning import provision_agency
from tenants.scope import agency_scope


def key_of(settings: Settings) -> dict[str, str]:
    return {"TEND_INSTALLATION_KEY": settings.installation_key.get_secret_value()}


@pytest.mark.parametrize("command", ["serve", "work"])
@pytest.mark.parametrize("role", ["postgres", "tend_owner"])
def test_a_role_with_too_much_power_does_not_start(settings: Settings, command: str, role: str) -> None:
    done = tend(command, TEND_DATABASE_URL=as_role(settings.app_url, role), TEND_REDIS_URL=settings.redis)
    assert "Use the role tend_app." in one_sentence(done)


def test_a_server_that_is_not_there_is_said_so() -> None:
    done = tend(
        "serve", TEND_DATABASE_URL="postgresql://tend_app@127.0.0.1:1/tend", TEND_REDIS_URL="redis://127.0.0.1:1"
    )
    assert "The database could not be used" in one_sentence(done)


def test_without_anything_running_the_message_says_how_to_start(tmp_path: Path) -> None:
    for words in (("doctor",), ("import", "chat", "--agency", "a", "--workspace", "w", "x")):
        assert "tend up" in one_sentence(tend(*words, TEND_HOME=str(tmp_path)))


async def test_reports_are_promised_once(settings: Settings, acme: Cast) -> None:
    client = await acme.empty_workspace()
    await a_definition(acme, client, sections=["safety"])
    slug = next(slug for slug, id in acme.workspaces.items() if id == client)
    servers = {"TEND_DATABASE_URL": settings.app_url, "TEND_REDIS_URL": settings.redis, **key_of(settings)}
    words = ("report", "make", "--agency", "acme", "--workspace", slug, "--period", "2026-09-01")
    assert tend(*words, **servers).stdout.strip() == "1 promised, 0 left alone"
    again = tend(*words, **servers).stdout
    assert "under way" in again
    assert "0 promised, 1 left alone" in again


async def test_the_doctor_finds_nothing_wrong_and_says_what_is(settings: Settings) -> None:
    worker_id = new_id()
    await beat(worker_id)
    servers = {"TEND_DATABASE_URL": settings.app_url, "TEND_REDIS_URL": settings.redis, **key_of(settings)}
    assert settings.smtp_url is not None
    servers["TEND_SMTP_URL"] = settings.smtp_url.get_secret_value()
    fine = tend("doctor", **servers)
    assert fine.returncode == 0, fine.stdout
    assert fine.stdout.count("ok ") == 10
    await leave(worker_id)
    idle = tend("doctor", **servers)
    assert (idle.returncode, idle.stdout.count("No worker runs")) == (1, 1)
    ill = tend(
        "doctor", TEND_DATABASE_URL=as_role(settings.app_url, "tend_owner"), TEND_REDIS_URL="redis://127.0.0.1:1"
    )
    assert ill.returncode == 1
    assert "could read every agency's rows" in ill.stdout
    assert "Redis cannot be reached" in ill.stdout
    assert "No key for secrets is set" in ill.stdout
    assert "No mail server is set" in ill.stdout
    servers["TEND_SMTP_URL"] = "smtp://127.0.0.1:1"
    assert "Mail waits: The mail server cannot be used" in tend("doctor", **servers).stdout


async def test_secrets_are_rotated_once_a_key_is_set(settings: Settings, acme: Cast) -> None:
    words, place = ("secrets", "rotate"), {"TEND_DATABASE_URL": settings.app_url}
    assert "TEND_INSTALLATION_KEY" in one_sentence(tend(*words, **place))
    assert "TEND_INSTALLATION_KEY" in one_sentence(tend(*words, **place, TEND_INSTALLATION_KEY="bad-key"))
    assert "is no origin" in one_sentence(
        tend(*words, **place, **key_of(settings), TEND_ALLOWED_OUTSIDE='["nonsense"]')
    )
    done = tend(*words, **place, **key_of(settings))
    assert (done.returncode, done.stdout.partition(" ")[2]) == (0, "sealed anew\n")


async def test_an_agency_opens_with_an_invitation_for_its_owner(settings: Settings, api: httpx.AsyncClient) -> None:
    slug = f"a-{str(new_id())[-12:]}"
    words = ("agency", "open", slug, "--name", "Opened", "--owner", f"{slug}@example.com", "--owner-name", "Ona")
    place = {"TEND_DATABASE_URL": settings.app_url, "TEND_PUBLIC_URL": "https://tend.example"}
    done = tend(*words, **place)
    assert done.returncode == 0, done
    path = done.stdout.strip().removeprefix("https://tend.example")
    assert "Opened invites you" in (await api.get(path)).text
    joined = await api.post("/join", data={"token": path.partition("token=")[2]})
    [token] = [value for name, value in joined.cookies.items() if name.endswith("tend_session")]
    api.cookies.clear()
    answer = await ask(api, token, "{ viewer { memberships { agencySlug role seesAll } } }")
    assert answer["data"]["viewer"]["memberships"] == [{"agencySlug": slug, "role": "OWNER", "seesAll": True}]
    assert "Another agency has this short name." in one_sentence(tend(*words, **place))


def test_an_api_that_was_asked_to_stop_sends_everybody_elsewhere_first(settings: Settings) -> None:
    port = free_port()
    environment = {"TEND_DATABASE_URL": settings.app_url, "TEND_REDIS_URL": settings.redis, "TEND_PORT": str(port)}
    with begun("serve", **environment, **key_of(settings), TEND_DRAIN_SECONDS="2") as process:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
            wait_for(lambda: client.get("/health/ready").status_code == 200)
            process.terminate()
            wait_for(lambda: client.get("/health/ready").json() == {"status": "stopping"})
            answer = httpx.get(f"http://127.0.0.1:{port}/health/live")  # who does not know yet is answered
            assert (answer.status_code, answer.headers["connection"]) == (200, "close")
        assert process.wait(10) == 0


async def test_migrating_again_does_nothing(settings: Settings) -> None:
    done = tend("migrate", TEND_DATABASE_URL=settings.app_url)
    assert (done.returncode, done.stdout) == (0, "nothing to do\n")


async def test_verifying_the_journal_says_what_was_found_and_fails(servers: Settings, settings: Settings) -> None:
    if Settings().database_url is not None:
        pytest.skip("only the embedded server lets its account be the superuser")
    slug = f"b-{str(new_id())[-12:]}"
    agency_id = await provision_agency(slug=slug, name="Books")
    assert settings.installation_key is not None
    where = {
        "TEND_DATABASE_URL": settings.app_url,
        "TEND_FILES_URL": settings.files,
        "TEND_INSTALLATION_KEY": settings.installation_key.get_secret_value(),
    }
    async with agency_scope(system(agency_id)) as scope:
        await journal.record("test.tried", subject_kind="case", subject_id=agency_id, workspace_id=None)
        await journal.chain_journal(scope.actor, {})
    async with agency_scope(system(agency_id)) as scope:
        await journal.anchor_journal(scope.actor, {})
        entry = await scope.fetchval("select id from journal where agency_id = $1", agency_id)
    fine = tend("journal", "verify", "--agency", slug, **where)
    assert (fine.returncode, fine.stdout) == (
        0,
        f"agency_{agency_id}: 1 entries and 1 anchors checked, 0 entries wait to be chained\n",
    )
    superuser = await asyncpg.connect(as_role(settings.app_url, "postgres"))
    await superuser.execute("update app.journal set action = 'test.undone' where id = $1", entry)
    await superuser.close()
    wrong = tend("journal", "verify", "--agency", slug, **where)
    assert wrong.returncode == 1
    assert wrong.stdout.splitlines()[0] == (
        f"agency_{agency_id}: place 1: entry_{entry}: The entry is not what it was when it was chained: it was edited."
    )
    assert "There is no agency" in one_sentence(tend("journal", "verify", "--agency", "nobody", **where))


@pytest.mark.parametrize(
    ("file", "sentence"),
    [("missing.jsonl", "missing.jsonl"), (".", "."), ("broken.gz", "broken.gz")],
)
async def test_a_file_that_cannot_be_read_is_named(
    settings: Settings, acme: Cast, tmp_path: Path, file: str, sentence: str
) -> None:
    (tmp_path / "broken.gz").write_bytes(b"\x1f\x8b\x08\x00garbage")
    done = tend(
        "import", "chat", "--agency", "acme", "--workspace", "forum", str(tmp_path / file),
        TEND_DATABASE_URL=settings.app_url,
    )  # fmt: skip
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert sentence in done.stderr


@pytest.mark.parametrize(
    "words", [("--agency", "nobody", "--workspace", "forum"), ("--agency", "acme", "--workspace", "nobody")]
)
async def test_an_agency_or_workspace_that_is_not_there_is_named(
    settings: Settings, acme: Cast, tmp_path: Path, words: tuple[str, ...]
) -> None:
    assert "nobody" in one_sentence(tend("import", "chat", *words, str(tmp_path), TEND_DATABASE_URL=settings.app_url))


async def test_the_way_to_a_platform_is_looked_at(settings: Settings, acme: Cast) -> None:
    asked = ("connect", "check", "--agency", "acme", "--workspace", "forum", "--community")
    done = tend(*asked, "main", TEND_DATABASE_URL=settings.app_url)
    assert (done.returncode, done.stdout) == (0, "ok      The community lives in Tend: there is nothing to reach.\n")
    assert "nowhere" in one_sentence(tend(*asked, "nowhere", TEND_DATABASE_URL=settings.app_url))


def test_the_committed_schema_is_the_codes() -> None:
    assert tend("schema", "--check").returncode == 0
