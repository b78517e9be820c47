"""Pulumi dies where it hurts, and `costack recover` and the same command mend it: a sample of the sweep."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.engine.project import STACK
from tests.torture.kills import CLIENT, Phase, Point, ending, phases, replace_in
from tests.torture.worlds import Worlds, worlds

pytestmark = [pytest.mark.engine]

OWN_SERVER = "dedicated-db"
SAMPLE = {
    "create": ("CreateDBInstance", True),
    "production": ("DeleteDBInstance", True),
}
"""Phase -> the first call of an operation, and whether it reaches AWS; `make torture` tries every call."""


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Iterator[Phase]]:
    """The phases of a tenant's life; each is begun when it is asked for."""
    with worlds(tmp_path_factory.mktemp("killed") / "project", by_users=True) as made:
        yield sampled(made)


def sampled(made: Worlds) -> Iterator[Phase]:
    """Its creation, and its end with a server of its own, without what is between."""
    creation = next(phases(made))
    yield creation
    made.go_back(creation.start)
    project = made.project
    file = project.folder / "portfolios" / STACK / "tenants" / f"{CLIENT}.yaml"
    replace_in(file, "tier: shared-namespace", f"tier: {OWN_SERVER}")
    yield from ending(made)  # deploys it


@pytest.mark.parametrize("name", SAMPLE)
def test_a_death_is_survived(life: Iterator[Phase], name: str) -> None:
    phase = next(each for each in life if each.name == name)
    phase.measure()
    if name == "production":
        assert "snapshot of local-acme-postgresql" in phase.undisturbed
    operation, after = SAMPLE[name]
    assert phase.survive(Point(phase.number_of(operation), after)) == ""
