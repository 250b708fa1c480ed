"""What reaches outside: files, mail, other people's servers, and the secrets for them."""

from backend.outside.fetching import Fetched, GuardedTransport, Unreachable, allow_origins, fetch, guarded_client
from backend.outside.filing import Files, keep_files_in, stored_files

__all__ = [
    "Fetched",
    "Files",
    "GuardedTransport",
    "Unreachable",
    "allow_origins",
    "fetch",
    "guarded_client",
    "keep_files_in",
    "stored_files",
]
