"""Reads the inventory of a Pulumi stack, or of a file."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

from allocation.adapters.pulumi.deployed import inventory_of_state
from allocation.adapters.pulumi.failures import NOT_FOUND, remedy_of
from tiers.errors import CatalogError
from tiers.files import MAX_JSON_BYTES, MAX_JSON_VALUES, parsed_json, read_text
from tiers.inventory import OUTPUT_NAME, Inventory, joined, read_inventory
from tiers.portfolio.cells.section import PLATFORM_STACK, order_of, pulumi_name
from tiers.strict_yaml import collect

_NO_SUCH_STACK: Final = "no stack named"
_AT_ONCE: Final = 4
"""How many stacks are read side by side: each by a process of Pulumi's."""


class StackNotFoundError(CatalogError):
    """The Pulumi backend in use does not know a stack."""


class NotDeployedError(CatalogError):
    """A stack that exists and on which `pulumi up` has not finished yet."""


def inventory_of_stack(stack: str, project: Path) -> Inventory:
    """What is deployed on *stack* of the project in *project*, as its state has it.

    Where several stacks deploy a portfolio, what their names begin with stands for all of them. One of
    theirs has the platform's facts and its own tenants: it is `one_of` them.

    Raises:
        NotDeployedError: When the stack has no inventory yet.
        CatalogError: As `state_of_stack`, and when the output is no inventory.
    """
    try:
        return _with_platform(_deployed_on(stack, project), stack, project)
    except StackNotFoundError as error:
        return _of_all(stack, project, error)


def inventory_of_all(stack: str, project: Path) -> Inventory:
    """The inventory of a whole portfolio, by its stack or by what the names of its stacks begin with.

    Raises:
        CatalogError: As `inventory_of_stack`, and when *stack* is one of several.
    """
    return whole(inventory_of_stack(stack, project), f"stack '{stack}'")


def whole(inventory: Inventory, source: str) -> Inventory:
    """The *inventory*, if it is one of a whole portfolio: a part of one has a part of what shares its pools.

    Raises:
        CatalogError: When it is one of several stacks.
    """
    if inventory.one_of is None:
        return inventory
    raise CatalogError(
        f"{source}: is '{inventory.one_of.stack}' of portfolio {inventory.plan.portfolio}, one of several "
        "stacks; name what the names of all begin with (--stack), or a folder with an inventory of each "
        "(--inventory)"
    )


def _deployed_on(stack: str, project: Path) -> Inventory:
    return deployed_in(state_of_stack(stack, project), f"stack '{stack}'")


def _with_platform(inventory: Inventory, stack: str, project: Path) -> Inventory:
    told = inventory.one_of
    if told is None or told.stack == PLATFORM_STACK:
        return inventory
    base = stack.removesuffix(pulumi_name("", told.stack))
    platform = _deployed_on(pulumi_name(base, PLATFORM_STACK), project)
    plan = platform.plan.model_copy(update={"tenants": inventory.plan.tenants})
    return inventory.model_copy(update={"plan": plan})


def _of_all(base: str, project: Path, error: StackNotFoundError) -> Inventory:
    """All stacks whose names begin with *base*; *error* where there are none."""
    try:
        platform = _deployed_on(pulumi_name(base, PLATFORM_STACK), project)
    except StackNotFoundError:
        raise error from None
    if platform.one_of is None:
        raise error
    stacks = sorted({*platform.one_of.tenants.values()}, key=order_of)
    problems: list[str] = []

    def read(stack: str) -> Inventory | None:
        return collect(problems, lambda: _deployed_on(pulumi_name(base, stack), project))

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = list(pool.map(read, stacks))
    if problems:
        raise CatalogError(*sorted(problems))
    return joined([platform, *(each for each in found if each is not None)], f"stacks '{base}-…'")


def deployed_in(state: Mapping[str, Any], source: str) -> Inventory:
    """The same of the exported *state* of a stack; *source* names it in errors.

    Raises:
        NotDeployedError: When the stack has no inventory yet.
        CatalogError: When the output is no inventory.
    """
    found = inventory_of_state(state, source)
    if found is None:
        raise NotDeployedError(f"{source}: it has no output '{OUTPUT_NAME}'; run `pulumi up` on this stack")
    return found


def state_of_stack(stack: str, project: Path) -> Mapping[str, Any]:
    """What `pulumi stack export` prints of *stack* of the project in *project*; secrets stay encrypted.

    Raises:
        StackNotFoundError: When the backend in use has no such stack.
        CatalogError: When Pulumi is missing or cannot read the stack.
    """
    command = ["pulumi", "stack", "export", "--stack", stack, "--cwd", str(project), "--non-interactive"]
    try:
        done = subprocess.run(  # noqa: S603 - the arguments are a list, no shell reads them
            command, capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        raise CatalogError(f"stack '{stack}': {NOT_FOUND}") from None
    if done.returncode:
        raise _explained(stack, done.stderr, project)
    return _parsed(done.stdout, f"stack '{stack}'", len(done.stdout)) or {}


def inventory_of_file(path: Path) -> Inventory:
    """The inventory in a JSON file, such as one written by `pulumi stack output inventory --json`.

    Of a folder with one of each stack of a portfolio, that of all of them.

    Raises:
        CatalogError: When a file cannot be read or holds no inventory, or a stack is missing.
    """
    if path.is_dir() and (files := inventory_files(path)):
        return joined([_of_file(each) for each in files], str(path))
    return whole(_of_file(path), str(path))


def inventory_files(path: Path) -> tuple[Path, ...]:
    """The files of an inventory: itself, or all JSON files of a folder, by name."""
    return tuple(sorted(path.glob("*.json"))) if path.is_dir() else (path,)


def _of_file(path: Path) -> Inventory:
    return read_inventory(_parsed(read_text(path, MAX_JSON_BYTES), str(path)), str(path))


def _parsed(text: str, source: str, most: int = MAX_JSON_VALUES) -> Any:
    if not text.strip():
        return None
    # Pulumi writes every number as a float; money and dates are text, the rest are whole.
    return parsed_json(text, source, whole_numbers, most=most)


def whole_numbers(text: str) -> int | str:
    """A number of a document of Pulumi's, which has floats only, as the whole number it was.

    >>> whole_numbers("8.0"), whole_numbers("8.5")
    (8, '8.5')
    """
    number = float(text)
    return int(number) if number.is_integer() else text


def _explained(stack: str, stderr: str, project: Path) -> CatalogError:
    message = " ".join(stderr.split()).removeprefix("error: ")
    if remedy := remedy_of(message, project):
        return CatalogError(f"stack '{stack}': {remedy}")
    if _NO_SUCH_STACK in message:
        return StackNotFoundError(
            f"stack '{stack}': the Pulumi backend in use has no such stack; "
            "for the local cloud run `make up`, elsewhere `pulumi login` and `pulumi stack init`"
        )
    return CatalogError(f"stack '{stack}': cannot be read: {message or 'pulumi gave no reason'}")
