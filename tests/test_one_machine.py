"""Everything on one machine: two agencies at work, and nothing is lost whatever is stopped or killed."""

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import psutil
import pytest
from api.test_journey import free_port
from up import Up, one_sentence, running, tend


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


def test_one_of_its_clients_shows_all_that_tend_does(demo: Up) -> None:
    document = """{ workspace(slug: "northwind") { escalations { nodes { state isDrill } } stories { nodes { state } }
        courses { nodes { state } } memberCertificates { totalCount } customerAccounts { totalCount }
        retentionStudies { nodes { state } } clientReports { nodes { state } } bestPractices { totalCount } } }"""

    def everything() -> bool:
        seen = demo.ask("acme.lead", document)["data"]["workspace"]
        return bool(
            seen["escalations"]["nodes"]
            == [{"state": "ACKNOWLEDGED", "isDrill": False}, {"state": "RESOLVED", "isDrill": True}]
            and {node["state"] for list in ("stories", "courses", "clientReports") for node in seen[list]["nodes"]}
            == {"PUBLISHED"}
            and seen["bestPractices"]["totalCount"] == 1
            and seen["memberCertificates"]["totalCount"] == 4
            and seen["customerAccounts"]["totalCount"] == 400
            and seen["retentionStudies"]["nodes"] == [{"state": "DONE"}]
        )  # fmt: skip

    demo.wait_for(everything)


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
