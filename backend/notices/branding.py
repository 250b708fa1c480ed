"""How a client writes to its own people."""

import re
from typing import Final
from uuid import UUID

from email_validator import EmailNotValidError, validate_email

from backend import journal
from backend.kit.errors import Invalid, NotFound
from backend.kit.texts import clean_line
from backend.notices.thresholds import READABLE
from tenants.actor import Actor
from tenants.models import Workspace
from tenants.rights import Right

_COLOUR: Final = re.compile(r"#[0-9a-f]{6}")


async def set_brand(
    actor: Actor,
    workspace_id: UUID,
    *,
    name: str | None = None,
    colour: str | None = None,
    sender: str | None = None,
    reply_to: str | None = None,
) -> None:
    """All of it. Raises NotAllowed, NotFound, Invalid: also for a colour that white letters cannot be read on."""
    actor.must_hold(Right.MANAGE_WORKSPACES)
    wanted = {
        "brand_name": _text(name, "name"),
        "brand_colour": _colour(colour),
        "brand_sender": _text(sender, "sender"),
        "brand_reply_to": _address(reply_to),
    }
    workspace = await Workspace.filter(id=workspace_id, deleted_at=None).select_for_update(no_key=True).first()
    if workspace is None:
        raise NotFound(path=("input", "workspaceId"))
    before = {name: getattr(workspace, name) for name in wanted}
    workspace.update_from_dict(wanted)
    await workspace.save(update_fields=list(wanted))
    await journal.record(
        "workspace.branded",
        subject_kind="workspace",
        subject_id=workspace_id,
        workspace_id=workspace_id,
        before=before,
        after=wanted,
    )


def contrast_with_white(colour: str) -> float:
    """WCAG 2.2: relative luminance of both, each with 0.05 of stray light."""
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)


def _text(text: str | None, field: str) -> str | None:
    return None if text is None else clean_line(text, field=field, longest=100, may_be_empty=True) or None


def _colour(text: str | None) -> str | None:
    if not text:
        return None
    colour = text.strip().lower()
    if _COLOUR.fullmatch(colour) is None:
        raise Invalid("A colour is a # and six hexadecimal digits, such as #1f2937.", path=("input", "colour"))
    if contrast_with_white(colour) < READABLE:
        raise Invalid("White letters cannot be read on this colour: take a darker one.", path=("input", "colour"))
    return colour


def _address(text: str | None) -> str | None:
    if not text:
        return None
    try:
        found = validate_email(text, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        raise Invalid("This is no e-mail address.", path=("input", "replyTo")) from None
    if not found.normalized.isascii():
        raise Invalid("This is no e-mail address.", path=("input", "replyTo"))
    return found.normalized
