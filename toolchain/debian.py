"""Provides a program found on PATH, or unpacked from Debian's packages once per user, without root."""

from __future__ import annotations

import os
import platform
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from build import ToolchainError, cached, link, locked, numbers, outside_this_project, run_text

UNPACKED = "unpacked"
# Own lists and archives and none of the system's hooks: nothing of the system changes, so that any user
# may do this. The sandbox is apt's account, which may not enter this user's cache.
SETTINGS = """#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
Dir::State::lists "{folder}/lists";
Dir::Cache "{folder}/cache";
Debug::NoLocking "true";
APT::Sandbox::User "root";
Acquire::Retries "3";
"""
LAUNCHER = """#!/bin/sh
here=$(dirname "$(readlink -f "$0")")
{settings}export LD_LIBRARY_PATH={libraries}
exec "$here/{program}" "$@"
"""


@dataclass(frozen=True)
class DebianProgram:
    """A program that says its version when it is started with `--version`."""

    name: str
    """Its name in `.toolchain/bin`."""
    title: str
    """What sentences call it."""
    names: tuple[str, ...]
    """Its names on PATH, by system and vendor; the first that will do is taken."""
    oldest: tuple[int, ...]
    """The oldest version that will do."""
    packages: tuple[str, ...]
    program: str
    """Where it lies in them."""
    fetches: str
    """What the packages are, in words."""
    size: str
    remedy: str
    """What to do when there is none: the end of a sentence."""
    settings: str = ""
    """Lines of the launcher, for which `$here` is where the packages are unpacked."""
    files: Mapping[str, str] = field(default_factory=dict)
    """Written beside what is unpacked: name -> text."""


def command(wanted: DebianProgram) -> int:
    """Exit code 0 when it is in `.toolchain/bin`, else 1 with one sentence."""
    try:
        print(provide(wanted), flush=True)
    except ToolchainError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130  # what a shell expects after Ctrl-C; an incomplete unpacking is removed
    return 0


def provide(wanted: DebianProgram) -> str:
    """Put it into `.toolchain/bin` and say in one line where it comes from."""
    if found := on_path(wanted):
        link(found, wanted.name)
        return f"{wanted.name} {version(found)}: found at {found}"
    entry = cache_entry(wanted)
    program = entry / UNPACKED / wanted.name
    with locked(entry):
        if not version(program):
            unpack(wanted, entry)
        link(program, wanted.name)
    return f"{wanted.name} {version(program)}: from packages of {system()[0]}, in {entry}"


def on_path(wanted: DebianProgram) -> Path | None:
    """The first on PATH that starts and is new enough, outside this project's folder."""
    for name in wanted.names:
        found = outside_this_project(name)
        said = version(found) if found else ""
        if said and numbers(said) >= wanted.oldest:
            return found
        if said:
            print(f"{name} {said} at {found} is older than {oldest(wanted)} and is not used.", flush=True)
    return None


def oldest(wanted: DebianProgram) -> str:
    """The oldest version that will do, as programs write it."""
    return ".".join(map(str, wanted.oldest))


def version(program: Path) -> str:
    """Its version, such as 156.0.8078.79; empty when it does not start."""
    try:
        said = run_text([str(program), "--version"])
    except (OSError, ToolchainError):
        return ""
    return ".".join(map(str, numbers(said)))


def system() -> tuple[str, str]:
    """The distribution and its version, such as debian 12."""
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        release = {}
    return release.get("ID", sys.platform), release.get("VERSION_ID", "")


def cache_entry(wanted: DebianProgram) -> Path:
    """Where it is kept for every clone of this user, named after the system whose libraries it uses."""
    return cached(repr((wanted, SETTINGS, LAUNCHER, system(), platform.machine())).encode())


def unpack(wanted: DebianProgram, entry: Path) -> None:
    """Unpack into a temporary folder, try it, and move it into place: it is never seen incomplete."""
    missing = [name for name in ("apt-get", "dpkg-deb") if not shutil.which(name)]
    if missing:
        raise ToolchainError(
            f"There is no {wanted.title} on PATH and no `{missing[0]}` to get one: {wanted.remedy}"
        )
    print(f"fetching {wanted.fetches} ({wanted.size}, seconds; once per user)", flush=True)
    for left in entry.glob("unpacking-*"):
        shutil.rmtree(left)  # of a run that was killed
    with tempfile.TemporaryDirectory(dir=entry, prefix="unpacking-") as scratch:
        fresh = Path(scratch) / UNPACKED
        fresh.mkdir()
        for package in download(wanted, Path(scratch)):
            run_text(["dpkg-deb", "--extract", str(package), str(fresh)])
        write_launcher(wanted, fresh)
        check(wanted, fresh / wanted.name)
        shutil.rmtree(entry / UNPACKED, ignore_errors=True)  # one that no longer starts
        fresh.rename(entry / UNPACKED)


def check(wanted: DebianProgram, program: Path) -> None:
    """Refuse one that does not start, and that of a system whose packages are too old."""
    try:
        said = run_text([str(program), "--version"])
    except ToolchainError as error:
        raise ToolchainError(f"Debian's {wanted.title} does not start ({error}): {wanted.remedy}") from None
    if numbers(said) < wanted.oldest:
        raise ToolchainError(
            f"The {wanted.title} of this system's packages is {version(program)}, older than "
            f"{oldest(wanted)}: {wanted.remedy}"
        )


def download(wanted: DebianProgram, folder: Path) -> list[Path]:
    """The packages, and the missing ones they need; apt checks their signatures."""
    for name in ("lists/partial", "cache/archives/partial"):
        (folder / name).mkdir(parents=True)
    settings = folder / "apt.conf"
    settings.write_text(SETTINGS.format(folder=folder), encoding="utf-8")
    apt = ("apt-get", "-qq", f"--config-file={settings}")
    fetch = ("install", "--yes", "--download-only", "--no-install-recommends")
    # One that is installed, such as a font, is fetched as well: the launcher looks beside itself only.
    for step in (("update",), (*fetch, "--reinstall", *wanted.packages)):
        done = subprocess.run([*apt, *step], env={**os.environ, "LC_ALL": "C"}, check=False)
        if done.returncode:
            raise ToolchainError(
                f"There is no {wanted.title} on PATH and apt-get could not fetch one (exit code "
                f"{done.returncode}, its output is above): {wanted.remedy}"
            )
    return sorted((folder / "cache" / "archives").glob("*.deb"))


def write_launcher(wanted: DebianProgram, folder: Path) -> None:
    """The launcher of the unpacked program, with the libraries and files beside it."""
    libraries = sorted({library.parent.relative_to(folder) for library in folder.rglob("*.so*")})
    places = ":".join(f'"$here"/{shlex.quote(str(place))}' for place in libraries)
    launcher = folder / wanted.name
    text = LAUNCHER.format(settings=wanted.settings, libraries=places, program=wanted.program)
    launcher.write_text(text, encoding="utf-8")
    launcher.chmod(0o755)
    for name, content in wanted.files.items():
        (folder / name).write_text(content, encoding="utf-8")
