"""No member is named in a report: it never changes, and whoever is forgotten would stay in it."""

from collections.abc import Collection
from uuid import UUID

from backend.filing import named_in
from backend.kit.errors import Invalid
from backend.statements import names_one_of


async def must_name_nobody(
    text: str, *, workspace_id: UUID, not_members: Collection[str] = (), path: tuple[str, ...]
) -> None:
    """`not_members`: handles that are words as well, and mean nobody here. Raises Invalid."""
    meant = {each.strip().lower() for each in not_members}
    found = [
        handle for handle in sorted(await named_in([text], workspace_id=workspace_id)) if names_one_of(text, [handle])
    ]
    left = [handle for handle in found if handle not in meant]
    if left:
        raise Invalid(
            "These are handles of members, and no report names one. Where a word only looks like one, say so in "
            f"`notMembers`: {', '.join(left[:10])}",
            path=path,
        )
