"""Backups of the embedded server, and one agency or everything as it was at a moment."""

from backend.backups.archiving import Archive, NoSuchMoment
from backend.backups.putting_back import Change, PutBack, put_back
from backend.backups.standing import everything_at, standing_at
from backend.backups.taking import take_backup

__all__ = [
    "Archive",
    "Change",
    "NoSuchMoment",
    "PutBack",
    "everything_at",
    "put_back",
    "standing_at",
    "take_backup",
]
