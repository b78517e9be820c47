"""What `make test` leaves out, by marker; everything runs where everything is asked for."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from tests import sampling


@dataclass(frozen=True)
class Chosen:
    """What the choice reads of a test: its name and its markers."""

    nodeid: str
    markers: dict[str, Any] = field(default_factory=dict, hash=False)

    def get_closest_marker(self, name: str) -> Any:
        return self.markers.get(name)


def left_out(*tests: Chosen) -> set[str]:
    return {each.nodeid for each in sampling.left_out(cast("list[pytest.Item]", list(tests)))}


def cases(count: int, sample: int) -> list[Chosen]:
    marker = pytest.mark.sample(sample).mark
    return [Chosen(f"test_table.py::test_row[{number}]", {"sample": marker}) for number in range(count)]


@pytest.fixture(autouse=True)
def _chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [each for each in os.environ if each.startswith("COSTACK_EVERY_")]:
        monkeypatch.delenv(name)


def test_what_is_marked_whole_is_left_out_and_nothing_else() -> None:
    marked = Chosen("a", {"whole": pytest.mark.whole("why").mark})
    assert left_out(marked, Chosen("b")) == {"a"}


@pytest.mark.parametrize(
    ("count", "sample", "kept"), [(7, 3, {0, 3, 6}), (5, 2, {0, 4}), (3, 1, {0}), (2, 3, {0, 1}), (1, 1, {0})]
)
def test_a_sample_is_spread_from_the_first_case_to_the_last(count: int, sample: int, kept: set[int]) -> None:
    table = cases(count, sample)
    assert left_out(*table) == {each.nodeid for number, each in enumerate(table) if number not in kept}


def test_a_sample_is_of_what_is_not_left_out_anyway() -> None:
    """Such as a test of every version of PostgreSQL, of which the newest is tried."""
    sample, whole = pytest.mark.sample(1).mark, pytest.mark.whole("why").mark
    older = Chosen("test_table.py::test_row[16]", {"sample": sample, "whole": whole})
    assert left_out(older, Chosen("test_table.py::test_row[17]", {"sample": sample})) == {older.nodeid}


@pytest.mark.parametrize(
    ("arguments", "keyword", "named"),
    [
        (["tests/engine/test_history.py"], "", False),
        ([], "", False),
        (["tests/engine/test_history.py::test_walks"], "", True),
        (["tests/engine"], "walks", True),
    ],
)
def test_a_test_that_somebody_asks_for_runs(arguments: list[str], keyword: str, *, named: bool) -> None:
    assert sampling.is_named(arguments, keyword) is named


@pytest.mark.parametrize("name", [sampling.EVERY_TEST, sampling.EVERY, "COSTACK_EVERY_KILL"])
def test_where_everything_is_asked_for_nothing_is_left_out(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sweep of `make torture` names files, whose tests may be marked."""
    monkeypatch.setenv(name, "1")
    assert left_out(*cases(9, 1), Chosen("a", {"whole": pytest.mark.whole("why").mark})) == set()
