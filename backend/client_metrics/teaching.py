"""What is learned, who is certified, whose knowledge it is, and whether customers who use it stay."""

from collections.abc import Sequence
from typing import Any, Final

import orjson

from backend.client_metrics.defining import Base, Part, began
from backend.client_metrics.places import Place, over, over_values
from backend.client_metrics.values import Found, Status, shared
from backend.education import certified_at
from backend.kit.clock import now
from tenants.rights import Right
from tenants.scope import current

ENROLLED: Final = Base(
    "enrolled",
    "enrolment",
    Right.LEARN,
    """select e.id, 'course_' || e.course_id as course, coalesce(e.state = 'completed' and e.ended_at < $4, false) as is_done
         from enrolments e
        where e.agency_id = $1 and e.workspace_id = $2 and e.enrolled_at >= $3 and e.enrolled_at < $4""",
    began("enrolments", "enrolled_at"),
    {Part.COURSE: "course"},
)
# `by_members`: the share of its authors who are members; null where nobody says who they are.
PUBLISHED: Final = Base(
    "published",
    "content",
    Right.READ_WORKSPACE,
    """select i.id, (select count(a.member_id)::float8 / nullif(count(*), 0) from content_authors a
                     where a.agency_id = $1 and a.workspace_id = $2 and a.item_id = i.id) as by_members
         from content_items i
        where i.agency_id = $1 and i.workspace_id = $2 and i.current_version_id is not null
          and (i.archived_at is null or i.archived_at >= $4) and exists (
              select from content_versions v
               where v.agency_id = $1 and v.workspace_id = $2 and v.item_id = i.id and v.published_at < $4)""",
    began("content_items", "created_at"),
)

_AUTHORED: Final = over(
    f"""select count(by_members)::int as items, count(*)::int as of, coalesce(sum(by_members), 0)::float8 as by_members
          from ({PUBLISHED.sql}) b"""
)
_STUDY: Final = over(
    """select r.sentence, r.result
         from retention_studies s
         join study_results r on r.agency_id = $1 and r.workspace_id = $2 and r.study_id = s.id
        where s.agency_id = $1 and s.workspace_id = $2 and s.state = 'done' and s.ended_at < $4
        order by s.ended_at desc, s.id desc limit 1"""
)


async def who_is_certified(places: Sequence[Place]) -> list[dict[str, list[Found]]]:
    """certified_share: of each place."""
    moment = now()
    found = await certified_at([(place.workspace_id, min(place.window.until, moment)) for place in places])
    return [{"certified_share": [shared(held, needed)]} for needed, held in found]


async def whose_knowledge_it_is(places: Sequence[Place]) -> list[dict[str, list[Found]]]:
    """member_authored_share: of each place. No interval: these are all the items there are."""
    told = []
    for row in await current().fetch(_AUTHORED, *over_values(places)):
        items = row["items"]
        share = Found(
            row["by_members"] / items if items else None,
            row["by_members"],
            items,
            items,
            coverage=items / row["of"] if row["of"] else None,
        )
        told.append({"member_authored_share": [share]})
    return told


async def whether_customers_stay(places: Sequence[Place]) -> list[dict[str, list[Found]]]:
    """retention_difference: of each place, by landmark, the earliest first; all of it is the earliest that says anything."""
    told: list[dict[str, list[Found]]] = [{"retention_difference": []} for _ in places]
    for row in await current().fetch(_STUDY, *over_values(places)):
        result = orjson.loads(row["result"])
        parts = [_difference(each, row["sentence"]) for each in result["landmarks"]]
        first = next((part for part in parts if part.value is not None), None)
        whole = [] if first is None else [first.part(None)]
        told[row["place"]]["retention_difference"] = [*whole, *parts]
    return told


def _difference(landmark: dict[str, Any], sentence: str) -> Found:
    n, of = sum(landmark["numbers"].values()), str(landmark["landmarkDays"])
    known = [each for each in landmark.get("survivalDifference", ()) if each["difference"] is not None]
    if not known:
        return Found(None, n=n, sentence=sentence, of=of, status=Status.INSUFFICIENT_DATA)
    difference = known[-1]["difference"]
    return Found(
        difference["value"], n=n, low=difference["low"], high=difference["high"], of=of,
        sentence=f"Accounts still there {known[-1]['days']} days after day {of} of their subscription. {sentence}",
    )  # fmt: skip
