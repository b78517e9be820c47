from __future__ import annotations

import pytest

from tests.torture.moves import lost, world

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.whole(
        "tests/lifecycle/test_database_move goes forward step by step; make torture shuffles the steps"
    ),
]


def test_no_order_of_steps_loses_what_was_written_last() -> None:
    """A sample of `python -m tests.torture.moves`, with a copy, a cut-over and a removal among them."""
    with world() as made:
        assert lost(made, seed=0, length=12) == ""
        assert made.done.keys() >= {"copy", "cut over", "drop"}
        assert min(made.done.values()) >= 1
