"""Exit codes: Pulumi's own, so that a pipeline reads both the same way."""

from __future__ import annotations

from enum import IntEnum, unique


@unique
class Exit(IntEnum):
    """What the process ends with (pulumi/sdk: go/common/util/cmdutil/exit.go)."""

    OK = 0
    ERROR = 1
    CONFIGURATION = 2
    POLICY = 5
    NO_SUCH_STACK = 6
    CANCELLED = 8
