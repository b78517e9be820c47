"""Provides checkov in its own environment: from the cache, or installed once per user."""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from build import ToolchainError, link, locked
from environment import find_uv, run

HERE = Path(__file__).resolve().parent
LOCK = HERE / "checkov.txt"
PYTHONS = ((3, 11), (3, 12))
READY = ".ready"
"""Written last, so that a half-installed environment is never used."""
LOCKED = ("--generate-hashes", "--no-annotate", "--no-header", "--no-emit-index-url", "--universal")


def main() -> int:
    """Exit code 0 when `.toolchain/bin/checkov` is there, else 1 with one sentence."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lock", action="store_true", help="update the locked versions instead")
    try:
        if parser.parse_args().lock:
            lock()
        else:
            print(provide(), flush=True)
    except ToolchainError as error:
        print(error, file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        command = " ".join(map(str, error.cmd))
        print(f"`{command}` failed with exit code {error.returncode}, its output is above", file=sys.stderr)
        return 1
    return 0


def provide() -> str:
    """Put checkov into `.toolchain/bin` and say in one line where it comes from."""
    if sys.version_info[:2] not in PYTHONS:
        found = ".".join(map(str, sys.version_info[:2]))
        raise ToolchainError(
            f"checkov needs Python 3.11 or 3.12, this is {found}: make scan PYTHON=python3.12"
        )
    entry = cache_entry()
    environment = entry / "environment"
    with locked(entry):
        if not (environment / READY).exists():
            install(environment)
        link(environment / "bin" / "checkov", "checkov")
    return f"checkov: installed, in {entry}"


def cache_entry() -> Path:
    """Where it is kept for every clone of this user, named after what is installed and for which Python."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    wanted = LOCK.read_bytes() + repr(sys.version_info[:2]).encode()
    return Path(home) / "costack" / "toolchain" / hashlib.sha256(wanted).hexdigest()[:16]


def install(environment: Path) -> None:
    """Make the environment hold exactly what the lock lists."""
    uv = find_uv()
    print("installing checkov (about 200 MB, seconds; once per user)", flush=True)
    shutil.rmtree(environment, ignore_errors=True)
    run(uv, "venv", "--quiet", "--python", sys.executable, environment)
    python = ("--python", environment / "bin" / "python")
    run(uv, "pip", "sync", "--quiet", *python, "--compile-bytecode", "--require-hashes", LOCK)
    (environment / READY).touch()


def lock() -> None:
    """Write the lock: hashes, no address of any index."""
    oldest = ".".join(map(str, PYTHONS[0]))
    source = LOCK.with_suffix(".in")
    run(
        find_uv(),
        "pip",
        "compile",
        "--quiet",
        "--upgrade",
        *LOCKED,
        "--python-version",
        oldest,
        source,
        "-o",
        LOCK,
    )


if __name__ == "__main__":
    sys.exit(main())
