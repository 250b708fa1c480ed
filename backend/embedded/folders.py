"""Where embedded servers keep their files, under which account they run, and where their sockets fit."""

import hashlib
import os
import pwd
import stat
import tempfile
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from backend.embedded.failing import EmbeddedServerFailed

# sockaddr_un.sun_path holds 108 bytes on Linux with the closing zero, 104 on macOS.
SOCKET_PATH_BYTES = 103
LONGEST_SOCKET_NAME = ".s.PGSQL.5432"


class Account(NamedTuple):
    """An account of the operating system."""

    name: str
    uid: int
    gid: int


def own_account() -> Account:
    """The account that runs Tend; raises EmbeddedServerFailed for a user id without a name (PostgreSQL needs one)."""
    try:
        entry = pwd.getpwuid(os.geteuid())
    except KeyError:
        raise EmbeddedServerFailed(
            f"PostgreSQL needs a named account, and user id {os.geteuid()} has no name on this machine: "
            "add it to /etc/passwd or set TEND_DATABASE_URL to a server that runs elsewhere."
        ) from None
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def servers_account() -> Account:
    """The account the servers run under: Tend's own, but `nobody` when Tend runs as root (PostgreSQL refuses root)."""
    if os.geteuid() != 0:
        return own_account()
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        raise EmbeddedServerFailed("PostgreSQL does not run as root, and there is no account nobody to use.") from None
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def make_private(folder: Path, account: Account) -> None:
    """`folder` exists, belongs to `account` and is closed to others. Raises EmbeddedServerFailed if it is another's."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    owner = folder.stat().st_uid
    if owner != account.uid:
        if owner != os.geteuid():
            raise EmbeddedServerFailed(
                f"{folder} belongs to {_name_of(owner)}: run Tend as that user or choose another folder."
            )
        os.chown(folder, account.uid, account.gid)
    folder.chmod(0o700)
    let_through(folder)


def let_through(path: Path) -> None:
    """As root: the folders above `path` may be passed by `nobody`, though not listed; a no-op for ordinary users."""
    # Not the wheel's ensure_prefix_permissions: that makes every folder above readable too, /root included.
    if os.geteuid() == 0:
        for folder in path.parents:
            mode = stat.S_IMODE(folder.stat().st_mode)
            if not mode & stat.S_IXOTH:
                folder.chmod(mode | stat.S_IXOTH)


def open_to_all(folder: Path) -> None:
    """As root: programs and libraries below `folder` may be used by `nobody` (a root umask of 077 closes a wheel)."""
    if os.geteuid() != 0 or not folder.exists():
        return
    let_through(folder)
    for path in (folder, *folder.rglob("*")):
        if path.is_symlink():
            continue
        mode = stat.S_IMODE(path.stat().st_mode)
        wanted = mode | 0o444 | (0o111 if path.is_dir() or mode & stat.S_IXUSR else 0)
        if wanted != mode:
            path.chmod(wanted)


def sockets_folder(home: Path) -> Path:
    """`home/run`, or a private folder below the temporary folder when that path does not fit; makes nothing.

    Always the same for the same user, `home` and TMPDIR. Raises EmbeddedServerFailed when nothing fits.
    """
    digest = hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
    private = f"tend-{os.geteuid()}-{digest}"
    short = Path("/tmp")  # noqa: S108  # for a TMPDIR that is long; who owns the folder below is checked
    for folder in (home / "run", Path(tempfile.gettempdir()) / private / "run", short / private / "run"):
        # Letters that URLs escape are also kept out: arq does not unescape a path, asyncpg splits one at a comma.
        plain = quote(os.fsencode(folder)) == str(folder)
        if plain and len(os.fsencode(folder / LONGEST_SOCKET_NAME)) <= SOCKET_PATH_BYTES:
            return folder
    raise EmbeddedServerFailed(
        f"No folder for sockets fits into {SOCKET_PATH_BYTES} bytes: set TMPDIR to a short path."
    )


def make_sockets_folder(home: Path, account: Account) -> Path:
    """`sockets_folder(home)`, made and closed to others. Raises EmbeddedServerFailed when somebody else owns it."""
    folder = sockets_folder(home)
    if folder.parent != home:
        _make_unshared(folder.parent)
    make_private(folder, account)
    return folder


def _make_unshared(folder: Path) -> None:
    # Anybody may make names in the temporary folder, so whoever was there first could sit behind our socket.
    try:
        os.mkdir(folder, 0o700)
    except FileExistsError:
        facts = os.lstat(folder)
        rights_of_others = stat.S_IMODE(facts.st_mode) & 0o077
        allowed = (0, stat.S_IXOTH) if os.geteuid() == 0 else (0,)
        if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != os.geteuid() or rights_of_others not in allowed:
            raise EmbeddedServerFailed(
                f"{folder} should be a folder closed to others, and is not: remove it or set TMPDIR to another folder."
            ) from None


def _name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user id {uid}"
