"""Secrets at rest: sealed for one place, with the agency's key, under the installation's."""

import asyncio
import base64
import os
import secrets
import stat
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from cast import Cast
from pydantic import SecretStr

from backend.keeping_the_key import with_a_key, with_the_kept_key
from backend.kit import clock
from backend.kit.ids import new_id
from backend.outside import (
    AgencyKey,
    NoInstallationKey,
    SealBroken,
    open_from_browser,
    open_sealed,
    rotate_secrets,
    seal,
    seal_for_browser,
    use_installation_keys,
    wrapping,
)
from backend.settings import NotConfigured, Settings
from tenants.models import SignInProvider
from tenants.provisioning import provision_agency
from tenants.scope import agency_scope
from tenants.tables import sealed_columns

TABLE, COLUMN = "sign_in_providers", "client_secret"


@pytest.fixture(autouse=True)
async def the_installations_keys(settings: Settings) -> AsyncIterator[None]:
    yield
    use_installation_keys(settings.installation_keys)


@pytest.fixture(scope="module", autouse=True)
async def no_provider_afterwards(acme: Cast, globex: Cast) -> AsyncIterator[None]:
    yield
    for cast in (acme, globex):
        async with agency_scope(cast.system):
            await SignInProvider.all().delete()


async def keep_provider(cast: Cast, text: str) -> SignInProvider:
    id = new_id()
    async with agency_scope(cast.system):
        await SignInProvider.filter().delete()
        return await SignInProvider.create(
            id=id,
            issuer="https://login.example.com",
            client_id="tend",
            client_secret=await seal(text, table=TABLE, column=COLUMN, row_id=id),
            domains=["example.com"],
        )


async def opened(cast: Cast) -> str:
    async with agency_scope(cast.system):
        found = await SignInProvider.get()
        assert found.client_secret is not None
        return await open_sealed(found.client_secret, table=TABLE, column=COLUMN, row_id=found.id)


async def test_what_is_sealed_opens_in_its_place_and_shows_nothing(acme: Cast) -> None:
    provider = await keep_provider(acme, "client secret of Acme")
    again = await keep_provider(acme, "client secret of Acme")
    assert await opened(acme) == "client secret of Acme"
    assert b"client secret" not in bytes(again.client_secret)
    assert provider.client_secret != again.client_secret


async def test_a_value_that_was_moved_to_another_row_column_table_or_agency_does_not_open(
    acme: Cast, globex: Cast
) -> None:
    row, other = new_id(), new_id()
    async with agency_scope(acme.system):
        value = await seal("secret", table=TABLE, column=COLUMN, row_id=row)
        assert await open_sealed(value, table=TABLE, column=COLUMN, row_id=row) == "secret"
        for table, column, id in (
            (TABLE, COLUMN, other),
            (TABLE, "client_id", row),
            ("memberships", COLUMN, row),
            (f"{TABLE}|{COLUMN}", "", row),
        ):
            with pytest.raises(SealBroken):
                await open_sealed(value, table=table, column=column, row_id=id)
        [key] = await AgencyKey.filter(retired_at=None)
    async with agency_scope(globex.system):
        with pytest.raises(SealBroken):
            await open_sealed(value, table=TABLE, column=COLUMN, row_id=row)
        await AgencyKey.create(id=key.id, wrapped=key.wrapped, retired_at=clock.now())  # the key moved along with it
        with pytest.raises(SealBroken):
            await open_sealed(value, table=TABLE, column=COLUMN, row_id=row)
        await AgencyKey.filter(id=key.id).delete()


async def test_a_changed_or_shortened_value_does_not_open(acme: Cast) -> None:
    row = new_id()
    async with agency_scope(acme.system):
        value = await seal("secret", table=TABLE, column=COLUMN, row_id=row)
        for position in (0, 1, 17, 20, 30, len(value) - 1):
            changed = value[:position] + bytes([value[position] ^ 1]) + value[position + 1 :]
            with pytest.raises(SealBroken):
                await open_sealed(changed, table=TABLE, column=COLUMN, row_id=row)
        for length in (0, 1, 20, len(value) - 1):
            with pytest.raises(SealBroken):
                await open_sealed(value[:length], table=TABLE, column=COLUMN, row_id=row)


async def test_two_that_seal_an_agencys_first_secret_at_once_use_one_key() -> None:
    agency_id = await provision_agency(slug=f"a-{str(new_id())[-12:]}", name="New")
    from tenants.actor import system

    async def first() -> bytes:
        async with agency_scope(system(agency_id)):
            value = await seal("secret", table=TABLE, column=COLUMN, row_id=agency_id)
            await asyncio.sleep(0.05)
            return value

    async with asyncio.timeout(10):
        values = await asyncio.gather(*(first() for _ in range(4)))
    async with agency_scope(system(agency_id)):
        assert await AgencyKey.all().count() == 1
        for value in values:
            assert await open_sealed(value, table=TABLE, column=COLUMN, row_id=agency_id) == "secret"


async def test_a_rotation_seals_everything_anew_and_may_run_again(acme: Cast, globex: Cast) -> None:
    for cast in (acme, globex):
        await keep_provider(cast, f"secret of {cast.slug}")
    async with agency_scope(acme.system):
        before, key = await SignInProvider.get(), await AgencyKey.get(retired_at=None)
    for _ in range(2):
        assert await rotate_secrets() >= 2
    async with agency_scope(acme.system):
        after = await SignInProvider.get()
        current = await AgencyKey.get(retired_at=None)
        assert (await AgencyKey.get(id=key.id)).retired_at is not None
    assert after.client_secret[1:17] == current.id.bytes != before.client_secret[1:17]
    assert [await opened(cast) for cast in (acme, globex)] == ["secret of acme", "secret of globex"]


async def test_a_rotation_takes_the_installation_to_its_new_key(acme: Cast, settings: Settings) -> None:
    old, new = settings.installation_keys[0], secrets.token_bytes(32)
    provider = await keep_provider(acme, "secret")
    use_installation_keys([new, old])
    assert await opened(acme) == "secret"
    await rotate_secrets()
    use_installation_keys([new])
    assert await opened(acme) == "secret"
    async with agency_scope(acme.system):  # what somebody had in hand meanwhile
        value = bytes(provider.client_secret)
        assert await open_sealed(value, table=TABLE, column=COLUMN, row_id=provider.id) == "secret"
    use_installation_keys([old])
    with pytest.raises(SealBroken):
        await opened(acme)
    use_installation_keys([old, new])
    await rotate_secrets()


async def test_while_a_rotation_runs_others_seal_and_open(acme: Cast) -> None:
    await keep_provider(acme, "secret 0")
    done = asyncio.Event()

    async def works() -> int:
        turns = 0
        while not done.is_set():
            text = f"secret {turns}"
            async with agency_scope(acme.system):
                provider = await SignInProvider.get()
                await open_sealed(provider.client_secret, table=TABLE, column=COLUMN, row_id=provider.id)
                sealed = await seal(text, table=TABLE, column=COLUMN, row_id=provider.id)
                await SignInProvider.filter(id=provider.id).update(client_secret=sealed)
            turns += 1
        return turns

    async with asyncio.timeout(60):
        working = [asyncio.create_task(works()) for _ in range(3)]
        for _ in range(5):
            await rotate_secrets()
        done.set()
        assert sum(await asyncio.gather(*working)) > 10
    await rotate_secrets()
    assert (await opened(acme)).startswith("secret ")
    async with agency_scope(acme.system):
        provider, key = await SignInProvider.get(), await AgencyKey.get(retired_at=None)
    assert provider.client_secret[1:17] == key.id.bytes


async def test_what_was_sealed_while_a_rotation_waited_is_sealed_anew_too(acme: Cast) -> None:
    """The rotation waits for whoever has the old key in hand, so that nothing is left under it."""
    provider = await keep_provider(acme, "before")
    sealed, may_commit = asyncio.Event(), asyncio.Event()

    async def slow() -> None:
        async with agency_scope(acme.system):
            value = await seal("meanwhile", table=TABLE, column=COLUMN, row_id=provider.id)
            sealed.set()
            await may_commit.wait()
            await SignInProvider.filter(id=provider.id).update(client_secret=value)

    async with asyncio.timeout(20):
        writing = asyncio.create_task(slow())
        await sealed.wait()
        rotating = asyncio.create_task(rotate_secrets())
        await asyncio.sleep(0.3)
        assert not rotating.done()
        may_commit.set()
        await asyncio.gather(writing, rotating)
    async with agency_scope(acme.system):
        found, key = await SignInProvider.get(), await AgencyKey.get(retired_at=None)
    assert found.client_secret[1:17] == key.id.bytes
    assert await opened(acme) == "meanwhile"


async def test_without_a_key_of_the_installation_nothing_is_sealed_or_opened(acme: Cast) -> None:
    await keep_provider(acme, "secret")
    use_installation_keys([])
    with pytest.raises(NoInstallationKey):
        await opened(acme)
    with pytest.raises(NoInstallationKey):
        await keep_provider(acme, "other")
    with pytest.raises(NoInstallationKey):
        seal_for_browser({}, purpose="sign-in", seconds=60)
    assert open_from_browser("x" * 100, purpose="sign-in") is None


async def test_what_a_browser_carries_opens_for_its_purpose_and_in_time_only(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_installation_keys(settings.installation_keys)
    text = seal_for_browser({"state": "x", "agency": "acme"}, purpose="sign-in", seconds=60)
    assert text.isascii()
    assert text.replace("-", "").replace("_", "").isalnum()
    assert open_from_browser(text, purpose="sign-in") == {"state": "x", "agency": "acme"}
    assert open_from_browser(text, purpose="invitation") is None
    for wrong in (text[:-2], "x" + text[1:], text[:20] + "AA" + text[22:], "", "é", "a" * 5, f"{text}\n"):
        assert open_from_browser(wrong, purpose="sign-in") is None
    for length in range(len(text)):
        assert open_from_browser(text[:length], purpose="sign-in") is None, length
    use_installation_keys([secrets.token_bytes(32), *settings.installation_keys])
    assert open_from_browser(text, purpose="sign-in") == {"state": "x", "agency": "acme"}
    monkeypatch.setattr(wrapping, "now", lambda: clock.now() + timedelta(seconds=61))
    assert open_from_browser(text, purpose="sign-in") is None


def test_what_a_browser_carries_is_no_wrapped_key(settings: Settings) -> None:
    use_installation_keys(settings.installation_keys)
    text = seal_for_browser({"a": 1}, purpose="sign-in", seconds=60)
    with pytest.raises(SealBroken):
        wrapping.unwrap(base64.urlsafe_b64decode(text + "=="), place=b"")


def test_a_shortened_wrapped_key_does_not_open(settings: Settings) -> None:
    use_installation_keys(settings.installation_keys)
    wrapped = wrapping.wrap(b"key", place=b"here")
    for length in range(len(wrapped)):
        with pytest.raises(SealBroken):
            wrapping.unwrap(wrapped[:length], place=b"here")


def test_the_key_beside_the_data_is_made_once_and_is_closed_to_others(tmp_path: Path) -> None:
    home = Settings(home=tmp_path / "home", installation_key=None)
    assert with_the_kept_key(home).installation_key is None
    made = with_a_key(home)
    assert [made.installation_keys, with_the_kept_key(home).installation_keys] == [
        with_a_key(home).installation_keys
    ] * 2
    [path] = (tmp_path / "home").iterdir()
    assert (path.name, stat.S_IMODE(path.stat().st_mode)) == ("installation.key", 0o600)
    given = home.model_copy(update={"installation_key": SecretStr(base64.b64encode(os.urandom(32)).decode())})
    assert with_a_key(given) is given


@pytest.mark.parametrize("text", ["", "short", base64.b64encode(b"x" * 31).decode(), "not base64!"])
def test_what_is_no_key_is_said_at_once_and_not_repeated(text: str) -> None:
    with pytest.raises(NotConfigured) as refusal:
        _ = Settings(installation_key=SecretStr(text)).installation_keys
    assert not text or text not in str(refusal.value)


def test_a_setting_shows_no_secret() -> None:
    shown = repr(Settings(installation_key=SecretStr("the-key"), smtp_url=SecretStr("smtp://u:the-password@h")))
    assert "the-key" not in shown
    assert "the-password" not in shown


def test_the_secret_of_a_sign_in_provider_is_among_those_that_are_rotated() -> None:
    assert (SignInProvider, "client_secret") in sealed_columns()
