"""The classic leak: somebody who belongs to two agencies, asked for one of them through every list there is."""

import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from cast import Cast, ask
from graphql import get_named_type, is_leaf_type, is_object_type
from promises.test_the_api import KINDS, _all_fields, ids_of

from backend.kit.ids import new_id
from graphql_schema.schema import schema
from tenants.provisioning import add_member
from tenants.rights import Role
from tenants.scope import agency_scope
from tenants.sessions import open_session
from tenants.tables import tenant_models

SCHEMA = schema._schema
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?![^'\" ]*@)")  # none of an address
# They span agencies on purpose; each with what is shown there.
SPANNING = {"viewer": "one's own memberships in all agencies"}


@pytest.fixture(scope="module")
async def twin(acme: Cast, globex: Cast) -> AsyncIterator[str]:
    """The token of somebody who owns both."""
    email = f"twin-{str(new_id())[-12:]}@example.com"
    for cast in (acme, globex):
        person_id, _ = await add_member(cast.agency_id, name="Twin", email=email, role=Role.OWNER)
    yield await open_session(person_id)
    for cast in (acme, globex):  # other tests want one owner
        async with agency_scope(cast.system) as scope:
            await scope.execute("update memberships set ends_at = now() where email = $1", email)


async def every_id(cast: Cast) -> set[str]:
    """Of every row of the agency, and of every row it names."""
    found: set[str] = {str(cast.agency_id)}
    async with agency_scope(cast.system) as scope:
        for model in tenant_models():
            columns = [name for name in model._meta.fields_map if name == "id" or name.endswith("_id")]
            rows = await scope.fetch(f"select t::text as row from {model._meta.db_table} t")
            assert columns
            found |= {id for row in rows for id in _UUID.findall(row["row"])}
    return found


async def persons(*casts: Cast) -> set[str]:
    """Theirs are the same everywhere, and published nowhere but to themselves."""
    found: set[str] = set()
    for cast in casts:
        async with agency_scope(cast.system) as scope:
            rows = await scope.fetch("select person_id from memberships where person_id is not null")
            found |= {str(row["person_id"]) for row in rows}
    return found


async def test_whoever_owns_two_agencies_sees_nothing_of_the_one_in_the_other(
    api: httpx.AsyncClient, acme: Cast, globex: Cast, twin: str
) -> None:
    for cast in (acme, globex):
        await cast.case()
    for cast, other in ((acme, globex), (globex, acme)):
        theirs, everybody = await every_id(other), await persons(acme, globex)
        seen: set[str] = set()
        for name, field in SCHEMA.query_type.fields.items():
            if name in SPANNING:
                continue
            for text in await _asked(name, field, cast):
                answer = await ask(api, twin, f"{{ {text} }}", headers={"X-Agency-Id": cast.slug})
                assert "errors" not in answer, answer
                seen |= set(_UUID.findall(str(answer)))
        assert len(seen) > 20
        assert not seen & everybody, "ids of persons lead from one agency to another"
        assert not seen & theirs


async def test_the_same_through_a_client_of_one_of_them(
    api: httpx.AsyncClient, acme: Cast, globex: Cast, twin: str
) -> None:
    theirs = await every_id(globex)
    scope = {"X-Workspace-Id": f"workspace_{acme.workspaces['forum']}"}
    for name, field in SCHEMA.query_type.fields.items():
        if name not in SPANNING:
            for text in await _asked(name, field, acme):
                answer = await ask(api, twin, f"{{ {text} }}", headers=scope)
                assert not set(_UUID.findall(str(answer))) & theirs, name


async def _asked(name: str, field: Any, cast: Cast) -> list[str]:
    """The field with all of its own fields, and with real ids where it takes any."""
    shown = get_named_type(field.type)
    ids = await ids_of(cast, "forum")
    if shown.name.endswith("Connection"):
        row = get_named_type(shown.fields["nodes"].type)
        return [f"{name}(first: 15) {{ totalCount nodes {{ {_all_fields(row, 1)} }} }}"]
    if name == "nodes":
        given = [f'"{id}"' for id in ids.values()]
        return [f"nodes(ids: [{', '.join(some)}]) {{ __typename id }}" for some in (given[:100], given[100:])]
    if name == "node":
        return [
            f'node(id: "{id}") {{ ... on {type_.name} {{ {_all_fields(type_, 1)} }} }}'
            for id in ids.values()
            if (type_ := _type_of(id)) is not None
        ]
    if name == "responderLoads":
        window = 'since: "2026-01-01T00:00:00Z", until: "2026-12-31T00:00:00Z"'
        return [f"{name}({window}) {{ taken staff {{ id name }} }}"]
    if name in ("holidays", "holidayRegions"):
        calendar = f'calendarId: "{ids["holidaycalendar"]}", year: 2026'
        return [f"{name}({calendar}) {{ day name }}" if name == "holidays" else f'{name}(country: "AT")']
    if name == "protocols":
        return ["protocols { kind version items { key } createdBy { id } }"]
    if name == "safetyNumbers":
        window = 'since: "2026-01-01T00:00:00Z", until: "2026-12-31T00:00:00Z"'
        return [f'{name}(workspaceId: "{ids["workspace"]}", {window}) {{ severity open }}']
    if name in ("metrics", "metricSeries", "metricRows"):
        window = 'since: "2026-01-01T00:00:00Z", until: "2026-12-31T00:00:00Z"'
        asked = {
            "metrics": "{ metric of value }",
            "metricSeries": "{ values { of value } }",
            "metricRows": "{ rows { id } }",
        }
        more = {
            "metrics": "",
            "metricSeries": ', name: "contributions", step: MONTH',
            "metricRows": ', name: "contributions"',
        }
        return [f'{name}(workspaceId: "{ids["workspace"]}", {window}{more[name]}) {asked[name]}']
    if name == "readContent":
        return [f'{name}(itemId: "{ids["content"]}") {{ {_all_fields(shown, 1)} }}']
    if name == "readPractice":
        return [f'{name}(practiceId: "{ids["practice"]}") {{ {_all_fields(shown, 1)} }}']
    if name == "previewDraft":
        return [f'{name}(draftId: "{ids["contentdraft"]}") {{ html contents }}']
    if name in ("readStory", "publishedStories"):
        of = f'storyId: "{ids["story"]}"' if name == "readStory" else f'workspaceId: "{ids["workspace"]}"'
        return [f"{name}({of}, channel: SITE) {{ {_all_fields(shown, 1)} }}"]
    if name == "customerNumbers":
        window = 'since: "2026-01-01T00:00:00Z", until: "2026-12-31T00:00:00Z"'
        return [f'{name}(workspaceId: "{ids["workspace"]}", {window}) {{ managers {{ staff {{ id }} }} }}']
    if name == "clientReportContent":
        return [f'{name}(id: "{ids["clientreport"]}") {{ title inShort words sections {{ heading words }} }}']
    if name == "moderationNumbers":
        window = 'since: "2026-01-01T00:00:00Z", until: "2026-12-31T00:00:00Z"'
        return [
            f'{name}(workspaceId: "{ids["workspace"]}", {window}) {{ workload {{ staff {{ name }} }} age {{ count }} }}'
        ]
    if name == "integrityReport":
        window = 'since: "2026-01-01T00:00:00Z", until: "2026-12-31T00:00:00Z"'
        return [f'{name}(workspaceId: "{ids["workspace"]}", {window}) {{ lines {{ code }} total {{ reported }} }}']
    if name == "verifiedByWeek":
        window = 'since: "2026-01-01T00:00:00Z", until: "2026-02-01T00:00:00Z"'
        return [f'{name}(programmeId: "{ids["programme"]}", {window}) {{ beginsAt verified {{ numerator }} }}']
    if name == "workspace":
        return [f'workspace(slug: "forum") {{ {_all_fields(shown, 1)} }}']
    if name in ids:
        return [f'{name}(id: "{ids[name]}") {{ {_all_fields(shown, 1)} }}']
    if set(field.args) <= set(KINDS):
        given = ", ".join(f'{argument}: "{ids[KINDS[argument]]}"' for argument in field.args)
        return [f"{name}({given}) {'' if is_leaf_type(shown) else f'{{ {_all_fields(shown, 2)} }}'}".replace("()", "")]
    assert is_object_type(shown)
    assert not field.args, f"{name} takes arguments that nobody has given it here"
    return [f"{name} {{ {_all_fields(shown, 2)} }}"]


def _type_of(id: str) -> Any:
    from graphql_schema.projection.declaring import published_kinds

    kind = id.rpartition("_")[0]
    return SCHEMA.type_map[published_kinds()[kind].cls.__name__]
