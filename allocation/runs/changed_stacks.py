"""Which stacks a change of files is for, and in which order they are updated: a pure function.

Too many is a quiet update, too few is a change that nobody deploys: what is not known to be for one
portfolio, or for none, is for all stacks.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import Final

from tiers.portfolio.folders import PORTFOLIOS

_NO_INPUT: Final = (
    "*.md",
    ".github/*",
    ".gitlab/*",
    ".gitlab-ci.yml",
    ".gitignore",
    ".gitattributes",
    "docs/*",
    "tests/*",
    "LICENSE",
)
"""Files of a project that no program reads. A catalog's own `README.md` is none of its files either."""
_STACK_FILES: Final = (PurePosixPath(), PurePosixPath("stacks"))


@dataclass(frozen=True)
class ChangedStack:
    """A stack to update: its name, its portfolio, and the files of the change that are for it."""

    stack: str
    portfolio: str
    files: tuple[str, ...]


def changed_stacks(
    files: Iterable[str] | None, stacks: Mapping[str, str], with_production: Collection[str] = ()
) -> tuple[ChangedStack, ...]:
    """The stacks that *files* are for: those without production first, then by name.

    Args:
        files: Seen from the project's folder; those outside begin with `../`. None if that is not known:
            then all stacks are updated.
        stacks: Stack -> portfolio.
        with_production: The portfolios that have production tenants.
    """
    changed = None if files is None else tuple(files)
    found = [
        ChangedStack(stack, portfolio, about)
        for stack, portfolio in stacks.items()
        if (about := _about(stack, portfolio, changed, stacks)) is not None
    ]
    return tuple(sorted(found, key=lambda each: (each.portfolio in with_production, each.stack)))


def _about(
    stack: str, portfolio: str, files: tuple[str, ...] | None, stacks: Mapping[str, str]
) -> tuple[str, ...] | None:
    """The files that are for *stack*; None if there are none."""
    if files is None:
        return ()
    return tuple(file for file in files if _is_for(file, stack, portfolio, stacks)) or None


def _is_for(file: str, stack: str, portfolio: str, stacks: Mapping[str, str]) -> bool:
    path = PurePosixPath(file)
    if path.parts[0] == ".." or any(fnmatchcase(file, pattern) for pattern in _NO_INPUT):
        return False
    if path.is_relative_to(PORTFOLIOS) and len(path.parts) > len(PORTFOLIOS.parts) + 1:
        named = path.parts[len(PORTFOLIOS.parts)]
        # A folder that no stack deploys may be what another one refers to, such as its catalog.
        return named == portfolio or named not in stacks.values()
    if path.parent in _STACK_FILES and fnmatchcase(path.name, "Pulumi.*.yaml"):
        return path.stem.removeprefix("Pulumi.") == stack
    return True
