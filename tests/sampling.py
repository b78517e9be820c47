"""How many examples of made-up input a test tries: a chosen sample in `make test`, all in `make torture`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Final, TypeVar

from hypothesis import HealthCheck, settings

Item = TypeVar("Item")

EVERY: Final = "COSTACK_EVERY_EXAMPLE"


def examples(sample: int, *, of: int) -> settings:
    """Try *sample* examples, the same in every run; or *of*, drawn anew, where all are asked for."""
    every = bool(os.environ.get(EVERY))
    return settings(
        max_examples=of if every else sample,
        derandomize=not every,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )


def chosen(items: Sequence[Item], number: int, *, one_in: int) -> Sequence[Item]:
    """Every *one_in*-th of *items*, beginning elsewhere for every *number*; all where all are asked for."""
    return items if os.environ.get(EVERY) else items[number % one_in :: one_in]
