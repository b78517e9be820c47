"""How many examples of made-up input a test tries: a chosen sample in `make test`, all in `make torture`."""

from __future__ import annotations

import os
from typing import Final

from hypothesis import HealthCheck, settings

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
