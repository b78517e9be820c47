"""Makes the virtual environment of a Python program or package that has none yet."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from localcloud.languages.sdks import linked_python

ROOT: Final = Path(__file__).resolve().parents[2]


class InstallError(Exception):
    """One sentence, and what the installer said."""


def install(folder: Path, program: Path) -> str:
    """Make the environment *folder* of *program*, of its `requirements.txt`; says what was done.

    An environment that is there already stays as it is, but for SDKs that are linked into the program.

    Raises:
        InstallError: When something cannot be installed.
    """
    python = folder / "bin" / "python"
    if python.is_file():
        for path in linked_python(program):
            _run(*_installer(python), path, folder=program)
        return f"Using {python} as it is.\n"
    uv = _uv()
    _run(*([uv, "venv", "--quiet"] if uv else [sys.executable, "-m", "venv"]), str(folder), folder=program)
    _run(*_installer(python), "-r", "requirements.txt", folder=program)
    return f"Installed requirements.txt into {folder}.\n"


def _installer(python: Path) -> list[str]:
    """With hashes in a requirements file, both check them (pip, "Secure installs")."""
    uv = _uv()
    return (
        [uv, "pip", "install", "--quiet", "--python", str(python)]
        if uv
        else [str(python), "-m", "pip", "install", "--quiet"]
    )


def _uv() -> str | None:
    return shutil.which("uv") or shutil.which("uv", path=str(ROOT / ".toolchain" / "uv" / "bin"))


def _run(*command: str, folder: Path) -> None:
    # Of this host's own environment, which the installer would take for the one to install into.
    environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise InstallError(
            f"`{' '.join(command)}` in {folder} failed: {(done.stderr or done.stdout).strip()}"
        )
