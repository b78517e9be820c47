"""Git repositories for tests: commits with the same author and day everywhere."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

_DAY = "2026-11-27T12:00:00Z"


def git(folder: Path, *arguments: str) -> str:
    """What git answers in *folder*; every commit is of 2026-11-27."""
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgSign=false"]
    done = subprocess.run(
        ["git", "-C", str(folder), *identity, *arguments],
        check=True,
        capture_output=True,
        text=True,
        env=os.environ | {"GIT_AUTHOR_DATE": _DAY, "GIT_COMMITTER_DATE": _DAY},
    )
    return done.stdout.strip()
