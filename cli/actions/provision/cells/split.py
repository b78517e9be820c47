"""`costack stacks split`: from one stack into several and back, with Pulumi's own commands."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from allocation.adapters.pulumi.stack_files import stack_within
from allocation.runs.before_and_after import only_portfolio
from allocation.runs.cells.changes import in_stacks
from cli.actions.provision.stacks import Request
from cli.console.output import echo
from cli.console.progress import warn
from lifecycle.adapters.pulumi_cli import Stack, perform, stack_names
from lifecycle.cells.split import Held, Step, held_in, join_steps, split_steps
from lifecycle.errors import LifecycleError
from tiers.errors import CatalogError
from tiers.plan.cells.stacks import stacks_of
from tiers.portfolio.cells.section import PLATFORM_STACK, pulumi_name


def split_stack(request: Request, *, back: bool, perform_now: bool) -> None:
    """Print the commands that bring each tenant into its stack, or all into one; carry them out if asked to.

    Raises:
        CatalogError: When the portfolio cannot be read, or no stack of it is there.
        LifecycleError: When Pulumi fails, or an update would then replace or delete anything.
    """
    after = in_stacks(request.portfolio or only_portfolio(request.cwd))
    base = request.prefix or after.plan.portfolio
    names = [base, *(pulumi_name(base, stack) for stack in stacks_of(after.assignment))]
    there = _there(names, request.cwd)
    if not {base, pulumi_name(base, PLATFORM_STACK)} & there.keys():
        raise CatalogError(f"--prefix {base}: the backend has no stack '{base}' or '{base}-{PLATFORM_STACK}'")
    steps = join_steps(base, there) if back else split_steps(base, there, after.assignment.tenants)
    if not steps:
        echo("nothing to move")
        return
    for step in steps:
        echo(step.command)
    if not perform_now:
        warn(
            f"{len(steps)} commands, nothing was done; stop whatever updates these stacks, then give --yes. "
            "They go on where they stopped"
        )
        return
    _carry_out(steps, request.cwd)
    if back:
        _check([base], request.cwd)
        return
    platform, *others = names[1:]
    _check([platform], request.cwd)
    warn(f"{platform}: is updated, so that it tells the others its contract")
    Stack(platform, request.cwd).up()
    _check(others, request.cwd)


def _there(names: Collection[str], cwd: Path) -> Mapping[str, Held]:
    known = stack_names(cwd)
    return {name: _held(name, cwd) for name in names if name in known}


def _held(name: str, cwd: Path) -> Held:
    state = Stack(name, cwd).state()
    resources = (state.get("deployment") or {}).get("resources") or ()
    return held_in((str(each["urn"]) for each in resources), stack_within(name, cwd))


def _carry_out(steps: Collection[Step], cwd: Path) -> None:
    for number, step in enumerate(steps, start=1):
        warn(f"[{number}/{len(steps)}] {step.arguments[0]} {step.arguments[1]}: {step.told}")
        perform(step.arguments, cwd)


def _check(names: Collection[str], cwd: Path) -> None:
    """Preview all of them: what holds data is as it was.

    Raises:
        LifecycleError: When something would be replaced or deleted.
    """
    if found := list(_lost(names, cwd)):
        raise LifecycleError(*found, "update none of these stacks; `costack stacks split --back` goes back")
    echo(f"{', '.join(names)}: an update would replace nothing and delete nothing")


def _lost(names: Collection[str], cwd: Path) -> Iterator[str]:
    for name in names:
        preview = Stack(name, cwd).preview()
        for urn in sorted(preview.deletions | preview.replacements):
            yield f"stack '{name}': the next update would delete or replace {urn}"
