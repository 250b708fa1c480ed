"""What reaches outside: files, mail, other people's servers, and the secrets for them."""

from backend.outside.filing import Files, keep_files_in, stored_files

__all__ = ["Files", "keep_files_in", "stored_files"]
