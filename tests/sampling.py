"""What `make test` runs of all tests, and how many made-up inputs a test tries: the same in every run.

`make whole` runs every test, `make torture` every input.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final, TypeVar

import pytest
from hypothesis import HealthCheck, settings

Item = TypeVar("Item")

EVERY: Final = "COSTACK_EVERY_EXAMPLE"
EVERY_TEST: Final = "COSTACK_EVERY_TEST"
_SWEEPS: Final = "COSTACK_EVERY_"


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


def asks_for_every() -> bool:
    """Whether a variable `COSTACK_EVERY_…` is set: whoever sweeps one kind wants each test of it, too."""
    return any(name.startswith(_SWEEPS) and value for name, value in os.environ.items())


def is_named(arguments: Sequence[str], keyword: str) -> bool:
    """Whether somebody asks pytest for certain tests, by `::` or `-k`, rather than for files or folders."""
    return bool(keyword) or any("::" in each for each in arguments)


def how_to_run_the_rest() -> list[str]:
    """How to run what was left out, where that is said."""
    if asks_for_every():
        return []
    return [f"a sample of all tests: `make whole`, {EVERY_TEST}=1, `-k` and `::` run what is deselected"]


def left_out(items: Sequence[pytest.Item]) -> set[pytest.Item]:
    """The tests among *items* that only `make whole` runs: marked so, or cases beyond a test's sample.

    A sample holds the first and the last case: a table's ends are where its cases differ most.
    """
    if asks_for_every():
        return set()
    found = {item for item in items if item.get_closest_marker("whole")}
    for count, cases in _sampled(items):
        kept = {round(place * (len(cases) - 1) / max(count - 1, 1)) for place in range(count)}
        found.update(case for place, case in enumerate(cases) if place not in kept)
    return found


def _sampled(items: Sequence[pytest.Item]) -> Iterator[tuple[int, list[pytest.Item]]]:
    """Of each test that has a sample how many cases it holds, and all that are not left out anyway."""
    tests: defaultdict[str, list[pytest.Item]] = defaultdict(list)
    for item in items:
        if item.get_closest_marker("sample") and not item.get_closest_marker("whole"):
            tests[item.nodeid.split("[")[0]].append(item)
    for cases in tests.values():
        marker = cases[0].get_closest_marker("sample")
        assert marker is not None
        yield marker.args[0], cases
