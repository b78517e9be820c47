"""A machine for scripts of the toolchain: a folder that is their project, and nothing else of this one's."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path


def ran(script: Path, *arguments: str, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """What *script* said; it leaves no compiled files behind."""
    return subprocess.run(
        [sys.executable, str(script), *arguments],
        env={**env, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def lines_of(log: Path) -> list[str]:
    """How the stand-ins were called; none when they were not."""
    return log.read_text(encoding="utf-8").splitlines() if log.exists() else []
