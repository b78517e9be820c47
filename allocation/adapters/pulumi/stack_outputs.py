"""Reads the inventory of a Pulumi stack, or of a file."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from allocation.adapters.pulumi.deployed import inventory_of_state
from allocation.adapters.pulumi.failures import NOT_FOUND, remedy_of
from tiers.errors import CatalogError
from tiers.files import MAX_JSON_BYTES, MAX_JSON_VALUES, parsed_json, read_text
from tiers.inventory import OUTPUT_NAME, Inventory, read_inventory

_NO_SUCH_STACK: Final = "no stack named"


class StackNotFoundError(CatalogError):
    """The Pulumi backend in use does not know a stack."""


class NotDeployedError(CatalogError):
    """A stack that exists and on which `pulumi up` has not finished yet."""


def inventory_of_stack(stack: str, project: Path) -> Inventory:
    """What is deployed on *stack* of the project in *project*, as its state has it.

    Raises:
        NotDeployedError: When the stack has no inventory yet.
        CatalogError: As `state_of_stack`, and when the output is no inventory.
    """
    return deployed_in(state_of_stack(stack, project), f"stack '{stack}'")


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

    Raises:
        CatalogError: When the file cannot be read or holds no inventory.
    """
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
