"""Taking everything along, and being forgotten: exports, erasure, deletion."""

from backend.leaving.closing import close_workspace, reopen_workspace
from backend.leaving.deleting import delete_workspace
from backend.leaving.downloading import open_export
from backend.leaving.expiring import expire_exports
from backend.leaving.exporting import link_to_export, request_export
from backend.leaving.forgetting import erase_member, erase_member_now
from backend.leaving.models import Erasure, Export
from backend.leaving.remembering import hashes_of_words, kept_out
from backend.leaving.repeating import repeat_erasures
from backend.leaving.writing import fail_export, write_export

__all__ = [
    "Erasure",
    "Export",
    "close_workspace",
    "delete_workspace",
    "erase_member",
    "erase_member_now",
    "expire_exports",
    "fail_export",
    "hashes_of_words",
    "kept_out",
    "link_to_export",
    "open_export",
    "reopen_workspace",
    "repeat_erasures",
    "request_export",
    "write_export",
]
