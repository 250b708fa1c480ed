"""The command line: one plain sentence when something is wrong, and everything running when nothing is."""

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import asyncpg
import httpx
import psutil
import pytest
from api.test_journey import free_port
from cast import Cast, ask
from up import Up, begun, one_sentence, running, tend, wait_for

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


@pytest.fixture(scope="module")
def demo() -> Iterator[Up]:
    with running() as up:
        yield up


def test_the_demo_is_two_agencies_at_work(demo: Up) -> None:
    people = json.loads((demo.home / "demo.json").read_text())["people"]
    assert set(people) >= {
        "acme.owner",
        "acme.moderator",
        "acme.contractor",
        "acme.stakeholder",
        "globex.owner",
        "globex.moderator",
        "both.moderator",
    }
    assert people["both.moderator"]["agencies"] == ["acme", "globex"]
    assert people["acme.contractor"]["workspaces"] == ["lumen"]
    assert (demo.home / "demo.json").stat().st_mode & 0o077 == 0

    def something_everywhere() -> bool:
        data = demo.ask("acme.owner", """{ workspaces(first: 10) { nodes { slug caseCounts { queued closed }
            communities(first: 10) { nodes { slug postCount memberCount } } policies { totalCount } rules { totalCount } } } }""")["data"]  # fmt: skip
        return all(
            w["caseCounts"]["queued"] > 3 and w["caseCounts"]["closed"] == 3 and w["rules"]["totalCount"] == 3
            and all(c["postCount"] > 100 and c["memberCount"] > 20 for c in w["communities"]["nodes"])
            for w in data["workspaces"]["nodes"]
        )  # fmt: skip

    demo.wait_for(something_everywhere)


def test_what_is_killed_comes_back_and_nothing_is_lost(demo: Up) -> None:
    before = demo.ask("acme.owner", "{ workspaces { nodes { posts { totalCount } } } }")
    for words in (("serve",), ("work",), ("redis-server",), ("postgres",)):
        for child in demo.children(*words):
            child.kill()
        time.sleep(0.5)
        demo.wait_until_ready(60)
        demo.wait_for(lambda words=words: bool(demo.children(*words)), 30)
    demo.wait_for(lambda: demo.ask("acme.owner", "{ workspaces { nodes { posts { totalCount } } } }") == before, 60)


@pytest.mark.parametrize("keeps_open", [True, False])
def test_nobody_notices_a_restart(demo: Up, keeps_open: bool) -> None:
    """Reads and writes, by clients that keep their connection and by clients that do not."""
    people = json.loads((demo.home / "demo.json").read_text())["people"]
    documents = (
        "{ workspaces(first: 1) { nodes { slug } } }",
        "mutation { claimNextCase(input: {}) { case { id } claimToken userErrors { code } } }",
    )
    over, answers = threading.Event(), Counter[str]()

    def asking(who: str, document: str) -> None:
        url, headers = f"http://127.0.0.1:{demo.port}/graphql", {"Authorization": f"Bearer {people[who]['token']}"}
        with httpx.Client(timeout=30, headers=headers | ({} if keeps_open else {"Connection": "close"})) as client:
            while not over.is_set():
                answer = client.post(url, json={"query": document})
                assert answer.status_code == 200, answer.text
                assert "errors" not in answer.json(), answer.text
                answers[document] += 1
                time.sleep(0.01)

    before = {child.pid for child in demo.children("backend.cli")}
    with ThreadPoolExecutor() as threads:
        clients = [
            threads.submit(asking, who, document) for who in ("acme.owner", "acme.lead") for document in documents
        ]
        try:
            for _ in range(2):
                done = tend("restart", TEND_HOME=str(demo.home))
                assert done.returncode == 0, done
        finally:
            time.sleep(1)
            over.set()
    assert [client.exception() for client in clients] == [None] * 4
    assert all(answers[document] > 50 for document in documents), answers
    assert before.isdisjoint(child.pid for child in demo.children("backend.cli"))
    demo.wait_until_ready()


def test_another_start_in_the_same_folder_is_refused(demo: Up) -> None:
    done = tend("up", TEND_HOME=str(demo.home), TEND_PORT=str(free_port()))
    assert "run" in one_sentence(done)


def test_the_folder_tells_other_commands_where_it_runs(demo: Up) -> None:
    assert tend("doctor", TEND_HOME=str(demo.home)).returncode == 0


def test_the_key_for_secrets_is_in_its_file_and_on_no_command_line(demo: Up) -> None:
    path = demo.home / "installation.key"
    assert path.stat().st_mode & 0o077 == 0
    processes = psutil.Process(demo.process.pid).children(recursive=True)
    assert not [each for each in processes if path.read_text() in " ".join(each.cmdline())]
    [api] = demo.children("backend.cli serve")
    assert api.environ()["TEND_INSTALLATION_KEY"] == path.read_text()
    assert tend("secrets", "rotate", TEND_HOME=str(demo.home)).stdout == "0 sealed anew\n"


def test_a_killed_supervisor_leaves_nothing_behind_and_the_next_start_has_everything(demo: Up) -> None:
    token = json.loads((demo.home / "demo.json").read_text())["people"]["acme.owner"]["token"]
    children = psutil.Process(demo.process.pid).children(recursive=True)
    demo.process.kill()
    demo.process.wait(10)
    _gone, alive = psutil.wait_procs(children, timeout=20)
    assert alive == []
    demo.start()
    demo.wait_until_ready()
    assert json.loads((demo.home / "demo.json").read_text())["people"]["acme.owner"]["token"] == token
    assert demo.ask("acme.owner", "{ agency { slug } }")["data"] == {"agency": {"slug": "acme"}}


def test_control_c_stops_everything(demo: Up) -> None:
    children = psutil.Process(demo.process.pid).children(recursive=True)
    assert demo.stop() == 0
    _gone, alive = psutil.wait_procs(children, timeout=10)
    assert alive == []
