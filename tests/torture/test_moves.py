from __future__ import annotations

import pytest

from tests.torture.moves import lost, world

pytestmark = pytest.mark.postgres


def test_no_order_of_steps_loses_what_was_written_last() -> None:
    """A sample of `python -m tests.torture.moves`, with at least one cut-over among them."""
    with world() as made:
        assert [lost(made, seed, length=12) for seed in (0, 6)] == ["", ""]
        assert made.done["copy"]
        assert made.done["cut over"]
