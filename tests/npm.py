"""Packages from npm, for tests that talk to what others have written in JavaScript."""

import hashlib
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest

OLDEST_NODE: Final = 20
INSTALL_SECONDS: Final = 300
# What npm says where it reaches no registry; anything else that stops it is ours.
UNREACHABLE: Final = (
    "EAI_AGAIN|ECONNREFUSED|ECONNRESET|EHOSTUNREACH|ENETUNREACH|ENOTCACHED|ENOTFOUND|ERR_SOCKET_TIMEOUT|ETIMEDOUT"
    "|E40[137]|E50[234]"
)
_HOME: Final = Path(__file__).parent.parent / ".tend"


def installed(sources: Path, name: str) -> Path:
    """A folder below `.tend` with copies of the scripts in `sources` beside their packages: node looks for those beside
    the file that imports them. Skips the test without Node.js, and where no registry is reached (but in CI)."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip(f"the {name} need Node.js and npm, and at least one of them is not here")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if int(version.removeprefix("v").partition(".")[0]) < OLDEST_NODE:
        pytest.skip(f"the {name} need Node.js {OLDEST_NODE} or later; here is {version}")
    folder = _HOME / name
    folder.mkdir(parents=True, exist_ok=True)
    for source in sources.iterdir():
        if source.suffix in (".graphql", ".json", ".mjs", ".ts"):
            shutil.copyfile(source, folder / source.name)
    lock = hashlib.sha256((sources / "package-lock.json").read_bytes()).hexdigest()
    marked = folder / "node_modules" / "installed"
    if not marked.exists() or marked.read_text() != lock:
        _install(npm, folder)
        marked.write_text(lock)
    return folder


def _install(npm: str, folder: Path) -> None:
    argv = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    hasty = ["--fetch-retries=1", "--fetch-retry-mintimeout=1000"]
    done = subprocess.run(
        [*argv, *hasty], cwd=folder, capture_output=True, text=True, check=False, timeout=INSTALL_SECONDS
    )
    if done.returncode == 0:
        return
    if (unreachable := re.search(rf"code ({UNREACHABLE})\b", done.stderr)) and not os.environ.get("CI"):
        pytest.skip(f"packages cannot be downloaded: npm says {unreachable[1]}")
    pytest.fail(f"npm ci: {done.stderr}")
