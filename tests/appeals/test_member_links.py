"""What a link of a member opens and what it does not: for whom, for how long, and how often."""

import re

import httpx
import pytest
from appeals.conftest import WORDS, Town, found_town, send
from cast import Cast

from backend.communities import Connection, Member
from backend.kit.clock import now
from backend.leaving import close_workspace, erase_member, reopen_workspace
from backend.moderation import Report, answering_reporters
from backend.notices import Notice
from backend.outside import use_installation_keys
from backend.settings import Settings
from backend.web.hearing_members import _WORDS, FORMS_PER_LINK
from tenants.scope import agency_scope


async def links(town: Town) -> dict[str, str]:
    """One of each kind, by kind; of the author, the reporter, and the author again."""
    await town.ask("author")
    found = {"question": await town.link(town.author)}
    await town.wait_no_longer()
    await town.decide("violation")
    return found | {"statement": await town.link(town.author), "report": await town.link(town.reporter)}


async def test_what_opens_nothing_looks_the_same_whyever(town: Town, api: httpx.AsyncClient) -> None:
    paths = await links(town)
    tokens = {kind: path.rpartition("/")[2] for kind, path in paths.items()}
    nothing = (await api.get("/statement/x")).content
    for kind, path in paths.items():
        assert path == f"/{kind}/{tokens[kind]}"
        assert (await api.get(path)).status_code == 200
        others = [f"/{other}/{tokens[kind]}" for other in tokens if other != kind]
        for wrong in (path[:-1], f"{path}A", f"/{kind}/{town.author}", *others):
            for response in (await api.get(wrong), await send(api, wrong, "x")):
                assert (response.status_code, response.content) == (404, nothing)
    assert await town.appeals() == []


async def test_nobody_who_was_forgotten_is_shown_and_what_others_reported_is_without_words(
    town: Town, api: httpx.AsyncClient
) -> None:
    paths = await links(town)
    nothing = (await api.get("/statement/x")).content
    assert (await send(api, paths["statement"], "Nobody has answered this yet.")).status_code == 303
    async with agency_scope(town.cast.owner):
        await erase_member(town.cast.owner, town.author, grounds="They asked.")
    await town.cast.run_jobs("erase_member")
    for kind in ("statement", "question"):
        for response in (await api.get(paths[kind]), await send(api, paths[kind], "x")):
            assert (response.status_code, response.content) == (404, nothing)
    shown = await api.get(paths["report"])
    assert (shown.status_code, WORDS in shown.text) == (200, False)
    async with agency_scope(town.cast.owner):
        await erase_member(town.cast.owner, town.reporter, grounds="They asked.")
    await town.cast.run_jobs("erase_member")
    assert (await api.get(paths["report"])).content == nothing


async def test_a_closed_client_shows_nothing_until_it_is_opened_again(town: Town, api: httpx.AsyncClient) -> None:
    paths = await links(town)
    nothing = (await api.get("/statement/x")).content
    async with agency_scope(town.cast.owner):
        await close_workspace(town.cast.owner, town.client, grounds="They left.")
    for path in paths.values():
        for response in (await api.get(path), await send(api, path, "x")):
            assert (response.status_code, response.content) == (404, nothing)
    assert await town.appeals() == []
    async with agency_scope(town.cast.owner):
        await reopen_workspace(town.cast.owner, town.client)
    assert {(await api.get(path)).status_code for path in paths.values()} == {200}


async def test_each_agency_hears_its_own_members_alone(town: Town, globex: Cast, api: httpx.AsyncClient) -> None:
    other = await found_town(globex)
    for each in (town, other):
        await each.decide("violation")
    mine, theirs = await town.link(town.author), await other.link(other.author)
    assert mine != theirs
    assert (await send(api, mine, "Mine.")).status_code == 303
    assert ([each.text for each in await town.appeals()], await other.appeals()) == (["Mine."], [])
    assert "Mine." not in (await api.get(theirs)).text


async def test_what_members_write_stays_text_and_nothing_comes_from_elsewhere(
    town: Town, api: httpx.AsyncClient
) -> None:
    script = '</textarea><script src="https://evil.example/x.js">&'
    await town.report(town.author, words=script)  # on oneself, which is odd and allowed
    paths = await links(town)
    assert (await send(api, paths["statement"], script)).status_code == 303
    paths["own report"] = re.findall(r"\S+(/report/\S+)$", "\n".join(await town.told(town.author)), re.MULTILINE)[0]
    for path in paths.values():
        response = await api.get(path)
        assert script not in response.text
        assert "<script" not in response.text
        assert re.findall(r'<html lang="(\w+)">', response.text) == ["en"]
        assert response.text.count("<h1>") == 1
        assert re.findall(r'(?:src|href|action)="([^"]*)"', response.text) == ["/pages/style.css"]
        assert response.headers["content-security-policy"].startswith("default-src 'none'; style-src 'self'")
        assert response.headers["referrer-policy"] == "no-referrer"
        assert response.headers["cache-control"] == "no-store"
        assert "set-cookie" not in response.headers
    for name in ("statement", "own report"):
        assert "&lt;/textarea&gt;&lt;script" in (await api.get(paths[name])).text


async def test_neither_side_reads_of_the_other(town: Town, api: httpx.AsyncClient) -> None:
    paths = await links(town)
    await send(api, paths["statement"], "My own reasons.")
    await town.answer_appeal("upheld", "Dear you.")
    for kind in ("statement", "question"):
        shown = (await api.get(paths[kind])).text
        assert "bertram" not in shown.lower()
        assert WORDS not in shown
        assert "What colleagues read." not in shown
    shown = (await api.get(paths["report"])).text
    for secret in ("annabel", "fool", "My own reasons.", "Dear you.", "hidden", "What colleagues read."):
        assert secret not in shown.lower() + shown


async def test_a_form_of_another_site_and_one_that_says_nothing_are_refused(town: Town, api: httpx.AsyncClient) -> None:
    await town.decide("violation")
    path = await town.link(town.author)
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        response = await api.post(path, data={"text": "x"}, headers=headers)
        assert response.status_code == 403
        assert "Nothing was sent." in response.text
    for text in (" ", "x" * 10_001, "x\0x", "x" * 200_000):
        response = await send(api, path, text)
        assert response.status_code == 400
        assert "10,000 characters at most" in response.text
    assert f">{'x' * 10_001}</textarea>" in (await send(api, path, "x" * 10_001)).text, "to be mended, not written anew"
    assert await town.appeals() == []
    assert (await send(api, path, "ö" * 10_000)).status_code == 303


async def test_a_link_is_heard_a_few_times_and_others_go_on(town: Town, api: httpx.AsyncClient) -> None:
    await town.decide("violation")
    path, other = await town.link(town.author), await town.link(town.reporter)
    statuses = [(await send(api, path, " ")).status_code for _ in range(FORMS_PER_LINK)]
    refused = await send(api, path, "I am heard no more.")
    assert (set(statuses), refused.status_code) == ({400}, 429)
    assert 1 <= int(refused.headers["retry-after"]) <= 601
    assert "That was too often." in refused.text
    assert await town.appeals() == []
    assert (await send(api, other, "x")).status_code == 409
    assert (await api.get(path)).status_code == 200


async def test_the_first_reporters_are_written_to_and_all_find_the_answer(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answering_reporters, "REPORTERS_WRITTEN_TO", 2)
    reporters = [town.reporter]
    async with agency_scope(town.system):
        for n in range(2):
            member = await Member.create(
                workspace_id=town.client,
                community_id=town.post.community_id,
                external_id=f"r-{n}",
                handle=f"reporter-{n}",
                first_seen_at=now(),
            )
            reporters.append(member.id)
    for member_id in reporters[1:]:
        await town.report(member_id)
    await town.decide("no_violation")
    assert [len(await town.told(member_id)) for member_id in reporters] == [1, 1, 0]
    async with agency_scope(town.system):
        assert await Notice.filter(workspace_id=town.client, kind="report_decided").count() == 3


async def test_nobody_is_asked_to_write_to_reporters_by_hand(town: Town) -> None:
    async with agency_scope(town.system):
        await Connection.filter(community_id=town.post.community_id).update(disconnected_at=now())
    await town.decide("no_violation")
    async with agency_scope(town.system) as scope:
        assert await scope.fetchval("select count(*) from actions where workspace_id = $1", town.client) == 0
        assert await Report.filter(workspace_id=town.client).count() == 1


async def test_without_a_key_there_are_no_links_and_members_are_told_all_the_same(
    town: Town, settings: Settings
) -> None:
    use_installation_keys(())
    try:
        await town.decide("no_violation")
    finally:
        use_installation_keys(settings.installation_keys)
    [told] = await town.told(town.reporter)
    assert told.endswith("does not break the rules of the community.")


def test_each_language_says_all() -> None:
    assert _WORDS["de"].keys() == _WORDS["en"].keys()
    for key, text in _WORDS["en"].items():
        assert set(re.findall(r"\{\w+", text)) == set(re.findall(r"\{\w+", _WORDS["de"][key]))
