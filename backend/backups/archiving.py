"""The folder of backups: whole copies of the server (`bases`), and all that was written since the oldest (`wal`)."""

import shutil
import subprocess
import tarfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from backend.embedded import EmbeddedPostgres, EmbeddedServerFailed
from backend.kit.errors import Refusal

_FORM: Final = "%Y%m%dT%H%M%S.%fZ"


class NoSuchMoment(Refusal):
    """No backup reaches back so far, or the moment has not come yet."""


@dataclass(frozen=True, slots=True)
class Base:
    """A whole copy: usable for every moment from `at` on."""

    folder: Path
    at: datetime

    @property
    def first_wal(self) -> str:
        """The name of the oldest piece of WAL that it needs. Raises EmbeddedServerFailed for a copy that is broken."""
        with tarfile.open(self.folder / "base.tar.gz") as tar:
            label = tar.extractfile("backup_label")  # the first file of the archive
            text = b"" if label is None else label.read()
        first = text.decode().partition("(file ")[2].partition(")")[0]
        if not first:
            raise EmbeddedServerFailed(f"{self.folder} is no backup: its label does not say where it begins.")
        return first

    def unpack(self, folder: Path) -> None:
        for archive, place in (("base.tar.gz", folder), ("pg_wal.tar.gz", folder / "pg_wal")):
            with tarfile.open(self.folder / archive) as tar:
                tar.extractall(place, filter="tar")


class Archive:
    """`folder` need not be there: the first backup makes it, and from then on the server fills `wal` by itself."""

    def __init__(self, folder: Path) -> None:
        self._bases = folder / "bases"
        self.wal = folder / "wal"

    @property
    def bases(self) -> list[Base]:
        """The oldest first; one that was interrupted is none."""
        folders = sorted(self._bases.glob("*Z")) if self._bases.exists() else []
        return [Base(folder, datetime.strptime(folder.name, _FORM).replace(tzinfo=UTC)) for folder in folders]

    def begin(self) -> Path:
        """A folder to fill; what an interrupted backup left is removed."""
        for left in self._bases.glob("*.part") if self._bases.exists() else []:
            shutil.rmtree(left)
        folder = self._bases / f"{datetime.now(UTC):{_FORM}}.part"
        self._bases.mkdir(mode=0o700, exist_ok=True)
        folder.mkdir(mode=0o700)
        return folder

    def keep(self, folder: Path) -> Base:
        """It is complete: from now on every moment can be had."""
        at = datetime.now(UTC)
        return Base(folder.rename(self._bases / f"{at:{_FORM}}"), at)

    def base_before(self, moment: datetime) -> Base:
        """Raises NoSuchMoment."""
        before = [base for base in self.bases if base.at <= moment]
        if before:
            return before[-1]
        oldest = min((base.at for base in self.bases), default=None)
        reach = (
            "no backup was ever taken" if oldest is None else f"the oldest backup is of {oldest:%Y-%m-%d %H:%M:%S} UTC"
        )
        raise NoSuchMoment(f"Nothing is known of {moment:%Y-%m-%d %H:%M:%S} UTC: {reach}.")

    def prune(self, server: EmbeddedPostgres, *, keep: int) -> int:
        """Only the latest `keep` whole copies stay, and the WAL since the oldest of them; how many copies went."""
        bases = self.bases
        gone = bases[:-keep]
        for base in gone:
            shutil.rmtree(base.folder)
        if gone:
            subprocess.run(
                [server.program("pg_archivecleanup"), "-x", ".gz", self.wal, bases[-keep:][0].first_wal], check=True
            )
        return len(gone)
