"""A client's own people are written to in its name and colour; the agency's staff in the agency's."""

from collections.abc import Callable
from typing import Any

import pytest
from cast import Cast
from notices.test_telling_by_mail import body

from backend.kit.errors import Invalid, NotAllowed, NotFound
from backend.notices import set_brand
from backend.notices.branding import contrast_with_white
from tenants.models import Workspace
from tenants.rights import Role
from tenants.scope import agency_scope

BRAND = {
    "name": "Northwind <b>&</b> Sons",
    "colour": "#1D4ED8",
    "sender": 'Northwind "Forum"\r\nBcc: eve@example.com',
    "reply_to": "care@northwind.example",
}


async def test_a_stakeholder_gets_mail_of_the_client_and_staff_of_the_agency(
    acme: Cast, hire: Callable[..., Any]
) -> None:
    stakeholder = await hire(Role.STAKEHOLDER)
    moderator = await hire(client=stakeholder.client)
    async with agency_scope(acme.admin):
        await set_brand(acme.admin, stakeholder.client, **BRAND)
    for reader in (stakeholder, moderator):
        await reader.is_told()
    [mail] = await stakeholder.mails()
    assert mail["From"].addresses[0].display_name == 'Northwind "Forum" Bcc: eve@example.com'
    assert mail["From"].addresses[0].addr_spec == "tend@localhost"
    assert mail["Reply-To"] == "care@northwind.example"
    assert mail["Bcc"] is None
    assert "Northwind &lt;b&gt;&amp;&lt;/b&gt; Sons" in body(mail, "html")
    assert "background:#1d4ed8" in body(mail, "html")
    assert "Northwind <b>&</b> Sons" in body(mail)
    [other] = await moderator.mails()
    assert other["From"].addresses[0].display_name == "Acme"
    assert other["Reply-To"] is None
    assert "#1d4ed8" not in body(other, "html")


async def test_without_a_brand_it_is_the_name_of_the_client(acme: Cast, hire: Callable[..., Any]) -> None:
    reader = await hire(Role.CLIENT_CONTRIBUTOR)
    await reader.is_told()
    [mail] = await reader.mails()
    async with agency_scope(acme.system):
        assert mail["From"].addresses[0].display_name == (await Workspace.get(id=reader.client)).name


async def test_a_brand_is_one_line_and_one_that_was_kept_before_is_written_as_one(
    acme: Cast, hire: Callable[..., Any]
) -> None:
    reader = await hire(Role.STAKEHOLDER)
    name = "Northwind\r\n\nYour account is locked:\u2028https://eve.example"
    shown = "Northwind Your account is locked: https://eve.example"
    async with agency_scope(acme.admin):
        await set_brand(acme.admin, reader.client, name=name, sender=name)
        workspace = await Workspace.get(id=reader.client)
        assert (workspace.brand_name, workspace.brand_sender) == (shown, shown)
        await Workspace.filter(id=reader.client).update(brand_name=name, brand_sender=name)
    await reader.is_told()
    [mail] = await reader.mails()
    assert mail["Subject"] == f"{shown}: a report of yours was decided"
    assert [line for line in body(mail).splitlines() if "locked" in line] == [shown], "below it, as its name"


@pytest.mark.parametrize(
    ("colour", "contrast"),
    [("#ffffff", 1.0), ("#000000", 21.0), ("#767676", 4.54), ("#777777", 4.48), ("#ff0000", 4.0), ("#0000ff", 8.59)],
)
def test_contrast_is_that_of_wcag(colour: str, contrast: float) -> None:
    assert contrast_with_white(colour) == pytest.approx(contrast, abs=0.005)


@pytest.mark.parametrize(
    "wrong",
    [
        {"colour": "#ffff00"},
        {"colour": "#777777"},
        {"colour": "red"},
        {"colour": "#1d4ed8; background:url(//x)"},
        {"reply_to": "nobody"},
        {"reply_to": "a@example.com\r\nBcc: b@example.com"},
        {"name": "x" * 101},
    ],
)
async def test_what_cannot_be_read_or_reached_is_refused(acme: Cast, wrong: dict[str, str]) -> None:
    client = acme.workspaces["forum"]
    async with agency_scope(acme.admin):
        with pytest.raises(Invalid):
            await set_brand(acme.admin, client, **wrong)
        assert (await Workspace.get(id=client)).brand_colour is None


async def test_nobody_brands_another_agencys_client_or_without_the_right(acme: Cast, globex: Cast) -> None:
    async with agency_scope(acme.lead):
        with pytest.raises(NotAllowed):
            await set_brand(acme.lead, acme.workspaces["forum"], name="x")
    async with agency_scope(globex.owner):
        with pytest.raises(NotFound):
            await set_brand(globex.owner, acme.workspaces["forum"], name="x")
