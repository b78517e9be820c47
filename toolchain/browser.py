"""Provides Chromium for the tests: found on PATH, or Debian's packages unpacked once per user."""

from __future__ import annotations

import hashlib
import os
import platform
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from build import ToolchainError, link, locked, numbers, outside_this_project, run_text

NAME = "chromium"
NAMES = (NAME, "chromium-browser", "google-chrome", "google-chrome-stable", "chromium-headless-shell")
"""Its names on PATH, by system and vendor."""
OLDEST = 150
"""The oldest major version that Playwright was seen to drive through our tests."""
# The shell is Chromium without windows. The font is wider than most: what fits in it fits in others.
PACKAGES = ("chromium-headless-shell", "fonts-dejavu-core")
PROGRAM = "usr/lib/chromium/chromium-headless-shell"
UNPACKED = "unpacked"
REMEDY = f"put a `chromium` or `google-chrome` of version {OLDEST} or newer on PATH, then run this again."
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
# Only these fonts are used, so that a page has the same width on every machine.
FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
<fontconfig>
<dir prefix="relative">usr/share/fonts</dir>
<cachedir prefix="xdg">fontconfig</cachedir>
<alias><family>sans-serif</family><prefer><family>DejaVu Sans</family></prefer></alias>
<alias><family>serif</family><prefer><family>DejaVu Serif</family></prefer></alias>
<alias><family>monospace</family><prefer><family>DejaVu Sans Mono</family></prefer></alias>
</fontconfig>
"""
LAUNCHER = """#!/bin/sh
here=$(dirname "$(readlink -f "$0")")
export FONTCONFIG_FILE="$here/fonts.conf"
export LD_LIBRARY_PATH={libraries}
exec "$here/{program}" "$@"
"""


def main() -> int:
    """Exit code 0 when `.toolchain/bin/chromium` is there, else 1 with one sentence."""
    try:
        print(provide(), flush=True)
    except ToolchainError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130  # what a shell expects after Ctrl-C; an incomplete unpacking is removed
    return 0


def provide() -> str:
    """Put Chromium into `.toolchain/bin` and say in one line where it comes from."""
    if found := on_path():
        link(found, NAME)
        return f"chromium {version(found)}: found at {found}"
    entry = cache_entry()
    program = entry / UNPACKED / NAME
    with locked(entry):
        if not version(program):
            unpack(entry)
        link(program, NAME)
    return f"chromium {version(program)}: from packages of {system()[0]}, in {entry}"


def on_path() -> Path | None:
    """The first Chromium or Chrome on PATH that starts and is new enough, outside this project's folder."""
    for name in NAMES:
        found = outside_this_project(name)
        said = version(found) if found else ""
        if said and numbers(said)[0] >= OLDEST:
            return found
        if said:
            print(f"{name} {said} at {found} is older than {OLDEST} and is not used.", flush=True)
    return None


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


def cache_entry() -> Path:
    """Where it is kept for every clone of this user, named after the system whose libraries it uses."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    wanted = repr((PACKAGES, OLDEST, SETTINGS, FONTS, LAUNCHER, system(), platform.machine()))
    return Path(home) / "costack" / "toolchain" / hashlib.sha256(wanted.encode()).hexdigest()[:16]


def unpack(entry: Path) -> None:
    """Unpack into a temporary folder, try it, and move it into place: it is never seen incomplete."""
    missing = [name for name in ("apt-get", "dpkg-deb") if not shutil.which(name)]
    if missing:
        raise ToolchainError(f"There is no Chromium on PATH and no `{missing[0]}` to get one: {REMEDY}")
    print("fetching Chromium, its libraries and a font (about 110 MB, seconds; once per user)", flush=True)
    for left in entry.glob("unpacking-*"):
        shutil.rmtree(left)  # of a run that was killed
    with tempfile.TemporaryDirectory(dir=entry, prefix="unpacking-") as scratch:
        fresh = Path(scratch) / UNPACKED
        fresh.mkdir()
        for package in download(Path(scratch)):
            run_text(["dpkg-deb", "--extract", str(package), str(fresh)])
        write_launcher(fresh)
        try:
            run_text([str(fresh / NAME), "--version"])
        except ToolchainError as error:
            raise ToolchainError(f"Debian's Chromium does not start ({error}): {REMEDY}") from None
        shutil.rmtree(entry / UNPACKED, ignore_errors=True)  # one that no longer starts
        fresh.rename(entry / UNPACKED)


def download(folder: Path) -> list[Path]:
    """The packages, and the missing ones they need; apt checks their signatures."""
    for name in ("lists/partial", "cache/archives/partial"):
        (folder / name).mkdir(parents=True)
    settings = folder / "apt.conf"
    settings.write_text(SETTINGS.format(folder=folder), encoding="utf-8")
    apt = ("apt-get", "-qq", f"--config-file={settings}")
    fetch = ("install", "--yes", "--download-only", "--no-install-recommends")
    # One that is installed, such as a font, is fetched as well: the launcher looks beside itself only.
    for step in (("update",), (*fetch, "--reinstall", *PACKAGES)):
        done = subprocess.run([*apt, *step], env={**os.environ, "LC_ALL": "C"}, check=False)
        if done.returncode:
            raise ToolchainError(
                f"There is no Chromium on PATH and apt-get could not fetch one (exit code {done.returncode}, "
                f"its output is above): {REMEDY}"
            )
    return sorted((folder / "cache" / "archives").glob("*.deb"))


def write_launcher(folder: Path) -> None:
    """The launcher of the unpacked program, with the libraries and fonts beside it."""
    libraries = sorted({library.parent.relative_to(folder) for library in folder.rglob("*.so*")})
    places = ":".join(f'"$here"/{shlex.quote(str(place))}' for place in libraries)
    launcher = folder / NAME
    launcher.write_text(LAUNCHER.format(libraries=places, program=PROGRAM), encoding="utf-8")
    launcher.chmod(0o755)
    (folder / "fonts.conf").write_text(FONTS, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
