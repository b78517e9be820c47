"""Ends a command the way its user can understand: a sentence, an exit code, no traceback."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

import typer

from cli.exits import Exit
from cli.progress import say


def guarded(command: Callable[[], None]) -> None:
    """Run *command*; what goes wrong in a way its user can mend is said in sentences, with its exit code."""
    from allocation.adapters.stack_outputs import StackNotFoundError  # noqa: PLC0415
    from allocation.errors import AllocationError, GateError, NotReadyError  # noqa: PLC0415
    from tiers.errors import CatalogError  # noqa: PLC0415

    try:
        command()
    except StackNotFoundError as error:
        _end(error, Exit.NO_SUCH_STACK)
    except CatalogError as error:
        _end(error, Exit.CONFIGURATION)
    except (NotReadyError, GateError) as error:
        _end(error, Exit.POLICY)
    except AllocationError as error:
        _end(error, Exit.ERROR)
    except KeyboardInterrupt:
        _end("cancelled", Exit.CANCELLED)
    except BrokenPipeError:
        # Whoever read our output has seen enough. What is still buffered goes nowhere, or the interpreter
        # would fail on it while it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(Exit.OK) from None


def _end(message: object, code: Exit) -> None:
    say("")
    typer.echo(message, err=True)
    raise typer.Exit(code)
