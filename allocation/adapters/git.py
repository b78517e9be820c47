"""Asks git: the only module that starts it. Nothing in a portfolio's folder may choose what git does.

A pull request brings every file below the top of a working tree. So git is asked at the top only, and its
settings for the one call forbid repositories that lie in such files, hooks, monitors and helpers (git-config,
`safe.bareRepository`, `core.hooksPath`, `core.fsmonitor`), what would fetch, and objects that replace others
(git, `GIT_ALLOW_PROTOCOL`, `GIT_NO_REPLACE_OBJECTS`). Only questions that read objects are asked. Files are
read as blobs: no filter and no other attribute of `.gitattributes` applies to them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tiers.errors import CatalogError

QUESTIONS: Final = frozenset({"cat-file", "ls-tree", "merge-base", "rev-parse"})
"""What git is asked: it reads objects and names, and neither a working tree nor an index."""

_ALWAYS: Final = (
    *("-c", "core.fsmonitor=false"),
    *("-c", f"core.hooksPath={os.devnull}"),
    *("-c", f"core.attributesFile={os.devnull}"),
    *("-c", "safe.bareRepository=explicit"),
    *("-c", "credential.helper="),
    *("-c", "core.askPass="),
    *("-c", "diff.external="),
    *("-c", "submodule.recurse=false"),
    *("--no-pager", "--no-optional-locks", "--no-replace-objects", "--literal-pathspecs"),
)
# Git itself sets these for its hooks: they would name another repository than the working tree's.
_OF_ANOTHER: Final = frozenset(
    {
        *("GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_INDEX_FILE", "GIT_NAMESPACE", "GIT_PREFIX"),
        *("GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_SHALLOW_FILE"),
        *("GIT_REPLACE_REF_BASE", "GIT_EXTERNAL_DIFF", "GIT_ATTR_SOURCE", "GIT_DISCOVERY_ACROSS_FILESYSTEM"),
    }
)
_SAYS: Final = {
    "LC_ALL": "C",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_GRAFT_FILE": os.devnull,
    # A partial clone would fetch what it lacks, by a command that its configuration may name.
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "none",
}
_CEILINGS: Final = "GIT_CEILING_DIRECTORIES"


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
            CatalogError: When git is missing, *folder* is in no working tree, or is in one inside another.
        """
        found = cls(_top_of(folder, option), option)
        known = found.ask("rev-parse", "--show-toplevel").decode(errors="replace").strip()
        if Path(known).resolve() != found.top:
            raise CatalogError(f"{option}: {folder}: not a git repository: git knows no working tree there")
        return found

    def ask(self, *arguments: str, given: bytes = b"") -> bytes:
        """What git answers to *arguments*, with *given* as its standard input.

        Args:
            arguments: One of `QUESTIONS`, its options, and names after `--end-of-options`.
            given: Names of objects, a line each.

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
        if arguments[0] not in QUESTIONS:
            raise ValueError(f"git {arguments[0]}: expected one of {', '.join(sorted(QUESTIONS))}")
        here = {name: value for name, value in os.environ.items() if name not in _OF_ANOTHER} | _SAYS
        done = subprocess.run(  # noqa: S603 - the arguments are a list, no shell reads them
            [_program(self.option), *_ALWAYS, "-C", str(self.top), *arguments],
            input=given,
            capture_output=True,
            check=False,
            # Git must not look for a repository above the top, whatever lies there.
            env=here | {_CEILINGS: str(self.top.parent)},
        )
        reason = " ".join(done.stderr.decode(errors="replace").split()).removeprefix("fatal: ")
        return done.stdout, reason if done.returncode else None


def _program(option: str) -> str:
    """The user's own git; a relative entry of PATH would find one among the files of a pull request."""
    found = shutil.which("git")
    if found is None:
        raise CatalogError(
            f"{option}: git is not on PATH; install git, or compare with a folder (--base-folder)"
        )
    if not Path(found).is_absolute():
        raise CatalogError(
            f"{option}: PATH finds git as {found}; expected no relative folder on PATH, which depends on "
            "where costack is started"
        )
    return found


def _top_of(folder: Path, option: str) -> Path:
    """The folder with a `.git` that *folder* is in.

    Of two, one inside the other, the inner one may be a submodule, whose commits a pull request chooses.
    From `GIT_CEILING_DIRECTORIES` on upwards none is looked for, as git does.
    """
    here = folder.resolve()
    ceilings = {Path(each) for each in os.environ.get(_CEILINGS, "").split(os.pathsep) if each}
    looked: list[Path] = []
    for each in (here, *here.parents):
        if each in ceilings and each != here:
            break
        looked.append(each)
    tops = [each for each in looked if (each / ".git").exists()]
    if not tops:
        raise CatalogError(f"{option}: {folder}: not a git repository, nor is any folder above it")
    if len(tops) > 1:
        raise CatalogError(
            f"{option}: {folder}: the git repository {tops[0]} is inside the one of {tops[1]}; compare with "
            "a folder (--base-folder) or with what is deployed (--stack or --inventory), or set "
            f"GIT_CEILING_DIRECTORIES={tops[1]} if the inner one is yours"
        )
    return tops[0]
