"""A schema that clients were written for is not broken by accident: what breaks is refused until somebody lists it."""

import re
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from backend.cli import cli
from graphql_schema.compatibility import CannotCompare, ListedChange, changes, listed_changes
from graphql_schema.schema import schema

OLD = """
    type Query { report(id: ID!): Report  cases(state: State): [Report!]! }
    type Report { id: ID!  staff: String  reason: String! }
    enum State { QUEUED IN_REVIEW CLOSED }
    input Filter { state: State }
"""
BREAKING = {
    "a removed field": ("staff: String ", "", "Field Report.staff was removed."),
    "a changed type": ("staff: String", "staff: Int", "Field Report.staff changed type from String to Int."),
    "null where none was": (
        "reason: String!",
        "reason: String",
        "Field Report.reason changed type from String! to String.",
    ),
    "a removed enum value": ("IN_REVIEW ", "", "Enum value State.IN_REVIEW was removed."),
    "a removed type": ("input Filter { state: State }", "", "Filter was removed."),
    "a new required argument": (
        "report(id: ID!)",
        "report(id: ID!, why: String!)",
        "A required argument Query.report(why:) was added.",
    ),
    "a new required input field": (
        "input Filter { state: State",
        "input Filter { state: State  why: String!",
        "A required field Filter.why was added.",
    ),
}
HARMLESS = {
    "a new field": ("staff: String", "staff: String  member: String"),
    "a new type": ("type Report", "type Member { id: ID! }\n type Report"),
    "a description": ("staff: String", '"Who complained." staff: String'),
    "a deprecation": ("staff: String", 'staff: String @deprecated(reason: "Use `x` instead.")'),
    "a null no more": ("staff: String", "staff: String!"),
}
DANGEROUS = {
    "a new enum value": ("QUEUED", "QUEUED HELD", "Enum value State.HELD was added."),
    "a new optional argument": (
        "report(id: ID!)",
        "report(id: ID!, why: String)",
        "An optional argument Query.report(why:) was added.",
    ),
}


def changed(before: str, after: str) -> str:
    assert OLD.count(before) == 1
    return OLD.replace(before, after)


@pytest.mark.parametrize(("before", "after", "description"), BREAKING.values(), ids=BREAKING)
def test_what_breaks_clients_is_refused_until_it_is_listed(before: str, after: str, description: str) -> None:
    found = changes(old=OLD, new=changed(before, after))
    other = ListedChange("Field Report.id was removed.", "Another one.", date(2026, 11, 21))
    assert found.not_in([]) == [description]
    assert found.not_in([other]) == [description]
    assert found.not_in([other, ListedChange(description, "It was wrong.", date(2026, 11, 21))]) == []


@pytest.mark.parametrize(("before", "after"), HARMLESS.values(), ids=HARMLESS)
def test_what_clients_do_not_notice_needs_nothing(before: str, after: str) -> None:
    assert changes(old=OLD, new=changed(before, after)) == changes(old=OLD, new=OLD)


@pytest.mark.parametrize(("before", "after", "description"), DANGEROUS.values(), ids=DANGEROUS)
def test_what_clients_may_notice_is_said_and_not_refused(before: str, after: str, description: str) -> None:
    found = changes(old=OLD, new=changed(before, after))
    assert (found.breaking, found.dangerous) == ([], [description])


def test_a_listed_change_that_has_happened_is_the_changelog() -> None:
    happened = ListedChange("Field Report.staff was removed.", "It was wrong.", date(2026, 11, 21))
    assert changes(old=OLD, new=OLD).not_in([happened]) == []


def test_the_committed_list_can_be_read() -> None:
    assert all(change.reason for change in listed_changes())


@pytest.mark.parametrize(
    "text",
    [
        'description = "Field Report.staff was removed."\ndate = 2026-11-21',
        'description = "Field Report.staff was removed."\nreason = " "\ndate = 2026-11-21',
        'description = "Field Report.staff was removed."\nreason = "Wrong."',
        'description = "Field Report.staff was removed."\nreason = "Wrong."\ndate = "soon"',
        'description = "Field Report.staff was removed."\nreason = "Wrong."\ndate = 2026-11-21\nby = "me"',
        "description = ",
    ],
)
def test_an_entry_without_a_reason_is_no_decision(tmp_path: Path, text: str) -> None:
    path = tmp_path / "breaking_changes.toml"
    path.write_text(f"[[change]]\n{text}\n")
    with pytest.raises(CannotCompare, match=r"breaking_changes\.toml"):
        listed_changes(path)


def test_a_committed_file_that_is_no_schema_is_said_so() -> None:
    for text in ("<<<<<<< ours\n", "type Query { x: Nothing }"):
        with pytest.raises(CannotCompare, match="The committed schema is not one"):
            changes(old=text, new=OLD)


class Committed:
    """A schema file and a list of their own, for `tend schema`."""

    def __init__(self, folder: Path) -> None:
        self.file, self.list = folder / "schema.graphql", folder / "breaking_changes.toml"
        self.list.write_text("")

    def tend_schema(self, *words: str) -> Result:
        return CliRunner().invoke(cli, ["schema", "--committed", str(self.file), "--listed", str(self.list), *words])


@pytest.fixture
def committed(tmp_path: Path) -> Committed:
    return Committed(tmp_path)


NOW = schema.as_str() + "\n"
# As if the code had lost a field since the file was written.
WITH_ONE_MORE = NOW.replace("type PageInfo {\n", "type PageInfo {\n  pages: Int\n", 1)
LOST = "This would break clients: Field PageInfo.pages was removed."
DRIFT = "is not what the code says"


def test_the_command_writes_what_is_not_there_and_then_has_nothing_to_say(committed: Committed) -> None:
    assert committed.tend_schema("--check").exit_code == 1
    assert not committed.file.exists()
    assert committed.tend_schema().exit_code == 0
    assert committed.file.read_text() == NOW
    for words in ((), ("--check",)):
        done = committed.tend_schema(*words)
        assert (done.exit_code, done.output) == (0, "")


def test_the_command_refuses_to_break_clients_and_writes_nothing(committed: Committed) -> None:
    committed.file.write_text(WITH_ONE_MORE)
    done = committed.tend_schema()
    assert done.exit_code == 1
    assert LOST in done.stderr
    assert "Deprecate it first, or list it in graphql_schema/breaking_changes.toml with a reason." in done.stderr
    assert DRIFT not in done.stderr
    assert committed.file.read_text() == WITH_ONE_MORE


def test_the_check_tells_drift_and_breakage_together(committed: Committed) -> None:
    committed.file.write_text(WITH_ONE_MORE)
    done = committed.tend_schema("--check")
    assert done.exit_code == 1
    assert LOST in done.stderr
    assert DRIFT in done.stderr
    assert committed.file.read_text() == WITH_ONE_MORE


def test_what_is_listed_is_written_and_checked_as_drift_alone_until_then(committed: Committed) -> None:
    committed.file.write_text(WITH_ONE_MORE)
    committed.list.write_text(
        '[[change]]\ndescription = "Field PageInfo.pages was removed."\nreason = "It was wrong."\ndate = 2026-11-21\n'
    )
    drifted = committed.tend_schema("--check")
    assert (drifted.exit_code, LOST in drifted.stderr, DRIFT in drifted.stderr) == (1, False, True)
    assert committed.tend_schema().exit_code == 0
    assert committed.file.read_text() == NOW
    assert committed.tend_schema("--check").exit_code == 0


def test_a_new_field_is_drift_and_nothing_more(committed: Committed) -> None:
    committed.file.write_text(NOW.replace('  """Whether rows follow this page."""\n  hasNextPage: Boolean!\n', "", 1))
    drifted = committed.tend_schema("--check")
    assert (drifted.exit_code, "break" in drifted.stderr, DRIFT in drifted.stderr) == (1, False, True)
    assert committed.tend_schema().exit_code == 0
    assert committed.file.read_text() == NOW


def test_the_command_tells_what_clients_may_notice(committed: Committed) -> None:
    before, count = re.subn(r'\n\n  """[^"]*"""\n  WARN_MEMBER', "", NOW)
    assert count == 1
    committed.file.write_text(before)
    done = committed.tend_schema()
    assert (done.exit_code, done.stdout) == (
        0,
        "Clients may notice: Enum value ActionKind.WARN_MEMBER was added.\n",
    )
    assert committed.file.read_text() == NOW
