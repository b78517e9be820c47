"""A tenant is created while AWS turns calls away, fails, and loses answers: the end is the same."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.engine.project import STACK
from tests.torture.kills import Phase, held, phases
from tests.torture.worlds import worlds

pytestmark = [pytest.mark.engine]


@pytest.fixture(scope="module")
def creation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Phase]:
    """The creation of one tenant, and what it leaves when nothing disturbs it."""
    with worlds(tmp_path_factory.mktemp("faulty") / "project") as made:
        phase = next(phases(made))
        phase.measure()
        yield phase


@pytest.mark.parametrize("faults", ["throttle=50,seed=1", "error=20,seed=2"])
def test_what_aws_turns_away_is_tried_again(creation: Phase, faults: str) -> None:
    creation.worlds.go_back(creation.start)
    with creation.worlds.faults(faults):
        creation.act(0)
    assert held(creation.worlds.project) == creation.undisturbed
    creation.worlds.project.pulumi("preview", "--expect-no-changes", "--stack", STACK)
