"""Customers come in as lists in the client's own columns: tried first, with errors by line and column, and again without harm."""

import pytest
from customers.conftest import Client, day

from backend.customers import (
    AccountContact,
    CustomerAccount,
    CustomerExposure,
    CustomerSubscription,
    Imported,
    Problem,
    SubscriptionChange,
    import_customers,
)
from backend.customers.thresholds import LINES_AT_ONCE
from backend.kit.errors import Invalid, NotAllowed
from tenants.scope import agency_scope

ACCOUNTS = """\ufeffKey;Company;Employees;Since;Segment
a1;Acme  Corp;40;2024-05-01;north
a2;Bolt;;;
a2;Bolt;;;
a3;;12;;
a4;Crate;many;2031-01-01;
a5;Dune;0;05.01.2024;
a2;Other;;;
a6;Echo

"a7";"Fern; Sons";7;2025-01-01T10:00:00+02:00;
"""
MAPPING = {"Key": "external_id", "Company": "name", "Employees": "size", "Since": "customer_since"}
FOUND = Imported(
    new=3,
    changed=0,
    known=1,
    bad=5,
    problems=[
        Problem(5, "Company", "This may not be empty."),
        Problem(6, "Employees", "This is not a whole number from 1 to 10,000,000."),
        Problem(6, "Since", "This has not happened yet."),
        Problem(7, "Employees", "This is not a whole number from 1 to 10,000,000."),
        Problem(7, "Since", "This is not written as 2026-11-25 or 2026-11-25T10:00:00Z."),
        Problem(8, "Key", "Line 3 has this id, with something else."),
        Problem(9, None, "The line has more or fewer cells than the first."),
    ],
    ignored=["Segment"],
)


async def test_a_dry_run_says_what_would_come_of_it_and_keeps_nothing(client: Client) -> None:
    assert await client.takes_in("accounts", ACCOUNTS, mapping=MAPPING, is_dry_run=True) == FOUND
    async with agency_scope(client.system):
        assert not await CustomerAccount.filter(workspace_id=client.id).exists()


async def test_a_list_is_taken_in_with_its_errors_by_line_and_column_and_again_changes_nothing(client: Client) -> None:
    assert await client.takes_in("accounts", ACCOUNTS, mapping=MAPPING) == FOUND
    again = await client.takes_in("accounts", ACCOUNTS, mapping=MAPPING)
    assert (again.new, again.changed, again.known, again.problems) == (0, 0, 4, FOUND.problems)
    async with agency_scope(client.system):
        kept = await CustomerAccount.filter(workspace_id=client.id).order_by("external_id")
    assert [(each.external_id, each.name, each.size, each.customer_since) for each in kept] == [
        ("a1", "Acme Corp", 40, day("2024-05-01")),
        ("a2", "Bolt", None, None),
        ("a7", "Fern; Sons", 7, day("2025-01-01T08:00:00")),
    ]


async def test_what_the_list_says_otherwise_changes_and_columns_that_it_lacks_stay(client: Client) -> None:
    await client.takes_in("accounts", ACCOUNTS, mapping=MAPPING)
    found = await client.takes_in("accounts", "external_id,name\na1,Acme Group\na2,Bolt\n")
    assert (found.new, found.changed, found.known) == (0, 1, 1)
    account = await client.account("a1")
    assert (account.name, account.size) == ("Acme Group", 40)


async def test_contacts_subscriptions_and_exposures_name_their_account(client: Client) -> None:
    await client.takes_in("accounts", ACCOUNTS, mapping=MAPPING)
    member = await client.member("ann", identity_key="ann@a1")
    contacts = await client.takes_in(
        "contacts",
        f"external_id,account,name,member\nc1,a1,Ann,ann@a1\nc2,a9,Bob,\nc3,a1,Cy,nobody\nc4,a2,Di,{member.external_id}\n",
    )
    assert (contacts.new, contacts.problems) == (
        2,
        [
            Problem(3, "account", "No account is known under this id."),
            Problem(4, "member", "No member is known under this id."),
        ],
    )
    subscriptions = await client.takes_in(
        "subscriptions",
        "external_id,account,plan,started_at,ended_at,ending,reason\n"
        "s1,a1,pro,2025-01-01,,,\n"
        "s2,a2,basic,2025-02-01,2025-06-01,Voluntary,too dear\n"
        "s3,a2,basic,2025-02-01,2025-01-01,voluntary,\n"
        "s4,a2,basic,2025-02-01,2025-06-01,,\n"
        "s5,a2,basic,2025-02-01,2025-06-01,shrug,\n",
    )
    assert (subscriptions.new, subscriptions.problems) == (
        2,
        [
            Problem(4, "ended_at", "It had not started then."),
            Problem(5, "ending", "How it ended and when it did go together."),
            Problem(6, "ending", "This is none of: voluntary, involuntary, outside."),
        ],
    )
    text = "external_id,account,kind,at,contact,is_cancelling\ne1,a1,course completed,2025-03-01,c1,no\ne2,a1,sung,2025-03-01,,\n"
    for new in (1, 0):
        exposures = await client.takes_in("exposures", text)
        assert (exposures.new, exposures.known) == (new, 1 - new)
        assert [(each.line, each.column) for each in exposures.problems] == [(3, "kind")]
    async with agency_scope(client.system):
        contact = await AccountContact.get(workspace_id=client.id, external_id="c1")
        exposure = await CustomerExposure.get(workspace_id=client.id)
        assert (contact.member_id, exposure.member_id) == (member.id, member.id)
        assert (exposure.kind, exposure.at, exposure.is_cancelling) == ("course_completed", day("2025-03-01"), False)


async def test_what_happened_to_a_subscription_is_kept_when_the_next_list_says_otherwise(client: Client) -> None:
    await client.takes_in("accounts", "external_id,name\na1,Acme\n")
    head = "external_id,account,plan,started_at,ended_at,ending,reason\ns1,a1,"
    for tail in (
        "basic,2025-01-01,,,",
        "basic,2025-01-01,,,",
        "pro,2025-01-01,,,",
        "pro,2025-01-01,2025-06-01,outside,closed down",
    ):
        await client.takes_in("subscriptions", head + tail)
    await client.takes_in("subscriptions", head + "pro,2025-01-01,,,")
    async with agency_scope(client.system):
        subscription = await CustomerSubscription.get(workspace_id=client.id)
        changes = await SubscriptionChange.filter(subscription_id=subscription.id).order_by("recorded_at", "id")
        assert subscription.ended_at is None
        assert [(each.kind, each.plan, each.ending, each.reason) for each in changes] == [
            ("started", "basic", None, ""),
            ("changed", "pro", None, ""),
            ("ended", "pro", "outside", "closed down"),
            ("resumed", "pro", None, ""),
        ]


@pytest.mark.parametrize(
    ("text", "mapping"),
    [
        ("", {}),
        ("name\nx\n", {}),
        ("external_id,name,name\na,b,c\n", {}),
        ("external_id,name\na,b\n", {"nothing": "name"}),
        ("external_id,name\na,b\n", {"name": "colour"}),
        ("external_id,name,title\na,b,c\n", {"title": "name"}),
        ('external_id,name\n"a,b\n', {}),
        ("external_id,name\n" + "".join(f"{n},x\n" for n in range(LINES_AT_ONCE + 1)), {}),
    ],
    ids=["empty", "no id", "twice", "no column", "no field", "one field twice", "open quote", "too long"],
)
async def test_what_is_no_such_list_is_refused_whole(client: Client, text: str, mapping: dict[str, str]) -> None:
    with pytest.raises(Invalid):
        await client.takes_in("accounts", text, mapping=mapping)
    async with agency_scope(client.system):
        assert not await CustomerAccount.filter(workspace_id=client.id).exists()


async def test_who_may_not_import_takes_in_nothing(client: Client) -> None:
    moderator = client.cast.moderator.narrowed_to(client.id)
    with pytest.raises(NotAllowed):
        async with agency_scope(client.lead):
            await import_customers(moderator, client.id, what="accounts", text="external_id,name\na,b\n")


async def test_a_list_from_a_spreadsheet_has_tabs_and_one_in_another_encoding_says_so(client: Client) -> None:
    taken = await client.takes_in("accounts", "external_id\tname\nt1\tA, B; C\nt2\tM\ufffdller\nt3\t\u200b\n")
    assert (taken.new, taken.problems) == (
        1,
        [
            Problem(3, "name", "A sign was lost: the list was written in another encoding. Save it as UTF-8."),
            Problem(4, "name", "This may not be empty."),
        ],
    )
