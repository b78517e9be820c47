"""Jobs about a side database are killed on their way: the next run ends well, and no data is lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from components.scripts import script
from tests.lifecycle.odoo import DATABASE
from tests.lifecycle.pods import Pods, keeping
from tests.lifecycle.side import KEPT, SIDE, act, fill_live, forget_side, make, places, state, sums
from tests.lifecycle.test_killed_jobs import EARLY, LATE, VERSIONS, kill_everywhere

pytestmark = [pytest.mark.postgres, pytest.mark.parametrize("server", VERSIONS, indirect=True)]


@pytest.fixture
def reset(pods: Pods) -> Iterator[Callable[[], None]]:
    """Put the tenant back to where it was, with nothing beside it; it ends so, too."""
    with keeping(pods) as put_back:

        def all_of_it() -> None:
            forget_side(pods.server)
            put_back()

        yield all_of_it
        forget_side(pods.server)


@pytest.mark.whole("the switch is killed here; make torture kills every job")
def test_a_killed_making_and_filling_is_done_anew(pods: Pods, reset: Callable[[], None]) -> None:
    before = sums(pods.server)

    def made() -> None:
        assert state(pods.server)[SIDE] == "costack: side m1 filling"

    def filled() -> None:
        assert state(pods.server)[SIDE].startswith("costack: side m1 ready live ")
        assert sums(pods.server, SIDE) == before == sums(pods.server)

    def prepare() -> None:
        reset()
        assert make(pods).returncode == 0

    kill_everywhere(pods, script("side_database.sh"), places(pods), reset, made, EARLY, LATE)
    own = {"SIDE_DATABASE": SIDE, "MARK": "m1"}
    kill_everywhere(pods, script("side_database_fill.sh"), own, prepare, filled, EARLY, LATE)


@pytest.mark.sample(1)
@pytest.mark.parametrize("action", ["switch", "back", "drop-side", "drop-kept"])
def test_a_killed_switch_has_happened_or_not(pods: Pods, reset: Callable[[], None], action: str) -> None:
    """Whenever it ends, there is one database in use, and it is whole."""
    before = sums(pods.server)
    ends = {
        "switch": {DATABASE: "costack: used m1 live", KEPT: "costack: kept m1"},
        "back": {DATABASE: "", SIDE: "costack: left m1"},
        "drop-side": {DATABASE: ""},
        "drop-kept": {DATABASE: "costack: used m1 live"},
    }
    earlier = {"switch": (), "back": ("switch",), "drop-side": ("switch", "back"), "drop-kept": ("switch",)}

    def prepare() -> None:
        reset()
        for done in (make(pods), fill_live(pods), *(act(pods, each) for each in earlier[action])):
            assert done.returncode == 0, done.stderr

    def judge() -> None:
        found = state(pods.server)
        assert found.keys() == ends[action].keys()
        assert all(found[name].startswith(text) for name, text in ends[action].items())
        assert sums(pods.server) == before

    environment = places(pods) | {"ACTION": action}
    kill_everywhere(pods, script("side_database_switch.sh"), environment, prepare, judge, LATE)
