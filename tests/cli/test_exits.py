from __future__ import annotations

from cli.exits import Exit


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
