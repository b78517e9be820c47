"""A deployed stack for the tests of its state."""

from __future__ import annotations

import pytest

from tests.states import State, local_state


@pytest.fixture
def state() -> State:
    """The committed portfolio, deployed."""
    return local_state()
