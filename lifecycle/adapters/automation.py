"""Updates one stack through Pulumi's Automation API, which runs the `pulumi` that is on PATH."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from pulumi.automation import CommandError, StackNotFoundError, select_stack

from allocation.adapters.pulumi.failures import NOT_FOUND, remedy_of
from lifecycle.cells.updates import Result
from lifecycle.errors import LifecycleError
from tiers.files import private

_SHOWN: Final = 400
_ERROR: Final = "error: "
_NOT_THERE: Final = "the backend has no such stack; run `costack stacks split` or `pulumi stack init`"


def update(name: str, project: Path, policy_packs: Sequence[str], logs: Path | None) -> Result:
    """Run `pulumi up` on the stack *name* of the project in a folder; its output goes into *logs*, if any.

    A stack that the backend does not have is not made: its secrets need a provider that somebody chose.

    Raises:
        LifecycleError: When Pulumi is not there.
    """
    lines: list[str] = []
    try:
        stack = select_stack(name, work_dir=str(project))
        done = stack.up(
            on_output=lines.append,
            color="never",
            suppress_outputs=True,
            show_secrets=False,
            policy_packs=list(policy_packs) or None,
        )
    except FileNotFoundError:
        raise LifecycleError(NOT_FOUND) from None
    except StackNotFoundError:
        return Result(False, _NOT_THERE)
    except CommandError as error:
        return Result(False, _reason(str(error), project))
    finally:
        _keep(name, lines, logs)
    changes = dict(done.summary.resource_changes or {})
    return Result(
        True, ", ".join(f"{count} {kind}" for kind, count in sorted(changes.items())) or "no change"
    )


def _reason(message: str, project: Path) -> str:
    """What of Pulumi's output says why an update failed."""
    # The SDK writes what stream it was before the first line of each.
    errors = [line[line.index(_ERROR) :].strip() for line in message.splitlines() if _ERROR in line]
    said = " ".join(errors or message.split())
    return remedy_of(message, project) or said[-_SHOWN:]


def _keep(name: str, lines: Sequence[str], logs: Path | None) -> None:
    if logs is None or not lines:
        return
    try:
        logs.mkdir(parents=True, exist_ok=True)
        with private(logs / f"{name}.log", "w") as file:
            file.write("\n".join(lines) + "\n")
    except OSError as error:
        raise LifecycleError(f"{logs / name}.log: cannot be written: {error.strerror}") from None
