"""Who writes in a community, how unevenly, and whether newcomers stay."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final

from backend.client_metrics.defining import Base, Part, began
from backend.client_metrics.places import Place, over, over_values
from backend.client_metrics.thresholds import ACTIVE_FOR, FOLLOWED_FOR, HALF, RETURNS_AFTER, SILENCE
from backend.client_metrics.values import Found, Status, counted, shared
from backend.kit.concentration import absence_factor, gini
from backend.kit.survival import curve
from tenants.rights import Right
from tenants.scope import current

_BY_COMMUNITY: Final = {Part.COMMUNITY: "community"}
_BEGAN: Final = began("posts", "posted_at")


def _hours(span: Any) -> str:
    """Not days: those of a session's time zone may have 23 hours."""
    return f"interval '{span.total_seconds() / 3600:.0f} hours'"


# Somebody is the same person in several communities of a client by `identity_key`.
def person(member: str) -> str:
    return f"coalesce({member}.identity_key, {member}.id::text)"


POSTS: Final = Base(
    "posts",
    "post",
    Right.READ_CONTENT,
    """select p.id, 'community_' || m.community_id as community
         from posts p join members m on m.agency_id = $1 and m.workspace_id = $2 and m.id = p.member_id and m.kind = 'person'
        where p.agency_id = $1 and p.workspace_id = $2 and p.posted_at >= $3 and p.posted_at < $4""",
    _BEGAN,
    _BY_COMMUNITY,
)
# One member stands for each person. `posts`: in the window; `last`: in it or in the days before it that still count.
PERSONS: Final = Base(
    "persons",
    "member",
    Right.READ_CONTENT,
    f"""select (array_agg(w.id order by w.id))[1] as id, w.community, sum(w.posts)::bigint as posts, max(w.last) as last,
               max(w.last) >= $4::timestamptz - {_hours(ACTIVE_FOR)} as is_active
          from (select m.id, {person("m")} as person, 'community_' || m.community_id as community, s.posts, s.last
                  from (select p.member_id, count(*) filter (where p.posted_at >= $3) as posts, max(p.posted_at) as last
                          from posts p
                         where p.agency_id = $1 and p.workspace_id = $2 and p.posted_at < $4
                           and p.posted_at >= least($3, $4::timestamptz - {_hours(ACTIVE_FOR)}) group by p.member_id) s
                  join members m on m.agency_id = $1 and m.workspace_id = $2 and m.id = s.member_id and m.kind = 'person') w
         group by grouping sets ((w.person, w.community), (w.person))""",
    _BEGAN,
    _BY_COMMUNITY,
    is_levelled=True,
)
# People whose first post lies in the window, or so long before it that their first 91 days ended in it. When they began is the
# same in every window. What came after that is only asked of those who are followed, and so that only the index of members
# answers: without statistics, a planner walked along the time of all posts for each of them.
NEWCOMERS: Final = Base(
    "newcomers",
    "member",
    Right.READ_CONTENT,
    f"""select n.id, n.community, n.first, n.first >= $3 as is_new, n.is_followed, l.last,
               coalesce(l.has_returned, false) as has_returned
          from (select b.*, b.first < $4::timestamptz - {_hours(FOLLOWED_FOR)} as is_followed from newcomers b
                 where b.workspace_id = $2 and b.first < $4 and b.first >= $3::timestamptz - {_hours(FOLLOWED_FOR)}) n
          left join lateral (
               select max(p.at) as last, bool_or(p.at >= n.first + {_hours(RETURNS_AFTER)}
                                             and p.at < n.first + {_hours(FOLLOWED_FOR)}) as has_returned
                 from unnest(n.members) x (id)
                cross join lateral (select p.posted_at + interval '0' as at from posts p
                                     where p.agency_id = $1 and p.workspace_id = $2 and p.member_id = x.id) p
                where p.at < $4) l on n.is_followed
         where n.first >= $3 or n.is_followed""",
    _BEGAN,
    _BY_COMMUNITY,
    is_levelled=True,
    given=f"""
        select f.workspace_id, (array_agg(f.member_id order by f.first, f.member_id))[1] as id,
               'community_' || m.community_id as community, min(f.first) as first, array_agg(f.member_id) as members
          from (select p.workspace_id, p.member_id, min(p.posted_at) as first from posts p
                 where p.agency_id = $1 and p.workspace_id = any({{clients}}) group by 1, 2) f
         cross join lateral (select {person("m")} as person, m.community_id from members m
                              where m.agency_id = $1 and m.workspace_id = f.workspace_id and m.id = f.member_id
                                and m.kind = 'person' limit 1) m
         group by grouping sets ((f.workspace_id, m.person, m.community_id), (f.workspace_id, m.person))""",
)

_SPREAD: Final = over(
    f"""select null::text as community, -1::bigint as posts, false as is_active, ({_BEGAN})::int::bigint as people
         union all
        select b.community, b.posts, b.is_active, count(*) from ({PERSONS.sql}) b group by 1, 2, 3"""
)
_LIVES: Final = over(
    f"""select null::text as community, 0::float8 as days, ({_BEGAN}) as is_over, null as has_returned, null as is_new,
               null as is_followed
         union all
        select b.community, extract(epoch from b.last - b.first)::float8 / 86400, $4 - b.last > {_hours(SILENCE)},
               b.has_returned, b.is_new, b.is_followed from ({NEWCOMERS.sql}) b""",
    NEWCOMERS,
)


async def how_posts_are_spread(places: Sequence[Place]) -> list[dict[str, list[Found]]]:
    """active_members, contributors, contributions, one_time_share, gini, absence_factor, top_share: of each place."""
    spread: list[dict[str | None, list[Any]]] = [defaultdict(list) for _ in places]
    began = [False] * len(places)
    for row in await current().fetch(_SPREAD, *over_values(places)):
        if row["posts"] < 0:
            began[row["place"]] = row["people"] > 0
        else:
            spread[row["place"]][row["community"]].append(row)
    told = []
    for found, has_begun in zip(spread, began, strict=True):
        found[None] = found.get(None, [])
        each: dict[str, list[Found]] = defaultdict(list)
        for community, rows in found.items():
            for name, value in _spread(rows, has_begun=has_begun).items():
                each[name].append(value.part(community))
        told.append(dict(each))
    return told


def _spread(rows: Sequence[Any], *, has_begun: bool) -> dict[str, Found]:
    amounts = [row["posts"] for row in rows for _ in range(row["people"]) if row["posts"]]
    posts, people = sum(amounts), len(amounts)
    held, factor = 0, absence_factor(amounts, share=HALF)
    for amount in sorted(amounts, reverse=True)[:factor]:
        held += amount
    return {
        "active_members": counted(sum(row["people"] for row in rows if row["is_active"]), has_begun=has_begun),
        "contributors": counted(people, has_begun=has_begun),
        "contributions": counted(posts, has_begun=has_begun),
        "one_time_share": shared(amounts.count(1), people),
        "gini": Found(gini(amounts), denominator=posts, n=people),
        "absence_factor": Found(factor or None, numerator=held, denominator=posts, n=people),
        "top_share": shared(max(amounts, default=0), posts, n=people, has_interval=False),
    }


async def whether_newcomers_stay(places: Sequence[Place]) -> list[dict[str, list[Found]]]:
    """newcomers, newcomer_survival, newcomer_return: of each place."""
    lives: list[dict[str | None, list[Any]]] = [defaultdict(list) for _ in places]
    began = [False] * len(places)
    for row in await current().fetch(_LIVES, *over_values(places)):
        if row["is_new"] is None:
            began[row["place"]] = row["is_over"]
        else:
            lives[row["place"]][row["community"]].append(row)
    told = []
    for found, has_begun in zip(lives, began, strict=True):
        found[None] = found.get(None, [])
        each: dict[str, list[Found]] = defaultdict(list)
        for community, rows in found.items():
            followed = [row for row in rows if row["is_followed"]]
            each["newcomers"].append(counted(sum(row["is_new"] for row in rows), has_begun=has_begun).part(community))
            each["newcomer_survival"].append(_survival(followed).part(community))
            returned = sum(row["has_returned"] for row in followed)
            each["newcomer_return"].append(shared(returned, len(followed)).part(community))
        told.append(dict(each))
    return told


def _survival(followed: Sequence[Any]) -> Found:
    lasted = curve([row["days"] for row in followed], [row["is_over"] for row in followed])
    days = SILENCE.total_seconds() / 86_400
    if not lasted.is_known_at(days):
        return Found(None, denominator=len(followed), n=len(followed), status=Status.INSUFFICIENT_DATA)
    at = lasted.at(days)
    return Found(at.value, denominator=len(followed), n=len(followed), low=at.low, high=at.high)
