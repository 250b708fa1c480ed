"""Each person is told as they want it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from cast import Cast
from notices.readers import Reader
from notices.test_telling_by_mail import body

from backend.kit.clock import now
from backend.kit.errors import Invalid, NotAllowed, NotFound
from backend.notices import KINDS, Preference, catalogue, set_preferences, set_settings
from backend.notices.catalogue import Kind
from tenants.rights import Role
from tenants.scope import agency_scope


@pytest.fixture
def danger(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        catalogue, "KINDS", {**KINDS, "report_decided": Kind("case", None, frozenset({"outcome"}), is_danger=True)}
    )


async def prefer(reader: Reader, *wanted: Preference) -> None:
    async with agency_scope(reader.actor):
        await set_preferences(reader.actor, wanted)


async def test_never_is_never_and_other_kinds_and_people_are_told_all_the_same(
    reader: Reader, hire: Callable[..., Any]
) -> None:
    other = await hire(client=reader.client)
    await prefer(reader, Preference("report_decided", "mail", "never"))
    for each in (reader, other):
        await each.is_told()
        await each.is_told(kind="membership_changed")
    assert len(await reader.mails()) == 1
    assert len(await other.mails()) == 2


async def test_what_is_said_for_one_client_goes_before_what_is_said_for_all(reader: Reader) -> None:
    await prefer(
        reader,
        Preference("report_decided", "mail", "never"),
        Preference("report_decided", "mail", "at_once", workspace_id=reader.client),
    )
    await reader.is_told()
    assert len(await reader.mails()) == 1
    await prefer(reader, Preference("report_decided", "mail", "never", workspace_id=reader.client))
    await reader.is_told()
    assert len(await reader.mails(even_later=True)) == 1


async def test_who_wants_no_more_gets_nothing_that_was_waiting(reader: Reader) -> None:
    await reader.is_told()
    await prefer(reader, Preference("report_decided", "mail", "never"))
    assert await reader.mails(even_later=True) == []
    assert await reader.states() == [("mail", "dropped", "They do not want to be told this way any more.")]


async def test_a_daily_digest_is_one_mail_of_everything_at_the_hour_of_its_reader(reader: Reader) -> None:
    zone = ZoneInfo("Pacific/Auckland")
    async with agency_scope(reader.actor):
        await set_settings(reader.actor, time_zone=zone.key, digest_hour=17)
    await prefer(
        reader, Preference("report_decided", "mail", "daily"), Preference("membership_changed", "mail", "daily")
    )
    for kind in ("report_decided", "membership_changed", "report_decided"):
        await reader.is_told(kind=kind)
    assert await reader.mails() == []
    [due] = {each.due_at for each in await reader.deliveries()}
    local = due.astimezone(zone)
    assert (local.hour, local.minute) == (17, 0)
    assert now() < due <= now() + timedelta(days=1, hours=1)
    [mail] = await reader.mails(even_later=True)
    assert mail["Subject"] == "3 notices of today"
    assert body(mail).count("/notices/acme/notice_") == 3


async def test_in_quiet_hours_nothing_comes_but_danger(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    hour = now().hour
    async with agency_scope(reader.actor):
        await set_settings(reader.actor, quiet_from=hour, quiet_until=(hour + 2) % 24)
    await reader.is_told()
    assert await reader.mails() == []
    [delivery] = await reader.deliveries()
    assert isinstance(delivery.due_at, datetime)
    assert delivery.due_at.hour == (hour + 2) % 24
    monkeypatch.setattr(
        catalogue, "KINDS", {**KINDS, "report_decided": Kind("case", None, frozenset({"outcome"}), is_danger=True)}
    )
    await reader.is_told()
    [mail] = await reader.mails()
    assert mail["List-Unsubscribe"] is None, "danger cannot be switched off"


@pytest.mark.usefixtures("danger")
async def test_danger_is_always_mailed(reader: Reader) -> None:
    for how in ("never", "daily"):
        with pytest.raises(Invalid):
            await prefer(reader, Preference("report_decided", "mail", how))
    await reader.is_told()
    await reader.is_told()
    assert [each.how for each in await reader.deliveries()] == ["at_once", "at_once"]
    assert len(await reader.mails()) == 1


async def test_mail_comes_in_the_language_of_its_reader(reader: Reader) -> None:
    async with agency_scope(reader.actor):
        await set_settings(reader.actor, language="de")
    await reader.is_told()
    [mail] = await reader.mails()
    assert mail["Subject"].endswith(": Ihre Meldung wurde entschieden")
    for kind in ("plain", "html"):
        assert "Er verstößt gegen die Regeln der Community." in body(mail, kind)
        assert "Guten Tag, " in body(mail, kind)
    assert '<html lang="de">' in body(mail, "html")


@pytest.mark.parametrize(
    "wrong",
    [
        {"time_zone": "Mars/Base"},
        {"time_zone": "../../etc/passwd"},
        {"language": "xx"},
        {"digest_hour": 24},
        {"quiet_from": 3},
        {"quiet_from": -1, "quiet_until": 3},
        {"chat_url": "http://hooks.example/x"},
        {"chat_url": "https://hooks.example:8443/x"},
        {"chat_url": "not an address"},
    ],
)
async def test_settings_that_cannot_be_are_refused(reader: Reader, wrong: dict[str, Any]) -> None:
    async with agency_scope(reader.actor):
        with pytest.raises(Invalid):
            await set_settings(reader.actor, **wrong)


async def test_nobody_prefers_for_a_client_that_is_not_theirs_or_a_kind_that_there_is_not(
    acme: Cast, globex: Cast, reader: Reader
) -> None:
    for client in (acme.workspaces["shop"], globex.workspaces["forum"]):
        with pytest.raises(NotFound):
            await prefer(reader, Preference("report_decided", "mail", "never", workspace_id=client))
    with pytest.raises(Invalid):
        await prefer(reader, Preference("nothing", "mail", "never"))
    with pytest.raises(NotAllowed):
        async with agency_scope(acme.system):
            await set_preferences(acme.system, [Preference("report_decided", "mail", "never")])


async def test_clients_people_get_one_digest_for_each_client_and_staff_get_one(
    acme: Cast, hire: Callable[..., Any]
) -> None:
    for role, mails in ((Role.STAKEHOLDER, 2), (Role.MODERATOR, 1)):
        reader = await hire(role)
        second = await acme.empty_workspace()
        async with agency_scope(acme.system) as scope:
            await scope.execute(
                "insert into assignments (agency_id, id, membership_id, workspace_id) values ($1, $4, $2, $3)",
                acme.agency_id,
                reader.id,
                second,
                second,
            )
        await prefer(reader, Preference("membership_changed", "mail", "hourly"))
        for client in (reader.client, second):
            await reader.is_told(kind="membership_changed", workspace_id=client)
        assert len(await reader.mails(even_later=True)) == mails
