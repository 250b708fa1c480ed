"""Files in an object store: a folder by default, any S3-compatible store by its address."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import obstore
from obstore.exceptions import NotFoundError
from obstore.store import LocalStore, ObjectStore, from_url


class Files:
    """Paths are relative, with `/`; the first part is the agency's id, so that one agency's files are one folder.

    `url` is a folder, or an address that obstore knows (`s3://bucket/prefix`; credentials from the environment).
    """

    def __init__(self, url: str | Path) -> None:
        text = str(url)
        if "://" in text:
            self._store: ObjectStore = from_url(text)
        else:
            self._store = LocalStore(prefix=text, automatic_cleanup=True, mkdir=True)

    async def put(self, path: str, data: bytes) -> None:
        await obstore.put_async(self._store, path, data)

    async def create(self, path: str, data: bytes) -> None:
        """Raises obstore's AlreadyExistsError where there is such a file: it is never written over."""
        await obstore.put_async(self._store, path, data, mode="create")

    async def put_stream(self, path: str, chunks: AsyncIterator[bytes]) -> None:
        """However long it is, a few megabytes at a time."""
        await obstore.put_async(self._store, path, chunks)

    async def get(self, path: str) -> bytes | None:
        """None where there is no such file."""
        try:
            found = await obstore.get_async(self._store, path)
        except (NotFoundError, FileNotFoundError):
            return None
        return bytes(await found.bytes_async())

    async def stream(self, path: str) -> AsyncIterator[bytes] | None:
        """None where there is no such file."""
        try:
            found = await obstore.get_async(self._store, path)
        except (NotFoundError, FileNotFoundError):
            return None

        async def chunks() -> AsyncIterator[bytes]:
            async for chunk in found:
                yield bytes(chunk)

        return chunks()

    async def names(self, prefix: str) -> list[str]:
        """Every path below `prefix`, sorted."""
        return sorted([entry["path"] async for page in obstore.list(self._store, prefix) for entry in page])

    async def delete_below(self, folder: str) -> int:
        """Every file in it; how many there were."""
        names = await self.names(f"{folder}/")
        for name in names:
            await self.delete(name)
        return len(names)

    async def delete(self, path: str) -> None:
        """A file that is not there stays away."""
        try:
            await obstore.delete_async(self._store, path)
        except (NotFoundError, FileNotFoundError):
            return


def files_of_client(agency_id: UUID, workspace_id: UUID) -> str:
    """The folder of what is kept of its members."""
    return f"{agency_id}/members/{workspace_id}"


def files_of_member(agency_id: UUID, workspace_id: UUID, member_id: UUID) -> str:
    """The folder of what goes when the member is forgotten: without a look at any row, so that no row can be missed."""
    return f"{files_of_client(agency_id, workspace_id)}/{member_id}"


def file_of_member(agency_id: UUID, workspace_id: UUID, member_id: UUID, id: UUID) -> str:
    return f"{files_of_member(agency_id, workspace_id, member_id)}/{id}"


_place: str | Path | None = None
_files: Files | None = None


def keep_files_in(url: str | Path | None) -> None:
    """The installation's store; the roof says where. A folder is made when the first file comes."""
    global _place, _files
    _place, _files = url, None


def stored_files() -> Files:
    global _files  # noqa: PLW0603
    if _files is None:
        if _place is None:
            raise RuntimeError("No store for files: call keep_files_in first.")
        _files = Files(_place)
    return _files
