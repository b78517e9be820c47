from __future__ import annotations

from collections.abc import Callable

import pytest
import typer

from allocation.adapters.stack_outputs import StackNotFoundError
from allocation.errors import AllocationError, GateError, NotReadyError
from cli.exits import Exit
from cli.guarding import guarded
from tiers.errors import CatalogError


def raising(error: BaseException) -> Callable[[], None]:
    def command() -> None:
        raise error

    return command


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (CatalogError("a"), Exit.CONFIGURATION),
        (StackNotFoundError("a"), Exit.NO_SUCH_STACK),
        (AllocationError("a"), Exit.ERROR),
        (NotReadyError("a"), Exit.POLICY),
        (GateError("a"), Exit.POLICY),
        (KeyboardInterrupt(), Exit.CANCELLED),
    ],
)
def test_what_a_user_can_mend_ends_with_its_code(
    error: BaseException, code: Exit, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit) as ended:
        guarded(raising(error))
    assert ended.value.exit_code == code
    assert capsys.readouterr().err.strip() in ("a", "cancelled")


def test_a_mistake_of_ours_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        guarded(raising(ZeroDivisionError()))
