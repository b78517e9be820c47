"""`costack recover`: what to run after a Pulumi command was killed, before it is run again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cli.console.output import echo
from lifecycle.recover.repair import BrokenStack
from tiers.errors import CatalogError


@dataclass(frozen=True)
class Request:
    """What the command line asks for; each field is the option of its name."""

    stack: str
    owner_is_dead: bool = False
    search: bool = False
    take: bool = False
    cwd: Path = Path()


def recover_stack(request: Request) -> None:
    """Repair the stack, or search for untracked resources; print what was found and what to do next.

    Raises:
        CatalogError: When --take stands without --search.
        RefusedError: When the stack is locked, and nothing proves that its owner is dead.
        LifecycleError: When AWS or Pulumi cannot do it.
    """
    if request.take and not request.search:
        raise CatalogError("--take needs --search: only resources that the search finds are added")
    stack = BrokenStack(request.stack, request.cwd)
    if request.search:
        _search(stack, take=request.take)
        return
    found = stack.recover(echo, owner_is_dead=request.owner_is_dead)
    if not (found.imported or found.dropped):
        echo("the state holds no unfinished operation; if a command was killed, run it again")
        return
    echo(
        f"{_resources(len(found.imported))} added to the state, {len(found.dropped)} had not been created; "
        "now run the killed command again"
    )


def _search(stack: BrokenStack, *, take: bool) -> None:
    found = stack.search(echo, take=take)
    done = "added to the state" if take else "found; check them, then add them with --search --take"
    echo(
        f"{_resources(len(found.imported))} {done}; "
        f"{_resources(sum(map(len, found.duplicates.values())))} untracked and unexplained"
    )


def _resources(count: int) -> str:
    return f"{count} resource{'' if count == 1 else 's'}"
