"""Wheels of this clone, and empty virtual environments that they are installed into."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

from tests.portfolios import ROOT
from toolchain.environment import find_uv

BACKEND = ROOT / "toolchain" / "backend"


def built(folder: Path, what: str = "wheel", source: Path = ROOT) -> Path:
    """A wheel or an sdist of *source*, as an installer has it built: by its own backend."""
    folder.mkdir(parents=True, exist_ok=True)
    program = f"import costack_wheel; costack_wheel.build_{what}({str(folder)!r})"
    subprocess.run(
        [sys.executable, "-c", program],
        cwd=source,
        env=os.environ | {"PYTHONPATH": str(source / "toolchain" / "backend")},
        capture_output=True,
        text=True,
        check=True,
    )
    (made,) = folder.iterdir()
    return made


def contents(wheel: Path) -> dict[str, bytes]:
    """Every file of *wheel* by its name."""
    with zipfile.ZipFile(wheel) as packed:
        return {name: packed.read(name) for name in packed.namelist()}


@dataclass(frozen=True)
class Environment:
    """A virtual environment with a wheel and what it requires, and nothing of this clone on any path."""

    folder: Path

    @classmethod
    def of(cls, wheel: Path, folder: Path, requirements: str = "requirements.txt") -> Environment:
        """Installed from uv's cache where it has everything."""
        uv = find_uv()
        _run(uv, "venv", "--quiet", "--python", sys.executable, folder)
        hashed = ("--require-hashes", "--requirement", ROOT / requirements)
        install = (uv, "pip", "install", "--quiet", "--python", folder / "bin" / "python")
        try:
            _run(*install, "--offline", *hashed)
        except subprocess.CalledProcessError:
            _run(*install, *hashed)
        _run(*install, "--offline", "--no-deps", wheel)
        return cls(folder)

    def run(
        self, *command: str | Path, cwd: Path, code: int = 0, path: tuple[Path, ...] = ()
    ) -> subprocess.CompletedProcess[str]:
        """Run *command* in the folder *cwd*; it must end with *code*."""
        found = (self.folder / "bin", *path, Path("/usr/bin"), Path("/bin"))
        home = self.folder.parent / "home"
        variables = {"HOME": str(home), "VIRTUAL_ENV": str(self.folder)}
        home.mkdir(exist_ok=True)
        done = subprocess.run(
            [str(word) for word in command],
            cwd=cwd,
            env={"PATH": os.pathsep.join(map(str, found)), **variables},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done


def _run(*command: object) -> None:
    subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True)
