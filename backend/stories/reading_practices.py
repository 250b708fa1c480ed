"""Best practices as readers get them, look for them, and what they say: in their language where there is one."""

from collections.abc import Sequence
from uuid import UUID

from backend import journal
from backend.communities import Member, searched_words
from backend.education import MOST_FOUND
from backend.kit.errors import Invalid, NotFound
from backend.kit.ids import new_id
from backend.kit.texts import clean
from tenants.actor import Actor
from tenants.finding import find_workspace
from tenants.rights import Right
from tenants.scope import current


async def practice_for_readers(actor: Actor, practice_id: UUID, *, languages: Sequence[str] = ()) -> UUID | None:
    """The version that readers have of it, or of a translation, in the first of the languages that there is one in, else of
    the original; None for what they do not have. Raises NotAllowed."""
    actor.must_hold(Right.READ_WORKSPACE)
    found: UUID | None = await current().fetchval(
        """select v.id from best_practices named
             join best_practices p on p.agency_id = $1 and p.workspace_id = named.workspace_id
              and coalesce(p.of_id, p.id) = coalesce(named.of_id, named.id)
             join practice_versions v on v.agency_id = $1 and v.workspace_id = p.workspace_id and v.id = p.current_version_id
            where named.agency_id = $1 and ($2 or named.workspace_id = any($3)) and named.id = $4
              and (p.of_id is null or p.language = any($5)) and app.is_practised(p.id, v.id)
            order by array_position($5, p.language), p.of_id is not null limit 1""",
        actor.agency_id,
        actor.sees_all,
        list(actor.workspaces or ()),
        practice_id,
        list(languages),
    )
    return found


async def search_practices(actor: Actor, workspace_id: UUID, *, text: str, languages: Sequence[str] = ()) -> list[UUID]:
    """As `education.search_content` finds articles: versions that readers have, one of each practice. Raises NotAllowed,
    NotFound, Invalid."""
    actor.must_hold(Right.LEARN)
    await find_workspace(workspace_id)
    words = searched_words(clean(text, field="text", longest=500))
    if not words:
        raise Invalid("There is no word in this.", path=("input", "text"))
    rows = await current().fetch(
        """select id from (
             select distinct on (coalesce(p.of_id, p.id)) v.id,
                    (select count(*) from unnest($3::text[]) w where lower(v.title) like '%' || w || '%') as in_title
               from best_practices p
               join practice_versions v on v.agency_id = $1 and v.workspace_id = $2 and v.id = p.current_version_id
              where p.agency_id = $1 and p.workspace_id = $2 and v.words @> $3::text[] and app.is_practised(p.id, v.id)
              order by coalesce(p.of_id, p.id), array_position($4::text[], p.language), p.of_id is not null, p.language) found
            order by in_title desc, id limit $5""",
        actor.agency_id,
        workspace_id,
        words,
        list(languages),
        MOST_FOUND,
    )
    return [row["id"] for row in rows]


async def give_practice_feedback(
    actor: Actor,
    practice_id: UUID,
    *,
    version: int,
    is_helpful: bool,
    has_solved: bool | None = None,
    words: str = "",
    member_id: UUID | None = None,
) -> UUID:
    """What a reader says of what readers have, or had; a member says it once, and anew in place of it. The feedback's
    id. Raises NotAllowed, NotFound, Invalid."""
    actor.must_hold(Right.LEARN)
    words, scope = clean(words, field="words", longest=2_000, may_be_empty=True), current()
    said_of = await scope.fetchrow(
        """select v.id, v.workspace_id from best_practices p
             join practice_versions v on v.agency_id = $1 and v.workspace_id = p.workspace_id and v.practice_id = p.id
             join practice_versions c on c.agency_id = $1 and c.workspace_id = p.workspace_id and c.id = p.current_version_id
            where p.agency_id = $1 and ($2 or p.workspace_id = any($3)) and p.id = $4 and v.version = $5
              and v.version <= c.version and app.is_practised(p.id, c.id)""",
        actor.agency_id,
        actor.sees_all,
        list(actor.workspaces or ()),
        practice_id,
        version,
    )
    if said_of is None:
        raise NotFound(path=("input", "practiceId"))
    client = said_of["workspace_id"]
    if member_id is not None and not await Member.exists(id=member_id, workspace_id=client):
        raise NotFound(path=("input", "memberId"))
    feedback_id: UUID = await scope.fetchval(
        """insert into practice_feedback (agency_id, workspace_id, id, version_id, member_id, is_helpful, has_solved, words)
           values ($1, $2, $3, $4, $5, $6, $7, $8)
           on conflict (agency_id, workspace_id, version_id, member_id) where member_id is not null do update
              set is_helpful = excluded.is_helpful, has_solved = excluded.has_solved, words = excluded.words
           returning id""",
        actor.agency_id,
        client,
        new_id(),
        said_of["id"],
        member_id,
        is_helpful,
        has_solved,
        words,
    )
    await journal.record("practice.rated", subject_kind="practice", subject_id=practice_id, workspace_id=client)
    return feedback_id
