"""Asks git: the only module that starts it. Nothing in a portfolio's folder may choose what git does.

A pull request brings every file below the top of a working tree. So git is asked at the top only, and its
settings for the one call forbid repositories that lie in such files, hooks and monitors (git-config,
`safe.bareRepository`, `core.hooksPath`, `core.fsmonitor`). Files are read as blobs: no filter of
`.gitattributes` runs on them.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tiers.errors import CatalogError

_ALWAYS: Final = (
    *("-c", "core.fsmonitor=false"),
    *("-c", f"core.hooksPath={os.devnull}"),
    *("-c", "safe.bareRepository=explicit"),
    *("--no-pager", "--no-optional-locks", "--literal-pathspecs"),
)
# Git itself sets these for its hooks: they would name another repository than the working tree's.
_OF_ANOTHER: Final = (
    *("GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_INDEX_FILE", "GIT_NAMESPACE", "GIT_PREFIX"),
    *("GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES"),
)
_SAYS: Final = {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0"}


@dataclass(frozen=True)
class Git:
    """Git at the top of a working tree.

    Attributes:
        top: The top of the working tree.
        option: The option of the command line that needs git, for the errors.
    """

    top: Path
    option: str

    @classmethod
    def around(cls, folder: Path, option: str) -> Git:
        """Git for the working tree that *folder* is in.

        Raises:
            CatalogError: When git is missing, *folder* is in no working tree, or is one inside another.
        """
        found = cls(_top_of(folder, option), option)
        known = found.ask("rev-parse", "--show-toplevel").decode(errors="replace").strip()
        if Path(known).resolve() != found.top:
            raise CatalogError(f"{option}: {folder}: not a git repository: git knows no working tree there")
        return found

    def ask(self, *arguments: str, given: bytes = b"") -> bytes:
        """What git answers to *arguments*, with *given* as its standard input.

        Raises:
            CatalogError: When git is missing or fails, with git's own words.
        """
        answered, reason = self._run(arguments, given)
        if reason is not None:
            raise CatalogError(f"{self.option}: {self.top}: git says: {reason or 'nothing'}")
        return answered

    def tell(self, *arguments: str) -> bytes | None:
        """The same for a question that git may answer with a failure; None then."""
        answered, reason = self._run(arguments, b"")
        return answered if reason is None else None

    def _run(self, arguments: tuple[str, ...], given: bytes) -> tuple[bytes, str | None]:
        here = {name: value for name, value in os.environ.items() if name not in _OF_ANOTHER} | _SAYS
        try:
            done = subprocess.run(  # noqa: S603 - the arguments are a list, no shell reads them
                ["git", *_ALWAYS, "-C", str(self.top), *arguments],  # noqa: S607 - the user's own git
                input=given,
                capture_output=True,
                check=False,
                env=here,
            )
        except FileNotFoundError:
            raise CatalogError(
                f"{self.option}: git is not on PATH; install git, or name a folder instead of a revision"
            ) from None
        reason = " ".join(done.stderr.decode(errors="replace").split()).removeprefix("fatal: ")
        return done.stdout, reason if done.returncode else None


def _top_of(folder: Path, option: str) -> Path:
    """The nearest folder with a `.git` above *folder*; *folder* itself only if none above it has one."""
    here = folder.resolve()
    own = (here / ".git").exists()
    above = next((each for each in here.parents if (each / ".git").exists()), None)
    if above is not None and own:
        raise CatalogError(
            f"{option}: {folder}: is a git repository of its own inside the one of {above}; compare with a "
            "folder (--base FOLDER) or with what is deployed (--stack or --inventory)"
        )
    if above is None and not own:
        raise CatalogError(f"{option}: {folder}: not a git repository, nor is any folder above it")
    return above or here
