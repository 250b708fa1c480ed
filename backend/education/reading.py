"""What readers get, look for, and say about it."""

from collections.abc import Sequence
from uuid import UUID

from backend import journal
from backend.communities import Member, searched_words
from backend.education.models import ContentVersion
from backend.education.thresholds import MOST_FOUND
from backend.kit.errors import Invalid, NotFound
from backend.kit.ids import new_id
from backend.kit.texts import clean
from tenants.actor import Actor
from tenants.finding import find_workspace
from tenants.rights import Right
from tenants.scope import current

# The newest version of each language, of what readers may find.
_CURRENT = """
    select distinct on (v.item_id, v.language) v.id, v.item_id, v.language, v.title, v.words,
           v.language = i.language as is_original
      from content_versions v join content_items i
        on i.agency_id = v.agency_id and i.workspace_id = v.workspace_id and i.id = v.item_id
     where v.agency_id = $1 and i.agency_id = $1 and v.workspace_id = $2 and i.workspace_id = $2
       and i.current_version_id is not null and i.archived_at is null
     order by v.item_id, v.language, v.version desc"""


async def version_for_readers(actor: Actor, item_id: UUID, *, languages: Sequence[str] = ()) -> UUID | None:
    """The newest version in the first of the languages that there is one in, else of the original; None for nothing that
    readers may find. Raises NotAllowed."""
    actor.must_hold(Right.READ_WORKSPACE)
    found: UUID | None = await current().fetchval(
        """select v.id from content_items i
             join content_versions v on v.agency_id = $1 and v.workspace_id = i.workspace_id and v.item_id = i.id
            where i.agency_id = $1 and ($2 or i.workspace_id = any($3)) and i.id = $4 and i.archived_at is null
              and i.current_version_id is not null and (v.id = i.current_version_id or v.language = any($5))
            order by array_position($5, v.language), v.version desc limit 1""",
        actor.agency_id,
        actor.sees_all,
        list(actor.workspaces or ()),
        item_id,
        list(languages),
    )
    return found


async def search_content(
    actor: Actor, workspace_id: UUID, *, text: str, languages: Sequence[str] = (), found_elsewhere: bool = False
) -> list[UUID]:
    """Versions that hold all words of the text, one of each item, in the first of the languages that fits: those with the
    words in the title first, MOST_FOUND at most. That it was looked for is counted, and by whom is not kept; in vain, unless
    it was found or was `found_elsewhere`. Raises
    NotAllowed, NotFound, Invalid."""
    actor.must_hold(Right.LEARN)
    await find_workspace(workspace_id)
    words = searched_words(clean(text, field="text", longest=500))
    if not words:
        raise Invalid("There is no word in this.", path=("input", "text"))
    scope = current()
    rows = await scope.fetch(
        f"""select id from (
              select distinct on (c.item_id) c.id, c.item_id,
                     (select count(*) from unnest($3::text[]) w where lower(c.title) like '%' || w || '%') as in_title
                from ({_CURRENT}) c where c.words @> $3::text[]
               order by c.item_id, array_position($4::text[], c.language), not c.is_original, c.language) found
            order by in_title desc, id limit $5""",
        actor.agency_id,
        workspace_id,
        words,
        list(languages),
        MOST_FOUND,
    )
    await scope.execute(
        """insert into content_searches as s (agency_id, workspace_id, id, words, times, empty_count)
           values ($1, $2, $3, $4, 1, $5)
           on conflict (agency_id, workspace_id, words) do update
              set times = s.times + 1, empty_count = s.empty_count + excluded.empty_count, last_at = now()""",
        actor.agency_id,
        workspace_id,
        new_id(),
        " ".join(sorted(words)),
        int(not rows and not found_elsewhere),
    )
    return [row["id"] for row in rows]


async def give_feedback(
    actor: Actor,
    version_id: UUID,
    *,
    is_helpful: bool,
    has_solved: bool | None = None,
    words: str = "",
    member_id: UUID | None = None,
) -> UUID:
    """What a reader says; a member says it once, and anew in place of it. The feedback's id. Raises NotAllowed, NotFound,
    Invalid."""
    actor.must_hold(Right.LEARN)
    version = await ContentVersion.get_or_none(id=version_id)
    if version is None:
        raise NotFound(path=("input", "versionId"))
    if member_id is not None and not await Member.exists(id=member_id, workspace_id=version.workspace_id):
        raise NotFound(path=("input", "memberId"))
    words = clean(words, field="words", longest=2_000, may_be_empty=True)
    feedback_id = await current().fetchval(
        """insert into content_feedback (agency_id, workspace_id, id, version_id, member_id, is_helpful, has_solved, words)
           values ($1, $2, $3, $4, $5, $6, $7, $8)
           on conflict (agency_id, workspace_id, version_id, member_id) where member_id is not null do update
              set is_helpful = excluded.is_helpful, has_solved = excluded.has_solved, words = excluded.words
           returning id""",
        actor.agency_id,
        version.workspace_id,
        new_id(),
        version.id,
        member_id,
        is_helpful,
        has_solved,
        words,
    )
    await journal.record(
        "content.rated", subject_kind="content", subject_id=version.item_id, workspace_id=version.workspace_id
    )
    assert isinstance(feedback_id, UUID)
    return feedback_id
