from __future__ import annotations

from collections.abc import Callable

import pytest
import typer

from allocation.adapters.pulumi.stack_outputs import StackNotFoundError
from allocation.errors import AllocationError, GateError, InputError, NotReadyError
from cli.console.exit_codes import Exit, guarded
from lifecycle.errors import LifecycleError, RefusedError
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
        (InputError("a"), Exit.CONFIGURATION),
        (NotReadyError("a"), Exit.POLICY),
        (GateError("a"), Exit.POLICY),
        (RefusedError("a"), Exit.POLICY),
        (LifecycleError("a"), Exit.ERROR),
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


def test_exit_codes_are_those_of_pulumi() -> None:
    # pulumi/pulumi: sdk/go/common/util/cmdutil/exit.go, ExitCodeError, ...ConfigurationError, ...
    assert {code.name: code.value for code in Exit} == {
        "OK": 0,
        "ERROR": 1,
        "CONFIGURATION": 2,
        "POLICY": 5,
        "NO_SUCH_STACK": 6,
        "CANCELLED": 8,
    }
