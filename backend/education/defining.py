from uuid import UUID

from backend import journal
from backend.education.models import GlossaryTerm
from backend.education.writing import language_of
from backend.kit.errors import NotFound
from backend.kit.ids import new_id
from backend.kit.texts import clean, clean_line
from tenants.actor import Actor
from tenants.finding import find_workspace
from tenants.rights import Right
from tenants.scope import current


async def define_term(actor: Actor, workspace_id: UUID, *, language: str, term: str, definition: str) -> UUID:
    """A word of the client's in plain words, or anew in place of what was said before. Its id. Raises NotAllowed, NotFound,
    Invalid."""
    actor.must_hold(Right.TEACH)
    await find_workspace(workspace_id)
    language_of(language)
    term = clean_line(term, field="term", longest=100)
    definition = clean(definition, field="definition", longest=2_000)
    term_id = await current().fetchval(
        """insert into glossary_terms (agency_id, workspace_id, id, language, term, definition)
           values ($1, $2, $3, $4, $5, $6)
           on conflict (agency_id, workspace_id, language, lower(term)) do update
              set term = excluded.term, definition = excluded.definition, updated_at = now()
           returning id""",
        actor.agency_id,
        workspace_id,
        new_id(),
        language,
        term,
        definition,
    )
    assert isinstance(term_id, UUID)
    await _journal("defined", term_id, workspace_id)
    return term_id


async def remove_term(actor: Actor, term_id: UUID) -> UUID:
    """The client's id. Raises NotAllowed, NotFound."""
    actor.must_hold(Right.TEACH)
    term = await GlossaryTerm.get_or_none(id=term_id)
    if term is None:
        raise NotFound(path=("input", "termId"))
    await GlossaryTerm.filter(id=term.id, workspace_id=term.workspace_id).delete()
    await _journal("removed", term.id, term.workspace_id)
    return term.workspace_id


async def _journal(verb: str, term_id: UUID, workspace_id: UUID) -> None:
    await journal.record(f"term.{verb}", subject_kind="term", subject_id=term_id, workspace_id=workspace_id)
