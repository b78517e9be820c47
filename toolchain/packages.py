"""Provides programs of the Python Package Index, each in its own environment, installed once per user."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from build import ToolchainError, cached, exit_code, link, locked
from environment import find_uv, run

HERE = Path(__file__).resolve().parent
READY = ".ready"
"""Written last, so that a half-installed environment is never used."""
LOCKED = ("--generate-hashes", "--no-annotate", "--no-header", "--no-emit-index-url", "--universal")
OLDEST = "3.11"
"""What a lock is made for where any Python will do."""


@dataclass(frozen=True)
class PythonTool:
    """A program from the Python Package Index."""

    name: str
    """The name of its package, and of its requirement files in this folder."""
    program: str
    python: str
    """The Python it runs on: a version, or the path of one."""
    size: str

    @property
    def lock(self) -> Path:
        """Every package of its environment, by hash."""
        return HERE / f"{self.name}.txt"


def command(description: str | None, tools: Sequence[PythonTool]) -> int:
    """Provide *tools*, or update their locks if the command line says so; the exit code."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--lock", action="store_true", help="update the locked versions instead")
    locking = parser.parse_args().lock

    def work() -> None:
        for tool in tools:
            if locking:
                lock(tool)
            else:
                print(provide(tool), flush=True)

    return exit_code(work)


def provide(tool: PythonTool) -> str:
    """Put its program into `.toolchain/bin` and say in one line where it comes from."""
    entry = cache_entry(tool)
    environment = entry / "environment"
    with locked(entry):
        if not (environment / READY).exists():
            install(tool, environment)
        link(environment / "bin" / tool.program, tool.program)
    return f"{tool.name}: installed, in {entry}"


def cache_entry(tool: PythonTool) -> Path:
    """Where it is kept for every clone of this user, named after what is installed and for which Python."""
    return cached(tool.lock.read_bytes() + tool.python.encode())


def install(tool: PythonTool, environment: Path) -> None:
    """Make the environment hold exactly what the lock lists."""
    uv, wanted = find_uv(), interpreter(tool.python)
    print(f"installing {tool.name} ({tool.size}, seconds; once per user)", flush=True)
    shutil.rmtree(environment, ignore_errors=True)
    try:
        run(uv, "venv", "--quiet", "--python", wanted, environment)
    except subprocess.CalledProcessError:
        raise ToolchainError(
            f"{tool.name} needs Python {wanted} and uv finds none: run `uv python install {wanted}`"
        ) from None
    python = ("--python", environment / "bin" / "python")
    run(uv, "pip", "sync", "--quiet", *python, "--require-hashes", tool.lock)
    (environment / READY).touch()


def interpreter(wanted: str) -> str:
    """The path of Python *wanted* if it runs this script or pyenv has it; else what uv must find."""
    if f"{sys.version_info.major}.{sys.version_info.minor}" == wanted:
        return sys.executable
    # pyenv keeps them off PATH behind shims that refuse to start, where uv does not look.
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    kept = sorted(root.glob(f"versions/{wanted}.*/bin/python{wanted}"))
    return str(kept[-1]) if kept else wanted


def lock(tool: PythonTool) -> None:
    """Write its lock: hashes, no address of any index."""
    oldest = tool.python if tool.python != sys.executable else OLDEST
    source = tool.lock.with_suffix(".in")
    command = ("pip", "compile", "--quiet", "--upgrade", *LOCKED, "--python-version", oldest)
    run(find_uv(), *command, source, "-o", tool.lock)
