"""Exit codes: Pulumi's own, so that a pipeline reads both the same way."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from enum import IntEnum, unique

import typer

from cli.console.output import echo, say


@unique
class Exit(IntEnum):
    """What the process ends with (pulumi/sdk: go/common/util/cmdutil/exit.go)."""

    OK = 0
    ERROR = 1
    CONFIGURATION = 2
    POLICY = 5
    NO_SUCH_STACK = 6
    CANCELLED = 8


def guarded(command: Callable[[], None]) -> None:
    """Run *command*; a mistake its user can correct ends in sentences and an exit code."""
    from allocation.adapters.pulumi.stack_outputs import StackNotFoundError  # noqa: PLC0415
    from allocation.errors import AllocationError, GateError, InputError, NotReadyError  # noqa: PLC0415
    from lifecycle.errors import LifecycleError, RefusedError  # noqa: PLC0415
    from tiers.errors import CatalogError  # noqa: PLC0415

    try:
        command()
    except StackNotFoundError as error:
        _end(error, Exit.NO_SUCH_STACK)
    except (CatalogError, InputError) as error:
        _end(error, Exit.CONFIGURATION)
    except (NotReadyError, GateError, RefusedError) as error:
        _end(error, Exit.POLICY)
    except (AllocationError, LifecycleError) as error:
        _end(error, Exit.ERROR)
    except KeyboardInterrupt:
        _end("cancelled", Exit.CANCELLED)
    except BrokenPipeError:
        # The reader of our output has closed it. What is still buffered goes nowhere, or the interpreter
        # would fail on it while it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(Exit.OK) from None


def _end(message: object, code: Exit) -> None:
    say("")
    echo(message, err=True)
    raise typer.Exit(code)
